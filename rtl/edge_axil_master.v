// SPDX-License-Identifier: Apache-2.0
//
// One word at a time to and from an AXI4-Lite slave.
//
// `cmd_valid` holds with what belongs to it until `cmd_ready`. `rsp_valid` is then high for one cycle, with the word
// read, and with `rsp_error` if the slave answered with anything but OKAY. One word is under way at a time.

`default_nettype none

module edge_axil_master #(
    // Byte address bits.
    parameter integer ADDR_WIDTH = 22
) (
    input  wire                  clk,
    input  wire                  rst,

    input  wire                  cmd_valid,
    output wire                  cmd_ready,
    input  wire                  cmd_write,
    input  wire [ADDR_WIDTH-3:0] cmd_addr,
    input  wire [31:0]           cmd_data,
    output wire                  rsp_valid,
    output wire                  rsp_error,
    output wire [31:0]           rsp_data,

    output wire [ADDR_WIDTH-1:0] m_axil_awaddr,
    output wire [2:0]            m_axil_awprot,
    output wire                  m_axil_awvalid,
    input  wire                  m_axil_awready,
    output wire [31:0]           m_axil_wdata,
    output wire [3:0]            m_axil_wstrb,
    output wire                  m_axil_wvalid,
    input  wire                  m_axil_wready,
    input  wire [1:0]            m_axil_bresp,
    input  wire                  m_axil_bvalid,
    output wire                  m_axil_bready,
    output wire [ADDR_WIDTH-1:0] m_axil_araddr,
    output wire [2:0]            m_axil_arprot,
    output wire                  m_axil_arvalid,
    input  wire                  m_axil_arready,
    input  wire [31:0]           m_axil_rdata,
    input  wire [1:0]            m_axil_rresp,
    input  wire                  m_axil_rvalid,
    output wire                  m_axil_rready
);

    localparam [1:0] RESP_OKAY = 2'b00;

    reg                  busy;
    reg                  aw_offered;
    reg                  w_offered;
    reg                  ar_offered;
    reg [ADDR_WIDTH-3:0] addr;
    reg [31:0]           data;

    wire take   = cmd_valid && cmd_ready;
    wire answer = busy && (m_axil_bvalid || m_axil_rvalid);

    assign cmd_ready = !busy;

    always @(posedge clk)
        if (rst)         busy <= 1'b0;
        else if (take)   busy <= 1'b1;
        else if (answer) busy <= 1'b0;

    always @(posedge clk)
        if (rst)                 aw_offered <= 1'b0;
        else if (take)           aw_offered <= cmd_write;
        else if (m_axil_awready) aw_offered <= 1'b0;

    always @(posedge clk)
        if (rst)                w_offered <= 1'b0;
        else if (take)          w_offered <= cmd_write;
        else if (m_axil_wready) w_offered <= 1'b0;

    always @(posedge clk)
        if (rst)                 ar_offered <= 1'b0;
        else if (take)           ar_offered <= !cmd_write;
        else if (m_axil_arready) ar_offered <= 1'b0;

    always @(posedge clk)
        if (take) {addr, data} <= {cmd_addr, cmd_data};

    initial {busy, aw_offered, w_offered, ar_offered} = 4'd0;

    assign m_axil_awaddr  = {addr, 2'b00};
    assign m_axil_awprot  = 3'b000;
    assign m_axil_awvalid = aw_offered;
    assign m_axil_wdata   = data;
    assign m_axil_wstrb   = 4'b1111;
    assign m_axil_wvalid  = w_offered;
    assign m_axil_bready  = busy;
    assign m_axil_araddr  = {addr, 2'b00};
    assign m_axil_arprot  = 3'b000;
    assign m_axil_arvalid = ar_offered;
    assign m_axil_rready  = busy;

    assign rsp_valid = answer;
    assign rsp_error = m_axil_bvalid ? m_axil_bresp != RESP_OKAY : m_axil_rresp != RESP_OKAY;
    assign rsp_data  = m_axil_rdata;

endmodule

`resetall
