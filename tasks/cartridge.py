"""Queue `cartridge`: Layer 2, searched shard by shard and fused."""

from celery import Task

from kitbash.domain.layer import Stage
from tasks.escalation import take
from tasks.lane import lane


@lane(Stage.SEARCH)
def search(self: "Task[..., None]", query_id: str, shard: int) -> None:
    """Let one shard propose facts for this query."""
    take(self, Stage.SEARCH, query_id, shard)


@lane(Stage.FUSE)
def fuse(self: "Task[..., None]", query_id: str) -> None:
    """Let Layer 2 answer from what all shards proposed."""
    take(self, Stage.FUSE, query_id)
