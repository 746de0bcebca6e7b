"""One line a log record: structlog's key=value rendering for our events and for the libraries' records alike."""

import logging

import structlog

SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

KEY_VALUES = structlog.processors.KeyValueRenderer(
    key_order=["timestamp", "level", "event"], drop_missing=True
)


def formatter(shape: str) -> logging.Formatter:
    """The formatter that settings.LOGGING names; configures structlog to end in the same place.

    ``shape`` is ``text`` for people or ``json`` for programs: one object a line.
    """
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str) if shape == "json" else KEY_VALUES,
        ],
    )


class WorthALine(logging.Filter):
    """Leaves out what /readyz answers while the parts start: whoever asks is told in full."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(getattr(record, "request", None), "path", "") != "/readyz"


class OneLine(logging.Filter):
    """Drops the traceback of what a stranger's bad request raised: it tells nothing, and anybody could fill the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        return True
