// SPDX-License-Identifier: Apache-2.0
//
// A first-in first-out queue in memory, with valid and ready on both sides; one word in and one out per cycle.
//
// A word is offered two cycles after it came into an empty queue, and holds with `m_axis_tvalid` until
// `m_axis_tready`. `level` counts the words that wait in the memory; one more may stand at the output.

`default_nettype none

module edge_fifo #(
    // Width of a word in bits.
    parameter integer WIDTH = 8,
    // Address bits of the memory; it holds 2**ADDR_WIDTH words.
    parameter integer ADDR_WIDTH = 4
) (
    input  wire                clk,
    input  wire                rst,

    input  wire [WIDTH-1:0]    s_axis_tdata,
    input  wire                s_axis_tvalid,
    output wire                s_axis_tready,

    output wire [WIDTH-1:0]    m_axis_tdata,
    output wire                m_axis_tvalid,
    input  wire                m_axis_tready,

    output wire [ADDR_WIDTH:0] level
);

    // One bit more than an address tells a full memory from an empty one.
    reg [ADDR_WIDTH:0] written;
    reg [ADDR_WIDTH:0] fetched;
    reg                offered;
    reg [WIDTH-1:0]    word;
    reg [WIDTH-1:0]    memory [0:(1<<ADDR_WIDTH)-1];

    wire take  = s_axis_tvalid && s_axis_tready;
    wire fetch = level != {ADDR_WIDTH+1{1'b0}} && (!offered || m_axis_tready);

    assign level         = written - fetched;
    assign s_axis_tready = !level[ADDR_WIDTH];
    assign m_axis_tvalid = offered;
    assign m_axis_tdata  = word;

    always @(posedge clk)
        if (rst)       written <= {ADDR_WIDTH+1{1'b0}};
        else if (take) written <= written + 1'b1;

    always @(posedge clk)
        if (rst)        fetched <= {ADDR_WIDTH+1{1'b0}};
        else if (fetch) fetched <= fetched + 1'b1;

    always @(posedge clk)
        if (rst)                offered <= 1'b0;
        else if (fetch)         offered <= 1'b1;
        else if (m_axis_tready) offered <= 1'b0;

    // The memory is never written and read at the same address: it is neither full nor empty then.
    always @(posedge clk) if (take) memory[written[ADDR_WIDTH-1:0]] <= s_axis_tdata;
    always @(posedge clk) if (fetch) word <= memory[fetched[ADDR_WIDTH-1:0]];

    initial begin
        written = {ADDR_WIDTH+1{1'b0}};
        fetched = {ADDR_WIDTH+1{1'b0}};
        offered = 1'b0;
    end

endmodule

`resetall
