# The AMD Kria KV260 (Zynq UltraScale+ XCK26)'s bitstream: vivado -mode batch -source build.tcl
set board kv260
set part xck26-sfvc784-2LV-c
# From the board files of its maker, which Vivado must have (Tools, Vivado Store).
set board_part xilinx.com:kv260_som:part0:1.4
set base_address 0xA0000000
set clock_mhz 100
source [file join [file dirname [file normalize [info script]]] .. zynq_ultrascale.tcl]
source [file join [file dirname [file normalize [info script]]] .. zynq.tcl]
