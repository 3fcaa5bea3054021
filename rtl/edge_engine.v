// SPDX-License-Identifier: Apache-2.0
//
// The engine: sequencer, memories, array and requantiser, with the word bus of each memory brought out.
//
// `start` runs the program from descriptor `entry` with head bank `bank`; `finished` says that it has ended, `failed`
// that descriptor `layer_index` had an unknown opcode. Word buses: see edge_axil_slave.v.

`default_nettype none

module edge_engine #(
    // Overlay parameters: see edge_overlay.v.
    parameter integer K_LANES = 24,
    parameter integer OC_LANES = 16,
    parameter integer REQUANT_LANES = 8,
    parameter integer PACKED = 1,
    parameter integer ACT_BYTES = 65536,
    parameter integer WEIGHT_ROWS = 1024,
    parameter integer PARAM_CHANNELS = 4096,
    parameter integer DESCRIPTORS = 128,
    // Derived.
    parameter integer ACT_ADDR_WIDTH = $clog2(ACT_BYTES),
    parameter integer WEIGHT_ADDR_WIDTH = $clog2(WEIGHT_ROWS) + $clog2(K_LANES * OC_LANES / 4),
    parameter integer PARAM_ADDR_WIDTH = $clog2(PARAM_CHANNELS) + 2,
    parameter integer INDEX_WIDTH = $clog2(DESCRIPTORS)
) (
    input  wire                         clk,
    input  wire                         rst,

    // Stops the run and forgets it; the memories and their word buses go on.
    input  wire                         stop,
    input  wire                         start,
    input  wire [INDEX_WIDTH-1:0]       entry,
    input  wire                         bank,
    input  wire [31:0]                  cycles,
    output wire                         finished,
    output wire                         failed,
    output wire [INDEX_WIDTH-1:0]       layer_index,

    input  wire                         program_wr_valid,
    output wire                         program_wr_ready,
    input  wire [INDEX_WIDTH+3:0]       program_wr_addr,
    input  wire [31:0]                  program_wr_data,
    input  wire                         program_rd_valid,
    output wire                         program_rd_ready,
    input  wire [INDEX_WIDTH+3:0]       program_rd_addr,
    output wire                         program_rd_data_valid,
    output wire [31:0]                  program_rd_data,

    input  wire                         act_wr_valid,
    output wire                         act_wr_ready,
    input  wire [ACT_ADDR_WIDTH-3:0]    act_wr_addr,
    input  wire [31:0]                  act_wr_data,
    input  wire [3:0]                   act_wr_strb,
    input  wire                         act_rd_valid,
    output wire                         act_rd_ready,
    input  wire [ACT_ADDR_WIDTH-3:0]    act_rd_addr,
    output wire                         act_rd_data_valid,
    output wire [31:0]                  act_rd_data,

    input  wire                         param_wr_valid,
    output wire                         param_wr_ready,
    input  wire [PARAM_ADDR_WIDTH-1:0]  param_wr_addr,
    input  wire [31:0]                  param_wr_data,
    input  wire                         param_rd_valid,
    output wire                         param_rd_ready,
    input  wire [PARAM_ADDR_WIDTH-1:0]  param_rd_addr,
    output wire                         param_rd_data_valid,
    output wire [31:0]                  param_rd_data,

    input  wire                         stamp_rd_valid,
    output wire                         stamp_rd_ready,
    input  wire [INDEX_WIDTH-1:0]       stamp_rd_addr,
    output wire                         stamp_rd_data_valid,
    output wire [31:0]                  stamp_rd_data,

    input  wire                         weight_wr_valid,
    output wire                         weight_wr_ready,
    output wire                         weight_wr_error,
    input  wire [WEIGHT_ADDR_WIDTH-1:0] weight_wr_addr,
    input  wire [31:0]                  weight_wr_data,
    input  wire                         weight_rd_valid,
    output wire                         weight_rd_ready,
    input  wire [WEIGHT_ADDR_WIDTH-1:0] weight_rd_addr,
    output wire                         weight_rd_data_valid,
    output wire                         weight_rd_error,
    output wire [31:0]                  weight_rd_data
);

    localparam integer ACT_LATENCY      = 5;
    localparam integer WEIGHT_LATENCY   = 2;
    localparam integer WEIGHT_ROW_WIDTH = $clog2(WEIGHT_ROWS);
    localparam integer PARAM_ROW_WIDTH  = $clog2(PARAM_CHANNELS / REQUANT_LANES);
    // A power of two of byte banks that serves the widest read and write.
    localparam integer WIDEST           = K_LANES > REQUANT_LANES ? K_LANES : REQUANT_LANES;
    localparam integer BANKS            = WIDEST > 8 ? 1 << $clog2(WIDEST) : 8;

    wire                        rst_run = rst || stop;

    wire                        step_valid;
    wire                        step_first;
    wire                        step_last;
    wire [ACT_ADDR_WIDTH-1:0]   step_act_addr;
    wire [WEIGHT_ROW_WIDTH-1:0] step_weight_row;

    wire                        layer_start;
    wire [ACT_ADDR_WIDTH-1:0]   layer_output;
    wire [ACT_ADDR_WIDTH-1:0]   layer_output_stride;
    wire [15:0]                 layer_positions;
    wire [15:0]                 layer_tiles;
    wire [7:0]                  layer_last_channels;
    wire [PARAM_ROW_WIDTH-1:0]  layer_param_row;
    wire                        layer_single_rounding;
    wire [7:0]                  layer_zero_point;
    wire [7:0]                  layer_clamp_min;
    wire [7:0]                  layer_clamp_max;
    wire                        layer_done;

    wire                        fetch_en;
    wire [INDEX_WIDTH+1:0]      fetch_row;
    wire [127:0]                fetch_data;

    edge_sequencer #(
        .K_LANES         (K_LANES),
        .TILE_CYCLES     (OC_LANES / REQUANT_LANES),
        .ACT_ADDR_WIDTH  (ACT_ADDR_WIDTH),
        .WEIGHT_ROW_WIDTH(WEIGHT_ROW_WIDTH),
        .PARAM_ROW_WIDTH (PARAM_ROW_WIDTH),
        .INDEX_WIDTH     (INDEX_WIDTH)
    ) sequencer (
        .clk                  (clk),
        .rst                  (rst_run),
        .start                (start),
        .entry                (entry),
        .bank                 (bank),
        .finished             (finished),
        .failed               (failed),
        .layer_index          (layer_index),
        .fetch_en             (fetch_en),
        .fetch_row            (fetch_row),
        .fetch_data           (fetch_data),
        .step_valid           (step_valid),
        .step_first           (step_first),
        .step_last            (step_last),
        .step_act_addr        (step_act_addr),
        .step_weight_row      (step_weight_row),
        .layer_start          (layer_start),
        .layer_output         (layer_output),
        .layer_output_stride  (layer_output_stride),
        .layer_positions      (layer_positions),
        .layer_tiles          (layer_tiles),
        .layer_last_channels  (layer_last_channels),
        .layer_param_row      (layer_param_row),
        .layer_single_rounding(layer_single_rounding),
        .layer_zero_point     (layer_zero_point),
        .layer_clamp_min      (layer_clamp_min),
        .layer_clamp_max      (layer_clamp_max),
        .layer_done           (layer_done)
    );

    edge_program_memory #(
        .ROW_WIDTH(INDEX_WIDTH + 2)
    ) program_memory (
        .clk               (clk),
        .rst               (rst),
        .read_en           (fetch_en),
        .read_row          (fetch_row),
        .read_data         (fetch_data),
        .host_wr_valid     (program_wr_valid),
        .host_wr_ready     (program_wr_ready),
        .host_wr_addr      (program_wr_addr),
        .host_wr_data      (program_wr_data),
        .host_rd_valid     (program_rd_valid),
        .host_rd_ready     (program_rd_ready),
        .host_rd_addr      (program_rd_addr),
        .host_rd_data_valid(program_rd_data_valid),
        .host_rd_data      (program_rd_data)
    );

    edge_stamps #(
        .INDEX_WIDTH(INDEX_WIDTH)
    ) stamps (
        .clk               (clk),
        .rst               (rst),
        .stamp_en          (layer_done),
        .stamp_index       (layer_index),
        .stamp             (cycles),
        .host_rd_valid     (stamp_rd_valid),
        .host_rd_ready     (stamp_rd_ready),
        .host_rd_addr      (stamp_rd_addr),
        .host_rd_data_valid(stamp_rd_data_valid),
        .host_rd_data      (stamp_rd_data)
    );

    wire [K_LANES*8-1:0]       activations;
    wire [REQUANT_LANES-1:0]   write_en;
    wire [ACT_ADDR_WIDTH-1:0]  write_addr;
    wire [REQUANT_LANES*8-1:0] write_data;

    edge_activation_memory #(
        .BANKS          (BANKS),
        .BANK_ADDR_WIDTH(ACT_ADDR_WIDTH - $clog2(BANKS)),
        .LANES          (K_LANES),
        .WRITE_LANES    (REQUANT_LANES)
    ) activation_memory (
        .clk               (clk),
        .rst               (rst),
        .read_addr         (step_act_addr),
        .read_data         (activations),
        .write_en          (write_en),
        .write_addr        (write_addr),
        .write_data        (write_data),
        .host_wr_valid     (act_wr_valid),
        .host_wr_ready     (act_wr_ready),
        .host_wr_addr      (act_wr_addr),
        .host_wr_data      (act_wr_data),
        .host_wr_strb      (act_wr_strb),
        .host_rd_valid     (act_rd_valid),
        .host_rd_ready     (act_rd_ready),
        .host_rd_addr      (act_rd_addr),
        .host_rd_data_valid(act_rd_data_valid),
        .host_rd_data      (act_rd_data)
    );

    // Weights are asked for later than activations, so that both arrive together.
    wire                        weight_read_en;
    wire [WEIGHT_ROW_WIDTH-1:0] weight_read_row;
    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(ACT_LATENCY - WEIGHT_LATENCY)
    ) weight_token (
        .clk(clk),
        .rst(rst_run),
        .d  (step_valid),
        .q  (weight_read_en)
    );
    edge_delay #(
        .WIDTH (WEIGHT_ROW_WIDTH),
        .CYCLES(ACT_LATENCY - WEIGHT_LATENCY)
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
        .rst               (rst),
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

    wire                   tile_valid;
    wire [OC_LANES*32-1:0] tile_sums;

    edge_mac_array #(
        .K_LANES    (K_LANES),
        .OC_LANES   (OC_LANES),
        .PACKED     (PACKED),
        .ACT_LATENCY(ACT_LATENCY)
    ) mac_array (
        .clk        (clk),
        .rst        (rst_run),
        .step_valid (step_valid),
        .step_first (step_first),
        .step_last  (step_last),
        .activations(activations),
        .weights    (weights),
        .tile_valid (tile_valid),
        .tile_sums  (tile_sums)
    );

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
        .rst               (rst),
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
        .OC_LANES       (OC_LANES),
        .LANES          (REQUANT_LANES),
        .ACT_ADDR_WIDTH (ACT_ADDR_WIDTH),
        .PARAM_ROW_WIDTH(PARAM_ROW_WIDTH)
    ) requantizer (
        .clk                  (clk),
        .rst                  (rst_run),
        .layer_start          (layer_start),
        .layer_output         (layer_output),
        .layer_output_stride  (layer_output_stride),
        .layer_positions      (layer_positions),
        .layer_tiles          (layer_tiles),
        .layer_last_channels  (layer_last_channels),
        .layer_param_row      (layer_param_row),
        .layer_single_rounding(layer_single_rounding),
        .layer_zero_point     (layer_zero_point),
        .layer_clamp_min      (layer_clamp_min),
        .layer_clamp_max      (layer_clamp_max),
        .layer_done           (layer_done),
        .tile_valid           (tile_valid),
        .tile_sums            (tile_sums),
        .param_read_en        (param_read_en),
        .param_read_row       (param_read_row),
        .param_bias           (param_bias),
        .param_multiplier     (param_multiplier),
        .param_left           (param_left),
        .param_right          (param_right),
        .write_en             (write_en),
        .write_addr           (write_addr),
        .write_data           (write_data)
    );

endmodule

`resetall
