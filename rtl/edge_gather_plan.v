// SPDX-License-Identifier: Apache-2.0
//
// For each lane of a read, which of the gathered lines it belongs to and which byte of that line it is.
//
// Lane l is byte l % segment of line l / segment, at most line 7. Lines lie BANKS * gather_rows + segment bytes apart,
// so a lane stays in the bank that it would have in a plain read, and line n adds n * gather_rows to the row in that
// bank. The inputs are taken in the cycle of `change`; `lane_line` and `line_rows` follow one cycle later,
// `lane_column` two.

`default_nettype none

module edge_gather_plan #(
    // Bytes per read.
    parameter integer LANES = 24,
    // Row address bits of a byte bank.
    parameter integer BANK_ADDR_WIDTH = 11
) (
    input  wire                         clk,

    input  wire                         change,
    input  wire [7:0]                   segment,
    input  wire [BANK_ADDR_WIDTH-1:0]   gather_rows,

    output reg  [LANES*3-1:0]           lane_line,
    output reg  [LANES*8-1:0]           lane_column,
    output reg  [8*BANK_ADDR_WIDTH-1:0] line_rows
);

    localparam integer LINES       = 8;
    localparam integer START_WIDTH = 11; // of a line's first lane, at most 7 * 255

    // Multiples are written as sums, lest a multiplier is spent on them.
    function [START_WIDTH-1:0] start_of(input [2:0] line, input [7:0] length);
        reg [START_WIDTH-1:0] once;
        begin
            once     = {3'd0, length};
            start_of = (line[0] ? once : 11'd0) + (line[1] ? once << 1 : 11'd0) + (line[2] ? once << 2 : 11'd0);
        end
    endfunction

    function [BANK_ADDR_WIDTH-1:0] rows_of(input [2:0] line, input [BANK_ADDR_WIDTH-1:0] once);
        rows_of = (line[0] ? once : {BANK_ADDR_WIDTH{1'b0}}) + (line[1] ? once << 1 : {BANK_ADDR_WIDTH{1'b0}})
                + (line[2] ? once << 2 : {BANK_ADDR_WIDTH{1'b0}});
    endfunction

    reg                         changed;
    reg [LINES*START_WIDTH-1:0] starts;
    always @(posedge clk) changed <= change;
    initial changed = 1'b0;

    genvar n;
    generate
        for (n = 0; n < LINES; n = n + 1) begin : gen_line
            localparam [2:0] LINE = n;
            always @(posedge clk)
                if (change) starts[n*START_WIDTH +: START_WIDTH] <= start_of(LINE, segment);
            always @(posedge clk)
                if (change) line_rows[n*BANK_ADDR_WIDTH +: BANK_ADDR_WIDTH] <= rows_of(LINE, gather_rows);
        end
    endgenerate

    // Lines are reached one after another, so the highest one that is reached counts.
    function [2:0] line_of(input [START_WIDTH-1:0] lane, input [7:0] length);
        line_of = lane >= start_of(3'd7, length) ? 3'd7 : lane >= start_of(3'd6, length) ? 3'd6
                : lane >= start_of(3'd5, length) ? 3'd5 : lane >= start_of(3'd4, length) ? 3'd4
                : lane >= start_of(3'd3, length) ? 3'd3 : lane >= start_of(3'd2, length) ? 3'd2
                : {2'd0, lane >= start_of(3'd1, length)};
    endfunction

    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_lane
            localparam [START_WIDTH-1:0] LANE = l;
            wire [START_WIDTH-1:0] column = LANE - starts[lane_line[l*3 +: 3] * START_WIDTH +: START_WIDTH];
            wire unused_column = &{1'b0, column[START_WIDTH-1:8]};
            always @(posedge clk) begin
                if (change)  lane_line[l*3 +: 3]   <= line_of(LANE, segment);
                if (changed) lane_column[l*8 +: 8] <= column[7:0];
            end
        end
    endgenerate

endmodule

`resetall
