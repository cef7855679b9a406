#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""Queries made at random, held against SQLite: conditions, joins of every kind, groups, sorts, unions.

usage: SHELLTREE=./shelltree sqlite_oracle.py [QUERIES [SEED]]

Each query is built twice, as KQL and as SQL, step by step over small tables with nulls, empty texts,
capitals and ties. Where the languages differ (null keys that match, == of nulls, the sign of a
remainder, "" where SQL has NULL), the SQL spells out what Kusto does.
"""
import json
import os
import random
import subprocess
import sys

try:
    import sqlite3
except ImportError:
    print("Python has no sqlite3: skipped")
    sys.exit(77)

PROGRAM = os.environ.get("SHELLTREE", "./shelltree")
TEXTS = ["", "a", "A", "b", "B", "ab", "\u00e4", "Z", "_"]
LONGS = [None, -7, -2, -1, 0, 1, 2, 3, 10]
REALS = [None, -1.5, -0.25, 0.0, 0.5, 2.25, 4.0]
VALUES = {"string": TEXTS, "long": LONGS, "real": REALS}
SCHEMA = [("k", "string"), ("n", "long"), ("m", "long"), ("r", "real")]


def kql_value(v, t):
    if v is None:
        return t + "(null)"
    if t == "string":
        return json.dumps(v, ensure_ascii=False)
    return "real(%r)" % v if t == "real" else str(v)


def sql_value(v):
    if v is None:
        return "NULL"
    return "'" + v.replace("'", "''") + "'" if isinstance(v, str) else repr(v)


def quoted(name):
    return '"' + name + '"'


class Table:
    """A table of the case: rows of SCHEMA, in KQL a datatable, in SQLite with their number."""

    def __init__(self, rnd, name, rows):
        self.name = name
        self.rows = [tuple(rnd.choice(VALUES[t]) for _, t in SCHEMA) for _ in range(rows)]

    def kql(self):
        cells = ", ".join(kql_value(v, t) for row in self.rows for v, (_, t) in zip(row, SCHEMA))
        return "let %s = datatable(%s)[%s];\n" % (
            self.name, ", ".join("%s:%s" % c for c in SCHEMA), cells)

    def put(self, db):
        db.execute("CREATE TABLE %s(%s, ord)" % (self.name, ", ".join(n for n, _ in SCHEMA)))
        db.executemany("INSERT INTO %s VALUES(?,?,?,?,?)" % self.name,
                       [row + (i,) for i, row in enumerate(self.rows)])


class Query:
    """The same pipeline in both languages. ord: the rows still have their number."""

    def __init__(self, rnd, table):
        self.rnd = rnd
        self.kql = table.name
        self.sql = "SELECT * FROM " + table.name
        self.cols = list(SCHEMA)
        self.ord = True
        self.keys = None  # of the order, if one is meant: places of columns

    def names(self, *types):
        return [n for n, t in self.cols if not types or t in types]

    def select(self, items, tail=""):
        more = ", ord" if self.ord else ""
        self.sql = "SELECT %s%s FROM (%s) %s" % (items, more, self.sql, tail)

    # ---- expressions: (KQL, SQL) --------------------------------------------------------------

    def number(self, depth=0):
        rnd = self.rnd
        if depth > 1 or rnd.random() < 0.5 or not self.names("long"):
            if self.names("long") and rnd.random() < 0.7:
                name = rnd.choice(self.names("long"))
                return name, quoted(name)
            v = rnd.choice(LONGS[1:])
            return "(%d)" % v, "(%d)" % v
        a, b = self.number(depth + 1), self.number(depth + 1)
        op = rnd.choice("+-*/%")
        sql = "((%s) %s (%s))" % (a[1], op, b[1])
        if op == "%":
            sql = "(((%s) %% (%s) + abs(%s)) %% abs(%s))" % (a[1], b[1], b[1], b[1])
        return "((%s) %s (%s))" % (a[0], op, b[0]), sql

    def comparison(self):
        rnd = self.rnd
        if rnd.random() < 0.4 and self.names("string"):
            name = rnd.choice(self.names("string"))
            if rnd.random() < 0.3:
                list_ = rnd.sample(TEXTS, 2)
                return ("%s in (%s)" % (name, ", ".join(kql_value(v, "string") for v in list_)),
                        "%s IN (%s)" % (quoted(name), ", ".join(sql_value(v) for v in list_)))
            op, v = rnd.choice(["==", "!=", "<", "<=", ">", ">="]), rnd.choice(TEXTS)
            if op[0] in "<>":
                return ("strcmp(%s, %s) %s 0" % (name, kql_value(v, "string"), op),
                        "%s %s %s" % (quoted(name), op, sql_value(v)))
            return ("%s %s %s" % (name, op, kql_value(v, "string")),
                    "%s %s %s" % (quoted(name), "=" if op == "==" else "<>", sql_value(v)))
        a, b = self.number(), self.number()
        op = rnd.choice(["==", "!=", "<", "<=", ">", ">=", "between", "in", "isnull"])
        if op == "isnull":
            return "isnull(%s)" % a[0], "(%s) IS NULL" % a[1]
        if op == "in":
            return ("%s in (%s, 2)" % (a[0], b[0]),
                    "CASE WHEN (%s) IS NULL AND (%s) IS NULL THEN NULL "
                    "ELSE coalesce((%s) IS (%s) AND (%s) IS NOT NULL, 0) OR coalesce((%s) = 2, 0) END"
                    % (a[1], b[1], a[1], b[1], a[1], a[1]))
        if op == "between":
            return ("%s between ((%s) .. 3)" % (a[0], b[0]),
                    "CASE WHEN (%s) IS NOT NULL THEN (%s) BETWEEN (%s) AND 3 END" % (b[1], a[1], b[1]))
        if op in ("==", "!="):
            return ("(%s) %s (%s)" % (a[0], op, b[0]),
                    "CASE WHEN (%s) IS NULL AND (%s) IS NULL THEN NULL ELSE (%s) %s (%s) END"
                    % (a[1], b[1], a[1], "IS" if op == "==" else "IS NOT", b[1]))
        return "(%s) %s (%s)" % (a[0], op, b[0]), "(%s) %s (%s)" % (a[1], op, b[1])

    def condition(self, depth=0):
        rnd = self.rnd
        if depth > 2 or rnd.random() < 0.4:
            return self.comparison()
        a, b = self.condition(depth + 1), self.condition(depth + 1)
        op = rnd.choice(["and", "or", "not"])
        if op == "not":
            return "not(%s)" % a[0], "NOT (%s)" % a[1]
        return "(%s %s %s)" % (a[0], op, b[0]), "((%s) %s (%s))" % (a[1], op, b[1])

    # ---- operators ------------------------------------------------------------------------------

    def where(self):
        kql, sql = self.condition()
        self.kql += "\n| where " + kql
        self.sql = "SELECT * FROM (%s) WHERE %s" % (self.sql, sql)

    def extend(self):
        name = "e%d" % len(self.cols)
        c, a, b = self.condition(1), self.number(), self.number()
        self.kql += "\n| extend %s = iff(%s, %s, %s)" % (name, c[0], a[0], b[0])
        self.sql = "SELECT %s, CASE WHEN %s THEN %s ELSE %s END AS %s%s FROM (%s)" % (
            ", ".join(quoted(n) for n in self.names()), c[1], a[1], b[1], name,
            ", ord" if self.ord else "", self.sql)
        self.cols.append((name, "long"))

    def join(self, other):
        kind = self.rnd.choice(["innerunique", "inner", "leftouter", "rightouter", "fullouter",
                                "leftsemi", "leftanti", "rightsemi", "rightanti"])
        keys = [k for k in ("k", "n", "m", "r") if k in self.names() and self.rnd.random() < 0.2]
        keys = keys or ["k" if "k" in self.names() else "n"]
        if not set(keys) <= set(self.names()):
            return
        self.kql += "\n| join kind=%s (%s) on %s" % (kind, other.name, ", ".join(keys))
        on = " AND ".join("l.%s IS x.%s" % (quoted(k), k) for k in keys)
        left, right = "(%s) l" % self.sql, other.name + " x"
        taken, right_names = set(self.names()), []
        for n, t in SCHEMA:
            new, i = n, 1
            while new in taken or (i > 1 and new in [c for c, _ in SCHEMA]):
                new, i = n + str(i), i + 1
            taken.add(new)
            right_names.append((new, n, t))
        lefts = ["l.%s AS %s" % (quoted(n), quoted(n)) for n in self.names()]
        rights = ["x.%s AS %s" % (n, quoted(new)) for new, n, _ in right_names]
        both = ", ".join(lefts + rights)

        def missing(t):
            return "''" if t == "string" else "NULL"

        no_left = ", ".join(["%s AS %s" % (missing(t), quoted(n)) for n, t in self.cols] + rights)
        no_right = ", ".join(lefts + ["%s AS %s" % (missing(t), quoted(new))
                                      for new, _, t in right_names])
        inner = "SELECT %s FROM %s JOIN %s ON %s" % (both, left, right, on)
        left_only = "SELECT %s FROM %s WHERE NOT EXISTS (SELECT 1 FROM %s WHERE %s)" % (
            no_right, left, right, on)
        right_only = "SELECT %s FROM %s WHERE NOT EXISTS (SELECT 1 FROM %s WHERE %s)" % (
            no_left, right, left, on)
        if kind == "innerunique":
            first = "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY %s ORDER BY ord) AS " \
                    "rn__ FROM (%s)) WHERE rn__ = 1" % (", ".join(quoted(k) for k in keys), self.sql)
            inner = "SELECT %s FROM (%s) l JOIN %s ON %s" % (both, first, right, on)
        self.sql = {
            "innerunique": inner,
            "inner": inner,
            "leftouter": inner + " UNION ALL " + left_only,
            "rightouter": inner + " UNION ALL " + right_only,
            "fullouter": inner + " UNION ALL " + left_only + " UNION ALL " + right_only,
            "leftsemi": "SELECT * FROM %s WHERE EXISTS (SELECT 1 FROM %s WHERE %s)" % (left, right, on),
            "leftanti": "SELECT * FROM %s WHERE NOT EXISTS (SELECT 1 FROM %s WHERE %s)"
                        % (left, right, on),
            "rightsemi": "SELECT * FROM %s WHERE EXISTS (SELECT 1 FROM %s WHERE %s)" % (right, left, on),
            "rightanti": "SELECT * FROM %s WHERE NOT EXISTS (SELECT 1 FROM %s WHERE %s)"
                         % (right, left, on),
        }[kind]
        if kind in ("rightsemi", "rightanti"):
            self.cols = list(SCHEMA)
        elif kind not in ("leftsemi", "leftanti"):
            self.cols += [(new, t) for new, _, t in right_names]
        if kind not in ("leftsemi", "leftanti", "rightsemi", "rightanti"):
            self.ord = False

    def union(self, other):
        self.kql = "union (%s), %s" % (self.kql, other.name)
        mine, names = dict(self.cols), self.names()
        new = [(n, t) for n, t in SCHEMA if n not in mine]
        if any(mine.get(n, t) != t for n, t in SCHEMA):
            raise AssertionError("types differ")

        def side(have):
            return ", ".join(
                (quoted(n) if n in have else "''" if t == "string" else "NULL") + " AS " + quoted(n)
                for n, t in self.cols + new)
        self.sql = "SELECT %s FROM (%s) UNION ALL SELECT %s FROM %s" % (
            side(names), self.sql, side([n for n, _ in SCHEMA]), other.name)
        self.cols += new
        self.ord = False

    def summarize(self):
        rnd = self.rnd
        keys = [(n, quoted(n), n, t) for n, t in self.cols if t != "real" and rnd.random() < 0.3][:2]
        if self.names("long") and rnd.random() < 0.3:
            n = rnd.choice(self.names("long"))
            keys.append(("b = bin(%s, 3)" % n,
                         "(%s - ((%s %% 3) + 3) %% 3)" % (quoted(n), quoted(n)), "b", "long"))
        longs, reals, texts = self.names("long"), self.names("real"), self.names("string")
        aggs = [("count()", "count(*)", "long")]
        for n in longs[:3]:
            q = quoted(n)
            aggs += [("sum(%s)" % n, "coalesce(sum(%s), 0)" % q, "long"),
                     ("min(%s)" % n, "min(%s)" % q, "long"), ("max(%s)" % n, "max(%s)" % q, "long"),
                     ("dcount(%s)" % n, "count(DISTINCT %s)" % q, "long"),
                     ("countif(%s > 0)" % n, "count(CASE WHEN %s > 0 THEN 1 END)" % q, "long"),
                     ("sumif(%s, %s < 2)" % (n, n),
                      "coalesce(sum(CASE WHEN %s < 2 THEN %s END), 0)" % (q, q), "long")]
        for n in reals[:2]:
            q = quoted(n)
            aggs += [("avg(%s)" % n, "coalesce(avg(%s), 'NaN')" % q, "real"),
                     ("sum(%s)" % n, "coalesce(sum(%s), 0.0)" % q, "real"),
                     ("max(%s)" % n, "max(%s)" % q, "real"),
                     ("variance(%s)" % n,
                      "CASE WHEN count(%s) < 2 THEN 0.0 ELSE (sum(%s * %s) - sum(%s) * sum(%s) / "
                      "count(%s)) / (count(%s) - 1) END" % ((q,) * 7), "real")]
        for n in texts[:2]:
            q = quoted(n)
            aggs += [("max(%s)" % n, "coalesce(max(%s), '')" % q, "string"),
                     ("min(%s)" % n, "coalesce(min(%s), '')" % q, "string"),
                     ("dcount(%s)" % n, "count(DISTINCT %s)" % q, "long"),
                     ("dcountif(%s, %s != 'a')" % (n, n),
                      "count(DISTINCT CASE WHEN %s <> 'a' THEN %s END)" % (q, q), "long")]
        chosen = rnd.sample(aggs, min(len(aggs), rnd.randint(1, 4)))
        self.kql += "\n| summarize " + ", ".join("a%d = %s" % (i, a[0]) for i, a in enumerate(chosen))
        inner = "SELECT *, %s FROM (%s)" % (
            ", ".join("%s AS g%d__" % (k[1], i) for i, k in enumerate(keys)) or "1", self.sql)
        self.sql = "SELECT %s FROM (%s)" % (", ".join(
            ["g%d__ AS %s" % (i, quoted(k[2])) for i, k in enumerate(keys)] +
            ["%s AS a%d" % (a[1], i) for i, a in enumerate(chosen)]), inner)
        if keys:
            self.kql += " by " + ", ".join(k[0] for k in keys)
            self.sql += " GROUP BY " + ", ".join("g%d__" % i for i in range(len(keys)))
        self.cols = [(k[2], k[3]) for k in keys] + [("a%d" % i, a[2]) for i, a in enumerate(chosen)]
        self.ord = False

    def arg_max(self):
        longs = self.names("long")
        if not longs or not self.ord:
            return
        n, way = self.rnd.choice(longs), self.rnd.choice(["max", "min"])
        by = self.rnd.choice(["k", None]) if "k" in self.names("string") else None
        rest = [c for c in self.cols if c[0] not in (n, by)]
        self.kql += "\n| summarize arg_%s(%s, *)%s" % (way, n, " by " + by if by else "")
        self.cols = ([(by, "string")] if by else []) + [(n, "long")] + rest
        empty = ", ".join("''" if t == "string" else "NULL" for _, t in self.cols)
        self.sql = "SELECT %s FROM (SELECT *, row_number() OVER (%sORDER BY %s %s NULLS LAST, ord) AS " \
                   "rn__ FROM (%s)) WHERE rn__ = 1" % (
                       ", ".join(quoted(c) for c, _ in self.cols),
                       "PARTITION BY %s " % quoted(by) if by else "", quoted(n),
                       "DESC" if way == "max" else "ASC", self.sql)
        if not by:
            self.sql = "SELECT * FROM (%s) UNION ALL SELECT %s WHERE NOT EXISTS (SELECT 1 FROM (%s))" % (
                self.sql, empty, self.sql)
        self.ord = False

    def distinct(self):
        names = self.rnd.sample(self.names(), min(len(self.cols), self.rnd.randint(1, 3)))
        self.kql += "\n| distinct " + ", ".join(names)
        self.sql = "SELECT DISTINCT %s FROM (%s)" % (", ".join(quoted(n) for n in names), self.sql)
        types = dict(self.cols)
        self.cols = [(n, types[n]) for n in names]
        self.ord = False

    def order(self):
        rnd = self.rnd
        names = rnd.sample(self.names(), min(len(self.cols), rnd.randint(1, 3)))
        kql, sql = [], []
        for n in names:
            way = rnd.choice(["", " asc", " desc"])
            nulls = rnd.choice(["", " nulls first", " nulls last"])
            kql.append(n + way + nulls)
            asc = way == " asc"
            where = nulls or (" nulls first" if asc else " nulls last")
            sql.append(quoted(n) + (" ASC" if asc else " DESC") + where.upper())
        self.kql += "\n| order by " + ", ".join(kql)
        self.keys = [self.names().index(n) for n in names]
        top = self.ord and rnd.random() < 0.5
        if top:
            n = rnd.randint(0, 5)
            self.kql += "\n| take %d" % n
        self.sql = "SELECT %s FROM (%s) ORDER BY %s%s%s" % (
            ", ".join(quoted(n) for n in self.names()), self.sql, ", ".join(sql),
            ", ord" if self.ord else "", " LIMIT %d" % n if top else "")


def make(rnd, tables):
    q = Query(rnd, rnd.choice(tables))
    for _ in range(rnd.choice([0, 0, 1, 2])):
        rnd.choice([q.where, q.extend])()
    step = rnd.choice(["join"] * 5 + ["summarize", "summarize", "distinct", "union", "arg_max", ""])
    if step in ("join", "union"):
        getattr(q, step)(rnd.choice(tables))
        if rnd.random() < 0.3:
            q.summarize()
    elif step:
        getattr(q, step)()
    if rnd.random() < 0.3:
        q.where()
    if rnd.random() < 0.5:
        q.order()
    else:
        q.sql = "SELECT %s FROM (%s)" % (", ".join(quoted(n) for n in q.names()), q.sql)
    return q


def plain(v):
    """One spelling for both: numbers as floats with few digits, booleans as numbers."""
    if isinstance(v, str):
        return (1, v) if v != "NaN" else (2, 0)
    if v is None:
        return (0, 0)
    return (3, float("%.9g" % v) + 0.0)


def kql_rows(text):
    r = subprocess.run([PROGRAM, "query", "-f", "json", text], capture_output=True, text=True)
    if r.returncode:
        return None, r.stderr
    found = json.loads(r.stdout)
    types = [c["type"] for c in found["columns"]]
    return [[int(v) if t == "long" and v is not None else v for v, t in zip(row, types)]
            for row in found["rows"]], [c["name"] for c in found["columns"]]


def differ(q, want, got):
    """What is wrong, or None: the rows as a bag, and the sort keys in their order."""
    w, g = [tuple(map(plain, r)) for r in want], [tuple(map(plain, r)) for r in got]
    if sorted(w) != sorted(g):
        return "rows"
    if q.keys and [[r[k] for k in q.keys] for r in w] != [[r[k] for k in q.keys] for r in g]:
        return "order"
    return None


def main():
    queries, seed = [int(a) for a in sys.argv[1:3] + ["300", "1"][len(sys.argv) - 1:]]
    rnd, bad = random.Random(seed), 0
    for done in range(queries):
        if done % 20 == 0:
            tables = [Table(rnd, n, rnd.choice([0, 1, 6, 12, 12, 30])) for n in ("T1", "T2")]
            db = sqlite3.connect(":memory:")
            for t in tables:
                t.put(db)
        q = make(rnd, tables)
        want = db.execute(q.sql).fetchall()
        got, names = kql_rows("".join(t.kql() for t in tables) + q.kql)
        why = "error: " + names if got is None else None if names == q.names() else "columns"
        why = why or differ(q, want, got)
        if why:
            bad += 1
            print("%s differ\n%s\n%s\nSQLite: %s\nhere:   %s\n"
                  % (why, q.kql, q.sql, want[:8], (got or [])[:8]))
    print("%d queries, %d differ" % (queries, bad))
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
