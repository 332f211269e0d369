"""Backends, formats and profiles, found through entry points, so that another package can add one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from typing import TYPE_CHECKING, cast

from jitsuin.formats.base import FormatAdapter
from jitsuin.formats.profiles import Profile
from jitsuin.signer.base import Signer, SignerOptions

from .errors import UnknownNameError

if TYPE_CHECKING:
    from .revocation import Source

SignerFactory = Callable[[str, SignerOptions], Signer]


@cache
def _entry_points() -> EntryPoints:
    """Those of all groups: looking for them means opening a file of every package that is installed."""
    return cast("EntryPoints", entry_points())  # 3.11 has a type of its own for it, with the same `select`


def signer_factory(uri: str) -> SignerFactory:
    """The backend for a key URI, by its scheme. Raises UnknownNameError."""
    scheme = uri.partition(":")[0]
    found = _entry_points().select(group="jitsuin.signers")
    if ":" not in uri or scheme not in found.names:
        raise UnknownNameError(what="key", name=uri, known=", ".join(f"{name}:" for name in sorted(found.names)))
    return cast("SignerFactory", found[scheme].load())


@cache
def formats() -> Mapping[str, FormatAdapter]:
    """All adapters by name, the general ones (`fallback`) last, so that a more particular one is asked first."""
    adapters = [cast("FormatAdapter", entry.load()()) for entry in _entry_points().select(group="jitsuin.formats")]
    return {adapter.name: adapter for adapter in sorted(adapters, key=lambda a: (a.fallback, a.name))}


@cache
def profiles() -> Mapping[str, Profile]:
    """All destination profiles by name."""
    found: dict[str, Profile] = {}
    for entry in _entry_points().select(group="jitsuin.profiles"):
        found.update(cast("Mapping[str, Profile]", entry.load()))
    return found


@cache
def revocation_sources() -> tuple[Source, ...]:
    """Sources of CRLs and OCSP responses that other packages offer."""
    return tuple(cast("Source", entry.load()) for entry in _entry_points().select(group="jitsuin.revocation"))


def profile_named(name: str) -> Profile:
    """The profile of this name. Raises UnknownNameError."""
    if name not in profiles():
        raise UnknownNameError(what="profile", name=name, known=", ".join(sorted(profiles())))
    return profiles()[name]


def with_timestamp(profile: Profile) -> Profile:
    """The profile that is this one with a timestamp over the signature; itself where there is none."""
    return next((one for one in profiles().values() if one.timestamp_over == profile.name), profile)


def timestamped(format_name: str) -> Profile | None:
    """The format's first profile with a timestamp."""
    return next((one for one in profiles().values() if one.format == format_name and one.timestamp_over), None)


def profile_for(adapter_name: str) -> Profile:
    """The profile that is taken for a format when none is named: the one that bears its name, else its first."""
    candidates = [profile for profile in profiles().values() if profile.format == adapter_name]
    if not candidates:
        raise UnknownNameError(what="profile", name=adapter_name, known=", ".join(sorted(profiles())))
    return next((profile for profile in candidates if profile.name == adapter_name), candidates[0])
