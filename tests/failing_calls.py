#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""tests/failing_calls.py - one call of the system or of the allocator fails, over every verb and format.

    tests/failing_calls.py [--all] [--table] [CASE...]

Each case runs once undisturbed, and then again with the n-th call of a kind failing (tests/support/fail.c).
What may come of it: the same output and status, or status 2 or 3 with a message; never a crash, another
output with the same status, half a file, or memory that isn't freed. By itself it takes some n of each kind;
--all takes every one, which takes an hour. --table prints what came of each kind."""
import json, os, shutil, subprocess, sys, tempfile

PROGRAM = os.environ.get("SHELLTREE", "./shelltree")
LIBRARY = os.environ.get("FAIL_LIBRARY", "")
SRC = os.environ.get("srcdir", ".")
ALL = "--all" in sys.argv
ONLY = [a for a in sys.argv[1:] if not a.startswith("-")]
KINDS = ["malloc", "read", "readdir", "rename", "unlink", "fsync", "pthread_create"]
FEW = {"malloc": int(os.environ.get("SOME", 5)), "read": 2, "readdir": 2, "rename": 3, "unlink": 3, "fsync": 2, "pthread_create": 1}

LOG = "tests/events/sysmon.evtx"
RULE = "rules/shell-below-web-server.kql"


def cases():
    yield "help", ["help", "hunt"]
    for f in "text csv jsonl html timesketch ecs navigator markdown dot l2tcsv bodyfile".split():
        yield "hunt-" + f, ["hunt", "-f", f, "-r", RULE, "{log}"]
    yield "hunt-pack", ["hunt", "-f", "jsonl", "{log}"]
    yield "hunt-set", ["hunt", "-r", "{rules}", "-o", "{out}", "{log}"]
    yield "hunt-set-again", ["hunt", "-r", "{rules}", "--force", "-o", "{old}", "{log}"]
    yield "hunt-file", ["hunt", "-r", RULE, "--force", "-o", "{oldfile}", "{log}"]
    for f in "text csv jsonl".split():
        yield "tree-" + f, ["tree", "-f", f, "{log}"]
    for f in "text csv jsonl json".split():
        yield "query-" + f, ["query", "-f", f, "DeviceProcessEvents | extend p = parse_path(FolderPath), u = toupper(FileName) "
                            "| summarize n = count(), s = make_set(u) by DeviceName, strcat(FileName, '-', tostring(p.Filename)) "
                            "| order by n, DeviceName", "{log}"]
    for f in "csv jsonl".split():
        yield "extract-" + f, ["extract", "-f", f, "{log}"]
    yield "extract-xml", ["extract", "--xml", "{log}"]
    yield "hunt-archives", ["hunt", "-f", "jsonl", "-r", RULE, "{packed}"]
    yield "hunt-requests", ["hunt", "-f", "csv", "testdata/tomcat"]
    yield "extract-carriers", ["extract", "-f", "jsonl", "{carried}"]
    for f in "text jsonl".split():
        yield "verify-" + f, ["verify", "-f", f, "{log}"]
    yield "rules-list", ["rules", "list", "-r", "{rules}"]
    for f in "text csv jsonl json".split():
        yield "rules-check-" + f, ["rules", "check", "-f", f, "{rules}"]
    yield "rules-test", ["rules", "test", "-r", RULE, "tests/pack/shell-below-web-server.yaml"]


def tree(path):
    """What stands there: names and bytes."""
    if os.path.isfile(path):
        return open(path, "rb").read()
    found = {}
    for d, _, files in os.walk(path):
        for f in files:
            if f != "run-volatile.json":
                found[os.path.relpath(os.path.join(d, f), path)] = open(os.path.join(d, f), "rb").read()
    return found


class Run:
    def __init__(self, room, args, kind, at, old):
        where = tempfile.mkdtemp(dir=room)
        names = {"packed": room + "/packed", "carried": room + "/carried", "log": room + "/logs", "rules": room + "/rules", "out": where + "/out", "old": where + "/old",
                 "oldfile": where + "/old.csv"}
        if old:
            shutil.copytree(old, names["old"])
            open(names["oldfile"], "w").write("old\n")
        args = [a.format(**names) if a.startswith("{") else a for a in args]
        many = "2" if kind == "pthread_create" else "1"
        if args[0] in ("hunt", "tree", "query", "extract", "verify"):
            args[1:1] = ["--threads", many]
        report = where + "/report"
        env = dict(os.environ, LD_PRELOAD=LIBRARY, FAIL_KIND=kind, FAIL_AT=str(at), FAIL_REPORT=report, TZ="UTC",
                   LC_ALL="C", SHELLTREE_RULES="rules")
        p = subprocess.run([PROGRAM, *args], cwd=SRC, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        self.status, self.out, self.err = p.returncode, p.stdout, p.stderr.replace(where.encode(), b"")
        self.calls, self.blocks = map(int, open(report).read().split()) if os.path.exists(report) else (0, 0)
        self.left = sorted(n for n in os.listdir(where) if "partial" in n)
        self.made = {n: tree(where + "/" + n) for n in os.listdir(where) if n not in ("report", *self.left)}
        shutil.rmtree(where)


def wrong(good, r, kind):
    """What is wrong with a run in which a call failed; None: nothing."""
    if r.status < 0:
        return "signal %d" % -r.status
    made = {n: what for n, what in r.made.items() if n in good.made or kind != "unlink"}  # a temporary file may stay
    same = r.out == good.out and made == good.made
    if r.status == good.status and same:
        return None
    if r.status not in (2, 3):
        return "status %d, other output" % r.status
    if r.err == good.err or not r.err:
        return "status %d without a message" % r.status
    if r.left and kind not in ("unlink", "rename"):
        return "left %s" % r.left
    if b"could not be moved" in r.err:  # the new set stands, and what isn't of it is told
        return None
    for name, what in r.made.items():
        old = good.before.get(name)
        if what != good.made.get(name) and what != old and r.status == 2:
            return "half of %s" % name
    if r.blocks > good.blocks and kind != "pthread_create":
        return "%d blocks not freed" % (r.blocks - good.blocks)
    return None


def some(n, kind):
    if ALL or n <= FEW[kind]:
        return range(1, n + 1)
    if kind == "read":  # the program's libraries and rules come first, evidence last
        return [1, *range(max(2, n - 4), n + 1)]
    k = FEW[kind]
    return sorted({1 + i * (n - 1) // (k - 1) if k > 1 else 1 for i in range(k)})


def pack(room):
    """The log in archives, one in the other, and in other carriers."""
    os.mkdir(room + "/packed"), os.mkdir(room + "/carried")
    shutil.make_archive(room + "/packed/a", "zip", room + "/logs")
    shutil.make_archive(room + "/packed/b", "gztar", room + "/packed")
    for args, name in ((["--xml"], "a.xml"), (["-f", "jsonl"], "a.jsonl")):
        p = subprocess.run([PROGRAM, "extract", *args, room + "/logs"], stdout=subprocess.PIPE, check=False)
        lines = [json.loads(x) for x in p.stdout.splitlines()] if name == "a.jsonl" else []
        body = b"".join(json.dumps({"Channel": r["Channel"], "EventData": {k: v for k, v in r.items() if k not in ("Origin", "Source")}, "EventID": r["EventID"],
                                    "Computer": r["Computer"], "EventRecordID": r["EventRecordID"]}).encode() + b"\n" for r in lines) or p.stdout
        open(room + "/carried/" + name, "wb").write(body)


def main():
    if not LIBRARY or not os.path.exists(LIBRARY):
        print("no library that fails calls: skipped")
        return 77
    bad = ran = 0
    table = {k: [0, 0] for k in KINDS}
    with tempfile.TemporaryDirectory() as room:
        os.mkdir(room + "/logs"), os.mkdir(room + "/rules")
        shutil.copy(os.path.join(SRC, LOG), room + "/logs/a.evtx")
        open(room + "/logs/notes.txt", "w").write("notes\n")
        shutil.copy(os.path.join(SRC, RULE), room + "/rules")
        open(room + "/rules/count.kql", "w").write("DeviceProcessEvents | summarize n = count() by DeviceName\n")
        pack(room)
        old = room + "/oldset"
        subprocess.run([PROGRAM, "hunt", "-q", "-r", RULE, "-o", old, room + "/logs"], cwd=SRC, check=False, env=dict(os.environ, SHELLTREE_RULES="rules"))
        open(old + "/mine", "w").write("mine\n")
        for name, args in cases():
            if ONLY and name not in ONLY:
                continue
            for kind in ["read"] if name == "hunt-requests" else KINDS:
                good = Run(room, args, kind, 0, old)
                good.before = {"old": tree(old), "old.csv": b"old\n"}
                for at in some(good.calls, kind):
                    r = Run(room, args, kind, at, old)
                    why = wrong(good, r, kind)
                    ran += 1
                    table[kind][0] += 1
                    if why:
                        bad += 1
                        table[kind][1] += 1
                        print("%s: %s %d of %d: %s (status %d, %s)" % (name, kind, at, good.calls, why, r.status, r.err.decode("utf-8", "replace").strip().split("\n")[-1][:160]))
    if "--table" in sys.argv:
        for k in KINDS:
            print("%-15s %6d runs, %d wrong" % (k, *table[k]))
    print("failing calls: %d runs, %d wrong" % (ran, bad))
    return 1 if bad or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
