"""A page as a parser sees it that knows nothing of how it was made."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Node:
    """An element as a parser sees it."""

    name: str
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(" ".join(child if isinstance(child, str) else child.text for child in self.children).split())

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    def all(self, name: str = "", class_: str = "") -> Iterator[Node]:
        for child in self.children:
            if isinstance(child, Node):
                if (not name or child.name == name) and (not class_ or class_ in child.classes):
                    yield child
                yield from child.all(name, class_)

    def one(self, identifier: str) -> Node:
        (found,) = (node for node in self.all() if node.attributes.get("id") == identifier)
        return found


class Page(HTMLParser):
    """A page whose every element is closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self._open = [self.root]
        self.feed(text)
        self.close()
        assert self._open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag != "meta":
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def read(text: str) -> Node:
    """The page, checked for what every page must be: well formed, self-contained, nothing that runs or is fetched."""
    root = Page(text).root
    identifiers = [node.attributes["id"] for node in root.all() if "id" in node.attributes]
    assert len(identifiers) == len(set(identifiers))
    allowed = {"charset", "class", "content", "datetime", "href", "http-equiv", "id", "lang", "name", "open", "scope"}
    drawing = {"aria-hidden", "class", "height", "preserveaspectratio", "viewbox", "width"}
    for node in root.all():
        assert node.name not in {"script", "img", "iframe", "object", "link", "form", "base", "use"}
        assert set(node.attributes) <= (drawing if node.name in {"svg", "rect"} else allowed)
        if "href" in node.attributes:
            assert node.attributes["href"].removeprefix("#") in identifiers
            assert node.attributes["href"].startswith("#")
    (style,) = root.all("style")
    css = style.children[0]
    assert isinstance(css, str)
    assert not re.search(r"url\(|@import|expression|https?:", css)
    (policy,) = (n.attributes["content"] for n in root.all("meta") if "http-equiv" in n.attributes)
    assert policy.startswith("default-src 'none'; ")
    assert base64.b64encode(hashlib.sha256(css.encode()).digest()).decode() in policy
    assert "unsafe" not in policy
    assert all(c.isprintable() or c in "\n\u3000" for c in text)
    return root
