# The Digilent PYNQ-Z1 (Zynq-7020)'s bitstream: vivado -mode batch -source build.tcl
set board pynq_z1
source [file join [file dirname [file normalize [info script]]] .. build.tcl]
