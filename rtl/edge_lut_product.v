// SPDX-License-Identifier: Apache-2.0
//
// Product of two signed numbers, in LUTs: hardware multipliers are left to those who need them.
//
// Vivado heeds the attribute. Yosys does not: it maps the product by rtl/yosys/lut_product.v, a row of adders for each
// two bits of `b`.

`default_nettype none

(* use_dsp = "no" *)
module edge_lut_product #(
    // Bits of the first factor.
    parameter integer A_WIDTH = 8,
    // Bits of the second factor, better the narrower one: each two take a row.
    parameter integer B_WIDTH = 8
) (
    input  wire signed [A_WIDTH-1:0]         a,
    input  wire signed [B_WIDTH-1:0]         b,
    output wire signed [A_WIDTH+B_WIDTH-1:0] product
);

    assign product = a * b;

endmodule

`resetall
