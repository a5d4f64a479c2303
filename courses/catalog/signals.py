"""What catalog tells the rooms above, inside its transaction."""

from django.dispatch import Signal

#: A lesson revision was written. Sends ``revision`` and ``checkpoints`` (question keys in order).
#: A receiver that cannot serve them raises ``LessonRefused``, and nothing is written.
lesson_drafted = Signal()
