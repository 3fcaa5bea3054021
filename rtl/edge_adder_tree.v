// SPDX-License-Identifier: Apache-2.0
//
// Adds INPUTS signed numbers, one register a level: the sum comes clog2(INPUTS) cycles later, or at once
// where there is only one number.

`default_nettype none

module edge_adder_tree #(
    // How many numbers are added.
    parameter integer INPUTS = 6,
    // Width of each number and of the sum in bits; the caller leaves room for the carries.
    parameter integer WIDTH = 24
) (
    input  wire                    clk,
    input  wire [INPUTS*WIDTH-1:0] terms,
    output wire [WIDTH-1:0]        sum
);

    localparam integer LEVELS = $clog2(INPUTS);
    localparam integer LEAVES = 1 << LEVELS;

    // A binary heap: node 1 is the root, node n has the children 2n and 2n + 1, and the terms are the leaves.
    genvar i;
    generate
        for (i = 2 * LEAVES - 1; i >= 1; i = i - 1) begin : gen_node
            wire [WIDTH-1:0] value;
            if (i >= LEAVES + INPUTS) begin : gen_zero
                assign value = {WIDTH{1'b0}};
            end else if (i >= LEAVES) begin : gen_term
                assign value = terms[(i-LEAVES)*WIDTH +: WIDTH];
            end else begin : gen_sum
                reg [WIDTH-1:0] partial;
                always @(posedge clk) partial <= gen_node[2*i].value + gen_node[2*i+1].value;
                assign value = partial;
            end
        end
        if (LEVELS == 0) begin : gen_single
            wire unused_clk = clk;
        end
    endgenerate

    assign sum = gen_node[1].value;

endmodule

`resetall
