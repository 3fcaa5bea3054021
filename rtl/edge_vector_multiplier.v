// SPDX-License-Identifier: Apache-2.0
//
// Signed multiplier in LUTs, two cycles.

`default_nettype none

module edge_vector_multiplier #(
    // Bits of the first factor.
    parameter integer A_WIDTH = 8,
    // Bits of the second factor.
    parameter integer B_WIDTH = 8
) (
    input  wire                       clk,
    input  wire [A_WIDTH-1:0]         a,
    input  wire [B_WIDTH-1:0]         b,
    output reg  [A_WIDTH+B_WIDTH-1:0] product
);

    wire [A_WIDTH+B_WIDTH-1:0] whole;
    edge_lut_product #(
        .A_WIDTH(A_WIDTH),
        .B_WIDTH(B_WIDTH)
    ) lut_product (
        .a      (a),
        .b      (b),
        .product(whole)
    );

    reg [A_WIDTH+B_WIDTH-1:0] waiting;
    always @(posedge clk) begin
        waiting <= whole;
        product <= waiting;
    end

endmodule

`resetall
