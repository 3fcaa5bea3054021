# The TUL PYNQ-Z2 (Zynq-7020)'s bitstream: vivado -mode batch -source build.tcl
set board pynq_z2
set part xc7z020clg400-1
# From the board files of its maker, which Vivado must have (Tools, Vivado Store).
set board_part tul.com.tw:pynq-z2:part0:1.0
set base_address 0x40000000
set clock_mhz 100
source [file join [file dirname [file normalize [info script]]] .. zynq7000.tcl]
source [file join [file dirname [file normalize [info script]]] .. zynq.tcl]
