"""Seals what an agent sends and checks what it reads, as strictly as the mode says."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum

from kitbash.swarm.actions import ANY, Actions
from kitbash.swarm.errors import Refused
from kitbash.swarm.packet import Packet, Signature
from kitbash.swarm.sealing import Operation, Standing, Verdict
from kitbash.swarm.trust import custody
from kitbash.swarm.trust.audit import Audit
from kitbash.swarm.trust.judge import judge, milliseconds, standing_of_key
from kitbash.swarm.trust.key_files import KeyPair
from kitbash.swarm.trust.registry import Registry
from kitbash.swarm.trust.replay import Admission
from kitbash.swarm.trust.roles import permits
from kitbash.swarm.trust.wire import signed_bytes


class TrustMode(StrEnum):
    """How strictly trust is taken: not at all, noted only, or enforced."""

    OFF = "off"
    WARN = "warn"
    ENFORCE = "enforce"


def signed(packet: Packet, action: str, pair: KeyPair) -> Packet:
    """Return the packet with a linked entry of custody for its origin, signed. Nobody is asked, nothing is admitted.

    Raises Invalid for contents that have no canonical bytes.
    """
    chain = custody.longer(packet.chain_of_custody, packet.origin, action, packet.dispatched_at)
    value = b64encode(pair.private.sign(signed_bytes(packet, pair.key_id, chain))).decode()
    return replace(packet, chain_of_custody=chain, signature=Signature(pair.key_id, value))


class PacketSealer:
    """A `Sealer` with an agent's key, a key registry and an admission. Safe to share between threads.

    Warning, what does not stand is noted (`audit.py`) and taken. Enforcing, it is noted and refused. Calls raise
    StoreUnavailable without the server, and Refused if the key registry itself cannot be believed.
    """

    def __init__(
        self,
        registry: Callable[[], Registry],
        admission: Admission,
        audit: Audit,
        *,
        pair: KeyPair | None = None,
        is_enforced: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Sign with a pair, or without one only check. `registry` returns one that may be a little old."""
        self._registry = registry
        self._admission = admission
        self._audit = audit
        self._pair = pair
        self._is_enforced = is_enforced
        self._now = now

    def seal(self, packet: Packet, action: str) -> Packet:
        """Return the packet with a linked entry of custody, signed, and admitted by the server's clock: it goes once.

        Raises Refused, enforcing: without the origin's own key, with one that does not count (any more), for an action
        that its role may not do, for a finding of another worker's, and with a clock off by more than the window.
        """
        if self._pair is None or self._pair.agent != packet.origin:
            linked = custody.extended(packet, packet.origin, action, packet.dispatched_at)
            ours = f"this process signs as {self._pair.agent!r}" if self._pair else "this process has no key"
            reason = f"{ours}; give {packet.origin!r} one (kitbash swarm keys new) and name it in trust.agent"
            self._settle(linked, Standing.UNSIGNED, reason)
            return linked
        sealed = signed(packet, action, self._pair)
        standing, reason = self._of_own(sealed)
        if standing is Standing.VALID:
            standing, reason = self._admission.admit(sealed)
        if standing is not Standing.VALID:
            self._settle(sealed, standing, reason)
        return sealed

    def check(self, packet: Packet, now: datetime, actions: Actions = ANY) -> Verdict:
        """Return whether a packet that is stored may be used, where only these actions fit.

        Its age and how often it was read do not matter.
        """
        now_ms, ahead_ms = milliseconds(now), self._admission.window_ms
        standing, reason = judge(packet, self._registry(), now_ms, ahead_ms=ahead_ms, actions=actions)
        if standing is Standing.VALID:
            return Verdict(standing, is_accepted=True)
        is_accepted = not self._is_enforced
        self._audit.note(packet, standing, reason, is_accepted=is_accepted)
        return Verdict(standing, is_accepted=is_accepted, reason=reason)

    def receive(self, packet: Packet) -> Verdict:
        """Return whether a packet that arrives by another way than the bus may be used: as `check`, and only once.

        It must have been sealed by someone who did not have it admitted; what `seal` returned was, and is a replay.
        """
        verdict = self.check(packet, self._now())
        if verdict.standing is not Standing.VALID:
            return verdict
        standing, reason = self._admission.admit(packet)
        if standing is Standing.VALID:
            return verdict
        is_accepted = not self._is_enforced
        self._audit.note(packet, standing, reason, is_accepted=is_accepted)
        return Verdict(standing, is_accepted=is_accepted, reason=reason)

    def _of_own(self, sealed: Packet) -> tuple[Standing, str]:
        key = self._registry().by_id.get(sealed.signature.key_id if sealed.signature else "")
        if key is None or key.agent != sealed.origin:
            return Standing.UNKNOWN_AGENT, f"the registry does not have this key for {sealed.origin!r}"
        return standing_of_key(sealed, key, milliseconds(sealed.dispatched_at), ahead_ms=self._admission.window_ms)

    def _settle(self, packet: Packet, standing: Standing, reason: str) -> None:
        self._audit.note(packet, standing, reason, is_accepted=not self._is_enforced)
        if self._is_enforced:
            message = f"the packet of {packet.origin!r} cannot be sent ({standing.value}): {reason}"
            raise Refused(message)


class RoleGuard:
    """A `Guard` by the roles of the key registry: who is not in it may do nothing."""

    def __init__(
        self, registry: Callable[[], Registry], *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Use a registry, which may be a little old."""
        self._registry = registry
        self._now = now

    def require(self, agent: str, operation: Operation) -> None:
        """Return if the agent's role permits this. Raises Refused otherwise, and for an agent without a key."""
        key = self._registry().current(agent, milliseconds(self._now()))
        if key is None:
            message = f"{agent!r} has no key that counts, so may not {operation.value}: kitbash swarm keys new {agent}"
            raise Refused(message)
        if not permits(key.role, operation):
            message = f"{agent!r} is {key.role.value}, which may not {operation.value}; ask an admin to do it"
            raise Refused(message)
