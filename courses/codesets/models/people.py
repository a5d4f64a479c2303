"""What people add to the books: saved codes, words of their own for the look-up, a licence."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.codesets.systems import System
from portal.lib.owned import OwnedQuerySet
from portal.lib.sourced import PackRow


class SavedCode(models.Model):
    """A code that a person keeps, with a note of their own."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_codes")
    system = models.CharField(_("code system"), max_length=10, choices=System.choices)
    code = models.CharField(_("code"), max_length=10)
    note = models.TextField(_("note"), blank=True, max_length=2_000)
    saved_at = models.DateTimeField(_("saved at"))

    objects = OwnedQuerySet["SavedCode"].as_manager()

    class Meta:
        verbose_name = _("saved code")
        verbose_name_plural = _("saved codes")
        ordering = ("system", "code")
        constraints = [
            models.UniqueConstraint(fields=["user", "system", "code"], name="codesets_savedcode_once")
        ]

    def __str__(self) -> str:
        return self.code


class Synonym(PackRow):
    """What people type and what the books call it; the look-up tries both."""

    phrase = models.CharField(_("what people type"), max_length=80)
    means = models.CharField(_("what the books call it"), max_length=200)
    #: Processes keep the table in memory and look here whether it is still the same.
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("synonym")
        verbose_name_plural = _("synonyms")
        ordering = ("phrase",)
        constraints = [
            models.UniqueConstraint(fields=["phrase", "means"], name="codesets_synonym_once"),
            models.CheckConstraint(
                condition=~Q(phrase="") & ~Q(means=""), name="codesets_synonym_has_both_sides"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.phrase}: {self.means}"


class LicencePackQuerySet(models.QuerySet["LicencePack"]):
    def valid_on(self, day: date) -> Self:
        return self.filter(starts_on__lte=day, expires_on__gt=day)

    def held_by(self, user: User) -> Self:
        """Licences that give this person a seat."""
        return self.filter(seats__user=user)


class LicencePack(models.Model):
    """A licence for a code system that belongs to somebody else; without one its words are not shown."""

    system = models.CharField(_("code system"), max_length=10, choices=[(System.CPT, System.CPT.label)])
    number = models.CharField(_("licence number"), max_length=80)
    licensee = models.CharField(_("licensee"), max_length=200)
    users = models.PositiveIntegerField(_("users"), help_text=_("How many people may see the words."))
    starts_on = models.DateField(_("valid from"))
    expires_on = models.DateField(_("expires on"))
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )

    objects = LicencePackQuerySet.as_manager()

    class Meta:
        verbose_name = _("licence")
        verbose_name_plural = _("licences")
        ordering = ("-expires_on",)
        constraints = [
            models.UniqueConstraint(fields=["system", "number"], name="codesets_licencepack_number_once"),
            models.CheckConstraint(condition=Q(users__gte=1), name="codesets_licencepack_for_someone"),
            models.CheckConstraint(
                condition=Q(expires_on__gt=models.F("starts_on")), name="codesets_licencepack_valid_a_day"
            ),
            # a new licensed system is a decision, not a choice in a form
            models.CheckConstraint(condition=Q(system="cpt"), name="codesets_licencepack_system"),
        ]

    def __str__(self) -> str:
        return f"{self.get_system_display()} {self.number}"

    def seats_taken(self) -> int:
        """How many people have a seat; inside a transaction it stays true, since the licence is locked.

        SQLite has one writer at a time and needs no lock.
        """
        return type(self).objects.select_for_update().get(pk=self.pk).seats.count()


class LicenceSeat(models.Model):
    """A person who is counted as a user of a licence."""

    pack = models.ForeignKey(LicencePack, models.CASCADE, related_name="seats")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="licence_seats")
    given_at = models.DateTimeField(_("given at"))

    class Meta:
        verbose_name = _("licence seat")
        verbose_name_plural = _("licence seats")
        constraints = [models.UniqueConstraint(fields=["pack", "user"], name="codesets_licenceseat_once")]

    def __str__(self) -> str:
        return f"{self.pack_id}: {self.user_id}"
