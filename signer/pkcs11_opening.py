"""Opening a key behind PKCS#11: which module, one process of ours at a time, and the token in it that is meant."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from .base import SignerOptions, TokenEvent
from .errors import NoTokenError, Pkcs11CallError, Pkcs11ModuleError, SignerError, TokenError, TokenInUseError
from .lock import Lock, held
from .pcsc import list_readers
from .pkcs11_modules import default_modules, known_modules
from .pkcs11_process import ModuleProcess
from .pkcs11_signer import Pkcs11Signer
from .pkcs11_token import Pkcs11Token, chosen_token
from .pkcs11_uri import Pkcs11Uri, parse

_POLL_SECONDS: Final = 0.05
_NOTICE_SECONDS: Final = 1.0
_LOOKS: Final = 3
"""How often a module may look at a card that nobody holds, and not see it."""


def open_signer(uri: str, options: SignerOptions) -> Pkcs11Signer:
    """Open `pkcs11:`, `pkcs11:MODULE` or a URI by RFC 7512 (`pkcs11_uri.parse`).

    Without a module, `options.pkcs11_module`, the official JPKI client's modules and OpenSC's are tried in this order,
    and the first that shows a fitting token is taken. Raises KeyUriError, Pkcs11LibraryMissingError, Pkcs11ModuleError,
    NoTokenError, SeveralTokensError, TokenInUseError, or Pkcs11CallError for what a module fails with.
    """
    wanted = parse(uri)
    patience = _Patience(wanted.wait, options)
    refusals: list[SignerError] = []
    for module in _modules(wanted, options):
        try:
            return _open_in_turn(module, wanted, options, patience)
        except (NoTokenError, Pkcs11ModuleError, Pkcs11CallError) as error:
            refusals.append(error)
    # What a module says of a card is worth more than that another has none.
    raise next((one for one in refusals if one.facts.get("reason") != "none"), refusals[0])


def _modules(wanted: Pkcs11Uri, options: SignerOptions) -> list[str]:
    """The modules to try, in order. Raises Pkcs11ModuleError if there is none."""
    if wanted.module is not None:
        return [_present(wanted.module)]
    if wanted.module_name is not None:
        named = [str(path) for path in known_modules() if wanted.module_name.lower() in path.name.lower()]
        if not named:
            raise Pkcs11ModuleError(module=wanted.module_name, reason="absent")
        return named
    configured = [_present(options.pkcs11_module)] if options.pkcs11_module else []
    found = configured + [str(path) for path in default_modules() if str(path) not in configured]
    if not found:
        raise Pkcs11ModuleError(module=None, reason="none-found")
    return found


def _present(module: str) -> str:
    """A path must exist; a bare name is the loader's to find."""
    if any(separator in module for separator in "/\\") and not Path(module).is_file():
        raise Pkcs11ModuleError(module=module, reason="absent")
    return module


class _Patience:
    """How long other programs are waited for, all in all, and whether that has been told."""

    def __init__(self, seconds: float, options: SignerOptions) -> None:
        self._seconds = seconds
        self._notify = options.notify
        self._begun = time.monotonic()

    def wait(self, error: TokenInUseError) -> None:
        """Wait for a moment. Raises the error when that was long enough."""
        waited = time.monotonic() - self._begun
        if waited >= self._seconds:
            raise error
        if waited >= _NOTICE_SECONDS and self._notify is not None:
            self._notify(TokenEvent.IN_USE, str(error.facts["token"]))
            self._notify = None
        time.sleep(_POLL_SECONDS)


class _CardMissedError(Exception):
    """There is a card of which the module shows nothing: another program had it to itself when the module looked."""

    def __init__(self, reader: str, error: NoTokenError) -> None:
        super().__init__(reader)
        self.reader = reader
        self.error = error


def _open_in_turn(module: str, wanted: Pkcs11Uri, options: SignerOptions, patience: _Patience) -> Pkcs11Signer:
    """The token, once no other process of ours uses the module and no other program keeps it from its card."""
    looks = 0
    while True:
        try:
            return _open(module, wanted, options)
        except TokenInUseError as error:
            patience.wait(error)
        except _CardMissedError as missed:
            looks += 1
            while missed.reader in _cards(in_use=True):
                patience.wait(TokenInUseError(token=missed.reader))
                looks = 0
            if looks == _LOOKS:
                raise missed.error from None


def _open(module: str, wanted: Pkcs11Uri, options: SignerOptions) -> Pkcs11Signer:
    """Raises TokenInUseError or _CardMissedError at once."""
    with ExitStack() as ending:
        lock = _turn(module, ending)
        process = ModuleProcess(module, wanted.timeout, lock.descriptor)
        ending.callback(process.close)
        told = process.ask("tokens")[0] if _library_fits(process.library, wanted) else {"tokens": [], "empty": []}
        tokens = tuple(Pkcs11Token.of(one, module) for one in told["tokens"])
        try:
            token = None if options.pin is None else chosen_token(tokens, wanted, module, options.choose)
        except NoTokenError as error:
            for reader in _cards():
                if reader in told["empty"]:
                    raise _CardMissedError(reader, error) from None
            raise
        signer = Pkcs11Signer(process, tokens, token, wanted, options, lock)
        signer.at_the_end(ending.pop_all())
    return signer


def _library_fits(library: Mapping[str, Any], wanted: Pkcs11Uri) -> bool:
    return all(library[name] == value for name, value in wanted.library.items())


def _turn(module: str, ending: ExitStack) -> Lock:
    """Ours alone while a token is opened, since simultaneous openings fail now and then; with a card until the end.

    With OpenSC another process that merely lists tokens ends our login. Raises TokenInUseError.
    """
    from platformdirs import user_cache_path  # at the moment of need

    name = hashlib.sha256(str(Path(module).resolve() if Path(module).exists() else module).encode()).hexdigest()[:16]
    folder = user_cache_path("jitsuin")
    folder.mkdir(parents=True, exist_ok=True)
    return ending.enter_context(held(folder / f"pkcs11-{name}.lock", module))


def _cards(*, in_use: bool = False) -> list[str]:
    """The readers with a card, or with one that other programs use, as far as PC/SC can be asked."""
    try:
        return [state.name for state in list_readers() if state.card_present and (state.in_use or not in_use)]
    except TokenError:
        return []
