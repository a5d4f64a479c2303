"""What exams tells the rooms above, inside its transaction."""

from django.dispatch import Signal

#: An attempt was closed and scored, for the first and only time. Sends ``attempt`` and ``score``.
attempt_finished = Signal()
