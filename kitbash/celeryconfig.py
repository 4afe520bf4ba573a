"""Celery's settings, in its own idiom: a module, read when Celery first needs a setting.

Reading it finds or starts the broker; importing `kitbash.celery` does not.
"""

from typing import Final

from kombu import Queue as KombuQueue

from kitbash import broker, runtime
from kitbash.domain.layer import Queue, Stage, Upkeep
from kitbash.settings import LEASE_MARGIN_MS

KEY_PREFIX: Final = "kb:"
EVERY_S: Final = {
    Upkeep.SWEEP: 1.0,
    Upkeep.ARCHIVE: 1.0,
    Upkeep.TIDY: 60.0,
    Upkeep.METABOLISE: 10.0,
    Upkeep.HYGIENE: 300.0,
    Upkeep.RELAY: 1.0,
}


def limits(timeout_ms: int) -> dict[str, float]:
    """Return the soft and hard time limit of a layer in seconds: both end before its lease (prefork pools only)."""
    margin_s = LEASE_MARGIN_MS / 1000
    return {"soft_time_limit": timeout_ms / 1000 + margin_s / 4, "time_limit": timeout_ms / 1000 + margin_s / 2}


broker.install()
_here = runtime.current()
_settings = _here.settings
_wait_s = _settings.redis.socket_timeout_s

broker_url = _here.at.broker
broker_connection_timeout = _settings.redis.connect_timeout_s
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_transport_options = {
    "global_keyprefix": KEY_PREFIX,
    "visibility_timeout": _settings.broker.visibility_timeout_s,
    # Without these two the work of a killed worker waits for minutes (kombu's own cadence is 100 s).
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # Without these a broker that hangs hangs its clients.
    "socket_timeout": _wait_s,
    "socket_connect_timeout": _settings.redis.connect_timeout_s,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "priority_steps": [0],
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.5,
}
task_publish_retry_policy = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}
result_backend_transport_options = {"global_keyprefix": KEY_PREFIX}
redis_socket_timeout = _wait_s
redis_socket_connect_timeout = _settings.redis.connect_timeout_s
result_expires = 600
include = ["tasks.reflex", "tasks.bitnet", "tasks.cartridge", "tasks.kobold", "tasks.upkeep", "tasks.worker"]
task_queues = [KombuQueue(queue.value, routing_key=queue.value) for queue in Queue]
task_routes = {
    **{stage.value: {"queue": stage.queue.value} for stage in Stage},
    **{task.value: {"queue": Queue.UPKEEP.value} for task in Upkeep},
}
task_annotations = {stage.value: limits(_settings.rules()[stage.layer].timeout_ms) for stage in Stage}
task_default_queue = Queue.REFLEX.value
task_create_missing_queues = False
task_acks_late = True
task_reject_on_worker_lost = True
task_ignore_result = True
task_serializer = "json"
accept_content = ["json"]
result_accept_content = ["json"]
worker_prefetch_multiplier = 1
# One task at a time and one process a worker: the least memory and delay; more throughput is more workers.
worker_pool = "solo"
worker_concurrency = 1
worker_hijack_root_logger = False
# Off until somebody watches: Flower switches them on, and each is one more message a task.
worker_send_task_events = False
worker_proc_alive_timeout = 30
worker_cancel_long_running_tasks_on_connection_loss = True
beat_scheduler = "celery.beat:Scheduler"
beat_schedule = {
    task.value: {"task": task.value, "schedule": every_s, "options": {"expires": 5 * every_s}}
    for task, every_s in EVERY_S.items()
}
timezone = "UTC"
