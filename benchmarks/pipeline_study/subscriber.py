"""Takes in every prediction on a broker and says when it came.

Usage: subscriber.py PORT. Prints ``ready`` when it listens; ends when told so by a line on standard input, and then
prints pairs of a record's time and the monotonic clock at its arrival, one a line, in nanoseconds.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

import paho.mqtt.client as paho


def main() -> None:
    """Listen, and tell."""
    arrived: list[tuple[int, bytes]] = []
    subscribed = threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
    client.on_connect = lambda *_: client.subscribe("edge/+/+/+/prediction", qos=1)
    client.on_subscribe = lambda *_: subscribed.set()

    def on_message(_client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        arrived.append((time.monotonic_ns(), message.payload))

    client.on_message = on_message
    client.connect("127.0.0.1", int(sys.argv[1]))
    client.loop_start()
    subscribed.wait()
    print("ready", flush=True)
    for line in sys.stdin:
        if line.startswith("count"):
            # Records, not messages: ours come several in one where they are many.
            print(sum(payload.count(b'"t_ns"') for _, payload in arrived), flush=True)
        else:
            break
    client.disconnect()
    client.loop_stop()
    for at_ns, payload in arrived:
        for record in json.loads(payload):
            print(record["t_ns"], at_ns)


if __name__ == "__main__":
    main()
