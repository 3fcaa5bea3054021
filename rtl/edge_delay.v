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
        end else if (CYCLES == 1) begin : gen_register
            reg [WIDTH-1:0] stage;
            always @(posedge clk) stage <= d;
            assign q = stage;
        end else begin : gen_shift
            reg [WIDTH*CYCLES-1:0] stages;
            always @(posedge clk) stages <= {stages[WIDTH*(CYCLES-1)-1:0], d};
            assign q = stages[WIDTH*CYCLES-1 -: WIDTH];
        end
    endgenerate

endmodule

`resetall
