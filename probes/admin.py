from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from connections.admin import ConnectionAdmin
from connections.models import Connection
from probes import dispatch, plans
from probes.models import Kind, Run, Vantage

admin.site.unregister(Connection)


@admin.register(Connection)
class TestableConnectionAdmin(ConnectionAdmin):
    actions = ["test_now", "latency_now", "health_now"]

    @admin.action(description="Test now")
    def test_now(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        self._ask(request, queryset, Kind.CONNECTION, "Testing")

    @admin.action(description="Test latency now, with the usual options")
    def latency_now(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        self._ask(request, queryset, Kind.LATENCY, "Testing the latency of")

    @admin.action(description="Check health now")
    def health_now(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        self._ask(request, queryset, Kind.HEALTH, "Checking the health of")

    def _ask(self, request: HttpRequest, chosen: QuerySet[Connection], kind: Kind, doing: str) -> None:
        try:
            run = dispatch.request_run(
                kind=kind, connections=chosen, source=Run.Source.ADMIN, user=request.user
            )
        except dispatch.Refused as refusal:
            gone = isinstance(refusal, dispatch.NothingToTest)
            text = "There is nothing to test: the rows are gone." if gone else str(refusal)
            self.message_user(request, text, messages.WARNING)
            return
        link = format_html('<a href="{}">Watch the run</a>', reverse("run-detail", args=[run.pk]))
        text = format_html("{} {} connections. {}", doing, run.total, link)
        self.message_user(request, text, messages.SUCCESS)


@admin.register(Vantage)
class VantageAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "region", "active"]
    list_filter = ["active"]
    autocomplete_fields = ["region"]


@admin.register(Run)
class RunAdmin(admin.ModelAdmin):
    """Runs are asked for, not typed in: the admin reads them and may delete them."""

    list_display = ["created_at", "kind", "source", "requested_by", "state", "done", "failed", "total"]
    list_filter = ["state", "kind", "source", "created_at"]
    list_select_related = ["requested_by"]
    date_hierarchy = "created_at"

    def get_exclude(self, request: HttpRequest, obj: Run | None = None) -> list[str]:
        return ["params"] if obj and plans.shown(obj.params, request.user) != obj.params else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        """Not while it is under way: a load test would go on, and nobody could stop it any more."""
        ended = obj is None or not obj.is_open
        return ended and super().has_delete_permission(request, obj)

    def view_on_site(self, obj: Run) -> str:
        return reverse("run-detail", args=[obj.pk])
