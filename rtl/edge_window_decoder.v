// SPDX-License-Identifier: Apache-2.0
//
// From a word address to the window it lies in, one bit each; no bit where nothing is. Combinational.

`default_nettype none
`include "edge_host_interface.vh"

module edge_window_decoder #(
    // Word address bits that each window really has.
    parameter integer REGISTER_WORD_WIDTH = 10,
    parameter integer PROGRAM_WORD_WIDTH = 11,
    parameter integer ACT_WORD_WIDTH = 14,
    parameter integer PARAM_WORD_WIDTH = 14,
    parameter integer STAMP_WORD_WIDTH = 7,
    parameter integer WEIGHT_WORD_WIDTH = 17
) (
    input  wire [`EDGE_ADDRESS_WIDTH-3:0] addr,
    // Weights, stamps, parameters, activations, program, registers.
    output wire [5:0]                     window
);

    wire [`EDGE_ADDRESS_WIDTH-1:0] byte_addr = {addr, 2'b00};

    // A window begins at a multiple of its size, so what lies in it has the same upper bits.
    assign window = {
        byte_addr >> (WEIGHT_WORD_WIDTH + 2)   == `EDGE_WINDOW_WEIGHTS >> (WEIGHT_WORD_WIDTH + 2),
        byte_addr >> (STAMP_WORD_WIDTH + 2)    == `EDGE_WINDOW_STAMPS >> (STAMP_WORD_WIDTH + 2),
        byte_addr >> (PARAM_WORD_WIDTH + 2)    == `EDGE_WINDOW_PARAMETERS >> (PARAM_WORD_WIDTH + 2),
        byte_addr >> (ACT_WORD_WIDTH + 2)      == `EDGE_WINDOW_ACTIVATIONS >> (ACT_WORD_WIDTH + 2),
        byte_addr >> (PROGRAM_WORD_WIDTH + 2)  == `EDGE_WINDOW_PROGRAM >> (PROGRAM_WORD_WIDTH + 2),
        byte_addr >> (REGISTER_WORD_WIDTH + 2) == `EDGE_WINDOW_REGISTERS >> (REGISTER_WORD_WIDTH + 2)
    };

endmodule

`resetall
