// SPDX-License-Identifier: Apache-2.0
//
// One row of a multiplier: adds -2 to 2 times `factor`, by Booth's digit of three bits, to the sum so far.
//
// No register. The second operand of the adder depends on five bits, so that on a 6-input LUT the row costs one
// LUT a bit.

`default_nettype none

module edge_booth_row #(
    // Bits of the factor.
    parameter integer WIDTH = 8
) (
    // The sum so far, signed, without the two bits below this row's weight.
    input  wire [WIDTH-1:0] carried,
    input  wire [WIDTH-1:0] factor,
    input  wire [2:0]       digit,
    // Adds one more, at the row's weight; only with a digit of 000 to 011.
    input  wire             one_more,
    output wire [WIDTH+1:0] sum
);

    wire some     = digit[1] != digit[0] || digit[2] != digit[1];
    wire two      = digit[1] == digit[0];
    wire negative = digit[2];

    // More bits than the numbers have, and signs extended by assignment: a simulation has less to cut off and to join.
    /* verilator lint_off WIDTHEXPAND */
    wire signed [63:0] so_far = $signed(carried);
    wire signed [63:0] once   = $signed(factor);
    /* verilator lint_on WIDTHEXPAND */
    wire signed [63:0] multiple = ((once & {64{some}}) << two) ^ {64{negative}};

    // The lowest bit carries the one that completes a negation.
    wire               extra = negative || one_more;
    wire signed [63:0] total = (so_far << 1 | {63'd0, extra}) + (multiple << 1 | {63'd0, extra});
    wire unused_total = &{1'b0, total[63:WIDTH+3], total[0]};

    assign sum = total[WIDTH+2:1];

endmodule

`resetall
