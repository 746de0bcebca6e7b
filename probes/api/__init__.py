"""Runs, results and history over HTTP, by the flows that the pages use."""

from ninja import Router

from probes.api import examined, past, runs

router = Router()
for part in (runs, examined, past):
    router.add_router("", part.router)

__all__ = ["router"]
