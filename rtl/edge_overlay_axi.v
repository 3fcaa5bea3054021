// SPDX-License-Identifier: Apache-2.0
//
// The overlay with an AXI4 burst master, which fetches inputs from the processor's memory and stores outputs there,
// beside the computation: what edge_overlay has (which says what parameters may be), and edge_burst_master with its
// window between the host and the engine. What the host sees is written down in host_interface.toml.

`default_nettype none
`include "edge_host_interface.vh"

module edge_overlay_axi #(
    // Those of edge_overlay.v.
    parameter integer K_LANES = 24,
    parameter integer OC_LANES = 16,
    parameter integer REQUANT_LANES = 8,
    parameter integer PACKED = 1,
    parameter integer ACT_BYTES = 65536,
    parameter integer WEIGHT_ROWS = 1024,
    parameter integer PARAM_CHANNELS = 4096,
    parameter integer DESCRIPTORS = 64,
    parameter integer VEC_LANES = 8,
    parameter integer VEC_WEIGHT_ROWS = 512,
    parameter integer VEC_PARAM_CHANNELS = 4096,
    parameter integer TABLE_PAIRS = 4,
    parameter integer ROW_BUFFER_BYTES = 2048,
    parameter integer TABLES_IN_LUTS = 1,
    // Byte address bits of the processor's memory, from 33 to 64.
    parameter integer AXI_ADDR_WIDTH = 40
) (
    input  wire                           clk,
    input  wire                           rst,

    input  wire [`EDGE_ADDRESS_WIDTH-1:0] s_axil_awaddr,
    input  wire [2:0]                     s_axil_awprot,
    input  wire                           s_axil_awvalid,
    output wire                           s_axil_awready,
    input  wire [31:0]                    s_axil_wdata,
    input  wire [3:0]                     s_axil_wstrb,
    input  wire                           s_axil_wvalid,
    output wire                           s_axil_wready,
    output wire [1:0]                     s_axil_bresp,
    output wire                           s_axil_bvalid,
    input  wire                           s_axil_bready,
    input  wire [`EDGE_ADDRESS_WIDTH-1:0] s_axil_araddr,
    input  wire [2:0]                     s_axil_arprot,
    input  wire                           s_axil_arvalid,
    output wire                           s_axil_arready,
    output wire [31:0]                    s_axil_rdata,
    output wire [1:0]                     s_axil_rresp,
    output wire                           s_axil_rvalid,
    input  wire                           s_axil_rready,

    output wire                           irq,

    output wire                                 m_axi_awid,
    output wire [AXI_ADDR_WIDTH-1:0]            m_axi_awaddr,
    output wire [7:0]                           m_axi_awlen,
    output wire [2:0]                           m_axi_awsize,
    output wire [1:0]                           m_axi_awburst,
    output wire [3:0]                           m_axi_awcache,
    output wire [2:0]                           m_axi_awprot,
    output wire                                 m_axi_awvalid,
    input  wire                                 m_axi_awready,
    output wire [63:0]                          m_axi_wdata,
    output wire [7:0]                           m_axi_wstrb,
    output wire                                 m_axi_wlast,
    output wire                                 m_axi_wvalid,
    input  wire                                 m_axi_wready,
    input  wire                                 m_axi_bid,
    input  wire [1:0]                           m_axi_bresp,
    input  wire                                 m_axi_bvalid,
    output wire                                 m_axi_bready,
    output wire                                 m_axi_arid,
    output wire [AXI_ADDR_WIDTH-1:0]            m_axi_araddr,
    output wire [7:0]                           m_axi_arlen,
    output wire [2:0]                           m_axi_arsize,
    output wire [1:0]                           m_axi_arburst,
    output wire [3:0]                           m_axi_arcache,
    output wire [2:0]                           m_axi_arprot,
    output wire                                 m_axi_arvalid,
    input  wire                                 m_axi_arready,
    input  wire                                 m_axi_rid,
    input  wire [63:0]                          m_axi_rdata,
    input  wire [1:0]                           m_axi_rresp,
    input  wire                                 m_axi_rlast,
    input  wire                                 m_axi_rvalid,
    output wire                                 m_axi_rready
);

    localparam integer ADDR_WIDTH        = `EDGE_ADDRESS_WIDTH;
    localparam integer INDEX_WIDTH       = $clog2(DESCRIPTORS);
    localparam integer ACT_WORD_WIDTH    = $clog2(ACT_BYTES) - 2;
    localparam integer PARAM_WORD_WIDTH  = $clog2(PARAM_CHANNELS) + 2;
    localparam integer PROGRAM_WORD_WIDTH = INDEX_WIDTH + 5;
    localparam integer WEIGHT_WORD_WIDTH = $clog2(WEIGHT_ROWS) + $clog2(K_LANES * OC_LANES / 4);
    localparam integer TABLE_WORD_WIDTH  = $clog2(TABLE_PAIRS) + 9;
    localparam integer VEC_PARAM_WORD_WIDTH  = $clog2(VEC_PARAM_CHANNELS) + 2;
    localparam integer VEC_WEIGHT_WORD_WIDTH = $clog2(VEC_WEIGHT_ROWS) + $clog2((9 * VEC_LANES + 3) / 4);
    localparam integer WINDOWS = `EDGE_WINDOWS, JOBS = WINDOWS;

    // ---- AXI4-Lite to the word bus ----
    wire wr_valid, wr_ready, wr_error;
    wire [ADDR_WIDTH-3:0] wr_addr;
    wire [31:0] wr_data;
    wire [3:0] wr_strb;
    wire rd_valid, rd_ready;
    wire [ADDR_WIDTH-3:0] rd_addr;
    wire rd_data_valid, rd_error;
    wire [31:0] rd_data;

    edge_axil_slave #(
        .ADDR_WIDTH(ADDR_WIDTH)
    ) axil_slave (
        .clk           (clk),
        .rst           (rst),
        .s_axil_awaddr (s_axil_awaddr),
        .s_axil_awprot (s_axil_awprot),
        .s_axil_awvalid(s_axil_awvalid),
        .s_axil_awready(s_axil_awready),
        .s_axil_wdata  (s_axil_wdata),
        .s_axil_wstrb  (s_axil_wstrb),
        .s_axil_wvalid (s_axil_wvalid),
        .s_axil_wready (s_axil_wready),
        .s_axil_bresp  (s_axil_bresp),
        .s_axil_bvalid (s_axil_bvalid),
        .s_axil_bready (s_axil_bready),
        .s_axil_araddr (s_axil_araddr),
        .s_axil_arprot (s_axil_arprot),
        .s_axil_arvalid(s_axil_arvalid),
        .s_axil_arready(s_axil_arready),
        .s_axil_rdata  (s_axil_rdata),
        .s_axil_rresp  (s_axil_rresp),
        .s_axil_rvalid (s_axil_rvalid),
        .s_axil_rready (s_axil_rready),
        .wr_valid      (wr_valid),
        .wr_ready      (wr_ready),
        .wr_error      (wr_error),
        .wr_addr       (wr_addr),
        .wr_data       (wr_data),
        .wr_strb       (wr_strb),
        .rd_valid      (rd_valid),
        .rd_ready      (rd_ready),
        .rd_addr       (rd_addr),
        .rd_data_valid (rd_data_valid),
        .rd_error      (rd_error),
        .rd_data       (rd_data)
    );

    // ---- the windows: registers, the engine's memories, jobs ----
    wire [WINDOWS:0] wr_go, rd_go;
    wire [WINDOWS-1:0] engine_wr_ready, engine_wr_error, engine_rd_ready, engine_rd_data_valid, engine_rd_error;
    wire [WINDOWS*32-1:0] engine_rd_data;
    wire registers_wr_error, registers_rd_data_valid, registers_rd_error;
    wire jobs_wr_error, jobs_rd_data_valid, jobs_rd_error, act_rd_data_valid;
    wire [31:0] registers_rd_data, jobs_rd_data;

    localparam [WINDOWS:0]   IS_REGISTERS   = 1 << JOBS | 1 << `EDGE_INDEX_REGISTERS;
    localparam [WINDOWS-1:0] IS_ACTIVATIONS = 1 << `EDGE_INDEX_ACTIVATIONS;
    wire [WINDOWS-1:0] from_registers = {{WINDOWS-1{1'b0}}, 1'b1} << `EDGE_INDEX_REGISTERS;

    // Of the activations' answers, some are the burst master's.
    wire [WINDOWS-1:0] host_rd_data_valid = engine_rd_data_valid & (~IS_ACTIVATIONS | {WINDOWS{act_rd_data_valid}});

    edge_window_bus #(
        .PROGRAM_WORD_WIDTH   (PROGRAM_WORD_WIDTH),
        .ACT_WORD_WIDTH       (ACT_WORD_WIDTH),
        .PARAM_WORD_WIDTH     (PARAM_WORD_WIDTH),
        .STAMP_WORD_WIDTH     (INDEX_WIDTH),
        .WEIGHT_WORD_WIDTH    (WEIGHT_WORD_WIDTH),
        .TABLE_WORD_WIDTH     (TABLE_WORD_WIDTH),
        .VEC_PARAM_WORD_WIDTH (VEC_PARAM_WORD_WIDTH),
        .VEC_WEIGHT_WORD_WIDTH(VEC_WEIGHT_WORD_WIDTH)
    ) windows (
        .clk             (clk),
        .rst             (rst),
        .wr_take         (s_axil_awvalid && s_axil_awready),
        .wr_take_addr    (s_axil_awaddr[ADDR_WIDTH-1:2]),
        .rd_take         (s_axil_arvalid && s_axil_arready),
        .rd_take_addr    (s_axil_araddr[ADDR_WIDTH-1:2]),
        .wr_valid        (wr_valid),
        .wr_ready        (wr_ready),
        .wr_error        (wr_error),
        .wr_strb         (wr_strb),
        .rd_valid        (rd_valid),
        .rd_ready        (rd_ready),
        .rd_data_valid   (rd_data_valid),
        .rd_error        (rd_error),
        .rd_data         (rd_data),
        .wr_go           (wr_go),
        .wr_ready_of     ({1'b0, engine_wr_ready} | IS_REGISTERS),
        .wr_error_of     ({jobs_wr_error, engine_wr_error | (from_registers & {WINDOWS{registers_wr_error}})}),
        .rd_go           (rd_go),
        .rd_ready_of     ({1'b0, engine_rd_ready} | IS_REGISTERS),
        .rd_data_valid_of({jobs_rd_data_valid,
                           host_rd_data_valid | (from_registers & {WINDOWS{registers_rd_data_valid}})}),
        .rd_error_of     ({jobs_rd_error, engine_rd_error | (from_registers & {WINDOWS{registers_rd_error}})}),
        .rd_data_of      ({jobs_rd_data, engine_rd_data[WINDOWS*32-1:32], registers_rd_data | engine_rd_data[31:0]})
    );

    // ---- registers ----
    wire job_start, start, reset_engine;
    wire [INDEX_WIDTH-1:0] entry;
    wire [INDEX_WIDTH-1:0] failed_index;
    wire [31:0] cycles;
    wire bank, finished, failed, run_irq, job_irq;

    edge_registers #(
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
        .ROW_BUFFER_BYTES(ROW_BUFFER_BYTES)
    ) registers (
        .clk          (clk),
        .rst          (rst),
        .wr_valid     (wr_go[`EDGE_INDEX_REGISTERS]),
        .wr_error     (registers_wr_error),
        .wr_addr      (wr_addr[9:0]),
        .wr_data      (wr_data),
        .rd_valid     (rd_go[`EDGE_INDEX_REGISTERS]),
        .rd_addr      (rd_addr[9:0]),
        .rd_data_valid(registers_rd_data_valid),
        .rd_error     (registers_rd_error),
        .rd_data      (registers_rd_data),
        .job_start    (job_start),
        .start        (start),
        .reset_engine (reset_engine),
        .entry        (entry),
        .bank         (bank),
        .finished     (finished),
        .failed       (failed),
        .failed_index (failed_index),
        .cycles       (cycles),
        .irq          (run_irq)
    );

    // The jobs hear of a reset one cycle later, so that the host's address does not reach all of the burst master.
    reg busy, forget_jobs;
    always @(posedge clk) forget_jobs <= reset_engine;
    always @(posedge clk)
        if (rst || reset_engine) busy <= 1'b0;
        else if (start)          busy <= 1'b1;
        else if (finished)       busy <= 1'b0;
    initial {busy, forget_jobs} = 2'b00;
    assign irq = run_irq || job_irq;

    // ---- the burst master beside the host ----
    wire [ACT_WORD_WIDTH-1:0] burst_wr_addr;
    wire [31:0] burst_wr_data;
    wire burst_wr_valid, burst_wr_ready, burst_rd_valid, burst_rd_ready;
    wire [ACT_WORD_WIDTH-1:0] burst_rd_addr;
    wire burst_rd_data_valid, act_wr_valid, act_rd_valid;

    edge_burst_master #(
        .AXI_ADDR_WIDTH (AXI_ADDR_WIDTH),
        .WORD_ADDR_WIDTH(ACT_WORD_WIDTH)
    ) master (
        .clk                (clk),
        .rst                (rst),
        .jobs_wr_valid      (wr_go[JOBS]),
        .jobs_wr_error      (jobs_wr_error),
        .jobs_wr_addr       (wr_addr[9:0]),
        .jobs_wr_data       (wr_data),
        .jobs_rd_valid      (rd_go[JOBS]),
        .jobs_rd_addr       (rd_addr[9:0]),
        .jobs_rd_data_valid (jobs_rd_data_valid),
        .jobs_rd_error      (jobs_rd_error),
        .jobs_rd_data       (jobs_rd_data),
        .burst_wr_valid     (burst_wr_valid),
        .burst_wr_ready     (burst_wr_ready),
        .burst_wr_addr      (burst_wr_addr),
        .burst_wr_data      (burst_wr_data),
        .burst_rd_valid     (burst_rd_valid),
        .burst_rd_ready     (burst_rd_ready),
        .burst_rd_addr      (burst_rd_addr),
        .burst_rd_data_valid(burst_rd_data_valid),
        .burst_rd_data      (engine_rd_data[`EDGE_INDEX_ACTIVATIONS*32 +: 32]),
        .job_start          (job_start),
        .reset_engine       (forget_jobs),
        .engine_busy        (busy),
        .finished           (finished),
        .failed             (failed),
        .cycles             (cycles),
        .irq                (job_irq),
        .m_axi_awid         (m_axi_awid),
        .m_axi_awaddr       (m_axi_awaddr),
        .m_axi_awlen        (m_axi_awlen),
        .m_axi_awsize       (m_axi_awsize),
        .m_axi_awburst      (m_axi_awburst),
        .m_axi_awcache      (m_axi_awcache),
        .m_axi_awprot       (m_axi_awprot),
        .m_axi_awvalid      (m_axi_awvalid),
        .m_axi_awready      (m_axi_awready),
        .m_axi_wdata        (m_axi_wdata),
        .m_axi_wstrb        (m_axi_wstrb),
        .m_axi_wlast        (m_axi_wlast),
        .m_axi_wvalid       (m_axi_wvalid),
        .m_axi_wready       (m_axi_wready),
        .m_axi_bid          (m_axi_bid),
        .m_axi_bresp        (m_axi_bresp),
        .m_axi_bvalid       (m_axi_bvalid),
        .m_axi_bready       (m_axi_bready),
        .m_axi_arid         (m_axi_arid),
        .m_axi_araddr       (m_axi_araddr),
        .m_axi_arlen        (m_axi_arlen),
        .m_axi_arsize       (m_axi_arsize),
        .m_axi_arburst      (m_axi_arburst),
        .m_axi_arcache      (m_axi_arcache),
        .m_axi_arprot       (m_axi_arprot),
        .m_axi_arvalid      (m_axi_arvalid),
        .m_axi_arready      (m_axi_arready),
        .m_axi_rid          (m_axi_rid),
        .m_axi_rdata        (m_axi_rdata),
        .m_axi_rresp        (m_axi_rresp),
        .m_axi_rlast        (m_axi_rlast),
        .m_axi_rvalid       (m_axi_rvalid),
        .m_axi_rready       (m_axi_rready)
    );

    edge_activation_arbiter arbiter (
        .clk                (clk),
        .rst                (rst),
        .host_wr_any        (wr_valid),
        .host_wr_valid      (wr_go[`EDGE_INDEX_ACTIVATIONS]),
        .host_rd_any        (rd_valid),
        .host_rd_valid      (rd_go[`EDGE_INDEX_ACTIVATIONS]),
        .host_rd_data_valid (act_rd_data_valid),
        .burst_wr_valid     (burst_wr_valid),
        .burst_wr_ready     (burst_wr_ready),
        .burst_rd_valid     (burst_rd_valid),
        .burst_rd_ready     (burst_rd_ready),
        .burst_rd_data_valid(burst_rd_data_valid),
        .wr_valid           (act_wr_valid),
        .wr_ready           (engine_wr_ready[`EDGE_INDEX_ACTIVATIONS]),
        .rd_valid           (act_rd_valid),
        .rd_ready           (engine_rd_ready[`EDGE_INDEX_ACTIVATIONS]),
        .rd_data_valid      (engine_rd_data_valid[`EDGE_INDEX_ACTIVATIONS])
    );

    wire [WINDOWS-1:0]    engine_wr_valid = (wr_go[WINDOWS-1:0] & ~IS_ACTIVATIONS)
                                            | (IS_ACTIVATIONS & {WINDOWS{act_wr_valid}});
    wire [WINDOWS-1:0]    engine_rd_valid = (rd_go[WINDOWS-1:0] & ~IS_ACTIVATIONS)
                                            | (IS_ACTIVATIONS & {WINDOWS{act_rd_valid}});
    wire [ADDR_WIDTH-3:0] engine_wr_addr  = wr_valid ? wr_addr : {{ADDR_WIDTH-2-ACT_WORD_WIDTH{1'b0}}, burst_wr_addr};
    wire [31:0]           engine_wr_data  = wr_valid ? wr_data : burst_wr_data;
    wire [3:0]            engine_wr_strb  = wr_valid ? wr_strb : 4'b1111;
    wire [ADDR_WIDTH-3:0] engine_rd_addr  = rd_valid ? rd_addr : {{ADDR_WIDTH-2-ACT_WORD_WIDTH{1'b0}}, burst_rd_addr};

    // ---- engine ----
    edge_engine #(
        .K_LANES           (K_LANES),
        .OC_LANES          (OC_LANES),
        .REQUANT_LANES     (REQUANT_LANES),
        .PACKED            (PACKED),
        .ACT_BYTES         (ACT_BYTES),
        .WEIGHT_ROWS       (WEIGHT_ROWS),
        .PARAM_CHANNELS    (PARAM_CHANNELS),
        .DESCRIPTORS       (DESCRIPTORS),
        .VEC_LANES         (VEC_LANES),
        .VEC_WEIGHT_ROWS   (VEC_WEIGHT_ROWS),
        .VEC_PARAM_CHANNELS(VEC_PARAM_CHANNELS),
        .TABLE_PAIRS       (TABLE_PAIRS),
        .ROW_BUFFER_BYTES  (ROW_BUFFER_BYTES),
        .TABLES_IN_LUTS    (TABLES_IN_LUTS)
    ) engine (
        .clk          (clk),
        .rst          (rst),
        .stop         (reset_engine),
        .start        (start),
        .entry        (entry),
        .bank         (bank),
        .cycles       (cycles),
        .finished     (finished),
        .failed       (failed),
        .failed_index (failed_index),
        .wr_valid     (engine_wr_valid),
        .wr_ready     (engine_wr_ready),
        .wr_error     (engine_wr_error),
        .wr_addr      (engine_wr_addr),
        .wr_data      (engine_wr_data),
        .wr_strb      (engine_wr_strb),
        .rd_valid     (engine_rd_valid),
        .rd_ready     (engine_rd_ready),
        .rd_addr      (engine_rd_addr),
        .rd_data_valid(engine_rd_data_valid),
        .rd_error     (engine_rd_error),
        .rd_data      (engine_rd_data)
    );

endmodule

`resetall
