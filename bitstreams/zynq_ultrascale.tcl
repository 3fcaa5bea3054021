# The processing system of a Zynq UltraScale+.
set ps_vlnv xilinx.com:ip:zynq_ultra_ps_e
set ps_rule xilinx.com:bd_rule:zynq_ultra_ps_e
set ps_rule_config {apply_board_preset "1"}
set ps_config [list CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ $clock_mhz CONFIG.PSU__USE__M_AXI_GP0 1 \
    CONFIG.PSU__USE__M_AXI_GP1 0 CONFIG.PSU__USE__M_AXI_GP2 0 CONFIG.PSU__USE__IRQ0 1 \
    CONFIG.PSU__USE__S_AXI_GP2 1 CONFIG.PSU__SAXIGP2__DATA_WIDTH 64]
set ps_master M_AXI_HPM0_FPD
set ps_master_clock maxihpm0_fpd_aclk
set ps_memory S_AXI_HP0_FPD
set ps_memory_clock saxihp0_fpd_aclk
set ps_memory_segments {SAXIGP2/HP0_DDR_LOW SAXIGP2/HP0_DDR_HIGH}
set ps_clock pl_clk0
set ps_reset pl_resetn0
set ps_interrupt pl_ps_irq0
