"""What can go wrong with a code set."""


class LoadRefused(Exception):
    """A file cannot become a release; nothing was written. Says why and, where it is known, in which line."""

    def __init__(self, reason: str, *, line: int | None = None) -> None:
        super().__init__(f"Line {line}: {reason}" if line else reason)
        self.reason = reason
        self.line = line
