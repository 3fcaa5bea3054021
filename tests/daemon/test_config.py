from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.daemon import load_device, load_pipeline
from edge_runtime.errors import ConfigError
from edge_runtime.sources.tables import RecordingTable

GOOD = """
[pipeline]
name = "activity"

[source]
kind = "recording"
path = "day.npz"

[view]
name = "motion"
channels = ["x", "y"]
window = "4 s"
hop = "1 s"
kernels = ["mean", "std"]

[model]
path = "m.tflite"
classes = ["a", "b"]

[learning]
label_delay = "5 s"

[[sink]]
kind = "jsonl"
path = "out.jsonl"
"""

VIEW = '[view]\nname = "motion"\nchannels = ["x", "y"]\nwindow = "4 s"\nhop = "1 s"\nkernels = ["mean", "std"]\n'


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "p.toml"
    file.write_text(text)
    return file


def test_a_whole_pipeline_is_read_with_paths_beside_the_file(tmp_path: Path) -> None:
    config = load_pipeline(written(tmp_path, GOOD))
    assert config.model.path == tmp_path / "m.tflite"
    assert isinstance(config.source, RecordingTable)
    assert config.source.path == tmp_path / "day.npz"
    assert config.source.pace == "max"
    assert config.view.output_names == ("mean.x", "mean.y", "std.x", "std.y")
    assert config.learns
    assert config.learning is not None
    assert config.learning.label_delay == 5.0


def test_without_a_learning_table_nothing_learns(tmp_path: Path) -> None:
    assert not load_pipeline(written(tmp_path, GOOD.replace('[learning]\nlabel_delay = "5 s"\n', ""))).learns
    assert not load_pipeline(written(tmp_path, GOOD.replace("label_delay", "enabled = false\nlabel_delay"))).learns


def test_a_view_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "view.toml").write_text(VIEW.removeprefix("[view]\n"))
    inline = load_pipeline(written(tmp_path, GOOD)).view
    text = GOOD.replace(VIEW, "").replace("[pipeline]", 'view = {file = "view.toml"}\n[pipeline]')
    assert load_pipeline(written(tmp_path, text)).view == inline


def test_a_mistake_in_the_views_file_is_told_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "view.toml").write_text(VIEW.removeprefix("[view]\n").replace("hop", "hopp"))
    text = GOOD.replace(VIEW, "").replace("[pipeline]", 'view = {file = "view.toml"}\n[pipeline]')
    with pytest.raises(ConfigError, match=r"view\.toml: .*hopp: unknown key; did you mean 'hop'"):
        load_pipeline(written(tmp_path, text))


def test_a_board_file_lies_beside_the_pipeline(tmp_path: Path) -> None:
    text = GOOD.replace('path = "m.tflite"', 'path = "m.tflite"\nboard = "mine.toml"')
    assert load_pipeline(written(tmp_path, text)).model.board == str(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "activity"', "", r"pipeline\.name: missing; it is required \(what the records call this pipeline\)"),
        ('kind = "recording"', 'kind = "recordng"', r"source\.kind: 'recordng' is unknown; it must be one of"),
        ('path = "day.npz"', 'pth = "day.npz"', r"source\.pth: unknown key; did you mean 'path'"),
        ('window = "4 s"', 'window = "4 sec"', r"view\.window: has the unit 'sec'"),
        ('label_delay = "5 s"', "label_delay = 5", r'learning\.label_delay: should be text .*like "5 s"'),
        (
            'label_delay = "5 s"',
            'heads = ["sdla"]',
            r"learning: heads: 'sdla' is unknown; give some of 'slda', 'slda_recent', .*or a \[learning\.head\.NAME\]",
        ),
        ('path = "m.tflite"', 'path = "m.tflite"\naccelerator = "gpu"', r"model\.accelerator: should be 'overlay'"),
        ('classes = ["a", "b"]', "", r"model\.classes: missing; learning needs the classes' names"),
        (
            'kind = "jsonl"',
            'kind = "carrier"',
            r"sink\[0\]\.kind: 'carrier' is unknown; it must be one of 'jsonl', 'stdout', 'store', 'mqtt', 'serial'",
        ),
        ("[view]", "[veiw]", r"veiw: unknown key; did you mean 'view'"),
        (VIEW, '[view]\nfile = "v.toml"\nname = "x"\n', r"view: should be either \{file = .*and nothing else"),
        (VIEW, '[view]\nfile = "none.toml"\n', r"none\.toml: cannot be read"),
    ],
)
def test_a_mistake_is_one_line_that_says_where_and_what_would_be_right(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=message) as caught:
        load_pipeline(written(tmp_path, GOOD.replace(old, new)))
    assert "\n" not in str(caught.value)


def test_learning_needs_a_source_that_brings_labels(tmp_path: Path) -> None:
    synthetic = 'kind = "synthetic"\nchannels = ["x", "y"]\nrate = "10 Hz"'
    text = GOOD.replace('kind = "recording"\npath = "day.npz"', synthetic)
    with pytest.raises(
        ConfigError, match=r'learning\.enabled: needs labels; they come from a source of kind "recording"'
    ):
        load_device(written(tmp_path, text))
