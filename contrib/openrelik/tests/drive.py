#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""Drives real workers as the server does: a private redis, three worker processes, the server's own
canvas (group of extracts with a hunt behind). Compares each result with one run of the program.

usage: SHELLTREE=./shelltree drive.py EVIDENCE-FOLDER   (from contrib/openrelik, in its environment)
"""
import base64
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from uuid import uuid4

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.abspath(os.environ["SHELLTREE"])
PORT = int(os.environ.get("REDIS_PORT", "6391"))
os.environ["REDIS_URL"] = "redis://127.0.0.1:%d/0" % PORT
QUEUE = "openrelik-worker-shelltree"
COMPARED = ["findings.jsonl", "timeline.csv", "hosts.csv", "gaps.csv", "summary.md"]
bad = 0


def check(ok, what):
    global bad
    bad += not ok
    print("ok  " if ok else "FAIL", what, flush=True)


def start_redis(folder):
    server = subprocess.Popen(["redis-server", "--port", str(PORT), "--bind", "127.0.0.1", "--save", "", "--appendonly",
                               "no", "--dir", folder], stdout=subprocess.DEVNULL)
    for _ in range(100):
        if subprocess.run(["redis-cli", "-p", str(PORT), "ping"], capture_output=True, check=False).stdout == b"PONG\n":
            return server
        time.sleep(0.1)
    raise SystemExit("redis-server did not start")


def start_worker(n, folder, program):
    log = open(os.path.join(folder, "worker%d.log" % n), "ab")
    return subprocess.Popen([sys.executable, "-m", "celery", "--app=src.app", "worker", "--task-events", "--concurrency=1",
                             "--prefetch-multiplier=1", "--loglevel=INFO", "-n", "w%d@%%h" % n, "-Q", QUEUE],
                            cwd=HERE, env={**os.environ, "SHELLTREE": program}, stdout=log, stderr=log,
                            start_new_session=True)


def inputs(root, folder):
    """As the server keeps them: <uuid>.<ext>, the names apart."""
    files = []
    for d, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            uuid, ext = uuid4().hex, name.rsplit(".", 1)[-1] if "." in name else ""
            path = os.path.join(folder, uuid + "." + ext)
            shutil.copyfile(os.path.join(d, name), path)
            files.append({"id": len(files), "uuid": uuid, "display_name": os.path.relpath(os.path.join(d, name), root),
                          "extension": ext, "data_type": "file:generic", "mime_type": "", "path": path})
    return files


def decode(text):
    return json.loads(base64.b64decode(text))


def wait_for(job, seconds):
    """The result, once it is there. A lost worker is told as a failure first, and the task given to
    another: what counts is how it ends."""
    for _ in range(seconds * 2):
        if job.backend.get_task_meta(job.id, cache=False)["status"] == "SUCCESS":
            return decode(job.backend.get_task_meta(job.id, cache=False)["result"])
        time.sleep(0.5)
    raise SystemExit("no result within %d s: %s" % (seconds, job.backend.get_task_meta(job.id, cache=False)))


def locked(log, folder):
    """A log in a zip that a password opens, as the server keeps it."""
    uuid = uuid4().hex
    shutil.copyfile(log["path"], os.path.join(folder, "locked.evtx"))
    subprocess.run(["zip", "-q", "-j", "-P", "infected", os.path.join(folder, uuid + ".zip"), os.path.join(folder, "locked.evtx")],
                   check=True)
    return {"id": 0, "uuid": uuid, "display_name": "locked.zip", "extension": "zip", "path": os.path.join(folder, uuid + ".zip")}


def single_run(files, folder, *options):
    """The same files under the same names, in one run."""
    to = os.path.join(folder, "single-%s" % uuid4().hex)
    names = [f["display_name"] for f in files]
    named = ["%s~%s" % (n, f["uuid"][:8]) if names.count(n) > 1 else n for n, f in zip(names, files)]
    r = subprocess.run([PROGRAM, "hunt", "-o", to + "/", *options, *["--name=" + n for n in named], "--", *[f["path"] for f in files]],
                       capture_output=True, check=False)
    assert r.returncode in (0, 3), r.stderr.decode()
    return to, r.returncode


def same_result(result, single, what):
    by_name = {o["display_name"]: o["path"] for o in result["output_files"]}
    for name in COMPARED:
        a, b = os.path.join(single, name), by_name.get(name)
        check(b and open(a, "rb").read() == open(b, "rb").read(), "%s: %s is the single run's" % (what, name))
    for o in result["output_files"] + result["task_files"]:
        check(os.path.exists(o["path"]) and os.path.basename(o["path"]) == o["uuid"] + o["extension"],
              "%s: %s stands under uuid and extension" % (what, o["display_name"]))


def main():
    folder = tempfile.mkdtemp(prefix="shelltree-openrelik-")
    out = os.path.join(folder, "out")
    os.mkdir(out)
    redis = start_redis(folder)
    # The program, slowed down where a test wants to kill a worker in the middle of it, and dying where one wants no shard at all.
    slow = os.path.join(folder, "slow")
    with open(slow, "w", encoding="utf-8") as f:
        f.write('#!/bin/sh\n[ -e {0}/hold ] && [ "$1" = extract ] && {{ echo $PPID $$ >>{0}/held; sleep 20; }}\n'
                '[ "$1" = extract ] && mv {0}/dead {0}/dying 2>/dev/null && exit 9\n'
                'case "$*" in *--failed=*) rm {0}/dying && exit 9 ;; esac\n'
                'exec {1} "$@"\n'.format(folder, PROGRAM))
    os.chmod(slow, 0o755)
    workers = [start_worker(n, folder, slow) for n in (1, 2, 3)]
    sys.path.insert(0, HERE)
    from celery import chord, signature  # pylint: disable=import-outside-toplevel
    from src import tasks  # pylint: disable=import-outside-toplevel
    from src.app import celery  # pylint: disable=import-outside-toplevel

    def sig(verb, files, **config):
        return signature("%s.tasks.%s" % (QUEUE, verb), app=celery, queue=QUEUE, task_id=uuid4().hex,
                         kwargs={"input_files": files, "output_path": out, "workflow_id": 1, "task_config": config})

    def fan_out(files, parts, reading=None, **hunting):
        return chord([sig("extract", files, part="%d/%d" % (i + 1, parts), **(reading or {})) for i in range(parts)],
                     sig("hunt", files, **hunting)).apply_async()

    try:
        for _ in range(200):
            names = celery.control.inspect(timeout=1).registered("metadata") or {}
            if len(names) == 3:
                break
        check(len(names) == 3 and all(len(t) == 2 for t in names.values()), "three workers have both tasks registered")
        files = inputs(sys.argv[1], folder)
        single, status = single_run(files, folder)
        result = wait_for(sig("hunt", files).apply_async(), 120)
        same_result(result, single, "one hunt")
        check(result["meta"]["incomplete"] == (status == 3), "one hunt: incomplete is %s" % (status == 3))
        for parts in (1, 3, 7):
            result = wait_for(fan_out(files, parts), 240)
            same_result(result, single, "extract in %d parts, then hunt" % parts)
        # what forms hold: passwords for those who read, rules for the one who hunts
        zipped = [locked(max((f for f in files if f["extension"] == "evtx"), key=lambda f: os.path.getsize(f["path"])), folder)]
        texts = {"own-query.kql": "DeviceProcessEvents | where FileName =~ 'hostname.exe' or FileName =~ 'cmd.exe'\n", "passwords": "wrong\ninfected\n",
                 "own-rules.yml": "title: Who\nlogsource: {product: windows, category: process_creation}\n"
                             "detection: {a: {Image|endswith: whoami.exe}, condition: a}\n---\n"
                             "title: Cmd\nlogsource: {product: windows, category: process_creation}\n"
                             "detection: {a: {Image|endswith: cmd.exe}, condition: a}\n"}
        for name, text in texts.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        single3, status = single_run(zipped, folder, "--password-file=" + os.path.join(folder, "passwords"), "--rules=pack",
                                     *["--rules=" + os.path.join(folder, n) for n in ("own-query.kql", "own-rules.yml")])
        check(status == 0, "forms: the single run opens the zip")
        found = open(os.path.join(single3, "findings.jsonl"), encoding="utf-8").read()
        check(all('"%s"' % t in found for t in ("Who", "Cmd", "own-query")), "forms: the single run's rules find")
        hunting = {"kql": texts["own-query.kql"], "sigma": texts["own-rules.yml"]}
        same_result(wait_for(sig("hunt", zipped, passwords=texts["passwords"], **hunting).apply_async(), 120), single3, "forms, one hunt")
        same_result(wait_for(fan_out(zipped, 2, {"passwords": texts["passwords"]}, **hunting), 240), single3, "forms, in 2 parts")
        # poisoned: garbage that is named as a log, a missing file, half a log
        log = max((f for f in files if f["extension"] == "evtx"), key=lambda f: os.path.getsize(f["path"]))
        poison = []
        for name, data in (("poison.evtx", os.urandom(70000)), ("half.evtx", open(log["path"], "rb").read()[:100000])):
            uuid = uuid4().hex
            path = os.path.join(folder, uuid + ".evtx")
            open(path, "wb").write(data)
            poison.append({"id": 0, "uuid": uuid, "display_name": name, "extension": "evtx", "path": path})
        missing = uuid4().hex
        poison.append({"id": 0, "uuid": missing, "display_name": "missing.evtx", "extension": "evtx",
                       "path": os.path.join(folder, missing + ".evtx")})
        poison.append({"id": 0, "uuid": uuid4().hex, "display_name": "-o\n../../x\u202e", "extension": "txt",
                       "path": files[0]["path"]})
        worse = files + poison
        single2, status = single_run(worse, folder)
        check(status == 3, "poisoned: the single run ends with 3")
        result = wait_for(fan_out(worse, 3), 240)
        same_result(result, single2, "poisoned, in 3 parts")
        check(result["meta"]["incomplete"], "poisoned: incomplete")
        # a part that gives nothing, not even a shard that says so
        open(os.path.join(folder, "dead"), "w").close()
        result = wait_for(fan_out(files, 3), 240)
        check(result["meta"]["incomplete"], "a part without a shard: incomplete")
        check("1 parts of the evidence gave nothing" in json.dumps(result), "a part without a shard: the report says so")
        # one file chosen twice; names that only their places tell apart, and one that no argument can hold
        single4, status = single_run([log], folder)
        same_result(wait_for(fan_out([log, log], 2), 240), single4, "chosen twice")
        told = [n for _, n in tasks.named([{"path": str(i), "display_name": n, "uuid": "0123456789"}
                                           for i, n in enumerate(["a", "a", "a~01234567", "\0", "\udc80", ""])])]
        check(told == ["a~01234567", "a~01234567~1", "a~01234567~2", "unnamed", "?", "5"], "names: %s" % told)
        # a worker killed in the middle of a task
        open(os.path.join(folder, "hold"), "w").close()
        job = fan_out(files, 3)
        held = os.path.join(folder, "held")
        for _ in range(300):
            if os.path.exists(held) and open(held).read().strip():
                break
            time.sleep(0.1)
        child = int(open(held).read().split()[0])  # the pool's process that runs the task
        print("     killing process %d of a worker in the middle of extract" % child, flush=True)
        os.kill(child, signal.SIGKILL)
        os.unlink(os.path.join(folder, "hold"))
        result = wait_for(job, 240)
        same_result(result, single, "a worker's process killed")
        check(not [f for f in os.listdir(out) if f.endswith(".tmp")], "no half file is left under any name")
        # a whole worker killed
        open(os.path.join(folder, "hold"), "w").close()
        open(held, "w").close()
        victim = workers.pop()
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait()
        print("     killed worker 3 whole", flush=True)
        os.unlink(os.path.join(folder, "hold"))
        result = wait_for(fan_out(files, 3), 240)
        same_result(result, single, "two workers left")
    finally:
        for w in workers:
            os.killpg(w.pid, signal.SIGKILL)
        for w in workers:
            w.wait()
        result = job = None  # celery asks redis once more when a result goes
        gc.collect()
        redis.terminate()
        redis.wait()
    print("worker logs in", folder)
    for n in (1, 2, 3):
        for line in open(os.path.join(folder, "worker%d.log" % n), encoding="utf-8", errors="replace"):
            if "WorkerLost" in line or "SIGKILL" in line or "Restoring" in line:
                print("     worker %d: %s" % (n, line.strip()[:160]))
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
