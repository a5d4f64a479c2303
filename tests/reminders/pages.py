"""What a mail's HTML shows, where it leads and what it would fetch."""

from html.parser import HTMLParser


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.buttons: list[str] = []
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.attributes: list[str] = []
        self.words = ""
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.attributes += [f"{tag} {name}" for name in given]
        self._hidden += tag == "style"
        if tag == "a":
            self.links.append(given.get("href") or "")
            if given.get("class") == "button":
                self.buttons.append(given.get("href") or "")
        fetching = ("src", "srcset", "background", "poster", "action", "formaction")
        self.fetched += [f"{tag} {name}" for name in given if name in fetching]
        self.fetched += [f"{tag} {given.get('href')}"] if tag == "link" else []

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data
