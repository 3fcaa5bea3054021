// SPDX-License-Identifier: Apache-2.0
//
// Memory behind a burst master, in plain Verilog, for any simulator: AXI4, 64 bits wide, bursts in order.
//
// Each burst waits before its first beat, and every channel stalls at random, from one seed. Reports bursts that no
// memory of a Zynq would take: longer than 16 beats, across 4 KiB, of other sizes or kinds, or outside of it.

`timescale 1ns / 1ps
`default_nettype none

module edge_axi_memory #(
    // Where it begins, and its bytes, a power of two.
    parameter [39:0]  BASE = 40'h12_0000_0000,
    parameter integer BYTES = 8192,
    parameter [15:0]  SEED = 16'd1
) (
    input  wire        clk,
    input  wire        rst,

    input  wire [39:0] s_axi_awaddr,
    input  wire [7:0]  s_axi_awlen,
    input  wire [2:0]  s_axi_awsize,
    input  wire [1:0]  s_axi_awburst,
    input  wire        s_axi_awvalid,
    output wire        s_axi_awready,
    input  wire [63:0] s_axi_wdata,
    input  wire [7:0]  s_axi_wstrb,
    input  wire        s_axi_wlast,
    input  wire        s_axi_wvalid,
    output wire        s_axi_wready,
    output wire [1:0]  s_axi_bresp,
    output wire        s_axi_bvalid,
    input  wire        s_axi_bready,
    input  wire [39:0] s_axi_araddr,
    input  wire [7:0]  s_axi_arlen,
    input  wire [2:0]  s_axi_arsize,
    input  wire [1:0]  s_axi_arburst,
    input  wire        s_axi_arvalid,
    output wire        s_axi_arready,
    output wire [63:0] s_axi_rdata,
    output wire [1:0]  s_axi_rresp,
    output wire        s_axi_rlast,
    output wire        s_axi_rvalid,
    input  wire        s_axi_rready
);

    // Bursts that may wait to be served.
    localparam integer QUEUE = 4;

    reg [31:0] words [0:BYTES/4-1];

    // An LFSR of 16 bits, polynomial x^16 + x^14 + x^13 + x^11 + 1.
    reg [15:0] random;
    always @(posedge clk)
        if (rst) random <= SEED;
        else     random <= {random[14:0], random[15] ^ random[13] ^ random[12] ^ random[10]};

    always @(posedge clk)
        if (!rst && (^{s_axi_awvalid, s_axi_wvalid, s_axi_bready, s_axi_arvalid, s_axi_rready}) === 1'bx) begin
            $display("FAIL: a handshake signal towards memory is unknown");
            $finish;
        end

    task check_burst;
        input [39:0] address;
        input [7:0]  len;
        input [2:0]  size;
        input [1:0]  burst;
        begin
            if (address < BASE || address + 8 * (len + 1) > BASE + BYTES || address[2:0] != 3'd0)
                $display("FAIL: a burst at %h, outside of memory", address);
            if (len > 8'd15 || size != 3'd3 || burst != 2'b01)
                $display("FAIL: a burst of len %0d, size %0d, burst %b", len, size, burst);
            if (address[11:3] + len > 9'd511 + 40'd0)
                $display("FAIL: a burst of %0d beats at %h crosses 4 KiB", len + 1, address);
        end
    endtask

    // ---- reads ----
    reg [39:0] read_at  [0:QUEUE-1];
    reg [7:0]  read_len [0:QUEUE-1];
    reg [2:0]  reads_in;
    reg [2:0]  reads_out;
    reg [7:0]  read_beat;
    reg [5:0]  read_wait;
    reg        rvalid;
    reg        rlast;
    reg [63:0] rdata;
    wire [2:0]  reads      = reads_in - reads_out;
    wire [39:0] read_place = read_at[reads_out[1:0]] - BASE + {29'd0, read_beat, 3'b000};
    wire        read_last  = read_beat == read_len[reads_out[1:0]];

    assign s_axi_arready = !rst && reads != QUEUE && random[0];
    assign s_axi_rvalid  = rvalid;
    assign s_axi_rdata   = rdata;
    assign s_axi_rlast   = rlast;
    assign s_axi_rresp   = 2'b00;

    always @(posedge clk)
        if (rst) reads_in <= 3'd0;
        else if (s_axi_arvalid && s_axi_arready) begin
            check_burst(s_axi_araddr, s_axi_arlen, s_axi_arsize, s_axi_arburst);
            read_at[reads_in[1:0]]  <= s_axi_araddr;
            read_len[reads_in[1:0]] <= s_axi_arlen;
            reads_in                <= reads_in + 3'd1;
        end

    always @(posedge clk)
        if (rst) begin
            reads_out <= 3'd0;
            read_beat <= 8'd0;
            read_wait <= 6'd20;
            rvalid    <= 1'b0;
        end else if (!rvalid || s_axi_rready) begin
            rvalid <= 1'b0;
            if (reads == 3'd0) read_wait <= {1'b0, random[4:0]} + 6'd8;
            else if (read_wait != 6'd0) read_wait <= read_wait - 6'd1;
            else if (random[3:1] != 3'd0) begin
                rvalid    <= 1'b1;
                rlast     <= read_last;
                rdata     <= {words[(read_place >> 2) + 1], words[read_place >> 2]};
                read_beat <= read_last ? 8'd0 : read_beat + 8'd1;
                if (read_last) reads_out <= reads_out + 3'd1;
            end
        end

    // ---- writes ----
    reg [39:0] write_at  [0:QUEUE-1];
    reg [7:0]  write_len [0:QUEUE-1];
    reg [2:0]  writes_in;
    reg [2:0]  writes_out;
    reg [7:0]  write_beat;
    reg [3:0]  answers;
    reg        bvalid;
    wire [2:0]  writes      = writes_in - writes_out;
    wire [39:0] write_place = write_at[writes_out[1:0]] - BASE + {29'd0, write_beat, 3'b000};
    wire        write_last  = write_beat == write_len[writes_out[1:0]];
    wire        beat_comes  = s_axi_wvalid && s_axi_wready;

    assign s_axi_awready = !rst && writes != QUEUE && random[4];
    assign s_axi_wready  = !rst && writes != 3'd0 && answers < 4'd8 && random[6:5] != 2'd0;
    assign s_axi_bvalid  = bvalid;
    assign s_axi_bresp   = 2'b00;

    always @(posedge clk)
        if (rst) writes_in <= 3'd0;
        else if (s_axi_awvalid && s_axi_awready) begin
            check_burst(s_axi_awaddr, s_axi_awlen, s_axi_awsize, s_axi_awburst);
            write_at[writes_in[1:0]]  <= s_axi_awaddr;
            write_len[writes_in[1:0]] <= s_axi_awlen;
            writes_in                 <= writes_in + 3'd1;
        end

    always @(posedge clk)
        if (rst) begin
            writes_out <= 3'd0;
            write_beat <= 8'd0;
        end else if (beat_comes) begin
            if (s_axi_wlast != write_last) $display("FAIL: a burst's last beat is not where its length says");
            if (s_axi_wstrb != 8'hff)      $display("FAIL: a beat is stored with strobes %b", s_axi_wstrb);
            words[write_place >> 2]       <= s_axi_wdata[31:0];
            words[(write_place >> 2) + 1] <= s_axi_wdata[63:32];
            write_beat                    <= write_last ? 8'd0 : write_beat + 8'd1;
            if (write_last) writes_out    <= writes_out + 3'd1;
        end

    // An answer stands until it is taken.
    wire answer_taken = bvalid && s_axi_bready;
    always @(posedge clk)
        if (rst) begin
            answers <= 4'd0;
            bvalid  <= 1'b0;
        end else begin
            answers <= answers + {3'd0, beat_comes && write_last} - {3'd0, answer_taken};
            bvalid  <= bvalid ? !s_axi_bready : answers != 4'd0 && random[9:7] == 3'd0;
        end

endmodule

`resetall
