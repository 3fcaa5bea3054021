// SPDX-License-Identifier: Apache-2.0
//
// From the characters of a serial line to frames (RFC 1662: flags, escapes, FCS-32).
//
// `m_valid` is high for one cycle with each byte of a frame, the four of its FCS among them. `frame_end` comes after
// the last one, with `frame_ok` if the frame is whole. Both follow the line: there is no back-pressure.

`default_nettype none

module edge_frame_decoder (
    input  wire       clk,
    input  wire       rst,

    input  wire       s_valid,
    input  wire       s_error,
    input  wire [7:0] s_data,

    output wire       m_valid,
    output wire [7:0] m_data,
    output wire       frame_end,
    output wire       frame_ok
);

    localparam [7:0] FLAG   = 8'h7E;
    localparam [7:0] ESCAPE = 8'h7D;

    wire is_flag   = s_valid && !s_error && s_data == FLAG;
    wire is_escape = s_valid && !s_error && s_data == ESCAPE;
    wire is_byte   = s_valid && !s_error && !is_flag && !is_escape;

    reg       escaped;
    reg       begun;
    reg       damaged;
    reg       byte_valid;
    reg [7:0] byte_data;
    reg       flag_seen;
    wire      residue;

    // A frame has begun with its first character, whatever that is.
    always @(posedge clk)
        if (rst || flag_seen) begun <= s_valid && !is_flag;
        else if (s_valid && !is_flag) begun <= 1'b1;

    always @(posedge clk)
        if (rst)          escaped <= 1'b0;
        else if (s_valid) escaped <= is_escape;

    // An escape that nothing follows, or a character that the line has spoilt.
    always @(posedge clk)
        if (rst || flag_seen) damaged <= s_valid && s_error;
        else if ((s_valid && s_error) || (is_flag && escaped)) damaged <= 1'b1;

    always @(posedge clk)
        if (rst) {flag_seen, byte_valid} <= 2'b00;
        else     {flag_seen, byte_valid} <= {is_flag, is_byte};

    always @(posedge clk)
        byte_data <= escaped ? s_data ^ 8'h20 : s_data;

    initial {escaped, begun, damaged, flag_seen, byte_valid} = 5'd0;

    wire [31:0] crc;
    wire        unused = &{1'b0, crc};

    edge_crc32 check (
        .clk    (clk),
        .clear  (rst || flag_seen),
        .valid  (byte_valid),
        .data   (byte_data),
        .crc    (crc),
        .residue(residue)
    );

    assign m_valid   = byte_valid;
    assign m_data    = byte_data;
    assign frame_end = flag_seen && begun;
    assign frame_ok  = residue && !damaged;

endmodule

`resetall
