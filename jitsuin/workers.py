"""Worker processes: they prepare, embed, verify and write, while one process, the parent, owns the key.

A worker has one file in hand at a time. What only the parent may do it asks for through its pipe, and waits: a
signature, and leave to put an output in its place. Signatures are served by the order of the folder. A worker that dies
takes its one file with it, and another is started.
"""

from __future__ import annotations

import gc
import math
import os
import pickle
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Protocol, Self

from .errors import NotAttemptedError, UnsentError, WorkerDiedError

_AHEAD: Final = 4
"""Files in hand beyond the busy processes: a key that is slow must find the next one ready."""
_PATIENCE: Final = 1.0
"""Seconds that a signature is kept back for that of a file before it: a very large one is then overtaken."""
_GARBAGE: Final = 20_000
"""Objects that a worker makes, for one document or two, before it looks for garbage. Python's 700 cost 5 %."""
_SLOW_KEY: Final = 0.02
"""Seconds a signature takes from which on the parent, which hands out no work meanwhile, counts as slow."""


class Desk(Protocol):
    """What a worker does with one task. Made once in each process; never raises."""

    def work(self, task: Any, parent: Parent) -> object: ...


class Clerk(Protocol):
    """What the parent answers."""

    @property
    def stopped(self) -> bool:
        """Nothing is handed out or signed any more; what is signed is still written."""

    def place(self, requests: Sequence[tuple[int, str]]) -> bool:
        """Whether these outputs (number of the task, SHA-256) may be put in their places."""

    def sign(self, number: int, to_be_signed: bytes, scheme: str) -> bytes | None:
        """The signature value, or None to give the file up."""


# The worker's end


class Parent:
    """The parent, as a worker sees it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def sign(self, to_be_signed: bytes, scheme: str) -> bytes:
        """Raises NotAttemptedError where the parent gives up."""
        value = self._ask("sign", to_be_signed, scheme)
        if value is None:
            raise NotAttemptedError
        return value  # type: ignore[no-any-return]

    def place(self, sha256: str) -> None:
        """Raises NotAttemptedError where the output is not to be put in its place."""
        if not self._ask("place", sha256):
            raise NotAttemptedError

    def _ask(self, *question: object) -> Any:
        try:
            _send(self._pipe, question)
            return self._pipe.recv()
        except (EOFError, OSError):
            # Without a parent there is no journal. The caller cleans up, and the next read ends this process.
            raise NotAttemptedError from None


def _serve(pipe: Connection, desk: Desk) -> None:
    parent = Parent(pipe)
    with suppress(EOFError, OSError):
        while True:
            result = desk.work(pipe.recv(), parent)
            try:
                _send(pipe, ("done", result))
            except (EOFError, OSError):
                raise
            except Exception:  # noqa: BLE001 - what cannot be pickled raises anything
                _send(pipe, ("done", UnsentError(kind=type(result).__name__)))


def _keep_to_the_parent() -> None:
    """Ctrl-C and the like are for the parent, which tells us; a question at the terminal is, too."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    with suppress(OSError):
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)


def _send(pipe: Connection, message: object) -> None:
    """As `pipe.send`, without the buffer that it leaves to the garbage collector, with noise, where writing fails."""
    pipe.send_bytes(pickle.dumps(message))


def _readable(ends: Sequence[Connection | int], seconds: float | None) -> Sequence[object]:
    """Those from which something can be read, at the latest after so many seconds."""
    if not hasattr(select, "poll"):
        return wait(ends, seconds)
    poll = select.poll()  # `wait` does the same in four times the time, which is paid several times for every file
    of = {end if isinstance(end, int) else end.fileno(): end for end in ends}
    for descriptor in of:
        poll.register(descriptor, select.POLLIN)
    return [of[descriptor] for descriptor, _ in poll.poll(None if seconds is None else math.ceil(seconds * 1000))]


# Where workers come from


class _Nursery:
    """A process that was forked before there was a key, loads what all workers need, and forks them.

    So a worker starts in milliseconds, shares most of its memory, and holds nothing of the key or the terminal.
    """

    def __init__(self, make_desk: Callable[[], Desk]) -> None:
        ours, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                ours.close()
                self._nurse(theirs, make_desk)
            finally:
                os._exit(0)
        theirs.close()
        self._control = ours

    def worker(self) -> Connection:
        """Raises WorkerDiedError where the nursery itself is gone."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"w"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise WorkerDiedError(reason="nursery") from None
        return Connection(ours.detach())

    def kill(self) -> None:
        """End all workers at once."""
        with suppress(OSError):
            self._control.send(b"k")

    def close(self) -> None:
        self._control.close()
        os.waitpid(self._pid, 0)

    @staticmethod
    def _nurse(control: socket.socket, make_desk: Callable[[], Desk]) -> None:
        _keep_to_the_parent()
        desk = make_desk()
        gc.freeze()  # what is there stays there: looking through it would copy it in every worker
        gc.set_threshold(_GARBAGE, 10, 10)
        children: set[int] = set()
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
            if not message:
                break
            if message == b"k":
                for one in children:
                    os.kill(one, signal.SIGKILL)
                continue
            child = os.fork()
            if child == 0:
                try:
                    control.close()
                    _serve(Connection(descriptors[0]), desk)
                finally:
                    os._exit(0)
            os.close(descriptors[0])
            children = {one for one in children | {child} if os.waitpid(one, os.WNOHANG)[0] == 0}
        for one in children:
            os.waitpid(one, 0)


class _Spawned:
    """Where a process cannot simply be forked: each worker is a new Python. `make_desk` is then pickled."""

    def __init__(self, make_desk: Callable[[], Desk]) -> None:
        import multiprocessing

        self._context = multiprocessing.get_context("spawn")
        self._make_desk = make_desk
        self._processes: list[Any] = []

    def worker(self) -> Connection:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_spawned, args=(theirs, self._make_desk), daemon=True)
        process.start()
        theirs.close()
        self._processes.append(process)
        return ours  # on Windows a PipeConnection, which does the same

    def kill(self) -> None:
        for process in self._processes:
            process.kill()

    def close(self) -> None:
        for process in self._processes:
            process.join()


def _spawned(pipe: Connection, make_desk: Callable[[], Desk]) -> None:
    _keep_to_the_parent()
    _serve(pipe, make_desk())


# The parent's end


@dataclass(eq=False)
class _Worker:
    pipe: Connection
    number: int | None = None
    """Of the task in hand."""
    to_sign: tuple[bytes, str] | None = None
    """What it waits for a signature of."""
    asked: bool = False
    """It has asked for a signature of the file in hand."""
    lost: bool = False
    """It cannot be spoken to any more."""

    @property
    def gone(self) -> bool:
        """Of one that has nothing in hand, and so nothing to say but that its end of the pipe is closed."""
        try:
            return self.pipe.poll()
        except OSError:  # as Windows tells it
            return True

    def tell(self, message: object) -> None:
        """An answer or a task. Whom it does not reach has died, or dies once the pipe is closed."""
        try:
            _send(self.pipe, message)
        except OSError:
            self.lost = True


class Pool:
    """Workers for one batch. To be made before a key is opened, and closed after."""

    def __init__(self, make_desk: Callable[[], Desk]) -> None:
        # Forking copies locks that other threads may hold; on macOS it breaks system libraries.
        forkable = sys.platform == "linux" and threading.active_count() == 1
        self._nursery = _Nursery(make_desk) if forkable else _Spawned(make_desk)
        self._workers: list[_Worker] = []
        self._key_seconds = 0.0
        self._kept_back: float | None = None
        """Since when the key waits for a file before those that have asked."""

    def run(
        self, tasks: Iterable[object], jobs: int, clerk: Clerk, begun: Callable[[int], None], wake: int | None = None
    ) -> Iterator[tuple[int, object]]:
        """The number and result of each task that was handed out, as they come; a WorkerDiedError is one, too.

        Raises WorkerDiedError where no more workers can be had.
        `wake` is a descriptor that becomes readable when the clerk may have stopped.
        """
        queue = enumerate(tasks)
        while True:
            self._hand_out(queue, jobs, clerk, begun)
            busy = [worker for worker in self._workers if worker.number is not None]
            if not busy:
                return
            if lost := [worker for worker in busy if worker.lost]:
                for worker in lost:
                    self._bury(worker)
                    yield worker.number or 0, WorkerDiedError()
                continue
            listening = {worker.pipe: worker for worker in busy if worker.to_sign is None}
            others = [] if wake is None or clerk.stopped else [wake]
            ready = _readable([*listening, *others], self._pause(clerk))
            to_place: list[tuple[_Worker, str]] = []
            for worker in [listening[one] for one in ready if one in listening]:
                number = worker.number
                match self._heard(worker):
                    case ("sign", to_be_signed, scheme):
                        worker.to_sign, worker.asked = (to_be_signed, scheme), True
                    case ("place", sha256):
                        to_place.append((worker, sha256))
                    case ("done", result):
                        assert number is not None  # noqa: S101 - a busy worker has a number
                        yield number, result
            self._hand_out(queue, jobs, clerk, begun)  # before what takes its time
            self._place(to_place, clerk)  # before the key, which may be waited for as long as a person is away
            self._serve_key(clerk)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def kill(self) -> None:
        """End all workers at once, whatever they have in hand."""
        self._nursery.kill()

    def close(self) -> None:
        """Let the workers go, which finish what they have in hand, and wait for them."""
        for worker in self._workers:
            worker.pipe.close()
        self._workers.clear()
        self._nursery.close()

    def _place(self, requests: Sequence[tuple[_Worker, str]], clerk: Clerk) -> None:
        alive = [(worker, sha256) for worker, sha256 in requests if worker in self._workers]
        if alive:
            granted = clerk.place([(worker.number or 0, sha256) for worker, sha256 in alive])
            for worker, _ in alive:
                worker.tell(granted)

    def _hand_out(
        self, queue: Iterator[tuple[int, object]], jobs: int, clerk: Clerk, begun: Callable[[int], None]
    ) -> None:
        while not clerk.stopped:
            busy = [worker for worker in self._workers if worker.number is not None]
            computing = sum(worker.to_sign is None for worker in busy)
            at_once = jobs + _AHEAD if self._key_seconds > _SLOW_KEY else jobs
            if computing >= at_once or len(busy) >= jobs + _AHEAD:
                return
            number, task = next(queue, (None, None))
            if number is None:
                return
            begun(number)
            worker = self._free()
            worker.number, worker.asked = number, False
            worker.tell(task)

    def _free(self) -> _Worker:
        """One with nothing in hand. Who has died while it waited is let go, and takes no file with it."""
        for worker in [one for one in self._workers if one.number is None]:
            if not worker.gone:
                return worker
            self._bury(worker)
        return self._new()

    def _new(self) -> _Worker:
        worker = _Worker(self._nursery.worker())
        self._workers.append(worker)
        return worker

    def _heard(self, worker: _Worker) -> Any:
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            self._bury(worker)
            return "done", WorkerDiedError()
        except Exception as error:  # noqa: BLE001 - somebody's adapter gave what cannot be unpickled
            message = "done", UnsentError(kind=type(error).__name__)
        if message[0] == "done":
            worker.number = None
        return message

    def _bury(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.pipe.close()

    def _pause(self, clerk: Clerk) -> float | None:
        """How long to listen before the key is to be served: None until something comes."""
        waiting = [worker.number or 0 for worker in self._workers if worker.to_sign is not None]
        if not waiting:
            self._kept_back = None
            return None
        first = min(waiting)
        earlier = any(w.number is not None and w.number < first and not w.asked for w in self._workers)
        if clerk.stopped or not earlier:
            self._kept_back = None
            return 0
        self._kept_back = self._kept_back or time.monotonic()
        return max(0, self._kept_back + _PATIENCE - time.monotonic())

    def _serve_key(self, clerk: Clerk) -> None:
        """One signature, for the first file in the order of the folder; none for all of them where we have stopped."""
        if self._pause(clerk) != 0:
            return
        waiting = [worker for worker in self._workers if worker.to_sign is not None]
        waiting.sort(key=lambda worker: worker.number or 0)
        for worker in waiting if clerk.stopped else waiting[:1]:
            if worker.to_sign is None or worker.number is None:
                continue
            begun = time.monotonic()
            value = None if clerk.stopped else clerk.sign(worker.number, *worker.to_sign)
            self._key_seconds = time.monotonic() - begun
            worker.to_sign = None
            worker.tell(value)
