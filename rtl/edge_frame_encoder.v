// SPDX-License-Identifier: Apache-2.0
//
// From frames to the characters of a serial line (RFC 1662: flags, escapes, FCS-32).
//
// A frame's bytes come on `s_axis`, the last with `s_axis_tlast`; valid holds with its data until ready. Each frame has
// a flag before and behind it.

`default_nettype none

module edge_frame_encoder (
    input  wire       clk,
    input  wire       rst,

    input  wire [7:0] s_axis_tdata,
    input  wire       s_axis_tvalid,
    input  wire       s_axis_tlast,
    output wire       s_axis_tready,

    output wire [7:0] m_axis_tdata,
    output wire       m_axis_tvalid,
    input  wire       m_axis_tready
);

    localparam [7:0] FLAG   = 8'h7E;
    localparam [7:0] ESCAPE = 8'h7D;

    localparam [1:0] OPEN  = 2'd0;
    localparam [1:0] BYTES = 2'd1;
    localparam [1:0] CHECK = 2'd2;
    localparam [1:0] CLOSE = 2'd3;

    reg  [1:0] state;
    reg  [1:0] check_byte;
    reg        escaped;

    wire [31:0] crc;
    wire [31:0] ending = ~crc;
    wire        residue;
    wire        unused = &{1'b0, residue};

    wire [7:0] plain     = state == CHECK ? ending[{check_byte, 3'd0} +: 8] : s_axis_tdata;
    wire       in_frame  = state == BYTES || state == CHECK;
    wire       special   = in_frame && !escaped && (plain == FLAG || plain == ESCAPE);
    wire       available = state == CHECK || state == CLOSE || s_axis_tvalid;

    assign m_axis_tvalid = available;
    assign m_axis_tdata  = !in_frame ? FLAG : special ? ESCAPE : escaped ? plain ^ 8'h20 : plain;
    assign s_axis_tready = state == BYTES && m_axis_tready && !special;

    wire sent      = m_axis_tvalid && m_axis_tready;
    wire byte_sent = sent && !special;

    always @(posedge clk)
        if (rst)       escaped <= 1'b0;
        else if (sent) escaped <= special;

    always @(posedge clk)
        if (rst) state <= OPEN;
        else if (byte_sent)
            case (state)
                OPEN:    state <= BYTES;
                BYTES:   if (s_axis_tlast) state <= CHECK;
                CHECK:   if (check_byte == 2'd3) state <= CLOSE;
                default: state <= OPEN;
            endcase

    always @(posedge clk)
        if (state != CHECK) check_byte <= 2'd0;
        else if (byte_sent) check_byte <= check_byte + 2'd1;

    initial begin
        state   = OPEN;
        escaped = 1'b0;
    end

    edge_crc32 check (
        .clk    (clk),
        .clear  (state == OPEN),
        .valid  (byte_sent && state == BYTES),
        .data   (s_axis_tdata),
        .crc    (crc),
        .residue(residue)
    );

endmodule

`resetall
