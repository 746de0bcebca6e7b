from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import QueryDict

from connections import kept, pasted, pem, rules, vault
from connections.dsn import Dsn, DsnError, parse
from connections.fields import (
    ForgetfulInput,
    ForgetfulTextarea,
    RegionField,
    RegionInput,
    RuledField,
    StyledBoundField,
    TagsField,
    refused_as_invalid,
)
from connections.guess import guess
from connections.models import Connection, Provider, Region
from connections.twins import TAKEN, TwinField, why_not

NAME_TAKEN = "Another connection has this name. Choose a different one."
OVERTAKEN = (
    "Somebody changed this connection while you were editing. Your values are kept here: look at what they "
    "changed, then save again."
)
_PEM_ROWS = {"rows": 4, "spellcheck": "false", "autocomplete": "off"}
_NUMERIC = {"inputmode": "numeric", "autocomplete": "off"}
_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ConnectionForm(forms.ModelForm):
    """A connection's fields, or one URL instead of them.

    Secrets are written and never shown. On a connection that exists, an empty secret keeps the stored one
    unless its removal is ticked. While the host is empty, the URL fills in everything it knows; once it has been
    filled in, only its password is taken, and only while the fields still name the same database and user.
    """

    instance: Connection
    bound_field_class = StyledBoundField
    use_required_attribute = False

    dsn = forms.CharField(
        label="URL",
        required=False,
        widget=ForgetfulInput(
            attrs={
                **_PLAIN,
                "placeholder": "postgresql://user:password@host:5432/database",
                "aria-describedby": "dsn-problem id_dsn_helptext",
            }
        ),
    )
    password = RuledField(
        rule=rules.password,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    remove_password = forms.BooleanField(label="Remove the stored password", required=False)
    sslrootcert = RuledField(
        label="Certificate authority",
        rule=pem.certificates,
        required=False,
        widget=forms.Textarea(attrs=_PEM_ROWS),
        help_text="PEM text. Without it the system's authorities count.",
    )
    sslcert = RuledField(
        label="Client certificate",
        rule=pem.certificates,
        required=False,
        widget=forms.Textarea(attrs=_PEM_ROWS),
        help_text="PEM text.",
    )
    sslkey = RuledField(
        label="Client key",
        rule=pem.private_key,
        required=False,
        widget=ForgetfulTextarea(attrs=_PEM_ROWS),
        help_text="PEM text without a passphrase.",
    )
    remove_sslkey = forms.BooleanField(label="Remove the stored key", required=False)
    provider = forms.ChoiceField(
        choices=[("", "Guess from the host"), *Provider.choices], required=False, initial=""
    )
    region = RegionField(
        required=False,
        widget=RegionInput(attrs=_PLAIN),
        help_text="Type a city or a code. Left empty, it is guessed from the host.",
    )
    tags = TagsField(required=False, help_text="Separate them with commas.")
    twin = TwinField(
        required=False,
        help_text="The same database, reached the other way: of a direct connection the pooled one, of a pooled one "
        "the direct one. Their figures are then shown side by side.",
    )

    class Meta:
        model = Connection
        fields = [
            "name",
            "host",
            "port",
            "database",
            "username",
            "sslmode",
            "sslrootcert",
            "sslcert",
            "connect_timeout",
            "pooled",
            "twin",
            "provider",
            "region",
            "active",
            "tags",
        ]
        labels = {
            "username": "User",
            "sslmode": "TLS",
            "connect_timeout": "Time limit",
            "pooled": "Through a pooler",
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "host": forms.TextInput(attrs=_PLAIN),
            "database": forms.TextInput(attrs=_PLAIN),
            "username": forms.TextInput(attrs=_PLAIN),
            "port": forms.TextInput(attrs=_NUMERIC),
            "connect_timeout": forms.TextInput(attrs=_NUMERIC),
        }
        error_messages = {
            "name": {"required": "Give the connection a name."},
            "host": {"required": "Enter the host name or the IP address."},
            "port": dict.fromkeys(
                ("required", "invalid", "min_value", "max_value"),
                "Enter a port from 1 to 65535; PostgreSQL's own is 5432.",
            ),
            "database": {"required": "Enter the name of the database."},
            "username": {"required": "Enter the user to sign in as."},
            "connect_timeout": dict.fromkeys(
                ("required", "invalid", "min_value", "max_value"), "Enter a time limit from 1 to 60 seconds."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Whoever may only look has a form without the model's fields, so their initial values may be missing.
        if self.instance.region and self.initial.get("region") == self.instance.region_id:
            self.initial["region"] = self.instance.region.code
        if self.instance.twin and self.initial.get("twin") == self.instance.twin_id:
            self.initial["twin"] = self.instance.twin.name
        self._dsn: Dsn | None = None
        self._dsn_problem = ""
        if typed := self._typed("dsn").strip():
            self._read_dsn(typed)

    def trial(self) -> Connection:
        """The connection as it would be saved, secrets included. Only after `is_valid`."""
        return self.instance

    def saved(self) -> bool:
        """Saves; False when somebody else was quicker to take the name or the twin, which the form then says."""
        try:
            with transaction.atomic():
                self.save()
        except IntegrityError as error:
            if "connection_name_unique" in str(error):
                self.add_error("name", NAME_TAKEN)
            elif "twin_id" in str(error):
                self.add_error("twin", TAKEN)
            else:
                raise
            return False
        return True

    def stored_secret_problem(self) -> str:
        """Why a secret of the connection being edited cannot be opened; "" when all is well."""
        try:
            self.instance.open_password()
            self.instance.open_sslkey()
        except vault.VaultError as error:
            return str(error)
        return ""

    def secret_dropped(self) -> bool:
        """Whether secrets were typed that this form, shown again, no longer holds."""
        return any(self._typed(name) for name in ("password", "sslkey", "dsn"))

    def shows_certificates(self) -> bool:
        """Whether there is something to see about certificates."""
        names = ("sslrootcert", "sslcert", "sslkey")
        return any(self.errors.get(name) or self[name].value() for name in names) or bool(
            self.instance.sslkey_sealed
        )

    def clean_name(self) -> str:
        name = refused_as_invalid(rules.name, self.cleaned_data["name"])
        if Connection.objects.named(name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(NAME_TAKEN)
        return name

    def clean_host(self) -> str:
        return refused_as_invalid(rules.host, self.cleaned_data["host"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self._dsn_problem:
            self.add_error("dsn", self._dsn_problem)
        if self._dsn:
            self._take_password_of(self._dsn, cleaned)
        self._guess_place(cleaned)
        self._check_client_certificate(cleaned)
        self._check_kept_password(cleaned)
        self._check_twin(cleaned)
        return cleaned

    def _typed(self, name: str) -> str:
        return self.data.get(self.add_prefix(name)) or ""

    def _read_dsn(self, typed: str) -> None:
        try:
            self._dsn = parse(typed)
        except DsnError as error:
            self._dsn_problem = error.message
            return
        if not self._typed("host").strip():
            told = pasted.fields_of(self._dsn, {name: self._typed(name) for name in self.fields})
            prefixed = {self.add_prefix(name): value for name, value in told.items()}
            self.data = {**dict(self.data.items()), **prefixed}

    def _take_password_of(self, dsn: Dsn, cleaned: dict[str, Any]) -> None:
        if not pasted.agrees(dsn, cleaned):
            self.add_error("dsn", pasted.DISAGREE)
        elif not cleaned.get("password") and "password" not in self.errors:
            cleaned["password"] = dsn.password

    def _guess_place(self, cleaned: dict[str, Any]) -> None:
        guessed = guess(cleaned.get("host") or "", cleaned.get("port"))
        cleaned["provider"] = cleaned.get("provider") or guessed.provider or Provider.OTHER
        if not cleaned.get("region") and "region" not in self.errors and "host" in self.changed_data:
            cleaned["region"] = Region.objects.filter(code=guessed.region_code).first()

    def _check_client_certificate(self, cleaned: dict[str, Any]) -> None:
        if {"sslcert", "sslkey"} & self.errors.keys():
            return
        certificate, key = cleaned["sslcert"], cleaned["sslkey"]
        try:
            key = key or ("" if cleaned["remove_sslkey"] else self.instance.open_sslkey())
        except vault.VaultError as error:
            self.add_error("sslkey", str(error))
            return
        if certificate and not key:
            self.add_error("sslkey", "Paste the key that belongs to the client certificate.")
        elif key and not certificate:
            self.add_error("sslcert", "Paste the certificate that belongs to the key, or remove the key.")
        elif key and not pem.belong_together(certificate, key):
            self.add_error("sslcert", "This certificate does not belong to the key.")

    def _check_kept_password(self, cleaned: dict[str, Any]) -> None:
        if not self.instance.password_sealed or cleaned.get("password") or cleaned["remove_password"]:
            return
        sslmode = cleaned.get("sslmode") or self.instance.sslmode
        if problem := kept.why_not(self.instance, self.changed_data, sslmode):
            self.add_error("password", problem)

    def _check_twin(self, cleaned: dict[str, Any]) -> None:
        twin = cleaned.get("twin")
        if twin and (problem := why_not(self.instance, twin, pooled=cleaned["pooled"])):
            self.add_error("twin", problem)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        if self.cleaned_data["password"] or self.cleaned_data["remove_password"]:
            self.instance.set_password(self.cleaned_data["password"])
        if self.cleaned_data["sslkey"] or self.cleaned_data["remove_sslkey"]:
            self.instance.set_sslkey(self.cleaned_data["sslkey"])
        if {"host", "port"} & set(self.changed_data):
            # It no longer leads to the proxy that simulated a distance.
            self.instance.simulated_rtt_ms = None


class EditForm(ConnectionForm):
    """The form of a connection that exists, which does not undo what somebody else saved since it was opened.

    Whoever posts no ``updated_at`` gets no such check.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stamp = self.instance.updated_at.isoformat()
        self.overtaken = self._typed("updated_at") not in ("", self.stamp)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.overtaken:
            self.add_error(None, OVERTAKEN)
        return cleaned


def filled_in(typed: QueryDict, dsn: Dsn, stored: Connection | None) -> ConnectionForm:
    """The form as it was typed, with what the URL says in its place."""
    ticks = {name: name in typed for name in ("active", "remove_password", "remove_sslkey")}
    told = pasted.fields_of(dsn, pasted.chosen_in(typed.dict()))
    return ConnectionForm(instance=stored, initial={**typed.dict(), **ticks, **told})


def copy_of(connection: Connection) -> ConnectionForm:
    """A form for a new connection like this one, without its secrets and what is useless without them."""
    kept = ("host", "port", "database", "username", "sslmode", "sslrootcert", "connect_timeout")
    also = ("pooled", "provider", "active", "tags")
    form = ConnectionForm(
        initial={
            **{name: getattr(connection, name) for name in kept + also},
            "name": connection.name_for_a_copy(),
            "region": connection.region.code if connection.region else "",
        }
    )
    if connection.password_sealed:
        form.fields["password"].help_text = "Type it again: secrets are not copied."
    return form
