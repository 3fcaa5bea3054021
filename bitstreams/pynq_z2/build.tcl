# The TUL PYNQ-Z2 (Zynq-7020)'s bitstream: vivado -mode batch -source build.tcl
set board pynq_z2
source [file join [file dirname [file normalize [info script]]] .. build.tcl]
