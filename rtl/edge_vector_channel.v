// SPDX-License-Identifier: Apache-2.0
//
// One channel of the vector unit: from a step's three lines to the accumulator of its position.
//
// Times are cycles from the step; its lines come at 7 and the accumulator is complete 14 after the position's last
// one. The function and the offsets hold from 7 to 13 of each step. The window keeps the last three columns.

`default_nettype none
`include "edge_host_interface.vh"

module edge_vector_channel #(
    // 1: the tables lie in LUTs, 0: in block memory.
    parameter integer TABLES_IN_LUTS = 1
) (
    input  wire        clk,

    input  wire [2:0]  func,
    input  wire        use_both,
    input  wire [8:0]  offset_a,
    input  wire [8:0]  offset_b,

    input  wire        valid_7,
    input  wire [23:0] column_7,

    input  wire        valid_8,
    input  wire        first_8,
    input  wire [1:0]  lines_8,
    // Byte slot * 3 + line; slot 0 is the oldest column.
    input  wire [71:0] weights_8,

    input  wire        use_a_10,
    input  wire        use_b_10,

    input  wire        valid_13,
    input  wire        first_13,
    output reg  [31:0] accumulator,

    // Entries of the tables; the words come a cycle after the index.
    input  wire        load_en,
    input  wire [7:0]  load_index,
    input  wire [31:0] load_a,
    input  wire [31:0] load_b
);

    // ---- 8: the window, and the factors ----
    reg [71:0] window;
    reg [9:0]  factor_a;
    reg [9:0]  factor_b;
    always @(posedge clk)
        if (valid_7) window <= {column_7, window[71:24]};

    always @(posedge clk) begin
        factor_a <= {{2{column_7[7]}}, column_7[7:0]} + {offset_a[8], offset_a};
        factor_b <= {{2{column_7[15]}}, column_7[15:8]} + {offset_b[8], offset_b};
    end

    // ---- 12: what each function gives ----
    wire [19:0] dot;
    edge_vector_dot products (
        .clk     (clk),
        .window  (window),
        .weights (weights_8),
        .multiply(func == `EDGE_FUNCTION_MUL),
        .factor_a(factor_a),
        .factor_b(factor_b),
        .result  (dot)
    );

    wire [7:0] peak;
    edge_vector_max maximum (
        .clk       (clk),
        .step_valid(valid_8),
        .step_first(first_8),
        .lines     (lines_8),
        .column    (window[71:48]),
        .result    (peak)
    );

    wire [31:0] entries;
    edge_vector_sum #(
        .TABLES_IN_LUTS(TABLES_IN_LUTS)
    ) tables (
        .clk       (clk),
        .load_en   (load_en),
        .load_index(load_index),
        .load_a    (load_a),
        .load_b    (load_b),
        .index_a   (column_7[7:0]),
        .index_b   (use_both ? column_7[15:8] : column_7[7:0]),
        .use_a     (use_a_10),
        .use_b     (use_b_10),
        .result    (entries)
    );

    // ---- 13: the chosen one, 14: the accumulator ----
    reg [31:0] term;
    always @(posedge clk)
        case (func)
            `EDGE_FUNCTION_MAX: term <= {{24{peak[7]}}, peak};
            `EDGE_FUNCTION_SUM: term <= entries;
            default:            term <= {{12{dot[19]}}, dot};
        endcase

    wire [31:0] so_far = first_13 || func == `EDGE_FUNCTION_MAX ? 32'd0 : accumulator;
    always @(posedge clk)
        if (valid_13) accumulator <= term + so_far;

endmodule

`resetall
