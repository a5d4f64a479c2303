"""Long work started from the web, claimed under a lease, and the ticks of the workers."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class JobQuerySet(models.QuerySet["Job"]):
    def owned_by(self, user: User) -> Self:
        """Jobs that the person asked for."""
        return self.filter(requested_by=user)

    def visible_to(self, user: User) -> Self:
        """Own jobs; editors see everybody's, since they share the work that jobs do."""
        return self.all() if user.has_role("editor") else self.owned_by(user)

    def open(self) -> Self:
        """Jobs that are not finished."""
        return self.filter(state__in=Job.OPEN)

    def due(self, at: datetime) -> Self:
        """Jobs to claim: queued, or running under a lease that ended because the worker went away."""
        return self.filter(Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_until__lte=at))

    def leased_by(self, token: object) -> Self:
        """The running job that this lease holds; empty once another worker took it over."""
        return self.filter(state=Job.State.RUNNING, lease_token=token)


class Job(models.Model):
    """A piece of long work: what, for whom, how far it is and how it ended."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    OPEN = (State.QUEUED, State.RUNNING)

    kind = models.CharField(_("kind"), max_length=60)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="jobs",
        verbose_name=_("asked for by"),
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.QUEUED)
    done = models.PositiveIntegerField(_("steps done"), default=0)
    total = models.PositiveIntegerField(_("steps in all"), null=True, blank=True)
    message = models.TextField(_("message"), blank=True)
    outcome = models.JSONField(_("outcome"), default=dict, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    created_at = models.DateTimeField(_("asked for at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ("-created_at", "-pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed"]), name="jobs_job_state_known"
            ),
            # two people who press the same button wait for the same job
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(state__in=["queued", "running"]),
                name="jobs_job_one_open_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(lease_token=None, lease_until=None)
                | Q(lease_token__isnull=False, lease_until__isnull=False),
                name="jobs_job_lease_is_a_pair",
            ),
            models.CheckConstraint(
                condition=Q(state="running", lease_token__isnull=False, started_at__isnull=False)
                | (~Q(state="running") & Q(lease_token=None)),
                name="jobs_job_running_means_leased",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["done", "failed"], finished_at__isnull=False)
                | Q(state__in=["queued", "running"], finished_at=None),
                name="jobs_job_finished_has_date",
            ),
            models.CheckConstraint(
                condition=Q(total=None) | Q(done__lte=F("total")), name="jobs_job_done_within_total"
            ),
        ]
        indexes = [
            # which job is next? finished ones, soon nearly all, are not in it
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["queued", "running"]),
                name="jobs_job_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}".strip()

    def get_absolute_url(self) -> str:
        return reverse("jobs:job", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class Heartbeat(models.Model):
    """When a worker of this name was last seen at work."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    at = models.DateTimeField(_("last seen at"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name
