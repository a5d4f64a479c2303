"""Texts of mails say {name} where they said {{ name }}.

A text that uses template code (a condition, a filter) cannot be turned by a rule: it stays as it was written,
and its reminders wait until an editor has written it anew.
"""

import re
from typing import Any

from django.db import migrations

TEXTS = ("subject_source", "summary_source", "body_source")
_NAME = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}|(\{)")


def turn_texts(apps: Any, editor: Any) -> None:
    revisions = apps.get_model("reminders", "MailTemplateRevision").objects
    for revision in revisions.using(editor.connection.alias).order_by("pk").iterator(chunk_size=500):
        texts = {name: turned(getattr(revision, name)) for name in TEXTS}
        if None not in texts.values():
            revisions.filter(pk=revision.pk).update(**texts)


def turned(text: str) -> str | None:
    """``text`` in the new language; None where it uses template code."""
    bare = re.sub(r"\{\{\s*[a-z][a-z0-9_]*\s*\}\}", "", text)
    if re.search(r"\{\{|\{%|\{#", bare):
        return None
    return _NAME.sub(lambda m: f"{{{m[1]}}}" if m[1] else "{{", text)


class Migration(migrations.Migration):
    dependencies = [("reminders", "0005_tried_rows")]

    operations = [migrations.RunPython(turn_texts, migrations.RunPython.noop, elidable=True)]
