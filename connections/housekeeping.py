"""What beat asks for in this room."""

from celery import shared_task

from connections import deleting


@shared_task(name="connections.finish_deleting")
def finish_deleting() -> None:
    deleting.finish()
