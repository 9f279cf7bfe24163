"""Who the provider says it is to Prefect, and whose certificates it takes."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from providers.flow_deployment import FlowDeploymentProvider
from providers.typed_provider import ProviderError
from tests.certificates import self_signed
from tests.deployment_inputs import inputs

ID = "5d1f2a0e-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("config", "variables", "sent"),
    [
        ({"landing:prefect": '{"apiKey": "pnu_x"}'}, {}, "Bearer pnu_x"),
        ({"landing:prefect": {"basicAuth": "ada:b:c"}}, {}, "Basic YWRhOmI6Yw=="),
        ({}, {"PREFECT_API_KEY": "pnu_y"}, "Bearer pnu_y"),
        ({}, {"PREFECT_API_AUTH_STRING": "ada:b"}, "Basic YWRhOmI="),
        ({}, {}, None),
    ],
)
def test_credentials_come_from_config_or_prefects_own_variables(
    monkeypatch: pytest.MonkeyPatch, config: dict[str, Any], variables: dict[str, str], sent: str | None
) -> None:
    for name in ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    seen: list[str | None] = []

    def answer(_transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("Authorization"))
        return httpx.Response(204)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    provider = FlowDeploymentProvider()
    provider.configured(config)
    provider.delete(ID, inputs())
    assert seen == [sent]


class _GoneApi(BaseHTTPRequestHandler):
    """Prefect as it answers about a deployment that is no longer there."""

    def do_GET(self) -> None:
        body = json.dumps({"detail": "Deployment not found"}).encode()
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Stay quiet."""


@contextmanager
def behind_tls(certificate: Path) -> Generator[str]:
    """Serve over TLS with a certificate (its key is in the same file), and give the API's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _GoneApi)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/api"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def state(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any property
    return {**inputs(**changes), "deployment_id": ID, "url": "", "reference": "main"}


def configured() -> FlowDeploymentProvider:
    provider = FlowDeploymentProvider()
    provider.configured({})
    return provider


def test_a_self_signed_server_is_trusted_by_its_bundle(tmp_path: Path) -> None:
    bundle = self_signed(tmp_path / "prefect.pem")
    with behind_tls(bundle) as api_url:
        assert configured().read(ID, state(api_url=api_url, ca_bundle=str(bundle))).id == ""


@pytest.mark.parametrize("bundle", [None, "other.pem"])
def test_a_server_that_is_not_trusted_is_one_sentence_that_says_what_to_set(tmp_path: Path, bundle: str | None) -> None:
    ca_bundle = str(self_signed(tmp_path / bundle)) if bundle else None
    with behind_tls(self_signed(tmp_path / "prefect.pem")) as api_url:
        with pytest.raises(ProviderError) as caught:
            configured().read(ID, state(api_url=api_url, ca_bundle=ca_bundle))
        assert str(caught.value) == (
            f"cannot read the Prefect deployment reconcile/skyway-flights: Prefect does not answer at {api_url} (its "
            "certificate is not to be trusted: self-signed certificate); set landing:prefect.caBundle to a PEM file "
            "with the certificate of the authority that signed it"
        )


def test_a_certificate_of_another_server_is_not_enough(tmp_path: Path) -> None:
    bundle = self_signed(tmp_path / "prefect.pem", address="127.0.0.2")
    words = r"IP address mismatch, certificate is not valid for '127\.0\.0\.1'"
    with behind_tls(bundle) as api_url, pytest.raises(ProviderError, match=words):
        configured().read(ID, state(api_url=api_url, ca_bundle=str(bundle)))


def test_a_bundle_that_is_none_is_refused_at_preview(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate")
    for path, words in (
        (tmp_path / "none.pem", "there is no file"),
        (garbage, "is not a bundle of certificates in the PEM form"),
    ):
        (failure,) = configured().check({}, inputs(ca_bundle=str(path))).failures
        assert failure.property == "ca_bundle"
        assert words in failure.reason
        assert failure.reason.endswith("set landing:prefect.caBundle to a PEM file beside the program")
