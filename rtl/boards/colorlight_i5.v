// SPDX-License-Identifier: Apache-2.0
//
// Top of the Colorlight i5 v7.0 (LFE5U-25F) on Muse Lab's extension board: the overlay behind the serial line of the
// board's DAPLink.

`default_nettype none

module colorlight_i5 (
    input  wire clk_25mhz,

    input  wire uart_rx,
    output wire uart_tx,

    // Low lights it: dark until reset is over, then on except while the overlay has something to tell.
    output wire led_n
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
        .rx       (uart_rx),
        .tx       (uart_tx),
        .working  (working),
        .interrupt(interrupt)
    );

    assign led_n = !working || interrupt;

endmodule

`resetall
