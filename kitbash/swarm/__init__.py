"""The findings bus: agents share tasks, findings and contradictions over Redis."""

from kitbash.swarm.aio import AsyncRedisBusClient
from kitbash.swarm.client import RedisBusClient
from kitbash.swarm.context import Context
from kitbash.swarm.finding import Finding
from kitbash.swarm.packet import Packet
from kitbash.swarm.records import RemediationScan, SessionSummary, SwarmRegistry
from kitbash.swarm.speech import SpeechAct
from kitbash.swarm.task import Task, TaskStatus

__all__ = [
    "AsyncRedisBusClient",
    "Context",
    "Finding",
    "Packet",
    "RedisBusClient",
    "RemediationScan",
    "SessionSummary",
    "SpeechAct",
    "SwarmRegistry",
    "Task",
    "TaskStatus",
]
