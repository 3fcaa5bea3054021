// SPDX-License-Identifier: Apache-2.0
//
// From a 32-bit accumulator to an int8 output, with TFLite's exact rounding, one a cycle, nine cycles later.
//
// y = clamp(zero_point + round(((acc + bias) << left) * multiplier / 2**(31 + right)))
//
// DOUBLE rounding (tflite-runtime 2.14): the high half of the doubled product, rounded to nearest (ties up),
// then the right shift, rounded to nearest with ties away from zero (gemmlowp's
// SaturatingRoundingDoublingHighMul and RoundingDivideByPOT). SINGLE rounding (LiteRT 2.x, fully-connected):
// the whole shift at once, ties up. Sums and shifts wrap at 32 bits, as the C++ kernels' do.
//
// The product is built from parts of 25 x 18 bits and less (two DSP48E1), and 7 x 31 in LUTs.

`default_nettype none

module edge_requant_lane (
    input  wire        clk,

    input  wire [31:0] accumulator,
    input  wire [31:0] bias,
    input  wire [30:0] multiplier,
    input  wire [4:0]  left,
    input  wire [4:0]  right,
    // Held for a whole layer.
    input  wire        single_rounding,
    input  wire [7:0]  zero_point,
    input  wire [7:0]  clamp_min,
    input  wire [7:0]  clamp_max,

    output wire [7:0]  result
);

    // 1: bias
    reg [31:0] biased;
    reg [30:0] multiplier_1;
    reg [4:0]  left_1;
    always @(posedge clk) begin
        biased       <= accumulator + bias;
        multiplier_1 <= multiplier;
        left_1       <= left;
    end

    // 2: left shift, modulo 2**32
    reg [31:0] shifted;
    reg [30:0] multiplier_2;
    always @(posedge clk) begin
        shifted      <= biased << left_1;
        multiplier_2 <= multiplier_1;
    end

    // 3: partial products
    wire signed [24:0] shifted_high = shifted[31:7];
    wire        [6:0]  shifted_low  = shifted[6:0];
    wire signed [17:0] factor_low   = {1'b0, multiplier_2[16:0]};
    wire signed [14:0] factor_high  = {1'b0, multiplier_2[30:17]};
    reg signed [42:0] product_high_low;
    reg signed [39:0] product_high_high;
    reg        [37:0] product_low;
    always @(posedge clk) begin
        product_high_low  <= shifted_high * factor_low;
        product_high_high <= shifted_high * factor_high;
        product_low       <= {31'd0, shifted_low} * {7'd0, multiplier_2};
    end

    // 4: the 63-bit product
    reg signed [63:0] product;
    always @(posedge clk)
        product <= $signed({{14{product_high_low[42]}}, product_high_low, 7'd0})
                 + $signed({product_high_high, 24'd0})
                 + $signed({26'd0, product_low});

    // The right shift travels beside the product.
    wire [4:0] right_4;
    edge_delay #(
        .WIDTH (5),
        .CYCLES(4)
    ) right_to_4 (
        .clk(clk),
        .d  (right),
        .q  (right_4)
    );

    // 5: round at bit 31, or for single rounding at bit 31 + right
    wire [63:0] half_at_31 = 64'd1 << 30;
    reg  [63:0] rounded;
    reg  [4:0]  right_5;
    reg         single_5;
    always @(posedge clk) begin
        single_5 <= single_rounding;
        rounded <= product + (single_rounding ? half_at_31 << right_4 : half_at_31);
        right_5 <= right_4;
    end

    // 6: round at the right shift, ties away from zero (double rounding only)
    wire signed [32:0] high = rounded[63:31];
    wire [31:0] half_of_right = (32'd1 << right_5) >> 1;
    wire        less_one      = high[32] && right_5 != 5'd0;
    reg signed [32:0] nudged;
    reg        [4:0]  right_6;
    wire unused_low = &{1'b0, rounded[30:0]};
    always @(posedge clk) begin
        nudged  <= single_5 ? high : high + $signed({1'b0, half_of_right}) - $signed({32'd0, less_one});
        right_6 <= right_5;
    end

    // 7: right shift
    reg signed [32:0] scaled;
    always @(posedge clk) scaled <= nudged >>> right_6;

    // 8: zero point, modulo 2**32
    reg signed [31:0] offset;
    always @(posedge clk) offset <= scaled[31:0] + {{24{zero_point[7]}}, zero_point};
    wire unused_sign = scaled[32];

    // 9: clamp
    wire signed [31:0] low_limit  = {{24{clamp_min[7]}}, clamp_min};
    wire signed [31:0] high_limit = {{24{clamp_max[7]}}, clamp_max};
    reg [7:0] clamped;
    always @(posedge clk)
        if (offset < low_limit)       clamped <= clamp_min;
        else if (offset > high_limit) clamped <= clamp_max;
        else                          clamped <= offset[7:0];

    assign result = clamped;

endmodule

`resetall
