"""`landing:prefect.workPools` and `caBundle`: what a person reads of a wrong value, all of it at once."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.job_templates import JobSettings
from domain.quantities import cpus, memory
from domain.work_pools import WorkQueue
from tests.stack_values import check, faults, values

KEY = "landing:prefect.workPools"


def prefect(*pools: dict[str, Any], **changes: Any) -> dict[str, object]:  # noqa: ANN401  # any value
    section = {"apiUrl": "https://prefect.example/api", "workPool": "cluster", "workPools": list(pools), **changes}
    return values(prefect=section)


def pool(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any value
    return {"name": "cluster", "type": "kubernetes", **changes}


def test_an_entry_is_read_in_the_words_of_a_pool() -> None:
    (entry,) = check(
        prefect(
            pool(
                description="Nightly loads.",
                concurrencyLimit=10,
                queues=[{"name": "urgent", "priority": 1, "concurrencyLimit": 2, "description": "First."}],
                image="registry.example/flows:1.4",
                namespace="flows",
                serviceAccount="flow-runner",
                cpuRequest="500m",
                cpuLimit="1",
                memoryRequest="256Mi",
                memoryLimit="0.5Gi",
                finishedJobSeconds=600,
                environment={"STAGE": "raw"},
            )
        )
    ).prefect.work_pools
    assert (entry.name, entry.type, entry.description, entry.concurrency_limit) == (
        "cluster",
        "kubernetes",
        "Nightly loads.",
        10,
    )
    assert [each.queue() for each in entry.queues] == [
        WorkQueue(name="urgent", priority=1, concurrency_limit=2, description="First.")
    ]
    assert entry.job_settings() == JobSettings(
        image="registry.example/flows:1.4",
        namespace="flows",
        service_account="flow-runner",
        cpu_request="500m",
        cpu_limit="1",
        memory_request="256Mi",
        memory_limit="0.5Gi",
        finished_job_seconds=600,
        environment={"STAGE": "raw"},
    )


def test_a_name_and_a_type_are_all_that_a_pool_needs() -> None:
    (entry,) = check(prefect(pool(type="process"))).prefect.work_pools
    assert entry.job_settings() == JobSettings()
    assert check(values()).prefect.work_pools == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "prefect-pool"}, ".name: 'prefect-pool' begins with 'prefect', and Prefect keeps such names"),
        ({"name": "a/b"}, ".name: 'a/b' is not a name: one or more characters, none of / % & < >"),
        ({"type": "kubernets"}, ".type: 'kubernets' is not one of process, docker, kubernetes; did you mean 'kuber"),
        ({"type": "ecs"}, ".type: 'ecs' is not one of process, docker, kubernetes"),
        ({"concurrencyLimit": 0}, ".concurrencyLimit: 0 is not allowed: input should be greater than or equal to 1"),
        ({"queues": [{"name": "a"}, {"name": "a"}]}, ".queues: two queues have the name 'a'; give each its own"),
        ({"queues": [{"name": "a%b"}]}, ".queues[0].name: 'a%b' is not a name"),
        ({"queues": [{"name": "a", "priority": 0}]}, ".queues[0].priority: 0 is not allowed"),
        ({"queues": [{"name": n, "priority": 1} for n in "ab"]}, ".queues: two queues have the priority 1; Prefect"),
        ({"image": "my image"}, ".image: 'my image' is not allowed: an image's reference, such as"),
        ({"namespace": "Flows"}, ".namespace: 'Flows' is not allowed: at most 63 lower-case letters"),
        ({"namespace": "n" * 64}, f".namespace: {'n' * 64!r} is not allowed: at most 63"),
        ({"serviceAccount": "-x"}, ".serviceAccount: '-x' is not allowed: at most 253 lower-case letters"),
        ({"cpuRequest": "0.5 cores"}, ".cpuRequest: '0.5 cores' is not a number of CPUs, such as '2' or '500m'"),
        ({"memoryLimit": "400m"}, ".memoryLimit: '400m' is not an amount of memory for Kubernetes, such as '512Mi'"),
        ({"memoryLimit": "0"}, ".memoryLimit: '0' is not an amount of memory"),
        ({"cpuRequest": "2", "cpuLimit": "500m"}, ".cpuLimit: '500m' is less than cpuRequest, '2'; Kubernetes starts"),
        ({"memoryRequest": "1Gi", "memoryLimit": "1G"}, ".memoryLimit: '1G' is less than memoryRequest, '1Gi'"),
        ({"finishedJobSeconds": -1}, ".finishedJobSeconds: -1 is not allowed"),
        ({"environment": {"A B": "1"}}, ".environment: 'A B' is not a variable's name: no spaces and no equals sign"),
        ({"environment": {"A": 1}}, ".environment.A: 1 is not a text; write one, in quotes"),
        ({"cpu": "1"}, ".cpu: is not a key that is known here"),
        ({"type": "docker", "memoryLimit": "512Mi"}, ".memoryLimit: '512Mi' is not an amount of memory for Docker"),
    ],
)
def test_a_wrong_value_is_told_with_its_key(changes: dict[str, Any], told: str) -> None:
    (fault,) = faults(prefect(pool(**changes)))
    assert fault.startswith(f"{KEY}[0]{told}")


def test_all_settings_that_mean_nothing_to_the_type_are_told_at_once() -> None:
    told = faults(
        prefect(
            pool(name="one", type="process", image="x", namespace="n", environment={"A": "1"}),
            pool(name="two", type="docker", serviceAccount="s", cpuLimit="1", memoryLimit="1g", finishedJobSeconds=0),
            pool(name="three", type="lambda", namespace="n"),
        )
    )
    nothing = "means nothing to a pool of the type"
    fix = "leave it out, or change type"
    assert told == [
        f"{KEY}[0].image: 'x' {nothing} 'process', only to docker and kubernetes; {fix}",
        f"{KEY}[0].namespace: 'n' {nothing} 'process', only to kubernetes; {fix}",
        f"{KEY}[1].serviceAccount: 's' {nothing} 'docker', only to kubernetes; {fix}",
        f"{KEY}[1].cpuLimit: '1' {nothing} 'docker', only to kubernetes; {fix}",
        f"{KEY}[1].finishedJobSeconds: 0 {nothing} 'docker', only to kubernetes; {fix}",
        f"{KEY}[2].type: 'lambda' is not one of process, docker, kubernetes",
    ]


def test_two_pools_with_one_name_are_told() -> None:
    assert faults(prefect(pool(), pool(type="docker"))) == [
        f"{KEY}: two pools have the name 'cluster'; give each its own"
    ]


def test_amounts_are_what_kubernetes_takes_them_for() -> None:
    assert cpus("1500m") == Decimal("1.5")
    assert (memory("1Ki"), memory("1k"), memory("1.5Gi"), memory("7")) == (1024, 1000, 3 * 2**29, 7)


@given(number=st.integers(1, 10**6), unit=st.sampled_from(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]))
def test_amounts_grow_with_their_numbers_and_units(number: int, unit: str) -> None:
    assert cpus(f"{number}m") * 1000 == number
    assert memory(f"{number}{unit}") == memory(f"{number * 1024}{unit}") / 1024
    assert memory(f"{number}{unit}") > memory(f"{number}{unit[0]}".replace("K", "k"))


@pytest.mark.parametrize("text", ["", "-1", "0", "0.0", "1,5", "1e3", ".5", "1 Gi", "1GB", "٣", "1Gi\n"])
def test_what_is_no_amount_is_refused_with_its_text(text: str) -> None:
    for read in (cpus, memory):
        with pytest.raises(ValueError, match=re.escape(f"{text!r} is not a")):
            read(text)


def certificate() -> bytes:
    key, name = Ed25519PrivateKey.generate(), x509.Name([])
    until = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, until, until + dt.timedelta(days=9))
    return made.sign(key, None).public_bytes(serialization.Encoding.PEM)


def test_a_bundle_is_a_file_beside_the_program(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(certificate() * 2)
    assert check(prefect(caBundle="ca.pem"), tmp_path).prefect.ca_bundle == "ca.pem"
    assert check(prefect(caBundle=str(tmp_path / "ca.pem"))).prefect.ca_bundle == str(tmp_path / "ca.pem")


@pytest.mark.parametrize("content", [b"", b"no certificate", certificate()[:90]])
def test_a_bundle_that_is_none_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ca.pem").write_bytes(content)
    (told,) = faults(prefect(caBundle="ca.pem"), tmp_path)
    assert told == (
        "landing:prefect.caBundle: 'ca.pem' is not a bundle of certificates in the PEM form; "
        "name a PEM file, from the program's folder on"
    )


def test_a_bundle_that_is_not_there_is_told(tmp_path: Path) -> None:
    (told,) = faults(prefect(caBundle="ca.pem"), tmp_path)
    assert told.startswith("landing:prefect.caBundle: there is no file 'ca.pem'; name a PEM file")
