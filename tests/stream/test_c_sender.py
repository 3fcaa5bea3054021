"""The C header for senders writes what the receiver reads."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.stream import Deframer, Description, SampleFrame
from support.waiting import DEADLINE_S

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

ARDUINO = r"""
#include <stdint.h>
#include <stdio.h>
enum { A0 = 14, A1, A2, A3, A4, A5 };
static uint32_t clock_us = 4294000000u;  // wraps during the test, as it does after 71 minutes
static uint32_t micros() { return clock_us += 50; }
static int analogRead(int pin) { return pin * 10 + (int)(clock_us / 1000000u % 7); }
struct Port {
    void begin(unsigned long) {}
    size_t write(const uint8_t *data, size_t count) { return fwrite(data, 1, count, stdout); }
};
static Port Serial;
"""
"""What the sketch takes of Arduino's core, with a clock that runs on by itself."""


def test_the_sketch_compiles_and_sends_what_the_receiver_reads(tmp_path: Path) -> None:
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        pytest.skip("there is no C++ compiler: sudo apt-get install g++")
    (tmp_path / "Arduino.h").write_text(ARDUINO)
    (tmp_path / "main.cpp").write_text(
        f'#include "Arduino.h"\n#include "{HEADER / "serial_sender.ino"}"\n'
        "int main() { setup(); for (int i = 0; i < 25; i++) loop(); }\n"
    )
    flags = ["-std=gnu++11", "-Wall", "-Wextra", "-Werror", f"-I{HEADER}", f"-I{tmp_path}"]
    subprocess.run(
        [compiler, *flags, str(tmp_path / "main.cpp"), "-o", str(tmp_path / "sketch")], check=True, timeout=DEADLINE_S
    )
    sent = subprocess.run([tmp_path / "sketch"], check=True, capture_output=True, timeout=DEADLINE_S).stdout
    deframer = Deframer()
    packets = list(deframer.feed(sent))
    described = [packet for packet in packets if isinstance(packet, Description)]
    frames = [packet for packet in packets if isinstance(packet, SampleFrame)]
    assert (deframer.broken, len(described), len(frames)) == (0, 3, 25)
    assert (described[0].channels, described[0].rate_hz) == (("a0", "a1", "a2"), 100.0)
    assert described[0].scale == pytest.approx((5 / 1023,) * 3)
    assert [frame.sequence for frame in frames] == list(range(25))
    steps = np.diff([frame.device_us for frame in frames])
    assert set(steps.tolist()) == {100_000}, "ten samples at 100 Hz, across the wrap of micros()"
    assert frames[0].values.shape == (10, 3)
    np.testing.assert_array_equal(frames[0].values[:, 1] - frames[0].values[:, 0], 10)


def test_frames_of_the_header_are_read(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler: sudo apt-get install gcc")
    (tmp_path / "sender.c").write_text(PROGRAM)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", f"-I{HEADER}"]
    command = [compiler, *flags, str(tmp_path / "sender.c"), "-o", str(tmp_path / "sender")]
    subprocess.run(command, check=True, timeout=DEADLINE_S)
    sent = subprocess.run([tmp_path / "sender"], check=True, capture_output=True, timeout=DEADLINE_S).stdout
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
