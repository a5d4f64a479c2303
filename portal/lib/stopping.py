"""Whether this process was asked to end, so that long work can stop between two steps.

Celery tells its main process alone, and its children do the work: the flag lies in memory that they share.
"""

from multiprocessing.sharedctypes import RawValue

# no lock: a signal handler writes it, perhaps in the middle of a look at it
_is_stopping = RawValue("b", 0)


def ask_to_stop(*_: object, **__: object) -> None:
    """Let whatever looks stop at its next step."""
    _is_stopping.value = 1


def let_run() -> None:
    """Take it back: what was asked to stop has ended, and this process goes on."""
    _is_stopping.value = 0


def is_stopping() -> bool:
    return bool(_is_stopping.value)
