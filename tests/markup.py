"""HTML read strictly: every tag closed in its turn, and what the page says and refers to. For tests of pages."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"meta", "link", "br", "input", "img"})
_SELF_CLOSING = frozenset({"rect", "circle", "line"})


@dataclass
class Element:
    """One element as it was met."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """A page taken apart; `feed` has been called.

    Attributes:
        elements: in their order.
        faults: tags that are closed out of turn or not at all.
    """

    source: str
    elements: list[Element] = field(default_factory=list[Element])
    faults: list[str] = field(default_factory=list[str])
    _open: list[Element] = field(default_factory=list[Element])

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()
        self.faults += [f"<{element.tag}> is not closed" for element in self._open]

    def all(self, tag: str) -> list[Element]:
        """Return the elements of one name."""
        return [element for element in self.elements if element.tag == tag]

    def text_of(self, tag: str) -> list[str]:
        """Return the texts of the elements of one name, white space folded."""
        return [" ".join(element.text.split()) for element in self.all(tag)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an opening tag."""
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag that closes itself."""
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in _SELF_CLOSING:
            self.faults.append(f"<{tag}/> closes itself")

    def handle_endtag(self, tag: str) -> None:
        """Take a closing tag."""
        if not self._open or self._open[-1].tag != tag:
            self.faults.append(f"</{tag}> in <{self._open[-1].tag if self._open else ''}>")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Take text, which belongs to all that is open; as browsers do, without a line feed that begins a `pre`."""
        if self._open and self._open[-1].tag == "pre" and not self._open[-1].text:
            data = data.removeprefix("\n")
        for element in self._open:
            element.text += data
