// SPDX-License-Identifier: Apache-2.0
//
// Cuts a block of 8-byte beats into AXI4 bursts: at most 16 beats each, none across a 4 KiB border.
//
// `left` is how many beats no burst has been made of yet; the present burst holds until `next` moves on behind it.

`default_nettype none

module edge_burst_split #(
    // Byte address bits.
    parameter integer AXI_ADDR_WIDTH = 40,
    // Bits of a count of beats.
    parameter integer COUNT_WIDTH = 17
) (
    input  wire                      clk,

    input  wire                      load,
    input  wire [AXI_ADDR_WIDTH-1:0] address,
    input  wire [COUNT_WIDTH-1:0]    left,
    input  wire                      next,

    output wire [AXI_ADDR_WIDTH-1:0] burst_address,
    output wire [4:0]                burst_beats
);

    reg [AXI_ADDR_WIDTH-1:0] at;

    // Sixteen beats, unless the border (512 beats from the one before) or the end is nearer.
    wire       near_border = at[11:7] == 5'b11111;
    wire       few_left    = left[COUNT_WIDTH-1:4] == {COUNT_WIDTH-4{1'b0}};
    wire [4:0] by_border   = near_border ? 5'd16 - {1'b0, at[6:3]} : 5'd16;
    wire [4:0] by_left     = few_left ? {1'b0, left[3:0]} : 5'd16;

    assign burst_address = at;
    assign burst_beats   = by_left < by_border ? by_left : by_border;

    always @(posedge clk)
        if (load)      at <= {address[AXI_ADDR_WIDTH-1:3], 3'b000};
        else if (next) at <= at + {{AXI_ADDR_WIDTH-8{1'b0}}, burst_beats, 3'b000};

    wire unused_low = &{1'b0, address[2:0]};

endmodule

`resetall
