"""edge_requant_narrow_product: what edge_requant_product is held to."""

from rtl.cocotb_edge_requant_product import high_parts

__all__ = ["high_parts"]
