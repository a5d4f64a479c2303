"""Changing the ledger behind the portal's back, as somebody does who owns the database."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from courses.credentials.models import Credit, CreditDetail, Evidence, Ledger, LedgerAnchor, LedgerLink
from tests.guards import take_guards_away

COVERED: tuple[type[models.Model], ...] = (Credit, CreditDetail, Evidence, Ledger, LedgerLink, LedgerAnchor)
#: The keys of these rows say nothing: a link is known by its number, an anchor by its day.
SAYS_NOTHING = {"ledgerlink.id", "ledgeranchor.id"}
#: What a ledger says of itself without the chain: the triggers alone keep it.
NOT_CHAINED = {"ledger.opened_at"}


def columns() -> list[tuple[type[models.Model], str]]:
    """Every column of every covered table that says something."""
    return [
        (model, field.column)
        for model in COVERED
        for field in model._meta.concrete_fields
        if f"{model._meta.model_name}.{field.column}" not in SAYS_NOTHING | NOT_CHAINED
    ]


@contextmanager
def lawless() -> Iterator[None]:
    """Without triggers and checks of columns, and undone at the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        take_guards_away()
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            drop_checks(cursor)
        try:
            yield
        finally:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA ignore_check_constraints = OFF")
            transaction.set_rollback(True)


def drop_checks(cursor: Any) -> None:
    cursor.execute(
        "SELECT conrelid::regclass, conname FROM pg_constraint"
        " WHERE contype = 'c' AND conrelid::regclass::text LIKE 'credentials_%'"
    )
    for table, name in cursor.fetchall():
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def alter(model: type[models.Model], column: str, pk: Any, dice: random.Random) -> bool:
    """Change one value by the least there is; whether the database gives back another one now."""
    field = next(one for one in model._meta.concrete_fields if one.column == column)
    rows, key = model._default_manager, model._meta.pk.column
    before = rows.filter(pk=pk).values_list(field.attname, flat=True).get()
    value = other_value(field, before, dice)
    prepared = field.get_db_prep_save(value, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE {model._meta.db_table} SET "{column}" = %s WHERE "{key}" = %s', [prepared, pk]
        )
    if column == key:
        pk = value
    return bool(rows.filter(pk=pk).values_list(field.attname, flat=True).get() != before)


def other_value(field: Any, value: Any, dice: random.Random) -> Any:
    """A value of the same type that differs in one bit or by the smallest step."""
    if field.is_relation:
        return another_row(field, value)
    match value:
        case None:
            return {"DateTimeField": datetime(2026, 1, 1).astimezone()}.get(field.get_internal_type(), 1)
        case bool():
            return not value
        case int():
            return value + 1_000
        case Decimal():
            return value + Decimal("0.01")
        case UUID():
            return UUID(int=value.int ^ (1 << dice.randrange(128)))
        case datetime():
            return value + timedelta(microseconds=1)
        case date():
            return value + timedelta(days=400 if field.unique else 1)
        case str():
            return other_text(value, dice)
        case dict():
            return value | {"more": 1}
        case list():
            return [*value, "more"]
    raise AssertionError(f"what is {value!r}?")


def other_text(text: str, dice: random.Random) -> str:
    if not text:
        return "x"
    place = dice.randrange(len(text))
    letter = chr(ord(text[place]) ^ (1 << dice.randrange(5)))
    if letter < " ":  # PostgreSQL has no NUL; any other letter is as good
        letter = "~"
    return text[:place] + letter + text[place + 1 :]


def another_row(field: Any, value: Any) -> Any:
    """The key of another row that the column may point to, or nothing."""
    others = field.related_model._default_manager.order_by("pk").values_list("pk", flat=True)
    if field.primary_key:  # every credit has its words: theirs become those of none
        return value + 1_000
    if field.unique:  # the row that is not taken yet
        taken = field.model._default_manager.exclude(**{field.name: None}).values_list(field.attname)
        others = others.exclude(pk__in=taken)
    return others.exclude(pk=value).last()
