"""What a worker process does beside its tasks: log, keep a result backend for chords, and announce itself."""

import logging
import threading
from contextlib import suppress
from typing import Any, Final, cast

from celery import signals

from kitbash import runtime
from kitbash.celery import app
from kitbash.domain.layer import Queue, Upkeep
from kitbash.errors import KitbashError, StoreUnavailable
from kitbash.models import cores
from kitbash.observe import logs

ANNOUNCE_EVERY_S: Final = 3.0
ANNOUNCED_MS: Final = 10_000

_stopping: Final = threading.Event()
log: Final = logs.logger("kitbash.worker")


def _tells_something(record: logging.LogRecord) -> bool:
    """Return False for Celery's routine lines about the sweep."""
    about: Any = getattr(record, "data", None)
    name = cast("dict[str, Any]", about).get("name") if isinstance(about, dict) else None
    return name not in set(Upkeep) or record.levelno > logging.INFO


@signals.setup_logging.connect
def set_up_logging(**_: Any) -> None:
    """Log the way Kitbash is set to, not the way Celery would."""
    settings = runtime.current().settings.log
    logs.configure(settings.level, as_json=settings.format == "json")
    # The sweep runs every second and says itself when it does something.
    logging.getLogger("celery.beat").setLevel(logging.WARNING)
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).addFilter(_tells_something)


@signals.celeryd_init.connect
def keep_results_for_chords(**_: Any) -> None:
    """Give workers a result backend, which a chord joins through.

    Clients have none: one with a backend subscribes for every task it sends.
    """
    try:
        here = runtime.current()
        app.conf.update(result_backend=here.at.broker)
        log.info("worker.server", server=here.board.server())
    except StoreUnavailable as error:
        log.warning("worker.server", reason=str(error))
    except KitbashError as error:
        # A worker on a server that loses work is worse than no worker.
        message = f"kitbash: {error}"
        raise SystemExit(message) from error


@signals.worker_init.connect
def share_cores(sender: Any, **_: Any) -> None:
    """Have each process of a prefork worker use its share of the cores for a model of its own."""
    # A pool of threads has one model, whichever thread asks it.
    # Celery names the pool, or has it as a class; how many processes "auto" is it finds out only later.
    if str(getattr(sender.pool_cls, "__module__", sender.pool_cls)).endswith("prefork"):
        is_known = isinstance(sender.concurrency, int)
        cores.SHARED.processes = sender.concurrency if is_known else cores.available_cores()


@signals.task_prerun.connect
def bind_query(task_id: str, args: tuple[Any, ...], **_: Any) -> None:
    """Put the query's id into everything that is logged during its task."""
    logs.bind(task_id=task_id, **({"query_id": args[0]} if args else {}))


@signals.task_postrun.connect
def unbind_query(**_: Any) -> None:
    """Take it out again."""
    logs.unbind()


@signals.worker_ready.connect
def announce(sender: Any, **_: Any) -> None:
    """Keep telling the blackboard which queues this worker serves, until it stops."""
    # Cartridges are opened before anybody is told of this worker: its first question is as fast as the others.
    count = len(runtime.current().collaborators.library.cartridges)
    served = [Queue(name) for name in sender.controller.app.amqp.queues.consume_from if name in set(Queue)]
    name = str(sender.hostname)
    log.info("worker.ready", worker=name, queues=[queue.value for queue in served], cartridges=count)
    threading.Thread(target=_announce, args=(name, served), name="announce", daemon=True).start()


def _announce(name: str, served: list[Queue]) -> None:
    while True:
        try:
            runtime.current().board.announce(name, served, ttl_ms=ANNOUNCED_MS)
        except StoreUnavailable as error:
            log.warning("worker.unannounced", worker=name, reason=str(error))
        if _stopping.wait(ANNOUNCE_EVERY_S):
            break
    # By the thread that announces, so that nothing is announced after it.
    with suppress(StoreUnavailable):
        runtime.current().board.announce(name, served, ttl_ms=0)


@signals.worker_shutting_down.connect
def withdraw(**_: Any) -> None:
    """Have the announcement withdrawn."""
    _stopping.set()
