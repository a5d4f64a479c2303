"""The day's root over all ledgers, written to the table and to the log.

A chain shows that a row was changed as long as nobody makes the chain anew. The root of each day covers every
link that was there, and the root before it: whoever rewrites a chain has to rewrite every later anchor too,
and a copy of the log that lies elsewhere still says what the roots were.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import islice

import structlog
from django.db import IntegrityError, connection, transaction

from courses.credentials import sealing
from courses.credentials.models import Ledger, LedgerAnchor, LedgerLink

logger = structlog.get_logger(__name__)

_BATCH = 2_000


def anchor_ledgers(*, at: datetime) -> LedgerAnchor | None:
    """Anchor what is linked, once a day (UTC); ``None`` when that is done already."""
    on = at.astimezone(UTC).date()
    before = LedgerAnchor.objects.first()
    if before and before.on >= on:
        return None
    links, ledgers = _counted()
    done = before.links if before else 0
    tree = sealing.merkle_root(islice(_hashes(), done, links))
    anchor = LedgerAnchor(on=on, ledgers=ledgers, links=links, made_at=at)
    anchor.root = _root(anchor, previous=before.root if before else "", tree=tree)
    try:
        with transaction.atomic():
            anchor.save(force_insert=True)
    except IntegrityError:  # anchored beside us
        return None
    logger.info("ledgers_anchored", on=on.isoformat(), root=anchor.root, ledgers=ledgers, links=links)
    return anchor


def _counted() -> tuple[int, int]:
    """How many links and ledgers there are; every later link has a greater id than these."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:  # waits for links whose ids are given out already
                cursor.execute(f"LOCK TABLE {LedgerLink._meta.db_table} IN SHARE MODE")
        return LedgerLink.objects.count(), Ledger.objects.count()


def _hashes() -> Iterator[str]:
    """The hashes of all links in the order of their ids."""
    return LedgerLink.objects.order_by("pk").values_list("hash", flat=True).iterator(_BATCH)


def _root(anchor: LedgerAnchor, *, previous: str, tree: str) -> str:
    return sealing.anchor_root(
        on=anchor.on,
        previous=previous,
        ledgers=anchor.ledgers,
        links=anchor.links,
        tree=tree,
        at=anchor.made_at,
    )


def anchors_that_differ() -> Iterator[date]:
    """The days whose links, or whose columns, are not those that were anchored."""
    hashes, done, previous = _hashes(), 0, {""}
    for anchor in LedgerAnchor.objects.order_by("on").iterator(_BATCH):
        tree = sealing.merkle_root(islice(hashes, max(0, anchor.links - done)))
        made = {_root(anchor, previous=one, tree=tree) for one in previous}
        if anchor.root not in made or anchor.links < done:
            yield anchor.on
        # when only this root was changed, the next day still stands on what it was
        done, previous = max(done, anchor.links), made | {anchor.root}


def roots_that_differ(noted: Mapping[date, str]) -> Iterator[date]:
    """The days on which the root is not the one that was ``noted`` outside of the database."""
    kept = dict(LedgerAnchor.objects.filter(on__in=noted).values_list("on", "root"))
    yield from sorted(on for on, root in noted.items() if kept.get(on) != root)
