"""What Yosys does with this project's Verilog before a family's own flow."""

from __future__ import annotations

from pathlib import Path

from edge_runtime.paths import rtl_folder

__all__ = ["MEMORIES", "PRODUCT_MAP", "map_products", "prepare_project", "product_map"]

#: The library's memories promise nothing about a word that is read while it is written; without this, Yosys would
#: compare addresses and keep the old word beside each memory. After ``proc``.
MEMORIES = "setattr -set no_rw_check 1 */m:*"
#: The name of the file that says how products in LUTs are made.
PRODUCT_MAP = "lut_product.v"


def product_map() -> Path:
    """Return that file."""
    return rtl_folder() / "yosys" / PRODUCT_MAP


def map_products(product_map: str, row: str) -> str:
    """Return the command that makes products in LUTs, after ``proc``: Yosys does not heed Vivado's attribute.

    Parameters
    ----------
    product_map
        Where the script finds `product_map`'s file.
    row
        Where it finds ``edge_booth_row.v``, which that file is made of.
    """
    return f"techmap -map {product_map} -map {row} A:use_dsp=no t:$mul %i"


def prepare_project() -> str:
    """Return the lines of a generated project's script between the top's ``hierarchy`` and the family's own flow."""
    commands = ("proc", map_products(f"yosys/{PRODUCT_MAP}", "rtl/edge_booth_row.v"), MEMORIES)
    return "".join(f"{command}\n" for command in commands)
