// SPDX-License-Identifier: Apache-2.0
//
// Activations in byte banks, so that LANES bytes at any alignment come in one cycle.
//
// The byte with address a lies in bank a % BANKS, at a / BANKS. A read takes seven cycles from `read_row_addr` and
// `read_offset`, whose sum is the address of lane 0. Lane l brings the byte `lane_line[l]` lines further on than l
// bytes after it, a line being line_rows[1] * BANKS bytes (see edge_gather_plan.v); that keeps each lane in the bank
// that it has without lines, so lanes of several lines come together. `lane_valid` and `pad_value` are due six cycles
// after the address: a lane that is not valid reads as `pad_value`.
//
// A write of WRITE_LANES bytes, each with its own enable, is in the memory two cycles after
// `write_addr`. The host's words go through the banks' second port, whenever the engine does not write to one
// of the four banks in question: the host waits, the engine never does.
//
// Word bus: see edge_axil_slave.v.

`default_nettype none

module edge_activation_memory #(
    // Number of byte banks, a power of two, at least LANES, WRITE_LANES and 8.
    parameter integer BANKS = 32,
    // Bytes in each bank: 2**BANK_ADDR_WIDTH.
    parameter integer BANK_ADDR_WIDTH = 11,
    // Bytes per engine read.
    parameter integer LANES = 24,
    // Bytes per engine write.
    parameter integer WRITE_LANES = 8,
    // Derived: byte address bits.
    parameter integer ADDR_WIDTH = BANK_ADDR_WIDTH + $clog2(BANKS)
) (
    input  wire                     clk,
    input  wire                     rst,

    input  wire [ADDR_WIDTH-1:0]    read_row_addr,
    input  wire [ADDR_WIDTH-1:0]    read_offset,
    input  wire [LANES*3-1:0]       lane_line,
    input  wire [8*BANK_ADDR_WIDTH-1:0] line_rows,
    input  wire [LANES-1:0]         lane_valid,
    input  wire [7:0]               pad_value,
    output wire [LANES*8-1:0]       read_data,

    input  wire [WRITE_LANES-1:0]   write_en,
    input  wire [ADDR_WIDTH-1:0]    write_addr,
    input  wire [WRITE_LANES*8-1:0] write_data,

    input  wire                     host_wr_valid,
    output wire                     host_wr_ready,
    input  wire [ADDR_WIDTH-3:0]    host_wr_addr,
    input  wire [31:0]              host_wr_data,
    input  wire [3:0]               host_wr_strb,
    input  wire                     host_rd_valid,
    output wire                     host_rd_ready,
    input  wire [ADDR_WIDTH-3:0]    host_rd_addr,
    output wire                     host_rd_data_valid,
    output wire [31:0]              host_rd_data
);

    localparam integer BANK_BITS = $clog2(BANKS);
    localparam integer WORD_BITS = BANK_BITS - 2;

    generate
        if (BANKS != (1 << BANK_BITS) || BANKS < 8 || BANKS < LANES || BANKS < WRITE_LANES) begin : gen_bad_banks
            $error("edge_activation_memory: BANKS must be a power of two, at least 8, LANES and WRITE_LANES");
        end
        if (BANK_ADDR_WIDTH < 1) begin : gen_bad_depth
            $error("edge_activation_memory: ACT_BYTES must be at least two for each byte bank");
        end
    endgenerate

    // ---- engine write: turn the bytes to their banks, then write ----
    wire [BANK_BITS-1:0]   write_turn  = write_addr[BANK_BITS-1:0];
    wire [2*BANKS-1:0]     en_turned   = {{2*BANKS-WRITE_LANES{1'b0}}, write_en} << write_turn;
    wire [2*BANKS*8-1:0]   data_turned = {{(2*BANKS-WRITE_LANES)*8{1'b0}}, write_data} << {write_turn, 3'b000};

    reg [BANKS-1:0]           bank_write_en;
    reg [BANKS-1:0]           bank_write_wrapped;
    reg [BANKS*8-1:0]         bank_write_data;
    reg [BANK_ADDR_WIDTH-1:0] bank_write_row;

    // Without an enable the address means nothing: before the first layer it is unknown.
    always @(posedge clk)
        if (rst || write_en == {WRITE_LANES{1'b0}}) bank_write_en <= {BANKS{1'b0}};
        else                                        bank_write_en <= en_turned[BANKS-1:0] | en_turned[2*BANKS-1:BANKS];

    always @(posedge clk) begin
        bank_write_wrapped <= en_turned[2*BANKS-1:BANKS];
        bank_write_data    <= data_turned[BANKS*8-1:0] | data_turned[2*BANKS*8-1:BANKS*8];
        bank_write_row     <= write_addr[ADDR_WIDTH-1:BANK_BITS];
    end

    initial bank_write_en = {BANKS{1'b0}};

    // ---- host: a word when its four banks are free, writes before reads ----
    wire [WORD_BITS-1:0] host_wr_word = host_wr_addr[WORD_BITS-1:0];
    wire [WORD_BITS-1:0] host_rd_word = host_rd_addr[WORD_BITS-1:0];

    assign host_wr_ready = bank_write_en[{host_wr_word, 2'b00} +: 4] == 4'b0000;
    assign host_rd_ready = bank_write_en[{host_rd_word, 2'b00} +: 4] == 4'b0000
                           && !host_wr_valid;

    wire host_wr_go = host_wr_valid && host_wr_ready;
    wire host_rd_go = host_rd_valid && host_rd_ready;
    wire [BANK_ADDR_WIDTH-1:0] host_row = host_wr_valid ? host_wr_addr[ADDR_WIDTH-3:WORD_BITS]
                                                        : host_rd_addr[ADDR_WIDTH-3:WORD_BITS];

    reg [WORD_BITS-1:0] host_word_asked;
    reg [WORD_BITS-1:0] host_word_fetched;
    always @(posedge clk) begin
        if (host_rd_go) host_word_asked <= host_rd_word;
        host_word_fetched <= host_word_asked;
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

    // ---- engine read: address, then each bank's line, its row, and the turn of the bytes to their lanes ----
    reg [ADDR_WIDTH-1:0] read_addr;
    always @(posedge clk) read_addr <= read_row_addr + read_offset;

    wire [BANK_BITS-1:0] read_turn = read_addr[BANK_BITS-1:0];

    // Bank b holds lane (b - turn) % BANKS.
    wire [BANKS*3-1:0]   lines        = {{(BANKS-LANES)*3{1'b0}}, lane_line};
    wire [BANK_BITS+1:0] turn_bits    = {2'b00, read_turn} + {1'b0, read_turn, 1'b0};
    wire [2*BANKS*3-1:0] lines_turned = {{BANKS*3{1'b0}}, lines} << turn_bits;

    reg [BANKS*3-1:0]         bank_line;
    // Banks before the one that holds the first byte are read one row further.
    reg [BANKS-1:0]           before_first;
    reg [BANK_ADDR_WIDTH-1:0] read_row;
    always @(posedge clk) begin
        bank_line    <= lines_turned[BANKS*3-1:0] | lines_turned[2*BANKS*3-1:BANKS*3];
        before_first <= ~({BANKS{1'b1}} << read_turn);
        read_row     <= read_addr[ADDR_WIDTH-1:BANK_BITS];
    end

    wire [BANKS*8-1:0] bank_read_data;
    wire [BANKS*8-1:0] bank_host_data;

    wire [BANK_ADDR_WIDTH-1:0] rows_on [0:7];
    genvar n;
    generate
        for (n = 0; n < 8; n = n + 1) begin : gen_line
            assign rows_on[n] = line_rows[n*BANK_ADDR_WIDTH +: BANK_ADDR_WIDTH];
        end
    endgenerate

    genvar b;
    generate
        for (b = 0; b < BANKS; b = b + 1) begin : gen_bank
            localparam [BANK_BITS-1:0] BANK = b;

            reg [BANK_ADDR_WIDTH-1:0] row;
            always @(posedge clk)
                row <= read_row + rows_on[bank_line[b*3 +: 3]] + {{BANK_ADDR_WIDTH-1{1'b0}}, before_first[b]};

            wire [BANK_ADDR_WIDTH-1:0] engine_row =
                bank_write_row + {{BANK_ADDR_WIDTH-1{1'b0}}, bank_write_wrapped[b]};
            wire host_write_here = host_wr_go && host_wr_word == BANK[BANK_BITS-1:2] && host_wr_strb[b%4];

            edge_byte_bank #(
                .ADDR_WIDTH(BANK_ADDR_WIDTH)
            ) bank (
                .clk         (clk),
                .a_addr      (row),
                .a_data      (bank_read_data[b*8 +: 8]),
                .b_addr      (bank_write_en[b] ? engine_row : host_row),
                .b_write_en  (bank_write_en[b] || host_write_here),
                .b_write_data(bank_write_en[b] ? bank_write_data[b*8 +: 8] : host_wr_data[(b%4)*8 +: 8]),
                .b_data      (bank_host_data[b*8 +: 8])
            );
        end
    endgenerate

    reg [31:0] host_word_data;
    always @(posedge clk) host_word_data <= bank_host_data[{host_word_fetched, 5'b00000} +: 32];
    assign host_rd_data = host_word_data;

    wire [BANK_BITS-1:0] turn_fetched;
    edge_delay #(
        .WIDTH (BANK_BITS),
        .CYCLES(4)
    ) turn_delay (
        .clk(clk),
        .d  (read_turn),
        .q  (turn_fetched)
    );

    // Coarse turn by the upper bits, then the fine one by 0 to 7 bytes.
    wire [BANK_BITS+2:0] coarse_bits   = ({3'd0, turn_fetched} >> 3) << 6;
    wire [2*BANKS*8-1:0] coarse_turned = {bank_read_data, bank_read_data} >> coarse_bits;
    reg  [BANKS*8-1:0]   coarse;
    reg  [2:0]           fine_turn;
    wire [2*BANKS*8-1:0] fine_turned = {coarse, coarse} >> {fine_turn, 3'b000};
    reg  [LANES*8-1:0]   lanes;

    always @(posedge clk) begin
        coarse    <= coarse_turned[BANKS*8-1:0];
        fine_turn <= turn_fetched[2:0];
    end

    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_lane
            always @(posedge clk) lanes[l*8 +: 8] <= lane_valid[l] ? fine_turned[l*8 +: 8] : pad_value;
        end
    endgenerate

    wire unused_turned = &{1'b0, coarse_turned[2*BANKS*8-1:BANKS*8], fine_turned[2*BANKS*8-1:LANES*8]};

    assign read_data = lanes;

endmodule

`resetall
