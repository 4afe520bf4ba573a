"""The Lua scripts as Python callables: EVALSHA, loaded again by the client when the server has forgotten them."""

from dataclasses import dataclass
from functools import cache

from redis.client import Redis
from redis.cluster import RedisCluster
from redis.commands.core import Script

from kitbash import assets

AnyRedis = Redis | RedisCluster


@cache
def source(verb: str) -> str:
    """Return the text of `lua/<verb>.lua`."""
    return assets.path(f"lua/{verb}.lua").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Scripts:
    """One script a verb; each field is the file of the same name."""

    open: Script
    open_answered: Script
    claim: Script
    record: Script
    say: Script
    finish: Script
    resume: Script
    post: Script
    couple: Script
    health: Script
    amend: Script
    advance: Script
    settle: Script
    tell_later: Script
    tally: Script
    retire: Script
    acquire_slot: Script
    visit: Script
    hit: Script
    vote: Script
    judge: Script
    promote: Script
    restore: Script
    drop: Script
    begin_cycle: Script
    keep_cycle: Script

    @classmethod
    def on(cls, client: AnyRedis) -> "Scripts":
        """Register every script with a client; nothing is sent before the first call."""
        return cls(**{verb: client.register_script(source(verb)) for verb in cls.__dataclass_fields__})
