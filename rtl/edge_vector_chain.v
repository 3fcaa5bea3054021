// SPDX-License-Identifier: Apache-2.0
//
// Puts what the array hands over in the place of the vector unit's own steps, while its layer is a chained one.
//
// In such a layer the walker's steps (`walk_*`) are tiles, and at most read their second operands. An output of the
// array is announced by `chain_valid`, which counts as a step, with its place; 7 cycles later `chain_data` is the
// step's first line, and the operand that was read for it the second one. `pending` says that some are still to come.

`default_nettype none

module edge_vector_chain #(
    // Channels.
    parameter integer LANES = 8,
    // Channels of the array's tile, at most 3 * LANES.
    parameter integer OC_LANES = 16,
    // Bits of an output's byte address.
    parameter integer ADDR_WIDTH = 16
) (
    input  wire                    clk,
    input  wire                    rst,

    input  wire                    layer_begin,
    // Of the layer: hold from `layer_begin` to the next one.
    input  wire                    chained,
    input  wire                    operand,
    output wire                    pending,

    input  wire                    walk_valid,
    input  wire                    walk_emit,
    input  wire                    walk_last,
    input  wire [ADDR_WIDTH-1:0]   walk_addr,
    input  wire [LANES-1:0]        walk_exists,

    input  wire                    chain_valid,
    input  wire                    chain_last,
    input  wire [ADDR_WIDTH-1:0]   chain_addr,
    input  wire [LANES-1:0]        chain_exists,
    input  wire [LANES*8-1:0]      chain_data,

    output wire                    read_valid,
    output wire                    read_plain,
    input  wire [3*LANES*8-1:0]    read_lanes,

    output wire                    step_valid,
    output wire                    step_emit,
    output wire                    step_last,
    output wire [ADDR_WIDTH-1:0]   step_addr,
    output wire [LANES-1:0]        step_exists,
    // 7 cycles after the step.
    output wire [3*LANES*8-1:0]    step_lines
);

    localparam integer READ_LATENCY = 7;

    assign read_valid  = walk_valid && (operand || !chained);
    assign read_plain  = walk_valid && chained && operand;
    assign step_valid  = chained ? chain_valid : walk_valid;
    assign step_emit   = chained ? chain_valid : walk_emit;
    assign step_last   = chained ? chain_last : walk_last;
    assign step_addr   = chained ? chain_addr : walk_addr;
    assign step_exists = chained ? chain_exists : walk_exists;

    reg to_come;
    always @(posedge clk)
        if (rst)              to_come <= 1'b0;
        else if (layer_begin) to_come <= chained;
        else if (chain_last)  to_come <= 1'b0;
    assign pending = to_come;

    // ---- the tiles' second operands ----
    wire tile_read;
    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(READ_LATENCY)
    ) read_delay (
        .clk(clk),
        .rst(rst),
        .d  (walk_valid && chained),
        .q  (tile_read)
    );

    wire due;
    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(READ_LATENCY - 1)
    ) due_delay (
        .clk(clk),
        .rst(rst),
        .d  (chain_valid),
        .q  (due)
    );

    wire [LANES*8-1:0] second;
    edge_operand_queue #(
        .OC_LANES(OC_LANES),
        .LANES   (LANES)
    ) operand_queue (
        .clk       (clk),
        .rst       (rst),
        .write_en  (tile_read),
        .write_data(read_lanes[OC_LANES*8-1:0]),
        .next      (due),
        .operand   (second)
    );

    reg here;
    always @(posedge clk) here <= due;

    assign step_lines[2*LANES*8-1:0]        = here ? {second, chain_data} : read_lanes[2*LANES*8-1:0];
    assign step_lines[2*LANES*8 +: LANES*8] = read_lanes[2*LANES*8 +: LANES*8];

    initial begin
        to_come = 1'b0;
        here    = 1'b0;
    end

endmodule

`resetall
