"""Structured logs: one JSON object a line, with request and user id and without personal data."""

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# Path segments that are capabilities: whoever has the log must not have the power.
_TOKEN = re.compile(r"/(stop|check|feed)/[^/\s]+")


def without_personal_data(
    logger: Any, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace e-mail addresses and capability tokens in every text of the event."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _TOKEN.sub(r"/\1/[token]", _EMAIL.sub("[email]", value))
    event.pop("user_agent", None)
    return event


def configure(config: dict[str, Any]) -> None:
    """Set up logging and structlog; ``config`` is ``settings.LOGGING`` with its ``level``."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        without_personal_data,
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
