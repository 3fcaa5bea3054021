// SPDX-License-Identifier: Apache-2.0
//
// Walks a layer of the vector unit: rows, tiles, positions, groups of kernel lines, taps, from the outside.
//
// The first step comes in the cycle after `layer_begin`, then one in every cycle, without a gap at any turn, to
// the last one, with which `issue_done` comes. In a fused layer the first step of each row waits while
// `half_free` is low. With a step come the address of its lines, the row of its weights, and what ends with it.
//
// In a chained layer there is a step for each `tile_token`.
//
// `layer` is valid in the cycle of `layer_begin` and holds until the next one.

`default_nettype none
`include "edge_host_interface.vh"

module edge_vector_walker #(
    // Byte address bits of the activation memory.
    parameter integer ACT_ADDR_WIDTH = 16,
    // Row address bits of the weight memory.
    parameter integer WEIGHT_ROW_WIDTH = 9,
    // Derived: bits of a signed byte offset in a line.
    parameter integer OFFSET_WIDTH = ACT_ADDR_WIDTH + 2
) (
    input  wire                             clk,
    input  wire                             rst,

    input  wire                             layer_begin,
    input  wire [`EDGE_DESC_USED_WIDTH-1:0] layer,
    output wire                             running,
    output wire                             issue_done,

    input  wire                             half_free,
    input  wire                             tile_token,

    output wire                             step_valid,
    // The position's first step; the row's.
    output wire                             step_first,
    output wire                             step_row_first,
    // The step's tap is the first of its line; its group and its tile are the last.
    output wire                             step_tap_first,
    output wire                             step_group_last,
    output wire                             step_tile_last,
    // What ends with the step.
    output wire                             position_end,
    output wire                             tile_end,
    output wire                             row_end,

    output wire [ACT_ADDR_WIDTH-1:0]        step_row_addr,
    output wire [OFFSET_WIDTH-1:0]          step_x_offset,
    output wire [16:0]                      step_y,
    output wire [WEIGHT_ROW_WIDTH-1:0]      step_weight_row
);

    // ---- the loops ----
    reg  active;
    reg  row_first;
    reg  tap_first;
    reg  first;
    wire tap_last;
    wire group_last;
    wire position_last;
    wire tile_last;
    wire row_last;

    wire full       = row_first && layer[`EDGE_DESC_FUSED] && !half_free;
    wire step       = active && !full && (tile_token || !layer[`EDGE_DESC_CHAINED]);
    wire line_end   = step && tap_last;
    wire layer_end  = row_end && row_last;

    assign position_end = line_end && group_last;
    assign tile_end     = position_end && position_last;
    assign row_end      = tile_end && tile_last;

    edge_loop_counter taps (
        .clk    (clk),
        .load   (layer_begin),
        .advance(step),
        .rounds (layer[`EDGE_DESC_TAPS]),
        .last   (tap_last)
    );
    edge_loop_counter groups (
        .clk    (clk),
        .load   (layer_begin),
        .advance(line_end),
        .rounds (layer[`EDGE_DESC_GROUPS]),
        .last   (group_last)
    );
    edge_loop_counter positions (
        .clk    (clk),
        .load   (layer_begin),
        .advance(position_end),
        .rounds (layer[`EDGE_DESC_POSITIONS]),
        .last   (position_last)
    );
    edge_loop_counter tiles (
        .clk    (clk),
        .load   (layer_begin),
        .advance(tile_end),
        .rounds (layer[`EDGE_DESC_TILES]),
        .last   (tile_last)
    );
    edge_loop_counter rows (
        .clk    (clk),
        .load   (layer_begin),
        .advance(row_end),
        .rounds (layer[`EDGE_DESC_ROWS]),
        .last   (row_last)
    );

    always @(posedge clk)
        if (rst)              active <= 1'b0;
        else if (layer_begin) active <= 1'b1;
        else if (layer_end)   active <= 1'b0;

    always @(posedge clk)
        if (layer_begin || step) begin
            row_first <= layer_begin || row_end;
            tap_first <= layer_begin || line_end;
            first     <= layer_begin || position_end;
        end

    initial active = 1'b0;

    assign running         = active;
    assign issue_done      = layer_end;
    assign step_valid      = step;
    assign step_first      = first;
    assign step_row_first  = row_first;
    assign step_tap_first  = tap_first;
    assign step_group_last = group_last;
    assign step_tile_last  = tile_last;

    // ---- byte offset in the line: of the tap, with those of its position and its tile to go back to ----
    wire [31:0]             tile_step = {16'd0, layer[`EDGE_DESC_TILE_STEP]};
    wire unused_tile_step = &{1'b0, tile_step[31:OFFSET_WIDTH]};
    wire [OFFSET_WIDTH-1:0] x_start   = layer[`EDGE_AT_X_START +: OFFSET_WIDTH];

    reg  [OFFSET_WIDTH-1:0] x_tap;
    reg  [OFFSET_WIDTH-1:0] x_position;
    reg  [OFFSET_WIDTH-1:0] x_tile;
    wire [OFFSET_WIDTH-1:0] next_tap      = x_tap + layer[`EDGE_AT_TAP_STEP +: OFFSET_WIDTH];
    wire [OFFSET_WIDTH-1:0] next_position = x_position + layer[`EDGE_AT_X_STEP +: OFFSET_WIDTH];
    wire [OFFSET_WIDTH-1:0] next_tile     = x_tile + tile_step[OFFSET_WIDTH-1:0];

    always @(posedge clk)
        if (layer_begin || row_end) x_tile <= x_start;
        else if (tile_end)          x_tile <= next_tile;

    always @(posedge clk)
        if (layer_begin || row_end) x_position <= x_start;
        else if (tile_end)          x_position <= next_tile;
        else if (position_end)      x_position <= next_position;

    always @(posedge clk)
        if (layer_begin || row_end) x_tap <= x_start;
        else if (tile_end)          x_tap <= next_tile;
        else if (position_end)      x_tap <= next_position;
        else if (line_end)          x_tap <= x_position;
        else if (step)              x_tap <= next_tap;

    assign step_x_offset = x_tap;

    // ---- line: of the group, with that of its row to go back to ----
    wire [ACT_ADDR_WIDTH-1:0] first_addr = layer[`EDGE_AT_ROW_START +: ACT_ADDR_WIDTH];
    wire [16:0]               first_y    = {layer[`EDGE_AT_Y_START + 15], layer[`EDGE_DESC_Y_START]};

    reg  [ACT_ADDR_WIDTH-1:0] row_addr;
    reg  [ACT_ADDR_WIDTH-1:0] group_addr;
    reg  [16:0]               row_y;
    reg  [16:0]               group_y;
    wire [ACT_ADDR_WIDTH-1:0] next_row_addr = row_addr + layer[`EDGE_AT_ROW_STEP +: ACT_ADDR_WIDTH];
    wire [16:0]               next_row_y    = row_y + {1'b0, layer[`EDGE_DESC_Y_STEP]};

    always @(posedge clk)
        if (layer_begin)  {row_y, row_addr} <= {first_y, first_addr};
        else if (row_end) {row_y, row_addr} <= {next_row_y, next_row_addr};

    always @(posedge clk)
        if (layer_begin)       {group_y, group_addr} <= {first_y, first_addr};
        else if (row_end)      {group_y, group_addr} <= {next_row_y, next_row_addr};
        else if (position_end) {group_y, group_addr} <= {row_y, row_addr};
        else if (line_end) begin
            group_y    <= group_y + {1'b0, layer[`EDGE_DESC_GROUP_Y_STEP]};
            group_addr <= group_addr + layer[`EDGE_AT_GROUP_STEP +: ACT_ADDR_WIDTH];
        end

    assign step_row_addr = group_addr;
    assign step_y        = group_y;

    // ---- weight row: on with every step, back to the tile's first at each position ----
    wire [WEIGHT_ROW_WIDTH-1:0] first_row = layer[`EDGE_AT_WEIGHT_ROW +: WEIGHT_ROW_WIDTH];

    reg  [WEIGHT_ROW_WIDTH-1:0] weight_row;
    reg  [WEIGHT_ROW_WIDTH-1:0] tile_weight_row;
    wire [WEIGHT_ROW_WIDTH-1:0] next_row = weight_row + 1'b1;

    always @(posedge clk)
        if (layer_begin || row_end || layer[`EDGE_DESC_WEIGHT_HOLD]) {tile_weight_row, weight_row} <= {2{first_row}};
        else if (tile_end)     {tile_weight_row, weight_row} <= {2{next_row}};
        else if (position_end) weight_row <= tile_weight_row;
        else if (step)         weight_row <= next_row;

    assign step_weight_row = weight_row;

endmodule

`resetall
