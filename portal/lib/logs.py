"""Structured logs: one JSON object a line, with request and user id and without personal data."""

import logging.config
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# What follows the question mark of an address is what somebody typed: searches, names, tokens.
_QUERY = re.compile(r"(?<=[^\s(,?])\?[^\s\"]+")
_EMAIL = re.compile(
    r"(?<![\w.+%!#$&*^{|}~-])[\w.+%!#$&*^{|}~-]+?(?:@|%(?:25)*40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE
)
# Path segments that are capabilities: whoever has the log must not have the power.
_TOKEN = re.compile(r"/(stop|check|feed|calendar)/[^/\s]+")


def scrubbed(value: Any) -> Any:
    """``value`` without e-mail addresses, query strings and capability tokens, however deep inside."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {scrubbed(str(key)): scrubbed(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrubbed(inner) for inner in value]
    text = value if isinstance(value, str) else repr(value)  # as the line would show it
    return _TOKEN.sub(r"/\1/[token]", _EMAIL.sub("[email]", _QUERY.sub("", text)))


def without_personal_data(
    logger: Any, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Scrub the whole event. Stands last before the line is written, so that nothing is added behind it."""
    event.pop("user_agent", None)
    if isinstance(event.get("request"), str):
        event["request"] = event["request"].partition("?")[0]
    for key in event:
        event[key] = scrubbed(event[key])
    return event


def configure(config: dict[str, Any]) -> None:
    """Set up logging and structlog; ``config`` is ``settings.LOGGING`` with its ``level``."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
    ]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        without_personal_data,
                        structlog.processors.JSONRenderer(),
                    ],
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": config["level"]},
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
