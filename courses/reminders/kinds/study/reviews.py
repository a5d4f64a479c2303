"""The kind about review cards that are due."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import Max, Min, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from courses.exams.models import ReviewCard
from courses.exams.queries.reviews import Due, due_reviews
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group
from courses.reminders.kinds.ladder import ONE_DAY, PAGE
from courses.reminders.kinds.shared import (
    Nudge,
    id_and_day,
    local_day,
    local_days,
    minutes_words,
)
from courses.reminders.models import Reason, Reminder

#: Reviews are spoken of on every third day at most, and no longer once nobody has touched a card for so long.
REVIEW_DAYS, REVIEWS_GIVEN_UP = 3, timedelta(days=21)
#: A card takes about so long.
_CARD_SECONDS = 45


class ReviewsDue(Nudge):
    """Review cards are due: on every third day at most, and no more once they were left alone for weeks.

    Which third day is a person's own, so that nothing need be remembered.
    """

    key = "reviews_due"
    label = gettext_lazy("Reviews that are due")
    rhythm = gettext_lazy("every third day at most, while cards are due and you use them")
    group = Group.STUDY

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """The next of a person's third days on which a card is due."""
        cards = _cards() if user_id is None else _cards().filter(user=user_id)
        cards = cards.filter(first__lt=until + ONE_DAY)
        cards = cards.filter(Q(made__gt=at - REVIEWS_GIVEN_UP) | Q(reviewed__gt=at - REVIEWS_GIVEN_UP))
        last_person = 0
        while True:
            page = list(cards.filter(user__gt=last_person).order_by("user")[:PAGE])
            for person, zone, first, made, reviewed in page:
                today, last = local_days(zone, at, until)
                given_up = local_day(zone, max(made, reviewed or made) + REVIEWS_GIVEN_UP)
                day = _third_day(person, max(today, local_day(zone, first)))
                days = [day] if user_id is None else [day, day + timedelta(days=REVIEW_DAYS)]
                for on in days:
                    if on <= min(last, given_up):
                        yield Candidate(f"cards-{person}.{on}", person, on, 0, on, on + ONE_DAY)
            if len(page) < PAGE:
                return
            last_person = page[-1][0]

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        """The day itself, while a card is due on it."""
        days = {subject: id_and_day(subject) for subject in subjects}
        due = {
            person: local_day(zone, first)
            for person, zone, first, _made, _reviewed in _cards().filter(
                user__in={person for person, _day in days.values()}
            )
        }
        return {
            subject: day for subject, (person, day) in days.items() if person in due and due[person] <= day
        }

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Due]:
        """Three queries."""
        found = due_reviews([reminder.user for reminder in reminders], at)
        return {reminder.pk: found[reminder.user_id] for reminder in reminders if reminder.user_id in found}

    def still_true(self, reminder: Reminder, fact: Due, *, at: datetime) -> Reason | None:
        return None if fact.left else Reason.DONE

    def context(self, reminder: Reminder, fact: Due, *, at: datetime) -> dict[str, str]:
        minutes = ceil(fact.left * _CARD_SECONDS / 60)
        return {
            "name": reminder.user.get_short_name(),
            "cards": _cards_words(fact.left),
            "due": _due_words(fact.left),
            "minutes": minutes_words(minutes),
            "waiting": (_("More of them wait, and come round on the next days.") if fact.waiting else ""),
            "url": absolute(reverse("exams:review")),
            "why": _why_reviews(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "cards": _cards_words(12),
            "due": _due_words(12),
            "minutes": minutes_words(9),
            "waiting": _("More of them wait, and come round on the next days."),
            "url": absolute("/practice/review/"),
            "why": _why_reviews(),
        }


def _cards() -> QuerySet[Any, Any]:
    """For each person who wants reviews: zone, when the first card is due, when cards were last touched."""
    used = ReviewCard.objects.filter(suspended_at=None).exclude(user__practice_settings__has_reviews=False)
    rows: QuerySet[Any, Any] = (
        used.order_by()
        .values("user")
        .annotate(first=Min("due_at"), made=Max("made_at"), reviewed=Max("reviewed_at"))
        .values_list("user", "user__time_zone", "first", "made", "reviewed")
    )
    return rows


def _third_day(person: int, day: date) -> date:
    """The first of a person's third days from ``day`` on."""
    return day + timedelta(days=-(day.toordinal() + person) % REVIEW_DAYS)


def _cards_words(number: int) -> str:
    return ngettext("%(n)d review", "%(n)d reviews", number) % {"n": number}


def _due_words(number: int) -> str:
    return ngettext("%(n)d review is due today", "%(n)d reviews are due today", number) % {"n": number}


def _why_reviews() -> str:
    return _("You get this because review cards of yours are due.")
