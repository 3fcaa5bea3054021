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

    input  wire                   array_done,
    input  wire [INDEX_WIDTH-1:0] array_index,
    input  wire                   vector_done,
    input  wire [INDEX_WIDTH-1:0] vector_index,
    input  wire [31:0]            cycles,

    input  wire                   host_rd_valid,
    output wire                   host_rd_ready,
    input  wire [INDEX_WIDTH-1:0] host_rd_addr,
    output wire                   host_rd_data_valid,
    output wire [31:0]            host_rd_data
);

    assign host_rd_ready = 1'b1;

    // The vector unit's stamp is written a cycle later, and after the array unit's if that comes then.
    reg                   pending;
    reg [INDEX_WIDTH-1:0] pending_index;
    reg [31:0]            pending_cycles;
    always @(posedge clk)
        if (rst) pending <= 1'b0;
        else     pending <= vector_done || (pending && array_done);
    always @(posedge clk)
        if (vector_done) {pending_index, pending_cycles} <= {vector_index, cycles};
    initial pending = 1'b0;

    edge_word_ram #(
        .WIDTH     (32),
        .ADDR_WIDTH(INDEX_WIDTH)
    ) words (
        .clk       (clk),
        .write_en  (array_done || pending),
        .write_addr(array_done ? array_index : pending_index),
        .write_data(array_done ? cycles : pending_cycles),
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
