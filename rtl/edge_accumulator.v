// SPDX-License-Identifier: Apache-2.0
//
// Adds steps to a 32-bit sum, modulo 2**32; one cycle after the `last` step, `total` is the finished sum and
// holds until the next one.

`default_nettype none

module edge_accumulator #(
    // Width of a signed step in bits.
    parameter integer STEP_WIDTH = 23
) (
    input  wire                  clk,
    input  wire                  valid,
    input  wire                  first,
    input  wire                  last,
    input  wire [STEP_WIDTH-1:0] step,
    output reg  [31:0]           total
);

    reg  [31:0] sum;
    wire [31:0] next = (first ? 32'd0 : sum) + {{32-STEP_WIDTH{step[STEP_WIDTH-1]}}, step};

    always @(posedge clk) begin
        if (valid) sum   <= next;
        if (last)  total <= next;
    end

endmodule

`resetall
