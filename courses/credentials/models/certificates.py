"""Certificates of completion and badges: signed snapshots that later edits do not touch."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.progress.models import CourseCompletion
from portal.lib.owned import OwnedQuerySet


class CertificateQuerySet(OwnedQuerySet["Certificate"]):
    def current(self) -> Self:
        """Without those that a newer one replaced."""
        return self.filter(replaced_by=None)


class Certificate(models.Model):
    """That a person completed a course, as it was on the day: ``document`` is what was signed, to the byte.

    One per completion, and a completion is one per person and course; ``number`` counts what was issued again
    after a revocation. Erasing the person empties the document and the signature.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="certificates"
    )
    completion = models.ForeignKey(
        CourseCompletion, models.SET_NULL, null=True, blank=True, related_name="certificates"
    )
    number = models.PositiveSmallIntegerField(_("issue"), default=1)
    #: 128 random bits in base 32: knowing it is what opens the public page.
    check_id = models.CharField(_("check number"), max_length=26, unique=True, editable=False)
    document = models.TextField(_("what was signed"), blank=True)
    signature = models.CharField(_("signature"), max_length=120, blank=True)
    key_id = models.CharField(_("key"), max_length=40, blank=True)
    issued_at = models.DateTimeField(_("issued at"))
    expires_on = models.DateField(_("last day"), null=True, blank=True)
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )

    objects = CertificateQuerySet.as_manager()

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ("-issued_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["completion", "number"], name="credentials_certificate_issued_once"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="credentials_certificate_number_counts"),
            models.CheckConstraint(
                condition=Q(number=1, replaces=None) | Q(number__gt=1, replaces__isnull=False),
                name="credentials_certificate_again_replaces",
            ),
        ]
        indexes = [
            # which were issued lately?
            models.Index(fields=["issued_at"], name="credentials_certificate_issued")
        ]

    def __str__(self) -> str:
        return self.check_id

    def get_absolute_url(self) -> str:
        return reverse("credentials:check", args=[self.check_id])


class CertificateRevocation(models.Model):
    """That a certificate no longer holds, and why, as the public page says it."""

    certificate = models.OneToOneField(Certificate, models.CASCADE, related_name="revocation")
    reason = models.CharField(_("reason"), max_length=300)
    revoked_at = models.DateTimeField(_("revoked at"))
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("revocation")
        verbose_name_plural = _("revocations")
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="credentials_certificaterevocation_says_why")
        ]

    def __str__(self) -> str:
        return f"{self.certificate}: {self.reason}"
