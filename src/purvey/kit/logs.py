"""Structured logs: one line a fact, with the request's id; JSON for machines, plain for a terminal."""

import logging
import sys

import msgspec
import structlog

from purvey.kit.db import AWAY, tell_away

SECRETS = {"password", "token", "secret", "authorization", "cookie", "secret_key", "key"}

# What the frames of an error hold is what strangers and operators entrusted to us: it is in no log.
tracebacks = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


def set_up(log_format: str) -> None:
    """Send every log, ours and the libraries', to standard error. `auto` is plain on a terminal, else JSON."""
    plain = log_format == "plain" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
    ]
    pretty: list[structlog.typing.Processor] = [
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    ]
    lines: list[structlog.typing.Processor] = [tracebacks, json_line]
    structlog.configure(
        processors=[*shared, *(pretty if plain else lines)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr)
        if plain
        else structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    foreign: list[structlog.typing.Processor] = pretty if plain else [tracebacks, structlog.processors.JSONRenderer()]
    handler.addFilter(not_away)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *foreign], foreign_pre_chain=shared
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def not_away(record: logging.LogRecord) -> bool:
    """What libraries say of a database that is away is said by us already."""
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, AWAY):
        return True
    tell_away(error)
    return False


def json_line(_: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict) -> bytes:
    """One line of JSON, by the fastest encoder there is: every request pays for it."""
    return msgspec.json.encode(event, enc_hook=repr)


def hide_secrets(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """A secret never reaches a log, whatever it was logged as."""
    for name in event:
        if name in SECRETS:
            event[name] = "…"
    return event
