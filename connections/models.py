from itertools import count
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower, Now
from django.db.models.lookups import Exact

from connections import rules, vault


class Provider(models.TextChoices):
    """Who runs a database, or owns a region."""

    AWS = "aws", "AWS"
    GOOGLE = "google", "Google Cloud"
    AZURE = "azure", "Azure"
    DIGITALOCEAN = "digitalocean", "DigitalOcean"
    AIVEN = "aiven", "Aiven"
    UPCLOUD = "upcloud", "UpCloud"
    NEON = "neon", "Neon"
    SUPABASE = "supabase", "Supabase"
    TIMESCALE = "timescale", "Timescale"
    CRUNCHY = "crunchy", "Crunchy Bridge"
    RENDER = "render", "Render"
    HEROKU = "heroku", "Heroku"
    FLY = "fly", "Fly.io"
    RAILWAY = "railway", "Railway"
    AKAMAI = "akamai", "Akamai (Linode)"
    ALIBABA = "alibaba", "Alibaba Cloud"
    IBM = "ibm", "IBM Cloud"
    ORACLE = "oracle", "Oracle Cloud"
    OVH = "ovh", "OVHcloud"
    SCALEWAY = "scaleway", "Scaleway"
    VULTR = "vultr", "Vultr"
    OTHER = "other", "Self-hosted or other"


class SslMode(models.TextChoices):
    """libpq's modes, with libpq's meaning."""

    DISABLE = "disable", "disable: never encrypt"
    ALLOW = "allow", "allow: encrypt only if the server insists"
    PREFER = "prefer", "prefer: encrypt if the server can"
    REQUIRE = "require", "require: encrypt, do not check who answers"
    VERIFY_CA = "verify-ca", "verify-ca: encrypt, check the certificate"
    VERIFY_FULL = "verify-full", "verify-full: encrypt, check certificate and host name"


def _bytes_of(field: str) -> Func:
    return Func(F(field), function="octet_length", output_field=models.IntegerField())


def _between_1_and_63_bytes(field: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(models.lookups.GreaterThan(_bytes_of(field), 0))
        & Q(models.lookups.LessThanOrEqual(_bytes_of(field), 63)),
        name=f"connection_{field}_1_to_63_bytes",
    )


SYNTHETIC = "synthetic"
"""The tag of connections whose history is made up."""


class RegionQuerySet(models.QuerySet["Region"]):
    def in_use(self) -> Self:
        """Those that have connections."""
        return self.filter(connections__isnull=False, connections__deleted_at=None).distinct()


class Region(models.Model):
    """A place. Codes are ``<cloud>-<its own region name>``, as in ``aws-us-east-1``; anyone may add more."""

    code = models.CharField(max_length=64, unique=True, help_text="For example aws-us-east-1.")
    provider = models.CharField(max_length=20, choices=Provider.choices, default=Provider.OTHER)
    name = models.CharField(max_length=100)
    city = models.CharField(max_length=100)
    country = models.CharField(max_length=2, help_text="Two capital letters, ISO 3166-1.")
    latitude = models.FloatField(validators=[MinValueValidator(-90), MaxValueValidator(90)])
    longitude = models.FloatField(validators=[MinValueValidator(-180), MaxValueValidator(180)])

    objects = RegionQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(code__regex=r"^[a-z0-9]+(-[a-z0-9]+)*$"),
                name="region_code_form",
                violation_error_message="Write the code in small letters and digits, with hyphens between them.",
            ),
            models.CheckConstraint(condition=~Q(name="") & ~Q(city=""), name="region_named"),
            models.CheckConstraint(
                condition=Q(country__regex=r"^[A-Z]{2}$"),
                name="region_country_iso",
                violation_error_message="Write the country as two capital letters, as in IE.",
            ),
            models.CheckConstraint(
                condition=Q(latitude__gte=-90, latitude__lte=90), name="region_latitude_on_earth"
            ),
            models.CheckConstraint(
                condition=Q(longitude__gte=-180, longitude__lte=180), name="region_longitude_on_earth"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.city})"


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def active(self) -> Self:
        return self.filter(active=True)

    def named(self, name: str) -> Self:
        """The connection of that name, whatever its capitals."""
        return self.filter(Exact(Lower("name"), Lower(Value(name))))

    def search(self, text: str) -> Self:
        """Connections in which every word of the text occurs somewhere."""
        found = self.alias(
            _tags=Func(F("tags"), Value(" "), function="array_to_string", output_field=models.TextField())
        )
        for word in text.replace("\0", "").split():
            providers = [
                value for value, label in Provider.choices if word.lower() in f"{value} {label}".lower()
            ]
            found = found.filter(
                Q(name__icontains=word)
                | Q(host__icontains=word)
                | Q(database__icontains=word)
                | Q(_tags__icontains=word)
                | Q(provider__in=providers)
                | Q(region__code__icontains=word)
                | Q(region__name__icontains=word)
                | Q(region__city__icontains=word)
            )
        return found

    def for_list(self) -> Self:
        return self.select_related("region").order_by(Lower("name"))

    def deleted(self) -> Self:
        """Those that somebody deleted and could still bring back. Only `with_deleted` has any."""
        return self.filter(deleted_at__isnull=False)


_EveryConnection = models.Manager.from_queryset(ConnectionQuerySet)


class ConnectionManager(_EveryConnection["Connection"]):
    """Without the deleted ones, so that nobody who reads connections has to think of them."""

    def get_queryset(self) -> ConnectionQuerySet:
        return ConnectionQuerySet(self.model, using=self._db).filter(deleted_at=None)


class Connection(models.Model):
    """A PostgreSQL endpoint that people want tested.

    Secrets are kept sealed: set them with `set_password` and `set_sslkey`, read them with `open_password` and
    `open_sslkey`, which are never named like a field of a form: the admin shows what it finds under such a name.
    Certificates are PEM text, never paths. `connections.deleting` is how people delete one; `delete` removes it for good.
    """

    name = models.CharField(max_length=63)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField(
        default=5432, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    database = models.CharField(max_length=63)
    username = models.CharField(max_length=63)
    password_sealed = models.TextField(blank=True, default="", editable=False)
    # Not prefer, libpq's own default: that falls back to plain text without a word.
    sslmode = models.CharField(max_length=11, choices=SslMode.choices, default=SslMode.REQUIRE)
    sslrootcert = models.TextField(blank=True, default="")
    sslcert = models.TextField(blank=True, default="")
    sslkey_sealed = models.TextField(blank=True, default="", editable=False)
    connect_timeout = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(60)], help_text="Seconds, 1 to 60."
    )
    pooled = models.BooleanField(default=False, help_text="Through PgBouncer or another pooler.")
    # Both of a pair name each other: `save` sees to it.
    # A deleted one remembers its twin, which may meanwhile have another.
    twin = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    provider = models.CharField(max_length=20, choices=Provider.choices, default=Provider.OTHER)
    region = models.ForeignKey(
        Region, null=True, blank=True, on_delete=models.PROTECT, related_name="connections"
    )
    active = models.BooleanField(default=True, help_text="Included when everything is tested.")
    tags = ArrayField(models.CharField(max_length=32), size=10, blank=True, default=list)
    simulated_rtt_ms = models.FloatField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ConnectionManager()
    with_deleted = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=Q(deleted_at=None), name="connection_name_unique"
            ),
            models.UniqueConstraint(
                fields=["twin"], condition=Q(deleted_at=None), name="connection_twin_unique"
            ),
            _between_1_and_63_bytes("name"),
            _between_1_and_63_bytes("database"),
            _between_1_and_63_bytes("username"),
            models.CheckConstraint(condition=~Q(host=""), name="connection_host_given"),
            models.CheckConstraint(condition=Q(port__gte=1, port__lte=65535), name="connection_port_range"),
            models.CheckConstraint(
                condition=Q(connect_timeout__gte=1, connect_timeout__lte=60),
                name="connection_connect_timeout_range",
            ),
            models.CheckConstraint(condition=Q(sslmode__in=SslMode.values), name="connection_sslmode_known"),
            models.CheckConstraint(condition=Q(tags__len__lte=10), name="connection_at_most_10_tags"),
            models.CheckConstraint(
                condition=Q(simulated_rtt_ms__isnull=True) | Q(simulated_rtt_ms__gte=0),
                name="connection_simulated_rtt_not_negative",
            ),
            models.CheckConstraint(condition=~Q(twin=F("id")), name="connection_not_its_own_twin"),
        ]

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Connection {self.pk}: {self.name!r} at {self.address}>"

    def clean_fields(self, exclude: Any = None) -> None:
        """Adds the rules of `rules` to Django's own, and keeps the normal form that they return."""
        exclude = set(exclude or ())
        errors: dict[str, Any] = {}
        try:
            super().clean_fields(exclude)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        for field, rule in rules.OF_FIELD.items():
            if field in exclude or field in errors:
                continue
            try:
                setattr(self, field, rule(getattr(self, field)))
            except rules.Refused as refusal:
                errors[field] = [ValidationError(str(refusal))]
        if errors:
            raise ValidationError(errors)

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            super().save(*args, **kwargs)
            if "twin" in (kwargs.get("update_fields") or ["twin"]):
                self._pair()

    def _pair(self) -> None:
        """The twin names this one in turn, and whoever else named it no longer does."""
        naming, changed_at = Connection.objects.filter(twin=self), Now()
        if self.twin_id is None:
            naming.update(twin=None, updated_at=changed_at)
            return
        naming.exclude(pk=self.twin_id).update(twin=None, updated_at=changed_at)
        named = Connection.objects.filter(pk=self.twin_id).exclude(twin=self)
        named.update(twin=self, updated_at=changed_at)

    @property
    def address(self) -> str:
        """``host:port/database``: everything that may be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}/{self.database}"

    @property
    def synthetic(self) -> bool:
        """Whether it leads nowhere: its history is made up, and a real test would write failures over it."""
        return SYNTHETIC in self.tags and self.host.endswith(".invalid")

    @property
    def simulated(self) -> bool:
        """Whether its distance is made up by a local proxy."""
        return self.simulated_rtt_ms is not None

    def name_for_a_copy(self) -> str:
        """A name like this one that nobody has yet."""
        for number in count(1):
            ending = " copy" if number == 1 else f" copy {number}"
            room = rules.MAX_NAME_BYTES - len(ending)
            name = self.name.encode()[:room].decode(errors="ignore").rstrip() + ending
            if not Connection.objects.named(name).exists():
                break
        return name

    def set_password(self, clear: str) -> None:
        """Seals the password; an empty one removes it. Does not save."""
        self.password_sealed = vault.seal(clear) if clear else ""

    def open_password(self) -> str:
        """The password in the clear, "" when there is none. Raises `vault.VaultError`."""
        return vault.open_sealed(self.password_sealed) if self.password_sealed else ""

    def set_sslkey(self, clear: str) -> None:
        """Seals the client key (PEM); an empty one removes it. Does not save."""
        self.sslkey_sealed = vault.seal(clear) if clear else ""

    def open_sslkey(self) -> str:
        """The client key (PEM) in the clear, "" when there is none. Raises `vault.VaultError`."""
        return vault.open_sealed(self.sslkey_sealed) if self.sslkey_sealed else ""
