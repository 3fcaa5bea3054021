// SPDX-License-Identifier: Apache-2.0
//
// What edge_burst_split promises, as properties: bursts of 1 to 16 beats within 4 KiB, one behind the other, that
// together are the block.

`default_nettype none

module edge_burst_split_formal #(
    // Byte address bits.
    parameter integer AXI_ADDR_WIDTH = 16,
    // Bits of a count of beats.
    parameter integer COUNT_WIDTH = 12
) (
    input wire                      clk,
    input wire                      load,
    input wire [AXI_ADDR_WIDTH-1:0] address,
    input wire [COUNT_WIDTH-1:0]    beats,
    input wire                      next
);

    // As a user of it counts: what no burst has been made of.
    reg [COUNT_WIDTH-1:0] left = 0;
    // Where the block began, and how many beats are behind it.
    reg [AXI_ADDR_WIDTH-1:0] first;
    reg [AXI_ADDR_WIDTH-4:0] made;
    reg                      loaded = 1'b0;

    wire [AXI_ADDR_WIDTH-1:0] burst_address;
    wire [4:0]                burst_beats;

    edge_burst_split #(
        .AXI_ADDR_WIDTH(AXI_ADDR_WIDTH),
        .COUNT_WIDTH   (COUNT_WIDTH)
    ) dut (
        .clk          (clk),
        .load         (load),
        .address      (address),
        .left         (left),
        .next         (next),
        .burst_address(burst_address),
        .burst_beats  (burst_beats)
    );

    always @(posedge clk)
        if (load) begin
            loaded <= 1'b1;
            left   <= beats;
            first  <= address;
            made   <= 0;
        end else if (next) begin
            left <= left - burst_beats;
            made <= made + burst_beats;
        end

    always @(*) if (next) assume (loaded && left != 0);

    always @(*) if (loaded && left != 0) begin
        assert (burst_beats >= 1 && burst_beats <= 16);
        assert (burst_beats <= left);
        assert (burst_address[2:0] == 3'd0);
        // within 512 beats of a page
        assert ({1'b0, burst_address[11:3]} + burst_beats <= 10'd512);
        // as long as it may be
        assert (burst_beats == 16 || burst_beats == left || burst_address[11:3] + burst_beats == 10'd512);
    end
    always @(*) if (loaded) begin
        assert (burst_address == {first[AXI_ADDR_WIDTH-1:3], 3'b000} + {made, 3'b000});
    end

    // ---- the proof is not empty ----
    always @(*) begin
        cover (loaded && burst_beats == 16);
        cover (loaded && made != 0 && left > 16 && burst_beats < 16);
        cover (loaded && made > 16 && left == 0);
    end

endmodule

`resetall
