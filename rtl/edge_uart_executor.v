// SPDX-License-Identifier: Apache-2.0
//
// Carries out the host's requests in the order of their sequence numbers, each once, and answers them.
//
// Requests are those of edge_uart_requests, words go through edge_axil_master, answers leave on `m_axis`. A request
// that was carried out before is answered again (reads read again), one that is too early is answered with REPEAT.
// docs/uart_bridge.md is the protocol.

`default_nettype none

module edge_uart_executor #(
    // Byte address bits.
    parameter integer ADDR_WIDTH = 22,
    // The slave has 2**TIMEOUT_WIDTH cycles for each word.
    parameter integer TIMEOUT_WIDTH = 20
) (
    input  wire                  clk,
    input  wire                  rst,

    input  wire                  lost,
    input  wire                  request_valid,
    output wire                  request_done,
    input  wire [7:0]            sequence_number,
    input  wire [7:0]            command,
    input  wire [15:0]           count,
    input  wire [31:0]           address,
    input  wire [8:0]            words,
    output wire [7:0]            word_index,

    output wire                  cmd_valid,
    input  wire                  cmd_ready,
    output wire                  cmd_write,
    output wire [ADDR_WIDTH-3:0] cmd_addr,
    input  wire                  rsp_valid,
    input  wire                  rsp_error,
    input  wire [31:0]           rsp_data,

    input  wire                  irq,
    output wire                  overlay_reset,

    output wire [7:0]            m_axis_tdata,
    output wire                  m_axis_tvalid,
    output wire                  m_axis_tlast,
    input  wire                  m_axis_tready
);

    localparam [7:0] VERSION = 8'd1;
    // Words in a request or an answer, and requests that the host may have under way.
    localparam [15:0] BURST = 16'd256;
    localparam [7:0]  AHEAD = 8'd16;

    localparam [7:0] READ  = 8'd1;
    localparam [7:0] WRITE = 8'd2;
    localparam [7:0] HELLO = 8'd3;
    localparam [7:0] RESET = 8'd4;

    localparam [2:0] OKAY      = 3'd0;
    localparam [2:0] BUS_ERROR = 3'd1;
    localparam [2:0] REPEAT    = 3'd2;
    localparam [2:0] NOTICE    = 3'd3;
    localparam [2:0] INVALID   = 3'd4;
    localparam [2:0] TIMEOUT   = 3'd5;

    localparam [2:0] IDLE    = 3'd0;
    localparam [2:0] CHECK   = 3'd1;
    localparam [2:0] NUMBER  = 3'd2;
    localparam [2:0] FETCH   = 3'd3;
    localparam [2:0] ACCESS  = 3'd4;
    localparam [2:0] BYTES   = 3'd5;
    localparam [2:0] STATUS  = 3'd6;
    localparam [2:0] RELEASE = 3'd7;

    reg [2:0]  state;
    // Of the answer that is being made.
    reg [7:0]  number;
    reg [2:0]  status;
    reg [8:0]  left;
    reg [31:0] bytes;
    reg [1:0]  byte_index;

    // ---- judging a request ----
    reg [7:0]       expected;
    reg [AHEAD-1:0] errors;
    reg             repeat_told;

    // What is said of a request is known in the cycle after it was first offered, when IDLE has become CHECK.
    reg [7:0] behind;
    reg       is_hello;
    reg       is_read;
    reg       is_write;
    reg       is_reset;
    reg       sized_write;
    reg       sized_other;
    reg       aligned;
    always @(posedge clk) begin
        behind      <= expected - sequence_number;
        is_hello    <= command == HELLO;
        is_read     <= command == READ;
        is_write    <= command == WRITE;
        is_reset    <= command == RESET;
        sized_write <= count == {7'd0, words} && count != 16'd0;
        sized_other <= words == 9'd0 && count <= BURST;
        aligned     <= address[31:ADDR_WIDTH] == {32-ADDR_WIDTH{1'b0}} && address[1:0] == 2'b00;
    end

    wire       in_order  = behind == 8'd0;
    wire       again     = behind != 8'd0 && behind <= AHEAD;
    wire [3:0] age       = behind[3:0] - 4'd1;
    wire       known     = is_read || is_write || is_hello || is_reset;
    wire       valid     = known && (is_write ? sized_write : sized_other) && aligned;
    wire       judged    = state == CHECK;
    wire       accepted  = judged && (in_order || is_hello);
    wire       too_early = judged && !accepted && !again;
    wire       moves     = is_read || (is_write && !again);

    // ---- the words ----
    reg [TIMEOUT_WIDTH-1:0] patience;
    reg                     fetched;
    reg                     asked;
    reg [ADDR_WIDTH-3:0]    word_address;
    reg [7:0]               index;

    wire last_word = left == 9'd1;
    wire timed_out = state == ACCESS && patience == {TIMEOUT_WIDTH{1'b1}} && !rsp_valid;
    wire sent      = m_axis_tvalid && m_axis_tready;
    wire word_over = (state == ACCESS && rsp_valid && is_write)
                  || (state == BYTES && sent && byte_index == 2'd3);

    assign word_index = index;
    assign cmd_valid  = state == ACCESS && !asked && !overlay_reset;
    assign cmd_write  = is_write;
    assign cmd_addr   = word_address;

    always @(posedge clk)
        if (state == CHECK) begin
            word_address <= address[ADDR_WIDTH-1:2];
            index        <= 8'd0;
        end else if (word_over) begin
            word_address <= word_address + 1'b1;
            index        <= index + 8'd1;
        end

    always @(posedge clk)
        if (state != ACCESS)             asked <= 1'b0;
        else if (cmd_valid && cmd_ready) asked <= 1'b1;

    always @(posedge clk)
        if (state != ACCESS) patience <= {TIMEOUT_WIDTH{1'b0}};
        else                 patience <= patience + 1'b1;

    always @(posedge clk)
        fetched <= state == FETCH;

    always @(posedge clk)
        if (judged)         left <= !valid || too_early ? 9'd0 : is_hello ? 9'd1 : moves ? count[8:0] : 9'd0;
        else if (unasked)   left <= 9'd0;
        else if (word_over) left <= left - 9'd1;

    always @(posedge clk)
        if (judged)                       bytes <= {AHEAD, BURST, VERSION};
        else if (state == ACCESS)         bytes <= rsp_data;
        else if (state == BYTES && sent)  bytes <= {8'd0, bytes[31:8]};

    always @(posedge clk)
        if (state != BYTES) byte_index <= 2'd0;
        else if (sent)      byte_index <= byte_index + 2'd1;

    // ---- from request to answer ----
    reg  loss_to_tell;
    reg  notice_to_tell;
    reg  for_request;
    reg  irq_told;
    wire unasked = state == IDLE && !request_valid && (loss_to_tell || notice_to_tell);

    wire silent = too_early && repeat_told;

    always @(posedge clk)
        if (rst) state <= IDLE;
        else
            case (state)
                IDLE:    if (request_valid) state <= CHECK;
                         else if (unasked)  state <= NUMBER;
                CHECK:   state <= silent ? RELEASE : NUMBER;
                NUMBER:  if (sent) state <= left == 9'd0 ? STATUS : is_hello ? BYTES : FETCH;
                FETCH:   if (fetched) state <= ACCESS;
                ACCESS:  if (timed_out) state <= STATUS;
                         else if (rsp_valid) state <= is_read ? BYTES : last_word ? STATUS : FETCH;
                BYTES:   if (word_over) state <= last_word ? STATUS : FETCH;
                STATUS:  if (sent) state <= for_request ? RELEASE : IDLE;
                default: state <= IDLE;
            endcase

    always @(posedge clk)
        if (judged)         number <= too_early ? expected : sequence_number;
        else if (unasked)   number <= expected;

    always @(posedge clk)
        if (judged)
            status <= too_early ? REPEAT
                    : !valid ? INVALID
                    : again && is_write && errors[age] ? BUS_ERROR : OKAY;
        else if (unasked)
            status <= loss_to_tell ? REPEAT : NOTICE;
        else if (timed_out)
            status <= TIMEOUT;
        else if (state == ACCESS && rsp_valid && rsp_error)
            status <= BUS_ERROR;

    always @(posedge clk)
        if (state == IDLE) for_request <= request_valid;

    assign request_done  = state == RELEASE;
    assign m_axis_tvalid = state == NUMBER || state == BYTES || state == STATUS;
    assign m_axis_tlast  = state == STATUS;
    assign m_axis_tdata  = state == NUMBER ? number : state == BYTES ? bytes[7:0] : {irq_told, 4'd0, status};

    // ---- what was carried out ----
    reg counted;

    always @(posedge clk)
        if (judged) counted <= accepted && !is_hello;

    always @(posedge clk)
        if (rst)           expected <= 8'd0;
        else if (accepted) expected <= sequence_number + 8'd1;

    // The newest at the bottom.
    always @(posedge clk)
        if (judged && is_hello)                      errors <= {AHEAD{1'b0}};
        else if (state == RELEASE && counted)        errors <= {errors[AHEAD-2:0], status != OKAY};

    // One REPEAT for all that comes too early after a loss; the host goes back once.
    always @(posedge clk)
        if (rst || accepted)                                  repeat_told <= 1'b0;
        else if (too_early || (unasked && loss_to_tell))      repeat_told <= 1'b1;

    always @(posedge clk)
        if (rst)                        loss_to_tell <= 1'b0;
        else if (lost)                  loss_to_tell <= 1'b1;
        else if (unasked || too_early)  loss_to_tell <= 1'b0;

    // ---- interrupt: told once when it rises, unless an answer has said so meanwhile ----
    reg irq_before;

    always @(posedge clk)
        irq_before <= irq;

    always @(posedge clk)
        if (state != STATUS) irq_told <= irq;

    always @(posedge clk)
        if (rst || !irq)                              notice_to_tell <= 1'b0;
        else if (!irq_before)                         notice_to_tell <= 1'b1;
        else if (state == STATUS && sent && irq_told) notice_to_tell <= 1'b0;

    // ---- the overlay's reset ----
    reg [3:0] resetting;

    always @(posedge clk)
        if (rst)                                                          resetting <= 4'd0;
        else if (timed_out || (accepted && valid && is_reset))    resetting <= 4'd15;
        else if (resetting != 4'd0)                                       resetting <= resetting - 4'd1;

    assign overlay_reset = resetting != 4'd0;

    initial begin
        state          = IDLE;
        expected       = 8'd0;
        errors         = {AHEAD{1'b0}};
        repeat_told    = 1'b0;
        loss_to_tell   = 1'b0;
        notice_to_tell = 1'b0;
        irq_before     = 1'b0;
        resetting      = 4'd0;
    end

endmodule

`resetall
