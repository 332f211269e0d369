"""Which files a batch is about, and where their outputs go: folders, patterns and single files, found with care.

Nothing outside what was named is ever taken: links inside a folder are told and not followed. Hidden files, our own
among them, and the folder of the outputs are no input.
"""

from __future__ import annotations

import glob
import os
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from .errors import InputError, OutputError

_LONGEST_NAME = 255
"""Bytes that a file name may have on the common file systems."""


@dataclass(frozen=True)
class Found:
    """A file of the batch."""

    name: str
    """Inside the folder, with `/`; unique in a batch, unless that is an error of its own."""
    source: Path
    root: Path | None = None
    """The folder in which it was found: nothing below that may be a link. What a person named may be one."""
    passed_over: str | None = None
    """Why it is no input: `symlink` or `not-a-file`."""
    error: InputError | None = None
    """A folder that cannot be read."""


def is_pattern(path: Path) -> bool:
    """Whether it is to be taken as a pattern: it has `*`, `?` or `[`, and there is no file of that very name."""
    return glob.has_magic(str(path)) and not os.path.lexists(path)


def is_many(path: Path) -> bool:
    """Whether it may stand for more than one file."""
    return path.is_dir() or is_pattern(path)


def find_files(paths: Sequence[Path], *, recursive: bool, leave_out: Collection[Path] = ()) -> list[Found]:
    """Everything that the paths mean, sorted by name within each.

    Of several folders each one's own name comes first. `leave_out` are folders, known by what they are and not by how
    their path is spelled, and files. Raises InputError (`no-match`, `empty`) where a pattern or folder means nothing.
    """
    left_out = {_identity(path) for path in leave_out} - {None}
    several = sum(map(is_many, paths)) > 1
    found: list[Found] = []
    for path in paths:
        if is_pattern(path):
            here = _matches(path, recursive=recursive, left_out=left_out)
        elif path.is_dir():
            prefix = f"{path.resolve().name}/" if several else ""
            here = sorted(_walk(path, path, prefix, recursive=recursive, left_out=left_out), key=_by_parts)
        else:
            here = [Found(path.name, path)]
        if not here:
            empty = "empty-below" if recursive else "empty"
            raise InputError(path=str(path), reason="no-match" if is_pattern(path) else empty)
        found += here
    return found


def _walk(root: Path, folder: Path, prefix: str, *, recursive: bool, left_out: Collection[object]) -> Iterator[Found]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        yield Found(prefix.rstrip("/") or folder.name, folder, root, error=_unreadable(folder, error))
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith(".") or (left_out and _identity(path) in left_out):
            continue
        if entry.is_symlink():
            yield Found(prefix + entry.name, path, root, passed_over="symlink")
        elif entry.is_dir():
            if recursive:
                yield from _walk(root, path, f"{prefix}{entry.name}/", recursive=True, left_out=left_out)
        else:
            yield Found(prefix + entry.name, path, root, passed_over=None if entry.is_file() else "not-a-file")


def _matches(pattern: Path, *, recursive: bool, left_out: Collection[object]) -> list[Found]:
    """What the pattern matches; names begin after the last folder that the pattern spells out."""
    parts = pattern.parts
    spelled = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    root = Path(*parts[:spelled])
    found: list[Found] = []
    rest = str(PurePath(*parts[spelled:]))
    for match in glob.glob(rest, root_dir=root, recursive=recursive):  # noqa: PTH207 - pathlib's takes hidden files
        path, inner = root / match, PurePath(match)
        if ".." in inner.parts:
            continue  # its name would lead out of the folder of the outputs
        chain = [path, *(root / above for above in inner.parents if above.parts)]
        if any(_identity(one) in left_out for one in chain):
            continue
        if any(one.is_symlink() for one in chain):
            found.append(Found(inner.as_posix(), path, root, passed_over="symlink"))
        elif not path.is_dir():
            passed_over = None if path.is_file() else "not-a-file"
            found.append(Found(inner.as_posix(), path, root, passed_over=passed_over))
    return sorted(found, key=_by_parts)


def _by_parts(found: Found) -> list[str]:
    return found.name.split("/")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat(follow_symlinks=False) if not path.is_dir() else path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(path=str(path), reason="os", detail=error.strerror)


def target_of(name: str, output: Path) -> Path:
    """`sub/x.pdf` becomes `sub/x.signed.pdf` in the output folder; it stays `x.pdf` where that is too long."""
    inner = PurePath(name)
    longer = f"{inner.stem}.signed{inner.suffix}"
    return output / (inner if len(os.fsencode(longer)) > _LONGEST_NAME else inner.with_name(longer))


def refused_targets(
    jobs: Iterable[tuple[Found, Path]], output: Path, protected: Iterable[Path], *, overwrite: bool
) -> Mapping[Found, OutputError]:
    """Outputs that must not be written, by their file: collisions, what exists, what is read by the run."""
    jobs = list(jobs)
    inputs = {_content(path) for path in (*(found.source for found, _ in jobs), *protected)} - {None}
    wanted = Counter(target for _, target in jobs)
    folders: dict[Path, str | None] = {}
    refused: dict[Found, OutputError] = {}
    for found, target in jobs:
        if target.parent not in folders:
            folders[target.parent] = _folder_objection(target.parent, output)
        reason = folders[target.parent] or _objection(target, inputs, overwrite=overwrite)
        if wanted[target] > 1:
            reason = "collision"
        if reason is not None:
            refused[found] = OutputError(path=str(target), reason=reason, detail="folder not writable")
    return refused


def _objection(target: Path, inputs: Collection[object], *, overwrite: bool) -> str | None:
    try:
        status = target.lstat()
    except FileNotFoundError:
        return None
    except OSError:
        return "os"
    if (status.st_dev, status.st_ino) in inputs:
        return "is-input"
    if not stat.S_ISREG(status.st_mode):
        return "not-a-file"
    return None if overwrite else "exists"


def _folder_objection(folder: Path, output: Path) -> str | None:
    """A folder of the mirrored tree lies inside the output folder, not behind a link, and can be written to or made."""
    there = next(ancestor for ancestor in (folder, *folder.absolute().parents) if os.path.lexists(ancestor))
    if not there.is_dir():
        return "no-folder"
    root, resolved = output.resolve(), there.resolve()
    if output in (there, *there.parents) and root not in (resolved, *resolved.parents):
        return "leaves-folder"
    return None if os.access(there, os.W_OK) else "os"


def _content(path: Path) -> tuple[int, int] | None:
    """What is behind the path, links followed."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
