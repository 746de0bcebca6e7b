"""All settings, driven by the environment; what is unset comes from the embedded stack that ``make up`` starts."""

import os
import secrets
from pathlib import Path

from csp.constants import NONE, SELF

from config.env import Env, database_from_url, embedded_state, tiles_from_url

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env(os.environ)

MERIDIAN_HOME = Path(env.text("MERIDIAN_HOME", str(BASE_DIR / ".meridian"))).absolute()
_stack = embedded_state(MERIDIAN_HOME)
# Keys of the embedded stack must never seal what is kept in somebody's own database.
_own_keys = {} if env.text("DATABASE_URL") else _stack

DEBUG = env.flag("DEBUG", False)
# A key that nothing else knows is safe for a process that keeps no sessions; `up` and deployments name one.
SECRET_KEY = env.text("SECRET_KEY") or _own_keys.get("secret_key") or secrets.token_urlsafe(50)
VAULT_KEYS = env.words("MERIDIAN_VAULT_KEYS", _own_keys.get("vault_keys", ""))
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
HTTPS = env.flag("MERIDIAN_HTTPS", False)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_celery_beat",
    "django_htmx",
    "ninja",
    "config.apps.MeridianConfig",
    "connections.apps.ConnectionsConfig",
    "probes.apps.ProbesConfig",
    "assistant.apps.AssistantConfig",
]

MIDDLEWARE = [
    # First, so that nothing of what pages need is done for it.
    "config.entrance.ApiMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # The only secret in a page is the CSRF token, which is masked anew in each: compression gives nothing away.
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
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
            ],
        },
    }
]

# Data ---------------------------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL") or _stack.get("database_url", "")
DATABASES = {
    "default": {
        **database_from_url(DATABASE_URL or "postgresql://meridian@127.0.0.1/meridian"),
        "CONN_MAX_AGE": env.number("DATABASE_KEEP_SECONDS", 600, 0, 86_400),
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", "5")
# The web process, which asks for it, shares a pool among its threads. Everybody else keeps one connection: a pool would not
# outlive a fork, and says of a database that is away only that nobody got a connection.
if env.flag("DATABASE_POOL", False):
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 8, "timeout": 5}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATION_MODULES = {
    room: f"migrations.{room}" for room in ("connections", "probes", "assistant", "meridian")
}

REDIS_URL = env.text("REDIS_URL") or _stack.get("redis_url", "redis://127.0.0.1:6379/0")
LIVE_PREFIX = "meridian"

# Probing ------------------------------------------------------------------------------------------------------
VANTAGE = env.text("MERIDIAN_VANTAGE", "home")
EGRESS_DENY = env.words("MERIDIAN_EGRESS_DENY")
DEMO = env.flag("MERIDIAN_DEMO", True)
# Whether a new database begins with schedules that test everything that is active.
FIRST_SCHEDULES = env.flag("MERIDIAN_SCHEDULES", True)

# Flags --------------------------------------------------------------------------------------------------------
LAUNCHDARKLY_SDK_KEY = env.text("LAUNCHDARKLY_SDK_KEY")
# A relay answers for all three, so whoever names only the first has said enough.
LAUNCHDARKLY_BASE_URL = env.text("LAUNCHDARKLY_BASE_URL", "https://app.launchdarkly.com")
_relay = env.text("LAUNCHDARKLY_BASE_URL")
LAUNCHDARKLY_STREAM_URL = env.text("LAUNCHDARKLY_STREAM_URL", _relay or "https://stream.launchdarkly.com")
LAUNCHDARKLY_EVENTS_URL = env.text("LAUNCHDARKLY_EVENTS_URL", _relay or "https://events.launchdarkly.com")
FLAGS_FILE = env.text("FLAGS_FILE")

# History ------------------------------------------------------------------------------------------------------
TIMESCALE_COMPRESSION_AFTER_DAYS = env.number("TIMESCALE_COMPRESSION_AFTER_DAYS", 7, 1, 3_650)
# Two days at least: the roll-up's refresh must stay a day short of what is dropped.
TIMESCALE_RETENTION_DAYS = env.number("TIMESCALE_RETENTION_DAYS", 90, 2, 3_650)
# Hours are a hundredth of what they were made from, so they may stay for longer.
TIMESCALE_ROLLUP_RETENTION_DAYS = env.number(
    "TIMESCALE_ROLLUP_RETENTION_DAYS", max(730, TIMESCALE_RETENTION_DAYS), TIMESCALE_RETENTION_DAYS, 36_500
)

# The assistant ------------------------------------------------------------------------------------------------
CHAT_ENABLED = env.flag("CHAT_ENABLED", True)
OLLAMA_BASE_URL = env.text("OLLAMA_BASE_URL", "http://127.0.0.1:11434")
# Fits a machine or a graphics card of 8 GB, context included, and calls tools.
OLLAMA_MODEL = env.text("OLLAMA_MODEL", "qwen2.5:7b")
# Tokens: what the model reads and writes in one turn. Each takes memory, some 60 kB for a model of 7 billion.
OLLAMA_CONTEXT = env.number("OLLAMA_CONTEXT", 8_192, 4_096, 131_072)

# Watching -----------------------------------------------------------------------------------------------------
METRICS_TOKEN = env.text("MERIDIAN_METRICS_TOKEN")
"""Whoever shows it may read /metrics; without one only administrators may."""

# The API ------------------------------------------------------------------------------------------------------
# Of each token, over all web processes; 0 is no limit.
API_REQUESTS_PER_MINUTE = env.number("API_REQUESTS_PER_MINUTE", 6_000, 0, 10_000_000)
API_WRONG_TOKENS_PER_MINUTE = env.number("API_WRONG_TOKENS_PER_MINUTE", 30, 0, 1_000_000)

# People -------------------------------------------------------------------------------------------------------
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_USERNAME_CALLABLE = "config.sign_in.counted_name"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

# The browser --------------------------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# What the other names of the domain speak, and whether browsers ship with it, is for whoever owns the domain to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("MERIDIAN_TRUST_PROXY", False) else None
)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
# "Test selected" names every row.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
MAP_TILES = tiles_from_url(env.text("MERIDIAN_TILE_URL"), env.text("MERIDIAN_TILE_ATTRIBUTION"))
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", *([MAP_TILES["origin"]] if MAP_TILES else [])],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

STATIC_URL = "static/"
# Only a deployment that runs collectstatic names a folder; without one files are served from where they are.
STATIC_ROOT = env.text("STATIC_ROOT") or None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("bootstrap", BASE_DIR / "node_modules" / "bootstrap" / "dist"),
    ("uplot", BASE_DIR / "node_modules" / "uplot" / "dist"),
    ("leaflet", BASE_DIR / "node_modules" / "leaflet" / "dist"),
    ("topojson", BASE_DIR / "node_modules" / "topojson-client" / "dist"),
    ("world-atlas", BASE_DIR / "node_modules" / "world-atlas"),
]
# An image that has collected its files leaves out where they came from.
WHITENOISE_USE_FINDERS = not STATIC_ROOT
if STATIC_ROOT:
    SILENCED_SYSTEM_CHECKS.append("staticfiles.W004")
WHITENOISE_AUTOREFRESH = DEBUG

# Words and time -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "worth_a_line": {"()": "config.logs.WorthALine"},
        "one_line": {"()": "config.logs.OneLine"},
    },
    "formatters": {"line": {"()": "config.logs.formatter", "shape": env.text("LOG_FORMAT", "text")}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "axes": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        # `config.launchdarkly` says itself, and once, when it cannot be read.
        "ldclient": {"level": "CRITICAL"},
        "psycopg.pool": {"level": "ERROR"},
        "django.request": {"filters": ["worth_a_line"]},
        "django.security": {"filters": ["one_line"]},
        "django.security.DisallowedHost": {"filters": ["one_line"]},
        "django.security.RequestDataTooBig": {"filters": ["one_line"]},
        "django.security.TooManyFieldsSent": {"filters": ["one_line"]},
    },
}
