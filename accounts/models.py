"""People and what they agreed to."""

from datetime import datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.along import read_late
from accounts.roles import Role
from portal.lib.owned import OwnedQuerySet


def validate_time_zone(name: str) -> None:
    """Refuse what is not an IANA zone."""
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a time zone."), params={"name": name})


class Purpose(models.TextChoices):
    """What someone is here for; chooses the next step on Today."""

    START = "start", _("Start a career in coding")
    EXAM = "exam", _("Prepare for a certification exam")
    KEEP = "keep", _("Keep a credential alive")


class UserManager(BaseUserManager["User"]):
    """Creation by e-mail address, compared without regard to case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by an e-mail address."""

    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(
        _("name"), max_length=120, blank=True, help_text=_("As it should stand on certificates.")
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    purpose = models.CharField(_("what I am here for"), max_length=10, choices=Purpose.choices, blank=True)
    exam_on = models.DateField(_("exam date"), null=True, blank=True)
    time_multiplier = models.DecimalField(
        _("time for timed work"),
        max_digits=3,
        decimal_places=2,
        default=Decimal("1.00"),
        help_text=_("Accommodation: 1.50 gives half as much time again on every timed exam."),
    )
    is_staff = models.BooleanField(_("may enter the editing pages"), default=False)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Untick to suspend the person."))
    joined_at = models.DateTimeField(_("joined at"), default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="accounts_user_email_once"),
            models.CheckConstraint(
                condition=Q(time_multiplier__gte=1, time_multiplier__lte=4),
                name="accounts_user_multiplier_1_to_4",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email.split("@")[0]

    @property
    def zone(self) -> ZoneInfo:
        """The person's zone, in which every date of theirs is meant."""
        return ZoneInfo(self.time_zone)

    def local(self, at: datetime) -> datetime:
        """``at`` on the person's own clock."""
        return at.astimezone(self.zone)

    @cached_property
    def role_names(self) -> frozenset[str]:
        """The groups the person is in; one query per request at most."""
        return frozenset(self.groups.values_list("name", flat=True))

    @cached_property
    def unread(self) -> int:
        """How many lines of the inbox were not read; a session reads it along (``accounts.along``)."""
        return read_late(User, self.pk, "unread") or 0

    def has_role(self, *names: str) -> bool:
        """Whether the person has one of the roles; an administrator has them all."""
        if not self.is_active:
            return False
        return self.is_superuser or bool(self.role_names & {*names, Role.ADMINISTRATOR})


class TermsAcceptance(models.Model):
    """That a person accepted a version of the terms and notices, and when."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="terms_accepted")
    version = models.CharField(_("version"), max_length=20)
    accepted_at = models.DateTimeField(_("accepted at"))

    class Meta:
        verbose_name = _("acceptance of terms")
        verbose_name_plural = _("acceptances of terms")
        constraints = [
            models.UniqueConstraint(fields=["user", "version"], name="accounts_terms_once_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.version}"


class CalendarFeedQuerySet(OwnedQuerySet["CalendarFeed"]):
    def live(self, at: datetime) -> Self:
        """Addresses that work at ``at``."""
        return self.filter(revoked_at=None, expires_at__gt=at)

    def of_token(self, token: str) -> Self:
        """The address that ``token`` opens, looked up by its digest."""
        return self.filter(digest=token_digest(token))


def token_digest(token: str) -> str:
    """What is kept of a random token of 256 bits: nobody who reads it can open anything."""
    return sha256(token.encode()).hexdigest()


class CalendarFeed(models.Model):
    """A secret address from which calendar programs read a person's dates, without signing in.

    Whoever has the address may read; it is shown once, kept as a digest, ends by itself and can be revoked.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feeds")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("works until"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")
        ordering = ("-made_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(revoked_at=None), name="accounts_calendarfeed_one_live"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("made_at")), name="accounts_calendarfeed_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.made_at:%Y-%m-%d}"
