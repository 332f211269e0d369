"""What may be signed, and how: the wishes of earlier signatures (ISO 32000-2, 12.8.2) and of the field's author.

Whatever forbids the signature, or demands something that we do not do, is refused before a key is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyhanko.pdf_utils import generic

from ..errors import MalformedDocumentError, UnsupportedDocumentError
from ..profiles import Profile
from .fields import Field, NewField
from .reading import PdfDocument
from .structure import array, dictionary, entry, integer, text
from .update import indirect, serialise

_NO_CHANGES = 1
_FORM_FILLING = 2
"""What a certification permits where it does not say (table 257)."""
_SEED_VALUE_VERSION = 3
"""PDF 2.0's (table 237, /V)."""


def check_permissions(document: PdfDocument, known: Sequence[Field], field: Field | NewField) -> None:
    """Whether this field may be signed in this document. Raises UnsupportedDocumentError.

    A certified document takes new signatures, unless it permits no change at all; but a new field that can be seen
    paints over what was certified, and only the fields that are there already may do that.
    """
    certification = dictionary(dictionary(document.reader.root, "/Perms"), "/DocMDP")
    for parameters in _transforms(certification, "/DocMDP"):
        if (integer(parameters, "/P") or _FORM_FILLING) == _NO_CHANGES:
            raise UnsupportedDocumentError(reason="pdf-certified-no-changes")
        if isinstance(field, NewField) and field.visible:
            raise UnsupportedDocumentError(reason="pdf-certified-no-new-field", field=field.name)
    for signed in known:
        if not isinstance(signed.value, generic.DictionaryObject):
            continue
        if integer(dictionary(signed.dictionary, "/Lock"), "/P") == _NO_CHANGES:
            raise UnsupportedDocumentError(reason="pdf-document-locked", place=signed.name)
        if any(_locks(parameters, field.name) for parameters in _transforms(signed.value, "/FieldMDP")):
            raise UnsupportedDocumentError(reason="pdf-field-locked", place=signed.name, field=field.name)


def _transforms(signature: generic.DictionaryObject, method: str) -> Iterator[generic.DictionaryObject]:
    """The parameters of the signature's transforms of this kind (table 256)."""
    for item in array(signature, "/Reference"):
        reference = item.get_object()
        if isinstance(reference, generic.DictionaryObject) and entry(reference, "/TransformMethod") == method:
            yield dictionary(reference, "/TransformParams")


def _locks(parameters: generic.DictionaryObject, name: str) -> bool:
    """Whether a FieldMDP transform, or a lock, takes in the field (table 259): a field stands for all below it."""
    action = entry(parameters, "/Action")
    names = [text(item.get_object()) for item in array(parameters, "/Fields")]
    named = any(name == listed or name.startswith(f"{listed}.") for listed in names)
    return bool(action == "/All" or (action == "/Include" and named) or (action == "/Exclude" and not named))


def field_lock(document: PdfDocument, field: Field) -> bytes | None:
    """The signature's /Reference entry that carries out the field's /Lock (table 236), None without one."""
    lock = dictionary(field.dictionary, "/Lock")
    if not lock:
        return None
    if entry(lock, "/Action") not in ("/All", "/Include", "/Exclude"):
        raise MalformedDocumentError(reason="pdf-entry-malformed", entry="/Lock")
    parameters = generic.DictionaryObject(
        {
            "/Type": generic.NameObject("/TransformParams"),
            "/V": generic.NameObject("/1.2"),
            "/Action": entry(lock, "/Action"),
        }
    )
    if "/Fields" in lock:
        parameters["/Fields"] = array(lock, "/Fields")
    reference = generic.DictionaryObject(
        {
            "/Type": generic.NameObject("/SigRef"),
            "/TransformMethod": generic.NameObject("/FieldMDP"),
            "/TransformParams": parameters,
            "/Data": indirect(document.reader.root_ref),
        }
    )
    return b"[%b]" % serialise(reference)


def check_seed_values(field: Field, profile: Profile, hash_name: str) -> None:
    """Whether we meet what the field's author requires (tables 237 and 238); what is only wished for is left alone.

    Raises UnsupportedDocumentError, naming the entry.
    """
    seeds = dictionary(field.dictionary, "/SV")
    required = integer(seeds, "/Ff")
    reasons = [text(item.get_object()) for item in array(seeds, "/Reasons")]
    silent = reasons in ([], ["."])
    digests = [text(item.get_object()).lower() for item in array(seeds, "/DigestMethod")]
    met = {
        "/Filter": not required & 1 or entry(seeds, "/Filter", "/Adobe.PPKLite") == "/Adobe.PPKLite",
        "/SubFilter": not required & 2 or _in(f"/{profile.subfilter}", array(seeds, "/SubFilter")),
        "/V": not required & 4 or integer(seeds, "/V") <= _SEED_VALUE_VERSION,
        "/Reasons": not required & 8 or (profile.reason is None if silent else profile.reason in reasons),
        "/AddRevInfo": not required & 32 or not bool(entry(seeds, "/AddRevInfo", default=False)),
        "/DigestMethod": not required & 64 or not digests or hash_name in digests,
        "/LockDocument": not required & 128 or entry(seeds, "/LockDocument", "/auto") in ("/false", "/auto"),
        "/AppearanceFilter": not required & 256,
        "/MDP": integer(dictionary(seeds, "/MDP"), "/P") == 0,  # 1 to 3: it is for a certification
        "/TimeStamp": not integer(dictionary(seeds, "/TimeStamp"), "/Ff") & 1,
        "/Cert": not integer(dictionary(seeds, "/Cert"), "/Ff") & 0b101111,  # all but the address of a shop
    }
    for name, fulfilled in met.items():
        if not fulfilled:
            raise UnsupportedDocumentError(reason="pdf-seed-value", field=field.name, entry=name)


def _in(name: str, names: generic.ArrayObject) -> bool:
    return not names or any(item.get_object() == name for item in names)
