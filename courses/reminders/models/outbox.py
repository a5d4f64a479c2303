"""The planned reminders, from plan to mailbox: the outbox."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.reminders.models.templates import MailTemplateRevision
from portal.lib.owned import OwnedQuerySet


class Channel(models.TextChoices):
    """The ways a reminder can reach a person."""

    EMAIL = "email", _("e-mail")
    INBOX = "inbox", _("inbox")


class Urgency(models.IntegerChoices):
    """In which order reminders go, and which of them the daily limit holds back."""

    URGENT = 0, _("urgent")
    NEWS = 1, _("answer or news")
    ORDINARY = 2, _("ordinary")


class Reason(models.TextChoices):
    """Why a reminder did not go, or why it waits."""

    MOVED = "moved", _("the deadline moved")
    DONE = "done", _("it is done")
    CLOSED = "closed", _("it is closed")
    RETIRED = "retired", _("it is no longer held")
    EXPIRED = "expired", _("its time is over")
    INACTIVE = "inactive", _("the account is suspended")
    UNVERIFIED = "unverified", _("the e-mail address is not verified")
    SUPPRESSED = "suppressed", _("the e-mail address does not accept mail")
    OFF = "off", _("turned off by the person")
    STAFF = "staff", _("cancelled by staff")
    QUIET = "quiet", _("outside the person's hours")
    PAUSED = "paused", _("paused by the person")
    CAP = "cap", _("the day's mails have gone: it goes with the next")
    NO_TEMPLATE = "no_template", _("no template is live")
    UNKNOWN_KIND = "unknown_kind", _("the kind no longer exists")
    REFUSED = "refused", _("the mail server refused it")
    EXHAUSTED = "exhausted", _("every attempt failed")


class ReminderQuerySet(OwnedQuerySet["Reminder"]):
    def past(self) -> Self:
        """What went, and what did not go and will not, the newest first."""
        over = (Reminder.State.SENT, Reminder.State.CANCELLED, Reminder.State.FAILED)
        return self.filter(state__in=over).order_by("-not_before", "-pk")

    def waiting(self) -> Self:
        """What may still go."""
        return self.filter(state__in=(Reminder.State.PLANNED, Reminder.State.LEASED, Reminder.State.HELD))

    def due(self, at: datetime) -> Self:
        """Planned ones whose moment has come, and leased ones whose sender did not come back."""
        return self.filter(
            Q(state=Reminder.State.PLANNED, not_before__lte=at)
            | Q(state=Reminder.State.LEASED, lease_until__lt=at)
        )

    def oldest_due(self, at: datetime) -> "Reminder | None":
        """The one that has waited longest: how far delivery lags."""
        return self.due(at).order_by("not_before", "pk").first()

    def in_inbox(self) -> Self:
        """What stands in an inbox, the newest first."""
        return self.filter(channel=Channel.INBOX, state=Reminder.State.SENT).order_by("-sent_at", "-pk")

    def unread(self) -> Self:
        return self.in_inbox().filter(read_at=None)


class Reminder(models.Model):
    """One reminder to one person by one channel, from plan to mailbox or inbox.

    ``key`` names the business fact (``kind:subject:person:due_on:step:channel``) and never the attempt, so
    planning twice plans once. ``due_on`` is the deadline, not the sending date. ``said`` is what the template
    was filled with, so that what went can be shown again; several reminders that went as one mail share its
    Message-ID.
    """

    class State(models.TextChoices):
        HELD = "held", _("waits for approval")
        PLANNED = "planned", _("planned")
        LEASED = "leased", _("being sent")
        SENT = "sent", _("sent")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")

    key = models.CharField(max_length=200)
    kind = models.CharField(_("kind"), max_length=40)
    subject = models.CharField(
        _("subject"), max_length=60, help_text=_("What it is about, such as cycle-12.")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="reminders",
        verbose_name=_("person"),
        db_index=False,  # reminders_reminder_of_person begins with it
    )
    due_on = models.DateField(_("deadline"))
    step = models.SmallIntegerField(_("step"), help_text=_("Days before the deadline."))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.EMAIL)
    urgency = models.PositiveSmallIntegerField(
        _("urgency"), choices=Urgency.choices, default=Urgency.ORDINARY
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PLANNED)
    not_before = models.DateTimeField(_("goes at"))
    expires_at = models.DateTimeField(_("pointless from"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(_("Message-ID"), max_length=255, blank=True, default="")
    template_revision = models.ForeignKey(
        MailTemplateRevision,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reminders",
        db_index=False,  # revisions are never deleted, so nobody asks which reminders one has
    )
    said = models.JSONField(_("values"), null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices, blank=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("planned at"))

    objects = ReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder")
        ordering = ("-not_before", "-pk")
        constraints = [
            # not unique=True: PostgreSQL would keep a second index for LIKE
            models.UniqueConstraint(fields=["key"], name="reminders_reminder_key_once"),
            models.CheckConstraint(
                condition=Q(state="leased", lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(state="leased") & Q(lease_token=None, lease_until=None)),
                name="reminders_reminder_leased_whole",
            ),
            models.CheckConstraint(
                condition=(Q(state="sent", channel="email", sent_at__isnull=False) & ~Q(message_id=""))
                | Q(state="sent", channel="inbox", sent_at__isnull=False, message_id="")
                | (~Q(state="sent") & Q(sent_at=None, message_id="")),
                name="reminders_reminder_sent_whole",
            ),
            models.CheckConstraint(
                condition=Q(read_at=None) | Q(state="sent", channel="inbox"),
                name="reminders_reminder_read_in_inbox",
            ),
        ]
        indexes = [
            # what goes next, the most urgent first?
            models.Index(
                fields=["channel", "urgency", "not_before"],
                condition=Q(state="planned"),
                name="reminders_reminder_planned",
            ),
            # which ones were tried and have to go again?
            models.Index(
                fields=["channel", "not_before"],
                condition=Q(state="planned", attempts__gt=0),
                name="reminders_reminder_tried",
            ),
            # whose sender did not come back?
            models.Index(
                fields=["lease_until"], condition=Q(state="leased"), name="reminders_reminder_leased"
            ),
            # which future ones of a kind must follow a moved deadline?
            models.Index(
                fields=["kind", "id"], condition=Q(state="planned"), name="reminders_reminder_of_kind"
            ),
            # what waits for approval?
            models.Index(fields=["kind", "id"], condition=Q(state="held"), name="reminders_reminder_held"),
            # what was sent to me, and when?
            models.Index(fields=["user", "-not_before"], name="reminders_reminder_of_person"),
            # how many in my inbox did I not read?
            models.Index(
                fields=["user"],
                condition=Q(channel="inbox", state="sent", read_at=None),
                name="reminders_reminder_unread",
            ),
            # which ones wait for somebody of the staff?
            models.Index(
                fields=["state", "kind"],
                condition=Q(state__in=["failed", "held"]),
                name="reminders_reminder_for_staff",
            ),
            # which reminders went as this mail?
            models.Index(
                fields=["message_id"],
                condition=~Q(message_id=""),
                name="reminders_reminder_of_mail",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class PlanTally(models.Model):
    """How many reminders of a kind were planned on a day: what a sudden storm is measured against."""

    kind = models.CharField(_("kind"), max_length=40)
    on = models.DateField(_("day"))
    rows = models.PositiveIntegerField(_("reminders"), default=0)

    class Meta:
        verbose_name = _("planned on a day")
        verbose_name_plural = _("planned on a day")
        ordering = ("-on", "kind")
        constraints = [models.UniqueConstraint(fields=["kind", "on"], name="reminders_plantally_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.on}: {self.rows}"
