// SPDX-License-Identifier: Apache-2.0
//
// Remembers, for each descriptor, the cycle at which its layer ended. The engine writes, the host reads.
// Word bus (reads only): see edge_axil_slave.v.

`default_nettype none

module edge_stamps #(
    // Bits of a descriptor's index.
    parameter integer INDEX_WIDTH = 7
) (
    input  wire                   clk,
    input  wire                   rst,

    input  wire                   stamp_en,
    input  wire [INDEX_WIDTH-1:0] stamp_index,
    input  wire [31:0]            stamp,

    input  wire                   host_rd_valid,
    output wire                   host_rd_ready,
    input  wire [INDEX_WIDTH-1:0] host_rd_addr,
    output wire                   host_rd_data_valid,
    output wire [31:0]            host_rd_data
);

    assign host_rd_ready = 1'b1;

    edge_word_ram #(
        .WIDTH     (32),
        .ADDR_WIDTH(INDEX_WIDTH)
    ) words (
        .clk       (clk),
        .write_en  (stamp_en),
        .write_addr(stamp_index),
        .write_data(stamp),
        .read_addr (host_rd_addr),
        .read_data (host_rd_data)
    );

    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(2)
    ) host_token (
        .clk(clk),
        .rst(rst),
        .d  (host_rd_valid),
        .q  (host_rd_data_valid)
    );

endmodule

`resetall
