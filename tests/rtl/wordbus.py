"""The host's side of a module's word bus (see rtl/edge_axil_slave.v): one write and one read at a time."""

from __future__ import annotations

from cocotb.handle import SimHandleBase

from rtl.clocking import cycle

__all__ = ["WordBus"]


class WordBus:
    """Drives the signals that begin with `prefix`; `waited` is how long the last access was held up."""

    def __init__(self, dut: SimHandleBase, prefix: str = "host_") -> None:
        self._dut = dut
        self._prefix = prefix
        self.waited = 0

    def _signal(self, name: str) -> SimHandleBase:
        return getattr(self._dut, self._prefix + name)

    def _has(self, name: str) -> bool:
        return hasattr(self._dut, self._prefix + name)

    def idle(self) -> None:
        """Ask for nothing."""
        for name in ("wr_valid", "rd_valid"):
            if self._has(name):
                self._signal(name).value = 0

    async def write(self, addr: int, data: int, strb: int = 0xF) -> bool:
        """Write a word; return whether the module called it an error."""
        self._signal("wr_addr").value = addr
        self._signal("wr_data").value = data
        if self._has("wr_strb"):
            self._signal("wr_strb").value = strb
        self._signal("wr_valid").value = 1
        await self._accepted("wr_ready")
        failed = self._has("wr_error") and int(self._signal("wr_error").value) == 1
        self._signal("wr_valid").value = 0
        return failed

    async def read(self, addr: int) -> tuple[int, bool]:
        """Read a word; return it, and whether the module called it an error."""
        self._signal("rd_addr").value = addr
        self._signal("rd_valid").value = 1
        await self._accepted("rd_ready")
        self._signal("rd_valid").value = 0
        self._signal("rd_addr").value = 0
        while True:
            await cycle(self._dut)
            if int(self._signal("rd_data_valid").value):
                failed = self._has("rd_error") and int(self._signal("rd_error").value) == 1
                return int(self._signal("rd_data").value), failed

    async def _accepted(self, ready: str) -> None:
        self.waited = 0
        await cycle(self._dut)
        while self._has(ready) and not int(self._signal(ready).value):
            self.waited += 1
            await cycle(self._dut)
