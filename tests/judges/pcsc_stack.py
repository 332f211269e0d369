"""A pcscd of our own with four virtual slots, and simulated cards to put into them: real PC/SC without hardware."""

from __future__ import annotations

import json
import os
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from programs import JudgeMissingError, require

PCSCD = "/usr/sbin/pcscd"  # not on everybody's PATH
DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
READERS = ("Virtual PCD", "Second Reader")
SLOTS = 2 * len(READERS)
TIMEOUT = 20
ATTEMPTS = 5
PORTS = range(16000, 32000)
"""Below those that the system gives to outgoing connections."""

# In a mount namespace: its own /run/pcscd, and no driver that would take hold of this machine's readers.
_START = """
mkdir -p /run/pcscd 2>/dev/null || { mount -t tmpfs tmpfs /run && mkdir /run/pcscd; } || exit
mount --bind "$0/none" /usr/lib/pcsc/drivers && mount --bind "$0/ipc" /run/pcscd || exit
exec setpriv --pdeathsig TERM "$1" --foreground --config "$0/config"
"""


class Inserted:
    """A simulated card in a slot: a process of `jitsuin simulator serve`."""

    def __init__(self, folder: Path, process: subprocess.Popen[str], stack: PcscStack, reader: str) -> None:
        self.folder = folder
        self.process = process
        self.reader = reader
        self._stack = stack
        self._out = False

    def take_out(self) -> None:
        """Withdraw the card and wait until pcscd has noticed. Raises RuntimeError if `serve` did not end well."""
        if self._out:
            return
        self._out = True
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            printed, complaints = self.process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        if self.process.returncode not in (0, 128 + signal.SIGTERM):  # 0: a fault took it out for good
            raise RuntimeError(f"simulator serve ended with {self.process.returncode}:\n{printed}{complaints}")
        self._stack.wait(self.reader, present=False)


class PcscStack:
    """A private pcscd, from construction to `close`. Raises JudgeMissingError where it cannot be had.

    With `link` it is to be found there, by processes that have looked before it ran.
    """

    def __init__(self, link: Path | None = None) -> None:
        for command, package in {PCSCD: "pcscd", "unshare": "util-linux", DRIVER: "vsmartcard-vpcd"}.items():
            require(command, package)
        if find_spec("smartcard") is None:
            raise JudgeMissingError("pyscard is not installed; python3 -m pip install 'jitsuin[card]'")
        self._unshare = _unshare()
        self._link = link
        self._ending = ExitStack()
        try:
            self._start()
            if link is not None:
                link.symlink_to(self._socket)
                self._ending.callback(link.unlink)
        except BaseException:
            self.close()
            raise

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find this pcscd. libpcsclite reads it once, at its first use."""
        return {"PCSCLITE_CSOCK_NAME": str(self._link or self._socket)}

    @property
    def _socket(self) -> Path:
        return self._folder / "ipc" / "pcscd.comm"

    @property
    def readers(self) -> tuple[str, ...]:
        """The names of the slots as PC/SC shows them; `slot` is an index into them."""
        return self._readers

    @property
    def ports(self) -> tuple[int, ...]:
        """Where the slots wait for a card. To connect is to insert one."""
        return self._ports

    @property
    def log(self) -> Path:
        """What pcscd printed."""
        return self._folder / "log"

    @contextmanager
    def insert(
        self,
        folder: Path,
        *,
        slot: int = 0,
        faults: Sequence[str] = (),
        apdu_ms: float = 0,
        sign_ms: float = 0,
        trace: Path | None = None,
        options: Sequence[str] = (),
    ) -> Iterator[Inserted]:
        """The simulated card of the folder in a slot; what it does in the way of `faults` is counted from here on."""
        call = [str(Path(sysconfig.get_path("scripts"), "jitsuin")), "simulator", "serve", "--card", str(folder)]
        call += ["--reader-port", str(self.ports[slot]), "--apdu-ms", str(apdu_ms), "--sign-ms", str(sign_ms)]
        call += [word for fault in faults for word in ("--fault", fault)]
        call += [] if trace is None else ["--trace", str(trace)]
        process = _popen([*call, *options], {"JITSUIN_LANG": "en"}, stderr=subprocess.PIPE)
        try:
            if not _line(process):
                raise RuntimeError(f"simulator serve: {process.communicate(timeout=TIMEOUT)[1]}")
            self.wait(self.readers[slot], present=True)
            card = Inserted(folder, process, self, self.readers[slot])
            yield card
            card.take_out()
        finally:
            with process:
                process.kill()

    def wait(self, reader: str, *, present: bool) -> None:
        """Return once pcscd sees a card in the reader, or sees none. Several threads may wait, each at its reader."""
        if reader not in self._watches:
            self._watches[reader] = self._new_watch(self._ending)
            _line(self._watches[reader])  # the readers, which are known
        watch = self._watches[reader]
        assert watch.stdin is not None
        watch.stdin.write(json.dumps([reader, present]) + "\n")
        watch.stdin.flush()
        if not _line(watch):
            raise RuntimeError(f"pcscd did not see a card {'come' if present else 'go'}; see {self.log}")

    def close(self) -> None:
        """Stop pcscd."""
        self._ending.close()

    def _start(self) -> None:
        # Not where pytest keeps its folders: a socket's path has 108 bytes at most.
        self._folder = Path(tempfile.mkdtemp(prefix="pcsc-", dir="/tmp"))
        self._ending.callback(shutil.rmtree, self._folder, ignore_errors=True)
        for name in ("ipc", "none", "config"):
            (self._folder / name).mkdir()
        for _ in range(ATTEMPTS):
            self._ports = _free_ports()
            _configure(self._folder, self._ports)
            with ExitStack() as attempt:
                log = attempt.enter_context(self.log.open("ab"))
                pcscd = _popen(
                    [*self._unshare, "sh", "-c", _START, str(self._folder), PCSCD], {}, stdout=log, stderr=log
                )
                attempt.callback(_stop, pcscd)
                watch = self._new_watch(attempt)
                if names := _line(watch, pcscd):
                    self._readers = tuple(json.loads(names))
                    self._watches = {self._readers[0]: watch}
                    self._ending.push(attempt.pop_all())
                    return
        raise RuntimeError(f"pcscd did not start: {self.log.read_text(errors='replace')[-2000:]}")

    def _new_watch(self, ending: ExitStack) -> subprocess.Popen[str]:
        call = [sys.executable, str(Path(__file__).with_name("pcsc_watch.py")), str(SLOTS)]
        # By its own name: the first one looks before there is a link.
        watch = _popen(call, {"PCSCLITE_CSOCK_NAME": str(self._socket)}, stdin=subprocess.PIPE)
        ending.callback(_stop, watch)
        return watch


def _unshare() -> list[str]:
    """The command that enters a mount namespace: by right, or in a user namespace where the system allows it."""
    for command in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    raise JudgeMissingError("a private pcscd needs root, or a system that allows user namespaces")


def _free_ports() -> tuple[int, ...]:
    """Two ports in a row for each reader. Somebody else may take one before pcscd does; then others are tried."""
    while True:
        first = random.choice(PORTS[::SLOTS])  # noqa: S311 - not a secret
        ports = tuple(range(first, first + SLOTS))
        with ExitStack() as bound:
            try:
                for port in ports:
                    bound.enter_context(socket.create_server(("", port)))
            except OSError:
                continue
            return ports


def _configure(folder: Path, ports: Sequence[int]) -> None:
    """One entry for each reader, and for each a driver file of its own: one loaded twice mixes up its slots."""
    entries = []
    for name, port in zip(READERS, ports[::2], strict=True):
        driver = folder / f"{port}.so"
        shutil.copyfile(DRIVER, driver)
        entries += [f'FRIENDLYNAME "{name}"', f"DEVICENAME /dev/null:{port:#x}"]
        entries += [f"LIBPATH {driver}", f"CHANNELID {port:#x}"]
    (folder / "config" / "readers").write_text("\n".join(entries) + "\n")


def _popen(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] | None = None,
) -> subprocess.Popen[str]:
    merged = os.environ | environment
    return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, env=merged, encoding="utf-8")


def _line(process: subprocess.Popen[str], needed: subprocess.Popen[str] | None = None) -> str:
    """The next line that the process prints; empty if it, or the one that it needs, ended or took too long."""
    assert process.stdout is not None
    limit = time.monotonic() + TIMEOUT
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not selector.select(0.1):
            if time.monotonic() > limit or (needed is not None and needed.poll() is not None):
                return ""
    return process.stdout.readline()


def _stop(process: subprocess.Popen[str]) -> None:
    with process:
        process.terminate()
        try:
            process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
