// SPDX-License-Identifier: Apache-2.0
//
// The AXI4 burst master beside the engine: the window of jobs, the queue of jobs, a burst reader and a burst writer.
//
// Data are 64 bits wide; bursts count up, have at most 16 beats (which AXI3 takes too) and stay within 4 KiB. There
// is one ID. Word buses: see edge_axil_slave.v; `burst_*` is the word bus of the activations.

`default_nettype none

module edge_burst_master #(
    // Byte address bits of the processor's memory, from 33 to 64.
    parameter integer AXI_ADDR_WIDTH = 40,
    // Word address bits of the activation memory.
    parameter integer WORD_ADDR_WIDTH = 14
) (
    input  wire                       clk,
    input  wire                       rst,

    input  wire                       jobs_wr_valid,
    output wire                       jobs_wr_error,
    input  wire [9:0]                 jobs_wr_addr,
    input  wire [31:0]                jobs_wr_data,
    input  wire                       jobs_rd_valid,
    input  wire [9:0]                 jobs_rd_addr,
    output wire                       jobs_rd_data_valid,
    output wire                       jobs_rd_error,
    output wire [31:0]                jobs_rd_data,

    output wire                       burst_wr_valid,
    input  wire                       burst_wr_ready,
    output wire [WORD_ADDR_WIDTH-1:0] burst_wr_addr,
    output wire [31:0]                burst_wr_data,
    output wire                       burst_rd_valid,
    input  wire                       burst_rd_ready,
    output wire [WORD_ADDR_WIDTH-1:0] burst_rd_addr,
    input  wire                       burst_rd_data_valid,
    input  wire [31:0]                burst_rd_data,

    output wire                       job_start,
    input  wire                       reset_engine,
    input  wire                       engine_busy,
    input  wire                       finished,
    input  wire                       failed,
    input  wire [31:0]                cycles,
    output wire                       irq,

    output wire                             m_axi_awid,
    output wire [AXI_ADDR_WIDTH-1:0]        m_axi_awaddr,
    output wire [7:0]                       m_axi_awlen,
    output wire [2:0]                       m_axi_awsize,
    output wire [1:0]                       m_axi_awburst,
    output wire [3:0]                       m_axi_awcache,
    output wire [2:0]                       m_axi_awprot,
    output wire                             m_axi_awvalid,
    input  wire                             m_axi_awready,
    output wire [63:0]                      m_axi_wdata,
    output wire [7:0]                       m_axi_wstrb,
    output wire                             m_axi_wlast,
    output wire                             m_axi_wvalid,
    input  wire                             m_axi_wready,
    input  wire                             m_axi_bid,
    input  wire [1:0]                       m_axi_bresp,
    input  wire                             m_axi_bvalid,
    output wire                             m_axi_bready,
    output wire                             m_axi_arid,
    output wire [AXI_ADDR_WIDTH-1:0]        m_axi_araddr,
    output wire [7:0]                       m_axi_arlen,
    output wire [2:0]                       m_axi_arsize,
    output wire [1:0]                       m_axi_arburst,
    output wire [3:0]                       m_axi_arcache,
    output wire [2:0]                       m_axi_arprot,
    output wire                             m_axi_arvalid,
    input  wire                             m_axi_arready,
    input  wire                             m_axi_rid,
    input  wire [63:0]                      m_axi_rdata,
    input  wire [1:0]                       m_axi_rresp,
    input  wire                             m_axi_rlast,
    input  wire                             m_axi_rvalid,
    output wire                             m_axi_rready
);

    // A region has at most all words of the memory; the bursts' counters need six bits.
    localparam integer COUNT_WIDTH  = WORD_ADDR_WIDTH > 6 ? WORD_ADDR_WIDTH : 6;
    localparam integer REGION_WIDTH = AXI_ADDR_WIDTH + WORD_ADDR_WIDTH + COUNT_WIDTH;
    localparam integer AT_WORD      = AXI_ADDR_WIDTH;
    localparam integer AT_BEATS     = AXI_ADDR_WIDTH + WORD_ADDR_WIDTH;

    wire [REGION_WIDTH-1:0] input_region;
    wire [REGION_WIDTH-1:0] output_region;
    wire [REGION_WIDTH-1:0] extra_region;
    wire                    push;
    wire [1:0]              pending;
    wire                    fetch_error;
    wire                    store_error;
    wire                    run_error;
    wire                    done;
    wire [31:0]             prefetch_cycle;
    wire [31:0]             done_cycles;
    wire [31:0]             done_period;
    wire [31:0]             done_run_cycles;
    wire                    fetch_start;
    wire [REGION_WIDTH-1:0] fetch_region;
    wire                    fetch_busy;
    wire                    fetch_failed;
    wire                    store_start;
    wire [REGION_WIDTH-1:0] store_region;
    wire                    store_busy;
    wire                    store_read_out;
    wire                    store_failed;

    // A run is at cycle 0 in its first cycle, so 0 is none to wait for.
    wire prefetch = engine_busy && cycles == prefetch_cycle && prefetch_cycle != 32'd0;

    edge_job_registers #(
        .AXI_ADDR_WIDTH (AXI_ADDR_WIDTH),
        .WORD_ADDR_WIDTH(WORD_ADDR_WIDTH),
        .COUNT_WIDTH    (COUNT_WIDTH)
    ) registers (
        .clk            (clk),
        .rst            (rst),
        .wr_valid       (jobs_wr_valid),
        .wr_error       (jobs_wr_error),
        .wr_addr        (jobs_wr_addr),
        .wr_data        (jobs_wr_data),
        .rd_valid       (jobs_rd_valid),
        .rd_addr        (jobs_rd_addr),
        .rd_data_valid  (jobs_rd_data_valid),
        .rd_error       (jobs_rd_error),
        .rd_data        (jobs_rd_data),
        .input_region   (input_region),
        .output_region  (output_region),
        .extra_region   (extra_region),
        .push           (push),
        .prefetch       (prefetch_cycle),
        .reset_engine   (reset_engine),
        .pending        (pending),
        .moving         (fetch_busy || store_busy),
        .fetch_error    (fetch_error),
        .store_error    (store_error),
        .run_error      (run_error),
        .done           (done),
        .done_cycles    (done_cycles),
        .done_period    (done_period),
        .done_run_cycles(done_run_cycles),
        .irq            (irq)
    );

    edge_job_queue #(
        .REGION_WIDTH(REGION_WIDTH),
        .COUNT_WIDTH (COUNT_WIDTH)
    ) jobs (
        .clk            (clk),
        .rst            (rst),
        .push           (push),
        .input_region   (input_region),
        .output_region  (output_region),
        .extra_region   (extra_region),
        .reset_engine   (reset_engine),
        .engine_busy    (engine_busy),
        .prefetch       (prefetch),
        .finished       (finished),
        .failed         (failed),
        .cycles         (cycles),
        .job_start      (job_start),
        .fetch_start    (fetch_start),
        .fetch_region   (fetch_region),
        .fetch_busy     (fetch_busy),
        .fetch_failed   (fetch_failed),
        .store_start    (store_start),
        .store_region   (store_region),
        .store_busy     (store_busy),
        .store_read_out (store_read_out),
        .store_failed   (store_failed),
        .pending        (pending),
        .fetch_error    (fetch_error),
        .store_error    (store_error),
        .run_error      (run_error),
        .done           (done),
        .done_cycles    (done_cycles),
        .done_period    (done_period),
        .done_run_cycles(done_run_cycles)
    );

    edge_burst_reader #(
        .AXI_ADDR_WIDTH (AXI_ADDR_WIDTH),
        .WORD_ADDR_WIDTH(WORD_ADDR_WIDTH),
        .COUNT_WIDTH    (COUNT_WIDTH)
    ) reader (
        .clk          (clk),
        .rst          (rst),
        .start        (fetch_start),
        .abandon      (reset_engine),
        .address      (fetch_region[AXI_ADDR_WIDTH-1:0]),
        .beats        (fetch_region[AT_BEATS +: COUNT_WIDTH]),
        .first_word   (fetch_region[AT_WORD +: WORD_ADDR_WIDTH]),
        .busy         (fetch_busy),
        .error        (fetch_failed),
        .word_valid   (burst_wr_valid),
        .word_ready   (burst_wr_ready),
        .word_addr    (burst_wr_addr),
        .word_data    (burst_wr_data),
        .m_axi_araddr (m_axi_araddr),
        .m_axi_arlen  (m_axi_arlen),
        .m_axi_arvalid(m_axi_arvalid),
        .m_axi_arready(m_axi_arready),
        .m_axi_rdata  (m_axi_rdata),
        .m_axi_rresp  (m_axi_rresp),
        .m_axi_rvalid (m_axi_rvalid),
        .m_axi_rready (m_axi_rready)
    );

    edge_burst_writer #(
        .AXI_ADDR_WIDTH (AXI_ADDR_WIDTH),
        .WORD_ADDR_WIDTH(WORD_ADDR_WIDTH),
        .COUNT_WIDTH    (COUNT_WIDTH)
    ) writer (
        .clk            (clk),
        .rst            (rst),
        .start          (store_start),
        .abandon        (reset_engine),
        .address        (store_region[AXI_ADDR_WIDTH-1:0]),
        .beats          (store_region[AT_BEATS +: COUNT_WIDTH]),
        .first_word     (store_region[AT_WORD +: WORD_ADDR_WIDTH]),
        .busy           (store_busy),
        .read_out       (store_read_out),
        .error          (store_failed),
        .word_valid     (burst_rd_valid),
        .word_ready     (burst_rd_ready),
        .word_addr      (burst_rd_addr),
        .word_data_valid(burst_rd_data_valid),
        .word_data      (burst_rd_data),
        .m_axi_awaddr   (m_axi_awaddr),
        .m_axi_awlen    (m_axi_awlen),
        .m_axi_awvalid  (m_axi_awvalid),
        .m_axi_awready  (m_axi_awready),
        .m_axi_wdata    (m_axi_wdata),
        .m_axi_wlast    (m_axi_wlast),
        .m_axi_wvalid   (m_axi_wvalid),
        .m_axi_wready   (m_axi_wready),
        .m_axi_bresp    (m_axi_bresp),
        .m_axi_bvalid   (m_axi_bvalid),
        .m_axi_bready   (m_axi_bready)
    );

    // Bursts that count up, of 8 bytes a beat; normal memory, not cached; data, unprivileged.
    assign {m_axi_arid, m_axi_awid}       = 2'b00;
    assign {m_axi_arsize, m_axi_awsize}   = {3'd3, 3'd3};
    assign {m_axi_arburst, m_axi_awburst} = {2'b01, 2'b01};
    assign {m_axi_arcache, m_axi_awcache} = {4'b0011, 4'b0011};
    assign {m_axi_arprot, m_axi_awprot}   = 6'd0;
    assign m_axi_wstrb                    = 8'hff;

    // One ID, and bursts whose length is known: nothing to learn from these.
    wire unused_answers = &{1'b0, m_axi_rid, m_axi_rlast, m_axi_bid};

endmodule

`resetall
