// SPDX-License-Identifier: Apache-2.0
//
// The burst master's registers: the regions of the next job, what came of the jobs before, and their interrupt.
//
// `push` is high for one cycle when the host queues a job with the regions that stand here. `done` says that a job
// has ended. Addresses and lengths are multiples of 8, offsets of 4; lower bits are ignored. Regions are data and
// have no reset: a host writes all three before it pushes. Word bus: see edge_axil_slave.v; both directions are
// always ready, reads answer one cycle later.

`default_nettype none

module edge_job_registers #(
    // Byte address bits of the processor's memory, from 33 to 64.
    parameter integer AXI_ADDR_WIDTH = 40,
    // Word address bits of the activation memory.
    parameter integer WORD_ADDR_WIDTH = 14,
    // Bits of a region's length in beats of 8 bytes.
    parameter integer COUNT_WIDTH = 14,
    // Derived: a region is its address, its first word and its beats.
    parameter integer REGION_WIDTH = AXI_ADDR_WIDTH + WORD_ADDR_WIDTH + COUNT_WIDTH
) (
    input  wire                      clk,
    input  wire                      rst,

    input  wire                      wr_valid,
    output wire                      wr_error,
    input  wire [9:0]                wr_addr,
    input  wire [31:0]               wr_data,
    input  wire                      rd_valid,
    input  wire [9:0]                rd_addr,
    output wire                      rd_data_valid,
    output wire                      rd_error,
    output wire [31:0]               rd_data,

    output wire [REGION_WIDTH-1:0]   input_region,
    output wire [REGION_WIDTH-1:0]   output_region,
    output wire [REGION_WIDTH-1:0]   extra_region,
    output wire                      push,
    // The cycle of a run from which on the next input may be fetched; 0: none.
    output reg  [31:0]               prefetch,

    input  wire                      reset_engine,
    input  wire [1:0]                pending,
    input  wire                      moving,
    input  wire                      fetch_error,
    input  wire                      store_error,
    input  wire                      run_error,
    input  wire                      done,
    input  wire [31:0]               done_cycles,
    input  wire [31:0]               done_period,
    input  wire [31:0]               done_run_cycles,
    output wire                      irq
);

    // Words of the window, as host_interface.toml has them.
    localparam [9:0] REGION_WORDS = 10'd12; // INPUT, OUTPUT, EXTRA: ADDRESS, ADDRESS_HIGH, OFFSET and BYTES each
    localparam [9:0] CONTROL      = 10'd16; // PUSH [0]
    localparam [9:0] STATUS       = 10'd17;
    localparam [9:0] JOBS_DONE    = 10'd18;
    localparam [9:0] CYCLES       = 10'd19;
    localparam [9:0] PERIOD       = 10'd20;
    localparam [9:0] RUN_CYCLES   = 10'd21;
    localparam [9:0] IRQ_ENABLE   = 10'd22;
    localparam [9:0] IRQ_STATUS   = 10'd23;
    localparam [9:0] PREFETCH     = 10'd24;
    localparam [9:0] MAGIC        = 10'd25;

    localparam integer HIGH_WIDTH = AXI_ADDR_WIDTH - 32;
    localparam integer REGIONS    = 3;

    generate
        if (AXI_ADDR_WIDTH < 33 || AXI_ADDR_WIDTH > 64) begin : gen_bad_address
            $error("edge_job_registers: AXI_ADDR_WIDTH must be from 33 to 64");
        end
    endgenerate

    // ---- regions: four registers each ----
    wire [REGIONS*REGION_WIDTH-1:0] regions;
    wire [REGIONS*128-1:0]          region_words;

    genvar r;
    generate
        for (r = 0; r < REGIONS; r = r + 1) begin : gen_region
            localparam [9:0] FIRST = 4 * r;

            reg [28:0]                low;
            reg [HIGH_WIDTH-1:0]      high;
            reg [WORD_ADDR_WIDTH-1:0] first_word;
            reg [COUNT_WIDTH-1:0]     beats;

            always @(posedge clk) begin
                if (wr_valid && wr_addr == FIRST)         low        <= wr_data[31:3];
                if (wr_valid && wr_addr == FIRST + 10'd1) high       <= wr_data[HIGH_WIDTH-1:0];
                if (wr_valid && wr_addr == FIRST + 10'd2) first_word <= wr_data[WORD_ADDR_WIDTH+1:2];
                if (wr_valid && wr_addr == FIRST + 10'd3) beats      <= wr_data[COUNT_WIDTH+2:3];
            end

            assign regions[r*REGION_WIDTH +: REGION_WIDTH] = {beats, first_word, high, low, 3'b000};
            assign region_words[r*128 +: 128] = {{29-COUNT_WIDTH{1'b0}}, beats, 3'b000,
                                                 {30-WORD_ADDR_WIDTH{1'b0}}, first_word, 2'b00,
                                                 {32-HIGH_WIDTH{1'b0}}, high, low, 3'b000};
        end
    endgenerate

    assign {extra_region, output_region, input_region} = regions;

    // ---- jobs ----
    reg        irq_enable;
    reg        irq_status;
    reg [31:0] count;
    reg [31:0] cycles;
    reg [31:0] period;
    reg [31:0] run_cycles;

    assign push = wr_valid && wr_addr == CONTROL && wr_data[0];
    assign irq  = irq_enable && irq_status;

    always @(posedge clk)
        if (rst)       count <= 32'd0;
        else if (done) count <= count + 32'd1;

    always @(posedge clk) if (done) {cycles, period, run_cycles} <= {done_cycles, done_period, done_run_cycles};

    always @(posedge clk)
        if (rst || reset_engine)                                  irq_status <= 1'b0;
        else if (done)                                            irq_status <= 1'b1;
        else if (wr_valid && wr_addr == IRQ_STATUS
                 && wr_data[0])       irq_status <= 1'b0;

    always @(posedge clk)
        if (rst)                                   prefetch <= 32'd0;
        else if (wr_valid && wr_addr == PREFETCH)  prefetch <= wr_data;

    always @(posedge clk)
        if (rst) irq_enable <= 1'b0;
        else if (wr_valid && wr_addr == IRQ_ENABLE)
            irq_enable <= wr_data[0];

    initial begin
        prefetch   = 32'd0;
        irq_enable = 1'b0;
        irq_status = 1'b0;
        count      = 32'd0;
    end

    // ---- the word bus ----
    assign wr_error = wr_addr >= REGION_WORDS
                   && wr_addr != CONTROL
                   && wr_addr != IRQ_ENABLE
                   && wr_addr != IRQ_STATUS
                   && wr_addr != PREFETCH;

    reg        answer_valid;
    reg        answer_error;
    reg [31:0] answer;

    always @(posedge clk)
        if (rst) answer_valid <= 1'b0;
        else     answer_valid <= rd_valid;
    initial answer_valid = 1'b0;

    always @(posedge clk) begin
        answer_error <= 1'b0;
        case (rd_addr)
            CONTROL:    answer <= 32'd0;
            STATUS:     answer <= {25'd0, run_error, store_error, fetch_error, 1'b0, moving, pending};
            JOBS_DONE:      answer <= count;
            CYCLES:     answer <= cycles;
            PERIOD:     answer <= period;
            RUN_CYCLES: answer <= run_cycles;
            IRQ_ENABLE: answer <= {31'd0, irq_enable};
            IRQ_STATUS: answer <= {31'd0, irq_status};
            PREFETCH:   answer <= prefetch;
            MAGIC:      answer <= 32'h4A4F4253;
            default: begin
                answer       <= region_words[{rd_addr[3:0], 5'd0} +: 32];
                answer_error <= rd_addr >= REGION_WORDS;
            end
        endcase
    end

    assign rd_data_valid = answer_valid;
    assign rd_error      = answer_error;
    assign rd_data       = answer;

endmodule

`resetall
