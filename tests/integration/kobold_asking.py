"""Asking a KoboldCpp client of a test server."""

import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Final

import pytest
from pydantic import SecretStr

from kitbash.errors import EngineError
from kitbash.models.generator import Generated, Prompt
from kitbash.models.koboldcpp import KoboldCpp
from tests.integration.kobold_server import Behaviour, KoboldServer, serving

TOLERANCE_S: Final = 1.0
PROMPT: Final = Prompt("Where is Paris?", max_tokens=20, temperature=0.3, deadline_s=0.5)
PATIENT: Final = replace(PROMPT, deadline_s=10.0)


@contextmanager
def client(behaviour: Behaviour, *, api_key: str | None = None) -> Generator[tuple[KoboldServer, KoboldCpp]]:
    """Yield a server and its client."""
    with (
        serving(behaviour) as server,
        closing(KoboldCpp(server.url, api_key=SecretStr(api_key) if api_key is not None else None)) as model,
    ):
        yield server, model


def ask(behaviour: Behaviour, prompt: Prompt = PATIENT) -> Generated:
    """Return a server's reply to one prompt."""
    with client(behaviour) as (_, model):
        return model.generate(prompt)


def refused(model: KoboldCpp, prompt: Prompt = PROMPT) -> EngineError:
    """Return why there is no reply, which must be known soon after the deadline; no other error may come."""
    began_s = time.monotonic()
    with pytest.raises(EngineError) as refusal:
        model.generate(prompt)
    elapsed_s = time.monotonic() - began_s
    assert elapsed_s < max(prompt.deadline_s, 0.0) + TOLERANCE_S
    return refusal.value
