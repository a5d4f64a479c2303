"""Files that come in: counted while they arrive, kept on disk and not in memory, cut off at the cap."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.urls import Resolver404, resolve

View = TypeVar("View", bound=Callable[..., Any])

#: All files of one request together. The longest that anybody has reason to send is an official code file.
MAX_BYTES: Final = 30 * 1024 * 1024
_MARK: Final = "crosswalk.upload_too_long"


class CappedUpload(TemporaryFileUploadHandler):
    """Lets go of a file as soon as it is too long; what else was typed into the form arrives all the same."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.taken = 0
        self.most = MAX_BYTES

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.request is not None:
            self.most = _most_for(self.request.path_info)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.taken += len(raw_data)
        if self.taken > min(MAX_BYTES, self.most):
            if self.request is not None:
                self.request.META[_MARK] = self.field_name
            raise SkipFile
        super().receive_data_chunk(raw_data, start)


def most_uploaded(amount: int) -> Callable[[View], View]:
    """A view that takes less than others: all files of a request together are at most ``amount`` bytes."""

    def decorate(view: View) -> View:
        view.most_uploaded = amount  # type: ignore[attr-defined]  # read when the first file arrives
        return view

    return decorate


def _most_for(path: str) -> int:
    try:
        return int(getattr(resolve(path).func, "most_uploaded", MAX_BYTES))
    except Resolver404:  # nobody takes it
        return 0


def too_long(meta: dict[str, Any]) -> str:
    """The field whose file was let go, by the ``META`` of the request; empty when none was."""
    return str(meta.get(_MARK, ""))
