"""Writes docs/licences.md: every pinned dependency and its licence, each of which must suit Apache-2.0.

Reads what is installed; `make check` has put it there. Fails on a licence that nobody has judged yet.
"""

import json
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parent.parent

# Programs under these may be depended on by a program under Apache-2.0; MPL-2.0 asks for its own files only.
COMPATIBLE = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CNRI-Python",
    "HPND",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "PostgreSQL",
    "Python-2.0",
    "Public Domain",
    "Unlicense",
    "Zlib",
}

# What packages write in place of an SPDX name.
SAME_AS = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd-3-clause license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}

# Read by hand, where the package says nothing or is not installed on every platform.
READ_BY_HAND = {
    "@buildersgarden/siwa": "MIT",
    "colorama": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause",
    "mrml": "MIT",
    "pywin32": "PSF-2.0",
    "rich-click": "MIT",
}


def main() -> None:
    to_run = pinned("requirements.txt")
    to_test = pinned("requirements-dev.txt") - to_run
    licences = {name: licence_of(name) for name in sorted(to_run | to_test)}
    if unsuited := {name: licence for name, licence in licences.items() if not suits(licence)}:
        sys.exit(f"licences: not known to suit Apache-2.0: {unsuited}")

    print("# Licences\n")
    print("purvey is under Apache-2.0, and so may be used with everything it depends on, all of which is listed here.")
    print("Written by `scripts/licences.py`.\n")
    print("## To run\n")
    print_table({name: licences[name] for name in sorted(to_run)})
    print("\n## To test and build only\n")
    print_table({name: licences[name] for name in sorted(to_test)})
    print(
        "\nTests also drive Chromium (BSD-3-Clause) and Ceph (LGPL-2.1 or 3) as programs of their own, and from npm:\n"
    )
    print_table(from_npm())


def pinned(file: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", (ROOT / file).read_text(), flags=re.MULTILINE))


def from_npm() -> dict[str, str]:
    """What the tests of agents drive; the lock says each package's licence. The last part of its place is its name."""
    packages: dict[str, dict[str, str]] = json.loads((ROOT / "tests/chain/package-lock.json").read_text())["packages"]
    named = {
        place.rpartition("node_modules/")[2]: about.get("license")
        for place, about in sorted(packages.items())
        if "node_modules/" in place and not about.get("link")
    }
    licences = {name: licence or READ_BY_HAND.get(name, "says nothing") for name, licence in named.items()}
    if unsuited := {name: licence for name, licence in licences.items() if not suits(licence)}:
        sys.exit(f"licences: not known to suit Apache-2.0: {unsuited}")
    return licences


def licence_of(name: str) -> str:
    try:
        return READ_BY_HAND.get(name) or licence_in(distribution(name))
    except PackageNotFoundError:
        return "not installed"


def licence_in(package: Distribution) -> str:
    about = package.metadata
    if expression := about["License-Expression"]:
        return expression
    classified = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License")]
    for said in (about["License"] or "", *classified):
        licence = SAME_AS.get(said.lower(), said)
        if licence in COMPATIBLE:
            return licence
    return (about["License"] or " ".join(classified) or "says nothing")[:80]


def suits(licence: str) -> bool:
    """Whether one of the offered licences suits: `A OR B` offers a choice, `A AND B` asks for both."""
    without_exceptions = re.sub(r" WITH [\w.-]+", "", licence)
    choices = re.sub(r"[()]", "", without_exceptions).split(" OR ")
    return any(all(part.strip() in COMPATIBLE for part in choice.split(" AND ")) for choice in choices)


def print_table(licences: dict[str, str]) -> None:
    print("| package | licence |\n| --- | --- |")
    for name, licence in licences.items():
        print(f"| {name} | {licence} |")


if __name__ == "__main__":
    main()
