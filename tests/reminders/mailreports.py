"""What mail services post and mail servers send back, written by us in the shape that they describe."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

SECRET = "robot:sesame-opens-itself"

#: service -> event -> what it posts, for the address in {email}. "hard" is an address that does not exist,
#: "full" a mailbox that is full, "policy" a hard refusal for another reason than the address.
EVENTS: Mapping[str, Mapping[str, Any]] = {
    "mailgun": {
        "hard": {
            "event": "failed",
            "severity": "permanent",
            "reason": "bounce",
            "delivery-status": {
                "code": 550,
                "message": "5.1.1 There is no such account",
            },
        },
        "full": {
            "event": "failed",
            "severity": "temporary",
            "reason": "generic",
            "delivery-status": {"code": 452, "message": "4.2.2 The mailbox is full"},
        },
        "policy": {
            "event": "failed",
            "severity": "permanent",
            "reason": "bounce",
            "delivery-status": {"code": 550, "message": "5.7.1 Message refused by policy"},
        },
        "complaint": {"event": "complained"},
        "unsubscribe": {"event": "unsubscribed"},
        "delivered": {"event": "delivered", "delivery-status": {"code": 250, "message": "OK"}},
        "opened": {"event": "opened"},
    },
    "postmark": {
        "hard": {
            "RecordType": "Bounce",
            "ID": 4323372036854775807,
            "Type": "HardBounce",
            "TypeCode": 1,
            "Details": "smtp;550 5.1.1 no such user",
            "Email": "{email}",
            "BouncedAt": "{when}",
        },
        "full": {
            "RecordType": "Bounce",
            "ID": 2,
            "Type": "SoftBounce",
            "TypeCode": 4096,
            "Details": "smtp;552 5.2.2 mailbox full",
            "Email": "{email}",
            "BouncedAt": "{when}",
        },
        "policy": {
            "RecordType": "Bounce",
            "ID": 3,
            "Type": "HardBounce",
            "TypeCode": 1,
            "Details": "smtp;550 5.7.1 blocked",
            "Email": "{email}",
            "BouncedAt": "{when}",
        },
        "complaint": {
            "RecordType": "SpamComplaint",
            "ID": 42,
            "Type": "SpamComplaint",
            "TypeCode": 512,
            "Email": "{email}",
            "BouncedAt": "{when}",
        },
        "unsubscribe": {
            "RecordType": "SubscriptionChange",
            "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
            "Recipient": "{email}",
            "SuppressSending": True,
            "SuppressionReason": "ManualSuppression",
            "ChangedAt": "{when}",
        },
        "delivered": {
            "RecordType": "Delivery",
            "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
            "Recipient": "{email}",
            "DeliveredAt": "{when}",
            "Details": "Test delivery webhook details",
        },
        "opened": {"RecordType": "Open", "Recipient": "{email}", "ReceivedAt": "{when}"},
    },
    "brevo": {
        "hard": {
            "event": "hard_bounce",
            "email": "{email}",
            "ts_epoch": "{ms}",
            "reason": "550 5.1.1 unknown",
        },
        "full": {"event": "soft_bounce", "email": "{email}", "ts_epoch": "{ms}", "reason": "552 5.2.2 full"},
        "policy": {"event": "hard_bounce", "email": "{email}", "ts_epoch": "{ms}", "reason": "550 5.7.1 no"},
        "complaint": {"event": "spam", "email": "{email}", "ts_epoch": "{ms}"},
        "unsubscribe": {"event": "unsubscribe", "email": "{email}", "ts_epoch": "{ms}"},
        "delivered": {"event": "delivered", "email": "{email}", "ts_epoch": "{ms}"},
        "opened": {"event": "unique_opened", "email": "{email}", "ts_epoch": "{ms}"},
    },
    "mailjet": {
        "hard": [
            {
                "event": "bounce",
                "time": "{s}",
                "MessageID": 19421777835146490,
                "email": "{email}",
                "hard_bounce": True,
                "error_related_to": "recipient",
                "error": "user unknown",
            }
        ],
        "full": [
            {
                "event": "bounce",
                "time": "{s}",
                "email": "{email}",
                "hard_bounce": False,
                "error_related_to": "recipient",
                "error": "quota exceeded",
            }
        ],
        "policy": [
            {
                "event": "bounce",
                "time": "{s}",
                "email": "{email}",
                "hard_bounce": True,
                "error_related_to": "spam",
                "error": "policy issue",
            }
        ],
        "complaint": {"event": "spam", "time": "{s}", "email": "{email}", "source": "JMRPP"},
        "unsubscribe": [{"event": "unsub", "time": "{s}", "email": "{email}"}],
        "delivered": [{"event": "sent", "time": "{s}", "email": "{email}", "smtp_reply": "250 OK"}],
        "opened": [{"event": "open", "time": "{s}", "email": "{email}"}],
    },
    "mailersend": {
        "hard": {"type": "hard_bounced", "morph": {"object": "recipient_bounce", "reason": "5.1.1 unknown"}},
        "full": {"type": "soft_bounced", "morph": {"object": "recipient_bounce", "reason": "5.2.2 full"}},
        "policy": {
            "type": "hard_bounced",
            "morph": {"object": "recipient_bounce", "reason": "5.7.26 DMARC"},
        },
        "complaint": {"type": "spam_complaint", "morph": {"object": "spam_complaint"}},
        "unsubscribe": {"type": "unsubscribed", "morph": {"object": "recipient_unsubscribe"}},
        "delivered": {"type": "delivered", "morph": None},
        "opened": {"type": "opened", "morph": None},
    },
    "mailtrap": {
        "hard": {"event": "bounce", "response": "5.1.1 user unknown", "response_code": 550},
        "full": {"event": "soft bounce", "response": "4.2.2 mailbox full", "response_code": 452},
        "policy": {"event": "bounce", "response": "5.7.1 refused", "response_code": 550},
        "complaint": {"event": "spam"},
        "unsubscribe": {"event": "unsubscribe"},
        "delivered": {"event": "delivery"},
        "opened": {"event": "open"},
    },
    "sparkpost": {
        "hard": {"type": "bounce", "bounce_class": "10", "raw_reason": "550 5.1.1 unknown user"},
        "full": {"type": "bounce", "bounce_class": "22", "raw_reason": "552 5.2.2 mailbox full"},
        "policy": {"type": "bounce", "bounce_class": "25", "raw_reason": "550 5.7.1 policy"},
        "complaint": {"type": "spam_complaint"},
        "unsubscribe": {"type": "list_unsubscribe"},
        "delivered": {"type": "delivery"},
        "opened": {"type": "open"},
    },
}


def _filled(value: Any, words: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, words) for inner in value]
    return words.get(value, value) if isinstance(value, str) else value


def payload(service: str, event: str, email: str, at: datetime, *, number: int = 1) -> Any:
    """The JSON that a service posts."""
    words = {
        "{email}": email,
        "{when}": at.isoformat(),
        "{s}": int(at.timestamp()),
        "{ms}": int(at.timestamp() * 1000),
    }
    inner = _filled(EVENTS[service][event], words)
    if service == "mailgun":
        said = {
            "id": f"Mailgun-{number}",
            "timestamp": at.timestamp(),
            "recipient": email,
            "message": {"headers": {"message-id": "abc@example.org", "to": email}},
        }
        return {"signature": signature(f"token-{number}"), "event-data": said | inner}
    if service == "mailersend":
        said = {"id": f"a{number}", "created_at": at.isoformat(), "email": {"recipient": {"email": email}}}
        return {"type": f"activity.{inner['type']}", "data": said | inner}
    if service == "mailtrap":
        said = {
            "event_id": f"{number}",
            "message_id": "8a2b",
            "email": email,
            "timestamp": int(at.timestamp()),
            "sending_stream": "transactional",
        }
        return {"events": [said | inner]}
    if service == "sparkpost":
        said = {"event_id": f"{number}", "timestamp": f"{int(at.timestamp())}", "raw_rcpt_to": email}
        return [{"msys": {"message_event": said | inner}}]
    return inner


def signature(token: str, secret: str = SECRET, timestamp: str = "1529006854") -> dict[str, str]:
    """Mailgun's proof, which stands in the body."""
    digest = hmac.new(secret.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"token": token, "timestamp": timestamp, "signature": digest}


def headers(service: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    """What a service proves itself by, beside the body."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if service == "mailersend":
        return {"Signature": digest}
    if service == "mailtrap":
        return {"Mailtrap-Signature": digest}
    if service == "mailgun":
        return {}
    return {"Authorization": "Basic " + b64encode(secret.encode()).decode()}


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


# --- mails that came back ----------------------------------------------------------------------------
def report(
    *,
    message_id: str,
    email: str = "sam@example.com",
    action: str = "failed",
    status: str = "5.1.1",
    original: str = "",
    returned: str = "text/rfc822-headers",
    date: str = "Mon, 23 Nov 2026 14:00:00 +0000",
    groups: str = "",
) -> bytes:
    """A delivery status notification of RFC 3464, as postfix writes them."""
    group = (
        (f"Original-Recipient: rfc822;{original}\n" if original else "")
        + f"Final-Recipient: rfc822; {email}\n"
        + f"Action: {action}\nStatus: {status}\nRemote-MTA: dns; mx.example.com\n"
        + "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n"
    )
    head = f"From: Crosswalk <r@example.org>\nTo: {email}\nSubject: Due\nMessage-ID: {message_id}\n"
    return f"""From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: reminders@example.org
Subject: Undelivered Mail Returned to Sender
Date: {date}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

This is a MIME-encapsulated message.

--B
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
Arrival-Date: Mon, 23 Nov 2026 13:59:00 +0000

{groups or group}
--B
Content-Type: {returned}

{head}
--B--
""".encode()


def as_mbox(*mails: bytes) -> bytes:
    return b"".join(b"From MAILER-DAEMON Mon Nov 23 14:00:00 2026\n" + mail + b"\n" for mail in mails)
