# The Avnet Ultra96-V2 (Zynq UltraScale+ XCZU3EG)'s bitstream: vivado -mode batch -source build.tcl
set board ultra96
source [file join [file dirname [file normalize [info script]]] .. build.tcl]
