// SPDX-License-Identifier: Apache-2.0
//
// A host in plain Verilog, for any simulator: plays accesses from a file on a generated overlay and reports what is not
// as it should be. Each line of `accesses.hex` is {what [71:64], byte address [63:32], word [31:0]}. With
// EDGE_AXI_MASTER the overlay has a burst master, and a memory stands behind it.

`timescale 1ns / 1ps
`default_nettype none

module edge_access_bench;

    // Lines that the file may have.
    parameter integer ACCESSES = 8192;
    // Cycles that an answer may take.
    parameter integer PATIENCE = 3000;
    // Bytes of memory, a power of two.
    parameter integer MEMORY_BYTES = 8192;

    localparam [7:0] END   = 8'd0;
    localparam [7:0] WRITE = 8'd1;
    localparam [7:0] READ  = 8'd2;
    localparam [7:0] WAIT  = 8'd3;
    // These two at byte addresses of the memory: put a word there, and compare.
    localparam [7:0] STORE  = 8'd4;
    localparam [7:0] EXPECT = 8'd5;

    reg         clk = 1'b0;
    reg         rst = 1'b1;
    reg  [21:0] address = 22'd0;
    reg  [31:0] word = 32'd0;
    reg         awvalid = 1'b0;
    reg         wvalid = 1'b0;
    reg         arvalid = 1'b0;
    wire        awready;
    wire        wready;
    wire [1:0]  bresp;
    wire        bvalid;
    wire        arready;
    wire [31:0] rdata;
    wire [1:0]  rresp;
    wire        rvalid;
    wire        irq;

    always #5 clk = !clk;

`ifdef EDGE_AXI_MASTER
    wire        m_axi_awid, m_axi_awvalid, m_axi_awready;
    wire [39:0] m_axi_awaddr;
    wire [7:0]  m_axi_awlen;
    wire [2:0]  m_axi_awsize, m_axi_awprot;
    wire [1:0]  m_axi_awburst;
    wire [3:0]  m_axi_awcache;
    wire [63:0] m_axi_wdata;
    wire [7:0]  m_axi_wstrb;
    wire        m_axi_wlast, m_axi_wvalid, m_axi_wready;
    wire [1:0]  m_axi_bresp;
    wire        m_axi_bvalid, m_axi_bready;
    wire        m_axi_arid, m_axi_arvalid, m_axi_arready;
    wire [39:0] m_axi_araddr;
    wire [7:0]  m_axi_arlen;
    wire [2:0]  m_axi_arsize, m_axi_arprot;
    wire [1:0]  m_axi_arburst;
    wire [3:0]  m_axi_arcache;
    wire [63:0] m_axi_rdata;
    wire [1:0]  m_axi_rresp;
    wire        m_axi_rlast, m_axi_rvalid, m_axi_rready;

    edge_axi_memory #(
        .BYTES(MEMORY_BYTES)
    ) memory (
        .clk          (clk),
        .rst          (rst),
        .s_axi_awaddr (m_axi_awaddr),
        .s_axi_awlen  (m_axi_awlen),
        .s_axi_awsize (m_axi_awsize),
        .s_axi_awburst(m_axi_awburst),
        .s_axi_awvalid(m_axi_awvalid),
        .s_axi_awready(m_axi_awready),
        .s_axi_wdata  (m_axi_wdata),
        .s_axi_wstrb  (m_axi_wstrb),
        .s_axi_wlast  (m_axi_wlast),
        .s_axi_wvalid (m_axi_wvalid),
        .s_axi_wready (m_axi_wready),
        .s_axi_bresp  (m_axi_bresp),
        .s_axi_bvalid (m_axi_bvalid),
        .s_axi_bready (m_axi_bready),
        .s_axi_araddr (m_axi_araddr),
        .s_axi_arlen  (m_axi_arlen),
        .s_axi_arsize (m_axi_arsize),
        .s_axi_arburst(m_axi_arburst),
        .s_axi_arvalid(m_axi_arvalid),
        .s_axi_arready(m_axi_arready),
        .s_axi_rdata  (m_axi_rdata),
        .s_axi_rresp  (m_axi_rresp),
        .s_axi_rlast  (m_axi_rlast),
        .s_axi_rvalid (m_axi_rvalid),
        .s_axi_rready (m_axi_rready)
    );
`endif

    edge_sized_overlay overlay (
        .clk           (clk),
        .rst           (rst),
        .s_axil_awaddr (address),
        .s_axil_awprot (3'd0),
        .s_axil_awvalid(awvalid),
        .s_axil_awready(awready),
        .s_axil_wdata  (word),
        .s_axil_wstrb  (4'b1111),
        .s_axil_wvalid (wvalid),
        .s_axil_wready (wready),
        .s_axil_bresp  (bresp),
        .s_axil_bvalid (bvalid),
        .s_axil_bready (1'b1),
        .s_axil_araddr (address),
        .s_axil_arprot (3'd0),
        .s_axil_arvalid(arvalid),
        .s_axil_arready(arready),
        .s_axil_rdata  (rdata),
        .s_axil_rresp  (rresp),
        .s_axil_rvalid (rvalid),
        .s_axil_rready (1'b1),
`ifdef EDGE_AXI_MASTER
        .m_axi_awid    (m_axi_awid),
        .m_axi_awaddr  (m_axi_awaddr),
        .m_axi_awlen   (m_axi_awlen),
        .m_axi_awsize  (m_axi_awsize),
        .m_axi_awburst (m_axi_awburst),
        .m_axi_awcache (m_axi_awcache),
        .m_axi_awprot  (m_axi_awprot),
        .m_axi_awvalid (m_axi_awvalid),
        .m_axi_awready (m_axi_awready),
        .m_axi_wdata   (m_axi_wdata),
        .m_axi_wstrb   (m_axi_wstrb),
        .m_axi_wlast   (m_axi_wlast),
        .m_axi_wvalid  (m_axi_wvalid),
        .m_axi_wready  (m_axi_wready),
        .m_axi_bid     (1'b0),
        .m_axi_bresp   (m_axi_bresp),
        .m_axi_bvalid  (m_axi_bvalid),
        .m_axi_bready  (m_axi_bready),
        .m_axi_arid    (m_axi_arid),
        .m_axi_araddr  (m_axi_araddr),
        .m_axi_arlen   (m_axi_arlen),
        .m_axi_arsize  (m_axi_arsize),
        .m_axi_arburst (m_axi_arburst),
        .m_axi_arcache (m_axi_arcache),
        .m_axi_arprot  (m_axi_arprot),
        .m_axi_arvalid (m_axi_arvalid),
        .m_axi_arready (m_axi_arready),
        .m_axi_rid     (1'b0),
        .m_axi_rdata   (m_axi_rdata),
        .m_axi_rresp   (m_axi_rresp),
        .m_axi_rlast   (m_axi_rlast),
        .m_axi_rvalid  (m_axi_rvalid),
        .m_axi_rready  (m_axi_rready),
`endif
        .irq           (irq)
    );

    // An unknown handshake signal would be a different one in every real device.
    always @(posedge clk)
        if (!rst && (^{awready, wready, bvalid, arready, rvalid, irq}) === 1'bx) begin
            $display("FAIL: a handshake signal is unknown");
            $finish;
        end

    reg [71:0] accesses [0:ACCESSES-1];
    reg [7:0] what;
    integer place;
    integer waited;

    initial begin
        $readmemh("accesses.hex", accesses);
        place = 0;
        repeat (4) @(negedge clk);
        rst = 1'b0;
        @(negedge clk);
        what = accesses[0][71:64];
        while (what != END) begin
            address = accesses[place][53:32];
            word    = accesses[place][31:0];
            waited  = 0;
            if (what == WRITE) play_write;
            else if (what == READ) play_read;
`ifdef EDGE_AXI_MASTER
            else if (what == STORE) memory.words[accesses[place][63:34]] = word;
            else if (what == EXPECT) expect_in_memory;
`endif
            else while (irq !== 1'b1) pass_cycle;
            @(negedge clk);
            place = place + 1;
            what  = accesses[place][71:64];
        end
        $display("PASS: %0d accesses", place);
        $finish;
    end

    task pass_cycle;
        begin
            @(negedge clk);
            waited = waited + 1;
            if (waited > PATIENCE) begin
                $display("FAIL: access %0d (%h) is not answered", place, accesses[place]);
                $finish;
            end
        end
    endtask

    task play_write;
        begin
            awvalid = 1'b1;
            wvalid  = 1'b1;
            @(negedge clk);
            awvalid = 1'b0;
            wvalid  = 1'b0;
            while (bvalid !== 1'b1) pass_cycle;
            if (bresp !== 2'b00) $display("FAIL: access %0d (%h) is answered %b", place, accesses[place], bresp);
        end
    endtask

    task play_read;
        begin
            arvalid = 1'b1;
            @(negedge clk);
            arvalid = 1'b0;
            while (rvalid !== 1'b1) pass_cycle;
            if ({rresp, rdata} !== {2'b00, word})
                $display("FAIL: access %0d (%h) reads %b %h", place, accesses[place], rresp, rdata);
        end
    endtask

`ifdef EDGE_AXI_MASTER
    task expect_in_memory;
        if (memory.words[accesses[place][63:34]] !== word)
            $display("FAIL: access %0d (%h): memory has %h", place, accesses[place],
                     memory.words[accesses[place][63:34]]);
    endtask
`endif

endmodule

`resetall
