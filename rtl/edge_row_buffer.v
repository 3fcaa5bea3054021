// SPDX-License-Identifier: Apache-2.0
//
// Two rows of activations between a fused pair of layers: the vector unit fills one half, the array reads the
// other.
//
// It is written in words of LANES bytes; a read brings READ_LANES bytes from any word on, seven cycles later.
// `half_free` says that the vector unit may begin a row, `row_begin` that it does; `row_complete` comes at most
// four cycles before the row's last write (see edge_vector_unit.v), and a read that is asked for in the cycle
// after it, in which `rows` counts the row, finds every byte. `release_row` gives the oldest row's half back.

`default_nettype none

module edge_row_buffer #(
    // Bytes in a written word, a power of two.
    parameter integer LANES = 8,
    // Bytes in a read.
    parameter integer READ_LANES = 24,
    // Bytes in the buffer, a power of two.
    parameter integer BYTES = 4096,
    // Derived: byte address bits.
    parameter integer ADDR_WIDTH = $clog2(BYTES)
) (
    input  wire                    clk,
    input  wire                    rst,

    output wire                    half_free,
    input  wire                    row_begin,
    input  wire                    row_complete,
    input  wire                    release_row,
    output wire [1:0]              rows,

    input  wire                    write_en,
    input  wire [ADDR_WIDTH-1:0]   write_addr,
    input  wire [LANES*8-1:0]      write_data,

    input  wire [ADDR_WIDTH-1:0]   read_addr,
    output wire [READ_LANES*8-1:0] read_data
);

    // A read covers this many words, each in another bank.
    localparam integer READ_WORDS = (READ_LANES + LANES - 1) / LANES;
    localparam integer BANK_BITS  = $clog2(READ_WORDS);
    localparam integer BANKS      = 1 << BANK_BITS;
    localparam integer BYTE_BITS  = $clog2(LANES);
    localparam integer WORD_WIDTH = ADDR_WIDTH - BYTE_BITS;
    localparam integer ROW_WIDTH  = WORD_WIDTH - BANK_BITS;
    localparam integer WORD_BITS  = LANES * 8;

    generate
        if (BYTES != (1 << ADDR_WIDTH) || ROW_WIDTH < 1) begin : gen_bad_bytes
            $error("edge_row_buffer: BYTES must be a power of two, at least twice what a read covers");
        end
    endgenerate

    // ---- halves ----
    reg [1:0] taken;
    reg [1:0] complete;
    always @(posedge clk)
        if (rst) taken <= 2'd0;
        else     taken <= taken + {1'b0, row_begin} - {1'b0, release_row};
    always @(posedge clk)
        if (rst) complete <= 2'd0;
        else     complete <= complete + {1'b0, row_complete} - {1'b0, release_row};

    initial begin
        taken    = 2'd0;
        complete = 2'd0;
    end

    assign half_free = !taken[1];
    assign rows      = complete;

    // ---- 3: the read's word, 4: each bank's row ----
    wire [WORD_WIDTH-1:0] word;
    edge_delay #(
        .WIDTH (WORD_WIDTH),
        .CYCLES(3)
    ) word_delay (
        .clk(clk),
        .d  (read_addr[ADDR_WIDTH-1:BYTE_BITS]),
        .q  (word)
    );
    wire [WORD_WIDTH-1:0] written = write_addr[ADDR_WIDTH-1:BYTE_BITS];

    wire [BANKS*WORD_BITS-1:0] bank_data;
    wire [BANKS*WORD_BITS-1:0] words_read;

    genvar b;
    generate
        if (BYTE_BITS > 0) begin : gen_unused_bytes
            wire unused_bytes = &{1'b0, read_addr[BYTE_BITS-1:0], write_addr[BYTE_BITS-1:0]};
        end
        if (BANKS == 1) begin : gen_bank
            reg [ROW_WIDTH-1:0] row;
            always @(posedge clk) row <= word;
            edge_word_ram #(
                .WIDTH     (WORD_BITS),
                .ADDR_WIDTH(ROW_WIDTH)
            ) bank (
                .clk       (clk),
                .write_en  (write_en),
                .write_addr(written),
                .write_data(write_data),
                .read_addr (row),
                .read_data (bank_data)
            );
            assign words_read = bank_data;
        end else begin : gen_banks
            wire [BANK_BITS-1:0] turn;
            edge_delay #(
                .WIDTH (BANK_BITS),
                .CYCLES(3)
            ) turn_delay (
                .clk(clk),
                .d  (word[BANK_BITS-1:0]),
                .q  (turn)
            );
            // Banks before the one that holds the first word are read one row further.
            wire [BANKS-1:0] further = ~({BANKS{1'b1}} << word[BANK_BITS-1:0]);
            for (b = 0; b < BANKS; b = b + 1) begin : gen_bank
                localparam [BANK_BITS-1:0] BANK = b;
                reg [ROW_WIDTH-1:0] row;
                always @(posedge clk)
                    row <= word[WORD_WIDTH-1:BANK_BITS] + {{ROW_WIDTH-1{1'b0}}, further[b]};
                edge_word_ram #(
                    .WIDTH     (WORD_BITS),
                    .ADDR_WIDTH(ROW_WIDTH)
                ) bank (
                    .clk       (clk),
                    .write_en  (write_en && written[BANK_BITS-1:0] == BANK),
                    .write_addr(written[WORD_WIDTH-1:BANK_BITS]),
                    .write_data(write_data),
                    .read_addr (row),
                    .read_data (bank_data[b*WORD_BITS +: WORD_BITS])
                );
                wire [BANK_BITS-1:0] from = BANK + turn;
                assign words_read[b*WORD_BITS +: WORD_BITS] = bank_data[from*WORD_BITS +: WORD_BITS];
            end
        end
    endgenerate

    // ---- 7: the words in their order ----
    reg [READ_LANES*8-1:0] lanes;
    always @(posedge clk) lanes <= words_read[READ_LANES*8-1:0];
    assign read_data = lanes;

    generate
        if (BANKS * LANES > READ_LANES) begin : gen_unused_words
            wire unused_words = &{1'b0, words_read[BANKS*WORD_BITS-1:READ_LANES*8]};
        end
    endgenerate

endmodule

`resetall
