from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer

from command_line import jiqun
from jiqun.ask import complete_query, parameters
from jiqun.cli import app
from jiqun.errors import BadParameter
from knowledge.small_content import Small, write_small

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return write_small(tmp_path)


def test_check_of_good_content_is_silent(small: Small) -> None:
    done = jiqun("check", "--content", small.content.root, "--texts", small.texts)
    assert done == (0, "", "")


def test_check_lists_the_quotes_not_checked(small: Small, tmp_path: Path) -> None:
    code, out, err = jiqun("check", "--content", small.content.root, "--texts", tmp_path)
    assert (code, out) == (0, "")
    assert err == "quotes not checked, text not available: gazette\n"


def test_check_prints_findings_like_a_compiler(small: Small) -> None:
    small.replace("data/register/things.ttl", "kg:within id:hebei", "kg:within other:hebei")
    code, out, err = jiqun("check", "--content", small.content.root, "--texts", small.texts)
    assert code == 1
    assert out == (
        "data/register/things.ttl:13:38: The prefix other: has not been declared (syntax)\n"
    )
    assert err == "1 finding\n"


def test_fmt_changes_files_once_and_lists_them(small: Small) -> None:
    arguments = ("fmt", "--content", small.content.root)
    code, listed, _ = jiqun(*arguments, "--check")
    assert code == 1
    assert "data/sources/gazette/facts.trig\n" in listed
    assert "    id:pumps\n" not in small.path("data/sources/gazette/facts.trig").read_text()
    assert jiqun(*arguments) == (0, listed, "")
    assert jiqun(*arguments) == (0, "", "")
    assert jiqun(*arguments, "--check") == (0, "", "")


def test_fmt_of_one_file_leaves_the_others(small: Small) -> None:
    one = small.path("data/register/things.ttl")
    code, listed, _ = jiqun("fmt", one, "--content", small.content.root)
    assert (code, listed) == (0, "data/register/things.ttl\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--texts", "/no/such/folder"], "jiqun: There is no folder /no/such/folder.\n"),
        (["check", "--content", "/no/such"], "jiqun: /no/such: there is no folder ontology or"),
        (["fmt", "/no/such.ttl"], "jiqun: /no/such.ttl: cannot be read: No such file"),
        (["new-source", "a", "--text", "/no/such"], "jiqun: /no/such cannot be read: No such file"),
        (["query", "clusters", "--release", "/no/such"], "jiqun: There is no release folder at"),
        (["serve", "--release", "/no/such"], "jiqun: There is no release folder at /no/such."),
        (["query", "clusters", "--place"], "jiqun: The parameter --place has no value."),
    ],
)
def test_failures_are_reported_in_one_line(arguments: list[str], message: str) -> None:
    code, out, err = jiqun(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert "Traceback" not in err


def test_new_source_prints_the_passages(small: Small, tmp_path: Path) -> None:
    text = tmp_path / "daily.txt"
    text.write_text("one\n\ntwo\n", encoding="utf-8")
    done = jiqun("new-source", "daily", "--text", text, "--content", small.content.root)
    assert done == (0, "p1\tone\np2\ttwo\n", "wrote data/sources/daily/\n")


def test_build_then_query(small: Small, tmp_path: Path) -> None:
    release = tmp_path / "out" / "release"
    done = jiqun("build", "--content", small.content.root, "--release", release)
    assert done[:2] == (0, "")
    steps = done[2].splitlines()
    assert re.fullmatch(r"read the content: \d+\.\d s", steps[0])
    assert steps[-1] == f"wrote {release}/"
    assert jiqun("query", "--release", release) == (0, "where\tWhere is a cluster?\n", "")
    code, out, err = jiqun("query", "where", "--release", release, "--format", "csv")
    assert (code, err) == (0, "")
    names = ("hebei", "ji-county", "zhuo-city")
    expected = "".join(f"https://w3id.org/jiqun/id/{name}\r\n" for name in names)
    assert out.replace("\r\n", "\n") == ("place\r\n" + expected).replace("\r\n", "\n")
    code, _, err = jiqun("query", "were", "--release", release)
    assert (code, err) == (2, "jiqun: There is no saved query were. Did you mean where?\n")
    code, _, err = jiqun("query", "where", "--release", release, "--cluster", '" } INSERT')
    assert code == 2
    assert err.startswith("jiqun: ")


def test_build_refuses_what_check_rejects(small: Small, tmp_path: Path) -> None:
    release = tmp_path / "release"
    label = 'rdfs:label "Pumps"@en , "泵集群"@zh-Hans'
    small.replace("data/register/things.ttl", label, "kg:size 1")
    small.replace("data/sources/gazette/source.ttl", "企业120家以上", "企业130家以上")
    content = ("--content", small.content.root)
    texts = ("--texts", small.texts)
    checked = jiqun("check", *content, *texts)
    assert len(checked[1].splitlines()) == 2
    code, out, err = jiqun("build", *content, *texts, "--release", release)
    assert (code, out) == (1, checked[1])
    assert err.endswith("\n2 findings\n")
    assert not release.exists()
    assert jiqun("build", *content, "--no-check", "--release", release)[0] == 0
    assert (release / "manifest.json").exists()


def test_the_command_is_a_process_with_the_exit_code_of_what_it_found() -> None:
    command = [sys.executable, "-m", "jiqun", "query", "goals", "--release", "/no/such"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("jiqun: There is no release folder at /no/such.")


def test_starting_a_command_does_not_load_what_it_does_not_need() -> None:
    heavy = {"networkx", "pyshacl", "rdflib", "tantivy", "opencc", "pypinyin", "arro3", "fastapi"}
    program = f"import sys, jiqun.cli; print({heavy!r} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "set()\n", done.stderr


def test_the_shell_completes_the_names_of_queries(small: Small, tmp_path: Path) -> None:
    release = tmp_path / "release"
    assert jiqun("build", "--content", small.content.root, "--release", release)[0] == 0
    for folder, names in ((release, ["where"]), (tmp_path / "none", [])):
        context = typer.Context(typer.main.get_command(app))
        context.params["release"] = folder
        assert [name for name, _ in complete_query(context, "wh")] == names


def test_the_exit_codes_are_documented() -> None:
    code, out, _ = jiqun("--help")
    assert code == 0
    assert "Exit codes:" in out


def test_parameters_are_read_from_both_forms() -> None:
    given = parameters(["--place", "id:hebei", "--year=2024", "--name", "--odd--"])
    assert given == {"place": ["id:hebei"], "year": ["2024"], "name": ["--odd--"]}


@pytest.mark.parametrize("arguments", [["place"], ["--", "x"], ["--=x"]])
def test_what_is_no_parameter_is_refused(arguments: list[str]) -> None:
    with pytest.raises(BadParameter):
        parameters(arguments)
