// SPDX-License-Identifier: Apache-2.0
//
// What the vector unit does in each cycle: the steps that its walker issues, or, in a chained layer, the outputs that
// the array hands over.
//
// A step comes with what reads it makes, where it stands in its layer, and the output that it gives; its lines come 7
// cycles later. `row_begin` and `row_end` are those of a fused layer. Layers can be chained where the array hands over
// LANES outputs at a time and a read holds a tile's channels; elsewhere CHAINED means nothing.
//
// `layer` is valid in the cycle of `layer_begin` and holds until the next one.

`default_nettype none
`include "edge_host_interface.vh"

module edge_vector_steps #(
    // Channels.
    parameter integer LANES = 8,
    // Of the array: channels of a tile, and outputs a cycle.
    parameter integer OC_LANES = 16,
    parameter integer REQUANT_LANES = 8,
    // Byte address bits of the activation memory.
    parameter integer ACT_ADDR_WIDTH = 16,
    // Bits of an output's byte address, in the activation memory or the row buffer.
    parameter integer PLACE_WIDTH = 16,
    // Row address bits of the weight and parameter memories.
    parameter integer WEIGHT_ROW_WIDTH = 9,
    parameter integer PARAM_ROW_WIDTH = 9,
    // Bytes in the row buffer.
    parameter integer ROW_BUFFER_BYTES = 4096
) (
    input  wire                             clk,
    input  wire                             rst,

    input  wire                             layer_begin,
    input  wire [`EDGE_DESC_USED_WIDTH-1:0] layer,
    // Steps of the layer are still to come.
    output wire                             running,
    output wire                             issue_done,

    input  wire                             half_free,
    input  wire                             tile_token,
    input  wire                             chain_valid,
    input  wire                             chain_last,
    input  wire [ACT_ADDR_WIDTH-1:0]        chain_addr,
    input  wire [REQUANT_LANES-1:0]         chain_exists,
    input  wire [REQUANT_LANES*8-1:0]       chain_data,

    output wire                             read_valid,
    output wire                             read_plain,
    output wire [ACT_ADDR_WIDTH-1:0]        read_row_addr,
    output wire [ACT_ADDR_WIDTH+1:0]        read_x_offset,
    output wire [16:0]                      read_y,
    input  wire [3*LANES*8-1:0]             read_lanes,

    output wire                             step_valid,
    output wire                             step_first,
    output wire                             step_tap_first,
    output wire                             step_group_last,
    output wire [WEIGHT_ROW_WIDTH-1:0]      step_weight_row,
    output wire                             row_begin,
    output wire                             row_end,

    output wire                             emit,
    output wire                             emit_fused,
    output wire                             layer_last,
    output wire [PLACE_WIDTH-1:0]           place,
    output wire [LANES-1:0]                 exists,
    output wire [PARAM_ROW_WIDTH-1:0]       param_row,
    output wire [3*LANES*8-1:0]             lines_7
);

    wire walking;
    wire walk_valid;
    wire walk_first;
    wire walk_row_first;
    wire walk_tap_first;
    wire walk_tile_last;
    wire position_end;
    wire tile_end;
    wire walk_row_end;

    edge_vector_walker #(
        .ACT_ADDR_WIDTH  (ACT_ADDR_WIDTH),
        .WEIGHT_ROW_WIDTH(WEIGHT_ROW_WIDTH)
    ) walker (
        .clk            (clk),
        .rst            (rst),
        .layer_begin    (layer_begin),
        .layer          (layer),
        .running        (walking),
        .issue_done     (issue_done),
        .half_free      (half_free),
        .tile_token     (tile_token),
        .step_valid     (walk_valid),
        .step_first     (walk_first),
        .step_row_first (walk_row_first),
        .step_tap_first (walk_tap_first),
        .step_group_last(step_group_last),
        .step_tile_last (walk_tile_last),
        .position_end   (position_end),
        .tile_end       (tile_end),
        .row_end        (walk_row_end),
        .step_row_addr  (read_row_addr),
        .step_x_offset  (read_x_offset),
        .step_y         (read_y),
        .step_weight_row(step_weight_row)
    );

    wire                   walk_emit;
    wire [PLACE_WIDTH-1:0] walk_place;
    wire [LANES-1:0]       walk_exists;

    edge_vector_places #(
        .LANES           (LANES),
        .ADDR_WIDTH      (PLACE_WIDTH),
        .PARAM_ROW_WIDTH (PARAM_ROW_WIDTH),
        .ROW_BUFFER_BYTES(ROW_BUFFER_BYTES)
    ) places (
        .clk         (clk),
        .layer_begin (layer_begin),
        .layer       (layer),
        .tile_last   (walk_tile_last),
        .position_end(position_end),
        .tile_end    (tile_end),
        .row_end     (walk_row_end),
        .emit        (walk_emit),
        .addr        (walk_place),
        .exists      (walk_exists),
        .param_row   (param_row)
    );

    wire fused = layer[`EDGE_DESC_FUSED];
    assign row_begin  = walk_valid && walk_row_first && fused;
    assign row_end    = walk_row_end && fused;

    // ---- the walker's steps, or what the array hands over ----
    wire chained;
    wire pending;
    wire emits;

    assign running        = walking || pending;
    assign step_first     = walk_first || chained;
    assign step_tap_first = walk_tap_first || chained;
    assign emit           = emits && !fused;
    assign emit_fused     = emits && fused;

    generate
        if (REQUANT_LANES == LANES && OC_LANES <= 3 * LANES) begin : gen_chain
            wire [PLACE_WIDTH:0] chain_place = {{PLACE_WIDTH+1-ACT_ADDR_WIDTH{1'b0}}, chain_addr};
            wire unused_place = chain_place[PLACE_WIDTH];
            assign chained = layer[`EDGE_DESC_CHAINED];
            edge_vector_chain #(
                .LANES     (LANES),
                .OC_LANES  (OC_LANES),
                .ADDR_WIDTH(PLACE_WIDTH)
            ) chain (
                .clk         (clk),
                .rst         (rst),
                .layer_begin (layer_begin),
                .chained     (chained),
                .operand     (layer[`EDGE_DESC_OPERAND]),
                .pending     (pending),
                .walk_valid  (walk_valid),
                .walk_emit   (walk_emit),
                .walk_last   (issue_done),
                .walk_addr   (walk_place),
                .walk_exists (walk_exists),
                .chain_valid (chain_valid),
                .chain_last  (chain_last),
                .chain_addr  (chain_place[PLACE_WIDTH-1:0]),
                .chain_exists(chain_exists),
                .chain_data  (chain_data),
                .read_valid  (read_valid),
                .read_plain  (read_plain),
                .read_lanes  (read_lanes),
                .step_valid  (step_valid),
                .step_emit   (emits),
                .step_last   (layer_last),
                .step_addr   (place),
                .step_exists (exists),
                .step_lines  (lines_7)
            );
        end else begin : gen_no_chain
            assign chained    = 1'b0;
            assign pending    = 1'b0;
            assign read_valid = walk_valid;
            assign read_plain = 1'b0;
            assign step_valid = walk_valid;
            assign emits      = walk_emit;
            assign layer_last = issue_done;
            assign place      = walk_place;
            assign exists     = walk_exists;
            assign lines_7    = read_lanes;
            wire unused_chain = &{1'b0, chain_valid, chain_last, chain_addr, chain_exists, chain_data};
        end
    endgenerate

endmodule

`resetall
