"""The language of messages: Japanese or English, chosen by JITSUIN_LANG or else the locale's variables."""

from __future__ import annotations

import os
from functools import cache
from typing import Literal

Language = Literal["en", "ja"]


@cache
def language() -> Language:
    """`ja` where the first variable that is set begins so, else `en`."""
    for variable in ("JITSUIN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return "ja" if value.lower().startswith("ja") else "en"
    return "en"


def say(en: str, ja: str) -> str:
    """The text in the language of this run. Both stand side by side, so that they cannot drift apart."""
    return ja if language() == "ja" else en
