"""A serial line's other end, bit by bit, for the benches."""

from __future__ import annotations

from cocotb.handle import SimHandleBase

from rtl.clocking import cycle, cycles

__all__ = ["character", "listen", "say"]


async def say(dut: SimHandleBase, characters: bytes, clocks_per_bit: float, *, stop: int = 1) -> None:
    """Send characters on `rx`, each with a stop bit of this level; bits may take a broken number of cycles."""
    for value in characters:
        bits = [0, *(value >> place & 1 for place in range(8)), stop]
        for place, bit in enumerate(bits):
            dut.rx.value = bit
            await cycles(dut, round(clocks_per_bit * (place + 1)) - round(clocks_per_bit * place))
    dut.rx.value = 1


async def character(dut: SimHandleBase, clocks_per_bit: float) -> int:
    """Return the next character on `tx`; its stop bit must be there."""
    while int(dut.tx.value):
        await cycle(dut)
    waited = 0
    bits = []
    for place in range(10):
        middle = round(clocks_per_bit * (place + 0.5)) - 1
        await cycles(dut, middle - waited)
        waited = middle
        bits.append(int(dut.tx.value))
    assert (bits[0], bits[9]) == (0, 1), "start and stop bit"
    return sum(bit << place for place, bit in enumerate(bits[1:9]))


async def listen(dut: SimHandleBase, clocks_per_bit: float, heard: bytearray) -> None:
    """Gather what `tx` says, for ever."""
    while True:
        heard.append(await character(dut, clocks_per_bit))
