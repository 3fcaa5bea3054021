// SPDX-License-Identifier: Apache-2.0
//
// Weights of the vector unit: a row holds nine bytes for each channel, in columns of 36 bits, which fill block
// memories of that width to the last bit. A row takes two cycles to read.
//
// The host writes at any time, a row's words in ascending order: a word after the first of nine completes a column
// with what it holds and what the word before it held. It reads while the engine does not (the engine never
// waits).
//
// Word bus: see edge_axil_slave.v. A row takes a power of two of address space, ROW_WORDS_WIDTH word address bits.

`default_nettype none

module edge_vector_weight_memory #(
    // Channels, a power of two, at least 2.
    parameter integer LANES = 8,
    // Row address bits; the memory holds 2**ROW_WIDTH rows.
    parameter integer ROW_WIDTH = 9,
    // Derived: word address bits inside a row.
    parameter integer ROW_WORDS_WIDTH = $clog2((9 * LANES + 3) / 4)
) (
    input  wire                                 clk,
    input  wire                                 rst,

    input  wire                                 read_en,
    input  wire [ROW_WIDTH-1:0]                 read_row,
    output wire [LANES*72-1:0]                  read_data,

    input  wire                                 host_wr_valid,
    output wire                                 host_wr_ready,
    output wire                                 host_wr_error,
    input  wire [ROW_WIDTH+ROW_WORDS_WIDTH-1:0] host_wr_addr,
    input  wire [31:0]                          host_wr_data,
    input  wire                                 host_rd_valid,
    output wire                                 host_rd_ready,
    input  wire [ROW_WIDTH+ROW_WORDS_WIDTH-1:0] host_rd_addr,
    output wire                                 host_rd_data_valid,
    output wire                                 host_rd_error,
    output wire [31:0]                          host_rd_data
);

    localparam integer COLUMN_BITS = 36;
    localparam integer COLUMNS     = 2 * LANES;
    localparam integer WORDS       = (9 * LANES + 3) / 4;
    localparam integer PADDED      = 1 << ROW_WORDS_WIDTH;

    wire [ROW_WORDS_WIDTH-1:0] wr_word = host_wr_addr[ROW_WORDS_WIDTH-1:0];
    wire [ROW_WIDTH-1:0]       wr_row  = host_wr_addr[ROW_WORDS_WIDTH +: ROW_WIDTH];
    wire [ROW_WORDS_WIDTH-1:0] rd_word = host_rd_addr[ROW_WORDS_WIDTH-1:0];
    wire [ROW_WIDTH-1:0]       rd_row  = host_rd_addr[ROW_WORDS_WIDTH +: ROW_WIDTH];

    wire [ROW_WORDS_WIDTH:0] words = WORDS[ROW_WORDS_WIDTH:0];

    assign host_wr_ready = 1'b1;
    assign host_wr_error = {1'b0, wr_word} >= words;
    assign host_rd_ready = !read_en;
    wire host_rd_go = host_rd_valid && host_rd_ready;

    reg  [31:0] word_before;
    wire [63:0] two_words = {host_wr_data, word_before};
    always @(posedge clk) if (host_wr_valid) word_before <= host_wr_data;
    wire unused_top = &{1'b0, two_words[63:48]};

    genvar c;
    generate
        for (c = 0; c < COLUMNS; c = c + 1) begin : gen_column
            // Nine words hold eight columns.
            localparam integer LAST_WORD = 9 * (c / 8) + c % 8 + 1;
            localparam integer SHIFT     = 4 * (c % 8);
            edge_word_ram #(
                .WIDTH     (COLUMN_BITS),
                .ADDR_WIDTH(ROW_WIDTH)
            ) column (
                .clk       (clk),
                .write_en  (host_wr_valid && {{32-ROW_WORDS_WIDTH{1'b0}}, wr_word} == LAST_WORD),
                .write_addr(wr_row),
                .write_data(two_words[SHIFT +: COLUMN_BITS]),
                .read_addr (read_en ? read_row : rd_row),
                .read_data (read_data[c*COLUMN_BITS +: COLUMN_BITS])
            );
        end
    endgenerate

    // ---- read back ----
    wire [PADDED*32-1:0] row_words = {{PADDED*32-LANES*72{1'b0}}, read_data};
    reg  [ROW_WORDS_WIDTH-1:0] word_asked;
    reg  [31:0]                word_read;
    always @(posedge clk) begin
        if (host_rd_go) word_asked <= rd_word;
        word_read <= row_words[{word_asked, 5'b00000} +: 32];
    end

    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(3)
    ) host_token (
        .clk(clk),
        .rst(rst),
        .d  (host_rd_go),
        .q  (host_rd_data_valid)
    );

    assign host_rd_data  = word_read;
    assign host_rd_error = {1'b0, word_asked} >= words;

endmodule

`resetall
