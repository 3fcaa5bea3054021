"""Rules for the whole test run."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

# Scripts that make golden vectors; one of them needs TensorFlow.
collect_ignore_glob = ["tests/*/golden/*.py"]
IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Count a test that is skipped in CI as failed: it shows nothing there."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in CI: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _forbid_skip(report)
    return report


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
