"""Bundles: a network with all that belongs to it in one signed file, and its life on the device."""

from __future__ import annotations

from edge_runtime.bundles.carried import HeldOut, Linear, first_head_of, held_out_of, read_linear
from edge_runtime.bundles.check import Requirements, check_fit, view_of
from edge_runtime.bundles.head_file import HeadFile, check_head, network_fingerprint, read_head, write_head
from edge_runtime.bundles.keys import load_private_key, load_public_key, make_keys
from edge_runtime.bundles.life import BundleLife, Phase, State
from edge_runtime.bundles.manifest import Manifest
from edge_runtime.bundles.read import Bundle, read_bundle
from edge_runtime.bundles.write import write_bundle

__all__ = [
    "Bundle",
    "BundleLife",
    "HeadFile",
    "HeldOut",
    "Linear",
    "Manifest",
    "Phase",
    "Requirements",
    "State",
    "check_fit",
    "check_head",
    "first_head_of",
    "held_out_of",
    "load_private_key",
    "load_public_key",
    "make_keys",
    "network_fingerprint",
    "read_bundle",
    "read_head",
    "read_linear",
    "view_of",
    "write_bundle",
    "write_head",
]
