// SPDX-License-Identifier: Apache-2.0
//
// Four lanes of two output channels: `low_sum` is the sum of low weight times activation over the lanes, and
// `high_sum` that of the high weights, seven cycles after lane 0's operands came in.
//
// Lane i's operands come i cycles after lane 0's (skewed), so that each lane's product is added to the sum
// of the lanes before it as it passes: on 7-series that is one cascade of four DSP48E1 and nothing else.
//
// PACKED: one multiplier serves both channels. Its operand is high * 2**17 + low, so the low 17 bits of the
// chain's sum, signed, are the low channel's, and the rest, plus the borrow, the high channel's. That is exact
// while the low channel's four products sum to a 17-bit signed number; the compiler checks it for every chain.
// The high weight is stored less one where the low one is negative, which makes the packing mere wiring.

`default_nettype none

module edge_mac_chain #(
    // 1: two MACs per multiplier (25 x 18 bits or wider); 0: one multiplier for each.
    parameter integer PACKED = 1
) (
    input  wire        clk,
    // Four lanes of {high weight, low weight}, int8 each.
    input  wire [63:0] weights,
    // Four lanes of one int8 activation each.
    input  wire [31:0] activations,
    output wire [17:0] low_sum,
    output wire [17:0] high_sum
);

    localparam integer LANES = 4;

    genvar i;
    generate
        if (PACKED != 0) begin : gen_packed
            for (i = 0; i < LANES; i = i + 1) begin : gen_lane
                wire signed [7:0] low_weight = weights[i*16 +: 8];
                wire        [7:0] high_weight = weights[i*16 + 8 +: 8];
                reg  signed [24:0] operand;
                reg  signed [7:0]  activation;
                // More bits than the numbers have: a simulation does not have to cut them off.
                reg  signed [63:0] product;
                reg  signed [63:0] partial;
                wire signed [63:0] so_far;
                if (i == 0) begin : gen_first
                    assign so_far = 64'sd0;
                end else begin : gen_next
                    assign so_far = gen_lane[i-1].partial;
                end
                always @(posedge clk) begin
                    operand    <= {high_weight, {9{low_weight[7]}}, low_weight};
                    activation <= activations[i*8 +: 8];
                    product    <= operand * activation;
                    partial    <= product + so_far;
                end
            end
            // The chain holds at most 17 + 18 significant bits; the rest repeat the sign.
            wire [63:0] total = gen_lane[LANES-1].partial;
            wire unused_sign = &{1'b0, total[63:35]};
            reg [17:0] low_split;
            reg [17:0] high_split;
            always @(posedge clk) begin
                low_split  <= {total[16], total[16:0]};
                high_split <= total[34:17] + {17'd0, total[16]};
            end
            assign low_sum  = low_split;
            assign high_sum = high_split;
        end else begin : gen_plain
            wire [17:0] low_chain [0:LANES];
            wire [17:0] high_chain [0:LANES];
            assign low_chain[0]  = 18'd0;
            assign high_chain[0] = 18'd0;
            for (i = 0; i < LANES; i = i + 1) begin : gen_lane
                reg signed [7:0]  low_weight;
                reg signed [7:0]  high_weight;
                reg signed [7:0]  activation;
                reg signed [17:0] low_product;
                reg signed [17:0] high_product;
                reg signed [17:0] low_partial;
                reg signed [17:0] high_partial;
                always @(posedge clk) begin
                    low_weight   <= weights[i*16 +: 8];
                    high_weight  <= weights[i*16 + 8 +: 8];
                    activation   <= activations[i*8 +: 8];
                    low_product  <= low_weight * activation;
                    high_product <= high_weight * activation;
                    low_partial  <= $signed(low_chain[i]) + low_product;
                    high_partial <= $signed(high_chain[i]) + high_product;
                end
                assign low_chain[i+1]  = low_partial;
                assign high_chain[i+1] = high_partial;
            end
            reg [17:0] low_split;
            reg [17:0] high_split;
            always @(posedge clk) begin
                low_split  <= low_chain[LANES];
                high_split <= high_chain[LANES];
            end
            assign low_sum  = low_split;
            assign high_sum = high_split;
        end
    endgenerate

endmodule

`resetall
