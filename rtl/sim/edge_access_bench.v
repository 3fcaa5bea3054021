// SPDX-License-Identifier: Apache-2.0
//
// A host in plain Verilog, for any simulator: plays accesses from a file on the overlay and reports what is
// not as it should be. Each line of ACCESSES is {what [71:64], byte address [63:32], word [31:0]}.

`timescale 1ns / 1ps
`default_nettype none

module edge_access_bench;

    parameter integer K_LANES = 12;
    parameter integer OC_LANES = 8;
    parameter integer REQUANT_LANES = 4;
    parameter integer PACKED = 1;
    parameter integer ACT_BYTES = 1024;
    parameter integer WEIGHT_ROWS = 64;
    parameter integer PARAM_CHANNELS = 64;
    parameter integer DESCRIPTORS = 8;
    parameter integer VEC_LANES = 4;
    parameter integer VEC_WEIGHT_ROWS = 16;
    parameter integer VEC_PARAM_CHANNELS = 32;
    parameter integer TABLE_PAIRS = 2;
    parameter integer ROW_BUFFER_BYTES = 128;
    parameter integer TABLES_IN_LUTS = 1;
    // Lines that the file may have.
    parameter integer ACCESSES = 8192;
    // Cycles that an answer may take.
    parameter integer PATIENCE = 3000;

    localparam [7:0] END   = 8'd0;
    localparam [7:0] WRITE = 8'd1;
    localparam [7:0] READ  = 8'd2;
    localparam [7:0] WAIT  = 8'd3;

    reg         clk = 1'b0;
    reg         rst = 1'b1;
    reg  [21:0] address = 22'd0;
    reg  [31:0] word = 32'd0;
    reg         awvalid = 1'b0;
    reg         wvalid = 1'b0;
    reg         arvalid = 1'b0;
    wire        awready;
    wire        wready;
    wire [1:0]  bresp;
    wire        bvalid;
    wire        arready;
    wire [31:0] rdata;
    wire [1:0]  rresp;
    wire        rvalid;
    wire        irq;

    always #5 clk = !clk;

    edge_overlay #(
        .K_LANES       (K_LANES),
        .OC_LANES      (OC_LANES),
        .REQUANT_LANES (REQUANT_LANES),
        .PACKED        (PACKED),
        .ACT_BYTES     (ACT_BYTES),
        .WEIGHT_ROWS   (WEIGHT_ROWS),
        .PARAM_CHANNELS(PARAM_CHANNELS),
        .DESCRIPTORS   (DESCRIPTORS),
        .VEC_LANES     (VEC_LANES),
        .VEC_WEIGHT_ROWS(VEC_WEIGHT_ROWS),
        .VEC_PARAM_CHANNELS(VEC_PARAM_CHANNELS),
        .TABLE_PAIRS   (TABLE_PAIRS),
        .ROW_BUFFER_BYTES(ROW_BUFFER_BYTES),
        .TABLES_IN_LUTS(TABLES_IN_LUTS)
    ) overlay (
        .clk           (clk),
        .rst           (rst),
        .s_axil_awaddr (address),
        .s_axil_awprot (3'd0),
        .s_axil_awvalid(awvalid),
        .s_axil_awready(awready),
        .s_axil_wdata  (word),
        .s_axil_wstrb  (4'b1111),
        .s_axil_wvalid (wvalid),
        .s_axil_wready (wready),
        .s_axil_bresp  (bresp),
        .s_axil_bvalid (bvalid),
        .s_axil_bready (1'b1),
        .s_axil_araddr (address),
        .s_axil_arprot (3'd0),
        .s_axil_arvalid(arvalid),
        .s_axil_arready(arready),
        .s_axil_rdata  (rdata),
        .s_axil_rresp  (rresp),
        .s_axil_rvalid (rvalid),
        .s_axil_rready (1'b1),
        .irq           (irq)
    );

    // An unknown handshake signal would be a different one in every real device.
    always @(posedge clk)
        if (!rst && (^{awready, wready, bvalid, arready, rvalid, irq}) === 1'bx) begin
            $display("FAIL: a handshake signal is unknown");
            $finish;
        end

    reg [71:0] accesses [0:ACCESSES-1];
    reg [7:0] what;
    integer place;
    integer waited;

    initial begin
        $readmemh("accesses.hex", accesses);
        place = 0;
        repeat (4) @(negedge clk);
        rst = 1'b0;
        @(negedge clk);
        what = accesses[0][71:64];
        while (what != END) begin
            address = accesses[place][53:32];
            word    = accesses[place][31:0];
            waited  = 0;
            if (what == WRITE) play_write;
            else if (what == READ) play_read;
            else while (irq !== 1'b1) pass_cycle;
            @(negedge clk);
            place = place + 1;
            what  = accesses[place][71:64];
        end
        $display("PASS: %0d accesses", place);
        $finish;
    end

    task pass_cycle;
        begin
            @(negedge clk);
            waited = waited + 1;
            if (waited > PATIENCE) begin
                $display("FAIL: access %0d (%h) is not answered", place, accesses[place]);
                $finish;
            end
        end
    endtask

    task play_write;
        begin
            awvalid = 1'b1;
            wvalid  = 1'b1;
            @(negedge clk);
            awvalid = 1'b0;
            wvalid  = 1'b0;
            while (bvalid !== 1'b1) pass_cycle;
            if (bresp !== 2'b00) $display("FAIL: access %0d (%h) is answered %b", place, accesses[place], bresp);
        end
    endtask

    task play_read;
        begin
            arvalid = 1'b1;
            @(negedge clk);
            arvalid = 1'b0;
            while (rvalid !== 1'b1) pass_cycle;
            if ({rresp, rdata} !== {2'b00, word})
                $display("FAIL: access %0d (%h) reads %b %h", place, accesses[place], rresp, rdata);
        end
    endtask

endmodule

`resetall
