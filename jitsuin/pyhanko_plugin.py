"""`pyhanko sign addsig jpki`: pyHanko's command line with the key of a Jitsuin signer, found by its entry point.

pyHanko's plugin interface is an incubating one, so the range of versions is that of the extra `pyhanko`, and
tests/jitsuin/test_pyhanko_plugin.py says what of it is relied upon. It is loaded by every run of `pyhanko`, so it
imports what it needs when it is used.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pyhanko.cli.plugin_api import CLIContext, SigningCommandPlugin

from .language import say
from .options import chosen_key, key_option, pin_options, trust_option, trusted

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509
    from pyhanko.sign.signers import Signer as PyHankoSigner

    from jitsuin.signer.base import Signer

    from .trust import TrustNames


@click.command
@key_option
@pin_options
@trust_option
def _as_ours() -> None:
    """Never run: it holds the options that are the same as those of `jitsuin sign`."""


class JpkiPlugin(SigningCommandPlugin):
    """The subcommand `jpki`, also as the plugin of an identity in pyhanko.yml."""

    subcommand_name = "jpki"
    help_summary = say(
        "sign with a My Number card, or any other key that jitsuin knows",
        "マイナンバーカードなど、jitsuinで使える鍵で署名します",
    )

    def click_options(self) -> list[click.Option]:
        return [option for option in _as_ours.params if isinstance(option, click.Option)]

    def create_signer(self, context: CLIContext, **kwargs: Any) -> AbstractContextManager[PyHankoSigner]:
        return _key(context, click.get_current_context().params, kwargs)


class _Failure(click.ClickException):
    """An error of ours as pyHanko's command line shows errors, with our sentence and our exit code."""

    def __init__(self, error: Exception) -> None:
        from .errors import exit_code
        from .messages import error_sentence
        from .report import printable

        super().__init__(printable(error_sentence(error)))
        self.exit_code = int(exit_code(error))  # type: ignore[misc]  # click reads it from the error


@contextmanager
def _key(context: CLIContext, files: dict[str, Any], options: dict[str, Any]) -> Iterator[PyHankoSigner]:
    """The key, open and asked its PIN, after everything that can be refused without it."""
    from . import clock, pipeline
    from .asking import reader_choice, tell
    from .errors import EXPECTED_ERRORS
    from .pin_source import pin_callback
    from .pyhanko_signer import JitsuinSigner

    source, at = Path(files["infile"]), clock.now()
    _rehearse(context, source, Path(files["outfile"]))
    # An identity's values come as YAML has them: one name instead of a list, and any word for a flag.
    trust = trusted([options["trust"]]) if isinstance(options["trust"], str) else options["trust"]
    try:
        with (
            _unwinding(),
            pipeline.open_signer(
                chosen_key(options),
                pin=pin_callback(options["pin_source"], [source]),
                allow_last_try=options["allow_last_try"] is True,
                trust=trust,
                choose=reader_choice(),
                notify=tell,
                pkcs11_module=options["pkcs11_module"],
                at=at,
            ) as signer,
        ):
            yield JitsuinSigner(signer, issuers=_issuers(signer, trust, at))
    except EXPECTED_ERRORS as error:
        raise _Failure(error) from None


@contextmanager
def _unwinding() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind the stack like Ctrl-C, so that the card is left; pyHanko's command would just end."""
    with ExitStack() as ending:
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                number = getattr(signal, name)
                before = signal.signal(number, lambda number, _frame: sys.exit(128 + number))
                ending.callback(signal.signal, number, before)
        yield


def _rehearse(context: CLIContext, source: Path, target: Path) -> None:
    """Let pyHanko refuse what it would refuse anyway: the document, the field, and an output in no folder.

    Without settings the signature is a detached one, for any file. An encrypted PDF is left to pyHanko: it would ask
    for that password twice.
    """
    from asn1crypto.algos import SignedDigestAlgorithm
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import ExternalSigner, PdfSigner

    if not target.parent.is_dir():
        raise click.BadParameter(
            say(f"there is no folder {target.parent}", f"フォルダー{target.parent}がありません"), param_hint="OUTFILE"
        )
    if context.sig_settings is None:
        return
    stand_in = ExternalSigner(None, None, signature_mechanism=SignedDigestAlgorithm({"algorithm": "sha256_rsa"}))
    with source.open("rb") as file:
        writer = IncrementalPdfFileWriter(file, strict=not context.lenient, decode_limits=context.decode_limits)
        if not writer.prev.encrypted:
            signer = PdfSigner(context.sig_settings, stand_in, new_field_spec=context.new_field_spec)
            signer.init_signing_session(writer, existing_fields_only=context.existing_fields_only)


def _issuers(signer: Signer, trust: TrustNames, at: datetime) -> Sequence[x509.Certificate]:
    """The chain to embed: the one that the certificate is judged by, else what the token knows.

    pyHanko signs with any certificate. A receiver does not take any, so what `jitsuin sign` would refuse is said.
    """
    from .messages import verdict_sentence
    from .report import printable
    from .trust import load_trust, remember
    from .validity import RevocationMode, judge

    judgement = judge(signer.certificate, signer.issuers, load_trust(trust), None, at, RevocationMode.OFF)
    if not judgement.verdict.passed:
        sentence = verdict_sentence(judgement.verdict.reason, judgement.verdict.facts)
        click.echo(printable(say("Warning: ", "警告: ") + sentence), err=True)
    remember(judgement.chain.certificates)
    return judgement.chain.certificates[1:] or signer.issuers
