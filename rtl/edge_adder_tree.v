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
    wire [WIDTH-1:0] node [1:2*LEAVES-1];

    genvar i;
    generate
        for (i = 0; i < LEAVES; i = i + 1) begin : gen_leaf
            if (i < INPUTS) begin : gen_term
                assign node[LEAVES+i] = terms[i*WIDTH +: WIDTH];
            end else begin : gen_zero
                assign node[LEAVES+i] = {WIDTH{1'b0}};
            end
        end
        for (i = 1; i < LEAVES; i = i + 1) begin : gen_node
            reg [WIDTH-1:0] partial;
            always @(posedge clk) partial <= node[2*i] + node[2*i+1];
            assign node[i] = partial;
        end
        if (LEVELS == 0) begin : gen_single
            wire unused_clk = clk;
        end
    endgenerate

    assign sum = node[1];

endmodule

`resetall
