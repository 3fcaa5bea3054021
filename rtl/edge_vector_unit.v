// SPDX-License-Identifier: Apache-2.0
//
// The vector unit: channelwise layers (depthwise convolution, pooling, elementwise operators, tables), VEC_LANES channels
// a cycle, one step a cycle.
//
// Cycles, for a step issued in cycle t (`read_valid`):
//   - a layer's first step comes 1 cycle after `layer_begin`; then there is a step in every cycle; the last one is issued
//     with `issue_done`, steps - 1 cycles after the first
//   - fused: a row's first step waits until one of the buffer's halves is free; after `buffer_release` in cycle r a
//     waiting row starts in r + 1
//   - t + READ_LATENCY: `read_lanes`; t + WRITE_LATENCY: the position's write (`write_en`) and `layer_done`, which belongs
//     to the layer's last step whether that gives an output or not
//   - t + ROW_LATENCY: `buffer_rows` counts the row that the step ends
//   - tables: the copy begins in the first cycle with `preload` that is not the cycle of a `layer_begin` and at least
//     TABLE_GAP cycles after the unit's last step (t + TABLE_GAP); `table_ready` rises TABLE_CYCLES later and falls
//     in the cycle after the next `layer_begin`
//
// The layer and its index are valid in the cycle of `layer_begin` and hold until the next one. A layer's first step comes
// at least READ_LATENCY + 1 cycles after the last step of the vector layer before it. What belongs to a layer is sampled beside its data
// twice on the way, so any number of layers may be under way.
//
// `stop` forgets the layers under way; the memories and their word buses go on. Word buses: see edge_axil_slave.v.

`default_nettype none
`include "edge_host_interface.vh"

module edge_vector_unit #(
    // Channels per cycle, a power of two, at least 2.
    parameter integer VEC_LANES = 8,
    // Bytes per read of the array.
    parameter integer K_LANES = 24,
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
    input  wire [3*VEC_LANES*8-1:0]         read_lanes,

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

    localparam integer READ_LATENCY    = 7;
    localparam integer WEIGHT_LATENCY  = 2;
    localparam integer SUMS_LATENCY    = 14; // from a position's last step to its accumulators
    localparam integer REQUANT_ASK     = SUMS_LATENCY - 2;
    localparam integer WRITE_LATENCY   = 23;
    localparam integer ROW_LATENCY     = 20;
    localparam integer TABLE_GAP       = 6;
    localparam integer TABLE_CYCLES    = 256;
    localparam integer PARAM_ROW_WIDTH = $clog2(VEC_PARAM_CHANNELS / VEC_LANES);
    // Of an output, in the activation memory or the row buffer.
    localparam integer PLACE_WIDTH = ACT_ADDR_WIDTH > BUFFER_ADDR_WIDTH ? ACT_ADDR_WIDTH : BUFFER_ADDR_WIDTH;

    wire unused_latencies = &{1'b0, WRITE_LATENCY[0], TABLE_CYCLES[0]};
    wire rst_run = rst || stop;

    // ---- steps ----
    wire                        running;
    wire                        half_free;
    wire                        step_valid;
    wire                        step_first;
    wire                        step_row_first;
    wire                        step_tap_first;
    wire                        step_group_last;
    wire                        step_tile_last;
    wire                        position_end;
    wire                        tile_end;
    wire                        row_end;
    wire [WEIGHT_ROW_WIDTH-1:0] step_weight_row;

    edge_vector_walker #(
        .ACT_ADDR_WIDTH  (ACT_ADDR_WIDTH),
        .WEIGHT_ROW_WIDTH(WEIGHT_ROW_WIDTH)
    ) walker (
        .clk            (clk),
        .rst            (rst_run),
        .layer_begin    (layer_begin),
        .layer          (layer),
        .running        (running),
        .issue_done     (issue_done),
        .half_free      (half_free),
        .step_valid     (step_valid),
        .step_first     (step_first),
        .step_row_first (step_row_first),
        .step_tap_first (step_tap_first),
        .step_group_last(step_group_last),
        .step_tile_last (step_tile_last),
        .position_end   (position_end),
        .tile_end       (tile_end),
        .row_end        (row_end),
        .step_row_addr  (read_row_addr),
        .step_x_offset  (read_x_offset),
        .step_y         (read_y),
        .step_weight_row(step_weight_row)
    );
    assign read_valid = step_valid;

    wire                       step_emit;
    wire [PLACE_WIDTH-1:0]     step_place;
    wire [VEC_LANES-1:0]       step_exists;
    wire [PARAM_ROW_WIDTH-1:0] step_param_row;

    edge_vector_places #(
        .LANES           (VEC_LANES),
        .ADDR_WIDTH      (PLACE_WIDTH),
        .PARAM_ROW_WIDTH (PARAM_ROW_WIDTH),
        .ROW_BUFFER_BYTES(ROW_BUFFER_BYTES)
    ) places (
        .clk         (clk),
        .layer_begin (layer_begin),
        .layer       (layer),
        .tile_last   (step_tile_last),
        .position_end(position_end),
        .tile_end    (tile_end),
        .row_end     (row_end),
        .emit        (step_emit),
        .addr        (step_place),
        .exists      (step_exists),
        .param_row   (step_param_row)
    );

    // ---- the step on its way: valid_on[k] is k cycles after it ----
    wire fused = layer[`EDGE_DESC_FUSED];

    reg [SUMS_LATENCY:1] valid_on;
    always @(posedge clk)
        if (rst_run) valid_on <= {SUMS_LATENCY{1'b0}};
        else         valid_on <= {valid_on[SUMS_LATENCY-1:1], step_valid};
    initial valid_on = {SUMS_LATENCY{1'b0}};

    reg [SUMS_LATENCY-1:1] first_on;
    always @(posedge clk) first_on <= {first_on[SUMS_LATENCY-2:1], step_first};

    wire [1:0] lines_8;
    edge_delay #(
        .WIDTH (2),
        .CYCLES(READ_LATENCY + 1)
    ) lines_delay (
        .clk(clk),
        .d  (step_group_last ? layer[`EDGE_DESC_LINES] : 2'd3),
        .q  (lines_8)
    );

    wire use_both = layer[`EDGE_DESC_USE_B];
    wire use_a_10;
    wire use_b_10;
    edge_delay #(
        .WIDTH (2),
        .CYCLES(READ_LATENCY + 3)
    ) use_delay (
        .clk(clk),
        .d  ({use_both || step_tap_first, use_both || !step_tap_first}),
        .q  ({use_a_10, use_b_10})
    );

    // What belongs to the layer, sampled beside each step: from 7 to at least 14 cycles after it.
    reg [2:0]             func;
    reg                   both_lines;
    reg [8:0]             offset_a;
    reg [8:0]             offset_b;
    reg                   single_rounding;
    reg [7:0]             zero_point;
    reg [7:0]             clamp_min;
    reg [7:0]             clamp_max;
    reg [INDEX_WIDTH-1:0] index;
    always @(posedge clk)
        if (valid_on[READ_LATENCY-1]) begin
            func            <= layer[`EDGE_DESC_FUNCTION];
            both_lines      <= use_both;
            offset_a        <= layer[`EDGE_DESC_OFFSET_A];
            offset_b        <= layer[`EDGE_DESC_OFFSET_B];
            single_rounding <= layer[`EDGE_DESC_SINGLE_ROUNDING];
            zero_point      <= layer[`EDGE_DESC_ZERO_POINT];
            clamp_min       <= layer[`EDGE_DESC_CLAMP_MIN];
            clamp_max       <= layer[`EDGE_DESC_CLAMP_MAX];
            index           <= layer_index;
        end

    // ---- weights ----
    wire [WEIGHT_ROW_WIDTH-1:0] weight_row;
    edge_delay #(
        .WIDTH (WEIGHT_ROW_WIDTH),
        .CYCLES(READ_LATENCY + 1 - WEIGHT_LATENCY)
    ) weight_row_delay (
        .clk(clk),
        .d  (step_weight_row),
        .q  (weight_row)
    );

    wire [VEC_LANES*72-1:0] weights;
    edge_vector_weight_memory #(
        .LANES    (VEC_LANES),
        .ROW_WIDTH(WEIGHT_ROW_WIDTH)
    ) weight_memory (
        .clk               (clk),
        .rst               (rst),
        .read_en           (valid_on[READ_LATENCY+1-WEIGHT_LATENCY]),
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
        .idle              (!running && valid_on[TABLE_GAP-1:1] == {TABLE_GAP-1{1'b0}}),
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

    // ---- channels ----
    wire [VEC_LANES*32-1:0] sums;
    genvar v;
    generate
        for (v = 0; v < VEC_LANES; v = v + 1) begin : gen_channel
            // Byte slot * 3 + line of the channel's weights.
            wire [71:0] channel_weights;
            genvar p;
            for (p = 0; p < 9; p = p + 1) begin : gen_weight
                assign channel_weights[p*8 +: 8] = weights[(p*VEC_LANES+v)*8 +: 8];
            end
            edge_vector_channel #(
                .TABLES_IN_LUTS(TABLES_IN_LUTS)
            ) channel (
                .clk        (clk),
                .func       (func),
                .use_both   (both_lines),
                .offset_a   (offset_a),
                .offset_b   (offset_b),
                .valid_7    (valid_on[7]),
                .column_7   ({read_lanes[(2*VEC_LANES+v)*8 +: 8],
                              read_lanes[(VEC_LANES+v)*8 +: 8],
                              read_lanes[v*8 +: 8]}),
                .valid_8    (valid_on[8]),
                .first_8    (first_on[8]),
                .lines_8    (lines_8),
                .weights_8  (channel_weights),
                .use_a_10   (use_a_10),
                .use_b_10   (use_b_10),
                .valid_13   (valid_on[13]),
                .first_13   (first_on[13]),
                .accumulator(sums[v*32 +: 32]),
                .load_en    (load_en),
                .load_index (load_index),
                .load_a     (load_a),
                .load_b     (load_b)
            );
        end
    endgenerate

    // ---- outputs ----
    wire emit_12;
    wire emit_fused_12;
    wire layer_last_12;
    edge_token_delay #(
        .WIDTH (3),
        .CYCLES(REQUANT_ASK)
    ) emit_delay (
        .clk(clk),
        .rst(rst_run),
        .d  ({step_emit && !fused, step_emit && fused, issue_done}),
        .q  ({emit_12, emit_fused_12, layer_last_12})
    );

    wire [PLACE_WIDTH-1:0]     place_12;
    wire [VEC_LANES-1:0]       exists_12;
    wire [PARAM_ROW_WIDTH-1:0] param_row_12;
    edge_delay #(
        .WIDTH (PLACE_WIDTH + VEC_LANES + PARAM_ROW_WIDTH),
        .CYCLES(REQUANT_ASK)
    ) place_delay (
        .clk(clk),
        .d  ({step_place, step_exists, step_param_row}),
        .q  ({place_12, exists_12, param_row_12})
    );

    wire                       param_read_en;
    wire [PARAM_ROW_WIDTH-1:0] param_read_row;
    wire [VEC_LANES*32-1:0]    param_bias;
    wire [VEC_LANES*31-1:0]    param_multiplier;
    wire [VEC_LANES*5-1:0]     param_left;
    wire [VEC_LANES*5-1:0]     param_right;

    edge_parameter_memory #(
        .LANES    (VEC_LANES),
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

    wire                   write_fused;
    wire [PLACE_WIDTH-1:0] write_place;

    edge_vector_requantizer #(
        .LANES          (VEC_LANES),
        .ADDR_WIDTH     (PLACE_WIDTH),
        .PARAM_ROW_WIDTH(PARAM_ROW_WIDTH),
        .INDEX_WIDTH    (INDEX_WIDTH)
    ) requantizer (
        .clk             (clk),
        .rst             (rst_run),
        .emit            (emit_12),
        .emit_fused      (emit_fused_12),
        .layer_last      (layer_last_12),
        .addr            (place_12),
        .exists          (exists_12),
        .param_row       (param_row_12),
        .sums            (sums),
        .sample          (valid_on[SUMS_LATENCY]),
        .single_rounding (single_rounding),
        .zero_point      (zero_point),
        .clamp_min       (clamp_min),
        .clamp_max       (clamp_max),
        .index           (index),
        .param_read_en   (param_read_en),
        .param_read_row  (param_read_row),
        .param_bias      (param_bias),
        .param_multiplier(param_multiplier),
        .param_left      (param_left),
        .param_right     (param_right),
        .write_en        (write_en),
        .write_fused     (write_fused),
        .write_addr      (write_place),
        .write_data      (write_data),
        .layer_done      (layer_done),
        .layer_done_index(layer_done_index)
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
        .d  (row_end && fused),
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
        .row_begin   (step_valid && step_row_first && fused),
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
