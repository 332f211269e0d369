"""The key's part of a batch: opened once, it serves the workers, and the journal is written before any output is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from jitsuin.formats.verdict import PASSED
from jitsuin.signer.base import SignatureScheme
from jitsuin.signer.errors import TokenError

from .batch_desks import Sign, Signed, credentials_of
from .batch_results import FileEnded, FileState, Phase
from .batch_run import File, Run, about
from .errors import BatchError, OutputError
from .interruption import Interruption
from .journal import PLACING, cuts_off
from .pipeline import Signing, unlock
from .rehearsal import Rehearsing
from .workers import Pool

if TYPE_CHECKING:
    from jitsuin.formats.profiles import Profile
    from jitsuin.signer.base import Signer

OpenKey = Callable[[], "Signer"]
PutBack = Callable[[TokenError], bool]
"""Told that the token failed: whether a person has put it back, so that the key may be opened once more."""


class Key:
    """The signer of the run, which a person may put back when it was pulled. Each opening is one PIN, one VERIFY."""

    def __init__(self, open_key: OpenKey, put_back: PutBack | None, rehearsing: Rehearsing) -> None:
        self._open_key = open_key
        self._put_back = put_back
        self._rehearsing = rehearsing
        self._profiles: Collection[Profile] = ()
        self._held = ExitStack()
        self._signer: Signer | None = None
        self.signing: Signing | None = None
        """With the certificate, which has passed the gate; None where the key was never opened."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.__exit__(kind, error, trace)

    def open(self, profiles: Collection[Profile]) -> Signing:
        """Steps 3 to 6, for documents of these profiles. Raises what `unlock` does, and BatchError for another key."""
        self._profiles = profiles
        self._signer = self._held.enter_context(self._open_key())
        signing = unlock(self._signer, self._rehearsing, profiles)
        if self.signing is not None and signing.identity.certificate != self.signing.identity.certificate:
            raise BatchError(reason="another-key")
        self.signing = self.signing or signing
        return self.signing

    def sign(self, to_be_signed: bytes, scheme: SignatureScheme, interruption: Interruption) -> bytes:
        """Step 8. Raises SignerError, and what `open` raises."""
        while True:
            assert self._signer is not None  # noqa: S101 - opened before
            try:
                return self._signer.sign(to_be_signed, scheme)
            except TokenError as error:
                with interruption.aside():
                    if not self._opened_again(error):
                        raise

    def _opened_again(self, error: TokenError) -> bool:
        while self._put_back is not None and self._put_back(error):
            self._held.close()
            try:
                self.open(self._profiles)
            except TokenError as another:
                error = another
            else:
                return True
        return False


class _Clerk:
    """Answers the workers: signatures by the key, places by the journal."""

    def __init__(self, run: Run, files: Sequence[File], key: Key, interruption: Interruption) -> None:
        self._run = run
        self._files = files
        self._key = key
        self._interruption = interruption

    @property
    def stopped(self) -> bool:
        return self._run.stopped is not None or self._interruption.asked is not None

    def place(self, requests: Sequence[tuple[int, str]]) -> bool:
        run = self._run
        if run.journal is None:
            return False
        for number, sha256 in requests:
            file = self._files[number]
            rehearsed = file.rehearsed
            source = rehearsed.source_sha256 if rehearsed else None
            run.journal.file(run.run_id, run.entry(file, PLACING, source_sha256=source, target_sha256=sha256))
        try:
            run.journal.sync()
        except OutputError as error:
            run.stopped = run.stopped or error
            return False
        run.has_written = True
        return True

    def sign(self, number: int, to_be_signed: bytes, scheme: str) -> bytes | None:
        try:
            return self._key.sign(to_be_signed, SignatureScheme(scheme), self._interruption)
        except (KeyboardInterrupt, SystemExit) as error:  # while a person was asked, or for the second time
            self._run.stopped = error
        except Exception as error:  # noqa: BLE001 - whatever the key has, it is the file's error and the run's end
            self._run.settle(self._files[number], FileState.FAILED, error=error)
            self._run.stopped = error
        return None


def sign(run: Run, pool: Pool, key: Key, jobs: int) -> None:
    """Steps 7 to 11 of every file that was rehearsed well, until something stops the run."""
    assert key.signing is not None  # noqa: S101 - opened before
    credentials = credentials_of(key.signing)
    todo: list[tuple[File, object]] = [
        (file, Sign(file.found.source, file.target, file.profile, file.rehearsed, credentials))
        for file in run.files
        if file.record is None and file.target is not None and file.rehearsed is not None
    ]
    with run.interruptible(pool) as interruption:
        clerk = _Clerk(run, [file for file, _ in todo], key, interruption)
        for file, result in run.work(pool, Phase.SIGNING, todo, clerk, jobs=jobs, interruption=interruption):
            _note(run, file, result)
            run.progress(FileEnded(Phase.SIGNING, file.name, file.record.state if file.record else None))
            run.report()


def _note(run: Run, file: File, result: object) -> None:
    rehearsed = file.rehearsed
    assert rehearsed is not None  # noqa: S101 - it was to be signed
    if isinstance(result, Signed):
        run.settle(
            file,
            FileState.SIGNED,
            format=rehearsed.format,
            profile=result.profile,
            verdict=PASSED,
            source_sha256=rehearsed.source_sha256,
            target_sha256=result.target_sha256,
            notices=result.notices,
        )
    elif isinstance(result, Exception):
        run.settle(
            file, FileState.FAILED, error=about(result, file.found.source), source_sha256=rehearsed.source_sha256
        )
        if cuts_off(result):
            run.stopped = run.stopped or result
