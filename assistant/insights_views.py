"""Insights, on pages and as a page of their own, and the switches of what the model may be told."""

from django import forms
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from assistant import access, privacy
from assistant.briefing import brief
from assistant.insights import report
from assistant.models import Disclosure
from connections.models import Connection
from connections.views import HtmxRequest
from probes.history import Refused

PREVIEW = 4_000


@require_safe
def insights(request: HtmxRequest) -> HttpResponse:
    return _insights(request, None)


@require_safe
def connection_insights(request: HtmxRequest, pk: int) -> HttpResponse:
    connection = Connection.objects.filter(pk=pk).first()
    if connection is None:
        raise Http404("This connection was deleted.")
    return _insights(request, connection)


def _insights(request: HtmxRequest, connection: Connection | None) -> HttpResponse:
    """The report alone for a card that opens, else as a page."""
    context: dict[str, object] = {"connection": connection}
    try:
        context["report"] = report(connection.pk if connection else None)
    except Refused as refusal:
        context["problem"] = str(refusal)
    context["can_ask"] = access.is_open(request.user)
    template = "assistant/_insights.html" if request.htmx else "assistant/insights.html"
    response = render(request, template, context)
    response["Cache-Control"] = "no-store"
    return response


class DisclosureForm(forms.ModelForm):
    class Meta:
        model = Disclosure
        fields = ["statements", "hosts", "users"]


@require_http_methods(["GET", "HEAD", "POST"])
def disclosure(request: HtmxRequest) -> HttpResponse:
    """Everybody sees what the model is told; `privacy.allow` says who may change it."""
    kept = Disclosure.objects.first() or Disclosure()
    form = DisclosureForm(request.POST if request.method == "POST" else None, instance=kept)
    if request.method == "POST" and form.is_valid():
        assert isinstance(request.user, User)
        privacy.allow(form.instance, request.user)
        return redirect(reverse("assistant-privacy"))
    reader = privacy.reader_for_model()
    context = {
        "form": form,
        "changed": kept if kept.changed_by_id else None,
        "may_change": privacy.may_change(request.user),
        "preview": brief("", reader=reader, budget=PREVIEW).text,
    }
    return render(request, "assistant/privacy.html", context)


urlpatterns = [
    path("insights/", insights, name="insights"),
    path("connections/<int:pk>/insights/", connection_insights, name="connection-insights"),
    path("assistant/privacy/", disclosure, name="assistant-privacy"),
]
