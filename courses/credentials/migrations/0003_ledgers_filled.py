"""Give every person a ledger, and put the credits that there are into it as links of its chain."""

import secrets
from datetime import UTC
from itertools import groupby

from django.db import migrations

from courses.credentials import sealing

BATCH = 500


def fill(apps, schema_editor):
    """In the order in which they were recorded, as the ledger would have written them."""
    Credit = apps.get_model("credentials", "Credit")
    rows = Credit.objects.order_by("user_id", "recorded_at", "pk").iterator(BATCH)
    for _user, credits in groupby(rows, key=lambda row: row.user_id):
        chain(apps, list(credits))


def chain(apps, credits):
    Ledger = apps.get_model("credentials", "Ledger")
    Detail = apps.get_model("credentials", "CreditDetail")
    Link = apps.get_model("credentials", "LedgerLink")
    ledger = Ledger.objects.create(user_id=credits[0].user_id, opened_at=credits[0].recorded_at)
    for number, credit in enumerate(credits, start=1):
        words = {
            "title": credit.title,
            "provider": credit.provider,
            "index_number": credit.index_number,
            "reason": credit.reason,
            "proof": {},
        }
        covered = words | {"person": credit.user_id, "by": recorder(credit)}
        salt = secrets.token_hex(16)
        credit.ledger = ledger
        credit.activity = "course" if credit.source == "our_course" else "other"
        credit.words_digest = sealing.words_digest(salt, covered)
        credit.activity_key = sealing.activity_key(str(ledger.key), credit.activity_key)
        credit.save(update_fields=["ledger", "activity", "activity_key", "words_digest"])
        Detail.objects.create(
            credit=credit,
            salt=salt,
            course_completion_id=credit.course_completion_id,
            recorded_by_id=credit.recorded_by_id,
            **words,
        )
        link = Link(
            ledger=ledger,
            number=number,
            what="credit",
            row=credit.pk,
            digest=sealing.digest(facts(credit)),
            previous=ledger.head,
            linked_at=credit.recorded_at,
        )
        link.hash = sealing.link_hash(
            ledger=str(ledger.key),
            number=number,
            what="credit",
            row=credit.pk,
            digest_of_row=link.digest,
            previous=link.previous,
            at=credit.recorded_at.astimezone(UTC),
        )
        link.save()
        ledger.length, ledger.head = number, link.hash
    ledger.save(update_fields=["length", "head"])


def recorder(credit):
    """Who recorded it, seen from its person."""
    if credit.recorded_by_id is None:
        return "portal"
    return "person" if credit.recorded_by_id == credit.user_id else "other"


def facts(credit):
    """What the chain covers, as it was on the day of this migration."""
    return {
        "kind": credit.kind,
        "activity_key": credit.activity_key,
        "activity": credit.activity,
        "topics": credit.topics,
        "completed_on": credit.completed_on.isoformat(),
        "minutes": credit.minutes,
        "ceus": f"{credit.ceus:.2f}",
        "is_stated": credit.is_stated,
        "source": credit.source,
        "reverses": credit.reverses_id,
        "words": credit.words_digest,
        "recorded_at": sealing.moment(credit.recorded_at),
    }


class Migration(migrations.Migration):
    dependencies = [("credentials", "0002_ledgers")]

    # back only where nothing was recorded: a row without its person stops the migration after this one
    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
