"""List the licences of what is installed, and refuse the GPL: ``python .ci/licences.py``.

The package is Apache-2.0. Nothing that ``make install`` or the extra ``all`` brings may be under the GPL; the LGPL is allowed.
"""

from __future__ import annotations

import re
from importlib import metadata

_GPL = re.compile(r"(?<!L)(?<!Lesser )\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)


def licence_of(distribution: metadata.Distribution) -> str:
    """The licence as the package states it: expression, field or classifiers."""
    about = distribution.metadata
    stated = about.get("License-Expression") or (about.get("License") or "").strip().partition("\n")[0]
    classifiers = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    return stated[:80] or "; ".join(classifiers) or "not stated"


def main() -> None:
    """Print a line a package; exit with 1 where one is under the GPL."""
    licences = {f"{package.name} {package.version}": licence_of(package) for package in metadata.distributions()}
    for package, licence in sorted(licences.items(), key=lambda item: item[0].lower()):
        print(f"{package:40} {licence}")
    refused = [package for package, licence in licences.items() if _GPL.search(licence) and " OR " not in licence.upper()]
    if refused:
        raise SystemExit(f"under the GPL, and so not for this package: {', '.join(refused)}")


if __name__ == "__main__":
    main()
