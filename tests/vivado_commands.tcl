# Stands in for Vivado: each command that the scripts use, with the options that it has (AMD UG835, Vivado Tcl command
# reference), and nothing else. Prints each call. Arguments: the script, and where its copies go.

proc check {name options args} {
    set rest [list]
    for {set i 0} {$i < [llength $args]} {incr i} {
        set word [lindex $args $i]
        if {[string match -* $word]} {
            if {![dict exists $options $word]} { error "$name has no option $word" }
            if {[dict get $options $word]} { incr i }
        } else { lappend rest $word }
    }
    puts "CALL $name $args"
    return $rest
}

# Option to 1 if a value follows it.
foreach {name options} {
    create_project      {-force 0 -part 1 -in_memory 0}
    current_project     {-quiet 0}
    current_fileset     {-simset 0 -constrset 0}
    update_compile_order {-fileset 1}
    create_bd_design    {-dir 1 -name 1}
    create_bd_cell      {-type 1 -vlnv 1 -reference 1 -name 1}
    apply_bd_automation {-rule 1 -config 1 -opts 1 -dict 1}
    set_property        {-dict 1 -name 1 -value 1 -objects 1}
    get_bd_intf_pins    {-of_objects 1 -filter 1 -quiet 0}
    get_bd_pins         {-of_objects 1 -filter 1 -quiet 0}
    get_bd_addr_segs    {-of_objects 1 -filter 1 -quiet 0 -excluded 0 -addressing 0}
    connect_bd_intf_net {-intf_net 1 -boundary_type 1 -auxiliary 0}
    connect_bd_net      {-net 1 -boundary_type 1}
    assign_bd_address   {-offset 1 -range 1 -target_address_space 1 -force 0}
    validate_bd_design  {-force 0 -design 1}
    save_bd_design      {-quiet 0}
    get_files           {-of_objects 1 -filter 1 -all 0 -norecurse 0}
    make_wrapper        {-top 0 -testbench 0 -inst_template 0 -fileset 1 -import 0 -force 0 -files 1}
    launch_runs         {-jobs 1 -scripts_only 0 -to_step 1 -next_step 0 -force 0 -dir 1}
    wait_on_run         {-timeout 1}
    get_runs            {-filter 1 -quiet 0}
} {
    proc $name {args} "check $name {$options} {*}\$args; return <$name:\[lindex \$args end\]>"
}

proc add_files {args} {
    foreach path [lindex [check add_files {-norecurse 0 -fileset 1 -scan_for_includes 0 -quiet 0} {*}$args] 0] {
        if {![string match <* $path] && ![file isfile $path]} { error "add_files: $path is not there" }
    }
}

proc get_property {args} {
    check get_property {-quiet 0 -min 0 -max 0} {*}$args
    return 100%
}

# What Vivado would have made is not there to be copied.
rename file real_file
proc file {what args} {
    if {$what eq "copy"} { puts "COPY [lindex $args end]"; return }
    return [uplevel 1 [list real_file $what {*}$args]]
}

set argv0 [lindex $argv 0]
source $argv0
