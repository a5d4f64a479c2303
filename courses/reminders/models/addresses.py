"""Which addresses take no mail and how we know, and whether the mail server can be reached."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Suppression(models.Model):
    """What is known against an address; kept as a keyed digest, never as text.

    It holds while ``at``, the newest moment that speaks against the address, is later than ``lifted_at``, the
    newest moment at which its person proved that it works: so events may come twice and in any order.
    """

    class Source(models.TextChoices):
        SERVER = "server", _("the mail server refused the address")
        BOUNCE = "bounce", _("a mail came back")
        COMPLAINT = "complaint", _("the person marked a mail as spam")

    email_hmac = models.CharField(max_length=64, unique=True)
    source = models.CharField(_("how we know"), max_length=10, choices=Source.choices, default=Source.SERVER)
    reason = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(_("since"))
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        ordering = ("-at",)

    #: Rows that hold.
    HOLDS = Q(lifted_at=None) | Q(at__gt=F("lifted_at"))

    def __str__(self) -> str:
        return f"{self.email_hmac[:12]}…"


class MailEvent(models.Model):
    """What a mail service or a returned mail told us about a mail of ours; each is counted once."""

    class What(models.TextChoices):
        BOUNCED = "bounced", _("came back for good")
        REFUSED = "refused", _("was refused, the address is not at fault")
        DEFERRED = "deferred", _("is delayed")
        COMPLAINED = "complained", _("was marked as spam")
        UNSUBSCRIBED = "unsubscribed", _("was unsubscribed from")
        DELIVERED = "delivered", _("was delivered")

    event_id = models.CharField(_("event"), max_length=200, unique=True)
    what = models.CharField(_("what"), max_length=12, choices=What.choices)
    message_id = models.CharField(_("Message-ID"), max_length=255, blank=True)
    email_hmac = models.CharField(max_length=64)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    happened_at = models.DateTimeField(_("happened at"))
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        verbose_name = _("mail event")
        ordering = ("-happened_at", "-pk")
        indexes = [
            # what happened to this mail?
            models.Index(fields=["message_id"], name="reminders_event_of_mail"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.event_id}"


class MailGate(models.Model):
    """Whether the mail server could be reached: while it is closed nobody tries, and no attempt is used up.

    One row at most; without it the gate is open.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    closed_until = models.DateTimeField(_("closed until"))
    closed_at = models.DateTimeField(_("closed since"))
    error = models.CharField(_("error"), max_length=200)

    class Meta:
        verbose_name = _("mail gate")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="reminders_gate_is_one")]

    def __str__(self) -> str:
        return f"closed until {self.closed_until:%Y-%m-%d %H:%M}"
