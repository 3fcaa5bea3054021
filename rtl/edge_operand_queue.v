// SPDX-License-Identifier: Apache-2.0
//
// Keeps what the vector unit has read for the tiles of a chained layer until the array's outputs are there.
//
// A tile's OC_LANES bytes come with `write_en`, in order; `next` asks for LANES of them, those of the first channels
// first, and they come in the cycle after it. Reads and writes belong to the same tiles, so both pointers go on from
// layer to layer. At most DEPTH tiles are under way; where there is no second operand there may be more, and nothing
// that is kept counts.

`default_nettype none

module edge_operand_queue #(
    // Bytes of a tile.
    parameter integer OC_LANES = 16,
    // Bytes taken at a time, a divisor of OC_LANES.
    parameter integer LANES = 8
) (
    input  wire                  clk,
    input  wire                  rst,

    input  wire                  write_en,
    input  wire [OC_LANES*8-1:0] write_data,

    input  wire                  next,
    output reg  [LANES*8-1:0]    operand
);

    localparam integer DEPTH  = 16;
    localparam integer PHASES = OC_LANES / LANES;

    (* ram_style = "distributed" *) reg [OC_LANES*8-1:0] tiles [0:DEPTH-1];

    reg  [3:0] write_tile;
    reg  [3:0] read_tile;
    reg  [7:0] phase;
    wire       phase_last = phase == PHASES[7:0] - 8'd1;

    always @(posedge clk) if (write_en) tiles[write_tile] <= write_data;

    always @(posedge clk)
        if (rst)           write_tile <= 4'd0;
        else if (write_en) write_tile <= write_tile + 4'd1;

    always @(posedge clk)
        if (rst)       {read_tile, phase} <= 12'd0;
        else if (next) {read_tile, phase} <= phase_last ? {read_tile + 4'd1, 8'd0} : {read_tile, phase + 8'd1};

    wire [OC_LANES*8-1:0] tile = tiles[read_tile];
    generate
        if (PHASES == 1) begin : gen_one_phase
            always @(posedge clk) if (next) operand <= tile;
        end else begin : gen_phases
            wire [$clog2(PHASES)-1:0] chosen = phase[$clog2(PHASES)-1:0];
            always @(posedge clk) if (next) operand <= tile[chosen * (LANES*8) +: LANES*8];
        end
    endgenerate

    initial begin
        write_tile = 4'd0;
        read_tile  = 4'd0;
        phase      = 8'd0;
    end

endmodule

`resetall
