"""Base job templates: what a run of a work pool gets for its process, container or Kubernetes job.

A template is the default that Prefect itself has for the pool's type, and what the settings change in it. A
deployment's job variables override it again.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from domain.json_differences import Differences, applied, differences

POOL_TYPES = ("process", "docker", "kubernetes")

Template = dict[str, Any]
"""`{"job_configuration": ..., "variables": <a JSON schema>}`; the one refers to the other by `{{ name }}`."""

_DEFAULTS = Path(__file__).with_name("default_job_templates.json")
"""Each type's default as Prefect's server has it (prefect 3.8.8, Apache-2.0, its `collections_data`).

A real environment does not install Prefect. A test holds it against the Prefect that is installed for tests.
"""


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    """What the settings say of a pool's jobs; None and empty leave the type's default."""

    image: str | None = None
    namespace: str | None = None
    service_account: str | None = None
    cpu_request: str | None = None
    cpu_limit: str | None = None
    memory_request: str | None = None
    memory_limit: str | None = None
    finished_job_seconds: int | None = None
    """How long, in seconds, Kubernetes keeps a job that is over."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def given(self) -> dict[str, Any]:
        """Give what is said, by name."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value != {}}


_VARIABLES: dict[str, dict[str, str]] = {
    "image": {"docker": "image", "kubernetes": "image"},
    "namespace": {"kubernetes": "namespace"},
    "service_account": {"kubernetes": "service_account_name"},
    "cpu_request": {"kubernetes": "cpu_request"},
    "cpu_limit": {"kubernetes": "cpu_limit"},
    "memory_request": {"kubernetes": "memory_request"},
    "memory_limit": {"docker": "mem_limit", "kubernetes": "memory_limit"},
    "finished_job_seconds": {"kubernetes": "finished_job_ttl"},
    "environment": dict.fromkeys(POOL_TYPES, "env"),
}
"""Each setting's variable in the templates of the types that know it."""


def types_that_know(setting: str) -> tuple[str, ...]:
    """Name the pool types for whose jobs a setting means something."""
    return tuple(_VARIABLES[setting])


def base_job_template(pool_type: str, settings: JobSettings) -> Template:
    """Give the type's default template with the settings in it; raises KeyError for one that the type does not know."""
    template = copy.deepcopy(default_template(pool_type))
    variables = template["variables"]["properties"]
    for setting, value in settings.given().items():
        variable = _VARIABLES[setting][pool_type]
        if setting == "environment":
            value = {**variables[variable].get("default", {}), **value}  # noqa: PLW2901  # the same, completed
        variables[variable]["default"] = value
    return template


@dataclass(frozen=True, kw_only=True)
class JobTemplate:
    """A base job template in few words: a preview shows what changes in it, and not the whole of it."""

    default: str
    """The fingerprint of the type's own template, which another Prefect may have another of."""
    changes: Differences
    """What stands in it that is not as in that one, by JSON pointers."""


def described(pool_type: str, template: Mapping[str, Any]) -> JobTemplate:
    """Say a template in few words."""
    default = default_template(pool_type)
    fingerprint = hashlib.sha256(json.dumps(default, sort_keys=True).encode()).hexdigest()[:12]
    return JobTemplate(default=fingerprint, changes=differences(default, template))


def spelled_out(pool_type: str, changes: Differences) -> Template:
    """Give the template that stands in few words."""
    return applied(default_template(pool_type), changes)


def default_template(pool_type: str) -> Template:
    """Give the type's own template, which is not to be changed."""
    return _defaults()[pool_type]


@functools.cache
def _defaults() -> Mapping[str, Template]:
    return cast("dict[str, Template]", json.loads(_DEFAULTS.read_text(encoding="utf-8")))


def says_no_more_than_the_default(template: Mapping[str, Any], pool_type: str) -> bool:
    """Say whether a pool's template is as a worker of any version leaves it, or empty: nobody has configured it.

    Versions differ in the wording of their schemas and in variables that a newer one adds, not in the values.
    """
    if not template:
        return True
    default = default_template(pool_type)
    known, held = _properties(default), _properties(template)
    values_are_as_known = all((held.get(name) or {}).get("default") == known[name].get("default") for name in known)
    added_say_nothing = not any((held[name] or {}).get("default") for name in held.keys() - known.keys())
    configuration = default["job_configuration"], template.get("job_configuration")
    return values_are_as_known and added_say_nothing and not any(_said_beyond(*configuration))


def _properties(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    schema = cast("dict[str, Any]", template.get("variables") or {})
    return cast("dict[str, dict[str, Any]]", schema.get("properties") or {})


def _said_beyond(default: object, held: object) -> Iterator[object]:
    """Give the values of a configuration that are neither the default's nor left to a variable."""
    if isinstance(held, dict):
        mine = cast("dict[str, object]", default) if isinstance(default, dict) else {}
        for name, value in cast("dict[str, object]", held).items():
            yield from _said_beyond(mine.get(name), value)
    elif isinstance(held, list) and isinstance(default, list):
        ours, theirs = cast("list[object]", default), cast("list[object]", held)
        if len(ours) != len(theirs):
            yield theirs
        for own, value in zip(ours, theirs, strict=False):
            yield from _said_beyond(own, value)
    elif held != default and not (isinstance(held, str) and held.startswith("{{ ") and held.endswith(" }}")):
        yield held
