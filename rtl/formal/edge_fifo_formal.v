// SPDX-License-Identifier: Apache-2.0
//
// What edge_fifo promises, as properties: held against a queue that is nothing but a row of registers.
//
// Names with a dot are registers inside the design under proof; Yosys joins them when it flattens (`hierconn`).

`default_nettype none

module edge_fifo_formal #(
    // Width of a word in bits.
    parameter integer WIDTH = 2,
    // Address bits of the memory.
    parameter integer ADDR_WIDTH = 2
) (
    input wire             clk,
    input wire             rst,
    input wire [WIDTH-1:0] s_axis_tdata,
    input wire             s_axis_tvalid,
    input wire             m_axis_tready
);

    localparam integer DEPTH    = 1 << ADDR_WIDTH;
    localparam integer CAPACITY = DEPTH + 1;

    wire                s_axis_tready;
    wire [WIDTH-1:0]    m_axis_tdata;
    wire                m_axis_tvalid;
    wire [ADDR_WIDTH:0] level;

    edge_fifo #(
        .WIDTH     (WIDTH),
        .ADDR_WIDTH(ADDR_WIDTH)
    ) dut (
        .clk          (clk),
        .rst          (rst),
        .s_axis_tdata (s_axis_tdata),
        .s_axis_tvalid(s_axis_tvalid),
        .s_axis_tready(s_axis_tready),
        .m_axis_tdata (m_axis_tdata),
        .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready),
        .level        (level)
    );

    (* hierconn *) wire [ADDR_WIDTH:0] \dut.fetched ;
    // The memory's words, first address lowest, as the script of edge_fifo.sby turns them into registers.
    (* hierconn *) wire [WIDTH-1:0] \dut.memory[0] ;
    (* hierconn *) wire [WIDTH-1:0] \dut.memory[1] ;
    (* hierconn *) wire [WIDTH-1:0] \dut.memory[2] ;
    (* hierconn *) wire [WIDTH-1:0] \dut.memory[3] ;
    wire [DEPTH*WIDTH-1:0] memory = {\dut.memory[3] , \dut.memory[2] , \dut.memory[1] , \dut.memory[0] };

    // ---- the queue: word 0 is the oldest ----
    reg [CAPACITY*WIDTH-1:0] queue;
    reg [ADDR_WIDTH+1:0]     count = 0;

    wire push = s_axis_tvalid && s_axis_tready;
    wire pop  = m_axis_tvalid && m_axis_tready;
    wire [ADDR_WIDTH+1:0]     place    = pop ? count - 1'b1 : count;
    wire [CAPACITY*WIDTH-1:0] moved_up = queue >> WIDTH;

    integer i;
    always @(posedge clk)
        for (i = 0; i < CAPACITY; i = i + 1)
            if (push && place == i) queue[i*WIDTH +: WIDTH] <= s_axis_tdata;
            else if (pop)           queue[i*WIDTH +: WIDTH] <= moved_up[i*WIDTH +: WIDTH];

    always @(posedge clk)
        if (rst) count <= 0;
        else     count <= count + push - pop;

    reg started = 1'b0;
    always @(posedge clk) started <= 1'b1;
    always @(*) if (!started) assume (rst);

    // ---- what holds in every cycle after a reset ----
    always @(*) if (started) begin
        assert (count == level + m_axis_tvalid);
        assert (s_axis_tready == (level < DEPTH));
        if (m_axis_tvalid) assert (m_axis_tdata == queue[WIDTH-1:0]);
    end

    // What makes the proof inductive: the memory holds the queue's words, in their order.
    always @(*) if (started) assert (level <= DEPTH);
    genvar g;
    generate
        for (g = 0; g < DEPTH; g = g + 1) begin : gen_word
            wire [ADDR_WIDTH-1:0] address = \dut.fetched + g;
            always @(*)
                if (started && g < level)
                    assert (memory[address*WIDTH +: WIDTH] == queue[(g + m_axis_tvalid)*WIDTH +: WIDTH]);
        end
    endgenerate

    // ---- from one cycle to the next ----
    reg             held_valid = 1'b0;
    reg [WIDTH-1:0] held_data;
    reg             waiting = 1'b0;
    always @(posedge clk) begin
        held_valid <= !rst && m_axis_tvalid && !m_axis_tready;
        held_data  <= m_axis_tdata;
        waiting    <= !rst && level != 0 && (!m_axis_tvalid || m_axis_tready);
    end
    always @(*) begin
        // valid holds with its data until ready
        if (held_valid) assert (m_axis_tvalid && m_axis_tdata == held_data);
        // a word in the memory is offered as soon as the output is free
        if (waiting) assert (m_axis_tvalid);
    end

    // ---- the proof is not empty: all of this can happen ----
    reg was_full = 1'b0;
    always @(posedge clk) was_full <= !rst && (was_full || count == CAPACITY);
    always @(*) begin
        cover (count == CAPACITY);
        cover (was_full && count == 0);
        cover (count == 1 && push && pop);
        cover (started && rst && count == CAPACITY);
    end

endmodule

`resetall
