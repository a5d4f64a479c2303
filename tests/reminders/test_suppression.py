"""Which addresses take no mail: the newest word counts, in whatever order it comes."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.conf import settings as django_settings
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import Settings

from accounts.models import User
from courses.reminders.actions import (
    Told,
    lift_suppression,
    record_events,
    save_preference,
    suppress_address,
    turn_off_mail,
)
from courses.reminders.models import MailEvent, Preference, Suppression
from courses.reminders.queries import is_suppressed
from tests.conftest import LONG_AGO, MakePerson
from tests.reminders.drill import Drill

HOUR = timedelta(hours=1)
Source = Suppression.Source


def holds(email: str = "gone@example.com") -> bool:
    return is_suppressed(User(email=email))


@pytest.mark.django_db
def test_suppressed_address_is_the_same_in_any_case_and_kept_as_a_digest(at: datetime) -> None:
    suppress_address(email=" Gone@Example.com", reason="550 5.1.1", at=at)

    row = Suppression.objects.get()
    assert holds("gone@example.COM") and not holds("other@example.com")
    assert (row.source, row.reason, row.at) == (Source.SERVER, "550 5.1.1", at)
    assert "gone" not in row.email_hmac


@pytest.mark.django_db
def test_newest_word_against_an_address_stands(at: datetime) -> None:
    suppress_address(email="gone@example.com", source=Source.BOUNCE, reason="5.1.1", at=at)
    suppress_address(email="gone@example.com", source=Source.COMPLAINT, reason="abuse", at=at + HOUR)
    suppress_address(email="gone@example.com", source=Source.SERVER, reason="550", at=at - HOUR)

    row = Suppression.objects.get()
    assert (row.source, row.reason, row.at) == (Source.COMPLAINT, "abuse", at + HOUR)


@pytest.mark.django_db
def test_proof_lifts_what_was_before_it_and_not_what_comes_after(at: datetime) -> None:
    suppress_address(email="gone@example.com", reason="550", at=at)

    assert lift_suppression(email="GONE@example.com", at=at + HOUR)
    assert not holds()
    suppress_address(email="gone@example.com", reason="late", at=at + HOUR / 2)  # told late: an older moment
    assert not holds()
    suppress_address(email="gone@example.com", reason="550", at=at + 2 * HOUR)
    assert holds()


@pytest.mark.django_db
def test_lifting_twice_or_what_never_was_says_so(student: User, at: datetime) -> None:
    assert not lift_suppression(user=student, at=at)
    suppress_address(email=student.email, reason="550", at=at)

    assert lift_suppression(user=student, at=at + HOUR)
    assert not lift_suppression(user=student, at=at + 2 * HOUR)
    lift_suppression(user=student, at=at)  # an older proof takes nothing back
    assert Suppression.objects.get().lifted_at == at + 2 * HOUR


@pytest.mark.django_db
def test_confirmed_address_is_written_to_again(student: User) -> None:
    suppress_address(email=student.email, reason="550", at=LONG_AGO)
    address = EmailAddress.objects.get(user=student)

    email_confirmed.send(sender=EmailAddress, request=None, email_address=address)

    assert not is_suppressed(student)


@pytest.mark.django_db
def test_suppression_survives_a_new_key_and_is_lifted_under_it(settings: Settings, at: datetime) -> None:
    suppress_address(email="gone@example.com", reason="550", at=at)
    settings.SECRET_KEY_FALLBACKS = [django_settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-" + "y" * 50

    assert holds()
    lift_suppression(email="gone@example.com", at=at + HOUR)
    suppress_address(email="gone@example.com", reason="late", at=at)
    assert not holds()  # the old row knows the proof; no second one is made beside it
    assert Suppression.objects.count() == 1


class TestAnyOrder(TestCase):
    """Whatever order, however often: the same row."""

    @given(
        words=st.lists(
            st.tuples(st.integers(0, 5), st.sampled_from(Source.values), st.sampled_from(["a", "b"])),
            min_size=1,
            max_size=6,
        ),
        shuffle=st.randoms(),
        times=st.integers(1, 3),
    )
    def test_words_in_any_order_end_in_the_same_row(
        self, words: list[tuple[int, str, str]], shuffle: random.Random, times: int
    ) -> None:
        def tell(order: Sequence[tuple[int, str, str]], email: str) -> tuple[object, ...]:
            for hours, source, reason in order:
                moment = LONG_AGO + hours * HOUR
                row = suppress_address(email=email, source=source, reason=reason, at=moment)
            return (row.at, row.source, row.reason)

        shuffled = words * times
        shuffle.shuffle(shuffled)

        assert tell(words, "one@example.com") == tell(shuffled, "two@example.com")

    @given(
        first=st.integers(0, 9),
        moments=st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=8),
    )
    def test_it_holds_while_the_newest_word_is_later_than_the_newest_proof(
        self, first: int, moments: list[tuple[bool, int]]
    ) -> None:
        against, proofs = [first], [-1]
        suppress_address(email="gone@example.com", reason="x", at=LONG_AGO + first * HOUR)
        for is_proof, hours in moments:
            if is_proof:
                proofs.append(hours)
                lift_suppression(email="gone@example.com", at=LONG_AGO + hours * HOUR)
            else:
                against.append(hours)
                suppress_address(email="gone@example.com", reason="x", at=LONG_AGO + hours * HOUR)

        assert holds() == (max(against) > max(proofs))


# --- events, ten thousand of them at a soak's size ----------------------------------------------------------
def many_events(people: int, at: datetime, seed: int = 7) -> list[Told]:
    """Events as services tell them: of everybody a few, out of order in time."""
    chance = random.Random(seed)
    return [
        Told(
            event_id=f"mailgun:{number}",
            what=chance.choice(MailEvent.What.values),
            email=f"p{chance.randrange(people)}@example.com",
            happened_at=at - timedelta(minutes=chance.randrange(10_000)),
            message_id=f"<{number}@example.com>",
            detail="5.1.1",
        )
        for number in range(people * 10)
    ]


def state() -> tuple[object, ...]:
    return (
        sorted(Suppression.objects.values_list("email_hmac", "source", "reason", "at")),
        sorted(MailEvent.objects.values_list("event_id", "what", "email_hmac", "happened_at")),
        sorted(Preference.objects.values_list("user__email", "kind", "channel", "is_on", "changed_at")),
    )


def forget() -> None:
    for model in (Suppression, MailEvent, Preference):
        model._default_manager.all().delete()


@pytest.mark.django_db
def test_events_shuffled_and_told_three_times_end_in_the_same_state(
    drill: Drill, make_person: MakePerson, at: datetime
) -> None:
    for number in range(20):
        make_person(f"p{number}@example.com")
    events = many_events(40, at)
    record_events(events=sorted(events, key=lambda one: one.happened_at), at=at)
    wanted = state()
    forget()

    shuffled = events * 3
    random.Random(8).shuffle(shuffled)
    batches = [shuffled[start : start + 50] for start in range(0, len(shuffled), 50)]
    new = sum(record_events(events=batch, at=at) for batch in batches)

    assert state() == wanted
    assert new == len(events) == MailEvent.objects.count()


@pytest.mark.django_db
def test_rule_that_took_the_last_word_told_would_be_noticed(at: datetime) -> None:
    """The planted fault: the word told last stands instead of the newest."""

    def last_told(order: Sequence[Told]) -> list[tuple[str, datetime]]:
        said = {one.email: one for one in order if one.what in ("bounced", "complained")}
        return sorted((email, one.happened_at) for email, one in said.items())

    events = many_events(40, at)
    shuffled = list(events)
    random.Random(8).shuffle(shuffled)

    assert last_told(sorted(events, key=lambda one: one.happened_at)) != last_told(shuffled)


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["refused", "deferred", "delivered"])
def test_what_is_not_the_addresss_fault_suppresses_nothing(what: str, at: datetime) -> None:
    record_events(events=[Told("x:1", what, "sam@example.com", at)], at=at)

    assert not Suppression.objects.exists()
    assert MailEvent.objects.get().what == what


@pytest.mark.django_db
@pytest.mark.parametrize(("what", "source"), [("bounced", Source.BOUNCE), ("complained", Source.COMPLAINT)])
def test_bounces_and_complaints_suppress(what: str, source: str, at: datetime) -> None:
    record_events(events=[Told("x:1", what, "sam@example.com", at - HOUR, detail="5.1.1")], at=at)

    row = Suppression.objects.get()
    assert (row.source, row.reason, row.at) == (source, "5.1.1", at - HOUR)


@pytest.mark.django_db
def test_event_from_a_clock_that_is_ahead_counts_from_now(at: datetime) -> None:
    record_events(events=[Told("x:1", "bounced", "sam@example.com", at + 30 * HOUR)], at=at)

    lift_suppression(email="sam@example.com", at=at + HOUR)
    record_events(events=[Told("x:1", "bounced", "sam@example.com", at + 30 * HOUR)], at=at + 2 * HOUR)

    assert not holds("sam@example.com")


@pytest.mark.django_db
def test_unsubscribing_at_the_service_turns_mail_off_but_no_later_wish(
    drill: Drill, student: User, at: datetime
) -> None:
    save_preference(user=student, kind="drill", is_on=True, at=at - 2 * HOUR)
    unsubscribed = [Told("x:1", "unsubscribed", student.email.upper(), at - HOUR)]
    record_events(events=unsubscribed, at=at)
    mails = Preference.objects.filter(user=student, channel="email")

    assert set(mails.values_list("is_on", flat=True)) == {False}
    assert not Preference.objects.filter(channel="inbox").exists()
    save_preference(user=student, kind="drill", is_on=True, at=at)
    turn_off_mail(user=student, at=at - HOUR)  # told once more
    assert mails.get(kind="drill").is_on
