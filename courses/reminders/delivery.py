"""Sending what is due. Nothing here holds a transaction while the mail server is spoken to.

At least once: a sender killed between the server's "250" and the stamp leaves rows that go again under the
same Message-ID; everything else goes exactly once.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import F, Value
from django.db.models.functions import Greatest

from courses.reminders import gate, kinds, outbox
from courses.reminders.actions.suppression import suppress_address
from courses.reminders.letters import Part, write_letter
from courses.reminders.mailer import LineBroken, MailServer, Refused, ServerAway, TryLater
from courses.reminders.models import Reason, Reminder, Urgency
from courses.reminders.outbox import ALONE_FROM, Tier
from courses.reminders.queries.judging import Facts, facts_about, judge, next_day, settings_of
from courses.reminders.timing import MAX_ATTEMPTS, backoff
from portal.lib.logs import without_personal_data

logger = structlog.get_logger(__name__)

#: Things that one mail tells at most; what is over goes as a mail of its own, within the daily limit.
MOST_IN_A_MAIL = 30
#: What was judged longer ago than this is judged again before it goes.
FACTS_HOLD = timedelta(seconds=30)


@dataclass
class Delivered:
    """What a run of delivery did, in reminders; ``mails`` and ``inbox`` say how those that were sent went.

    ``lost`` counts rows whose lease ended before they were stamped.
    """

    sent: int = 0
    cancelled: int = 0
    postponed: int = 0
    retried: int = 0
    failed: int = 0
    lost: int = 0
    mails: int = 0
    inbox: int = 0
    is_paused: bool = False

    @property
    def claimed(self) -> int:
        """How many rows were taken and dealt with."""
        return self.sent + self.cancelled + self.postponed + self.retried + self.failed + self.lost


def deliver_due(
    *,
    at: datetime,
    limit: int = 100,
    lease: timedelta = outbox.LEASE,
    people: Collection[int] | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Delivered:
    """Deliver what is due ``at``: to inboxes, then by mail, about ``limit`` rows of each; or some people's.

    Any number of senders may run at once. While the mail server is away no mail is claimed, so no attempt is
    used up. Once ``is_over`` says so, nothing more is begun and what was claimed is given back.
    """
    outbox.take_back_expired(at=at)
    run = _Run(at, limit, lease, people, is_over)
    run.fill_inboxes()
    run.send_mails()
    return run.result


class _Run:
    """One run of delivery."""

    def __init__(
        self,
        at: datetime,
        limit: int,
        lease: timedelta,
        people: Collection[int] | None,
        is_over: Callable[[], bool],
    ) -> None:
        self.at, self.limit, self.lease, self.people, self.is_over = at, limit, lease, people, is_over
        self.began = monotonic()
        self.result = Delivered()
        self.gate = gate.Gate()

    @property
    def now(self) -> datetime:
        """``at`` and the time that went by since: leases are as long as they say."""
        return self.at + timedelta(seconds=monotonic() - self.began)

    @property
    def lease_until(self) -> datetime:
        return self.now + self.lease

    # --- inboxes ------------------------------------------------------------------------------------------
    def fill_inboxes(self) -> None:
        """Put what is due where the person finds it, set by set."""
        for is_tried in (False, True):
            left = self.limit
            while left > 0 and not self.is_over():
                rows = outbox.claim_inbox(
                    at=self.at, lease_until=self.lease_until, tried=is_tried, people=self.people
                )
                if not rows:
                    break
                left -= len(rows)
                self._fill(rows)

    def _fill(self, rows: Sequence[Reminder]) -> None:
        facts = facts_about(rows, at=self.at)
        parts = self._parts(self._sort_out(rows, facts), facts)
        if parts:
            stamped = outbox.stamp(parts, message_id="", at=self.at)
            self._count("sent", [part.reminder for part in parts], stamped)
            self.result.inbox += stamped

    # --- mail ---------------------------------------------------------------------------------------------
    def send_mails(self) -> None:
        """Send what is due, over one connection, as long as the mail server lets us."""
        if self.is_over() or not outbox.is_mail_due(at=self.at, people=self.people):
            return
        self.gate = gate.ask(at=self.at)
        if self.gate.is_closed:
            self.result.is_paused = True
            return
        try:
            with MailServer() as server:
                for rows in self._claims():
                    self._send_batch(rows, server)
        except ServerAway as error:
            words = _redacted(error)
            gate.close(self.gate, error=words, at=self.now)
            self.result.is_paused = True
            logger.warning("mail server away", error=words)

    def _claims(self) -> Iterator[list[Reminder]]:
        """Rows to send: the fresh ones, then some that were tried, and of those that often failed some.

        Where there is more that is fresh, a single one of the others goes between, so that neither waits for
        the other for ever.
        """
        share = self.limit
        for tier in Tier:
            left = share
            while left > 0 and not self.is_over():
                # while the gate is on trial, one person's mail is enough to find out
                most = 1 if self.gate.is_trial else min(outbox.PEOPLE, left)
                rows = outbox.claim(
                    at=self.at, lease_until=self.lease_until, tier=tier, most=most, people=self.people
                )
                if not rows:
                    break
                left -= len(rows)
                yield rows
            if tier is Tier.FRESH and left <= 0:
                share = 1

    def _send_batch(self, rows: Sequence[Reminder], server: MailServer) -> None:
        facts = facts_about(rows, at=self.at)
        mails = self._bundled(self._nearest(self._sort_out(rows, facts)), facts)
        judged = monotonic()
        try:
            while mails:
                is_stale = monotonic() - judged > FACTS_HOLD.total_seconds()
                if self.is_over() or is_stale:
                    return
                if not self._still_ours(mails):
                    continue
                is_line_up = self._send_counted(mails[0], facts, server)
                mails.pop(0)
                if not is_line_up:
                    server.reopen()
        finally:
            outbox.release([row for mail in mails for row in mail])

    def _send_counted(self, rows: list[Reminder], facts: Facts, server: MailServer) -> bool:
        """Send one mail and note what became of it; returns whether the line to the server still stands."""
        try:
            self._send(rows, facts, server)
        except ServerAway:
            raise
        except LineBroken as error:
            self._try_later(rows, error)
            return False
        except TryLater as error:
            self._answered()
            self._try_later(rows, error)
        except Refused as error:
            self._answered()
            self._refused(rows, error, facts)
        except SoftTimeLimitExceeded as error:
            # it is this mail that took so long: it counts as tried, and the rest of the batch does not
            self._try_later(rows, error)
            rows.clear()
            raise
        except Exception as error:  # a mail that cannot be written must not block the others
            self._try_later(rows, error, is_apart=True)
        return True

    def _send(self, rows: list[Reminder], facts: Facts, server: MailServer) -> None:
        parts = self._parts(rows, facts)
        rows[:] = [part.reminder for part in parts]
        if not parts:
            return
        message = write_letter(parts, at=self.at)
        server.send(message)
        stamped = outbox.stamp(parts, message_id=message.extra_headers["Message-ID"], at=self.at)
        self._answered()
        self._count("sent", rows, stamped)
        self.result.mails += 1

    def _answered(self) -> None:
        if self.gate.is_trial:
            self.gate = gate.open_again(self.gate)

    def _still_ours(self, mails: list[list[Reminder]]) -> bool:
        """Whether the next mail may go: a lease that runs out is renewed, what was taken over is dropped."""
        until = mails[0][0].lease_until
        assert until is not None
        if until - self.now > min(outbox.LEASE_RESERVE, self.lease / 2):
            return True
        rows = [row for mail in mails for row in mail]
        held = {row.pk for row in outbox.renew(rows, until=self.lease_until)}
        self._count("lost", [row for row in rows if row.pk not in held], 0)
        first = [row.pk for row in mails[0]]
        mails[:] = [kept for mail in mails if (kept := [row for row in mail if row.pk in held])]
        return bool(mails) and [row.pk for row in mails[0]] == first

    # --- what may go --------------------------------------------------------------------------------------
    def _sort_out(self, rows: Sequence[Reminder], facts: Facts) -> list[Reminder]:
        """Those that may go; the others are cancelled or wait, each for its reason."""
        goes: list[Reminder] = []
        early: list[Reminder] = []
        cancelled: dict[str, list[Reminder]] = defaultdict(list)
        waits: dict[tuple[str, datetime], list[Reminder]] = defaultdict(list)
        for row in rows:
            try:
                if row.pk in facts.broken:
                    raise facts.broken[row.pk]
                verdict = judge(row, facts, at=self.at)
            except SoftTimeLimitExceeded:
                raise
            except Exception as error:  # one that cannot be judged must not block the others
                self._try_later([row], error)
                continue
            if verdict.goes or verdict.reason is None:
                goes.append(row)
            elif row.not_before > self.at:
                early.append(row)  # it only came along: it is asked again at its own hour
            elif verdict.until is not None:
                waits[verdict.reason, verdict.until].append(row)
            else:
                cancelled[verdict.reason].append(row)
        # nothing goes early by itself
        has_due = {row.user_id for row in goes if row.not_before <= self.at}
        early += [row for row in goes if row.user_id not in has_due]
        for reason, some in cancelled.items():
            moved = outbox.finish(some, state=Reminder.State.CANCELLED, reason=reason)
            self._count("cancelled", some, moved)
        for (reason, until), some in waits.items():
            self._count("postponed", some, outbox.postpone(some, until=until, reason=reason))
        outbox.release(early)
        return [row for row in goes if row.user_id in has_due]

    def _nearest(self, rows: Sequence[Reminder]) -> list[Reminder]:
        """Of the steps of one deadline the nearest, which says it better; one mail never tells it twice."""
        nearest: dict[tuple[object, ...], Reminder] = {}
        for row in rows:
            fact = (row.user_id, row.kind, row.subject, row.due_on)
            if fact not in nearest or row.step < nearest[fact].step:
                nearest[fact] = row
        stays = {row.pk for row in nearest.values()}
        told = [row for row in rows if row.pk not in stays]
        if told:
            moved = outbox.finish(told, state=Reminder.State.CANCELLED, reason=Reason.EXPIRED)
            self._count("cancelled", told, moved)
        return [row for row in rows if row.pk in stays]

    def _bundled(self, rows: Sequence[Reminder], facts: Facts) -> list[list[Reminder]]:
        """One mail a person, the most urgent first; more only where one would tell too much."""
        by_person: dict[int, list[Reminder]] = defaultdict(list)
        for row in rows:
            by_person[row.user_id].append(row)
        mails: list[list[Reminder]] = []
        over: dict[datetime, list[Reminder]] = defaultdict(list)
        for person, own in by_person.items():
            for start in range(0, len(own), MOST_IN_A_MAIL):
                mail = own[start : start + MOST_IN_A_MAIL]
                user = mail[0].user
                if any(row.urgency == Urgency.ORDINARY for row in mail):
                    if facts.got_today[person] >= settings_of(user).most_a_day:
                        waits = [row for row in mail if row.urgency == Urgency.ORDINARY]
                        over[next_day(user, settings_of(user), at=self.at)] += waits
                        mail = [row for row in mail if row.urgency != Urgency.ORDINARY]
                    else:
                        facts.got_today[person] += 1
                if mail:
                    mails.append(mail)
        for until, some in over.items():
            self._count("postponed", some, outbox.postpone(some, until=until, reason=Reason.CAP))
        mails.sort(key=lambda mail: (mail[0].urgency, mail[0].not_before, mail[0].pk))
        return mails

    def _parts(self, rows: Sequence[Reminder], facts: Facts) -> list[Part]:
        """What each one says; one whose words fail is tried again later and does not spoil the others."""
        parts = []
        for row in rows:
            try:
                said = kinds.get(row.kind).context(row, facts.about[row.pk], at=self.at)
            except SoftTimeLimitExceeded:
                raise
            except Exception as error:
                self._try_later([row], error)
                continue
            values = {name: str(value) for name, value in said.items()}
            parts.append(Part(row, facts.templates[row.kind], values))
        return parts

    # --- what became of it --------------------------------------------------------------------------------
    def _refused(self, rows: Sequence[Reminder], error: Refused, facts: Facts) -> None:
        """The server will never take this mail; of a bundle each thing is asked for alone."""
        if len(rows) > 1 and not error.is_address_bad:
            self._try_later(rows, error, is_apart=True)
            return
        words = _redacted(error)
        if error.is_address_bad:
            suppress_address(email=rows[0].user.email, reason=words, at=self.at)
        moved = outbox.finish(rows, state=Reminder.State.FAILED, reason=Reason.REFUSED, last_error=words)
        self._count("failed", rows, moved)

    def _try_later(self, rows: Sequence[Reminder], error: Exception, *, is_apart: bool = False) -> None:
        """Back into the queue, for longer each time; after the last attempt staff have to look.

        ``is_apart``: something in a bundle is at fault, so each of it goes alone from now on.
        """
        words = _redacted(error)
        over = [row for row in rows if row.attempts >= MAX_ATTEMPTS]
        again = [row for row in rows if row.attempts < MAX_ATTEMPTS]
        if over:
            moved = outbox.finish(
                over, state=Reminder.State.FAILED, reason=Reason.EXHAUSTED, last_error=words
            )
            self._count("failed", over, moved)
            for row in over:
                logger.error("reminder failed", reminder=row.pk, kind=row.kind, error=words)
        if again:
            changes = {"attempts": Greatest(F("attempts"), Value(ALONE_FROM))} if is_apart else {}
            moved = outbox.finish(
                again,
                state=Reminder.State.PLANNED,
                not_before=self.at + _wait(again[0]),
                last_error=words,
                **(changes if len(rows) > 1 else {}),
            )
            self._count("retried", again, moved)

    def _count(self, outcome: str, rows: Sequence[Reminder], moved: int) -> None:
        counts = Counter({outcome: moved, "lost": len(rows) - moved})
        for name, number in counts.items():
            setattr(self.result, name, getattr(self.result, name) + number)
        if counts["lost"]:  # another sender may have sent them as well
            logger.warning("lease lost", reminders=[row.pk for row in rows], kind=rows[0].kind)


def _wait(reminder: Reminder) -> timedelta:
    """How long until the next attempt: up to a tenth longer for some, so that not all come back at once."""
    wait = backoff(reminder.attempts)
    return wait + wait * (reminder.user_id % 8) / 80


def _redacted(error: Exception) -> str:
    """The error in 200 characters, without addresses."""
    words = (
        str(error)
        if isinstance(error, TryLater | Refused | ServerAway)
        else f"{type(error).__name__}: {error}"
    )
    return str(without_personal_data(None, "", {"error": words})["error"])[:200]
