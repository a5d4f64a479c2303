"""What credentials tells the rooms above, inside its transaction."""

from django.dispatch import Signal

#: A cycle of a credential began, once per cycle. Sends ``cycle`` (Cycle).
cycle_opened = Signal()
