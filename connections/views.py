"""Pages that write connections. Each change is one transaction; its first test starts with it."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh, retarget
from django_htmx.middleware import HtmxDetails

from connections import deleting, offers
from connections.dsn import DsnError, parse
from connections.forms import ConnectionForm, EditForm, copy_of, filled_in
from connections.models import Connection

secrets_unlogged = sensitive_post_parameters("dsn", "password", "sslkey")


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


@secrets_unlogged
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HtmxRequest) -> HttpResponse:
    if request.method != "POST":
        return _form(request, ConnectionForm())
    form = ConnectionForm(request.POST, instance=Connection(created_by_id=request.user.pk))
    if form.is_valid() and form.saved():
        return _go(request, "connection-detail", form.instance.pk)
    return _form(request, form)


@secrets_unlogged
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HtmxRequest, pk: int) -> HttpResponse:
    if request.method != "POST":
        return _form(request, EditForm(instance=get_object_or_404(Connection, pk=pk)))
    with transaction.atomic():
        # Locked, or what a key rotation or somebody else saves in between would be undone by this form.
        connection = get_object_or_404(Connection.objects.select_for_update(), pk=pk)
        form = EditForm(request.POST, instance=connection)
        saved = form.is_valid() and form.saved()
    return _go(request, "connection-detail", pk) if saved else _form(request, form)


@require_safe
def duplicate(request: HtmxRequest, pk: int) -> HttpResponse:
    """The form for a new connection, filled in from this one; its secrets are not copied."""
    return _form(request, copy_of(get_object_or_404(Connection, pk=pk)))


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HtmxRequest, pk: int) -> HttpResponse:
    """Deletes at once, because it can be undone. The page that asks first is for browsers without scripts."""
    connection = get_object_or_404(Connection, pk=pk)
    if request.method != "POST":
        return render(request, "connections/delete.html", {"connection": connection})
    deleting.hide(connection)
    offers.make(request, connection)
    here = request.htmx.current_url_abs_path
    if here and not here.startswith(reverse("connection-detail", args=[pk])):
        return HttpResponseClientRefresh()
    return _go(request, "connection-list")


@require_POST
def restore(request: HtmxRequest, pk: int) -> HttpResponse:
    """Undoes a deletion. Not by htmx: the offer is a plain form on every page."""
    try:
        connection = deleting.restore(pk)
    except deleting.CannotRestore as refusal:
        messages.warning(request, str(refusal))
        return redirect("connection-list")
    offers.withdraw(request, pk)
    return redirect("connection-detail", connection.pk)


@secrets_unlogged
@require_POST
def parse_url(request: HtmxRequest) -> HttpResponse:
    """The form's fields filled in from a URL, keeping what was typed into the others; never its password."""
    try:
        dsn = parse(request.POST.get("dsn", ""))
    except DsnError as error:
        problem = {"dsn_problem": error.message}
        return retarget(render(request, "connections/_dsn_problem.html", problem, status=422), "#dsn-problem")
    pk = request.POST.get("pk", "")
    stored = Connection.objects.filter(pk=pk).first() if pk.isdecimal() and len(pk) < 16 else None
    context = {"form": filled_in(request.POST, dsn, stored), "password_from_url": bool(dsn.password)}
    return render(request, "connections/_fields_push.html", context)


def _form(request: HtmxRequest, form: ConnectionForm) -> HttpResponse:
    page = "connections/_form.html" if request.htmx else "connections/form.html"
    pk = form.instance.pk
    context: dict[str, Any] = {
        "form": form,
        "action": reverse("connection-edit", args=[pk]) if pk else reverse("connection-new"),
        "cancel": reverse("connection-detail", args=[pk]) if pk else reverse("connection-list"),
    }
    return render(request, page, context, status=422 if form.errors else 200)


def _go(request: HtmxRequest, name: str, *args: int) -> HttpResponse:
    url = reverse(name, args=args)
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
