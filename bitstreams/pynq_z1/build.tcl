# The Digilent PYNQ-Z1 (Zynq-7020)'s bitstream: vivado -mode batch -source build.tcl
set board pynq_z1
set part xc7z020clg400-1
# From the board files of its maker, which Vivado must have (Tools, Vivado Store).
set board_part www.digilentinc.com:pynq-z1:part0:1.0
set base_address 0x40000000
set clock_mhz 100
source [file join [file dirname [file normalize [info script]]] .. zynq7000.tcl]
source [file join [file dirname [file normalize [info script]]] .. zynq.tcl]
