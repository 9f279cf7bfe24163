"""Where Prefect shows its objects to people."""

from __future__ import annotations

from clients.prefect_http import without_credentials

_CLOUD = "https://api.prefect.cloud/api/"


def page(api_url: str, path: str) -> str:
    """Give the address of a page of the API's site, on Prefect Cloud or on a server of one's own."""
    base = without_credentials(api_url).rstrip("/")
    if base.startswith(_CLOUD):
        workspace = base.removeprefix(_CLOUD).replace("accounts/", "account/").replace("workspaces/", "workspace/")
        return f"https://app.prefect.cloud/{workspace}/{path}"
    return f"{base.removesuffix('/api')}/{path}"
