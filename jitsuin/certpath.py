"""Whether a chain is a valid certification path (RFC 5280, 6.1): pyhanko-certvalidator's answer in our verdicts.

It carries from one certificate to the next what each CA demands of those beneath it: names, policies and lengths.
Revocation is not its business (revocation.py), and it has nothing to fetch with. To import it takes longer than to
verify a signature, so trust.py does so only for chains in which something is to be carried.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import PKIXValidationParams, ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers
from pyhanko_certvalidator.errors import PathValidationError
from pyhanko_certvalidator.name_trees import (
    PKIXSubtrees,
    default_excluded_subtrees,
    default_permitted_subtrees,
    process_general_subtrees,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.validate import async_validate_path

from jitsuin.formats.verdict import PASSED, SubIndication, Verdict

POLICY_INPUTS: Final = PKIXValidationParams()
"""Any policy will do, unless a CA demands one; mapping them is allowed (RFC 5280, 6.1.1)."""

# The library tells these apart in words only. Others, such as a later version's, are still refusals.
_REFUSALS: Final = (
    ("namespace", Verdict(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "name-constraints")),
    ("polic", Verdict(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "certificate-policies")),
    ("maximum path length", Verdict(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "path-length")),
)


def check_path(chain: Sequence[x509.Certificate], at: datetime) -> Verdict:
    """Judge a chain from the certificate to the anchor, both included, `at` a time."""
    try:
        leaf, *between, anchor = (asn1.Certificate.load(one.public_bytes(Encoding.DER)) for one in chain)
        path = ValidationPath(_trusted(anchor), between[::-1], leaf)
        _finish(async_validate_path(_context(at), path, _inputs(anchor)))
    except PathValidationError as error:
        return next((verdict for words, verdict in _REFUSALS if words in str(error)), _refused(error))
    except Exception as error:  # noqa: BLE001 - what it has not implemented, or cannot read, is no path
        return _refused(error)
    return PASSED


def _refused(error: Exception) -> Verdict:
    """Its message is kept back: it can hold names, which may be personal data."""
    return Verdict(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "path-refused", {"error": type(error).__name__})


def _trusted(certificate: asn1.Certificate) -> CertTrustAnchor:
    """The anchor with the length that it sets itself. Where the one is given, the library takes the other for given."""
    length = certificate.max_path_length
    return CertTrustAnchor(certificate, TrustQualifiers(max_path_length=length, max_aa_path_length=length))


def _inputs(anchor: asn1.Certificate) -> PKIXValidationParams:
    """With the names that the anchor itself allows and forbids (RFC 5937): the algorithm does not look at anchors."""
    constraints = anchor.name_constraints_value
    if constraints is None:
        return POLICY_INPUTS
    # For kinds of names that are not mentioned the library takes no answer for a no.
    return replace(
        POLICY_INPUTS,
        initial_permitted_subtrees=default_permitted_subtrees() | _subtrees(constraints["permitted_subtrees"]),
        initial_excluded_subtrees=default_excluded_subtrees() | _subtrees(constraints["excluded_subtrees"]),
    )


def _subtrees(subtrees: object) -> PKIXSubtrees:
    return process_general_subtrees(subtrees) if isinstance(subtrees, asn1.GeneralSubtrees) else {}


def _context(at: datetime) -> ValidationContext:
    """Without a manager of ours it would trust what the operating system trusts."""
    return ValidationContext(
        trust_manager=SimpleTrustManager(),
        moment=at,
        time_tolerance=timedelta(0),
        allow_fetching=False,
        revocation_mode="none",
    )


def _finish(validation: Coroutine[object, None, object]) -> None:
    """Run it to its end without an event loop, which would open a socket: with nothing to fetch it never waits."""
    try:
        validation.send(None)
    except StopIteration:
        return
    validation.close()
    raise RuntimeError("path validation waits for something")
