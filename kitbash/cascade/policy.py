"""What the cascade may do: how sure a layer must be, how long it may take, what a project may draw on."""

from collections.abc import Mapping
from dataclasses import dataclass

from kitbash.domain.item import Item
from kitbash.domain.layer import Layer, Stage
from kitbash.errors import UsageError


@dataclass(frozen=True, slots=True)
class Rule:
    """One layer's rule. The lease outlives the time limit, so an honest redelivery finds it ended.

    `is_calibrated` says that nobody set the threshold: what was learned of a fact's cartridge decides, and `threshold`
    holds where there is no fact.
    """

    threshold: float
    timeout_ms: int
    lease_ms: int
    is_calibrated: bool = False


@dataclass(frozen=True, slots=True)
class ProjectRule:
    """Which factions' cartridges a project opens, how strict its levels are coupled, and which masks it wears."""

    factions: tuple[str, ...]
    kappa: float
    masks: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force."""

    rules: Mapping[Layer, Rule]
    projects: Mapping[str, ProjectRule]
    facts_per_shard: int
    candidates: int
    max_tokens: int
    temperature: float
    composer_tokens: int = 160
    composer_temperature: float = 0.0
    items_per_level: int = 6
    dissonance_threshold: int = 0

    @property
    def calibrated(self) -> frozenset[Layer]:
        """Return the layers whose thresholds are the facts' own."""
        return frozenset(layer for layer, rule in self.rules.items() if rule.is_calibrated)

    def rule(self, stage: Stage) -> Rule:
        """Return the rule of a stage's layer."""
        return self.rules[stage.layer]

    def project(self, name: str) -> ProjectRule:
        """Return a project's rule. Raises UsageError naming the projects there are."""
        found = self.projects.get(name)
        if found is None:
            message = f"there is no project {name!r}; the projects are {', '.join(sorted(self.projects))}"
            raise UsageError(message)
        return found
