# The Avnet Ultra96-V2 (Zynq UltraScale+ XCZU3EG)'s bitstream: vivado -mode batch -source build.tcl
set board ultra96
set part xczu3eg-sbva484-1-i
# From the board files of its maker, which Vivado must have (Tools, Vivado Store).
set board_part avnet.com:ultra96v2:part0:1.2
set base_address 0xA0000000
set clock_mhz 100
source [file join [file dirname [file normalize [info script]]] .. zynq_ultrascale.tcl]
source [file join [file dirname [file normalize [info script]]] .. zynq.tcl]
