// SPDX-License-Identifier: Apache-2.0
//
// K_LANES x OC_LANES int8 MACs, output-stationary: every issued step adds K_LANES products to the accumulator
// of each output channel; `first` begins a new sum, `last` ends it.
//
// `activations` are due ACT_LATENCY cycles after `step_valid`, `weights` at the same time with lane l
// 0 to 3 cycles (l % 4) later, as edge_weight_memory gives them. `tile_valid` comes SUMS_AFTER cycles before the
// finished sums, which then hold for as many cycles as the next tile takes.

`default_nettype none

module edge_mac_array #(
    // Lanes: int8 activations per cycle, a multiple of 4, at most 128.
    parameter integer K_LANES = 24,
    // Output channels, a multiple of 4.
    parameter integer OC_LANES = 16,
    // 1: two MACs per multiplier; 0: one each. See edge_mac_chain.v.
    parameter integer PACKED = 1,
    // Cycles from a step to its activations; at least 2.
    parameter integer ACT_LATENCY = 5,
    // Cycles from `tile_valid` to its sums.
    parameter integer SUMS_AFTER = 2
) (
    input  wire                          clk,
    input  wire                          rst,

    input  wire                          step_valid,
    input  wire                          step_first,
    input  wire                          step_last,
    input  wire [K_LANES*8-1:0]          activations,
    input  wire [K_LANES*OC_LANES*8-1:0] weights,

    output wire                          tile_valid,
    output wire [OC_LANES*32-1:0]        tile_sums
);

    localparam integer CHAIN_LANES   = 4;
    localparam integer CHAINS        = K_LANES / CHAIN_LANES;
    localparam integer CHAIN_LATENCY = CHAIN_LANES + 3;
    localparam integer TREE_LATENCY  = $clog2(CHAINS);
    localparam integer PAIRS         = OC_LANES / 2;
    // Up to 128 products of at most 2**14 each.
    localparam integer SUM_WIDTH     = 23;

    generate
        if (K_LANES % 4 != 0 || K_LANES < 4 || K_LANES > 128
            || OC_LANES % 4 != 0 || OC_LANES < 4 || OC_LANES > 128) begin : gen_bad_shape
            $error("edge_mac_array: K_LANES and OC_LANES must be multiples of 4, at most 128");
        end
    endgenerate

    // ---- skew: lane l's activation comes l % 4 cycles later, like its weights ----
    wire [K_LANES*8-1:0] skewed;
    genvar l;
    generate
        for (l = 0; l < K_LANES; l = l + 1) begin : gen_skew
            edge_delay #(
                .WIDTH (8),
                .CYCLES(l % CHAIN_LANES)
            ) skew (
                .clk(clk),
                .d  (activations[l*8 +: 8]),
                .q  (skewed[l*8 +: 8])
            );
        end
    endgenerate

    // ---- tokens beside the data ----
    wire sum_valid;
    wire sum_first;
    wire sum_last;
    edge_token_delay #(
        .WIDTH (3),
        .CYCLES(ACT_LATENCY + CHAIN_LATENCY + TREE_LATENCY)
    ) tokens (
        .clk(clk),
        .rst(rst),
        .d  ({step_valid, step_valid && step_first, step_valid && step_last}),
        .q  ({sum_valid, sum_first, sum_last})
    );

    // ---- two output channels share each activation ----
    genvar p;
    genvar c;
    generate
        for (p = 0; p < PAIRS; p = p + 1) begin : gen_pair
            wire [CHAINS*SUM_WIDTH-1:0] low_terms;
            wire [CHAINS*SUM_WIDTH-1:0] high_terms;

            for (c = 0; c < CHAINS; c = c + 1) begin : gen_chain
                localparam integer LANE = c * CHAIN_LANES;
                wire [17:0] low_sum;
                wire [17:0] high_sum;
                edge_mac_chain #(
                    .PACKED(PACKED)
                ) chain (
                    .clk        (clk),
                    .weights    ({weights[((LANE+3)*OC_LANES + 2*p)*8 +: 16],
                                  weights[((LANE+2)*OC_LANES + 2*p)*8 +: 16],
                                  weights[((LANE+1)*OC_LANES + 2*p)*8 +: 16],
                                  weights[((LANE+0)*OC_LANES + 2*p)*8 +: 16]}),
                    .activations(skewed[LANE*8 +: 32]),
                    .low_sum    (low_sum),
                    .high_sum   (high_sum)
                );
                assign low_terms[c*SUM_WIDTH +: SUM_WIDTH]  = {{SUM_WIDTH-18{low_sum[17]}}, low_sum};
                assign high_terms[c*SUM_WIDTH +: SUM_WIDTH] = {{SUM_WIDTH-18{high_sum[17]}}, high_sum};
            end

            wire [SUM_WIDTH-1:0] low_step;
            wire [SUM_WIDTH-1:0] high_step;
            edge_adder_tree #(
                .INPUTS(CHAINS),
                .WIDTH (SUM_WIDTH)
            ) low_tree (
                .clk  (clk),
                .terms(low_terms),
                .sum  (low_step)
            );
            edge_adder_tree #(
                .INPUTS(CHAINS),
                .WIDTH (SUM_WIDTH)
            ) high_tree (
                .clk  (clk),
                .terms(high_terms),
                .sum  (high_step)
            );

            edge_accumulator #(
                .STEP_WIDTH(SUM_WIDTH)
            ) low_accumulator (
                .clk  (clk),
                .valid(sum_valid),
                .first(sum_first),
                .last (sum_last),
                .step (low_step),
                .total(tile_sums[(2*p)*32 +: 32])
            );
            edge_accumulator #(
                .STEP_WIDTH(SUM_WIDTH)
            ) high_accumulator (
                .clk  (clk),
                .valid(sum_valid),
                .first(sum_first),
                .last (sum_last),
                .step (high_step),
                .total(tile_sums[(2*p+1)*32 +: 32])
            );
        end
    endgenerate

    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(ACT_LATENCY + CHAIN_LATENCY + TREE_LATENCY + 1 - SUMS_AFTER)
    ) tile_token (
        .clk(clk),
        .rst(rst),
        .d  (step_valid && step_last),
        .q  (tile_valid)
    );

endmodule

`resetall
