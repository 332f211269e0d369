"""Opening a key behind PKCS#11: which module, one process of ours at a time, and the token in it that is meant."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from .base import SignerOptions, TokenEvent
from .errors import NoTokenError, Pkcs11CallError, Pkcs11ModuleError, SignerError, TokenInUseError
from .lock import Lock, held
from .pkcs11_modules import default_modules, known_modules
from .pkcs11_process import ModuleProcess
from .pkcs11_signer import Pkcs11Signer
from .pkcs11_token import Pkcs11Token, chosen_token
from .pkcs11_uri import Pkcs11Uri, parse

_POLL_SECONDS: Final = 0.05
_NOTICE_SECONDS: Final = 1.0


def open_signer(uri: str, options: SignerOptions) -> Pkcs11Signer:
    """Open `pkcs11:`, `pkcs11:MODULE` or a URI by RFC 7512 (`pkcs11_uri.parse`).

    Without a module, `options.pkcs11_module`, the official JPKI client's modules and OpenSC's are tried in this order,
    and the first that shows a fitting token is taken. Raises KeyUriError, Pkcs11LibraryMissingError, Pkcs11ModuleError,
    NoTokenError, SeveralTokensError, TokenInUseError, or Pkcs11CallError for what a module fails with.
    """
    wanted = parse(uri)
    refusals: list[SignerError] = []
    for module in _modules(wanted, options):
        try:
            return _open(module, wanted, options)
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


def _open(module: str, wanted: Pkcs11Uri, options: SignerOptions) -> Pkcs11Signer:
    with ExitStack() as ending:
        lock = _turn(module, wanted.wait, options, ending)
        process = ModuleProcess(module, wanted.timeout, lock.descriptor)
        ending.callback(process.close)
        told = process.ask("tokens")[0]["tokens"] if _library_fits(process.library, wanted) else []
        tokens = tuple(Pkcs11Token.of(one, module) for one in told)
        token = None if options.pin is None else chosen_token(tokens, wanted, module, options.choose)
        signer = Pkcs11Signer(process, tokens, token, wanted, options, lock)
        signer.at_the_end(ending.pop_all())
    return signer


def _library_fits(library: Mapping[str, Any], wanted: Pkcs11Uri) -> bool:
    return all(library[name] == value for name, value in wanted.library.items())


def _turn(module: str, wait: float, options: SignerOptions, ending: ExitStack) -> Lock:
    """Ours alone while a token is opened, since simultaneous openings fail now and then; with a card until the end.

    With OpenSC another process that merely lists tokens ends our login. Waits for the others, as long as allowed.
    """
    from platformdirs import user_cache_path  # at the moment of need

    name = hashlib.sha256(str(Path(module).resolve() if Path(module).exists() else module).encode()).hexdigest()[:16]
    folder = user_cache_path("jitsuin")
    folder.mkdir(parents=True, exist_ok=True)
    begun, told = time.monotonic(), False
    while True:
        try:
            return ending.enter_context(held(folder / f"pkcs11-{name}.lock", module))
        except TokenInUseError:
            waited = time.monotonic() - begun
            if waited >= wait:
                raise
            if waited >= _NOTICE_SECONDS and not told and options.notify is not None:
                options.notify(TokenEvent.IN_USE, module)
                told = True
            time.sleep(_POLL_SECONDS)
