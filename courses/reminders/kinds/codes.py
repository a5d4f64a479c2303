"""Kinds about codes: a release takes effect and changes codes that a person keeps."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from courses.codesets.books import CODE_BOOKS
from courses.codesets.models import CodeChange, Release, SavedCode
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group, Kind
from courses.reminders.kinds.ladder import LOOK_BACK, PAGE, Ladder
from courses.reminders.kinds.shared import id_of, ids_of, listed, local_day
from courses.reminders.models import Reason, Reminder

#: A release loaded so long after its first day at most is still news.
LATE = timedelta(days=30)
#: So long after the first day the page says it.
LASTS = 7
#: Codes that a mail names.
_NAMED = 5


@dataclass(frozen=True)
class Changed:
    """What a release changes of the codes that a person keeps: each code with what happens to it."""

    release: Release
    codes: tuple[tuple[str, str], ...]
    #: Whether all of them are headings, which the report lists apart.
    are_headings: bool


class CodeSetChanges(Kind):
    """A release takes effect in which saved codes of a person change; nobody hears whose codes stay."""

    key = "code_set_changes"
    label = gettext_lazy("Changes of my saved codes")
    rhythm = gettext_lazy(
        "14 days and 1 day before a new release takes effect and on the day, if saved codes change"
    )
    group = Group.CODES
    ladder = Ladder((14, 1, 0), lasts=LASTS)
    steps = ladder.steps

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """Whoever keeps codes that change; a release loaded late is told of once, as soon as it is here."""
        for release in self._releases(at, until, foreseen=user_id is not None):
            for person, zone in self._people(release, user_id):
                for candidate in self._of(release, zone, at, until):
                    yield candidate._replace(user_id=person)

    def _releases(self, at: datetime, until: datetime, *, foreseen: bool) -> list[Release]:
        loaded = Release.objects.loaded().filter(book__in=CODE_BOOKS).order_by("pk")
        lately = Q(loaded_at__gte=at - LOOK_BACK, effective_from__gte=at.date() - LATE)
        near = Q(effective_from__gte=at.date()) if foreseen else self.ladder.near("effective_from", at, until)
        in_force = Q(effective_until=None) | Q(effective_until__gt=at.date())
        return list(loaded.filter(near | lately).filter(in_force))

    def _people(self, release: Release, user_id: int | None) -> Iterator[tuple[int, str]]:
        """Who keeps a code that the release changes, with the zone of each."""
        saved = SavedCode.objects.filter(
            Exists(CodeChange.objects.filter(release=release.pk, code=OuterRef("code"))),
            system=release.system,
        )
        saved = saved if user_id is None else saved.filter(user=user_id)
        people = saved.order_by("user_id").values_list("user_id", "user__time_zone").distinct()
        last = 0
        while page := list(people.filter(user_id__gt=last)[:PAGE]):
            yield from page
            if len(page) < PAGE:
                return
            last = page[-1][0]

    def _of(self, release: Release, zone: str, at: datetime, until: datetime) -> Iterator[Candidate]:
        """The steps that go now, for nobody yet."""
        assert release.loaded_at is not None  # as its queryset says
        due_on, subject = release.effective_from, f"release-{release.pk}"
        loaded_on, today = local_day(zone, release.loaded_at), local_day(zone, at)
        back = self.ladder.whole if loaded_on >= today - LOOK_BACK else LOOK_BACK
        for step, send_on, expires_on in self.ladder.rungs(due_on, zone, at=at, until=until, back=back):
            yield Candidate(subject, 0, due_on, step, send_on, expires_on)
        if due_on < today and due_on < loaded_on and loaded_on >= today - LOOK_BACK:
            yield Candidate(subject, 0, due_on, 0, loaded_on, loaded_on + timedelta(days=LASTS))

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        releases = Release.objects.loaded().filter(pk__in=map(id_of, subjects))
        return {f"release-{pk}": day for pk, day in releases.values_list("pk", "effective_from")}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Changed]:
        """Three queries."""
        releases = Release.objects.loaded().in_bulk(ids_of(reminders))
        saved: dict[tuple[int, str], set[str]] = {}
        for person, system, code in SavedCode.objects.filter(
            user__in={reminder.user_id for reminder in reminders},
            system__in={release.system for release in releases.values()},
        ).values_list("user", "system", "code"):
            saved.setdefault((person, system), set()).add(code)
        changes: dict[tuple[int, str], list[CodeChange]] = {}
        for change in CodeChange.objects.filter(
            release__in=releases, code__in=set().union(*saved.values())
        ).order_by("code", "kind"):
            changes.setdefault((change.release_id, change.code), []).append(change)
        found = {}
        for reminder in reminders:
            release = releases.get(id_of(reminder.subject))
            kept = saved.get((reminder.user_id, release.system), set()) if release else set()
            mine = [
                (c, changes[release.pk, c]) for c in sorted(kept) if release and (release.pk, c) in changes
            ]
            if release and mine:
                found[reminder.pk] = Changed(
                    release,
                    tuple((c, listed([str(one.get_kind_display()) for one in rows])) for c, rows in mine),
                    all(one.is_heading for _code, rows in mine for one in rows),
                )
        return found

    def still_true(self, reminder: Reminder, fact: Changed, *, at: datetime) -> Reason | None:
        return None if fact.release.effective_from == reminder.due_on else Reason.MOVED

    def context(self, reminder: Reminder, fact: Changed, *, at: datetime) -> dict[str, str]:
        named = [f"{code} ({what})" for code, what in fact.codes[:_NAMED]]
        if more := len(fact.codes) - len(named):
            named.append(ngettext("%(n)d more", "%(n)d more", more) % {"n": more})
        return {
            "name": reminder.user.get_short_name(),
            "codes": _codes_words(len(fact.codes)),
            "changes": _change_words(
                len(fact.codes), fact.release.effective_from, reminder.user.local(at).date()
            ),
            "release": str(fact.release),
            "effective": _effective_words(fact.release.effective_from, reminder.user.local(at).date()),
            "list": listed(named),
            "url": absolute(_differences(fact)),
            "why": _why(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "codes": _codes_words(2),
            "changes": _change_words(2, date(2027, 10, 1), date(2027, 9, 17)),
            "release": "ICD-10-CM FY2028",
            "effective": _effective_words(date(2027, 10, 1), date(2027, 9, 17)),
            "list": "E11.9 (title revised) and I10 (deleted)",
            "url": absolute("/codes/releases/1/?begins=E11.9"),
            "why": _why(),
        }


def _differences(fact: Changed) -> str:
    """The release's report, narrowed to what the codes begin with in common."""
    pairs = zip(fact.codes[0][0], fact.codes[-1][0], strict=False)  # they are sorted
    begins = "".join(a for a, _b in takewhile(lambda pair: pair[0] == pair[1], pairs)).rstrip(".")
    asked = {"begins": begins, "rows": "headings" if fact.are_headings else ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    address = reverse("codesets:release", args=[fact.release.pk])
    return f"{address}?{query}" if query else address


def _codes_words(number: int) -> str:
    return ngettext("%(n)d of your saved codes", "%(n)d of your saved codes", number) % {"n": number}


def _change_words(number: int, day: date, today: date) -> str:
    """Change on a day, today or already, for so many codes."""
    told = {"day": date_format(day, "j M")}
    if day > today:
        return ngettext("changes on %(day)s", "change on %(day)s", number) % told
    if day == today:
        return ngettext("changes today", "change today", number)
    return ngettext("changed on %(day)s", "changed on %(day)s", number) % told


def _effective_words(day: date, today: date) -> str:
    told = {"day": date_format(day, "j M Y")}
    return _("takes effect on %(day)s") % told if day >= today else _("took effect on %(day)s") % told


def _why() -> str:
    return _("You get this because you keep these codes here.")


KINDS = (CodeSetChanges,)
