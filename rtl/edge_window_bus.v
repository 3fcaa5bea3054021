// SPDX-License-Identifier: Apache-2.0
//
// Brings each access of the host's word bus to its window, and the answer back.
//
// Word bus: see edge_axil_slave.v; here it is split into select lines `wr_go` and `rd_go`, one a window in the order of
// EDGE_INDEX_*, and behind these the window of jobs, each with a ready, an error and an answer of its own. The window
// is found while the slave takes an address (`wr_take`, `rd_take`), and is known from the first cycle of the access.
// What lies in no window is answered with an error, as is a write of part of a word outside of the activations and any
// write to the stamps.

`default_nettype none
`include "edge_host_interface.vh"

module edge_window_bus #(
    // Word address bits that each window really has.
    parameter integer PROGRAM_WORD_WIDTH = 11,
    parameter integer ACT_WORD_WIDTH = 14,
    parameter integer PARAM_WORD_WIDTH = 14,
    parameter integer STAMP_WORD_WIDTH = 6,
    parameter integer WEIGHT_WORD_WIDTH = 17,
    parameter integer TABLE_WORD_WIDTH = 11,
    parameter integer VEC_PARAM_WORD_WIDTH = 14,
    parameter integer VEC_WEIGHT_WORD_WIDTH = 14,
    // Derived: windows, that of jobs among them.
    parameter integer WINDOWS = `EDGE_WINDOWS + 1
) (
    input  wire                           clk,
    input  wire                           rst,

    // The word bus's next addresses, in the cycles in which they are taken.
    input  wire                           wr_take,
    input  wire [`EDGE_ADDRESS_WIDTH-3:0] wr_take_addr,
    input  wire                           rd_take,
    input  wire [`EDGE_ADDRESS_WIDTH-3:0] rd_take_addr,

    input  wire                           wr_valid,
    output wire                           wr_ready,
    output wire                           wr_error,
    input  wire [3:0]                     wr_strb,
    input  wire                           rd_valid,
    output wire                           rd_ready,
    output wire                           rd_data_valid,
    output wire                           rd_error,
    output wire [31:0]                    rd_data,

    output wire [WINDOWS-1:0]            wr_go,
    input  wire [WINDOWS-1:0]            wr_ready_of,
    input  wire [WINDOWS-1:0]            wr_error_of,
    output wire [WINDOWS-1:0]            rd_go,
    input  wire [WINDOWS-1:0]            rd_ready_of,
    input  wire [WINDOWS-1:0]            rd_data_valid_of,
    input  wire [WINDOWS-1:0]            rd_error_of,
    input  wire [WINDOWS*32-1:0]         rd_data_of
);

    // host_interface.toml: 4 KiB at 0x001000.
    localparam [`EDGE_ADDRESS_WIDTH-13:0] JOBS_PAGE = 1;
    localparam [WINDOWS-1:0] IS_ACTIVATIONS = 1 << `EDGE_INDEX_ACTIVATIONS;
    localparam [WINDOWS-1:0] IS_STAMPS      = 1 << `EDGE_INDEX_STAMPS;

    wire [WINDOWS-1:0] wr_decoded;
    wire [WINDOWS-1:0] rd_decoded;

    assign wr_decoded[WINDOWS-1] = wr_take_addr[`EDGE_ADDRESS_WIDTH-3:10] == JOBS_PAGE;
    assign rd_decoded[WINDOWS-1] = rd_take_addr[`EDGE_ADDRESS_WIDTH-3:10] == JOBS_PAGE;

    edge_window_decoder #(
        .REGISTER_WORD_WIDTH  (10),
        .PROGRAM_WORD_WIDTH   (PROGRAM_WORD_WIDTH),
        .ACT_WORD_WIDTH       (ACT_WORD_WIDTH),
        .PARAM_WORD_WIDTH     (PARAM_WORD_WIDTH),
        .STAMP_WORD_WIDTH     (STAMP_WORD_WIDTH),
        .WEIGHT_WORD_WIDTH    (WEIGHT_WORD_WIDTH),
        .TABLE_WORD_WIDTH     (TABLE_WORD_WIDTH),
        .VEC_PARAM_WORD_WIDTH (VEC_PARAM_WORD_WIDTH),
        .VEC_WEIGHT_WORD_WIDTH(VEC_WEIGHT_WORD_WIDTH)
    ) write_decoder (
        .addr  (wr_take_addr),
        .window(wr_decoded[WINDOWS-2:0])
    );

    edge_window_decoder #(
        .REGISTER_WORD_WIDTH  (10),
        .PROGRAM_WORD_WIDTH   (PROGRAM_WORD_WIDTH),
        .ACT_WORD_WIDTH       (ACT_WORD_WIDTH),
        .PARAM_WORD_WIDTH     (PARAM_WORD_WIDTH),
        .STAMP_WORD_WIDTH     (STAMP_WORD_WIDTH),
        .WEIGHT_WORD_WIDTH    (WEIGHT_WORD_WIDTH),
        .TABLE_WORD_WIDTH     (TABLE_WORD_WIDTH),
        .VEC_PARAM_WORD_WIDTH (VEC_PARAM_WORD_WIDTH),
        .VEC_WEIGHT_WORD_WIDTH(VEC_WEIGHT_WORD_WIDTH)
    ) read_decoder (
        .addr  (rd_take_addr),
        .window(rd_decoded[WINDOWS-2:0])
    );

    reg [WINDOWS-1:0] wr_window;
    reg [WINDOWS-1:0] rd_window;
    always @(posedge clk) if (wr_take) wr_window <= wr_decoded;
    always @(posedge clk) if (rd_take) rd_window <= rd_decoded;

    // Only activations can be written byte by byte, and stamps not at all.
    wire [WINDOWS-1:0] writable   = IS_ACTIVATIONS | (~IS_STAMPS & {WINDOWS{wr_strb == 4'b1111}});
    wire [WINDOWS-1:0] wr_goes_to = wr_window & writable;
    wire               wr_nowhere = wr_goes_to == {WINDOWS{1'b0}};
    wire               rd_nowhere = rd_window == {WINDOWS{1'b0}};

    assign wr_go    = wr_goes_to & {WINDOWS{wr_valid}};
    assign rd_go    = rd_window & {WINDOWS{rd_valid}};
    assign wr_ready = wr_nowhere || (wr_goes_to & wr_ready_of) != {WINDOWS{1'b0}};
    assign wr_error = wr_nowhere || (wr_goes_to & wr_error_of) != {WINDOWS{1'b0}};
    assign rd_ready = rd_nowhere || (rd_window & rd_ready_of) != {WINDOWS{1'b0}};

    // ---- reads: one is under way at a time, so the answers need no order ----
    reg nowhere_answer;
    always @(posedge clk)
        if (rst) nowhere_answer <= 1'b0;
        else     nowhere_answer <= rd_valid && rd_nowhere;

    reg        answer_valid;
    reg        answer_error;
    reg [31:0] answer;

    always @(posedge clk)
        if (rst) answer_valid <= 1'b0;
        else     answer_valid <= nowhere_answer || rd_data_valid_of != {WINDOWS{1'b0}};

    initial begin
        nowhere_answer = 1'b0;
        answer_valid   = 1'b0;
    end

    always @(posedge clk)
        answer_error <= nowhere_answer || (rd_data_valid_of & rd_error_of) != {WINDOWS{1'b0}};

    reg [31:0] gathered;
    integer w;
    always @* begin
        gathered = 32'd0;
        for (w = 0; w < WINDOWS; w = w + 1)
            gathered = gathered | (rd_data_of[w*32 +: 32] & {32{rd_data_valid_of[w]}});
    end
    always @(posedge clk) answer <= gathered;

    assign rd_data_valid = answer_valid;
    assign rd_error      = answer_error;
    assign rd_data       = answer;

endmodule

`resetall
