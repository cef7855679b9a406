#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""Collections in the layouts that collectors publish: each gives the rows of the log itself, under names that say where it was.

usage: SHELLTREE=./shelltree srcdir=. collectors.py

KAPE: TDEST/C/..., logs of copying beside it. Velociraptor: one zip, names escaped by component, uploads.json, sparse
members with an index, results of artifacts; sealed: data.zip within, encrypted. CyLR: a zip, or with a password. acquire: a
tar below fs/, or sealed. A live response's folder: logs under names of their own.
"""
import collections
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

PROGRAM = os.path.abspath(os.environ.get("SHELLTREE", "./shelltree"))
TOP = os.path.abspath(os.environ.get("srcdir", "."))
os.environ["SHELLTREE_RULES"] = os.path.join(TOP, "rules")
with open(os.path.join(TOP, "testdata", "tomcat", "sysmon.evtx"), "rb") as f:
    LOG = f.read()
LOGS = "Windows/System32/winevt/Logs/"
SYSMON = "Microsoft-Windows-Sysmon%4Operational.evtx"
bad = 0


def check(name, ok, *say):
    global bad
    if not ok:
        bad += 1
        print("%s: wrong" % name, *say)


def hunt(path, *more):
    out = tempfile.mkdtemp(dir=os.getcwd())
    p = subprocess.run([PROGRAM, "hunt", "--scope", "all", "-o", out + "/o", *more, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    rows, sources = collections.Counter(), {}
    if os.path.exists(out + "/o/run.json"):
        with open(out + "/o/run.json", encoding="utf-8") as f:
            sources = {s["path"]: s for s in json.load(f)["sources"]}
        with open(out + "/o/findings.jsonl", encoding="utf-8") as f:
            for line in f:
                r = json.loads(line)
                rows[json.dumps([r.get(k) for k in ("UtcTime", "Computer", "ProcessGuid", "CommandLine", "Rules", "Kind", "EventRecordID")])] += 1
    return rows, p, sources


def put(path, body):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(body)


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, body in members:
            z.writestr(name, body)
    return path


def same(name, path, *more, source=None, status=0, shown=None):
    rows, p, sources = hunt(path, *more)
    check(name, rows == WANT and p.returncode == status, p.returncode, p.stderr, sum((rows & WANT).values()), sum(WANT.values()))
    if source:
        check(name + ": its name", source in sources, list(sources))
    if shown and source in sources:
        check(name + ": its name as it was", sources[source].get("shown_as") == shown, sources[source])
    return p, sources


def kape():
    put("kape/C/" + LOGS + SYSMON, LOG)
    put("kape/C/" + LOGS + "Empty.evtx.txt", b"")
    put("kape/2026-03-05T20_30_00_CopyLog.csv", b"CopiedTimestamp,SourceFile,DestinationFile\n")
    put("kape/2026-03-05T20_30_00_ConsoleLog.txt", b"KAPE version 1.3\n")
    same("KAPE", "kape", source="kape/C/" + LOGS + SYSMON)
    put("kape/VSS1/" + LOGS + SYSMON, LOG)
    _, sources = same("KAPE with a shadow copy", "kape")
    check("KAPE: the shadow copy is the same log", sources["kape/VSS1/" + LOGS + SYSMON]["status"] == "duplicate", sources)
    shutil.rmtree("kape/VSS1")
    shutil.make_archive("kape-host", "zip", ".", "kape")
    same("KAPE, zipped", "kape-host.zip", source="kape-host.zip!kape/C/" + LOGS + SYSMON)


ESCAPED = "uploads/auto/C%3A/" + LOGS + SYSMON.replace("%", "%25")
BESIDE = [("collection_context.json", '{"session_id":"F.1"}'), ("log.json", '{"message":"Collecting"}\n'), ("requests.json", "{}"),
          ("client_info.json", '{"hostname":"app02"}')]


def upload(size, uploaded, kind=""):
    return json.dumps({"Timestamp": "2026-03-05T20:30:00Z", "vfs_path": "C:\\" + LOGS.replace("/", "\\") + SYSMON, "_Components": ESCAPED.split("/"),
                       "file_size": size, "uploaded_size": uploaded, "Type": kind}) + "\n"


def velociraptor():
    members = BESIDE + [("uploads.json", upload(len(LOG), len(LOG))), ("results/Windows.KapeFiles.Targets%2FUploads.json", '{"SourceFile":"x"}\n'), (ESCAPED, LOG)]
    shown = "v.zip!uploads/auto/C:/" + LOGS + SYSMON
    same("Velociraptor", zipped("v.zip", members), source="v.zip!" + ESCAPED, shown=shown)
    ntfs = "uploads/ntfs/%5C%5C.%5CC%3A/" + LOGS + SYSMON.replace("%", "%25")
    same("Velociraptor, raw volume", zipped("n.zip", BESIDE + [(ntfs, LOG)]), source="n.zip!" + ntfs, shown="n.zip!uploads/ntfs/\\\\.\\C:/" + LOGS + SYSMON)
    with zipfile.ZipFile("v.zip") as z:
        z.extractall("v")
    same("Velociraptor, unpacked", "v", source="v/" + ESCAPED, shown="v/uploads/auto/C:/" + LOGS + SYSMON)


def sparse():
    """What is zero at the end of the log isn't in the member; its index says so."""
    end = len(LOG)
    whole = LOG + bytes(10 * 65536)
    index = json.dumps({"ranges": [{"file_offset": 0, "original_offset": 0, "file_length": end, "length": end},
                                   {"file_offset": end, "original_offset": end, "file_length": 0, "length": len(whole) - end}]})
    members = BESIDE + [("uploads.json", upload(len(whole), end) + upload(len(index), len(index), "idx")), (ESCAPED, LOG), (ESCAPED + ".idx", index)]
    _, sources = same("Velociraptor, sparse", zipped("s.zip", members), source="s.zip!" + ESCAPED)
    check("Velociraptor, sparse: its size", sources["s.zip!" + ESCAPED]["size"] == len(whole), sources["s.zip!" + ESCAPED])
    with zipfile.ZipFile("s.zip") as z:
        z.extractall("s")
    _, sources = same("Velociraptor, sparse, unpacked", "s", source="s/" + ESCAPED)
    check("Velociraptor, sparse, unpacked: its size", sources["s/" + ESCAPED]["size"] == len(whole), sources["s/" + ESCAPED])


def sealed():
    if not shutil.which("7z"):
        print("7z isn't here: no encrypted collection")
        return
    zipped("data-in.zip", BESIDE + [(ESCAPED, LOG)])
    os.mkdir("seal")
    shutil.move("data-in.zip", "seal/data.zip")
    subprocess.run(["7z", "a", "-tzip", "-mem=AES256", "-mx0", "-psecret", "../data.zip", "data.zip"], cwd="seal", stdout=subprocess.DEVNULL, check=True)
    with open("data.zip", "rb") as f:
        zipped("sealed.zip", [("metadata.json", '{"Scheme":"X509"}'), ("data.zip", f.read())])
    put("./words", b"infected\nsecret\n")
    rows, p, _ = hunt("sealed.zip")
    check("Velociraptor, sealed", p.returncode == 2 and not rows and b"--password-file" in p.stderr, p.returncode, p.stderr)
    same("Velociraptor, sealed, with its password", "sealed.zip", "--password-file", "words", "--archive-depth", "4")


def cylr():
    same("CyLR", zipped("cylr.zip", [("C/" + LOGS + SYSMON, LOG), ("C/$MFT", b"FILE0" + bytes(1000))]), source="cylr.zip!C/" + LOGS + SYSMON)
    same("a zip with the other slash", zipped("net.zip", [("C\\" + LOGS.replace("/", "\\") + SYSMON, LOG)]))


def acquire():
    for name, mode in (("acquire.tar", "w"), ("acquire.tar.gz", "w:gz")):
        with tarfile.open(name, mode) as t:
            for path, body in (("fs/C:/" + LOGS + SYSMON, LOG), ("fs/$fs$/x", b"x"), ("metadata.json", b"{}")):
                i = tarfile.TarInfo(path)
                i.size = len(body)
                t.addfile(i, io.BytesIO(body))
        same(name, name, source=name + "!fs/C:/" + LOGS + SYSMON)
    put("sealed/app02.tar.gz.enc", b"ENCRYPTEDACQUIRE" + os.urandom(5000))
    put("sealed/x.evtx", LOG)
    rows, p, _ = hunt("sealed")
    check("acquire, sealed", p.returncode == 3 and rows == WANT and b"app02.tar.gz.enc" in p.stderr and b"decrypt" in p.stderr, p.returncode, p.stderr)


def live_response():
    put("live/event_logs/1.bin", LOG)
    put("live/tasklist.txt", b"Image Name PID\n")
    same("a live response", "live", source="live/event_logs/1.bin")


with tempfile.TemporaryDirectory() as tmp:
    os.chdir(tmp)
    put("./log.evtx", LOG)
    WANT, _, _ = hunt("log.evtx")
    for case in (kape, velociraptor, sparse, sealed, cylr, acquire, live_response):
        case()
print("%d rows; %d checks went wrong" % (sum(WANT.values()), bad))
sys.exit(1 if bad or not WANT else 0)
