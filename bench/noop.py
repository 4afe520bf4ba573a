"""The baseline of `bench.canvas`: a Celery application as its first tutorial has it."""

import os

from celery import Celery

app = Celery("noop", broker=os.environ.get("NOOP_URL"), backend=os.environ.get("NOOP_URL"))


@app.task
def noop(*_: object) -> None:
    """Do nothing."""
