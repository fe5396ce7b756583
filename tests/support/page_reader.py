"""A page as a test reads it: its text, and its tags with their attributes."""

from dataclasses import dataclass
from html.parser import HTMLParser

_WITHOUT_TEXT = {"script", "datalist", "title"}


@dataclass
class Tag:
    """An element: its attributes, and the text in it."""

    name: str
    attributes: dict[str, str]
    text: str = ""

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]

    def has(self, attribute: str) -> bool:
        """Whether it has the attribute, with or without a value."""
        return attribute in self.attributes

    @property
    def classes(self) -> list[str]:
        """Its classes."""
        return self.attributes.get("class", "").split()


class Page(HTMLParser):
    """`text` is all that is read on the page, with single blanks; `tags` all elements in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.text = ""
        self._open: list[Tag] = []
        self.feed(source)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Tag(tag, {name: value or "" for name, value in attrs})
        self.tags.append(made)
        self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(Tag(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().name != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1].name in _WITHOUT_TEXT:
            return
        self.text += f" {data}"
        for tag in self._open:
            tag.text = " ".join(f"{tag.text} {data}".split())

    def with_class(self, name: str) -> list[Tag]:
        """Every element of a class."""
        return [tag for tag in self.tags if name in tag.classes]

    def named(self, name: str) -> list[Tag]:
        """Every element of a kind (`a`, `tr`)."""
        return [tag for tag in self.tags if tag.name == name]

    def __getitem__(self, element_id: str) -> Tag:
        """The one element with this id."""
        found = [tag for tag in self.tags if tag.attributes.get("id") == element_id]
        assert len(found) == 1, f"{len(found)} elements with the id {element_id!r}"
        return found[0]
