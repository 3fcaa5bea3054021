// SPDX-License-Identifier: Apache-2.0
//
// edge_adder_tree with 1 to 9 inputs, side by side, for its bench: tree n adds the first n terms.

`default_nettype none

module adder_trees #(
    // Width of each number in bits.
    parameter integer WIDTH = 12
) (
    input  wire               clk,
    input  wire [9*WIDTH-1:0] terms,
    output wire [9*WIDTH-1:0] sums
);

    genvar n;
    generate
        for (n = 1; n <= 9; n = n + 1) begin : gen_tree
            edge_adder_tree #(
                .INPUTS(n),
                .WIDTH (WIDTH)
            ) tree (
                .clk  (clk),
                .terms(terms[n*WIDTH-1:0]),
                .sum  (sums[(n-1)*WIDTH +: WIDTH])
            );
        end
    endgenerate

endmodule

`resetall
