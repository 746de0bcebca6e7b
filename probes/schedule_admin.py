"""Schedules in the admin: read, run, paused and resumed there; made and changed on their own pages."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from probes import dispatch, plans, schedules
from probes.engine.plan import PlanError
from probes.models import Run, Schedule, ScheduleTick
from probes.telling import timetables


class TickInline(admin.TabularInline):
    model = ScheduleTick
    fields = ["at", "taken_at", "outcome", "reason", "missed_from", "run"]
    ordering = ["-at"]
    extra = max_num = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScheduleTick]:
        """The newest: there are thousands."""
        newest = super().get_queryset(request).order_by("-at")
        number = request.resolver_match.kwargs.get("object_id", "") if request.resolver_match else ""
        pks = newest.filter(schedule_id=number).values_list("pk", flat=True)[:50] if number.isdigit() else []
        return newest.filter(pk__in=list(pks))

    def has_add_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        return False


@admin.register(Schedule)
class ScheduleAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "tests", "starts", "next_at", "owner"]
    list_filter = ["kind", "scope"]
    list_select_related = ["owner"]
    search_fields = ["name"]
    actions = ["run_now", "pause", "resume"]
    inlines = [TickInline]

    @admin.display(description="tests")
    def tests(self, schedule: Schedule) -> str:
        return timetables.which(schedule)

    @admin.display(description="starts")
    def starts(self, schedule: Schedule) -> str:
        return timetables.when(schedule)

    @admin.action(description="Run now")
    def run_now(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        for schedule in queryset:
            try:
                schedules.run_now(schedule.pk, user=request.user, source=Run.Source.ADMIN)
            except (dispatch.Refused, PlanError) as refusal:
                self.message_user(request, f"{schedule}: {refusal}", messages.WARNING)
            else:
                self.message_user(request, f"{schedule} was started.", messages.SUCCESS)

    @admin.action(description="Pause")
    def pause(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        self._each(request, queryset, schedules.pause, "Paused")

    @admin.action(description="Resume")
    def resume(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        self._each(request, queryset, schedules.resume, "Resumed")

    def _each(
        self,
        request: HttpRequest,
        queryset: QuerySet[Schedule],
        act: Callable[[int], Schedule],
        done: str,
    ) -> None:
        names = [str(act(pk)) for pk in queryset.order_by("name").values_list("pk", flat=True)]
        self.message_user(request, f"{done}: {', '.join(names)}.", messages.SUCCESS)

    def get_exclude(self, request: HttpRequest, obj: Schedule | None = None) -> list[str]:
        return ["params"] if obj and plans.shown(obj.params, request.user) != obj.params else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        return False

    def view_on_site(self, obj: Schedule) -> str:
        return reverse("schedule-detail", args=[obj.pk])
