// SPDX-License-Identifier: Apache-2.0
//
// Layer descriptors: 16 words each, read by the sequencer four words at a time, in two cycles.
// The host writes at any time; it reads while the sequencer does not (the sequencer never waits).
// Word bus: see edge_axil_slave.v.

`default_nettype none

module edge_program_memory #(
    // Address bits of the four-word rows; four rows make a descriptor.
    parameter integer ROW_WIDTH = 9
) (
    input  wire                 clk,
    input  wire                 rst,

    input  wire                 read_en,
    input  wire [ROW_WIDTH-1:0] read_row,
    output wire [127:0]         read_data,

    input  wire                 host_wr_valid,
    output wire                 host_wr_ready,
    input  wire [ROW_WIDTH+1:0] host_wr_addr,
    input  wire [31:0]          host_wr_data,
    input  wire                 host_rd_valid,
    output wire                 host_rd_ready,
    input  wire [ROW_WIDTH+1:0] host_rd_addr,
    output wire                 host_rd_data_valid,
    output wire [31:0]          host_rd_data
);

    assign host_wr_ready = 1'b1;
    assign host_rd_ready = !read_en;
    wire host_rd_go = host_rd_valid && host_rd_ready;

    genvar w;
    generate
        for (w = 0; w < 4; w = w + 1) begin : gen_word
            edge_word_ram #(
                .WIDTH     (32),
                .ADDR_WIDTH(ROW_WIDTH)
            ) words (
                .clk       (clk),
                .write_en  (host_wr_valid && host_wr_addr[1:0] == w),
                .write_addr(host_wr_addr[ROW_WIDTH+1:2]),
                .write_data(host_wr_data),
                .read_addr (read_en ? read_row : host_rd_addr[ROW_WIDTH+1:2]),
                .read_data (read_data[w*32 +: 32])
            );
        end
    endgenerate

    reg [1:0]  word_asked;
    reg [31:0] word_read;
    always @(posedge clk) begin
        if (host_rd_go) word_asked <= host_rd_addr[1:0];
        word_read <= read_data[{word_asked, 5'b00000} +: 32];
    end

    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(3)
    ) host_token (
        .clk(clk),
        .rst(rst),
        .d  (host_rd_go),
        .q  (host_rd_data_valid)
    );

    assign host_rd_data = word_read;

endmodule

`resetall
