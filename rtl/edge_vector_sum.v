// SPDX-License-Identifier: Apache-2.0
//
// One channel's pair of tables: A[index_a] + B[index_b], or one of them alone, five cycles later.
//
// `use_a` and `use_b` belong to the step and come three cycles behind its indices. `load_en` writes an entry into
// both tables, with the words that come in the next cycle; nothing is looked up then.

`default_nettype none

module edge_vector_sum #(
    // 1: the tables lie in LUTs, 0: in block memory.
    parameter integer TABLES_IN_LUTS = 1
) (
    input  wire        clk,

    input  wire        load_en,
    input  wire [7:0]  load_index,
    input  wire [31:0] load_a,
    input  wire [31:0] load_b,

    input  wire [7:0]  index_a,
    input  wire [7:0]  index_b,
    input  wire        use_a,
    input  wire        use_b,

    output reg  [31:0] result
);

    // ---- 1: the port's address ----
    reg        write_en;
    reg [7:0]  addr_a;
    reg [7:0]  addr_b;
    always @(posedge clk) begin
        write_en <= load_en;
        addr_a   <= load_en ? load_index : index_a;
        addr_b   <= load_en ? load_index : index_b;
    end

    // ---- 3: the entries ----
    wire [31:0] entry_a;
    wire [31:0] entry_b;
    edge_vector_table #(
        .IN_LUTS(TABLES_IN_LUTS)
    ) table_a (
        .clk       (clk),
        .write_en  (write_en),
        .addr      (addr_a),
        .write_data(load_a),
        .read_data (entry_a)
    );
    edge_vector_table #(
        .IN_LUTS(TABLES_IN_LUTS)
    ) table_b (
        .clk       (clk),
        .write_en  (write_en),
        .addr      (addr_b),
        .write_data(load_b),
        .read_data (entry_b)
    );

    // ---- 4: those that count, 5: their sum ----
    reg [31:0] term_a;
    reg [31:0] term_b;
    always @(posedge clk) begin
        term_a <= use_a ? entry_a : 32'd0;
        term_b <= use_b ? entry_b : 32'd0;
        result <= term_a + term_b;
    end

endmodule

`resetall
