// SPDX-License-Identifier: Apache-2.0
//
// From a serial line to AXI4-Lite: the far end of edge_runtime/accelerator/bus/uart.py. docs/uart_bridge.md is
// the protocol.
//
// `overlay_reset` is high for some cycles when the host asks for a reset, or when the slave did not answer in time: it
// must reset the slave.

`default_nettype none
`include "edge_host_interface.vh"

module edge_uart_bridge #(
    // Rate of `clk` in Hz.
    parameter integer CLOCK_HZ = 50000000,
    // Rate of the line in bits per second, at most a quarter of CLOCK_HZ.
    parameter integer BAUD = 3000000,
    // The slave has 2**TIMEOUT_WIDTH cycles for each word.
    parameter integer TIMEOUT_WIDTH = 20
) (
    input  wire                           clk,
    input  wire                           rst,

    input  wire                           rx,
    output wire                           tx,

    input  wire                           irq,
    output wire                           overlay_reset,

    output wire [`EDGE_ADDRESS_WIDTH-1:0] m_axil_awaddr,
    output wire [2:0]                     m_axil_awprot,
    output wire                           m_axil_awvalid,
    input  wire                           m_axil_awready,
    output wire [31:0]                    m_axil_wdata,
    output wire [3:0]                     m_axil_wstrb,
    output wire                           m_axil_wvalid,
    input  wire                           m_axil_wready,
    input  wire [1:0]                     m_axil_bresp,
    input  wire                           m_axil_bvalid,
    output wire                           m_axil_bready,
    output wire [`EDGE_ADDRESS_WIDTH-1:0] m_axil_araddr,
    output wire [2:0]                     m_axil_arprot,
    output wire                           m_axil_arvalid,
    input  wire                           m_axil_arready,
    input  wire [31:0]                    m_axil_rdata,
    input  wire [1:0]                     m_axil_rresp,
    input  wire                           m_axil_rvalid,
    output wire                           m_axil_rready
);

    localparam integer ADDR_WIDTH = `EDGE_ADDRESS_WIDTH;

    // ---- the line ----
    wire       rx_valid;
    wire       rx_error;
    wire [7:0] rx_data;
    wire       byte_valid;
    wire [7:0] byte_data;
    wire       frame_end;
    wire       frame_ok;

    edge_uart_rx #(
        .CLOCK_HZ(CLOCK_HZ),
        .BAUD    (BAUD)
    ) receiver (
        .clk  (clk),
        .rst  (rst),
        .rx   (rx),
        .valid(rx_valid),
        .error(rx_error),
        .data (rx_data)
    );

    edge_frame_decoder decoder (
        .clk      (clk),
        .rst      (rst),
        .s_valid  (rx_valid),
        .s_error  (rx_error),
        .s_data   (rx_data),
        .m_valid  (byte_valid),
        .m_data   (byte_data),
        .frame_end(frame_end),
        .frame_ok (frame_ok)
    );

    wire        lost;
    wire        request_valid;
    wire        request_done;
    wire [7:0]  sequence_number;
    wire [7:0]  command;
    wire [15:0] count;
    wire [31:0] address;
    wire [8:0]  words;
    wire [7:0]  word_index;
    wire [31:0] word;

    edge_uart_requests requests (
        .clk            (clk),
        .rst            (rst),
        .byte_valid     (byte_valid),
        .byte_data      (byte_data),
        .frame_end      (frame_end),
        .frame_ok       (frame_ok),
        .lost           (lost),
        .request_valid  (request_valid),
        .request_done   (request_done),
        .sequence_number(sequence_number),
        .command        (command),
        .count          (count),
        .address        (address),
        .words          (words),
        .word_index     (word_index),
        .word           (word)
    );

    wire [7:0] answer_tdata;
    wire       answer_tvalid;
    wire       answer_tlast;
    wire       answer_tready;
    wire [7:0] tx_tdata;
    wire       tx_tvalid;
    wire       tx_tready;

    edge_frame_encoder encoder (
        .clk          (clk),
        .rst          (rst),
        .s_axis_tdata (answer_tdata),
        .s_axis_tvalid(answer_tvalid),
        .s_axis_tlast (answer_tlast),
        .s_axis_tready(answer_tready),
        .m_axis_tdata (tx_tdata),
        .m_axis_tvalid(tx_tvalid),
        .m_axis_tready(tx_tready)
    );

    edge_uart_tx #(
        .CLOCK_HZ(CLOCK_HZ),
        .BAUD    (BAUD)
    ) transmitter (
        .clk          (clk),
        .rst          (rst),
        .s_axis_tdata (tx_tdata),
        .s_axis_tvalid(tx_tvalid),
        .s_axis_tready(tx_tready),
        .tx           (tx)
    );

    // ---- what the requests ask for ----
    wire                  cmd_valid;
    wire                  cmd_ready;
    wire                  cmd_write;
    wire [ADDR_WIDTH-3:0] cmd_addr;
    wire                  rsp_valid;
    wire                  rsp_error;
    wire [31:0]           rsp_data;

    edge_uart_executor #(
        .ADDR_WIDTH   (ADDR_WIDTH),
        .TIMEOUT_WIDTH(TIMEOUT_WIDTH)
    ) executor (
        .clk            (clk),
        .rst            (rst),
        .lost           (lost),
        .request_valid  (request_valid),
        .request_done   (request_done),
        .sequence_number(sequence_number),
        .command        (command),
        .count          (count),
        .address        (address),
        .words          (words),
        .word_index     (word_index),
        .cmd_valid      (cmd_valid),
        .cmd_ready      (cmd_ready),
        .cmd_write      (cmd_write),
        .cmd_addr       (cmd_addr),
        .rsp_valid      (rsp_valid),
        .rsp_error      (rsp_error),
        .rsp_data       (rsp_data),
        .irq            (irq),
        .overlay_reset  (overlay_reset),
        .m_axis_tdata   (answer_tdata),
        .m_axis_tvalid  (answer_tvalid),
        .m_axis_tlast   (answer_tlast),
        .m_axis_tready  (answer_tready)
    );

    edge_axil_master #(
        .ADDR_WIDTH(ADDR_WIDTH)
    ) master (
        .clk           (clk),
        .rst           (rst || overlay_reset),
        .cmd_valid     (cmd_valid),
        .cmd_ready     (cmd_ready),
        .cmd_write     (cmd_write),
        .cmd_addr      (cmd_addr),
        .cmd_data      (word),
        .rsp_valid     (rsp_valid),
        .rsp_error     (rsp_error),
        .rsp_data      (rsp_data),
        .m_axil_awaddr (m_axil_awaddr),
        .m_axil_awprot (m_axil_awprot),
        .m_axil_awvalid(m_axil_awvalid),
        .m_axil_awready(m_axil_awready),
        .m_axil_wdata  (m_axil_wdata),
        .m_axil_wstrb  (m_axil_wstrb),
        .m_axil_wvalid (m_axil_wvalid),
        .m_axil_wready (m_axil_wready),
        .m_axil_bresp  (m_axil_bresp),
        .m_axil_bvalid (m_axil_bvalid),
        .m_axil_bready (m_axil_bready),
        .m_axil_araddr (m_axil_araddr),
        .m_axil_arprot (m_axil_arprot),
        .m_axil_arvalid(m_axil_arvalid),
        .m_axil_arready(m_axil_arready),
        .m_axil_rdata  (m_axil_rdata),
        .m_axil_rresp  (m_axil_rresp),
        .m_axil_rvalid (m_axil_rvalid),
        .m_axil_rready (m_axil_rready)
    );

endmodule

`resetall
