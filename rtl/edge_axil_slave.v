// SPDX-License-Identifier: Apache-2.0
//
// AXI4-Lite slave in front of a simple word bus.
//
// Word bus: `wr_valid` holds with address, data and strobes until `wr_ready`; `wr_error` is sampled with
// `wr_ready`. `rd_valid` holds with its address until `rd_ready`; one cycle or more later `rd_data_valid`
// brings the word and `rd_error`. One write and one read are under way at a time, independently.

`default_nettype none

module edge_axil_slave #(
    // Byte address bits.
    parameter integer ADDR_WIDTH = 22
) (
    input  wire                  clk,
    input  wire                  rst,

    input  wire [ADDR_WIDTH-1:0] s_axil_awaddr,
    input  wire [2:0]            s_axil_awprot,
    input  wire                  s_axil_awvalid,
    output wire                  s_axil_awready,
    input  wire [31:0]           s_axil_wdata,
    input  wire [3:0]            s_axil_wstrb,
    input  wire                  s_axil_wvalid,
    output wire                  s_axil_wready,
    output wire [1:0]            s_axil_bresp,
    output wire                  s_axil_bvalid,
    input  wire                  s_axil_bready,
    input  wire [ADDR_WIDTH-1:0] s_axil_araddr,
    input  wire [2:0]            s_axil_arprot,
    input  wire                  s_axil_arvalid,
    output wire                  s_axil_arready,
    output wire [31:0]           s_axil_rdata,
    output wire [1:0]            s_axil_rresp,
    output wire                  s_axil_rvalid,
    input  wire                  s_axil_rready,

    output wire                  wr_valid,
    input  wire                  wr_ready,
    input  wire                  wr_error,
    output wire [ADDR_WIDTH-3:0] wr_addr,
    output wire [31:0]           wr_data,
    output wire [3:0]            wr_strb,

    output wire                  rd_valid,
    input  wire                  rd_ready,
    output wire [ADDR_WIDTH-3:0] rd_addr,
    input  wire                  rd_data_valid,
    input  wire                  rd_error,
    input  wire [31:0]           rd_data
);

    localparam [1:0] RESP_OKAY   = 2'b00;
    localparam [1:0] RESP_SLVERR = 2'b10;

    // Protection bits and the two lowest address bits carry nothing here: every access is a whole word.
    wire unused = &{1'b0, s_axil_awprot, s_axil_arprot, s_axil_awaddr[1:0], s_axil_araddr[1:0]};

    // Write address and write data are held apart: a master may send either first.
    reg                  aw_held;
    reg                  w_held;
    reg                  b_held;
    reg [ADDR_WIDTH-3:0] aw_addr;
    reg [31:0]           w_data;
    reg [3:0]            w_strb;
    reg                  b_error;

    wire write_done = wr_valid && wr_ready;

    assign s_axil_awready = !aw_held;
    assign s_axil_wready  = !w_held;
    assign s_axil_bvalid  = b_held;
    assign s_axil_bresp   = b_error ? RESP_SLVERR : RESP_OKAY;

    // The answer before has been taken: what the bus is asked depends on no input.
    assign wr_valid = aw_held && w_held && !b_held;
    assign wr_addr  = aw_addr;
    assign wr_data  = w_data;
    assign wr_strb  = w_strb;

    always @(posedge clk)
        if (rst)                                    aw_held <= 1'b0;
        else if (s_axil_awvalid && s_axil_awready)  aw_held <= 1'b1;
        else if (write_done)                        aw_held <= 1'b0;

    always @(posedge clk)
        if (rst)                                    w_held <= 1'b0;
        else if (s_axil_wvalid && s_axil_wready)    w_held <= 1'b1;
        else if (write_done)                        w_held <= 1'b0;

    always @(posedge clk)
        if (rst)                b_held <= 1'b0;
        else if (write_done)    b_held <= 1'b1;
        else if (s_axil_bready) b_held <= 1'b0;

    always @(posedge clk) begin
        if (s_axil_awvalid && s_axil_awready) aw_addr <= s_axil_awaddr[ADDR_WIDTH-1:2];
        if (s_axil_wvalid && s_axil_wready)   {w_strb, w_data} <= {s_axil_wstrb, s_axil_wdata};
        if (write_done)                       b_error <= wr_error;
    end

    // A read goes through three states: asked of the bus, waiting for the bus, offered to the master.
    reg                  r_asked;
    reg                  r_waiting;
    reg                  r_held;
    reg [ADDR_WIDTH-3:0] ar_addr;
    reg [31:0]           r_data;
    reg                  r_error;

    assign s_axil_arready = !r_asked && !r_waiting && !r_held;
    assign s_axil_rvalid  = r_held;
    assign s_axil_rdata   = r_data;
    assign s_axil_rresp   = r_error ? RESP_SLVERR : RESP_OKAY;

    assign rd_valid = r_asked;
    assign rd_addr  = ar_addr;

    always @(posedge clk)
        if (rst)                                    r_asked <= 1'b0;
        else if (s_axil_arvalid && s_axil_arready)  r_asked <= 1'b1;
        else if (rd_ready)                          r_asked <= 1'b0;

    always @(posedge clk)
        if (rst)                        r_waiting <= 1'b0;
        else if (rd_valid && rd_ready)  r_waiting <= 1'b1;
        else if (rd_data_valid)         r_waiting <= 1'b0;

    always @(posedge clk)
        if (rst)                            r_held <= 1'b0;
        else if (r_waiting && rd_data_valid) r_held <= 1'b1;
        else if (s_axil_rready)             r_held <= 1'b0;

    always @(posedge clk) begin
        if (s_axil_arvalid && s_axil_arready) ar_addr <= s_axil_araddr[ADDR_WIDTH-1:2];
        if (rd_data_valid)                    {r_error, r_data} <= {rd_error, rd_data};
    end

    initial begin
        aw_held   = 1'b0;
        w_held    = 1'b0;
        b_held    = 1'b0;
        r_asked   = 1'b0;
        r_waiting = 1'b0;
        r_held    = 1'b0;
    end

endmodule

`resetall
