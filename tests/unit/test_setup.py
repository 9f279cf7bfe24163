from __future__ import annotations

import ast
import asyncio
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.installation.engine import go_fault, machine_engine
from tools.installation.pip_settings import uv_environment
from tools.installation.stamps import Stamp, content_digest
from tools.installation.steps import SetupError, Step, answer
from tools.installation.versions import dotted, required_go, required_module, version_in
from tools.setup import python_fault

CHECKOUT = Path(__file__).parents[2]

versions = st.tuples(st.integers(0, 999), st.integers(0, 999), st.integers(0, 999))


@given(versions, st.sampled_from(["v{}", "go{}", "pulumi v{}-alpha", "go version go{} linux/amd64"]))
def test_a_version_is_read_back_from_what_tools_print(version: tuple[int, int, int], form: str) -> None:
    assert version_in(form.format(dotted(version))) == version


def test_a_version_without_patch_counts_as_patch_zero() -> None:
    assert version_in("go1.26") == (1, 26, 0)


def test_no_version_is_none() -> None:
    assert version_in("") is None


def test_the_pinned_versions_are_read_from_the_committed_modules() -> None:
    cli = CHECKOUT / "toolchain" / "cli" / "go.mod"
    assert required_module(cli, "github.com/pulumi/pulumi/sdk/v3") >= (3, 259, 0)
    assert required_go(cli) >= (1, 25, 0)


def test_a_module_that_is_not_pinned_is_named(tmp_path: Path) -> None:
    go_mod = tmp_path / "go.mod"
    go_mod.write_text("module x\n\ngo 1.25\n")
    with pytest.raises(ValueError, match=r"example\\.org/absent"):
        required_module(go_mod, "example.org/absent")


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (4, 0)])
def test_a_python_that_is_new_enough_has_no_fault(version: tuple[int, int]) -> None:
    assert python_fault(version, "python3") is None


def test_an_old_python_is_told_with_the_fix() -> None:
    fault = python_fault((3, 9), "/usr/bin/python3")
    assert fault is not None
    assert "Python 3.11 or later is needed, and /usr/bin/python3 is 3.9" in fault
    assert "make PYTHON=python3.12 setup" in fault


def test_set_ups_first_module_is_readable_by_an_old_python() -> None:
    source = (CHECKOUT / "tools" / "setup.py").read_text()
    ast.parse(source, feature_version=(3, 7))


def test_a_missing_go_is_told_with_the_fix() -> None:
    fault = go_fault(None, (1, 25, 11))
    assert fault is not None
    assert "Go 1.25.11 or later is needed" in fault
    assert "no `go` is on PATH: install it" in fault
    assert "GOTOOLCHAIN" not in fault


def test_an_old_go_is_told_with_both_fixes() -> None:
    fault = go_fault((1, 22, 2), (1, 25, 11))
    assert fault is not None
    assert "the one on PATH is 1.22.2" in fault
    assert "GOTOOLCHAIN=auto make setup" in fault


@given(versions, versions)
def test_go_has_a_fault_exactly_when_it_is_older(version: tuple[int, int, int], needed: tuple[int, int, int]) -> None:
    assert (go_fault(version, needed) is None) == (version >= needed)


def stamp_of(folder: Path, source: str = "one") -> Stamp:
    return Stamp(file=folder / "stamps" / "x", product=folder / "product", digest=content_digest(source))


def test_a_stamp_holds_once_written_and_while_its_product_stands(tmp_path: Path) -> None:
    stamp = stamp_of(tmp_path)
    stamp.product.touch()
    assert not stamp.holds()
    stamp.write()
    assert stamp.holds()
    stamp.product.unlink()
    assert not stamp.holds()


def test_a_stamp_of_other_sources_does_not_hold(tmp_path: Path) -> None:
    stamp_of(tmp_path).product.touch()
    stamp_of(tmp_path).write()
    assert not stamp_of(tmp_path, "two").holds()


def test_a_dropped_stamp_does_not_hold(tmp_path: Path) -> None:
    stamp = stamp_of(tmp_path)
    stamp.product.touch()
    stamp.write()
    stamp.drop()
    stamp.drop()
    assert not stamp.holds()


@given(st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_digests_tell_sources_apart(one: list[str], other: list[str]) -> None:
    assert (content_digest(*one) == content_digest(*other)) == (one == other)


def test_a_file_counts_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("same")
    (tmp_path / "b").write_text("same")
    assert content_digest(tmp_path / "a") == content_digest(tmp_path / "b")


@pytest.fixture
def no_system_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = ssl.DefaultVerifyPaths(*[""] * 6)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)


@pytest.mark.usefixtures("no_system_certificates")
def test_pips_settings_reach_uv(tmp_path: Path) -> None:
    listing = "\n".join(
        [
            "global.index-url='https://packages.example/simple'",
            "global.cert='/etc/company.pem'",
            "global.timeout='60'",
            f":env:.find-links='{tmp_path} /no/such/folder'",
        ]
    )
    assert uv_environment(listing, {}) == {
        "UV_DEFAULT_INDEX": "https://packages.example/simple",
        "SSL_CERT_FILE": "/etc/company.pem",
        "UV_FIND_LINKS": str(tmp_path),
    }


@pytest.mark.usefixtures("no_system_certificates")
def test_uvs_own_settings_stand() -> None:
    listing = "global.index-url='https://packages.example/simple'"
    assert uv_environment(listing, {"UV_DEFAULT_INDEX": "https://other.example/simple"}) == {}


def test_the_systems_certificates_are_used_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    here = ssl.DefaultVerifyPaths(__file__, *[""] * 5)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: here)
    assert uv_environment("", {}) == {"UV_SYSTEM_CERTS": "1"}


def program(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def on_path(folders: Sequence[Path]) -> str:
    return os.pathsep.join(map(str, folders))


def test_a_machines_engine_needs_its_python_host(tmp_path: Path) -> None:
    pulumi = program(tmp_path / "a", "pulumi")
    path = on_path([tmp_path / "a", tmp_path / "b"])
    assert machine_engine(path, tmp_path / "ours") is None
    program(tmp_path / "b", "pulumi-language-python")
    assert machine_engine(path, tmp_path / "ours") == pulumi


def test_our_own_engine_is_not_the_machines(tmp_path: Path) -> None:
    program(tmp_path / "ours", "pulumi")
    program(tmp_path / "ours", "pulumi-language-python")
    assert machine_engine(on_path([tmp_path / "ours"]), tmp_path / "ours") is None


async def run_python(code: str, log: Path) -> None:
    await Step(title="the step", usually="no time", command=[sys.executable, "-c", code], log=log).run()


def test_a_step_that_fails_ends_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"the step failed \(exit code 3\)(.|\n)*what went wrong"):
        asyncio.run(run_python("import sys; print('what went wrong'); sys.exit(3)", tmp_path / "log"))


def test_a_step_says_what_it_does_and_keeps_its_output_in_a_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(run_python("print('much detail')", tmp_path / "log"))
    assert (tmp_path / "log").read_text() == "much detail\n"
    said = capsys.readouterr().out
    assert "set-up: the step (no time)" in said
    assert "much detail" not in said


def test_what_gives_no_answer_is_none() -> None:
    assert answer("no-such-program-here") is None
    assert answer(sys.executable, "-c", "raise SystemExit(1)") is None
    assert answer(sys.executable, "-c", "print('yes')") == "yes"
