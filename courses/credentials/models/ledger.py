"""The ledger of continuing education: rows that are added and never changed, each a link of a hash chain.

What a person typed stands in ``CreditDetail`` beside the row, so that it can be erased while the row, its
salted digest and the chain remain.
"""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.credentials.models.held import Cycle
from courses.credentials.models.storage import StoredFile
from courses.progress.models import CourseCompletion


class Ledger(models.Model):
    """A person's ledger; when the person is erased it stays under its opaque ``key`` without the person.

    ``length`` and ``head`` repeat the last link, so that a chain that was cut off is noticed.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="ce_ledger"
    )
    length = models.PositiveIntegerField(_("links"), default=0)
    head = models.CharField(_("newest hash"), max_length=64, blank=True)
    opened_at = models.DateTimeField(_("opened at"))
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True)

    class Meta:
        verbose_name = _("ledger")
        verbose_name_plural = _("ledgers")
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(user=None), name="credentials_ledger_erased_has_no_person"
            ),
            models.CheckConstraint(
                condition=Q(length=0, head="") | (Q(length__gte=1) & ~Q(head="")),
                name="credentials_ledger_head_of_length",
            ),
        ]

    def __str__(self) -> str:
        return str(self.key)


class CreditQuerySet(models.QuerySet["Credit"]):
    def owned_by(self, user: User) -> Self:
        return self.filter(ledger__user=user)

    def standing(self) -> Self:
        """Awards that were not taken back."""
        return self.filter(kind=Credit.Kind.AWARD, reversal=None)

    def with_words(self) -> Self:
        """With what was typed, in the same query."""
        return self.select_related("detail")


class Credit(models.Model):
    """A row of the ledger. Rows are added, never changed: a correction is a reversal with its reason.

    ``activity_key`` names what was done, so that it is awarded once: ``course:<key>``, ``index:<digest>`` or
    ``own:<digest>``, of which only this ledger's key makes the digest. What was taken back and entered again
    carries ``#2`` and so on. The database refuses UPDATE and DELETE.
    """

    class Kind(models.TextChoices):
        AWARD = "award", _("Award")
        REVERSAL = "reversal", _("Taken back")

    class Source(models.TextChoices):
        OUR_COURSE = "our_course", _("Course completed here")
        SELF_REPORTED = "self_reported", _("Entered by yourself")
        IMPORTED = "imported", _("Imported")

    class Activity(models.TextChoices):
        COURSE = "course", _("Course")
        WEBINAR = "webinar", _("Webinar or online session")
        CONFERENCE = "conference", _("Conference, workshop or chapter meeting")
        QUIZ = "quiz", _("Quiz or test on an article")
        SELF_STUDY = "self_study", _("Article, book or other self-study")
        ACADEMIC = "academic", _("College course")
        TEACHING = "teaching", _("Teaching or speaking")
        WRITING = "writing", _("Writing or reviewing")
        OTHER = "other", _("Something else")

    ledger = models.ForeignKey(Ledger, models.PROTECT, related_name="credits")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    activity_key = models.CharField(_("activity"), max_length=170)
    activity = models.CharField(
        _("kind of activity"), max_length=12, choices=Activity.choices, default=Activity.OTHER
    )
    topics = models.JSONField(_("topics"), default=list, blank=True)
    completed_on = models.DateField(_("completed on"))
    minutes = models.PositiveIntegerField(_("minutes"), null=True, blank=True)
    ceus = models.DecimalField(_("CEUs"), max_digits=5, decimal_places=2)
    is_stated = models.BooleanField(
        _("CEUs as the certificate states them"),
        default=True,
        help_text=_("No: worked out from the minutes."),
    )
    source = models.CharField(_("comes from"), max_length=14, choices=Source.choices)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversal", verbose_name=_("takes back")
    )
    #: SHA-256 of the salted words of ``CreditDetail``.
    words_digest = models.CharField(_("digest of its words"), max_length=64)
    recorded_at = models.DateTimeField(_("recorded at"))

    objects = CreditQuerySet.as_manager()

    class Meta:
        verbose_name = _("credit")
        ordering = ("-completed_on", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["ledger", "activity_key"],
                condition=Q(kind="award"),
                name="credentials_credit_awarded_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="award", ceus__gt=0, reverses=None)
                | Q(kind="reversal", ceus__lt=0, reverses__isnull=False),
                name="credentials_credit_award_or_reversal",
            ),
        ]
        indexes = [
            # what counts in this cycle?
            models.Index(fields=["ledger", "completed_on"], name="credentials_credit_of_ledger")
        ]

    def __str__(self) -> str:
        return f"{self.activity_key} ({self.ceus})"

    def get_absolute_url(self) -> str:
        return reverse("credentials:credit", args=[self.pk])


class CreditDetail(models.Model):
    """The words of a row of the ledger. They cannot be changed, and go only when their person is erased."""

    credit = models.OneToOneField(Credit, models.PROTECT, primary_key=True, related_name="detail")
    title = models.CharField(_("title"), max_length=200)
    provider = models.CharField(_("provider"), max_length=120, blank=True)
    index_number = models.CharField(_("index number"), max_length=60, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    #: Of a course of ours: ``{minutes_read, lessons, questions, right}``, its seat time and post-test.
    proof = models.JSONField(_("proof"), default=dict, blank=True)
    salt = models.CharField(max_length=32, editable=False)
    #: Goes only with its person: an award without one in a ledger that has a person is a finding.
    course_completion = models.ForeignKey(
        CourseCompletion, models.SET_NULL, null=True, blank=True, related_name="credits"
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("recorded by"),
        help_text=_("Empty: the portal itself, when a course was completed."),
    )

    class Meta:
        verbose_name = _("words of a credit")
        verbose_name_plural = _("words of credits")

    def __str__(self) -> str:
        return self.title


class Evidence(StoredFile):
    """A file that proves an activity: a row of the ledger too, which the database does not let change."""

    credit = models.ForeignKey(Credit, models.PROTECT, related_name="evidence")

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ("added_at", "pk")


class EvidenceRemoval(models.Model):
    """That a file was taken out of the storage, and why; its row and its hash stay."""

    evidence = models.OneToOneField(Evidence, models.PROTECT, related_name="removal")
    reason = models.CharField(_("reason"), max_length=300)
    removed_at = models.DateTimeField(_("removed at"))
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("removal of evidence")
        verbose_name_plural = _("removals of evidence")

    def __str__(self) -> str:
        return f"{self.evidence}: {self.reason}"


class EvidenceReview(models.Model):
    """What a reviewer said about an activity and its evidence; the newest counts."""

    class Verdict(models.TextChoices):
        APPROVED = "approved", _("Approved")
        RETURNED = "returned", _("Returned")

    credit = models.ForeignKey(Credit, models.PROTECT, related_name="reviews")
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    reviewed_at = models.DateTimeField(_("reviewed at"))
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("review of evidence")
        verbose_name_plural = _("reviews of evidence")
        ordering = ("-reviewed_at", "-pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="approved") | (Q(verdict="returned") & ~Q(reason="")),
                name="credentials_evidencereview_return_says_why",
            )
        ]
        indexes = [
            # what was reviewed lately?
            models.Index(fields=["reviewed_at"], name="credentials_review_done")
        ]

    def __str__(self) -> str:
        return f"{self.credit}: {self.verdict}"


class CreditPlacement(models.Model):
    """The period that a person chose for an activity whose day may go to either of two."""

    credit = models.OneToOneField(Credit, models.PROTECT, related_name="placement")
    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="placements")
    placed_at = models.DateTimeField(_("chosen at"))

    class Meta:
        verbose_name = _("chosen period")
        verbose_name_plural = _("chosen periods")

    def __str__(self) -> str:
        return f"{self.credit}: {self.cycle}"


class LedgerLink(models.Model):
    """A link of a ledger's hash chain: it holds the digest of one row and the hash of the link before it."""

    class What(models.TextChoices):
        CREDIT = "credit", _("credit")
        EVIDENCE = "evidence", _("evidence")

    ledger = models.ForeignKey(Ledger, models.PROTECT, related_name="links")
    number = models.PositiveIntegerField(_("number"))
    what = models.CharField(_("what"), max_length=8, choices=What.choices)
    row = models.BigIntegerField(_("row"))
    digest = models.CharField(_("digest of the row"), max_length=64)
    previous = models.CharField(_("hash before"), max_length=64, blank=True)
    hash = models.CharField(_("hash"), max_length=64)
    linked_at = models.DateTimeField(_("linked at"))

    class Meta:
        verbose_name = _("link of a ledger")
        verbose_name_plural = _("links of ledgers")
        ordering = ("ledger", "number")
        constraints = [
            models.UniqueConstraint(fields=["ledger", "number"], name="credentials_ledgerlink_number_once"),
            models.UniqueConstraint(fields=["what", "row"], name="credentials_ledgerlink_row_once"),
            models.CheckConstraint(
                condition=Q(number=1, previous="") | (Q(number__gt=1) & ~Q(previous="")),
                name="credentials_ledgerlink_first_has_none_before",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ledger_id} {self.number}"


class LedgerAnchor(models.Model):
    """A day's root over all links, also written to the log: history cannot be made anew unnoticed.

    ``links`` counts them in the order of their ids, so the links of a day are those after the day before.
    """

    on = models.DateField(_("day"), unique=True)
    root = models.CharField(_("root"), max_length=64)
    ledgers = models.PositiveIntegerField(_("ledgers"))
    links = models.PositiveBigIntegerField(_("links"))
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("anchor of the ledgers")
        verbose_name_plural = _("anchors of the ledgers")
        ordering = ("-on",)

    def __str__(self) -> str:
        return f"{self.on}: {self.root}"
