#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""What somebody might do to an archive, or to an export, so that a log in it goes unread.

usage: SHELLTREE=./shelltree srcdir=. hidden.py

Each case holds a clean log and one that must not vanish: its host is in the output, or the exit status is 3 and the
archive is named. Cases that are honest must give the log and 0.
"""
import bz2
import gzip
import io
import json
import lzma
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

PROGRAM = os.path.abspath(os.environ.get("SHELLTREE", "./shelltree"))
TOP = os.path.abspath(os.environ.get("srcdir", "."))
HOST, OTHER = b"APP02", b"web01.corp.example"
with open(os.path.join(TOP, "testdata", "tomcat", "sysmon.evtx"), "rb") as f:
    LOG = f.read()
with open(os.path.join(TOP, "testdata", "iis", "Microsoft-Windows-Sysmon%4Operational.evtx"), "rb") as f:
    CLEAN = f.read()
os.environ["SHELLTREE_RULES"] = os.path.join(TOP, "rules")
NAME = "log.bin"  # no name that speaks
bad = 0


def check(name, ok, *say):
    global bad
    if not ok:
        bad += 1
        print("%s: wrong" % name, *say)


def query(path):
    p = subprocess.run([PROGRAM, "query", "-f", "csv", "DeviceProcessEvents | summarize n = count() by DeviceName", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return p.returncode, p.stdout, p.stderr


def info(name, mode=0o100644, system=3, dos=0):
    i = zipfile.ZipInfo(name)
    i.create_system, i.external_attr, i.compress_type = system, mode << 16 | dos, zipfile.ZIP_DEFLATED
    return i


def zipped(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, body in members:
            z.writestr(name, body)
    return out.getvalue()


def tarred(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, body, kind in members:
            i = tarfile.TarInfo(name)
            i.size, i.type = len(body), kind or tarfile.REGTYPE
            t.addfile(i, io.BytesIO(body))
    return out.getvalue()


def changed(z, which, *changes):
    """The directory's entry number `which` (-1: the last) with other bytes at some of its places."""
    b = bytearray(z)
    at = [m.start() for m in re.finditer(re.escape(b"PK\1\2"), z)][which]
    for place, value in changes:
        b[at + place:at + place + len(value)] = value
    return bytes(b)


END = b"PK\5\6" + bytes(18)
BOTH = (("clean.bin", CLEAN), (NAME, LOG))
ONE = zipped((NAME, LOG))


def left_out():
    """A member between the last one that the directory lists and the directory."""
    z, local = zipped(("clean.bin", CLEAN)), ONE[:ONE.index(b"PK\1\2")]
    cd, end = z.index(b"PK\1\2"), z.rindex(b"PK\5\6")
    return z[:cd] + local + z[cd:end + 16] + struct.pack("<I", cd + len(local)) + z[end + 20:]


def index(*ranges):
    return json.dumps({"ranges": [dict(zip(("file_offset", "original_offset", "file_length", "length"), r)) for r in ranges]}).encode()


def piped(*command):
    if not shutil.which(command[0]):
        return None
    return subprocess.run(command, input=LOG, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def cabinet(name, body, packed):
    """[MS-CAB]: one folder of one file, as it is or deflated (MSZIP) block by block; checksums may be 0."""
    blocks, last = [], b""
    for i in range(0, len(body), 32768):
        part = body[i:i + 32768]
        if packed:
            z = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=last) if last else zlib.compressobj(9, zlib.DEFLATED, -15)
            data, last = b"CK" + z.compress(part) + z.flush(), part
        else:
            data = part
        blocks.append(struct.pack("<IHH", 0, len(data), len(part)) + data)
    file = struct.pack("<IIHHHH", len(body), 0, 0, 0x5A65, 0x6000, 0x20) + name.encode() + b"\0"
    folder = struct.pack("<IHH", 36 + 8 + len(file), len(blocks), 1 if packed else 0)
    data = b"".join(blocks)
    return struct.pack("<4sIIIIIBBHHHHH", b"MSCF", 0, 36 + 8 + len(file) + len(data), 0, 44, 0, 3, 1, 1, 1, 0, 1, 0) + folder + file + data


def rar4(name, body):
    """One stored file, by the published description of RAR 4."""
    def block(kind, flags, rest):
        b = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
        return struct.pack("<H", zlib.crc32(b) & 0xffff) + b
    head = struct.pack("<IIBIIBBHI", len(body), len(body), 3, zlib.crc32(body), 0x5A656000, 20, 0x30, len(name), 0o100644) + name.encode()
    return b"Rar!\x1a\7\0" + block(0x73, 0, bytes(6)) + block(0x74, 0x8000, head) + body + block(0x7b, 0x4000, b"")


def rar5(name, body):
    """The same by that of RAR 5."""
    def number(n):
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])
    def block(rest):
        b = number(len(rest)) + rest
        return struct.pack("<I", zlib.crc32(b)) + b
    head = (number(2) + number(2) + number(len(body)) + number(4) + number(len(body)) + number(0o100644) + struct.pack("<I", zlib.crc32(body)) +
            number(0) + number(1) + number(len(name)) + name.encode())
    return b"Rar!\x1a\7\1\0" + block(b"\1\0\0") + block(head) + body + block(b"\5\0\0")


HIDDEN = {
    "zip, a folder by name": zipped(("clean.bin", CLEAN), (info(NAME + "/"), LOG)),
    "zip, a folder by its attributes": zipped(("clean.bin", CLEAN), (info(NAME, 0o40755), LOG)),
    "zip, a folder by those of DOS": zipped(("clean.bin", CLEAN), (info(NAME, 0, 0, 0x10), LOG)),
    "zip, a link": zipped(("clean.bin", CLEAN), (info(NAME, 0o120777), LOG)),
    "zip, a link of few bytes when packed": zipped(("clean.bin", CLEAN), (info(NAME, 0o120777), LOG[:4608] + bytes(60000))),
    "zip, a pipe": zipped(("clean.bin", CLEAN), (info(NAME, 0o010777), LOG)),
    "zip, a second end": ONE + END,
    "zip, an end in its comment": ONE[:-2] + struct.pack("<H", len(END)) + END,
    "zip, a zip behind it": ONE + zipped(("clean.bin", CLEAN)),
    "zip, left out of the directory": left_out(),
    "zip, no bytes by the directory": changed(zipped(*BOTH), -1, (20, bytes(8))),
    "zip, stored by the directory": changed(zipped(*BOTH), -1, (10, bytes(2))),
    "zip, encrypted by the directory": changed(zipped(*BOTH), -1, (8, b"\1")),
    "zip, elsewhere by the directory": changed(zipped(*BOTH), -1, (42, b"\7\0\0\0")),
    "zip, a folder of another disk": changed(zipped(*BOTH), -1, (34, b"\7")),
    "tar, a folder by name": tarred(("clean.bin", CLEAN, 0), (NAME + "/", LOG, 0)),
    "tar, a folder": tarred(("clean.bin", CLEAN, 0), (NAME, LOG, tarfile.DIRTYPE)),
    "tar, a link": tarred(("clean.bin", CLEAN, 0), (NAME, LOG, tarfile.SYMTYPE)),
    "tar, a second name": tarred(("clean.bin", CLEAN, 0), (NAME, LOG, tarfile.LNKTYPE)),
    "tar, a device": tarred(("clean.bin", CLEAN, 0), (NAME, LOG, tarfile.CHRTYPE)),
    "tar, an unknown kind": tarred(("clean.bin", CLEAN, 0), (NAME, LOG, b"Z")),
    "tar, the name of a volume": tarred(("clean.bin", CLEAN, 0), (NAME, LOG, b"V")),
    "tar, a part of a file": tarred(("clean.bin", CLEAN, 0), (NAME, LOG, b"M")),
    "tar, a list of a folder": tarred(("clean.bin", CLEAN, 0), (NAME, LOG, b"D")),
    "tar, a tar behind it": tarred(("clean.bin", CLEAN, 0)) + tarred((NAME, LOG, 0)),
    "tar, zeros and a tar behind it": tarred(("clean.bin", CLEAN, 0)) + bytes(20480) + tarred((NAME, LOG, 0)),
    "tar, a log behind it": tarred(("clean.bin", CLEAN, 0)) + LOG,
    "gzip, a log behind it": gzip.compress(CLEAN) + LOG,
    "gzip, zeros and a log behind it": gzip.compress(CLEAN) + bytes(200000) + LOG,
    "xz, a log behind it": lzma.compress(CLEAN) + LOG,
    "bzip2, a log behind it": bz2.compress(CLEAN) + LOG,
    "cabinet, cut": cabinet(NAME, LOG, True)[:9000],
    "RAR 4, cut": rar4(NAME, LOG)[:60000],
    "RAR 5, cut": rar5(NAME, LOG)[:60000],
    "an index that leaves all out": zipped(("clean.bin", CLEAN), ("uploads/" + NAME, LOG), ("uploads/" + NAME + ".idx", index((0, 0, 1, 1 << 20)))),
    "an index that leaves most out": zipped(("clean.bin", CLEAN), ("uploads/" + NAME, LOG), ("uploads/" + NAME + ".idx", index((4096, 0, 4096, 4096), (0, 4096, 0, 1 << 20)))),
}
HONEST = {
    "zip": zipped(("clean.bin", CLEAN), ("a/", b""), (info("to", 0o120777), b"clean.bin"), ("a/" + NAME, LOG)),
    "zip behind a program": b"MZ" + bytes(3000) + zipped(*BOTH),
    "gzip in two pieces": gzip.compress(LOG[:70000]) + gzip.compress(LOG[70000:]),
    "gzip and zeros": gzip.compress(LOG) + bytes(10240),
    "xz in two pieces": lzma.compress(LOG[:70000]) + lzma.compress(LOG[70000:]),
    "bzip2 in two pieces": bz2.compress(LOG[:70000]) + bz2.compress(LOG[70000:]),
    "cabinet, stored": cabinet(NAME, LOG, False),
    "cabinet, MSZIP": cabinet(NAME, LOG, True),
    "RAR 4, stored": rar4(NAME, LOG),
    "RAR 5, stored": rar5(NAME, LOG),
    "lz4, older form": piped("lz4", "-l", "-c"),
}


# exports


def events():
    p = subprocess.run([PROGRAM, "extract", "--xml", "t.evtx"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return re.findall(rb"<Event[ >].*?</Event>", p.stdout, re.S)


def objects():
    p = subprocess.run([PROGRAM, "extract", "-f", "jsonl", "t.evtx"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in p.stdout.splitlines():
        r = json.loads(line)
        data = {k: v for k, v in r.items() if k not in ("EventID", "Computer", "Provider", "TimeCreated", "EventRecordID", "Channel", "Origin", "Source", "SourceOffset", "RecordNumber")}
        system = {"Provider": {"#attributes": {"Name": r["Provider"]}}, "EventID": r["EventID"], "EventRecordID": r["EventRecordID"], "Computer": r["Computer"],
                  "Channel": r["Channel"], "TimeCreated": {"#attributes": {"SystemTime": r["TimeCreated"]}}}
        yield json.dumps({"Event": {"System": system, "EventData": data}}).encode() + b"\n"


def exports():
    xml, lines = events(), list(objects())
    syslog = b"".join(b"Jun  5 19:58:34 host sysmon: " + x.replace(b"\n", b" ") + b"\n" for x in xml)
    journal = b"".join(json.dumps({"MESSAGE": x.decode(), "_COMM": "sysmon"}).encode() + b"\n" for x in xml)
    cron = b"Jun  5 19:58:34 host cron[1]: (root) CMD (true)\n"
    words = b"echo RuleTitle Details Computer Techniques UtcTime Level rule_title; rule_level; timestamp,detections,path"
    return {
        "words of results in XML": xml[0].replace(b"</EventData>", b"<Data Name='CommandLine'>" + words + b"</Data></EventData>") + b"".join(xml),
        "words of results in JSON": lines[0].replace(b'"EventData": {', b'"EventData": {"x": "' + words + b' \\"RuleTitle\\": \\"Details\\": \\"Computer\\":", ') + b"".join(lines),
        "words of results in syslog": cron.replace(b"true", words) + syslog,
        "syslog behind other lines": cron * 3000 + syslog,
        "syslog behind a cut line": b"rest of a line\n" + cron * 3000 + syslog,
        "syslog with a byte of another character set": cron.replace(b"true", b"caf\xe9") + syslog,
        "syslog with control characters": cron.replace(b"true", b"\1\2") + syslog,
        "syslog with zeros": cron + bytes(100) + syslog,
        "syslog behind a hole": bytes(200000) + cron + syslog,
        "syslog behind a bracket": b"[    0.000000] Linux version 6\n" + syslog,
        "syslog behind a program's mark": b"MZ\n" + syslog,
        "a journal behind other entries": b'{"__CURSOR":"s","MESSAGE":"started","_BOOT_ID":"x"}\n' * 3000 + journal,
        "JSON behind other objects": b'{"@timestamp":"2026-01-01T00:00:00Z","agent":{"type":"auditbeat"},"message":"x"}\n' * 3000 + b"".join(lines),
        "JSON behind blanks": b" \n" * 40000 + b"".join(lines),
        "XML behind blanks": b" \n" * 40000 + b"".join(xml),
        "XML behind a long comment": b"<?xml version='1.0'?>\n<!-- " + b"x" * 70000 + b" -->\n<Events>" + b"".join(xml) + b"</Events>",
    }


def not_lost(name, body):
    with open("x", "wb") as f:
        f.write(body)
    rc, out, err = query("x")
    check(name, HOST in out or (rc in (2, 3) and b"x: " in err), rc, out, err)
    check(name + ": the clean log", OTHER in out or rc in (2, 3) or b"clean.bin" not in body, rc, out, err)


def read(name, body):
    if body is None:
        print(name + ": no program to make it with")
        return
    with open("x", "wb") as f:
        f.write(body)
    rc, out, err = query("x")
    check(name, rc == 0 and HOST in out, rc, out, err)


def hard_links():
    os.mkdir("h")
    with open("h/Sysmon.evtx", "wb") as f:
        f.write(LOG)
    os.link("h/Sysmon.evtx", "h/again.evtx")
    with tarfile.open("h.tar", "w") as t:
        t.add("h")
    rc, out, err = query("h.tar")
    check("tar with hard links", rc == 0 and HOST in out and b"1 link" in err, rc, out, err)


with tempfile.TemporaryDirectory() as tmp:
    os.chdir(tmp)
    with open("t.evtx", "wb") as f:
        f.write(LOG)
    for name, body in HIDDEN.items():
        not_lost(name, body)
    texts = exports()
    for name, body in {**HONEST, **texts}.items():
        read(name, body)
    for name, body in texts.items():
        read(name + ", in a zip", zipped(("x.txt", body)))
    hard_links()
print("%d hidden, %d honest, %d exports; %d checks went wrong" % (len(HIDDEN), len(HONEST), len(texts), bad))
sys.exit(1 if bad else 0)
