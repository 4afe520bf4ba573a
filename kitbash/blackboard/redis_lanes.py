"""The lanes of the blackboard on Redis: what a queue's workers share, who they are, and what they gave up on."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kitbash.blackboard import keys
from kitbash.blackboard.connection import server_time_ms, translated
from kitbash.blackboard.lanes import DeadLetter
from kitbash.blackboard.scripts import AnyRedis, Scripts
from kitbash.domain import codec
from kitbash.domain.layer import Queue

DEAD_LENGTH: Final = 1000


class RedisLanes:
    """The part of a `Blackboard` that is about queues, not queries."""

    def __init__(self, client: AnyRedis, url: str) -> None:
        """Use a client; `url` is for messages. Nothing is sent yet."""
        # The stubs of redis-py know two kinds of client, and their replies only by half.
        self._client: Any = client
        self._url = url
        self._scripts = Scripts.on(client)

    def acquire_slot(self, queue: Queue, *, token: str, lease_ms: int, slots: int) -> bool:
        """Take one of a lane's slots until the lease ends, or return False if all are taken."""
        with translated(self._url):
            return bool(self._scripts.acquire_slot(keys=[keys.slots(queue)], args=[token, lease_ms, slots]))

    def release_slot(self, queue: Queue, *, token: str) -> None:
        """Give a slot back."""
        with translated(self._url):
            self._client.zrem(keys.slots(queue), token)

    def bury(self, letter: DeadLetter) -> None:
        """Keep what a queue gave up on; the oldest beyond a thousand are dropped."""
        key = keys.dead(letter.queue)
        with translated(self._url):
            record = {
                "task": letter.task,
                "query_id": letter.query_id,
                "reason": letter.reason,
                "at_ms": server_time_ms(self._client),
            }
            pipe = self._client.pipeline(transaction=False)
            pipe.lpush(key, codec.dumps(record))
            pipe.ltrim(key, 0, DEAD_LENGTH - 1)
            pipe.execute()

    def dead(self, queue: Queue) -> Sequence[DeadLetter]:
        """Return what a queue gave up on, the newest first."""
        with translated(self._url):
            letters: Any = self._client.lrange(keys.dead(queue), 0, -1)
        return [DeadLetter(queue=queue, **codec.json.loads(text)) for text in letters]

    def announce(self, worker: str, queues: Sequence[Queue], *, ttl_ms: int) -> None:
        """Let others know for a while that a worker serves these queues."""
        with translated(self._url):
            now_ms = server_time_ms(self._client)
            pipe = self._client.pipeline(transaction=False)
            for queue in queues:
                pipe.zremrangebyscore(keys.workers(queue), "-inf", now_ms)
                if ttl_ms:
                    pipe.zadd(keys.workers(queue), {worker: now_ms + ttl_ms})
                else:
                    pipe.zrem(keys.workers(queue), worker)
            pipe.execute()

    def workers(self) -> Mapping[Queue, Sequence[str]]:
        """Return the workers that announced themselves, by queue."""
        with translated(self._url):
            now_ms = server_time_ms(self._client)
            pipe = self._client.pipeline(transaction=False)
            for queue in Queue:
                pipe.zrangebyscore(keys.workers(queue), now_ms, "+inf")
            return dict(zip(Queue, pipe.execute(), strict=True))
