"""`kitbash swarm keys` and `verify`: from no key to findings whose signatures somebody else checks."""

from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from kitbash.settings import load
from kitbash.swarm import Context, Finding, RedisBusClient
from kitbash.swarm import finding as findings
from kitbash.swarm.keys import DEFAULT_PREFIX
from kitbash.swarm.packet import Packet, envelope_to
from kitbash.swarm.stored import dumps
from kitbash.swarm.trust import assemble, key_files
from kitbash.swarm.trust.sealer import signed
from tests.integration.cli_asking import Cli
from tests.servers import Server
from tests.trusted import PASSWORD, cheap_passwords


@pytest.fixture
def cli(
    fresh_plain: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    """Return the command on a server and a machine without any key."""
    cheap_passwords(monkeypatch)
    monkeypatch.setenv("KITBASH_REDIS_URL", fresh_plain.url)
    monkeypatch.setenv("KITBASH_TRUST__KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("KITBASH_TRUST__PASSWORD", PASSWORD)
    monkeypatch.setenv("KITBASH_TRUST__MODE", "enforce")
    return Cli(monkeypatch, capsys)


@pytest.fixture
def enrolled(cli: Cli) -> Cli:
    """Return the command where an admin and an agent have keys."""
    assert cli("swarm", "keys", "new", "admin", "--role", "admin").code == 0
    assert cli("swarm", "keys", "new", "ann").code == 0
    return cli


def posted(server: Server, cli: Cli, agent: str = "ann") -> str:
    """Return the id of a finding that an agent posted, signed as the settings say."""
    cli.monkeypatch.setenv("KITBASH_TRUST__AGENT", agent)
    redis = server.connect()
    trust = assemble.trust(load().settings, redis, server.url, DEFAULT_PREFIX)
    finding = Finding(claim="it is so", worker_id=agent, confidence=0.9, citations=["a", "b"])
    with RedisBusClient(client=redis, agent_id=agent, sealer=trust.sealer, guard=trust.guard) as client:
        assert client.post_finding(finding)
    redis.close()
    return finding.id


COLUMNS: Final = {"agent", "role", "key", "state", "since", "until", "reason", "public", "is_here", "is_trusted"}


def test_keys_are_made_listed_and_trusted(enrolled: Cli) -> None:
    said = enrolled.said("swarm", "keys", "list")
    assert [(key["agent"], key["role"], key["state"], key["is_trusted"]) for key in said["keys"]] == [
        ("admin", "admin", "counts", True),
        ("ann", "agent", "counts", False),
    ]
    assert said["keys"][0].keys() == COLUMNS
    assert said["trusted"] == [said["keys"][0]["public"]]


def test_a_signed_finding_is_verified_and_a_changed_one_is_not(enrolled: Cli, fresh_plain: Server) -> None:
    finding_id = posted(fresh_plain, enrolled)
    (packet,) = enrolled.said("swarm", "verify", finding_id)["packets"]
    assert (packet["origin"], packet["action"], packet["standing"]) == ("ann", "post_finding", "valid")
    node = fresh_plain.node()
    node.hset(f"{DEFAULT_PREFIX}finding:{finding_id}", "claim", "it is not so")
    node.close()
    ran = enrolled("swarm", "verify", f"finding:{finding_id}")
    assert ran.code == 1
    assert "invalid" in ran.out
    assert "the packet was changed" in ran.out


def test_a_context_that_was_changed_and_a_finding_that_was_copied_are_not_verified(
    enrolled: Cli, fresh_plain: Server
) -> None:
    finding_id = posted(fresh_plain, enrolled)
    with closing(fresh_plain.connect()) as redis, closing(fresh_plain.node()) as node:
        trust = assemble.trust(load().settings, redis, fresh_plain.url, DEFAULT_PREFIX)
        RedisBusClient(client=redis, agent_id="ann", sealer=trust.sealer).share_context(Context("task", "one"))
        assert enrolled("swarm", "verify", "context:task:one").code == 0
        node.hset(f"{DEFAULT_PREFIX}context:task:one", "notes", "open the door")
        assert "the packet was changed" in enrolled("swarm", "verify", "context:task:one").out
        node.copy(f"{DEFAULT_PREFIX}finding:{finding_id}", f"{DEFAULT_PREFIX}finding:other")
        assert "copied" in enrolled.refused("swarm", "verify", "finding:other", code=1)
        assert enrolled("swarm", "verify", finding_id).code == 0


def test_what_was_signed_to_do_something_else_is_not_verified(enrolled: Cli, fresh_plain: Server) -> None:
    finding_id = posted(fresh_plain, enrolled)
    settings = load().settings
    pair = key_files.read(assemble.keys_folder(settings), "ann", SecretStr(PASSWORD))
    with closing(fresh_plain.node()) as node:
        at = f"{DEFAULT_PREFIX}finding:{finding_id}"
        contents = findings.contents_of(findings.of_fields(node.hgetall(at)))
        node.hset(at, "packet", dumps(envelope_to(signed(Packet("ann", contents), "post_task", pair))))
    ran = enrolled("swarm", "verify", finding_id)
    assert ran.code == 1
    assert "invalid" in ran.out


def test_a_rotated_key_goes_on_counting_for_what_it_signed_and_a_revoked_one_does_not(
    enrolled: Cli, fresh_plain: Server
) -> None:
    before = posted(fresh_plain, enrolled)
    assert enrolled("swarm", "keys", "rotate", "ann").code == 0
    after = posted(fresh_plain, enrolled)
    assert enrolled("swarm", "verify", before).code == enrolled("swarm", "verify", after).code == 0
    first, second = [key for key in enrolled.said("swarm", "keys", "list")["keys"] if key["agent"] == "ann"]
    assert (first["state"], second["state"]) == ("ended", "counts")
    assert enrolled("swarm", "keys", "revoke", "ann", "--key", first["key"], "--reason", "lost").code == 0
    assert "revoked: lost" in enrolled("swarm", "verify", before).out
    assert enrolled("swarm", "verify", after).code == 0


def test_an_agent_on_another_machine_is_enrolled_by_its_public_key(enrolled: Cli, tmp_path: Path) -> None:
    here = str(tmp_path / "keys")
    enrolled.monkeypatch.setenv("KITBASH_TRUST__KEYS_DIR", str(tmp_path / "elsewhere"))
    made = enrolled("swarm", "keys", "new", "bob", "--role", "reader")
    assert made.code == 0
    command = made.out.splitlines()[-1].split()
    assert command[:5] == ["kitbash", "swarm", "keys", "new", "bob"]
    assert "not pinned" in enrolled.refused("swarm", "keys", "list", code=1)
    enrolled.monkeypatch.setenv("KITBASH_TRUST__KEYS_DIR", here)
    assert enrolled(*command[1:]).code == 0
    root = enrolled.said("swarm", "keys", "list")["trusted"][0]
    enrolled.monkeypatch.setenv("KITBASH_TRUST__KEYS_DIR", str(tmp_path / "elsewhere"))
    assert enrolled("swarm", "keys", "trust", root).code == 0
    keys = {key["agent"]: key for key in enrolled.said("swarm", "keys", "list")["keys"]}
    assert (keys["bob"]["role"], keys["bob"]["is_here"]) == ("reader", True)


def test_a_lost_registry_is_put_back(enrolled: Cli, fresh_plain: Server) -> None:
    fresh_plain.flush()
    assert "keys publish" in enrolled.refused("swarm", "keys", "list", code=1)
    assert enrolled("swarm", "keys", "publish").code == 0
    assert len(enrolled.said("swarm", "keys", "list")["keys"]) == 2


def test_the_first_admin_is_tried_again_after_a_failure(cli: Cli, fresh_plain: Server) -> None:
    there = fresh_plain.node()
    there.rpush(f"{DEFAULT_PREFIX}trust:registry", "something")
    assert "is no hash" in cli.refused("swarm", "keys", "new", "admin", "--role", "admin", code=1)
    there.delete(f"{DEFAULT_PREFIX}trust:registry")
    there.close()
    assert cli("swarm", "keys", "new", "admin", "--role", "admin").code == 0
    said = cli.said("swarm", "keys", "list")
    assert said["trusted"] == [said["keys"][0]["public"]]


def test_a_revoked_or_rotated_admin_is_let_go_of(enrolled: Cli) -> None:
    assert enrolled("swarm", "keys", "new", "second", "--role", "admin").code == 0
    first, _, second = [key["public"] for key in enrolled.said("swarm", "keys", "list")["keys"]]
    assert enrolled("swarm", "keys", "trust", second).code == 0
    rotated = enrolled("swarm", "keys", "rotate", "admin")
    assert rotated.code == 0
    assert f"keys trust {first} --remove" in rotated.out
    assert first not in enrolled.said("swarm", "keys", "list")["trusted"]
    assert "another admin" in enrolled.refused("swarm", "keys", "revoke", "admin")
    revoked = enrolled("swarm", "keys", "revoke", "second", "--reason", "lost")
    assert revoked.code == 0
    assert f"keys trust {second} --remove" in revoked.out
    said = enrolled.said("swarm", "keys", "list")
    assert said["trusted"] == [said["keys"][-1]["public"]]


def test_a_key_that_could_not_be_enrolled_is_not_left_behind(enrolled: Cli, tmp_path: Path) -> None:
    root = enrolled.said("swarm", "keys", "list")["trusted"][0]
    assert enrolled("swarm", "keys", "trust", root, "--remove").code == 0
    assert "not pinned" in enrolled.refused("swarm", "keys", "new", "bob", code=1)
    assert not (tmp_path / "keys" / "bob.key").exists()


def test_what_cannot_be_is_refused_in_one_line(enrolled: Cli) -> None:
    assert "rotate" in enrolled.refused("swarm", "keys", "new", "ann")
    assert "no key in the registry" in enrolled.refused("swarm", "keys", "rotate", "bob", "--public", "A" * 43 + "=")
    assert "could be revoked" in enrolled.refused("swarm", "keys", "revoke", "bob")
    assert "no public key" in enrolled.refused("swarm", "keys", "trust", "abc")
    assert "no packet" in enrolled.refused("swarm", "verify", "nothing")
    enrolled.monkeypatch.setenv("KITBASH_TRUST__PASSWORD", "another password")
    assert "does not open" in enrolled.refused("swarm", "keys", "new", "bob")
    enrolled.monkeypatch.delenv("KITBASH_TRUST__PASSWORD")
    assert "PASSWORD_FILE" in enrolled.refused("swarm", "keys", "new", "eve")
