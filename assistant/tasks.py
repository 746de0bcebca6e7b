"""What the pool of the queue `assistant` does: write answers, of which it has many under way in threads."""

import logging

from celery import shared_task, signals

from assistant import answering

logger = logging.getLogger(__name__)


@shared_task(name="assistant.answer")
def answer(answer_id: int) -> None:
    answering.write(answer_id)


@shared_task(name="assistant.tidy")
def tidy() -> None:
    answering.give_up_abandoned()


@signals.worker_shutting_down.connect
def end_answers(**kwargs: object) -> None:
    """A worker that is told to end would otherwise wait for all answers, and be killed amid them."""
    answering.closing.set()
