// SPDX-License-Identifier: Apache-2.0
//
// Which window an address lies in, as select lines in the order of EDGE_INDEX_*; none of them where nothing is.

`default_nettype none
`include "edge_host_interface.vh"

module edge_window_decoder #(
    // Word address bits that each window really has.
    parameter integer REGISTER_WORD_WIDTH = 10,
    parameter integer PROGRAM_WORD_WIDTH = 11,
    parameter integer ACT_WORD_WIDTH = 14,
    parameter integer PARAM_WORD_WIDTH = 14,
    parameter integer STAMP_WORD_WIDTH = 6,
    parameter integer WEIGHT_WORD_WIDTH = 17,
    parameter integer TABLE_WORD_WIDTH = 11,
    parameter integer VEC_PARAM_WORD_WIDTH = 14,
    parameter integer VEC_WEIGHT_WORD_WIDTH = 14
) (
    input  wire [`EDGE_ADDRESS_WIDTH-3:0] addr,
    output wire [`EDGE_WINDOWS-1:0]       window
);

    wire [`EDGE_ADDRESS_WIDTH-1:0] byte_addr = {addr, 2'b00};

    // A window begins at a multiple of its size, so what lies in it has the same upper bits.
    assign window[`EDGE_INDEX_REGISTERS] =
        byte_addr >> (REGISTER_WORD_WIDTH + 2) == `EDGE_WINDOW_REGISTERS >> (REGISTER_WORD_WIDTH + 2);
    assign window[`EDGE_INDEX_TABLES] =
        byte_addr >> (TABLE_WORD_WIDTH + 2) == `EDGE_WINDOW_TABLES >> (TABLE_WORD_WIDTH + 2);
    assign window[`EDGE_INDEX_PROGRAM] =
        byte_addr >> (PROGRAM_WORD_WIDTH + 2) == `EDGE_WINDOW_PROGRAM >> (PROGRAM_WORD_WIDTH + 2);
    assign window[`EDGE_INDEX_VECTOR_PARAMETERS] =
        byte_addr >> (VEC_PARAM_WORD_WIDTH + 2) == `EDGE_WINDOW_VECTOR_PARAMETERS >> (VEC_PARAM_WORD_WIDTH + 2);
    assign window[`EDGE_INDEX_ACTIVATIONS] =
        byte_addr >> (ACT_WORD_WIDTH + 2) == `EDGE_WINDOW_ACTIVATIONS >> (ACT_WORD_WIDTH + 2);
    assign window[`EDGE_INDEX_PARAMETERS] =
        byte_addr >> (PARAM_WORD_WIDTH + 2) == `EDGE_WINDOW_PARAMETERS >> (PARAM_WORD_WIDTH + 2);
    assign window[`EDGE_INDEX_STAMPS] =
        byte_addr >> (STAMP_WORD_WIDTH + 2) == `EDGE_WINDOW_STAMPS >> (STAMP_WORD_WIDTH + 2);
    assign window[`EDGE_INDEX_VECTOR_WEIGHTS] =
        byte_addr >> (VEC_WEIGHT_WORD_WIDTH + 2) == `EDGE_WINDOW_VECTOR_WEIGHTS >> (VEC_WEIGHT_WORD_WIDTH + 2);
    assign window[`EDGE_INDEX_WEIGHTS] =
        byte_addr >> (WEIGHT_WORD_WIDTH + 2) == `EDGE_WINDOW_WEIGHTS >> (WEIGHT_WORD_WIDTH + 2);

endmodule

`resetall
