#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""A case database opened by what analysts open it with: sqlite3, pandas, polars, DuckDB (and
Parquet out of it, by the line that shelltree-casedb(5) shows), Datasette. Each must see what the CSV and JSON
Lines of the same evidence have. What isn't installed is put into a virtual environment of its own,
or skipped where that can't be had.

usage: SHELLTREE=./shelltree casedb_readers.py
"""
import glob
import importlib.util
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
PROGRAM = os.path.abspath(os.environ["SHELLTREE"])
PACKAGES = ["pandas", "polars", "duckdb", "duckdb-extension-sqlite-scanner"]
VIEWS = ["what_happened", "how_they_came_in", "what_they_ran", "what_they_left", "what_was_not_seen"]
bad = 0


def check(ok, what):
    global bad
    bad += not ok
    print("ok  " if ok else "FAIL", what)


def environment():
    """Runs this file again where the packages are."""
    try:
        import duckdb, pandas, polars  # noqa: F401, E401  pylint: disable=unused-import,import-outside-toplevel
        return
    except ImportError:
        if os.environ.get("CASEDB_READERS"):
            print("pandas, polars or duckdb can't be had: skipped")
            sys.exit(77)
    folder = os.path.join(os.path.dirname(PROGRAM), "readers")
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", folder], check=False)
    for packages in (PACKAGES, ["datasette"]):  # apart: whoever has the first alone isn't kept from it
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages], check=False)
    os.execve(python, [python, __file__], {**os.environ, "CASEDB_READERS": "1"})


def main():
    environment()
    with tempfile.TemporaryDirectory() as folder:
        db = os.path.join(folder, "case.db")
        data = os.path.join(SOURCE, "testdata")
        os.environ.setdefault("SHELLTREE_RULES", os.path.join(SOURCE, "rules"))
        subprocess.run([PROGRAM, "hunt", "-q", "-o", db, data], check=True)
        rows = [json.loads(x) for x in subprocess.run([PROGRAM, "hunt", "-q", "-f", "jsonl", data], check=True,
                                                      stdout=subprocess.PIPE).stdout.splitlines()]
        records = len(subprocess.run([PROGRAM, "extract", "-q", "-f", "jsonl", "--duplicates", data], check=True,
                                     stdout=subprocess.PIPE).stdout.splitlines())
        wanted = [(r["Computer"], r.get("ProcessId"), r.get("CommandLine", ""), r["EventRecordID"]) for r in rows]
        columns = "Computer, ProcessId, CommandLine, EventRecordID"
        with sqlite3.connect(db) as d:
            got = [(c, p, l or "", e) for c, p, l, e in d.execute("SELECT %s FROM timeline" % columns)]
            check(got == wanted, "sqlite3: the timeline is that of JSON Lines, %d rows" % len(rows))
            check(d.execute("SELECT count(*) FROM events").fetchone()[0] == records, "sqlite3: %d events" % records)
            check(d.execute("SELECT count(*) FROM events WHERE json_valid(Fields) = 0").fetchone()[0] == 0,
                  "sqlite3: fields are JSON")
            import pandas  # pylint: disable=import-outside-toplevel
            frame = pandas.read_sql("SELECT * FROM timeline", d, parse_dates=["UtcTime"])
            check(len(frame) == len(rows) and frame["UtcTime"].is_monotonic_increasing, "pandas: rows in order of time")
            check(str(frame["UtcTime"].dtype).startswith("datetime64"), "pandas: times are times")
        import polars  # pylint: disable=import-outside-toplevel
        with sqlite3.connect(db) as d:
            frame = polars.read_database("SELECT * FROM findings", d, infer_schema_length=None)
        findings = sum(len(r.get("RuleIds", [])) for r in rows)
        check(frame.height == findings and frame["EventRecordID"].dtype == polars.Int64, "polars: %d findings" % findings)
        duck(db, folder, len(rows), records)
        datasette(db, len(rows))
    return bad != 0


def datasette(db, rows):
    """The pages that a browser would ask for, as JSON; the file is opened as one that nobody writes to."""
    if not importlib.util.find_spec("datasette"):
        print("Datasette can't be had: skipped")
        return

    def get(page):
        p = subprocess.run([sys.executable, "-m", "datasette", "--immutable", db, "--get", page], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, check=False)
        return json.loads(p.stdout) if p.returncode == 0 else {"failed": p.stderr.decode()[-300:]}

    check(get("/case/timeline.json?_size=1").get("filtered_table_rows_count") == rows, "Datasette: timeline has %d rows" % rows)
    with sqlite3.connect(db) as d:
        for view in VIEWS:
            wanted = [list(r) for r in d.execute("SELECT * FROM %s LIMIT 5" % view)]
            got = get("/case/%s.json?_size=5&_shape=arrays" % view)
            check(got.get("rows") == wanted, "Datasette: %s: %s" % (view, got.get("failed", "the rows that sqlite3 gives")))


def duck(db, folder, rows, records):
    import duckdb  # pylint: disable=import-outside-toplevel
    c = duckdb.connect()
    places = [os.path.join(p, "duckdb_extension_sqlite_scanner", "extensions", "*", "*.duckdb_extension") for p in sys.path]
    found = [f for p in places for f in glob.glob(p)]
    try:
        c.execute("LOAD '%s'" % found[0] if found else "INSTALL sqlite; LOAD sqlite")
    except duckdb.Error as e:
        print("DuckDB's extension for SQLite can't be had: skipped (%s)" % e)
        return
    for table, n in (("timeline", rows), ("events", records)):
        check(c.execute("SELECT count(*) FROM sqlite_scan('%s', '%s')" % (db, table)).fetchone()[0] == n,
              "DuckDB: %s has %d rows" % (table, n))
    page = open(os.path.join(SOURCE, "man", "shelltree-casedb.5"), encoding="utf-8").read()
    line = re.search(r"^COPY .*?;$", page, re.S | re.M).group(0)
    c.execute(line.replace("case.db", db).replace("timeline.parquet", folder + "/timeline.parquet"))
    check(c.execute("SELECT count(*) FROM '%s/timeline.parquet'" % folder).fetchone()[0] == rows,
          "DuckDB: the manual's line writes Parquet of %d rows" % rows)


if __name__ == "__main__":
    sys.exit(main())
