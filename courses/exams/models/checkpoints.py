"""Questions inside a lesson's text, and what people answered to them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import LessonRevision
from courses.exams.models.bank import Question, QuestionRevision


class Checkpoint(models.Model):
    """A question asked inside a lesson's text."""

    lesson_revision = models.ForeignKey(LessonRevision, models.CASCADE, related_name="checkpoints")
    question = models.ForeignKey(Question, models.PROTECT, related_name="checkpoints")
    position = models.PositiveSmallIntegerField(_("order"))

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["lesson_revision", "question"], name="exams_checkpoint_once")
        ]

    def __str__(self) -> str:
        return f"{self.lesson_revision_id}: {self.question_id}"


class CheckpointAnswer(models.Model):
    """What a person answered to a checkpoint, and which text it was. Only ever added to."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="checkpoint_answers")
    question_revision = models.ForeignKey(QuestionRevision, models.PROTECT, related_name="checkpoint_answers")
    value = models.JSONField(_("answer"))
    is_correct = models.BooleanField(_("right"))
    answered_at = models.DateTimeField(_("answered at"))

    class Meta:
        verbose_name = _("checkpoint answer")
        ordering = ("answered_at", "pk")
        indexes = [
            # what did this person last answer here?
            models.Index(fields=["user", "question_revision", "-answered_at"], name="exams_checkpoint_latest")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.value}"
