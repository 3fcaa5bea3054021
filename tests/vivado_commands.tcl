# Stands in for Vivado: each command with the options that published scripts give it (vivado_options.tcl), and nothing
# else. Prints each call. Arguments: the script, and its own.

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

source [file join [file dirname [file normalize [info script]]] vivado_options.tcl]
set known [dict create]
foreach {script commands} $published {
    dict for {name options} $commands {
        set before [expr {[dict exists $known $name] ? [dict get $known $name] : {}}]
        dict set known $name [dict merge $before $options]
    }
}
dict for {name options} $known {
    proc $name {args} "check $name {$options} {*}\$args; return <$name:\[lindex \$args end\]>"
}

proc add_files {args} {
    foreach path [lindex [check add_files [dict get $::known add_files] {*}$args] 0] {
        if {![string match <* $path] && ![file isfile $path]} { error "add_files: $path is not there" }
    }
}

proc get_property {args} {
    check get_property [dict get $::known get_property] {*}$args
    return 100%
}

# What Vivado would have made is not there to be copied.
rename file real_file
proc file {what args} {
    if {$what eq "copy"} { puts "COPY [lindex $args end]"; return }
    return [uplevel 1 [list real_file $what {*}$args]]
}

set argv0 [lindex $argv 0]
set argv [lrange $argv 1 end]
incr argc -1
source $argv0
