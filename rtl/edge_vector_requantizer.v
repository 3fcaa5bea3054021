// SPDX-License-Identifier: Apache-2.0
//
// Turns the vector unit's accumulators into int8 outputs and writes them, LANES channels a cycle; holds the
// parameters.
//
// A position's tokens, place and parameter row come with its last step, its sums 14 cycles later, its write 23
// cycles after the step. What belongs to the layer is sampled beside the sums and then holds for eight cycles,
// which is as long as a lane needs it: the sums of the next layer come at least eight cycles after the last ones
// of this layer.
//
// Word bus: see edge_axil_slave.v.

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
    parameter integer MULTIPLIERS = 1,
    // 1: they have 25 x 18 bits, 0: 18 x 18, and a lane has twice as many.
    parameter integer WIDE_MULTIPLIERS = 1,
    // Derived: word address bits of the parameter memory.
    parameter integer PARAM_ADDR_WIDTH = PARAM_ROW_WIDTH + $clog2(LANES) + 2
) (
    input  wire                        clk,
    input  wire                        rst,
    // Forgets the outputs under way; the parameter memory goes on.
    input  wire                        stop,

    // With the step: an output for the activation memory or for the row buffer; the layer's last step.
    input  wire                        emit,
    input  wire                        emit_fused,
    input  wire                        layer_last,
    input  wire [ADDR_WIDTH-1:0]       addr,
    input  wire [LANES-1:0]            exists,
    input  wire [PARAM_ROW_WIDTH-1:0]  param_row,

    // 14 cycles later.
    input  wire                        valid_14,
    input  wire [LANES*32-1:0]         sums_14,
    input  wire                        single_rounding,
    input  wire [7:0]                  zero_point,
    input  wire [7:0]                  clamp_min,
    input  wire [7:0]                  clamp_max,
    input  wire [INDEX_WIDTH-1:0]      index,

    output reg  [LANES-1:0]            write_en,
    output wire                        write_fused,
    output wire [ADDR_WIDTH-1:0]       write_addr,
    output wire [LANES*8-1:0]          write_data,
    output wire                        layer_done,
    output reg  [INDEX_WIDTH-1:0]      layer_done_index,

    input  wire                        host_wr_valid,
    output wire                        host_wr_ready,
    input  wire [PARAM_ADDR_WIDTH-1:0] host_wr_addr,
    input  wire [31:0]                 host_wr_data,
    input  wire                        host_rd_valid,
    output wire                        host_rd_ready,
    input  wire [PARAM_ADDR_WIDTH-1:0] host_rd_addr,
    output wire                        host_rd_data_valid,
    output wire [31:0]                 host_rd_data
);

    localparam integer ASK_LATENCY   = 12; // two before the sums
    localparam integer WRITE_LATENCY = 23;

    wire rst_run = rst || stop;

    // ---- 12: parameters ----
    wire                       param_read_en;
    wire [PARAM_ROW_WIDTH-1:0] param_read_row;
    wire [LANES*32-1:0]        bias;
    wire [LANES*31-1:0]        multiplier;
    wire [LANES*5-1:0]         left;
    wire [LANES*5-1:0]         right;

    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(ASK_LATENCY)
    ) ask_delay (
        .clk(clk),
        .rst(rst_run),
        .d  (emit || emit_fused),
        .q  (param_read_en)
    );
    edge_delay #(
        .WIDTH (PARAM_ROW_WIDTH),
        .CYCLES(ASK_LATENCY)
    ) row_delay (
        .clk(clk),
        .d  (param_row),
        .q  (param_read_row)
    );

    edge_parameter_memory #(
        .LANES    (LANES),
        .ROW_WIDTH(PARAM_ROW_WIDTH)
    ) parameter_memory (
        .clk               (clk),
        .rst               (rst),
        .read_en           (param_read_en),
        .read_row          (param_read_row),
        .read_bias         (bias),
        .read_multiplier   (multiplier),
        .read_left         (left),
        .read_right        (right),
        .host_wr_valid     (host_wr_valid),
        .host_wr_ready     (host_wr_ready),
        .host_wr_addr      (host_wr_addr),
        .host_wr_data      (host_wr_data),
        .host_rd_valid     (host_rd_valid),
        .host_rd_ready     (host_rd_ready),
        .host_rd_addr      (host_rd_addr),
        .host_rd_data_valid(host_rd_data_valid),
        .host_rd_data      (host_rd_data)
    );

    // ---- 14: what belongs to the layer; a lane takes it 4 to 8 cycles after the sums ----
    reg                   rounding_held;
    reg [7:0]             zero_held;
    reg [7:0]             min_held;
    reg [7:0]             max_held;
    reg [INDEX_WIDTH-1:0] index_held;
    always @(posedge clk)
        if (valid_14) begin
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
                .MULTIPLIERS     (MULTIPLIERS),
                .WIDE_MULTIPLIERS(WIDE_MULTIPLIERS)
            ) lane (
                .clk            (clk),
                .accumulator    (sums_14[l*32 +: 32]),
                .bias           (bias[l*32 +: 32]),
                .multiplier     (multiplier[l*31 +: 31]),
                .left           (left[l*5 +: 5]),
                .right          (right[l*5 +: 5]),
                .single_rounding(rounding_held),
                .zero_point     (zero_held),
                .clamp_min      (min_held),
                .clamp_max      (max_held),
                .result         (write_data[l*8 +: 8])
            );
        end
    endgenerate

    // ---- 23: the write ----
    wire write_next;
    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(WRITE_LATENCY - 1)
    ) emit_delay (
        .clk(clk),
        .rst(rst_run),
        .d  (emit),
        .q  (write_next)
    );
    edge_token_delay #(
        .WIDTH (2),
        .CYCLES(WRITE_LATENCY)
    ) token_delay (
        .clk(clk),
        .rst(rst_run),
        .d  ({layer_last, emit_fused}),
        .q  ({layer_done, write_fused})
    );

    wire [LANES-1:0] exists_next;
    edge_delay #(
        .WIDTH (LANES),
        .CYCLES(WRITE_LATENCY - 1)
    ) exists_delay (
        .clk(clk),
        .d  (exists),
        .q  (exists_next)
    );
    edge_delay #(
        .WIDTH (ADDR_WIDTH),
        .CYCLES(WRITE_LATENCY)
    ) address_delay (
        .clk(clk),
        .d  (addr),
        .q  (write_addr)
    );

    always @(posedge clk)
        if (rst_run) write_en <= {LANES{1'b0}};
        else         write_en <= exists_next & {LANES{write_next}};

    // Held once more: the next layer's sums may come in the cycle before `layer_done`.
    always @(posedge clk) layer_done_index <= index_held;

    initial write_en = {LANES{1'b0}};

endmodule

`resetall
