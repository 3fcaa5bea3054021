// SPDX-License-Identifier: Apache-2.0
//
// Weights: each row holds one int8 for every lane and output channel of the array, in columns of 32 bits.
//
// Byte lane * OC_LANES + channel of a row is the weight of that lane and output channel. Rows come skewed for
// the multiplier chains: lane l of a row that is asked for in one cycle is there 2 + l % 4 cycles later.
// The host writes columns at any time; it reads them while the engine does not (the engine never waits).
//
// Word bus: see edge_axil_slave.v. A row takes a power of two of address space, ROW_WORDS_WIDTH word address bits.

`default_nettype none

module edge_weight_memory #(
    // Lanes of the array: int8 activations per cycle, a multiple of 4.
    parameter integer K_LANES = 24,
    // Output channels of the array, a multiple of 4.
    parameter integer OC_LANES = 16,
    // Row address bits; the memory holds 2**ROW_WIDTH rows.
    parameter integer ROW_WIDTH = 10,
    // Derived: word address bits inside a row.
    parameter integer ROW_WORDS_WIDTH = $clog2(K_LANES * OC_LANES / 4)
) (
    input  wire                                 clk,
    input  wire                                 rst,

    input  wire                                 read_en,
    input  wire [ROW_WIDTH-1:0]                 read_row,
    output wire [K_LANES*OC_LANES*8-1:0]        read_data,

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

    localparam integer SKEWS   = 4;
    localparam integer COLUMNS = K_LANES * OC_LANES / 4;
    // Columns are read back over a tree of multiplexers in two steps.
    localparam integer GROUP   = 16;
    localparam integer GROUPS  = (COLUMNS + GROUP - 1) / GROUP;
    localparam integer PADDED  = 1 << ROW_WORDS_WIDTH;

    wire [ROW_WORDS_WIDTH-1:0] wr_column = host_wr_addr[ROW_WORDS_WIDTH-1:0];
    wire [ROW_WIDTH-1:0]       wr_row    = host_wr_addr[ROW_WORDS_WIDTH +: ROW_WIDTH];
    wire [ROW_WORDS_WIDTH-1:0] rd_column = host_rd_addr[ROW_WORDS_WIDTH-1:0];
    wire [ROW_WIDTH-1:0]       rd_row    = host_rd_addr[ROW_WORDS_WIDTH +: ROW_WIDTH];

    wire [ROW_WORDS_WIDTH:0] columns = COLUMNS[ROW_WORDS_WIDTH:0];

    assign host_wr_ready = 1'b1;
    assign host_wr_error = {1'b0, wr_column} >= columns;

    // The engine's row, one cycle later for each step of the skew.
    reg [SKEWS-1:1]           en_skewed;
    reg [ROW_WIDTH-1:0]       row_1;
    reg [ROW_WIDTH-1:0]       row_2;
    reg [ROW_WIDTH-1:0]       row_3;

    always @(posedge clk)
        if (rst) en_skewed <= {SKEWS-1{1'b0}};
        else     en_skewed <= {en_skewed[SKEWS-2:1], read_en};

    always @(posedge clk) begin
        row_1 <= read_row;
        row_2 <= row_1;
        row_3 <= row_2;
    end

    initial en_skewed = {SKEWS-1{1'b0}};

    wire [SKEWS*ROW_WIDTH-1:0] row_skewed = {row_3, row_2, row_1, read_row};

    assign host_rd_ready = !read_en && en_skewed == {SKEWS-1{1'b0}};
    wire   host_rd_go    = host_rd_valid && host_rd_ready;

    wire [PADDED*32-1:0] column_data;

    genvar c;
    generate
        for (c = 0; c < COLUMNS; c = c + 1) begin : gen_column
            localparam integer SKEW = ((c * 4) / OC_LANES) % SKEWS;
            edge_word_ram #(
                .WIDTH     (32),
                .ADDR_WIDTH(ROW_WIDTH)
            ) column (
                .clk       (clk),
                .write_en  (host_wr_valid && wr_column == c),
                .write_addr(wr_row),
                .write_data(host_wr_data),
                .read_addr (host_rd_go ? rd_row : row_skewed[SKEW*ROW_WIDTH +: ROW_WIDTH]),
                .read_data (column_data[c*32 +: 32])
            );
        end
        for (c = COLUMNS; c < PADDED; c = c + 1) begin : gen_no_column
            assign column_data[c*32 +: 32] = 32'd0;
        end
    endgenerate

    assign read_data = column_data[COLUMNS*32-1:0];

    // ---- read back: a column's word, first out of each group, then out of the groups ----
    reg [ROW_WORDS_WIDTH-1:0] column_asked;
    always @(posedge clk) if (host_rd_go) column_asked <= rd_column;

    wire [GROUPS*32-1:0] group_word;
    genvar g;
    generate
        for (g = 0; g < GROUPS; g = g + 1) begin : gen_group
            localparam integer FIRST = g * GROUP;
            localparam integer SIZE  = FIRST + GROUP <= PADDED ? GROUP : PADDED - FIRST;
            localparam integer SELECT_WIDTH = $clog2(SIZE);
            wire [SIZE*32-1:0] members = column_data[FIRST*32 +: SIZE*32];
            reg [31:0] word;
            always @(posedge clk) word <= members[{column_asked[SELECT_WIDTH-1:0], 5'b00000} +: 32];
            assign group_word[g*32 +: 32] = word;
        end
    endgenerate

    reg [31:0] word_read;
    generate
        if (GROUPS == 1) begin : gen_one_group
            always @(posedge clk) word_read <= group_word;
        end else begin : gen_groups
            wire [ROW_WORDS_WIDTH-5:0] group_asked = column_asked[ROW_WORDS_WIDTH-1:4];
            integer i;
            always @(posedge clk) begin
                word_read <= 32'd0;
                for (i = 0; i < GROUPS; i = i + 1)
                    if (group_asked == i[ROW_WORDS_WIDTH-5:0]) word_read <= group_word[i*32 +: 32];
            end
        end
    endgenerate

    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(4)
    ) host_token (
        .clk(clk),
        .rst(rst),
        .d  (host_rd_go),
        .q  (host_rd_data_valid)
    );

    assign host_rd_data  = word_read;
    assign host_rd_error = {1'b0, column_asked} >= columns;

endmodule

`resetall
