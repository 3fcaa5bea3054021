// SPDX-License-Identifier: Apache-2.0
//
// Fetches a block from memory over AXI4 and hands it on as 32-bit words: the word bus's write side.
//
// `start` takes `address` (a multiple of 8) and `beats` (of 8 bytes, at least 1); `word_addr` counts up from
// `first_word`. `busy` ends when the last word has been taken; `error` is high in a cycle in which memory answers
// with an error. Bursts have at most 16 beats, stay within 4 KiB, and are asked for only when their beats have room,
// so that memory never waits. `abandon` ends the block early: what memory still owes is taken and dropped, and `busy`
// holds until then.

`default_nettype none

module edge_burst_reader #(
    // Byte address bits of the memory.
    parameter integer AXI_ADDR_WIDTH = 40,
    // Word address bits of the target.
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
    output wire [31:0]                word_data,

    output wire [AXI_ADDR_WIDTH-1:0]  m_axi_araddr,
    output wire [7:0]                 m_axi_arlen,
    output wire                       m_axi_arvalid,
    input  wire                       m_axi_arready,
    input  wire [63:0]                m_axi_rdata,
    input  wire [1:0]                 m_axi_rresp,
    input  wire                       m_axi_rvalid,
    output wire                       m_axi_rready
);

    localparam integer FIFO_WIDTH = 5;
    localparam [5:0]   FIFO_BEATS = 6'd32;

    reg                       running;
    reg                       dropping;
    reg [COUNT_WIDTH-1:0]     to_ask;   // beats that no burst has been asked for
    reg [COUNT_WIDTH-1:0]     to_take;  // beats that have not left the queue
    reg [5:0]                 owed;     // beats that memory has been asked for and has not sent
    reg [5:0]                 reserved; // beats asked for or in the queue

    // ---- bursts ----
    wire [AXI_ADDR_WIDTH-1:0] burst_address;
    wire [4:0]                burst_beats;
    wire                      burst_taken = m_axi_arvalid && m_axi_arready;
    wire                      room        = {1'b0, reserved} + {2'b0, burst_beats} <= {1'b0, FIFO_BEATS};
    reg                       asking;

    edge_burst_split #(
        .AXI_ADDR_WIDTH(AXI_ADDR_WIDTH),
        .COUNT_WIDTH   (COUNT_WIDTH)
    ) split (
        .clk    (clk),
        .load   (start),
        .address(address),
        .left   (to_ask),
        .next   (burst_taken),
        .burst_address(burst_address),
        .burst_beats  (burst_beats)
    );

    // An address that is offered holds until it is taken, even if the block is abandoned.
    always @(posedge clk)
        if (rst)              asking <= 1'b0;
        else if (burst_taken) asking <= 1'b0;
        else if (running && !dropping && !abandon && to_ask != {COUNT_WIDTH{1'b0}} && room) asking <= 1'b1;

    assign m_axi_arvalid = asking;
    assign m_axi_araddr  = burst_address;
    assign m_axi_arlen   = {3'd0, burst_beats} - 8'd1;

    always @(posedge clk)
        if (start)            to_ask <= beats;
        else if (burst_taken) to_ask <= to_ask - {{COUNT_WIDTH-5{1'b0}}, burst_beats};

    // ---- beats ----
    wire        beat_arrives = m_axi_rvalid && m_axi_rready;
    wire        queue_ready;
    wire        beat_valid;
    wire        beat_leaves;
    wire [63:0] beat;
    wire        unused_ready = &{1'b0, queue_ready};
    wire [5:0]  queue_level;
    wire        unused_level = &{1'b0, queue_level};

    assign m_axi_rready = owed != 6'd0;

    edge_fifo #(
        .WIDTH     (64),
        .ADDR_WIDTH(FIFO_WIDTH)
    ) queue (
        .clk          (clk),
        .rst          (rst || dropping),
        .s_axis_tdata (m_axi_rdata),
        .s_axis_tvalid(beat_arrives && !dropping),
        .s_axis_tready(queue_ready),
        .m_axis_tdata (beat),
        .m_axis_tvalid(beat_valid),
        .m_axis_tready(beat_leaves),
        .level        (queue_level)
    );

    wire [5:0] asked_now = burst_taken ? {1'b0, burst_beats} : 6'd0;
    always @(posedge clk)
        if (rst) owed <= 6'd0;
        else     owed <= owed + asked_now - {5'd0, beat_arrives};

    always @(posedge clk)
        if (rst || start) reserved <= 6'd0;
        else              reserved <= reserved + asked_now - {5'd0, beat_leaves};

    // ---- words: the low half of a beat first ----
    reg                       high_half;
    reg [WORD_ADDR_WIDTH-1:0] word;
    wire word_taken = word_valid && word_ready;

    assign word_valid  = beat_valid && running && !dropping;
    assign word_addr   = word;
    assign word_data   = high_half ? beat[63:32] : beat[31:0];
    assign beat_leaves = word_taken && high_half;

    always @(posedge clk)
        if (start)           high_half <= 1'b0;
        else if (word_taken) high_half <= !high_half;

    always @(posedge clk)
        if (start)           word <= first_word;
        else if (word_taken) word <= word + 1'b1;

    // ---- the block ----
    wire ended = dropping ? owed == 6'd0 && !asking : to_take == {{COUNT_WIDTH-1{1'b0}}, 1'b1} && beat_leaves;

    always @(posedge clk)
        if (start)            to_take <= beats;
        else if (beat_leaves) to_take <= to_take - 1'b1;

    always @(posedge clk)
        if (rst)                   running <= 1'b0;
        else if (start)            running <= 1'b1;
        else if (running && ended) running <= 1'b0;

    always @(posedge clk)
        if (rst || !running) dropping <= 1'b0;
        else if (ended)      dropping <= 1'b0;
        else if (abandon)    dropping <= 1'b1;

    initial begin
        running  = 1'b0;
        dropping = 1'b0;
        asking   = 1'b0;
        owed     = 6'd0;
        reserved = 6'd0;
    end

    assign busy  = running;
    assign error = beat_arrives && !dropping && m_axi_rresp != 2'b00;

endmodule

`resetall
