"""The flows that a stack names, read at the commit that their runs take; everything wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from domain.across_sections import useless_tokens
from domain.faults import ConfigurationError, Fault
from domain.flow_deployments import entrypoint_parts
from domain.flow_settings import FlowSettings
from domain.flow_source import FlowDefinition, FlowFile, FlowSourceError
from domain.flow_uses import FlowUse, faults_of_use
from domain.git_checkout import texts_at
from domain.git_fetch import CommitRefusedError, fetch_texts
from domain.git_source import GitSource, WantedSource, resolve_source, warnings_about


@dataclass(frozen=True)
class FlowCode:
    """What runs take."""

    source: GitSource
    """With its flows."""
    warnings: tuple[str, ...] = ()


def find_code(
    checkout: Path, environment: Mapping[str, str], settings: FlowSettings, uses: Sequence[FlowUse], *, key: str
) -> FlowCode:
    """Find the code, and every flow that is named; `key` is that of the flows' settings.

    Raises GitSourceError where there is no such code, and ConfigurationError with all that is wrong with the flows.
    """
    wanted = WantedSource(repository=settings.repository, reference=settings.reference, folder=settings.folder)
    source = resolve_source(checkout, environment, wanted)
    faults = useless_tokens(settings, source.repository, key)
    places = {use.entrypoint: entrypoint_parts(use.entrypoint) for use in uses}
    texts, warnings = _texts(checkout, source, {path for path, _ in places.values()})
    flows, reasons = _read(places, texts, source)
    faults += _faults(uses, flows, reasons)
    if faults:
        raise ConfigurationError(_once(faults))
    at = _at(source)
    doubts = (f"{places[name][0]!r} {at} {flow.doubt}" for name, flow in flows.items() if flow.doubt)
    return FlowCode(replace(source, flows=flows), (*warnings, *doubts, *warnings_about(checkout, source)))


def _texts(checkout: Path, source: GitSource, paths: set[str]) -> tuple[Mapping[str, str | None], list[str]]:
    """Give the files' texts from the checkout, else from the remote, and what there is to warn of."""
    if not paths:
        return {}, []
    here = texts_at(checkout, source.tip, paths)
    # A commit that stands under a name at the remote is there; another one must be asked for.
    if here is not None and (source.branch or source.tag):
        return here, []
    try:
        return fetch_texts(source.repository, source.remote_name, source.tip, paths, checkout), []
    except CommitRefusedError as error:
        if here is None:
            raise
        return here, [str(error)]


def _read(
    places: Mapping[str, tuple[str, str]], texts: Mapping[str, str | None], source: GitSource
) -> tuple[dict[str, FlowDefinition], dict[str, str]]:
    """Read the flows by their entry points; for each that is none, say why."""
    files = {path: _parsed(text) for path, text in texts.items()}
    flows: dict[str, FlowDefinition] = {}
    reasons: dict[str, str] = {}
    for entrypoint, (path, function) in places.items():
        try:
            file = files[path]
            if isinstance(file, FlowSourceError):
                raise file
            flows[entrypoint] = file.flow(function)
        except FlowSourceError as error:
            reasons[entrypoint] = f"{path!r} {_at(source)} {error}"
    return flows, reasons


def _faults(
    uses: Sequence[FlowUse], flows: Mapping[str, FlowDefinition], reasons: Mapping[str, str]
) -> Iterator[Fault]:
    for use in uses:
        if use.entrypoint in reasons:
            yield Fault(use.entrypoint_key, reasons[use.entrypoint])
        elif use.entrypoint in flows:
            yield from faults_of_use(use, flows[use.entrypoint])
    yield from _twins(uses, flows)


def _at(source: GitSource) -> str:
    return f"at {source.branch or source.tag or 'commit'} ({source.tip[:12]})"


def _parsed(text: str | None) -> FlowFile | FlowSourceError:
    """Parse a file, or say why it cannot be."""
    if text is None:
        return FlowSourceError(
            "is not in the repository; push it, or correct the path, which starts at the repository's root"
        )
    try:
        return FlowFile(text)
    except FlowSourceError as error:
        return error


def _twins(uses: Sequence[FlowUse], flows: Mapping[str, FlowDefinition]) -> Iterator[Fault]:
    """Find flows of one name: to Prefect they are one flow, whose runs nobody could tell apart."""
    first: dict[str, str] = {}
    for use in uses:
        flow = flows.get(use.entrypoint)
        if flow and first.setdefault(flow.name, use.entrypoint) != use.entrypoint:
            yield Fault(
                use.entrypoint_key,
                f"{use.entrypoint} has the name {flow.name!r} in Prefect, as has {first[flow.name]}; give one of them "
                'another: @flow(name="...")',
            )


def _once(faults: Sequence[Fault]) -> Iterator[Fault]:
    """Say once what is wrong in many places: a flow is named by every feed of its kind."""
    keys: dict[str, list[str]] = {}
    for fault in faults:
        keys.setdefault(fault.message, []).append(fault.key)
    for message, places in keys.items():
        more = len(places) - 1
        yield Fault(f"{places[0]} (and {more} more)" if more else places[0], message)
