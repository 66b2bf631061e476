"""`python -m tests.benchmarks [NAME ...]`: exit 1 when a goal was missed, 2 for a name that is none."""

from __future__ import annotations

import sys
import time
from typing import Final

from tests.benchmarks.imports import imports
from tests.benchmarks.memory import memory
from tests.benchmarks.profiles import profile
from tests.benchmarks.pushes import in_flight, one_by_one

BENCHMARKS: Final = {
    "in-flight": in_flight,
    "one-by-one": one_by_one,
    "import": imports,
    "memory": memory,
    "profile": profile,
}


def main(names: list[str]) -> int:
    """Run those of these names, or all."""
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        print(
            f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr
        )
        return 2
    well = True
    for name in names or BENCHMARKS:
        began = time.monotonic()
        print(f"\n== {name}", flush=True)
        well &= BENCHMARKS[name]()
        print(f"({time.monotonic() - began:.0f} s)", file=sys.stderr)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
