"""Files that come in: counted while they arrive, kept on disk and not in memory, cut off at the cap."""

from typing import Any, Final

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler

#: All files of one request together. The longest that anybody has reason to send is an official code file.
MAX_BYTES: Final = 30 * 1024 * 1024
_MARK: Final = "crosswalk.upload_too_long"


class CappedUpload(TemporaryFileUploadHandler):
    """Lets go of a file as soon as it is too long; what else was typed into the form arrives all the same."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.taken = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.taken += len(raw_data)
        if self.taken > MAX_BYTES:
            if self.request is not None:
                self.request.META[_MARK] = self.field_name
            raise SkipFile
        super().receive_data_chunk(raw_data, start)


def too_long(meta: dict[str, Any]) -> str:
    """The field whose file was let go, by the ``META`` of the request; empty when none was."""
    return str(meta.get(_MARK, ""))
