"""Small whole-number programmes, solved exactly: the simplex method over fractions, then branch and bound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

_ZERO = Fraction(0)


def maximize(goal: Sequence[int], limits: Sequence[tuple[Mapping[int, int], int]], size: int) -> list[int]:
    """Whole numbers x[0], x[1], … ≥ 0 that make the sum of ``goal`` times x the greatest.

    Each limit says that a sum of multiples of x is at most a number, which is not negative; together they
    bound every x that has a goal. The same programme always has the same answer.
    """
    best: list[int] | None = None
    most = -1
    open_: list[_Table] = [_Table.of(goal, limits, size)]
    open_[0].climb()
    while open_:
        table = open_.pop()
        if floor(table.value) <= most:
            continue
        broken = next(
            (v for v in sorted(table.rows) if v < size and table.rows[v].free.denominator != 1), None
        )
        if broken is None:
            most = int(table.value)
            best = [int(table.rows[v].free) if v in table.rows else 0 for v in range(size)]
            continue
        whole = floor(table.rows[broken].free)
        for at_most in (False, True):  # the lower half is looked at first
            branch = table.copy()
            if branch.cut(broken, whole, at_most=at_most):
                open_.append(branch)
    assert best is not None  # all zero is always possible
    return best


@dataclass(slots=True)
class _Row:
    """A variable in terms of those that are zero now: ``free`` less the sum of ``of`` times them."""

    free: Fraction
    of: dict[int, Fraction]


@dataclass(slots=True)
class _Table:
    """A programme with as many variables at zero as it has unknowns (``goal`` names them)."""

    rows: dict[int, _Row]
    goal: dict[int, Fraction]
    value: Fraction
    named: int

    @classmethod
    def of(cls, goal: Sequence[int], limits: Sequence[tuple[Mapping[int, int], int]], size: int) -> "_Table":
        rows = {
            size + i: _Row(Fraction(limit), {v: Fraction(n) for v, n in of.items() if n})
            for i, (of, limit) in enumerate(limits)
        }
        return cls(rows, {v: Fraction(goal[v]) for v in range(size)}, _ZERO, size + len(limits))

    def copy(self) -> "_Table":
        rows = {v: _Row(row.free, dict(row.of)) for v, row in self.rows.items()}
        return _Table(rows, dict(self.goal), self.value, self.named)

    def climb(self) -> None:
        """Go from corner to corner while the goal grows; Bland's rule, so it ends."""
        while (enters := min((v for v, n in self.goal.items() if n > 0), default=None)) is not None:
            tight = [
                (row.free / n, v) for v, row in self.rows.items() if (n := row.of.get(enters, _ZERO)) > 0
            ]
            self._swap(min(tight)[1], enters)

    def cut(self, variable: int, whole: int, *, at_most: bool) -> bool:
        """Ask that a variable be at most ``whole``, or at least one more; whether that is possible."""
        row = self.rows[variable]
        if at_most:
            self.rows[self.named] = _Row(whole - row.free, {v: -n for v, n in row.of.items()})
        else:
            self.rows[self.named] = _Row(row.free - whole - 1, dict(row.of))
        self.named += 1
        while (leaves := min((v for v, row in self.rows.items() if row.free < 0), default=None)) is not None:
            of = self.rows[leaves].of
            steep = [(self.goal.get(v, _ZERO) / n, v) for v, n in of.items() if n < 0]
            if not steep:
                return False
            self._swap(leaves, min(steep)[1])
        return True

    def _swap(self, leaves: int, enters: int) -> None:
        """Let one variable become zero and another take its place."""
        out = self.rows.pop(leaves)
        by = out.of.pop(enters)
        new = _Row(out.free / by, {v: n / by for v, n in out.of.items()})
        new.of[leaves] = 1 / by
        for row in self.rows.values():
            if n := row.of.pop(enters, _ZERO):
                row.free -= n * new.free
                _subtract(row.of, n, new.of)
        self.rows[enters] = new
        if n := self.goal.pop(enters, _ZERO):
            self.value += n * new.free
            _subtract(self.goal, n, new.of)
        else:
            self.goal.setdefault(leaves, _ZERO)


def _subtract(of: dict[int, Fraction], times: Fraction, other: Mapping[int, Fraction]) -> None:
    for v, n in other.items():
        if now := of.get(v, _ZERO) - times * n:
            of[v] = now
        else:
            of.pop(v, None)
