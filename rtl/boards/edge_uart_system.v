// SPDX-License-Identifier: Apache-2.0
//
// What every board on a serial cable carries: the overlay, the bridge to it, and the reset of both.
//
// Overlay parameters and rates are those of edge_board.vh. `ready` rises when the clock is stable. `working` is high
// when reset is over, `interrupt` while the overlay has something to tell.

`default_nettype none
`include "edge_host_interface.vh"
`include "edge_board.vh"

module edge_uart_system (
    input  wire clk,
    input  wire ready,

    input  wire rx,
    output wire tx,

    output wire working,
    output wire interrupt
);

    wire rst;
    wire overlay_reset;
    wire irq;

    edge_reset power_up (
        .clk  (clk),
        .ready(ready),
        .rst  (rst)
    );

    wire [`EDGE_ADDRESS_WIDTH-1:0] awaddr;
    wire [2:0]                     awprot;
    wire                           awvalid;
    wire                           awready;
    wire [31:0]                    wdata;
    wire [3:0]                     wstrb;
    wire                           wvalid;
    wire                           wready;
    wire [1:0]                     bresp;
    wire                           bvalid;
    wire                           bready;
    wire [`EDGE_ADDRESS_WIDTH-1:0] araddr;
    wire [2:0]                     arprot;
    wire                           arvalid;
    wire                           arready;
    wire [31:0]                    rdata;
    wire [1:0]                     rresp;
    wire                           rvalid;
    wire                           rready;

    edge_uart_bridge #(
        .CLOCK_HZ(`EDGE_BOARD_CLOCK_HZ),
        .BAUD    (`EDGE_BOARD_BAUD)
    ) bridge (
        .clk           (clk),
        .rst           (rst),
        .rx            (rx),
        .tx            (tx),
        .irq           (irq),
        .overlay_reset (overlay_reset),
        .m_axil_awaddr (awaddr),
        .m_axil_awprot (awprot),
        .m_axil_awvalid(awvalid),
        .m_axil_awready(awready),
        .m_axil_wdata  (wdata),
        .m_axil_wstrb  (wstrb),
        .m_axil_wvalid (wvalid),
        .m_axil_wready (wready),
        .m_axil_bresp  (bresp),
        .m_axil_bvalid (bvalid),
        .m_axil_bready (bready),
        .m_axil_araddr (araddr),
        .m_axil_arprot (arprot),
        .m_axil_arvalid(arvalid),
        .m_axil_arready(arready),
        .m_axil_rdata  (rdata),
        .m_axil_rresp  (rresp),
        .m_axil_rvalid (rvalid),
        .m_axil_rready (rready)
    );

    edge_overlay #(
        `EDGE_BOARD_OVERLAY_PARAMETERS
    ) overlay (
        .clk           (clk),
        .rst           (rst || overlay_reset),
        .s_axil_awaddr (awaddr),
        .s_axil_awprot (awprot),
        .s_axil_awvalid(awvalid),
        .s_axil_awready(awready),
        .s_axil_wdata  (wdata),
        .s_axil_wstrb  (wstrb),
        .s_axil_wvalid (wvalid),
        .s_axil_wready (wready),
        .s_axil_bresp  (bresp),
        .s_axil_bvalid (bvalid),
        .s_axil_bready (bready),
        .s_axil_araddr (araddr),
        .s_axil_arprot (arprot),
        .s_axil_arvalid(arvalid),
        .s_axil_arready(arready),
        .s_axil_rdata  (rdata),
        .s_axil_rresp  (rresp),
        .s_axil_rvalid (rvalid),
        .s_axil_rready (rready),
        .irq           (irq)
    );

    assign working   = !rst;
    assign interrupt = irq;

endmodule

`resetall
