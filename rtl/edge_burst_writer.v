// SPDX-License-Identifier: Apache-2.0
//
// Stores a block of 32-bit words, read over the word bus, to memory over AXI4.
//
// `start` takes `address` (a multiple of 8) and `beats` (of 8 bytes, at least 1); words are read from `first_word` on. `busy`
// ends when memory has acknowledged the last burst; `error` tells then whether it answered one with an error. A
// burst is begun when all of its beats are here, so that the bus never waits for data. `abandon` ends the block
// early: a burst that has begun is finished and acknowledged first.

`default_nettype none

module edge_burst_writer #(
    // Byte address bits of the memory.
    parameter integer AXI_ADDR_WIDTH = 32,
    // Word address bits of the source.
    parameter integer WORD_ADDR_WIDTH = 14,
    // The largest block: 2**COUNT_WIDTH - 1 beats.
    parameter integer COUNT_WIDTH = 17
) (
    input  wire                       clk,
    input  wire                       rst,

    input  wire                       start,
    input  wire                       abandon,
    input  wire [AXI_ADDR_WIDTH-1:0]  address,
    input  wire [COUNT_WIDTH-1:0]     beats,
    input  wire [WORD_ADDR_WIDTH-1:0] first_word,
    output wire                       busy,
    output wire                       error,

    output wire                       word_valid,
    input  wire                       word_ready,
    output wire [WORD_ADDR_WIDTH-1:0] word_addr,
    input  wire                       word_data_valid,
    input  wire [31:0]                word_data,

    output wire [AXI_ADDR_WIDTH-1:0]  m_axi_awaddr,
    output wire [7:0]                 m_axi_awlen,
    output wire                       m_axi_awvalid,
    input  wire                       m_axi_awready,
    output wire [63:0]                m_axi_wdata,
    output wire                       m_axi_wlast,
    output wire                       m_axi_wvalid,
    input  wire                       m_axi_wready,
    input  wire [1:0]                 m_axi_bresp,
    input  wire                       m_axi_bvalid,
    output wire                       m_axi_bready
);

    localparam [2:0] IDLE    = 3'd0;
    localparam [2:0] COLLECT = 3'd1; // a burst's beats
    localparam [2:0] ADDRESS = 3'd2;
    localparam [2:0] DATA    = 3'd3;
    localparam [2:0] ANSWER  = 3'd4;

    reg [2:0]             state;
    reg [COUNT_WIDTH-1:0] left; // beats that no finished burst holds
    reg [4:0]             collected;
    reg [4:0]             sent;
    reg                   leaving;
    reg                   failed;
    reg [63:0]            burst [0:15];

    wire [AXI_ADDR_WIDTH-1:0] burst_address;
    wire [4:0]                burst_beats;
    wire burst_done = state == ANSWER && m_axi_bvalid;
    wire last_burst = left == {{COUNT_WIDTH-5{1'b0}}, burst_beats};
    wire leave      = leaving || abandon;

    edge_burst_split #(
        .AXI_ADDR_WIDTH(AXI_ADDR_WIDTH),
        .COUNT_WIDTH   (COUNT_WIDTH)
    ) split (
        .clk          (clk),
        .load         (start),
        .address      (address),
        .left         (left),
        .next         (burst_done),
        .burst_address(burst_address),
        .burst_beats  (burst_beats)
    );

    // ---- words, one at a time ----
    reg                       asked;
    reg                       high_half;
    reg [31:0]                low_word;
    reg [WORD_ADDR_WIDTH-1:0] word;
    wire beat_complete = state == COLLECT && word_data_valid && asked && high_half;
    wire collected_all = beat_complete && collected + 5'd1 == burst_beats;

    assign word_valid = state == COLLECT && !asked && !leave;
    assign word_addr  = word;

    always @(posedge clk)
        if (rst)                           asked <= 1'b0;
        else if (word_valid && word_ready) asked <= 1'b1;
        else if (word_data_valid)          asked <= 1'b0;

    always @(posedge clk)
        if (start)                         word <= first_word;
        else if (word_valid && word_ready) word <= word + 1'b1;

    always @(posedge clk)
        if (start)                         high_half <= 1'b0;
        else if (word_data_valid && asked) high_half <= !high_half;

    always @(posedge clk) if (word_data_valid && !high_half) low_word <= word_data;
    always @(posedge clk) if (beat_complete) burst[collected[3:0]] <= {word_data, low_word};

    always @(posedge clk)
        if (start || burst_done) collected <= 5'd0;
        else if (beat_complete)  collected <= collected + 5'd1;

    // ---- the burst ----
    wire beat_sent = m_axi_wvalid && m_axi_wready;
    always @(posedge clk)
        if (state != DATA)  sent <= 5'd0;
        else if (beat_sent) sent <= sent + 5'd1;

    always @(posedge clk)
        if (rst) state <= IDLE;
        else case (state)
            IDLE:    if (start) state <= COLLECT;
            COLLECT: if (collected_all) state <= ADDRESS;
                     else if (leave && !asked) state <= IDLE;
            ADDRESS: if (m_axi_awready) state <= DATA;
            DATA:    if (beat_sent && m_axi_wlast) state <= ANSWER;
            default: if (m_axi_bvalid) state <= last_burst || leave ? IDLE : COLLECT;
        endcase

    always @(posedge clk)
        if (start)           left <= beats;
        else if (burst_done) left <= left - {{COUNT_WIDTH-5{1'b0}}, burst_beats};

    always @(posedge clk)
        if (rst || state == IDLE) leaving <= 1'b0;
        else if (abandon)         leaving <= 1'b1;

    always @(posedge clk)
        if (start)                                    failed <= 1'b0;
        else if (burst_done && m_axi_bresp != 2'b00)  failed <= 1'b1;

    initial begin
        state   = IDLE;
        asked   = 1'b0;
        leaving = 1'b0;
    end

    assign m_axi_awvalid = state == ADDRESS;
    assign m_axi_awaddr  = burst_address;
    assign m_axi_awlen   = {3'd0, burst_beats} - 8'd1;
    assign m_axi_wvalid  = state == DATA;
    assign m_axi_wdata   = burst[sent[3:0]];
    assign m_axi_wlast   = sent + 5'd1 == burst_beats;
    assign m_axi_bready  = state == ANSWER;
    assign busy          = state != IDLE;
    assign error         = failed;

endmodule

`resetall
