"""A software My Number card: a faithful JPKI applet with a PKI of its own, for demonstrations, tests and CI.

The signer for `simulator:` drives it with the same APDUs as a real card. Nobody trusts its certificates by default.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl

from ..base import SignerOptions
from ..errors import KeyFileError, KeyUriError
from ..home import expanded
from ..jpki import JpkiSigner
from .applet import Applet
from .card import AUTHENTICATION_PIN, OWN_NAMES, SIGNATURE_PASSWORD, STATE_FILE, SimulatedCard, create_card
from .filesystem import Interface, Quirks
from .personas import DEFAULT_PERSONA, PERSONAS, Persona
from .pki import anchors, ca_certificate, crls
from .reader import SimulatedReader

__all__ = [
    "AUTHENTICATION_PIN",
    "DEFAULT_PERSONA",
    "PERSONAS",
    "SIGNATURE_PASSWORD",
    "Applet",
    "Interface",
    "Persona",
    "Quirks",
    "SimulatedCard",
    "SimulatedReader",
    "anchors",
    "ca_certificate",
    "create_card",
    "crls",
    "find_card",
    "open_signer",
]


def open_signer(uri: str, options: SignerOptions) -> JpkiSigner:
    """Open `simulator:` or `simulator:DIR`, either with `?card=PERSONA`. A missing card is issued at `options.at`.

    Without DIR each persona has a folder of its own in the user's data folder. Raises KeyUriError (reason `scheme`,
    `query` or, with the fact `known`, `unknown-persona`), KeyFileError (reason `other-persona`: the folder holds the
    card of someone else; `not-a-card-folder`: it holds other things, among which no card should be strewn, …) and
    TokenInUseError.
    """
    return JpkiSigner(SimulatedReader(find_card(*_parse(uri), options.at)), options)


def find_card(folder: Path | None, persona: str | None, at: datetime) -> SimulatedCard:
    """The card in the folder, issued at that time if it is missing; the defaults and errors are `open_signer`'s."""
    if folder is None:
        folder = _default_folder() / (persona or DEFAULT_PERSONA)
    try:
        return _find_card(folder, persona, at)
    except OSError as error:
        raise KeyFileError(path=folder, reason=error.strerror or type(error).__name__) from None


def _find_card(folder: Path, persona: str | None, at: datetime) -> SimulatedCard:
    if (folder / STATE_FILE).exists():
        card = SimulatedCard.load(folder)
        if persona not in (None, card.persona.name):
            raise KeyFileError(path=folder, reason="other-persona", persona=card.persona.name)
        return card
    if folder.exists() and not (folder.is_dir() and {item.name for item in folder.iterdir()} <= OWN_NAMES):
        raise KeyFileError(path=folder, reason="not-a-card-folder")
    return create_card(folder, persona or DEFAULT_PERSONA, at)


def _parse(uri: str) -> tuple[Path | None, str | None]:
    scheme, colon, rest = uri.partition(":")
    if scheme != "simulator" or not colon:
        raise KeyUriError(uri=uri, reason="scheme")
    path, question, query = rest.partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    if question and [name for name, _ in parameters] != ["card"]:
        raise KeyUriError(uri=uri, reason="query")
    persona = parameters[0][1] if parameters else None
    if persona is not None and persona not in PERSONAS:
        raise KeyUriError(uri=uri, reason="unknown-persona", known=tuple(PERSONAS))
    return (expanded(path, uri) if path else None), persona


def _default_folder() -> Path:
    from platformdirs import user_data_path  # at the moment of need: who names a folder does not pay for the import

    return user_data_path("jitsuin") / "simulator"
