// SPDX-License-Identifier: Apache-2.0
//
// From a 32-bit accumulator to an int8 output, with TFLite's exact rounding, one a cycle, nine cycles later.
//
// y = clamp(zero_point + round(((acc + bias) << left) * multiplier / 2**(31 + right)))
//
// DOUBLE rounding (tflite-runtime 2.14): the high half of the doubled product, rounded to nearest (ties up), then
// the right shift, rounded to nearest with ties away from zero (gemmlowp's SaturatingRoundingDoublingHighMul and
// RoundingDivideByPOT). SINGLE rounding (LiteRT 2.x, fully-connected):
// the whole shift at once, ties up. Sums and shifts wrap at 32 bits, as the C++ kernels' do.
//
// What belongs to a layer is taken in one cycle only: `single_rounding` 4 cycles after the accumulator,
// `zero_point` 7, the clamp 8.

`default_nettype none

module edge_requant_lane #(
    // Hardware multipliers of 25 x 18 bits that the lane may use, 1 or 2.
    parameter integer MULTIPLIERS = 2,
    // 1: they have 25 x 18 bits, 0: 18 x 18, and the lane may use twice as many.
    parameter integer WIDE_MULTIPLIERS = 1
) (
    input  wire        clk,

    input  wire [31:0] accumulator,
    input  wire [31:0] bias,
    input  wire [30:0] multiplier,
    input  wire [4:0]  left,
    input  wire [4:0]  right,
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

    // 3 to 5: the product from bit 31 on. Single rounding leaves the rounding to the right shift, if there is one.
    wire [32:0] high;
    wire        round = !single_rounding || right_4 == 5'd0;
    generate
        if (WIDE_MULTIPLIERS != 0) begin : gen_wide
            edge_requant_product #(
                .MULTIPLIERS(MULTIPLIERS)
            ) high_product (
                .clk       (clk),
                .value     (shifted),
                .multiplier(multiplier_2),
                .round     (round),
                .high      (high)
            );
        end else begin : gen_narrow
            edge_requant_narrow_product #(
                .MULTIPLIERS(2 * MULTIPLIERS)
            ) high_product (
                .clk       (clk),
                .value     (shifted),
                .multiplier(multiplier_2),
                .round     (round),
                .high      (high)
            );
        end
    endgenerate
    reg [4:0] right_5;
    reg       single_5;
    always @(posedge clk) begin
        right_5  <= right_4;
        single_5 <= single_rounding;
    end

    // 6, 7: right shift of twice the number, so that its lowest bit says whether there is a half to round; and
    // whether there was anything below that
    wire [33:0] twice = {high, 1'b0};
    reg  [33:0] coarse;
    reg         below_6;
    reg  [2:0]  right_6;
    reg         single_6;
    wire [7:0]  lost_fine = coarse[7:0] & ~(8'hff << right_6);
    reg  [33:0] doubled;
    reg         tie_down;
    always @(posedge clk) begin
        coarse   <= $signed(twice) >>> {right_5[4:3], 3'b000};
        below_6  <= |(twice[23:0] & ~(24'hffffff << {right_5[4:3], 3'b000}));
        right_6  <= right_5[2:0];
        single_6 <= single_5;
        doubled  <= $signed(coarse) >>> right_6;
        tie_down <= !single_6 && coarse[33] && !below_6 && lost_fine == 8'd0;
    end

    // 8: zero point, modulo 2**32, and the half: up, but a negative tie of double rounding down
    reg  [31:0] offset;
    wire        up = doubled[0] && !tie_down;
    wire [32:0] offset_sum = {doubled[32:1], up} + {{24{zero_point[7]}}, zero_point, up};
    always @(posedge clk) offset <= offset_sum[32:1];
    wire unused_8 = &{1'b0, doubled[33], offset_sum[0]};

    // 9: clamp
    wire fits = offset[31:7] == 25'd0 || offset[31:7] == 25'h1ffffff;
    wire low  = fits ? $signed(offset[7:0]) < $signed(clamp_min) : offset[31];
    wire over = fits ? $signed(offset[7:0]) > $signed(clamp_max) : !offset[31];
    reg [7:0] clamped;
    always @(posedge clk)
        if (low)       clamped <= clamp_min;
        else if (over) clamped <= clamp_max;
        else           clamped <= offset[7:0];

    assign result = clamped;

endmodule

`resetall
