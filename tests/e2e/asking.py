"""A program: one client asks the questions on its standard input, and prints each result as a line of JSON.

Its argument says how: `direct`, `celery` or `auto`, or `submit` to send them all before the first is waited for.
Whether engines vote is in the environment.
"""

import json
import sys

from kitbash.client import Client
from kitbash.domain.answer import AskMode, Result, to_json


def results(client: Client, mode: str, questions: list[str]) -> list[Result]:
    """Return how the questions ended, in their order."""
    if mode != "submit":
        return [client.ask(text, mode=AskMode(mode)) for text in questions]
    return [client.wait(query_id) for query_id in [client.submit(text) for text in questions]]


if __name__ == "__main__":
    with Client() as client:
        for result in results(client, sys.argv[1], json.load(sys.stdin)):
            sys.stdout.write(json.dumps(to_json(result)) + "\n")
