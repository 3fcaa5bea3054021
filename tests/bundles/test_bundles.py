"""What is in a bundle, and what is refused: tampered, truncated, unsigned, for another board, or a bomb."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.boards import load_board
from edge_runtime.bundles import (
    Requirements,
    check_fit,
    load_private_key,
    load_public_key,
    make_keys,
    read_bundle,
    view_of,
    write_bundle,
)
from edge_runtime.errors import BundleError, ConfigError
from support import daemon
from support.networks import dense_network

pytest.importorskip("cryptography")

VIEW = b"""
name = "v"
channels = ["x", "y"]
window = "2 s"
hop = "1 s"
kernels = ["mean", "std", "min", "max"]
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = tmp_path_factory.mktemp("keys")
    make_keys(folder / "a.key", folder / "a.pub")
    return load_private_key(folder / "a.key"), load_public_key(folder / "a.pub")


def members(**changed: bytes) -> dict[str, bytes]:
    network = dense_network([8, 16, 2], seed=4)
    return {"network.tflite": network, "view.toml": VIEW, "LICENSE": b"Apache-2.0", **changed}


def make(key: Any, parts: dict[str, bytes] | None = None, **about: Any) -> bytes:
    settings = {"name": "press", "version": 3, "view_fingerprint": daemon.VIEW.fingerprint, "classes": ("calm", "wild")}
    return write_bundle(parts or members(), key, **{**settings, **about})


def rewritten(content: bytes, change: Callable[[dict[str, bytes]], Any]) -> bytes:
    """Change a bundle's members as somebody without the key could."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return written.getvalue()


def device(**changed: Any) -> Requirements:
    board = load_board("laptop_sim")
    return Requirements(**{"board": board.name, "overlay": board.overlay, "channels": ("x", "y"), **changed})


def test_what_goes_in_comes_out_and_fits(keys: tuple[Any, Any]) -> None:
    content = make(keys[0], boards=("laptop_sim",))
    bundle = read_bundle(content, [keys[1]])
    assert bundle.members == members()
    assert (bundle.manifest.name, bundle.manifest.version) == ("press", 3)
    assert view_of(bundle) == daemon.VIEW
    check_fit(bundle, device())
    assert make(keys[0], boards=("laptop_sim",)) == content, "the same parts give the same bytes"


def test_every_changed_byte_is_noticed(keys: tuple[Any, Any]) -> None:
    content = make(keys[0])
    wanted = read_bundle(content, [keys[1]]).members
    for at in range(0, len(content), 23):
        changed = content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :]
        try:
            got = read_bundle(changed, [keys[1]])
        except BundleError:
            continue
        # Some bytes of an archive mean nothing, like a date; what comes out is never other than what was signed.
        assert got.members == wanted


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_bundle_is_refused(keys: tuple[Any, Any], share: float) -> None:
    content = make(keys[0])
    with pytest.raises(BundleError, match="damaged"):
        read_bundle(content[: int(len(content) * share)], [keys[1]])


def test_tampering_is_refused_with_a_reason(keys: tuple[Any, Any]) -> None:
    content = make(keys[0])

    def refused(change: Callable[[dict[str, bytes]], Any]) -> str:
        with pytest.raises(BundleError) as caught:
            read_bundle(rewritten(content, change), [keys[1]])
        return str(caught.value)

    def other_version(files: dict[str, bytes]) -> None:
        files["manifest.json"] = json.dumps({**json.loads(files["manifest.json"]), "version": 4}).encode()

    assert "is not signed; sign it" in refused(lambda files: files.pop("signature"))
    assert "has no manifest.json" in refused(lambda files: files.pop("manifest.json"))
    assert "not signed by anybody whom this device trusts" in refused(other_version)
    assert "not signed by anybody" in refused(lambda files: files.update(signature=b"x" * 64))
    assert "network.tflite is not what" in refused(
        lambda f: f.update({"network.tflite": f["network.tflite"][:-1] + b"x"})
    )
    assert "in the bundle but not in its manifest" in refused(lambda files: files.update({"head.npz": b"x"}))
    assert "no place there: '../../etc/passwd'" in refused(lambda files: files.update({"../../etc/passwd": b"x"}))
    assert "in the bundle but not in its manifest, or" in refused(lambda files: files.pop("LICENSE"))


def test_another_key_is_refused(keys: tuple[Any, Any], tmp_path: Path) -> None:
    make_keys(tmp_path / "b.key", tmp_path / "b.pub")
    with pytest.raises(BundleError, match="not signed by anybody"):
        read_bundle(make(load_private_key(tmp_path / "b.key")), [keys[1]])
    both = [keys[1], load_public_key(tmp_path / "b.pub")]
    assert read_bundle(make(load_private_key(tmp_path / "b.key")), both).manifest.version == 3


def test_a_bomb_is_refused_before_it_is_unpacked(keys: tuple[Any, Any]) -> None:
    bomb = rewritten(make(keys[0]), lambda files: files.update({"network.tflite": bytes(200 * 2**20)}))
    assert len(bomb) < 2**20
    with pytest.raises(BundleError, match=r"network\.tflite is larger than the [\d,]+ bytes"):
        read_bundle(bomb, [keys[1]])
    manifest = rewritten(make(keys[0]), lambda files: files.update({"manifest.json": b" " * 2**24}))
    with pytest.raises(BundleError, match=r"manifest\.json is larger"):
        read_bundle(manifest, [keys[1]])


def test_what_does_not_fit_the_device_is_refused(keys: tuple[Any, Any]) -> None:
    def refused(bundle: bytes, **about: Any) -> str:
        with pytest.raises(BundleError) as caught:
            check_fit(read_bundle(bundle, [keys[1]]), device(**about))
        return str(caught.value)

    assert "is for pynq_z2; this board is laptop_sim" in refused(make(keys[0], boards=("pynq_z2",)))
    assert "was tried on the overlay 0123" in refused(make(keys[0], parameters="0123"))
    assert "names 3 classes; its network has 2" in refused(make(keys[0], classes=("a", "b", "c")))
    assert "needs the channel 'y'; the source has x" in refused(make(keys[0]), channels=("x",))
    assert "does not fit this board" in refused(make(keys[0], members(**{"network.tflite": b"no network"})))
    assert "the network was trained with 0123" in refused(make(keys[0], view_fingerprint="0123"))


def test_bundles_that_cannot_be_made_are_told(keys: tuple[Any, Any]) -> None:
    with pytest.raises(BundleError, match="LICENSE is missing"):
        make(keys[0], {"network.tflite": b"x", "view.toml": b"x"})
    with pytest.raises(BundleError, match=r"virus\.exe has no place"):
        make(keys[0], members(**{"virus.exe": b"x"}))


def test_keys_are_never_written_over(tmp_path: Path) -> None:
    make_keys(tmp_path / "a.key", tmp_path / "a.pub")
    assert (tmp_path / "a.key").stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError, match="never written over"):
        make_keys(tmp_path / "a.key", tmp_path / "other.pub")
    with pytest.raises(ConfigError, match="not a private key in PEM"):
        load_private_key(tmp_path / "a.pub")
