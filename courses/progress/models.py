"""What a person has started, read, met and completed. Everything here belongs to one person."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import Course, EducationPath, Lesson, LessonRevision, Requirement
from portal.lib.owned import OwnedQuerySet


class PathFollowing(models.Model):
    """That a person follows a path."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="paths_followed")
    path = models.ForeignKey(EducationPath, models.PROTECT, related_name="followers")
    followed_at = models.DateTimeField(_("since"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("path followed")
        verbose_name_plural = _("paths followed")
        constraints = [models.UniqueConstraint(fields=["user", "path"], name="progress_pathfollowing_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.path}"


class Enrolment(models.Model):
    """That a person takes a course."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="enrolments")
    course = models.ForeignKey(Course, models.PROTECT, related_name="enrolments")
    enrolled_at = models.DateTimeField(_("enrolled at"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "course"], name="progress_enrolment_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.course}"


class LessonCompletion(models.Model):
    """That a person completed a lesson, and which text it was then."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="lessons_completed")
    lesson = models.ForeignKey(Lesson, models.PROTECT, related_name="completions")
    revision = models.ForeignKey(LessonRevision, models.PROTECT, related_name="completions")
    completed_at = models.DateTimeField(_("completed at"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "lesson"], name="progress_lessoncompletion_once")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.revision}"


class CourseCompletion(models.Model):
    """That a person completed a course: a snapshot that later edits of the course do not touch."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="courses_completed")
    course = models.ForeignKey(Course, models.PROTECT, related_name="completions")
    title = models.CharField(_("title"), max_length=160)
    ceus = models.DecimalField(_("CEUs"), max_digits=5, decimal_places=2)
    minutes_read = models.PositiveIntegerField(_("minutes of reading on record"))
    completed_at = models.DateTimeField(_("completed at"))
    completed_on = models.DateField(_("completed on"), help_text=_("In the person's own time zone."))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "course"], name="progress_coursecompletion_once")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.title}"


class RequirementMet(models.Model):
    """That a person has met what ``(kind, key)`` names; see ``catalog.Requirement``."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="requirements_met")
    kind = models.CharField(_("kind"), max_length=12, choices=Requirement.Kind.choices)
    key = models.CharField(_("key"), max_length=170)
    met_at = models.DateTimeField(_("met at"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("requirement met")
        verbose_name_plural = _("requirements met")
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "key"], name="progress_requirementmet_once")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind} {self.key}"


class ReadingTime(models.Model):
    """Minutes that a lesson was open in a visible tab: evidence for CEUs, kept in coarse beats."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reading_times")
    lesson = models.ForeignKey(Lesson, models.PROTECT, related_name="reading_times")
    minutes = models.PositiveIntegerField(_("minutes"))
    last_beat_at = models.DateTimeField(_("last beat at"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading time")
        constraints = [models.UniqueConstraint(fields=["user", "lesson"], name="progress_readingtime_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.lesson}, {self.minutes} min"


class LessonNote(models.Model):
    """A person's own note beside a lesson."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="lesson_notes")
    lesson = models.ForeignKey(Lesson, models.PROTECT, related_name="notes")
    text = models.TextField(_("note"), max_length=10_000, blank=True)
    updated_at = models.DateTimeField(_("changed at"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("lesson note")
        constraints = [models.UniqueConstraint(fields=["user", "lesson"], name="progress_lessonnote_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.lesson}"
