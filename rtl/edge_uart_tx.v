// SPDX-License-Identifier: Apache-2.0
//
// Transmitter of a serial line: 8 data bits, no parity, one stop bit.
//
// A character is taken when `s_axis_tvalid` and `s_axis_tready` meet; characters follow each other without a gap.

`default_nettype none

module edge_uart_tx #(
    // Rate of `clk` in Hz.
    parameter integer CLOCK_HZ = 50000000,
    // Rate of the line in bits per second, at most a quarter of CLOCK_HZ; the two need not divide.
    parameter integer BAUD = 3000000
) (
    input  wire       clk,
    input  wire       rst,

    input  wire [7:0] s_axis_tdata,
    input  wire       s_axis_tvalid,
    output wire       s_axis_tready,

    output wire       tx
);

    localparam integer PHASE_WIDTH = $clog2(CLOCK_HZ) + 1;
    // The phase counts up by BAUD a cycle; a bit is over when it reaches zero.
    localparam [PHASE_WIDTH-1:0] STEP    = BAUD[PHASE_WIDTH-1:0];
    localparam [PHASE_WIDTH-1:0] ONE_BIT = CLOCK_HZ[PHASE_WIDTH-1:0];
    // Start, data and stop bit.
    localparam [3:0] BITS = 4'd10;

    generate
        if (BAUD < 1 || CLOCK_HZ / 4 < BAUD) begin : gen_bad_rate
            $error("edge_uart_tx: BAUD must be from 1 to a quarter of CLOCK_HZ");
        end
    endgenerate

    reg [3:0]             left;
    reg [PHASE_WIDTH-1:0] phase;
    reg [8:0]             shift;

    wire bit_over = !phase[PHASE_WIDTH-1];
    wire last     = left == 4'd1 && bit_over;
    wire take     = s_axis_tvalid && s_axis_tready;

    assign s_axis_tready = left == 4'd0 || last;
    assign tx            = shift[0];

    always @(posedge clk)
        if (rst)                            left <= 4'd0;
        else if (take)                      left <= BITS;
        else if (left != 4'd0 && bit_over)  left <= left - 4'd1;

    always @(posedge clk)
        if (take)          phase <= STEP - ONE_BIT;
        else if (bit_over) phase <= phase + STEP - ONE_BIT;
        else               phase <= phase + STEP;

    always @(posedge clk)
        if (rst)           shift <= 9'h1FF;
        else if (take)     shift <= {s_axis_tdata, 1'b0};
        else if (bit_over) shift <= {1'b1, shift[8:1]};

    initial begin
        left  = 4'd0;
        phase = {PHASE_WIDTH{1'b0}};
        shift = 9'h1FF;
    end

endmodule

`resetall
