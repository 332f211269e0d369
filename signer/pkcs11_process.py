"""A process of its own for a PKCS#11 module, and the pipe to it: both ends, so that the protocol is on one page.

A module is somebody else's code in our memory. It may hang, crash, print, or be called by two threads and corrupt both.
Here it can do that without us: every call has a deadline, what crashes is a child whose end is told, and a child serves
one request after another. It lives as long as the key is held. The end of its standard input, for whatever reason, is
its sign to log out and to cut the card's power, so that also a parent that was killed leaves the card closed.

A frame is two lengths of four bytes, a JSON object and an attachment: the PIN, bytes to sign or a signature value.
Requests name a method of `pkcs11.Module` (`do`) with its arguments; answers hold what it returned, or `error`.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from enum import Enum
from functools import lru_cache
from importlib import import_module
from typing import Any, BinaryIO, Final

from .errors import Pkcs11CallError, Pkcs11LibraryMissingError, Pkcs11ModuleError, TransportError

_LENGTHS: Final = struct.Struct(">II")
_WATCH_SECONDS: Final = 0.2
"""How often the watchdog looks, and so how late it may be."""
_END_SECONDS: Final = 10.0
"""How long the child may take to log out and to cut the card's power."""
POWER_SECONDS: Final = 5.0
"""How long other programs may hold the card before it counts as left open."""
_LEFT_OPEN: Final = 75
"""The child's exit status for that (EX_TEMPFAIL)."""
_PRINTS_PINS: Final = ("OPENSC_DEBUG",)
"""Variables by which modules log what they are given."""

_FUNCTIONS: Final = {
    "tokens": "C_GetSlotList",
    "flags": "C_GetTokenInfo",
    "objects": "C_FindObjects",
    "login": "C_Login",
    "sign": "C_Sign",
}
"""What a request mainly is to the module, for errors to say."""


class End(Enum):
    """How the child left the card that it may have opened."""

    CLOSED = "closed"
    LEFT_OPEN = "left-open"
    """Others held the card, so that its power could not be cut."""
    DIED = "died"
    """It did not get that far."""


class ModuleProcess:
    """The parent's end: the module, as one object that answers, fails with a typed error, or is gone."""

    def __init__(self, module: str, seconds: float, lock: int | None = None) -> None:
        """Load the module. `lock` is the descriptor of a lock that the child shall hold, too.

        Raises Pkcs11LibraryMissingError, or Pkcs11ModuleError (`not-loadable`, `crashed`, `timeout`).
        """
        self.module = module
        self._seconds = seconds
        self._turn = threading.Lock()
        self._deadline: float | None = None
        self._late = False
        self._over: Exception | None = None
        self._process = _start(lock)
        self._answers: Any = self._process.stdout
        threading.Thread(target=self._watch, name="pkcs11-watchdog", daemon=True).start()
        try:
            self.library = self.ask("load", path=module)[0]
        except BaseException:
            self.close()
            raise

    def ask(
        self, do: str, attachment: bytes | bytearray = b"", **arguments: object
    ) -> tuple[dict[str, Any], bytearray]:
        """What a method returned: its facts, and bytes. Raises Pkcs11CallError with the name of the CKR_ value.

        Raises Pkcs11ModuleError (`crashed`, `timeout`) when the child is gone, then and ever after.
        """
        with self._turn:
            if self._over is not None:
                raise self._over
            # Stands if what follows is interrupted: the answer would be taken for that of the next request.
            self._over = TransportError(token=self.module, reason="closed")
            self._deadline = time.monotonic() + self._seconds
            try:
                _send(self._process.stdin, _request(do, *arguments.items()), attachment)
                answer, value = _receive(self._answers)
            except (EOFError, OSError):
                self._over = self._death()
                raise self._over from None
            finally:
                self._deadline = None
            self._over = None
        if (error := answer.get("error")) is not None:
            raise self._explained(do, error, answer.get("detail"))
        return answer, value

    def close(self) -> End:
        """End the child, if that has not been done, and wait for it.

        Ctrl-C does not stop it while there is time, and is raised afterwards.
        """
        self._over = TransportError(token=self.module, reason="closed")
        self._deadline = time.monotonic() + _END_SECONDS
        interruption: BaseException | None = None
        while True:
            try:
                with suppress(OSError):
                    self._process.stdin.close()  # type: ignore[union-attr]
                with suppress(OSError, ValueError):  # ValueError: closed before
                    while self._answers.read(65536):
                        pass  # an answer that nobody waits for any more
                self._process.wait()
                break
            except (KeyboardInterrupt, SystemExit) as error:
                interruption = error
        self._deadline = None
        self._answers.close()
        if interruption is not None:
            raise interruption
        return {0: End.CLOSED, _LEFT_OPEN: End.LEFT_OPEN}.get(self._process.returncode, End.DIED)

    def _watch(self) -> None:
        while self._process.poll() is None:
            if self._deadline is not None and time.monotonic() > self._deadline:
                self._late = True
                self._process.kill()
                return
            time.sleep(_WATCH_SECONDS)

    def _death(self) -> Pkcs11ModuleError:
        status = self._process.wait()
        if self._late:
            return Pkcs11ModuleError(module=self.module, reason="timeout", seconds=self._seconds)
        return Pkcs11ModuleError(module=self.module, reason="crashed", exit=status)

    def _explained(self, do: str, error: str, detail: str | None) -> Exception:
        if error == "ImportError":
            return Pkcs11LibraryMissingError(detail=detail)
        if do == "load":
            return Pkcs11ModuleError(module=self.module, reason="not-loadable", detail=detail or error)
        return Pkcs11CallError(token=self.module, function=_FUNCTIONS[do], rv=error)


def _start(lock: int | None) -> subprocess.Popen[bytes]:
    """The child. Ctrl-C in a terminal is for us: the child goes on until we have told it to stop.

    What the module prints goes nowhere, since some print what they are given, PINs included.
    """
    command = [sys.executable, "-P", "-m", __name__]  # -P: the folder we happen to be in is no place for modules
    environment = {name: value for name, value in os.environ.items() if name not in _PRINTS_PINS}
    apart: dict[str, Any] = {"start_new_session": True, "pass_fds": () if lock is None else (lock,)}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return subprocess.Popen(  # noqa: S603 - this Python and this module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, **apart
    )


def _send(pipe: Any, text: bytes, attachment: bytes | bytearray) -> None:
    """One write for everything, into a buffer that is wiped, as the attachment may be a PIN."""
    frame = bytearray(_LENGTHS.pack(len(text), len(attachment)))
    frame += text
    frame += attachment
    try:
        written = os.write(pipe.fileno(), frame)
        while written < len(frame):
            with memoryview(frame) as view:
                written += os.write(pipe.fileno(), view[written:])
    finally:
        frame[:] = bytes(len(frame))


@lru_cache(maxsize=16)
def _request(do: str, *arguments: tuple[str, object]) -> bytes:
    """As JSON. Kept, as thousands of signatures are asked for by the same few words."""
    return json.dumps({"do": do, **dict(arguments)}).encode()


_facts = lru_cache(maxsize=16)(json.loads)
"""What such words say, at the other end: not to be changed by who gets it."""
_NO_FACTS: Final = b"{}"


def _receive(pipe: BinaryIO) -> tuple[dict[str, Any], bytearray]:
    """Raises EOFError where the other end is gone."""
    length, more = _LENGTHS.unpack(_exactly(pipe, _LENGTHS.size))
    text = bytes(_exactly(pipe, length))
    return _facts(text), _exactly(pipe, more)


def _exactly(pipe: BinaryIO, length: int) -> bytearray:
    data = bytearray(length)
    if length and pipe.readinto(data) != length:  # type: ignore[attr-defined]
        raise EOFError
    return data


# The child's end


def serve() -> int:
    """Answer requests until there are no more, then leave the card. The exit status says whether it is closed."""
    requests, answers = _own_pipes()
    _leave_no_core()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    module: Any = None
    try:
        while True:
            facts, attachment = _receive(requests)
            try:
                if facts["do"] == "load":
                    module = import_module(".pkcs11", __package__).Module(facts["path"])
                    answer = module.library()
                else:
                    answer = _answer(module, facts, attachment)
            except Exception as error:  # noqa: BLE001 - told to the parent, which knows what it means
                answer = _refusal(error)
            finally:
                attachment[:] = bytes(len(attachment))
            if isinstance(answer, bytes):
                _send(answers, _NO_FACTS, answer)
            else:
                _send(answers, json.dumps(answer).encode(), b"")
    except (EOFError, OSError):
        return _leave(module)


def _answer(module: Any, facts: dict[str, Any], attachment: bytearray) -> Any:
    arguments = {name: value for name, value in facts.items() if name != "do"}
    if attachment:
        arguments["attachment"] = attachment
    return getattr(module, facts["do"])(**arguments)


def _refusal(error: Exception) -> dict[str, str]:
    """The error's name. Its text only where no secret can be in it: about loading."""
    if isinstance(error, ImportError):
        return {"error": "ImportError", "detail": str(error)}
    detail = str(error) if type(error).__name__ == "PKCS11Error" else ""
    return {"error": type(error).__name__, "detail": detail}


def _leave(module: Any) -> int:
    if module is None:
        return 0
    module.close()
    if module.card_to_power_off is None:
        return 0
    from .pcsc import power_off_described

    return 0 if power_off_described(module.card_to_power_off, POWER_SECONDS) else _LEFT_OPEN


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Our ends of the pipes under numbers that no module prints to."""
    requests, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    os.close(null)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb", buffering=0)


def _leave_no_core() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(serve())
