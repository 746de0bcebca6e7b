"""Schedules in the admin, by the flows that their own pages use."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from probes import dispatch, plans, schedules
from probes.engine.plan import PlanError
from probes.models import Kind, Run, Schedule, ScheduleTick
from probes.schedules import Draft
from probes.telling import timetables


class ScheduleAdminForm(forms.ModelForm):
    """The fields as they are stored. ``user`` is who types, as a schedule runs with that person's rights."""

    user: User | AnonymousUser

    class Meta:
        model = Schedule
        fields = [
            "name",
            "kind",
            "params",
            "scope",
            "connections",
            "words",
            "every_seconds",
            "cron",
            "time_zone",
            "jitter_seconds",
        ]
        labels = {"params": "Options", "every_seconds": "Every", "jitter_seconds": "Spread over"}
        help_texts = {
            "params": 'Of the test, by name, as in {"samples": 50}; none is {}.',
            "connections": "For the scope of chosen connections.",
            "words": "Tags, codes of regions or providers, with commas between, for the scope of that name.",
            "every_seconds": "Seconds; or write a cron line.",
            "cron": "Minute, hour, day of the month, month, weekday.",
            "jitter_seconds": "Seconds. It starts up to so much later, always at the same distance.",
        }

    def clean_params(self) -> dict[str, Any]:
        typed = self.cleaned_data["params"]
        if not isinstance(typed, dict | None):
            raise ValidationError("Write the options by name.")
        return typed or {}

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            try:
                schedules.check(self.draft(), user=self.user)
            except PlanError as error:
                self.add_error("params", str(error))
            except (ValidationError, dispatch.Refused) as refusal:
                self.add_error(None, refusal if isinstance(refusal, ValidationError) else str(refusal))
        return self.cleaned_data

    def draft(self) -> Draft:
        typed = self.cleaned_data
        return Draft(
            **{
                **typed,
                "kind": Kind(typed["kind"]),
                "scope": Schedule.Scope(typed["scope"]),
                "connections": tuple(one.pk for one in typed["connections"]),
                "words": tuple(typed["words"]),
            }
        )


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
    form = ScheduleAdminForm
    autocomplete_fields = ["connections"]
    list_display = ["name", "kind", "tests", "starts", "next_at", "owner"]
    list_filter = ["kind", "scope"]
    list_select_related = ["owner"]
    search_fields = ["name"]
    actions = ["run_now", "pause", "resume"]

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

    def get_inlines(self, request: HttpRequest, obj: Schedule | None) -> list[type[InlineModelAdmin]]:
        return [TickInline] if obj else []

    def get_form(
        self, request: HttpRequest, obj: Schedule | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        made = super().get_form(request, obj, change=change, **kwargs)
        return type(made.__name__, (made,), {"user": request.user})

    def save_model(self, request: HttpRequest, obj: Schedule, form: ScheduleAdminForm, change: bool) -> None:
        draft = form.draft()
        if change:
            schedules.change(obj.pk, draft, user=request.user)
        else:
            obj.pk = schedules.create(draft, user=request.user).pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """All but the connections, which the flow has set."""
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)

    def delete_model(self, request: HttpRequest, obj: Schedule) -> None:
        schedules.delete(obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        for schedule in queryset:
            schedules.delete(schedule.pk)

    def get_exclude(self, request: HttpRequest, obj: Schedule | None = None) -> list[str]:
        return ["params"] if obj and _hides(obj, request) else []

    def has_change_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        """Nobody changes what they may not see."""
        may: bool = super().has_change_permission(request, obj)
        return may and not (obj and _hides(obj, request))

    def view_on_site(self, obj: Schedule) -> str:
        return reverse("schedule-detail", args=[obj.pk])


def _hides(schedule: Schedule, request: HttpRequest) -> bool:
    """Whether it runs a statement that whoever asks may not see."""
    return bool(plans.shown(schedule.params, request.user) != schedule.params)
