// SPDX-License-Identifier: Apache-2.0
//
// Valid holds with its data until ready, and is low after a reset: assumed of a master, asserted of a design.

`default_nettype none

module edge_stream_formal #(
    // Width of the data in bits.
    parameter integer WIDTH = 8,
    // 1: the design under proof receives here, and this is assumed; 0: it sends, and this must be proved.
    parameter integer MASTER = 0
) (
    input wire             clk,
    input wire             rst,
    input wire             valid,
    input wire             ready,
    input wire [WIDTH-1:0] data
);

    reg             started = 1'b0;
    reg             was_reset;
    reg             waits;
    reg [WIDTH-1:0] waiting_data;
    always @(posedge clk) begin
        started      <= 1'b1;
        was_reset    <= rst;
        waits        <= !rst && valid && !ready;
        waiting_data <= data;
    end

    wire low_after_reset = !was_reset || !valid;
    wire holds           = !waits || (valid && data == waiting_data);

    generate
        if (MASTER != 0) begin : gen_assume
            always @(*) if (started) assume (low_after_reset && holds);
        end else begin : gen_assert
            always @(*) if (started) assert (low_after_reset);
            always @(*) if (started) assert (holds);
        end
    endgenerate

endmodule

`resetall
