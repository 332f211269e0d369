"""Paths that begin at a home folder, as users write them in key URIs."""

from __future__ import annotations

from pathlib import Path

from .errors import KeyUriError


def expanded(path: str, uri: str) -> Path:
    """With `~` and `~name` replaced. Raises KeyUriError (`no-such-user`)."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise KeyUriError(uri=uri, reason="no-such-user") from None
