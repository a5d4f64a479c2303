"""Audit packets that people asked for, made in the background."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import Body
from courses.jobs.models import Job
from portal.lib.owned import OwnedQuerySet


class PacketQuerySet(OwnedQuerySet["Packet"]):
    def ready(self, at: datetime) -> Self:
        """Made, and still kept."""
        return self.filter(made_at__isnull=False, expires_at__gt=at)


class Packet(models.Model):
    """A ZIP of everything that proves the CEUs of one body in a period: both days belong to it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="ce_packets")
    body = models.ForeignKey(Body, models.PROTECT, related_name="+", verbose_name=_("body"))
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField(_("asked for at"))
    made_at = models.DateTimeField(_("made at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True)
    path = models.CharField(_("place"), max_length=200, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), null=True, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)

    objects = PacketQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit packet")
        verbose_name_plural = _("audit packets")
        ordering = ("-asked_at", "-pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(last_on__gte=F("first_on")), name="credentials_packet_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(made_at=None, expires_at=None, size=None, path="", sha256="")
                | (Q(made_at__isnull=False, expires_at__isnull=False, size__isnull=False) & ~Q(sha256="")),
                name="credentials_packet_made_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body}, {self.first_on} – {self.last_on}"

    def get_absolute_url(self) -> str:
        return reverse("credentials:packet", args=[self.pk])
