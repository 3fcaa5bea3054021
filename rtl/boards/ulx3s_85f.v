// SPDX-License-Identifier: Apache-2.0
//
// Top of the ULX3S (Radiona, LFE5U-85F): the overlay behind the FT231X's serial line. Port names are those of the
// board's schematic, so `ftdi_rxd` is what the FPGA sends.

`default_nettype none

module ulx3s_85f (
    input  wire       clk_25mhz,

    input  wire       ftdi_txd,
    output wire       ftdi_rxd,

    // 0: working, 1: interrupt, 2: receiving, 3: sending.
    output wire [3:0] led,
    // High: the ESP32 stays as it is; low would have it load its own bitstream.
    output wire       wifi_gpio0
);

    wire clk;
    wire locked;
    wire working;
    wire interrupt;

    edge_ecp5_clock clock (
        .oscillator(clk_25mhz),
        .clk       (clk),
        .locked    (locked)
    );

    edge_uart_system system (
        .clk      (clk),
        .ready    (locked),
        .rx       (ftdi_txd),
        .tx       (ftdi_rxd),
        .working  (working),
        .interrupt(interrupt)
    );

    assign led        = {!ftdi_rxd, !ftdi_txd, interrupt, working};
    assign wifi_gpio0 = 1'b1;

endmodule

`resetall
