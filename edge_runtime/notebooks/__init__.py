"""Notebooks for PYNQ: ``pynq get-notebooks edge_runtime`` puts them where Jupyter looks."""
