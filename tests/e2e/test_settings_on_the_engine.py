"""The settings and the refusal of renames on the real engine, in a program that makes nothing: no sandbox is needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from pulumi import automation as auto

from tests.private_keys import PKCS1, text_of
from tests.stack_values import partner_of, public_key, user, values
from tools.rehearsal import CHECKOUT

pytestmark = pytest.mark.e2e

PROGRAM = """
import pulumi
from components.earlier_deployment import KEYS_OUTPUT, EarlierDeployment, partner_keys
from settings import Settings

settings = Settings.load()
EarlierDeployment.read().refuse_renames(settings.partners, settings.partner_entries)
pulumi.export(KEYS_OUTPUT, partner_keys(settings.partners))
pulumi.export("days", [str(key.expires) for user in settings.partners[0].logins for key in user.public_keys])
pulumi.export("hostKeys", [key.public.fingerprint for key in settings.host_keys])
"""


def config() -> dict[str, Any]:
    day: object = yaml.safe_load("2099-03-01")  # bare, as people write it
    robot = user(publicKeys=[{"key": public_key(1), "expires": day}, {"key": public_key(2), "expires": "2099-03-02"}])
    stack = values(partners=[partner_of(robot)])
    return {"aws:region": "us-east-1", **{f"landing:{name}": value for name, value in stack.items()}}


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[dict[str, Any]], auto.Stack]:
    """Give a way to open the one stack of a program with another configuration."""
    options = {"toolchain": "pip", "virtualenv": str(CHECKOUT / ".venv")}
    about = {"name": "landing", "runtime": {"name": "python", "options": options}}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(about))
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "state").mkdir()
    environment = {
        "PATH": os.pathsep.join([str(CHECKOUT / ".tools" / "bin"), os.environ["PATH"]]),
        "PYTHONPATH": str(CHECKOUT),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "opens nothing",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    command = auto.PulumiCommand(str(CHECKOUT / ".tools"))

    def open_stack(configured: dict[str, Any]) -> auto.Stack:
        file = tmp_path / "Pulumi.t.yaml"
        kept = cast("dict[str, Any]", yaml.safe_load(file.read_text())) if file.exists() else {}
        file.write_text(yaml.safe_dump(kept | {"config": configured}))
        workspace = auto.LocalWorkspaceOptions(env_vars=environment, pulumi_command=command)
        return auto.create_or_select_stack("t", work_dir=str(tmp_path), opts=workspace)

    return open_stack


def test_a_bare_date_is_the_same_day_before_and_after_the_engine_rewrites_the_file(
    opened: Callable[[dict[str, Any]], auto.Stack], tmp_path: Path
) -> None:
    wanted = ["2099-03-01", "2099-03-02"]
    stack = opened(config())
    assert stack.up().outputs["days"].value == wanted
    stack.set_config("landing:bucket.keyDeletionDays", auto.ConfigValue("7"), path=True)
    assert "2099-03-01 00:00:00 +0000 UTC" in (tmp_path / "Pulumi.t.yaml").read_text()
    assert stack.up().outputs["days"].value == wanted


def test_a_host_key_is_taken_as_a_secret_and_refused_in_plain(
    opened: Callable[[dict[str, Any]], auto.Stack], tmp_path: Path
) -> None:
    key, place = text_of("rsa-2048", PKCS1), "landing:sftp.hostKeys[0]"
    stack = opened(config())
    stack.set_config(place, auto.ConfigValue(key, secret=True), path=True)
    (shown,) = stack.up().outputs["hostKeys"].value
    assert shown.startswith("SHA256:")
    lines = [line for line in key.splitlines() if "-----" not in line]
    written = (tmp_path / "Pulumi.t.yaml").read_text() + str(stack.export_stack().deployment)
    assert not any(line in written for line in lines)
    stack.set_config(place, auto.ConfigValue(key), path=True)
    with pytest.raises(auto.CommandError) as caught:
        stack.preview()
    assert f"{place}: stands here in plain text: treat it as exposed" in str(caught.value)
    assert not any(line in str(caught.value) for line in lines)
    assert "Traceback" not in str(caught.value)


def test_a_rename_is_refused_by_what_the_engine_remembers(opened: Callable[[dict[str, Any]], auto.Stack]) -> None:
    first = opened(config())
    first.preview()
    first.up()
    first.preview()
    renamed = config()
    renamed["landing:partners"][0]["name"] = "skyways"
    second = opened(renamed)
    for verb in (second.preview, second.up):
        with pytest.raises(auto.CommandError) as caught:
            verb()
        assert "landing:partners[0].name: 'skyways' has the keys of 'skyway', which is gone" in str(caught.value)
        assert "Traceback" not in str(caught.value)
    first = opened(config())
    first.destroy()
    opened(renamed).up()
