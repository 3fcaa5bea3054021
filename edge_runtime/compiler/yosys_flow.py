"""What Yosys does with this project's Verilog before a family's own flow."""

from __future__ import annotations

from pathlib import Path

from edge_runtime.paths import rtl_folder

__all__ = ["PRODUCT_MAP", "prepare", "prepare_project", "product_map"]

PRODUCT_MAP = "lut_product.v"


def product_map() -> Path:
    """Return the file that says how products in LUTs are made."""
    return rtl_folder() / "yosys" / PRODUCT_MAP


def prepare(product_map: str, row: str) -> tuple[str, ...]:
    """Return the commands between the top's ``hierarchy`` and the family's own flow.

    Parameters
    ----------
    product_map
        Where the script finds `product_map`'s file.
    row
        Where it finds ``edge_booth_row.v``, which that file is made of.
    """
    return (
        "proc",
        # Yosys does not heed Vivado's attribute, and would take hardware multipliers.
        f"techmap -map {product_map} -map {row} A:use_dsp=no t:$mul %i",
        # The library's memories promise nothing about a word that is read while it is written; without this, Yosys
        # would compare addresses and keep the old word beside each memory.
        "setattr -set no_rw_check 1 */m:*",
    )


def prepare_project() -> str:
    """Return the same as lines of a generated project's script."""
    return "".join(f"{command}\n" for command in prepare(f"yosys/{PRODUCT_MAP}", "rtl/edge_booth_row.v"))
