"""Whether a signature, sound in itself, has the form of a baseline level of XAdES (EN 319 132-1, 6.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .profiles import Profile
from .verdict import RefusedSignatureError, SubIndication
from .xades_reading import Qualifying
from .xmldsig_algorithms import COUNTERSIGNED
from .xmldsig_reading import ResolvedReference, SignatureElement


def check_form(
    signature: SignatureElement,
    qualifying: Qualifying,
    references: Sequence[ResolvedReference],
    profile: Profile,
    *,
    timestamped: bool,
) -> None:
    """Raises RefusedSignatureError, naming the first rule that is broken. By whom it is `timestamped` is no form."""
    rules = _rules(signature, qualifying, references, timestamped=timestamped if profile.timestamp_over else None)
    if (broken := next(rules, None)) is not None:
        raise RefusedSignatureError(
            SubIndication.SIG_CONSTRAINTS_FAILURE, "not-the-form", rule=broken, profile=profile.name
        )


def _rules(
    signature: SignatureElement,
    qualifying: Qualifying,
    references: Sequence[ResolvedReference],
    *,
    timestamped: bool | None,
) -> Iterator[str]:
    """Table 2 with its additional requirements, as far as they are not every signature's; None is level B-B."""
    if qualifying.signed is None:
        yield "signed-properties"
    if qualifying.signing_time is None:
        yield "claimed-time"
    named = qualifying.certificates or {}
    if set(named) != {"SigningCertificateV2"} or any(one.located for one in named["SigningCertificateV2"]):  # i
        yield "signing-certificate-v2"
    if qualifying.superseded:
        yield "superseded-property"
    # k: KeyInfo may be signed, to no harm, and is no data.
    own = (qualifying.signed, signature.key_info)
    covered = [one for one in references if one.element is None or one.element not in own]
    data = [one.reference for one in covered if one.reference.kind != COUNTERSIGNED]
    if not covered or any(reference.name not in qualifying.described for reference in data):
        yield "data-object-format"
    if timestamped is False:
        yield "no-timestamp"
    if timestamped is not None and qualifying.crowded:  # n
        yield "one-timestamp-each"
