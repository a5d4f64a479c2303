"""What is read along with the row of whoever is signed in, so that every page can show it without a statement
of its own. Upper rooms add to it in their ``AppConfig.ready``.
"""

from typing import Any

from django.db.models.expressions import Combinable

_along: dict[str, Combinable] = {}


def read_along(name: str, expression: Combinable) -> None:
    """Read ``expression`` with every person whom a session names, as the attribute ``name``."""
    _along[name] = expression


def expressions() -> dict[str, Combinable]:
    """Everything that is read along, by name."""
    return dict(_along)


def read_late(model: Any, pk: int, name: str) -> Any:
    """The same for a person who was read in another way; None where nobody offers it."""
    if name not in _along:
        return None
    return model.objects.filter(pk=pk).values_list(_along[name], flat=True).first()
