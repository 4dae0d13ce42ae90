"""The lock files pin what pyproject.toml asks for, by hash, on every platform that is supported."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[1]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: Final = PROJECT["project"]["optional-dependencies"]
PROGRAM: Final = [*PROJECT["project"]["dependencies"], *EXTRAS["build"]]
DECLARED: Final = {
    "requirements.lock": PROGRAM,
    "requirements-test.lock": [
        *PROGRAM,
        *(each for name in ("test", "browser", "notebooks") for each in EXTRAS[name]),
    ],
}
SYSTEMS: Final = {"Linux": ("linux", "x86_64", "aarch64"), "Darwin": ("darwin", "arm64")}
ENVIRONMENTS: Final = [
    {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": system,
        "python_full_version": f"{python}.1",
        "python_version": python,
        "sys_platform": name,
    }
    for python in ("3.11", "3.12", "3.13", "3.14")
    for system, (name, *machines) in SYSTEMS.items()
    for machine in machines
]
HINT: Final = "run `make lock`"


@dataclass(frozen=True)
class Pin:
    """One entry of a lock file: a requirement, its hashes, and whether the project asks for it."""

    requirement: Requirement
    hashes: list[str]
    direct: bool

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "=="
        return specifier.version

    def applies(self, environment: dict[str, str]) -> bool:
        return self.requirement.marker is None or self.requirement.marker.evaluate(environment)


def read_pins(name: str) -> list[Pin]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [
        Pin(
            Requirement(entry.partition("\\")[0]),
            re.findall(r"--hash=sha256:([0-9a-f]{64})\b", entry),
            f"{PROJECT['project']['name']} (pyproject.toml)" in entry,
        )
        for entry in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    ]


@pytest.mark.parametrize("name", DECLARED)
def test_everything_is_pinned_by_hash_and_nothing_names_a_host(name: str) -> None:
    pins = read_pins(name)
    assert len(pins) > 50
    assert all(pin.version and pin.hashes for pin in pins)
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE), "no option such as --index-url"


@pytest.mark.parametrize("name", DECLARED)
def test_what_is_pinned_directly_is_what_the_project_declares(name: str) -> None:
    declared = {canonicalize_name(Requirement(text).name) for text in DECLARED[name]}
    assert {pin.name for pin in read_pins(name) if pin.direct} == declared, HINT


@pytest.mark.parametrize("name", DECLARED)
def test_one_version_in_the_declared_range_is_pinned_for_every_platform(name: str) -> None:
    pins = read_pins(name)
    for text in DECLARED[name]:
        wanted = Requirement(text)
        for environment in ENVIRONMENTS:
            if wanted.marker is not None and not wanted.marker.evaluate(environment):
                continue
            found = [
                pin.version
                for pin in pins
                if pin.name == canonicalize_name(wanted.name) and pin.applies(environment)
            ]
            assert len(found) == 1, f"{text}: {found}; {HINT}"
            assert wanted.specifier.contains(found[0], prereleases=True), f"{text}; {HINT}"


def test_the_tests_run_on_the_versions_that_are_installed_for_the_program() -> None:
    program, tests = (
        {(pin.name, pin.version) for pin in read_pins(name) if pin.applies(environment)}
        for name in DECLARED
        for environment in ENVIRONMENTS[:1]
    )
    assert program <= tests, HINT


def test_the_program_is_built_by_what_is_locked() -> None:
    assert set(PROJECT["build-system"]["requires"]) <= set(EXTRAS["build"])
