# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""Two tasks: `hunt` reads logs, archives or shards and writes the report; `extract` makes a shard (a
case database) of its part of the input. A workflow is one `hunt`, or `extract` 1/N ... N/N in a
group with one `hunt` behind it. All analysis is the program's; nothing of it happens here."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter

from openrelik_worker_common.file_utils import create_output_file
from openrelik_worker_common.reporting import Priority, Report
from openrelik_worker_common.task_utils import create_task_result

from .app import celery

PROGRAM = os.getenv("SHELLTREE", "shelltree")
SHARD = "shelltree:shard"
# Of the set that `hunt -o DIR` writes, what is worth a file of its own, and its data type.
OUTPUTS = [
    ("report.html", "shelltree:report:html"),
    ("summary.md", "shelltree:report:markdown"),
    ("timeline.csv", "shelltree:timeline:csv"),
    ("timeline.xlsx", "shelltree:timeline:xlsx"),
    ("findings.jsonl", "shelltree:findings:jsonl"),
    ("hosts.csv", "shelltree:hosts:csv"),
    ("gaps.csv", "shelltree:gaps:csv"),
    ("run.json", "shelltree:run:json"),
    ("case.db", "shelltree:case:sqlite"),
]

# The server reads these as Python literals out of the task's registration: no expressions.
EXTRACT_METADATA = {
    "display_name": "shelltree: extract",
    "description": "Event logs to a case database; several of these share the input, one hunt reads what they wrote",
    "task_config": [
        {"name": "part", "label": "Part (I/N); empty: all files", "description": "1/4, 2/4 ... for four tasks in a group",
         "type": "text", "required": False},
        {"name": "passwords", "label": "Passwords of archives", "description": "One a line", "type": "textarea",
         "required": False},
        {"name": "carve", "label": "Carve records out of files of any kind", "description": "", "type": "checkbox",
         "required": False},
    ],
}
HUNT_METADATA = {
    "display_name": "shelltree: hunt",
    "description": "Windows event logs, archives of them, or shards: processes, hunting rules, incidents, timeline",
    "task_config": [
        {"name": "min_level", "label": "Least level", "description": "informational, low, medium, high or critical",
         "type": "text", "required": False},
        {"name": "hosts", "label": "Hosts", "description": "One a line; empty: all", "type": "textarea", "required": False},
        {"name": "since", "label": "From (UTC)", "description": "2026-01-02 or 2026-01-02T03:04", "type": "text",
         "required": False},
        {"name": "until", "label": "To (UTC)", "description": "", "type": "text", "required": False},
        {"name": "kql", "label": "A query of your own (KQL)", "description": "Runs beside the pack", "type": "textarea",
         "required": False},
        {"name": "sigma", "label": "Sigma rules of your own (YAML)", "description": "Run beside the pack; several are parted by ---",
         "type": "textarea", "required": False},
        {"name": "passwords", "label": "Passwords of archives", "description": "One a line", "type": "textarea",
         "required": False},
        {"name": "carve", "label": "Carve records out of files of any kind", "description": "", "type": "checkbox",
         "required": False},
    ],
}


def results_of(pipe_result):
    """What the tasks before said, each as a dictionary: behind a group all of it counts (the common library keeps only the last)."""
    texts = pipe_result if isinstance(pipe_result, list) else [pipe_result]
    return [json.loads(base64.b64decode(text)) for text in texts if text]


def all_inputs(pipe_result, input_files):
    """What the tasks before gave, or the workflow's own files; one that was chosen twice counts once."""
    files = [f for r in results_of(pipe_result) for f in r.get("output_files") or []] if pipe_result else input_files or []
    return list({f["path"]: f for f in files}.values())


def my_part(files, part):
    """Every task of a group gets the same files: this one's are every N-th, in the order of uuids."""
    files = sorted(files, key=lambda f: str(f[0].get("uuid") or f[0]["path"]))
    if not part:
        return files
    i, n = (int(x) for x in str(part).split("/"))
    if not 1 <= i <= n:
        raise ValueError("part must be I/N with I from 1 to N, not %s" % part)
    return files[i - 1::n]


def name_of(f):
    """As text that an argument can hold, whatever a user called the file."""
    name = f.get("display_name") or os.path.basename(f["path"])
    return name.replace("\0", "").encode("utf-8", "replace").decode("utf-8") or "unnamed"


def named(files):
    """Each with the name that stands for its uuid in Source. Two files of one name are told apart by their uuids, and what still
    is one name by its place, among all files of the workflow, so that no part names one otherwise."""
    counts = Counter(name_of(f) for f in files)
    given = {}
    for i, f in enumerate(files):
        name = name_of(f)
        if counts[name] > 1:
            name += "~" + str(f.get("uuid", i))[:8]
        while name in given:
            name += "~%d" % i
        given[name] = f
    return [(f, name) for name, f in given.items()]


def arguments(files):
    """--name=NAME for each, then -- and the paths: a user's name never is an option of its own."""
    return ["--name=" + n for _, n in files] + ["--"] + [f["path"] for f, _ in files]


class Runner:
    """Runs the program, tells the server every two seconds that it still does, keeps what it says."""

    def __init__(self, task):
        self.task = task
        self.log = ""
        self.command = ""

    def __call__(self, *args):
        self.command = " ".join([PROGRAM, *[a for a in args if not a.startswith("--name=")]])[:1000]
        with tempfile.TemporaryFile() as err:
            child = subprocess.Popen([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
            began = time.time()
            while True:
                try:
                    child.wait(2)
                    break
                except subprocess.TimeoutExpired:
                    self.task.send_event("task-progress", data={"seconds": int(time.time() - began)})
            err.seek(0)
            self.log += err.read().decode("utf-8", "replace")
        return child.returncode


def put(path, output):
    """The server looks at the file under its final name: it is there whole or not at all."""
    shutil.copyfile(path, output.path + ".tmp")
    os.rename(output.path + ".tmp", output.path)
    return output.to_dict()


def keep_log(output_path, log):
    if not log:
        return []
    out = create_output_file(output_path, display_name="shelltree.log", data_type="shelltree:log")
    with open(out.path + ".tmp", "w", encoding="utf-8") as f:
        f.write(log)
    os.rename(out.path + ".tmp", out.path)
    return [out.to_dict()]


def text_of(config, key, folder, name):
    """The path of a file that holds what was typed into a form, in a list; an empty one if that is nothing."""
    if not (config.get(key) or "").strip():
        return []
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(config[key])
    return [path]


def reading_options(config, folder):
    """What both tasks know of reading the input."""
    options = ["--carve"] if config.get("carve") in (True, "true", "on") else []
    return options + ["--password-file=" + path for path in text_of(config, "passwords", folder, "passwords")]


def attempt(run, *args):
    """Why `extract` with ARGS gave no shard; empty if it did."""
    try:
        status = run("extract", *args)
    except Exception as e:  # pylint: disable=broad-except
        return str(e)
    return "" if status in (0, 3) else "extract ended with %d: %s" % (status, run.log[-300:].strip())


@celery.task(bind=True, name="openrelik-worker-shelltree.tasks.extract", metadata=EXTRACT_METADATA)
def extract(self, pipe_result=None, input_files=None, output_path=None, workflow_id=None, task_config=None) -> str:
    """One shard, whatever its input does: a task that raises would cancel the hunt behind the group."""
    config = task_config or {}
    run = Runner(self)
    files = named(all_inputs(pipe_result, input_files))
    with tempfile.TemporaryDirectory(dir=output_path) as folder:
        shard = os.path.join(folder, "shard.db")
        try:
            files = my_part(files, config.get("part"))
            why = attempt(run, "--force", "--confirm", "-o", shard, *reading_options(config, folder), *arguments(files)) if files else ""
        except ValueError as e:
            why = str(e)
        if why:
            run.log += "%s\n" % why
            run.log += attempt(run, "--force", "-o", shard, "--failed=" + why.replace("\n", " ").replace("\0", ""), *arguments(files))
        outputs = []
        if files and os.path.exists(shard):
            out = create_output_file(output_path, display_name="shard-%s.db" % (str(config.get("part") or "all").replace("/", "-of-")),
                                     data_type=SHARD)
            outputs.append({**put(shard, out), "register_in_db": False})
    return create_task_result(output_files=outputs, workflow_id=workflow_id, command=run.command,
                              task_files=keep_log(output_path, run.log), meta={"files": len(files), "failed": why, "shard": bool(outputs)})


def rule_options(config, folder):
    paths = text_of(config, "kql", folder, "own-query.kql") + text_of(config, "sigma", folder, "own-rules.yml")
    return ["--rules=" + r for r in ["pack", *paths]] if paths else []


def hunt_options(config, folder):
    options = reading_options(config, folder) + rule_options(config, folder)
    for key, option in (("min_level", "--min-level="), ("since", "--since="), ("until", "--until=")):
        if (config.get(key) or "").strip():
            options.append(option + config[key].strip())
    return options + ["--host=" + h.strip() for h in (config.get("hosts") or "").splitlines() if h.strip()]


def lost_parts(pipe_result):
    """Why parts gave nothing to hunt in, not even a shard that says so: the report must not look whole."""
    metas = [r.get("meta") or {} for r in results_of(pipe_result)]
    return [m["failed"] for m in metas if m.get("failed") and not m.get("shard")]


def make_report(folder, status, lost):
    report = Report("shelltree")
    with open(os.path.join(folder, "summary.md"), encoding="utf-8") as f:
        markdown = f.read()  # the program has escaped what comes from evidence
    with open(os.path.join(folder, "findings.jsonl"), encoding="utf-8") as f:
        levels = {json.loads(line)["Level"] for line in f if '"Kind":"hit"' in line}
    grave = levels & {"high", "critical"}
    incomplete = status == 3 or lost
    report.priority = Priority.HIGH if grave else Priority.MEDIUM if incomplete else Priority.LOW
    report.summary = ("Findings up to %s." % ("critical" if "critical" in grave else "high") if grave else
                      "No finding of level high or above.") + (" Some evidence could not be read." if incomplete else "")
    if lost:
        report.add_section().add_paragraph("%d parts of the evidence gave nothing: %s" % (len(lost), "; ".join(lost)))
    report.add_section().add_paragraph(markdown)
    return report


@celery.task(bind=True, name="openrelik-worker-shelltree.tasks.hunt", metadata=HUNT_METADATA)
def hunt(self, pipe_result=None, input_files=None, output_path=None, workflow_id=None, task_config=None) -> str:
    config = task_config or {}
    run = Runner(self)
    files = all_inputs(pipe_result, input_files)
    lost = lost_parts(pipe_result)
    if not files:
        raise RuntimeError("nothing to hunt in: %s" % ("; ".join(lost) or "no input"))
    with tempfile.TemporaryDirectory(dir=output_path) as folder:
        result = os.path.join(folder, "result") + "/"
        status = run("hunt", "-o", result, *hunt_options(config, folder), *arguments(named(files)))
        if status not in (0, 3):
            raise RuntimeError(run.log[-2000:] or "shelltree ended with %d" % status)
        report = make_report(result, status, lost)
        outputs = []
        for name, data_type in OUTPUTS:
            path = os.path.join(result, name)
            if os.path.exists(path):
                out = create_output_file(output_path, display_name=name, data_type=data_type)
                outputs.append(put(path, out))
    return create_task_result(output_files=outputs, workflow_id=workflow_id, command=run.command,
                              task_files=keep_log(output_path, run.log), task_report=report.to_dict(),
                              meta={"incomplete": status == 3 or bool(lost)})
