"""A real daemon with its service, for each module of this room; its recording is longer than any of them takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge_runtime.stream import save_recording
from support import daemon
from support.mosquitto import free_port
from support.networks import dense_network
from support.pty import PluggedDevice
from support.running import NOBODY, PIPELINE, Running, run_daemon


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("device")
    (folder / "small.tflite").write_bytes(dense_network([8, 16, 2], seed=3))
    save_recording(daemon.recording(4000), folder / "day.npz")
    port = free_port()
    button = PluggedDevice(folder / "button")
    button.plug()
    (folder / "pipeline.toml").write_text(PIPELINE.format(port=port, broker=NOBODY, button=button.path))
    with run_daemon(folder, port, button) as made:
        made.wait_for(lambda status: status["pipelines"]["vibration"]["inferences"] > 3)
        yield made
