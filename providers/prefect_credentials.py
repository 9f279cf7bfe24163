"""Who the providers are to Prefect: what the stack's config says, else what Prefect's own tools would take."""

from __future__ import annotations

import json
import os
from typing import Any, cast

from clients.prefect_access import PrefectCredentials
from providers.typed_provider import StackConfig


def credentials_of(config: StackConfig) -> PrefectCredentials:
    """Take `landing:prefect.apiKey` and `.basicAuth`, or Prefect's own variables where they are left out."""
    section: object = config.get("landing:prefect") or {}
    values = cast("dict[str, Any]", json.loads(section) if isinstance(section, str) else section)
    return PrefectCredentials(
        api_key=values.get("apiKey") or os.environ.get("PREFECT_API_KEY"),
        basic_auth=values.get("basicAuth") or os.environ.get("PREFECT_API_AUTH_STRING"),
    )
