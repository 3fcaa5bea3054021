// SPDX-License-Identifier: Apache-2.0
//
// The overlay: AXI4-Lite slave, registers and memory windows in front of the engine. What the host sees is
// written down in host_interface.toml.

`default_nettype none
`include "edge_host_interface.vh"

module edge_overlay #(
    // Lanes of the array: int8 activations per cycle, a multiple of 4, at most 128.
    parameter integer K_LANES = 24,
    // Output channels of the array, a multiple of 4.
    parameter integer OC_LANES = 16,
    // Requantisation lanes, a power of two that divides OC_LANES; at least 2.
    parameter integer REQUANT_LANES = 8,
    // 1: two MACs per multiplier (25 x 18 bits or wider); 0: one each.
    parameter integer PACKED = 1,
    // Bytes of activation memory, a power of two.
    parameter integer ACT_BYTES = 65536,
    // Rows of weight memory, K_LANES x OC_LANES bytes each, a power of two.
    parameter integer WEIGHT_ROWS = 1024,
    // Output channels with requantisation parameters, a power of two.
    parameter integer PARAM_CHANNELS = 4096,
    // Layer descriptors, a power of two.
    parameter integer DESCRIPTORS = 128
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

    output wire                           irq
);

    localparam integer ADDR_WIDTH        = `EDGE_ADDRESS_WIDTH;
    localparam integer INDEX_WIDTH       = $clog2(DESCRIPTORS);
    localparam integer ACT_WORD_WIDTH    = $clog2(ACT_BYTES) - 2;
    localparam integer PARAM_WORD_WIDTH  = $clog2(PARAM_CHANNELS) + 2;
    localparam integer PROGRAM_WORD_WIDTH = INDEX_WIDTH + 4;
    localparam integer WEIGHT_WORD_WIDTH = $clog2(WEIGHT_ROWS) + $clog2(K_LANES * OC_LANES / 4);

    generate
        if (ACT_BYTES != (1 << $clog2(ACT_BYTES)) || WEIGHT_ROWS != (1 << $clog2(WEIGHT_ROWS))
            || PARAM_CHANNELS != (1 << $clog2(PARAM_CHANNELS))
            || DESCRIPTORS != (1 << $clog2(DESCRIPTORS))) begin : gen_bad_size
            $error("edge_overlay: ACT_BYTES, WEIGHT_ROWS, PARAM_CHANNELS and DESCRIPTORS must be powers of two");
        end
        if (WEIGHT_ROWS < 2 || PARAM_CHANNELS < 2 * REQUANT_LANES || DESCRIPTORS < 4) begin : gen_too_small
            $error("edge_overlay: WEIGHT_ROWS must be at least 2, PARAM_CHANNELS twice REQUANT_LANES, DESCRIPTORS 4");
        end
        if (ACT_BYTES > `EDGE_SIZE_ACTIVATIONS || 16 * PARAM_CHANNELS > `EDGE_SIZE_PARAMETERS
            || 64 * DESCRIPTORS > `EDGE_SIZE_PROGRAM
            || (4 << WEIGHT_WORD_WIDTH) > `EDGE_SIZE_WEIGHTS) begin : gen_too_large
            $error("edge_overlay: a memory is larger than its window; see host_interface.toml");
        end
    endgenerate

    // ---- AXI4-Lite to the word bus ----
    wire                  wr_valid;
    wire                  wr_ready;
    wire                  wr_error;
    wire [ADDR_WIDTH-3:0] wr_addr;
    wire [31:0]           wr_data;
    wire [3:0]            wr_strb;
    wire                  rd_valid;
    wire                  rd_ready;
    wire [ADDR_WIDTH-3:0] rd_addr;
    wire                  rd_data_valid;
    wire                  rd_error;
    wire [31:0]           rd_data;

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

    // ---- which window ----
    localparam integer REGISTERS   = 0;
    localparam integer PROGRAM     = 1;
    localparam integer ACTIVATIONS = 2;
    localparam integer PARAMETERS  = 3;
    localparam integer STAMPS      = 4;
    localparam integer WEIGHTS     = 5;
    localparam integer WINDOWS     = 6;

    wire [WINDOWS-1:0] wr_window;
    wire [WINDOWS-1:0] rd_window;

    edge_window_decoder #(
        .REGISTER_WORD_WIDTH(10),
        .PROGRAM_WORD_WIDTH (PROGRAM_WORD_WIDTH),
        .ACT_WORD_WIDTH     (ACT_WORD_WIDTH),
        .PARAM_WORD_WIDTH   (PARAM_WORD_WIDTH),
        .STAMP_WORD_WIDTH   (INDEX_WIDTH),
        .WEIGHT_WORD_WIDTH  (WEIGHT_WORD_WIDTH)
    ) write_decoder (
        .addr  (wr_addr),
        .window(wr_window)
    );

    edge_window_decoder #(
        .REGISTER_WORD_WIDTH(10),
        .PROGRAM_WORD_WIDTH (PROGRAM_WORD_WIDTH),
        .ACT_WORD_WIDTH     (ACT_WORD_WIDTH),
        .PARAM_WORD_WIDTH   (PARAM_WORD_WIDTH),
        .STAMP_WORD_WIDTH   (INDEX_WIDTH),
        .WEIGHT_WORD_WIDTH  (WEIGHT_WORD_WIDTH)
    ) read_decoder (
        .addr  (rd_addr),
        .window(rd_window)
    );

    // Only activations can be written byte by byte, and stamps not at all.
    wire whole_word    = wr_strb == 4'b1111;
    wire wr_nowhere    = wr_window == {WINDOWS{1'b0}} || wr_window[STAMPS]
                         || (!whole_word && !wr_window[ACTIVATIONS]);
    wire [WINDOWS-1:0] wr_go = wr_window & {WINDOWS{wr_valid && !wr_nowhere}};
    wire [WINDOWS-1:0] rd_go = rd_window & {WINDOWS{rd_valid}};

    wire registers_wr_error;
    wire weight_wr_error;
    wire program_wr_ready;
    wire act_wr_ready;
    wire param_wr_ready;
    wire weight_wr_ready;

    assign wr_ready = wr_nowhere
                   || wr_window[REGISTERS]
                   || (wr_window[PROGRAM] && program_wr_ready)
                   || (wr_window[ACTIVATIONS] && act_wr_ready)
                   || (wr_window[PARAMETERS] && param_wr_ready)
                   || (wr_window[WEIGHTS] && weight_wr_ready);
    assign wr_error = wr_nowhere
                   || (wr_window[REGISTERS] && registers_wr_error)
                   || (wr_window[WEIGHTS] && weight_wr_error);

    // ---- reads: one is under way at a time, so the answers need no order ----
    wire        program_rd_ready;
    wire        act_rd_ready;
    wire        param_rd_ready;
    wire        stamp_rd_ready;
    wire        weight_rd_ready;
    wire        registers_rd_data_valid;
    wire        program_rd_data_valid;
    wire        act_rd_data_valid;
    wire        param_rd_data_valid;
    wire        stamp_rd_data_valid;
    wire        weight_rd_data_valid;
    wire        registers_rd_error;
    wire        weight_rd_error;
    wire [31:0] registers_rd_data;
    wire [31:0] program_rd_data;
    wire [31:0] act_rd_data;
    wire [31:0] param_rd_data;
    wire [31:0] stamp_rd_data;
    wire [31:0] weight_rd_data;

    wire rd_nowhere = rd_window == {WINDOWS{1'b0}};

    assign rd_ready = rd_nowhere
                   || rd_window[REGISTERS]
                   || (rd_window[PROGRAM] && program_rd_ready)
                   || (rd_window[ACTIVATIONS] && act_rd_ready)
                   || (rd_window[PARAMETERS] && param_rd_ready)
                   || (rd_window[STAMPS] && stamp_rd_ready)
                   || (rd_window[WEIGHTS] && weight_rd_ready);

    reg nowhere_answer;
    always @(posedge clk)
        if (rst) nowhere_answer <= 1'b0;
        else     nowhere_answer <= rd_valid && rd_nowhere;
    initial nowhere_answer = 1'b0;

    reg        answer_valid;
    reg        answer_error;
    reg [31:0] answer;

    always @(posedge clk)
        if (rst) answer_valid <= 1'b0;
        else     answer_valid <= nowhere_answer || registers_rd_data_valid || program_rd_data_valid || act_rd_data_valid
                                 || param_rd_data_valid || stamp_rd_data_valid || weight_rd_data_valid;
    initial answer_valid = 1'b0;

    always @(posedge clk) begin
        answer_error <= nowhere_answer
                     || (registers_rd_data_valid && registers_rd_error)
                     || (weight_rd_data_valid && weight_rd_error);
        answer       <= (registers_rd_data & {32{registers_rd_data_valid}})
                      | (program_rd_data & {32{program_rd_data_valid}})
                      | (act_rd_data & {32{act_rd_data_valid}})
                      | (param_rd_data & {32{param_rd_data_valid}})
                      | (stamp_rd_data & {32{stamp_rd_data_valid}})
                      | (weight_rd_data & {32{weight_rd_data_valid}});
    end

    assign rd_data_valid = answer_valid;
    assign rd_error      = answer_error;
    assign rd_data       = answer;

    // ---- registers ----
    wire                   start;
    wire                   reset_engine;
    wire [INDEX_WIDTH-1:0] entry;
    wire                   bank;
    wire                   finished;
    wire                   failed;
    wire [INDEX_WIDTH-1:0] layer_index;
    wire [31:0]            cycles;

    edge_registers #(
        .K_LANES       (K_LANES),
        .OC_LANES      (OC_LANES),
        .REQUANT_LANES (REQUANT_LANES),
        .PACKED        (PACKED),
        .ACT_BYTES     (ACT_BYTES),
        .WEIGHT_ROWS   (WEIGHT_ROWS),
        .PARAM_CHANNELS(PARAM_CHANNELS),
        .DESCRIPTORS   (DESCRIPTORS)
    ) registers (
        .clk          (clk),
        .rst          (rst),
        .wr_valid     (wr_go[REGISTERS]),
        .wr_error     (registers_wr_error),
        .wr_addr      (wr_addr[9:0]),
        .wr_data      (wr_data),
        .rd_valid     (rd_go[REGISTERS]),
        .rd_addr      (rd_addr[9:0]),
        .rd_data_valid(registers_rd_data_valid),
        .rd_error     (registers_rd_error),
        .rd_data      (registers_rd_data),
        .start        (start),
        .reset_engine (reset_engine),
        .entry        (entry),
        .bank         (bank),
        .finished     (finished),
        .failed       (failed),
        .failed_index (layer_index),
        .cycles       (cycles),
        .irq          (irq)
    );

    // ---- engine ----
    edge_engine #(
        .K_LANES       (K_LANES),
        .OC_LANES      (OC_LANES),
        .REQUANT_LANES (REQUANT_LANES),
        .PACKED        (PACKED),
        .ACT_BYTES     (ACT_BYTES),
        .WEIGHT_ROWS   (WEIGHT_ROWS),
        .PARAM_CHANNELS(PARAM_CHANNELS),
        .DESCRIPTORS   (DESCRIPTORS)
    ) engine (
        .clk                  (clk),
        .rst                  (rst),
        .stop                 (reset_engine),
        .start                (start),
        .entry                (entry),
        .bank                 (bank),
        .cycles               (cycles),
        .finished             (finished),
        .failed               (failed),
        .layer_index          (layer_index),
        .program_wr_valid     (wr_go[PROGRAM]),
        .program_wr_ready     (program_wr_ready),
        .program_wr_addr      (wr_addr[PROGRAM_WORD_WIDTH-1:0]),
        .program_wr_data      (wr_data),
        .program_rd_valid     (rd_go[PROGRAM]),
        .program_rd_ready     (program_rd_ready),
        .program_rd_addr      (rd_addr[PROGRAM_WORD_WIDTH-1:0]),
        .program_rd_data_valid(program_rd_data_valid),
        .program_rd_data      (program_rd_data),
        .act_wr_valid         (wr_go[ACTIVATIONS]),
        .act_wr_ready         (act_wr_ready),
        .act_wr_addr          (wr_addr[ACT_WORD_WIDTH-1:0]),
        .act_wr_data          (wr_data),
        .act_wr_strb          (wr_strb),
        .act_rd_valid         (rd_go[ACTIVATIONS]),
        .act_rd_ready         (act_rd_ready),
        .act_rd_addr          (rd_addr[ACT_WORD_WIDTH-1:0]),
        .act_rd_data_valid    (act_rd_data_valid),
        .act_rd_data          (act_rd_data),
        .param_wr_valid       (wr_go[PARAMETERS]),
        .param_wr_ready       (param_wr_ready),
        .param_wr_addr        (wr_addr[PARAM_WORD_WIDTH-1:0]),
        .param_wr_data        (wr_data),
        .param_rd_valid       (rd_go[PARAMETERS]),
        .param_rd_ready       (param_rd_ready),
        .param_rd_addr        (rd_addr[PARAM_WORD_WIDTH-1:0]),
        .param_rd_data_valid  (param_rd_data_valid),
        .param_rd_data        (param_rd_data),
        .stamp_rd_valid       (rd_go[STAMPS]),
        .stamp_rd_ready       (stamp_rd_ready),
        .stamp_rd_addr        (rd_addr[INDEX_WIDTH-1:0]),
        .stamp_rd_data_valid  (stamp_rd_data_valid),
        .stamp_rd_data        (stamp_rd_data),
        .weight_wr_valid      (wr_go[WEIGHTS]),
        .weight_wr_ready      (weight_wr_ready),
        .weight_wr_error      (weight_wr_error),
        .weight_wr_addr       (wr_addr[WEIGHT_WORD_WIDTH-1:0]),
        .weight_wr_data       (wr_data),
        .weight_rd_valid      (rd_go[WEIGHTS]),
        .weight_rd_ready      (weight_rd_ready),
        .weight_rd_addr       (rd_addr[WEIGHT_WORD_WIDTH-1:0]),
        .weight_rd_data_valid (weight_rd_data_valid),
        .weight_rd_error      (weight_rd_error),
        .weight_rd_data       (weight_rd_data)
    );

endmodule

`resetall
