// SPDX-License-Identifier: Apache-2.0
//
// Stands in for the ECP5's block memory of 18 Kb when a netlist is simulated: two ports of 9 or 18 bits, or port A
// writing and port B reading 36 bits; outputs with or without their register. Anything else that the cell can do is
// refused. Names and meaning: Lattice FPGA-TN-02204 (ECP5 memory usage guide).

`default_nettype none

module DP16KD #(
    parameter DATA_WIDTH_A = 18,
    parameter DATA_WIDTH_B = 18,
    parameter REGMODE_A = "NOREG",
    parameter REGMODE_B = "NOREG",
    parameter WRITEMODE_A = "NORMAL",
    parameter WRITEMODE_B = "NORMAL",
    parameter CSDECODE_A = "0b000",
    parameter CSDECODE_B = "0b000",
    parameter CLKAMUX = "CLKA",
    parameter CLKBMUX = "CLKB",
    parameter RESETMODE = "SYNC",
    parameter ASYNC_RESET_RELEASE = "SYNC",
    parameter [319:0] INITVAL_00 = 320'd0, parameter [319:0] INITVAL_01 = 320'd0,
    parameter [319:0] INITVAL_02 = 320'd0, parameter [319:0] INITVAL_03 = 320'd0,
    parameter [319:0] INITVAL_04 = 320'd0, parameter [319:0] INITVAL_05 = 320'd0,
    parameter [319:0] INITVAL_06 = 320'd0, parameter [319:0] INITVAL_07 = 320'd0,
    parameter [319:0] INITVAL_08 = 320'd0, parameter [319:0] INITVAL_09 = 320'd0,
    parameter [319:0] INITVAL_0A = 320'd0, parameter [319:0] INITVAL_0B = 320'd0,
    parameter [319:0] INITVAL_0C = 320'd0, parameter [319:0] INITVAL_0D = 320'd0,
    parameter [319:0] INITVAL_0E = 320'd0, parameter [319:0] INITVAL_0F = 320'd0,
    parameter [319:0] INITVAL_10 = 320'd0, parameter [319:0] INITVAL_11 = 320'd0,
    parameter [319:0] INITVAL_12 = 320'd0, parameter [319:0] INITVAL_13 = 320'd0,
    parameter [319:0] INITVAL_14 = 320'd0, parameter [319:0] INITVAL_15 = 320'd0,
    parameter [319:0] INITVAL_16 = 320'd0, parameter [319:0] INITVAL_17 = 320'd0,
    parameter [319:0] INITVAL_18 = 320'd0, parameter [319:0] INITVAL_19 = 320'd0,
    parameter [319:0] INITVAL_1A = 320'd0, parameter [319:0] INITVAL_1B = 320'd0,
    parameter [319:0] INITVAL_1C = 320'd0, parameter [319:0] INITVAL_1D = 320'd0,
    parameter [319:0] INITVAL_1E = 320'd0, parameter [319:0] INITVAL_1F = 320'd0,
    parameter [319:0] INITVAL_20 = 320'd0, parameter [319:0] INITVAL_21 = 320'd0,
    parameter [319:0] INITVAL_22 = 320'd0, parameter [319:0] INITVAL_23 = 320'd0,
    parameter [319:0] INITVAL_24 = 320'd0, parameter [319:0] INITVAL_25 = 320'd0,
    parameter [319:0] INITVAL_26 = 320'd0, parameter [319:0] INITVAL_27 = 320'd0,
    parameter [319:0] INITVAL_28 = 320'd0, parameter [319:0] INITVAL_29 = 320'd0,
    parameter [319:0] INITVAL_2A = 320'd0, parameter [319:0] INITVAL_2B = 320'd0,
    parameter [319:0] INITVAL_2C = 320'd0, parameter [319:0] INITVAL_2D = 320'd0,
    parameter [319:0] INITVAL_2E = 320'd0, parameter [319:0] INITVAL_2F = 320'd0,
    parameter [319:0] INITVAL_30 = 320'd0, parameter [319:0] INITVAL_31 = 320'd0,
    parameter [319:0] INITVAL_32 = 320'd0, parameter [319:0] INITVAL_33 = 320'd0,
    parameter [319:0] INITVAL_34 = 320'd0, parameter [319:0] INITVAL_35 = 320'd0,
    parameter [319:0] INITVAL_36 = 320'd0, parameter [319:0] INITVAL_37 = 320'd0,
    parameter [319:0] INITVAL_38 = 320'd0, parameter [319:0] INITVAL_39 = 320'd0,
    parameter [319:0] INITVAL_3A = 320'd0, parameter [319:0] INITVAL_3B = 320'd0,
    parameter [319:0] INITVAL_3C = 320'd0, parameter [319:0] INITVAL_3D = 320'd0,
    parameter [319:0] INITVAL_3E = 320'd0, parameter [319:0] INITVAL_3F = 320'd0,
    parameter GSR = "DISABLED"
) (
    input  wire DIA0, DIA1, DIA2, DIA3, DIA4, DIA5, DIA6, DIA7, DIA8,
    input  wire DIA9, DIA10, DIA11, DIA12, DIA13, DIA14, DIA15, DIA16, DIA17,
    input  wire ADA0, ADA1, ADA2, ADA3, ADA4, ADA5, ADA6, ADA7, ADA8, ADA9, ADA10, ADA11, ADA12, ADA13,
    input  wire CEA, OCEA, CLKA, WEA, RSTA, CSA0, CSA1, CSA2,
    output wire DOA0, DOA1, DOA2, DOA3, DOA4, DOA5, DOA6, DOA7, DOA8,
    output wire DOA9, DOA10, DOA11, DOA12, DOA13, DOA14, DOA15, DOA16, DOA17,

    input  wire DIB0, DIB1, DIB2, DIB3, DIB4, DIB5, DIB6, DIB7, DIB8,
    input  wire DIB9, DIB10, DIB11, DIB12, DIB13, DIB14, DIB15, DIB16, DIB17,
    input  wire ADB0, ADB1, ADB2, ADB3, ADB4, ADB5, ADB6, ADB7, ADB8, ADB9, ADB10, ADB11, ADB12, ADB13,
    input  wire CEB, OCEB, CLKB, WEB, RSTB, CSB0, CSB1, CSB2,
    output wire DOB0, DOB1, DOB2, DOB3, DOB4, DOB5, DOB6, DOB7, DOB8,
    output wire DOB9, DOB10, DOB11, DOB12, DOB13, DOB14, DOB15, DOB16, DOB17
);

    // 36 bits: both ports together are one.
    localparam integer WIDE = DATA_WIDTH_A == 36;

    generate
        if (DATA_WIDTH_A != DATA_WIDTH_B || (DATA_WIDTH_A != 9 && DATA_WIDTH_A != 18 && WIDE == 0)) begin : gen_width
            $error("DP16KD: this model knows two ports of 9, of 18 or of 36 bits");
        end
        if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000" || CLKAMUX != "CLKA" || CLKBMUX != "CLKB" ||
            GSR != "DISABLED" || (WIDE != 0 && (REGMODE_A != "NOREG" || REGMODE_B != "NOREG"))) begin : gen_mode
            $error("DP16KD: this model knows no chip selects, no inverted clocks, no GSR, no register at 36 bits");
        end
    endgenerate

    wire [13:0] address_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [13:0] address_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire [17:0] data_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
                          DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [17:0] data_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
                          DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
    wire chosen_a = !(CSA0 || CSA1 || CSA2);
    wire chosen_b = !(CSB0 || CSB1 || CSB2);
    wire unused = &{1'b0, RESETMODE == "SYNC", ASYNC_RESET_RELEASE == "SYNC", RSTA, RSTB};

    // Rows of two bytes of 9 bits.
    reg [17:0] mem [0:1023];
    localparam [64*320-1:0] INITIAL = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
        INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
        INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
        INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
        INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
        INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
        INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
        INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00
    };
    integer i;
    initial for (i = 0; i < 1024; i = i + 1) mem[i] = INITIAL[i*20 +: 18];

    // ---- what each port writes: which rows, which of their bytes ----
    wire [9:0] row_a = WIDE != 0 ? {address_a[13:5], 1'b0} : address_a[13:4];
    wire [9:0] row_b = WIDE != 0 ? {address_b[13:5], 1'b0} : address_b[13:4];
    wire [1:0] bytes_a = DATA_WIDTH_A == 9 ? {address_a[3], !address_a[3]} : address_a[1:0];
    wire [1:0] bytes_b = DATA_WIDTH_B == 9 ? {address_b[3], !address_b[3]} : address_b[1:0];
    wire [17:0] written_a = DATA_WIDTH_A == 9 ? {2{data_a[8:0]}} : data_a;
    wire [17:0] written_b = DATA_WIDTH_B == 9 ? {2{data_b[8:0]}} : data_b;
    wire writes_a = CEA && chosen_a && WEA;
    wire writes_b = CEB && chosen_b && WEB && WIDE == 0;

    always @(posedge CLKA) begin
        if (writes_a && bytes_a[0]) mem[row_a][8:0]  <= written_a[8:0];
        if (writes_a && bytes_a[1]) mem[row_a][17:9] <= written_a[17:9];
        if (WIDE != 0 && writes_a && address_a[2]) mem[row_a + 10'd1][8:0]  <= data_b[8:0];
        if (WIDE != 0 && writes_a && address_a[3]) mem[row_a + 10'd1][17:9] <= data_b[17:9];
    end
    always @(posedge CLKB) begin
        if (writes_b && bytes_b[0]) mem[row_b][8:0]  <= written_b[8:0];
        if (writes_b && bytes_b[1]) mem[row_b][17:9] <= written_b[17:9];
    end

    // ---- what each port reads: a row's old word while it is written; a port that writes keeps its own if NORMAL ----
    wire [17:0] old_a = mem[row_a];
    wire [17:0] old_b = mem[row_b];
    wire [17:0] above = mem[row_b + 10'd1];
    wire reads_a = CEA && chosen_a && !(WEA && WRITEMODE_A == "NORMAL");
    wire reads_b = CEB && chosen_b && !(WEB && WRITEMODE_B == "NORMAL");
    reg [17:0] read_a;
    reg [17:0] read_b;
    always @(posedge CLKA)
        if (reads_a) read_a <= DATA_WIDTH_A == 9 ? {9'd0, address_a[3] ? old_a[17:9] : old_a[8:0]} : old_a;
    always @(posedge CLKB)
        if (reads_b) read_b <= WIDE != 0 ? above
                             : DATA_WIDTH_B == 9 ? {9'd0, address_b[3] ? old_b[17:9] : old_b[8:0]} : old_b;
    reg [17:0] read_below;
    always @(posedge CLKB) if (reads_b) read_below <= old_b;

    // ---- the registers at the outputs ----
    reg [17:0] held_a;
    reg [17:0] held_b;
    always @(posedge CLKA) if (OCEA) held_a <= read_a;
    always @(posedge CLKB) if (OCEB) held_b <= read_b;

    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
            DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0}
           = WIDE != 0 ? read_below : REGMODE_A == "OUTREG" ? held_a : read_a;
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
            DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0}
           = REGMODE_B == "OUTREG" ? held_b : read_b;

endmodule

`resetall
