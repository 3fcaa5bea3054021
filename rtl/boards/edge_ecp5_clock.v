// SPDX-License-Identifier: Apache-2.0
//
// The overlay's clock on a Lattice ECP5, made from the board's oscillator by its PLL. `locked` rises when it is stable.
//
// Rates and dividers are those of edge_board.vh. The feedback comes from CLKOP, so
// CLKOP = oscillator * FEEDBACK_DIV / INPUT_DIV, and the VCO runs at CLKOP * OUTPUT_DIV, from 400 to 800 MHz
// (Lattice FPGA-TN-02200, ECP5 sysCLOCK PLL).

`default_nettype none
`include "edge_board.vh"

module edge_ecp5_clock (
    input  wire oscillator,

    output wire clk,
    output wire locked
);

    (* FREQUENCY_PIN_CLKI = `EDGE_BOARD_OSCILLATOR_MHZ *)
    (* FREQUENCY_PIN_CLKOP = `EDGE_BOARD_CLOCK_MHZ *)
    (* ICP_CURRENT = "12" *)
    (* LPF_RESISTOR = "8" *)
    EHXPLLL #(
        .CLKI_DIV        (`EDGE_BOARD_PLL_INPUT_DIV),
        .CLKFB_DIV       (`EDGE_BOARD_PLL_FEEDBACK_DIV),
        .CLKOP_DIV       (`EDGE_BOARD_PLL_OUTPUT_DIV),
        // the edge of CLKOP lies where the oscillator's does
        .CLKOP_CPHASE    (`EDGE_BOARD_PLL_OUTPUT_DIV - 1),
        .CLKOP_FPHASE    (0),
        .CLKOP_ENABLE    ("ENABLED"),
        .FEEDBK_PATH     ("CLKOP"),
        .OUTDIVIDER_MUXA ("DIVA"),
        .PLLRST_ENA      ("DISABLED"),
        .INTFB_WAKE      ("DISABLED"),
        .STDBY_ENABLE    ("DISABLED"),
        .DPHASE_SOURCE   ("DISABLED")
    ) pll (
        .CLKI        (oscillator),
        .CLKFB       (clk),
        .CLKOP       (clk),
        .LOCK        (locked),
        .RST         (1'b0),
        .STDBY       (1'b0),
        .PHASESEL0   (1'b0),
        .PHASESEL1   (1'b0),
        .PHASEDIR    (1'b1),
        .PHASESTEP   (1'b1),
        .PHASELOADREG(1'b1),
        .PLLWAKESYNC (1'b0),
        .ENCLKOP     (1'b0)
    );

endmodule

`resetall
