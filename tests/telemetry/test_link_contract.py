"""What every carrier and its links do, whatever they lead to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest

from edge_runtime.errors import LinkError
from edge_runtime.telemetry import Carrier, Letter, MemoryCarrier, encode_record, make_record
from edge_runtime.telemetry.mqtt import Broker, MqttCarrier
from edge_runtime.telemetry.payloads import NativePayloads, Topics
from edge_runtime.telemetry.serial import SerialCarrier
from support.cable import Cable
from support.far_end import FarEnd
from support.mosquitto import Subscriber, mosquitto
from support.waiting import DEADLINE_S, until

pytestmark = pytest.mark.anyio


class Bench(ABC):
    """A carrier, who receives, and a way to cut them off from each other."""

    carrier: Carrier

    @abstractmethod
    def received(self) -> list[dict[str, Any]]: ...

    @abstractmethod
    def cut(self) -> None: ...


class MemoryBench(Bench):
    def __init__(self) -> None:
        self.carrier: MemoryCarrier = MemoryCarrier()

    def received(self) -> list[dict[str, Any]]:
        return self.carrier.delivered

    def cut(self) -> None:
        self.carrier.reachable = False


class MqttBench(Bench):
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._broker = stack.enter_context(mosquitto(folder))
        self._subscriber = Subscriber(self._broker.port)
        stack.callback(self._subscriber.close)
        broker = Broker("127.0.0.1", self._broker.port, client_id="dev", deadline_s=DEADLINE_S)
        self.carrier = MqttCarrier(broker, NativePayloads(Topics("dev")))

    def received(self) -> list[dict[str, Any]]:
        return self._subscriber.records()

    def cut(self) -> None:
        self._broker.stop()


class SerialBench(Bench):
    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack.enter_context(ExitStack())
        cable = self._stack.enter_context(Cable())
        self._far = stack.enter_context(FarEnd(cable.far))
        self.carrier = SerialCarrier(cable.device, retry_s=0.05, deadline_s=DEADLINE_S)

    def received(self) -> list[dict[str, Any]]:
        return self._far.records

    def cut(self) -> None:
        self._far.stop()
        self._stack.close()


@pytest.fixture(params=["memory", "mqtt", "serial"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        if request.param == "memory":
            yield MemoryBench()
        elif request.param == "mqtt":
            yield MqttBench(tmp_path / "broker", stack)
        else:
            yield SerialBench(stack)


def letters(*numbers: int, late: bool = False) -> list[Letter]:
    records = [make_record("prediction", record_id=f"r-{n}", t_ns=10**18 + n, pipeline="p", x=[0.5]) for n in numbers]
    return [Letter(encode_record(record)[:-1], late) for record in records]


async def arrived(bench: Bench, count: int) -> list[dict[str, Any]]:
    # A broker acknowledges before its subscribers have everything.
    await until(lambda: len(bench.received()) >= count)
    return bench.received()


async def test_what_is_sent_arrives_whole_and_in_order(bench: Bench) -> None:
    async with bench.carrier.connect() as link:
        await link.send(letters(1, 2))
        await link.send(letters(3))
    assert await arrived(bench, 3) == [letter.record for letter in letters(1, 2, 3)]


async def test_late_records_say_so(bench: Bench) -> None:
    async with bench.carrier.connect() as link:
        await link.send(letters(1, late=True))
        await link.send(letters(2))
    assert [record.get("late") for record in await arrived(bench, 2)] == [True, None]


async def test_several_may_send_at_once(bench: Bench) -> None:
    async with bench.carrier.connect() as link, anyio.create_task_group() as tasks:
        for first in range(0, 60, 3):
            tasks.start_soon(link.send, letters(first, first + 1, first + 2))
    ids = [record["id"] for record in await arrived(bench, 60)]
    assert sorted(ids) == sorted(f"r-{n}" for n in range(60))


async def test_a_link_that_breaks_says_so_to_who_sends(bench: Bench) -> None:
    with pytest.raises(LinkError), anyio.fail_after(DEADLINE_S):
        await send_until_it_breaks(bench)


async def send_until_it_breaks(bench: Bench) -> None:
    async with bench.carrier.connect() as link:
        await link.send(letters(1))
        bench.cut()
        while True:
            await link.send(letters(2))


async def test_what_cannot_be_reached_is_told_by_connecting_or_sending(bench: Bench) -> None:
    bench.cut()
    with pytest.raises(LinkError), anyio.fail_after(DEADLINE_S):
        await send_one(bench)


async def send_one(bench: Bench) -> None:
    async with bench.carrier.connect() as link:
        await link.send(letters(1))


async def test_a_carrier_makes_one_link_after_another(bench: Bench) -> None:
    for number in range(3):
        async with bench.carrier.connect() as link:
            await link.send(letters(number))
    assert [record["id"] for record in await arrived(bench, 3)] == ["r-0", "r-1", "r-2"]
