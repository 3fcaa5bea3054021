"""The C header for senders writes what the receiver reads."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.stream import Deframer, Description, SampleFrame

HEADER = Path(__file__).parents[2] / "examples" / "serial_sender"
PROGRAM = r"""
#define EDGE_PAYLOAD 2048
#include "edge_frame.h"
#include <stdio.h>

static struct edge_frame frame;
static uint8_t line[EDGE_LINE(2048)];

static void send(void) { fwrite(line, 1, edge_finish(&frame, line), stdout); }

int main(void) {
    edge_description_begin(&frame, 3, 9, 0x4059000000000000ull, 2);
    edge_put_channel(&frame, "a0", 0.5f, 1.0f);
    edge_put_channel(&frame, "b", 2.0f, -1.0f);
    send();
    for (int n = 1; n < 400; n += 7) {
        edge_samples_begin(&frame, 3, 9, (uint32_t)n, 1234567890123ull + n, (uint16_t)n, 2, EDGE_INT16);
        for (int i = 0; i < n; i++) {
            edge_put_i16(&frame, (int16_t)(i * 257 % 3 ? i - n : 0));
            edge_put_i16(&frame, (int16_t)(i * 31));
        }
        send();
    }
    edge_samples_begin(&frame, 3, 9, 1000, 5, 1, 2, EDGE_FLOAT32);
    edge_put_f32(&frame, 1.5f);
    edge_put_f32(&frame, -0.25f);
    send();
    return 0;
}
"""


def test_frames_of_the_header_are_read(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler: sudo apt-get install gcc")
    (tmp_path / "sender.c").write_text(PROGRAM)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", f"-I{HEADER}"]
    command = [compiler, *flags, str(tmp_path / "sender.c"), "-o", str(tmp_path / "sender")]
    subprocess.run(command, check=True, timeout=120)
    sent = subprocess.run([tmp_path / "sender"], check=True, capture_output=True, timeout=30).stdout
    deframer = Deframer()
    description, *frames, last = deframer.feed(sent)
    assert (deframer.broken, len(frames)) == (0, 57)
    assert description == Description(3, 9, 100.0, ("a0", "b"), (0.5, 2.0), (1.0, -1.0))
    for frame in frames:
        assert isinstance(frame, SampleFrame)
        n = frame.sequence
        i = np.arange(n)
        assert (frame.stream, frame.boot, frame.device_us) == (3, 9, 1234567890123 + n)
        np.testing.assert_array_equal(frame.values[:, 0], np.where(i * 257 % 3, i - n, 0))
        np.testing.assert_array_equal(frame.values[:, 1], i * 31)
    assert isinstance(last, SampleFrame)
    assert last.values.tolist() == [[1.5, -0.25]]
