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
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
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
        clock = ["env", "TZ=UTC", "faketime", "-f", f"@{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"]
        done = run([*clock, sys.executable, __file__, str(path), *map(str, files)])
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    answers = json.loads(done.stdout)
    return [AdesAnswer(one["status"], datetime.fromisoformat(one["proven"])) for one in answers]


def main(path: str, anchors: str, clocks: str) -> None:
    """Validate by the clock as it is set: by 5.6.3 where there are document timestamps, else by 5.5."""
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
        if reader.embedded_timestamp_signatures:
            result = asyncio.run(ades_lta_validation(signature, PdfSignatureValidationSpec(spec)))
        else:
            digest = signature.compute_digest()
            result = asyncio.run(ades_with_time_validation(signature.signed_data, spec, raw_digest=digest))
        proven = result.best_signature_time.astimezone(UTC).isoformat()
        answers.append({"status": result.ades_subindic.name, "proven": proven})
    sys.stdout.write(json.dumps(answers))


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
