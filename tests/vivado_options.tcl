# Vivado's commands with the options that published scripts give them, by script: repository, path, commit; for each
# command its options, with 1 where a value follows. Names alone are taken from there. What stands under UG835 is in
# AMD's command reference and in none of these scripts.

set published {
    {Xilinx/PYNQ boards/Pynq-Z2/base/build_bitstream.tcl 0b423f542c8532c204718fe8b9bc33e1a526ff85} {
        make_wrapper         {-files 1 -top 0}
        get_files            {}
        add_files            {-norecurse 0}
        set_property         {}
        current_fileset      {}
        current_project      {}
        update_compile_order {-fileset 1}
        launch_runs          {-to_step 1 -jobs 1}
        wait_on_run          {}
    }
    {Xilinx/PYNQ boards/Pynq-Z2/petalinux_bsp/hardware_project/pynqz2.tcl 10fb03dc7c356b0310e0e412ba248acc294895fc} {
        create_project       {-part 1}
        create_bd_design     {}
        create_bd_cell       {-type 1 -vlnv 1}
        set_property         {-dict 1}
        get_property         {}
        get_files            {-quiet 0}
        get_bd_intf_pins     {}
        connect_bd_intf_net  {-intf_net 1}
        save_bd_design       {}
    }
    {Xilinx/kria-vitis-platforms k26/platforms/vivado/k26_base_starter_kit/scripts/main.tcl 37e955b53cbb08e5a37eca03181d77795c0ca49d} {
        create_project       {-name 1 -force 0 -dir 1 -part 1}
        set_property         {}
        create_bd_design     {}
        save_bd_design       {}
        validate_bd_design   {}
        make_wrapper         {-files 1 -top 0}
        launch_runs          {-jobs 1 -to_step 1}
        wait_on_run          {}
    }
    {Xilinx/finn src/finn/transformation/fpgadataflow/templates.py 024f878b950f961abf21ebac2a400585887845a5} {
        apply_bd_automation  {-rule 1 -config 1 -dict 1}
        set_property         {-dict 1 -name 1 -value 1 -objects 1}
        get_bd_pins          {}
        get_bd_intf_pins     {-quiet 0 -of_objects 1 -filter 1}
        get_bd_addr_segs     {}
        connect_bd_net       {}
        connect_bd_intf_net  {-boundary_type 1}
        assign_bd_address    {-offset 1 -range 1}
        validate_bd_design   {}
        make_wrapper         {-files 1 -import 0 -fileset 1 -top 0}
        get_runs             {}
        launch_runs          {-to_step 1 -jobs 1}
    }
    {wincle626/DynamicFunctionExchangeDemo Projects/PR_Test03/projectscript.tcl c6bc7255096e3f8fc3914eb337429f08439f2065} {
        create_bd_cell       {-type 1 -reference 1}
    }
    {fastmachinelearning/hls4ml hls4ml/templates/vivado_accelerator/pynq-z2/tcl_scripts/axi_lite_design.tcl ddccde2025137af413bb9fa432009d1da45e75ff} {
        create_project       {-part 1 -force 0}
        wait_on_run          {-timeout 1}
    }
    {AMD UG835 -} {
        get_bd_addr_segs     {-quiet 0}
    }
}
