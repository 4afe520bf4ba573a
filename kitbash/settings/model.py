"""What can be set, by subject, with units, ranges and defaults.

Every leaf is reachable as `KITBASH_<SUBJECT>__<NAME>`; `names.py` lists the shorter names that also work.
"""

from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr

Faction = Literal["general", "fiction", "experiment", "self"]


def default_data_dir() -> Path:
    """Return the user's data folder for Kitbash, as the operating system has it."""
    return Path(platformdirs.user_data_dir("kitbash"))


def http_address(host: str, port: int) -> str:
    """Return the URL of a host, which may be an IPv6 address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Subject(BaseModel):
    """A group of settings; an unknown key in it is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Redis(Subject):
    """The blackboard's server. With neither `url` nor `host` a private one is found or started."""

    url: SecretStr | None = Field(default=None, description="redis://, rediss://, unix:// or redis+socket:// URL")
    host: str | None = Field(default=None, description="used with port, db and password when url is not set")
    port: int = Field(default=6379, ge=1, le=65535)
    db: int = Field(default=0, ge=0)
    password: SecretStr | None = None
    cluster: bool = Field(default=False, description="the blackboard is a Redis Cluster")
    connect_timeout_s: float = Field(default=2.0, gt=0, le=60)
    socket_timeout_s: float = Field(default=3.0, ge=0.5, le=60)


class Broker(Subject):
    """The server that carries Celery messages; the blackboard's when not set."""

    url: SecretStr | None = None
    visibility_timeout_s: int = Field(default=180, ge=10, description="longer than every lease")
    max_deliveries: int = Field(default=3, ge=1, le=20, description="a layer that dies this often is buried")


class Paths(Subject):
    """Folders. The two that are not set lie below `data_dir`."""

    data_dir: Path = Field(default_factory=default_data_dir)
    cartridges_dir: Path | None = None
    archive_dir: Path | None = Field(default=None, description="ended queries are written to its folder logs/")

    @property
    def cartridges(self) -> Path:
        """Return where installed cartridges are."""
        return (self.cartridges_dir or self.data_dir / "cartridges").expanduser()

    @property
    def archive(self) -> Path:
        """Return where ended queries are archived."""
        return (self.archive_dir or self.data_dir / "archive").expanduser()


class Query(Subject):
    """How a question is taken in and kept."""

    timeout_s: float = Field(default=30.0, gt=0, le=3600, description="from question to terminal state")
    max_chars: int = Field(default=2000, ge=1, le=100_000)
    ttl_s: int = Field(default=3600, ge=60, description="how long a query's keys stay on the blackboard")
    project: str = "default"
    consensus: Literal["none", "simple", "weighted", "typed"] = Field(
        default="none", description="none: the first layer that is sure; else Layers 2 to 4 all answer, and vote"
    )


class LayerRule(Subject):
    """How long one layer may take and how sure it must be; without a threshold `target_precision` picks it."""

    timeout_ms: int = Field(gt=0, le=3_600_000)
    threshold: float | None = Field(default=None, ge=0, le=1)


class Layers(Subject):
    """One rule a layer, 0 to 4."""

    reflex: LayerRule = LayerRule(timeout_ms=1000)
    bitnet: LayerRule = LayerRule(timeout_ms=2000, threshold=0.0)
    cartridge: LayerRule = LayerRule(timeout_ms=5000)
    synthesis: LayerRule = LayerRule(timeout_ms=5000)
    kobold: LayerRule = LayerRule(timeout_ms=60_000, threshold=0.0)


class Cartridge(Subject):
    """Layer 2: how knowledge is opened and searched."""

    starter: bool = Field(default=True, description="open the starter knowledge beside your own")
    facts_per_shard: int = Field(default=20_000, ge=1, description="more are searched in parallel shards")
    candidates: int = Field(default=5, ge=1, le=100, description="facts a shard proposes for each part of a question")


class Coupling(Subject):
    """How a query's spotlights are filled, coupled and kept."""

    items_per_level: int = Field(default=6, ge=2, le=20, description="before salience widens or narrows a level")
    dissonance_threshold: int = Field(default=0, ge=0, description="critical and high contradictions still coherent")
    decay_s: int = Field(default=600, ge=1, description="how long spotlights live once their query is archived")


class Context(Subject):
    """What remembers which levels a user's questions dwell on: Redis, or a service of its own."""

    enabled: bool = True
    url: str | None = Field(default=None, description="http://host:port of an external service")
    deadline_s: float = Field(default=0.2, gt=0, le=10)
    ttl_s: int = Field(default=2_419_200, ge=3600, description="how long a user is remembered after the last question")


class Archive(Subject):
    """How ended queries are kept on disk."""

    enabled: bool = True
    max_bytes: int = Field(default=64_000_000, ge=1_000_000, description="a file that would grow beyond is rotated")
    keep_days: int = Field(default=30, ge=0, description="0 keeps for ever")


class Metabolism(Subject):
    """What is done with experience between questions, where an upkeep worker and beat run, or `metabolism run`."""

    enabled: bool = True
    background_every: int = Field(default=100, ge=10, le=1000, description="settled queries a background cycle digests")
    idle_after_s: float = Field(default=300.0, ge=1, description="a pause this long is used to validate grains")
    sleep_every_s: float = Field(default=86_400.0, ge=60, description="from one sleep cycle to the next")


class Log(Subject):
    """What is logged, and how."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["console", "json"] = "console"


class Project(Subject):
    """What a question asked under this name may draw on."""

    factions: tuple[Faction, ...] = ("general", "self")
    kappa: float = Field(default=1.0, gt=0, le=10, description="how strict levels are coupled; below 1 is fluid")
    persona: str = Field(default="", description="one of personas, or none")


class Persona(Subject):
    """The masks (L5) of a project, and whose they are: they stand on the bus."""

    masks: tuple[str, ...] = Field(min_length=1, max_length=8)
    character_context: str = ""


def default_projects() -> dict[str, Project]:
    """Return the projects there are when none are set."""
    return {
        "default": Project(),
        "fiction": Project(factions=("general", "self", "fiction"), kappa=0.5),
        "experiment": Project(factions=("general", "self", "experiment")),
    }
