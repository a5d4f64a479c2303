"""What mails say: an identity for each kind, and immutable revisions of its text."""

from django.db import models
from django.utils.translation import gettext_lazy as _

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
    """What a mail said from a moment on: texts with ``{placeholders}`` of its kind's closed set.

    The summary is the one sentence that stands in the inbox, and in a mail that tells several things.
    """

    identity_field = "template"

    template = models.ForeignKey(MailTemplate, models.PROTECT, related_name="revisions")
    subject_source = models.CharField(_("subject"), max_length=500)
    summary_source = models.CharField(_("summary"), max_length=500)
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
