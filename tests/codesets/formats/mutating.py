"""Files that went wrong on the way: what a reader refuses or reads, and never stumbles over."""

from collections.abc import Callable
from io import BytesIO

from hypothesis import strategies as st

from courses.codesets.errors import LoadRefused


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """``data`` with one to four pieces deleted, duplicated, overwritten or cut off."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        until = draw(st.integers(at, min(len(data), at + 60)))
        kind = draw(st.sampled_from(["delete", "duplicate", "flip", "insert", "truncate"]))
        if kind == "delete":
            data = data[:at] + data[until:]
        elif kind == "duplicate":
            data = data[:until] + data[at:]
        elif kind == "flip" and at < len(data):
            data = data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1 :]
        elif kind == "insert":
            data = data[:at] + draw(st.binary(max_size=6)) + data[at:]
        elif kind == "truncate":
            data = data[:at]
    return data


def outcome(parse: Callable[[BytesIO], object], data: bytes) -> str:
    """``read`` or ``refused``; every other exception passes through, and fails the test that asks."""
    try:
        parse(BytesIO(data))
    except LoadRefused as refusal:
        return "refused" if refusal.reason and (refusal.line or 1) >= 1 else "refused without a reason"
    return "read"
