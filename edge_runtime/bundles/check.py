"""Whether a bundle fits the device."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from edge_runtime.bundles.read import Bundle
from edge_runtime.compiler import compile_model
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.errors import BundleError, ConfigError, FitError, ModelError
from edge_runtime.features.view import FeatureView

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Requirements", "check_fit", "view_of"]


@dataclass(frozen=True)
class Requirements:
    """What a bundle must go with.

    Parameters
    ----------
    board
        The board's name.
    overlay
        The overlay's parameters.
    channels
        What the source delivers.
    """

    board: str
    overlay: OverlayParameters
    channels: tuple[str, ...]


def check_fit(bundle: Bundle, device: Requirements) -> None:
    """Compile a bundle's network for the device's overlay, and check all that its manifest says.

    Raises
    ------
    BundleError
        If it was made for another board, overlay or source, or its network does not fit or has another number of
        classes.
    """
    manifest = bundle.manifest
    missing = sorted(set(view_of(bundle).channels) - set(device.channels))
    if missing:
        raise BundleError(f"the bundle needs the channel {missing[0]!r}; the source has {', '.join(device.channels)}")
    if manifest.boards and device.board not in manifest.boards:
        raise BundleError(f"the bundle is for {', '.join(manifest.boards)}; this board is {device.board}")
    if manifest.parameters is not None and manifest.parameters != device.overlay.hash:
        raise BundleError(
            f"the bundle was tried on the overlay {manifest.parameters}; this board has {device.overlay.hash}"
        )
    try:
        program = compile_model(bundle.members["network.tflite"], device.overlay, name=manifest.name)
    except (ModelError, FitError) as error:
        raise BundleError(f"the bundle's network does not fit this board: {error}") from error
    outputs = sum(program.graph.tensor(number).size for number in program.graph.outputs)
    if manifest.classes and len(manifest.classes) + manifest.reserved_classes != outputs:
        reserved = f" and reserves {manifest.reserved_classes}" if manifest.reserved_classes else ""
        raise BundleError(
            f"the bundle names {len(manifest.classes)} classes{reserved}; its network has {outputs} outputs"
        )


def view_of(bundle: Bundle) -> FeatureView:
    """Return a bundle's feature view.

    Raises
    ------
    BundleError
        If it cannot be read, or is not the one that the network was trained with.
    """
    try:
        view = FeatureView.from_mapping(tomllib.loads(bundle.members["view.toml"].decode()), where="view.toml")
    except (ConfigError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BundleError(f"the bundle's feature view cannot be read: {error}") from error
    if view.fingerprint != bundle.manifest.view_fingerprint:
        raise BundleError(
            f"the bundle's view has the fingerprint {view.fingerprint[:16]}; the network was trained with "
            f"{bundle.manifest.view_fingerprint[:16]}"
        )
    return view
