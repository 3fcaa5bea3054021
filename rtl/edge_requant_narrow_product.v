// SPDX-License-Identifier: Apache-2.0
//
// What edge_requant_product does, with hardware multipliers of 18 x 18 bits: the high part of a 32 x 31 bit
// product, from bit 31 on, three cycles later; rounded to nearest, ties up, if `round` is set in the third cycle,
// otherwise down.
//
// Each multiplier stands alone between registers, so that its own can be used. With four of them both factors are
// halved; with two, the value's halves meet the multiplier's lowest 18 bits, taken as signed, and rows of LUTs make
// the rest.

`default_nettype none

module edge_requant_narrow_product #(
    // Hardware multipliers: 2 or 4.
    parameter integer MULTIPLIERS = 4
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
        if (MULTIPLIERS != 2 && MULTIPLIERS != 4) begin : gen_bad_multipliers
            $error("edge_requant_narrow_product: MULTIPLIERS must be 2 or 4");
        end
    endgenerate

    wire signed [15:0] value_high = value[31:16];
    wire signed [16:0] value_low  = {1'b0, value[15:0]};

    genvar k;
    generate
        if (MULTIPLIERS == 4) begin : gen_four
            wire signed [15:0] factor_high = {1'b0, multiplier[30:16]};
            wire signed [16:0] factor_low  = {1'b0, multiplier[15:0]};

            // ---- 1: four products ----
            reg signed [31:0] high_high;
            reg signed [32:0] high_low;
            reg signed [32:0] low_high;
            reg signed [33:0] low_low;
            always @(posedge clk) begin
                high_high <= value_high * factor_high;
                high_low  <= value_high * factor_low;
                low_high  <= value_low * factor_high;
                low_low   <= value_low * factor_low;
            end
            wire unused_sign = &{1'b0, low_low[33:32]};

            // ---- 2: the whole product but its lowest 16 bits, 3: its high part ----
            reg [47:0] whole;
            always @(posedge clk) begin
                whole <= {high_high, low_low[31:16]} + {{15{high_low[32]}}, high_low} + {{15{low_high[32]}}, low_high};
                high  <= whole[47:15] + {32'd0, whole[14] && round};
            end
            wire unused_whole = &{1'b0, low_low[15:0], whole[13:0]};
        end else begin : gen_two
            // ---- 1: the value's halves times the multiplier's lowest 18 bits ----
            wire signed [17:0] factor = multiplier[17:0];
            reg  signed [33:0] product_high;
            reg  signed [34:0] product_low;
            always @(posedge clk) begin
                product_high <= value_high * factor;
                product_low  <= value_low * factor;
            end

            // Booth's digits of the rest, seven: three in the first cycle, three in the second, one in the third.
            wire [14:0] digits_0 = {1'b0, multiplier[30:17]};
            reg  [8:0]  digits_1;
            reg  [2:0]  digits_2;
            reg  [31:0] value_1;
            reg  [31:0] value_2;
            always @(posedge clk) begin
                digits_1 <= digits_0[14:6];
                digits_2 <= digits_1[8:6];
                value_1  <= value;
                value_2  <= value_1;
            end

            reg  [31:0] carried_1;
            reg  [31:0] carried_2;
            wire [13:0] settled; // bits below those that the rows go on with
            for (k = 0; k < 7; k = k + 1) begin : gen_row
                wire [33:0] row_sum;
                wire [31:0] carried;
                wire [31:0] row_factor;
                wire [2:0]  digit;
                if (k == 0) begin : gen_zero
                    assign carried = 32'd0;
                end else if (k == 3) begin : gen_second
                    assign carried = carried_1;
                end else if (k == 6) begin : gen_third
                    assign carried = carried_2;
                end else begin : gen_chained
                    assign carried = gen_row[k-1].row_sum[33:2];
                end
                if (k < 3) begin : gen_factor_0
                    assign {row_factor, digit} = {value, digits_0[2*k +: 3]};
                end else if (k < 6) begin : gen_factor_1
                    assign {row_factor, digit} = {value_1, digits_1[2*(k-3) +: 3]};
                end else begin : gen_factor_2
                    assign {row_factor, digit} = {value_2, digits_2};
                end
                // The last row's weight is 2**30, half of what counts.
                edge_booth_row #(
                    .WIDTH(32)
                ) row (
                    .carried (carried),
                    .factor  (row_factor),
                    .digit   (digit),
                    .one_more(k == 6 && round),
                    .sum     (row_sum)
                );
                assign settled[2*k +: 2] = row_sum[1:0];
            end

            reg [5:0]  settled_1;
            reg [11:0] settled_2;
            always @(posedge clk) begin
                carried_1 <= gen_row[2].row_sum[33:2];
                carried_2 <= gen_row[5].row_sum[33:2];
                settled_1 <= settled[5:0];
                settled_2 <= {settled[11:6], settled_1};
            end

            // ---- 2: the product with the lowest 18 bits, from bit 18 on; 3: the high part of the whole ----
            wire [33:0] lower_sum = product_high + {{15{product_low[34]}}, product_low[34:16]};
            reg  [31:0] lower;
            always @(posedge clk) lower <= lower_sum[33:2];

            wire [45:0] whole = {gen_row[6].row_sum, settled_2} + {{14{lower[31]}}, lower};
            always @(posedge clk) high <= whole[45:13];
            wire unused_low = &{1'b0, product_low[15:0], lower_sum[1:0], whole[12:0], settled[13:12]};
        end
    endgenerate

endmodule

`resetall
