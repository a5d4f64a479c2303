from hypothesis import given
from hypothesis import strategies as st

from courses.progress.rules import against, missing, share


def test_missing_names_what_is_not_met() -> None:
    asked = against([("checkpoint", "a", "First"), ("checkpoint", "b", "Second")], [("checkpoint", "a")])

    assert [one.is_met for one in asked] == [True, False]
    assert missing(asked) == ["Second"]


def test_against_ignores_same_key_of_other_kind() -> None:
    asked = against([("course", "a", "Course")], [("task", "a")])

    assert missing(asked) == ["Course"]


@given(st.integers(0, 500), st.integers(0, 500))
def test_share_is_hundred_only_when_all_is_done(done: int, extra: int) -> None:
    total = done + extra

    percent = share(done, total)

    assert 0 <= percent <= 100
    assert (percent == 100) == (total > 0 and done == total)
    assert (percent == 0) == (done == 0)
