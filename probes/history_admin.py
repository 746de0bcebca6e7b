"""The admin's page about the history: it is read there, never changed."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from probes.history.facts import facts_of
from probes.history.status import status
from probes.models import Upkeep


@admin.register(Upkeep)
class HistoryAdmin(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Upkeep | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Upkeep | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = status()
        context = {
            **self.admin_site.each_context(request),
            "title": "History",
            "opts": self.opts,
            "missing": found.missing,
            "facts": facts_of(found),
        }
        return TemplateResponse(request, "admin/history.html", context)
