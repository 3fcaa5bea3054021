// SPDX-License-Identifier: Apache-2.0
//
// The high part of a 32 x 31 bit product, from bit 31 on, three cycles later; rounded to nearest, ties up, if
// `round` is set in the third cycle, otherwise down.
//
// The product is built from parts of 25 x 18 bits, one DSP48E1 each, and rows of LUTs: with two hardware
// multipliers 7 x 31 bits are in LUTs, with one 32 x 13 and 7 x 18 bits.

`default_nettype none

module edge_requant_product #(
    // Hardware multipliers: 1 or 2.
    parameter integer MULTIPLIERS = 2
) (
    input  wire        clk,
    input  wire [31:0] value,
    // Without sign.
    input  wire [30:0] multiplier,
    // Two cycles after the factors.
    input  wire        round,
    output reg  [32:0] high
);

    generate
        if (MULTIPLIERS != 1 && MULTIPLIERS != 2) begin : gen_bad_multipliers
            $error("edge_requant_product: MULTIPLIERS must be 1 or 2");
        end
    endgenerate

    // ---- 1: value[31:7] times the multiplier's lowest 17 bits, or its lowest 18 bits taken as signed ----
    wire signed [24:0] upper = value[31:7];
    wire signed [17:0] lower_bits = {MULTIPLIERS == 1 && multiplier[17], multiplier[16:0]};
    reg  signed [42:0] product_low;
    always @(posedge clk) product_low <= upper * lower_bits;

    genvar k;
    generate
        if (MULTIPLIERS == 2) begin : gen_two
            // ---- 1: the other products ----
            wire signed [14:0] upper_bits = {1'b0, multiplier[30:17]};
            reg  signed [39:0] product_high;
            always @(posedge clk) product_high <= upper * upper_bits;

            wire [39:0] low_whole;
            edge_lut_product #(
                .A_WIDTH(32),
                .B_WIDTH(8)
            ) low_rows (
                .a      ({1'b0, multiplier}),
                .b      ({1'b0, value[6:0]}),
                .product(low_whole)
            );
            reg [39:0] low_product;
            always @(posedge clk) low_product <= low_whole;

            // ---- 2: the whole product, 3: its high part ----
            reg [63:0] whole;
            always @(posedge clk) begin
                whole <= {{14{product_low[42]}}, product_low, 7'd0} + {product_high, 24'd0}
                       + {{24{low_product[39]}}, low_product};
                high  <= whole[63:31] + {32'd0, whole[30] && round};
            end
            wire unused_whole = &{1'b0, whole[29:0]};
        end else begin : gen_one
            // ---- 1: value[6:0] times the same 18 bits; the value times the first four digits above them ----
            wire [25:0] low_whole;
            edge_lut_product #(
                .A_WIDTH(18),
                .B_WIDTH(8)
            ) low_rows (
                .a      (multiplier[17:0]),
                .b      ({1'b0, value[6:0]}),
                .product(low_whole)
            );
            reg [25:0] low_product;
            always @(posedge clk) low_product <= low_whole;

            // Seven digits of the multiplier, four in the first cycle, two in the second, one in the third.
            wire [14:0] digits_0 = {1'b0, multiplier[30:17]};
            reg  [6:0]  digits_1;
            reg  [2:0]  digits_2;
            reg  [31:0] value_1;
            reg  [31:0] value_2;
            always @(posedge clk) begin
                digits_1 <= digits_0[14:8];
                digits_2 <= digits_1[6:4];
                value_1  <= value;
                value_2  <= value_1;
            end

            reg  [31:0] carried_1;
            reg  [31:0] carried_2;
            wire [13:0] settled; // bits below those that the rows go on with
            for (k = 0; k < 7; k = k + 1) begin : gen_high
                wire [33:0] row_sum;
                wire [31:0] carried;
                wire [31:0] factor;
                wire [2:0]  digit;
                if (k == 0) begin : gen_zero
                    assign carried = 32'd0;
                end else if (k == 4) begin : gen_second
                    assign carried = carried_1;
                end else if (k == 6) begin : gen_third
                    assign carried = carried_2;
                end else begin : gen_chained
                    assign carried = gen_high[k-1].row_sum[33:2];
                end
                if (k < 4) begin : gen_factor_0
                    assign {factor, digit} = {value, digits_0[2*k +: 3]};
                end else if (k < 6) begin : gen_factor_1
                    assign {factor, digit} = {value_1, digits_1[2*(k-4) +: 3]};
                end else begin : gen_factor_2
                    assign {factor, digit} = {value_2, digits_2};
                end
                // The last row's weight is 2**30, half of what counts.
                edge_booth_row #(
                    .WIDTH(32)
                ) row (
                    .carried (carried),
                    .factor  (factor),
                    .digit   (digit),
                    .one_more(k == 6 && round),
                    .sum     (row_sum)
                );
                assign settled[2*k +: 2] = row_sum[1:0];
            end

            reg [7:0]  settled_1;
            reg [11:0] settled_2;
            always @(posedge clk) begin
                carried_1 <= gen_high[3].row_sum[33:2];
                carried_2 <= gen_high[5].row_sum[33:2];
                settled_1 <= settled[7:0];
                settled_2 <= {settled[11:8], settled_1};
            end

            // ---- 2: the product with the lowest 18 bits, 3: the high part of the whole ----
            reg [49:0] lower;
            always @(posedge clk)
                lower <= {product_low + {{24{low_product[25]}}, low_product[25:7]}, low_product[6:0]};

            wire [45:0] above = {gen_high[6].row_sum, settled_2};
            wire [45:0] whole = above + {{14{lower[49]}}, lower[49:18]};
            always @(posedge clk) high <= whole[45:13];
            wire unused_low = &{1'b0, lower[17:0], whole[12:0], settled[13:12]};
        end
    endgenerate

endmodule

`resetall
