"""How ready a person is for an exam: an honest estimate from first exposures in exam mode, pure arithmetic.

The model. In each domain a person would earn a share of the points; each domain's share is drawn around the
person's own centre (a beta distribution whose strength says how near), and points follow from it (binomial;
parts of a point count as such, which only widens). So a domain with few answers leans on the others, and one
with none stands on them alone, with all their uncertainty. Source: the hierarchical beta-binomial of Gelman
et al., Bayesian Data Analysis, 3rd edition, section 5.3, summed over a grid.

The prior. The centre may be anything from 0 to 100 %, equally likely: nothing is claimed of a person before
they answer. The strength may be 4, 8, 16, 32 or 64 questions, equally likely: at a centre of 70 % a person's
domains then lie within 20 to 6 points of it (one standard deviation), the range between "knows some chapters
only" and "the same everywhere". A flat prior in every domain instead would pull whoever is good everywhere
towards 50 %, the more the more domains an exam has.

Percentages run from 0 to 100, shares from 0 to 1.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, exp, lgamma, sqrt
from statistics import NormalDist

from courses.exams.weights import Interval

#: Below so many first exposures in all nothing is estimated.
ENOUGH = 30
CENTRES = [(2 * step + 1) / 80 for step in range(40)]
STRENGTHS = (4, 8, 16, 32, 64)

_NORMAL = NormalDist()
#: Half the width of an 80 % interval in standard deviations.
_Z_80 = _NORMAL.inv_cdf(0.9)


@dataclass(frozen=True, slots=True)
class Exposures:
    """Points earned at first sight in exam mode, among ``n`` questions of one point each."""

    points: float
    n: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a domain, and what it can move.

    ``weight`` is its share of the exam; ``percent`` the estimate with its 80 % interval. ``gain`` is what the
    exam's percentage would win if all of the domain were right, ``doubt`` the standard deviation that the
    domain brings to it: weight times the uncertainty of its share. Both in percentage points of the exam.
    """

    domain: str
    weight: float
    points: float
    n: int
    percent: float
    interval: Interval
    gain: float
    doubt: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The percentage on one exam, its 80 % interval, and the probability (0 to 1) to reach the pass line."""

    percent: float
    interval: Interval
    chance: float


@dataclass(frozen=True, slots=True)
class Readiness:
    """Where a person stands before an exam; ``estimate`` is ``None`` below 30 questions of its domains."""

    n: int
    estimate: Estimate | None
    domains: tuple[Outlook, ...]

    @property
    def missing(self) -> int:
        """How many first exposures are wanting until something can be said."""
        return max(0, ENOUGH - self.n)

    @property
    def by_gain(self) -> tuple[Outlook, ...]:
        """The domains where learning would move most, first."""
        return tuple(sorted(self.domains, key=lambda one: -one.gain))

    @property
    def by_doubt(self) -> tuple[Outlook, ...]:
        """The domains where questions would make the estimate surer, first."""
        return tuple(sorted(self.domains, key=lambda one: -one.doubt))


def readiness(
    weights: Mapping[str, float | Decimal],
    exposures: Mapping[str, Exposures],
    *,
    pass_percent: float | Decimal,
    questions: int,
) -> Readiness:
    """The readiness for an exam of so many counted ``questions``, spread over domains by ``weights``.

    Weights are counts or percentages: only their proportions matter; a domain of weight 0 is left out, and so
    are exposures in other domains. The interval and the chance are of one sitting: they hold both what is not
    known of the person and the luck of which questions are asked. Raises ``ValueError`` for weights without a
    sum or points beyond the questions.
    """
    whole = float(sum(weights.values()))
    if not whole > 0 or min(weights.values()) < 0 or questions < 1:
        raise ValueError("An exam has questions, and weights of its domains that are not negative.")
    seen = {domain: exposures.get(domain, Exposures(0.0, 0)) for domain, weight in weights.items() if weight}
    if not all(0 <= one.points <= one.n for one in seen.values()):
        raise ValueError("Points lie between 0 and the number of questions.")
    shares = [float(weights[domain]) / whole for domain in seen]
    cells = list(_cells(list(seen.values())))
    n = sum(one.n for one in seen.values())
    return Readiness(
        n=n,
        estimate=_estimate(cells, shares, Fraction(pass_percent), questions) if n >= ENOUGH else None,
        domains=tuple(
            _outlook(domain, share, seen[domain], [(one.weight, one.betas[index]) for one in cells])
            for index, (domain, share) in enumerate(zip(seen, shares, strict=True))
        ),
    )


@dataclass(frozen=True, slots=True)
class _Beta:
    """What a domain's share may be: a beta distribution by its mean and strength (in questions)."""

    mean: float
    strength: float

    @property
    def variance(self) -> float:
        return self.mean * (1 - self.mean) / (self.strength + 1)

    def variance_on(self, questions: float) -> float:
        """The variance of the share earned on so many questions (beta-binomial)."""
        return self.variance * (1 + self.strength / questions)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One centre and strength with its posterior probability, and what they make of each domain."""

    weight: float
    betas: tuple[_Beta, ...]


def _cells(seen: Sequence[Exposures]) -> Iterator[_Cell]:
    """The posterior over the grid of centres and strengths; each cell's domains are conjugate."""
    grid = [(strength * centre, strength * (1 - centre)) for strength in STRENGTHS for centre in CENTRES]
    likelihoods = [
        sum(
            _log_beta(right + one.points, wrong + one.n - one.points) - _log_beta(right, wrong)
            for one in seen
        )
        for right, wrong in grid
    ]
    greatest = max(likelihoods)
    scaled = [exp(one - greatest) for one in likelihoods]
    whole = sum(scaled)
    for (right, wrong), weight in zip(grid, scaled, strict=True):
        betas = (_Beta((right + one.points) / (right + wrong + one.n), right + wrong + one.n) for one in seen)
        yield _Cell(weight / whole, tuple(betas))


def _log_beta(right: float, wrong: float) -> float:
    return lgamma(right) + lgamma(wrong) - lgamma(right + wrong)


def _estimate(cells: Sequence[_Cell], shares: Sequence[float], line: Fraction, questions: int) -> Estimate:
    """Domains are independent within a cell: their variances add up there, and the cells are mixed."""
    mean, deviation = _mixture(
        (
            cell.weight,
            sum(share * beta.mean for share, beta in zip(shares, cell.betas, strict=True)),
            sum(
                share**2 * beta.variance_on(share * questions)
                for share, beta in zip(shares, cell.betas, strict=True)
            ),
        )
        for cell in cells
    )
    # whole questions: passed from the first count on that reaches the line, half a question below it
    least = (ceil(line * questions / 100) - 0.5) / questions
    return Estimate(100 * mean, _interval(mean, deviation), _NORMAL.cdf((mean - least) / deviation))


def _outlook(
    domain: str, share: float, exposures: Exposures, betas: Sequence[tuple[float, _Beta]]
) -> Outlook:
    mean, deviation = _mixture((weight, beta.mean, beta.variance) for weight, beta in betas)
    return Outlook(
        domain=domain,
        weight=share,
        points=exposures.points,
        n=exposures.n,
        percent=100 * mean,
        interval=_interval(mean, deviation),
        gain=100 * share * (1 - mean),
        doubt=100 * share * deviation,
    )


def _mixture(parts: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    """Mean and standard deviation of a mixture of (weight, mean, variance)."""
    rows = list(parts)
    mean = sum(weight * one for weight, one, _variance in rows)
    variance = sum(weight * (variance + (one - mean) ** 2) for weight, one, variance in rows)
    return mean, sqrt(variance)


def _interval(mean: float, deviation: float) -> Interval:
    """The 80 % interval of a share, in per cent; normal, cut at 0 and 100."""
    return Interval(max(0.0, 100 * (mean - _Z_80 * deviation)), min(100.0, 100 * (mean + _Z_80 * deviation)))
