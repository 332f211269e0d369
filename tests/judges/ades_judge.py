"""What pyHanko's own validation by ETSI EN 319 102-1 says of a PDF's signatures, with nothing but file and anchors.

It shares no code with Jitsuin's judgement of certificates, timestamps and evidence. As it asks the machine's clock for
some of its times, it runs in a process of its own, by a clock that faketime sets:

    python ades_judge.py FILE ANCHORS.pem CLOCKS.pem
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed, AdESSubIndic
from pyhanko.sign.validation.ades import (
    ades_basic_validation,
    ades_lta_validation,
    ades_timestamp_validation,
    ades_with_time_validation,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from programs import require, run


@dataclass(frozen=True)
class AdesAnswer:
    """About one signature, in the standard's words."""

    status: str
    """`OK`, or a sub-indication such as `REVOKED_NO_POE`."""
    proven: datetime
    """By when it is shown to have existed; the moment of asking where nothing shows it."""


def ades(
    path: Path, at: datetime, anchors: Sequence[x509.Certificate], clocks: Sequence[x509.Certificate]
) -> list[AdesAnswer]:
    """With time (5.5) or for the long term (5.6.3) at that moment; revocation must be known, and nothing is fetched."""
    require("faketime", "faketime")
    with tempfile.TemporaryDirectory() as name:
        files = []
        for number, certificates in enumerate((anchors, clocks)):
            files.append(Path(name) / f"{number}.pem")
            files[-1].write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
        clock = ["faketime", "-f", f"@{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"]
        own = f"PYTHONPATH={Path(__file__).parent}"  # PYTHONSAFEPATH keeps a script's folder off its path
        done = run(["env", "TZ=UTC", own, *clock, sys.executable, __file__, str(path), *map(str, files)])
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    answers = json.loads(done.stdout)
    return [AdesAnswer(one["status"], datetime.fromisoformat(one["proven"])) for one in answers]


def main(path: str, anchors: str, clocks: str) -> None:
    """Validate by the clock as it is set."""
    logging.disable()
    reader = PdfFileReader(io.BytesIO(Path(path).read_bytes()))
    spec = SignatureValidationSpec(
        cert_validation_policy=_policy(anchors),
        ts_cert_validation_policy=_policy(clocks),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=_evidence(reader),
    )
    answers = []
    for signature in reader.embedded_regular_signatures:
        signature.compute_integrity_info()
        status, proven = asyncio.run(_validated(reader, signature, spec))
        answers.append({"status": status.name, "proven": proven.astimezone(UTC).isoformat()})
    sys.stdout.write(json.dumps(answers))


async def _validated(
    reader: PdfFileReader, signature: EmbeddedPdfSignature, spec: SignatureValidationSpec
) -> tuple[AdESSubIndic, datetime]:
    """By 5.6.3 where there are document timestamps, else by 5.5.

    Either wants a timestamp in the signature; where a document timestamp has to do, by 5.3 for the time that this one
    states, if it is right by 5.4.
    """
    digest, stamps = signature.compute_digest(), reader.embedded_timestamp_signatures
    if stamps and not any(extract_tst_data_iter(signature.signer_info, signed=False)):
        stamp = await ades_timestamp_validation(
            stamps[0].signed_data, spec, stamps[0].compute_digest, ValidationTimingInfo.now()
        )
        if stamp.ades_subindic is not AdESPassed.OK:
            return stamp.ades_subindic, datetime.now(UTC)
        proven = stamp.api_status.timestamp
        timing = ValidationTimingInfo(proven, proven, point_in_time_validation=True)
        policy = replace(spec.cert_validation_policy, revinfo_policy=_LATER)
        spec = replace(spec, cert_validation_policy=policy)
        basic = await ades_basic_validation(signature.signed_data, spec, timing_info=timing, raw_digest=digest)
        return basic.ades_subindic, proven
    if stamps:
        result = await ades_lta_validation(signature, PdfSignatureValidationSpec(spec))
    else:
        result = await ades_with_time_validation(signature.signed_data, spec, raw_digest=digest)
    return result.ades_subindic, result.best_signature_time


_LATER = CertRevTrustPolicy(REQUIRE_REVINFO, retroactive_revinfo=True)
"""Evidence that was made after the moment in question counts."""


def _evidence(reader: PdfFileReader) -> LocalKnowledge:
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return LocalKnowledge()
    responses = (OCSPResponse.load(one.get_object().data) for one in store.ocsps)
    return LocalKnowledge(
        known_ocsps=[one for response in responses for one in OCSPContainer.load_multi(response)],
        known_crls=[CRLContainer(CertificateList.load(one.get_object().data)) for one in store.crls],
        known_certs=list(store.load_certs()),
    )


def _policy(pem: str) -> CertValidationPolicySpec:
    ders = asn1_pem.unarmor(Path(pem).read_bytes(), multiple=True)
    manager = SimpleTrustManager.build(trust_roots=[asn1_x509.Certificate.load(der) for _, _, der in ders])
    return CertValidationPolicySpec(manager, CertRevTrustPolicy(REQUIRE_REVINFO))


if __name__ == "__main__":
    main(*sys.argv[1:])
