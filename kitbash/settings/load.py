"""Settings: one immutable value, checked, with the origin of each part.

Precedence, strongest first: flags, environment, `.env`, YAML, defaults.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Final, Self, cast

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from kitbash.errors import ConfigError
from kitbash.settings import model as m
from kitbash.settings.language_model import Bitnet, Encoder, Kobold
from kitbash.settings.model_server import ModelServer
from kitbash.settings.names import leaves
from kitbash.settings.sources import Tree, sources
from kitbash.settings.swarm import Swarm, Trust

LEASE_MARGIN_MS: Final = 5000
"""How much longer than its layer's timeout a lease lasts: soft limit < hard limit < lease < visibility timeout."""

ServerName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]


class Settings(BaseSettings):
    """All settings, nested by subject."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, nested_model_default_partial_update=True)

    redis: m.Redis = m.Redis()
    broker: m.Broker = m.Broker()
    paths: m.Paths = m.Paths()
    query: m.Query = m.Query()
    target_precision: float = Field(
        default=0.95,
        ge=0.5,
        le=0.999,
        description="share of answers to be right; picks thresholds that are not set",
    )
    layers: m.Layers = m.Layers()
    cartridge: m.Cartridge = m.Cartridge()
    coupling: m.Coupling = m.Coupling()
    context: m.Context = m.Context()
    archive: m.Archive = m.Archive()
    metabolism: m.Metabolism = m.Metabolism()
    bitnet: Bitnet = Bitnet()
    encoder: Encoder = Encoder()
    kobold: Kobold = Kobold()
    swarm: Swarm = Swarm()
    trust: Trust = Trust()
    log: m.Log = m.Log()
    projects: dict[str, m.Project] = Field(default_factory=m.default_projects)
    personas: dict[str, m.Persona] = Field(default_factory=dict[str, m.Persona])
    servers: dict[ServerName, ModelServer] = Field(default_factory=dict[str, ModelServer], max_length=64)

    @override
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put flags above the environment, `.env` and YAML, each read by Kitbash's own names."""
        return (init_settings, *sources(settings_cls))

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        # A task that outlives the visibility timeout is delivered again while it runs.
        longest_ms = max(rule.timeout_ms for rule in self.rules()) + LEASE_MARGIN_MS
        if longest_ms >= self.broker.visibility_timeout_s * 1000:
            message = (
                f"broker.visibility_timeout_s is {self.broker.visibility_timeout_s} s; it must exceed the longest "
                f"layer timeout and its lease margin, {longest_ms / 1000:g} s"
            )
            raise ValueError(message)
        if self.query.timeout_s > self.query.ttl_s:
            message = f"query.ttl_s is {self.query.ttl_s} s; it must not be less than query.timeout_s"
            raise ValueError(message)
        if self.query.project not in self.projects:
            message = f"query.project {self.query.project!r} is not one of {', '.join(sorted(self.projects))}"
            raise ValueError(message)
        for name, project in self.projects.items():
            if project.persona and project.persona not in self.personas:
                there = ", ".join(sorted(self.personas)) or "none is set"
                message = f"projects.{name}.persona {project.persona!r} is not one of personas ({there})"
                raise ValueError(message)
        return self

    @field_validator("projects", mode="before")
    @classmethod
    def _beside_the_default_ones(cls, value: object) -> object:
        return {**m.default_projects(), **cast("Tree", value)} if isinstance(value, dict) else value

    def rules(self) -> tuple[m.LayerRule, ...]:
        """Return the layers' rules, Layer 0 first."""
        it = self.layers
        return (it.reflex, it.bitnet, it.cartridge, it.synthesis, it.kobold)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with the origin of every leaf, by dotted name."""

    settings: Settings
    origins: Mapping[str, str]


def load(flags: Tree | None = None) -> Loaded:
    """Return the settings in force. Raises ConfigError naming the setting, its origin and what a typo is near."""
    given = flags or {}
    origins: dict[str, str] = dict.fromkeys(_flat(given), "flag")
    for source in sources(Settings):
        for dotted in _flat(source.tree):
            origins.setdefault(dotted, source.origin)
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise ConfigError(_words(error, origins)) from None
    return Loaded(settings, origins)


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flat(cast("Tree", value), f"{above}{name}.")
        else:
            yield f"{above}{name}"


def _words(error: ValidationError, origins: Mapping[str, str]) -> str:
    """Return what is wrong with the first bad setting, never its value: it may be a secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    dotted = ".".join(str(part) for part in first["loc"])
    origin = next((where for name, where in origins.items() if name == dotted or name.startswith(f"{dotted}.")), None)
    place = f" (from {origin})" if origin else ""
    if first["type"] == "extra_forbidden":
        valid = [name for name, _ in leaves(Settings)] + list(Settings.model_fields)
        near = get_close_matches(dotted, valid, n=1, cutoff=0.0)[0]
        return f"unknown setting {dotted!r}{place}; did you mean {near!r}?"
    return f"setting {dotted or 'combination'!r}{place}: {first['msg']}"
