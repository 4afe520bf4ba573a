"""What can be set of the findings bus."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from kitbash.settings.model import Subject


class Swarm(Subject):
    """The findings bus: where it is, and whether the upkeep workers look after it."""

    enabled: bool = Field(default=True, description="upkeep workers return expired work and repair what is safe")
    url: SecretStr | None = Field(default=None, description="the bus's own server; the blackboard's when not set")
    prefix: str = Field(
        default="kb:{swarm}:",
        pattern=r"^(?:[A-Za-z0-9_.:-]|\{[A-Za-z0-9_.:-]+\}){0,64}$",
        description="begins every key; a hash tag in braces keeps the bus in one slot of a cluster",
    )
    lease_s: float = Field(default=300.0, ge=0.001, le=2_592_000, description="how long a claimed task is an agent's")
    open_tasks: bool = Field(default=False, description="a question that nobody could answer becomes a task")
    propose_from: float = Field(
        default=0.9, ge=0.5, le=1, description="how sure what is confirmed must be to propose it"
    )


class Trust(Subject):
    """Whom the findings bus believes: signatures, keys and roles."""

    mode: Literal["off", "warn", "enforce"] = Field(default="off", description="not at all, noted only, or enforced")
    agent: str = Field(default="", description="whose key this process signs with; none only reads")
    keys_dir: Path | None = Field(default=None, description="private keys and pinned roots; below data_dir if not set")
    password: SecretStr | None = Field(default=None, description="of the private keys")
    password_file: Path | None = Field(default=None, description="holds the password instead; yours alone (0600)")
    window_s: float = Field(default=300.0, ge=1, le=3600, description="how far a packet's time may be off")
    cache_s: float = Field(default=60.0, ge=0, le=300, description="how old the key registry may be that counts")
