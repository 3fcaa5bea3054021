// SPDX-License-Identifier: Apache-2.0
//
// Receiver of a serial line: 8 data bits, no parity, one stop bit.
//
// `valid` is high for one cycle with each character; `error` with it says that the stop bit was low (a break, noise, or
// another rate). The line may change at any time: it is synchronised here.

`default_nettype none

module edge_uart_rx #(
    // Rate of `clk` in Hz.
    parameter integer CLOCK_HZ = 50000000,
    // Rate of the line in bits per second, at most a quarter of CLOCK_HZ; the two need not divide.
    parameter integer BAUD = 3000000
) (
    input  wire       clk,
    input  wire       rst,

    input  wire       rx,

    output wire       valid,
    output wire       error,
    output wire [7:0] data
);

    localparam integer PHASE_WIDTH = $clog2(CLOCK_HZ) + 1;
    // The phase counts up by BAUD a cycle; a bit is over when it reaches zero.
    localparam [PHASE_WIDTH-1:0] STEP     = BAUD[PHASE_WIDTH-1:0];
    localparam [PHASE_WIDTH-1:0] ONE_BIT  = CLOCK_HZ[PHASE_WIDTH-1:0];
    localparam [PHASE_WIDTH-1:0] HALF_BIT = {1'b0, ONE_BIT[PHASE_WIDTH-1:1]};
    // Start, data and stop bit.
    localparam [3:0] BITS = 4'd10;

    generate
        if (BAUD < 1 || CLOCK_HZ / 4 < BAUD) begin : gen_bad_rate
            $error("edge_uart_rx: BAUD must be from 1 to a quarter of CLOCK_HZ");
        end
    endgenerate

    reg [2:0] samples;
    always @(posedge clk)
        if (rst) samples <= 3'b111;
        else     samples <= {samples[1:0], rx};

    wire line    = samples[1];
    wire falling = samples[2] && !samples[1];

    reg [3:0]             left;
    reg [PHASE_WIDTH-1:0] phase;
    reg [7:0]             shift;
    reg                   finished;
    reg                   bad_stop;

    wire idle   = left == 4'd0;
    wire sample = !idle && !phase[PHASE_WIDTH-1];

    always @(posedge clk)
        if (rst)                                      left <= 4'd0;
        else if (idle && falling)                     left <= BITS;
        else if (sample && left == BITS && line)      left <= 4'd0;
        else if (sample)                              left <= left - 4'd1;

    always @(posedge clk)
        if (idle)        phase <= STEP - HALF_BIT;
        else if (sample) phase <= phase + STEP - ONE_BIT;
        else             phase <= phase + STEP;

    always @(posedge clk)
        if (sample) begin
            bad_stop <= !line;
            if (left != 4'd1) shift <= {line, shift[7:1]};
        end

    always @(posedge clk)
        if (rst) finished <= 1'b0;
        else     finished <= sample && left == 4'd1;

    initial begin
        samples  = 3'b111;
        left     = 4'd0;
        finished = 1'b0;
    end

    assign valid = finished;
    assign error = bad_stop;
    assign data  = shift;

endmodule

`resetall
