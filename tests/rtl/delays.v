// SPDX-License-Identifier: Apache-2.0
//
// edge_delay with 0 to 5 cycles and edge_token_delay with 2 to 5, side by side, for their benches.

`default_nettype none

module delays #(
    // Width of the data in bits.
    parameter integer WIDTH = 8
) (
    input  wire               clk,
    input  wire               rst,
    input  wire [WIDTH-1:0]   d,
    output wire [6*WIDTH-1:0] delayed,
    output wire [4*WIDTH-1:0] tokens
);

    genvar c;
    generate
        for (c = 0; c <= 5; c = c + 1) begin : gen_delay
            edge_delay #(
                .WIDTH (WIDTH),
                .CYCLES(c)
            ) delay (
                .clk(clk),
                .d  (d),
                .q  (delayed[c*WIDTH +: WIDTH])
            );
        end
        for (c = 2; c <= 5; c = c + 1) begin : gen_token_delay
            edge_token_delay #(
                .WIDTH (WIDTH),
                .CYCLES(c)
            ) token_delay (
                .clk(clk),
                .rst(rst),
                .d  (d),
                .q  (tokens[(c-2)*WIDTH +: WIDTH])
            );
        end
    endgenerate

endmodule

`resetall
