"""A small convolution network through NNgen 1.3.4: Verilog, and its cycles by Icarus. Runs in NNgen's own environment.

usage: nngen_network.py FOLDER PARALLEL_INPUTS PARALLEL_OUTPUTS

The network is that of `benchmarks/nngen.py`; its weights are drawn here, as only cycles and area are compared. Writes
network.v into FOLDER and prints one JSON object; `verified` says that the RTL's outputs were those of NNgen's own
software model.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import re
import sys
from pathlib import Path

import nngen as ng
import numpy as np
import veriloggen.thread as vthread
from veriloggen import Delay, Module, Not, Seq, Systask, simulation
from veriloggen.types import axi

WIDTH = 32  # bits of the AXI port and of a word of its memory
CHUNK = 64
MEMORY_WORDS = 1 << 20


def layer(operator, inputs, place, shape, draw, **options):
    """One layer with drawn int8 weights and biases; relu unless `options` say otherwise."""
    weights = ng.variable(dtype=ng.int8, shape=shape, name=f"weights_{place}")
    bias = ng.variable(dtype=ng.int32, shape=(shape[0],), name=f"bias_{place}")
    scale = ng.variable(dtype=ng.int8, shape=(shape[0],), name=f"scale_{place}")
    weights.set_value(draw.integers(-127, 128, shape))
    bias.set_value(draw.integers(-1000, 1000, shape[0]))
    scale.set_value(np.ones(shape[0], np.int64))
    return operator(inputs, weights, bias=bias, scale=scale, sum_dtype=ng.int32, **options)


def network(draw):
    """16 x 16 x 4, two convolutions of 3 x 3 with 16 channels (the second with stride 2), a dense layer of 10."""
    inputs = ng.placeholder(dtype=ng.int8, shape=(1, 16, 16, 4), name="inputs")
    first = layer(ng.conv2d, inputs, "0", (16, 3, 3, 4), draw, strides=(1, 1, 1, 1), act_func=ng.relu, dtype=ng.int8)
    second = layer(ng.conv2d, first, "1", (16, 3, 3, 16), draw, strides=(1, 2, 2, 1), act_func=ng.relu, dtype=ng.int8)
    flat = ng.reshape(second, [1, -1])
    last = layer(ng.matmul, flat, "2", (10, flat.shape[-1]), draw, transposed_b=True, dtype=ng.int8, name="outputs")
    return inputs, (first, second, last)


def aligned(address):
    """Return the next address that a chunk may begin at."""
    return math.ceil(address / CHUNK) * CHUNK


def memory_image(inputs, last, given, expected, parallel):
    """Return the memory's words, and where in it the expected outputs and NNgen's scratch begin."""
    parameters = ng.export_ndarray([last], CHUNK)
    variables = aligned(inputs.addr + inputs.memory_size)
    check = aligned(variables + len(parameters))
    scratch = aligned(check + last.memory_size)
    words = np.zeros(MEMORY_WORDS, np.int64)
    per_word = WIDTH // 8
    axi.set_memory(words, given, WIDTH, 8, inputs.addr, max(per_word, parallel[0]))
    axi.set_memory(words, parameters, WIDTH, 8, variables)
    axi.set_memory(words, expected, WIDTH, 8, check, max(per_word, parallel[1]))
    return words, check, scratch


def bench(target, last, image):
    """NNgen's accelerator beside a memory and a controller; return what the simulation prints."""
    words, check, scratch = image
    top = Module("test")
    top.copy_params(target)
    ports = top.copy_sim_ports(target)
    clock, resetn = ports["CLK"], ports["RESETN"]
    reset = top.Wire("RST")
    reset.assign(Not(resetn))
    memory = axi.AxiMemoryModel(
        top, "memory", clock, reset, datawidth=WIDTH, memimg=words, memimg_name="memory.img", memimg_datawidth=WIDTH
    )
    memory.connect(ports, "maxi")
    control = vthread.AXIMLite(top, "_saxi", clock, reset, noio=True)
    control.connect(ports, "saxi")
    timer = top.Reg("timer", 32, initval=0)
    Seq(top, "seq", clock, reset)(timer.inc())

    def drive():
        for _ in range(100):
            pass
        ng.sim.set_global_addrs(control, scratch)
        began = timer.value
        ng.sim.start(control)
        ng.sim.wait(control)
        ended = timer.value
        print("cycles: %d" % (ended - began))  # noqa: UP031 (becomes a $display)
        wrong = 0
        for place in range(last.shape[1]):
            got = memory.read_word(place, last.addr, 8)
            right = memory.read_word(place, check, 8)
            if vthread.verilog.NotEql(got, right):
                wrong += 1
        print("wrong: %d" % wrong)  # noqa: UP031
        vthread.finish()

    vthread.Thread(top, "drive", clock, reset, drive).start()
    return run(top, target, clock, resetn)


def run(top, target, clock, resetn):
    """Put the accelerator into its bench, simulate, and return what is printed."""
    top.Instance(target, "uut", params=top.connect_params(target), ports=top.connect_ports(target))
    simulation.setup_clock(top, clock, hperiod=5)
    start = simulation.setup_reset(top, resetn, top.make_reset(), period=100, polarity="low")
    start.add(Delay(100_000_000), Systask("finish"))
    return simulation.Simulator(top, sim="iverilog").run(outputfile="network.out")


def main():
    """Build, simulate, report."""
    folder, parallel = Path(sys.argv[1]), (int(sys.argv[2]), int(sys.argv[3]))
    os.chdir(folder)
    draw = np.random.default_rng(0)
    inputs, layers = network(draw)
    for one in layers:
        one.attribute(par_ich=parallel[0], par_och=parallel[1], cshamt_out=9)
    given = draw.integers(-128, 128, inputs.shape)
    expected = ng.eval([layers[-1]], inputs=given)[0]
    target = ng.to_veriloggen([layers[-1]], "network", silent=True, config={"maxi_datawidth": WIDTH})
    Path("network.v").write_text(target.to_verilog())
    said = bench(target, layers[-1], memory_image(inputs, layers[-1], given, expected, parallel))
    cycles, wrong = re.search(r"cycles:\s*(\d+)", said), re.search(r"wrong:\s*(\d+)", said)
    if cycles is None or wrong is None:
        sys.exit(f"the simulation said: {said[-500:]}")
    about = {"cycles": int(cycles[1]), "verified": int(wrong[1]) == 0, "version": importlib.metadata.version("nngen")}
    print(json.dumps(about))


if __name__ == "__main__":
    main()
