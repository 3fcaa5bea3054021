from __future__ import annotations

import hashlib
import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.catalogue import KnownModel, fetch_model, find_model, known_models, locate, models_named
from edge_runtime.errors import ConfigError, FetchError, ModelError

MLPERF_TINY = ["mlperf_ic_resnet8", "mlperf_kws_dscnn", "mlperf_vww_mobilenet", "mlperf_ad_autoencoder", "mlperf_sww"]
CONTENT = b"the very file"
SECONDS = 5.0


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGE_RUNTIME_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EDGE_RUNTIME_MODELS", raising=False)
    return tmp_path / "cache" / "models"


@pytest.fixture
def model() -> KnownModel:
    return KnownModel(
        name="small",
        task="nothing",
        repository="owner/name",
        commit="0" * 40,
        path="some/where/small.tflite",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        license="Apache-2.0",
        group="test",
    )


class Server(http.server.ThreadingHTTPServer):
    """Serves one answer for one path, and counts how often it was asked."""

    path = f"/owner/name/{'0' * 40}/some/where/small.tflite"
    answer = CONTENT
    asked = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked += 1
        found = self.path == self.server.path
        self.send_response(200 if found else 404)
        self.end_headers()
        if found:
            self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def test_a_model_is_downloaded_once_and_then_found(model: KnownModel, server: Server, cache: Path) -> None:
    path = fetch_model(model, mirror=server.address + "/")
    assert path == cache / "small.tflite"
    assert path.read_bytes() == CONTENT
    assert fetch_model(model, mirror=server.address) == path
    assert server.asked == 1
    assert locate(model) == path
    assert list(cache.iterdir()) == [path]


def test_a_damaged_file_in_the_cache_is_replaced(model: KnownModel, server: Server, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "small.tflite").write_bytes(CONTENT[:-1])
    assert fetch_model(model, mirror=server.address).read_bytes() == CONTENT


@pytest.mark.parametrize("answer", [b"", CONTENT[:-1], CONTENT + b"!", b"<html>" * 10000])
def test_nothing_but_the_very_file_is_kept(model: KnownModel, server: Server, cache: Path, answer: bytes) -> None:
    server.answer = answer
    with pytest.raises(FetchError, match="brought another file than small"):
        fetch_model(model, mirror=server.address)
    assert not cache.exists()


def test_a_file_that_is_not_there(model: KnownModel, server: Server) -> None:
    with pytest.raises(FetchError, match=r"other.tflite: the server answered 404"):
        fetch_model(replace(model, path="other.tflite"), mirror=server.address)


def test_no_network_is_one_clear_error(model: KnownModel) -> None:
    with pytest.raises(FetchError, match=r"cannot be reached .*EDGE_RUNTIME_MODELS") as caught:
        fetch_model(model, mirror="http://127.0.0.1:1")
    assert "\n" not in str(caught.value)


def test_a_server_that_says_nothing_has_a_deadline(model: KnownModel) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(FetchError, match=r"cannot be reached .*timed out"):
            fetch_model(model, mirror=address, deadline_s=0.2)


def test_a_server_that_never_ends_has_a_deadline(model: KnownModel) -> None:
    def drip(listening: socket.socket, stop: threading.Event) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            while not stop.wait(0.02):
                connection.sendall(b"x")

    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening, stop), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            with pytest.raises(FetchError, match=r"took too long|timed out"):
                fetch_model(replace(model, size=10**6), mirror=address, deadline_s=0.3)
        finally:
            stop.set()
            thread.join(SECONDS)


def test_a_mirror_is_a_web_server(model: KnownModel) -> None:
    with pytest.raises(ConfigError, match="should begin with https://"):
        fetch_model(model, mirror="file:///etc")


def test_a_cache_that_cannot_be_written(
    model: KnownModel, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("EDGE_RUNTIME_CACHE", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match=r"cannot be written .*EDGE_RUNTIME_CACHE"):
        fetch_model(model, mirror=server.address)


def test_names_and_groups() -> None:
    assert [model.name for model in models_named(["mlperf-tiny"])] == MLPERF_TINY
    twice = models_named(["mlperf_sww", "mlperf-tiny", "hello_world"])
    assert sorted(model.name for model in twice) == sorted([*MLPERF_TINY, "hello_world"])
    with pytest.raises(ConfigError, match="did you mean 'mlperf_kws_dscnn'"):
        models_named(["mlperf_kws_dscn"])
    with pytest.raises(ConfigError, match="known groups: mlperf-tiny"):
        models_named(["zzz"])


def test_every_known_file_has_its_own_hash_and_place() -> None:
    models = list(known_models().values())
    assert len({model.sha256 for model in models}) == len(models)
    assert len({(model.repository, model.path) for model in models}) == len(models)


@pytest.mark.parametrize("name", sorted(known_models()))
def test_the_hashes_are_those_of_the_real_files(
    name: str, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_RUNTIME_MODELS", str(shared_models))
    path = find_model(name)
    assert path == shared_models / f"{name}.tflite"
    assert path.stat().st_size == known_models()[name].size


def test_a_path_stays_a_path(tmp_path: Path) -> None:
    for path in (tmp_path / "none.tflite", Path("none.tflite"), Path("some/hello_world")):
        assert find_model(path) == path


def test_a_file_goes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hello_world").write_bytes(b"mine")
    assert find_model("hello_world") == Path("hello_world")


def test_a_known_name_whose_file_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="not in the cache; run `edge-runtime models fetch hello_world`"):
        find_model("hello_world")
    monkeypatch.setenv("EDGE_RUNTIME_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="nor in EDGE_RUNTIME_MODELS="):
        find_model("hello_world")


def test_another_file_under_a_known_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_RUNTIME_MODELS", str(tmp_path))
    (tmp_path / "hello_world.tflite").write_bytes(b"something else")
    with pytest.raises(ModelError, match=r"hello_world.tflite: is not hello_world .*SHA-256 should be 505ee4fa"):
        find_model("hello_world")


def test_a_word_that_is_no_name() -> None:
    with pytest.raises(
        ModelError, match="'hello_wrold' is neither a file nor a model's name; did you mean 'hello_world'"
    ):
        find_model("hello_wrold")
