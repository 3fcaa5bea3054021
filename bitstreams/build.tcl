# A Zynq board's bitstream: vivado -mode batch -source bitstreams/build.tcl -tclargs BOARD, or the script in the board's
# folder. Leaves edge_runtime.bit and edge_runtime.hwh in that folder.

if {![info exists board]} {
    if {$argc != 1} { error "say which board: vivado -mode batch -source bitstreams/build.tcl -tclargs pynq_z2" }
    set board [lindex $argv 0]
}
set scripts [file dirname [file normalize [info script]]]
set repository [file dirname $scripts]
set output [file join $scripts $board]
set build [file join $output build]
file mkdir $build

# The overlay's parameters, the board's settings and the list of sources, from the board's TOML file.
set python [expr {[info exists ::env(PYTHON)] ? $::env(PYTHON) : "python3"}]
set ::env(PYTHONPATH) $repository
exec $python -m edge_runtime.board_files $board $build
set list_file [open [file join $build sources.txt]]
set sources [split [string trim [read $list_file]] "\n"]
close $list_file
set include_dirs [list $build [file join $repository rtl]]

source [file join $build board.tcl]
source [file join $scripts zynq.tcl]
