// SPDX-License-Identifier: Apache-2.0
//
// Turns tiles of accumulators into int8 outputs and writes them, LANES channels a cycle.
//
// `tile_valid` comes SUMS_AFTER cycles before its tile, so that the parameters are asked for in time; the sums hold
// until those of the next one, which is at least OC_LANES / LANES cycles away (the walker sees to that). A tile's
// channels go through the lanes in that many phases. This module counts tiles, positions and rows for itself. `layer`
// holds from one `layer_begin` to the next, which may come while the layer before it is still under way here, but not
// a second one. `layer_done` comes with the last write of the layer, `layer_done_index` with it.
//
// A chained layer writes nothing: `chain_valid` comes CHAIN_AHEAD cycles before each phase's outputs are in
// `write_data`, with where they go, and `chain_last` with those of the last one.

`default_nettype none
`include "edge_host_interface.vh"

module edge_requantizer #(
    // Output channels in a tile.
    parameter integer OC_LANES = 16,
    // Requantisation lanes, a power of two that divides OC_LANES; at least 2.
    parameter integer LANES = 8,
    // Byte address bits of the activation memory.
    parameter integer ACT_ADDR_WIDTH = 16,
    // Row address bits of the parameter memory.
    parameter integer PARAM_ROW_WIDTH = 9,
    // Bits of a descriptor's index.
    parameter integer INDEX_WIDTH = 6,
    // 1: hardware multipliers have 25 x 18 bits, 0: 18 x 18.
    parameter integer WIDE_MULTIPLIERS = 1,
    // Cycles from `tile_valid` to the sums, 0 to 2, as many as the parameters take.
    parameter integer SUMS_AFTER = 2,
    // Cycles by which a chained layer's outputs are announced, at most 9.
    parameter integer CHAIN_AHEAD = 7
) (
    input  wire                       clk,
    input  wire                       rst,

    input  wire                       layer_begin,
    input  wire [`EDGE_DESC_USED_WIDTH-1:0] layer,
    input  wire [INDEX_WIDTH-1:0]     layer_index,
    output wire                       layer_done,
    output wire [INDEX_WIDTH-1:0]     layer_done_index,

    input  wire                       tile_valid,
    input  wire [OC_LANES*32-1:0]     tile_sums,

    output wire                       param_read_en,
    output wire [PARAM_ROW_WIDTH-1:0] param_read_row,
    input  wire [LANES*32-1:0]        param_bias,
    input  wire [LANES*31-1:0]        param_multiplier,
    input  wire [LANES*5-1:0]         param_left,
    input  wire [LANES*5-1:0]         param_right,

    output wire [LANES-1:0]           write_en,
    output wire [ACT_ADDR_WIDTH-1:0]  write_addr,
    output wire [LANES*8-1:0]         write_data,

    output wire                       chain_valid,
    output wire                       chain_last,
    output wire [ACT_ADDR_WIDTH-1:0]  chain_addr,
    output wire [LANES-1:0]           chain_exists
);

    localparam integer PHASES        = OC_LANES / LANES;
    localparam integer PARAM_LATENCY = 2;
    localparam integer LANE_LATENCY  = 9;
    localparam integer LATENCY       = PARAM_LATENCY + LANE_LATENCY;
    // Cycles from a lane's inputs to the stage that takes each of these.
    localparam integer ROUND_STAGE   = 4;
    localparam integer OFFSET_STAGE  = 7;
    localparam integer CLAMP_STAGE   = 8;

    generate
        if (LANES < 2 || LANES != (1 << $clog2(LANES)) || OC_LANES % LANES != 0) begin : gen_bad_lanes
            $error("edge_requantizer: LANES must be a power of two, at least 2, that divides OC_LANES");
        end
    endgenerate

    // ---- phases: phase 0 in the cycle of tile_valid, the others after it ----
    wire [7:0] phase;
    wire       phase_valid;
    wire       phase_last;
    generate
        if (PHASES == 1) begin : gen_one_phase
            assign phase       = 8'd0;
            assign phase_valid = tile_valid;
            assign phase_last  = 1'b1;
        end else begin : gen_phases
            reg [7:0] following;
            always @(posedge clk)
                if (rst)             following <= 8'd0;
                else if (phase_last) following <= 8'd0;
                else if (phase_valid) following <= phase + 8'd1;
            initial following = 8'd0;
            assign phase       = following;
            assign phase_valid = tile_valid || following != 8'd0;
            assign phase_last  = following == PHASES[7:0] - 8'd1;
        end
    endgenerate

    // ---- the layer under way, and perhaps one behind it ----
    reg                       active;
    reg                       behind;
    reg [INDEX_WIDTH-1:0]     index;
    reg [ACT_ADDR_WIDTH-1:0]  output_row_step;
    reg [ACT_ADDR_WIDTH-1:0]  output_pos_step;
    reg [15:0]                positions;
    reg [15:0]                tiles;
    reg [7:0]                 last_channels;
    reg [PARAM_ROW_WIDTH-1:0] first_param_row;
    reg                       param_hold;
    reg                       single_rounding;
    reg                       chained;
    reg [7:0]                 zero_point;
    reg [7:0]                 clamp_min;
    reg [7:0]                 clamp_max;

    // ---- where in the layer this phase is ----
    reg [PARAM_ROW_WIDTH-1:0] param_row;
    reg [ACT_ADDR_WIDTH-1:0]  row_output;
    reg [ACT_ADDR_WIDTH-1:0]  position_output;
    reg [ACT_ADDR_WIDTH-1:0]  output_addr;

    wire tile_last;
    wire position_last;
    wire row_last;
    wire tile_ends     = phase_valid && phase_last;
    wire position_ends = tile_ends && tile_last;
    wire row_ends      = position_ends && position_last;
    wire layer_ends    = row_ends && row_last;

    wire take = (layer_begin && !active) || (layer_ends && (behind || layer_begin));

    always @(posedge clk)
        if (rst)             active <= 1'b0;
        else if (take)       active <= 1'b1;
        else if (layer_ends) active <= 1'b0;

    always @(posedge clk)
        if (rst || take)      behind <= 1'b0;
        else if (layer_begin) behind <= 1'b1;

    initial begin
        active = 1'b0;
        behind = 1'b0;
    end

    always @(posedge clk)
        if (take) begin
            index           <= layer_index;
            output_row_step <= layer[`EDGE_AT_OUT_ROW_STEP +: ACT_ADDR_WIDTH];
            output_pos_step <= layer[`EDGE_AT_OUT_POS_STEP +: ACT_ADDR_WIDTH];
            positions       <= layer[`EDGE_DESC_POSITIONS];
            tiles           <= layer[`EDGE_DESC_TILES];
            last_channels   <= layer[`EDGE_DESC_LAST_CHANNELS];
            first_param_row <= layer[`EDGE_AT_PARAM_ROW +: PARAM_ROW_WIDTH];
            param_hold      <= layer[`EDGE_DESC_PARAM_HOLD];
            single_rounding <= layer[`EDGE_DESC_SINGLE_ROUNDING];
            chained         <= layer[`EDGE_DESC_CHAINED];
            zero_point      <= layer[`EDGE_DESC_ZERO_POINT];
            clamp_min       <= layer[`EDGE_DESC_CLAMP_MIN];
            clamp_max       <= layer[`EDGE_DESC_CLAMP_MAX];
        end

    wire [ACT_ADDR_WIDTH-1:0]  layer_output    = layer[`EDGE_AT_OUTPUT +: ACT_ADDR_WIDTH];
    wire [PARAM_ROW_WIDTH-1:0] layer_param_row = layer[`EDGE_AT_PARAM_ROW +: PARAM_ROW_WIDTH];
    wire [ACT_ADDR_WIDTH-1:0]  next_row        = row_output + output_row_step;
    wire [ACT_ADDR_WIDTH-1:0]  next_position   = position_output + output_pos_step;

    edge_loop_counter rows_counter (
        .clk    (clk),
        .load   (take),
        .advance(row_ends),
        .rounds (layer[`EDGE_DESC_ROWS]),
        .last   (row_last)
    );

    edge_loop_counter positions_counter (
        .clk    (clk),
        .load   (take),
        .advance(position_ends),
        .rounds (take ? layer[`EDGE_DESC_POSITIONS] : positions),
        .last   (position_last)
    );

    edge_loop_counter tiles_counter (
        .clk    (clk),
        .load   (take),
        .advance(tile_ends),
        .rounds (take ? layer[`EDGE_DESC_TILES] : tiles),
        .last   (tile_last)
    );

    always @(posedge clk)
        if (take)                                              param_row <= layer_param_row;
        else if (position_ends || (tile_ends && param_hold))   param_row <= first_param_row;
        else if (phase_valid)                                  param_row <= param_row + 1'b1;

    always @(posedge clk)
        if (take) begin
            row_output      <= layer_output;
            position_output <= layer_output;
            output_addr     <= layer_output;
        end else if (row_ends) begin
            row_output      <= next_row;
            position_output <= next_row;
            output_addr     <= next_row;
        end else if (position_ends) begin
            position_output <= next_position;
            output_addr     <= next_position;
        end else if (phase_valid) begin
            output_addr     <= output_addr + LANES[ACT_ADDR_WIDTH-1:0];
        end

    assign param_read_en  = phase_valid;
    assign param_read_row = param_row;

    // ---- which of the phase's channels exist ----
    wire [7:0] channels = tile_last ? last_channels : OC_LANES[7:0];
    wire [LANES-1:0] exists;
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_exists
            localparam [7:0] LANE = l;
            assign exists[l] = phase * LANES[7:0] + LANE < channels;
        end
    endgenerate

    // ---- the phase's sums, beside their parameters ----
    localparam integer PHASE_WIDTH = $clog2(PHASES + 1);
    wire [PHASE_WIDTH-1:0] phase_of_sums;
    wire [LANES*32-1:0]    lane_sums;
    edge_delay #(
        .WIDTH (PHASE_WIDTH),
        .CYCLES(SUMS_AFTER)
    ) phase_delay (
        .clk(clk),
        .d  (phase[PHASE_WIDTH-1:0]),
        .q  (phase_of_sums)
    );
    edge_delay #(
        .WIDTH (LANES * 32),
        .CYCLES(PARAM_LATENCY - SUMS_AFTER)
    ) sums_delay (
        .clk(clk),
        .d  (tile_sums[phase_of_sums * (LANES*32) +: LANES*32]),
        .q  (lane_sums)
    );

    // What holds for a layer reaches the lanes' stages with its sums (the stages: edge_requant_lane.v).
    wire       lane_single_rounding;
    wire [7:0] lane_zero_point;
    wire [7:0] lane_clamp_min;
    wire [7:0] lane_clamp_max;
    edge_delay #(
        .WIDTH (1),
        .CYCLES(PARAM_LATENCY + ROUND_STAGE)
    ) rounding_delay (
        .clk(clk),
        .d  (single_rounding),
        .q  (lane_single_rounding)
    );
    edge_delay #(
        .WIDTH (8),
        .CYCLES(PARAM_LATENCY + OFFSET_STAGE)
    ) zero_point_delay (
        .clk(clk),
        .d  (zero_point),
        .q  (lane_zero_point)
    );
    edge_delay #(
        .WIDTH (16),
        .CYCLES(PARAM_LATENCY + CLAMP_STAGE)
    ) clamp_delay (
        .clk(clk),
        .d  ({clamp_min, clamp_max}),
        .q  ({lane_clamp_min, lane_clamp_max})
    );

    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_lane
            edge_requant_lane #(
                .WIDE_MULTIPLIERS(WIDE_MULTIPLIERS)
            ) lane (
                .clk            (clk),
                .accumulator    (lane_sums[l*32 +: 32]),
                .bias           (param_bias[l*32 +: 32]),
                .multiplier     (param_multiplier[l*31 +: 31]),
                .left           (param_left[l*5 +: 5]),
                .right          (param_right[l*5 +: 5]),
                .single_rounding(lane_single_rounding),
                .zero_point     (lane_zero_point),
                .clamp_min      (lane_clamp_min),
                .clamp_max      (lane_clamp_max),
                .result         (write_data[l*8 +: 8])
            );
        end
    endgenerate

    // ---- tokens and address beside the data ----
    wire                   ahead_valid;
    wire                   ahead_last;
    wire                   ahead_chained;
    wire [LANES-1:0]       ahead_exists;
    wire [INDEX_WIDTH-1:0] ahead_index;
    edge_token_delay #(
        .WIDTH (LANES + 3),
        .CYCLES(LATENCY - CHAIN_AHEAD)
    ) tokens_ahead (
        .clk(clk),
        .rst(rst),
        .d  ({phase_valid, layer_ends, chained, exists & {LANES{phase_valid}}}),
        .q  ({ahead_valid, ahead_last, ahead_chained, ahead_exists})
    );
    edge_token_delay #(
        .WIDTH (LANES + 1),
        .CYCLES(CHAIN_AHEAD)
    ) tokens (
        .clk(clk),
        .rst(rst),
        .d  ({ahead_last, ahead_exists & {LANES{!ahead_chained}}}),
        .q  ({layer_done, write_en})
    );

    edge_delay #(
        .WIDTH (ACT_ADDR_WIDTH + INDEX_WIDTH),
        .CYCLES(LATENCY - CHAIN_AHEAD)
    ) address_ahead_delay (
        .clk(clk),
        .d  ({output_addr, index}),
        .q  ({chain_addr, ahead_index})
    );
    edge_delay #(
        .WIDTH (ACT_ADDR_WIDTH + INDEX_WIDTH),
        .CYCLES(CHAIN_AHEAD)
    ) address_delay (
        .clk(clk),
        .d  ({chain_addr, ahead_index}),
        .q  ({write_addr, layer_done_index})
    );

    assign chain_valid  = ahead_valid && ahead_chained;
    assign chain_last   = ahead_last && ahead_chained;
    assign chain_exists = ahead_exists;

endmodule

`resetall
