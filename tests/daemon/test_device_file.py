from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.daemon import load_device, load_pipeline
from edge_runtime.errors import ConfigError
from support.device import RECORDING, write_device, write_pipeline

SERVICE = "[service]\nport = 0\n"
STATE = '[learning]\nstate = "state"\n'
ALARM = '[alarm]\nscore = "output"\nstate = "state"\n'
SERIAL = '[source]\nkind = "serial"\nport = "/dev/ttyX"\nchannels = ["x", "y"]\nrate = "10 Hz"\n'
MQTT = '[[sink]]\nkind = "mqtt"\nbroker = "mqtt://hub"\noutbox = "{}"\n'


def device(folder: Path, *more: str, tables: str = "", source: str = RECORDING) -> Path:
    names = ("press", "pump")
    files = [write_pipeline(folder, name, more=one, source=source) for name, one in zip(names, more, strict=True)]
    return write_device(folder, *files, more=tables)


def test_a_devices_file_names_its_pipelines(tmp_path: Path) -> None:
    config = load_device(device(tmp_path, "", "", tables=SERVICE))
    assert [one.pipeline.name for one in config.pipelines] == ["press", "pump"]
    assert config.tables.device.name == "shed"
    assert config.hears


def test_a_pipelines_file_is_a_device_with_one(tmp_path: Path) -> None:
    config = load_device(write_pipeline(tmp_path, "press", more='[device]\nname = "solo"\n' + SERVICE))
    assert [one.pipeline.name for one in config.pipelines] == ["press"]
    assert config.tables.device.name == "solo"
    assert config.tables.service is not None


def test_a_device_that_hears_lets_its_pipelines_learn_from_any_source(tmp_path: Path) -> None:
    assert load_device(device(tmp_path, "[learning]\n", "", tables=SERVICE, source=SERIAL)).pipelines[0].learns
    with pytest.raises(ConfigError, match=r"learning\.enabled: needs labels"):
        load_device(device(tmp_path, "[learning]\n", "", source=SERIAL))


def test_what_is_said_in_the_same_words_is_shared(tmp_path: Path) -> None:
    load_device(device(tmp_path, MQTT.format("a.outbox"), MQTT.format("a.outbox")))


@pytest.mark.parametrize(
    ("one", "two", "message"),
    [
        (STATE, STATE, r"learning\.state .*state is wanted by press and by pump; only one can have it"),
        (ALARM, ALARM, r"alarm\.state .*state is wanted by press and by pump; only one can have it"),
        ('[[sink]]\nkind = "jsonl"\npath = "x"\n', '[[sink]]\nkind = "store"\npath = "x"\n', r"/x is wanted by press"),
        (MQTT.format("a.outbox"), MQTT.format("b.outbox"), r"broker mqtt://hub as client of the device is wanted by"),
        (SERVICE, "", r"press\.toml: service: belongs to the device; put it into .*device\.toml"),
    ],
)
def test_what_only_one_can_have_is_refused(tmp_path: Path, one: str, two: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_device(device(tmp_path, one, two))
    assert "\n" not in str(caught.value)


def test_a_line_that_is_read_in_two_ways_is_refused(tmp_path: Path) -> None:
    one = write_pipeline(tmp_path, "press", source=SERIAL)
    two = write_pipeline(tmp_path, "pump", source=SERIAL.replace("10 Hz", "20 Hz"))
    with pytest.raises(ConfigError, match="/dev/ttyX is wanted by press and by pump"):
        load_device(write_device(tmp_path, one, two))


def test_names_differ(tmp_path: Path) -> None:
    one = write_pipeline(tmp_path, "press")
    with pytest.raises(ConfigError, match="two pipelines are called 'press'"):
        load_device(write_device(tmp_path, one, one))


def test_a_verb_that_takes_one_pipeline_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names several pipelines; give the file of one of them"):
        load_pipeline(device(tmp_path, "", ""))
