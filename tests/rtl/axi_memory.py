"""A memory at the end of `m_axi_*`, 64 bits wide, with pauses on every channel; and the rules that bursts keep."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Container

import cocotb
from cocotb.handle import SimHandleBase

from rtl.clocking import cycle

__all__ = ["AxiMemory", "BurstRules"]

BEAT = 8
OKAY, SLVERR, DECERR = 0, 2, 3
READ = ("araddr", "arlen")
WRITE = ("awaddr", "awlen")


def has(dut: SimHandleBase, name: str) -> bool:
    return hasattr(dut, f"m_axi_{name}")


def get(dut: SimHandleBase, name: str) -> int:
    return int(getattr(dut, f"m_axi_{name}").value)


def put(dut: SimHandleBase, **values: int) -> None:
    for name, value in values.items():
        getattr(dut, f"m_axi_{name}").value = value


class BurstRules:
    """Watches `m_axi_*` and fails the test where a burst breaks a rule; counts bursts and beats.

    Bursts have at most 16 beats (AXI3's limit) and stay within 4 KiB; what is offered holds until it is taken.
    """

    def __init__(self, dut: SimHandleBase) -> None:
        self.dut = dut
        self.bursts: list[tuple[str, int, int]] = []
        self._held: dict[str, tuple[int, ...]] = {}
        self._lengths: deque[int] = deque()
        self._lasts: deque[int] = deque()
        self._beats = 0
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        while True:
            await cycle(self.dut)
            if has(self.dut, "arvalid"):
                self._offered("ar", READ)
            if has(self.dut, "awvalid"):
                self._offered("aw", WRITE)
                self._offered("w", ("wdata", "wlast"))

    def _offered(self, channel: str, payload: tuple[str, ...]) -> None:
        dut = self.dut
        valid = get(dut, f"{channel}valid")
        held = self._held.pop(channel, None)
        assert held is None or valid, f"{channel}valid fell before it was taken"
        if not valid:
            return
        values = tuple(get(dut, name) for name in payload)
        assert held in (None, values), f"{channel} changed before it was taken"
        if not get(dut, f"{channel}ready"):
            self._held[channel] = values
        elif channel == "w":
            self._beat(last=values[1])
        else:
            self._burst(channel, *values)

    def _burst(self, channel: str, address: int, length: int) -> None:
        assert length < 16
        assert address % BEAT == 0
        assert address // 4096 == (address + BEAT * length) // 4096, f"a burst at {address:#x} crosses 4 KiB"
        self.bursts.append((channel, address, length + 1))
        if channel == "aw":
            self._lengths.append(length + 1)
            self._check_last()

    def _beat(self, *, last: int) -> None:
        self._beats += 1
        if last:
            self._lasts.append(self._beats)
            self._beats = 0
            self._check_last()

    def _check_last(self) -> None:
        while self._lasts and self._lengths:
            assert self._lasts.popleft() == self._lengths.popleft(), "wlast does not stand at its burst's last beat"


class AxiMemory:
    """Answers bursts in order, after a random latency and with random pauses.

    Parameters
    ----------
    dut
        With the channels of `m_axi_*` that it has.
    pauses
        How likely a channel is to pause in a cycle.
    latency
        The most cycles from an address to its first answer.
    slverr, decerr
        Addresses of beats that are answered with an error.
    patient
        Whether a write's address is taken only when its first beat is offered, as AXI allows.
    """

    def __init__(
        self,
        dut: SimHandleBase,
        *,
        pauses: float = 0.0,
        latency: int = 0,
        slverr: Container[int] = (),
        decerr: Container[int] = (),
        patient: bool = False,
    ) -> None:
        self.dut = dut
        self.bytes: dict[int, int] = {}
        self.pauses, self.latency, self.patient = pauses, latency, patient
        self._slverr, self._decerr = slverr, decerr
        self._now = 0
        self._reads: deque[tuple[int, int]] = deque()  # beats to answer: due, address
        self._addresses: deque[tuple[int, int]] = deque()
        self._data: deque[int] = deque()
        self._answers: deque[tuple[int, int]] = deque()
        if has(dut, "arvalid"):
            put(dut, arready=0, rvalid=0, rdata=0, rresp=0)
            cocotb.start_soon(self._read())
        if has(dut, "awvalid"):
            put(dut, awready=0, wready=0, bvalid=0, bresp=0)
            cocotb.start_soon(self._write())

    def fill(self, address: int, data: bytes) -> None:
        self.bytes.update({address + place: byte for place, byte in enumerate(data)})

    def read(self, address: int, length: int) -> bytes:
        return bytes(self.bytes.get(address + place, 0xEE) for place in range(length))

    def _goes_on(self) -> bool:
        return random.random() >= self.pauses

    def _due(self) -> int:
        return self._now + random.randint(0, self.latency)

    def _response(self, address: int) -> int:
        return SLVERR if address in self._slverr else DECERR if address in self._decerr else OKAY

    async def _read(self) -> None:
        dut = self.dut
        offered = False
        while True:
            await cycle(dut)
            self._now += 1
            if get(dut, "arvalid") and get(dut, "arready"):
                due = max(self._due(), self._reads[-1][0] if self._reads else 0)
                first = get(dut, "araddr")
                self._reads += [(due, first + BEAT * beat) for beat in range(get(dut, "arlen") + 1)]
            if offered and get(dut, "rready"):
                self._reads.popleft()
                offered = False
            if not offered and self._reads and self._reads[0][0] <= self._now and self._goes_on():
                address = self._reads[0][1]
                put(dut, rdata=int.from_bytes(self.read(address, BEAT), "little"), rresp=self._response(address))
                offered = True
            put(dut, rvalid=offered, arready=self._goes_on())

    async def _write(self) -> None:
        dut = self.dut
        offered = False
        while True:
            await cycle(dut)
            self._now += 1
            if get(dut, "awvalid") and get(dut, "awready"):
                self._addresses.append((get(dut, "awaddr"), get(dut, "awlen") + 1))
            if get(dut, "wvalid") and get(dut, "wready"):
                self._data.append(get(dut, "wdata"))
            self._store()
            if offered and get(dut, "bready"):
                self._answers.popleft()
                offered = False
            if not offered and self._answers and self._answers[0][0] <= self._now and self._goes_on():
                put(dut, bresp=self._answers[0][1])
                offered = True
            taking = self._goes_on() and (not self.patient or get(dut, "wvalid"))
            put(dut, bvalid=offered, awready=taking, wready=self._goes_on())

    def _store(self) -> None:
        while self._addresses and len(self._data) >= self._addresses[0][1]:
            first, beats = self._addresses.popleft()
            responses = [self._response(first + BEAT * beat) for beat in range(beats)]
            for beat in range(beats):
                self.fill(first + BEAT * beat, self._data.popleft().to_bytes(BEAT, "little"))
            due = max(self._due(), self._answers[-1][0] if self._answers else 0)
            self._answers.append((due, max(responses)))

    @property
    def owes(self) -> bool:
        """Whether something has been asked for and not been answered."""
        return bool(self._reads or self._addresses or self._data or self._answers)
