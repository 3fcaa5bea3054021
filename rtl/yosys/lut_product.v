// SPDX-License-Identifier: Apache-2.0
//
// How Yosys makes a signed product of LUTs (edge_lut_product.v): Booth's rows, one for each two bits of `B`.

(* techmap_celltype = "$mul" *)
module lut_product (A, B, Y);
    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter B_WIDTH = 1;
    parameter Y_WIDTH = 1;

    input  [A_WIDTH-1:0] A;
    input  [B_WIDTH-1:0] B;
    output [Y_WIDTH-1:0] Y;

    wire _TECHMAP_FAIL_ = !A_SIGNED || !B_SIGNED || Y_WIDTH != A_WIDTH + B_WIDTH;

    localparam ROWS = (B_WIDTH + 1) / 2;
    wire [2*ROWS:0] digits = {{2*ROWS-B_WIDTH{B[B_WIDTH-1]}}, B, 1'b0};
    wire [A_WIDTH+2*ROWS-1:0] whole;
    genvar k;
    generate
        for (k = 0; k < ROWS; k = k + 1) begin : row
            wire [A_WIDTH-1:0] carried;
            wire [A_WIDTH+1:0] sum;
            if (k == 0) assign carried = {A_WIDTH{1'b0}};
            else        assign carried = row[k-1].sum[A_WIDTH+1:2];
            edge_booth_row #(
                .WIDTH(A_WIDTH)
            ) one (
                .carried (carried),
                .factor  (A),
                .digit   (digits[2*k +: 3]),
                .one_more(1'b0),
                .sum     (sum)
            );
            if (k < ROWS - 1) assign whole[2*k +: 2] = sum[1:0];
            else              assign whole[2*k +: A_WIDTH+2] = sum;
        end
    endgenerate
    assign Y = whole[Y_WIDTH-1:0];
endmodule
