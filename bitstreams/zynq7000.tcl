# The processing system of a Zynq-7000.
set ps_vlnv xilinx.com:ip:processing_system7
set ps_rule xilinx.com:bd_rule:processing_system7
set ps_rule_config {make_external "FIXED_IO, DDR" apply_board_preset "1"}
set ps_config [list CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ $clock_mhz CONFIG.PCW_USE_M_AXI_GP0 1 \
    CONFIG.PCW_USE_S_AXI_HP0 1 CONFIG.PCW_S_AXI_HP0_DATA_WIDTH 64 \
    CONFIG.PCW_USE_FABRIC_INTERRUPT 1 CONFIG.PCW_IRQ_F2P_INTR 1]
set ps_master M_AXI_GP0
set ps_master_clock M_AXI_GP0_ACLK
set ps_memory S_AXI_HP0
set ps_memory_clock S_AXI_HP0_ACLK
set ps_memory_segments {S_AXI_HP0/HP0_DDR_LOWOCM}
set ps_clock FCLK_CLK0
set ps_reset FCLK_RESET0_N
set ps_interrupt IRQ_F2P
