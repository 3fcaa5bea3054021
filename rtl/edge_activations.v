// SPDX-License-Identifier: Apache-2.0
//
// The activation memory as layers see it: reads of a layer's lines, with padding and gathered kernel lines.
//
// `layer_begin` takes from `layer` what holds for all its reads; the first read may come in the next cycle, and no
// read of the layer before it less than READ_LATENCY cycles before that. A read brings LANES bytes seven cycles after
// its address, `read_row_addr` + `read_x_offset`; bytes outside the line (edge_read_mask.v) read as the layer's
// PAD_VALUE, if the read is not a plain one. Word bus: see edge_axil_slave.v.

`default_nettype none
`include "edge_host_interface.vh"

module edge_activations #(
    // Bytes of memory, a power of two.
    parameter integer ACT_BYTES = 65536,
    // Bytes per read.
    parameter integer LANES = 24,
    // Bytes per write.
    parameter integer WRITE_LANES = 8,
    // Derived.
    parameter integer ADDR_WIDTH = $clog2(ACT_BYTES)
) (
    input  wire                             clk,
    input  wire                             rst,

    input  wire                             layer_begin,
    input  wire [`EDGE_DESC_USED_WIDTH-1:0] layer,

    input  wire [ADDR_WIDTH-1:0]            read_row_addr,
    input  wire [ADDR_WIDTH+1:0]            read_x_offset,
    input  wire [16:0]                      read_y,
    input  wire                             read_plain,
    output wire [LANES*8-1:0]               read_lanes,

    input  wire [WRITE_LANES-1:0]           write_en,
    input  wire [ADDR_WIDTH-1:0]            write_addr,
    input  wire [WRITE_LANES*8-1:0]         write_data,

    input  wire                             host_wr_valid,
    output wire                             host_wr_ready,
    input  wire [ADDR_WIDTH-3:0]            host_wr_addr,
    input  wire [31:0]                      host_wr_data,
    input  wire [3:0]                       host_wr_strb,
    input  wire                             host_rd_valid,
    output wire                             host_rd_ready,
    input  wire [ADDR_WIDTH-3:0]            host_rd_addr,
    output wire                             host_rd_data_valid,
    output wire [31:0]                      host_rd_data
);

    localparam integer OFFSET_WIDTH    = ADDR_WIDTH + 2;
    localparam integer WIDEST          = LANES > WRITE_LANES ? LANES : WRITE_LANES;
    localparam integer BANKS           = WIDEST > 8 ? 1 << $clog2(WIDEST) : 8;
    localparam integer BANK_ADDR_WIDTH = ADDR_WIDTH - $clog2(BANKS);

    // ---- what holds for a layer's reads ----
    reg [7:0]                 segment;
    reg [7:0]                 pad_value;
    reg [BANK_ADDR_WIDTH-1:0] gather_rows;
    reg [OFFSET_WIDTH-1:0]    row_bytes;
    reg [15:0]                height;

    always @(posedge clk)
        if (layer_begin) begin
            segment     <= layer[`EDGE_DESC_SEGMENT];
            pad_value   <= layer[`EDGE_DESC_PAD_VALUE];
            gather_rows <= layer[`EDGE_AT_GATHER_ROWS +: BANK_ADDR_WIDTH];
            row_bytes   <= layer[`EDGE_AT_ROW_BYTES +: OFFSET_WIDTH];
            height      <= layer[`EDGE_DESC_HEIGHT];
        end

    reg begun;
    always @(posedge clk) begun <= layer_begin;
    initial begun = 1'b0;

    wire [LANES*3-1:0]           lane_line;
    wire [LANES*8-1:0]           lane_column;
    wire [8*BANK_ADDR_WIDTH-1:0] line_rows;
    edge_gather_plan #(
        .LANES          (LANES),
        .BANK_ADDR_WIDTH(BANK_ADDR_WIDTH)
    ) gather_plan (
        .clk        (clk),
        .change     (begun),
        .segment    (segment),
        .gather_rows(gather_rows),
        .lane_line  (lane_line),
        .lane_column(lane_column),
        .line_rows  (line_rows)
    );

    wire [LANES-1:0] lane_valid;
    edge_read_mask #(
        .LANES       (LANES),
        .OFFSET_WIDTH(OFFSET_WIDTH)
    ) read_mask (
        .clk        (clk),
        .x_offset   (read_x_offset),
        .y          (read_y),
        .plain      (read_plain),
        .row_bytes  (row_bytes),
        .height     (height),
        .lane_line  (lane_line),
        .lane_column(lane_column),
        .lane_valid (lane_valid)
    );

    wire unused_offset = &{1'b0, read_x_offset[OFFSET_WIDTH-1:ADDR_WIDTH]};

    edge_activation_memory #(
        .BANKS          (BANKS),
        .BANK_ADDR_WIDTH(BANK_ADDR_WIDTH),
        .LANES          (LANES),
        .WRITE_LANES    (WRITE_LANES)
    ) memory (
        .clk               (clk),
        .rst               (rst),
        .read_row_addr     (read_row_addr),
        .read_offset       (read_x_offset[ADDR_WIDTH-1:0]),
        .lane_line         (lane_line),
        .line_rows         (line_rows),
        .lane_valid        (lane_valid),
        .pad_value         (pad_value),
        .read_data         (read_lanes),
        .write_en          (write_en),
        .write_addr        (write_addr),
        .write_data        (write_data),
        .host_wr_valid     (host_wr_valid),
        .host_wr_ready     (host_wr_ready),
        .host_wr_addr      (host_wr_addr),
        .host_wr_data      (host_wr_data),
        .host_wr_strb      (host_wr_strb),
        .host_rd_valid     (host_rd_valid),
        .host_rd_ready     (host_rd_ready),
        .host_rd_addr      (host_rd_addr),
        .host_rd_data_valid(host_rd_data_valid),
        .host_rd_data      (host_rd_data)
    );

endmodule

`resetall
