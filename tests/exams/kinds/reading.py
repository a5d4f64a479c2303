"""What a browser would send from the HTML of a question."""

from html.parser import HTMLParser

VOID = {"input", "br", "img", "hr"}


class Page(HTMLParser):
    """The fields of a piece of HTML, the label of each, and whether the tags are balanced."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self.names: list[str] = []
        self.labels: dict[str, str] = {}
        self._open: list[str] = []
        self._select = ""
        self._label: list[str] | None = None
        self._labelled = ""
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(tag)
        found = {name: value or "" for name, value in attrs}
        if tag == "label":
            self._label, self._labelled = [], ""
        elif tag == "select":
            self._select = self._field(found["name"])
        elif tag == "option" and "selected" in found:
            self.fields[self._select] = [found["value"]]
        elif tag == "input":
            name = self._field(found["name"])
            if found["type"] == "text":
                self.fields[name] = [found["value"]]
            elif "checked" in found:
                self.fields.setdefault(name, []).append(found["value"])

    def _field(self, name: str) -> str:
        assert self._label is not None, f"{name} stands in no label"
        self.names.append(name)
        self._labelled = name
        return name

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "label":
            assert self._label is not None
            self.labels[self._labelled] = " ".join(" ".join(self._label).split())
            self._label = None

    def handle_data(self, data: str) -> None:
        if self._label is not None and (not self._open or self._open[-1] != "option"):
            self._label.append(data)
