#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""tests/tables_extract.py - tables of Windows' own logs against what `extract` reads.

Each record that `extract` gives must be a row of each table that the manual page names for it, with
the record's own values in the columns of its fields' names; what the manual page calls empty must be
empty in all rows. SHELLTREE names the program, srcdir the source folder."""
import collections
import json
import os
import re
import subprocess
import sys

program = os.environ["SHELLTREE"]
source = os.environ.get("srcdir", ".")
evidence = os.path.join(source, "tests", "windows")
bad = []


def run(*args):
    r = subprocess.run([program, *args], capture_output=True, text=True, check=False)
    if r.returncode not in (0, 3):
        sys.exit(f"{args}: status {r.returncode}: {r.stderr}")
    return [json.loads(line) for line in r.stdout.splitlines()]


def query(text):
    return run("query", "-f", "jsonl", text, evidence)


records = run("extract", "-f", "jsonl", evidence)
SYSTEM = {"EventID", "Computer", "Provider", "TimeCreated", "EventRecordID", "Origin", "Source", "Channel", "RecordNumber",
          "SourceOffset", "Level", "Notes", "Task", "Version", "Opcode", "Keywords", "UserID", "ProcessID", "ThreadID"}


def channel(r):
    return r.get("Channel", "")


LOGS = {
    "SecurityEvent": lambda r: channel(r) == "Security",
    "Event": lambda r: channel(r) != "Security",
    "WindowsEvent": lambda r: True,
    "Sysmon": lambda r: r["Provider"] == "Microsoft-Windows-Sysmon",
}
NUMBERS = {"SecurityEvent": {"LogonType", "ServiceStartType", "KeyLength", "ErrorCode"}}
for table, is_row in LOGS.items():
    want = collections.Counter((r["Computer"], r["EventID"], r["EventRecordID"]) for r in records if is_row(r))
    number = "tolong(EventRecordId)" if table in ("SecurityEvent", "WindowsEvent") else "0"
    rows = query(f"{table} | extend N = {number} | order by TimeGenerated asc")
    if len(rows) != sum(want.values()):
        bad.append(f"{table}: {len(rows)} rows for {sum(want.values())} records")
    if table not in ("SecurityEvent", "WindowsEvent"):
        got = collections.Counter((r["Computer"], r["EventID"]) for r in rows)
        if got != collections.Counter((c, e) for c, e, _ in want.elements()):
            bad.append(f"{table}: other records than extract's")
        continue
    by_number = {(r["Computer"], r["Provider"] if "Provider" in r else r["EventSourceName"], r["N"]): r for r in rows}
    for r in filter(is_row, records):
        row = by_number.get((r["Computer"], r["Provider"], r["EventRecordID"]))
        if row is None:
            bad.append(f"{table}: no row for record {r['EventRecordID']} of {r['Provider']}")
            continue
        fields = row if table == "SecurityEvent" else row.get("EventData") or {}
        for name, value in r.items():
            if name in SYSTEM or (table == "SecurityEvent" and name not in row):
                continue
            got = fields.get(name, "")
            if str(got) != str(value) and name not in ("Channel",):
                bad.append(f"{table}: {r['EventID']} {name}: {got!r}, not {value!r}")

# What each event is in Defender's tables.
ACTIONS = {
    ("DeviceLogonEvents", "LogonSuccess"): [4624], ("DeviceLogonEvents", "LogonFailed"): [4625],
    ("DeviceLogonEvents", "Logoff"): [4634], ("DeviceLogonEvents", "LogonAttempted"): [4648],
    ("DeviceEvents", "ServiceInstalled"): [7045, 4697], ("DeviceEvents", "ScheduledTaskCreated"): [4698, 106],
    ("DeviceEvents", "ScheduledTaskDeleted"): [141], ("DeviceEvents", "SecurityLogCleared"): [1102],
    ("DeviceEvents", "PowerShellCommand"): [4103], ("DeviceEvents", "AntivirusDetection"): [1116],
    ("DeviceEvents", "AntivirusAction"): [1117], ("DeviceEvents", "BitsTransferStarted"): [59],
    ("DeviceEvents", "BitsTransferStopped"): [60], ("DeviceEvents", "WSManSessionCreated"): [6],
    ("DeviceEvents", "WSManShellCreated"): [91], ("DeviceEvents", "RemoteDesktopAuthenticated"): [1149],
    ("DeviceEvents", "RemoteDesktopLogon"): [21], ("DeviceEvents", "RemoteDesktopDisconnected"): [24],
}
for (table, action), ids in ACTIONS.items():
    want = sum(r["EventID"] in ids for r in records)
    got = len(query(f'{table} | where ActionType == "{action}"'))
    if want == 0 or got != want:
        bad.append(f"{table} {action}: {got} rows for {want} records")
scripts = query('DeviceEvents | where ActionType == "PowerShellScriptBlock"')
parts = sorted((r for r in records if r["EventID"] == 4104), key=lambda r: int(r["MessageNumber"]))
text = "".join(r["ScriptBlockText"] for r in parts)
if len(scripts) != 1 or json.loads(scripts[0]["AdditionalFields"])["ScriptContent"] != text:
    bad.append("PowerShellScriptBlock: not the text of its records")

# What the manual page calls empty is, and nothing else is never filled.
page = open(os.path.join(source, "man", "shelltree-rules.5"), encoding="utf-8").read()
section = page[page.index(".Ss SecurityEvent , Event"):]
section = section[:section.index(".Ss ", 4)]
for part in re.split(r"^\.It Li ", section, flags=re.M)[1:]:
    table = part.split()[0]
    empty = set(re.findall(r"\w+", part[part.index("Empty:"):].replace("Li", "")) if "Empty:" in part else []) - {"Empty", "El"}
    known = {c["Column"]: c["Filled"] for c in run("query", "-f", "jsonl", "--columns", table)}
    never = {c for c, filled in known.items() if not filled}
    if never != empty:
        bad.append(f"{table}: never filled {sorted(never - empty)}, only in the manual page {sorted(empty - never)}")

for line in bad[:40]:
    print(line)
print(f"tables: {len(records)} records, {len(bad)} differences")
sys.exit(bool(bad))
