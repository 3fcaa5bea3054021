// SPDX-License-Identifier: Apache-2.0
//
// Walks a program: fetches one descriptor a layer, and issues the layer's steps to the memories and the array.
//
// `start` begins at descriptor `entry`; `finished` comes when the last output is in the memory, together with
// `failed` if a descriptor had an unknown opcode. The next descriptor is fetched while the layer before it drains,
// so a fetch costs time only at the start of a run. A banked descriptor is one of a pair: the one of
// `bank` is fetched, after the first of the pair whichever it is, so that either bank takes the same time.
//
// The loops, from the outside: positions, tiles, passes, steps. A tile takes at least OC_LANES / REQUANT_LANES
// cycles, so that the requantiser has done with the tile before.

`default_nettype none
`include "edge_host_interface.vh"

module edge_sequencer #(
    // Bytes of activation per step.
    parameter integer K_LANES = 24,
    // Cycles that the requantiser needs for a tile.
    parameter integer TILE_CYCLES = 2,
    // Byte address bits of the activation memory.
    parameter integer ACT_ADDR_WIDTH = 16,
    // Row address bits of the weight memory.
    parameter integer WEIGHT_ROW_WIDTH = 10,
    // Row address bits of the parameter memory.
    parameter integer PARAM_ROW_WIDTH = 9,
    // Bits of a descriptor's index.
    parameter integer INDEX_WIDTH = 7
) (
    input  wire                        clk,
    input  wire                        rst,

    input  wire                        start,
    input  wire [INDEX_WIDTH-1:0]      entry,
    input  wire                        bank,
    output wire                        finished,
    output wire                        failed,
    output wire [INDEX_WIDTH-1:0]      layer_index,

    output wire                        fetch_en,
    output wire [INDEX_WIDTH+1:0]      fetch_row,
    input  wire [127:0]                fetch_data,

    output wire                        step_valid,
    output wire                        step_first,
    output wire                        step_last,
    output wire [ACT_ADDR_WIDTH-1:0]   step_act_addr,
    output wire [WEIGHT_ROW_WIDTH-1:0] step_weight_row,

    output wire                        layer_start,
    output wire [ACT_ADDR_WIDTH-1:0]   layer_output,
    output wire [ACT_ADDR_WIDTH-1:0]   layer_output_stride,
    output wire [15:0]                 layer_positions,
    output wire [15:0]                 layer_tiles,
    output wire [7:0]                  layer_last_channels,
    output wire [PARAM_ROW_WIDTH-1:0]  layer_param_row,
    output wire                        layer_single_rounding,
    output wire [7:0]                  layer_zero_point,
    output wire [7:0]                  layer_clamp_min,
    output wire [7:0]                  layer_clamp_max,
    input  wire                        layer_done
);

    localparam [2:0] IDLE   = 3'd0; // no run
    localparam [2:0] FETCH  = 3'd1; // descriptor on its way
    localparam [2:0] READY  = 3'd2; // descriptor here, layer before it still draining
    localparam [2:0] ISSUE  = 3'd3; // steps
    localparam [2:0] DRAIN  = 3'd4; // last layer's steps are out
    localparam [2:0] COMMIT = 3'd5; // last output on its way into the memory
    localparam [2:0] FINISH = 3'd6;

    // Four rows are asked for in beats 0 to 3 and arrive two beats later.
    localparam [2:0] LAST_BEAT = 3'd5;

    reg [2:0]                  state;
    reg [`EDGE_DESC_WIDTH-1:0] next;   // descriptor as fetched
    reg [`EDGE_DESC_WIDTH-1:0] layer;  // descriptor of the layer under way

    // ---- state ----
    wire last_step;
    wire fetched;
    wire second_fetch;
    reg  layer_pending;
    reg  error;

    wire layer_gone  = !layer_pending || layer_done;
    wire known       = next[`EDGE_DESC_OPCODE] == `EDGE_OP_FULLY_CONNECTED;
    wire begin_layer = state == READY && layer_gone && known;

    always @(posedge clk)
        if (rst) state <= IDLE;
        else case (state)
            IDLE:    if (start) state <= FETCH;
            FETCH:   if (fetched && !second_fetch) state <= READY;
            READY:   if (layer_gone) state <= known ? ISSUE : COMMIT;
            ISSUE:   if (last_step) state <= layer[`EDGE_DESC_LAST] ? DRAIN : FETCH;
            DRAIN:   if (layer_done) state <= COMMIT;
            COMMIT:  state <= FINISH;
            default: state <= IDLE;
        endcase

    always @(posedge clk)
        if (rst)              layer_pending <= 1'b0;
        else if (begin_layer) layer_pending <= 1'b1;
        else if (layer_done)  layer_pending <= 1'b0;

    always @(posedge clk)
        if (state == IDLE)                              error <= 1'b0;
        else if (state == READY && layer_gone && !known) error <= 1'b1;

    initial begin
        state         = IDLE;
        layer_pending = 1'b0;
        error         = 1'b0;
    end

    assign finished = state == FINISH;
    assign failed   = error;

    // ---- fetch ----
    reg [2:0]             beat;
    reg                   taking_bank;
    reg                   run_bank;
    reg [INDEX_WIDTH-1:0] index;       // of the next descriptor, the first one of a pair
    reg [INDEX_WIDTH-1:0] index_layer; // of the layer under way

    assign fetched      = beat == LAST_BEAT;
    assign second_fetch = next[`EDGE_DESC_BANKED] && !taking_bank;
    assign fetch_en     = state == FETCH && beat < 3'd4;
    assign fetch_row    = {index + {{INDEX_WIDTH-1{1'b0}}, taking_bank && run_bank}, beat[1:0]};

    always @(posedge clk)
        if (state != FETCH || fetched) beat <= 3'd0;
        else                           beat <= beat + 3'd1;

    always @(posedge clk)
        if (state != FETCH) taking_bank <= 1'b0;
        else if (fetched)   taking_bank <= second_fetch;

    // Row n arrives in beat n + 2.
    always @(posedge clk) begin
        if (beat == 3'd2) next[127:0]   <= fetch_data;
        if (beat == 3'd3) next[255:128] <= fetch_data;
        if (beat == 3'd4) next[383:256] <= fetch_data;
        if (beat == 3'd5) next[511:384] <= fetch_data;
    end

    always @(posedge clk)
        if (state == IDLE) begin
            index    <= entry;
            run_bank <= bank;
        end else if (begin_layer) begin
            index    <= index + {{INDEX_WIDTH-2{1'b0}}, next[`EDGE_DESC_BANKED], !next[`EDGE_DESC_BANKED]};
        end

    always @(posedge clk)
        if (state == READY && layer_gone) index_layer <= index;

    assign layer_index = index_layer;

    // ---- the layer under way ----
    reg started;
    always @(posedge clk) started <= begin_layer;
    always @(posedge clk) if (begin_layer) layer <= next;
    initial started = 1'b0;

    assign layer_start           = started;
    assign layer_output          = layer[`EDGE_AT_OUTPUT +: ACT_ADDR_WIDTH];
    assign layer_output_stride   = layer[`EDGE_AT_OUTPUT_STRIDE +: ACT_ADDR_WIDTH];
    assign layer_positions       = layer[`EDGE_DESC_POSITIONS];
    assign layer_tiles           = layer[`EDGE_DESC_TILES];
    assign layer_last_channels   = layer[`EDGE_DESC_LAST_CHANNELS];
    assign layer_param_row       = layer[`EDGE_AT_PARAM_ROW +: PARAM_ROW_WIDTH];
    assign layer_single_rounding = layer[`EDGE_DESC_SINGLE_ROUNDING];
    assign layer_zero_point      = layer[`EDGE_DESC_ZERO_POINT];
    assign layer_clamp_min       = layer[`EDGE_DESC_CLAMP_MIN];
    assign layer_clamp_max       = layer[`EDGE_DESC_CLAMP_MAX];

    // ---- steps ----
    reg [15:0] step;
    reg [7:0]  pass;
    reg [15:0] tile;
    reg [15:0] position;
    reg [7:0]  slot;    // cycles of this tile so far, up to TILE_CYCLES - 1
    reg        holding; // all steps of the tile are out, its cycles are not over

    wire step_end      = step == layer[`EDGE_DESC_STEPS] - 16'd1;
    wire pass_end      = step_end && pass == layer[`EDGE_DESC_PASSES] - 8'd1;
    wire slot_end      = slot == TILE_CYCLES[7:0] - 8'd1;
    wire tile_out      = holding || pass_end;
    wire tile_end      = tile_out && slot_end;
    wire row_end       = tile == layer[`EDGE_DESC_TILES] - 16'd1;
    wire position_end  = position == layer[`EDGE_DESC_POSITIONS] - 16'd1;

    assign last_step  = tile_end && row_end && position_end;
    assign step_valid = state == ISSUE && !holding;
    assign step_first = step == 16'd0 && pass == 8'd0;
    assign step_last  = pass_end;

    always @(posedge clk)
        if (state != ISSUE || tile_end) slot <= 8'd0;
        else if (!slot_end)             slot <= slot + 8'd1;

    always @(posedge clk)
        if (state != ISSUE) holding <= 1'b0;
        else                holding <= tile_out && !slot_end;

    always @(posedge clk)
        if (state != ISSUE || tile_end) {pass, step} <= 24'd0;
        else if (step_end && !pass_end) {pass, step} <= {pass + 8'd1, 16'd0};
        else if (step_valid && !pass_end) step <= step + 16'd1;

    always @(posedge clk)
        if (state != ISSUE)           {position, tile} <= 32'd0;
        else if (tile_end && row_end) {position, tile} <= {position + 16'd1, 16'd0};
        else if (tile_end)            tile <= tile + 16'd1;

    // ---- addresses ----
    reg [ACT_ADDR_WIDTH-1:0]   act_addr;
    reg [ACT_ADDR_WIDTH-1:0]   position_addr;
    reg [WEIGHT_ROW_WIDTH-1:0] weight_row;

    wire [ACT_ADDR_WIDTH-1:0] stride        = layer[`EDGE_AT_INPUT_STRIDE +: ACT_ADDR_WIDTH];
    wire [ACT_ADDR_WIDTH-1:0] next_position = position_addr + stride;

    always @(posedge clk)
        if (state == READY)           position_addr <= next[`EDGE_AT_INPUT +: ACT_ADDR_WIDTH];
        else if (tile_end && row_end) position_addr <= next_position;

    always @(posedge clk)
        if (state == READY)             act_addr <= next[`EDGE_AT_INPUT +: ACT_ADDR_WIDTH];
        else if (tile_end && row_end)   act_addr <= next_position;
        else if (tile_end || step_end)  act_addr <= position_addr;
        else if (step_valid)            act_addr <= act_addr + K_LANES[ACT_ADDR_WIDTH-1:0];

    always @(posedge clk)
        if (state == READY)           weight_row <= next[`EDGE_AT_WEIGHT_ROW +: WEIGHT_ROW_WIDTH];
        else if (tile_end && row_end) weight_row <= layer[`EDGE_AT_WEIGHT_ROW +: WEIGHT_ROW_WIDTH];
        else if (step_valid)          weight_row <= weight_row + 1'b1;

    assign step_act_addr   = act_addr;
    assign step_weight_row = weight_row;

endmodule

`resetall
