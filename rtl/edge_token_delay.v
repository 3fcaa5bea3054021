// SPDX-License-Identifier: Apache-2.0
//
// Delays control bits by a fixed number of cycles and forgets those in flight on reset.

`default_nettype none

module edge_token_delay #(
    // Number of control bits that travel together.
    parameter integer WIDTH = 1,
    // How many clock cycles later they come out; at least 2.
    parameter integer CYCLES = 2
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [WIDTH-1:0] d,
    output wire [WIDTH-1:0] q
);

    generate
        if (CYCLES < 2) begin : gen_bad_cycles
            $error("edge_token_delay: CYCLES must be at least 2");
        end
    endgenerate

    reg [WIDTH*CYCLES-1:0] stages;

    always @(posedge clk)
        if (rst) stages <= {WIDTH*CYCLES{1'b0}};
        else     stages <= {stages[WIDTH*(CYCLES-1)-1:0], d};

    initial stages = {WIDTH*CYCLES{1'b0}};

    assign q = stages[WIDTH*CYCLES-1 -: WIDTH];

endmodule

`resetall
