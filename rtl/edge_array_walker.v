// SPDX-License-Identifier: Apache-2.0
//
// Walks an array layer: issues one step a cycle, from the cycle after `layer_begin` on.
//
// The loops, from the outside: rows, positions, tiles, passes, groups of kernel lines, taps in a line, steps of K_LANES
// bytes. A tile takes at least TILE_CYCLES cycles, so that the requantiser has done with the tile before. `issue_done`
// comes in the last cycle of the last tile. A fused layer reads rows that the vector unit has put into the row buffer,
// halves of it in turn: a row waits until `buffer_rows` counts one that is complete, and `buffer_release`
// comes with its last step. In a chained layer `tile_token` follows each tile's last step; if the layer has a second
// operand, there is no step in that cycle, so that the vector unit can read it.

`default_nettype none
`include "edge_host_interface.vh"

module edge_array_walker #(
    // Bytes of activation per step.
    parameter integer K_LANES = 24,
    // Cycles that the requantiser needs for a tile.
    parameter integer TILE_CYCLES = 2,
    // Byte address bits of the activation memory.
    parameter integer ACT_ADDR_WIDTH = 16,
    // Row address bits of the weight memory.
    parameter integer WEIGHT_ROW_WIDTH = 10,
    // Bytes in the row buffer.
    parameter integer ROW_BUFFER_BYTES = 2048,
    // Derived: width of a signed byte offset in a line.
    parameter integer OFFSET_WIDTH = ACT_ADDR_WIDTH + 2
) (
    input  wire                             clk,
    input  wire                             rst,

    input  wire                             layer_begin,
    // Holds until the next `layer_begin`.
    input  wire [`EDGE_DESC_USED_WIDTH-1:0] layer,
    output wire                             issue_done,

    output wire                             step_valid,
    output wire                             step_first,
    output wire                             step_last,
    output wire [ACT_ADDR_WIDTH-1:0]        step_row_addr,
    output wire [OFFSET_WIDTH-1:0]          step_x_offset,
    output wire [16:0]                      step_y,
    output wire [WEIGHT_ROW_WIDTH-1:0]      step_weight_row,
    output wire                             step_fused,
    output reg                              tile_token,

    input  wire [1:0]                       buffer_rows,
    output wire                             buffer_release
);

    localparam integer HALF = ROW_BUFFER_BYTES / 2;

    wire load = layer_begin;

    // ---- the loops' counters ----
    reg        busy;
    reg        holding; // all steps of the tile are out, its cycles are not over
    reg [7:0]  slot;    // cycles of this tile so far, up to TILE_CYCLES - 1

    wire fused   = layer[`EDGE_DESC_FUSED];
    wire chained = layer[`EDGE_DESC_CHAINED];
    wire operand = layer[`EDGE_DESC_OPERAND];
    wire row_begins;
    wire starved = fused && row_begins && buffer_rows == 2'd0;
    wire valid   = busy && !holding && !starved;

    wire step_end;
    wire tap_last;
    wire group_last;
    wire pass_last;
    wire tile_last;
    wire position_last;
    wire row_last;
    wire tap_end      = step_end && tap_last;
    wire group_end    = tap_end && group_last;
    wire pass_end     = group_end && pass_last;
    wire tile_out     = holding || (valid && pass_end);
    wire slot_last    = slot == TILE_CYCLES[7:0] - 8'd1;
    wire slot_end     = slot_last && (holding || !operand);
    wire tile_end     = tile_out && slot_end;
    wire position_end = tile_end && tile_last;
    wire row_end      = position_end && position_last;
    wire layer_end    = row_end && row_last;

    always @(posedge clk)
        if (rst)            busy <= 1'b0;
        else if (load)      busy <= 1'b1;
        else if (layer_end) busy <= 1'b0;

    always @(posedge clk)
        if (rst || load) holding <= 1'b0;
        else             holding <= tile_out && !slot_end;

    always @(posedge clk)
        if (load || tile_end)                      slot <= 8'd0;
        else if (!slot_last && (valid || holding)) slot <= slot + 8'd1;

    always @(posedge clk) tile_token <= !rst && chained && valid && pass_end;

    edge_loop_counter steps (
        .clk    (clk),
        .load   (load),
        .advance(valid),
        .rounds (layer[`EDGE_DESC_STEPS]),
        .last   (step_end)
    );

    edge_loop_counter taps (
        .clk    (clk),
        .load   (load),
        .advance(valid && step_end),
        .rounds (layer[`EDGE_DESC_TAPS]),
        .last   (tap_last)
    );

    edge_loop_counter groups (
        .clk    (clk),
        .load   (load),
        .advance(valid && tap_end),
        .rounds (layer[`EDGE_DESC_GROUPS]),
        .last   (group_last)
    );

    edge_loop_counter #(
        .WIDTH(8)
    ) passes (
        .clk    (clk),
        .load   (load),
        .advance(valid && group_end),
        .rounds (layer[`EDGE_DESC_PASSES]),
        .last   (pass_last)
    );

    edge_loop_counter tiles (
        .clk    (clk),
        .load   (load),
        .advance(tile_end),
        .rounds (layer[`EDGE_DESC_TILES]),
        .last   (tile_last)
    );

    edge_loop_counter positions (
        .clk    (clk),
        .load   (load),
        .advance(position_end),
        .rounds (layer[`EDGE_DESC_POSITIONS]),
        .last   (position_last)
    );

    edge_loop_counter rows (
        .clk    (clk),
        .load   (load),
        .advance(row_end),
        .rounds (layer[`EDGE_DESC_ROWS]),
        .last   (row_last)
    );

    // A step may be the tile's last without being the first that was walked in it.
    reg begun; // the tile's first step is out
    always @(posedge clk)
        if (load || tile_end) begun <= 1'b0;
        else if (valid)       begun <= 1'b1;
    reg row_begun;
    always @(posedge clk)
        if (load || row_end) row_begun <= 1'b0;
        else if (valid)      row_begun <= 1'b1;
    assign row_begins = !row_begun;

    initial begin
        busy       = 1'b0;
        holding    = 1'b0;
        tile_token = 1'b0;
    end

    // ---- byte offsets in a line: of the position, the tile, the tap, the step ----
    reg [OFFSET_WIDTH-1:0] x_position;
    reg [OFFSET_WIDTH-1:0] x_tile;
    reg [OFFSET_WIDTH-1:0] x_tap;
    reg [OFFSET_WIDTH-1:0] x_step;

    wire [31:0] tile_step = {16'd0, layer[`EDGE_DESC_TILE_STEP]};
    wire unused_tile_step = &{1'b0, tile_step[31:OFFSET_WIDTH]};
    wire [OFFSET_WIDTH-1:0] x_start       = layer[`EDGE_AT_X_START +: OFFSET_WIDTH];
    wire [OFFSET_WIDTH-1:0] next_position = x_position + layer[`EDGE_AT_X_STEP +: OFFSET_WIDTH];
    wire [OFFSET_WIDTH-1:0] next_tile     = x_tile + tile_step[OFFSET_WIDTH-1:0];
    wire [OFFSET_WIDTH-1:0] next_tap      = x_tap + layer[`EDGE_AT_TAP_STEP +: OFFSET_WIDTH];

    // Where the walk goes on after this cycle.
    wire [OFFSET_WIDTH-1:0] x_next = row_end ? x_start
                                   : position_end ? next_position
                                   : tile_end ? next_tile
                                   : group_end || tap_end ? x_tile
                                   : step_end ? next_tap
                                   : x_step + K_LANES[OFFSET_WIDTH-1:0];

    wire moves = tile_end || (valid && !pass_end);

    always @(posedge clk)
        if (row_end || load)   x_position <= x_start;
        else if (position_end) x_position <= next_position;
    always @(posedge clk)
        if (row_end || load)   x_tile <= x_start;
        else if (position_end) x_tile <= next_position;
        else if (tile_end)     x_tile <= next_tile;
    always @(posedge clk)
        if (load)                       x_tap <= x_start;
        else if (moves && (step_end || tile_end)) x_tap <= x_next;
    always @(posedge clk)
        if (load)       x_step <= x_start;
        else if (moves) x_step <= x_next;

    // ---- lines: of the row, and of the group in it ----
    reg [ACT_ADDR_WIDTH-1:0] row_addr;
    reg [ACT_ADDR_WIDTH-1:0] group_addr;
    reg [16:0]               row_y;
    reg [16:0]               group_y;
    reg                      half;

    wire [ACT_ADDR_WIDTH-1:0] row_start     = layer[`EDGE_AT_ROW_START +: ACT_ADDR_WIDTH];
    wire [16:0]               y_start       = {layer[`EDGE_AT_Y_START + 15], layer[`EDGE_DESC_Y_START]};
    wire [ACT_ADDR_WIDTH-1:0] next_row_addr = row_addr + layer[`EDGE_AT_ROW_STEP +: ACT_ADDR_WIDTH];
    wire [16:0]               next_row_y    = row_y + {1'b0, layer[`EDGE_DESC_Y_STEP]};

    always @(posedge clk)
        if (load) begin
            row_addr <= row_start;
            row_y    <= y_start;
        end else if (row_end) begin
            row_addr <= next_row_addr;
            row_y    <= next_row_y;
        end

    always @(posedge clk)
        if (load) begin
            group_addr <= row_start;
            group_y    <= y_start;
        end else if (row_end) begin
            group_addr <= next_row_addr;
            group_y    <= next_row_y;
        end else if (tile_end || (valid && group_end && !pass_end)) begin
            group_addr <= row_addr;
            group_y    <= row_y;
        end else if (valid && tap_end && !group_end) begin
            group_addr <= group_addr + layer[`EDGE_AT_GROUP_STEP +: ACT_ADDR_WIDTH];
            group_y    <= group_y + {1'b0, layer[`EDGE_DESC_GROUP_Y_STEP]};
        end

    always @(posedge clk)
        if (load)         half <= 1'b0;
        else if (row_end) half <= !half;

    // ---- weight rows ----
    reg  [WEIGHT_ROW_WIDTH-1:0] weight_row;
    wire [WEIGHT_ROW_WIDTH-1:0] first_weight_row = layer[`EDGE_AT_WEIGHT_ROW +: WEIGHT_ROW_WIDTH];
    wire again = position_end || (tile_end && layer[`EDGE_DESC_TILE_REUSE]) || layer[`EDGE_DESC_WEIGHT_HOLD];

    always @(posedge clk)
        if (load)       weight_row <= first_weight_row;
        else if (moves) weight_row <= again ? first_weight_row : weight_row + 1'b1;

    assign issue_done      = layer_end;
    assign step_valid      = valid;
    assign step_first      = !begun;
    assign step_last       = pass_end;
    assign step_row_addr   = fused ? (half ? HALF[ACT_ADDR_WIDTH-1:0] : {ACT_ADDR_WIDTH{1'b0}}) : group_addr;
    assign step_x_offset   = x_step;
    assign step_y          = group_y;
    assign step_weight_row = weight_row;
    assign step_fused      = fused;
    assign buffer_release  = fused && row_end;

endmodule

`resetall
