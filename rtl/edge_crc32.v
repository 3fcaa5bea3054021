// SPDX-License-Identifier: Apache-2.0
//
// CRC-32 of a stream of bytes, as IEEE 802.3 and RFC 1662 (FCS-32) have it: reflected 0x04C11DB7, begun with ones.
//
// `crc` covers the bytes given with `valid` since `clear`; a frame ends with its complement, lowest byte first. Over
// bytes and that ending together the sum is 0xDEBB20E3 (`residue`).

`default_nettype none

module edge_crc32 (
    input  wire        clk,

    input  wire        clear,
    input  wire        valid,
    input  wire [7:0]  data,

    output wire [31:0] crc,
    output wire        residue
);

    localparam [31:0] POLYNOMIAL = 32'hEDB88320;
    localparam [31:0] RESIDUE    = 32'hDEBB20E3;

    function [31:0] next(input [31:0] sum, input [7:0] value);
        integer bit_index;
        begin
            next = sum ^ {24'd0, value};
            for (bit_index = 0; bit_index < 8; bit_index = bit_index + 1)
                next = {1'b0, next[31:1]} ^ (POLYNOMIAL & {32{next[0]}});
        end
    endfunction

    reg [31:0] sum;
    always @(posedge clk)
        if (clear)      sum <= 32'hFFFFFFFF;
        else if (valid) sum <= next(sum, data);

    assign crc     = sum;
    assign residue = sum == RESIDUE;

endmodule

`resetall
