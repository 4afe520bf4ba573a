"""The composition root: settings in, collaborators out, once a process."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from kitbash.archive.writer import Archive
from kitbash.blackboard import connection
from kitbash.blackboard.board import Trace
from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.blackboard.redis_context import RedisContext
from kitbash.blackboard.redis_engines import RedisEngines
from kitbash.blackboard.redis_grains import RedisGrains
from kitbash.blackboard.redis_metabolism import RedisMetabolism
from kitbash.blackboard.redis_servers import RedisServers
from kitbash.blackboard.scripts import AnyRedis
from kitbash.cascade import calibrated, confidence
from kitbash.cascade.archivist import Archivist, each
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.confidence import Weights
from kitbash.cascade.crystallising import Crystalliser
from kitbash.cascade.policy import Policy, ProjectRule, Rule
from kitbash.cascade.reputation import JudgedEngines
from kitbash.cascade.served import ServedGrains
from kitbash.domain.calibration import NEVER
from kitbash.domain.context import TemporalContext
from kitbash.domain.item import Item
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.level import Level
from kitbash.domain.question import printable
from kitbash.errors import ConfigError, StoreUnavailable
from kitbash.knowledge import starter
from kitbash.knowledge.grain_files import GrainFiles
from kitbash.knowledge.library import Library
from kitbash.knowledge.meaning import Meaning
from kitbash.metabolism.cycles import Metabolism
from kitbash.metabolism.needs import Needs
from kitbash.metabolism.observing import listener
from kitbash.metabolism.schedule import Rhythm
from kitbash.models.encoder.opened import OpenedEncoder
from kitbash.models.generator import Generator
from kitbash.models.guarded import guarded
from kitbash.models.ternary.shipped import ShippedNetwork
from kitbash.server import private
from kitbash.settings import LEASE_MARGIN_MS, Settings, load
from kitbash.settings.language_model import EngineName, Model

if TYPE_CHECKING:
    from kitbash.swarm.client import RedisBusClient
    from kitbash.swarm.returning import Relay
    from kitbash.swarm.trust.registry_store import RegistryStore

_COOLING_S: Final = 10.0
UPKEEP_AGENT: Final = "upkeep"
"""Who looks after the findings bus and opens tasks there, where the settings name nobody."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the blackboard and the broker are; `lease` is there when the server is Kitbash's private one."""

    blackboard: str
    broker: str
    lease: private.Lease | None


def addresses(settings: Settings) -> Addresses:
    """Return where the servers are, having started the private one if none is configured.

    Raises Unavailable if it cannot be started.
    """
    given = _given(settings)
    lease = None if given else private.acquire(settings.paths.data_dir)
    blackboard = given or (lease.url if lease else "")
    broker = settings.broker.url.get_secret_value() if settings.broker.url else blackboard
    return Addresses(blackboard, connection.broker_url(broker), lease)


def _given(settings: Settings) -> str | None:
    redis = settings.redis
    if redis.url is not None:
        return redis.url.get_secret_value()
    if redis.host is None:
        return None
    password = f":{quote(redis.password.get_secret_value(), safe='')}@" if redis.password else ""
    return f"redis://{password}{redis.host}:{redis.port}/{redis.db}"


def policy(settings: Settings) -> Policy:
    """Return the cascade's rules as they are set; thresholds that are not set come from the target precision."""
    scales = calibrated.load(settings.target_precision)
    chosen = {
        Layer.REFLEX: NEVER if scales.exact.threshold == NEVER else scales.target,
        Layer.CARTRIDGE: scales.usual.threshold,
        Layer.SYNTHESIS: scales.usual.composed,
    }
    return Policy(
        rules={
            layer: Rule(
                chosen.get(layer, 0.0) if rule.threshold is None else rule.threshold,
                rule.timeout_ms,
                rule.timeout_ms + LEASE_MARGIN_MS,
                is_calibrated=rule.threshold is None,
            )
            for layer, rule in zip(Layer, settings.rules(), strict=True)
        },
        projects={
            name: ProjectRule(project.factions, project.kappa, masks(settings, project.persona))
            for name, project in settings.projects.items()
        },
        facts_per_shard=settings.cartridge.facts_per_shard,
        candidates=settings.cartridge.candidates,
        max_tokens=settings.kobold.max_tokens,
        temperature=settings.kobold.temperature,
        composer_tokens=settings.bitnet.max_tokens,
        composer_temperature=settings.bitnet.temperature,
        items_per_level=settings.coupling.items_per_level,
        dissonance_threshold=settings.coupling.dissonance_threshold,
    )


def masks(settings: Settings, persona: str) -> tuple[Item, ...]:
    """Return a persona's masks as items of a spotlight; none without one."""
    found = settings.personas.get(persona)
    if found is None:
        return ()
    worn = dict.fromkeys(printable(mask) for mask in found.masks)
    return tuple(Item(Level.MASK, mask, character_context=printable(found.character_context)) for mask in worn)


def _made(settings: Model, server: EngineName, setting: str) -> Generator | None:
    if not settings.is_set:
        return None
    # Imported here: without a model no HTTP client is needed.
    from kitbash.models import making  # noqa: PLC0415

    return making.make(settings, server=server, setting=setting)


class Runtime:
    """One process's collaborators, each made when first used. Not to be carried across a fork."""

    def __init__(self, settings: Settings, at: Addresses | None = None) -> None:
        """Hold settings; nothing is opened yet."""
        self.settings = settings
        self._at = at

    @cached_property
    def at(self) -> Addresses:
        """Return where the servers are."""
        return self._at or addresses(self.settings)

    @cached_property
    def redis(self) -> AnyRedis:
        """Return a client of the blackboard's server. Raises StoreUnavailable, or ConfigError for an unfit server."""
        redis = self.settings.redis
        client = connection.connect(
            self.at.blackboard,
            connect_timeout_s=redis.connect_timeout_s,
            socket_timeout_s=redis.socket_timeout_s,
            cluster=redis.cluster,
        )
        if self.at.lease is None:
            connection.check(client, self.at.blackboard)
        return client

    @cached_property
    def board(self) -> RedisBlackboard:
        """Return the blackboard; raises as `redis` does."""
        return RedisBlackboard(
            self.redis,
            self.at.blackboard,
            ttl_s=self.settings.query.ttl_s,
            max_deliveries=self.settings.broker.max_deliveries,
        )

    @cached_property
    def library(self) -> Library:
        """Return the cartridges: the user's own, then the starter knowledge, which is built when it is not there."""
        paths = self.settings.paths
        folders = [paths.cartridges]
        if self.settings.cartridge.starter:
            folders.append(paths.data_dir.expanduser() / "starter")
            try:
                folders[-1].mkdir(parents=True, exist_ok=True)
            except OSError as error:
                message = f"the data folder {paths.data_dir} cannot be used: {error}; name another: KITBASH_DATA_DIR"
                raise ConfigError(message) from error
            starter.ensure(folders[-1])
        return Library(folders, paths.data_dir.expanduser() / "indices")

    @cached_property
    def context(self) -> TemporalContext | None:
        """Return what remembers users' questions, or None when that is switched off."""
        settings = self.settings.context
        if not settings.enabled:
            return None
        if settings.url is None:
            return RedisContext(self.redis, self.at.blackboard, settings.ttl_s)
        # Imported here: without a service no HTTP client is needed.
        from kitbash.models.breaker import Breaker  # noqa: PLC0415
        from kitbash.models.context_http import HttpContext  # noqa: PLC0415

        breaker = Breaker(failures=3, cooling_s=_COOLING_S)
        return HttpContext(settings.url, deadline_s=settings.deadline_s, breaker=breaker)

    @cached_property
    def grains(self) -> RedisGrains:
        """Return where grains are kept."""
        return RedisGrains(self.redis, self.at.blackboard)

    @cached_property
    def engines(self) -> RedisEngines:
        """Return where the judgements on engines are kept."""
        return RedisEngines(self.redis, self.at.blackboard)

    @cached_property
    def served(self) -> ServedGrains:
        """Return the grains that may answer."""
        return ServedGrains(self.grains, self.settings.target_precision)

    @cached_property
    def crystals(self) -> Crystalliser:
        """Return what brings grains into service and out of it, with the files of those that crystallised."""
        data = self.settings.paths.data_dir.expanduser()
        return Crystalliser(self.grains, self.library, GrainFiles(data / "grains", (data / "starter",)))

    @cached_property
    def servers(self) -> RedisServers:
        """Return the registry of model servers; raises as `redis` does."""
        return RedisServers(self.redis, self.at.blackboard)

    @cached_property
    def archivist(self) -> Archivist:
        """Return what takes ended queries off the blackboard, into the archive unless that is switched off."""
        settings = self.settings.archive
        root = self.settings.paths.archive
        archive = Archive(root, max_bytes=settings.max_bytes, keep_days=settings.keep_days)
        return Archivist(
            board=self.board,
            archive=archive if settings.enabled else None,
            policy=self.policy,
            weights=self.weights,
            decay_s=self.settings.coupling.decay_s,
            grains=self.grains,
            hear=each(self._listeners()),
        )

    def _listeners(self) -> list[Callable[[Trace], None]]:
        """Return what is told of each query that has ended, once it is counted."""
        found: list[Callable[[Trace], None]] = []
        if self.settings.swarm.open_tasks:
            # Imported here: what asks and answers does without the bus.
            from kitbash.swarm.opening import opener  # noqa: PLC0415

            found.append(opener(lambda: self.swarm, self._upkeep_agent))
        if self.settings.metabolism.enabled:
            found.append(listener(self.metabolism_store))
        return found

    @property
    def _upkeep_agent(self) -> str:
        return self.settings.trust.agent or UPKEEP_AGENT

    @cached_property
    def relay(self) -> "Relay":
        """Return what tells queries what the findings bus brought about them; raises as `redis` does."""
        from kitbash.swarm.returning import Relay  # noqa: PLC0415 - as in `swarm`

        return Relay(self.swarm, self.board, self._upkeep_agent, propose_from=self.settings.swarm.propose_from)

    @cached_property
    def metabolism_store(self) -> RedisMetabolism:
        """Return where the metabolism's memory is."""
        return RedisMetabolism(self.redis, self.at.blackboard)

    @cached_property
    def metabolism(self) -> Metabolism:
        """Return what turns experience into grains, between questions."""
        settings = self.settings.metabolism
        return Metabolism(
            Needs(
                store=self.metabolism_store,
                grains=self.grains,
                crystals=self.crystals,
                board=self.board,
                library=self.library,
                rhythm=Rhythm(settings.background_every, settings.idle_after_s, settings.sleep_every_s),
                threshold=self.policy.rule(Stage.FUSE).threshold,
                target_precision=self.settings.target_precision,
                enabled=settings.enabled,
                is_calibrated=self.policy.rule(Stage.FUSE).is_calibrated,
            )
        )

    @cached_property
    def swarm_redis(self) -> AnyRedis:
        """Return a client of the findings bus's server: the blackboard's, unless it has one of its own."""
        given, redis = self.settings.swarm.url, self.settings.redis
        if given is None:
            return self.redis
        waits = (redis.connect_timeout_s, redis.socket_timeout_s)
        return connection.connect(given.get_secret_value(), connect_timeout_s=waits[0], socket_timeout_s=waits[1])

    @property
    def swarm_url(self) -> str:
        """Return where the findings bus's server is."""
        given = self.settings.swarm.url
        return given.get_secret_value() if given else self.at.blackboard

    @cached_property
    def swarm_keys(self) -> "RegistryStore":
        """Return the key registry of the findings bus; raises as `redis` does."""
        from kitbash.swarm.trust.assemble import registry_store  # noqa: PLC0415 - as in `swarm`

        return registry_store(self.settings, self.swarm_redis, self.swarm_url, self.settings.swarm.prefix)

    @cached_property
    def swarm(self) -> "RedisBusClient":
        """Return a client of the findings bus, trusting as much as the settings do; raises as `redis` does."""
        # Imported here: what asks and answers does without the bus.
        from kitbash.swarm.client import RedisBusClient  # noqa: PLC0415
        from kitbash.swarm.trust.assemble import trust  # noqa: PLC0415

        settings, client = self.settings.swarm, self.swarm_redis
        trusting = trust(self.settings, client, self.swarm_url, settings.prefix)
        return RedisBusClient(
            client=client,
            prefix=settings.prefix,
            agent_id=self.settings.trust.agent,
            lease_s=settings.lease_s,
            sealer=trusting.sealer,
            guard=trusting.guard,
        )

    @cached_property
    def policy(self) -> Policy:
        """Return the cascade's rules."""
        return policy(self.settings)

    @cached_property
    def generator(self) -> Generator | None:
        """Return Layer 4's model, or None when none is configured. Raises ConfigError for one that cannot be."""
        return _made(self.settings.kobold, "koboldcpp", "KITBASH_KOBOLD")

    @cached_property
    def small_generator(self) -> Generator | None:
        """Return Layer 3's model, or None when none is configured. Raises ConfigError for one that cannot be.

        A file that is Layer 4's too is in memory once.
        """
        small, large = self.settings.bitnet, self.settings.kobold
        if small.path is not None and (small.path, small.engine) == (large.path, large.engine):
            return self.generator
        return _made(small, "llamacpp", "KITBASH_BITNET")

    @cached_property
    def weights(self) -> Weights:
        """Return how sure Layer 2 is of what. Raises ConfigError if the file that is set cannot be used."""
        return confidence.load(self.settings.encoder.weights)

    @cached_property
    def meaning(self) -> Meaning | None:
        """Return what finds facts by meaning, or None when no encoder is set; it is opened when it is first needed."""
        path = self.settings.encoder.path
        if path is None:
            return None
        return Meaning(OpenedEncoder(path), self.library.cache)

    @cached_property
    def network(self) -> ShippedNetwork:
        """Return the triage network, which is opened when it reads its first question."""
        return ShippedNetwork()

    @cached_property
    def collaborators(self) -> Collaborators:
        """Return what the layers work with."""
        return Collaborators(
            board=self.board,
            library=self.library,
            policy=self.policy,
            weights=self.weights,
            generator=guarded(self.generator),
            context=self.context,
            network=self.network,
            scales=calibrated.load(self.settings.target_precision),
            meaning=self.meaning,
            grains=self.served,
            composer=guarded(self.small_generator),
            reputation=JudgedEngines(self.engines),
        )

    def close(self) -> None:
        """Close what was opened, and leave the private server."""
        opened = self.__dict__
        # What remembers on Redis has no connection of its own.
        own_context = "context" if self.settings.context.url is not None else "generator"
        own_bus = "swarm_redis" if self.settings.swarm.url is not None else "generator"
        for name in ("generator", "small_generator", own_context, own_bus, "library", "board"):
            if opened.get(name) is not None:
                opened[name].close()
        if _CURRENT.get(os.getpid()) is self:
            del _CURRENT[os.getpid()]
        at: Addresses | None = opened.get("at")
        if at is not None and at.lease is not None and self._at is None:
            at.lease.close()

    def make_current(self) -> None:
        """Have this process's Celery application use this runtime, and so its broker.

        Raises ConfigError if it uses another broker already: an application has one for as long as the process lives.
        """
        at = self.at.broker
        given = self.settings.broker.url is not None and not at.startswith("sentinel://")
        if given and os.getpid() not in _BROKER:
            redis = self.settings.redis
            waits = (redis.connect_timeout_s, redis.socket_timeout_s)
            client = connection.connect(at, connect_timeout_s=waits[0], socket_timeout_s=waits[1])
            try:
                connection.check(client, at)
            except StoreUnavailable as error:
                message = f"the broker does not answer: {error}"
                raise StoreUnavailable(message) from error
            finally:
                client.close()
        if _BROKER.setdefault(os.getpid(), at) != at:
            message = f"this process already sends to {connection.masked(_BROKER[os.getpid()])}; use another process"
            raise ConfigError(message)
        _CURRENT[os.getpid()] = self


_BROKER: Final[dict[int, str]] = {}
_CURRENT: Final[dict[int, Runtime]] = {}


def current() -> Runtime:
    """Return this process's runtime, made from the settings in force; a forked child gets one of its own."""
    pid = os.getpid()
    if pid not in _CURRENT:
        _CURRENT.clear()
        Runtime(load().settings).make_current()
    return _CURRENT[pid]
