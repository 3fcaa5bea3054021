"""edge_byte_bank against a dictionary: both ports at once."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start

BYTES = 1 << parameters()["ADDR_WIDTH"]
LATENCY = 2
UNSPECIFIED = None


@cocotb.test()
async def both_ports_read_what_port_b_wrote(dut):
    await start(dut, a_addr=0, b_addr=0, b_write_en=0, b_write_data=0)
    memory: dict[int, int] = {}
    due_a: list[int | None] = [UNSPECIFIED] * LATENCY
    due_b: list[int | None] = [UNSPECIFIED] * LATENCY
    checked = [0, 0]
    for _ in range(2000):
        write, data = random.getrandbits(1), random.getrandbits(8)
        read, address = random.randrange(BYTES), random.randrange(BYTES)
        dut.a_addr.value = read
        dut.b_addr.value = address
        dut.b_write_en.value = write
        dut.b_write_data.value = data
        due_a.append(UNSPECIFIED if write and read == address else memory.get(read, UNSPECIFIED))
        due_b.append(UNSPECIFIED if write else memory.get(address, UNSPECIFIED))
        if write:
            memory[address] = data
        await cycle(dut)
        for port, (signal, due) in enumerate([(dut.a_data, due_a), (dut.b_data, due_b)]):
            expected = due.pop(0)
            if expected is not UNSPECIFIED:
                assert int(signal.value) == expected, f"port {'ab'[port]}"
                checked[port] += 1
    assert len(memory) == BYTES
    assert min(checked) > 500
