"""Editors write what mails say: look, try, publish, go back. Nothing but a publish changes what goes out."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.reminders.models import MailTemplate, MailTemplateRevision, Reminder
from courses.reminders.queries.previews import differences
from courses.reminders.rendering import Source
from tests.conftest import MakePerson
from tests.reminders.conftest import Queue
from tests.reminders.drill import BODY, SUBJECT, SUMMARY, Drill, publish_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(drill: Drill) -> MailTemplateRevision:
    """The live text of the drill."""
    return MailTemplateRevision.objects.get(template__kind="drill")


@pytest.fixture
def editor(make_person: MakePerson) -> User:
    return make_person("ed@example.com", role="editor", name="Ed Editor")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_ed(editor: User) -> Client:
    return signed_in(editor)


@pytest.fixture
def as_boss(make_person: MakePerson) -> Client:
    return signed_in(make_person("root@example.com", role="administrator", name="Rosa Root"))


def at(name: str, revision: MailTemplateRevision) -> str:
    return reverse(f"admin:reminders_mailtemplate_{name}", args=[revision.template_id, revision.pk])


def save(client: Client, template: MailTemplate, **texts: str) -> Any:
    fields = {"subject_source": SUBJECT, "summary_source": SUMMARY, "body_source": BODY, "note": "Shorter"}
    return client.post(
        reverse("admin:reminders_mailtemplate_change", args=[template.pk]), fields | texts, follow=True
    )


def words(answer: Any) -> str:
    page: str = answer.content.decode()
    return page


def test_form_lists_the_placeholders_with_what_they_say(as_ed: Client, live: MailTemplateRevision) -> None:
    page = words(as_ed.get(reverse("admin:reminders_mailtemplate_change", args=[live.template_id])))

    for name, sample in Drill().sample_context().items():
        assert f"<code>{{{name}}}</code>" in page
        assert sample in page


def test_save_makes_a_draft_and_publish_makes_it_go_out(as_ed: Client, live: MailTemplateRevision) -> None:
    template = live.template

    saved = save(as_ed, template, subject_source="{what} soon")

    assert "Draft 2 is saved. It goes out when you publish it." in words(saved)
    draft = template.revisions.get(number=2)
    assert (draft.subject_source, draft.note, draft.published_at) == ("{what} soon", "Shorter", None)
    now = MailTemplateRevision.objects.live(timezone.now())
    assert now.get().pk == live.pk
    tomorrow = timezone.localtime(timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    as_ed.post(at("publish", draft), {"live_from": tomorrow})
    assert now.get().pk == live.pk
    assert MailTemplateRevision.objects.live(timezone.now() + timedelta(days=2)).get().pk == draft.pk


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ({"subject_source": "{wath}"}, "{wath} is not known; known are {days}, {extra}, {name}"),
        ({"body_source": "Hello {{ name }}\n\n[Open]({url})"}, "is template code, which does not work here"),
        ({"body_source": "Hello {name}"}, "the button; here 0 do."),
        ({"subject_source": "x" * 61}, "it must stay under 60"),
    ],
)
def test_what_cannot_be_a_mail_is_said_beside_what_was_typed(
    texts: dict[str, str], problem: str, as_ed: Client, live: MailTemplateRevision
) -> None:
    page = words(save(as_ed, live.template, **texts))

    assert problem in page
    assert live.template.revisions.count() == 1


def test_preview_shows_subject_summary_text_and_html_and_writes_nothing(
    as_ed: Client, live: MailTemplateRevision, mailoutbox: list[EmailMessage]
) -> None:
    page = words(as_ed.get(at("preview", live)))
    framed = as_ed.get(at("html", live))

    assert "Drill: 7 days left" in page and "18 characters" in page
    assert "Drill is due, 7 days left." in page
    assert "Hello Sam,\n\n7 days left." in page
    assert "Show it with" not in page  # an editor sees no people
    assert "Hello Sam," in words(framed)
    assert "sandbox" in framed.headers["Content-Security-Policy"]
    assert "/stop/" not in words(framed)
    assert (MailTemplateRevision.objects.count(), Reminder.objects.count(), mailoutbox) == (1, 0, [])


def test_preview_with_a_real_reminder_needs_the_right_to_see_it(
    as_ed: Client, as_boss: Client, student: User, live: MailTemplateRevision, queue: Queue
) -> None:
    [planned, sent] = queue(student, 2)
    Reminder.objects.filter(pk=sent.pk).update(
        state="sent",
        sent_at=sent.not_before,
        message_id="<x@y>",
        template_revision=live,
        said=Drill().sample_context() | {"name": "Sent Person"},
    )
    before = list(Reminder.objects.order_by("pk").values())

    page = words(as_boss.get(at("preview", live)))
    as_planned = words(as_boss.get(at("preview", live), {"reminder": planned.pk}))
    as_sent = words(as_boss.get(at("preview", live), {"reminder": sent.pk}))

    assert f'<option value="{planned.pk}">{student}' in page
    assert "Drill drill-0: 7 days left" in as_planned
    assert "Hello Sent Person," in as_sent
    assert "Hello Sent Person," in words(as_boss.get(at("html", live), {"reminder": sent.pk}))
    for name in ("preview", "html"):
        assert as_ed.get(at(name, live), {"reminder": planned.pk}).status_code == 404
        for other in ("x", "999999", "9" * 30):
            assert as_boss.get(at(name, live), {"reminder": other}).status_code == 404
    assert list(Reminder.objects.order_by("pk").values()) == before


def test_preview_of_a_reminder_whose_fact_is_gone_shows_the_samples(
    as_boss: Client, student: User, live: MailTemplateRevision, queue: Queue, drill: Drill
) -> None:
    [planned] = queue(student)
    drill.read = lambda reminders, *, at: {}  # type: ignore[method-assign]

    page = words(as_boss.get(at("preview", live), {"reminder": planned.pk}))

    assert "What that reminder is about is gone" in page
    assert "Hello Sam," in page


@pytest.mark.parametrize("rows", [1, 3])
def test_preview_costs_the_same_for_one_reminder_and_for_three(
    rows: int,
    as_boss: Client,
    student: User,
    live: MailTemplateRevision,
    queue: Queue,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    queue(student, rows)
    as_boss.get(at("preview", live))
    with django_assert_num_queries(9):
        as_boss.get(at("preview", live))


def test_preview_shows_what_differs_from_what_is_live(as_ed: Client, live: MailTemplateRevision) -> None:
    save(as_ed, live.template, subject_source="{what} soon")

    page = words(as_ed.get(at("preview", live.template.revisions.get(number=2))))

    assert "<del>- {what}: {days} left</del>" in page
    assert "<ins>+ {what} soon</ins>" in page


def test_differences() -> None:
    [(part, lines)] = differences(Source("a", "b", "one\ntwo"), Source("a", "b", "one\nTwo"))

    assert part == "body"
    assert [(line.mark, line.line) for line in lines] == [("", "one"), ("-", "two"), ("+", "Two")]


def test_test_goes_to_oneself_once_a_minute_and_stops_nothing(
    as_ed: Client, editor: User, live: MailTemplateRevision, mailoutbox: list[EmailMessage]
) -> None:
    first = as_ed.post(at("test", live), follow=True)
    second = as_ed.post(at("test", live), follow=True)

    [message] = mailoutbox
    assert message.to == [editor.email]
    assert message.subject == "[Test] Drill: 7 days left"
    assert "/stop/" not in message.message().as_string()
    assert set(message.extra_headers) == {"Auto-Submitted"}
    assert "A test is on its way to ed@example.com." in words(first)
    assert "less than a minute ago" in words(second)
    assert Reminder.objects.count() == 0


def test_mail_server_that_is_away_is_said(as_ed: Client, live: MailTemplateRevision, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    assert "The mail server did not take it" in words(as_ed.post(at("test", live), follow=True))


def test_old_text_comes_back_as_a_draft(as_ed: Client, live: MailTemplateRevision, editor: User) -> None:
    publish_template("drill", subject="{what} anew")

    page = words(as_ed.post(at("restore", live), follow=True))

    draft = live.template.revisions.get(number=3)
    assert "Draft 3 says what number 1 said." in page
    assert (draft.subject_source, draft.note) == (SUBJECT, "Number 1 once more")
    assert (draft.created_by, draft.published_at, draft.pack_digest) == (editor, None, "")


def test_text_with_older_template_code_says_so_and_does_not_come_back(
    as_ed: Client, live: MailTemplateRevision
) -> None:
    MailTemplateRevision.objects.update(body_source="{% if name %}{{ name }}{% endif %}")

    listed = words(as_ed.get(reverse("admin:reminders_mailtemplate_changelist")))
    preview = words(as_ed.get(at("preview", live)))
    restored = words(as_ed.post(at("restore", live), follow=True))

    assert "number 1 uses template code: its mails wait until it is written anew" in listed
    assert "uses template code of an older version" in preview
    assert "is template code, which does not work here" in restored
    assert live.template.revisions.count() == 1


def test_kind_that_is_gone_can_be_listed_but_not_tried(as_ed: Client) -> None:
    template = MailTemplate.objects.create(kind="gone")
    revision = MailTemplateRevision.objects.create(
        template=template,
        number=1,
        subject_source="S",
        summary_source="s",
        body_source="b",
        created_at=timezone.now(),
        pack_digest="x",
    )

    assert "no longer sent" in words(as_ed.get(reverse("admin:reminders_mailtemplate_changelist")))
    assert as_ed.get(reverse("admin:reminders_mailtemplate_change", args=[template.pk])).status_code == 200
    assert [as_ed.get(at(name, revision)).status_code for name in ("preview", "html")] == [404, 404]
    assert [as_ed.post(at(name, revision)).status_code for name in ("test", "restore")] == [404, 404]


def test_get_changes_nothing_and_strangers_see_nothing(
    as_ed: Client, live: MailTemplateRevision, student: User, mailoutbox: list[EmailMessage]
) -> None:
    assert [as_ed.get(at(name, live)).status_code for name in ("test", "restore")] == [405, 405]
    for name in ("preview", "html"):
        assert signed_in(student).get(at(name, live)).status_code in (302, 403, 404)
    assert (mailoutbox, MailTemplateRevision.objects.count()) == ([], 1)
