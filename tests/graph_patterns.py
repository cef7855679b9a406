#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""graph-match and graph-shortest-paths over small random graphs, held against enumeration.

usage: SHELLTREE=./shelltree graph_patterns.py [GRAPHS [SEED]]

Every graph comes with a random pattern: one or more sequences, edges in all directions and of
variable length, conditions on nodes, edges and inner nodes. What the pattern should find is
found by trying everything.
"""
import json
import os
import random
import subprocess
import sys

PROGRAM = os.environ.get("SHELLTREE", "./shelltree")


class Graph:
    def __init__(self, rnd):
        self.n = rnd.randint(1, 6)
        self.edges = [(rnd.randrange(self.n), rnd.randrange(self.n)) for _ in range(rnd.randint(1, 8))]
        self.age = [rnd.randint(0, 3) for _ in range(self.n)]
        self.kind = [rnd.randint(0, 2) for _ in self.edges]

    def text(self):
        nodes = ",".join("%d,%d" % (i, a) for i, a in enumerate(self.age))
        edges = ",".join("%d,%d,%d,%d" % (i, f, t, k)
                         for i, ((f, t), k) in enumerate(zip(self.edges, self.kind)))
        return ("let N = datatable(id:long, age:long)[%s];\n"
                "let E = datatable(e:long, f:long, t:long, kind:long)[%s];\n"
                "E | make-graph f --> t with N on id\n" % (nodes, edges))


def element(e):
    name, way, low, high, _, _ = e
    inside = "[%s%s]" % (name, "" if low is None else "*%d..%d" % (low, high))
    return {"r": "-%s->", "l": "<-%s-", "a": "-%s-"}[way] % inside


def random_pattern(rnd):
    """Edges (name, direction, min, max, left node, right node); nodes are letters."""
    count = rnd.choice([1, 1, 1, 2, 2, 3])
    nodes, edges, sequences = ["a"], [], []
    while len(edges) < count:
        at = rnd.choice(nodes)
        sequence = "(%s)" % at
        for _ in range(rnd.randint(1, count - len(edges))):
            to = rnd.choice(nodes) if rnd.random() < 0.3 else "abcdef"[len(nodes)]
            if to not in nodes:
                nodes.append(to)
            low = high = None
            if rnd.random() < 0.5:
                low = rnd.randint(0, 2)
                high = max(1, low + rnd.randint(0, 2))
            e = ("e%d" % len(edges), rnd.choice("rrla"), low, high, at, to)
            edges.append(e)
            sequence += element(e) + "(%s)" % to
            at = to
        sequences.append(sequence)
    return nodes, edges, ", ".join(sequences)


def random_chain(rnd):
    """As random_pattern, of one sequence in which nodes differ, with an edge of variable length."""
    nodes, edges, sequence = ["a"], [], "(a)"
    count = rnd.choice([1, 1, 2, 2, 3])
    must = rnd.randrange(count)
    for i in range(count):
        low = high = None
        if i == must or rnd.random() < 0.5:
            low = rnd.choice([0, 1, 1, 1, 2])
            high = max(1, low + rnd.randint(0, 2))
        nodes.append("abcdef"[i + 1])
        e = ("e%d" % i, rnd.choice("rrla"), low, high, nodes[i], nodes[i + 1])
        edges.append(e)
        sequence += element(e) + "(%s)" % nodes[i + 1]
    return nodes, edges, sequence


def random_conditions(rnd, nodes, edges, ends=False):
    """Text, and predicates by what they are about. ends: those on two nodes are on the ends."""
    texts, own, inner, each, some, old = [], {}, {}, {}, {}, {}
    for n in nodes:
        if rnd.random() < 0.4:
            own[n] = rnd.randint(0, 3)
            texts.append("%s.age >= %d" % (n, own[n]))
    for name, _, low, *_ in edges:
        if rnd.random() < 0.3:
            each[name] = rnd.randint(0, 2)
            texts.append(rnd.choice(["%s.kind != %d", "all(%s, kind != %d)"] if low is not None else ["%s.kind != %d"])
                         % (name, each[name]))
        if low is not None and rnd.random() < 0.3:
            inner[name] = rnd.randint(0, 3)
            texts.append("all(inner_nodes(%s), age <= %d)" % (name, inner[name]))
        if low is not None and rnd.random() < 0.2:
            some[name] = rnd.randint(0, 2)
            texts.append("any(%s, kind == %d)" % (name, some[name]))
        if low is not None and rnd.random() < 0.2:
            old[name] = rnd.randint(0, 3)
            texts.append("any(inner_nodes(%s), age == %d)" % (name, old[name]))
    pair = None
    if len(nodes) > 1 and rnd.random() < 0.3:
        pair = [nodes[0], nodes[-1]] if ends else rnd.sample(nodes, 2)
        texts.append("%s.age != %s.age" % tuple(pair))
    rnd.shuffle(texts)
    return " and ".join(texts), own, inner, each, some, old, pair


def walks(g, e, start, cycles):
    """All (end, path) of one pattern edge from its left node, edges once unless cycles is all."""
    _, way, low, high, _, _ = e
    low, high = (1, 1) if low is None else (low, high)
    todo = [(start, ())]
    while todo:
        at, path = todo.pop()
        if low <= len(path):
            yield at, path
        if len(path) == high:
            continue
        for i, (f, t) in enumerate(g.edges):
            if cycles != "all" and i in path:
                continue
            ends = set()
            if way in "ra" and f == at:
                ends.add(t)
            if way in "la" and t == at:
                ends.add(f)
            todo += [(to, path + (i,)) for to in ends]


def between(g, e, start, path):
    """The nodes inside of a path."""
    at, out = start, []
    for i in path[:-1]:
        f, t = g.edges[i]
        at = t if e[1] == "r" or (e[1] == "a" and f == at) else f
        out.append(at)
    return out


def holds(g, edges, where, bound, paths):
    _, own, inner, each, some, old, pair = where
    if any(not g.age[bound[n]] >= v for n, v in own.items()):
        return False
    if pair and g.age[bound[pair[0]]] == g.age[bound[pair[1]]]:
        return False
    for e in edges:
        name, path = e[0], paths[e[0]]
        if name in each and any(g.kind[i] == each[name] for i in path):
            return False
        if name in inner and any(g.age[v] > inner[name] for v in between(g, e, bound[e[4]], path)):
            return False
        if name in old and not any(g.age[v] == old[name] for v in between(g, e, bound[e[4]], path)):
            return False
        if name in some and not any(g.kind[i] == some[name] for i in path):
            return False
    return True


def circle(edges, paths):
    """Do the pattern's edges themselves, those of no length aside, make a circle?"""
    group = {}

    def root(x):
        while group.get(x, x) != x:
            x = group[x]
        return x
    for e in sorted(edges, key=lambda e: len(paths[e[0]])):
        a, b = root(e[4]), root(e[5])
        if a == b and paths[e[0]]:
            return True
        group[a] = b
    return False


class TooMany(Exception):
    """A graph with more than MOST ways through it says no more than a smaller one, and takes long."""


MOST = 2000


def expected(g, nodes, edges, where, cycles):
    rows, tried = [], 0

    def go(k, bound, paths):
        nonlocal tried
        tried += 1
        if tried > MOST:
            raise TooMany
        if k == len(edges):
            if holds(g, edges, where, bound, paths):
                rows.append((bound, paths))
            return
        e = edges[k]
        for start in ([bound[e[4]]] if e[4] in bound else range(g.n)):
            for end, path in walks(g, e, start, cycles):
                new = dict(bound)
                new[e[4]] = start
                if new.setdefault(e[5], end) != end:
                    continue
                go(k + 1, new, {**paths, e[0]: path})
    go(0, {}, {})
    if cycles != "all":
        rows = [r for r in rows if len(sum(r[1].values(), ())) == len(set(sum(r[1].values(), ())))]
    if cycles == "none":
        kept = []
        for bound, paths in rows:
            # elements joined by a path of no length are one place
            places = {}
            for n in nodes:
                places[n] = n
            for e in edges:
                if not paths[e[0]]:
                    old, new = places[e[5]], places[e[4]]
                    places = {n: new if p == old else p for n, p in places.items()}
            stands = [bound[p] for p in set(places.values())]
            for e in edges:
                stands += between(g, e, bound[e[4]], paths[e[0]])
            if len(stands) == len(set(stands)) and not circle(edges, paths):
                kept.append((bound, paths))
        rows = kept
    return rows


def run(text):
    p = subprocess.run([PROGRAM, "query", "-f", "json", "--file", "-"], input=text.encode(),
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.returncode:
        sys.exit("exit %d: %s\n%s" % (p.returncode, p.stderr.decode(), text))
    return json.loads(p.stdout)["rows"]


def compare(text, got, want):
    got, want = sorted(map(json.dumps, got)), sorted(map(json.dumps, want))
    if got != want:
        lost = [w for w in want if w not in got]
        more = [w for w in got if w not in want]
        sys.exit("%s\n%d rows, %d expected; lost %s, not expected %s" % (text, len(got), len(want), lost[:5], more[:5]))


def show(nodes, edges):
    """What to project, and the function that makes the same of a match."""
    shown = ["%s.id" % n for n in nodes]
    for name, _, low, *_ in edges:
        shown.append("%s.e" % name if low is None else "map(%s, e)" % name)
    for name, _, low, *_ in edges:
        if low is not None:
            shown.append("map(inner_nodes(%s), id)" % name)

    def row(g, bound, paths):
        out = [bound[n] for n in nodes]
        out += [paths[e[0]][0] if e[2] is None else list(paths[e[0]]) for e in edges]
        return out + [between(g, e, bound[e[4]], paths[e[0]]) for e in edges if e[2] is not None]
    return ", ".join(shown), row


def one_match(rnd):
    g = Graph(rnd)
    nodes, edges, pattern = random_pattern(rnd)
    where = random_conditions(rnd, nodes, edges)
    cycles = rnd.choice(["all", "none", "unique_edges"])
    shown, row = show(nodes, edges)
    want = [row(g, *m) for m in expected(g, nodes, edges, where, cycles)]
    text = g.text() + "| graph-match cycles=%s %s\n%s\nproject %s\n" % (
        cycles, pattern, "where " + where[0] if where[0] else "", shown)
    compare(text, run(text), want)
    return len(want)


def one_shortest(rnd):
    g = Graph(rnd)
    nodes, edges, pattern = random_chain(rnd)
    where = random_conditions(rnd, nodes, edges, ends=True)
    shown, row = show(nodes, edges)
    best = {}  # the least length, and the matches of that, by the nodes at the ends
    for bound, paths in expected(g, nodes, edges, where, "all"):
        ends = bound[nodes[0]], bound[nodes[-1]]
        length = sum(map(len, paths.values()))
        if ends[0] == ends[1] and length:
            continue
        if ends not in best or length < best[ends][0]:
            best[ends] = length, []
        if length == best[ends][0]:
            best[ends][1].append(row(g, bound, paths))
    head = g.text() + "| graph-shortest-paths output="
    tail = " %s\n%s\nproject %s\n" % (pattern, "where " + where[0] if where[0] else "", shown)
    compare(head + "all" + tail, run(head + "all" + tail), sum((m for _, m in best.values()), []))
    one = run(head + "any" + tail)
    ends = [(r[0], r[len(nodes) - 1]) for r in one]
    if len(set(ends)) != len(ends) or set(ends) != set(best) or any(r not in best[e][1] for r, e in zip(one, ends)):
        sys.exit("%sany%s\n%s" % (head, tail, one))
    return len(ends)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 240
    rnd = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    done = rows = 0
    while done < count:
        try:
            rows += one_match(rnd) if done % 3 else one_shortest(rnd)
            done += 1
        except TooMany:
            pass
    print("%d patterns, %d matches" % (count, rows))


if __name__ == "__main__":
    main()
