// SPDX-License-Identifier: Apache-2.0
//
// What edge_burst_reader promises on AXI and to its user, as properties. Memory answers when it likes, but only what it
// was asked for; the user starts a block when no other is under way, and abandons it when it likes.
//
// The model beside it counts the beats that memory owes. Names with a dot are registers inside the design under proof;
// Yosys joins them when it flattens (`hierconn`).

`default_nettype none

module edge_burst_reader_formal #(
    // Byte address bits of the memory.
    parameter integer AXI_ADDR_WIDTH = 14,
    // Word address bits of the target.
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
    input wire                       m_axi_arready,
    input wire [63:0]                m_axi_rdata,
    input wire [1:0]                 m_axi_rresp,
    input wire                       m_axi_rvalid
);

    wire                       busy;
    wire                       error;
    wire                       word_valid;
    wire [WORD_ADDR_WIDTH-1:0] word_addr;
    wire [31:0]                word_data;
    wire [AXI_ADDR_WIDTH-1:0]  m_axi_araddr;
    wire [7:0]                 m_axi_arlen;
    wire                       m_axi_arvalid;
    wire                       m_axi_rready;

    edge_burst_reader #(
        .AXI_ADDR_WIDTH (AXI_ADDR_WIDTH),
        .WORD_ADDR_WIDTH(WORD_ADDR_WIDTH),
        .COUNT_WIDTH    (COUNT_WIDTH)
    ) dut (
        .clk          (clk),
        .rst          (rst),
        .start        (start),
        .abandon      (abandon),
        .address      (address),
        .beats        (beats),
        .first_word   (first_word),
        .busy         (busy),
        .error        (error),
        .word_valid   (word_valid),
        .word_ready   (word_ready),
        .word_addr    (word_addr),
        .word_data    (word_data),
        .m_axi_araddr (m_axi_araddr),
        .m_axi_arlen  (m_axi_arlen),
        .m_axi_arvalid(m_axi_arvalid),
        .m_axi_arready(m_axi_arready),
        .m_axi_rdata  (m_axi_rdata),
        .m_axi_rresp  (m_axi_rresp),
        .m_axi_rvalid (m_axi_rvalid),
        .m_axi_rready (m_axi_rready)
    );

    (* hierconn *) wire                   \dut.dropping ;
    (* hierconn *) wire [COUNT_WIDTH-1:0] \dut.to_ask ;
    (* hierconn *) wire [COUNT_WIDTH-1:0] \dut.to_take ;
    (* hierconn *) wire [5:0]             \dut.owed ;
    (* hierconn *) wire [5:0]             \dut.reserved ;
    (* hierconn *) wire [5:0]             \dut.queue_level ;
    (* hierconn *) wire                   \dut.queue_ready ;
    (* hierconn *) wire                   \dut.beat_valid ;
    wire [6:0] queued = \dut.queue_level + \dut.beat_valid ;

    reg started = 1'b0;
    always @(posedge clk) started <= 1'b1;
    always @(*) if (!started) assume (rst);

    // ---- what the user and memory may do ----
    always @(*) begin
        if (start) assume (!busy && !abandon && beats != 0);
        if (m_axi_rvalid) assume (owed != 0);
    end

    // ---- what memory owes ----
    reg [8:0] owed = 0;
    wire asked   = m_axi_arvalid && m_axi_arready;
    wire arrives = m_axi_rvalid && m_axi_rready;
    always @(posedge clk)
        if (rst) owed <= 0;
        else     owed <= owed + (asked ? m_axi_arlen + 1 : 0) - arrives;

    edge_stream_formal #(
        .WIDTH(AXI_ADDR_WIDTH + 8)
    ) ar (
        .clk(clk), .rst(rst), .valid(m_axi_arvalid), .ready(m_axi_arready), .data({m_axi_araddr, m_axi_arlen})
    );
    edge_stream_formal #(
        .WIDTH(1)
    ) words (
        .clk(clk), .rst(rst || abandon || \dut.dropping ), .valid(word_valid), .ready(word_ready), .data(1'b0)
    );

    always @(*) if (started) begin
        // bursts of at most 16 beats, none across 4 KiB
        if (m_axi_arvalid) assert (m_axi_arlen < 16 && m_axi_araddr[2:0] == 0);
        if (m_axi_arvalid) assert ({1'b0, m_axi_araddr[11:3]} + m_axi_arlen < 10'd512);
        // memory never waits, and nothing that it sends is lost
        assert (m_axi_rready == (owed != 0));
        if (arrives && !\dut.dropping ) assert (\dut.queue_ready );
        assert (error == (arrives && m_axi_rresp != 0 && !\dut.dropping ));
        // not over before memory owes nothing and every word has gone
        if (!busy) assert (owed == 0 && !m_axi_arvalid && queued == 0);
        if (!busy) assert (!word_valid);
    end

    // ---- what makes the proof inductive ----
    always @(*) if (started) begin
        assert (owed == \dut.owed );
        assert (\dut.reserved <= 32);
        assert (owed <= \dut.reserved );
        if (m_axi_arvalid) assert (\dut.to_ask != 0 && \dut.reserved + m_axi_arlen + 1 <= 32);
        if (\dut.dropping ) assert (busy && queued <= 33);
        else assert (!busy || \dut.reserved == owed + queued);
        if (busy && !\dut.dropping ) assert ({1'b0, \dut.to_take } == {1'b0, \dut.to_ask } + \dut.reserved );
        if (busy && !\dut.dropping ) assert (\dut.to_take != 0);
        if (!busy) assert (\dut.reserved == 0 || owed == 0);
        if (busy) assert (m_axi_araddr[2:0] == 0);
        assert (\dut.queue_level <= 32);
    end

    // ---- the proof is not empty ----
    reg crossed = 1'b0;
    always @(posedge clk) crossed <= !rst && (crossed || (asked && m_axi_araddr[11:3] + m_axi_arlen == 511));
    reg whole = 1'b0;
    always @(posedge clk) whole <= !rst && (whole || (asked && m_axi_arlen == 15));
    reg dropped = 1'b0;
    always @(posedge clk) dropped <= !rst && (dropped || (\dut.dropping && owed != 0));
    always @(*) begin
        cover (whole && owed == 32);
        cover (crossed && !busy);
        cover (dropped && !busy);
        cover (started && \dut.dropping && m_axi_arvalid);
    end

endmodule

`resetall
