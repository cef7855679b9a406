#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""The same events in every carrier that is read: rows must be those of the event logs.

usage: SHELLTREE=./shelltree srcdir=. carriers.py [--seeds FOLDER]

Records are taken from testdata with `extract`, written again as each tool writes them (from its documentation
or from output of it), and hunted. Then bad lines, cut lines, results of other tools, and two carriers at once. --seeds writes one event in each
carrier instead, as fuzz/corpus/carrier has them.
"""
import collections
import csv
import datetime
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape, quoteattr

PROGRAM = os.path.abspath(os.environ.get("SHELLTREE", "./shelltree"))
DATA = os.path.join(os.environ.get("srcdir", "."), "testdata", "iis", "Microsoft-Windows-Sysmon%4Operational.evtx")
RULES = os.path.abspath(os.path.join(os.environ.get("srcdir", "."), "rules"))
os.environ["SHELLTREE_RULES"] = RULES
META = ("EventID", "Computer", "Provider", "TimeCreated", "EventRecordID", "Channel", "Origin", "Source", "SourceOffset", "RecordNumber")
KEEP = ("UtcTime", "ProcessGuid", "Image", "CommandLine", "ParentProcessGuid", "ParentImage", "ParentCommandLine", "User", "Kind", "Level",
        "Depth", "ParentLink", "IntegrityLevel", "SHA256", "CurrentDirectory", "OriginalFileName", "ProcessId", "ParentProcessId")
GUID = "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}"
NS = "http://schemas.microsoft.com/win/2004/08/events/event"
bad = 0


def run(*args):
    return subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def rules_over_processes(to):
    """The pack without its rules over other events, which aren't among the records written here."""
    os.mkdir(to)
    for name in os.listdir(RULES):
        with open(os.path.join(RULES, name), encoding="utf-8") as f:
            text = f.read()
        if not any("Device%sEvents" % t in text for t in ("", "File", "Network", "Registry", "ImageLoad")):
            shutil.copy(os.path.join(RULES, name), to)
    os.environ["SHELLTREE_RULES"] = to


def rows(*paths, keep=KEEP):
    p = run("hunt", "-f", "jsonl", "--scope", "all", *paths)
    out = collections.Counter()
    for line in p.stdout.splitlines():
        r = json.loads(line)
        if r.get("Origin") == "live" and r["Event"] == "process":
            out[json.dumps([r["Computer"].lower(), sorted(r["RuleIds"])] + [r.get(k) for k in keep])] += 1
    return out, p


def events():
    for line in run("extract", "-f", "jsonl", DATA).stdout.splitlines():
        r = json.loads(line)
        if r["Origin"] == "live" and "Sysmon" in r["Provider"] and r["EventID"] in (1, 5):
            yield r, {k: v for k, v in r.items() if k not in META}


EVENTS = list(events())
if "--seeds" in sys.argv:
    EVENTS = [e for e in EVENTS if e[0]["EventID"] == 1][:1]


def xml(r, d, q='"', ns=True, provider=None, end=True):
    attr = lambda s: q + escape(str(s), {q: "&quot;" if q == '"' else "&apos;"}) + q
    body = "".join("<Data Name=%s>%s</Data>" % (attr(k), escape(str(v))) for k, v in d.items())
    return ("<Event%s><System><Provider Name=%s Guid=%s/><EventID>%d</EventID><Version>5</Version><Level>4</Level><Task>1</Task><Opcode>0</Opcode>"
            "<Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime=%s/><EventRecordID>%d</EventRecordID><Correlation/>"
            "<Execution ProcessID=%s ThreadID=%s/><Channel>%s</Channel><Computer>%s</Computer><Security UserID=%s/></System><EventData>%s</EventData>%s"
            % (" xmlns=" + attr(NS) if ns else "", attr(provider or r["Provider"]), attr(GUID), r["EventID"], attr(r["TimeCreated"]), r["EventRecordID"],
               attr(2032), attr(2092), escape(r["Channel"]), escape(r["Computer"]), attr("S-1-5-18"), body, "</Event>" if end else ""))


def seconds(t):
    whole = datetime.datetime.strptime(t[:19] + "+0000", "%Y-%m-%dT%H:%M:%S%z").timestamp()
    return whole + float("0" + t[19:-1])


def dump(r, d, apart=False, text_id=False):
    a = (lambda k, v: {k + "_attributes": v}) if apart else (lambda k, v: {k: {"#attributes": v}})
    s = {**a("Provider", {"Name": r["Provider"], "Guid": GUID}), "EventID": {"#text": r["EventID"]} if text_id else r["EventID"], "Version": 5, "Level": 4,
         "Task": 1, "Opcode": 0, "Keywords": "0x8000000000000000", **a("TimeCreated", {"SystemTime": r["TimeCreated"]}),
         "EventRecordID": r["EventRecordID"], "Correlation": None, **a("Execution", {"ProcessID": 2032, "ThreadID": 2092}), "Channel": r["Channel"],
         "Computer": r["Computer"], **a("Security", {"UserID": "S-1-5-18"})}
    return {"Event": {"#attributes": {"xmlns": NS}, "System": s, "EventData": d}}


def beat(r, d):
    return {"@timestamp": r["TimeCreated"][:23] + "Z", "agent": {"type": "winlogbeat"}, "event": {"code": str(r["EventID"]), "provider": r["Provider"]},
            "host": {"name": r["Computer"].lower()},
            "winlog": {"channel": r["Channel"], "computer_name": r["Computer"], "event_id": str(r["EventID"]), "record_id": str(r["EventRecordID"]),
                       "provider_name": r["Provider"], "provider_guid": GUID, "process": {"pid": 2032, "thread": {"id": 2092}},
                       "event_data": {k: str(v) for k, v in d.items()}}}


def beat6(r, d):
    return {"@timestamp": r["TimeCreated"], "source_name": r["Provider"], "computer_name": r["Computer"], "event_id": r["EventID"], "log_name": r["Channel"],
            "record_number": str(r["EventRecordID"]), "process_id": 2032, "thread_id": 2092, "type": "wineventlog", "event_data": {k: str(v) for k, v in d.items()}}


def ecs(r, d):
    """What the Sysmon pipeline of Winlogbeat makes of it."""
    b = beat(r, d)
    e, p = b["winlog"]["event_data"], {}
    for path, name in (("entity_id", "ProcessGuid"), ("pid", "ProcessId"), ("executable", "Image"), ("command_line", "CommandLine"),
                       ("working_directory", "CurrentDirectory"), ("parent.entity_id", "ParentProcessGuid"), ("parent.pid", "ParentProcessId"),
                       ("parent.executable", "ParentImage"), ("parent.command_line", "ParentCommandLine"),
                       ("pe.original_file_name", "OriginalFileName"), ("pe.company", "Company"), ("pe.description", "Description"),
                       ("pe.file_version", "FileVersion"), ("pe.product", "Product")):
        if name in e:
            v = e.pop(name)
            to = p
            *above, last = path.split(".")
            for k in above:
                to = to.setdefault(k, {})
            to[last] = int(v) if last == "pid" else v
    if "Hashes" in e:
        for h in e.pop("Hashes").split(","):
            k, v = h.split("=")
            (p.setdefault("pe", {}) if k == "IMPHASH" else p.setdefault("hash", {}))[k.lower()] = v.lower()
    if "User" in e:
        domain, name = e.pop("User").split("\\")
        b["user"] = {"domain": domain, "name": name}
    b["@timestamp"] = e.pop("UtcTime").replace(" ", "T") + "Z"
    b["process"] = p
    b["event"].update(module="sysmon", category=["process"])
    return b


def flat(prefix, v, to):
    if isinstance(v, dict):
        for k, x in v.items():
            flat(prefix + "." + k if prefix else k, x, to)
    else:
        to[prefix] = v if isinstance(v, list) else [v]
    return to


def nxlog(r, d):
    return {"SourceName": r["Provider"], "ProviderGuid": GUID, "Level": "4", "Keywords": "0x8000000000000000", "host": "wec", "@version": "1",
            "@timestamp": "2030-01-01T00:00:00.000Z", "Hostname": r["Computer"], "EventID": r["EventID"], "Channel": r["Channel"], "tags": ["x"],
            "RecordNumber": r["EventRecordID"], "ExecutionProcessID": 2032, "ThreadID": 2092, "EventTime": r["UtcTime"][:19], "Severity": "INFO",
            "Message": "Process Create", **d}


def velociraptor(r, d):
    return {"System": {"Provider": {"Name": r["Provider"], "Guid": GUID}, "EventID": {"Value": r["EventID"]}, "Version": 5, "Level": 4, "Task": 1, "Opcode": 0,
                       "TimeCreated": {"SystemTime": seconds(r["TimeCreated"])}, "EventRecordID": r["EventRecordID"], "Correlation": {}, "Channel": r["Channel"],
                       "Execution": {"ProcessID": 2032, "ThreadID": 2092}, "Computer": r["Computer"], "Security": {"UserID": "S-1-5-18"}}, "EventData": d,
            "Message": "Process Create: %s"}


def velociraptor_flat(r, d):
    return {"EventTime": r["TimeCreated"], "Computer": r["Computer"], "Channel": r["Channel"], "Provider": r["Provider"], "EventID": r["EventID"],
            "EventRecordID": r["EventRecordID"], "UserSID": "S-1-5-18", "EventData": d, "Message": "x", "Fullpath": "C:\\x.evtx"}


def payload(d):
    return json.dumps({"EventData": {"Data": [{"@Name": k, "#text": str(v)} for k, v in d.items()]}})


def evtxecmd(r, d):
    return collections.OrderedDict([
        ("RecordNumber", r["EventRecordID"] + 7), ("EventRecordId", str(r["EventRecordID"])), ("TimeCreated", r["TimeCreated"][:-1].replace("T", " ")), ("EventId", r["EventID"]),
        ("Level", "Info"), ("Provider", r["Provider"]), ("Channel", r["Channel"]), ("ProcessId", 2032), ("ThreadId", 2092), ("Computer", r["Computer"]),
        ("ChunkNumber", 0), ("UserId", "S-1-5-18"), ("MapDescription", "Process creation"), ("UserName", d.get("User", "")),
        ("PayloadData1", "ProcessID: 1, ProcessGUID: 2"), ("ExecutableInfo", d.get("CommandLine", "")), ("HiddenRecord", False),
        ("SourceFile", "C:\\x.evtx"), ("Payload", payload(d))])


def velociraptor_csv(r, d):
    """Windows.EventLogs.Evtx as the tool's own CSV: what isn't a text is JSON."""
    v = velociraptor_flat(r, d)
    return {**v, "EventData": json.dumps(v["EventData"]), "UserData": "", "EventID": str(v["EventID"])}


def parse_evtx_csv(r, d):
    v = velociraptor(r, d)
    return {"System": json.dumps(v["System"]), "EventData": json.dumps(v["EventData"]), "Message": v["Message"]}


def splunk_fields(r, d):
    """What a search gives whose fields were taken out of the event, without the event."""
    return {"_time": r["TimeCreated"], "EventCode": str(r["EventID"]), "Computer": r["Computer"], "RecordID": str(r["EventRecordID"]),
            "source": "XmlWinEventLog:" + r["Channel"], "sourcetype": "XmlWinEventLog", "host": "idx", "index": "main", "linecount": "1", "punct": "<_",
            **{k: str(v) for k, v in d.items()}}


def evtxecmd_full(r, d):
    """EvtxECmd --fj: its XML, made JSON."""
    return {"Event": {"@xmlns": NS, "System": {"Provider": {"@Name": r["Provider"], "@Guid": GUID}, "EventID": str(r["EventID"]), "Version": "5", "Level": "4",
            "TimeCreated": {"@SystemTime": r["TimeCreated"][:-1].replace("T", " ")}, "EventRecordID": str(r["EventRecordID"]), "Correlation": None,
            "Execution": {"@ProcessID": "2032", "@ThreadID": "2092"}, "Channel": r["Channel"], "Computer": r["Computer"], "Security": {"@UserID": "S-1-5-18"}},
            "EventData": {"Data": [{"@Name": k, "#text": str(v)} for k, v in d.items()]}}}


def plaso(r, d):
    return {"__type__": "AttributeContainer", "data_type": "windows:evtx:record", "event_identifier": r["EventID"], "computer_name": r["Computer"],
            "timestamp": 1, "xml_string": xml(r, d), "display_name": "x.evtx"}


def binding(r, d):
    """What the Python binding of evtx_dump's parser gives."""
    return {"event_record_id": r["EventRecordID"], "timestamp": r["TimeCreated"].replace("T", " ").replace("Z", " UTC"), "data": json.dumps(dump(r, d), indent=2)}


def binding_xml(r, d):
    return {"event_record_id": r["EventRecordID"], "timestamp": r["TimeCreated"].replace("T", " ").replace("Z", " UTC"), "data": xml(r, d)}


def agent(r, d):
    """Elastic Agent: the time of the record beside that of the event."""
    e = ecs(r, d)
    e["winlog"]["time_created"] = r["TimeCreated"]
    return e


def kibana(r, d):
    """Discover's CSV: keys with dots, times for people."""
    return {"@timestamp": "Mar 2, 2026 @ 02:10:49.622", **{k: v[0] for k, v in flat("", {"event": {"code": str(r["EventID"])}, "winlog": beat(r, d)["winlog"]}, {}).items()}}


def table(dicts, **kw):
    out = io.StringIO()
    names = list(dict.fromkeys(k for d in dicts for k in d))
    w = csv.DictWriter(out, names, lineterminator="\r\n", restval="", **kw)
    w.writeheader()
    w.writerows(dicts)
    return out.getvalue()


def lines(f, **kw):
    return "".join(json.dumps(f(r, d, **kw)) + "\n" for r, d in EVENTS)


def every(f):
    return [f(r, d) for r, d in EVENTS]


XML = [xml(r, d) for r, d in EVENTS]
LINUX = [xml(r, d, ns=False) for r, d in EVENTS]
hits = [{"_index": "winlogbeat", "_id": str(i), "_source": beat(r, d)} for i, (r, d) in enumerate(EVENTS)]
CASES = {
    "wevtutil": "".join(XML),
    "wevtutil in lines": "\r\n".join(XML) + "\r\n",
    "Event Viewer": '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<Events>' + "".join(
        x.replace("</Event>", '<RenderingInfo Culture="de-DE"><Message>Ein &amp; Text</Message></RenderingInfo></Event>') for x in XML) + "</Events>",
    "UTF-16LE with a mark": ("\ufeff" + "\r\n".join(XML)).encode("utf-16-le"),
    "UTF-16BE with a mark": ("\ufeff" + "".join(XML)).encode("utf-16-be"),
    "UTF-16LE without": "".join(XML).encode("utf-16-le"),
    "UTF-8 with a mark": ("\ufeff" + "".join(XML)).encode(),
    "evtx_dump, XML": "".join('Record %d\n<?xml version="1.0" encoding="utf-8"?>\n%s\n' % (i, x.replace("><", ">\n  <")) for i, x in enumerate(XML)),
    "evtx_dump, JSON": "".join("Record %d\n%s\n" % (i, json.dumps(dump(r, d), indent=2)) for i, (r, d) in enumerate(EVENTS)),
    "evtx_dump, JSON, UTF-16": ("\ufeff" + "".join("Record %d\r\n%s\r\n" % (i, json.dumps(dump(r, d), indent=2)) for i, (r, d) in enumerate(EVENTS))).encode("utf-16-le"),
    "evtx_dump, JSON lines": lines(dump),
    "evtx_dump, attributes apart": lines(dump, apart=True),
    "evtx_dump, EventID with text": lines(dump, text_id=True),
    "JSON, one array": json.dumps(every(dump)),
    "JSON, one array, indented": json.dumps(every(dump), indent=1),
    "xmltodict": json.dumps({"Events": {"Event": [
        {"System": {"Provider": {"@Name": r["Provider"], "@Guid": GUID}, "EventID": str(r["EventID"]), "TimeCreated": {"@SystemTime": r["TimeCreated"]},
                    "EventRecordID": str(r["EventRecordID"]), "Channel": r["Channel"], "Computer": r["Computer"]},
         "EventData": {"Data": [{"@Name": k, "#text": str(v)} for k, v in d.items()]}} for r, d in EVENTS]}}),
    "Winlogbeat": lines(beat),
    "Winlogbeat 6": lines(beat6),
    "Elasticsearch, _source in lines": "".join(json.dumps(h) + "\n" for h in hits),
    "Elasticsearch, an answer": json.dumps({"took": 3, "hits": {"total": {"value": len(hits)}, "hits": hits}, "timed_out": False}),
    "Elasticsearch, an answer, indented": json.dumps({"took": 3, "hits": {"total": {"value": len(hits)}, "hits": hits}, "timed_out": False}, indent=2),
    "Elasticsearch, fields": "".join(json.dumps({"_index": "x", "fields": flat("", beat(r, d), {})}) + "\n" for r, d in EVENTS),
    "Elasticsearch, keys with dots": "".join(json.dumps({"_source": {k: v[0] for k, v in flat("", beat(r, d), {}).items()}}) + "\n" for r, d in EVENTS),
    "Sysmon pipeline": lines(ecs),
    "Sysmon pipeline, _source": "".join(json.dumps({"_source": ecs(r, d)}) + "\n" for r, d in EVENTS),
    "Sysmon pipeline, fields": "".join(json.dumps({"fields": flat("", ecs(r, d), {})}) + "\n" for r, d in EVENTS),
    "Splunk, raw": "".join("%s\n" % xml(r, d, q="'") for r, d in EVENTS),
    "Splunk, JSON": "".join(json.dumps({"preview": False, "offset": i, "result": {"_raw": xml(r, d, q="'"), "host": "idx"}}) + "\n" for i, (r, d) in enumerate(EVENTS)),
    "Splunk, results": json.dumps({"preview": False, "fields": [{"name": "_raw"}], "results": [{"_raw": xml(r, d, q="'")} for r, d in EVENTS]}),
    "Splunk, CSV": table([{"_time": r["TimeCreated"], "_raw": xml(r, d, q="'"), "host": "idx"} for r, d in EVENTS], quoting=csv.QUOTE_ALL),
    "NXLog": lines(nxlog),
    "NXLog, through syslog": "".join("<14>Mar  2 02:10:49 wec nxlog: %s\n" % json.dumps(nxlog(r, d)) for r, d in EVENTS),
    "Velociraptor": lines(velociraptor),
    "Velociraptor, flat": lines(velociraptor_flat),
    "Velociraptor, CSV": table(every(velociraptor_csv)),
    "Velociraptor, CSV of parse_evtx": table(every(parse_evtx_csv)),
    "Splunk, fields, CSV": table(every(splunk_fields), quoting=csv.QUOTE_ALL),
    "Splunk, fields, JSON": "".join(json.dumps({"preview": False, "result": splunk_fields(r, d)}) + "\n" for r, d in EVENTS),
    "Elasticsearch, bulk": "".join(json.dumps({"index": {"_index": "x", "_id": str(i)}}) + "\n" + json.dumps(beat(r, d)) + "\n" for i, (r, d) in enumerate(EVENTS)),
    "Elastic Agent": lines(agent),
    "Kibana, CSV": table(every(kibana)),
    "plaso, JSON lines": lines(plaso),
    "evtx for Python, JSON": lines(binding),
    "evtx for Python, XML": lines(binding_xml),
    "EvtxECmd, JSON": lines(evtxecmd),
    "EvtxECmd, full JSON": "\ufeff" + lines(evtxecmd_full),
    "EvtxECmd, XML": "\ufeff" + "\r\n".join(XML),
    "EvtxECmd, CSV": "\ufeff" + table(every(evtxecmd)),
    "Sysmon in syslog": "".join("Jun  5 19:58:34 host sysmon[%d]: %s\n" % (i, x) for i, x in enumerate(LINUX)) + "Jun  5 19:58:34 host cron: <x>\n",
    "journal, JSON": "".join(json.dumps({"__CURSOR": "s=1", "MESSAGE": x, "_COMM": "sysmon", "SYSLOG_IDENTIFIER": "sysmon"}) + "\n" for x in LINUX) + '{"MESSAGE":"started","_COMM":"cron"}\n',
    "journal, JSON, indented": "".join(json.dumps({"__CURSOR": "s=1", "MESSAGE": x, "SYSLOG_IDENTIFIER": "sysmon"}, indent="\t") + "\n" for x in LINUX),
    "journal, JSON, for streams": "".join("data: " + json.dumps({"__CURSOR": "s=1", "MESSAGE": x, "SYSLOG_IDENTIFIER": "sysmon"}) + "\n\n" for x in LINUX),
    "journal, JSON, with separators": "".join("\x1e" + json.dumps({"__CURSOR": "s=1", "MESSAGE": x, "SYSLOG_IDENTIFIER": "sysmon"}) + "\n" for x in LINUX),
    "journal, in full": "".join("Fri 2026-06-05 19:58:34.000000 UTC [s=1;i=2]\n    _COMM=sysmon\n    MESSAGE=" + x + "\n    PRIORITY=6\n" for x in LINUX),
    "journal, times": "".join("2026-06-05T19:58:34+0000 host sysmon[1]: " + x + "\n" for x in LINUX),
    "journal, JSON, bytes": "".join(json.dumps({"MESSAGE": list(x.encode()), "SYSLOG_IDENTIFIER": "sysmon", "MESSAGE_ID": "x"}) + "\n" for x in LINUX),
    "journal, export": b"".join(b"__CURSOR=s=1\n_COMM=sysmon\nMESSAGE\n" + len(x.encode()).to_bytes(8, "little") + x.encode() + b"\nPRIORITY=6\n\n" for x in LINUX),
    "journal, export, text": "".join("__CURSOR=s=1\n_COMM=sysmon\nMESSAGE=" + x + "\nPRIORITY=6\n\n" for x in LINUX),
}


def check(name, ok, *say):
    global bad
    if not ok:
        bad += 1
        print("%s: wrong" % name, *say)


def write(name, body):
    with open(name, "wb") as f:
        f.write(body if isinstance(body, bytes) else body.encode())
    return name


def same_rows():
    write("base.xml", "".join(XML))
    want, _ = rows(DATA)
    for name, body in CASES.items():
        got, p = rows(write("c", body))
        check(name, got == want and p.returncode == 0, "exit %d, %d of %d rows alike, %d too many" % (p.returncode, sum((got & want).values()), sum(want.values()), sum((got - want).values())),
              p.stderr.decode()[:300], list((got - want).elements())[:1], list((want - got).elements())[:1])
        # with the log itself: one event is one row, and the log's is shown
        both, p = rows("c", DATA)
        check(name + ", with the log", both == want, "%d rows, not %d" % (sum(both.values()), sum(want.values())), p.stderr.decode()[:200], list((both - want).elements())[:2])


def bad_lines():
    body = lines(dump).splitlines(True)
    body[3] = '{"Event": nonsense}\n'
    got, p = rows(write("bad.jsonl", "".join(body)))
    check("a bad line", p.returncode == 3 and b"line 4" in p.stderr and sum(got.values()) >= 1, p.returncode, p.stderr)
    p = run("hunt", "-f", "jsonl", "--scope", "all", write("allbad.jsonl", lines(dump) + "{nonsense\n" * 5000))
    check("a bad file stops", p.returncode == 3 and b"1000 unreadable" in p.stderr, p.returncode, p.stderr)
    cut = ["Jun  5 19:58:34 host sysmon: %s\n" % (x if i != 2 else x[: x.index('<Data Name="Hashes"')] + '<Data Name="Has') for i, x in enumerate(LINUX)]
    got, p = rows(write("cut.log", "".join(cut)))
    want, _ = rows(DATA)
    check("a line cut by syslog", p.returncode == 3 and b"line 3" in p.stderr and sum(got.values()) == sum(want.values()), p.returncode, p.stderr, sum(got.values()))
    hostile = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><Events>' + XML[0].replace("<EventID>", "<X>&a;</X><EventID>") + XML[1] + "</Events>"
    p = run("hunt", "-f", "jsonl", "--scope", "all", write("hostile.xml", hostile))
    check("an entity", p.returncode == 3 and b"1 records read, 1 unreadable" in p.stderr, p.returncode, p.stderr)


def results():
    os.mkdir("r")
    write("r/base.xml", "".join(XML))
    write("r/hayabusa.csv", '"Timestamp","RuleTitle","Level","Computer","Channel","EventID","RecordID","Details"\n"2026","x","high","c","Sysmon",1,2,"d"\n')
    write("r/hayabusa.jsonl", '{"Timestamp":"2026","RuleTitle":"x","Level":"high","Computer":"c","Channel":"Sysmon","EventID":1,"RecordID":2,"Details":{"Cmdline":"x"}}\n')
    write("r/chainsaw.json", '[{"group":"Sigma","kind":"individual","document":{"kind":"evtx","data":{"Event":{"System":{"EventID":1}}}},"authors":["x"]}]')
    write("r/zircolite.json", '[{"title":"x","sigmafile":"x.yml","rule_level":"high","count":1,"matches":[{"EventID":1,"Image":"x"}]}]')
    with open("r/own.jsonl", "wb") as f:
        f.write(run("hunt", "-f", "jsonl", "--scope", "all", DATA).stdout)
    with open("r/own.csv", "wb") as f:
        f.write(run("hunt", "-f", "csv", "--scope", "all", DATA).stdout)
    with open("r/extract.jsonl", "wb") as f:
        f.write(run("extract", "-f", "jsonl", DATA).stdout)
    want, _ = rows("base.xml")
    got, p = rows("r")
    check("results aren't evidence", got == want and p.returncode == 0, p.returncode, sum(got.values()))
    for tool in ("hayabusa.csv", "hayabusa.jsonl", "chainsaw.json", "zircolite.json", "own.jsonl", "own.csv", "extract.jsonl"):
        check("results of " + tool, ("r/" + tool).encode() in p.stderr, p.stderr.decode())


OTHERS = os.path.join(os.environ.get("srcdir", "."), "tests", "events", "sysmon.evtx")


def two_carriers():
    """Every event of a log that is met in another carrier, too, is one row and one record; XML can be made of each."""
    shutil.copy(OTHERS, "others.evtx")
    every = [json.loads(x) for x in run("extract", "-f", "jsonl", "others.evtx").stdout.splitlines()]
    pairs = [(r, {k: v for k, v in r.items() if k not in META}) for r in every if r["Origin"] == "live" and "Sysmon" in r["Provider"]]
    lower = lambda d: {k: v.lower().strip("{}") if "Guid" in k and isinstance(v, str) else v for k, v in d.items()}
    bodies = {"JSON": dump, "Winlogbeat": beat, "NXLog": nxlog, "Velociraptor": velociraptor, "EvtxECmd": evtxecmd, "XML": None}
    tables = ("DeviceEvents", "DeviceFileEvents", "DeviceNetworkEvents", "DeviceRegistryEvents", "DeviceImageLoadEvents")
    counts = lambda *p: [run("query", "-f", "csv", t + " | count", *p).stdout for t in tables]
    want, records = counts("others.evtx"), run("extract", "-f", "jsonl", "others.evtx").stdout
    for name, f in bodies.items():
        write("others.txt", "".join(xml(r, d) if not f else json.dumps(f(r, lower(d))) + "\n" for r, d in pairs))
        check("two carriers: " + name, counts("others.evtx", "others.txt") == want, counts("others.evtx", "others.txt"), want)
        got = run("extract", "-f", "jsonl", "others.evtx", "others.txt").stdout
        check("two carriers, extract: " + name, got == records, got.count(b"\n"), records.count(b"\n"))
        p = run("extract", "--xml", "others.txt")
        write("again.xml", p.stdout)
        check("two carriers, XML made of " + name, counts("again.xml") == counts("others.txt") and b"<Event/>" not in p.stdout, p.stdout[:300])


def threads():
    """Several files at once: the same bytes as one after the other."""
    os.mkdir("t")
    for i, (name, body) in enumerate(CASES.items()):
        write("t/%02d" % i, body)
    for args in (("extract", "-f", "jsonl", "--duplicates"), ("hunt", "-f", "csv", "--scope", "all")):
        one, many = run(*args, "--threads", "1", "t"), run(*args, "--threads", "7", "t")
        check("threads: " + args[0], one.stdout == many.stdout and one.returncode == many.returncode == 0 and one.stdout, one.returncode, one.stderr)


UNREAD = {
    "evtxexport": "Event number\t\t\t: 1\nSource name\t\t: x\nEvent identifier\t: 0x1 (1)\nNumber of strings\t: 1\n",
    "Get-WinEvent, CSV": '"Message","Id","Version","ProviderName","LogName","MachineName"\n"Process Create:","1","5","Microsoft-Windows-Sysmon","x","c"\n',
    "Get-WinEvent, JSON": '[{"Id":1,"ProviderName":"Microsoft-Windows-Sysmon","LogName":"x","MachineName":"c","Message":"Process Create:"}]',
    "Get-WinEvent, CLIXML": '<Objs Version="1.1.0.1"><Obj RefId="0"><TN><T>System.Diagnostics.Eventing.Reader.EventLogRecord</T></TN></Obj></Objs>',
    "Get-WinEvent, list": "Message      : Process Create:\nId           : 1\nProviderName : Microsoft-Windows-Sysmon\nLogName      : x\nMachineName  : c\n",
    "Event Viewer, CSV": "Level,Date and Time,Source,Event ID,Task Category\nInformation,1/1/2026 1:00:00 AM,Microsoft-Windows-Sysmon,1,Process Create\n",
    "Log Parser": "EventLog,RecordNumber,TimeGenerated,TimeWritten,EventID,Strings\nx,1,2,3,1,a|b\n",
    "Splunk, messages": "01/02/2026 03:04:05 AM\nLogName=Microsoft-Windows-Sysmon/Operational\nEventCode=1\nComputerName=c\nMessage=Process Create:\n",
}


def unread():
    """Events in a form that isn't read are named, wherever they are met."""
    os.mkdir("u")
    write("u/base.xml", "".join(XML))
    for name, body in UNREAD.items():
        write("u/x.txt", body)
        p = run("hunt", "-f", "jsonl", "u")
        check("unread: " + name, p.returncode == 3 and b"u/x.txt" in p.stderr and b"isn't read" in p.stderr, p.returncode, p.stderr)


if "--seeds" in sys.argv:
    for name, body in CASES.items():
        body = body if isinstance(body, bytes) else body.encode()
        kind = 2 if ", CSV" in name else 1 if body.lstrip(b"\xef\xbb\xbf")[:1] in b"{[" or "JSON" in name else 0
        write(os.path.join(sys.argv[2], name.lower().replace(", ", "-").replace(" ", "-")), bytes([kind]) + body)
    sys.exit(0)
with tempfile.TemporaryDirectory() as tmp:
    DATA, OTHERS = os.path.abspath(DATA), os.path.abspath(OTHERS)
    os.chdir(tmp)
    rules_over_processes(os.path.join(tmp, "rules"))
    same_rows()
    bad_lines()
    results()
    unread()
    threads()
    two_carriers()
print("%d carriers, %d checks went wrong" % (len(CASES), bad))
sys.exit(1 if bad else 0)
