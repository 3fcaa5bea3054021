// SPDX-License-Identifier: Apache-2.0
//
// The vector unit: channelwise layers (depthwise convolution, pooling, elementwise operators, tables), VEC_LANES
// channels a cycle, one step a cycle.
//
// Cycles, for a step issued in cycle t (`read_valid`):
//   - a layer's first step comes 1 cycle after `layer_begin`, then there is one in every cycle, without a gap at
//     any turn; `issue_done` comes with the last one
//   - fused: a row's first step waits until a half of the row buffer is free; after `buffer_release` in cycle r a
//     waiting row starts in r + 1
//   - t + 7: `read_lanes`
//   - t + 23: the write of the position that the step ends, and `layer_done` of the layer that it ends, whether
//     the step gives an output or not
//   - t + 20: `buffer_rows` counts the row that the step ends; a read that is asked for then finds all of it
//   - chained: each `tile_token` is a step that at most reads the tile's second operand; each `chain_valid` counts as
//     a step of the layer, with `chain_data` and that operand as its lines 7 cycles later
//   - tables: the copy begins in the first cycle, not one of a `layer_begin`, that has `preload` and is at least t
//     + 6 for the unit's last step; 256 cycles later `table_ready` rises, and falls in the cycle after the next
//     `layer_begin`
//
// The layer and its index are valid in the cycle of `layer_begin` and hold until the next one. A layer's first
// step comes at least 8 cycles after the last step of the vector layer before it. What belongs to a layer is
// sampled beside its data twice on the way, so there may be any number of layers under way.
//
// `stop` forgets the layers under way; the memories and their word buses go on. Word buses: see edge_axil_slave.v.

`default_nettype none
`include "edge_host_interface.vh"

module edge_vector_unit #(
    // Channels per cycle, a power of two, at least 2.
    parameter integer VEC_LANES = 8,
    // Bytes per read of the array.
    parameter integer K_LANES = 24,
    // Of the array: channels of a tile, and outputs a cycle.
    parameter integer OC_LANES = 16,
    parameter integer REQUANT_LANES = 8,
    // Byte address bits of the activation memory.
    parameter integer ACT_ADDR_WIDTH = 16,
    // Rows of 9 * VEC_LANES weights, a power of two.
    parameter integer VEC_WEIGHT_ROWS = 512,
    // Channels with requantisation parameters, a power of two.
    parameter integer VEC_PARAM_CHANNELS = 4096,
    // Words of 32 bits, 512 to a pair of tables, a power of two.
    parameter integer TABLE_WORDS = 4096,
    // Bytes of the two halves together, a power of two.
    parameter integer ROW_BUFFER_BYTES = 4096,
    // Bits of a layer's index.
    parameter integer INDEX_WIDTH = 7,
    // 1: the lanes' tables lie in LUTs, 0: in block memory.
    parameter integer TABLES_IN_LUTS = 1,
    // 1: hardware multipliers have 25 x 18 bits, 0: 18 x 18.
    parameter integer WIDE_MULTIPLIERS = 1,
    // Derived.
    parameter integer WEIGHT_ROW_WIDTH = $clog2(VEC_WEIGHT_ROWS),
    parameter integer WEIGHT_ADDR_WIDTH = WEIGHT_ROW_WIDTH + $clog2((9 * VEC_LANES + 3) / 4),
    parameter integer PARAM_ADDR_WIDTH = $clog2(VEC_PARAM_CHANNELS) + 2,
    parameter integer TABLE_ADDR_WIDTH = $clog2(TABLE_WORDS),
    parameter integer BUFFER_ADDR_WIDTH = $clog2(ROW_BUFFER_BYTES)
) (
    input  wire                             clk,
    input  wire                             rst,
    input  wire                             stop,

    input  wire                             layer_begin,
    input  wire [`EDGE_DESC_USED_WIDTH-1:0] layer,
    input  wire [INDEX_WIDTH-1:0]           layer_index,
    input  wire                             preload,
    input  wire [15:0]                      preload_table,
    output wire                             table_ready,
    output wire                             issue_done,

    output wire                             read_valid,
    output wire [ACT_ADDR_WIDTH-1:0]        read_row_addr,
    output wire [ACT_ADDR_WIDTH+1:0]        read_x_offset,
    output wire [16:0]                      read_y,
    output wire                             read_plain,
    input  wire [3*VEC_LANES*8-1:0]         read_lanes,

    input  wire                             tile_token,
    input  wire                             chain_valid,
    input  wire                             chain_last,
    input  wire [ACT_ADDR_WIDTH-1:0]        chain_addr,
    input  wire [REQUANT_LANES-1:0]         chain_exists,
    input  wire [REQUANT_LANES*8-1:0]       chain_data,

    output wire [VEC_LANES-1:0]             write_en,
    output wire [ACT_ADDR_WIDTH-1:0]        write_addr,
    output wire [VEC_LANES*8-1:0]           write_data,
    output wire                             layer_done,
    output wire [INDEX_WIDTH-1:0]           layer_done_index,

    input  wire [BUFFER_ADDR_WIDTH-1:0]     buffer_read_addr,
    output wire [K_LANES*8-1:0]             buffer_read_data,
    output wire [1:0]                       buffer_rows,
    input  wire                             buffer_release,

    input  wire                             vec_weight_wr_valid,
    output wire                             vec_weight_wr_ready,
    output wire                             vec_weight_wr_error,
    input  wire [WEIGHT_ADDR_WIDTH-1:0]     vec_weight_wr_addr,
    input  wire [31:0]                      vec_weight_wr_data,
    input  wire                             vec_weight_rd_valid,
    output wire                             vec_weight_rd_ready,
    input  wire [WEIGHT_ADDR_WIDTH-1:0]     vec_weight_rd_addr,
    output wire                             vec_weight_rd_data_valid,
    output wire                             vec_weight_rd_error,
    output wire [31:0]                      vec_weight_rd_data,

    input  wire                             vec_param_wr_valid,
    output wire                             vec_param_wr_ready,
    input  wire [PARAM_ADDR_WIDTH-1:0]      vec_param_wr_addr,
    input  wire [31:0]                      vec_param_wr_data,
    input  wire                             vec_param_rd_valid,
    output wire                             vec_param_rd_ready,
    input  wire [PARAM_ADDR_WIDTH-1:0]      vec_param_rd_addr,
    output wire                             vec_param_rd_data_valid,
    output wire [31:0]                      vec_param_rd_data,

    input  wire                             table_wr_valid,
    output wire                             table_wr_ready,
    input  wire [TABLE_ADDR_WIDTH-1:0]      table_wr_addr,
    input  wire [31:0]                      table_wr_data,
    input  wire                             table_rd_valid,
    output wire                             table_rd_ready,
    input  wire [TABLE_ADDR_WIDTH-1:0]      table_rd_addr,
    output wire                             table_rd_data_valid,
    output wire [31:0]                      table_rd_data
);

    localparam integer WEIGHT_ASK      = 6;  // two cycles before the weights
    localparam integer ROW_LATENCY     = 20;
    localparam integer PARAM_ROW_WIDTH = $clog2(VEC_PARAM_CHANNELS / VEC_LANES);
    // Of an output, in the activation memory or the row buffer.
    localparam integer PLACE_WIDTH = ACT_ADDR_WIDTH > BUFFER_ADDR_WIDTH ? ACT_ADDR_WIDTH : BUFFER_ADDR_WIDTH;

    generate
        if (VEC_LANES < 2 || VEC_LANES != (1 << $clog2(VEC_LANES))) begin : gen_bad_lanes
            $error("edge_vector_unit: VEC_LANES must be a power of two, at least 2");
        end
    endgenerate

    wire rst_run = rst || stop;

    // ---- steps ----
    wire                        running;
    wire                        half_free;
    wire                        step_valid;
    wire                        step_first;
    wire                        step_tap_first;
    wire                        step_group_last;
    wire [WEIGHT_ROW_WIDTH-1:0] step_weight_row;
    wire                        row_begin;
    wire                        row_end;
    wire                        emit;
    wire                        emit_fused;
    wire                        layer_last;
    wire [PLACE_WIDTH-1:0]      place;
    wire [VEC_LANES-1:0]        exists;
    wire [PARAM_ROW_WIDTH-1:0]  param_row;
    wire [3*VEC_LANES*8-1:0]    lines;

    edge_vector_steps #(
        .LANES           (VEC_LANES),
        .OC_LANES        (OC_LANES),
        .REQUANT_LANES   (REQUANT_LANES),
        .ACT_ADDR_WIDTH  (ACT_ADDR_WIDTH),
        .PLACE_WIDTH     (PLACE_WIDTH),
        .WEIGHT_ROW_WIDTH(WEIGHT_ROW_WIDTH),
        .PARAM_ROW_WIDTH (PARAM_ROW_WIDTH),
        .ROW_BUFFER_BYTES(ROW_BUFFER_BYTES)
    ) steps (
        .clk            (clk),
        .rst            (rst_run),
        .layer_begin    (layer_begin),
        .layer          (layer),
        .running        (running),
        .issue_done     (issue_done),
        .half_free      (half_free),
        .tile_token     (tile_token),
        .chain_valid    (chain_valid),
        .chain_last     (chain_last),
        .chain_addr     (chain_addr),
        .chain_exists   (chain_exists),
        .chain_data     (chain_data),
        .read_valid     (read_valid),
        .read_plain     (read_plain),
        .read_row_addr  (read_row_addr),
        .read_x_offset  (read_x_offset),
        .read_y         (read_y),
        .read_lanes     (read_lanes),
        .step_valid     (step_valid),
        .step_first     (step_first),
        .step_tap_first (step_tap_first),
        .step_group_last(step_group_last),
        .step_weight_row(step_weight_row),
        .row_begin      (row_begin),
        .row_end        (row_end),
        .emit           (emit),
        .emit_fused     (emit_fused),
        .layer_last     (layer_last),
        .place          (place),
        .exists         (exists),
        .param_row      (param_row),
        .lines_7        (lines)
    );

    // ---- weights ----
    wire [WEIGHT_ROW_WIDTH-1:0] weight_row;
    edge_delay #(
        .WIDTH (WEIGHT_ROW_WIDTH),
        .CYCLES(WEIGHT_ASK)
    ) weight_row_delay (
        .clk(clk),
        .d  (step_weight_row),
        .q  (weight_row)
    );

    wire                    weights_asked;
    wire [VEC_LANES*72-1:0] weights;
    edge_vector_weight_memory #(
        .LANES    (VEC_LANES),
        .ROW_WIDTH(WEIGHT_ROW_WIDTH)
    ) weight_memory (
        .clk               (clk),
        .rst               (rst),
        .read_en           (weights_asked),
        .read_row          (weight_row),
        .read_data         (weights),
        .host_wr_valid     (vec_weight_wr_valid),
        .host_wr_ready     (vec_weight_wr_ready),
        .host_wr_error     (vec_weight_wr_error),
        .host_wr_addr      (vec_weight_wr_addr),
        .host_wr_data      (vec_weight_wr_data),
        .host_rd_valid     (vec_weight_rd_valid),
        .host_rd_ready     (vec_weight_rd_ready),
        .host_rd_addr      (vec_weight_rd_addr),
        .host_rd_data_valid(vec_weight_rd_data_valid),
        .host_rd_error     (vec_weight_rd_error),
        .host_rd_data      (vec_weight_rd_data)
    );

    // ---- tables ----
    wire        idle;
    wire        load_en;
    wire [7:0]  load_index;
    wire [31:0] load_a;
    wire [31:0] load_b;
    edge_table_memory #(
        .WORDS(TABLE_WORDS)
    ) table_memory (
        .clk               (clk),
        .rst               (rst),
        .stop              (stop),
        .layer_begin       (layer_begin),
        .preload           (preload),
        .preload_table     (preload_table),
        .idle              (!running && idle),
        .table_ready       (table_ready),
        .load_en           (load_en),
        .load_index        (load_index),
        .load_a            (load_a),
        .load_b            (load_b),
        .host_wr_valid     (table_wr_valid),
        .host_wr_ready     (table_wr_ready),
        .host_wr_addr      (table_wr_addr),
        .host_wr_data      (table_wr_data),
        .host_rd_valid     (table_rd_valid),
        .host_rd_ready     (table_rd_ready),
        .host_rd_addr      (table_rd_addr),
        .host_rd_data_valid(table_rd_data_valid),
        .host_rd_data      (table_rd_data)
    );

    // ---- sums ----
    wire                    sums_valid;
    wire [VEC_LANES*32-1:0] sums;
    wire                    single_rounding;
    wire [7:0]              zero_point;
    wire [7:0]              clamp_min;
    wire [7:0]              clamp_max;
    wire [INDEX_WIDTH-1:0]  index;

    edge_vector_datapath #(
        .LANES         (VEC_LANES),
        .INDEX_WIDTH   (INDEX_WIDTH),
        .TABLES_IN_LUTS(TABLES_IN_LUTS)
    ) datapath (
        .clk            (clk),
        .rst            (rst_run),
        .layer          (layer),
        .layer_index    (layer_index),
        .step_valid     (step_valid),
        .step_first     (step_first),
        .step_tap_first (step_tap_first),
        .step_group_last(step_group_last),
        .weights_asked  (weights_asked),
        .lines_7        (lines),
        .weights_8      (weights),
        .idle           (idle),
        .load_en        (load_en),
        .load_index     (load_index),
        .load_a         (load_a),
        .load_b         (load_b),
        .valid_14       (sums_valid),
        .sums_14        (sums),
        .single_rounding(single_rounding),
        .zero_point     (zero_point),
        .clamp_min      (clamp_min),
        .clamp_max      (clamp_max),
        .index          (index)
    );

    // ---- outputs ----
    wire                   write_fused;
    wire [PLACE_WIDTH-1:0] write_place;

    edge_vector_requantizer #(
        .LANES           (VEC_LANES),
        .ADDR_WIDTH      (PLACE_WIDTH),
        .PARAM_ROW_WIDTH (PARAM_ROW_WIDTH),
        .INDEX_WIDTH     (INDEX_WIDTH),
        .WIDE_MULTIPLIERS(WIDE_MULTIPLIERS)
    ) requantizer (
        .clk               (clk),
        .rst               (rst),
        .stop              (stop),
        .emit              (emit),
        .emit_fused        (emit_fused),
        .layer_last        (layer_last),
        .addr              (place),
        .exists            (exists),
        .param_row         (param_row),
        .valid_14          (sums_valid),
        .sums_14           (sums),
        .single_rounding   (single_rounding),
        .zero_point        (zero_point),
        .clamp_min         (clamp_min),
        .clamp_max         (clamp_max),
        .index             (index),
        .write_en          (write_en),
        .write_fused       (write_fused),
        .write_addr        (write_place),
        .write_data        (write_data),
        .layer_done        (layer_done),
        .layer_done_index  (layer_done_index),
        .host_wr_valid     (vec_param_wr_valid),
        .host_wr_ready     (vec_param_wr_ready),
        .host_wr_addr      (vec_param_wr_addr),
        .host_wr_data      (vec_param_wr_data),
        .host_rd_valid     (vec_param_rd_valid),
        .host_rd_ready     (vec_param_rd_ready),
        .host_rd_addr      (vec_param_rd_addr),
        .host_rd_data_valid(vec_param_rd_data_valid),
        .host_rd_data      (vec_param_rd_data)
    );
    assign write_addr = write_place[ACT_ADDR_WIDTH-1:0];

    // ---- row buffer ----
    wire row_complete;
    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(ROW_LATENCY - 1)
    ) row_delay (
        .clk(clk),
        .rst(rst_run),
        .d  (row_end),
        .q  (row_complete)
    );

    edge_row_buffer #(
        .LANES     (VEC_LANES),
        .READ_LANES(K_LANES),
        .BYTES     (ROW_BUFFER_BYTES)
    ) row_buffer (
        .clk         (clk),
        .rst         (rst_run),
        .half_free   (half_free),
        .row_begin   (row_begin),
        .row_complete(row_complete),
        .release_row (buffer_release),
        .rows        (buffer_rows),
        .write_en    (write_fused),
        .write_addr  (write_place[BUFFER_ADDR_WIDTH-1:0]),
        .write_data  (write_data),
        .read_addr   (buffer_read_addr),
        .read_data   (buffer_read_data)
    );

    generate
        if (PLACE_WIDTH > BUFFER_ADDR_WIDTH) begin : gen_unused_place
            wire unused_place = &{1'b0, write_place[PLACE_WIDTH-1:BUFFER_ADDR_WIDTH]};
        end else if (PLACE_WIDTH > ACT_ADDR_WIDTH) begin : gen_unused_high
            wire unused_place = &{1'b0, write_place[PLACE_WIDTH-1:ACT_ADDR_WIDTH]};
        end
    endgenerate

endmodule

`resetall
