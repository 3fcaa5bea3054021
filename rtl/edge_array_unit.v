// SPDX-License-Identifier: Apache-2.0
//
// The array unit: walks dense layers, K_LANES x OC_LANES MACs a cycle, and writes requantised outputs.
//
// `layer` and `layer_index` come with `layer_begin` and hold until the next one. A step asks for activations by
// `read_row_addr`, `read_x_offset` and `read_y` and takes them READ_LATENCY cycles later from `memory_lanes`, or, in a
// fused layer, from `buffer_lanes`. A chained layer's outputs go to the vector unit: see edge_requantizer.v. Word
// buses: see edge_axil_slave.v.

`default_nettype none
`include "edge_host_interface.vh"

module edge_array_unit #(
    // Overlay parameters: see edge_overlay.v.
    parameter integer K_LANES = 24,
    parameter integer OC_LANES = 16,
    parameter integer REQUANT_LANES = 8,
    parameter integer PACKED = 1,
    parameter integer WEIGHT_ROWS = 1024,
    parameter integer PARAM_CHANNELS = 4096,
    parameter integer ROW_BUFFER_BYTES = 2048,
    // Byte address bits of the activation memory.
    parameter integer ACT_ADDR_WIDTH = 16,
    // Bits of a descriptor's index.
    parameter integer INDEX_WIDTH = 6,
    // Cycles from a step to its activations.
    parameter integer READ_LATENCY = 7,
    // Derived.
    parameter integer WEIGHT_ADDR_WIDTH = $clog2(WEIGHT_ROWS) + $clog2(K_LANES * OC_LANES / 4),
    parameter integer PARAM_ADDR_WIDTH = $clog2(PARAM_CHANNELS) + 2,
    parameter integer BUFFER_ADDR_WIDTH = $clog2(ROW_BUFFER_BYTES)
) (
    input  wire                             clk,
    input  wire                             rst,
    // Reset of the memories' buses only.
    input  wire                             rst_bus,

    input  wire                             layer_begin,
    input  wire [`EDGE_DESC_USED_WIDTH-1:0] layer,
    input  wire [INDEX_WIDTH-1:0]           layer_index,
    output wire                             issue_done,
    output wire                             layer_done,
    output wire [INDEX_WIDTH-1:0]           layer_done_index,

    output wire                             read_valid,
    output wire [ACT_ADDR_WIDTH-1:0]        read_row_addr,
    output wire [ACT_ADDR_WIDTH+1:0]        read_x_offset,
    output wire [16:0]                      read_y,
    input  wire [K_LANES*8-1:0]             memory_lanes,

    output wire [BUFFER_ADDR_WIDTH-1:0]     buffer_read_addr,
    input  wire [K_LANES*8-1:0]             buffer_lanes,
    input  wire [1:0]                       buffer_rows,
    output wire                             buffer_release,

    output wire [REQUANT_LANES-1:0]         write_en,
    output wire [ACT_ADDR_WIDTH-1:0]        write_addr,
    output wire [REQUANT_LANES*8-1:0]       write_data,

    output wire                             tile_token,
    output wire                             chain_valid,
    output wire                             chain_last,
    output wire [ACT_ADDR_WIDTH-1:0]        chain_addr,
    output wire [REQUANT_LANES-1:0]         chain_exists,

    input  wire                             weight_wr_valid,
    output wire                             weight_wr_ready,
    output wire                             weight_wr_error,
    input  wire [WEIGHT_ADDR_WIDTH-1:0]     weight_wr_addr,
    input  wire [31:0]                      weight_wr_data,
    input  wire                             weight_rd_valid,
    output wire                             weight_rd_ready,
    input  wire [WEIGHT_ADDR_WIDTH-1:0]     weight_rd_addr,
    output wire                             weight_rd_data_valid,
    output wire                             weight_rd_error,
    output wire [31:0]                      weight_rd_data,

    input  wire                             param_wr_valid,
    output wire                             param_wr_ready,
    input  wire [PARAM_ADDR_WIDTH-1:0]      param_wr_addr,
    input  wire [31:0]                      param_wr_data,
    input  wire                             param_rd_valid,
    output wire                             param_rd_ready,
    input  wire [PARAM_ADDR_WIDTH-1:0]      param_rd_addr,
    output wire                             param_rd_data_valid,
    output wire [31:0]                      param_rd_data
);

    localparam integer WEIGHT_LATENCY   = 2;
    localparam integer WEIGHT_ROW_WIDTH = $clog2(WEIGHT_ROWS);
    localparam integer PARAM_ROW_WIDTH  = $clog2(PARAM_CHANNELS / REQUANT_LANES);
    // The parameters take two cycles to read; the sums come at the end of the second one, unless the choice among
    // the phases takes that cycle.
    localparam integer SUMS_AFTER       = OC_LANES / REQUANT_LANES <= 2 ? 2 : 1;

    wire                        step_valid;
    wire                        step_first;
    wire                        step_last;
    wire                        step_fused;
    wire [WEIGHT_ROW_WIDTH-1:0] step_weight_row;

    edge_array_walker #(
        .K_LANES         (K_LANES),
        .TILE_CYCLES     (OC_LANES / REQUANT_LANES),
        .ACT_ADDR_WIDTH  (ACT_ADDR_WIDTH),
        .WEIGHT_ROW_WIDTH(WEIGHT_ROW_WIDTH),
        .ROW_BUFFER_BYTES(ROW_BUFFER_BYTES)
    ) walker (
        .clk            (clk),
        .rst            (rst),
        .layer_begin    (layer_begin),
        .layer          (layer),
        .issue_done     (issue_done),
        .step_valid     (step_valid),
        .step_first     (step_first),
        .step_last      (step_last),
        .step_row_addr  (read_row_addr),
        .step_x_offset  (read_x_offset),
        .step_y         (read_y),
        .step_weight_row(step_weight_row),
        .step_fused     (step_fused),
        .tile_token     (tile_token),
        .buffer_rows    (buffer_rows),
        .buffer_release (buffer_release)
    );

    assign read_valid       = step_valid && !step_fused;
    assign buffer_read_addr = read_row_addr[BUFFER_ADDR_WIDTH-1:0] + read_x_offset[BUFFER_ADDR_WIDTH-1:0];

    // ---- activations from where the step asked for them ----
    wire lanes_fused;
    edge_delay #(
        .WIDTH (1),
        .CYCLES(READ_LATENCY)
    ) fused_delay (
        .clk(clk),
        .d  (step_fused),
        .q  (lanes_fused)
    );
    wire [K_LANES*8-1:0] lanes = lanes_fused ? buffer_lanes : memory_lanes;

    // ---- weights are asked for later than activations, so that both arrive together ----
    wire                        weight_read_en;
    wire [WEIGHT_ROW_WIDTH-1:0] weight_read_row;
    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(READ_LATENCY - WEIGHT_LATENCY)
    ) weight_token (
        .clk(clk),
        .rst(rst),
        .d  (step_valid),
        .q  (weight_read_en)
    );
    edge_delay #(
        .WIDTH (WEIGHT_ROW_WIDTH),
        .CYCLES(READ_LATENCY - WEIGHT_LATENCY)
    ) weight_row (
        .clk(clk),
        .d  (step_weight_row),
        .q  (weight_read_row)
    );

    wire [K_LANES*OC_LANES*8-1:0] weights;
    edge_weight_memory #(
        .K_LANES  (K_LANES),
        .OC_LANES (OC_LANES),
        .ROW_WIDTH(WEIGHT_ROW_WIDTH)
    ) weight_memory (
        .clk               (clk),
        .rst               (rst_bus),
        .read_en           (weight_read_en),
        .read_row          (weight_read_row),
        .read_data         (weights),
        .host_wr_valid     (weight_wr_valid),
        .host_wr_ready     (weight_wr_ready),
        .host_wr_error     (weight_wr_error),
        .host_wr_addr      (weight_wr_addr),
        .host_wr_data      (weight_wr_data),
        .host_rd_valid     (weight_rd_valid),
        .host_rd_ready     (weight_rd_ready),
        .host_rd_addr      (weight_rd_addr),
        .host_rd_data_valid(weight_rd_data_valid),
        .host_rd_error     (weight_rd_error),
        .host_rd_data      (weight_rd_data)
    );

    // ---- products, sums ----
    wire                   tile_valid;
    wire [OC_LANES*32-1:0] tile_sums;
    edge_mac_array #(
        .K_LANES    (K_LANES),
        .OC_LANES   (OC_LANES),
        .PACKED     (PACKED),
        .ACT_LATENCY(READ_LATENCY),
        .SUMS_AFTER (SUMS_AFTER)
    ) mac_array (
        .clk        (clk),
        .rst        (rst),
        .step_valid (step_valid),
        .step_first (step_first),
        .step_last  (step_last),
        .activations(lanes),
        .weights    (weights),
        .tile_valid (tile_valid),
        .tile_sums  (tile_sums)
    );

    // ---- outputs ----
    wire                        param_read_en;
    wire [PARAM_ROW_WIDTH-1:0]  param_read_row;
    wire [REQUANT_LANES*32-1:0] param_bias;
    wire [REQUANT_LANES*31-1:0] param_multiplier;
    wire [REQUANT_LANES*5-1:0]  param_left;
    wire [REQUANT_LANES*5-1:0]  param_right;

    edge_parameter_memory #(
        .LANES    (REQUANT_LANES),
        .ROW_WIDTH(PARAM_ROW_WIDTH)
    ) parameter_memory (
        .clk               (clk),
        .rst               (rst_bus),
        .read_en           (param_read_en),
        .read_row          (param_read_row),
        .read_bias         (param_bias),
        .read_multiplier   (param_multiplier),
        .read_left         (param_left),
        .read_right        (param_right),
        .host_wr_valid     (param_wr_valid),
        .host_wr_ready     (param_wr_ready),
        .host_wr_addr      (param_wr_addr),
        .host_wr_data      (param_wr_data),
        .host_rd_valid     (param_rd_valid),
        .host_rd_ready     (param_rd_ready),
        .host_rd_addr      (param_rd_addr),
        .host_rd_data_valid(param_rd_data_valid),
        .host_rd_data      (param_rd_data)
    );

    edge_requantizer #(
        .OC_LANES        (OC_LANES),
        .LANES           (REQUANT_LANES),
        .ACT_ADDR_WIDTH  (ACT_ADDR_WIDTH),
        .PARAM_ROW_WIDTH (PARAM_ROW_WIDTH),
        .INDEX_WIDTH     (INDEX_WIDTH),
        .WIDE_MULTIPLIERS(PACKED),
        .SUMS_AFTER      (SUMS_AFTER),
        .CHAIN_AHEAD     (READ_LATENCY)
    ) requantizer (
        .clk             (clk),
        .rst             (rst),
        .layer_begin     (layer_begin),
        .layer           (layer),
        .layer_index     (layer_index),
        .layer_done      (layer_done),
        .layer_done_index(layer_done_index),
        .tile_valid      (tile_valid),
        .tile_sums       (tile_sums),
        .param_read_en   (param_read_en),
        .param_read_row  (param_read_row),
        .param_bias      (param_bias),
        .param_multiplier(param_multiplier),
        .param_left      (param_left),
        .param_right     (param_right),
        .write_en        (write_en),
        .write_addr      (write_addr),
        .write_data      (write_data),
        .chain_valid     (chain_valid),
        .chain_last      (chain_last),
        .chain_addr      (chain_addr),
        .chain_exists    (chain_exists)
    );

endmodule

`resetall
