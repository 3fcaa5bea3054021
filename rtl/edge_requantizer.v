// SPDX-License-Identifier: Apache-2.0
//
// Turns tiles of accumulators into int8 outputs and writes them, LANES channels a cycle.
//
// A tile comes with `tile_valid`; its sums hold until the next one, which is at least OC_LANES / LANES cycles
// away (the sequencer sees to that). Its channels go through the lanes in that many phases. This module counts
// tiles and positions for itself, from the layer's description, which holds from `layer_start` to `layer_done`.
// `layer_done` comes with the last write of the layer.

`default_nettype none

module edge_requantizer #(
    // Output channels in a tile.
    parameter integer OC_LANES = 16,
    // Requantisation lanes, a power of two that divides OC_LANES; at least 2.
    parameter integer LANES = 8,
    // Byte address bits of the activation memory.
    parameter integer ACT_ADDR_WIDTH = 16,
    // Row address bits of the parameter memory.
    parameter integer PARAM_ROW_WIDTH = 9
) (
    input  wire                       clk,
    input  wire                       rst,

    input  wire                       layer_start,
    input  wire [ACT_ADDR_WIDTH-1:0]  layer_output,
    input  wire [ACT_ADDR_WIDTH-1:0]  layer_output_stride,
    input  wire [15:0]                layer_positions,
    input  wire [15:0]                layer_tiles,
    input  wire [7:0]                 layer_last_channels,
    input  wire [PARAM_ROW_WIDTH-1:0] layer_param_row,
    input  wire                       layer_single_rounding,
    input  wire [7:0]                 layer_zero_point,
    input  wire [7:0]                 layer_clamp_min,
    input  wire [7:0]                 layer_clamp_max,
    output wire                       layer_done,

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
    output wire [LANES*8-1:0]         write_data
);

    localparam integer PHASES        = OC_LANES / LANES;
    localparam integer PARAM_LATENCY = 2;
    localparam integer LANE_LATENCY  = 9;
    localparam integer LATENCY       = PARAM_LATENCY + LANE_LATENCY;

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

    // ---- where in the layer this phase is ----
    reg [15:0]                tile;
    reg [15:0]                position;
    reg [PARAM_ROW_WIDTH-1:0] param_row;
    reg [ACT_ADDR_WIDTH-1:0]  position_output;
    reg [ACT_ADDR_WIDTH-1:0]  output_addr;

    wire tile_last     = tile == layer_tiles - 16'd1;
    wire position_last = position == layer_positions - 16'd1;
    wire row_end       = phase_valid && phase_last && tile_last;

    always @(posedge clk)
        if (layer_start) begin
            tile            <= 16'd0;
            position        <= 16'd0;
            param_row       <= layer_param_row;
            position_output <= layer_output;
            output_addr     <= layer_output;
        end else if (row_end) begin
            tile            <= 16'd0;
            position        <= position + 16'd1;
            param_row       <= layer_param_row;
            position_output <= position_output + layer_output_stride;
            output_addr     <= position_output + layer_output_stride;
        end else if (phase_valid) begin
            tile        <= phase_last ? tile + 16'd1 : tile;
            param_row   <= param_row + 1'b1;
            output_addr <= output_addr + LANES[ACT_ADDR_WIDTH-1:0];
        end

    assign param_read_en  = phase_valid;
    assign param_read_row = param_row;

    // ---- which of the phase's channels exist ----
    wire [7:0] channels = tile_last ? layer_last_channels : OC_LANES[7:0];
    wire [LANES-1:0] exists;
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_exists
            localparam [7:0] LANE = l;
            assign exists[l] = phase * LANES[7:0] + LANE < channels;
        end
    endgenerate

    // ---- the phase's sums, beside their parameters ----
    reg  [LANES*32-1:0] sums;
    wire [LANES*32-1:0] lane_sums;
    always @(posedge clk) sums <= tile_sums[phase[$clog2(PHASES+1)-1:0] * (LANES*32) +: LANES*32];

    edge_delay #(
        .WIDTH (LANES * 32),
        .CYCLES(PARAM_LATENCY - 1)
    ) sums_delay (
        .clk(clk),
        .d  (sums),
        .q  (lane_sums)
    );

    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_lane
            edge_requant_lane lane (
                .clk            (clk),
                .accumulator    (lane_sums[l*32 +: 32]),
                .bias           (param_bias[l*32 +: 32]),
                .multiplier     (param_multiplier[l*31 +: 31]),
                .left           (param_left[l*5 +: 5]),
                .right          (param_right[l*5 +: 5]),
                .single_rounding(layer_single_rounding),
                .zero_point     (layer_zero_point),
                .clamp_min      (layer_clamp_min),
                .clamp_max      (layer_clamp_max),
                .result         (write_data[l*8 +: 8])
            );
        end
    endgenerate

    // ---- tokens and address beside the data ----
    edge_token_delay #(
        .WIDTH (LANES + 1),
        .CYCLES(LATENCY)
    ) tokens (
        .clk(clk),
        .rst(rst),
        .d  ({row_end && position_last, exists & {LANES{phase_valid}}}),
        .q  ({layer_done, write_en})
    );

    edge_delay #(
        .WIDTH (ACT_ADDR_WIDTH),
        .CYCLES(LATENCY)
    ) address_delay (
        .clk(clk),
        .d  (output_addr),
        .q  (write_addr)
    );

endmodule

`resetall
