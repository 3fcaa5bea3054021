// SPDX-License-Identifier: Apache-2.0
//
// Lets the burst master to the activations beside the host, which goes first.
//
// All memories share the host's addresses and data, so the burst master writes when the host writes nowhere, and reads
// when it reads nowhere: `host_wr_any` and `host_rd_any` are its requests of any window, `host_wr_valid` and
// `host_rd_valid` those of the activations. Each side asks as edge_axil_slave.v says, the host's ready being the
// memory's own; the burst master may ask for many words before the first comes. The memory answers reads in order, so
// who asked is remembered in order too.

`default_nettype none

module edge_activation_arbiter #(
    // Reads that may be under way, as address bits of their queue: more than the memory's latency.
    parameter integer QUEUE_WIDTH = 3
) (
    input  wire clk,
    input  wire rst,

    input  wire host_wr_any,
    input  wire host_wr_valid,
    input  wire host_rd_any,
    input  wire host_rd_valid,
    output wire host_rd_data_valid,

    input  wire burst_wr_valid,
    output wire burst_wr_ready,
    input  wire burst_rd_valid,
    output wire burst_rd_ready,
    output wire burst_rd_data_valid,

    output wire wr_valid,
    input  wire wr_ready,
    output wire rd_valid,
    input  wire rd_ready,
    input  wire rd_data_valid
);

    // The memory takes writes before reads; the burst master's, which may be many, must hold up nobody's reads.
    wire burst_may_write = !host_wr_any && !host_rd_valid && !burst_rd_valid;
    wire burst_may_read  = !host_rd_any;

    assign wr_valid       = host_wr_valid || (burst_wr_valid && burst_may_write);
    assign burst_wr_ready = wr_ready && burst_may_write;
    assign rd_valid       = host_rd_valid || (burst_rd_valid && burst_may_read);
    assign burst_rd_ready = rd_ready && burst_may_read;

    // ---- who asked: 1 for the burst master ----
    reg [(1<<QUEUE_WIDTH)-1:0] asker;
    reg [QUEUE_WIDTH-1:0]      asked;
    reg [QUEUE_WIDTH-1:0]      answered;

    always @(posedge clk)
        if (rst)                       asked <= {QUEUE_WIDTH{1'b0}};
        else if (rd_valid && rd_ready) asked <= asked + 1'b1;

    always @(posedge clk)
        if (rst)                answered <= {QUEUE_WIDTH{1'b0}};
        else if (rd_data_valid) answered <= answered + 1'b1;

    always @(posedge clk) if (rd_valid && rd_ready) asker[asked] <= !host_rd_valid;

    initial begin
        asked    = {QUEUE_WIDTH{1'b0}};
        answered = {QUEUE_WIDTH{1'b0}};
    end

    assign host_rd_data_valid  = rd_data_valid && !asker[answered];
    assign burst_rd_data_valid = rd_data_valid && asker[answered];

endmodule

`resetall
