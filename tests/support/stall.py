"""A TCP proxy that can stall and cut its connections."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from typing import Any

__all__ = ["StallingProxy"]


class StallingProxy:
    """Passes bytes on to a port of the loopback interface, until it stalls or cuts; used as a context manager."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._flowing = threading.Event()
        self._flowing.set()
        self._ended = False
        self._sockets: set[socket.socket] = set()
        self._near: set[socket.socket] = set()
        self._losing: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def stall(self) -> None:
        """Pass nothing on, and keep all connections open."""
        self._flowing.clear()

    def lose_answers(self) -> None:
        """Let what the near end sends go astray, until the connections are cut."""
        self._losing = set(self._near)

    def resume(self) -> None:
        """Pass everything on again."""
        self._flowing.set()

    def cut(self) -> None:
        """Break all connections, without a word."""
        for end in list(self._sockets):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._ended:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError):
                far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
                self._sockets |= {near, far}
                self._near.add(near)
                threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()
                continue
            near.close()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with selectors.DefaultSelector() as ready, suppress(OSError):
            for end in other:
                ready.register(end, selectors.EVENT_READ)
            while not self._ended:
                for key, _ in ready.select(timeout=0.1):
                    self._flowing.wait()
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not data:
                        raise OSError
                    if key.fileobj in self._losing:
                        continue
                    other[key.fileobj].sendall(data)  # type: ignore[index]
        for end in other:
            self._sockets.discard(end)
            self._near.discard(end)
            end.close()

    def __enter__(self) -> StallingProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._ended = True
        self.resume()
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
