"""What a deployment tells its flow, against the parameters that the flow has."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from domain.faults import Fault, faults_in
from domain.flow_source import FlowDefinition

_HYDRATED = "__prefect_kind"
"""The key by which Prefect knows a value that it computes when the run starts."""


def argument_faults(flow: FlowDefinition, given: Mapping[str, Any], *, key: str) -> Iterator[Fault]:
    """Say what is wrong with given parameters.

    As strict as Prefect's API, where a run takes `"5"` for a number; and as strict as a run, where the API takes any
    text for a date.
    """
    for name in given:
        if name not in flow.parameters.names:
            close = get_close_matches(name, flow.parameters.names, n=1)
            hint = (
                f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(flow.parameters.names) or 'none'}"
            )
            yield Fault(f"{key}.{name}", f"is not a parameter of the flow {flow.name!r}{hint}")
    known = {name: value for name, value in given.items() if not _is_hydrated(value)}
    try:
        flow.parameters.model.model_validate_json(json.dumps(known), strict=True)
    except ValidationError as error:
        missing = {f"{key}.{name}" for name in flow.parameters.required if name not in known}
        yield from (fault for fault in faults_in(error, known, key=key) if fault.key not in missing)


def missing_arguments(flow: FlowDefinition, given: Collection[str]) -> list[str]:
    """Give the parameters that a run could not start without, and that are not given."""
    return [name for name in flow.parameters.required if name not in given]


def _is_hydrated(value: object) -> bool:
    return isinstance(value, dict) and _HYDRATED in value
