"""``python -m bench NAME`` runs one benchmark; ``--list`` prints the names.

A benchmark that has a ``parser`` takes options after its name.
"""

import importlib
import pkgutil
import sys

import bench


def names() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_")]


def main() -> int:
    if sys.argv[1:] == ["--list"]:
        print(*names(), sep="\n")
        return 0
    name, options = sys.argv[1:2], sys.argv[2:]
    if name and name[0] in names():
        module = importlib.import_module(f"bench.{name[0]}")
        if not options or hasattr(module, "parser"):
            module.main()
            return 0
    print(f"usage: python -m bench NAME    with one of: {', '.join(names())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
