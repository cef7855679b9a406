#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""Case databases: what is read out of one, or out of many that share the evidence out, is byte for
byte what the logs give.

usage: SHELLTREE=./shelltree casedb.py [EVIDENCE...]   (default: testdata/ of the source, and the
data beside the clone where it is there)
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile

PROGRAM = os.environ["SHELLTREE"]
SOURCE = os.environ.get("srcdir", ".")
os.environ.setdefault("SHELLTREE_RULES", os.path.join(os.path.abspath(SOURCE), "rules"))
bad = 0
ran = 0

VERBS = [
    ["hunt", "-f", "csv", "--scope", "all"],
    ["hunt", "-f", "jsonl"],
    ["hunt", "-f", "html"],
    ["hunt", "-f", "jsonl", "--duplicates"],
    ["tree", "-f", "jsonl"],
    ["query", "-f", "csv", "union DeviceProcessEvents, DeviceEvents, DeviceNetworkEvents, DeviceFileEvents, "
     "DeviceRegistryEvents | summarize count() by ActionType, DeviceName | order by ActionType, DeviceName"],
    ["extract", "-f", "jsonl", "--duplicates"],
    ["extract", "-f", "csv"],
]
HUNTS = [v for v in VERBS if v[0] in ("hunt", "tree", "query")]


def run(*args):
    p = subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    return p.returncode, p.stdout, p.stderr


def check(ok, what):
    global bad, ran
    ran += 1
    if not ok:
        bad += 1
        print("FAIL:", what)


def same(what, verb, wanted, got):
    check(wanted == got, "%s: %s: %s" % (what, " ".join(verb), "status %d, %d: %s" % (wanted[0], got[0], got[2][-600:].decode()) if
          wanted[0] != got[0] else "standard error:\n%s\n%s" % (wanted[2][-300:].decode(), got[2][-300:].decode())
          if wanted[1] == got[1] else "output differs"))


def one_database(what, evidence, folder):
    db = os.path.join(folder, "x.db")
    made = run("extract", "-o", db, *evidence)
    check(os.path.exists(db), "%s: extract: %s" % (what, made[2][-300:].decode()))
    for verb in VERBS:
        same(what, verb, run(*verb, *evidence), run(*verb, db))
    again = os.path.join(folder, "again.db")
    run("extract", "-o", again, db)
    check(open(db, "rb").read() == open(again, "rb").read(), what + ": a database of a database is another")
    os.unlink(db)
    os.unlink(again)


def shards(what, evidence, folder, parts):
    names = [os.path.join(folder, "%d.db" % i) for i in range(parts)]
    for i, name in enumerate(names):
        run("extract", "-o", name, "--part", "%d/%d" % (i + 1, parts), *evidence)
    random.Random(parts).shuffle(names)
    for verb in HUNTS:
        same("%s in %d parts" % (what, parts), verb, run(*verb, *evidence), run(*verb, *names))
    same("%s, a shard twice" % what, HUNTS[1], run(*HUNTS[1], *evidence),
         run(*HUNTS[1], copy_of(names[0], folder), *names))
    for n in names:
        os.unlink(n)


def copy_of(path, folder):
    to = os.path.join(folder, "copy.db")
    shutil.copy(path, to)
    return to


def files_below(*roots):
    for root in roots:
        if os.path.isfile(root):
            yield root
        for d, _, files in os.walk(root):
            for f in files:
                yield os.path.join(d, f)


def file_by_file(what, evidence, folder, seed):
    """One host over several shards, copies on both sides: files are dealt out at random, each named."""
    rng = random.Random(seed)
    files = sorted(files_below(*evidence))
    hands = [[] for _ in range(rng.randint(2, 4))]
    for f in files:
        rng.choice(hands).append(f)
    for f in rng.sample(files, min(3, len(files))):  # some come twice
        rng.choice(hands).append(f)
    names = []
    for i, hand in enumerate(hands):
        if hand:
            names.append(os.path.join(folder, "f%d.db" % i))
            run("extract", "-o", names[-1], "--threads", str(1 + i % 3), *hand)
    for verb in HUNTS[:2] + HUNTS[4:]:
        more = ["--now", "2026-03-05T00:00:00Z"] if seed % 2 and verb[0] != "tree" else []
        same("%s dealt out (%d)" % (what, seed), verb, run(*verb, *more, *files), run(*verb, *more, *names))
    for n in names:
        os.unlink(n)


CLOCKS = ["2025-01-01T00:00:00Z", "2026-03-04T06:16:30Z", "2027-01-01T00:00:00Z"]


def one_host(folder):
    """Logs of one host in several shards, a log of it on both sides under two names, and clocks before, within
    and after the evidence: the report is that of one run over all the files."""
    iis = os.path.join(SOURCE, "testdata/iis")
    where = os.path.join(folder, "host")
    os.mkdir(where)
    files = []
    for name in sorted(os.listdir(iis)):
        files.append(os.path.join(where, name))
        shutil.copy(os.path.join(iis, name), files[-1])
    sysmon = max(files, key=os.path.getsize)
    files.append(os.path.join(where, "backup.evtx"))
    shutil.copy(sysmon, files[-1])
    splits = [[[f] for f in files], [[files[-1], f] for f in files[:-1]],
              [files[:1] + [files[-1]], files[1:]], [[sysmon], [f for f in files if f != sysmon]]]
    for k, split in enumerate(splits):
        dbs = []
        for i, part in enumerate(split):
            dbs.append(os.path.join(folder, "h%d.db" % i))
            run("extract", "-o", dbs[-1], *part)
        for now in CLOCKS:
            for verb in (["hunt", "-f", "jsonl", "--ago", "strict"], ["hunt", "-f", "html"],
                         ["query", "-f", "csv", "DeviceProcessEvents | where Timestamp > ago(1d) | summarize count() by DeviceName"]):
                more = ["--now", now]
                same("one host, split %d" % k, verb + more, run(*verb, *more, *files), run(*verb, *more, *reversed(dbs)))
        for db in dbs:
            os.unlink(db)
    shutil.rmtree(where)


def names(folder):
    """A file under another name gives the bytes that it gives under its own."""
    log = os.path.join(SOURCE, "testdata/iis/Microsoft-Windows-Sysmon%4Operational.evtx")
    db, other = os.path.join(folder, "n.db"), os.path.join(folder, "b1946ac9")
    shutil.copy(log, other)
    wanted = run("hunt", "-f", "jsonl", log)
    same("--name", ["hunt"], wanted, run("hunt", "-f", "jsonl", "--name", log, other))
    run("extract", "-o", db, "--name", log, "--", other)
    same("--name of extract", ["hunt"], wanted, run("hunt", "-f", "jsonl", db))
    check(run("hunt", "--name", "a", "--name", "b", log)[0] == 2, "more names than paths")
    check(run("hunt", "--name", "a", "--name", "a", log, other)[0] == 2, "one name for two paths")
    check(run("hunt", "--name", other, log, other)[0] == 2, "a name that is another path")
    check(run("hunt", "--name", log, log)[0] == 0, "a path's own name")
    for part in ("0/2", "3/2", "x", "1/0", "/"):
        check(run("extract", "--part", part, "-o", db + "x", log)[0] == 2, "--part " + part)
    failed = os.path.join(folder, "failed.db")
    check(run("extract", "--failed", "the reader died", "--name", "a.evtx", "-o", failed, "--", log)[0] == 3,
          "--failed: status")
    r = run("hunt", "-f", "jsonl", db, failed)
    check(r[0] == 3 and b"a.evtx: not read: the reader died" in r[2], "--failed: told: %r" % r[2][-200:])


def verified(folder):
    try:
        import sqlite3
    except ImportError:
        return
    db = os.path.join(folder, "v.db")
    run("extract", "-q", "-o", db, os.path.join(SOURCE, "testdata"))
    r = run("verify", db)
    check(r[0] == 0 and r[1].count(b"as they were recorded") == 6, "verify: %d %r" % (r[0], r[1][-300:]))
    d = sqlite3.connect(db)
    d.execute("UPDATE events SET Computer = 'elsewhere' WHERE ID = 200")
    d.commit()
    d.close()
    r = run("verify", db)
    check(r[0] == 4 and r[1].count(b"not those that were recorded") == 1, "verify: a changed row: %d %r" % (r[0], r[1]))


def confirmed(folder):
    """What the second reader said comes with the database."""
    data = os.path.join(SOURCE, "testdata")
    wanted = run("hunt", "-q", "-f", "jsonl", "--confirm", data)
    db, again = os.path.join(folder, "c.db"), os.path.join(folder, "c2.db")
    run("extract", "-q", "--confirm", "-o", db, data)
    same("confirmed, of each record", ["hunt"], wanted, run("hunt", "-q", "-f", "jsonl", "--confirm", db))
    run("extract", "-q", "-o", again, db)
    same("confirmed, and extracted again", ["hunt"], wanted, run("hunt", "-q", "-f", "jsonl", "--confirm", again))
    check(b'"Confirmed":"yes"' in wanted[1], "the second reader confirms something")


def sets(folder):
    data = os.path.join(SOURCE, "testdata")
    first, old = os.path.join(folder, "first"), os.path.join(folder, "old.db")
    check(run("hunt", "-q", "-o", first, data)[0] == 0, "a set")
    for verb in HUNTS:
        same("the set's case.db", verb, run(*verb, data), run(*verb, os.path.join(first, "case.db")))
    second = os.path.join(folder, "second")
    run("hunt", "-q", "-o", second, os.path.join(first, "case.db"))
    for name in sorted(os.listdir(first)):
        a, b = os.path.join(first, name), os.path.join(second, name)
        if os.path.isfile(a) and name != "timeline.xlsx":  # a zip has the time of its making
            check(os.path.isfile(b) and open(a, "rb").read() == open(b, "rb").read()
                  or name == "manifest-sha256.txt", "a set of the set's case.db: %s" % name)
    check(run("hunt", "-q", "-o", old, os.path.join(data, "iis"))[0] == 0, "hunt -o old.db")
    r = run("hunt", "-f", "jsonl", "--since-run", old, data)
    check(b"new host: APP02" in r[2] and b"new incident" in r[2] and b"new host: web01" not in r[2],
          "--since-run: %s" % r[2].decode())
    r = run("hunt", "-q", "-f", "jsonl", "--since-run", os.path.join(first, "case.db"), data)
    check(b"0 incidents, 0 findings, 0 hosts, 0 gaps" in r[2], "--since-run of the same: %s" % r[2].decode())
    moved = os.path.join(folder, "moved")
    shutil.copytree(data, moved)
    r = run("hunt", "-f", "jsonl", "--since-run", os.path.join(first, "case.db"), moved)
    check(b"0 incidents, 0 findings, 0 hosts, 0 gaps" in r[2], "--since-run of the same elsewhere: %s" % r[2].decode())
    check(run("hunt", "--since-run", __file__, data)[0] == 2, "--since-run of no database")


def tables(folder):
    try:
        import sqlite3
    except ImportError:
        print("Python has no sqlite3: tables not looked at")
        return
    db = os.path.join(folder, "t.db")
    check(run("hunt", "-q", "-o", db, os.path.join(SOURCE, "testdata"))[0] == 0, "hunt -o t.db")
    d = sqlite3.connect("file:%s?mode=ro" % db, uri=True)
    have = {n for n, in d.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    wanted = {"timeline", "processes", "events", "findings", "incidents", "facts", "hosts", "gaps", "sources",
              "ranges", "rules", "run", "confirmed", "texts"}
    check(have == wanted, "tables: %s" % sorted(have ^ wanted))
    check(d.execute("PRAGMA integrity_check").fetchone() == ("ok",), "integrity")
    views = [n for n, in d.execute("SELECT name FROM sqlite_master WHERE type='view'")]
    check(len(views) == 5, "views: %s" % views)
    for v in views:
        d.execute("SELECT * FROM %s" % v).fetchall()
    rows = len(run("hunt", "-f", "jsonl", os.path.join(SOURCE, "testdata"))[1].splitlines())
    check(d.execute("SELECT count(*) FROM timeline").fetchone()[0] == rows, "rows of the timeline")
    check(d.execute("SELECT count(*) FROM findings f LEFT JOIN incidents i USING (Incident) WHERE i.Incident IS NULL")
          .fetchone()[0] == 0, "findings without an incident")
    for table in wanted:  # a column of numbers holds numbers, any other text: whatever the row
        for _, name, kind, *_ in d.execute("PRAGMA table_info(%s)" % table).fetchall():
            types = {t for t, in d.execute('SELECT DISTINCT typeof("%s") FROM %s' % (name, table))} - {"null"}
            right = {"INTEGER": {"integer"}, "TEXT": {"text"}, "BLOB": {"blob"}}[kind]
            check(types <= right, "%s.%s is %s, and holds %s" % (table, name, kind, types))
    times = [t for t, in d.execute("SELECT TimeCreated FROM events WHERE TimeCreated IS NOT NULL LIMIT 9")]
    check(all(len(t) == 28 and t[10] == "T" and t[-1] == "Z" for t in times), "times: %s" % times[:2])


def hostile(folder):
    """A database that lies, is cut, or was opened for writing since is refused, or read; never worse."""
    try:
        import sqlite3
    except ImportError:
        return
    good = os.path.join(folder, "good.db")
    run("extract", "-o", good, os.path.join(SOURCE, "testdata/iis"))
    whole = open(good, "rb").read()
    path = os.path.join(folder, "bad.db")

    def refused(what, *more):
        r = run("hunt", "-f", "jsonl", path, *more)
        check(r[0] == 2 and b"case database can't be read" in r[2], "%s: %d %r" % (what, r[0], r[2][-200:]))

    def changed(*sql):
        open(path, "wb").write(whole)
        d = sqlite3.connect(path)
        for s in sql:
            d.execute(s)
        d.commit()
        d.close()

    for n in (4096, len(whole) // 2, len(whole) - 8192):
        open(path, "wb").write(whole[:n])
        refused("cut at %d" % n)
    changed("PRAGMA user_version=99")
    refused("another version")
    changed("PRAGMA journal_mode=WAL", "CREATE TABLE x(a)")
    refused("WAL")
    changed("ALTER TABLE events RENAME TO e2", "CREATE VIEW events AS SELECT * FROM e2")
    refused("a view for a table")
    changed("DROP TABLE sources")
    refused("no sources")
    changed("UPDATE sources SET ID = ID + 7")
    refused("ids that don't count")
    changed("UPDATE events SET Fields = '{\"a\":' WHERE ID = 3")
    refused("half an object")
    changed("UPDATE events SET Exact = x'0102' WHERE ID = 3")
    refused("a record of two bytes")
    changed("UPDATE events SET Exact = zeroblob(70000000) WHERE ID = 3")
    refused("a record of 70 MB")
    changed("UPDATE sources SET SameAs = 99, Status = 'duplicate'")
    refused("a copy of nothing")
    changed("CREATE TRIGGER t AFTER INSERT ON events BEGIN SELECT 1; END", "UPDATE sources SET LastEvent = 1")
    check(run("hunt", "-f", "jsonl", path)[0] == 0, "a trigger does no harm")
    rng = random.Random(7)
    for _ in range(60):  # bytes at random: an answer or a refusal
        b = bytearray(whole)
        for _ in range(rng.choice((1, 8, 200))):
            b[rng.randrange(100, len(b))] = rng.randrange(256)
        open(path, "wb").write(b)
        r = run("hunt", "-f", "csv", path)
        check(r[0] in (0, 2, 3), "random bytes: %d %r" % (r[0], r[2][-200:]))
    walk = os.path.join(folder, "walk")
    os.mkdir(walk)
    open(os.path.join(walk, "cut.db"), "wb").write(whole[: len(whole) // 2])
    shutil.copy(good, os.path.join(walk, "good.db"))
    r = run("hunt", "-f", "jsonl", walk)
    check(r[0] == 3 and b"cut.db: not read: the case database can't be read" in r[2], "met in a folder: %r" % r[2])


def main():
    evidence = [[e] for e in sys.argv[1:]]
    if not evidence:
        evidence = [[os.path.join(SOURCE, "testdata")]]
        beside = os.path.join(SOURCE, "../shared/data")
        for d in ("carriers", "damage", "evtx"):
            if os.path.isdir(os.path.join(beside, d)):
                evidence.append([os.path.join(beside, d)])
    with tempfile.TemporaryDirectory() as folder:
        for e in evidence:
            one_database(e[0], e, folder)
            if e is not evidence[0] and not sys.argv[1:]:
                continue
            for parts in (2, 5):
                shards(e[0], e, folder, parts)
            for seed in range(2):
                file_by_file(e[0], e, folder, seed)
        one_host(folder)
        names(folder)
        verified(folder)
        confirmed(folder)
        sets(folder)
        tables(folder)
        hostile(folder)
    print("casedb: %d checks, %d failures" % (ran, bad))
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
