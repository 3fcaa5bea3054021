// SPDX-License-Identifier: Apache-2.0
//
// Fetches descriptors one ahead: `next` is the descriptor of the layer that comes after the one under way.
//
// `start` begins at descriptor `entry`. `next_valid` says that `next` and `next_index` hold; `take` ends that and
// fetches the one after, unless the taken one was the last. A banked descriptor is one of a pair: the one of `bank` is
// fetched, after the first of the pair whichever it is, so that either bank takes the same time: nine cycles from
// `start` or `take` to `next_valid`, and eight more for a pair.

`default_nettype none
`include "edge_host_interface.vh"

module edge_fetch #(
    // Bits of a descriptor's index.
    parameter integer INDEX_WIDTH = 7
) (
    input  wire                           clk,
    input  wire                           rst,

    input  wire                           start,
    input  wire [INDEX_WIDTH-1:0]         entry,
    input  wire                           bank,
    input  wire                           take,

    output wire                           next_valid,
    output wire [`EDGE_DESC_USED_WIDTH-1:0] next,
    output wire [INDEX_WIDTH-1:0]         next_index,

    // To the program memory: rows of four words, eight rows a descriptor, data two cycles later.
    output wire                           read_en,
    output wire [INDEX_WIDTH+2:0]         read_row,
    input  wire [127:0]                   read_data
);

    localparam integer ROWS      = `EDGE_DESC_USED_WIDTH / 128;
    // Rows are asked for in the first beats and arrive two beats later.
    localparam integer LAST_BEAT = ROWS + 1;

    reg                             fetching;
    reg                             valid;
    reg [3:0]                       beat;
    reg                             taking_bank;
    reg                             run_bank;
    reg [INDEX_WIDTH-1:0]           index; // the first of a pair
    reg [`EDGE_DESC_USED_WIDTH-1:0] fetched;

    wire done  = fetching && beat == LAST_BEAT[3:0];
    wire again = fetched[`EDGE_DESC_BANKED] && !taking_bank;
    wire more  = take && !fetched[`EDGE_DESC_LAST];

    always @(posedge clk)
        if (rst)                fetching <= 1'b0;
        else if (start || more) fetching <= 1'b1;
        else if (done && !again) fetching <= 1'b0;

    always @(posedge clk)
        if (rst || start || take) valid <= 1'b0;
        else if (done && !again)  valid <= 1'b1;

    always @(posedge clk)
        if (start || !fetching || done) beat <= 4'd0;
        else                            beat <= beat + 4'd1;

    always @(posedge clk)
        if (start || !fetching) taking_bank <= 1'b0;
        else if (done)          taking_bank <= again;

    always @(posedge clk)
        if (start)     index <= entry;
        else if (take) index <= index + {{INDEX_WIDTH-2{1'b0}}, fetched[`EDGE_DESC_BANKED], !fetched[`EDGE_DESC_BANKED]};

    always @(posedge clk) if (start) run_bank <= bank;

    genvar r;
    generate
        for (r = 0; r < ROWS; r = r + 1) begin : gen_row
            always @(posedge clk) if (fetching && beat == r + 2) fetched[r*128 +: 128] <= read_data;
        end
    endgenerate

    initial begin
        fetching    = 1'b0;
        valid       = 1'b0;
        taking_bank = 1'b0;
        beat        = 4'd0;
    end

    assign read_en    = fetching && beat < ROWS[3:0];
    assign read_row   = {index + {{INDEX_WIDTH-1{1'b0}}, taking_bank && run_bank}, beat[2:0]};
    assign next_valid = valid;
    assign next       = fetched;
    assign next_index = index;

endmodule

`resetall
