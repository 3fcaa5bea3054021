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

    wire some     = digit != 3'b000 && digit != 3'b111;
    wire two      = digit == 3'b011 || digit == 3'b100;
    wire negative = digit[2];

    wire [WIDTH:0] multiple = (({factor[WIDTH-1], factor} & {WIDTH+1{some}}) << two) ^ {WIDTH+1{negative}};

    // The lowest bit carries the one that completes a negation.
    /* verilator lint_off WIDTHEXPAND */
    wire               extra  = negative || one_more;
    wire signed [63:0] so_far = $signed({carried, extra});
    wire signed [63:0] added  = $signed({multiple, extra});
    /* verilator lint_on WIDTHEXPAND */
    wire signed [63:0] total = so_far + added;
    wire unused_total = &{1'b0, total[63:WIDTH+3], total[0]};

    assign sum = total[WIDTH+2:1];

endmodule

`resetall
