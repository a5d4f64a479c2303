"""What mails say: drafts of new revisions."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.models import MailTemplate, MailTemplateRevision
from courses.reminders.rendering import Source, check_source
from portal.lib.revisions import next_number


@transaction.atomic
def write_template_revision(
    *,
    template: MailTemplate,
    subject: str,
    summary: str,
    body: str,
    note: str = "",
    pack_digest: str = "",
    by: User | None,
    at: datetime,
) -> MailTemplateRevision:
    """Add a draft revision.

    Raises ``TemplateRefused`` where the text does not compile, names what its kind does not know or does
    not render with the kind's sample, and ``UnknownKind``; then nothing is written.
    """
    check_source(Source(subject, summary, body), sample=kinds.get(template.kind).sample_context())
    return MailTemplateRevision.objects.create(
        template=template,
        number=next_number(template.revisions.all()),
        subject_source=subject,
        summary_source=summary,
        body_source=body,
        note=note,
        pack_digest=pack_digest,
        created_by=by,
        created_at=at,
    )


def restore_template_revision(
    *, revision: MailTemplateRevision, by: User, at: datetime
) -> MailTemplateRevision:
    """Add a draft that says what an earlier revision said.

    Raises ``TemplateRefused`` where that text cannot become a mail any more.
    """
    return write_template_revision(
        template=revision.template,
        subject=revision.subject_source,
        summary=revision.summary_source,
        body=revision.body_source,
        note=_("Number %(number)d once more") % {"number": revision.number},
        by=by,
        at=at,
    )
