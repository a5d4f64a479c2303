"""The demo's mailbox shows mails as they are and is nowhere but in a demo."""

import re

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client

ADDRESS = "http://localhost:8000/stop/abc/"


@pytest.fixture
def folder(settings, tmp_path):
    settings.DEMO, settings.MAIL_FOLDER = True, tmp_path / "mailbox"
    return settings.MAIL_FOLDER


def send(subject: str = "Two CEUs are short", html: str | None = None, to: str = "coder@example.org") -> str:
    """Send a mail as the demo does; the name under which the mailbox has it."""
    message = EmailMultiAlternatives(
        subject,
        f"Go to {ADDRESS}.",
        to=[to],
        headers={"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        connection=get_connection("portal.lib.mailfolder.EmailBackend"),
    )
    if html is not None:
        message.attach_alternative(html, "text/html")
    message.send()
    from django.conf import settings

    return max(path.stem for path in settings.MAIL_FOLDER.glob("*.eml"))


PAGES = ["", "{name}/", "{name}/raw/", "{name}/html/"]


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_mailbox_outside_a_demo_is_not_found(client: Client, settings, folder, page: str) -> None:
    name = send(html="<p>Hello</p>")
    assert client.get("/mailbox/" + page.format(name=name)).status_code == 200

    settings.DEMO = False

    assert client.get("/mailbox/" + page.format(name=name)).status_code == 404


@pytest.mark.django_db
def test_mailbox_without_mail_says_what_to_do(client: Client, folder) -> None:
    response = client.get("/mailbox/")

    assert response.status_code == 200
    assert response.context["mails"] == []


@pytest.mark.django_db
def test_mailbox_lists_the_newest_first(client: Client, folder) -> None:
    send("First", to="a@example.org")
    send("Sécond", to="b@example.org")

    mails = client.get("/mailbox/").context["mails"]

    assert [(mail.subject, mail.to) for mail in mails] == [
        ("Sécond", "b@example.org"),
        ("First", "a@example.org"),
    ]


@pytest.mark.django_db
def test_mail_shows_text_headers_and_raw(client: Client, folder) -> None:
    name = send()

    assert f"Go to {ADDRESS}." in client.get(f"/mailbox/{name}/").content.decode()
    assert "List-Unsubscribe=One-Click" in client.get(f"/mailbox/{name}/?as=headers").content.decode()
    assert "Subject: Two CEUs are short" in client.get(f"/mailbox/{name}/?as=raw").content.decode()


@pytest.mark.django_db
def test_mail_lists_its_links_once_and_no_script_address(client: Client, folder) -> None:
    name = send(html=f'<a href="{ADDRESS}">Stop <b>these</b></a><a href="javascript:alert(1)">Bad</a>')

    links = client.get(f"/mailbox/{name}/").context["links"]

    assert [(link.url, link.text) for link in links] == [(ADDRESS, "Stop these")]


@pytest.mark.django_db
def test_mail_never_runs_what_a_mail_says(client: Client, folder) -> None:
    name = send("<script>alert(1)</script>", html="<script>alert(2)</script>")

    for view in ("html", "text", "headers", "raw"):
        page = client.get(f"/mailbox/{name}/?as={view}").content.decode()
        assert "<script>alert" not in page
    assert (
        '<iframe class="mail-frame" sandbox src=' in client.get(f"/mailbox/{name}/?as=html").content.decode()
    )


@pytest.mark.django_db
def test_mail_html_has_a_policy_of_its_own(client: Client, folder) -> None:
    name = send(html="<p style='color:red'>Hello</p>")

    response = client.get(f"/mailbox/{name}/html/")

    policy = {part.strip() for part in response["Content-Security-Policy"].split(";")}
    assert policy == {
        "sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "frame-ancestors 'self'",
    }
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response.content == b"<p style='color:red'>Hello</p>"


@pytest.mark.django_db
def test_mail_html_of_a_text_mail_is_not_found(client: Client, folder) -> None:
    assert client.get(f"/mailbox/{send()}/html/").status_code == 404


@pytest.mark.django_db
def test_mail_raw_is_a_download(client: Client, folder) -> None:
    name = send(html="<p>Hello</p>")

    response = client.get(f"/mailbox/{name}/raw/")

    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="{name}.eml"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert re.search(rb"(?m)^To: coder@example\.org\r$", response.content)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "secret",
        "..",
        "..%2Fsecret",
        "%2e%2e%2fsecret",
        "0" * 20,
        "0" * 20 + "-0000000g",
        "٠" * 20 + "-00000000",
    ],
)
def test_mail_opens_no_other_file(client: Client, folder, name: str) -> None:
    folder.mkdir()
    (folder / "secret.eml").write_text("Subject: secret\n\nsecret")
    (folder.parent / "secret.eml").write_text("Subject: secret\n\nsecret")

    for page in PAGES[1:]:
        assert client.get("/mailbox/" + page.format(name=name)).status_code == 404
