"""Hand this machine's pip settings to uv, which does not read them: one's own index or certificate serves both."""

from __future__ import annotations

import ast
import ssl
from collections.abc import Mapping
from pathlib import Path

_COUNTERPARTS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
}
_SEPARATORS = {"UV_FIND_LINKS": ","}


def uv_environment(pip_config_list: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that make uv use what `pip config list` printed; what `environment` already says stands."""
    settings = {"UV_SYSTEM_CERTS": "1"} if _has_system_certificates() else {}
    for line in pip_config_list.splitlines():
        key, _, literal = line.partition("=")
        variable = _COUNTERPARTS.get(key.rsplit(".", 1)[-1])
        if variable is None:
            continue
        values = [value for value in str(ast.literal_eval(literal)).split() if _is_usable(variable, value)]
        if values:
            settings[variable] = _SEPARATORS.get(variable, " ").join(values)
    return {name: value for name, value in settings.items() if name not in environment}


def _is_usable(variable: str, value: str) -> bool:
    """Tell whether uv will take the value: unlike pip, it fails at a folder of wheels that is not there."""
    return variable != "UV_FIND_LINKS" or "://" in value or Path(value).is_dir()


def _has_system_certificates() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or (bool(paths.capath) and any(Path(paths.capath).iterdir()))
