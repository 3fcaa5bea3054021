// SPDX-License-Identifier: Apache-2.0
//
// Stands in for the ECP5's multiplier when a netlist is simulated: signed or unsigned operands, with or without the
// registers at its inputs and its output, all of one clock. Anything else that the cell can do is refused.
// Names and meaning: Lattice FPGA-TN-02205 (ECP5 sysDSP usage guide).

`default_nettype none

module MULT18X18D #(
    parameter REG_INPUTA_CLK = "NONE",
    parameter REG_INPUTA_CE = "CE0",
    parameter REG_INPUTA_RST = "RST0",
    parameter REG_INPUTB_CLK = "NONE",
    parameter REG_INPUTB_CE = "CE0",
    parameter REG_INPUTB_RST = "RST0",
    parameter REG_OUTPUT_CLK = "NONE",
    parameter REG_OUTPUT_CE = "CE0",
    parameter REG_OUTPUT_RST = "RST0",
    parameter GSR = "DISABLED",
    parameter SOURCEB_MODE = "B_SHIFT",
    parameter RESETMODE = "SYNC"
) (
    input  wire A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15, A16, A17,
    input  wire B0, B1, B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13, B14, B15, B16, B17,
    input  wire C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17,
    input  wire SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input  wire CLK0, CE0, RST0,
    output wire P0, P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P11, P12, P13, P14, P15, P16, P17,
    output wire P18, P19, P20, P21, P22, P23, P24, P25, P26, P27, P28, P29, P30, P31, P32, P33, P34, P35
);

    generate
        if (GSR != "DISABLED" || RESETMODE != "SYNC" || SOURCEB_MODE != "B_SHIFT") begin : gen_unknown_mode
            $error("MULT18X18D: this model knows GSR DISABLED, RESETMODE SYNC and SOURCEB_MODE B_SHIFT");
        end
        if (REG_INPUTA_CLK != REG_INPUTB_CLK || (REG_INPUTA_CLK != "NONE" && REG_INPUTA_CLK != "CLK0") ||
            (REG_OUTPUT_CLK != "NONE" && REG_OUTPUT_CLK != "CLK0")) begin : gen_unknown_clock
            $error("MULT18X18D: this model knows both inputs registered or neither, and CLK0");
        end
        if (REG_INPUTA_CE != "CE0" || REG_INPUTB_CE != "CE0" || REG_OUTPUT_CE != "CE0" ||
            REG_INPUTA_RST != "RST0" || REG_INPUTB_RST != "RST0" || REG_OUTPUT_RST != "RST0") begin : gen_unknown_enable
            $error("MULT18X18D: this model knows CE0 and RST0");
        end
    endgenerate

    wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
    wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
    wire unused = &{1'b0, C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17,
                    SOURCEA, SOURCEB};

    reg [19:0] a_held;
    reg [19:0] b_held;
    always @(posedge CLK0)
        if (RST0)     {a_held, b_held} <= 40'd0;
        else if (CE0) {a_held, b_held} <= {1'b0, SIGNEDA, a, 1'b0, SIGNEDB, b};

    wire [19:0] a_used = REG_INPUTA_CLK == "NONE" ? {1'b0, SIGNEDA, a} : a_held;
    wire [19:0] b_used = REG_INPUTB_CLK == "NONE" ? {1'b0, SIGNEDB, b} : b_held;
    wire signed [18:0] factor_a = {a_used[18] && a_used[17], a_used[17:0]};
    wire signed [18:0] factor_b = {b_used[18] && b_used[17], b_used[17:0]};
    wire signed [37:0] whole = factor_a * factor_b;

    reg [35:0] held;
    always @(posedge CLK0)
        if (RST0)     held <= 36'd0;
        else if (CE0) held <= whole[35:0];

    assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
            P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0}
           = REG_OUTPUT_CLK == "NONE" ? whole[35:0] : held;

endmodule

`resetall
