// SPDX-License-Identifier: Apache-2.0
//
// The engine: fetches a program, runs its layers on the array unit and the vector unit around one activation memory,
// with the word bus of each memory brought out.
//
// `start` runs the program from descriptor `entry` with head bank `bank`; `finished` says that it has ended, `failed`
// that descriptor `failed_index` had an unknown opcode. Word buses: see edge_axil_slave.v.

`default_nettype none
`include "edge_host_interface.vh"

module edge_engine #(
    // Overlay parameters: see edge_overlay.v.
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
    // Derived: word address bits of the memories.
    parameter integer ACT_ADDR_WIDTH = $clog2(ACT_BYTES),
    parameter integer WEIGHT_ADDR_WIDTH = $clog2(WEIGHT_ROWS) + $clog2(K_LANES * OC_LANES / 4),
    parameter integer PARAM_ADDR_WIDTH = $clog2(PARAM_CHANNELS) + 2,
    parameter integer INDEX_WIDTH = $clog2(DESCRIPTORS),
    parameter integer VEC_WEIGHT_ADDR_WIDTH = $clog2(VEC_WEIGHT_ROWS) + $clog2((9 * VEC_LANES + 3) / 4),
    parameter integer VEC_PARAM_ADDR_WIDTH = $clog2(VEC_PARAM_CHANNELS) + 2,
    parameter integer TABLE_ADDR_WIDTH = $clog2(TABLE_PAIRS) + 9
) (
    input  wire                         clk,
    input  wire                         rst,

    // Stops the run and forgets it; the memories and their word buses go on.
    input  wire                         stop,
    input  wire                         start,
    input  wire [INDEX_WIDTH-1:0]       entry,
    input  wire                         bank,
    input  wire [31:0]                  cycles,
    output wire                         finished,
    output wire                         failed,
    output wire [INDEX_WIDTH-1:0]       failed_index,

    // One word bus for all memories, each with select lines of its own (index: EDGE_INDEX_* of its window).
    input  wire [`EDGE_WINDOWS-1:0]     wr_valid,
    output wire [`EDGE_WINDOWS-1:0]     wr_ready,
    output wire [`EDGE_WINDOWS-1:0]     wr_error,
    input  wire [`EDGE_ADDRESS_WIDTH-3:0] wr_addr,
    input  wire [31:0]                  wr_data,
    input  wire [3:0]                   wr_strb,
    input  wire [`EDGE_WINDOWS-1:0]     rd_valid,
    output wire [`EDGE_WINDOWS-1:0]     rd_ready,
    input  wire [`EDGE_ADDRESS_WIDTH-3:0] rd_addr,
    output wire [`EDGE_WINDOWS-1:0]     rd_data_valid,
    output wire [`EDGE_WINDOWS-1:0]     rd_error,
    output wire [`EDGE_WINDOWS*32-1:0]  rd_data
);

    localparam integer READ_LATENCY      = 7;
    localparam integer OFFSET_WIDTH      = ACT_ADDR_WIDTH + 2;
    localparam integer BUFFER_ADDR_WIDTH = $clog2(ROW_BUFFER_BYTES);
    localparam integer LANES             = K_LANES > 3 * VEC_LANES ? K_LANES : 3 * VEC_LANES;
    localparam integer WRITE_LANES       = REQUANT_LANES > VEC_LANES ? REQUANT_LANES : VEC_LANES;

    wire rst_run = rst || stop;

    // Registers are not here; stamps are read only; only weights have gaps between their words.
    assign wr_ready[`EDGE_INDEX_REGISTERS]               = 1'b0;
    assign rd_ready[`EDGE_INDEX_REGISTERS]               = 1'b0;
    assign rd_data_valid[`EDGE_INDEX_REGISTERS]          = 1'b0;
    assign rd_data[`EDGE_INDEX_REGISTERS*32 +: 32]       = 32'd0;
    assign wr_ready[`EDGE_INDEX_STAMPS]                  = 1'b1;
    assign {wr_error[`EDGE_INDEX_REGISTERS], rd_error[`EDGE_INDEX_REGISTERS]}       = 2'b00;
    assign {wr_error[`EDGE_INDEX_PROGRAM], rd_error[`EDGE_INDEX_PROGRAM]}           = 2'b00;
    assign {wr_error[`EDGE_INDEX_ACTIVATIONS], rd_error[`EDGE_INDEX_ACTIVATIONS]}   = 2'b00;
    assign {wr_error[`EDGE_INDEX_PARAMETERS], rd_error[`EDGE_INDEX_PARAMETERS]}     = 2'b00;
    assign {wr_error[`EDGE_INDEX_STAMPS], rd_error[`EDGE_INDEX_STAMPS]}             = 2'b10;
    assign {wr_error[`EDGE_INDEX_TABLES], rd_error[`EDGE_INDEX_TABLES]}             = 2'b00;
    assign {wr_error[`EDGE_INDEX_VECTOR_PARAMETERS], rd_error[`EDGE_INDEX_VECTOR_PARAMETERS]} = 2'b00;
    wire unused_bus = &{1'b0, wr_valid[`EDGE_INDEX_REGISTERS], rd_valid[`EDGE_INDEX_REGISTERS],
                        wr_valid[`EDGE_INDEX_STAMPS], wr_addr, rd_addr};

    // ---- descriptors, and which unit begins ----
    wire                             next_valid;
    wire                             take;
    wire [`EDGE_DESC_USED_WIDTH-1:0] next;
    wire [INDEX_WIDTH-1:0]           next_index;
    wire                             fetch_en;
    wire [INDEX_WIDTH+2:0]           fetch_row;
    wire [127:0]                     fetch_data;

    edge_fetch #(
        .INDEX_WIDTH(INDEX_WIDTH)
    ) fetch (
        .clk       (clk),
        .rst       (rst_run),
        .start     (start),
        .entry     (entry),
        .bank      (bank),
        .take      (take),
        .next_valid(next_valid),
        .next      (next),
        .next_index(next_index),
        .read_en   (fetch_en),
        .read_row  (fetch_row),
        .read_data (fetch_data)
    );

    edge_program_memory #(
        .ROW_WIDTH(INDEX_WIDTH + 3)
    ) program_memory (
        .clk               (clk),
        .rst               (rst),
        .read_en           (fetch_en),
        .read_row          (fetch_row),
        .read_data         (fetch_data),
        .host_wr_valid     (wr_valid[`EDGE_INDEX_PROGRAM]),
        .host_wr_ready     (wr_ready[`EDGE_INDEX_PROGRAM]),
        .host_wr_addr      (wr_addr[INDEX_WIDTH+4:0]),
        .host_wr_data      (wr_data),
        .host_rd_valid     (rd_valid[`EDGE_INDEX_PROGRAM]),
        .host_rd_ready     (rd_ready[`EDGE_INDEX_PROGRAM]),
        .host_rd_addr      (rd_addr[INDEX_WIDTH+4:0]),
        .host_rd_data_valid(rd_data_valid[`EDGE_INDEX_PROGRAM]),
        .host_rd_data      (rd_data[`EDGE_INDEX_PROGRAM*32 +: 32])
    );

    wire                             preload;
    wire                             table_ready;
    wire                             array_begin;
    wire [`EDGE_DESC_USED_WIDTH-1:0] array_layer;
    wire [INDEX_WIDTH-1:0]           array_index;
    wire                             array_issue_done;
    wire                             array_layer_done;
    wire [INDEX_WIDTH-1:0]           array_done_index;
    wire                             vector_begin;
    wire [`EDGE_DESC_USED_WIDTH-1:0] vector_layer;
    wire [INDEX_WIDTH-1:0]           vector_index;
    wire                             vector_issue_done;
    wire                             vector_layer_done;
    wire [INDEX_WIDTH-1:0]           vector_done_index;

    edge_dispatcher #(
        .INDEX_WIDTH(INDEX_WIDTH)
    ) dispatcher (
        .clk              (clk),
        .rst              (rst_run),
        .start            (start),
        .finished         (finished),
        .failed           (failed),
        .failed_index     (failed_index),
        .next_valid       (next_valid),
        .next             (next),
        .next_index       (next_index),
        .take             (take),
        .preload          (preload),
        .table_ready      (table_ready),
        .array_begin      (array_begin),
        .array_layer      (array_layer),
        .array_index      (array_index),
        .array_issue_done (array_issue_done),
        .array_layer_done (array_layer_done),
        .vector_begin     (vector_begin),
        .vector_layer     (vector_layer),
        .vector_index     (vector_index),
        .vector_issue_done(vector_issue_done),
        .vector_layer_done(vector_layer_done)
    );

    edge_stamps #(
        .INDEX_WIDTH(INDEX_WIDTH)
    ) stamps (
        .clk               (clk),
        .rst               (rst),
        .array_done        (array_layer_done),
        .array_index       (array_done_index),
        .vector_done       (vector_layer_done),
        .vector_index      (vector_done_index),
        .cycles            (cycles),
        .host_rd_valid     (rd_valid[`EDGE_INDEX_STAMPS]),
        .host_rd_ready     (rd_ready[`EDGE_INDEX_STAMPS]),
        .host_rd_addr      (rd_addr[INDEX_WIDTH-1:0]),
        .host_rd_data_valid(rd_data_valid[`EDGE_INDEX_STAMPS]),
        .host_rd_data      (rd_data[`EDGE_INDEX_STAMPS*32 +: 32])
    );

    // ---- activations: one unit reads at a time, and one writes ----
    wire                       array_read_valid;
    wire [ACT_ADDR_WIDTH-1:0]  array_row_addr;
    wire [OFFSET_WIDTH-1:0]    array_x_offset;
    wire [16:0]                array_y;
    wire                       vector_read_valid;
    wire [ACT_ADDR_WIDTH-1:0]  vector_row_addr;
    wire [OFFSET_WIDTH-1:0]    vector_x_offset;
    wire [16:0]                vector_y;
    wire                       vector_read_plain;
    wire [REQUANT_LANES-1:0]   array_write_en;
    wire [ACT_ADDR_WIDTH-1:0]  array_write_addr;
    wire [REQUANT_LANES*8-1:0] array_write_data;
    wire [VEC_LANES-1:0]       vector_write_en;
    wire [ACT_ADDR_WIDTH-1:0]  vector_write_addr;
    wire [VEC_LANES*8-1:0]     vector_write_data;
    wire [LANES*8-1:0]         lanes;
    wire unused_valid = &{1'b0, array_read_valid};

    wire                       tile_token;
    wire                       chain_valid;
    wire                       chain_last;
    wire [ACT_ADDR_WIDTH-1:0]  chain_addr;
    wire [REQUANT_LANES-1:0]   chain_exists;

    wire vector_writes = vector_write_en != {VEC_LANES{1'b0}};
    // One lane more than the wider writer has, so that either is padded.
    wire [WRITE_LANES:0]         array_en_wide    = {{WRITE_LANES+1-REQUANT_LANES{1'b0}}, array_write_en};
    wire [WRITE_LANES:0]         vector_en_wide   = {{WRITE_LANES+1-VEC_LANES{1'b0}}, vector_write_en};
    wire [(WRITE_LANES+1)*8-1:0] array_data_wide  = {{(WRITE_LANES+1-REQUANT_LANES)*8{1'b0}}, array_write_data};
    wire [(WRITE_LANES+1)*8-1:0] vector_data_wide = {{(WRITE_LANES+1-VEC_LANES)*8{1'b0}}, vector_write_data};
    wire unused_wide = &{1'b0, array_en_wide[WRITE_LANES], vector_en_wide[WRITE_LANES],
                         array_data_wide[WRITE_LANES*8 +: 8], vector_data_wide[WRITE_LANES*8 +: 8]};

    edge_activations #(
        .ACT_BYTES  (ACT_BYTES),
        .LANES      (LANES),
        .WRITE_LANES(WRITE_LANES)
    ) activations (
        .clk               (clk),
        .rst               (rst),
        .layer_begin       (vector_begin || (array_begin && !array_layer[`EDGE_DESC_FUSED])),
        .layer             (vector_begin ? vector_layer : array_layer),
        .read_row_addr     (vector_read_valid ? vector_row_addr : array_row_addr),
        .read_x_offset     (vector_read_valid ? vector_x_offset : array_x_offset),
        .read_y            (vector_read_valid ? vector_y : array_y),
        .read_plain        (vector_read_plain),
        .read_lanes        (lanes),
        .write_en          (vector_writes ? vector_en_wide[WRITE_LANES-1:0] : array_en_wide[WRITE_LANES-1:0]),
        .write_addr        (vector_writes ? vector_write_addr : array_write_addr),
        .write_data        (vector_writes ? vector_data_wide[WRITE_LANES*8-1:0] : array_data_wide[WRITE_LANES*8-1:0]),
        .host_wr_valid     (wr_valid[`EDGE_INDEX_ACTIVATIONS]),
        .host_wr_ready     (wr_ready[`EDGE_INDEX_ACTIVATIONS]),
        .host_wr_addr      (wr_addr[ACT_ADDR_WIDTH-3:0]),
        .host_wr_data      (wr_data),
        .host_wr_strb      (wr_strb),
        .host_rd_valid     (rd_valid[`EDGE_INDEX_ACTIVATIONS]),
        .host_rd_ready     (rd_ready[`EDGE_INDEX_ACTIVATIONS]),
        .host_rd_addr      (rd_addr[ACT_ADDR_WIDTH-3:0]),
        .host_rd_data_valid(rd_data_valid[`EDGE_INDEX_ACTIVATIONS]),
        .host_rd_data      (rd_data[`EDGE_INDEX_ACTIVATIONS*32 +: 32])
    );

    // ---- the units, and the rows that go from one to the other ----
    wire [BUFFER_ADDR_WIDTH-1:0] buffer_read_addr;
    wire [K_LANES*8-1:0]         buffer_lanes;
    wire [1:0]                   buffer_rows;
    wire                         buffer_release;

    edge_array_unit #(
        .K_LANES         (K_LANES),
        .OC_LANES        (OC_LANES),
        .REQUANT_LANES   (REQUANT_LANES),
        .PACKED          (PACKED),
        .WEIGHT_ROWS     (WEIGHT_ROWS),
        .PARAM_CHANNELS  (PARAM_CHANNELS),
        .ROW_BUFFER_BYTES(ROW_BUFFER_BYTES),
        .ACT_ADDR_WIDTH  (ACT_ADDR_WIDTH),
        .INDEX_WIDTH     (INDEX_WIDTH),
        .READ_LATENCY    (READ_LATENCY)
    ) array_unit (
        .clk                 (clk),
        .rst                 (rst_run),
        .rst_bus             (rst),
        .layer_begin         (array_begin),
        .layer               (array_layer),
        .layer_index         (array_index),
        .issue_done          (array_issue_done),
        .layer_done          (array_layer_done),
        .layer_done_index    (array_done_index),
        .read_valid          (array_read_valid),
        .read_row_addr       (array_row_addr),
        .read_x_offset       (array_x_offset),
        .read_y              (array_y),
        .memory_lanes        (lanes[K_LANES*8-1:0]),
        .buffer_read_addr    (buffer_read_addr),
        .buffer_lanes        (buffer_lanes),
        .buffer_rows         (buffer_rows),
        .buffer_release      (buffer_release),
        .write_en            (array_write_en),
        .write_addr          (array_write_addr),
        .write_data          (array_write_data),
        .tile_token          (tile_token),
        .chain_valid         (chain_valid),
        .chain_last          (chain_last),
        .chain_addr          (chain_addr),
        .chain_exists        (chain_exists),
        .weight_wr_valid     (wr_valid[`EDGE_INDEX_WEIGHTS]),
        .weight_wr_ready     (wr_ready[`EDGE_INDEX_WEIGHTS]),
        .weight_wr_error     (wr_error[`EDGE_INDEX_WEIGHTS]),
        .weight_wr_addr      (wr_addr[WEIGHT_ADDR_WIDTH-1:0]),
        .weight_wr_data      (wr_data),
        .weight_rd_valid     (rd_valid[`EDGE_INDEX_WEIGHTS]),
        .weight_rd_ready     (rd_ready[`EDGE_INDEX_WEIGHTS]),
        .weight_rd_addr      (rd_addr[WEIGHT_ADDR_WIDTH-1:0]),
        .weight_rd_data_valid(rd_data_valid[`EDGE_INDEX_WEIGHTS]),
        .weight_rd_error     (rd_error[`EDGE_INDEX_WEIGHTS]),
        .weight_rd_data      (rd_data[`EDGE_INDEX_WEIGHTS*32 +: 32]),
        .param_wr_valid      (wr_valid[`EDGE_INDEX_PARAMETERS]),
        .param_wr_ready      (wr_ready[`EDGE_INDEX_PARAMETERS]),
        .param_wr_addr       (wr_addr[PARAM_ADDR_WIDTH-1:0]),
        .param_wr_data       (wr_data),
        .param_rd_valid      (rd_valid[`EDGE_INDEX_PARAMETERS]),
        .param_rd_ready      (rd_ready[`EDGE_INDEX_PARAMETERS]),
        .param_rd_addr       (rd_addr[PARAM_ADDR_WIDTH-1:0]),
        .param_rd_data_valid (rd_data_valid[`EDGE_INDEX_PARAMETERS]),
        .param_rd_data       (rd_data[`EDGE_INDEX_PARAMETERS*32 +: 32])
    );

    edge_vector_unit #(
        .VEC_LANES         (VEC_LANES),
        .K_LANES           (K_LANES),
        .OC_LANES          (OC_LANES),
        .REQUANT_LANES     (REQUANT_LANES),
        .ACT_ADDR_WIDTH    (ACT_ADDR_WIDTH),
        .VEC_WEIGHT_ROWS   (VEC_WEIGHT_ROWS),
        .VEC_PARAM_CHANNELS(VEC_PARAM_CHANNELS),
        .TABLE_WORDS       (512 * TABLE_PAIRS),
        .ROW_BUFFER_BYTES  (ROW_BUFFER_BYTES),
        .INDEX_WIDTH       (INDEX_WIDTH),
        .TABLES_IN_LUTS    (TABLES_IN_LUTS),
        .WIDE_MULTIPLIERS  (PACKED)
    ) vector_unit (
        .clk                     (clk),
        .rst                     (rst),
        .stop                    (stop),
        .layer_begin             (vector_begin),
        .layer                   (vector_layer),
        .layer_index             (vector_index),
        .preload                 (preload),
        .preload_table           (next[`EDGE_DESC_TABLE]),
        .table_ready             (table_ready),
        .issue_done              (vector_issue_done),
        .layer_done              (vector_layer_done),
        .layer_done_index        (vector_done_index),
        .read_valid              (vector_read_valid),
        .read_row_addr           (vector_row_addr),
        .read_x_offset           (vector_x_offset),
        .read_y                  (vector_y),
        .read_plain              (vector_read_plain),
        .read_lanes              (lanes[3*VEC_LANES*8-1:0]),
        .tile_token              (tile_token),
        .chain_valid             (chain_valid),
        .chain_last              (chain_last),
        .chain_addr              (chain_addr),
        .chain_exists            (chain_exists),
        .chain_data              (array_write_data),
        .write_en                (vector_write_en),
        .write_addr              (vector_write_addr),
        .write_data              (vector_write_data),
        .buffer_read_addr        (buffer_read_addr),
        .buffer_read_data        (buffer_lanes),
        .buffer_rows             (buffer_rows),
        .buffer_release          (buffer_release),
        .vec_weight_wr_valid     (wr_valid[`EDGE_INDEX_VECTOR_WEIGHTS]),
        .vec_weight_wr_ready     (wr_ready[`EDGE_INDEX_VECTOR_WEIGHTS]),
        .vec_weight_wr_error     (wr_error[`EDGE_INDEX_VECTOR_WEIGHTS]),
        .vec_weight_wr_addr      (wr_addr[VEC_WEIGHT_ADDR_WIDTH-1:0]),
        .vec_weight_wr_data      (wr_data),
        .vec_weight_rd_valid     (rd_valid[`EDGE_INDEX_VECTOR_WEIGHTS]),
        .vec_weight_rd_ready     (rd_ready[`EDGE_INDEX_VECTOR_WEIGHTS]),
        .vec_weight_rd_addr      (rd_addr[VEC_WEIGHT_ADDR_WIDTH-1:0]),
        .vec_weight_rd_data_valid(rd_data_valid[`EDGE_INDEX_VECTOR_WEIGHTS]),
        .vec_weight_rd_error     (rd_error[`EDGE_INDEX_VECTOR_WEIGHTS]),
        .vec_weight_rd_data      (rd_data[`EDGE_INDEX_VECTOR_WEIGHTS*32 +: 32]),
        .vec_param_wr_valid      (wr_valid[`EDGE_INDEX_VECTOR_PARAMETERS]),
        .vec_param_wr_ready      (wr_ready[`EDGE_INDEX_VECTOR_PARAMETERS]),
        .vec_param_wr_addr       (wr_addr[VEC_PARAM_ADDR_WIDTH-1:0]),
        .vec_param_wr_data       (wr_data),
        .vec_param_rd_valid      (rd_valid[`EDGE_INDEX_VECTOR_PARAMETERS]),
        .vec_param_rd_ready      (rd_ready[`EDGE_INDEX_VECTOR_PARAMETERS]),
        .vec_param_rd_addr       (rd_addr[VEC_PARAM_ADDR_WIDTH-1:0]),
        .vec_param_rd_data_valid (rd_data_valid[`EDGE_INDEX_VECTOR_PARAMETERS]),
        .vec_param_rd_data       (rd_data[`EDGE_INDEX_VECTOR_PARAMETERS*32 +: 32]),
        .table_wr_valid          (wr_valid[`EDGE_INDEX_TABLES]),
        .table_wr_ready          (wr_ready[`EDGE_INDEX_TABLES]),
        .table_wr_addr           (wr_addr[TABLE_ADDR_WIDTH-1:0]),
        .table_wr_data           (wr_data),
        .table_rd_valid          (rd_valid[`EDGE_INDEX_TABLES]),
        .table_rd_ready          (rd_ready[`EDGE_INDEX_TABLES]),
        .table_rd_addr           (rd_addr[TABLE_ADDR_WIDTH-1:0]),
        .table_rd_data_valid     (rd_data_valid[`EDGE_INDEX_TABLES]),
        .table_rd_data           (rd_data[`EDGE_INDEX_TABLES*32 +: 32])
    );

endmodule

`resetall
