// SPDX-License-Identifier: Apache-2.0
//
// Identification, control, status, interrupt and the cycle counter.
//
// A run begins by a write of the host's or by `job_start`; a reset in the same cycle goes before. `start` and
// `reset_engine` are high for one cycle. `cycles` is 0 in the first cycle of a run and counts until `finished`. Word
// bus: see edge_axil_slave.v; both directions are always ready, reads answer one cycle later.

`default_nettype none
`include "edge_host_interface.vh"

module edge_registers #(
    // Overlay parameters, as the host reads them; see edge_overlay.v.
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
    // Derived: bits of a descriptor's index.
    parameter integer INDEX_WIDTH = $clog2(DESCRIPTORS)
) (
    input  wire                   clk,
    input  wire                   rst,

    input  wire                   wr_valid,
    output wire                   wr_error,
    input  wire [9:0]             wr_addr,
    input  wire [31:0]            wr_data,
    input  wire                   rd_valid,
    input  wire [9:0]             rd_addr,
    output wire                   rd_data_valid,
    output wire                   rd_error,
    output wire [31:0]            rd_data,

    input  wire                   job_start,
    output wire                   start,
    output wire                   reset_engine,
    output wire [INDEX_WIDTH-1:0] entry,
    output wire                   bank,
    input  wire                   finished,
    input  wire                   failed,
    input  wire [INDEX_WIDTH-1:0] failed_index,

    output wire [31:0]            cycles,
    output wire                   irq
);

    // ---- control ----
    reg                   busy;
    reg                   done;
    reg                   error;
    reg                   run_bank;
    reg                   head_bank;
    reg [INDEX_WIDTH-1:0] entry_index;
    reg [INDEX_WIDTH-1:0] error_index;
    reg                   irq_enable;
    reg                   irq_status;
    reg [31:0]            cycle_count;
    reg [31:0]            run_count;

    wire control = wr_valid && wr_addr == `EDGE_REG_CONTROL;

    assign reset_engine = control && wr_data[`EDGE_BIT_CONTROL_RESET];
    assign start        = (job_start || (control && wr_data[`EDGE_BIT_CONTROL_START])) && !reset_engine && !busy;
    assign entry        = entry_index;
    assign bank         = head_bank;
    assign cycles       = cycle_count;
    assign irq          = irq_enable && irq_status;

    wire stop = rst || reset_engine;

    always @(posedge clk)
        if (stop)          busy <= 1'b0;
        else if (start)    busy <= 1'b1;
        else if (finished) busy <= 1'b0;

    always @(posedge clk)
        if (stop || start) {error, done} <= 2'b00;
        else if (finished) {error, done} <= {failed, 1'b1};

    always @(posedge clk)
        if (finished && failed) error_index <= failed_index;

    always @(posedge clk)
        if (start) run_bank <= head_bank;

    always @(posedge clk)
        if (stop)                                                     irq_status <= 1'b0;
        else if (finished)                                            irq_status <= 1'b1;
        else if (wr_valid && wr_addr == `EDGE_REG_IRQ_STATUS
                 && wr_data[`EDGE_BIT_IRQ_STATUS_DONE])               irq_status <= 1'b0;

    always @(posedge clk)
        if (rst)                                                irq_enable <= 1'b0;
        else if (wr_valid && wr_addr == `EDGE_REG_IRQ_ENABLE)   irq_enable <= wr_data[`EDGE_BIT_IRQ_ENABLE_DONE];

    always @(posedge clk)
        if (rst)                                                head_bank <= 1'b0;
        else if (wr_valid && wr_addr == `EDGE_REG_HEAD_BANK)    head_bank <= wr_data[`EDGE_BIT_HEAD_BANK_BANK];

    always @(posedge clk)
        if (rst)                                                entry_index <= {INDEX_WIDTH{1'b0}};
        else if (wr_valid && wr_addr == `EDGE_REG_ENTRY)        entry_index <= wr_data[INDEX_WIDTH-1:0];

    always @(posedge clk)
        if (rst || start)            cycle_count <= 32'd0;
        else if (busy && !finished)  cycle_count <= cycle_count + 32'd1;

    always @(posedge clk)
        if (rst)           run_count <= 32'd0;
        else if (finished) run_count <= run_count + 32'd1;

    initial begin
        busy        = 1'b0;
        done        = 1'b0;
        error       = 1'b0;
        run_bank    = 1'b0;
        head_bank   = 1'b0;
        entry_index = {INDEX_WIDTH{1'b0}};
        error_index = {INDEX_WIDTH{1'b0}};
        irq_enable  = 1'b0;
        irq_status  = 1'b0;
        cycle_count = 32'd0;
        run_count   = 32'd0;
    end

    // ---- writes to what cannot be written ----
    assign wr_error = wr_addr != `EDGE_REG_CONTROL
                   && wr_addr != `EDGE_REG_IRQ_ENABLE
                   && wr_addr != `EDGE_REG_IRQ_STATUS
                   && wr_addr != `EDGE_REG_HEAD_BANK
                   && wr_addr != `EDGE_REG_ENTRY;

    // ---- reads ----
    reg        answer_valid;
    reg        answer_error;
    reg [31:0] answer;

    always @(posedge clk)
        if (rst) answer_valid <= 1'b0;
        else     answer_valid <= rd_valid;

    always @(posedge clk) begin
        answer_error <= 1'b0;
        case (rd_addr)
            `EDGE_REG_MAGIC:            answer <= `EDGE_MAGIC;
            `EDGE_REG_VERSION:          answer <= `EDGE_VERSION;
            `EDGE_REG_ARRAY:            answer <= {7'd0, PACKED != 0, REQUANT_LANES[7:0], OC_LANES[7:0], K_LANES[7:0]};
            `EDGE_REG_ACT_BYTES:        answer <= ACT_BYTES;
            `EDGE_REG_WEIGHT_ROWS:      answer <= WEIGHT_ROWS;
            `EDGE_REG_PARAM_CHANNELS:   answer <= PARAM_CHANNELS;
            `EDGE_REG_DESCRIPTORS:      answer <= DESCRIPTORS;
            `EDGE_REG_VECTOR:           answer <= {ROW_BUFFER_BYTES[23:0], VEC_LANES[7:0]};
            `EDGE_REG_VEC_WEIGHT_ROWS:  answer <= VEC_WEIGHT_ROWS;
            `EDGE_REG_VEC_PARAM_CHANNELS: answer <= VEC_PARAM_CHANNELS;
            `EDGE_REG_TABLE_PAIRS:      answer <= TABLE_PAIRS;
            `EDGE_REG_CONTROL:          answer <= 32'd0;
            `EDGE_REG_STATUS:           answer <= {28'd0, run_bank, error, done, busy};
            `EDGE_REG_IRQ_ENABLE:       answer <= {31'd0, irq_enable};
            `EDGE_REG_IRQ_STATUS:       answer <= {31'd0, irq_status};
            `EDGE_REG_HEAD_BANK:        answer <= {31'd0, head_bank};
            `EDGE_REG_ENTRY:            answer <= {{32-INDEX_WIDTH{1'b0}}, entry_index};
            `EDGE_REG_CYCLES:           answer <= cycle_count;
            `EDGE_REG_RUNS:             answer <= run_count;
            `EDGE_REG_ERROR_DESCRIPTOR: answer <= {{32-INDEX_WIDTH{1'b0}}, error_index};
            default: begin
                answer       <= 32'd0;
                answer_error <= 1'b1;
            end
        endcase
    end

    initial answer_valid = 1'b0;

    assign rd_data_valid = answer_valid;
    assign rd_error      = answer_error;
    assign rd_data       = answer;

endmodule

`resetall
