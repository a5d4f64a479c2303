"""What progress tells the rooms above, inside its transaction."""

from django.dispatch import Signal

#: A person completed a course, for the first and only time. Sends ``completion`` (CourseCompletion).
course_completed = Signal()
