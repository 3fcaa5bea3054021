// SPDX-License-Identifier: Apache-2.0
//
// Follows the walker and says which positions of a vector layer give an output, where it goes, and whose
// parameters it takes. All outputs belong to the walker's present step.
//
// Where columns slide through the window (SLIDE), the outputs are those of column SKIP and of every STRIDE-th one
// after it; otherwise every position gives one. A fused layer's rows go to the halves of the row buffer in turn,
// the first one to the lower half, with all LANES channels.

`default_nettype none
`include "edge_host_interface.vh"

module edge_vector_places #(
    // Channels in a tile.
    parameter integer LANES = 8,
    // Bits of an output's byte address, in the activation memory or the row buffer.
    parameter integer ADDR_WIDTH = 16,
    // Row address bits of the parameter memory.
    parameter integer PARAM_ROW_WIDTH = 9,
    // Bytes in the row buffer.
    parameter integer ROW_BUFFER_BYTES = 4096
) (
    input  wire                             clk,

    input  wire                             layer_begin,
    input  wire [`EDGE_DESC_USED_WIDTH-1:0] layer,
    input  wire                             tile_last,
    input  wire                             position_end,
    input  wire                             tile_end,
    input  wire                             row_end,

    output wire                             emit,
    output wire [ADDR_WIDTH-1:0]            addr,
    output wire [LANES-1:0]                 exists,
    output wire [PARAM_ROW_WIDTH-1:0]       param_row
);

    localparam integer HALF_BYTES = ROW_BUFFER_BYTES / 2;

    wire fused = layer[`EDGE_DESC_FUSED];

    // ---- which columns give an output ----
    wire       slide  = layer[`EDGE_DESC_SLIDE];
    wire [7:0] skip   = layer[`EDGE_DESC_SKIP];
    wire [7:0] stride = layer[`EDGE_DESC_STRIDE];

    reg  [7:0] columns; // until the next output
    reg        due;

    always @(posedge clk)
        if (layer_begin || tile_end) begin
            columns <= skip;
            due     <= !slide || skip == 8'd0;
        end else if (position_end && due) begin
            columns <= stride - 8'd1;
            due     <= !slide || stride == 8'd1;
        end else if (position_end) begin
            columns <= columns - 8'd1;
            due     <= columns == 8'd1;
        end

    assign emit = position_end && due;

    // ---- where it goes ----
    wire [ADDR_WIDTH-1:0] first_addr = fused ? {ADDR_WIDTH{1'b0}} : layer[`EDGE_AT_OUTPUT +: ADDR_WIDTH];

    reg                   upper; // half of the row buffer
    reg  [ADDR_WIDTH-1:0] row_addr;
    reg  [ADDR_WIDTH-1:0] tile_addr;
    reg  [ADDR_WIDTH-1:0] output_addr;
    wire [ADDR_WIDTH-1:0] other_half    = upper ? {ADDR_WIDTH{1'b0}} : HALF_BYTES[ADDR_WIDTH-1:0];
    wire [ADDR_WIDTH-1:0] next_row      = fused ? other_half : row_addr + layer[`EDGE_AT_OUT_ROW_STEP +: ADDR_WIDTH];
    wire [ADDR_WIDTH-1:0] next_tile     = tile_addr + LANES[ADDR_WIDTH-1:0];
    wire [ADDR_WIDTH-1:0] next_position = output_addr + layer[`EDGE_AT_OUT_POS_STEP +: ADDR_WIDTH];

    always @(posedge clk)
        if (layer_begin)  {upper, row_addr} <= {1'b0, first_addr};
        else if (row_end) {upper, row_addr} <= {!upper, next_row};

    always @(posedge clk)
        if (layer_begin)   tile_addr <= first_addr;
        else if (row_end)  tile_addr <= next_row;
        else if (tile_end) tile_addr <= next_tile;

    always @(posedge clk)
        if (layer_begin)   output_addr <= first_addr;
        else if (row_end)  output_addr <= next_row;
        else if (tile_end) output_addr <= next_tile;
        else if (emit)     output_addr <= next_position;

    assign addr = output_addr;

    // ---- which of the tile's channels exist ----
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_exists
            localparam [7:0] LANE = l;
            assign exists[l] = fused || !tile_last || LANE < layer[`EDGE_DESC_LAST_CHANNELS];
        end
    endgenerate

    // ---- parameters ----
    wire [PARAM_ROW_WIDTH-1:0] first_param = layer[`EDGE_AT_PARAM_ROW +: PARAM_ROW_WIDTH];
    reg  [PARAM_ROW_WIDTH-1:0] tile_param;

    always @(posedge clk)
        if (layer_begin || row_end)                         tile_param <= first_param;
        else if (tile_end && !layer[`EDGE_DESC_PARAM_HOLD]) tile_param <= tile_param + 1'b1;

    assign param_row = tile_param;

endmodule

`resetall
