"""A PKCS#11 module of our own in front of a real one: the official JPKI module's stand-in, and one with faults.

The module behind does the cryptography. What the front (pkcs11_front.c) makes of it is in the environment, where
child processes find it, too:

FRONT_MODULE             the module behind
FRONT_OFFICIAL           behave as far as is known like the official module (reference/jpki.md, 2.1): one slot, the
                         mechanisms CKM_RSA_PKCS, CKM_SHA_1 and CKM_SHA256, certificate label USERCERT, key label empty
FRONT_FAULTS             `KIND@FUNCTION[:N]`, separated by commas; N is the number of the call in that process, and
                         without it all calls are meant. hang (for ever), crash (SIGSEGV), rv=CODE (instead of the real
                         answer), vanish (from this call on the token is not present, and its sessions' device is
                         removed); and for C_Sign short (a byte less), long (a byte more), empty, corrupt (a bit
                         flipped), other (a signature of other data)
FRONT_TOKEN_FLAGS_OR     CKF_* to be set in CK_TOKEN_INFO.flags
FRONT_HIDDEN_ATTRIBUTES  CKA_* that no object has, separated by commas
FRONT_NO_TOKEN           the slots are empty
FRONT_PIN_PAD            what the holder types when C_Login comes without PIN; empty: presses the cancel key
FRONT_LOG                a file to which each call of a function is appended, without PINs

Asking for the length of a signature (C_Sign without room for one) is neither counted nor logged.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

from programs import require, run

SOURCE = Path(__file__).with_suffix(".c")
INCLUDE = "/usr/include/p11-kit-1"
OFFICIAL = "JPKIPKCS11Sign.so"
PREFIX = "FRONT_"


class TokenFlag(IntFlag):
    """CKF_* of CK_TOKEN_INFO that a token of SoftHSM never, or hardly ever, has."""

    PROTECTED_AUTHENTICATION_PATH = 0x100
    USER_PIN_COUNT_LOW = 0x10000
    USER_PIN_FINAL_TRY = 0x20000
    USER_PIN_LOCKED = 0x40000
    USER_PIN_TO_BE_CHANGED = 0x80000


@dataclass(frozen=True)
class Call:
    """A line of the log: `facts` are `user` and `pin` (given, none) of C_Login, `mechanism` of C_SignInit, …"""

    pid: int
    function: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Front:
    """A front with what it is to do. It does so in processes that have its environment."""

    path: Path
    environment: Mapping[str, str]

    def calls(self, *functions: str) -> list[Call]:
        """What has been called so far in all processes, in order; only these functions if any are named."""
        log = Path(self.environment["FRONT_LOG"])
        lines = log.read_text().splitlines() if log.exists() else []
        calls = []
        for pid, function, *facts in map(str.split, lines):
            if not functions or function in functions:
                calls.append(Call(int(pid), function, dict(fact.split("=", 1) for fact in facts)))
        return calls

    @property
    def logins(self) -> list[int]:
        """The user types of the logins tried: 0 security officer, 1 user, 2 for one signature (context-specific)."""
        return [int(call.facts["user"]) for call in self.calls("C_Login")]


class FrontBuilder:
    """The compiled front, made once for all processes that share `work`."""

    def __init__(self, work: Path) -> None:
        require("gcc", "gcc")
        require("/usr/include/dlfcn.h", "libc6-dev")
        require(f"{INCLUDE}/p11-kit/pkcs11.h", "libp11-kit-dev")
        self._plain, self._official = work / "pkcs11_front.so", work / OFFICIAL
        work.mkdir(parents=True, exist_ok=True)
        with (work / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._official.exists():
                options = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", f"-I{INCLUDE}"]
                done = run(["gcc", *options, str(SOURCE), "-o", str(self._plain), "-ldl"])
                if done.returncode != 0 or done.stderr:
                    raise RuntimeError(done.stderr.decode(errors="replace"))
                # A copy: by a link the loader would see that it has the file already, with the state that it is in.
                unfinished = shutil.copyfile(self._plain, work / "unfinished")
                unfinished.rename(self._official)

    def front(
        self,
        behind: str | Path,
        log: Path,
        *,
        official: bool = False,
        faults: Sequence[str] = (),
        token_flags: int = 0,
        hidden_attributes: Sequence[int] = (),
        no_token: bool = False,
        pin_pad: str | None = None,
    ) -> Front:
        """In front of the module `behind`; the options are those above. A PIN pad brings its flag with it."""
        if pin_pad is not None:
            token_flags |= TokenFlag.PROTECTED_AUTHENTICATION_PATH
        values = {
            "MODULE": str(behind),
            "LOG": str(log),
            "OFFICIAL": "1" if official else None,
            "FAULTS": ",".join(faults) or None,
            "TOKEN_FLAGS_OR": hex(token_flags) if token_flags else None,
            "HIDDEN_ATTRIBUTES": ",".join(map(hex, hidden_attributes)) or None,
            "NO_TOKEN": "1" if no_token else None,
            "PIN_PAD": pin_pad,
        }
        environment = {PREFIX + name: value for name, value in values.items() if value is not None}
        return Front(self._official if official else self._plain, environment)
