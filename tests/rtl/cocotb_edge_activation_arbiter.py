"""edge_activation_arbiter: the host goes first, the burst master comes after, and nobody gets the other's words."""

from __future__ import annotations

import random
from collections import deque

import cocotb

from rtl.clocking import cycle, start

WORDS = 256
LATENCY = 3


class Client:
    """Asks for random words at random times, up to `depth` reads before their answers.

    `elsewhere` is how likely a request of the host's is of another memory, which takes it at once.
    """

    def __init__(self, dut, name: str, area: range, depth: int, elsewhere: float = 0.0) -> None:
        self.dut, self.name, self.area, self.depth, self.elsewhere = dut, name, area, depth, elsewhere
        self.write: tuple[int, int] | None = None  # what is asked for now
        self.read: int | None = None
        self.away = [False, False]  # a write, and a read, of another memory
        self.expected: deque[int] = deque()
        self.shadow: dict[int, int] = {}
        self.writes = self.reads = 0

    def _put(self, **values: bool) -> None:
        for name, value in values.items():
            getattr(self.dut, f"{self.name}_{name}").value = value

    def ask(self, busy: float) -> None:
        self.away = [random.random() < self.elsewhere and busy > 0 for _ in range(2)]
        if self.write is None and not self.away[0] and random.random() < busy:
            self.write = random.choice(self.area), random.getrandbits(32)
        if self.read is None and not self.away[1] and len(self.expected) < self.depth and random.random() < busy:
            self.read = random.choice(self.area)
        self.away = [self.away[0] and self.write is None, self.away[1] and self.read is None]
        self._put(wr_valid=self.write is not None, rd_valid=self.read is not None)
        if self.name == "host":
            self._put(wr_any=self.write is not None or self.away[0], rd_any=self.read is not None or self.away[1])

    def settle(self, words: list[int], *, wrote: bool, read: bool) -> None:
        """Carry out what was taken in the cycle that has just been."""
        if wrote and self.write is not None:
            words[self.write[0]] = self.shadow[self.write[0]] = self.write[1]
            self.write = None
            self.writes += 1
        if read and self.read is not None:
            self.expected.append(words[self.read])
            self.read = None
            self.reads += 1

    def check_answer(self, answer: int) -> None:
        if int(getattr(self.dut, f"{self.name}_rd_data_valid").value):
            assert answer == self.expected.popleft()


class Bench:
    """Host and burst master before the arbiter, the memory behind it."""

    def __init__(self, dut, *, host_elsewhere: float) -> None:
        self.dut = dut
        self.words = [random.getrandbits(32) for _ in range(WORDS)]
        self.host = Client(dut, "host", range(128), 1, elsewhere=host_elsewhere)
        self.burst = Client(dut, "burst", range(128, WORDS), 4)
        self._answers: deque[int | None] = deque([None] * (LATENCY - 1))
        self._answer = 0

    async def step(self, *, free: bool) -> None:
        """Pass a cycle in which the memory takes a request, or none."""
        dut, host, burst = self.dut, self.host, self.burst
        # the memory takes writes before reads; a burst's write must not hold up a read
        burst_writes = burst.write is not None and host.read is None and burst.read is None and not host.away[0]
        writing = host.write is not None or burst_writes
        dut.wr_ready.value, dut.rd_ready.value = free, free and not writing
        await cycle(dut)
        assert int(dut.wr_valid.value) == writing
        host.check_answer(self._answer)
        burst.check_answer(self._answer)
        wrote, read = self._taken_of_the_bursts()
        asked = host.read if host.read is not None else burst.read if read else None
        taken = free and not writing and int(dut.rd_valid.value)
        self._answers.append(self.words[asked] if taken and asked is not None else None)
        host.settle(self.words, wrote=free, read=free and not writing)
        burst.settle(self.words, wrote=wrote, read=read)
        word = self._answers.popleft()
        dut.rd_data_valid.value, self._answer = word is not None, word or 0

    def _taken_of_the_bursts(self) -> tuple[bool, bool]:
        """Return whether a write and a read of the burst master's were taken: only where the host asks for nothing."""
        dut, host, burst = self.dut, self.host, self.burst
        wrote = burst.write is not None and bool(int(dut.burst_wr_ready.value))
        read = burst.read is not None and bool(int(dut.burst_rd_ready.value))
        assert not (wrote and (host.write is not None or host.away[0])), "the addresses are the host's"
        assert not (read and (host.read is not None or host.away[1]))
        return wrote, read

    def check_end(self) -> None:
        for client in (self.host, self.burst):
            assert not client.expected
            assert all(self.words[addr] == data for addr, data in client.shadow.items())


async def play(dut, *, host_busy: float, burst_busy: float, pauses: float, length: int = 2000) -> tuple[Client, Client]:
    names = [f"{side}_{name}" for side in ("host", "burst") for name in ("wr_valid", "rd_valid")]
    await start(
        dut, **dict.fromkeys([*names, "host_wr_any", "host_rd_any", "wr_ready", "rd_ready", "rd_data_valid"], 0)
    )
    bench = Bench(dut, host_elsewhere=host_busy / 3)
    for now in range(length):
        calm = now >= length - 50
        bench.host.ask(0.0 if calm else host_busy)
        bench.burst.ask(0.0 if calm else burst_busy)
        await bench.step(free=random.random() >= pauses)
    bench.check_end()
    return bench.host, bench.burst


@cocotb.test()
async def both_at_once(dut):
    host, burst = await play(dut, host_busy=0.3, burst_busy=0.4, pauses=0.3)
    assert min(host.writes, host.reads, burst.writes, burst.reads) > 100


@cocotb.test()
async def the_burst_master_alone_moves_a_word_a_cycle(dut):
    _, burst = await play(dut, host_busy=0.0, burst_busy=1.0, pauses=0.0)
    assert burst.writes + burst.reads > 1900


@cocotb.test()
async def the_host_alone(dut):
    host, _ = await play(dut, host_busy=1.0, burst_busy=0.0, pauses=0.1)
    assert host.writes > 900
