"""Templates of mails as revisions, the planned reminders (the outbox), and what each person wants."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.reminders.timing import Hours
from portal.lib.owned import OwnedQuerySet
from portal.lib.revisions import Revision, revision_constraints


class MailTemplate(models.Model):
    """A mail's identity: the kind of reminder it is for. What it says is in its revisions."""

    kind = models.SlugField(_("kind"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("mail template")
        ordering = ("kind",)

    def __str__(self) -> str:
        return self.kind


class MailTemplateRevision(Revision):
    """What a mail said from a moment on: Markdown with ``{{ names }}`` of its kind's closed set."""

    identity_field = "template"

    template = models.ForeignKey(MailTemplate, models.PROTECT, related_name="revisions")
    subject_source = models.CharField(_("subject"), max_length=500)
    body_source = models.TextField(_("text"), max_length=20_000)

    class Meta(Revision.Meta):
        verbose_name = _("mail template revision")
        constraints = revision_constraints("reminders_mailtemplaterevision", "template")
        indexes = [
            # which revision is live?
            models.Index(fields=["template", "-published_at", "-number"], name="reminders_template_live")
        ]

    def __str__(self) -> str:
        return f"{self.template} ({self.number})"


class Channel(models.TextChoices):
    """The ways a reminder can reach a person."""

    EMAIL = "email", _("e-mail")


class Reason(models.TextChoices):
    """Why a reminder did not go."""

    MOVED = "moved", _("the deadline moved")
    DONE = "done", _("it is done")
    CLOSED = "closed", _("it is closed")
    RETIRED = "retired", _("it is no longer held")
    EXPIRED = "expired", _("its time is over")
    INACTIVE = "inactive", _("the account is suspended")
    UNVERIFIED = "unverified", _("the e-mail address is not verified")
    SUPPRESSED = "suppressed", _("the e-mail address does not accept mail")
    OFF = "off", _("turned off by the person")
    QUIET = "quiet", _("outside the person's hours")
    NO_TEMPLATE = "no_template", _("no template is live")
    UNKNOWN_KIND = "unknown_kind", _("the kind no longer exists")
    REFUSED = "refused", _("the mail server refused it")
    EXHAUSTED = "exhausted", _("every attempt failed")


class ReminderQuerySet(OwnedQuerySet["Reminder"]):
    def past(self) -> Self:
        """What went, and what did not go and will not, the newest first."""
        waiting = (Reminder.State.PLANNED, Reminder.State.LEASED)
        return self.exclude(state__in=waiting).order_by("-not_before", "-pk")

    def due(self, at: datetime) -> Self:
        """Planned ones whose moment has come, and leased ones whose sender did not come back."""
        return self.filter(
            Q(state=Reminder.State.PLANNED, not_before__lte=at)
            | Q(state=Reminder.State.LEASED, lease_until__lt=at)
        )

    def oldest_due(self, at: datetime) -> "Reminder | None":
        """The one that has waited longest: how far delivery lags."""
        return self.due(at).order_by("not_before", "pk").first()


class Reminder(models.Model):
    """One reminder to one person by one channel, from plan to mailbox: a row of the outbox.

    ``key`` names the business fact (``kind:subject:person:due_on:step:channel``) and never the attempt, so
    planning twice plans once. ``due_on`` is the deadline, not the sending date.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        LEASED = "leased", _("being sent")
        SENT = "sent", _("sent")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(_("kind"), max_length=40)
    subject = models.CharField(
        _("subject"), max_length=60, help_text=_("What it is about, such as cycle-12.")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="reminders", verbose_name=_("person")
    )
    due_on = models.DateField(_("deadline"))
    step = models.SmallIntegerField(_("step"), help_text=_("Days before the deadline."))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.EMAIL)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PLANNED)
    not_before = models.DateTimeField(_("goes at"))
    expires_at = models.DateTimeField(_("pointless from"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(_("Message-ID"), max_length=255, unique=True, null=True, blank=True)
    template_revision = models.ForeignKey(
        MailTemplateRevision, models.PROTECT, null=True, blank=True, related_name="reminders"
    )
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices, blank=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("planned at"))

    objects = ReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder")
        ordering = ("-not_before", "-pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="leased", lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(state="leased") & Q(lease_token=None, lease_until=None)),
                name="reminders_reminder_leased_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False, message_id__isnull=False)
                | (~Q(state="sent") & Q(sent_at=None, message_id=None)),
                name="reminders_reminder_sent_whole",
            ),
        ]
        indexes = [
            # what goes next?
            models.Index(
                fields=["not_before", "id"], condition=Q(state="planned"), name="reminders_reminder_planned"
            ),
            # whose sender did not come back?
            models.Index(
                fields=["lease_until"], condition=Q(state="leased"), name="reminders_reminder_leased"
            ),
            # which future ones of a kind must follow a moved deadline?
            models.Index(
                fields=["kind", "id"], condition=Q(state="planned"), name="reminders_reminder_of_kind"
            ),
            # what was sent to me, and when?
            models.Index(fields=["user", "-not_before"], name="reminders_reminder_of_person"),
        ]

    def __str__(self) -> str:
        return self.key


class Preference(models.Model):
    """Whether a person wants a kind by a channel; without a row they do."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reminder_preferences")
    kind = models.CharField(_("kind"), max_length=40)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.EMAIL)
    is_on = models.BooleanField(_("on"))
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("reminder preference")
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "channel"], name="reminders_preference_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel} {'on' if self.is_on else 'off'}"


class ReminderSettings(models.Model):
    """A person's hours, on their own clock; without a row the defaults of ``Hours`` hold."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reminder_settings")
    hour = models.PositiveSmallIntegerField(
        _("send at"), default=Hours.hour, validators=[MaxValueValidator(23)]
    )
    quiet_from = models.PositiveSmallIntegerField(
        _("quiet from"), default=Hours.quiet_from, validators=[MaxValueValidator(23)]
    )
    quiet_until = models.PositiveSmallIntegerField(
        _("quiet until"), default=Hours.quiet_until, validators=[MaxValueValidator(23)]
    )
    weekends = models.BooleanField(_("also on weekends"), default=Hours.weekends)

    class Meta:
        verbose_name = _("reminder settings")
        verbose_name_plural = _("reminder settings")
        constraints = [
            models.CheckConstraint(
                condition=Q(hour__lte=23, quiet_from__lte=23, quiet_until__lte=23),
                name="reminders_settings_hours_of_a_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour}:00"

    @property
    def hours(self) -> Hours:
        return Hours(self.hour, self.quiet_from, self.quiet_until, self.weekends)


class Suppression(models.Model):
    """An address that a mail server told us does not exist; kept as a keyed digest, never as text."""

    email_hmac = models.CharField(max_length=64, unique=True)
    reason = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.email_hmac[:12]}…"
