// SPDX-License-Identifier: Apache-2.0
//
// Signed multiplier in LUTs, two cycles: a row for each two bits of `b`, half of them before the register.

`default_nettype none

module edge_vector_multiplier #(
    // Bits of the first factor.
    parameter integer A_WIDTH = 8,
    // Bits of the second factor, even, at least 4.
    parameter integer B_WIDTH = 8
) (
    input  wire                       clk,
    input  wire [A_WIDTH-1:0]         a,
    input  wire [B_WIDTH-1:0]         b,
    output reg  [A_WIDTH+B_WIDTH-1:0] product
);

    localparam integer ROWS  = B_WIDTH / 2;
    // Rows before the register.
    localparam integer FIRST = (ROWS + 1) / 2;

    generate
        if (B_WIDTH % 2 != 0 || B_WIDTH < 4) begin : gen_bad_width
            $error("edge_vector_multiplier: B_WIDTH must be even, at least 4");
        end
    endgenerate

    wire [B_WIDTH:0]           digits = {b, 1'b0};
    reg  [A_WIDTH-1:0]         a_1;
    reg  [B_WIDTH-2*FIRST:0]   digits_1;
    // The sum of the first rows: the bits that are settled, and those above.
    reg  [2*FIRST-1:0]         low_1;
    reg  [A_WIDTH-1:0]         high_1;
    wire [2*FIRST-1:0]         low;
    wire [A_WIDTH+B_WIDTH-1:0] sum;

    genvar k;
    generate
        for (k = 0; k < ROWS; k = k + 1) begin : gen_row
            wire [A_WIDTH+1:0] row_sum;
            wire [A_WIDTH-1:0] carried;
            if (k == 0) begin : gen_zero
                assign carried = {A_WIDTH{1'b0}};
            end else if (k == FIRST) begin : gen_registered
                assign carried = high_1;
            end else begin : gen_chained
                assign carried = gen_row[k-1].row_sum[A_WIDTH+1:2];
            end
            edge_booth_row #(
                .WIDTH(A_WIDTH)
            ) row (
                .carried (carried),
                .factor  (k < FIRST ? a : a_1),
                .digit   (k < FIRST ? digits[2*k +: 3] : digits_1[(k < FIRST ? 0 : 2*(k-FIRST)) +: 3]),
                .one_more(1'b0),
                .sum     (row_sum)
            );
            if (k < FIRST) begin : gen_low
                assign low[2*k +: 2] = row_sum[1:0];
            end else if (k < ROWS - 1) begin : gen_middle
                assign sum[2*k +: 2] = row_sum[1:0];
            end else begin : gen_top
                assign sum[2*k +: A_WIDTH+2] = row_sum;
            end
        end
    endgenerate

    always @(posedge clk) begin
        a_1      <= a;
        digits_1 <= digits[B_WIDTH:2*FIRST];
        low_1    <= low;
        high_1   <= gen_row[FIRST-1].row_sum[A_WIDTH+1:2];
    end

    assign sum[2*FIRST-1:0] = low_1;

    always @(posedge clk) product <= sum;

endmodule

`resetall
