from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import edge_runtime

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(edge_runtime.__path__, "edge_runtime.")
    if "._data" not in module.name
)
PACKAGES = sorted(
    module.name
    for module in pkgutil.walk_packages(edge_runtime.__path__, "edge_runtime.")
    if module.ispkg and "._data" not in module.name
)


def exported(module: ModuleType) -> list[str]:
    return list(getattr(module, "__all__", []))


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_exports_and_has_it(name: str) -> None:
    module = importlib.import_module(name)
    missing = [member for member in exported(module) if not hasattr(module, member)]
    assert missing == []


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_lists_its_members_sorted_and_once(name: str) -> None:
    members = exported(importlib.import_module(name))
    assert members, f"{name} has no __all__"
    # Constants, classes, functions: the order that ruff's RUF022 keeps.
    assert members == sorted(set(members), key=_isort_key)


def _isort_key(member: str) -> tuple[int, str]:
    kind = 0 if member.isupper() else 1 if member[0].isupper() else 2
    return kind, member


@pytest.mark.parametrize("name", PACKAGES)
def test_what_a_package_exports_is_its_own(name: str) -> None:
    module = importlib.import_module(name)
    for member in exported(module):
        value = getattr(module, member)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__module__.startswith(name), f"{name}.{member} comes from {value.__module__}"
