"""The demo itself: every part real, fewer seeds, nothing slowed down."""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from edge_runtime.accelerator import CheckedAccelerator
from edge_runtime.demo import DemoOptions, DemoResult, LineProgress, LiveProgress, run_demo
from edge_runtime.demo.scenario import Role
from edge_runtime.errors import ConfigError, ToolError


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoResult, Path, str]:
    folder = tmp_path_factory.mktemp("demo") / "made" / "here"
    output = io.StringIO()
    progress = LineProgress(Console(file=output, width=160), every_s=0.2)
    result, report = run_demo(DemoOptions(seeds=2, folder=folder, live_seconds=0.0), progress)
    return result, report, output.getvalue()


def test_the_overlay_never_differs_from_the_reference(played: tuple[DemoResult, Path, str]) -> None:
    result = played[0]
    assert result.mismatches == 0
    # Four logits and 64 elements of the embedding, in each of both pipelines.
    assert result.compared == result.windows * (4 + 64)


def test_the_turn_costs_at_least_a_fifth_and_learning_wins_85_percent_of_it_back(
    played: tuple[DemoResult, Path, str],
) -> None:
    recovery = played[0].recovery
    assert recovery.mean.cost >= 0.2
    assert recovery.recovered is not None
    assert recovery.recovered >= 0.85


def test_the_counted_cycles_are_the_predicted_ones(played: tuple[DemoResult, Path, str]) -> None:
    result = played[0]
    assert result.cycles_per_inference == result.deployment.program.cycles


def test_no_label_ever_touches_an_evaluation_case(played: tuple[DemoResult, Path, str]) -> None:
    for one in played[0].played:
        roles = Counter(slot.role for slot in one.learning.slots if slot is not None)
        labels = one.reports[1].labels
        assert sum(labels.values()) == roles[Role.LABELLED]
        assert roles[Role.EVALUATION] > 0
        assert one.reports[0].labels == {}


def test_both_pipelines_are_one_until_a_head_is_promoted(played: tuple[DemoResult, Path, str]) -> None:
    for one in played[0].played:
        first = one.learning.switches[0].t_ns
        before = sum(t_ns < first for t_ns in one.frozen.end_ns)
        assert one.frozen.predicted[:before] == one.learning.predicted[:before]
        assert one.frozen.switches == []


def test_the_numbers_are_those_that_the_command_line_promises(played: tuple[DemoResult, Path, str]) -> None:
    numbers = played[0].to_dict()
    assert set(numbers["accuracy"]) == {"before", "frozen_after", "learned_after"}
    assert all(0 <= share <= 1 for share in numbers["accuracy"].values())
    assert numbers["mismatches"] == 0
    assert numbers["seeds"] == 2
    assert numbers["interval"][0] <= numbers["recovered"] <= numbers["interval"][1]
    assert len(numbers["parameters"]) == 16
    assert 0 < numbers["p50_ms"] <= numbers["p99_ms"]
    assert numbers["windows_per_s"] > 0


def test_the_progress_tells_the_story(played: tuple[DemoResult, Path, str]) -> None:
    text = played[2]
    assert "seed 1 (2 of 2)" in text
    assert "the watch is turned" in text
    assert re.search(r"learning: promote, \w+ serves", text)
    assert "windows, " in text
    assert "0 mismatches" in text


class Links(HTMLParser):
    """Collects what a page loads or points to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.found += [value or "" for name, value in attrs if name in {"src", "href"}]


def test_the_report_stands_alone_with_its_pictures(played: tuple[DemoResult, Path, str]) -> None:
    result, report, _ = played
    page = report.read_text()
    links = Links()
    links.feed(page)
    assert report.name == "report.html"
    assert links.tags["img"] == 4
    assert all(link.startswith("data:image/svg+xml;base64,") for link in links.found)
    assert links.tags["script"] == links.tags["link"] == 0
    assert result.deployment.board.overlay.hash in page
    assert "95 % interval" in page
    assert "How it was measured" in page


def test_a_wrong_overlay_is_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    honest = CheckedAccelerator.infer

    def wrong(self: CheckedAccelerator, inputs: Any) -> Any:
        self.mismatches += 1
        return honest(self, inputs)

    monkeypatch.setattr(CheckedAccelerator, "infer", wrong)
    options = DemoOptions(seeds=1, folder=tmp_path, live_seconds=0.0)
    result, report = run_demo(options, LineProgress(Console(file=io.StringIO())))
    assert result.mismatches == result.windows
    assert 'class="fact bad"' in report.read_text()


def test_the_live_display_draws_every_moment(tmp_path: Path) -> None:
    output = io.StringIO()
    console = Console(file=output, width=110, force_terminal=True, color_system=None)
    progress = LiveProgress(console)
    try:
        run_demo(DemoOptions(first_seed=4, seeds=2, folder=tmp_path, live_seconds=1.0), progress)
        console.print(progress.draw())
    finally:
        progress.close()
    text = output.getvalue()
    assert "seed 5 (2 of 2)" in text
    assert "the watch is turned" in text
    assert "frozen after" in text


@pytest.mark.slow
def test_waveforms_of_the_first_inferences_are_written(tmp_path: Path) -> None:
    trace = tmp_path / "demo.vcd"
    options = DemoOptions(seeds=1, folder=tmp_path, trace=trace, live_seconds=0.0)
    run_demo(options, LineProgress(Console(file=io.StringIO())))
    assert "$enddefinitions" in trace.read_text()


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be made \(Not a directory\); name another folder with -o"):
        run_demo(DemoOptions(folder=tmp_path / "file" / "out"), LineProgress(Console(file=io.StringIO())))


def test_without_matplotlib_the_extra_is_named_before_any_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ToolError, match=r"pip install 'edge-runtime\[plot\]'"):
        run_demo(DemoOptions(folder=tmp_path / "out"), LineProgress(Console(file=io.StringIO())))
    assert not (tmp_path / "out").exists()
