// SPDX-License-Identifier: Apache-2.0
//
// Requantisation parameters: for each output channel a bias, a multiplier and two shifts; a row holds those of
// LANES channels and takes two cycles to read.
//
// Host view: four words a channel: bias; multiplier; {right shift [12:8], left shift [4:0]}; zero.
// The host writes at any time; it reads while the engine does not (the engine never waits).
// Word bus: see edge_axil_slave.v.

`default_nettype none

module edge_parameter_memory #(
    // Channels per row, a power of two, at least 2.
    parameter integer LANES = 8,
    // Row address bits; the memory holds 2**ROW_WIDTH rows.
    parameter integer ROW_WIDTH = 9,
    // Derived: word address bits of the host's view.
    parameter integer ADDR_WIDTH = ROW_WIDTH + $clog2(LANES) + 2
) (
    input  wire                  clk,
    input  wire                  rst,

    input  wire                  read_en,
    input  wire [ROW_WIDTH-1:0]  read_row,
    output wire [LANES*32-1:0]   read_bias,
    output wire [LANES*31-1:0]   read_multiplier,
    output wire [LANES*5-1:0]    read_left,
    output wire [LANES*5-1:0]    read_right,

    input  wire                  host_wr_valid,
    output wire                  host_wr_ready,
    input  wire [ADDR_WIDTH-1:0] host_wr_addr,
    input  wire [31:0]           host_wr_data,
    input  wire                  host_rd_valid,
    output wire                  host_rd_ready,
    input  wire [ADDR_WIDTH-1:0] host_rd_addr,
    output wire                  host_rd_data_valid,
    output wire [31:0]           host_rd_data
);

    localparam integer LANE_BITS = $clog2(LANES);

    localparam [1:0] FIELD_BIAS       = 2'd0;
    localparam [1:0] FIELD_MULTIPLIER = 2'd1;
    localparam [1:0] FIELD_SHIFTS     = 2'd2;

    wire [1:0]           wr_field = host_wr_addr[1:0];
    wire [LANE_BITS-1:0] wr_lane  = host_wr_addr[2 +: LANE_BITS];
    wire [ROW_WIDTH-1:0] wr_row   = host_wr_addr[2+LANE_BITS +: ROW_WIDTH];
    wire [LANE_BITS-1:0] rd_lane  = host_rd_addr[2 +: LANE_BITS];
    wire [ROW_WIDTH-1:0] rd_row   = host_rd_addr[2+LANE_BITS +: ROW_WIDTH];

    assign host_wr_ready = 1'b1;
    assign host_rd_ready = !read_en;
    wire host_rd_go = host_rd_valid && host_rd_ready;
    wire [ROW_WIDTH-1:0] row = read_en ? read_row : rd_row;

    wire [LANES*128-1:0] lane_words;

    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_lane
            wire here = host_wr_valid && wr_lane == l;
            wire [9:0]  shifts_read;
            wire [30:0] multiplier_read;

            edge_word_ram #(
                .WIDTH     (32),
                .ADDR_WIDTH(ROW_WIDTH)
            ) bias (
                .clk       (clk),
                .write_en  (here && wr_field == FIELD_BIAS),
                .write_addr(wr_row),
                .write_data(host_wr_data),
                .read_addr (row),
                .read_data (read_bias[l*32 +: 32])
            );

            edge_word_ram #(
                .WIDTH     (31),
                .ADDR_WIDTH(ROW_WIDTH)
            ) multiplier (
                .clk       (clk),
                .write_en  (here && wr_field == FIELD_MULTIPLIER),
                .write_addr(wr_row),
                .write_data(host_wr_data[30:0]),
                .read_addr (row),
                .read_data (multiplier_read)
            );

            edge_word_ram #(
                .WIDTH     (10),
                .ADDR_WIDTH(ROW_WIDTH)
            ) shifts (
                .clk       (clk),
                .write_en  (here && wr_field == FIELD_SHIFTS),
                .write_addr(wr_row),
                .write_data({host_wr_data[12:8], host_wr_data[4:0]}),
                .read_addr (row),
                .read_data (shifts_read)
            );

            assign read_multiplier[l*31 +: 31] = multiplier_read;
            assign read_left[l*5 +: 5]         = shifts_read[4:0];
            assign read_right[l*5 +: 5]        = shifts_read[9:5];
            assign lane_words[l*128 +: 128] = {
                32'd0,
                19'd0, shifts_read[9:5], 3'd0, shifts_read[4:0],
                1'b0, multiplier_read,
                read_bias[l*32 +: 32]
            };
        end
    endgenerate

    reg [LANE_BITS+1:0] word_asked;
    reg [31:0]          word_read;
    always @(posedge clk) begin
        if (host_rd_go) word_asked <= {rd_lane, host_rd_addr[1:0]};
        word_read <= lane_words[{word_asked, 5'b00000} +: 32];
    end

    edge_token_delay #(
        .WIDTH (1),
        .CYCLES(3)
    ) host_token (
        .clk(clk),
        .rst(rst),
        .d  (host_rd_go),
        .q  (host_rd_data_valid)
    );

    assign host_rd_data = word_read;

endmodule

`resetall
