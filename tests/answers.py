#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""What an analyst asks of a case, and where in the answer it stands, against the truth of made evidence.

For each folder below SCENARIOS (an argument, or ../shared/data/scenario) with evidence/ and truth.jsonl: a table of
questions, how much of the truth the answer has, and where it stands there. Fails if a host with an intrusion doesn't
stand among the compromised or those to be reviewed, if the clean ones aren't said, or if a process of the intrusion
that the evidence joins to its server is no row. Skips where there is no such folder.
"""
import collections
import csv
import json
import os
import re
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(os.environ.get("SHELLTREE", "./shelltree"))
HERE = os.environ.get("srcdir", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ["SHELLTREE_RULES"] = os.path.abspath(os.path.join(HERE, "rules"))
PLACE = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "shared", "data", "scenario")


def base(path):
    return re.split(r"[\\/]", path or "")[-1].lower()


def lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def of_host(rows):
    by = collections.defaultdict(list)
    for r in rows:
        by[(r.get("host") or r.get("Computer", "")).lower()].append(r)
    return by


class Case:
    def __init__(self, folder):
        self.truth = lines(os.path.join(folder, "truth.jsonl"))
        self.attack = of_host(t for t in self.truth if t["tag"] == "attack")
        self.hosts = sorted({t["host"].lower() for t in self.truth})
        with tempfile.TemporaryDirectory() as tmp:
            out = os.path.join(tmp, "out")
            p = subprocess.run([PROGRAM, "hunt", "-q", "-o", out + "/", os.path.join(folder, "evidence")], timeout=600)
            self.status = p.returncode
            self.rows = lines(os.path.join(out, "findings.jsonl"))
            with open(os.path.join(out, "summary.md"), encoding="utf-8") as f:
                self.summary = f.read()
            with open(os.path.join(out, "hosts.csv"), encoding="utf-8-sig", newline="") as f:
                self.covered = {r["Computer"].lower(): r for r in csv.DictReader(f)}
            text = subprocess.run([PROGRAM, "hunt", "-q", os.path.join(folder, "evidence")], stdout=subprocess.PIPE, timeout=600)
        self.text = text.stdout.decode()
        self.answer = self.text.split("\n\n", 1)[0]
        self.hits = of_host(r for r in self.rows if r["Kind"] == "hit" and r["Event"] == "process")
        self.all = {(r["Computer"].lower(), str(r["EventRecordID"])) for r in self.rows if r["Event"] == "process"}

    def line_of(self, host):
        for line in self.answer.splitlines():
            if line.lower().startswith(host.lower() + " "):
                return line
        return ""

    def named(self, host):
        return host in self.answer.lower()


def seconds(utc):
    h, m, s = utc[11:].split(":")
    return int(h) * 3600 + int(m) * 60 + float(s)


def ask(c):
    """Question, how many of how many, where it stands, what is missing."""
    bad = sorted(c.attack)
    yield "which hosts", [h for h in bad if c.line_of(h) or c.named(h)], bad, "the answer, HOST and REVIEW"
    entry = lambda h: {base(t["server"]) for t in c.attack[h] if t.get("server")}
    yield ("how in", [h for h in bad if entry(h) & {base(r.get("WebServerImage")) for r in c.hits[h]}],
           [h for h in bad if entry(h)], "the answer, ENTRY; column WebServerImage")
    users = lambda h: {t["user"].lower() for t in c.attack[h]}
    yield ("account", [h for h in bad if users(h) <= {r.get("User", "").lower() for r in c.rows if r["Computer"].lower() == h}], bad,
           "the answer, ACCOUNTS; column User")
    joined = lambda h: [t for t in c.attack[h] if t.get("server_known")]
    first = lambda h: abs(min(seconds(t["utc"]) for t in joined(h)) - min(seconds(r["UtcTime"]) for r in c.hits[h])) <= 600
    last = lambda h: max(seconds(r["UtcTime"]) for r in c.hits[h]) >= max(seconds(t["utc"]) for t in joined(h)) - 600
    known = [h for h in bad if joined(h)]
    yield "first and last", [h for h in known if c.hits[h] and first(h) and last(h)], known, "the answer, FIRST .. LAST"
    told = [(h, str(t["record"])) for h in bad for t in joined(h)]
    yield "commands", [x for x in told if x in c.all], told, "the incidents' trees; timeline.csv"
    urls = sorted({u.rstrip("\"'}") for h in bad for t in joined(h) for u in re.findall(r"\b(?:https?|ldap|ftp)://[^\s\"'}]+", t["cmd"])})
    yield "contacted", [u for u in urls if u in c.text], urls, "the incident, Contacted"
    moves = sorted({t["cmd"] for h in bad for t in joined(h) if re.search(r"(?i)wmic.*/node:|psexec.*\\\\|winrs.*-r:|schtasks.* /s |\bsc \\\\", t["cmd"])})
    yield "moved on", moves if not moves or "Moved on:" in c.text else [], moves, "the incident, Moved on and Came from"
    clean = [h for h in c.hosts if h not in c.attack]
    yield "clean, and how sure", [h for h in clean if c.named(h) and not c.line_of(h)], clean, "the answer, NOTHING FOUND; hosts.csv"
    yield "what wasn't seen", [h for h in c.hosts if c.covered.get(h, {}).get("Coverage")], c.hosts, "hosts.csv, Coverage; PARTIAL, BLIND"


def main():
    folders = sorted(os.path.join(PLACE, d) for d in os.listdir(PLACE)) if os.path.isdir(PLACE) else []
    folders = [d for d in folders if os.path.exists(os.path.join(d, "truth.jsonl"))]
    if not folders:
        print("no scenarios with their truth in %s: skipped" % PLACE)
        return 77
    wrong = 0
    for folder in folders:
        c = Case(folder)
        print("%s: %d hosts, %d with an intrusion, %d rows" % (os.path.basename(folder), len(c.hosts), len(c.attack), len(c.rows)))
        for question, got, want, where in ask(c):
            part = "%d of %d" % (len(got), len(want)) if want else "nothing to find"
            print("  %-20s %-16s %s" % (question, part, where))
            missing = [x for x in want if x not in got]
            if missing:
                print("  %-20s missing: %s" % ("", ", ".join(map(str, missing[:5]))))
            wrong += bool(missing) and question in ("which hosts", "commands", "clean, and how sure")
    return 1 if wrong else 0


sys.exit(main())
