#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""Trees of files as evidence: what each odd thing in one does to the exit status, and how run.json names it.

usage: SHELLTREE=./shelltree srcdir=. trees.py [FILES]

FILES is how many small files the large tree has (20000; a million takes a minute).
"""
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import termios
import time

PROGRAM = os.path.abspath(os.environ.get("SHELLTREE", "./shelltree"))
TOP = os.path.abspath(os.environ.get("srcdir", "."))
LOG = os.path.join(TOP, "testdata", "tomcat", "sysmon.evtx")
OTHER = os.path.join(TOP, "testdata", "iis", "Microsoft-Windows-Sysmon%4Operational.evtx")
FILES = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
os.environ["SHELLTREE_RULES"] = os.path.join(TOP, "rules")
bad = 0


def check(name, ok, *say):
    global bad
    if not ok:
        bad += 1
        print("%s: wrong" % name, *say)


def hunt(path, *more, user=None):
    """Exit status, standard error, and run.json's sources by their path."""
    out = tempfile.mkdtemp(dir=os.environ["OUT"])
    os.chmod(out, 0o777)
    p = subprocess.run([PROGRAM, "hunt", "-o", out + "/o", *more, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, user=user, timeout=300)
    sources = {}
    if os.path.exists(out + "/o/run.json"):
        with open(out + "/o/run.json", encoding="utf-8") as f:
            run = json.load(f)
        sources = {s["path"]: s for s in run["sources"]}
        check(path + ": problems in run.json go with the exit status", (p.returncode == 3) == bool(run["problems"]), run["problems"], p.returncode)
    return p.returncode, p.stderr.decode("utf-8", "replace"), sources


def fresh(name):
    os.mkdir(name)
    shutil.copy(LOG, name + "/log.evtx")
    return name


def special_files():
    d = fresh("special")
    os.mkfifo(d + "/pipe")
    s = socket.socket(socket.AF_UNIX)
    s.bind(d + "/socket")
    os.symlink("nowhere", d + "/dangling")
    os.symlink("..", d + "/loop")
    os.symlink("log.evtx", d + "/link.evtx")
    rc, err, src = hunt(d)
    s.close()
    check("special files", rc == 0, rc, err)
    for name, kind in (("pipe", "pipe"), ("socket", "socket"), ("dangling", "symbolic link"), ("loop", "symbolic link"), ("link.evtx", "symbolic link")):
        x = src.get(d + "/" + name, {})
        check(name, (x.get("status"), x.get("kind")) == ("other", kind), x)
    check("special files: the log", src[d + "/log.evtx"]["status"] == "ok", src)


def unreadable():
    d = fresh("unreadable")
    os.mkdir(d + "/closed")
    shutil.copy(LOG, d + "/closed/x.evtx")
    shutil.copy(LOG, d + "/secret.evtx")
    user = None
    if os.getuid() == 0:
        user = 65534
        for path in (os.getcwd(), d):
            os.chmod(path, 0o755)
        if subprocess.run(["test", "-x", PROGRAM], user=user).returncode:
            print("unreadable: the program can't be run by another user: skipped")
            return
    os.chmod(d + "/closed", 0)
    os.chmod(d + "/secret.evtx", 0)
    rc, err, src = hunt(d, user=user)
    os.chmod(d + "/closed", 0o700)
    check("unreadable", rc == 3, rc, err)
    for name in ("closed", "secret.evtx"):
        x = src.get(d + "/" + name, {})
        check("unreadable " + name, (x.get("status"), x.get("reason")) == ("unreadable", "Permission denied"), x)
        check("unreadable " + name + " is said", d + "/" + name in err, err)


def names():
    d = fresh("names")
    shutil.copy(LOG, b"names/l\xff\n\x1b[31m.evtx")
    with open(b"names/l\xff\n\x1b[31m.evtx", "r+b") as f: # another log than the first
        f.seek(100)
        f.write(b"\1")
    rc, err, src = hunt(d)
    odd = [s for p, s in src.items() if "\ufffd" in p]
    check("names that are no UTF-8", len(odd) == 1 and odd[0].get("path_hex") == b"names/l\xff\n\x1b[31m.evtx".hex(), src)
    check("names that are no UTF-8: no escape", "\x1b" not in err, err)


def long_path():
    d, back = fresh("long"), os.getcwd()
    os.chdir(d)
    for _ in range(30):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    shutil.copy(LOG, "deep.evtx")
    os.chdir(back)
    os.unlink(d + "/log.evtx")
    rc, err, src = hunt(d)
    deep = [s for p, s in src.items() if p.endswith("/deep.evtx") and len(p) > 4096]
    check("a path past PATH_MAX", rc == 0 and len(deep) == 1 and deep[0]["status"] == "ok", rc, err)
    subprocess.run(["rm", "-rf", d])


def sparse():
    d = fresh("sparse")
    with open(d + "/log.evtx", "r+b") as f:
        f.truncate(1 << 33)
    with open(d + "/hole.evtx", "wb") as f:
        f.truncate(1 << 33)
    rc, err, src = hunt(d)
    x = src[d + "/hole.evtx"]
    check("a hole named as a log", rc == 3 and x["status"] == "gone", rc, x, err)
    check("a log with a hole behind it", src[d + "/log.evtx"]["records"] > 0, src[d + "/log.evtx"])


def gone():
    d = fresh("gone")
    with open("list", "w") as f:
        f.write(d + "/log.evtx\n" + d + "/never.evtx\n")
    p = subprocess.run([PROGRAM, "hunt", "-f", "csv", "--files-from", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check("a file that has gone", p.returncode == 3 and b"never.evtx" in p.stderr and b"No such file" in p.stderr, p.returncode, p.stderr)
    p = subprocess.run([PROGRAM, "hunt", "-f", "csv", d + "/never.evtx"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check("nothing but a file that has gone", p.returncode == 2, p.returncode, p.stderr)


def while_it_runs():
    """What happens between the list of files and their turn: standard input, named behind the folder, holds the run there."""
    def grows(path): open(path, "ab").write(b"x" * 70000)
    def shrinks(path): os.truncate(path, 70000)
    def vanishes(path): os.unlink(path)
    def is_written_to(path):
        with open(path, "r+b") as f:
            f.seek(65000)
            f.write(b"x")
    def becomes_a_pipe(path):
        os.unlink(path)
        os.mkfifo(path)
    def becomes_a_link(path):
        os.unlink(path)
        os.symlink("other.evtx", path)
    def becomes_a_folder(path):
        os.unlink(path)
        os.mkdir(path)
    for change, status in ((grows, "changed"), (shrinks, "changed"), (is_written_to, "changed"), (vanishes, "unreadable"), (becomes_a_pipe, "unreadable"),
                           (becomes_a_link, "unreadable"), (becomes_a_folder, "unreadable")):
        d, name = fresh("w-" + change.__name__), change.__name__.replace("_", " ")
        out = tempfile.mkdtemp(dir=os.environ["OUT"])
        with open(OTHER, "rb") as f:
            body = f.read()
        with open(d + "/other.evtx", "wb") as f:
            f.write(body[:4200000])
        p = subprocess.Popen([PROGRAM, "hunt", "-o", out + "/o", d, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdin.write(body[:1])
        p.stdin.flush()
        while p.poll() is None and fcntl.ioctl(p.stdin, termios.FIONREAD, bytes(4)) != bytes(4):
            time.sleep(0.01)  # it has taken the first byte: the folder is listed
        change(d + "/log.evtx")
        _, err = p.communicate(body[1:])
        with open(out + "/o/run.json", encoding="utf-8") as f:
            run = json.load(f)
        src = {s["path"]: s for s in run["sources"]}
        path = d + "/log.evtx"
        check("a file that " + name, p.returncode == 3 and src[path]["status"] == status and path.encode() in err, p.returncode, src.get(path), err[:300])
        check("a file that " + name + ": in problems", any(path in json.dumps(x) for x in run["problems"]), run["problems"])


def twice():
    d = fresh("twice")
    os.link(d + "/log.evtx", d + "/again.evtx")
    shutil.copy(LOG, d + "/copy.evtx")
    rc, err, src = hunt(d)
    status = sorted(s["status"] for s in src.values())
    check("one log under three names", rc == 0 and status == ["duplicate", "ok"], rc, status, err)
    rc, err, src = hunt(d, "--duplicates")
    check("with --duplicates", sorted(s["status"] for s in src.values()) == ["ok"] * 3, rc, src)


def many():
    d = fresh("many")
    for i in range(FILES):
        if i % 1000 == 0:
            os.mkdir("%s/%d" % (d, i // 1000))
        with open("%s/%d/%d.txt" % (d, i // 1000, i), "w") as f:
            f.write("x")
    p = subprocess.run([PROGRAM, "hunt", "-f", "csv", d], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check("%d files" % FILES, p.returncode == 0 and b"%d text" % FILES in p.stderr, p.returncode, p.stderr[:300])


with tempfile.TemporaryDirectory() as tmp, tempfile.TemporaryDirectory() as out:
    os.chmod(out, 0o777)
    os.environ["OUT"] = out
    os.chdir(tmp)
    for case in (special_files, unreadable, names, long_path, sparse, gone, while_it_runs, twice, many):
        case()
print("%d checks went wrong" % bad)
sys.exit(1 if bad else 0)
