// SPDX-License-Identifier: Apache-2.0
//
// Pairs of tables, and the copier that brings a pair to the lanes.
//
// Host view: words 2 * i and 2 * i + 1 of a pair are A[i] and B[i]; 512 words a pair. The host writes at any time;
// it reads while nothing is copied.
//
// While `preload` asks for pair `preload_table` and `idle` says that no look-up is to come, the pair is copied:
// 256 cycles, then `table_ready` rises and stays until a layer begins. It is copied for each layer anew, so that
// the time of a run does not depend on what the host has written.
//
// Word bus: see edge_axil_slave.v.

`default_nettype none

module edge_table_memory #(
    // Words of 32 bits, a power of two, at least 512.
    parameter integer WORDS = 4096,
    // Derived: word address bits of the host's view.
    parameter integer ADDR_WIDTH = $clog2(WORDS)
) (
    input  wire                  clk,
    input  wire                  rst,
    // Forgets the copy under way.
    input  wire                  stop,

    input  wire                  layer_begin,
    input  wire                  preload,
    input  wire [15:0]           preload_table,
    input  wire                  idle,
    output wire                  table_ready,

    // To the lanes: an index, and in the next cycle its words.
    output wire                  load_en,
    output wire [7:0]            load_index,
    output reg  [31:0]           load_a,
    output reg  [31:0]           load_b,

    input  wire                  host_wr_valid,
    output wire                  host_wr_ready,
    input  wire [ADDR_WIDTH-1:0] host_wr_addr,
    input  wire [31:0]           host_wr_data,
    input  wire                  host_rd_valid,
    output wire                  host_rd_ready,
    input  wire [ADDR_WIDTH-1:0] host_rd_addr,
    output wire                  host_rd_data_valid,
    output wire [31:0]           host_rd_data
);

    localparam integer ROW_WIDTH = ADDR_WIDTH - 1;

    generate
        if (WORDS < 512 || WORDS != (1 << ADDR_WIDTH)) begin : gen_bad_words
            $error("edge_table_memory: WORDS must be a power of two, at least 512");
        end
    endgenerate

    // ---- the copier: asks for an entry in each cycle ----
    reg        loading;
    reg        ready;
    reg  [7:0] entry;
    wire       asks = loading || (preload && idle && !ready && !layer_begin);

    always @(posedge clk)
        if (rst || stop) loading <= 1'b0;
        else             loading <= asks && entry != 8'hff;

    always @(posedge clk)
        if (rst || stop) entry <= 8'd0;
        else if (asks)   entry <= entry + 8'd1;

    always @(posedge clk)
        if (rst || stop || layer_begin)    ready <= 1'b0;
        else if (asks && entry == 8'hff)   ready <= 1'b1;

    initial begin
        loading = 1'b0;
        ready   = 1'b0;
        entry   = 8'd0;
    end

    assign table_ready = ready;

    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(2)
    ) load_token (
        .clk(clk),
        .rst(rst || stop),
        .d  (asks),
        .q  (load_en)
    );
    edge_delay #(
        .WIDTH (8),
        .CYCLES(2)
    ) index_delay (
        .clk(clk),
        .d  (entry),
        .q  (load_index)
    );

    // ---- the memory ----
    assign host_wr_ready = 1'b1;
    assign host_rd_ready = !asks;
    wire host_rd_go = host_rd_valid && host_rd_ready;

    wire [23:0]          copied = {preload_table, entry};
    wire unused_copied = &{1'b0, copied[23:ROW_WIDTH]};
    wire [ROW_WIDTH-1:0] row    = asks ? copied[ROW_WIDTH-1:0] : host_rd_addr[ADDR_WIDTH-1:1];

    wire [63:0] pair;
    genvar w;
    generate
        for (w = 0; w < 2; w = w + 1) begin : gen_word
            edge_word_ram #(
                .WIDTH     (32),
                .ADDR_WIDTH(ROW_WIDTH)
            ) words (
                .clk       (clk),
                .write_en  (host_wr_valid && host_wr_addr[0] == w),
                .write_addr(host_wr_addr[ADDR_WIDTH-1:1]),
                .write_data(host_wr_data),
                .read_addr (row),
                .read_data (pair[w*32 +: 32])
            );
        end
    endgenerate

    always @(posedge clk) {load_b, load_a} <= pair;

    reg second_asked;
    always @(posedge clk) if (host_rd_go) second_asked <= host_rd_addr[0];

    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(3)
    ) host_token (
        .clk(clk),
        .rst(rst),
        .d  (host_rd_go),
        .q  (host_rd_data_valid)
    );

    assign host_rd_data = second_asked ? load_b : load_a;

endmodule

`resetall
