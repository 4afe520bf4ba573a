"""The Celery application. `celery -A kitbash worker -Q reflex`.

Queues, routes, and what may be lost and what may not, are in `kitbash.celeryconfig`. Importing this connects nothing.
"""

from typing import Final

from celery import Celery

app: Final = Celery("kitbash")
app.config_from_object("kitbash.celeryconfig")
