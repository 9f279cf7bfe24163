"""The flows that Prefect can run, registered once everything that they use is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.work_pools import WorkPools
from domain.flow_deployments import FlowSchedule, entrypoint_parts, flow_name_of, schedule_faults
from domain.git_source import GitSource
from domain.sections import PrefectSettings
from providers.flow_deployment import FlowDeployment


@dataclass(frozen=True, kw_only=True)
class WantedDeployment:
    """A flow of the repository, and how it is run under one name."""

    name: str
    """Told apart by it: in Prefect together with the flow's name, in the stack by itself."""
    entrypoint: str
    """`folder/file.py:function`, from the repository's root."""
    description: str = ""
    parameters: Mapping[str, Input[Any]] = field(default_factory=dict[str, Input[Any]])
    tags: Sequence[str] = ()
    job_variables: Mapping[str, Input[Any]] = field(default_factory=dict[str, Input[Any]])
    """What the work pool's runs can be told, such as `env`."""
    schedules: Sequence[FlowSchedule] = ()
    work_pool: str | None = None
    """The one of the settings when None."""
    work_queue: str | None = None
    concurrency_limit: int | None = None

    def __post_init__(self) -> None:
        """Refuse what Prefect would take and fail on in a run."""
        entrypoint_parts(self.entrypoint)
        if faults := list(schedule_faults(self.schedules)):
            raise ValueError(f"deployment {self.name!r}: {'; '.join(faults)}")


@dataclass(frozen=True, kw_only=True)
class FlowDeploymentsArgs:
    """Where flows are registered, where their code is, and which they are."""

    settings: PrefectSettings
    pools: WorkPools
    """Those that we make; flows that run in one of them come after it."""
    source: GitSource
    token_secret_name: str | None = None
    """The Prefect secret block that holds the repository's token; None for one that needs none."""
    username: str | None = None
    """Whose token it is, for hosts that ask."""
    deployments: Sequence[WantedDeployment]

    def __post_init__(self) -> None:
        """Refuse two deployments that could not be told apart."""
        names = Counter(wanted.name for wanted in self.deployments)
        if twins := sorted(name for name, count in names.items() if count > 1):
            raise ValueError(f"names of deployments must differ, got twice: {', '.join(twins)}")


class FlowDeployments(ComponentResource):
    """Flows from Git, each a deployment in Prefect; to have them last, name what they use in `depends_on`."""

    urls: dict[str, Output[str]]
    """Each deployment's page, by its name."""
    ids: dict[str, Output[str]]
    """Each deployment's id in Prefect, by its name."""
    outputs: dict[str, dict[str, Output[str]]]
    """Both, as the stack's output: `{"id": ..., "url": ...}` by deployment."""
    reference: str
    """The branch or the commit that all their runs take."""

    def __init__(self, name: str, args: FlowDeploymentsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:prefect:FlowDeployments", name, {}, opts)
        # What a component depends on is not handed down to its children by Pulumi.
        self._child = ResourceOptions(parent=self, depends_on=opts.depends_on if opts else None)
        registered = {wanted.name: self._register(name, wanted, args) for wanted in args.deployments}
        self.urls = {key: deployment.url for key, deployment in registered.items()}
        self.ids = {key: deployment.deployment_id for key, deployment in registered.items()}
        self.outputs = {key: {"id": self.ids[key], "url": self.urls[key]} for key in registered}
        self.reference = args.source.reference
        self.register_outputs({"urls": self.urls, "ids": self.ids, "reference": self.reference})

    def _register(self, name: str, wanted: WantedDeployment, args: FlowDeploymentsArgs) -> FlowDeployment:
        # A commit that could be read neither here nor at the remote leaves the flow unknown.
        flow = args.source.flows.get(wanted.entrypoint)
        work_pool = wanted.work_pool or args.settings.work_pool
        return FlowDeployment(
            f"{name}-{wanted.name}",
            api_url=args.settings.api_url,
            ca_bundle=args.settings.ca_bundle,
            flow_name=flow.name if flow else flow_name_of(wanted.entrypoint),
            name=wanted.name,
            entrypoint=wanted.entrypoint,
            repository=args.source.repository,
            branch=args.source.branch,
            commit_sha=args.source.commit_sha,
            token_secret_name=args.token_secret_name,
            username=args.username,
            work_pool=args.pools.name_of(work_pool),
            work_pool_id=args.pools.id_of(work_pool),
            work_queue=wanted.work_queue,
            parameters=wanted.parameters,
            parameter_schema=flow.parameters_schema if flow else None,
            concurrency_limit=wanted.concurrency_limit,
            tags=wanted.tags,
            description=wanted.description or (flow.description if flow else ""),
            job_variables=wanted.job_variables,
            schedules=wanted.schedules,
            opts=self._child,
        )
