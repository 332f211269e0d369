"""Is a certificate revoked? A broker that asks every source of evidence until one answers, and says which and how old.

The sources: CRL files and what the document brings; other packages' (entry points `jitsuin.revocation`), for operators
who have more; then OCSP and CRLs by HTTP, from where the certificate says or the user, and what was fetched before. No
ordinary holder can reach JPKI's CRL or OCSP (Act 153 of 2002, Art. 17), so "not checked" is the usual answer for a real
card. It is never shown as good.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from . import clock, registry
from .crl import Crl, best, check_crls, crl_addresses, read_crl
from .errors import FetchError, InputError, OutputError, TrustFileError, trust_file_error
from .indirect import CrlIssuers, certificates_beside
from .ocsp import NONCE_BYTES, REQUEST_TYPE, RESPONSE_TYPE, check_ocsp, ocsp_addresses, read_ocsp, request
from .revocation_status import RevocationAnswer, RevocationStatus
from .storage import read_document, write_atomically

Source = Callable[[x509.Certificate, x509.Certificate], Iterable[bytes]]
"""What other packages offer: CRLs and OCSP responses in DER that may speak of a certificate (first) of an issuer."""

_CRL_BYTES: Final = 64 * 1024 * 1024
_OCSP_BYTES: Final = 256 * 1024
_SECONDS: Final = 20.0
"""For one fetch, from the look-up of the name to the last byte."""
_NO_POST: Final = frozenset({404, 405, 501})
_DOCUMENT: Final = "document"
"""The source of what a document brings."""
_NO_EVIDENCE: Final = RevocationAnswer(RevocationStatus.NOT_CHECKED, "no-evidence")


@dataclass(frozen=True)
class EvidenceOptions:
    """Where evidence may come from besides files."""

    ocsp_url: str | None = None
    """A responder that is asked instead of those that certificates name."""
    offline: bool = False
    """Open no connection; what was fetched before still counts."""
    allow_private_network: bool = False
    """Also fetch from addresses that are not public."""
    allow_indirect_crl: bool = False
    """Believe CRLs of another issuer that certificates name (cRLIssuer), if that leads to the same anchor."""


ONLINE: Final = EvidenceOptions()


class Revocation:
    """The broker of one run. What it has answered once it answers again, so that a batch asks once."""

    def __init__(
        self,
        crls: Iterable[str | Path | Crl],
        options: EvidenceOptions,
        now: datetime,
        sources: Sequence[Source] = (),
        cache: Path | None = None,
    ) -> None:
        """`crls` are files, and folders of `*.crl`; without a `cache` folder nothing is kept. Raises TrustFileError.

        Certificates of the issuers of indirect CRLs may lie in those folders, too.
        """
        crls = list(crls)
        self._lists = _load_crls(crls)
        self._beside = certificates_beside(crls) if options.allow_indirect_crl else []
        self._crl_issuers: CrlIssuers | None = None
        self._options = options
        self._now = now
        self._sources = sources
        self._cache = cache
        self._answered: dict[tuple[bytes, datetime, bytes], RevocationAnswer] = {}

    @property
    def now(self) -> datetime:
        """What says to be made later is not believed."""
        return self._now

    @property
    def offline(self) -> bool:
        """Whether no connection is opened."""
        return self._options.offline

    def hopeless(self, *, jpki: bool) -> bool:
        """Whether it can be told before the certificate is seen that nothing will answer; JPKI's name no address."""
        named = not jpki or self._options.ocsp_url is not None
        answering = named and (not self._options.offline or self._keeps_anything())
        return not answering and not self._lists and not self._sources

    def within(self, path: Sequence[x509.Certificate], hints: Iterable[x509.Certificate], at: datetime) -> Revocation:
        """The broker for the certificates of one valid path, from the signer's to the anchor.

        Where indirect CRLs are allowed, it also believes those whose issuer leads to the path's anchor at that time.
        `hints` may hold that issuer's certificate.
        """
        if not self._options.allow_indirect_crl or not path:
            return self
        within = copy(self)
        within._answered = {}
        candidates = [*path[1:], *self._beside, *hints]
        within._crl_issuers = CrlIssuers(candidates, path[-1], at, within.answer)
        return within

    def answer(
        self, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime, embedded: Sequence[bytes] = ()
    ) -> RevocationAnswer:
        """The first source that says good, revoked or on hold at that time; else why the first that spoke did not.

        `issuer` must have been verified, as what the certificate names is fetched. `embedded` are CRLs and OCSP
        responses that the document brings. Whoever made it chose them: where they say good as of an earlier time, the
        other sources are asked, too. What the answer rests on is not with it, as answers are kept for the whole run.
        """
        key = (leaf.fingerprint(hashes.SHA256()), at, _digest(embedded))
        if key not in self._answered:
            self._answered[key] = replace(self._asked(leaf, issuer, at, embedded), evidence=())
        return self._answered[key]

    def collect(
        self,
        leaf: x509.Certificate,
        issuer: x509.Certificate,
        at: datetime,
        embedded: Sequence[bytes] = (),
        *,
        since: datetime,
    ) -> RevocationAnswer:
        """As `answer`, for keeping its `evidence`: the first that was made after `since`, else the newest that is good.

        What was made before leaves open what became of the certificate until then.
        """
        given: list[RevocationAnswer] = []
        for answer in self._answers(leaf, issuer, at, embedded, since):
            if answer.status in (RevocationStatus.REVOKED, RevocationStatus.ON_HOLD) or _made_since(answer, since):
                return answer
            given.append(answer)
        return best([answer for answer in given if answer.why != "no-evidence"])

    def renewed(self, now: datetime) -> Revocation:
        """A broker with the same sources for a later moment of the run, which has answered nothing yet."""
        later = copy(self)
        later._now, later._answered = max(now, self._now), {}
        return later

    def _asked(
        self, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime, embedded: Sequence[bytes]
    ) -> RevocationAnswer:
        unanswered: list[RevocationAnswer] = []
        brought: list[RevocationAnswer] = []
        for answer in self._answers(leaf, issuer, at, embedded):
            if answer.status is RevocationStatus.NOT_CHECKED:
                unanswered.append(answer)
            elif answer.source == _DOCUMENT and answer.status is RevocationStatus.GOOD and not _made_since(answer, at):
                brought.append(answer)
            else:
                return best([*brought, answer])
        return next((answer for answer in (*brought, *unanswered) if answer.why != "no-evidence"), _NO_EVIDENCE)

    def _answers(
        self,
        leaf: x509.Certificate,
        issuer: x509.Certificate,
        at: datetime,
        embedded: Sequence[bytes],
        since: datetime | None = None,
    ) -> Iterator[RevocationAnswer]:
        """With `since`, what was fetched earlier and made before that is not enough: it is fetched again."""
        yield self._judged(leaf, issuer, at, [(_DOCUMENT, data) for data in embedded], self._lists)
        for source in self._sources:
            name = getattr(source, "__module__", "")
            try:
                brought = [(name, data) for data in source(leaf, issuer)]
            except Exception:  # noqa: BLE001 - somebody else's code must not stop the run, and is never good
                yield RevocationAnswer(RevocationStatus.NOT_CHECKED, "source-failed", name)
                continue
            yield self._judged(leaf, issuer, at, brought)
        for url in [self._options.ocsp_url] if self._options.ocsp_url else ocsp_addresses(leaf):
            yield from self._by_ocsp(leaf, issuer, at, url, since)
        for url in crl_addresses(leaf):
            yield from self._by_crl(leaf, issuer, at, url, since)

    def _judged(
        self,
        leaf: x509.Certificate,
        issuer: x509.Certificate,
        at: datetime,
        brought: Iterable[tuple[str, bytes]],
        lists: Sequence[Crl] = (),
    ) -> RevocationAnswer:
        """The best word of several pieces of evidence, each of which is a CRL or an OCSP response, or nothing."""
        lists, answers = list(lists), []
        for source, data in brought:
            with suppress(ValueError):
                lists.append(Crl(read_crl(data), source))
            with suppress(ValueError):
                answers.append(check_ocsp(leaf, issuer, read_ocsp(data), source, at, self._now))
        listed = check_crls(leaf, issuer, lists, at, self._now, self._crl_issuers)
        return best([*answers, listed] if listed.why != "no-evidence" else answers)

    def _by_ocsp(
        self, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime, url: str, since: datetime | None
    ) -> Iterator[RevocationAnswer]:
        place = f"{url} {issuer.fingerprint(hashes.SHA256()).hex()} {leaf.serial_number}"
        kept = self._kept(place, leaf, issuer, at, url)
        if kept is not None:
            yield kept
            if _made_since(kept, since):
                return
        nonce = secrets.token_bytes(NONCE_BYTES)
        try:
            data = self._ask(url, request(leaf, issuer, nonce))
            response = read_ocsp(data)
        except FetchError as error:
            yield _unfetched(error, url)
        except ValueError:
            yield RevocationAnswer(RevocationStatus.NOT_CHECKED, "ocsp-garbage", url)
        else:
            answer = check_ocsp(leaf, issuer, response, url, at, self._now, nonce)
            self._keep(place, data, answer)
            yield answer

    def _by_crl(
        self, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime, url: str, since: datetime | None
    ) -> Iterator[RevocationAnswer]:
        kept = self._kept(url, leaf, issuer, at, url)
        if kept is not None:
            yield kept
            if _made_since(kept, since):
                return
        try:
            data = self._fetch(url, limit=_CRL_BYTES)
            fetched = Crl(read_crl(data), url)
        except FetchError as error:
            yield _unfetched(error, url)
        except ValueError:
            yield RevocationAnswer(RevocationStatus.NOT_CHECKED, "no-crl", url)
        else:
            answer = check_crls(leaf, issuer, [*self._lists, fetched], at, self._now, self._crl_issuers)
            self._keep(url, data, answer)
            yield answer

    def _ask(self, url: str, question: bytes) -> bytes:
        """By POST, as it goes with any length; by GET (RFC 6960, A.1) where the server takes no POST."""
        try:
            return self._fetch(url, data=question, content_type=REQUEST_TYPE, accept=RESPONSE_TYPE, limit=_OCSP_BYTES)
        except FetchError as error:
            if error.facts.get("status") not in _NO_POST:
                raise
        return self._fetch(f"{url.rstrip('/')}/{quote(b64encode(question), safe='')}", limit=_OCSP_BYTES)

    def _fetch(self, url: str, **options: object) -> bytes:
        from .fetch import fetch

        options |= {"allow_private": self._options.allow_private_network, "offline": self._options.offline}
        return fetch(url, seconds=_SECONDS, **options)  # type: ignore[arg-type]

    def _keeps_anything(self) -> bool:
        with suppress(OSError):
            return self._cache is not None and any(self._cache.iterdir())
        return False

    def _kept(
        self, place: str, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime, url: str
    ) -> RevocationAnswer | None:
        """What was fetched from there before, if it is an answer, judged as if it came from there now."""
        if self._cache is None:
            return None
        try:
            data = self._file(self._cache, place).read_bytes()
        except OSError:
            return None
        answer = self._judged(leaf, issuer, at, [(f"cache: {url}", data)])
        return None if answer.status is RevocationStatus.NOT_CHECKED else answer

    def _keep(self, place: str, data: bytes, answer: RevocationAnswer) -> None:
        """For the next run, if it has answered. A folder that cannot be written is no error."""
        if self._cache is None or answer.status is RevocationStatus.NOT_CHECKED:
            return
        with suppress(OSError, OutputError):
            self._cache.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file(self._cache, place), lambda out: out.write(data), overwrite=True)

    @staticmethod
    def _file(folder: Path, place: str) -> Path:
        return folder / f"{hashlib.sha256(place.encode()).hexdigest()}.der"


def open_broker(crls: Iterable[str | Path | Crl], options: EvidenceOptions, at: datetime) -> Revocation:
    """The broker of a run. What says to be made after now is not believed, unless a later time is to count."""
    return Revocation(crls, options, max(at, clock.now()), registry.revocation_sources(), cache_folder())


def cache_folder() -> Path:
    """Where the broker keeps what it has fetched."""
    from platformdirs import user_cache_path

    return user_cache_path("jitsuin") / "revocation"


def _made_since(answer: RevocationAnswer, since: datetime | None) -> bool:
    """Whether it is an answer, and not from before then."""
    if answer.status is RevocationStatus.NOT_CHECKED:
        return False
    # Evidence tells its time in whole seconds.
    return since is None or (answer.produced is not None and answer.produced >= since.replace(microsecond=0))


def _digest(pieces: Iterable[bytes]) -> bytes:
    """Of the pieces in their order."""
    return hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in pieces)).digest()


def _unfetched(error: FetchError, url: str) -> RevocationAnswer:
    reason = str(error.facts["reason"])
    return RevocationAnswer(RevocationStatus.NOT_CHECKED, reason if reason == "offline" else f"fetch-{reason}", url)


def _load_crls(given: Iterable[str | Path | Crl]) -> list[Crl]:
    """CRLs (DER or PEM) from files, from the `*.crl` of folders, or as they are. Raises TrustFileError."""
    lists: list[Crl] = []
    for one in given:
        if isinstance(one, Crl):
            lists.append(one)
            continue
        path = Path(one)
        files = sorted(path.glob("*.crl")) if path.is_dir() else [path]
        lists += [Crl(_read(file), file.name) for file in files]
    return lists


def _read(path: Path) -> x509.CertificateRevocationList:
    try:
        return read_crl(read_document(path))
    except InputError as error:
        raise trust_file_error(error) from None
    except ValueError:
        raise TrustFileError(path=str(path), reason="no-crl") from None
