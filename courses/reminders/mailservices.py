"""What mail services tell of our mails, as django-anymail reads it, in our own words.

Anymail is the extra "email": nothing of it is imported here.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from courses.reminders.actions import Told
from courses.reminders.bounces import has_status, is_address_at_fault
from courses.reminders.models import MailEvent
from portal.lib.logs import scrubbed


class Service(NamedTuple):
    """Where anymail reads a service's events, by which of its settings the sender proves who it is, and how
    the service itself says that a mail is back for good."""

    view: str
    proof: str
    is_hard: Callable[[Mapping[str, Any]], bool]


#: The service has no signature: it gives a name and password, "name:password", with each request.
BY_PASSWORD = "webhook_secret"
#: Services whose events tell a closed mailbox from a full one. The others are not offered.
SERVICES: Mapping[str, Service] = {
    "brevo": Service(
        "anymail.webhooks.brevo.BrevoTrackingWebhookView",
        BY_PASSWORD,
        lambda raw: raw.get("event") in ("hard_bounce", "invalid_email"),
    ),
    "mailersend": Service(
        "anymail.webhooks.mailersend.MailerSendTrackingWebhookView",
        "signing_secret",
        lambda raw: raw["data"]["type"] == "hard_bounced",
    ),
    "mailgun": Service(
        "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
        "webhook_signing_key",
        lambda raw: raw["event-data"].get("reason") in ("bounce", "suppress-bounce"),
    ),
    "mailjet": Service(
        "anymail.webhooks.mailjet.MailjetTrackingWebhookView",
        BY_PASSWORD,
        lambda raw: bool(raw.get("hard_bounce")) and raw.get("error_related_to") in ("recipient", "domain"),
    ),
    "mailtrap": Service(
        "anymail.webhooks.mailtrap.MailtrapTrackingWebhookView",
        "tracking_secret",
        lambda raw: raw["event"] == "bounce",
    ),
    "postmark": Service(
        "anymail.webhooks.postmark.PostmarkTrackingWebhookView",
        BY_PASSWORD,
        lambda raw: "HardBounce" in (raw.get("Type"), raw.get("SuppressionReason")),
    ),
    "sparkpost": Service(
        "anymail.webhooks.sparkpost.SparkPostTrackingWebhookView",
        BY_PASSWORD,
        lambda raw: str(_first_inner(raw).get("bounce_class")) in ("10", "30"),
    ),
}


def told_by(event: Any, *, service: str, at: datetime) -> Told | None:
    """One of anymail's events in our words; None for what says nothing of an address, as an opened mail."""
    what = _what(event, SERVICES[service])
    if what is None or not isinstance(event.recipient, str) or "@" not in event.recipient:
        return None
    email = event.recipient.strip().lower()
    moment = event.timestamp
    if moment is None or moment.tzinfo is None:
        moment = at if moment is None else moment.replace(tzinfo=UTC)
    message_id = str(event.message_id or "")
    words = event.mta_response or event.description or event.reject_reason or ""
    # not every service numbers its events: then what it says is its number
    key = str(event.event_id or f"{what} {message_id} {email} {event.timestamp}")
    return Told(
        event_id=f"{service}:{sha256(key.encode()).hexdigest()}",
        what=what,
        email=email,
        happened_at=moment,
        message_id=message_id,
        detail=str(scrubbed(" ".join(str(words).split())))[:200],
    )


def _what(event: Any, how: Service) -> str | None:
    """What happened, as far as it matters to us."""
    words = f"{event.mta_response or ''} {event.description or ''}"
    if event.event_type == "bounced":
        # both must say so: what the service calls hard may be a policy, a status alone may be temporary
        is_status = is_address_at_fault(words) or not has_status(words)
        is_hard = how.is_hard(event.esp_event) and is_status
        return MailEvent.What.BOUNCED if is_hard else MailEvent.What.REFUSED
    if event.event_type == "rejected":  # the service remembers why it does not even try
        return {
            "invalid": MailEvent.What.BOUNCED,
            "bounced": MailEvent.What.BOUNCED,
            "spam": MailEvent.What.COMPLAINED,
            "unsubscribed": MailEvent.What.UNSUBSCRIBED,
        }.get(event.reject_reason or "", MailEvent.What.REFUSED)
    return {
        "complained": MailEvent.What.COMPLAINED,
        "unsubscribed": MailEvent.What.UNSUBSCRIBED,
        "deferred": MailEvent.What.DEFERRED,
        "failed": MailEvent.What.REFUSED,
        "delivered": MailEvent.What.DELIVERED,
    }.get(event.event_type)


def _first_inner(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """SparkPost wraps each event twice: {"msys": {"message_event": {…}}}."""
    inner: Mapping[str, Any] = next(iter(raw["msys"].values()))
    return inner
