// SPDX-License-Identifier: Apache-2.0
//
// From the vector unit's steps to the accumulators of its positions, LANES channels side by side.
//
// A step's lines come 7 cycles after it, its weights 8; the accumulators are complete 14 cycles after a position's
// last step. What belongs to the layer is sampled beside the step, 6 cycles after it, and holds from 7 to 14 of
// each step, as long as the first step of the next layer comes at least 8 cycles after the last one of this layer.

`default_nettype none
`include "edge_host_interface.vh"

module edge_vector_datapath #(
    // Channels.
    parameter integer LANES = 8,
    // Bits of a layer's index.
    parameter integer INDEX_WIDTH = 7,
    // 1: the lanes' tables lie in LUTs, 0: in block memory.
    parameter integer TABLES_IN_LUTS = 1
) (
    input  wire                             clk,
    input  wire                             rst,

    input  wire [`EDGE_DESC_USED_WIDTH-1:0] layer,
    input  wire [INDEX_WIDTH-1:0]           layer_index,
    input  wire                             step_valid,
    input  wire                             step_first,
    input  wire                             step_tap_first,
    input  wire                             step_group_last,

    // Two cycles before the weights.
    output wire                             weights_asked,
    input  wire [3*LANES*8-1:0]             lines_7,
    input  wire [LANES*72-1:0]              weights_8,

    // No look-up comes from six cycles after this cycle on.
    output wire                             idle,
    // Entries of the tables; the words come a cycle after the index.
    input  wire                             load_en,
    input  wire [7:0]                       load_index,
    input  wire [31:0]                      load_a,
    input  wire [31:0]                      load_b,

    // A step's sums, and what belongs to its layer.
    output wire                             valid_14,
    output wire [LANES*32-1:0]              sums_14,
    output reg                              single_rounding,
    output reg  [7:0]                       zero_point,
    output reg  [7:0]                       clamp_min,
    output reg  [7:0]                       clamp_max,
    output reg  [INDEX_WIDTH-1:0]           index
);

    // ---- the step on its way: valid_on[k] is k cycles after it ----
    reg [14:1] valid_on;
    always @(posedge clk)
        if (rst) valid_on <= 14'd0;
        else     valid_on <= {valid_on[13:1], step_valid};
    initial valid_on = 14'd0;

    reg [13:1] first_on;
    always @(posedge clk) first_on <= {first_on[12:1], step_first};

    assign weights_asked = valid_on[6];
    assign idle          = !step_valid && valid_on[5:1] == 5'd0;
    assign valid_14      = valid_on[14];

    wire [1:0] lines_8;
    edge_delay #(
        .WIDTH (2),
        .CYCLES(8)
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
        .CYCLES(10)
    ) use_delay (
        .clk(clk),
        .d  ({use_both || step_tap_first, use_both || !step_tap_first}),
        .q  ({use_a_10, use_b_10})
    );

    // ---- 6: what belongs to the layer ----
    reg [2:0] func;
    reg       both_lines;
    reg [8:0] offset_a;
    reg [8:0] offset_b;
    always @(posedge clk)
        if (valid_on[6]) begin
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

    // ---- 7 to 14: the channels ----
    genvar v;
    genvar p;
    generate
        for (v = 0; v < LANES; v = v + 1) begin : gen_channel
            wire [71:0] channel_weights;
            for (p = 0; p < 9; p = p + 1) begin : gen_weight
                assign channel_weights[p*8 +: 8] = weights_8[(p*LANES+v)*8 +: 8];
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
                .column_7   ({lines_7[(2*LANES+v)*8 +: 8], lines_7[(LANES+v)*8 +: 8], lines_7[v*8 +: 8]}),
                .valid_8    (valid_on[8]),
                .first_8    (first_on[8]),
                .lines_8    (lines_8),
                .weights_8  (channel_weights),
                .use_a_10   (use_a_10),
                .use_b_10   (use_b_10),
                .valid_13   (valid_on[13]),
                .first_13   (first_on[13]),
                .accumulator(sums_14[v*32 +: 32]),
                .load_en    (load_en),
                .load_index (load_index),
                .load_a     (load_a),
                .load_b     (load_b)
            );
        end
    endgenerate

endmodule

`resetall
