"""Records over a serial line: what arrives, through errors, with the receivers in Python and in C."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import cbor2
import numpy as np
import pytest

from edge_runtime.daemon.device import RunningDevice
from edge_runtime.daemon.device_file import load_device
from edge_runtime.daemon.plant import build_plant
from edge_runtime.errors import ConfigError, DataError, LinkError
from edge_runtime.stream import save_recording
from edge_runtime.telemetry import Backoff, Forwarder, Letter, Outbox, OutboxSink, Spool, encode_record, make_record
from edge_runtime.telemetry.serial import Acknowledgement, Port, RecordFrame, RecordReceiver, SerialCarrier
from edge_runtime.telemetry.serial.frames import WINDOW, decode_acknowledgement, decode_record
from support import daemon
from support.cable import Cable, Errors
from support.driven import drive
from support.lines import read_records
from support.networks import dense_network
from support.waiting import DEADLINE_S, until, wait_until

pytestmark = pytest.mark.anyio

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAM = Path(sys.executable).with_name("edge-runtime")


def records(*numbers: int, **fields: Any) -> list[dict[str, Any]]:
    return [make_record("prediction", record_id=f"r-{n}", t_ns=10**18 + n, pipeline="p", **fields) for n in numbers]


def letters(*numbers: int) -> list[Letter]:
    return [Letter(encode_record(record)[:-1]) for record in records(*numbers)]


@pytest.fixture(scope="module")
def receiver_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_c(
        (EXAMPLES / "serial_receiver" / "receiver.c").read_text(), tmp_path_factory.mktemp("c"), "receiver"
    )


def compile_c(text: str, folder: Path, name: str, *flags: str) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler: apt-get install gcc")
    source = folder / f"{name}.c"
    source.write_text(text)
    include = [f"-I{EXAMPLES / room}" for room in ("serial_sender", "serial_receiver")]
    command = [compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", *include, *flags]
    subprocess.run([*command, str(source), "-o", str(folder / name)], check=True, timeout=DEADLINE_S)
    return folder / name


@contextmanager
def running(command: list[Any], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    with output.open("ab") as file:
        process = subprocess.Popen([str(part) for part in command], stdout=file)
    try:
        yield process
    finally:
        process.kill()
        process.wait(DEADLINE_S)


def sink(folder: Path, port: str, **settings: Any) -> OutboxSink:
    outbox = Outbox(Spool(folder / "outbox"), commit_every=0.005)
    carrier = SerialCarrier(port, **{"retry_s": 0.02, "deadline_s": DEADLINE_S, "baud": 10**7, **settings})
    return OutboxSink(outbox, Forwarder(outbox, carrier, batch=8, backoff=Backoff(first_s=0.02, longest_s=0.1)))


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


async def test_what_the_c_receiver_prints_is_what_was_sent(tmp_path: Path, receiver_program: Path) -> None:
    with Cable() as cable, running([receiver_program, cable.far], tmp_path / "out"):
        async with sink(tmp_path, cable.device) as out:
            values = {"index": 1, "name": "wild", "latency_ms": 0.1875, "outputs": [-128, 0, 127], "x": {"y": [1, {}]}}
            await out.put(records(1, 2, **values))
            await until(lambda: out.forwarder.state.acknowledged == 2)
    wanted = [f"r-{n} prediction {10**18 + n} 1 wild 0.188 -128 0 127" for n in (1, 2)]
    assert lines(tmp_path / "out") == wanted


@pytest.mark.parametrize("kind", ["c", "python"])
async def test_a_line_that_errs_loses_nothing_that_was_acknowledged(
    tmp_path: Path, receiver_program: Path, kind: str
) -> None:
    out_file = tmp_path / "out"
    there, back = Errors(1, rate=0.0005, lost=0.02), Errors(2, rate=0.005, lost=0.05)
    command = [receiver_program] if kind == "c" else [PROGRAM, "receive", "-o", tmp_path / "out"]
    printed = out_file if kind == "c" else tmp_path / "said"
    with Cable(there=there, back=back) as cable, running([*command, cable.far], printed):
        async with sink(tmp_path, cable.device, window=WINDOW if kind == "c" else 8) as out:
            wanted = records(*range(400), text="x" * 100)
            for first in range(0, 400, 10):
                await out.put(wanted[first : first + 10])
            await until(lambda: out.forwarder.state.acknowledged == 400)
    found = Counter(line.split()[0] if kind == "c" else json.loads(line)["id"] for line in lines(out_file))
    assert set(found) == {record["id"] for record in wanted}
    assert there.hits > 10
    assert back.hits > 10
    counts = out.forwarder._carrier.counts
    assert counts.repeats > 5
    # The link never broke, and within it repetitions are told: nothing came twice.
    assert out.forwarder.state.connects == 1
    assert set(found.values()) == {1}


async def test_a_receiver_that_dies_costs_nothing_and_repetitions_are_told_by_id(
    tmp_path: Path, receiver_program: Path
) -> None:
    chance, out_file = random.Random(4), tmp_path / "out"
    with Cable() as cable:
        async with sink(tmp_path, cable.device, deadline_s=0.3) as out, anyio.create_task_group() as tasks:

            async def put() -> None:
                for number in range(300):
                    await out.put(records(number))
                    await anyio.sleep(0.002)

            tasks.start_soon(put)
            for _ in range(5):
                with running([receiver_program, cable.far], out_file):
                    await anyio.sleep(chance.uniform(0.1, 0.3))
                await anyio.sleep(chance.uniform(0.0, 0.5))
            with running([receiver_program, cable.far], out_file):
                await until(lambda: out.forwarder.state.acknowledged == 300)
    ids = [line.split()[0] for line in lines(out_file) if " prediction " in line]
    assert set(ids) >= {f"r-{n}" for n in range(300)}


async def test_a_record_that_is_too_long_is_refused_and_holds_up_nothing(
    tmp_path: Path, receiver_program: Path
) -> None:
    with Cable() as cable, running([receiver_program, cable.far], tmp_path / "out"):
        async with sink(tmp_path, cable.device) as out:
            await out.put([*records(1), *records(2, text="x" * 3000), *records(3)])
            await until(lambda: out.forwarder.state.acknowledged == 3)
            assert out.forwarder._carrier.counts.refused == 1
    assert [line.split()[0] for line in lines(tmp_path / "out")] == ["r-1", "r-3"]


async def test_silence_breaks_the_link_with_a_reason(tmp_path: Path) -> None:
    with Cable() as cable:
        async with SerialCarrier(cable.device, deadline_s=0.1, retry_s=0.02).connect() as link:
            with pytest.raises(LinkError, match=r"no acknowledgement within 0\.1 s; is the receiver there"):
                await link.send(letters(1, 2, 3))


async def test_a_port_that_goes_away_is_found(tmp_path: Path) -> None:
    cable = Cable()
    cable.__enter__()
    async with SerialCarrier(cable.device).connect() as link:
        cable.__exit__()
        with pytest.raises(LinkError), anyio.fail_after(DEADLINE_S):
            await link.watch()
    with pytest.raises(LinkError, match="cannot be opened"):
        async with SerialCarrier(cable.device).connect():
            pass


async def test_the_lowest_number_holds_up_the_window() -> None:
    """However often one record is lost, none is ever more than the window ahead of it."""
    seen: list[int] = []
    rest = b""

    def lose_the_first(data: bytes) -> bytes:
        nonlocal rest
        *pieces, rest = (rest + data).split(b"\0")
        return b"".join(piece + b"\0" for piece in pieces if not is_lost(piece))

    def is_lost(piece: bytes) -> bool:
        if piece:
            seen.append(decode_record(piece).sequence)
        return bool(piece) and seen[-1] == 0 and seen.count(0) < 20

    with Cable(there=lose_the_first) as cable:
        carrier = SerialCarrier(cable.device, retry_s=0.005, deadline_s=DEADLINE_S, window=4, baud=10**7)
        async with carrier.connect() as link, anyio.create_task_group() as tasks:
            tasks.start_soon(acknowledge_all, cable.far)
            await link.send(letters(*range(20)))
            tasks.cancel_scope.cancel()
    arrived = [place for place, sequence in enumerate(seen) if sequence == 0][19]
    assert max(seen[:arrived]) < 4
    assert set(seen) == set(range(20))


async def acknowledge_all(path: str) -> None:
    port, receiver = Port(path, 115_200), RecordReceiver()
    try:
        while True:
            for frame in receiver.feed(await port.read()):
                await port.write(receiver.acknowledge(frame))
    finally:
        port.close()


def test_frames_that_are_no_records_are_refused() -> None:
    frame = RecordFrame(1, 2, {"id": "a", "late": True})
    assert decode_record(frame.encode()[:-1]) == frame
    for broken in (b"", b"\x05abc", Acknowledgement(1, 2).encode()[:-1], frame.encode()[:-2]):
        with pytest.raises(DataError):
            decode_record(broken)
    with pytest.raises(DataError):
        decode_acknowledgement(frame.encode()[:-1])
    with pytest.raises(ConfigError, match="from 1 to 32"):
        SerialCarrier("/dev/null", window=33)


FUZZED = r"""
#include "edge_records.h"
#include <stdio.h>

int main(void) {
    static uint8_t data[1 << 16];
    static struct edge_receiver receiver;
    uint8_t reply[EDGE_REPLY];
    unsigned size, events = 0, found = 0;
    /* Each case: u16 size, then bytes; they are a record's CBOR, and bytes from the line too. */
    while (fread(data, 2, 1, stdin)) {
        size = data[0] | data[1] << 8;
        if (size && !fread(data, size, 1, stdin)) return 2;
        struct edge_item item = {data, data + size}, element;
        int64_t number; const char *text; size_t length; float real; uint64_t left = 0;
        element = edge_find(item, "outputs");
        while (edge_next(&element, &left)) found += edge_int(element, &number);
        found += edge_text(edge_find(item, "id"), &text, &length) + edge_float(edge_find(item, "x"), &real);
        for (unsigned i = 0; i < size; i++)
            if (edge_receive(&receiver, data[i])) { events++; edge_acknowledge(&receiver, reply); }
    }
    printf("%u %u\n", events, found);
    return 0;
}
"""


def test_the_c_header_reads_nothing_beyond_what_came(tmp_path: Path) -> None:
    flags = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    try:
        program = compile_c(FUZZED, tmp_path, "fuzzed", *flags)
    except subprocess.CalledProcessError:
        program = compile_c(FUZZED, tmp_path, "fuzzed")
    chance = np.random.default_rng(5)
    whole = cbor2.dumps({"id": "r-1", "outputs": [1, -2, 300], "x": 0.5, "deep": [[{"a": b"bytes"}]], "t": None})
    frames = RecordFrame(3, 4, {"id": "r-1"}).encode()
    cases = [whole, b"\0" + frames, *(whole[:n] for n in range(len(whole)))]
    for _ in range(3000):
        case = bytearray(whole if chance.random() < 0.7 else frames)
        for place in chance.integers(0, len(case), chance.integers(1, 6)):
            case[place] = chance.integers(0, 256)
        cases.append(bytes(case[: chance.integers(1, len(case) + 1)]))
    sent = b"".join(len(case).to_bytes(2, "little") + case for case in cases)
    done = subprocess.run([program], input=sent, capture_output=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    events, found = map(int, done.stdout.split())
    assert events >= 1
    assert found >= 5


SERIAL = """
[[sink]]
kind = "serial"
port = "PORT"
outbox = "serial.outbox"
kinds = ["prediction"]
retry = "1 h"
"""
PIPELINE = (
    daemon.PIPELINE.replace("block_size = 10", "block_size = 10\npace = 40.0") + 'kinds = ["prediction"]\n' + SERIAL
)


def heeds(process: int, number: int) -> bool:
    """Say whether a process has a handler for a signal; `receive` has, once its port is open and emptied."""
    caught = re.search(r"SigCgt:\s+(\w+)", Path(f"/proc/{process}/status").read_text())
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


def test_the_daemon_sends_its_records_to_the_receive_verb(tmp_path: Path) -> None:
    (tmp_path / "small.tflite").write_bytes(dense_network([8, 16, 2], seed=3))
    save_recording(daemon.recording(2000), tmp_path / "day.npz")
    got = tmp_path / "got.jsonl"

    async def look(_: RunningDevice) -> None:
        await until(lambda: len(lines(got)) >= 30)

    with Cable() as cable:
        (tmp_path / "pipeline.toml").write_text(PIPELINE.replace("PORT", cable.device))
        with running([PROGRAM, "receive", cable.far, "-o", got], tmp_path / "said") as receiving:
            wait_until(lambda: heeds(receiving.pid, signal.SIGTERM))
            drive(build_plant(load_device(tmp_path / "pipeline.toml")), look)
            receiving.send_signal(signal.SIGTERM)
            assert receiving.wait(DEADLINE_S) == 0
    wanted = read_records(tmp_path / "records.jsonl")
    assert read_records(got)[:30] == wanted[:30]
    assert "records; 0 came again, 0 broken" in (tmp_path / "said").read_text()
