"""Runs the example: keys for everybody, two tasks, three agents, and what a person is asked in the end.

Keys and data live in a folder that is gone afterwards, and the bus has a prefix of its own: what a configured server
holds is not touched.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from examples.swarm import research
from examples.swarm.agent import REFEREE, RESEARCHERS, on_the_bus
from kitbash.errors import KitbashError
from kitbash.runtime import Runtime
from kitbash.settings import load
from kitbash.swarm import Task
from kitbash.swarm.trust import assemble, key_files
from kitbash.swarm.trust.pinned import Pinned
from kitbash.swarm.trust.registry import LIFETIME_MS, KeyEntry
from kitbash.swarm.trust.roles import Role

ADMIN: Final = "person"
PREFIX: Final = f"kb:{{example-{secrets.token_hex(4)}}}:"
AGENT_S: Final = 60.0


def main() -> int:
    """Run the example; return 0 if the agents contradicted each other and a person is asked."""
    with tempfile.TemporaryDirectory(prefix="kitbash-swarm-", ignore_cleanup_errors=True) as folder:
        os.environ["KITBASH_DATA_DIR"] = folder
        os.environ["KITBASH_TRUST__KEYS_DIR"] = str(Path(folder) / "keys")
        os.environ["KITBASH_TRUST__PASSWORD"] = secrets.token_urlsafe(16)
        os.environ["KITBASH_TRUST__MODE"] = "enforce"
        os.environ["KITBASH_TRUST__AGENT"] = ADMIN
        os.environ.setdefault("KITBASH_LOG_LEVEL", "WARNING")
        runtime = Runtime(load().settings)
        try:
            enrol(runtime)
            return run(runtime)
        except KitbashError as error:
            print(f"kitbash: {error}", file=sys.stderr)
            return 1
        finally:
            lease = runtime.at.lease
            runtime.close()
            if lease is not None:
                lease.wait_stopped(10)


def enrol(runtime: Runtime) -> None:
    """Give the person and each agent a key, and have all of them be in the registry."""
    settings = runtime.settings
    folder, password = assemble.keys_folder(settings), settings.trust.password or SecretStr("")
    pairs = {name: key_files.generate(name) for name in (ADMIN, *RESEARCHERS, REFEREE)}
    for pair in pairs.values():
        key_files.write(folder, pair, password)
    Pinned(folder).trust(pairs[ADMIN].public)
    store = assemble.registry_store(settings, runtime.redis, runtime.at.blackboard, PREFIX)
    since_ms = time.time_ns() // 1_000_000
    for name, pair in pairs.items():
        role = Role.ADMIN if name == ADMIN else Role.AGENT
        entry = KeyEntry(name, role, pair.public, since_ms, since_ms + LIFETIME_MS)
        store.change(pairs[ADMIN], lambda registry, entry=entry: registry.with_key(entry))


def run(runtime: Runtime) -> int:
    """Post the work, let the agents do it, and show what came of it."""
    with on_the_bus(runtime, ADMIN, PREFIX) as bus:
        print(f"question: {research.QUESTION}", flush=True)
        for levels in (research.MEASURED, research.TOLD):
            data = {"levels": [levels[0], levels[-1]]}
            bus.post_task(Task(description=research.QUESTION, type="research", data=data))
        agents = [start(name) for name in (*RESEARCHERS, REFEREE)]
        codes = [agent.wait(AGENT_S) for agent in agents]
        questions, conflicts = bus.get_inbox(), bus.get_conflicts()
        for question in questions:
            print(f"inbox: {question.claim}", flush=True)
            for packet in bus.get_packets(f"finding:{question.id}"):
                print(
                    f"signed by {packet.origin}, key {packet.signature.key_id if packet.signature else '-'}", flush=True
                )
        is_told = len(conflicts) == len(questions) == 1 and not any(codes)
        print("one contradiction, and a person is asked" if is_told else "this is not how it should end", flush=True)
        return 0 if is_told else 1


def start(name: str) -> "subprocess.Popen[bytes]":
    """Start an agent in a process of its own, which signs with its own key."""
    environment = {**os.environ, "KITBASH_TRUST__AGENT": name}
    return subprocess.Popen([sys.executable, "-m", "examples.swarm.agent", name, PREFIX], env=environment)


if __name__ == "__main__":
    sys.exit(main())
