// SPDX-License-Identifier: Apache-2.0
//
// Delays data by a fixed number of cycles. No reset and no enable, so that it maps to shift-register LUTs.

`default_nettype none

module edge_delay #(
    // Width of the data in bits.
    parameter integer WIDTH = 8,
    // How many clock cycles later the data comes out; 0 is a wire.
    parameter integer CYCLES = 1
) (
    input  wire             clk,
    input  wire [WIDTH-1:0] d,
    output wire [WIDTH-1:0] q
);

    generate
        if (CYCLES == 0) begin : gen_wire
            wire unused_clk = clk;
            assign q = d;
        end else begin : gen_shift
            // A register each: a simulation moves them without shifting and masking.
            genvar i;
            for (i = 0; i < CYCLES; i = i + 1) begin : gen_stage
                reg  [WIDTH-1:0] stage;
                wire [WIDTH-1:0] previous;
                if (i == 0) begin : gen_first
                    assign previous = d;
                end else begin : gen_next
                    assign previous = gen_stage[i-1].stage;
                end
                always @(posedge clk) stage <= previous;
            end
            assign q = gen_stage[CYCLES-1].stage;
        end
    endgenerate

endmodule

`resetall
