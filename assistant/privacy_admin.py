"""The admin's page of the switches: one row, by the same rule as their own page."""

from django.contrib import admin
from django.contrib.auth.models import User
from django.forms import ModelForm
from django.http import HttpRequest

from assistant import privacy
from assistant.models import Disclosure


@admin.register(Disclosure)
class DisclosureAdmin(admin.ModelAdmin):
    list_display = ["__str__", "statements", "hosts", "users", "changed_by", "changed_at"]
    readonly_fields = ["changed_by", "changed_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return privacy.may_change(request.user) and not Disclosure.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Disclosure | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Disclosure, form: ModelForm, change: bool) -> None:
        assert isinstance(request.user, User)
        privacy.allow(obj, request.user)
