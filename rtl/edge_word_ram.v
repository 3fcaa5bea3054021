// SPDX-License-Identifier: Apache-2.0
//
// A memory with one write port and one read port. A read takes two cycles (memory, output register); a word
// that is read in the cycle in which it is written comes out old or new: callers never depend on it.

`default_nettype none

module edge_word_ram #(
    // Width of a word in bits.
    parameter integer WIDTH = 32,
    // Address bits; the memory holds 2**ADDR_WIDTH words.
    parameter integer ADDR_WIDTH = 9
) (
    input  wire                  clk,

    input  wire                  write_en,
    input  wire [ADDR_WIDTH-1:0] write_addr,
    input  wire [WIDTH-1:0]      write_data,

    input  wire [ADDR_WIDTH-1:0] read_addr,
    output reg  [WIDTH-1:0]      read_data
);

    reg [WIDTH-1:0] mem [0:(1 << ADDR_WIDTH)-1];
    reg [WIDTH-1:0] fetched;

    always @(posedge clk)
        if (write_en) mem[write_addr] <= write_data;

    always @(posedge clk) begin
        fetched   <= mem[read_addr];
        read_data <= fetched;
    end

endmodule

`resetall
