# A Zynq's block design: processing system, interrupt controller, the overlay's cell, and two SmartConnects: to its
# registers, and from its burst master to a high-performance port of the processor's memory. Sourced with `sources` and
# `include_dirs`, with what board.tcl says, and with the folders `scripts`, `build` and `output`; leaves
# edge_runtime.bit and edge_runtime.hwh in `output`.

source [file join $scripts $processing_system.tcl]

create_project -force $board $build -part $part
set_property board_part $board_part [current_project]
set_property target_language Verilog [current_project]
add_files -norecurse $sources
set_property include_dirs $include_dirs [current_fileset]
update_compile_order -fileset sources_1

create_bd_design system
set ps [create_bd_cell -type ip -vlnv $ps_vlnv ps]
apply_bd_automation -rule $ps_rule -config $ps_rule_config $ps
set_property -dict $ps_config $ps
set overlay [create_bd_cell -type module -reference edge_zynq_top edge_overlay_0]
set reset [create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset reset]
set connect [create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect connect]
set_property -dict [list CONFIG.NUM_SI 1 CONFIG.NUM_MI 2] $connect
set memory [create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect memory]
set_property -dict [list CONFIG.NUM_SI 1 CONFIG.NUM_MI 1] $memory
set interrupts [create_bd_cell -type ip -vlnv xilinx.com:ip:axi_intc interrupts]
set_property -dict [list CONFIG.C_IRQ_CONNECTION 1] $interrupts

connect_bd_intf_net [get_bd_intf_pins ps/$ps_master] [get_bd_intf_pins connect/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins connect/M00_AXI] [get_bd_intf_pins edge_overlay_0/s_axil]
connect_bd_intf_net [get_bd_intf_pins connect/M01_AXI] [get_bd_intf_pins interrupts/s_axi]
connect_bd_intf_net [get_bd_intf_pins edge_overlay_0/m_axi] [get_bd_intf_pins memory/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins memory/M00_AXI] [get_bd_intf_pins ps/$ps_memory]
foreach pin [list ps/$ps_master_clock ps/$ps_memory_clock reset/slowest_sync_clk connect/aclk memory/aclk \
        edge_overlay_0/aclk interrupts/s_axi_aclk] {
    connect_bd_net [get_bd_pins ps/$ps_clock] [get_bd_pins $pin]
}
connect_bd_net [get_bd_pins ps/$ps_reset] [get_bd_pins reset/ext_reset_in]
foreach pin [list connect/aresetn memory/aresetn edge_overlay_0/aresetn interrupts/s_axi_aresetn] {
    connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins $pin]
}
connect_bd_net [get_bd_pins edge_overlay_0/irq] [get_bd_pins interrupts/intr]
connect_bd_net [get_bd_pins interrupts/irq] [get_bd_pins ps/$ps_interrupt]

# 4 MiB for the overlay; the interrupt controller behind it.
assign_bd_address -offset $base_address -range 4M [get_bd_addr_segs edge_overlay_0/s_axil/reg0]
assign_bd_address -offset [format 0x%08X [expr {$base_address + 0x00800000}]] -range 64K \
    [get_bd_addr_segs interrupts/S_AXI/Reg]
# All of the processor's memory for the burst master; its upper part is not there on every board.
foreach segment $ps_memory_segments {
    set found [get_bd_addr_segs -quiet ps/$segment]
    if {[llength $found]} { assign_bd_address $found }
}
validate_bd_design
save_bd_design

set wrapper [make_wrapper -files [get_files system.bd] -top]
add_files -norecurse $wrapper
set_property top system_wrapper [current_fileset]
launch_runs impl_1 -to_step write_bitstream -jobs 4
wait_on_run impl_1
if {[get_property PROGRESS [get_runs impl_1]] ne "100%"} {
    error "place and route of $board failed; see $build/$board.runs/impl_1/runme.log"
}
set run [file join $build $board.runs impl_1]
file copy -force [file join $run system_wrapper.bit] [file join $output edge_runtime.bit]
set handoff [file join $build $board.gen sources_1 bd system hw_handoff system.hwh]
file copy -force $handoff [file join $output edge_runtime.hwh]
