// SPDX-License-Identifier: Apache-2.0
//
// Which lanes of a read lie inside the input: its byte in the line from 0 to row_bytes - 1, its line from 0 to height
// - 1. A plain read has no mask.
//
// `lane_valid` comes six cycles after `x_offset` (the byte of lane 0 in its line, signed) and `y` (its line, signed),
// as edge_activation_memory takes it.

`default_nettype none

module edge_read_mask #(
    // Bytes per read, at most 128.
    parameter integer LANES = 24,
    // Width of byte offsets in a line, in bits, signed.
    parameter integer OFFSET_WIDTH = 18
) (
    input  wire                    clk,

    input  wire [OFFSET_WIDTH-1:0] x_offset,
    input  wire [16:0]             y,
    input  wire                    plain,

    // Held for a whole layer.
    input  wire [OFFSET_WIDTH-1:0] row_bytes,
    input  wire [15:0]             height,
    input  wire [LANES*3-1:0]      lane_line,
    input  wire [LANES*8-1:0]      lane_column,

    output reg  [LANES-1:0]        lane_valid
);

    localparam integer MASK_LATENCY = 6;

    // ---- 1: bytes and lines that are missing before the input, and those that are left of it ----
    reg signed [OFFSET_WIDTH-1:0] x_before;
    reg signed [OFFSET_WIDTH-1:0] x_left;
    reg signed [16:0]             y_before;
    reg signed [16:0]             y_left;
    reg                           unmasked;
    always @(posedge clk) begin
        x_before <= -x_offset;
        x_left   <= row_bytes - x_offset;
        y_before <= -y;
        y_left   <= {1'b0, height} - y;
        unmasked <= plain;
    end

    // ---- 2: from 0 to 255 and from 0 to 15 ----
    wire [31:0] x_before_wide = {{32-OFFSET_WIDTH{x_before[OFFSET_WIDTH-1]}}, x_before};
    wire [31:0] x_left_wide   = {{32-OFFSET_WIDTH{x_left[OFFSET_WIDTH-1]}}, x_left};
    wire [7:0] x_from  = x_before_wide[31] ? 8'd0 : |x_before_wide[30:8] ? 8'd255 : x_before_wide[7:0];
    wire [7:0] x_until = x_left_wide[31] ? 8'd0 : |x_left_wide[30:8] ? 8'd255 : x_left_wide[7:0];
    wire [3:0] y_from  = y_before[16] ? 4'd0 : |y_before[15:4] ? 4'd15 : y_before[3:0];
    wire [3:0] y_until = y_left[16] ? 4'd0 : |y_left[15:4] ? 4'd15 : y_left[3:0];

    wire [23:0] limits;
    edge_delay #(
        .WIDTH (24),
        .CYCLES(MASK_LATENCY - 2)
    ) limits_delay (
        .clk(clk),
        .d  (unmasked ? {8'd0, 8'd255, 4'd0, 4'd15} : {x_from, x_until, y_from, y_until}),
        .q  (limits)
    );

    // ---- 6: each lane against the limits ----
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_lane
            wire [7:0] column = lane_column[l*8 +: 8];
            wire [3:0] line   = {1'b0, lane_line[l*3 +: 3]};
            always @(posedge clk)
                lane_valid[l] <= column >= limits[23:16] && column < limits[15:8]
                              && line >= limits[7:4] && line < limits[3:0];
        end
    endgenerate

endmodule

`resetall
