"""edge_uart_executor against a model of the protocol: each request once, in order, and an answer to each."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

import cocotb

from rtl.bridge_protocol import HELLO, READ, RESET, WRITE, Answer
from rtl.clocking import cycle, cycles, parameters, start

OKAY, BUS_ERROR, REPEAT, NOTICE, INVALID, TIMEOUT = range(6)
WORDS = (1 << parameters()["ADDR_WIDTH"]) // 4
FORBIDDEN = range(WORDS - 8, WORDS)
AHEAD = 16


@dataclass
class Request:
    number: int
    command: int
    address: int = 0
    payload: tuple[int, ...] = ()
    count: int | None = None

    @property
    def words(self) -> int:
        return len(self.payload) if self.count is None else self.count


class Around:
    """Everything that surrounds the module: requests in, a memory behind, answers out."""

    def __init__(self, dut) -> None:
        self._dut = dut
        self.requests: deque[Request] = deque()
        self.answers: list[Answer] = []
        self.memory = [0] * WORDS
        self.writes = 0
        self.deaf = False

    async def offer(self) -> None:
        dut = self._dut
        while True:
            dut.request_valid.value = int(bool(self.requests))
            if self.requests:
                first = self.requests[0]
                dut.sequence_number.value, dut.command.value = first.number & 0xFF, first.command
                dut.count.value, dut.address.value, dut.words.value = first.words, first.address, len(first.payload)
            await cycle(dut)
            if int(dut.request_done.value):
                self.requests.popleft()
                dut.request_valid.value = 0
                await cycles(dut, random.randrange(4))

    async def serve(self) -> None:
        """The memory behind; words of FORBIDDEN are errors."""
        dut = self._dut
        while True:
            dut.cmd_ready.value = 1
            await cycle(dut)
            if not int(dut.cmd_valid.value) or self.deaf:
                continue
            dut.cmd_ready.value = 0
            word, write = int(dut.cmd_addr.value), int(dut.cmd_write.value)
            data = self.requests[0].payload[int(dut.word_index.value)] if write else 0
            await cycles(dut, random.randrange(4))
            if write and word not in FORBIDDEN:
                self.memory[word] = data
            self.writes += write
            dut.rsp_valid.value, dut.rsp_error.value = 1, int(word in FORBIDDEN)
            dut.rsp_data.value = self.memory[word]
            await cycle(dut)
            dut.rsp_valid.value = 0

    async def listen(self) -> None:
        dut = self._dut
        content = bytearray()
        held = None
        while True:
            dut.m_axis_tready.value = int(random.random() < 0.4)
            await cycle(dut)
            offered = (
                (int(dut.m_axis_tdata.value), int(dut.m_axis_tlast.value)) if int(dut.m_axis_tvalid.value) else None
            )
            assert held is None or offered == held, "valid holds with its data until ready"
            taken = offered is not None and int(dut.m_axis_tready.value)
            held = None if taken else offered
            if taken:
                content.append(offered[0])
                if offered[1]:
                    self.answers.append(Answer(bytes(content)))
                    content.clear()

    async def ask(self, *requests: Request) -> list[Answer]:
        """Hand requests over and return what is answered until all is quiet."""
        before = len(self.answers)
        self.requests.extend(requests)
        while self.requests:
            await cycle(self._dut)
        await cycles(self._dut, 60)
        return self.answers[before:]


async def begin(dut) -> Around:
    around = Around(dut)
    inputs = ("lost", "request_valid", "sequence_number", "command", "count", "address", "words", "irq")
    await start(dut, **dict.fromkeys(inputs, 0), cmd_ready=0, rsp_valid=0, rsp_error=0, rsp_data=0, m_axis_tready=0)
    for task in (around.offer(), around.serve(), around.listen()):
        cocotb.start_soon(task)
    return around


def words(answer: Answer) -> list[int]:
    return [int.from_bytes(answer.payload[at : at + 4], "little") for at in range(0, len(answer.payload), 4)]


@cocotb.test()
async def hello_says_what_the_bridge_is(dut):
    around = await begin(dut)
    for number in (0, 77, 255):
        (answer,) = await around.ask(Request(number, HELLO))
        assert (answer.number, answer.status, words(answer)) == (number, OKAY, [AHEAD << 24 | 256 << 8 | 1])
        (answer,) = await around.ask(Request(number + 1, READ, 0, count=0))
        assert (answer.number, answer.status, answer.payload) == ((number + 1) & 0xFF, OKAY, b"")


@cocotb.test()
async def reads_and_writes_in_order(dut):
    around = await begin(dut)
    await around.ask(Request(250, HELLO))
    model = [0] * WORDS
    for number in range(251, 300):
        size = random.randint(1, 12)
        first = random.randrange(FORBIDDEN.start - size)
        if random.getrandbits(1):
            payload = tuple(random.getrandbits(32) for _ in range(size))
            model[first : first + size] = payload
            (answer,) = await around.ask(Request(number, WRITE, 4 * first, payload))
            assert answer.payload == b""
        else:
            (answer,) = await around.ask(Request(number, READ, 4 * first, count=size))
            assert words(answer) == model[first : first + size]
        assert (answer.number, answer.status) == (number & 0xFF, OKAY)
    assert around.memory == model


@cocotb.test()
async def an_error_of_any_word_is_an_error_of_the_request(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO))
    edge = 4 * (FORBIDDEN.start - 1)
    write, read, after = await around.ask(
        Request(1, WRITE, edge, (1, 2)), Request(2, READ, edge, count=3), Request(3, READ, edge, count=1)
    )
    assert (write.status, read.status, after.status) == (BUS_ERROR, BUS_ERROR, OKAY)
    assert len(read.payload) == 12


@cocotb.test()
async def a_repeated_write_is_answered_again_and_done_once(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO))
    requests = [
        Request(number, WRITE, 4 * (FORBIDDEN.start if number % 5 == 0 else number), (number,))
        for number in range(1, 1 + AHEAD)
    ]
    first = [answer.status for answer in await around.ask(*requests)]
    assert first == [BUS_ERROR if number % 5 == 0 else OKAY for number in range(1, 1 + AHEAD)]
    done = around.writes
    assert [answer.status for answer in await around.ask(*requests)] == first
    assert around.writes == done


@cocotb.test()
async def a_repeated_read_reads_again(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO), Request(1, WRITE, 8, (5,)), Request(2, READ, 8, count=1))
    around.memory[2] = 6
    (answer,) = await around.ask(Request(2, READ, 8, count=1))
    assert (answer.number, words(answer)) == (2, [6])


@cocotb.test()
async def what_comes_too_early_waits_for_what_is_missing(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO))
    told = await around.ask(*(Request(number, WRITE, 4 * number, (number,)) for number in range(2, 8)))
    assert [(answer.number, answer.status) for answer in told] == [(1, REPEAT)], "told once"
    assert around.writes == 0
    answers = await around.ask(*(Request(number, WRITE, 4 * number, (number,)) for number in range(1, 8)))
    assert [(answer.number, answer.status) for answer in answers] == [(number, OKAY) for number in range(1, 8)]
    told = await around.ask(Request(9, WRITE, 0, (1,)))
    assert [(answer.number, answer.status) for answer in told] == [(8, REPEAT)], "and anew after progress"


@cocotb.test()
async def a_loss_is_told(dut):
    around = await begin(dut)
    await around.ask(Request(40, HELLO))
    for _ in range(2):
        dut.lost.value = 1
        await cycle(dut)
        dut.lost.value = 0
        (answer,) = await around.ask()
        assert (answer.number, answer.status) == (41, REPEAT)


@cocotb.test()
async def a_loss_before_what_comes_too_early_is_told_once(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO))
    around.requests.extend(Request(number, WRITE, 0, (1,)) for number in (2, 3))
    dut.lost.value = 1
    await cycle(dut)
    dut.lost.value = 0
    told = await around.ask()
    assert [(answer.number, answer.status) for answer in told] == [(1, REPEAT)]


@cocotb.test()
async def a_loss_while_a_request_is_carried_out_is_told_after_it(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO))
    around.requests.append(Request(1, READ, 0, count=20))
    await cycles(dut, 30)
    dut.lost.value = 1
    await cycle(dut)
    dut.lost.value = 0
    while around.requests:
        await cycle(dut)
    await cycles(dut, 60)
    assert [(a.number, a.status) for a in around.answers[1:]] == [(1, OKAY), (2, REPEAT)]


@cocotb.test()
async def what_the_protocol_does_not_have_is_invalid(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO))
    wrong = [
        Request(1, 0),
        Request(2, 9),
        Request(3, WRITE, 0, (1, 2), count=1),
        Request(4, WRITE, 0),
        Request(5, READ, 0, count=257),
        Request(6, READ, 0, (1,), count=1),
        Request(7, READ, 2, count=1),
        Request(8, READ, 4 * WORDS, count=1),
        Request(9, RESET, 0, (1,)),
    ]
    answers = await around.ask(*wrong)
    assert [(a.number, a.status, a.payload) for a in answers] == [(r.number, INVALID, b"") for r in wrong]
    assert around.writes == 0


@cocotb.test()
async def an_interrupt_is_told_once_when_it_rises(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO))
    for _ in range(2):
        dut.irq.value = 1
        (answer,) = await around.ask()
        assert (answer.number, answer.status, answer.irq) == (1, NOTICE, 1)
        assert await around.ask() == []
        dut.irq.value = 0
        await cycles(dut, 4)


@cocotb.test()
async def an_interrupt_that_an_answer_tells_needs_no_notice(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO))
    around.requests.append(Request(1, READ, 0, count=8))
    await cycles(dut, 30)
    dut.irq.value = 1
    answers = [answer for answer in await around.ask() if answer.number == 1]
    assert [(answer.status, answer.irq) for answer in answers] == [(OKAY, 1)]
    assert await around.ask() == []


@cocotb.test()
async def an_interrupt_that_falls_before_it_is_told_is_not_told(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO))
    around.requests.append(Request(1, READ, 0, count=8))
    await cycles(dut, 20)
    dut.irq.value = 1
    await cycle(dut)
    dut.irq.value = 0
    answers = await around.ask()
    assert [(answer.number, answer.status, answer.irq) for answer in answers] == [(1, OKAY, 0)]


@cocotb.test()
async def a_reset_is_carried_out_once(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO))
    pulses = 0
    for expected in (1, 1):
        task = cocotb.start_soon(around.ask(Request(1, RESET)))
        before = 0
        while not task.done():
            await cycle(dut)
            pulses += int(dut.overlay_reset.value) and not before
            before = int(dut.overlay_reset.value)
        assert pulses == expected
        (answer,) = task.result()
        assert (answer.number, answer.status) == (1, OKAY)
    (answer,) = await around.ask(Request(2, READ, 0, count=1))
    assert answer.status == OKAY


@cocotb.test()
async def a_slave_that_does_not_answer_is_reset_and_told(dut):
    around = await begin(dut)
    await around.ask(Request(0, HELLO))
    around.deaf = True
    for number, (command, payload, count) in enumerate([(WRITE, (1, 2), None), (READ, (), 4)], 1):
        task = cocotb.start_soon(around.ask(Request(number, command, 16, payload, count)))
        reset = False
        while not task.done():
            await cycle(dut)
            reset = reset or bool(int(dut.overlay_reset.value))
        (answer,) = task.result()
        assert (answer.number, answer.status) == (number, TIMEOUT)
        assert reset
    around.deaf = False
    write, read = await around.ask(Request(3, WRITE, 16, (9,)), Request(4, READ, 16, count=1))
    assert (write.status, read.status, words(read)) == (OKAY, OKAY, [9])
