"""What all pages share: the frame with its live part, what of ours is away, and the short word in the corner."""

from collections.abc import Mapping

import redis
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from connections.views import HtmxRequest
from probes import queues, vantages
from probes.models import Run

PARTS_AWAY = {
    "probes.{}": "No worker is there to run tests. Those that you ask for are kept and begin when one is back.",
    "load.{}": "No worker is there for load tests. Those that you ask for are kept and begin when one is back.",
    queues.RECORD: "The recorder is away. Tests still run; their results appear when it is back.",
    queues.ASSISTANT: "No worker is there to write the assistant's answers.",
    vantages.REAPER: "Beat is away. Schedules stand still, and a test whose worker dies is not repeated.",
}
"""By what `vantages.away` names."""
LEVELS = {"info": messages.INFO, "warning": messages.WARNING}


def page(
    request: HtmxRequest,
    name: str,
    url: str,
    context: Mapping[str, object],
    seq: int,
    status: int = 200,
    room: str = "probes",
) -> HttpResponse:
    """The page, or just its live part when a page that missed events fetches itself again.

    ``seq`` is read before the data: an event in between is then shown twice rather than never.
    """
    part = f"_live_{name}" if request.htmx.target == "live" else name
    everything = {**context, "live_url": url, "seq": seq, "away": _away()}
    response = render(request, f"{room}/{part}.html", everything, status=status)
    response["Cache-Control"] = "no-store"
    return response


def gone(request: HtmxRequest, what: str) -> HttpResponse:
    """Not found; an open page that fetches itself again is told what happened instead, and stops listening."""
    if request.htmx.target != "live":
        raise Http404(what)
    return render(request, "probes/_live_gone.html", {"what": what})


def toast(request: HtmxRequest, level: str, text: str, elsewhere: str = "dashboard") -> HttpResponse:
    if not request.htmx:
        messages.add_message(request, LEVELS[level], text)
        return redirect(elsewhere)
    return trigger_client_event(HttpResponse(status=204), "toast", {"level": level, "text": text})


def go_to(request: HtmxRequest, run: Run) -> HttpResponse:
    """Takes the browser to the run's own page."""
    here = redirect("run-detail", run.pk)
    return HttpResponseClientRedirect(here.url) if request.htmx else here


def number(text: str) -> int:
    """What somebody sent as an id; 0, which nothing has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _away() -> list[str]:
    """What of our own side is away, and what that means, as sentences."""
    try:
        missing = vantages.away(settings.VANTAGE)
    except redis.RedisError:
        return [
            "The message broker does not answer. Tests that you ask for are kept and begin when it is back; "
            "this page does not refresh by itself meanwhile."
        ]
    return [sentence for part, sentence in PARTS_AWAY.items() if part.format(settings.VANTAGE) in missing]
