"""Flags through LaunchDarkly's SDK: from its service, or from a file in its format.

The client of the SDK lives by its threads, which no fork takes along. So each process makes its own when it first
asks, and a process that only forks others never does.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from ldclient.client import LDClient
from ldclient.config import Config, HTTPConfig
from ldclient.context import Context
from ldclient.feature_store import InMemoryFeatureStore
from ldclient.integrations import Files
from ldclient.interfaces import DataSourceState, DataSourceStatus

from config.flag_sources import Answer
from probes.switches import Asker

logger = logging.getLogger(__name__)

START_SECONDS = 5.0
"""How long, at most, the first questions of a process wait for the first answer."""
PATIENCE_SECONDS = 60.0
"""How long a source is still believed without doubt after its stream broke off or its file could not be read."""
FLUSH_SECONDS = 2.0
FILE_SECONDS = 0.5
CLOSE_SECONDS = 2.0
RECONNECT_SECONDS = 1.0

REASONS = {
    "OFF": "its targeting is off",
    "FALLTHROUGH": "no rule matches, so the default rule holds",
    "TARGET_MATCH": "targeted one by one",
    "RULE_MATCH": "a rule matches",
    "PREREQUISITE_FAILED": "a flag that it depends on is off",
}


class Watched(InMemoryFeatureStore):
    """Tells of every change. The SDK's own listeners go by version, which every value in a file shares."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed

    def init(self, all_data: Mapping[Any, Any]) -> None:
        super().init(all_data)
        self._changed()

    def upsert(self, kind: Any, item: Any) -> None:
        super().upsert(kind, item)
        self._changed()

    def delete(self, kind: Any, key: str, version: int) -> None:
        super().delete(kind, key, version)
        self._changed()


class Service:
    """The SDK's client, one a process. ``gone`` says in words what is missing when its source no longer exists."""

    def __init__(self, name: str, config: Callable[[Watched], Config], gone: Callable[[], str]) -> None:
        self.name = name
        self._config = config
        self._gone = gone
        self._changed: Callable[[], None] | None = None
        self._client: LDClient | None = None
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def answer(self, key: str, asker: Asker, region: str) -> Answer:
        client = self._ready()
        doubt = self._doubt(client)
        if not client.is_initialized():
            return Answer(doubt=doubt)
        detail = client.variation_detail(key, _context(asker, region), None)
        why = detail.reason.get("errorKind") or detail.reason.get("kind", "")
        if why == "FLAG_NOT_FOUND":
            return Answer(reason="the source does not have this flag", doubt=doubt)
        if detail.value is None:
            return Answer(doubt=doubt or f"the flag has no value ({why.lower().replace('_', ' ')})")
        return Answer(value=detail.value, reason=REASONS.get(why, why.lower()), doubt=doubt)

    def track(self, event: str, asker: Asker, value: float | None) -> None:
        self._made().track(event, _context(asker, ""), metric_value=value)

    def watch(self, changed: Callable[[], None]) -> None:
        """Begins to listen without waiting; ``changed`` is called from any thread at each change and doubt."""
        self._changed = changed
        self._made()

    def close(self) -> None:
        """Sends what was counted, and no longer than a moment: the service may be away."""
        client, self._client = self._client, None
        if client is not None:
            closing = threading.Thread(target=client.close, daemon=True)
            closing.start()
            closing.join(CLOSE_SECONDS)

    def _forget(self) -> None:
        self._client = None
        self._lock = threading.Lock()
        self._first_word = threading.Event()
        self._made_at = 0.0

    def _made(self) -> LDClient:
        with self._lock:
            if self._client is None:
                self._made_at = time.monotonic()
                # It must not wait here: a thread of its own reads the first word.
                client = LDClient(self._config(Watched(self._tell)), start_wait=0)
                client.data_source_status_provider.add_listener(self._heard)
                if client.is_initialized() or client.data_source_status_provider.status.error:
                    self._first_word.set()
                self._client = client
            return self._client

    def _ready(self) -> LDClient:
        client = self._made()
        if not self._first_word.is_set():
            self._first_word.wait(max(0.0, self._made_at + START_SECONDS - time.monotonic()))
        return client

    def _heard(self, status: DataSourceStatus) -> None:
        if status.state == DataSourceState.VALID:
            self._first_word.set()
            logger.info("%s answers", self.name)
            self._tell()
        elif status.state == DataSourceState.INTERRUPTED:
            logger.warning("%s cannot be read: %s", self.name, _fault(status))
            doubting = threading.Timer(PATIENCE_SECONDS + 1, self._tell)
            doubting.daemon = True
            doubting.start()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed()

    def _doubt(self, client: LDClient) -> str:
        gone = self._gone()
        if gone:
            return gone
        status = client.data_source_status_provider.status
        if not client.is_initialized():
            return f"{self.name} has not answered yet: {_fault(status)}"
        if status.state == DataSourceState.VALID or time.time() - status.since < PATIENCE_SECONDS:
            return ""
        since = datetime.fromtimestamp(status.since, UTC)
        return f"{self.name} has not answered since {since:%H:%M} UTC: {_fault(status)}"


def streaming() -> Service:
    def config(store: Watched) -> Config:
        return Config(
            settings.LAUNCHDARKLY_SDK_KEY,
            base_uri=settings.LAUNCHDARKLY_BASE_URL,
            stream_uri=settings.LAUNCHDARKLY_STREAM_URL,
            events_uri=settings.LAUNCHDARKLY_EVENTS_URL,
            feature_store=store,
            initial_reconnect_delay=RECONNECT_SECONDS,
            flush_interval=FLUSH_SECONDS,
            # Events are read for so long; what a stream may be silent for is the SDK's own, five minutes.
            http=HTTPConfig(connect_timeout=3, read_timeout=10),
            # It would tell of this machine.
            diagnostic_opt_out=True,
        )

    return Service("LaunchDarkly", config, lambda: "")


def from_file(path: Path) -> Service:
    def config(store: Watched) -> Config:
        # Told by the kernel, the SDK misses a file that is renamed into place and reads for ever what it opens itself.
        source = Files.new_data_source(
            paths=[str(path)], auto_update=True, poll_interval=FILE_SECONDS, force_polling=True
        )
        # The SDK wants some key, and sends it nowhere.
        return Config("file", update_processor_class=source, feature_store=store, send_events=False)

    return Service(
        "FLAGS_FILE", config, lambda: "" if path.is_file() else "the file of FLAGS_FILE is not there"
    )


def _context(asker: Asker, region: str) -> Context:
    """All that is told of anybody: a number of ours, a role, and the region that is to be tested."""
    builder = Context.builder(asker.key).set("role", asker.role)
    return (builder.set("region", region) if region else builder).build()


def _fault(status: DataSourceStatus) -> str:
    """Why there is no answer; a URL or a key is never part of it."""
    error = status.error
    if error is None:
        return "no answer yet"
    if error.status_code:
        return f"HTTP status {error.status_code}"
    return error.kind.value.replace("_", " ").lower()
