// SPDX-License-Identifier: Apache-2.0
//
// A board's reset: high from power-up on until `ready` has been high for 2**HOLD_WIDTH cycles, and again when it
// falls. `ready` may change at any time.

`default_nettype none

module edge_reset #(
    // Reset lasts 2**HOLD_WIDTH cycles longer than its cause.
    parameter integer HOLD_WIDTH = 6
) (
    input  wire clk,

    input  wire ready,
    output wire rst
);

    reg [1:0]            samples;
    reg [HOLD_WIDTH-1:0] held;
    reg                  resetting;

    always @(posedge clk)
        samples <= {samples[0], ready};

    always @(posedge clk)
        if (!samples[1])    held <= {HOLD_WIDTH{1'b0}};
        else if (resetting) held <= held + 1'b1;

    always @(posedge clk)
        if (!samples[1])                    resetting <= 1'b1;
        else if (held == {HOLD_WIDTH{1'b1}}) resetting <= 1'b0;

    initial begin
        samples   = 2'b00;
        held      = {HOLD_WIDTH{1'b0}};
        resetting = 1'b1;
    end

    assign rst = resetting;

endmodule

`resetall
