"""Bodies and certifications as dated facts; paths, courses, lessons and the guide; requirements."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.codesets.models import Citation, CodeRef
from courses.codesets.systems import System
from portal.lib.revisions import Revision, revision_constraints
from portal.lib.sourced import PackRow, Sourced


class Body(PackRow):
    """An organisation that grants credentials."""

    name = models.CharField(_("name"), max_length=200)
    short = models.CharField(_("short name"), max_length=40)
    url = models.URLField(_("web site"), blank=True)

    class Meta:
        verbose_name = _("body")
        verbose_name_plural = _("bodies")
        ordering = ("short",)

    def __str__(self) -> str:
        return self.short


class Certification(PackRow):
    """A credential that a body grants."""

    body = models.ForeignKey(Body, models.PROTECT, related_name="certifications")
    abbreviation = models.CharField(_("abbreviation"), max_length=12)
    name = models.CharField(_("name"), max_length=200)
    purpose = models.TextField(_("what it is for"))

    class Meta:
        ordering = ("body__short", "abbreviation")

    def __str__(self) -> str:
        return self.abbreviation

    def get_absolute_url(self) -> str:
        return reverse("pages:certification", args=[self.key])


class FactKind(models.TextChoices):
    """What a fact speaks of; the comparison table has a row for each."""

    ITEMS = "items", _("Questions")
    TIME = "time", _("Time")
    PASS_RULE = "pass_rule", _("To pass")
    FEE = "fee", _("Fee")
    ELIGIBILITY = "eligibility", _("Who may sit it")
    BOOKS = "books", _("Books allowed")
    OUTLINE = "outline", _("Outline")
    EXAM_FORMAT = "exam_format", _("Format")
    EDITION = "edition", _("Code edition")
    VALIDITY = "validity", _("Stays valid")


class Fact(Sourced):
    """One dated fact about a body or a certification."""

    body = models.ForeignKey(Body, models.CASCADE, null=True, blank=True, related_name="facts")
    certification = models.ForeignKey(
        Certification, models.CASCADE, null=True, blank=True, related_name="facts"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=FactKind.choices)
    label = models.CharField(_("label"), max_length=120)
    value = models.TextField(_("value"))
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(body=None) ^ Q(certification=None), name="catalog_fact_of_one_owner"
            )
        ]

    def __str__(self) -> str:
        return f"{self.certification or self.body}: {self.label}"


class Figure(PackRow, Sourced):
    """A figure about pay or outlook, with the year it speaks of."""

    label = models.CharField(_("label"), max_length=200)
    value = models.CharField(_("value"), max_length=200)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)

    class Meta:
        ordering = ("-year", "label")

    def __str__(self) -> str:
        return f"{self.label} ({self.year})"


class Level(models.TextChoices):
    FOUNDATION = "foundation", _("Foundation")
    INTERMEDIATE = "intermediate", _("Intermediate")
    ADVANCED = "advanced", _("Advanced")


class CourseQuerySet(models.QuerySet["Course"]):
    def published(self, at: datetime) -> Self:
        """Courses that everybody may see at ``at``."""
        return self.filter(published_at__lte=at)

    def on_path(self, key: str) -> Self:
        """Courses that a stage of the path ``key`` asks for."""
        asked = Requirement.objects.filter(kind=Requirement.Kind.COURSE, key=OuterRef("key"))
        return self.filter(Exists(asked.filter(stage__path__key=key)))


class Course(PackRow):
    """A course: modules of lessons in order."""

    title = models.CharField(_("title"), max_length=160)
    summary = models.TextField(_("summary"))
    level = models.CharField(_("level"), max_length=12, choices=Level.choices)
    hours = models.DecimalField(_("hours"), max_digits=5, decimal_places=1)
    ceus = models.DecimalField(
        _("CEUs"), max_digits=5, decimal_places=2, help_text=_("Continuing-education units; 0 when none.")
    )
    certifications = models.ManyToManyField(
        Certification, blank=True, related_name="courses", verbose_name=_("prepares for")
    )
    prerequisites = models.ManyToManyField(
        "self", blank=True, symmetrical=False, related_name="leads_to", verbose_name=_("take these first")
    )
    outcomes = models.JSONField(_("outcomes"), default=list, blank=True)
    position = models.PositiveSmallIntegerField(_("order in lists"), default=0)
    published_at = models.DateTimeField(_("live from"), null=True, blank=True)

    objects = CourseQuerySet.as_manager()

    class Meta:
        ordering = ("position", "title")
        constraints = [
            models.CheckConstraint(
                condition=Q(hours__gte=0, ceus__gte=0), name="catalog_course_amounts_not_negative"
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("pages:course", args=[self.key])


class CourseSystem(models.Model):
    """A code system that a course teaches: a filter of the catalog."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="systems")
    system = models.CharField(_("code system"), max_length=10, choices=System.choices)

    class Meta:
        verbose_name = _("code system")
        constraints = [models.UniqueConstraint(fields=["course", "system"], name="catalog_coursesystem_once")]

    def __str__(self) -> str:
        return self.get_system_display()


class Module(models.Model):
    """A part of a course."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="modules")
    title = models.CharField(_("title"), max_length=160)
    position = models.PositiveSmallIntegerField(_("order"))

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["course", "position"], name="catalog_module_position_once")
        ]

    def __str__(self) -> str:
        return self.title


class LessonQuerySet(models.QuerySet["Lesson"]):
    def live(self, at: datetime) -> Self:
        """Lessons in use that have a live revision in a published course."""
        shown = LessonRevision.objects.filter(lesson=OuterRef("pk"), published_at__lte=at)
        return self.filter(Exists(shown), retired_at=None, module__course__published_at__lte=at)

    def in_order(self) -> Self:
        """In the order in which a course is read."""
        return self.order_by("module__position", "position")


class Lesson(models.Model):
    """A lesson's identity: its place in a course. What it says is in its revisions."""

    key = models.SlugField(_("key"), max_length=80, unique=True)
    module = models.ForeignKey(Module, models.PROTECT, related_name="lessons")
    position = models.PositiveSmallIntegerField(_("order"))
    is_preview = models.BooleanField(_("free preview"), default=False)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    objects = LessonQuerySet.as_manager()

    class Meta:
        ordering = ("module", "position")

    def __str__(self) -> str:
        return self.key


class LessonRevision(Revision):
    """What a lesson said from a moment on."""

    identity_field = "lesson"

    lesson = models.ForeignKey(Lesson, models.PROTECT, related_name="revisions")
    title = models.CharField(_("title"), max_length=160)
    objectives = models.JSONField(_("objectives"), default=list, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes to read"))
    source = models.TextField(_("text"))
    html = models.TextField(editable=False)
    words = models.PositiveIntegerField(editable=False)

    class Meta(Revision.Meta):
        constraints = revision_constraints("catalog_lessonrevision", "lesson")
        indexes = [
            # which revision is live?
            models.Index(fields=["lesson", "-published_at", "-number"], name="catalog_lesson_live")
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"


class LessonCodeRef(CodeRef):
    """A code that a lesson's text names."""

    revision = models.ForeignKey(LessonRevision, models.CASCADE, related_name="code_refs")

    class Meta(CodeRef.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "system", "code", "role"], name="catalog_lessoncoderef_once"
            )
        ]


class LessonCitation(Citation):
    """Where a lesson's rule comes from."""

    revision = models.ForeignKey(LessonRevision, models.CASCADE, related_name="citations")


class LessonReport(models.Model):
    """A reader's word that something in a lesson is wrong, and what came of it."""

    revision = models.ForeignKey(LessonRevision, models.PROTECT, related_name="reports")
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="lesson_reports")
    text = models.TextField(_("what is wrong"), max_length=2000)
    reported_at = models.DateTimeField(_("reported at"))
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.TextField(_("answer to the reporter"), blank=True)

    class Meta:
        verbose_name = _("lesson report")
        ordering = ("-reported_at",)
        constraints = [
            models.CheckConstraint(
                condition=Q(resolved_at=None, resolved_by=None, outcome="")
                | (Q(resolved_at__isnull=False, resolved_by__isnull=False) & ~Q(outcome="")),
                name="catalog_lessonreport_resolved_whole",
            )
        ]

    def __str__(self) -> str:
        return f"{self.revision}: {self.text[:60]}"


class EducationPath(PackRow):
    """A way from nothing to a goal, in stages."""

    title = models.CharField(_("title"), max_length=160)
    summary = models.TextField(_("summary"))
    for_whom = models.TextField(_("for whom"), blank=True)
    published_at = models.DateTimeField(_("live from"), null=True, blank=True)

    class Meta:
        verbose_name = _("education path")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("pages:path", args=[self.key])


class StageKind(models.TextChoices):
    """The six steps of a coder's working life, in order."""

    LEARN = "learn", _("Learn")
    PREPARE = "prepare", _("Prepare")
    CERTIFY = "certify", _("Certify")
    GAIN_EXPERIENCE = "gain_experience", _("Gain experience")
    APPLY = "apply", _("Apply")
    KEEP_LEARNING = "keep_learning", _("Keep learning")


class PathStage(models.Model):
    """One of the six stages of a path; what it asks for are its requirements."""

    path = models.ForeignKey(EducationPath, models.CASCADE, related_name="stages")
    kind = models.CharField(_("stage"), max_length=16, choices=StageKind.choices)
    position = models.PositiveSmallIntegerField(_("order"))
    title = models.CharField(_("title"), max_length=160)
    source = models.TextField(_("text"))
    html = models.TextField(editable=False)

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["path", "kind"], name="catalog_pathstage_kind_once"),
            models.UniqueConstraint(fields=["path", "position"], name="catalog_pathstage_position_once"),
        ]

    def __str__(self) -> str:
        return f"{self.path}: {self.title}"


class Requirement(models.Model):
    """What is needed, named so that a room above can say that it is met.

    ``(kind, key)`` names a fact about a person: they answered this checkpoint, passed this exam, hold this
    credential. ``progress`` records the fact once per person; any number of owners may ask for it.
    """

    class Kind(models.TextChoices):
        CHECKPOINT = "checkpoint", _("checkpoint question")
        COURSE = "course", _("course")
        EXAM_PASSED = "exam_passed", _("practice exam")
        CREDENTIAL = "credential", _("credential recorded")
        TASK = "task", _("own task")

    lesson_revision = models.ForeignKey(
        LessonRevision, models.CASCADE, null=True, blank=True, related_name="requirements"
    )
    stage = models.ForeignKey(PathStage, models.CASCADE, null=True, blank=True, related_name="requirements")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    key = models.CharField(_("key"), max_length=170)
    text = models.CharField(_("what to do"), max_length=300)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position",)
        constraints = [
            models.CheckConstraint(
                condition=Q(lesson_revision=None) ^ Q(stage=None), name="catalog_requirement_of_one_owner"
            ),
            models.UniqueConstraint(
                fields=["lesson_revision", "kind", "key"], name="catalog_requirement_once_per_lesson"
            ),
            models.UniqueConstraint(
                fields=["stage", "kind", "key"], name="catalog_requirement_once_per_stage"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class GuideSection(models.Model):
    """A section of the public career guide; what it says is in its revisions."""

    key = models.SlugField(_("key"), max_length=80, unique=True)
    position = models.PositiveSmallIntegerField(_("order"))

    class Meta:
        verbose_name = _("career guide section")
        ordering = ("position",)

    def __str__(self) -> str:
        return self.key


class GuideRevision(Revision):
    """What a guide section said from a moment on."""

    identity_field = "section"

    section = models.ForeignKey(GuideSection, models.PROTECT, related_name="revisions")
    title = models.CharField(_("title"), max_length=160)
    source = models.TextField(_("text"))
    html = models.TextField(editable=False)
    links = models.JSONField(
        _("links"),
        default=list,
        help_text=_('List of {"label", "to"}; to is path:, course:, certification: or page:.'),
    )
    figures = models.JSONField(
        _("figures"), default=list, blank=True, help_text=_("Keys of figures to show.")
    )
    compare = models.JSONField(
        _("certifications to compare"), default=list, blank=True, help_text=_("Keys of certifications.")
    )

    class Meta(Revision.Meta):
        constraints = revision_constraints("catalog_guiderevision", "section")

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"
