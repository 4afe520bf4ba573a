"""The Celery tasks: one module a queue, a few lines a task; escalation.py holds the canvas."""
