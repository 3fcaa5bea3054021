// SPDX-License-Identifier: Apache-2.0
//
// One channel's running maximum over the lines of its steps, four cycles behind the step.

`default_nettype none

module edge_vector_max (
    input  wire        clk,

    // A step: three int8 lines, of which the first `lines` count (1 to 3).
    input  wire        step_valid,
    input  wire        step_first,
    input  wire [1:0]  lines,
    input  wire [23:0] column,

    // The maximum since the last first step.
    output reg  [7:0]  result
);

    // ---- 1: two lines, 2: the third ----
    wire [7:0] second = lines[1] ? column[15:8] : column[7:0];
    reg  [7:0] of_two;
    reg  [7:0] third;
    reg        takes_third;
    reg  [7:0] of_three;
    always @(posedge clk) begin
        of_two      <= $signed(second) > $signed(column[7:0]) ? second : column[7:0];
        third       <= column[23:16];
        takes_third <= lines == 2'd3;
        of_three    <= takes_third && $signed(third) > $signed(of_two) ? third : of_two;
    end

    wire valid_2;
    wire first_2;
    edge_delay #(
        .WIDTH (2),
        .CYCLES(2)
    ) flags (
        .clk(clk),
        .d  ({step_valid, step_first}),
        .q  ({valid_2, first_2})
    );

    // ---- 3: those before ----
    reg [7:0] peak;
    always @(posedge clk)
        if (valid_2 && (first_2 || $signed(of_three) > $signed(peak))) peak <= of_three;

    always @(posedge clk) result <= peak;

endmodule

`resetall
