"""The judgements on engines, on Redis."""

from collections.abc import Mapping
from typing import Any

from kitbash.blackboard import keys
from kitbash.blackboard.connection import translated
from kitbash.blackboard.engines import JudgeCode, Judged
from kitbash.blackboard.grains import VOTES_TTL_S
from kitbash.blackboard.scripts import AnyRedis, Scripts
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Layer


class RedisEngines:
    """`Engines` on a Redis or Valkey server, or a cluster of them. Safe to share between threads."""

    def __init__(self, client: AnyRedis, url: str) -> None:
        """Use a client, which stays its owner's to close; `url` is for messages. Nothing is sent yet."""
        # The stubs of redis-py know replies only by half.
        self._client: Any = client
        self._url = url
        self._judge = Scripts.on(client).judge

    def judge(self, query_id: QueryId, layer: Layer, *, is_right: bool) -> JudgeCode:
        """Have a query count once for the engine that answered it; atomic."""
        at = [keys.ENGINES, keys.judged(query_id)]
        with translated(self._url):
            code: Any = self._judge(keys=at, args=[int(layer), "right" if is_right else "wrong", VOTES_TTL_S])
        return JudgeCode(int(code))

    def judged(self) -> Mapping[Layer, Judged]:
        """Return what was said of every engine that was judged at all."""
        with translated(self._url):
            counts: dict[str, str] = self._client.hgetall(keys.ENGINES)

        def count(layer: Layer, how: str) -> int:
            return int(counts.get(f"{int(layer)}.{how}", 0))

        found = {layer: Judged(count(layer, "right"), count(layer, "wrong")) for layer in Layer}
        return {layer: it for layer, it in found.items() if it.right or it.wrong}
