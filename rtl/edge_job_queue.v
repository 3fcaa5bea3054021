// SPDX-License-Identifier: Apache-2.0
//
// Jobs on their way: each fetches its input, has the engine run, and stores its outputs; two are pending at a time.
//
// `push` queues a job with the regions beside it. A fetch begins when the input's place is free: no run is under way,
// or `prefetch` has come, at the first step of a layer from which on nothing lies there. A run (`job_start`) begins
// when its input is there and the outputs of the run before have been read out. `done` comes when memory has
// acknowledged all that a job stores. The errors are kept until `reset_engine`, which forgets every job; bursts that
// are under way end by themselves, and no job begins one before that.

`default_nettype none

module edge_job_queue #(
    // Bits of a region; see edge_job_registers.v.
    parameter integer REGION_WIDTH = 68,
    // Of these, the uppermost ones, which count its beats.
    parameter integer COUNT_WIDTH = 14
) (
    input  wire                    clk,
    input  wire                    rst,

    input  wire                    push,
    input  wire [REGION_WIDTH-1:0] input_region,
    input  wire [REGION_WIDTH-1:0] output_region,
    input  wire [REGION_WIDTH-1:0] extra_region,

    // The engine.
    input  wire                    reset_engine,
    input  wire                    engine_busy,
    input  wire                    prefetch,
    input  wire                    finished,
    input  wire                    failed,
    input  wire [31:0]             cycles,
    output wire                    job_start,

    // The burst reader and the burst writer; a region comes with its start.
    output wire                    fetch_start,
    output wire [REGION_WIDTH-1:0] fetch_region,
    input  wire                    fetch_busy,
    input  wire                    fetch_failed,
    output wire                    store_start,
    output wire [REGION_WIDTH-1:0] store_region,
    input  wire                    store_busy,
    input  wire                    store_read_out,
    input  wire                    store_failed,

    output wire [1:0]              pending,
    output reg                     fetch_error,
    output reg                     store_error,
    output reg                     run_error,
    output wire                    done,
    output wire [31:0]             done_cycles,
    output wire [31:0]             done_period,
    output reg  [31:0]             done_run_cycles
);

    // The last reads of the layers before that one come to an end.
    localparam [3:0] PREFETCH_CYCLES = 4'd8;
    localparam [COUNT_WIDTH-1:0] NO_BEATS = {COUNT_WIDTH{1'b0}};

    wire clear = rst || reset_engine;

    // ---- two jobs, each in a place of its own; they are queued, fetched, run and stored in turn ----
    reg [REGION_WIDTH-1:0] inputs  [0:1];
    reg [REGION_WIDTH-1:0] outputs [0:1];
    reg [REGION_WIDTH-1:0] extras  [0:1];
    reg [1:0]              any_input; // the region has beats
    reg [1:0]              any_output;
    reg [1:0]              any_extra;
    reg [31:0]             pushed_at [0:1];
    reg [1:0]              waiting; // jobs that are queued and whose fetch has not begun
    reg [1:0]              known;   // jobs that are pending
    reg                    push_place;
    reg                    fetch_place;
    reg                    store_place;
    reg [31:0]             now;

    wire queue = push && !known[1];
    wire fetch_begin;

    always @(posedge clk)
        if (queue) begin
            inputs[push_place]     <= input_region;
            outputs[push_place]    <= output_region;
            extras[push_place]     <= extra_region;
            any_input[push_place]  <= input_region[REGION_WIDTH-1 -: COUNT_WIDTH] != NO_BEATS;
            any_output[push_place] <= output_region[REGION_WIDTH-1 -: COUNT_WIDTH] != NO_BEATS;
            any_extra[push_place]  <= extra_region[REGION_WIDTH-1 -: COUNT_WIDTH] != NO_BEATS;
            pushed_at[push_place]  <= now;
        end

    always @(posedge clk)
        if (clear)      push_place <= 1'b0;
        else if (queue) push_place <= !push_place;

    always @(posedge clk)
        if (clear) known <= 2'd0;
        else       known <= known + {1'b0, queue} - {1'b0, done};

    always @(posedge clk)
        if (clear) waiting <= 2'd0;
        else       waiting <= waiting + {1'b0, queue} - {1'b0, fetch_begin};

    // ---- fetch ----
    reg  [3:0] settling; // cycles since `prefetch`
    reg        place_free; // nothing lies in the input's place that a run under way needs
    reg        fetching;
    reg        fetched; // a job's input is there, and no run has begun with it

    assign fetch_begin  = waiting != 2'd0 && place_free && !fetching && !fetched && !fetch_busy && !reset_engine;
    assign fetch_region = inputs[fetch_place];
    assign fetch_start  = fetch_begin && any_input[fetch_place];

    wire fetch_end = fetching && !fetch_busy;

    always @(posedge clk)
        if (clear || !engine_busy)                settling <= 4'd0;
        else if (prefetch)                        settling <= 4'd1;
        else if (settling != 4'd0)                settling <= settling + {3'd0, settling != PREFETCH_CYCLES};

    always @(posedge clk)
        if (rst)                                                place_free <= 1'b1;
        else if (!engine_busy)                                  place_free <= !job_start;
        else if (settling == PREFETCH_CYCLES || finished)       place_free <= 1'b1;
        else                                                    place_free <= place_free && settling != 4'd0;

    always @(posedge clk)
        if (clear) fetching <= 1'b0;
        else       fetching <= fetch_begin || (fetching && fetch_busy);

    always @(posedge clk)
        if (clear)          fetched <= 1'b0;
        else if (fetch_end) fetched <= 1'b1;
        else if (job_start) fetched <= 1'b0;

    always @(posedge clk)
        if (clear)          fetch_place <= 1'b0;
        else if (fetch_end) fetch_place <= !fetch_place;

    // ---- run ----
    reg running; // a job's run is under way
    reg ran;     // it is over, and its outputs wait to be stored
    wire store_begin;
    wire outputs_read;

    assign job_start = fetched && !running && !ran && outputs_read && !engine_busy && !reset_engine;

    always @(posedge clk)
        if (clear)          running <= 1'b0;
        else if (job_start) running <= 1'b1;
        else if (finished)  running <= 1'b0;

    always @(posedge clk)
        if (clear)                    ran <= 1'b0;
        else if (running && finished) ran <= 1'b1;
        else if (store_begin)         ran <= 1'b0;

    // ---- store: the outputs, then what is stored besides ----
    localparam [2:0] IDLE          = 3'd0;
    localparam [2:0] OUTPUT        = 3'd1; // to be begun
    localparam [2:0] OUTPUT_STORED = 3'd2; // until it is stored
    localparam [2:0] EXTRA         = 3'd3;
    localparam [2:0] EXTRA_STORED  = 3'd4;

    reg [2:0] state;
    wire beginning = (state == OUTPUT || state == EXTRA) && !store_busy && !reset_engine;
    wire extra     = state == EXTRA || state == EXTRA_STORED;

    assign store_region = extra ? extras[store_place] : outputs[store_place];
    assign store_start  = beginning && (extra ? any_extra[store_place] : any_output[store_place]);
    assign store_begin  = ran && state == IDLE;
    assign outputs_read = state == IDLE || (state == EXTRA_STORED && store_read_out)
                          || (state == OUTPUT_STORED && store_read_out && !any_extra[store_place]);
    assign done         = state == EXTRA_STORED && !store_busy && !reset_engine;

    always @(posedge clk)
        if (clear) state <= IDLE;
        else case (state)
            IDLE:          if (ran) state <= OUTPUT;
            OUTPUT:        if (beginning) state <= OUTPUT_STORED;
            OUTPUT_STORED: if (!store_busy) state <= EXTRA;
            EXTRA:         if (beginning) state <= EXTRA_STORED;
            default:       if (!store_busy) state <= IDLE;
        endcase

    always @(posedge clk)
        if (clear)     store_place <= 1'b0;
        else if (done) store_place <= !store_place;

    // ---- how long, and how well ----
    reg [31:0] since_push;
    reg [31:0] since_done; // or since the first job that was queued after it

    always @(posedge clk)
        if (rst) now <= 32'd0;
        else     now <= now + 32'd1;

    always @(posedge clk) begin
        since_push <= now - pushed_at[store_place];
        if (done || (queue && known == 2'd0)) since_done <= 32'd0;
        else                                  since_done <= since_done + 32'd1;
        if (store_begin) done_run_cycles <= cycles;
    end

    // Both are of the cycle before.
    assign done_cycles = since_push + 32'd1;
    assign done_period = since_done + 32'd1;

    always @(posedge clk)
        if (clear)             fetch_error <= 1'b0;
        else if (fetch_failed) fetch_error <= 1'b1;

    always @(posedge clk)
        if (clear)             store_error <= 1'b0;
        else if (store_failed) store_error <= 1'b1;

    always @(posedge clk)
        if (clear)                              run_error <= 1'b0;
        else if (running && finished && failed) run_error <= 1'b1;

    initial begin
        waiting     = 2'd0;
        known       = 2'd0;
        push_place  = 1'b0;
        fetch_place = 1'b0;
        store_place = 1'b0;
        settling    = 4'd0;
        place_free  = 1'b1;
        fetching    = 1'b0;
        fetched     = 1'b0;
        running     = 1'b0;
        ran         = 1'b0;
        state       = IDLE;
        now         = 32'd0;
        fetch_error = 1'b0;
        store_error = 1'b0;
        run_error   = 1'b0;
    end

    assign pending = known;

endmodule

`resetall
