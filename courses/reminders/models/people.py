"""What a person wants to be told, by which way and at which hours."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.reminders.models.outbox import Channel
from courses.reminders.timing import Hours

#: Mails a day that a person may ask for, and gets without asking.
MOST_A_DAY, USUAL_A_DAY = 10, 2


class Preference(models.Model):
    """Whether a person wants a kind by a channel; without a row the kind's own default holds."""

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
    """A person's hours, on their own clock; without a row the defaults hold."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

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
    most_a_day = models.PositiveSmallIntegerField(
        _("mails a day at most"),
        default=USUAL_A_DAY,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_A_DAY)],
        help_text=_("Urgent ones and answers are not counted; what does not fit waits for the next day."),
    )
    digest_day = models.PositiveSmallIntegerField(
        _("weekly digest on"), choices=Weekday.choices, default=Weekday.MONDAY
    )
    digest_hour = models.PositiveSmallIntegerField(
        _("weekly digest at"), default=Hours.hour, validators=[MaxValueValidator(23)]
    )
    paused_until = models.DateField(
        _("paused until"), null=True, blank=True, help_text=_("The first day on which mail goes again.")
    )

    class Meta:
        verbose_name = _("reminder settings")
        verbose_name_plural = _("reminder settings")
        constraints = [
            models.CheckConstraint(
                condition=Q(hour__lte=23, quiet_from__lte=23, quiet_until__lte=23, digest_hour__lte=23),
                name="reminders_settings_hours_of_a_day",
            ),
            models.CheckConstraint(
                condition=Q(digest_day__lte=6, most_a_day__gte=1, most_a_day__lte=MOST_A_DAY),
                name="reminders_settings_days_of_a_week",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hour}:00"

    @property
    def hours(self) -> Hours:
        return Hours(self.hour, self.quiet_from, self.quiet_until, self.weekends)
