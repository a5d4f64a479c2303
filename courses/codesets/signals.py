"""What this room tells the rooms above it."""

from django.dispatch import Signal

#: Sent inside the loading transaction with ``release``. Receivers recompute the states of their code
#: references with ``actions.reevaluate``, which may be repeated.
release_loaded = Signal()
