from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.scripts import load_script

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "driver.py"


@pytest.mark.parametrize("theirs_us", [None, 500.0])
def test_the_driver_is_measured_with_and_without_pynq(
    theirs_us: float | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = load_script(SCRIPT)
    monkeypatch.setattr(module, "INFERENCES", 20)
    monkeypatch.setattr(module, "WARM_UP", 2)
    monkeypatch.setattr(module, "pynq_dma_us", lambda *_: theirs_us)
    module.main()
    measured = json.loads(capsys.readouterr().out)
    assert measured["overhead_us"] > 0
    assert measured["mapped_us"] > 0
    assert (measured["ratio_pynq_dma"] is None) == (theirs_us is None)
