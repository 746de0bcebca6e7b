"""The worker pools as a page. It asks no worker: it shows what they told, and asks for that again while it is open."""

from uuid import UUID

import redis
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from connections.views import HtmxRequest
from probes import live
from probes.models import Job, Vantage
from probes.views.pages import page
from probes.workers import Site


@require_safe
def workers(request: HtmxRequest) -> HttpResponse:
    seq = live.seq(live.FLEET)
    try:
        site = Site.look(Vantage.objects.active().values_list("code", flat=True))
    except redis.RedisError:
        site = None
    return page(request, "workers", "/ws/fleet/", {"site": site}, seq)


@require_safe
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Leads to the run that a job belongs to: workers know nothing but the job's number."""
    return redirect("run-detail", get_object_or_404(Job, pk=pk).run_id)
