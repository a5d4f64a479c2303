"""Asking ClamAV about a file, by its INSTREAM protocol; used where ``CLAMAV_ADDRESS`` names a scanner."""

import logging
import socket
from pathlib import Path
from typing import Final

from courses.credentials.files import NotAccepted, Reason

logger = logging.getLogger(__name__)

#: Seconds for the connection and for each answer.
SECONDS: Final = 10.0
_CHUNK: Final = 64 * 1024


def scan(path: Path, address: str) -> None:
    """Refuse a file in which the scanner finds something; ``address`` is ``host:port`` or a socket's path.

    Raises ``NotAccepted``, also when the scanner cannot be asked: what nobody looked at is not kept.
    """
    try:
        answer = _ask(path, address)
    except (OSError, ValueError) as error:
        logger.error("the virus scanner cannot be asked: %s", error)
        raise NotAccepted(Reason.UNCHECKED) from None
    if answer.endswith(" FOUND"):
        logger.warning("a file that was given is refused by the virus scanner: %s", answer)
        raise NotAccepted(Reason.VIRUS)
    if answer != "stream: OK":
        logger.error("the virus scanner answers: %s", answer)
        raise NotAccepted(Reason.UNCHECKED)


def _ask(path: Path, address: str) -> str:
    with _connected(address) as asked, path.open("rb") as file:
        asked.sendall(b"zINSTREAM\0")
        while chunk := file.read(_CHUNK):
            asked.sendall(len(chunk).to_bytes(4, "big") + chunk)
        asked.sendall(bytes(4))
        answer = b""
        while not answer.endswith(b"\0"):
            part = asked.recv(4096)
            if not part or len(answer) > 4096:
                raise ValueError("it hung up before it answered")
            answer += part
        return answer.rstrip(b"\0").decode("ascii", "replace").strip()


def _connected(address: str) -> socket.socket:
    if address.startswith("/"):
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        found.settimeout(SECONDS)
        try:
            found.connect(address)
        except OSError:
            found.close()
            raise
        return found
    host, _colon, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS)
