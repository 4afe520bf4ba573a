"""The spotlights of a query in memory: the pure rules, with everything going through the codecs on its way."""

from collections.abc import Sequence

from kitbash.blackboard.board import OPEN, EventKind
from kitbash.blackboard.bus import PostCode
from kitbash.blackboard.redis_bus import MOST_ITEMS
from kitbash.cascade import coupling
from kitbash.domain import bus_codec, codec
from kitbash.domain.coupling import Coupled, Health
from kitbash.domain.ids import QueryId
from kitbash.domain.item import Item
from kitbash.domain.level import Level
from kitbash.domain.lifecycle import Lifecycle
from kitbash.errors import BusError, UsageError
from tests.twins.memory_query import delta_from
from tests.twins.memory_store import MemoryStore


class MemoryBus(MemoryStore):
    """The part of a `Blackboard` on which a query is thought through."""

    def post(self, query_id: QueryId, items: Sequence[Item]) -> PostCode:
        if len(items) > MOST_ITEMS:
            message = f"{len(items)} items are too many"
            raise BusError(message)
        texts = {level: [bus_codec.item_to(item) for item in items if item.level is level] for level in Level}
        with self._changed:
            query = self._query(query_id)
            if query is None:
                return PostCode.MISSING
            if query.state != OPEN:
                return PostCode.ENDED
            try:
                coupling.check_kappa(query.new.kappa)
            except UsageError as error:
                message = f"query {query_id}: {error}"
                raise BusError(message) from error
            query.spotlights.fill(texts, self._clock_ms(), self._ttl_ms)
            return PostCode.POSTED

    def couple(self, query_id: QueryId) -> Coupled | None:
        with self._changed:
            query, now_ms = self._query(query_id), self._clock_ms()
            if query is None or query.state != OPEN:
                return None
            spotlights = query.spotlights
            is_first = spotlights.coupled_ms is None
            at_ms = now_ms if spotlights.coupled_ms is None else spotlights.coupled_ms
            try:
                found = coupling.couple(spotlights.items_at(now_ms), query.new.kappa, at_ms)
            except UsageError as error:
                message = f"query {query_id} cannot be coupled"
                raise BusError(message) from error
            spotlights.coupled_ms = at_ms
            spotlights.placements = dict(found.placements)
            spotlights.checks = [codec.dumps(bus_codec.check_to(check)) for check in found.checks]
            spotlights.deltas = [codec.dumps(bus_codec.delta_to(delta)) for delta in found.deltas]
            spotlights.placements_until_ms = spotlights.coupling_until_ms = now_ms + self._ttl_ms
            for at, delta in enumerate(spotlights.deltas if is_first else ()):
                self._log(query, EventKind.DELTA, str(at))
                self._tell(query_id, EventKind.DELTA, delta)
            return spotlights.coupled_at(now_ms)

    def health(self, query_id: QueryId, *, threshold: int) -> Health:
        with self._changed:
            query = self._query(query_id)
            texts = [] if query is None else query.spotlights.deltas_at(self._clock_ms())
            return coupling.health([delta_from(text) for text in texts], threshold)

    def consider(self, query_id: QueryId, items: Sequence[Item], *, threshold: int) -> tuple[Coupled, Health] | None:
        with self._changed:
            if self.post(query_id, items) is not PostCode.POSTED:
                return None
            coupled = self.couple(query_id)
            return None if coupled is None else (coupled, self.health(query_id, threshold=threshold))

    def resolve(self, query_id: QueryId, delta_id: str, resolution: str) -> bool:
        with self._changed:
            query = self._query(query_id)
            texts = [] if query is None else query.spotlights.deltas_at(self._clock_ms())
            for at, text in enumerate(texts):
                record = codec.json.loads(text)
                if record["delta_id"] == delta_id:
                    texts[at] = codec.dumps(record | {"resolution": resolution})
                    return True
            return False

    def advance(self, query_id: QueryId, lifecycle: Lifecycle) -> None:
        with self._changed:
            query = self._query(query_id)
            if query is not None and query.state == OPEN:
                self._come(query, lifecycle)
