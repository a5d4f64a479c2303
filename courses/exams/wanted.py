"""What a section of an exam asks for: so many questions of these domains and kinds. No query."""

from dataclasses import dataclass

from courses.exams import kinds
from courses.exams.models import BlueprintSection
from courses.exams.weights import counts_from_weights, rest_of


@dataclass(frozen=True)
class Place:
    """Where questions are wanted: so many, of these domains and kinds. ``title`` names it when thin."""

    domains: tuple[int, ...]
    count: int
    kinds: tuple[str, ...]
    title: str


def places(section: BlueprintSection) -> list[Place]:
    """What a section of a blueprint asks for; ``section.domains`` should be read beforehand.

    Counts stand as they are; shares of the section become counts; domains of which nothing is known fill
    together what is left of the section's count (beside shares, what those leave to 100 %).
    """
    allowed = tuple(section.kinds) or tuple(key for key in kinds.registered() if key != "case_set")
    rows = list(section.domains.all())
    counted = [(row, row.count) for row in rows if row.count]
    left = (section.count or 0) - sum(count for _row, count in counted)
    shared = [(row, row.percent_low) for row in rows if row.percent_low is not None]
    open_rows = [row for row in rows if not row.count and row.percent_low is None]
    if shared and section.count:
        ranges = [(row.pk, low, row.percent_high) for row, low in shared]
        share = counts_from_weights(section.count, [*ranges, *rest_of(ranges, is_open=bool(open_rows))])
        counted += [(row, share[row.pk]) for row, _low in shared]
        left -= sum(share[row.pk] for row, _low in shared)
    found = [Place((row.domain_id,), count, allowed, row.domain.title) for row, count in counted if count]
    if open_rows and left > 0:
        together = ", ".join(row.domain.title for row in open_rows)
        found.append(Place(tuple(row.domain_id for row in open_rows), left, allowed, together))
    return found
