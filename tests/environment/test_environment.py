"""What a stranger gets: pinned packages, a whole wheel, the make targets, a feature table that is true."""

import ast
import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import hatchling.build
import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PINS = ["requirements.txt", "requirements-dev.txt"]


def script(name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / name], capture_output=True, text=True, cwd=ROOT, check=False
    )


@pytest.mark.parametrize("pins", PINS)
def test_every_package_is_pinned_by_version_and_hash(pins: str) -> None:
    packages = re.split(r"^(?=[a-z0-9])", (ROOT / pins).read_text(), flags=re.MULTILINE)[1:]
    assert len(packages) > 50
    for package in packages:
        assert re.match(r"[a-z0-9-]+==[\w.]+", package), package
        assert "--hash=sha256:" in package, package


@pytest.mark.parametrize("pins", PINS)
def test_no_address_is_written_down(pins: str) -> None:
    text = (ROOT / pins).read_text()
    assert not re.search(r"://|--index|--extra-index|--find-links|@ file", text)
    assert not (ROOT / "uv.lock").exists()


def test_what_comes_from_npm_is_pinned_by_hash_without_an_address() -> None:
    packages = json.loads((ROOT / "tests" / "chain" / "package-lock.json").read_text())["packages"]
    fetched = [about for place, about in packages.items() if "node_modules/" in place and not about.get("link")]
    assert len(fetched) > 50
    assert all(about["integrity"].startswith("sha512-") and "resolved" not in about for about in fetched)


def test_what_runs_is_tested_in_the_same_version() -> None:
    running, testing = (set(re.findall(r"^[a-z0-9-]+==\S+", (ROOT / pins).read_text(), re.MULTILINE)) for pins in PINS)
    assert running
    assert running <= testing


def test_the_wheel_holds_all_that_the_program_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    wheel = zipfile.ZipFile(tmp_path / hatchling.build.build_wheel(str(tmp_path)))
    source = ROOT / "src"
    read = {
        str(file.relative_to(source))
        for file in source.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert read <= set(wheel.namelist())
    assert {".css", ".html", ".sql"} <= {Path(name).suffix for name in read}
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


@pytest.mark.parametrize("target", ["help", "run", "setup", "check", "test", "bench", "proof", "features"])
def test_make_knows_its_targets(target: str) -> None:
    subprocess.run(["make", "--dry-run", "--silent", target], cwd=ROOT, check=True, capture_output=True)


def test_scripts_can_be_run() -> None:
    for file in [ROOT / ".ci" / "run", *(ROOT / "scripts").iterdir()]:
        if file.suffix != ".py":
            assert os.access(file, os.X_OK), file
            subprocess.run(["bash", "-n", file], check=True)


def test_the_licences_are_listed_and_suit_ours() -> None:
    listed = script("licences.py")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout == (ROOT / "docs" / "licences.md").read_text()


def test_the_table_of_features_tells_what_is_built_as_the_tests_do() -> None:
    told = script("features.py")
    assert told.returncode == 0, told.stderr
    assert len(re.findall(r"^[ABCD][0-9]+ ", told.stdout, re.MULTILINE)) == 33 + 18 + 20 + 22


def test_a_table_of_features_that_promises_too_much_or_too_little_is_told() -> None:
    disagreements = runpy.run_path(str(ROOT / "scripts" / "features.py"))["disagreements"]
    assert [*disagreements({"A1"}, claimed={"A1"}, known={"A1", "C2"})] == []
    assert [*disagreements({"A1", "A2"}, claimed={"A1", "C2", "X9"}, known={"A1", "A2", "C2"})] == [
        "features: claimed by tests, and no row: X9",
        "features: built, and claimed by no test: A2",
        "features: not built, and claimed by tests: C2",
    ]


def test_whatever_the_program_imports_is_among_its_own_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.match(r"[\w-]+", dependency)[0] for dependency in project["dependencies"]}  # type: ignore[index]
    packages = packages_distributions()
    imported = {name for file in (ROOT / "src").rglob("*.py") for name in imports(file)}
    foreign = imported - sys.stdlib_module_names - {"purvey"}
    assert foreign
    assert {name for name in foreign if not declared & set(map(canonicalize_name, packages[name]))} == set()


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (name.name.partition(".")[0] for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
