"""What all tasks of the cascade share: their wire name, and what is tried again."""

from collections.abc import Callable
from typing import Any, cast

from kitbash.celery import app
from kitbash.domain.layer import Stage
from kitbash.errors import StoreUnavailable

Body = Callable[..., None]


def lane(stage: Stage) -> Callable[[Body], Body]:
    """Return a decorator that makes a stage's task: bound, retried only when the blackboard did not answer."""
    made: Any = app.task(
        name=stage.value,
        bind=True,
        trail=False,
        autoretry_for=(StoreUnavailable,),
        max_retries=3,
        retry_backoff=True,
        retry_backoff_max=5,
    )
    return cast("Callable[[Body], Body]", made)
