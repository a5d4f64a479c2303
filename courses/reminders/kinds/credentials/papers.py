"""Kinds about papers, all of them news: a review, a certificate, a packet."""

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.credentials.certifying import grouped
from courses.credentials.models import Certificate, Evidence, EvidenceReview, Packet
from courses.credentials.queries import ceus
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group, Kind
from courses.reminders.kinds.ladder import in_pages
from courses.reminders.kinds.shared import NEWS_LOOK_BACK, day_words, id_of, ids_of, news
from courses.reminders.models import Reason, Reminder


class Paper(Kind):
    """Something happened to a paper of a person: told once, as soon as the person's hours allow."""

    group = Group.CREDENTIALS
    is_news = True
    #: What its subjects are called.
    noun: ClassVar[str]
    #: The moment at which it happened, and whose it is.
    when: ClassVar[str]
    whose: ClassVar[str] = "user_id"

    @abstractmethod
    def rows(self) -> QuerySet[Any]:
        """Everything that is told, or was."""

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        lately = {f"{self.when}__gte": at - NEWS_LOOK_BACK, f"{self.when}__lte": until}
        rows = self.rows().filter(**lately, **{f"{self.whose.removesuffix('_id')}__isnull": False})
        if user_id is not None:
            rows = rows.filter(**{self.whose: user_id})
        for pk, person, moment in in_pages(rows, self.whose, self.when):
            yield news(f"{self.noun}-{pk}", person, moment)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        rows = self.rows().filter(pk__in=map(id_of, subjects))
        return {f"{self.noun}-{pk}": moment.date() for pk, moment in rows.values_list("pk", self.when)}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Any]:
        rows = {row.pk: row for row in self.with_words(self.rows().filter(pk__in=ids_of(reminders)))}
        found = {}
        for reminder in reminders:
            row = rows.get(id_of(reminder.subject))
            if row is not None and row.person == reminder.user_id:
                found[reminder.pk] = row
        return found

    def with_words(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """``rows`` with all that the mail says, in one query, and whose each is as ``person``."""
        found: QuerySet[Any] = rows.annotate(person=F(self.whose))
        return found


# --- reviews -----------------------------------------------------------------------------------------------
class Reviewed(Paper):
    """A reviewer decided about an activity. What a later review or a withdrawal has overtaken is no news."""

    noun = "review"
    when = "reviewed_at"
    whose = "credit__ledger__user_id"
    verdict: ClassVar[str]

    def rows(self) -> QuerySet[EvidenceReview]:
        return EvidenceReview.objects.filter(verdict=self.verdict, credit__reversal=None)

    def with_words(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        same = EvidenceReview.objects.filter(credit=OuterRef("credit")).order_by("-reviewed_at", "-pk")
        newer = Evidence.objects.filter(
            credit=OuterRef("credit"), removal=None, added_at__gt=OuterRef("reviewed_at")
        )
        rows = super().with_words(rows).select_related("credit__detail")
        found: QuerySet[Any] = rows.annotate(newest=Subquery(same.values("pk")[:1]), is_mended=Exists(newer))
        return found

    def still_true(self, reminder: Reminder, fact: Any, *, at: datetime) -> Reason | None:
        return Reason.DONE if fact.newest != fact.pk or fact.is_mended else None

    def context(self, reminder: Reminder, fact: Any, *, at: datetime) -> dict[str, str]:
        credit = fact.credit
        return {
            "name": reminder.user.get_short_name(),
            "title": credit.detail.title,
            "completed": date_format(credit.completed_on, "j M Y"),
            "ceus": ceus(credit.ceus),
            "reason": fact.reason,
            "url": absolute(credit.get_absolute_url() + "#evidence"),
            "why": _why_review(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "title": "Auditing E/M services",
            "completed": "3 Nov 2026",
            "ceus": "1.5 CEUs",
            "reason": "The certificate shows no date.",
            "url": absolute("/credentials/activities/1/#evidence"),
            "why": _why_review(),
        }


class CreditReturned(Reviewed):
    """A reviewer returned an activity, which does not count until it is mended."""

    key = "credit_returned"
    label = gettext_lazy("Activity returned by a reviewer")
    rhythm = gettext_lazy("once, when a reviewer returns one")
    verdict = EvidenceReview.Verdict.RETURNED


class CreditApproved(Reviewed):
    """A reviewer approved an activity."""

    key = "credit_approved"
    label = gettext_lazy("Activity approved by a reviewer")
    rhythm = gettext_lazy("once, when a reviewer approves one")
    verdict = EvidenceReview.Verdict.APPROVED
    on_by_default = ("inbox",)

    def sample_context(self) -> dict[str, str]:
        return super().sample_context() | {"reason": ""}


def _why_review() -> str:
    return _("You get this because you added a certificate to this activity.")


# --- certificates of ours ----------------------------------------------------------------------------------
class CertificateReady(Paper):
    """A certificate of completion was issued."""

    key = "certificate_ready"
    label = gettext_lazy("Certificate of a course")
    rhythm = gettext_lazy("once, when it is issued")
    noun = "certificate"
    when = "issued_at"

    def rows(self) -> QuerySet[Certificate]:
        """Those that hold: neither revoked nor replaced."""
        return Certificate.objects.current().filter(revocation=None, completion__isnull=False)

    def with_words(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return super().with_words(rows).select_related("completion")

    def still_true(self, reminder: Reminder, fact: Any, *, at: datetime) -> Reason | None:
        return None

    def context(self, reminder: Reminder, fact: Any, *, at: datetime) -> dict[str, str]:
        done = fact.completion
        again = _("It was issued again and takes the place of the one before.") if fact.number > 1 else ""
        return {
            "name": reminder.user.get_short_name(),
            "course": done.title,
            "completed": date_format(done.completed_on, "j M Y"),
            "number": grouped(fact.check_id),
            "ceus_sentence": _("It carries %(ceus)s.") % {"ceus": ceus(done.ceus)} if done.ceus else "",
            "again_sentence": again,
            "url": absolute(reverse("credentials:certificates") + f"#certificate-{fact.pk}"),
            "why": _why_certificate(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "course": "What coders do",
            "completed": "3 Nov 2026",
            "number": grouped("ABCDEFGHJKMNPQRSTVWXYZ2345"),
            "ceus_sentence": "It carries 2 CEUs.",
            "again_sentence": "",
            "url": absolute("/credentials/certificates/#certificate-1"),
            "why": _why_certificate(),
        }


def _why_certificate() -> str:
    return _("You get this because you completed this course here.")


# --- packets -----------------------------------------------------------------------------------------------
class PacketReady(Paper):
    """An audit packet that took so long that nobody watched it is ready."""

    key = "packet_ready"
    label = gettext_lazy("Audit packet ready")
    rhythm = gettext_lazy("once, when one that took longer than two minutes is ready")
    noun = "packet"
    when = "made_at"
    #: Somebody who waits less sees it on the page.
    _LONG = timedelta(minutes=2)

    def rows(self) -> QuerySet[Packet]:
        return Packet.objects.filter(made_at__gte=F("asked_at") + self._LONG)

    def with_words(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return super().with_words(rows).select_related("body")

    def still_true(self, reminder: Reminder, fact: Any, *, at: datetime) -> Reason | None:
        return Reason.EXPIRED if fact.expires_at <= at or not fact.path else None

    def context(self, reminder: Reminder, fact: Any, *, at: datetime) -> dict[str, str]:
        return {
            "name": reminder.user.get_short_name(),
            "body": fact.body.short,
            "first": date_format(fact.first_on, "j M Y"),
            "last": date_format(fact.last_on, "j M Y"),
            "kept_until": day_words(reminder.user.local(fact.expires_at).date()),
            "url": absolute(fact.get_absolute_url()),
            "why": _why_packet(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "body": "AAPC",
            "first": "1 Apr 2025",
            "last": "31 Mar 2027",
            "kept_until": "Wed 7 Apr 2027",
            "url": absolute("/credentials/packets/1/"),
            "why": _why_packet(),
        }


def _why_packet() -> str:
    return _("You get this because you asked for this packet.")
