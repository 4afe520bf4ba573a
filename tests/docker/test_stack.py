"""The image and the compose file as a user runs them: one worker behind a Redis, and all services together."""

import json
import os
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import pytest
import pytest_docker_tools  # pyright: ignore[reportMissingTypeStubs]
from pytest_celery import (  # pyright: ignore[reportMissingTypeStubs]
    CeleryTestSetup,
    CeleryWorkerContainer,
    RedisContainer,
    RedisTestBackend,
    RedisTestBroker,
)
from typing_extensions import override

from tests.docker.compose import Compose
from tests.waiting import until

# Named in full: pytest-celery's plugin is switched off for all other tests.
pytest_plugins = ("pytest_celery.plugin",)
pytestmark = pytest.mark.timeout(1200)  # the first of them builds the image

QUESTION: Final = "How many bones in a human skeleton"
ANSWER: Final = "An adult human skeleton normally has 206 bones."
OTHER_QUESTION: Final = "How fast is light in vacuum?"
OTHER_ANSWER: Final = "The speed of light in a vacuum is exactly 299,792,458 metres per second"
ASK: Final = ("ask", "--mode", "celery", "--timeout", "60", "--json")
ANSWERED_S: Final = 90.0
UP_S: Final = 120
WORKERS: Final = ("reflex", "bitnet", "cartridge", "kobold", "upkeep")
SERVICES: Final = ("redis", *WORKERS, "beat", "flower")


class KitbashWorker(CeleryWorkerContainer):
    """A worker as the image starts it: every queue, a user of its own."""

    @property
    @override
    def ready_prompt(self) -> str:
        return "worker.ready"


# The factories leave their types unknown.
make: Final[Any] = pytest_docker_tools
redis_data: Final[Any] = make.volume()
worker_data: Final[Any] = make.volume()
default_redis_broker: Final[Any] = make.container(
    image="redis:7-bookworm",
    command=make.fxtr("default_redis_broker_command"),
    ports={"6379/tcp": ("127.0.0.1", None)},
    volumes={"{redis_data.name}": {"bind": "/data", "mode": "rw"}},
    network="{default_pytest_celery_network.name}",
    wrapper_class=RedisContainer,
    timeout=60,
)
default_worker_container: Final[Any] = make.container(
    image="{image}",
    environment=make.fxtr("default_worker_env"),
    volumes={"{worker_data.name}": {"bind": "/data", "mode": "rw"}},
    network="{default_pytest_celery_network.name}",
    wrapper_class=KitbashWorker,
    timeout=60,
)


@pytest.fixture
def celery_broker(celery_redis_broker: RedisTestBroker) -> RedisTestBroker:
    """Return the one kind of broker that Kitbash uses."""
    return celery_redis_broker


@pytest.fixture
def celery_backend(default_redis_broker: RedisContainer) -> RedisTestBackend:
    """Return the broker's own server: Kitbash's workers join their chords there."""
    return RedisTestBackend(default_redis_broker)


@pytest.fixture
def default_worker_env(default_redis_broker: RedisContainer) -> dict[str, str]:
    return {"KITBASH_REDIS_URL": default_redis_broker.url}


def ask(broker: Any, question: str) -> "subprocess.Popen[str]":
    """Ask in a process of its own, which finds the broker where its port is mapped."""
    return subprocess.Popen(
        [sys.executable, "-m", "kitbash", *ASK, question],
        env=os.environ | {"KITBASH_REDIS_URL": broker.config()["host_url"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer_to(asking: "subprocess.Popen[str]") -> dict[str, Any]:
    with asking:
        try:
            said, complained = asking.communicate(timeout=ANSWERED_S)
        except subprocess.TimeoutExpired:
            asking.kill()
            raise
    assert asking.returncode == 0, complained
    return json.loads(said)


def test_a_worker_of_the_image_answers_without_being_root(celery_setup: CeleryTestSetup) -> None:
    worker: Any = celery_setup.worker
    assert worker.container.exec_run("id -un")[1] == b"kitbash\n"
    result = answer_to(ask(celery_setup.broker, QUESTION))
    assert (result["answer"], result["layer"], result["mode"]) == (ANSWER, 2, "celery")


def test_a_killed_worker_answers_after_its_restart_what_was_asked_meanwhile(celery_setup: CeleryTestSetup) -> None:
    worker: Any = celery_setup.worker
    broker: Any = celery_setup.broker
    assert answer_to(ask(broker, QUESTION))["layer"] == 2
    worker.kill()
    assert worker.container.status == "exited"
    asking = ask(broker, OTHER_QUESTION)
    with closing(broker.container.client) as server:
        until(lambda: server.llen("kb:reflex") or asking.poll() is not None, ANSWERED_S)
    worker.restart()
    result = answer_to(asking)
    assert result["answer"].startswith(OTHER_ANSWER)
    assert result["layer"] == 2


# The stack of docker-compose.yml. Flower's port is any free one, for another Kitbash may run on this machine.
OVER: Final = """
services:
  flower:
    ports: !override
      - "127.0.0.1::5555"
"""


@pytest.fixture(scope="module")
def stack(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """Run all services of the compose file; leave no container, network or volume of theirs."""
    folder = tmp_path_factory.mktemp("stack")
    env_file, over = folder / "env", folder / "over.yml"
    env_file.write_text(f"REDIS_PASSWORD={secrets.token_hex(16)}\n")
    over.write_text(OVER)
    compose = Compose(f"kitbash-{secrets.token_hex(4)}", env_file, (over,))
    try:
        up = compose.attempt("up", "--detach", "--no-build", "--wait", f"--wait-timeout={UP_S}", timeout_s=UP_S + 60)
        assert up.returncode == 0, up.stderr + compose.run("logs", "--no-color", "--tail=20")
        yield compose
    finally:
        compose.run("down", "--volumes", "--timeout=20", timeout_s=120)


def test_every_service_becomes_healthy(stack: Compose) -> None:
    found = [json.loads(line) for line in stack.run("ps", "--all", "--format=json").splitlines()]
    assert {it["Service"]: it["Health"] for it in found} == dict.fromkeys(SERVICES, "healthy")


def test_the_workers_of_the_stack_answer_together(stack: Compose) -> None:
    result = json.loads(stack.run("exec", "-T", "reflex", "kitbash", *ASK, QUESTION, timeout_s=ANSWERED_S))
    assert (result["answer"], result["layer"], result["mode"]) == (ANSWER, 2, "celery")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_not_root_and_cannot_become_it_or_change_its_image(stack: Compose, service: str) -> None:
    assert stack.sh(service, "id -un") == ("redis" if service == "redis" else "kitbash")
    # The first process is the service itself.
    status = dict(line.split(":\t", 1) for line in stack.sh(service, "cat /proc/1/status").splitlines())
    assert "0" not in status["Uid"].split() + status["Gid"].split()
    assert (int(status["CapBnd"], 16), int(status["CapEff"], 16), status["NoNewPrivs"]) == (0, 0, "1")
    root = next(line.split() for line in stack.sh(service, "cat /proc/1/mounts").splitlines() if line.split()[1] == "/")
    assert "ro" in root[3].split(",")
    assert "Read-only file system" in stack.sh(service, "touch /new")


@pytest.mark.parametrize("command", ["FLUSHALL", "FLUSHDB", "KEYS '*'", "CONFIG GET '*'", "ACL LIST", "SHUTDOWN"])
def test_redis_refuses_dangerous_commands_to_kitbash(stack: Compose, command: str) -> None:
    assert stack.sh("redis", f'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli {command}').startswith("NOPERM")


def test_redis_keeps_kitbash_to_its_own_keys(stack: Compose) -> None:
    cli = 'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli'
    assert stack.sh("redis", f"{cli} SET kb:mine 1") == "OK"
    assert stack.sh("redis", f"{cli} SET other 1").startswith("NOPERM")


def test_redis_refuses_those_without_the_password(stack: Compose) -> None:
    assert stack.sh("redis", "redis-cli GET kb:mine").startswith("NOAUTH")
    assert "WRONGPASS" in stack.sh("redis", "REDISCLI_AUTH=wrong redis-cli GET kb:mine")
    health = "redis-cli --user health --pass none --no-auth-warning"
    assert stack.sh("redis", f"{health} PING") == "PONG"
    assert stack.sh("redis", f"{health} GET kb:mine").startswith("NOPERM")


def test_flower_is_reachable_from_this_machine_only_and_sees_every_worker(stack: Compose) -> None:
    address = stack.run("port", "flower", "5555").strip()
    assert address.startswith("127.0.0.1:")
    names = {f"{worker}@{stack.sh(worker, 'hostname')}" for worker in WORKERS}

    def seen() -> bool:
        with urllib.request.urlopen(f"http://{address}/workers?json=1", timeout=10) as page:
            return names == {it["hostname"] for it in json.load(page)["data"] if it["status"]}

    until(seen, 30.0)
