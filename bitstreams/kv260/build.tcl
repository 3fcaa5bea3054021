# The AMD Kria KV260 (Zynq UltraScale+ XCK26)'s bitstream: vivado -mode batch -source build.tcl
set board kv260
source [file join [file dirname [file normalize [info script]]] .. build.tcl]
