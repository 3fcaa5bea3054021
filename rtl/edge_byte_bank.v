// SPDX-License-Identifier: Apache-2.0
//
// One byte-wide bank of the activation memory: port A only reads, port B reads or writes. Either read takes
// two cycles (memory, output register). Reading an address in the cycle in which it is written gives an
// unspecified byte.

`default_nettype none

module edge_byte_bank #(
    // Address bits; the bank holds 2**ADDR_WIDTH bytes.
    parameter integer ADDR_WIDTH = 11
) (
    input  wire                  clk,

    input  wire [ADDR_WIDTH-1:0] a_addr,
    output reg  [7:0]            a_data,

    input  wire [ADDR_WIDTH-1:0] b_addr,
    input  wire                  b_write_en,
    input  wire [7:0]            b_write_data,
    output reg  [7:0]            b_data
);

    reg [7:0] mem [0:(1 << ADDR_WIDTH)-1];
    reg [7:0] a_fetched;
    reg [7:0] b_fetched;

    always @(posedge clk) begin
        a_fetched <= mem[a_addr];
        a_data    <= a_fetched;
    end

    always @(posedge clk) begin
        if (b_write_en) mem[b_addr] <= b_write_data;
        else            b_fetched   <= mem[b_addr];
        b_data <= b_fetched;
    end

endmodule

`resetall
