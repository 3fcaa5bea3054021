// SPDX-License-Identifier: Apache-2.0
//
// A table of 256 words with one port: each cycle it writes a word or reads one, which comes two cycles later.

`default_nettype none

module edge_vector_table #(
    // 1: LUTs as memory, 0: block memory.
    parameter integer IN_LUTS = 1
) (
    input  wire        clk,
    input  wire        write_en,
    input  wire [7:0]  addr,
    input  wire [31:0] write_data,
    output reg  [31:0] read_data
);

    reg [31:0] fetched;

    generate
        if (IN_LUTS != 0) begin : gen_luts
            (* ram_style = "distributed" *) reg [31:0] mem [0:255];
            always @(posedge clk)
                if (write_en) mem[addr] <= write_data;
                else          fetched   <= mem[addr];
        end else begin : gen_block
            (* ram_style = "block" *) reg [31:0] mem [0:255];
            always @(posedge clk)
                if (write_en) mem[addr] <= write_data;
                else          fetched   <= mem[addr];
        end
    endgenerate

    always @(posedge clk) read_data <= fetched;

endmodule

`resetall
