"""Where a stack's settings name flows, and what they tell them: each use against the flow as its code defines it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.faults import Fault
from domain.feed_flows import PLACE, feed_parameters
from domain.flow_arguments import argument_faults, missing_arguments
from domain.flow_settings import FlowEntry, FlowSettings
from domain.flow_source import FlowDefinition
from domain.partners import Partner


@dataclass(frozen=True, kw_only=True)
class FlowUse:
    """One place that names a flow."""

    key: str
    """The key of the entry that names it."""
    entrypoint: str
    feed: Mapping[str, Any] | None = None
    """What a feed tells its flow."""
    entry: FlowEntry | None = None
    """The entry of a flow that belongs to no feed."""

    @property
    def entrypoint_key(self) -> str:
        """The key whose value is the entry point."""
        return f"{self.key}.{'flow' if self.entry is None else 'entrypoint'}"


def uses_in(project: str, flows: FlowSettings, partners: Sequence[Partner]) -> list[FlowUse]:
    """Give all places of a stack's settings that name flows."""
    key = f"{project}:flows.deployments"
    return [
        *(
            FlowUse(key=f"{key}[{index}]", entrypoint=entry.entrypoint, entry=entry)
            for index, entry in enumerate(flows.deployments)
        ),
        *(
            FlowUse(
                key=f"{project}:partners[{index}].feeds[{number}]",
                entrypoint=feed.flow,
                feed=feed_parameters(partner, feed),
            )
            for index, partner in enumerate(partners)
            for number, feed in enumerate(partner.feeds)
        ),
    ]


def faults_of_use(use: FlowUse, flow: FlowDefinition) -> Iterator[Fault]:
    """Say what a flow would not take, or would lack."""
    if use.entry:
        yield from _faults_of_entry(use.key, use.entry, flow)
        return
    told = [*(use.feed or {}), *PLACE]
    undeclared = [name for name in told if name not in flow.parameters.names]
    if undeclared:
        yield Fault(
            use.entrypoint_key,
            f"the flow {flow.name!r} does not declare {', '.join(undeclared)}, which a feed's flow is told; add "
            "each as a parameter",
        )
    missing = missing_arguments(flow, told)
    if missing:
        yield Fault(
            use.entrypoint_key,
            f"the flow {flow.name!r} wants {', '.join(missing)}, which a feed does not tell it; give each a default",
        )
    declared = {name: value for name, value in (use.feed or {}).items() if name in flow.parameters.names}
    for fault in argument_faults(flow, declared, key=""):
        yield Fault(
            use.entrypoint_key, f"the flow {flow.name!r} is told {fault.key.removeprefix('.')}: {fault.message}"
        )


def _faults_of_entry(key: str, entry: FlowEntry, flow: FlowDefinition) -> Iterator[Fault]:
    yield from argument_faults(flow, entry.parameters, key=f"{key}.parameters")
    for index, schedule in enumerate(entry.schedules):
        place = f"{key}.schedules[{index}]"
        yield from argument_faults(flow, schedule.parameters, key=f"{place}.parameters")
        # Without a schedule, whoever starts a run is asked for them.
        missing = missing_arguments(flow, {**entry.parameters, **schedule.parameters})
        if missing:
            yield Fault(
                place,
                f"starts the flow {flow.name!r} without {', '.join(missing)}, which has no default; add it to "
                "parameters",
            )
