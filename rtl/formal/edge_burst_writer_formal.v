// SPDX-License-Identifier: Apache-2.0
//
// What edge_burst_writer promises on AXI and to its user, as properties. Memory takes addresses and beats when it likes
// and acknowledges a burst when it has all of it; words come in order, some cycles after they were asked for; the user
// starts a block when no other is under way, and abandons it when it likes.
//
// The model beside it follows the burst that is being sent, and counts those that memory has not acknowledged. Names
// with a dot are registers inside the design under proof; Yosys joins them when it flattens (`hierconn`).

`default_nettype none

module edge_burst_writer_formal #(
    // Byte address bits of the memory.
    parameter integer AXI_ADDR_WIDTH = 14,
    // Word address bits of the source.
    parameter integer WORD_ADDR_WIDTH = 4,
    // Bits of a count of beats.
    parameter integer COUNT_WIDTH = 8
) (
    input wire                       clk,
    input wire                       rst,
    input wire                       start,
    input wire                       abandon,
    input wire [AXI_ADDR_WIDTH-1:0]  address,
    input wire [COUNT_WIDTH-1:0]     beats,
    input wire [WORD_ADDR_WIDTH-1:0] first_word,
    input wire                       word_ready,
    input wire                       word_data_valid,
    input wire [31:0]                word_data,
    input wire                       m_axi_awready,
    input wire                       m_axi_wready,
    input wire [1:0]                 m_axi_bresp,
    input wire                       m_axi_bvalid
);

    wire                       busy;
    wire                       read_out;
    wire                       error;
    wire                       word_valid;
    wire [WORD_ADDR_WIDTH-1:0] word_addr;
    wire [AXI_ADDR_WIDTH-1:0]  m_axi_awaddr;
    wire [7:0]                 m_axi_awlen;
    wire                       m_axi_awvalid;
    wire [63:0]                m_axi_wdata;
    wire                       m_axi_wlast;
    wire                       m_axi_wvalid;
    wire                       m_axi_bready;

    edge_burst_writer #(
        .AXI_ADDR_WIDTH (AXI_ADDR_WIDTH),
        .WORD_ADDR_WIDTH(WORD_ADDR_WIDTH),
        .COUNT_WIDTH    (COUNT_WIDTH)
    ) dut (
        .clk            (clk),
        .rst            (rst),
        .start          (start),
        .abandon        (abandon),
        .address        (address),
        .beats          (beats),
        .first_word     (first_word),
        .busy           (busy),
        .read_out       (read_out),
        .error          (error),
        .word_valid     (word_valid),
        .word_ready     (word_ready),
        .word_addr      (word_addr),
        .word_data_valid(word_data_valid),
        .word_data      (word_data),
        .m_axi_awaddr   (m_axi_awaddr),
        .m_axi_awlen    (m_axi_awlen),
        .m_axi_awvalid  (m_axi_awvalid),
        .m_axi_awready  (m_axi_awready),
        .m_axi_wdata    (m_axi_wdata),
        .m_axi_wlast    (m_axi_wlast),
        .m_axi_wvalid   (m_axi_wvalid),
        .m_axi_wready   (m_axi_wready),
        .m_axi_bresp    (m_axi_bresp),
        .m_axi_bvalid   (m_axi_bvalid),
        .m_axi_bready   (m_axi_bready)
    );

    (* hierconn *) wire                   \dut.dropping ;
    (* hierconn *) wire                   \dut.bursting ;
    (* hierconn *) wire                   \dut.addressed ;
    (* hierconn *) wire                   \dut.all_sent ;
    (* hierconn *) wire                   \dut.low_asked ;
    (* hierconn *) wire                   \dut.low_here ;
    (* hierconn *) wire [COUNT_WIDTH-1:0] \dut.to_read ;
    (* hierconn *) wire                   \dut.reading ;
    (* hierconn *) wire [COUNT_WIDTH-1:0] \dut.to_come ;
    (* hierconn *) wire [COUNT_WIDTH-1:0] \dut.to_send ;
    (* hierconn *) wire [5:0]             \dut.reserved ;
    (* hierconn *) wire [5:0]             \dut.here ;
    (* hierconn *) wire [3:0]             \dut.under_way ;
    (* hierconn *) wire [3:0]             \dut.owed ;
    (* hierconn *) wire [4:0]             \dut.sent ;
    (* hierconn *) wire [5:0]             \dut.queue_level ;
    (* hierconn *) wire                   \dut.queue_ready ;
    (* hierconn *) wire                   \dut.queue_valid ;
    wire [6:0] queued = \dut.queue_level + \dut.queue_valid ;

    reg started = 1'b0;
    always @(posedge clk) started <= 1'b1;
    always @(*) if (!started) assume (rst);

    // ---- words that have been asked for and have not come: the memory's latency bounds them ----
    reg [3:0] under_way = 0;
    wire word_asked = word_valid && word_ready;
    always @(posedge clk)
        if (rst) under_way <= 0;
        else     under_way <= under_way + word_asked - word_data_valid;

    // ---- the burst that is being sent ----
    wire      address_taken = m_axi_awvalid && m_axi_awready;
    wire      beat_taken    = m_axi_wvalid && m_axi_wready;
    reg       has_address = 1'b0;
    reg       has_beats = 1'b0;
    reg [7:0] len;
    reg [7:0] taken = 0;
    wire      complete = (has_address || address_taken) && (has_beats || (beat_taken && m_axi_wlast));
    always @(posedge clk) begin
        has_address <= !rst && !complete && (has_address || address_taken);
        has_beats   <= !rst && !complete && (has_beats || (beat_taken && m_axi_wlast));
        taken       <= rst || complete ? 0 : taken + beat_taken;
        if (address_taken) len <= m_axi_awlen;
    end
    wire [7:0] length = has_address ? len : m_axi_awlen;

    // ---- bursts that memory has whole and has not acknowledged ----
    reg [4:0] owed = 0;
    wire acknowledged = m_axi_bvalid && m_axi_bready;
    always @(posedge clk)
        if (rst) owed <= 0;
        else     owed <= owed + complete - acknowledged;

    // ---- what the user, the word bus and memory may do ----
    always @(*) begin
        if (start) assume (!busy && !abandon && beats != 0);
        if (word_data_valid) assume (under_way != 0);
        if (under_way == 8) assume (!word_ready);
        if (m_axi_bvalid) assume (owed != 0);
    end

    edge_stream_formal #(
        .WIDTH(AXI_ADDR_WIDTH + 8)
    ) aw (
        .clk(clk), .rst(rst), .valid(m_axi_awvalid), .ready(m_axi_awready), .data({m_axi_awaddr, m_axi_awlen})
    );
    edge_stream_formal #(
        .WIDTH(65)
    ) w (
        .clk(clk), .rst(rst), .valid(m_axi_wvalid), .ready(m_axi_wready), .data({m_axi_wlast, m_axi_wdata})
    );

    always @(*) if (started) begin
        // bursts of at most 16 beats, none across 4 KiB
        if (m_axi_awvalid) assert (m_axi_awlen < 16 && m_axi_awaddr[2:0] == 0);
        if (m_axi_awvalid) assert ({1'b0, m_axi_awaddr[11:3]} + m_axi_awlen < 10'd512);
        // one burst after the other, of as many beats as its address says, the last of them marked
        if (m_axi_awvalid) assert (!has_address);
        if (m_axi_wvalid) assert (!has_beats && taken <= length && m_axi_wlast == (taken == length));
        // every acknowledgement is taken, an error among them is told, and nothing ends before the last
        assert (m_axi_bready || owed == 0);
        assert (error == (acknowledged && m_axi_bresp != 0 && !\dut.dropping ));
        if (!busy) assert (owed == 0 && !has_address && !has_beats && taken == 0);
        if (!busy) assert (!m_axi_awvalid && !m_axi_wvalid && !word_valid && under_way == 0);
        // words that come have room
        if (word_data_valid && \dut.low_here ) assert (\dut.queue_ready );
    end

    // ---- what makes the proof inductive ----
    wire [5:0] in_burst = \dut.bursting ? \dut.sent : 6'd0;
    always @(*) if (started) begin
        assert (under_way == \dut.under_way && under_way <= 8);
        assert (\dut.owed == owed + \dut.bursting );
        assert (!\dut.dropping || busy);
        assert (!\dut.bursting || (busy && \dut.to_send != 0));
        assert (\dut.bursting || (!has_address && !has_beats && taken == 0));
        if (\dut.bursting ) begin
            assert (has_address == \dut.addressed && has_beats == \dut.all_sent );
            assert (!(has_address && has_beats) && taken == \dut.sent );
            assert (length == m_axi_awlen);
            assert (\dut.all_sent ? taken == length + 1 : taken <= length);
            assert (\dut.all_sent || \dut.here >= length + 1 - taken);
        end
        if (busy) begin
            assert (\dut.here == queued);
            assert ({1'b0, \dut.to_come } + \dut.here + in_burst == {1'b0, \dut.to_send });
            assert (m_axi_awaddr[2:0] == 0);
            assert ({1'b0, \dut.to_read } + \dut.reserved == {1'b0, \dut.to_come } + \dut.here + \dut.low_asked );
            assert (\dut.reserved <= 32 && \dut.here <= 32 && \dut.here <= \dut.reserved );
            assert (\dut.to_read <= \dut.to_come );
            assert (\dut.reading == (\dut.to_read != 0));
            assert (!\dut.low_asked || \dut.to_read != 0);
            assert (!\dut.low_here || \dut.to_come != 0);
            assert (under_way + {\dut.to_read , 1'b0} + \dut.low_here == {1'b0, \dut.to_come , 1'b0} + \dut.low_asked );
        end else assert (queued == 0);
        assert (\dut.queue_level <= 32);
    end

    // ---- the proof is not empty ----
    reg failed = 1'b0;
    always @(posedge clk) failed <= !rst && (failed || error);
    reg dropped = 1'b0;
    always @(posedge clk) dropped <= !rst && (dropped || (\dut.dropping && owed != 0));
    always @(*) begin
        cover (failed && !busy);
        cover (dropped && !busy);
        cover (has_beats && !has_address);
        cover (owed == 2);
        cover (m_axi_wvalid && m_axi_wlast && taken == 3);
    end

endmodule

`resetall
