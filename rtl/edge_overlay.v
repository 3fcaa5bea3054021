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
    parameter integer DESCRIPTORS = 64,
    // Channels that the vector unit takes a cycle, a power of two; at least 2.
    parameter integer VEC_LANES = 8,
    // Rows of the vector unit's weights, nine for each channel, a power of two.
    parameter integer VEC_WEIGHT_ROWS = 512,
    // Channels of the vector unit with requantisation parameters, a power of two.
    parameter integer VEC_PARAM_CHANNELS = 4096,
    // Pairs of tables of 256 words, a power of two.
    parameter integer TABLE_PAIRS = 4,
    // Bytes of the buffer from the vector unit to the array unit, a power of two; a row takes at most half.
    parameter integer ROW_BUFFER_BYTES = 2048,
    // 1: the lanes' tables are distributed memory (7-series and later); 0: block memory.
    parameter integer TABLES_IN_LUTS = 1
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
    localparam integer PROGRAM_WORD_WIDTH = INDEX_WIDTH + 5;
    localparam integer WEIGHT_WORD_WIDTH = $clog2(WEIGHT_ROWS) + $clog2(K_LANES * OC_LANES / 4);
    localparam integer TABLE_WORD_WIDTH  = $clog2(TABLE_PAIRS) + 9;
    localparam integer VEC_PARAM_WORD_WIDTH  = $clog2(VEC_PARAM_CHANNELS) + 2;
    localparam integer VEC_WEIGHT_WORD_WIDTH = $clog2(VEC_WEIGHT_ROWS) + $clog2((9 * VEC_LANES + 3) / 4);
    localparam integer WINDOWS = `EDGE_WINDOWS;

    generate
        if (ACT_BYTES != (1 << $clog2(ACT_BYTES)) || WEIGHT_ROWS != (1 << $clog2(WEIGHT_ROWS))
            || PARAM_CHANNELS != (1 << $clog2(PARAM_CHANNELS))
            || DESCRIPTORS != (1 << $clog2(DESCRIPTORS))) begin : gen_bad_size
            $error("edge_overlay: ACT_BYTES, WEIGHT_ROWS, PARAM_CHANNELS and DESCRIPTORS must be powers of two");
        end
        if (VEC_LANES != (1 << $clog2(VEC_LANES)) || VEC_WEIGHT_ROWS != (1 << $clog2(VEC_WEIGHT_ROWS))
            || VEC_PARAM_CHANNELS != (1 << $clog2(VEC_PARAM_CHANNELS)) || TABLE_PAIRS != (1 << $clog2(TABLE_PAIRS))
            || ROW_BUFFER_BYTES != (1 << $clog2(ROW_BUFFER_BYTES))) begin : gen_bad_vector_size
            $error("edge_overlay: VEC sizes, TABLE_PAIRS and ROW_BUFFER_BYTES must be powers of two");
        end
        if (WEIGHT_ROWS < 2 || PARAM_CHANNELS < 2 * REQUANT_LANES || DESCRIPTORS < 4) begin : gen_too_small
            $error("edge_overlay: WEIGHT_ROWS must be at least 2, PARAM_CHANNELS twice REQUANT_LANES, DESCRIPTORS 4");
        end
        if (VEC_LANES < 2 || VEC_WEIGHT_ROWS < 2 || VEC_PARAM_CHANNELS < 2 * VEC_LANES
            || TABLE_PAIRS < 2) begin : gen_vector_too_small
            $error("edge_overlay: VEC_LANES, VEC_WEIGHT_ROWS, TABLE_PAIRS at least 2, VEC_PARAM_CHANNELS 2 VEC_LANES");
        end
        if (ROW_BUFFER_BYTES < 64 || ROW_BUFFER_BYTES > ACT_BYTES) begin : gen_bad_row_buffer
            $error("edge_overlay: ROW_BUFFER_BYTES must be from 64 to ACT_BYTES");
        end
        if (ACT_BYTES > `EDGE_SIZE_ACTIVATIONS || 16 * PARAM_CHANNELS > `EDGE_SIZE_PARAMETERS
            || 128 * DESCRIPTORS > `EDGE_SIZE_PROGRAM
            || 16 * VEC_PARAM_CHANNELS > `EDGE_SIZE_VECTOR_PARAMETERS || 2048 * TABLE_PAIRS > `EDGE_SIZE_TABLES
            || (4 << VEC_WEIGHT_WORD_WIDTH) > `EDGE_SIZE_VECTOR_WEIGHTS
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
    wire [WINDOWS-1:0] wr_window;
    wire [WINDOWS-1:0] rd_window;

    edge_window_decoder #(
        .REGISTER_WORD_WIDTH  (10),
        .PROGRAM_WORD_WIDTH   (PROGRAM_WORD_WIDTH),
        .ACT_WORD_WIDTH       (ACT_WORD_WIDTH),
        .PARAM_WORD_WIDTH     (PARAM_WORD_WIDTH),
        .STAMP_WORD_WIDTH     (INDEX_WIDTH),
        .WEIGHT_WORD_WIDTH    (WEIGHT_WORD_WIDTH),
        .TABLE_WORD_WIDTH     (TABLE_WORD_WIDTH),
        .VEC_PARAM_WORD_WIDTH (VEC_PARAM_WORD_WIDTH),
        .VEC_WEIGHT_WORD_WIDTH(VEC_WEIGHT_WORD_WIDTH)
    ) write_decoder (
        .addr  (wr_addr),
        .window(wr_window)
    );

    edge_window_decoder #(
        .REGISTER_WORD_WIDTH  (10),
        .PROGRAM_WORD_WIDTH   (PROGRAM_WORD_WIDTH),
        .ACT_WORD_WIDTH       (ACT_WORD_WIDTH),
        .PARAM_WORD_WIDTH     (PARAM_WORD_WIDTH),
        .STAMP_WORD_WIDTH     (INDEX_WIDTH),
        .WEIGHT_WORD_WIDTH    (WEIGHT_WORD_WIDTH),
        .TABLE_WORD_WIDTH     (TABLE_WORD_WIDTH),
        .VEC_PARAM_WORD_WIDTH (VEC_PARAM_WORD_WIDTH),
        .VEC_WEIGHT_WORD_WIDTH(VEC_WEIGHT_WORD_WIDTH)
    ) read_decoder (
        .addr  (rd_addr),
        .window(rd_window)
    );

    // Only activations can be written byte by byte, and stamps not at all.
    wire whole_word = wr_strb == 4'b1111;
    wire wr_nowhere = wr_window == {WINDOWS{1'b0}} || wr_window[`EDGE_INDEX_STAMPS]
                      || (!whole_word && !wr_window[`EDGE_INDEX_ACTIVATIONS]);
    wire rd_nowhere = rd_window == {WINDOWS{1'b0}};

    // The access follows a cycle after the window is known: the memories lie all over the chip.
    reg               wr_decoded;
    reg               wr_fails;
    reg [WINDOWS-1:0] wr_go;
    reg               rd_decoded;
    reg               rd_fails;
    reg [WINDOWS-1:0] rd_go;
    wire wr_begins = wr_valid && !(wr_decoded && wr_ready);
    wire rd_begins = rd_valid && !(rd_decoded && rd_ready);
    always @(posedge clk)
        if (rst) begin
            wr_decoded <= 1'b0;
            wr_go      <= {WINDOWS{1'b0}};
            rd_decoded <= 1'b0;
            rd_go      <= {WINDOWS{1'b0}};
        end else begin
            wr_decoded <= wr_begins;
            wr_go      <= wr_window & {WINDOWS{wr_begins && !wr_nowhere}};
            rd_decoded <= rd_begins;
            rd_go      <= rd_window & {WINDOWS{rd_begins}};
        end
    always @(posedge clk) begin
        wr_fails <= wr_nowhere;
        rd_fails <= rd_nowhere;
    end

    initial begin
        wr_decoded = 1'b0;
        wr_go      = {WINDOWS{1'b0}};
        rd_decoded = 1'b0;
        rd_go      = {WINDOWS{1'b0}};
    end

    wire [WINDOWS-1:0]    wr_ready_of;
    wire [WINDOWS-1:0]    wr_error_of;
    wire [WINDOWS-1:0]    rd_ready_of;
    wire [WINDOWS-1:0]    rd_data_valid_of;
    wire [WINDOWS-1:0]    rd_error_of;
    wire [WINDOWS*32-1:0] rd_data_of;
    wire                  registers_wr_error;
    wire                  registers_rd_data_valid;
    wire                  registers_rd_error;
    wire [31:0]           registers_rd_data;

    assign wr_ready = wr_decoded && (wr_fails || wr_go[`EDGE_INDEX_REGISTERS]
                                     || (wr_go & wr_ready_of) != {WINDOWS{1'b0}});
    assign wr_error = wr_fails || (wr_go[`EDGE_INDEX_REGISTERS] && registers_wr_error)
                      || (wr_go & wr_error_of) != {WINDOWS{1'b0}};
    assign rd_ready = rd_decoded && (rd_fails || rd_go[`EDGE_INDEX_REGISTERS]
                                     || (rd_go & rd_ready_of) != {WINDOWS{1'b0}});

    // ---- reads: one is under way at a time, so the answers need no order ----
    reg nowhere_answer;
    always @(posedge clk)
        if (rst) nowhere_answer <= 1'b0;
        else     nowhere_answer <= rd_decoded && rd_fails;
    initial nowhere_answer = 1'b0;

    reg        answer_valid;
    reg        answer_error;
    reg [31:0] answer;

    always @(posedge clk)
        if (rst) answer_valid <= 1'b0;
        else     answer_valid <= nowhere_answer || registers_rd_data_valid || rd_data_valid_of != {WINDOWS{1'b0}};
    initial answer_valid = 1'b0;

    always @(posedge clk)
        answer_error <= nowhere_answer || (registers_rd_data_valid && registers_rd_error)
                        || (rd_data_valid_of & rd_error_of) != {WINDOWS{1'b0}};

    reg [31:0] gathered;
    integer w;
    always @* begin
        gathered = registers_rd_data & {32{registers_rd_data_valid}};
        for (w = 0; w < WINDOWS; w = w + 1)
            gathered = gathered | (rd_data_of[w*32 +: 32] & {32{rd_data_valid_of[w]}});
    end
    always @(posedge clk) answer <= gathered;

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
    wire [INDEX_WIDTH-1:0] failed_index;
    wire [31:0]            cycles;

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
        .job_start    (1'b0),
        .start        (start),
        .reset_engine (reset_engine),
        .entry        (entry),
        .bank         (bank),
        .finished     (finished),
        .failed       (failed),
        .failed_index (failed_index),
        .cycles       (cycles),
        .irq          (irq)
    );

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
        .wr_valid     (wr_go),
        .wr_ready     (wr_ready_of),
        .wr_error     (wr_error_of),
        .wr_addr      (wr_addr),
        .wr_data      (wr_data),
        .wr_strb      (wr_strb),
        .rd_valid     (rd_go),
        .rd_ready     (rd_ready_of),
        .rd_addr      (rd_addr),
        .rd_data_valid(rd_data_valid_of),
        .rd_error     (rd_error_of),
        .rd_data      (rd_data_of)
    );

endmodule

`resetall
