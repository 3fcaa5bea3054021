// SPDX-License-Identifier: Apache-2.0
//
// What edge_axil_slave promises on both its sides, as properties; the master and the bus do anything that AXI4-Lite
// and the word bus's contract allow.
//
// The model beside it holds what was taken and has not been passed on: an address, a word, an answer; and, for
// reads, how far the one read is.

`default_nettype none

module edge_axil_slave_formal #(
    // Byte address bits.
    parameter integer ADDR_WIDTH = 4
) (
    input wire                  clk,
    input wire                  rst,
    input wire [ADDR_WIDTH-1:0] s_axil_awaddr,
    input wire [2:0]            s_axil_awprot,
    input wire                  s_axil_awvalid,
    input wire [31:0]           s_axil_wdata,
    input wire [3:0]            s_axil_wstrb,
    input wire                  s_axil_wvalid,
    input wire                  s_axil_bready,
    input wire [ADDR_WIDTH-1:0] s_axil_araddr,
    input wire [2:0]            s_axil_arprot,
    input wire                  s_axil_arvalid,
    input wire                  s_axil_rready,
    input wire                  wr_ready,
    input wire                  wr_error,
    input wire                  rd_ready,
    input wire                  rd_data_valid,
    input wire                  rd_error,
    input wire [31:0]           rd_data
);

    wire                  s_axil_awready;
    wire                  s_axil_wready;
    wire [1:0]            s_axil_bresp;
    wire                  s_axil_bvalid;
    wire                  s_axil_arready;
    wire [31:0]           s_axil_rdata;
    wire [1:0]            s_axil_rresp;
    wire                  s_axil_rvalid;
    wire                  wr_valid;
    wire [ADDR_WIDTH-3:0] wr_addr;
    wire [31:0]           wr_data;
    wire [3:0]            wr_strb;
    wire                  rd_valid;
    wire [ADDR_WIDTH-3:0] rd_addr;

    edge_axil_slave #(
        .ADDR_WIDTH(ADDR_WIDTH)
    ) dut (
        .clk           (clk),
        .rst           (rst),
        .s_axil_awaddr (s_axil_awaddr),
        .s_axil_awprot (s_axil_awprot),
        .s_axil_awvalid(s_axil_awvalid),
        .s_axil_awready(s_axil_awready),
        .s_axil_wdata  (s_axil_wdata),
        .s_axil_wstrb  (s_axil_wstrb),
        .s_axil_wvalid (s_axil_wvalid),
        .s_axil_wready (s_axil_wready),
        .s_axil_bresp  (s_axil_bresp),
        .s_axil_bvalid (s_axil_bvalid),
        .s_axil_bready (s_axil_bready),
        .s_axil_araddr (s_axil_araddr),
        .s_axil_arprot (s_axil_arprot),
        .s_axil_arvalid(s_axil_arvalid),
        .s_axil_arready(s_axil_arready),
        .s_axil_rdata  (s_axil_rdata),
        .s_axil_rresp  (s_axil_rresp),
        .s_axil_rvalid (s_axil_rvalid),
        .s_axil_rready (s_axil_rready),
        .wr_valid      (wr_valid),
        .wr_ready      (wr_ready),
        .wr_error      (wr_error),
        .wr_addr       (wr_addr),
        .wr_data       (wr_data),
        .wr_strb       (wr_strb),
        .rd_valid      (rd_valid),
        .rd_ready      (rd_ready),
        .rd_addr       (rd_addr),
        .rd_data_valid (rd_data_valid),
        .rd_error      (rd_error),
        .rd_data       (rd_data)
    );

    reg started = 1'b0;
    always @(posedge clk) started <= 1'b1;
    always @(*) if (!started) assume (rst);

    // ---- what the master may do: valid holds with its payload until ready ----
    edge_stream_formal #(
        .WIDTH(ADDR_WIDTH),
        .MASTER(1)
    ) aw (
        .clk(clk), .rst(rst), .valid(s_axil_awvalid), .ready(s_axil_awready), .data(s_axil_awaddr)
    );
    edge_stream_formal #(
        .WIDTH(36),
        .MASTER(1)
    ) w (
        .clk(clk), .rst(rst), .valid(s_axil_wvalid), .ready(s_axil_wready), .data({s_axil_wstrb, s_axil_wdata})
    );
    edge_stream_formal #(
        .WIDTH(ADDR_WIDTH),
        .MASTER(1)
    ) ar (
        .clk(clk), .rst(rst), .valid(s_axil_arvalid), .ready(s_axil_arready), .data(s_axil_araddr)
    );

    // ---- what the slave must do: the same on its own channels and towards the bus ----
    edge_stream_formal #(
        .WIDTH(2)
    ) b (
        .clk(clk), .rst(rst), .valid(s_axil_bvalid), .ready(s_axil_bready), .data(s_axil_bresp)
    );
    edge_stream_formal #(
        .WIDTH(34)
    ) r (
        .clk(clk), .rst(rst), .valid(s_axil_rvalid), .ready(s_axil_rready), .data({s_axil_rresp, s_axil_rdata})
    );
    edge_stream_formal #(
        .WIDTH(ADDR_WIDTH + 34)
    ) wr (
        .clk(clk), .rst(rst), .valid(wr_valid), .ready(wr_ready), .data({wr_addr, wr_strb, wr_data})
    );
    edge_stream_formal #(
        .WIDTH(ADDR_WIDTH - 2)
    ) rd (
        .clk(clk), .rst(rst), .valid(rd_valid), .ready(rd_ready), .data(rd_addr)
    );

    // ---- writes: one address, one word, one answer at most; nothing is lost, doubled or changed ----
    reg                  address_taken = 1'b0;
    reg                  word_taken    = 1'b0;
    reg                  answer_due    = 1'b0;
    reg [ADDR_WIDTH-3:0] address;
    reg [35:0]           word;
    reg                  answer;

    wire address_comes = s_axil_awvalid && s_axil_awready;
    wire word_comes    = s_axil_wvalid && s_axil_wready;
    wire passed_on     = wr_valid && wr_ready;

    always @(posedge clk) begin
        address_taken <= !rst && (address_comes || (address_taken && !passed_on));
        word_taken    <= !rst && (word_comes || (word_taken && !passed_on));
        answer_due    <= !rst && (passed_on || (answer_due && !s_axil_bready));
        if (address_comes) address <= s_axil_awaddr[ADDR_WIDTH-1:2];
        if (word_comes)    word    <= {s_axil_wstrb, s_axil_wdata};
        if (passed_on)     answer  <= wr_error;
    end

    always @(*) if (started) begin
        assert (s_axil_awready == !address_taken);
        assert (s_axil_wready == !word_taken);
        // the bus is asked as soon as both are there and the answer before has been taken: no deadlock
        assert (wr_valid == (address_taken && word_taken && !answer_due));
        if (address_taken) assert (wr_addr == address);
        if (word_taken) assert ({wr_strb, wr_data} == word);
        assert (s_axil_bvalid == answer_due);
        if (s_axil_bvalid) assert (s_axil_bresp == (answer ? 2'b10 : 2'b00));
    end

    // ---- reads: idle, asked of the bus, waiting for the bus, offered to the master ----
    localparam [1:0] IDLE = 2'd0, ASKED = 2'd1, WAITING = 2'd2, OFFERED = 2'd3;
    reg [1:0]            stage = IDLE;
    reg [ADDR_WIDTH-3:0] read_address;
    reg [32:0]           read_word;

    always @(posedge clk) begin
        if (rst)
            stage <= IDLE;
        else
            case (stage)
                IDLE:    if (s_axil_arvalid && s_axil_arready) stage <= ASKED;
                ASKED:   if (rd_ready)                         stage <= WAITING;
                WAITING: if (rd_data_valid)                    stage <= OFFERED;
                OFFERED: if (s_axil_rready)                    stage <= IDLE;
            endcase
        if (stage == IDLE)    read_address <= s_axil_araddr[ADDR_WIDTH-1:2];
        if (stage == WAITING) read_word    <= {rd_error, rd_data};
    end

    // the word bus brings a word only to a read that waits for one
    always @(*) if (stage != WAITING) assume (!rd_data_valid);

    // This register shows at no port; Yosys joins the name with it when it flattens.
    (* hierconn *) wire \dut.r_waiting ;

    always @(*) if (started) begin
        assert (\dut.r_waiting == (stage == WAITING));
        assert (s_axil_arready == (stage == IDLE));
        assert (rd_valid == (stage == ASKED));
        if (rd_valid) assert (rd_addr == read_address);
        assert (s_axil_rvalid == (stage == OFFERED));
        if (s_axil_rvalid) assert ({s_axil_rresp == 2'b10, s_axil_rdata} == read_word && !s_axil_rresp[0]);
    end

    // ---- the proof is not empty ----
    reg refused_write = 1'b0;
    reg refused_read  = 1'b0;
    always @(posedge clk) begin
        refused_write <= !rst && (refused_write || (s_axil_bvalid && s_axil_bready && s_axil_bresp != 0));
        refused_read  <= !rst && (refused_read || (s_axil_rvalid && s_axil_rready && s_axil_rresp != 0));
    end
    always @(*) begin
        cover (refused_write && refused_read && s_axil_bvalid && s_axil_rvalid);
        cover (word_comes && !address_taken && !address_comes);
        cover (answer_due && address_taken && word_taken);
    end

endmodule

`resetall
