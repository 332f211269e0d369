"""Any Jitsuin signer as a signer of pyHanko, which brings what Jitsuin has not: stamps, LTV, seed values.

    with jitsuin.open_signer("card:", pin=callback) as signer:
        with open("form.pdf", "rb") as form, open("form.signed.pdf", "w+b") as signed:
            writer = IncrementalPdfFileWriter(form)
            PdfSigner(PdfSignatureMetadata("Seal"), JitsuinSigner(signer)).sign_pdf(writer, output=signed)

What is signed, and with which certificate, is decided by pyHanko and its caller: the gate and the self-check of
`jitsuin.sign_file` are not on this way. Nothing else in Jitsuin imports this module: pyHanko's signing half takes long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait

from asn1crypto import x509 as asn1_x509
from asn1crypto.algos import SignedDigestAlgorithm
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import Signer as PyHankoSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from jitsuin.signer.base import SignatureScheme, Signer


class JitsuinSigner(PyHankoSigner):
    """Signs through a Jitsuin signer while that is open, one signature at a time, and never in the event loop's thread.

    Making one reads the certificate and its issuers, so it may ask for the PIN, and raises as `Signer.certificate`
    does: make it when all else is ready, in a coroutine by `await asyncio.to_thread(JitsuinSigner, signer)`. `issuers`
    are embedded instead of those that the token knows.
    """

    def __init__(
        self, signer: Signer, *, issuers: Iterable[x509.Certificate] | None = None, embed_roots: bool = True
    ) -> None:
        key = signer.private_key()
        self._scheme = SignatureScheme.for_key(key.public_key())
        self._signer = signer
        # A token does one thing at a time. So does this thread, and the event loop goes on while one waits for it.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jitsuin")
        if isinstance(key, ec.EllipticCurvePrivateKey):
            largest = 2**key.key_size - 1
            self._longest, kind = len(encode_dss_signature(largest, largest)), "ecdsa"
        else:
            self._longest, kind = key.key_size // 8, "rsa"
        super().__init__(
            # With its hash: pyHanko would take SHA-384 for an RSA key of 3072 bits.
            signature_mechanism=SignedDigestAlgorithm({"algorithm": f"{self._scheme.hash.name}_{kind}"}),
            signing_cert=_asn1(signer.certificate),
            cert_registry=SimpleCertificateStore.from_certs(map(_asn1, signer.issuers if issuers is None else issuers)),
            embed_roots=embed_roots,
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """The signature of the data; in a dry run as many zeros as it may be long, without touching the key.

        Raises SigningError for a digest algorithm that the key does not sign with, and what `Signer.sign` raises.
        """
        if digest_algorithm.lower() != self._scheme.hash.name:
            raise SigningError(f"this key signs with {self._scheme.hash.name} only, not with {digest_algorithm}")
        if dry_run:
            return bytes(self._longest)
        signing = self._thread.submit(self._signer.sign, data, self._scheme)
        try:
            return await asyncio.wrap_future(signing)
        except asyncio.CancelledError:
            # What the token has begun it brings to an end. Who cancels may close it next, which must not come between.
            if signing.running():
                await asyncio.to_thread(wait, [signing])
            raise


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
