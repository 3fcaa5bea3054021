// SPDX-License-Identifier: Apache-2.0
//
// Gathers the host's frames: while one request is carried out, the next one comes in.
//
// Bytes and frame ends are those of edge_frame_decoder. A request is offered with `request_valid` until `request_done`;
// `word` is the payload's word at `word_index`, two cycles later. `lost` is high for one cycle for each frame that was
// damaged, had an impossible length, or came while two others were waiting.

`default_nettype none

module edge_uart_requests (
    input  wire        clk,
    input  wire        rst,

    input  wire        byte_valid,
    input  wire [7:0]  byte_data,
    input  wire        frame_end,
    input  wire        frame_ok,
    output wire        lost,

    output wire        request_valid,
    input  wire        request_done,
    output wire [7:0]  sequence_number,
    output wire [7:0]  command,
    output wire [15:0] count,
    output wire [31:0] address,
    // Words of payload that came with it.
    output wire [8:0]  words,
    input  wire [7:0]  word_index,
    output wire [31:0] word
);

    // A frame: two header words, at most 256 words of payload, one word of FCS.
    localparam [10:0] SHORTEST = 11'd12;
    localparam [10:0] LONGEST  = 11'd1036;

    // ---- the frame that is coming in ----
    reg [10:0] length;
    reg [23:0] gathered;
    reg        admitted;
    reg        filling;
    reg [1:0]  waiting;
    reg        serving;

    // A frame needs its place from its first byte on.
    always @(posedge clk)
        if (length == 11'd0) admitted <= !waiting[filling];

    always @(posedge clk)
        if (rst || frame_end)                          length <= 11'd0;
        else if (byte_valid && length <= LONGEST)      length <= length + 11'd1;

    always @(posedge clk)
        if (byte_valid) gathered <= {byte_data, gathered[23:8]};

    wire [31:0] new_word  = {byte_data, gathered};
    wire        word_full = byte_valid && admitted && length[1:0] == 2'd3 && length <= LONGEST;
    wire [8:0]  place     = length[10:2];
    wire [8:0]  payload   = place - 9'd2;

    reg [31:0] headers   [0:1];
    reg [31:0] addresses [0:1];
    reg [8:0]  sizes     [0:1];

    always @(posedge clk)
        if (word_full && place == 9'd0) headers[filling] <= new_word;

    always @(posedge clk)
        if (word_full && place == 9'd1) addresses[filling] <= new_word;

    edge_word_ram #(
        .WIDTH     (32),
        .ADDR_WIDTH(9)
    ) payloads (
        .clk       (clk),
        .write_en  (word_full && place >= 9'd2 && !payload[8]),
        .write_addr({filling, payload[7:0]}),
        .write_data(new_word),
        .read_addr ({serving, word_index}),
        .read_data (word)
    );

    // ---- which of the two is whole ----
    wire fits  = length >= SHORTEST && length <= LONGEST && length[1:0] == 2'd0;
    wire whole = frame_end && frame_ok && fits && admitted;

    always @(posedge clk)
        if (whole) sizes[filling] <= place - 9'd3;

    always @(posedge clk)
        if (rst)        filling <= 1'b0;
        else if (whole) filling <= !filling;

    always @(posedge clk)
        if (rst)               serving <= 1'b0;
        else if (request_done) serving <= !serving;

    always @(posedge clk)
        if (rst) waiting <= 2'b00;
        else begin
            if (whole)        waiting[filling] <= 1'b1;
            if (request_done) waiting[serving] <= 1'b0;
        end

    initial begin
        length  = 11'd0;
        filling = 1'b0;
        serving = 1'b0;
        waiting = 2'b00;
    end

    assign lost          = frame_end && !whole;
    assign request_valid = waiting[serving];
    assign {count, command, sequence_number} = headers[serving];
    assign address       = addresses[serving];
    assign words         = sizes[serving];

endmodule

`resetall
