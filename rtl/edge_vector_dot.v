// SPDX-License-Identifier: Apache-2.0
//
// One channel's nine products, added; or, instead, the product of two wider factors. Four cycles.

`default_nettype none

module edge_vector_dot (
    input  wire        clk,

    // Nine int8 values and their weights.
    input  wire [71:0] window,
    input  wire [71:0] weights,
    // The product of the factors instead; the same for at least four cycles after it.
    input  wire        multiply,
    input  wire [9:0]  factor_a,
    input  wire [9:0]  factor_b,

    output reg  [19:0] result
);

    localparam integer WIDE = 10;

    // ---- 2: products ----
    wire [9:0]  wide_a = multiply ? factor_a : {{2{window[7]}}, window[7:0]};
    wire [9:0]  wide_b = multiply ? factor_b : {{2{weights[7]}}, weights[7:0]};
    wire [19:0] wide_product;
    edge_vector_multiplier #(
        .A_WIDTH(WIDE),
        .B_WIDTH(WIDE)
    ) wide (
        .clk    (clk),
        .a      (wide_a),
        .b      (wide_b),
        .product(wide_product)
    );

    wire signed [15:0] product [0:8];
    assign product[0] = wide_product[15:0];

    genvar i;
    generate
        for (i = 1; i < 9; i = i + 1) begin : gen_product
            edge_vector_multiplier multiplier (
                .clk    (clk),
                .a      (window[i*8 +: 8]),
                .b      (weights[i*8 +: 8]),
                .product(product[i])
            );
        end
    endgenerate

    // ---- 3: three sums of three, signs extended by addition: a simulation does that in one operation ----
    /* verilator lint_off WIDTHEXPAND */
    generate
        for (i = 0; i < 3; i = i + 1) begin : gen_sum
            reg signed [17:0] sum;
            always @(posedge clk) sum <= product[3*i] + product[3*i+1] + product[3*i+2];
        end
    endgenerate
    reg signed [19:0] wide_held;
    always @(posedge clk) wide_held <= wide_product;

    // ---- 4: one ----
    always @(posedge clk) result <= multiply ? wide_held : gen_sum[0].sum + gen_sum[1].sum + gen_sum[2].sum;
    /* verilator lint_on WIDTHEXPAND */

endmodule

`resetall
