"""What beat asks for in this room."""

from celery import shared_task

from probes.schedules import ticking


@shared_task(name="probes.tick")
def tick() -> None:
    ticking.tick()


@shared_task(name="probes.forget_ticks")
def forget_ticks() -> None:
    ticking.forget()
