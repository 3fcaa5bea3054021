// SPDX-License-Identifier: Apache-2.0
//
// Stores a block of 32-bit words, read over the word bus, to memory over AXI4.
//
// `start` takes `address` (a multiple of 8) and `beats` (of 8 bytes, at least 1); words are read from `first_word`
// on. `read_out` says that all of them have been read, `busy` ends when memory has acknowledged the last burst;
// `error` is high in a cycle in which it acknowledges one with an error. Bursts have at most 16 beats, stay within 4
// KiB, and are begun when all of their beats are here, so that the bus never waits for data. `abandon` ends the block
// early: a burst that has begun is finished, every burst is acknowledged, and `busy` holds until then.

`default_nettype none

module edge_burst_writer #(
    // Byte address bits of the memory.
    parameter integer AXI_ADDR_WIDTH = 40,
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
    output wire                       read_out,
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

    localparam integer FIFO_WIDTH = 5;
    localparam [5:0]   FIFO_BEATS = 6'd32;
    // Bursts that memory may owe an acknowledgement for.
    localparam [3:0]   MOST_OWED  = 4'd15;

    reg                   running;
    reg                   dropping;
    reg                   bursting;
    reg                   addressed; // memory has the burst's address
    reg                   all_sent; // and its beats
    reg [COUNT_WIDTH-1:0] to_read; // beats whose words have not been asked for
    reg                   reading; // there are some
    reg [COUNT_WIDTH-1:0] to_come; // beats whose words have not come
    reg [COUNT_WIDTH-1:0] to_send; // beats of no finished burst
    reg [5:0]             reserved; // beats asked for and not sent
    reg [5:0]             here; // beats that have come and not been sent
    reg [3:0]             under_way; // words asked for that have not come
    reg [3:0]             owed; // bursts not acknowledged

    wire drop = dropping || abandon;

    // ---- words: asked for one after the other, the low half of a beat first ----
    reg                       low_asked;
    reg                       low_here;
    reg [31:0]                low_word;
    reg [WORD_ADDR_WIDTH-1:0] word;
    wire word_taken = word_valid && word_ready;
    wire beat_asked = word_taken && low_asked;
    wire beat_here  = word_data_valid && low_here;

    assign word_valid = running && !drop && reading && (low_asked || reserved != FIFO_BEATS);
    assign word_addr  = word;

    always @(posedge clk)
        if (start)           low_asked <= 1'b0;
        else if (word_taken) low_asked <= !low_asked;

    always @(posedge clk)
        if (start)           word <= first_word;
        else if (word_taken) word <= word + 1'b1;

    always @(posedge clk)
        if (start)                low_here <= 1'b0;
        else if (word_data_valid) low_here <= !low_here;

    always @(posedge clk) if (word_data_valid) low_word <= word_data;

    always @(posedge clk)
        if (rst) under_way <= 4'd0;
        else     under_way <= under_way + {3'd0, word_taken} - {3'd0, word_data_valid};

    always @(posedge clk)
        if (start)           to_read <= beats;
        else if (beat_asked) to_read <= to_read - 1'b1;

    always @(posedge clk)
        if (start)           reading <= 1'b1;
        else if (beat_asked) reading <= to_read != {{COUNT_WIDTH-1{1'b0}}, 1'b1};

    always @(posedge clk)
        if (start)          to_come <= beats;
        else if (beat_here) to_come <= to_come - 1'b1;

    // ---- beats ----
    wire       beat_sent = m_axi_wvalid && m_axi_wready;
    wire       ended;
    wire       queue_ready;
    wire       queue_valid;
    wire [5:0] queue_level;
    wire       unused_queue = &{1'b0, queue_ready, queue_level};

    edge_fifo #(
        .WIDTH     (64),
        .ADDR_WIDTH(FIFO_WIDTH)
    ) queue (
        .clk          (clk),
        .rst          (rst || ended),
        .s_axis_tdata ({word_data, low_word}),
        .s_axis_tvalid(beat_here),
        .s_axis_tready(queue_ready),
        .m_axis_tdata (m_axi_wdata),
        .m_axis_tvalid(queue_valid),
        .m_axis_tready(beat_sent),
        .level        (queue_level)
    );

    always @(posedge clk)
        if (rst || start) reserved <= 6'd0;
        else              reserved <= reserved + {5'd0, word_taken && !low_asked} - {5'd0, beat_sent};

    always @(posedge clk)
        if (rst || start) here <= 6'd0;
        else              here <= here + {5'd0, beat_here} - {5'd0, beat_sent};

    // ---- bursts ----
    wire [AXI_ADDR_WIDTH-1:0] burst_address;
    wire [4:0]                burst_beats;
    reg  [4:0]                sent;
    wire burst_here = to_send != {COUNT_WIDTH{1'b0}} && here >= {1'b0, burst_beats} && owed != MOST_OWED;
    wire begin_burst = running && !drop && !bursting && burst_here;
    wire last_sent  = beat_sent && m_axi_wlast;
    wire burst_sent = bursting && (addressed || m_axi_awready) && (all_sent || last_sent);

    edge_burst_split #(
        .AXI_ADDR_WIDTH(AXI_ADDR_WIDTH),
        .COUNT_WIDTH   (COUNT_WIDTH)
    ) split (
        .clk          (clk),
        .load         (start),
        .address      (address),
        .left         (to_send),
        .next         (burst_sent),
        .burst_address(burst_address),
        .burst_beats  (burst_beats)
    );

    // Neither the address nor the beats wait for the other.
    always @(posedge clk)
        if (rst)              bursting <= 1'b0;
        else if (begin_burst) bursting <= 1'b1;
        else if (burst_sent)  bursting <= 1'b0;

    always @(posedge clk)
        if (!bursting)          addressed <= 1'b0;
        else if (m_axi_awready) addressed <= 1'b1;

    always @(posedge clk)
        if (!bursting)      all_sent <= 1'b0;
        else if (last_sent) all_sent <= 1'b1;

    always @(posedge clk)
        if (!bursting)      sent <= 5'd0;
        else if (beat_sent) sent <= sent + 5'd1;

    always @(posedge clk)
        if (start)           to_send <= beats;
        else if (burst_sent) to_send <= to_send - {{COUNT_WIDTH-5{1'b0}}, burst_beats};

    always @(posedge clk)
        if (rst) owed <= 4'd0;
        else     owed <= owed + {3'd0, begin_burst} - {3'd0, m_axi_bvalid && m_axi_bready};

    assign m_axi_awvalid = bursting && !addressed;
    assign m_axi_awaddr  = burst_address;
    assign m_axi_awlen   = {3'd0, burst_beats} - 8'd1;
    assign m_axi_wvalid  = bursting && !all_sent && queue_valid;
    assign m_axi_wlast   = sent + 5'd1 == burst_beats;
    assign m_axi_bready  = owed != 4'd0;

    // ---- the block ----
    wire quiet = !bursting && owed == 4'd0;
    assign ended = running && quiet && (dropping ? under_way == 4'd0 : to_send == {COUNT_WIDTH{1'b0}});

    always @(posedge clk)
        if (rst)        running <= 1'b0;
        else if (start) running <= 1'b1;
        else if (ended) running <= 1'b0;

    always @(posedge clk)
        if (rst || !running || ended) dropping <= 1'b0;
        else if (abandon)             dropping <= 1'b1;

    initial begin
        running   = 1'b0;
        dropping  = 1'b0;
        bursting  = 1'b0;
        reserved  = 6'd0;
        here      = 6'd0;
        under_way = 4'd0;
        owed      = 4'd0;
    end

    assign busy     = running;
    assign read_out = to_come == {COUNT_WIDTH{1'b0}};
    assign error    = m_axi_bvalid && m_axi_bready && !dropping && m_axi_bresp != 2'b00;

endmodule

`resetall
