from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import edge_runtime
from edge_runtime.cli import main as cli_main
from edge_runtime.errors import AcceleratorError
from support.waiting import DEADLINE_S

VERBS = ["boards", "compile", "verify", "demo", "run"]


def test_the_version(cli: Any) -> None:
    result = cli("--version")
    assert (result.status, result.out) == (0, f"edge-runtime {edge_runtime.__version__}\n")


def test_help_names_every_verb(cli: Any) -> None:
    result = cli("--help")
    assert result.status == 0
    assert all(verb in result.out for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(cli: Any, verb: str) -> None:
    result = cli(verb, "--help")
    assert result.status == 0
    assert "--json" in result.out


@pytest.mark.parametrize(
    "arguments", [[], ["bords"], ["boards", "--jsn"], ["compile"], ["verify", "m.tflite", "--samples", "0"]]
)
def test_wrong_usage_is_status_2(cli: Any, arguments: list[str]) -> None:
    assert cli(*arguments).status == 2


def test_the_installed_command_runs() -> None:
    code = "import sys; from edge_runtime.cli.main import main; sys.argv = ['edge-runtime', 'boards', '--json']; main()"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith('{"boards": [')
    assert result.stderr == ""


def test_an_interrupted_verb_is_status_130(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("edge_runtime.cli.boards.list_boards", interrupt)
    result = cli("boards")
    assert result.status == 130
    assert "Traceback" not in result.err


def test_a_failure_is_told_in_one_line_with_its_own_status(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise AcceleratorError("nothing answers")

    monkeypatch.setattr("edge_runtime.cli.boards.list_boards", fail)
    result = cli("boards")
    assert result.status == 1
    assert result.error() == "nothing answers"


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("edge_runtime.cli.boards.list_boards", stumble)
    monkeypatch.setattr(sys, "argv", ["edge-runtime", "boards"])
    with pytest.raises(ZeroDivisionError):
        cli_main.main()


def test_boards_tells_people_what_is_known(cli: Any) -> None:
    result = cli("boards")
    assert result.status == 0
    assert "pynq_z2" in result.out
    assert "unverified" in result.out


def test_boards_as_json(cli: Any) -> None:
    boards = {board["name"]: board for board in cli("boards", "--json").json()["boards"]}
    z2 = boards["pynq_z2"]
    assert (z2["lut"], z2["dsp"], z2["bram36"], z2["clock_hz"]) == (53_200, 220, 140, 100_000_000)
    assert z2["clock_verified"] is False
    assert z2["overlay"]["k_lanes"] == 24
    assert z2["parameters"] == boards["laptop_sim"]["parameters"]
