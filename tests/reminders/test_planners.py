"""C2, reduced: planners that are killed and suspended, and whose clocks jump, plan everything once."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from tests.reminders.clockwork import Daily, populate
from tests.reminders.planners import FIRST, HORIZON, judge, play

#: The error of a clock may let a planner miss a moment, and the next run makes up for it.
TOLERANCE = timedelta(hours=2) + HORIZON


@pytest.mark.fault
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the soak plays it on both databases")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("fault", "days"), [("", 5), ("without-day", 4), ("with-planner", 2)])
def test_planners_that_die_and_jump_plan_once_and_the_planted_faults_do_not(
    fault: str, days: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = Daily()
    people = populate(kind, FIRST - timedelta(days=2), days + 6, only_changes=False)
    played = play(kind, days=days, kills=2 * days, log=tmp_path / "runs", fault=fault)
    found = judge(kind, people, days, played.runs)

    with capsys.disabled():
        print(f"\n{fault or 'real'}: {played.effective} effective kills, {len(played.runs)} runs, {found}")
    assert played.effective >= days
    assert played.suspended >= days
    if fault:
        assert (found.missing > 0, found.twice > 0) == (fault == "without-day", fault == "with-planner")
        return
    assert (found.missing, found.twice, found.early) == (0, 0, 0)
    assert found.late <= found.away + TOLERANCE
