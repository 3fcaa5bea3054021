"""The same work in the pattern of Edge Impulse's Linux runner, and paho.

Whole windows go as JSON over a Unix socket to a process that computes features and runs the network, and an answer
comes back as JSON. The messages are those of edge-impulse-linux 1.2: JSON objects with an ``id``, ended by a zero
byte. Usage:
socket_runner.py FOLDER PORT BLOCKS BLOCKS_PER_S (0: as fast as it goes).
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections import deque
from pathlib import Path

import numpy as np
from activity_features import CLASSES, Network, Publisher, numpy_features

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline_study"))
from stream import CHANNELS, HOP, WINDOW, Meter, last_time, make_blocks  # beside the benchmark


def receive(connection: socket.socket) -> dict[str, object] | None:
    """Return the next message; None at the end."""
    data = b""
    while not data.endswith(b"\0"):
        piece = connection.recv(65_536)
        if not piece:
            return None
        data += piece
    return json.loads(data[:-1])  # type: ignore[no-any-return]


def send(connection: socket.socket, message: dict[str, object]) -> None:
    """Send a message."""
    connection.sendall(json.dumps(message).encode() + b"\0")


def run(connection: socket.socket) -> None:
    """Classify until the other side goes."""
    network = Network()
    while (message := receive(connection)) is not None:
        began = time.perf_counter()
        window = np.array(message["classify"], np.float32).reshape(WINDOW, CHANNELS)
        outputs = network(numpy_features(window))
        scores = dict(zip(CLASSES, outputs, strict=True))
        took_ms = 1e3 * (time.perf_counter() - began)
        send(connection, {"id": message["id"], "success": True, "result": {"classification": scores}, "ms": took_ms})


def main() -> None:
    """Do the work, and write down what was measured."""
    folder, port, count, per_s = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        run(theirs)
        os._exit(0)
    theirs.close()
    publish, meter, window = Publisher(port), Meter(count), deque[float](maxlen=WINDOW * CHANNELS)
    began = time.monotonic()
    for number, samples in enumerate(make_blocks(count)):
        if per_s:
            time.sleep(max(0.0, began + number / per_s - time.monotonic()))
        meter.block(number)
        window.extend(samples.ravel().tolist())
        if len(window) < WINDOW * CHANNELS:
            continue
        send(ours, {"classify": list(window), "id": number})
        answer = receive(ours)
        assert answer is not None
        scores = answer["result"]["classification"]  # type: ignore[index]
        publish(last_time(number), list(scores.values()))
    publish.close()
    ours.close()
    os.wait()
    meter.write(folder / "measured.json")


if __name__ == "__main__":
    assert HOP * 4 == WINDOW, "their hop is a quarter of the window, and cannot be set"
    main()
