"""Base job templates: what a run of a work pool gets for its process, container or Kubernetes job.

A template is the default that Prefect itself has for the pool's type, from the data in its package (which is read, not
imported: that takes a second), and what the settings change in it. A deployment's job variables override it again.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from domain.json_differences import Differences, applied, differences

POOL_TYPES = ("process", "docker", "kubernetes")

Template = dict[str, Any]
"""`{"job_configuration": ..., "variables": <a JSON schema>}`; the one refers to the other by `{{ name }}`."""

_METADATA = Path("server", "api", "collections_data", "views", "aggregate-worker-metadata.json")


class NoDefaultTemplateError(Exception):
    """The installed Prefect does not say what a type's default template is."""


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

_RESOURCES = {
    "cpu_request": ("requests", "cpu"),
    "cpu_limit": ("limits", "cpu"),
    "memory_request": ("requests", "memory"),
    "memory_limit": ("limits", "memory"),
}
"""Where a container of a Kubernetes job says it (Container, `resources`)."""


def types_that_know(setting: str) -> tuple[str, ...]:
    """Name the pool types for whose jobs a setting means something."""
    return tuple(_VARIABLES[setting])


def base_job_template(pool_type: str, settings: JobSettings) -> Template:
    """Give the type's default template with the settings in it.

    Raises NoDefaultTemplateError, and KeyError for a setting that the type does not know.
    """
    template = copy.deepcopy(default_template(pool_type))
    variables = template["variables"]["properties"]
    for setting, value in settings.given().items():
        variable = _VARIABLES[setting][pool_type]
        if pool_type == "kubernetes" and setting in _RESOURCES:
            _ensure_resource(template, setting)
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
    """Say a template in few words; raises NoDefaultTemplateError."""
    default = default_template(pool_type)
    fingerprint = hashlib.sha256(json.dumps(default, sort_keys=True).encode()).hexdigest()[:12]
    return JobTemplate(default=fingerprint, changes=differences(default, template))


def spelled_out(pool_type: str, changes: Differences) -> Template:
    """Give the template that stands in few words; raises NoDefaultTemplateError."""
    return applied(default_template(pool_type), changes)


def default_template(pool_type: str) -> Template:
    """Give the type's own template, which is not to be changed; raises NoDefaultTemplateError."""
    found = _defaults().get(pool_type)
    if found is None:
        raise NoDefaultTemplateError(f"the installed Prefect has no default template for the pool type {pool_type!r}")
    return found


@functools.cache
def _defaults() -> Mapping[str, Template]:
    """Read each type's default from the package data of the installed Prefect."""
    spec = importlib.util.find_spec("prefect")
    if spec is None or not spec.submodule_search_locations:
        raise NoDefaultTemplateError(
            "the package 'prefect' is not installed, and the pools' default templates come from it; install it"
        )
    file = Path(spec.submodule_search_locations[0], _METADATA)
    try:
        collections = cast("dict[str, dict[str, Any]]", json.loads(file.read_text(encoding="utf-8")))
        return {
            pool_type: worker["default_base_job_configuration"]
            for workers in collections.values()
            for pool_type, worker in workers.items()
        }
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise NoDefaultTemplateError(
            f"the installed package 'prefect' does not hold the pools' default templates in {_METADATA} "
            f"({type(error).__name__}); install a Prefect 3 that does, such as 3.8"
        ) from error


def _ensure_resource(template: Template, setting: str) -> None:
    """Give a template of before Prefect 3.5, whose containers ask for no resources, the place where they do."""
    kind, resource = _RESOURCES[setting]
    title = f"{'CPU' if resource == 'cpu' else 'Memory'} {kind.removesuffix('s').title()}"
    template["variables"]["properties"].setdefault(setting, {"title": title, "type": "string"})
    container = template["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]["containers"][0]
    container.setdefault("resources", {}).setdefault(kind, {}).setdefault(resource, f"{{{{ {setting} }}}}")


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
