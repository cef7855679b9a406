#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""rooms.py [--show] [FOLDER...]: who calls whom among the files of src.

A room of rules calls only those that it may know: the engine knows no language, and of a language
only its own row is seen from outside. Files of a room that call each other in a circle are few.
It reads the includes of the sources and the symbols of the objects (nm), both of this build.

--show prints the circles of each folder (of src/rules and what is below it, if none is named).
"""
import collections
import os
import re
import subprocess
import sys

SRC = os.path.join(os.environ.get("srcdir", "."), "src")
BUILD = "src"
# A file below the first name must not include, nor call what is defined in, a file below the
# second, but for those below the third ones. "": every file that isn't below the second itself.
MUST_NOT = [
    ("rules/engine", "rules", ["rules/engine"]),
    ("rules/engine", "hunt", []),
    ("rules/engine", "report", []),
    ("rules/engine", "cli", []),
    ("rules/text", "rules", ["rules/text"]),
    ("", "rules/kql", []),
    ("", "rules/sigma", []),
]
# The table of languages names their rows.
BUT = {("rules/languages", "rules/kql/language"), ("rules/languages", "rules/sigma/language")}
# Lines of a source file, at most.
LINES = 1000
# Files that may call each other in a circle, at most.
LARGEST = {"rules/engine": 1, "rules": 6, "evidence": 1}


def below(path, folder):
    return not folder or path == folder or path.startswith(folder + "/")


def forbidden(path, other):
    for room, no, but in MUST_NOT:
        if (not room and below(path, no)) or (path, other) in BUT:
            continue
        if below(path, room) and below(other, no) and not any(below(other, b) for b in but):
            return True
    return False


def files(top, ending):
    for folder, _, names in os.walk(top):
        for name in sorted(names):
            if name.endswith(ending):
                yield os.path.relpath(os.path.join(folder, name), top)


def bad_includes():
    bad = []
    for path in list(files(SRC, ".c")) + list(files(SRC, ".h")):
        with open(os.path.join(SRC, path), encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                found = re.match(r'\s*#\s*include "([^"]+)"', line)
                if found and forbidden(path, found.group(1)):
                    bad.append(f"src/{path}:{number}: includes {found.group(1)}")
    return bad


def long_files():
    """Files that hold more than a thousand lines."""
    return [f"src/{path}: {n} lines, more than {LINES}" for path in files(SRC, ".c")
            if (n := sum(1 for _ in open(os.path.join(SRC, path), encoding="utf-8"))) > LINES]


def calls():
    """By file without ending: the files that it calls, each with the symbols."""
    wants, defined = collections.defaultdict(set), {}
    for path in files(BUILD, ".o"):
        name = path[:-2]
        if not os.path.exists(os.path.join(SRC, name + ".c")):
            continue
        out = subprocess.run(["nm", os.path.join(BUILD, path)],
                             capture_output=True, text=True, check=True).stdout
        for line in out.splitlines():
            kind, symbol = line.split()[-2:]
            if kind == "U":
                wants[name].add(symbol)
            elif kind.isupper():
                defined[symbol] = name
    graph = {name: collections.defaultdict(list) for name in set(defined.values()) | set(wants)}
    for name, symbols in wants.items():
        for symbol in sorted(symbols):
            if defined.get(symbol, name) != name:
                graph[name][defined[symbol]].append(symbol)
    return graph


def circles(graph, folder):
    """Sets of files below the folder that reach each other (Tarjan 1972), without recursion."""
    nodes = sorted(n for n in graph if below(n, folder))
    inside, seen, low, stack, on, found = set(nodes), {}, {}, [], set(), []
    for root in nodes:
        if root in seen:
            continue
        walk = [(root, iter(sorted(graph[root])))]
        seen[root] = low[root] = len(seen)
        stack.append(root)
        on.add(root)
        while walk:
            at, rest = walk[-1]
            for to in rest:
                if to not in inside:
                    continue
                if to not in seen:
                    seen[to] = low[to] = len(seen)
                    stack.append(to)
                    on.add(to)
                    walk.append((to, iter(sorted(graph[to]))))
                    break
                if to in on:
                    low[at] = min(low[at], seen[to])
            else:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[at])
                if low[at] == seen[at]:
                    circle = []
                    while not circle or circle[-1] != at:
                        circle.append(stack.pop())
                        on.discard(circle[-1])
                    if len(circle) > 1:
                        found.append(sorted(circle))
    return len(nodes), sorted(found, key=len, reverse=True)


def show(graph, folders):
    if not folders:
        folders = sorted({os.path.dirname(n) for n in graph if n.startswith("rules/")} | {"rules/engine", "rules/kql"})
    for folder in folders:
        n, found = circles(graph, folder)
        print(f"src/{folder}: {n} files, the largest circle {len(found[0]) if found else 1}")
        for circle in found:
            print("   ", " ".join(circle))


def main():
    graph = calls()
    if "--show" in sys.argv[1:]:
        show(graph, [a.removeprefix("src/") for a in sys.argv[1:] if a != "--show"])
        return 0
    bad = bad_includes() + long_files()
    for name, others in sorted(graph.items()):
        for other, symbols in sorted(others.items()):
            if forbidden(name, other):
                bad.append(f"src/{name}.c: calls {', '.join(symbols)} of src/{other}.c")
    for folder, most in LARGEST.items():
        n, found = circles(graph, folder)
        if not n:
            bad.append(f"src/{folder}: no objects in this build")
        bad += [f"src/{folder}: a circle of {len(c)} files: {' '.join(c)}" for c in found if len(c) > most]
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FileNotFoundError as missing:
        print(f"{missing.filename} isn't here")
        sys.exit(77)
