"""Private keys on disk: encrypted, the owner's alone, and never read from where others could have been."""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from pydantic import SecretStr

from kitbash.errors import ConfigError, NotFound
from kitbash.settings import load
from kitbash.swarm.errors import Invalid
from kitbash.swarm.trust import key_files
from kitbash.swarm.trust.key_files import KeyPair
from kitbash.swarm.trust.passwords import password
from tests.trusted import PASSWORD, cheap_passwords

SECRET = SecretStr(PASSWORD)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture(autouse=True)
def _cheap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    if "costs" not in request.node.name:
        cheap_passwords(monkeypatch)


@pytest.fixture
def ann(folder: Path) -> KeyPair:
    """Return a key that is in the folder."""
    pair = key_files.generate("ann")
    key_files.write(folder, pair, SECRET)
    return pair


def test_what_was_written_is_read(folder: Path, ann: KeyPair) -> None:
    read = key_files.read(folder, "ann", SECRET)
    assert read.private.private_bytes_raw() == ann.private.private_bytes_raw()
    assert (read.agent, read.public, read.key_id) == (ann.agent, ann.public, ann.key_id)


def test_the_folder_and_the_file_are_the_owners_alone(folder: Path, ann: KeyPair) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [(path.name, path.stat().st_mode & 0o777) for path in folder.iterdir()] == [(f"{ann.agent}.key", 0o600)]


def test_the_private_key_is_nowhere_in_the_clear(folder: Path, ann: KeyPair) -> None:
    written, raw = (folder / "ann.key").read_bytes(), ann.private.private_bytes_raw()
    assert raw not in written
    assert b64encode(raw) not in written
    assert raw.hex().encode() not in written
    assert PASSWORD not in written.decode()
    assert ann.public not in repr(ann)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_file_that_others_may_read_is_refused(folder: Path, ann: KeyPair, mode: int) -> None:
    (folder / f"{ann.agent}.key").chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        key_files.read(folder, "ann", SECRET)


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_folder_that_others_may_enter_is_refused(folder: Path, ann: KeyPair, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 700"):
        key_files.read(folder, ann.agent, SECRET)
    with pytest.raises(ConfigError, match="chmod 700"):
        key_files.write(folder, key_files.generate("bob"), SECRET)


def test_a_link_is_refused(folder: Path, ann: KeyPair) -> None:
    path = folder / f"{ann.agent}.key"
    path.rename(folder / "elsewhere")
    path.symlink_to(folder / "elsewhere")
    with pytest.raises(ConfigError, match="plain file"):
        key_files.read(folder, "ann", SECRET)


def test_another_password_does_not_open_it(folder: Path, ann: KeyPair) -> None:
    with pytest.raises(ConfigError, match="does not open") as caught:
        key_files.read(folder, ann.agent, SecretStr("wrong password"))
    assert "wrong password" not in str(caught.value)


def test_every_part_of_the_file_is_authentic(folder: Path, ann: KeyPair) -> None:
    path = folder / f"{ann.agent}.key"
    stored = json.loads(path.read_text())
    for name in ("agent", "public", "nonce", "sealed"):
        changed = stored[name]
        path.write_text(json.dumps({**stored, name: ("A" if changed[0] != "A" else "B") + changed[1:]}))
        with pytest.raises(ConfigError):
            key_files.read(folder, "ann", SECRET)


def test_costs_that_a_file_asks_for_are_not_obeyed(folder: Path, ann: KeyPair) -> None:
    path = folder / f"{ann.agent}.key"
    stored = json.loads(path.read_text())
    assert stored["kdf"]["n"] * stored["kdf"]["r"] * 128 == 32 * 2**20
    stored["kdf"]["n"] = 2**30
    path.write_text(json.dumps(stored))
    with pytest.raises(ConfigError, match="no key file"):
        key_files.read(folder, "ann", SECRET)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"version":1}', b"7"])
def test_what_is_no_key_file_is_refused(folder: Path, ann: KeyPair, content: bytes) -> None:
    (folder / f"{ann.agent}.key").write_bytes(content)
    with pytest.raises(ConfigError, match="no key file"):
        key_files.read(folder, "ann", SECRET)


def test_another_agents_file_under_a_name_is_refused(folder: Path, ann: KeyPair) -> None:
    (folder / f"{ann.agent}.key").rename(folder / "bob.key")
    with pytest.raises(ConfigError, match="another agent"):
        key_files.read(folder, "bob", SECRET)


def test_a_key_is_not_overwritten_unless_it_is_to_be(folder: Path, ann: KeyPair) -> None:
    newer = key_files.generate("ann")
    with pytest.raises(ConfigError, match="rotate"):
        key_files.write(folder, newer, SECRET)
    assert key_files.read(folder, "ann", SECRET).public == ann.public
    key_files.write(folder, newer, SECRET, replace=True)
    assert key_files.read(folder, "ann", SECRET).public == newer.public
    assert len(list(folder.iterdir())) == 1


def test_a_short_password_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="fewer than 8"):
        key_files.write(folder, key_files.generate("ann"), SecretStr("short"))
    assert not list(folder.iterdir())


def test_no_key_is_not_found(folder: Path) -> None:
    with pytest.raises(NotFound, match="keys new ann"):
        key_files.read(folder, "ann", SECRET)


@pytest.mark.parametrize("agent", ["../ann", "a/b", "", "a\n"])
def test_a_name_that_leads_elsewhere_is_refused(folder: Path, agent: str) -> None:
    with pytest.raises(Invalid):
        key_files.path_of(folder, agent)
    with pytest.raises(Invalid):
        key_files.generate(agent)


def test_the_password_is_what_is_set_else_in_the_file_else_what_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert password(load().settings, lambda: "typed").get_secret_value() == "typed"
    with pytest.raises(ConfigError, match="PASSWORD_FILE"):
        password(load().settings)
    kept = tmp_path / "password"
    kept.write_text(f"{PASSWORD}\nmore\n")
    kept.chmod(0o600)
    monkeypatch.setenv("KITBASH_TRUST__PASSWORD_FILE", str(kept))
    assert password(load().settings).get_secret_value() == PASSWORD
    monkeypatch.setenv("KITBASH_TRUST__PASSWORD", "set")
    assert password(load().settings).get_secret_value() == "set"
    assert "set" not in repr(load().settings.trust.password)


def test_a_password_file_that_others_may_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "password"
    kept.write_text(PASSWORD)
    kept.chmod(0o644)
    monkeypatch.setenv("KITBASH_TRUST__PASSWORD_FILE", str(kept))
    with pytest.raises(ConfigError, match="chmod 600"):
        password(load().settings)
