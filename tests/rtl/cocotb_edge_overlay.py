"""edge_overlay behind an independent AXI4-Lite master: load a network, run it, take the interrupt, read the outputs."""

from __future__ import annotations

import itertools
import logging
import random

import cocotb
from cocotb.triggers import First, RisingEdge, Timer
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from edge_runtime.compiler.host_interface import host_interface
from rtl.clocking import start
from rtl.tiny_network import TinyNetwork

INTERFACE = host_interface()
REGISTERS = list(INTERFACE.own_registers)
COMMIT_CYCLES = 2  # from the end of the last layer to the end of the run


class Overlay:
    """The overlay as a driver sees it."""

    def __init__(self, dut, *, axi_master: bool = False) -> None:
        self.dut = dut
        self.network = TinyNetwork(axi_master=axi_master)

    async def begin(self, *, pauses: float) -> None:
        await start(self.dut)
        logging.getLogger(f"cocotb.{self.dut._name}").setLevel(logging.WARNING)
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(self.dut, "s_axil"), self.dut.clk, self.dut.rst)
        write, read = self.master.write_if, self.master.read_if
        for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
            if pauses:
                channel.set_pause_generator(random.random() < pauses for _ in itertools.count())

    async def write(self, window: str, offset: int, data: bytes) -> None:
        answer = await self.master.write(INTERFACE.windows[window].offset + offset, data)
        assert answer.resp == AxiResp.OKAY

    async def read(self, window: str, offset: int, length: int) -> bytes:
        answer = await self.master.read(INTERFACE.windows[window].offset + offset, length)
        assert answer.resp == AxiResp.OKAY
        return bytes(answer.data)

    async def register(self, name: str) -> int:
        return int.from_bytes(await self.read("REGISTERS", INTERFACE.registers[name].offset, 4), "little")

    async def set_register(self, name: str, word: int) -> None:
        await self.write("REGISTERS", INTERFACE.registers[name].offset, word.to_bytes(4, "little"))

    async def load(self) -> None:
        for image in self.network.images():
            await self.write(image.window, image.offset, image.data)
        await self.set_register("IRQ_ENABLE", 1)

    async def run(self, inputs: bytes | None) -> int:
        """Run on these inputs, or on what stands there, to the interrupt; return the cycles."""
        if inputs is not None:
            await self.write("ACTIVATIONS", self.network.input_address, inputs)
        await self.set_register("CONTROL", 1)
        if not int(self.dut.irq.value):
            await First(RisingEdge(self.dut.irq), Timer(100, "us"))
        assert int(self.dut.irq.value)
        await self.set_register("IRQ_STATUS", 1)
        return await self.register("CYCLES")

    async def infer(self) -> int:
        """Run on random inputs and check the outputs; return the cycles."""
        inputs, outputs = self.network.draw()
        cycles = await self.run(inputs)
        assert await self.read("ACTIVATIONS", self.network.output_address, len(outputs)) == outputs
        return cycles


@cocotb.test()
async def a_network_over_axi(dut):
    overlay = Overlay(dut)
    await overlay.begin(pauses=0.0)
    assert await overlay.register("MAGIC") == INTERFACE.magic
    await overlay.load()
    for _ in range(3):
        assert await overlay.infer() == overlay.network.program.cycles
    stamps = [
        int.from_bytes(await overlay.read("STAMPS", 4 * place.descriptor, 4), "little")
        for place in overlay.network.part.layers
    ]
    assert stamps == [place.ends for place in overlay.network.part.layers]
    assert stamps[-1] == overlay.network.program.cycles - COMMIT_CYCLES


@cocotb.test()
async def the_same_with_pauses_on_every_channel(dut):
    overlay = Overlay(dut)
    await overlay.begin(pauses=0.4)
    await overlay.load()
    for _ in range(2):
        assert await overlay.infer() == overlay.network.program.cycles


@cocotb.test()
async def the_windows_read_back(dut):
    overlay = Overlay(dut)
    await overlay.begin(pauses=0.2)
    await overlay.load()
    program = overlay.network.program
    assert await overlay.read("PROGRAM", 0, program.descriptors.nbytes) == program.descriptors.tobytes()
    assert await overlay.read("PARAMETERS", 0, program.channels.nbytes) == program.channels.tobytes()
    for row in range(4):
        content = await overlay.read(
            "WEIGHTS", row * overlay.network.overlay.weight_row_pitch, program.weight_rows.shape[1]
        )
        assert content == program.weight_rows[row].tobytes()
    around, inside = bytearray(random.randbytes(48)), random.randbytes(37)
    await overlay.write("ACTIVATIONS", 0, bytes(around))
    await overlay.write("ACTIVATIONS", 5, inside)  # activations take single bytes, and leave those beside them
    around[5:42] = inside
    assert await overlay.read("ACTIVATIONS", 0, 48) == bytes(around)


@cocotb.test()
async def what_is_not_there_is_answered_with_slverr(dut):
    overlay = Overlay(dut)
    await overlay.begin(pauses=0.0)
    nowhere = [
        INTERFACE.windows["REGISTERS"].size,
        INTERFACE.windows["STAMPS"].offset + 4096,
        (1 << INTERFACE.address_width) - 4,
    ]
    for address in nowhere:
        assert (await overlay.master.read(address, 4)).resp == AxiResp.SLVERR
        assert (await overlay.master.write(address, bytes(4))).resp == AxiResp.SLVERR
    stamps, weights = (INTERFACE.windows[name].offset for name in ("STAMPS", "WEIGHTS"))
    assert (await overlay.master.write(stamps, bytes(4))).resp == AxiResp.SLVERR
    assert (await overlay.master.write(weights, bytes(2))).resp == AxiResp.SLVERR, "weights take whole words only"
    assert (await overlay.master.read(weights, 4)).resp == AxiResp.OKAY


@cocotb.test()
async def a_reset_in_a_run_leaves_the_bus_alive_and_the_next_run_exact(dut):
    overlay = Overlay(dut)
    await overlay.begin(pauses=0.0)
    await overlay.load()
    await overlay.set_register("CONTROL", 1)
    reads = [cocotb.start_soon(overlay.read("WEIGHTS", 0, 4)) for _ in range(3)]
    await overlay.set_register("CONTROL", 2)
    for read in reads:
        await read
    assert await overlay.register("STATUS") == 0
    assert await overlay.infer() == overlay.network.program.cycles


@cocotb.test()
async def what_is_refused_changes_nothing(dut):
    overlay = Overlay(dut)
    await overlay.begin(pauses=0.0)
    await overlay.load()
    for window in ("REGISTERS", "PROGRAM", "PARAMETERS", "WEIGHTS", "VECTOR_PARAMETERS", "VECTOR_WEIGHTS", "TABLES"):
        address = INTERFACE.windows[window].offset + (
            INTERFACE.registers["ENTRY"].offset if window == "REGISTERS" else 0
        )
        before = (await overlay.master.read(address, 4)).data
        flipped = bytes(byte ^ 0xFF for byte in before)
        for first, length in ((0, 1), (1, 2), (0, 3), (3, 1)):
            answer = await overlay.master.write(address + first, flipped[first : first + length])
            assert answer.resp == AxiResp.SLVERR, f"{window} takes whole words only"
        assert (await overlay.master.read(address, 4)).data == before
    magic = INTERFACE.registers["MAGIC"].offset
    assert (await overlay.master.write(magic, bytes(4))).resp == AxiResp.SLVERR
    assert (await overlay.master.read(0xFFC, 4)).resp == AxiResp.SLVERR


@cocotb.test()
async def the_gap_behind_a_weight_row_is_an_error(dut):
    overlay = Overlay(dut)
    await overlay.begin(pauses=0.0)
    sizes = overlay.network.overlay
    weights = INTERFACE.windows["WEIGHTS"].offset
    for address in range(weights + sizes.weight_row_bytes, weights + sizes.weight_row_pitch, 4):
        assert (await overlay.master.write(address, bytes(4))).resp == AxiResp.SLVERR
        assert (await overlay.master.read(address, 4)).resp == AxiResp.SLVERR


@cocotb.test()
async def the_head_bank_chooses_the_whole_head(dut):
    """Bank 1 gets multipliers of zero, so that its outputs are nothing but the zero point; both take the same time."""
    overlay = Overlay(dut)
    await overlay.begin(pauses=0.0)
    await overlay.load()
    program, head = overlay.network.program, overlay.network.program.head
    channels = overlay.network.overlay.oc_lanes
    first = 16 * head.param_rows[1] * overlay.network.overlay.requant_lanes
    await overlay.write("PARAMETERS", first, bytes(16 * 2 * channels))
    zero_point = INTERFACE.descriptor["ZERO_POINT"]
    expected = zero_point.get(int(program.descriptors[head.descriptor][zero_point.word]))
    for _ in range(2):
        await overlay.set_register("HEAD_BANK", 0)
        assert await overlay.infer() == program.cycles
        inputs, outputs = overlay.network.draw()
        await overlay.set_register("HEAD_BANK", 1)
        assert await overlay.run(inputs) == program.cycles
        assert await overlay.read("ACTIVATIONS", overlay.network.output_address, len(outputs)) == bytes(
            [expected] * len(outputs)
        )
        assert INTERFACE.registers["STATUS"].fields["BANK"].get(await overlay.register("STATUS")) == 1


@cocotb.test()
async def an_unknown_operation_is_reported_with_its_place(dut):
    overlay = Overlay(dut)
    await overlay.begin(pauses=0.0)
    await overlay.load()
    last = overlay.network.overlay.descriptors - 1
    await overlay.write("PROGRAM", 128 * last, bytes(128))
    await overlay.set_register("ENTRY", last)
    await overlay.run(None)
    status = await overlay.register("STATUS")
    fields = INTERFACE.registers["STATUS"].fields
    assert [fields[name].get(status) for name in ("BUSY", "DONE", "ERROR")] == [0, 1, 1]
    assert await overlay.register("ERROR_DESCRIPTOR") == last
    await overlay.set_register("ENTRY", 0)
    assert await overlay.infer() == overlay.network.program.cycles
    assert await overlay.register("RUNS") == 2


class Traffic:
    """Hosts that read and write every window for ever, where the network has nothing, or what stands there already."""

    def __init__(self, overlay: Overlay) -> None:
        self.stop = False
        self._overlay = overlay
        program, sizes = overlay.network.program, overlay.network.overlay
        self._free = sizes.act_bytes - 32
        self._known = {
            "ACTIVATIONS": (self._free - 32, random.randbytes(32)),
            "PROGRAM": (0, program.descriptors.tobytes()),
            "PARAMETERS": (0, program.channels.tobytes()),
            "VECTOR_PARAMETERS": (0, program.vec_channels.tobytes()),
            "VECTOR_WEIGHTS": (0, program.vec_weight_rows[0].tobytes()),
            "TABLES": (0, program.tables.tobytes()),
            "WEIGHTS": (sizes.weight_row_pitch, program.weight_rows[1].tobytes()),
        }

    async def prepare(self) -> None:
        offset, content = self._known["ACTIVATIONS"]
        await self._overlay.write("ACTIVATIONS", offset, content)

    async def write(self) -> None:
        overlay = self._overlay
        while not self.stop:
            window = random.choice([*self._known, "ACTIVATIONS", "REGISTERS"])
            if window == "ACTIVATIONS":
                data = random.randbytes(16)
                await overlay.write("ACTIVATIONS", self._free, data)
                assert await overlay.read("ACTIVATIONS", self._free, 16) == data
            elif window == "REGISTERS":
                await overlay.set_register("ENTRY", 0)
            else:
                offset, content = self._known[window]
                await overlay.write(window, offset, content[:16])

    async def read(self) -> None:
        while not self.stop:
            window = random.choice([*self._known, "STAMPS", "REGISTERS"])
            if window == "STAMPS":
                await self._overlay.read("STAMPS", 0, 4)
            elif window == "REGISTERS":
                await self._overlay.register(random.choice(REGISTERS))
            else:
                offset, content = self._known[window]
                at = 4 * random.randrange(len(content) // 4)
                assert await self._overlay.read(window, offset + at, 4) == content[at : at + 4]


@cocotb.test()
async def traffic_on_every_window_does_not_cost_a_run_a_cycle(dut):
    overlay = Overlay(dut)
    await overlay.begin(pauses=0.0)
    await overlay.load()
    for _ in range(30):
        traffic = Traffic(overlay)
        await traffic.prepare()
        inputs, outputs = overlay.network.draw()
        await overlay.write("ACTIVATIONS", overlay.network.input_address, inputs)
        hosts = [cocotb.start_soon(host()) for host in (traffic.write, traffic.read, traffic.read)]
        assert await overlay.run(None) == overlay.network.program.cycles
        traffic.stop = True
        for host in hosts:
            await host
        assert await overlay.read("ACTIVATIONS", overlay.network.output_address, len(outputs)) == outputs
