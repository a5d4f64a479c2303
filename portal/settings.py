"""All settings, from the environment; safe by default.

Three ways to run: production (``SECRET_KEY``, ``ALLOWED_HOSTS`` and ``EMAIL_URL`` are set, or it refuses to
start), ``DEMO=1`` (loopback only, embedded parts; all that it waives is in ``DEMO_WAIVES``) and
``TESTING=1`` (the test suite).
"""

import re
import secrets
import sqlite3
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent

DEMO = env.bool("DEMO", False)
TESTING = env.bool("TESTING", False)
DEBUG = False
VAR = Path(env.str("VAR", str(BASE_DIR / "var" / ("demo" if DEMO else "data")))).resolve()
VAR.mkdir(parents=True, exist_ok=True)

#: What a demo gives up, and nothing else: held by a test.
DEMO_WAIVES = ("https", "staff second factor", "sign-in for the mailbox")
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
HTTPS = not (DEMO or TESTING)


def _required(name: str, relaxed: str) -> str:
    """The variable, or ``relaxed`` in a demo and in tests; production refuses to start without it."""
    value = env.str(name, "")
    if value or DEMO or TESTING:
        return value or relaxed
    raise ImproperlyConfigured(f"{name} is not set. See docs/operators.md, or start with DEMO=1.")


def _demo_key() -> str:
    """A key of this demo's own, kept in its folder so that a restart keeps everybody signed in."""
    path = VAR / "secret_key"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(50))
        path.chmod(0o600)
    return path.read_text()


def _demo_seed() -> str:
    """A signing key of this demo's own, kept so that its certificates stay valid."""
    path = VAR / "certificate_key"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(32))
        path.chmod(0o600)
    return path.read_text()


# --- secrets and hosts ---------------------------------------------------------------------------
SECRET_KEY = _required("SECRET_KEY", "") or (_demo_key() if DEMO else "only-for-tests-" + "x" * 50)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
if not DEMO and len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY must have at least 50 characters.")
ALLOWED_HOSTS = [h for h in _required("ALLOWED_HOSTS", "").split(",") if h] or [*LOOPBACK, "testserver"]
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts; * is refused.")
if DEMO and not set(ALLOWED_HOSTS) <= {*LOOPBACK, "testserver"}:
    raise ImproperlyConfigured("DEMO=1 serves this machine only: leave ALLOWED_HOSTS out.")
PORT = env.int("PORT", 8000)
#: What signs and verifies certificates and badges, in the spelling of ``courses.credentials.certifying``:
#: the first signs, all verify. A demo makes a key of its own.
CERTIFICATE_KEYS = [one.strip() for one in _required("CERTIFICATE_KEYS", "").split(",") if one.strip()] or [
    _demo_seed() if DEMO else "A" * 43
]
SITE_URL = env.str("SITE_URL", f"https://{ALLOWED_HOSTS[0]}" if HTTPS else f"http://localhost:{PORT}").rstrip(
    "/"
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
WORKER_HEALTH_TOKEN = env.str("WORKER_HEALTH_TOKEN", "")

# --- applications --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "portal.pages",
    "courses.content",
    "courses.reminders",
    "courses.credentials",
    "courses.exams",
    "courses.progress",
    "courses.catalog",
    "courses.codesets",
    "courses.jobs",
    "accounts",
    "portal.lib",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "lucide",
    "csp",
    "django_structlog",
    "portal.lib.adminsite.CrosswalkAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "portal.lib.middleware.receipt_stamp",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.lib.middleware.security_headers",
    "portal.lib.middleware.database_busy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.personal_time_zone",
    "accounts.middleware.staff_second_factor",
    "accounts.middleware.terms_accepted",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.lib.context.site",
            ],
            "builtins": ["portal.lib.templatetags.crosswalk", "django.templatetags.i18n"],
        },
    }
]

# --- database ------------------------------------------------------------------------------------
_SQLITE_BUGGY = (3, 7, 0) <= sqlite3.sqlite_version_info < (3, 51, 3)
_JOURNAL = "DELETE" if _SQLITE_BUGGY else "WAL"  # see RELIABILITY D2: WAL may corrupt on those versions
_SYNCHRONOUS = "OFF" if TESTING else "FULL"  # an acknowledged answer must survive a power cut
# a connection is kept: closing the last one of all processes writes the whole WAL back, in somebody's request
_KEPT_S = 0 if TESTING else 60
_SQLITE: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": VAR / "crosswalk.sqlite3",
    "CONN_MAX_AGE": _KEPT_S,
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            f"PRAGMA journal_mode={_JOURNAL};PRAGMA synchronous={_SYNCHRONOUS};PRAGMA foreign_keys=ON;"
        ),
    },
    # a file, so that threads and processes of a test meet the same locks as in production
    "TEST": {"NAME": VAR / "test.sqlite3"},
}
_URL = env.str("TEST_DATABASE_URL" if TESTING else "DATABASE_URL", "")
DATABASES: dict[str, dict[str, Any]] = {"default": _SQLITE}
if _URL:
    DATABASES["default"] = dict(env.dj_db_url("TEST_DATABASE_URL" if TESTING else "DATABASE_URL"))
    DATABASES["default"] |= {"CONN_MAX_AGE": _KEPT_S, "CONN_HEALTH_CHECKS": True}
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault(
        "options",
        "-c lock_timeout=2s -c statement_timeout=60s -c idle_in_transaction_session_timeout=10s",
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- broker and shared cache ----------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", "")
if REDIS_URL.startswith("unix://"):
    _broker, _cache = f"redis+socket://{REDIS_URL[7:]}?virtual_host=0", f"{REDIS_URL}?db=1"
else:
    _broker, _cache = f"{REDIS_URL}/0", f"{REDIS_URL}/1"
# Rate limits live in the cache, so it is shared by all processes in every case; a dead Redis ends no limit.
_table = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}
CACHES: dict[str, dict[str, Any]] = {"default": _table, "database": _table}
if REDIS_URL:
    CACHES["default"] = {
        "BACKEND": "portal.lib.cache.SharedCache",
        "LOCATION": _cache,
        "KEY_PREFIX": "crosswalk",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
CELERY_BROKER_URL = _broker if REDIS_URL else "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "global_keyprefix": "crosswalk:",
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_PUBLISH_RETRY = False
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 250_000
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- accounts (django-allauth) ----------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # the e-mail address is unique without regard to case, by a constraint
AUTHENTICATION_BACKENDS = ["accounts.backends.SignInBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher"  # a test needs a password, not its strength
    if TESTING
    else "django.contrib.auth.hashers.Argon2PasswordHasher"
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.validators.LengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "pages:today"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_FORMS = {"confirm_email_verification_code": "accounts.confirming.ConfirmCodeForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_REDIRECT_URL = "pages:home"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Crosswalk: "
ACCOUNT_RATE_LIMITS = {
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/h/ip",
    "reset_password": "20/h/ip,5/h/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # localhost only: see DEMO
MFA_TOTP_ISSUER = "Crosswalk"
STAFF_NEEDS_SECOND_FACTOR = not DEMO

# --- mail ---------------------------------------------------------------------------------------------
MAIL_FOLDER = VAR / "mailbox"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Crosswalk <hello@crosswalk.invalid>")
REMINDERS_FROM_EMAIL = env.str("REMINDERS_FROM_EMAIL", DEFAULT_FROM_EMAIL)
REMINDERS_REPLY_TO = env.str("REMINDERS_REPLY_TO", "")
# so many new reminders of a kind at once, and ten times as many as usual, wait for approval
REMINDERS_HOLD_ABOVE = env.int("REMINDERS_HOLD_ABOVE", 5000)
# which service reports bounces and complaints, and how it proves that it is the sender of a report
MAIL_EVENTS_SERVICE = env.str("MAIL_EVENTS_SERVICE", "")
MAIL_EVENTS_SECRET = env.str("MAIL_EVENTS_SECRET", "")
if MAIL_EVENTS_SERVICE and find_spec("anymail") is None:
    raise ImproperlyConfigured("MAIL_EVENTS_SERVICE needs the extra email: pip install django-anymail.")
if MAIL_EVENTS_SERVICE and len(MAIL_EVENTS_SECRET) < 16:
    raise ImproperlyConfigured("MAIL_EVENTS_SECRET must have at least 16 characters.")
if DEMO:
    EMAIL_BACKEND = "portal.lib.mailfolder.EmailBackend"
elif not TESTING:
    _required("EMAIL_URL", "")
    _mail = env.dj_email_url("EMAIL_URL")
    if "EMAIL_BACKEND" not in _mail:
        raise ImproperlyConfigured("EMAIL_URL must look like smtp://USER:PASSWORD@HOST:465/?ssl=True.")
    EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
    EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["EMAIL_USE_TLS"], _mail["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 5

# --- web hardening -------------------------------------------------------------------------------------
_self = ["'self'"]
_none = ["'none'"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": _none,
        "script-src": _self,
        "style-src": _self,
        "img-src": ["'self'", "data:"],
        "media-src": _self,
        "font-src": _self,
        "connect-src": _self,
        "frame-src": _self,
        "form-action": _self,
        "manifest-src": _self,
        "base-uri": _none,
        "object-src": _none,
        "frame-ancestors": _none,
    }
}
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz", r"^readyz"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_prefix = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_prefix}sessionid", f"{_prefix}csrftoken"
LANGUAGE_COOKIE_NAME, LANGUAGE_COOKIE_SECURE = f"{_prefix}language", HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.pages.errors.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_HANDLERS = ["portal.lib.uploads.CappedUpload"]

# --- files and languages ---------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "portal" / "static"]
MEDIA_ROOT = VAR / "media"
#: What people give as evidence lies here, never below a directory that is served, or in a bucket of S3.
EVIDENCE_S3_BUCKET = env.str("EVIDENCE_S3_BUCKET", "")
_evidence: dict[str, Any] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {
        "location": VAR / "private",
        "base_url": None,
        "file_permissions_mode": 0o600,
        "directory_permissions_mode": 0o700,
    },
}
if EVIDENCE_S3_BUCKET:
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise ImproperlyConfigured(
            "EVIDENCE_S3_BUCKET needs the extra s3: pip install 'django-storages[s3]'."
        )
    _evidence = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": EVIDENCE_S3_BUCKET,
            # without keys the surroundings are asked: a role of the machine, or AWS_ variables
            "access_key": env.str("EVIDENCE_S3_ACCESS_KEY", "") or None,
            "secret_key": env.str("EVIDENCE_S3_SECRET_KEY", "") or None,
            "endpoint_url": env.str("EVIDENCE_S3_ENDPOINT", "") or None,
            "region_name": env.str("EVIDENCE_S3_REGION", "") or None,
            "location": env.str("EVIDENCE_S3_PREFIX", ""),
            "default_acl": None,  # as the bucket says, which is private
            "file_overwrite": False,
            "querystring_expire": 60,
            "signature_version": "s3v4",
            "max_memory_size": 1024 * 1024,  # more of a file waits on disk
        },
    }
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "evidence": _evidence,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "portal.lib.staticstorage.HashedStorage"
        if DEMO  # compressing takes 16 s, too long for a first start
        else "portal.lib.staticstorage.CompressedHashedStorage"
    },
}
#: ``host:port`` or ``/path/of/the/socket`` of a clamd that looks at every file of evidence; empty: none.
CLAMAV_ADDRESS = env.str("CLAMAV_ADDRESS", "")
if CLAMAV_ADDRESS and not re.fullmatch(r"/.+|.+:\d{1,5}", CLAMAV_ADDRESS):
    raise ImproperlyConfigured("CLAMAV_ADDRESS must look like 127.0.0.1:3310 or /run/clamav/clamd.ctl.")
LANGUAGE_CODE = "en-us"
LANGUAGES = [("en", _("English"))]
USE_TZ = True
TIME_ZONE = "UTC"

# --- logs: JSON lines with request and user id, no personal data ------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", "ERROR" if TESTING else "INFO")
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_CELERY_ENABLED = True
LOGGING_CONFIG = "portal.lib.logs.configure"
LOGGING = {"level": LOG_LEVEL}
