from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from connections.forms import ConnectionForm
from connections.models import Connection, Region

_ONLY_WRITTEN = {"dsn", "password", "remove_password", "sslkey", "remove_sslkey"}


@admin.register(Region)
class RegionAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "city", "country", "provider", "latitude", "longitude"]
    list_filter = ["provider", "country"]
    search_fields = ["code", "name", "city", "country"]


@admin.register(Connection)
class ConnectionAdmin(admin.ModelAdmin):
    """Connections by the same form as the page's: secrets are written, never shown."""

    form = ConnectionForm
    list_display = ["name", "address", "username", "provider", "region", "sslmode", "active", "is_simulated"]
    list_filter = ["active", "provider", "sslmode", "pooled", "region"]
    list_select_related = ["region"]
    ordering = ["name"]
    # Django shows the search box only when this is set; what is searched is `get_search_results`.
    search_fields = ["name"]
    search_help_text = "Name, host, database, provider, region or tag."
    fieldsets = [
        (None, {"fields": ["name", "active", "tags"]}),
        ("Endpoint", {"fields": ["dsn", "host", "port", "database", "username"]}),
        ("Password", {"fields": ["password", "remove_password"]}),
        ("TLS", {"fields": ["sslmode", "sslrootcert", "sslcert", "sslkey", "remove_sslkey"]}),
        ("Behaviour", {"fields": ["connect_timeout", "pooled", "twin"]}),
        ("Place", {"fields": ["provider", "region"]}),
    ]

    @admin.display(boolean=True, description="simulated")
    def is_simulated(self, obj: Connection) -> bool:
        return obj.simulated

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        """Whoever may only look sees no field that is only written."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        seen = [
            (title, {"fields": [name for name in options["fields"] if name not in _ONLY_WRITTEN]})
            for title, options in fieldsets
        ]
        return [(title, options) for title, options in seen if options["fields"]]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Connection], search_term: str
    ) -> tuple[QuerySet[Connection], bool]:
        found = Connection.objects.search(search_term).values("pk") if search_term else None
        return (queryset if found is None else queryset.filter(pk__in=found)), False

    def save_model(self, request: HttpRequest, obj: Connection, form: ConnectionForm, change: bool) -> None:
        if not change:
            obj.created_by = request.user  # type: ignore[assignment] # nobody else gets this far
        super().save_model(request, obj, form, change)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Nobody may find a secret by filtering on it, not even sealed."""
        return "_sealed" not in lookup and super().lookup_allowed(lookup, value, request)
