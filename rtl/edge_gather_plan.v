// SPDX-License-Identifier: Apache-2.0
//
// For each lane of a read, which of the gathered lines it belongs to and which byte of that line it is.
//
// Lane l is byte l % segment of line l / segment, at most line 7. Lines lie BANKS * gather_rows + segment bytes apart, so a lane
// stays in the bank that it would have in a plain read, and line n adds n * gather_rows to the row in that bank.
// `lane_line` and `line_rows` follow a change of the inputs one cycle later, `lane_column` two.

`default_nettype none

module edge_gather_plan #(
    // Bytes per read.
    parameter integer LANES = 24,
    // Row address bits of a byte bank.
    parameter integer BANK_ADDR_WIDTH = 11
) (
    input  wire                         clk,

    input  wire [7:0]                   segment,
    input  wire [BANK_ADDR_WIDTH-1:0]   gather_rows,

    output reg  [LANES*3-1:0]           lane_line,
    output reg  [LANES*8-1:0]           lane_column,
    output reg  [8*BANK_ADDR_WIDTH-1:0] line_rows
);

    localparam integer LINES = 8;

    // First lane of each line, and its rows. Multiples are written as sums, lest a multiplier is spent on them.
    wire [LINES*11-1:0] starts;
    genvar n;
    generate
        for (n = 0; n < LINES; n = n + 1) begin : gen_line
            localparam [2:0] LINE = n;
            wire [10:0] lanes = {3'd0, segment};
            assign starts[n*11 +: 11] = (LINE[0] ? lanes : 11'd0) + (LINE[1] ? lanes << 1 : 11'd0)
                                      + (LINE[2] ? lanes << 2 : 11'd0);
            wire [BANK_ADDR_WIDTH-1:0] rows = (LINE[0] ? gather_rows : {BANK_ADDR_WIDTH{1'b0}})
                                            + (LINE[1] ? gather_rows << 1 : {BANK_ADDR_WIDTH{1'b0}})
                                            + (LINE[2] ? gather_rows << 2 : {BANK_ADDR_WIDTH{1'b0}});
            always @(posedge clk) line_rows[n*BANK_ADDR_WIDTH +: BANK_ADDR_WIDTH] <= rows;
        end
    endgenerate

    reg [LINES*11-1:0] starts_held;
    always @(posedge clk) starts_held <= starts;

    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_lane
            localparam [10:0] LANE = l;
            wire [LINES-1:1] reached;
            for (n = 1; n < LINES; n = n + 1) begin : gen_reached
                assign reached[n] = LANE >= starts[n*11 +: 11];
            end
            // Lines are reached one after another, so the highest one that is reached counts.
            wire [2:0] line = reached[7] ? 3'd7 : reached[6] ? 3'd6 : reached[5] ? 3'd5 : reached[4] ? 3'd4
                            : reached[3] ? 3'd3 : reached[2] ? 3'd2 : {2'd0, reached[1]};
            wire [10:0] column = LANE - starts_held[lane_line[l*3 +: 3] * 11 +: 11];
            wire unused_column = &{1'b0, column[10:8]};
            always @(posedge clk) begin
                lane_line[l*3 +: 3]   <= line;
                lane_column[l*8 +: 8] <= column[7:0];
            end
        end
    endgenerate

endmodule

`resetall
