// SPDX-License-Identifier: Apache-2.0
//
// Turns the vector unit's accumulators into int8 outputs and writes them, LANES channels a cycle.
//
// A position comes with its tokens, place and parameter row; its sums follow two cycles later, its write eleven. What
// belongs to the layer is sampled beside the sums: it must hold until `sample`, in the cycle in which they come, and
// there must be at least eight cycles between the sums of one layer and those of the next.

`default_nettype none

module edge_vector_requantizer #(
    // Channels.
    parameter integer LANES = 8,
    // Bits of an output's byte address, in the activation memory or the row buffer.
    parameter integer ADDR_WIDTH = 16,
    // Row address bits of the parameter memory.
    parameter integer PARAM_ROW_WIDTH = 9,
    // Bits of a layer's index.
    parameter integer INDEX_WIDTH = 7,
    // Hardware multipliers of a lane: 1 or 2.
    parameter integer MULTIPLIERS = 1
) (
    input  wire                       clk,
    input  wire                       rst,

    // Tokens: an output for the activation memory or for the row buffer; the layer's last step.
    input  wire                       emit,
    input  wire                       emit_fused,
    input  wire                       layer_last,
    input  wire [ADDR_WIDTH-1:0]      addr,
    input  wire [LANES-1:0]           exists,
    input  wire [PARAM_ROW_WIDTH-1:0] param_row,

    // Two cycles later.
    input  wire [LANES*32-1:0]        sums,
    input  wire                       sample,
    input  wire                       single_rounding,
    input  wire [7:0]                 zero_point,
    input  wire [7:0]                 clamp_min,
    input  wire [7:0]                 clamp_max,
    input  wire [INDEX_WIDTH-1:0]     index,

    output wire                       param_read_en,
    output wire [PARAM_ROW_WIDTH-1:0] param_read_row,
    input  wire [LANES*32-1:0]        param_bias,
    input  wire [LANES*31-1:0]        param_multiplier,
    input  wire [LANES*5-1:0]         param_left,
    input  wire [LANES*5-1:0]         param_right,

    output reg  [LANES-1:0]           write_en,
    output wire                       write_fused,
    output wire [ADDR_WIDTH-1:0]      write_addr,
    output wire [LANES*8-1:0]         write_data,
    output wire                       layer_done,
    output reg  [INDEX_WIDTH-1:0]     layer_done_index
);

    localparam integer LATENCY = 11;

    assign param_read_en  = emit || emit_fused;
    assign param_read_row = param_row;

    // ---- what belongs to the layer: a lane takes the rounding 4 cycles after the sums, the clamp 8 ----
    reg                   rounding_held;
    reg [7:0]             zero_held;
    reg [7:0]             min_held;
    reg [7:0]             max_held;
    reg [INDEX_WIDTH-1:0] index_held;
    always @(posedge clk)
        if (sample) begin
            rounding_held <= single_rounding;
            zero_held     <= zero_point;
            min_held      <= clamp_min;
            max_held      <= clamp_max;
            index_held    <= index;
        end

    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_lane
            edge_requant_lane #(
                .MULTIPLIERS(MULTIPLIERS)
            ) lane (
                .clk            (clk),
                .accumulator    (sums[l*32 +: 32]),
                .bias           (param_bias[l*32 +: 32]),
                .multiplier     (param_multiplier[l*31 +: 31]),
                .left           (param_left[l*5 +: 5]),
                .right          (param_right[l*5 +: 5]),
                .single_rounding(rounding_held),
                .zero_point     (zero_held),
                .clamp_min      (min_held),
                .clamp_max      (max_held),
                .result         (write_data[l*8 +: 8])
            );
        end
    endgenerate

    // ---- tokens and places beside the data ----
    wire write_next;
    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(LATENCY - 1)
    ) emit_delay (
        .clk(clk),
        .rst(rst),
        .d  (emit),
        .q  (write_next)
    );
    edge_token_delay #(
        .WIDTH (2),
        .CYCLES(LATENCY)
    ) token_delay (
        .clk(clk),
        .rst(rst),
        .d  ({layer_last, emit_fused}),
        .q  ({layer_done, write_fused})
    );

    wire [LANES-1:0] exists_next;
    edge_delay #(
        .WIDTH (LANES),
        .CYCLES(LATENCY - 1)
    ) exists_delay (
        .clk(clk),
        .d  (exists),
        .q  (exists_next)
    );
    edge_delay #(
        .WIDTH (ADDR_WIDTH),
        .CYCLES(LATENCY)
    ) address_delay (
        .clk(clk),
        .d  (addr),
        .q  (write_addr)
    );

    always @(posedge clk)
        if (rst) write_en <= {LANES{1'b0}};
        else     write_en <= exists_next & {LANES{write_next}};

    // Held once more: the next layer's sample may come in the cycle before `layer_done`.
    always @(posedge clk) layer_done_index <= index_held;

    initial write_en = {LANES{1'b0}};

endmodule

`resetall
