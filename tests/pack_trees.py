#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""The rule pack over trees of processes: each case of tests/pack/trees is a host of its own, and alarms or doesn't.

usage: SHELLTREE=./shelltree srcdir=. pack_trees.py [-v] [FILE...]
-v shows the findings of every case that isn't as it should be.
"""
import collections
import datetime
import hashlib
import json
import os
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(os.environ.get("SHELLTREE", "./shelltree"))
SOURCE = os.environ.get("srcdir", ".")
os.environ["SHELLTREE_RULES"] = os.path.abspath(os.path.join(SOURCE, "rules"))
PUBLISHED = "potential-web-shell"
FIRST = datetime.datetime(2026, 1, 11, 2)
SYSTEM32 = "C:\\Windows\\System32\\"
# Short names for images, beside those of System32.
IMAGES = {
    "powershell": SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe",
    "wmic": SYSTEM32 + "wbem\\WMIC.exe",
    "appcmd": SYSTEM32 + "inetsrv\\appcmd.exe",
    "csc": "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\csc.exe",
    "explorer": "C:\\Windows\\explorer.exe",
}
WORKER = 'c:\\windows\\system32\\inetsrv\\w3wp.exe -ap "{0}" -v "v4.0" -a \\\\.\\pipe\\iisipm1 -h "C:\\inetpub\\temp\\apppools\\{0}\\{0}.config"'
ORIGINAL = {"cmd.exe": "Cmd.Exe", "powershell.exe": "PowerShell.EXE", "certutil.exe": "CertUtil.exe"}


def read(path):
    """Cases by name: lists of (depth, fields)."""
    cases = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith("== "):
                lines = cases.setdefault(line[3:].strip(), [])
            elif line.strip() and not line.startswith("#"):
                depth = (len(line) - len(line.lstrip(" "))) // 2
                lines.append((depth, [x.strip() for x in line.split(" ¦ ")] + [""] * 5))
    return cases


def process(fields, depth, parent):
    """Image, command line, account, original name, and whether its own creation was logged."""
    mark = fields[0][0] if fields[0][0] in "!~" else ""
    name, command, user, original = fields[0].lstrip("!~"), fields[1], fields[2], fields[3]
    logged = mark == "!" or (mark != "~" and depth > 0)
    if name.startswith("w3wp:"):
        pool = name[5:]
        return SYSTEM32 + "inetsrv\\w3wp.exe", WORKER.format(pool), command or "IIS APPPOOL\\" + pool, "w3wp.exe", logged
    image = name if "\\" in name or "/" in name else IMAGES.get(name, SYSTEM32 + name + ".exe")
    base = image.replace("/", "\\").split("\\")[-1]
    at_home = image.lower().startswith("c:\\windows\\") and "temp" not in image.lower() and "tasks" not in image.lower()
    original = original or (ORIGINAL.get(base.lower(), base) if at_home else "-")
    return image, command, user or (parent["User"] if parent else "NT AUTHORITY\\SYSTEM"), original, logged


def events(host, lines):
    """Sysmon's creations of one case."""
    stack, when = [], FIRST
    seed = hashlib.md5(host.encode()).hexdigest().upper()[:8]
    for n, (depth, fields) in enumerate(lines):
        parent = stack[depth - 1] if depth else None
        image, command, user, original, logged = process(fields, depth, parent)
        when += datetime.timedelta(seconds=3, minutes=float(fields[4] or 0))
        unix = int((when - datetime.datetime(1970, 1, 1)).total_seconds())
        node = {"ProcessGuid": "{%s-%04X-%04X-0000-%012X}" % (seed, unix & 0xFFFF, unix >> 16, (n + 1) << 8), "ProcessId": 1000 + 52 * n,
                "Image": image, "CommandLine": command, "User": user}
        del stack[depth:]
        stack.append(node)
        if not logged:
            continue
        highest = user.upper() in ("NT AUTHORITY\\SYSTEM", "ROOT", "AUTORITE NT\\SYSTÈME")
        data = dict(node, UtcTime=when.strftime("%Y-%m-%d %H:%M:%S.000"), OriginalFileName=original, CommandLine=command.replace("%", "%%"),
                    CurrentDirectory=SYSTEM32, LogonId="0x3e7" if highest and "\\" in user else "0x82423", IntegrityLevel="System" if highest else "High")
        for key in ("ProcessGuid", "ProcessId", "Image", "CommandLine", "User"):
            data["Parent" + key] = parent[key] if parent else "-"
        system = {"Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}}, "EventID": 1, "EventRecordID": n + 1, "Computer": host,
                  "Channel": "Microsoft-Windows-Sysmon/Operational", "TimeCreated": {"#attributes": {"SystemTime": when.strftime("%Y-%m-%dT%H:%M:%S.000Z")}}}
        yield {"Event": {"System": system, "EventData": data}}


def findings(evidence):
    r = subprocess.run([PROGRAM, "hunt", "-f", "jsonl", "--scope", "hits", "--min-level", "medium", evidence], stdout=subprocess.PIPE, timeout=300)
    if r.returncode:
        sys.exit("exit %d" % r.returncode)
    found = collections.defaultdict(list)
    for line in r.stdout.decode().splitlines():
        row = json.loads(line)
        rules = [x for x in row["RuleIds"] if x != PUBLISHED]
        if rules:
            found[row["Computer"]].append("%s %s: %s" % (row["Level"], " ".join(rules), row["CommandLine"][:120]))
    return found


# The servers of clauses.txt, by a short name.
SERVERS = {
    "tomcat": "/usr/bin/java ¦ java -Dcatalina.base=/opt/t org.apache.catalina.startup.Bootstrap start ¦ tomcat",
    "php": "/usr/sbin/php-fpm8.2 ¦ php-fpm: pool www ¦ www-data",
    "php-cgi": "C:\\PHP\\php-cgi.exe ¦ php-cgi.exe ¦ NT AUTHORITY\\NETWORK SERVICE",
    "node": "/usr/bin/node ¦ next-server (v15.0.3) ¦ app",
    "cgi": "/usr/sbin/apache2 ¦ /usr/sbin/apache2 -k start ¦ www-data",
    "um": "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\Bin\\UMWorkerProcess.exe ¦ UMWorkerProcess.exe",
    "sql": "C:\\Program Files\\SQL\\sqlservr.exe ¦ sqlservr.exe ¦ NT SERVICE\\MSSQLSERVER",
    "none": "C:\\Windows\\Lost.exe ¦ Lost.exe ¦ CORP\\x",
}


def clauses(path):
    """The lines of clauses.txt: (rule, whether it finds, trees of one host)."""
    found, tree = [], []
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith("#") or not line.strip():
                continue
            rule, server, process = line.strip("\n").split(" ¦ ", 2)
            below = process[0] if process[0] in ">," else ""
            if not below:
                tree = [(0, [x.strip() for x in SERVERS.get(server, server).split(" ¦ ")] + [""] * 5)]
            tree = tree + [(2 if below == ">" else 1, [x.strip() for x in process.lstrip(">,").split(" ¦ ")] + [""] * 5)]
            found.append((rule.split(" ")[-1], not rule.startswith("not "), tree, below))
    # A line that goes on from the one before has that one in its tree.
    return [x for x, after in zip(found, found[1:] + [None]) if not (after and after[3])]


def check_clauses(path):
    lines = clauses(path)
    with tempfile.TemporaryDirectory() as folder:
        evidence = os.path.join(folder, "clauses.jsonl")
        with open(evidence, "w", encoding="utf-8") as f:
            for n, (_, _, tree, _) in enumerate(lines):
                for event in events("clause%03d" % n, tree):
                    f.write(json.dumps(event) + "\n")
        found = findings(evidence)
    wrong = []
    for n, (rule, hits, tree, _) in enumerate(lines):
        rules = {r for x in found["clause%03d" % n] for r in x.split(": ")[0].split(" ")[1:]}
        if (rule in rules) != hits:
            wrong.append("%s %s: %s" % (rule, "misses" if hits else "finds", tree[-1][1][1]))
    print("%s: %d lines, %d not as they should be" % (os.path.basename(path), len(lines), len(wrong)))
    for line in wrong:
        print(" ", line)
    return not wrong


def check(path, verbose):
    if os.path.basename(path) == "clauses.txt":
        return check_clauses(path)
    cases = read(path)
    hosts = {name: "case%03d" % n for n, name in enumerate(cases)}
    with tempfile.TemporaryDirectory() as folder:
        evidence = os.path.join(folder, "cases.jsonl")
        with open(evidence, "w", encoding="utf-8") as f:
            for name, lines in cases.items():
                for event in events(hosts[name], lines):
                    f.write(json.dumps(event) + "\n")
        found = findings(evidence)
    sound = os.path.basename(path) == "sound.txt"
    wrong = [name for name in cases if bool(found[hosts[name]]) == sound]
    print("%s: %d cases, %d not as they should be" % (os.path.basename(path), len(cases), len(wrong)))
    for name in wrong:
        print("  %s: %s" % ("accused" if sound else "missed", name))
        for line in found[hosts[name]] if verbose else ():
            print("     ", line)
    return not wrong


def main():
    folder = os.path.join(SOURCE, "tests", "pack", "trees")
    verbose = "-v" in sys.argv[1:]
    files = [a for a in sys.argv[1:] if a != "-v"] or [os.path.join(folder, x) for x in ("intrusions.txt", "ways-around.txt", "sound.txt", "clauses.txt")]
    return 0 if all([check(f, verbose) for f in files]) else 1


if __name__ == "__main__":
    sys.exit(main())
