"""The assistant's page, and what is asked from it. Whatever is not the reader's own does not exist here."""

from collections.abc import Callable, Mapping
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from assistant import access, asking, drafts, export, ollama
from assistant.asking import MOST_MESSAGES
from assistant.facts import Reference, References
from assistant.models import Conversation, Message
from assistant.problems import OllamaError
from assistant.telling import Sent, Shown
from connections.views import HtmxRequest
from probes import live
from probes.views import pages

MOST_LISTED = 100
MOST_SHOWN = 50
"""Messages of a conversation, unless earlier ones are asked for, too."""
SUGGESTIONS = [
    "What changed since yesterday?",
    "Which connections are slowest, and where does the time go?",
    "What is failing now, and why?",
    "Which databases need attention?",
]

View = Callable[..., HttpResponse]


def guarded(view: View) -> View:
    """Answers with why the assistant is switched off, and what was refused, in the form that was asked for."""

    @wraps(view)
    def guarding(request: HtmxRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            access.require(request.user)
            return view(request, *args, **kwargs)
        except access.SwitchedOff as off:
            if request.method == "POST" or request.htmx.target not in {None, "live"}:
                return pages.toast(request, "warning", str(off))
            status = 200 if request.htmx.target == "live" else 403
            return pages.page(
                request, "off", "", {"reason": str(off)}, seq=0, status=status, room="assistant"
            )
        except asking.Refused as refused:
            return pages.toast(request, "warning", str(refused), elsewhere="assistant")

    return guarding


@require_safe
@guarded
def conversation_list(request: HtmxRequest) -> HttpResponse:
    """Where a new conversation begins."""
    return _page(request, None)


@require_safe
@guarded
def conversation_detail(request: HtmxRequest, pk: int) -> HttpResponse:
    return _page(request, pk)


def _page(request: HtmxRequest, pk: int | None) -> HttpResponse:
    seq = live.seq(live.chat_group(pk)) if pk else 0
    mine = Conversation.objects.of(request.user)
    chosen = mine.select_related("owner").filter(pk=pk).first() if pk else None
    if pk and chosen is None:
        return pages.gone(request, "This conversation was deleted.")
    words = request.GET.get("q", "").replace("\0", "").strip()
    found = mine.about(words)
    everything = "earlier" in request.GET
    context = {
        "conversations": found[:MOST_LISTED],
        "older": max(found.count() - MOST_LISTED, 0),
        "words": words,
        "chosen": chosen,
        **(_said(chosen, MOST_MESSAGES if everything else MOST_SHOWN) if chosen else {}),
        "suggestions": SUGGESTIONS,
        "asked": request.GET.get("question", "")[: asking.LONGEST_QUESTION],
    }
    url = f"/ws/assistant/{pk}/" if pk else ""
    return pages.page(request, "assistant", url, context, seq, room="assistant")


def _said(conversation: Conversation, most: int) -> dict[str, object]:
    """The newest messages, how many were said before them, and what the model was sent for the last answer."""
    references = References.from_json(conversation.references).mapping()
    said = conversation.messages.order_by("-pk")
    newest = list(said.defer("sent")[:most])[::-1]
    last = said.filter(role=Message.Role.ANSWER).first()
    return {
        "shown": [_shown(message, references) for message in newest],
        "earlier": conversation.messages.count() - len(newest),
        "sent": Sent.of(last) if last else None,
    }


def _shown(message: Message, references: Mapping[str, Reference]) -> Shown:
    return Shown.of(message, references, drafts.newest(message) if message.is_open else None)


@require_POST
@guarded
def begin(request: HtmxRequest) -> HttpResponse:
    answer = asking.begin(request.user, request.POST.get("text", ""), request.POST.get("model", ""))
    there = redirect("assistant-conversation", answer.conversation_id)
    return HttpResponseClientRedirect(there.url) if request.htmx else there


@require_POST
@guarded
def ask(request: HtmxRequest, pk: int) -> HttpResponse:
    conversation = _mine(request, pk)
    asking.ask(conversation, request.POST.get("text", ""))
    return _again(request, pk)


@require_POST
@guarded
def rename(request: HtmxRequest, pk: int) -> HttpResponse:
    asking.rename(_mine(request, pk), request.POST.get("title", ""))
    return _again(request, pk)


@require_POST
@guarded
def choose_model(request: HtmxRequest, pk: int) -> HttpResponse:
    asking.choose_model(_mine(request, pk), request.POST.get("model", ""))
    return _again(request, pk)


@require_POST
@guarded
def delete(request: HtmxRequest, pk: int) -> HttpResponse:
    asking.delete(_mine(request, pk))
    there = redirect("assistant")
    return HttpResponseClientRedirect(there.url) if request.htmx else there


@require_safe
@guarded
def exported(request: HttpRequest, pk: int) -> HttpResponse:
    conversation = _mine(request, pk)
    text = export.markdown(conversation, request.build_absolute_uri("/"))
    name = slugify(conversation.title)[:60] or f"conversation-{pk}"
    headers = {"Content-Disposition": f'attachment; filename="{name}.md"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type="text/markdown; charset=utf-8", headers=headers)


@require_POST
@guarded
def edit(request: HtmxRequest, pk: int) -> HttpResponse:
    question = _my_message(request, pk)
    asking.edit(question, request.POST.get("text", ""))
    return _again(request, question.conversation_id)


@require_POST
@guarded
def retry(request: HtmxRequest, pk: int) -> HttpResponse:
    answer = _my_message(request, pk)
    asking.retry(answer)
    return _again(request, answer.conversation_id)


@require_POST
def stop(request: HtmxRequest, pk: int) -> HttpResponse:
    """Also when the assistant is switched off: nobody needs a right to end what is theirs."""
    answer = _my_message(request, pk)
    asking.stop(answer)
    return _again(request, answer.conversation_id)


@require_safe
@guarded
def sent(request: HtmxRequest, pk: int) -> HttpResponse:
    """Exactly what the model was sent for one answer."""
    return render(request, "assistant/_sent.html", {"sent": Sent.of(_my_message(request, pk))})


@require_safe
@guarded
def models(request: HtmxRequest) -> HttpResponse:
    """The models to choose from, or what is wrong with Ollama; asked for by the page once it is shown."""
    pk = pages.number(request.GET.get("in", ""))
    conversation = Conversation.objects.of(request.user).filter(pk=pk).first()
    chosen = conversation.model_name if conversation else settings.OLLAMA_MODEL
    found, problem = list[ollama.Model](), ""
    try:
        found = asking.models(request.user)
    except OllamaError as error:
        problem = str(error)
    names = {one.name for one in found}
    context = {
        "models": found,
        "problem": problem,
        "chosen": f"{chosen}:latest" if f"{chosen}:latest" in names else chosen,
        "installed": bool({chosen, f"{chosen}:latest"} & names),
        "conversation": conversation.pk if conversation else 0,
    }
    return render(request, "assistant/_models.html", context)


def _mine(request: HttpRequest, pk: int) -> Conversation:
    return get_object_or_404(Conversation.objects.of(request.user).select_related("owner"), pk=pk)


def _my_message(request: HttpRequest, pk: int) -> Message:
    mine = Message.objects.filter(conversation__in=Conversation.objects.of(request.user))
    return get_object_or_404(mine.select_related("conversation__owner"), pk=pk)


def _again(request: HtmxRequest, pk: int) -> HttpResponse:
    if request.htmx.target == "live":
        return _page(request, pk)
    return redirect("assistant-conversation", pk)
