"""The demo's timeline: every kind that there is happens in it, into the mailbox, once."""

from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from courses.content.load import load_pack
from courses.content.management.commands.load_content import PACKS
from courses.content.parse import read_pack
from courses.reminders import kinds
from courses.reminders.models import Reminder
from tests.reminders.conftest import Queue
from tests.reminders.test_command import everything

FIRST = date(2026, 11, 23)


@pytest.fixture
def demo(db: None, settings: Settings, tmp_path: Path) -> Path:
    """A demo with the content of the starter pack and a mailbox of its own."""
    settings.DEMO = True
    settings.VAR = tmp_path
    settings.MAIL_FOLDER = tmp_path / "mailbox"
    settings.EMAIL_BACKEND = "portal.lib.mailfolder.EmailBackend"
    load_pack(pack=read_pack(PACKS / "starter"), at=datetime(2026, 11, 1, tzinfo=UTC))
    return tmp_path


def played(*arguments: str) -> str:
    out = StringIO()
    call_command("demo_timeline", *arguments, stdout=out)
    return out.getvalue()


def test_timeline_shows_every_kind_at_its_moment_and_disturbs_nobody(
    demo: Path, student: User, queue: Queue
) -> None:
    [theirs] = queue(student, not_before=datetime(2026, 11, 28, tzinfo=UTC))

    first = played("--from", FIRST.isoformat(), "--days", "3")
    assert "Not seen: " in first and "ce_grace_begins" in first
    said = played("--days", "20")

    assert "Every kind was seen." in said, said
    assert all(f"\n{kind.key} " in said for kind in kinds.registered())
    assert list(Reminder.objects.filter(user=student)) == [theirs]
    assert Reminder.objects.get(pk=theirs.pk).state == "planned"
    sent = Reminder.objects.filter(state="sent", channel="email")
    names = sorted(path.name for path in (demo / "mailbox").glob("*.eml"))
    assert len(names) == len(set(sent.values_list("message_id", flat=True)))
    moments = {datetime.fromtimestamp(int(name[:20]) // 1_000_000_000, tz=UTC) for name in names}
    assert moments == set(sent.values_list("sent_at", flat=True))
    assert min(moments).date() == FIRST and max(moments).date() <= date(2026, 12, 12)

    # through is through: nothing is added, and the table is told again
    before = everything()
    again = played("--days", "20").splitlines()
    assert again == said.splitlines()[-len(again) :] and again[0] == "20 days from 2026-11-23"
    assert everything() == before
    with pytest.raises(CommandError, match="plays from 2026-11-23 on"):
        played("--from", "2027-01-01")
    # whoever takes the note of it away cannot make it happen twice
    (demo / "timeline.json").unlink()
    with pytest.raises(CommandError, match="how far the timeline was played"):
        played()


def test_timeline_outside_the_demo_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="DEMO=1 only"):
        played()
    assert not User.objects.exists()


def test_timeline_without_content_says_what_to_do(settings: Settings, db: None) -> None:
    settings.DEMO = True
    with pytest.raises(CommandError, match="no content yet"):
        played()
