// SPDX-License-Identifier: Apache-2.0
//
// One loop of a walker: says when the present round is the last one. `last` comes from a register of its own, so
// that loops nest without a chain of comparisons.

`default_nettype none

module edge_loop_counter #(
    // Bits of the number of rounds.
    parameter integer WIDTH = 16
) (
    input  wire             clk,

    // Begins the loop, in the next cycle.
    input  wire             load,
    // The present round ends with this cycle; after the last one the loop begins again.
    input  wire             advance,
    // Rounds of the loop, at least 1; holds while it is walked.
    input  wire [WIDTH-1:0] rounds,
    output reg              last
);

    localparam [WIDTH-1:0] ONE = 1;
    localparam [WIDTH-1:0] TWO = 2;

    // The present round and those that follow.
    reg [WIDTH-1:0] left;

    always @(posedge clk)
        if (load || (advance && last)) begin
            left <= rounds;
            last <= rounds == ONE;
        end else if (advance) begin
            left <= left - ONE;
            last <= left == TWO;
        end

endmodule

`resetall
