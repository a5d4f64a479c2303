"""The settings of the workers in a gate: a real mail server, and the drill kind known to them."""

import os

from portal.settings import *  # noqa: F403
from portal.settings import CELERY_BROKER_TRANSPORT_OPTIONS, INSTALLED_APPS

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT, EMAIL_TIMEOUT = "127.0.0.1", int(os.environ["SOAK_SMTP_PORT"]), 10
INSTALLED_APPS = [*INSTALLED_APPS, "tests.soak.drilling.Drilling"]
if "SOAK_VISIBILITY" in os.environ:
    CELERY_BROKER_TRANSPORT_OPTIONS = CELERY_BROKER_TRANSPORT_OPTIONS | {
        "visibility_timeout": int(os.environ["SOAK_VISIBILITY"])
    }
