"""Certified documents (ISO 32000-2, 12.8.2.2 and 12.8.6): which signature certifies, and whether it says so properly.

What DocMDP permits plays no part: every document is judged as if it permitted nothing (docs/adr/0011).
"""

from __future__ import annotations

from collections.abc import Sequence

from pyhanko.pdf_utils import generic

from ..verdict import RefusedSignatureError, SubIndication
from .reading import PdfDocument
from .structure import entry


def check_certification(document: PdfDocument, signatures: Sequence[generic.Reference]) -> None:
    """Whether /Perms names the oldest of the signatures (given in their order), and this one bears the transform.

    Raises RefusedSignatureError.
    """
    permissions = entry(document.reader.root, "/Perms")
    if not isinstance(permissions, generic.DictionaryObject) or "/DocMDP" not in permissions:
        return
    named = dict.__getitem__(permissions, "/DocMDP")
    if not isinstance(named, generic.IndirectObject) or not signatures or named.reference != signatures[0]:
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "certification-malformed")
    if not _bears_transform(named.get_object()):
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "certification-malformed")


def _bears_transform(signature: generic.PdfObject) -> bool:
    """One signature reference dictionary with the transform method DocMDP and its access permissions (table 257)."""
    references = entry(signature, "/Reference") if isinstance(signature, generic.DictionaryObject) else None
    if not isinstance(references, generic.ArrayObject):
        return False
    transforms = [
        one
        for one in (item.get_object() for item in list.__iter__(references))
        if isinstance(one, generic.DictionaryObject) and _is_name(entry(one, "/TransformMethod"), "/DocMDP")
    ]
    if len(transforms) != 1:
        return False
    parameters = entry(transforms[0], "/TransformParams")
    if not isinstance(parameters, generic.DictionaryObject):
        return False
    permission = entry(parameters, "/P")
    return permission is None or (isinstance(permission, generic.NumberObject) and permission in (1, 2, 3))


def _is_name(value: generic.PdfObject | None, name: str) -> bool:
    return isinstance(value, generic.NameObject) and str(value) == name
