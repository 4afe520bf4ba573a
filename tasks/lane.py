"""What all tasks of the cascade share: their wire name, and what is tried again."""

from typing import Any

from kitbash.domain.layer import Stage
from kitbash.errors import StoreUnavailable


def options(stage: Stage) -> dict[str, Any]:
    """Return the options of a stage's task: bound, retried only when the blackboard did not answer."""
    return {
        "name": stage.value,
        "bind": True,
        "trail": False,
        "autoretry_for": (StoreUnavailable,),
        "max_retries": 3,
        "retry_backoff": True,
        "retry_backoff_max": 5,
    }
