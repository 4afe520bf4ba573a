"""The client of the findings bus that blocks."""

from collections.abc import Sequence
from typing import Any, Self, cast

from redis.client import Redis
from redis.cluster import RedisCluster

from kitbash.blackboard import connection
from kitbash.errors import KitbashError
from kitbash.swarm import check, connecting
from kitbash.swarm.agreement import Agreement
from kitbash.swarm.commands import conflicts, findings, hygiene, inbox, packets, proposals, sharing, tasks, watching
from kitbash.swarm.commands.watching import Event
from kitbash.swarm.conflict import THRESHOLD, Clash, Conflict, Resolution
from kitbash.swarm.context import Context
from kitbash.swarm.finding import Finding
from kitbash.swarm.keys import DEFAULT_PREFIX
from kitbash.swarm.packet import Packet
from kitbash.swarm.proposal import Decision, Proposal
from kitbash.swarm.records import RemediationScan, SessionSummary, SwarmRegistry
from kitbash.swarm.request import Steps, Value
from kitbash.swarm.sealing import Guard, NoGuard, Sealer
from kitbash.swarm.session import Session, id_of, threshold_of
from kitbash.swarm.task import Task, TaskStatus
from kitbash.swarm.world import BlockingWorld


class RedisBusClient(Session):
    """A client of the findings bus. Safe to share between threads but for `agent_id`.

    Calls raise Invalid for what cannot be, StoreUnavailable if the server does not answer, Occupied if a key of the bus
    holds another type (nothing is written then), and Refused where trust does not let them.
    """

    def __init__(
        self,
        host: str = "localhost",
        port: int = 6379,
        db: int = 0,
        password: str | None = None,
        *,
        url: str | None = None,
        client: Any = None,
        cluster: bool = False,
        prefix: str = DEFAULT_PREFIX,
        agent_id: str = "",
        lease_s: float = 300.0,
        sealer: Sealer | None = None,
        guard: Guard | None = None,
    ) -> None:
        """Name a server by its parts, by URL, or by a client of redis-py; nothing is sent yet.

        A given client is left open by `close`. Raises Invalid for a prefix that is none, ConfigError for a URL that is
        not Redis', and for a cluster with a prefix without a hash tag.
        """
        super().__init__(prefix=prefix, agent_id=agent_id, lease_s=lease_s, sealer=sealer)
        self._is_own = client is None
        is_cluster = cluster or isinstance(client, RedisCluster)
        connecting.refuse_scattered(self.bus.keys, cluster=is_cluster)
        if client is not None:
            where = "the given client's server"
        elif url is not None:
            client, where = connecting.connect_blocking(url, cluster=cluster), connection.masked(url)
        else:
            # The stubs of redis-py leave its arguments half known.
            made = cast("Any", RedisCluster if cluster else Redis)
            parts = connecting.options(host, port, db, password)
            client, where = made(**connecting.fitting(parts, cluster=cluster)), connecting.given_url(host, port, db)
        self.connection: Any = client
        """the client of redis-py, for what the bus does not do"""
        self._world = BlockingWorld(
            client,
            where,
            sealer=self.sealer,
            guard=guard or NoGuard(),
            decodes=connecting.decodes(client),
            is_cluster=is_cluster,
        )

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the client."""
        self.close()

    def _run(self, steps: Steps[Value]) -> Value:
        return self._world.run(steps)

    # Tasks

    def post_task(self, task: Task, agent_id: str = "") -> bool:
        """Put a task into the queue of unassigned work, and return True; False if it is on the bus already."""
        return self._run(tasks.post(self.bus, task, self.by(agent_id)))

    def claim_task(self, task: Task, assignee: str = "", agent_id: str = "", *, lease_s: float | None = None) -> bool:
        """Have a task until the lease ends, and return True; False if another has it, or it has ended or waits.

        A task that is not on the bus yet is put there. The lease, with its fencing token, is in `leases`.
        """
        agent = self.by(agent_id, assignee)
        length_ms = self.lease_ms(lease_s)
        lease = self._run(tasks.claim(self.bus, task, assignee or agent, agent, length_ms))
        return self.noted(lease)

    def next_task(self, assignee: str = "", agent_id: str = "", *, lease_s: float | None = None) -> Task | None:
        """Claim the most urgent task that nobody has, and return it with its token; None if there is none."""
        agent = self.by(agent_id, assignee)
        taken = self._run(tasks.take_next(self.bus, assignee or agent, agent, self.lease_ms(lease_s)))
        if taken is None:
            return None
        task, lease = taken
        self.noted(lease)
        return task

    def renew_task(
        self, task: Task | str, agent_id: str = "", *, lease_s: float | None = None, token: int | None = None
    ) -> bool:
        """Keep a claimed task for another lease, and return True; False if the agent does not have it any more."""
        task_id = id_of(task)
        agent, length_ms = self.by(agent_id), self.lease_ms(lease_s)
        lease = self._run(tasks.renew(self.bus, task_id, agent, self.token(task, token), length_ms))
        return self.noted(lease)

    def release_task(
        self, task_id: Task | str, agent_id: str = "", *, token: int | None = None, needs_assist: bool = False
    ) -> bool:
        """Give a claimed task back to the queue, and return True; False if the agent does not have it."""
        status = TaskStatus.NEEDS_ASSIST if needs_assist else TaskStatus.PENDING
        return self._leave(task_id, agent_id, token, status, "")

    def complete_task(
        self, task: Task | str, result: object = "", agent_id: str = "", *, token: int | None = None
    ) -> bool:
        """End a claimed task with its result (a text, or JSON values), and return True; False if the agent lost it.

        Completing it again with the same `token` is True and changes nothing.
        """
        return self._leave(task, agent_id, token, TaskStatus.COMPLETED, tasks.result_text(result))

    def fail_task(self, task: Task | str, reason: str = "", agent_id: str = "", *, token: int | None = None) -> bool:
        """End a claimed task as failed, and return True; False if the agent does not have it any more."""
        return self._leave(task, agent_id, token, TaskStatus.FAILED, reason)

    def get_task(self, task_id: Task | str, agent_id: str = "") -> Task | None:
        """Return a task as it stands, or None."""
        return self._run(tasks.get(self.bus, id_of(task_id), self.by(agent_id)))

    def get_tasks(self, *, most: int = 100, agent_id: str = "") -> list[Task]:
        """Return the tasks that wait and then those that somebody has, at most so many of each, unchecked."""
        return self._run(tasks.listed(self.bus, self.by(agent_id), most))

    def get_unassigned_task(self, agent_id: str = "") -> Task | None:
        """Return the most urgent task that nobody has, the oldest of those, or None; claim it before you work on it."""
        return self._run(tasks.unassigned(self.bus, self.by(agent_id)))

    def _leave(self, task: Task | str, agent_id: str, token: int | None, status: TaskStatus, result: str) -> bool:
        task_id, held = id_of(task), self.token(task, token)
        steps = tasks.leave(self.bus, task_id, self.by(agent_id), held, status=status, result=result)
        has_left = self._run(steps)
        if has_left:
            self.left(task_id, held)
        return has_left

    # Findings

    def post_finding(self, finding: Finding, agent_id: str = "") -> bool:
        """Keep a finding with its packet, and return True; posted again it is kept once.

        Raises Invalid if another finding has its id.
        """
        agent = self.by(agent_id, finding.worker_id)
        return self._run(findings.post(self.bus, findings.signed_by(finding, agent), agent))

    def get_finding(self, finding_id: str, agent_id: str = "") -> Finding | None:
        """Return a finding, or None."""
        return self._run(findings.get(self.bus, finding_id, self.by(agent_id)))

    def get_findings_for_task(self, task_id: Task | str, agent_id: str = "") -> list[Finding]:
        """Return the findings of a task, the oldest first."""
        return self._run(findings.of_task(self.bus, id_of(task_id), self.by(agent_id)))

    def get_findings_on_topic(self, topic: str, agent_id: str = "") -> list[Finding]:
        """Return the findings on a topic over all tasks, the oldest first."""
        return self._run(findings.on_topic(self.bus, topic, self.by(agent_id)))

    def detect_finding_conflicts(
        self,
        task_id: Task | str,
        threshold: float | None = None,
        *,
        conflict_threshold: float | None = None,
        agent_id: str = "",
    ) -> list[tuple[Finding, Finding]]:
        """Return the pairs of a task's findings that conflict, the gravest first, and queue them for people.

        By content first, then a gap of confidence above the threshold (0.2) on the same claim.
        """
        clashes = self.detect_clashes(
            task_id, threshold_of(threshold, conflict_threshold, THRESHOLD), agent_id=agent_id
        )
        return [(clash.first, clash.second) for clash in clashes]

    def detect_clashes(self, task_id: Task | str, threshold: float = THRESHOLD, *, agent_id: str = "") -> list[Clash]:
        """Return the conflicts of a task with kind, grade and size, the gravest first, and queue them for people."""
        return self._run(conflicts.detect(self.bus, id_of(task_id), threshold, self.by(agent_id)))

    def detect_topic_conflicts(self, topic: str, threshold: float = THRESHOLD, *, agent_id: str = "") -> list[Clash]:
        """Return the conflicts on a topic over all tasks, the gravest first, and queue them for people."""
        return self._run(conflicts.detect_on_topic(self.bus, topic, threshold, self.by(agent_id)))

    def get_agreements(self, task_id: Task | str, agent_id: str = "") -> list[Agreement]:
        """Return where findings of several workers agree, with their merged confidence, the surest first."""
        return self._run(conflicts.agreed(self.bus, id_of(task_id), self.by(agent_id)))

    def get_conflicts(self, *, most: int = 100, agent_id: str = "") -> list[Conflict]:
        """Return the conflicts nobody has settled, the gravest first."""
        return self._run(conflicts.waiting(self.bus, self.by(agent_id), most))

    def get_conflict(self, conflict_id: str, agent_id: str = "") -> Conflict | None:
        """Return a conflict with what was decided about it, or None."""
        return self._run(conflicts.get(self.bus, conflict_id, self.by(agent_id)))

    def resolve_conflict(
        self, conflict_id: str, resolution: Resolution | str, decision: str, *, person: str, agent_id: str = ""
    ) -> bool:
        """Note what a person decided about a conflict, and return True; False if it was decided before."""
        resolved = check.one_of(Resolution, resolution, "resolution")
        agent = self.by(agent_id)
        steps = conflicts.resolve(self.bus, conflict_id, resolved, decision, person=person, agent=agent)
        return self._run(steps)

    # Proposals

    def propose(self, proposal: Proposal, agent_id: str = "") -> bool:
        """Put a confirmed fact before people, and return True; False if it was before, or 1,000 wait already."""
        return self._run(proposals.propose(self.bus, proposal, self.by(agent_id)))

    def get_proposals(self, *, most: int = 100, agent_id: str = "") -> list[Proposal]:
        """Return the facts that are proposed and nobody has decided about, the oldest first."""
        return self._run(proposals.waiting(self.bus, self.by(agent_id), most))

    def get_proposal(self, proposal_id: str, agent_id: str = "") -> Proposal | None:
        """Return a proposal with what was decided about it, or None."""
        return self._run(proposals.get(self.bus, proposal_id, self.by(agent_id)))

    def get_proposal_to_decide(self, proposal_id: str, agent_id: str = "") -> Proposal | None:
        """Return a proposal, or None, to who may decide about it. Raises Refused for others, and does nothing."""
        return self._run(proposals.to_decide(self.bus, proposal_id, self.by(agent_id)))

    def decide_proposal(self, proposal_id: str, decision: Decision | str, *, person: str, agent_id: str = "") -> bool:
        """Note what a person decided about a proposal, and return True; False if it was decided before.

        Nothing is written to a cartridge by this: `kitbash swarm proposals accept` does both.
        """
        decided = check.one_of(Decision, decision, "decision")
        agent = self.by(agent_id)
        return self._run(proposals.decide(self.bus, proposal_id, decided, person=person, agent=agent))

    # Context and swarm

    def share_context(self, context: Context, agent_id: str = "") -> bool:
        """Keep a context for a day in place of the one under its name, and return True."""
        return self._run(sharing.share_context(self.bus, context, self.by(agent_id)))

    def get_context(self, scope: str, name: str, agent_id: str = "") -> Context | None:
        """Return a context, or None."""
        return self._run(sharing.get_context(self.bus, scope, name, self.by(agent_id)))

    def record_session_summary(self, summary: SessionSummary, agent_id: str = "") -> bool:
        """Keep a session's summary for 30 days, and return True."""
        return self._run(sharing.record_session_summary(self.bus, summary, self.by(agent_id)))

    def register_swarm(self, registry: SwarmRegistry, agent_id: str = "") -> bool:
        """Keep a swarm's roster for 7 days, and return True."""
        return self._run(sharing.register_swarm(self.bus, registry, self.by(agent_id)))

    def get_registry(self, swarm_id: str, agent_id: str = "") -> SwarmRegistry | None:
        """Return a swarm's roster, or None."""
        return self._run(sharing.get_registry(self.bus, swarm_id, self.by(agent_id)))

    def record_remediation_scan(self, scan: RemediationScan, agent_id: str = "") -> bool:
        """Keep a hygiene scan's result for 7 days, and return True."""
        return self._run(sharing.record_scan(self.bus, scan, self.by(agent_id)))

    def get_remediation_scan(self, date: str, scan_type: str = "hygiene", agent_id: str = "") -> RemediationScan | None:
        """Return a day's last hygiene scan of a type, or None."""
        return self._run(sharing.get_scan(self.bus, date, scan_type, self.by(agent_id)))

    def scan(self, *, repair: bool = True, agent_id: str = "") -> RemediationScan:
        """Look through all keys of the bus, repair what is safe unless told not to, record what came of it."""
        return self._run(hygiene.scan(self.bus, self.by(agent_id, "hygiene"), repairs=repair))

    # People

    def escalate_to_human(
        self,
        task_id: Task | str,
        reason: str,
        findings: Sequence[Finding | str] | None = None,
        agent_id: str = "",
    ) -> bool:
        """Put a question into the inbox and have its task wait for the answer; return True."""
        self.ask_human(reason, task_id=task_id, about=findings or (), agent_id=agent_id)
        return True

    def ask_human(
        self, question: str, *, task_id: Task | str = "", about: Sequence[Finding | str] = (), agent_id: str = ""
    ) -> Finding:
        """Put a question into the inbox, with a task or without; return the finding that asks, whose id names it."""
        its_task = id_of(task_id) if task_id else ""
        return self._run(inbox.escalate(self.bus, its_task, question, about, self.by(agent_id)))

    def get_inbox(self, *, most: int = 100, agent_id: str = "") -> list[Finding]:
        """Return the questions nobody has answered, the oldest first."""
        return self._run(inbox.unanswered(self.bus, self.by(agent_id), most))

    def answer_inbox(
        self, question_id: str, answer: str, *, person: str, confidence: float = 1.0, agent_id: str = ""
    ) -> Finding | None:
        """Keep a person's answer as a finding and return it, its task back in the queue; None if answered before."""
        agent = self.by(agent_id)
        steps = inbox.answer(self.bus, question_id, answer, person=person, confidence=confidence, agent=agent)
        return self._run(steps)

    # The bus itself

    def get_packets(self, record: str, agent_id: str = "") -> list[Packet]:
        """Return the packets of a record (`task:ID`, `finding:ID`, ...) as they are stored, the oldest first."""
        return self._run(packets.packets(self.bus, record, self.by(agent_id)))

    def get_packet(self, record: str, agent_id: str = "") -> Packet | None:
        """Return the newest packet of a record, or None."""
        found = self.get_packets(record, agent_id)
        return found[-1] if found else None

    def events(self, after: str = "$", *, most: int = 100, block_ms: int = 1000) -> list[Event]:
        """Return what happened after an event, waiting up to `block_ms` for the first; `$` is from now on."""
        return self._run(watching.events(self.bus, after, most, block_ms))

    def newest_event(self) -> str:
        """Return the entry_id of what happened last, from which to watch without missing anything; 0 if nothing has."""
        return self._run(watching.newest(self.bus))

    def health_check(self) -> bool:
        """Return whether the server answers. Never raises."""
        try:
            return bool(self._run(watching.ping()))
        except KitbashError:
            return False

    def close(self) -> None:
        """Close the connections, unless the client was given."""
        if self._is_own:
            self.connection.close()
