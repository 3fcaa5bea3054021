// SPDX-License-Identifier: Apache-2.0
//
// Begins layers, in program order, on the array unit or the vector unit, and says when a run has ended.
//
// A layer begins when the layer before it has issued its last step and the layer's WAIT cycles have passed since. An
// array layer that is FUSED or CHAINED begins at once, beside its vector layer. A layer that takes tables begins when
// they are loaded. Nothing else is waited for: the compiler has seen to it that what a layer reads has been written
// (docs/architecture.md). `array_layer` and `vector_layer` hold until the unit's next layer begins. `finished` comes
// when all outputs are in the memory, together with `failed` if a descriptor had an unknown opcode.

`default_nettype none
`include "edge_host_interface.vh"

module edge_dispatcher #(
    // Bits of a descriptor's index.
    parameter integer INDEX_WIDTH = 7
) (
    input  wire                             clk,
    input  wire                             rst,

    input  wire                             start,
    output wire                             finished,
    output wire                             failed,
    output reg  [INDEX_WIDTH-1:0]           failed_index,

    // From edge_fetch.
    input  wire                             next_valid,
    input  wire [`EDGE_DESC_USED_WIDTH-1:0] next,
    input  wire [INDEX_WIDTH-1:0]           next_index,
    output wire                             take,

    // A level: the next layer takes tables, and they are loaded.
    output wire                             preload,
    input  wire                             table_ready,

    // The begin pulses come with the layer.
    output reg                              array_begin,
    output reg  [`EDGE_DESC_USED_WIDTH-1:0] array_layer,
    output reg  [INDEX_WIDTH-1:0]           array_index,
    input  wire                             array_issue_done,
    input  wire                             array_layer_done,

    output reg                              vector_begin,
    output reg  [`EDGE_DESC_USED_WIDTH-1:0] vector_layer,
    output reg  [INDEX_WIDTH-1:0]           vector_index,
    input  wire                             vector_issue_done,
    input  wire                             vector_layer_done
);

    localparam [1:0] IDLE   = 2'd0; // no run
    localparam [1:0] RUN    = 2'd1; // layers to begin
    localparam [1:0] DRAIN  = 2'd2; // the last one has begun
    localparam [1:0] FINISH = 2'd3;

    // ---- may the next layer begin? ----
    reg         array_issuing;
    reg         vector_issuing;
    reg  [15:0] since; // cycles since the last step of the layer before

    wire is_array  = next[`EDGE_DESC_OPCODE] == `EDGE_OP_ARRAY;
    wire is_vector = next[`EDGE_DESC_OPCODE] == `EDGE_OP_VECTOR;
    wire known     = is_array || is_vector;
    wire beside    = is_array && (next[`EDGE_DESC_FUSED] || next[`EDGE_DESC_CHAINED]);
    wire sums      = is_vector && next[`EDGE_DESC_FUNCTION] == `EDGE_FUNCTION_SUM;
    wire issued    = !array_issuing && !vector_issuing;
    wire waited    = issued && since >= next[`EDGE_DESC_WAIT];
    wire go        = next_valid && (beside ? !array_issuing : waited) && (!sums || table_ready);

    reg [1:0] state;
    assign take    = state == RUN && go;
    assign preload = state == RUN && next_valid && sums;

    always @(posedge clk)
        if (rst || start)                                          since <= 16'hffff;
        else if (array_issue_done || vector_issue_done)            since <= 16'd0;
        else if (since != 16'hffff)                                since <= since + 16'd1;

    always @(posedge clk)
        if (rst)                     array_issuing <= 1'b0;
        else if (take && is_array)   array_issuing <= 1'b1;
        else if (array_issue_done)   array_issuing <= 1'b0;

    always @(posedge clk)
        if (rst)                     vector_issuing <= 1'b0;
        else if (take && is_vector)  vector_issuing <= 1'b1;
        else if (vector_issue_done)  vector_issuing <= 1'b0;

    always @(posedge clk) begin
        array_begin  <= !rst && take && is_array;
        vector_begin <= !rst && take && is_vector;
        if (take && is_array)  {array_index, array_layer}   <= {next_index, next};
        if (take && is_vector) {vector_index, vector_layer} <= {next_index, next};
    end

    // ---- layers whose outputs are not all written ----
    reg [1:0] array_open;
    reg [1:0] vector_open;
    always @(posedge clk)
        if (rst) array_open <= 2'd0;
        else     array_open <= array_open + {1'b0, take && is_array} - {1'b0, array_layer_done};
    always @(posedge clk)
        if (rst) vector_open <= 2'd0;
        else     vector_open <= vector_open + {1'b0, take && is_vector} - {1'b0, vector_layer_done};

    // ---- the run ----
    wire written = array_open == 2'd0 && vector_open == 2'd0;
    reg  error;

    always @(posedge clk)
        if (rst) state <= IDLE;
        else case (state)
            IDLE:    if (start) state <= RUN;
            RUN:     if (take && (next[`EDGE_DESC_LAST] || !known)) state <= DRAIN;
            DRAIN:   if (written) state <= FINISH;
            default: state <= IDLE;
        endcase

    always @(posedge clk)
        if (start)               error <= 1'b0;
        else if (take && !known) {error, failed_index} <= {1'b1, next_index};

    initial begin
        state          = IDLE;
        error          = 1'b0;
        array_issuing  = 1'b0;
        vector_issuing = 1'b0;
        array_begin    = 1'b0;
        vector_begin   = 1'b0;
        array_open     = 2'd0;
        vector_open    = 2'd0;
        since          = 16'hffff;
    end

    assign finished = state == FINISH;
    assign failed   = error;

endmodule

`resetall
