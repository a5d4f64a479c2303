"""Triggers with which the database itself keeps the ledger: rows are added, never changed.

A later migration that remakes one of these tables on SQLite (almost every AlterField, AddField with a
default, RemoveField and constraint does) drops the table's triggers with it, and cannot rename a table that a
trigger of another one reads. Such a migration begins and ends with these two operations:

    guards = import_module("courses.credentials.migrations.0005_rows_are_guarded")
    operations = [migrations.RunPython(guards.unguard, guards.guard), ..., migrations.RunPython(guards.guard)]

The check ``credentials.W001`` (``manage.py check --database default``), ``verify_ledger`` and a test name a
trigger that is missing. PostgreSQL keeps its triggers whatever a migration does.
"""

import django.db.models.deletion
from django.db import migrations, models

TABLE = "credentials_%s"
KEPT = "This row belongs to the ledger of continuing education, which is only added to"
WORDS = ("credit_id", "title", "provider", "index_number", "reason", "proof", "salt")

#: Name, what happens, on which table, when (a condition over OLD and NEW, or nothing), what is said.
GUARDS = [
    *(
        (f"{table}_not_{what.lower()}d", what, table, "", f"{KEPT}: it cannot be {what.lower()}d.")
        for table in ("credit", "ledgerlink", "evidence", "ledgeranchor")
        for what in ("UPDATE", "DELETE")
    ),
    (
        "creditdetail_words_kept",
        f"UPDATE OF {', '.join(WORDS)}",
        "creditdetail",
        "",
        "The words of a credit cannot be changed: take the credit back and enter it again.",
    ),
    (
        "creditdetail_only_forgets",
        "UPDATE OF course_completion_id, recorded_by_id",
        "creditdetail",
        "NEW.course_completion_id <> COALESCE(OLD.course_completion_id, 0)"
        " OR NEW.recorded_by_id <> COALESCE(OLD.recorded_by_id, 0)",
        "Who recorded a credit, and for which course, can be forgotten but not changed.",
    ),
    (
        "creditdetail_not_deleted",
        "DELETE",
        "creditdetail",
        "EXISTS (SELECT 1 FROM credentials_credit c JOIN credentials_ledger l ON l.id = c.ledger_id"
        " WHERE c.id = OLD.credit_id AND l.user_id IS NOT NULL)",
        "The words of a credit go only when their person is erased.",
    ),
    (
        "ledger_not_deleted",
        "DELETE",
        "ledger",
        "",
        "A ledger is never deleted: erasing its person leaves it without a name.",
    ),
    (
        "ledger_stays_whose_it_is",
        "UPDATE",
        "ledger",
        "NEW.id <> OLD.id OR NEW.key <> OLD.key OR NEW.opened_at <> OLD.opened_at OR NEW.length < OLD.length"
        " OR (NEW.user_id IS NOT NULL AND (OLD.user_id IS NULL OR NEW.user_id <> OLD.user_id))"
        " OR (OLD.erased_at IS NOT NULL AND (NEW.erased_at IS NULL OR NEW.erased_at <> OLD.erased_at))",
        "A ledger keeps its key and its length, and moves to no other person.",
    ),
]
#: Tables that PostgreSQL could empty without asking the triggers of their rows.
EMPTIED = ("credit", "creditdetail", "evidence", "ledger", "ledgerlink", "ledgeranchor")

#: PostgreSQL reads EXISTS only inside a function, so every condition is asked there.
FUNCTION = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {when} THEN
        RAISE EXCEPTION '{words}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN {row};
END $$
"""


def guard(apps, schema_editor):
    """Put the triggers there, whether they were or not."""
    unguard(apps, schema_editor)
    run = schema_editor.execute
    for short, what, table, when, words in GUARDS:
        name, table = TABLE % short, TABLE % table
        if schema_editor.connection.vendor == "sqlite":
            run(
                f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH ROW WHEN {when or '1'}"
                f" BEGIN SELECT RAISE(ABORT, '{words}'); END",
                params=None,
            )
        else:
            row = "OLD" if what == "DELETE" else "NEW"
            run(FUNCTION.format(name=name, when=when or "TRUE", words=words, row=row), params=None)
            run(
                f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
                params=None,
            )
    if schema_editor.connection.vendor == "postgresql":
        name = TABLE % "not_emptied"
        run(FUNCTION.format(name=name, when="TRUE", words=f"{KEPT}.", row="NULL"), params=None)
        for table in EMPTIED:
            run(
                f"CREATE TRIGGER {TABLE % table}_not_emptied BEFORE TRUNCATE ON {TABLE % table}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
                params=None,
            )


def unguard(apps, schema_editor):
    """Take them away, for as long as a migration remakes a table."""
    run = schema_editor.execute
    for short, _what, table, _when, _words in GUARDS:
        name = TABLE % short
        if schema_editor.connection.vendor == "sqlite":
            run(f"DROP TRIGGER IF EXISTS {name}", params=None)
        else:
            run(f"DROP TRIGGER IF EXISTS {name} ON {TABLE % table}", params=None)
            run(f"DROP FUNCTION IF EXISTS {name}()", params=None)
    if schema_editor.connection.vendor == "postgresql":
        for table in EMPTIED:
            run(f"DROP TRIGGER IF EXISTS {TABLE % table}_not_emptied ON {TABLE % table}", params=None)
        run(f"DROP FUNCTION IF EXISTS {TABLE % 'not_emptied'}()", params=None)


def names(vendor):
    """The triggers that a database of this kind has after ``guard``."""
    found = {TABLE % short for short, *_rest in GUARDS}
    if vendor == "postgresql":
        found |= {f"{TABLE % table}_not_emptied" for table in EMPTIED}
    return found


class Migration(migrations.Migration):
    dependencies = [("credentials", "0004_credits_in_ledgers")]

    operations = [
        # only Django asks this: no column changes
        migrations.AlterField(
            model_name="creditdetail",
            name="course_completion",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="credits",
                to="progress.coursecompletion",
            ),
        ),
        migrations.RunPython(guard, unguard),
    ]
