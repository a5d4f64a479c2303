"""Sets that people build for themselves."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.exams.actions.starting import EmptyBank, Part, write_attempt
from courses.exams.assembly import Candidate, draw
from courses.exams.models import Attempt, PracticeSettings, QuestionRevision
from courses.exams.models.bank import RANKS
from courses.exams.queries.sets import Choice, domain_titles, in_turn

#: A question's time where a set is timed, the pace of 100 in 4 hours. A part of a case counts as one.
PACE = timedelta(seconds=144)
#: Own sets have no pass line; their percentage is compared with what the exams ask.
PASS_PERCENT = 70

#: More than are wanted are read: a question may share its exclusion group with another.
_SPARE = 20


def start_set(*, user: User, choice: Choice, token: str, at: datetime) -> Attempt:
    """An attempt at a set as the person chose it, drawn from the questions live at ``at``.

    Unseen questions come first, then those met longest ago; none is stale, retired, a draft, or part of an
    exam that the person is sitting. ``token`` is the form's: sent twice, it is one attempt. The choice is
    kept for the next time. Raises ``EmptyBank`` when nothing fits.
    """
    for race in range(3):
        mine = Attempt.objects.owned_by(user).filter(token=token).first()
        if mine is not None:
            return mine
        try:
            return _open_set(user=user, choice=choice, token=token, at=at)
        except IntegrityError:  # the same form was faster
            if race == 2:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _open_set(*, user: User, choice: Choice, token: str, at: datetime) -> Attempt:
    seed = secrets.randbits(48)
    picks = _picks(user, choice, seed=seed, at=at)
    if not picks:
        raise EmptyBank
    mine = Attempt.objects.owned_by(user).filter(blueprint=None)
    attempt = Attempt(
        user=user,
        number=mine.count() + 1,
        seed=seed,
        mode=choice.mode,
        title=_title(choice),
        pass_percent=PASS_PERCENT,
        built=choice.as_json(),
        token=token,
        started_at=at,
        deadline_at=at + _time(user, picks) if choice.mode == Attempt.Mode.EXAM else None,
    )
    write_attempt(attempt, [Part(_("Questions"), tuple(picks))], multiplier=user.time_multiplier)
    PracticeSettings.objects.update_or_create(user=user, defaults={"last_set": choice.as_json()})
    return attempt


def _picks(user: User, choice: Choice, *, seed: int, at: datetime) -> list[int]:
    """Revisions of the set in their order; all are read only where exclusion groups leave it short."""
    rng = Random(seed)
    rows = in_turn(user, choice, at, start=rng.randrange(RANKS))
    for most in (choice.count + _SPARE, None):
        found = [Candidate(pk, 0, group, last) for pk, group, last in rows[:most]]
        form = draw({0: choice.count}, found, seed=seed)
        if not form.short or most is None or len(found) < most:
            break
    picks = list(form.picks)
    rng.shuffle(picks)
    return picks


def _time(user: User, picks: Sequence[int]) -> timedelta:
    """What a timed set of these takes the person."""
    cases = QuestionRevision.objects.filter(pk__in=picks, kind="case_set").values_list("asked", flat=True)
    parts = [len(asked.get("parts", [1])) for asked in cases]
    units = len(picks) - len(parts) + sum(parts)
    return timedelta(seconds=int(PACE.total_seconds() * units * float(user.time_multiplier)))


def _title(choice: Choice) -> str:
    """What a set is called in lists: what was chosen, in a few words."""
    words = {
        "all": _("My set"),
        "unseen": _("My set of new questions"),
        "missed": _("My set of what I missed"),
        "flagged": _("My set of what I flagged"),
    }[choice.status]
    if choice.of_attempt is not None:
        words = _("My set of what one attempt missed")
    if 0 < len(choice.domains) <= 2:
        words = f"{words}: {', '.join(domain_titles(choice.domains))}"
    elif choice.domains:
        words = f"{words}: {_('%(n)d domains') % {'n': len(choice.domains)}}"
    return words[:160]
