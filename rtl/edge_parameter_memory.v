// SPDX-License-Identifier: Apache-2.0
//
// Requantisation parameters: for each output channel a bias, a multiplier and a shift, to the left or to the
// right, in two columns of 36 bits; a row holds those of LANES channels and takes two cycles to read.
//
// Host view: four words a channel: bias; multiplier; {right shift [12:8], left shift [4:0]}, at most one of them
// not zero; zero. They are written in that order: the channel is stored when its third word is written. The host
// writes at any time; it reads while the engine does not (the engine never waits). Word bus: see
// edge_axil_slave.v.

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

    localparam integer LANE_BITS   = $clog2(LANES);
    localparam integer COLUMN_BITS = 36;

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

    // ---- a channel is stored as a whole ----
    reg  [31:0] bias_held;
    reg  [30:0] multiplier_held;
    wire        to_right = host_wr_data[12:8] != 5'd0;
    wire [4:0]  amount   = to_right ? host_wr_data[12:8] : host_wr_data[4:0];
    wire [2*COLUMN_BITS-1:0] channel_written = {3'd0, to_right, amount, multiplier_held, bias_held};

    always @(posedge clk) begin
        if (host_wr_valid && wr_field == FIELD_BIAS)       bias_held       <= host_wr_data;
        if (host_wr_valid && wr_field == FIELD_MULTIPLIER) multiplier_held <= host_wr_data[30:0];
    end

    wire [LANES*2*COLUMN_BITS-1:0] channels_read;

    genvar l;
    genvar c;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : gen_lane
            wire here = host_wr_valid && wr_lane == l && wr_field == FIELD_SHIFTS;
            wire [2*COLUMN_BITS-1:0] channel_read;

            for (c = 0; c < 2; c = c + 1) begin : gen_column
                edge_word_ram #(
                    .WIDTH     (COLUMN_BITS),
                    .ADDR_WIDTH(ROW_WIDTH)
                ) column (
                    .clk       (clk),
                    .write_en  (here),
                    .write_addr(wr_row),
                    .write_data(channel_written[c*COLUMN_BITS +: COLUMN_BITS]),
                    .read_addr (row),
                    .read_data (channel_read[c*COLUMN_BITS +: COLUMN_BITS])
                );
            end

            assign channels_read[l*2*COLUMN_BITS +: 2*COLUMN_BITS] = channel_read;
            assign read_bias[l*32 +: 32]       = channel_read[31:0];
            assign read_multiplier[l*31 +: 31] = channel_read[62:32];
            assign read_left[l*5 +: 5]         = channel_read[67:63] & {5{!channel_read[68]}};
            assign read_right[l*5 +: 5]        = channel_read[67:63] & {5{channel_read[68]}};
            wire unused_top = &{1'b0, channel_read[71:69]};
        end
    endgenerate

    // ---- read back: the channel, then its word ----
    reg  [LANE_BITS+1:0]     word_asked;
    wire [2*COLUMN_BITS-1:0] channel = channels_read[word_asked[LANE_BITS+1:2] * (2*COLUMN_BITS) +: 2*COLUMN_BITS];
    wire [4:0]               shift   = channel[67:63];
    wire unused_channel = &{1'b0, channel[71:69]};
    reg  [31:0]              word_read;
    always @(posedge clk) begin
        if (host_rd_go) word_asked <= {rd_lane, host_rd_addr[1:0]};
        case (word_asked[1:0])
            FIELD_BIAS:       word_read <= channel[31:0];
            FIELD_MULTIPLIER: word_read <= {1'b0, channel[62:32]};
            FIELD_SHIFTS:     word_read <= channel[68] ? {19'd0, shift, 8'd0} : {27'd0, shift};
            default:          word_read <= 32'd0;
        endcase
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
