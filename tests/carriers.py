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
import re
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


MOVED = (("ProcessGuid", "process.entity_id"), ("Image", "process.executable"), ("SourceProcessGuid", "process.entity_id"),
         ("SourceProcessGUID", "process.entity_id"), ("SourceImage", "process.executable"), ("Destination", "process.executable"), ("CommandLine", "process.command_line"),
         ("CurrentDirectory", "process.working_directory"), ("ParentProcessGuid", "process.parent.entity_id"), ("ParentImage", "process.parent.executable"),
         ("ParentCommandLine", "process.parent.command_line"), ("RuleName", "rule.name"), ("TargetFilename", "file.path"), ("Device", "file.path"),
         ("PipeName", "file.name"), ("ImageLoaded", "file.path"), ("Protocol", "network.transport"), ("DestinationPortName", "network.protocol"),
         ("SourcePortName", "network.protocol"), ("SourceHostname", "source.domain"), ("DestinationHostname", "destination.domain"), ("QueryName", "dns.question.name"),
         ("QueryStatus", "sysmon.dns.status"), ("ID", "error.code"))
NUMBERS = (("ProcessId", "process.pid"), ("SourceProcessId", "process.pid"), ("SourceThreadId", "process.thread.id"), ("ParentProcessId", "process.parent.pid"),
           ("SourcePort", "source.port"), ("DestinationPort", "destination.port"))
THROWN_AWAY = ("DestinationIsIpv6", "SourceIsIpv6", "SourcePortName")
DNS_STATUS = {"0": "SUCCESS", "9003": "DNS_ERROR_RCODE_NAME_ERROR", "9501": "DNS_INFO_NO_RECORDS", "10060": "WSAETIMEDOUT"}
DNS_TYPES = {"5": "CNAME", "16": "TXT", "33": "SRV", "65281": "WINS"}


def put(to, path, value):
    *above, last = path.split(".")
    for k in above:
        to = to.setdefault(k, {})
    to.setdefault(last, value)


def hashes_of(text, code, b):
    """Upper case and order go; what is zeros, too; and all of events that aren't listed."""
    parts = {k.lower(): v.lower() for k, v in (h.split("=") for h in text.split(",")) if v.strip("0")}
    where = "process" if code in (1, 23, 24, 25, 26) else "file" if code in (6, 7, 15, 29) else None
    for k, v in parts.items() if where else ():
        put(b, where + (".pe.imphash" if k == "imphash" else ".hash." + k), v)


def answers_of(text, b):
    answers, ips = [], []
    for x in (x for x in text.split(";") if x):
        if x.startswith("type:"):
            t, *data = x.split()[1:]
            answers.append({"type": DNS_TYPES[t], **({"data": data[0]} if data else {})})
        else:
            ips.append(x.replace("::ffff:", ""))
    answers += [{"type": "AAAA" if ":" in x else "A", "data": x} for x in ips]
    if answers:
        put(b, "dns.answers", answers)
    if ips:
        put(b, "dns.resolved_ip", ips)


def details_of(text, b):
    q, d = re.fullmatch(r"QWORD \(0x(\w{8})-0x(\w{8})\)", text, re.I), re.fullmatch(r"DWORD \(0x(\w{8})\)", text, re.I)
    v = ("SZ_QWORD", str((int(q[1], 16) << 8) + int(q[2], 16))) if q else ("SZ_DWORD", str(int(d[1], 16))) if d else \
        ("REG_BINARY" if text == "Binary Data" else "REG_SZ", text)
    put(b, "registry.data", {"strings": [v[1]], "type": v[0]})


def ecs(r, d, module=True):
    """What the Sysmon pipeline of Winlogbeat makes of it; without module: that of the Elastic Agent's integration."""
    code, b = r["EventID"], beat(r, d)
    e = {k: v for k, v in b["winlog"]["event_data"].items() if v not in ("", "-", "{00000000-0000-0000-0000-000000000000}")}
    b["ecs"] = {"version": "8.0.0"}
    b["event"].update(created=r["TimeCreated"][:23] + "Z", category=["process"], type=["start"], **({"module": "sysmon"} if module else {"dataset": "windows.sysmon_operational"}))
    b["@timestamp"] = e.pop("UtcTime").replace(" ", "T") + "Z"
    if code == 25 and "Type" in e:
        b["message"] = e.pop("Type")
    else:
        b["message"] = "Something:\nRuleName: -\nUtcTime: x"
    for name in ("Hash", "Hashes"):
        if name in e:
            hashes_of(e.pop(name), code, b)
    for name in ("Company", "Description", "FileVersion", "Product"):
        if name in e:
            put(b, ("file" if code == 7 else "process") + ".pe." + re.sub("(?!^)([A-Z])", r"_\1", name).lower(), e[name])
    if "OriginalFileName" in e:
        put(b, ("file" if code == 7 else "process") + ".pe.original_file_name", e.pop("OriginalFileName"))
    for name, path in MOVED:
        if name in e:
            put(b, path, e.pop(name))
    for name, path in NUMBERS:
        if name in e:
            put(b, path, int(e.pop(name)))
    for name in ("SourceIp", "DestinationIp"):
        if name in e:
            put(b, name[:-2].lower() + ".ip", e.pop(name))
    for name, path, words in (("Initiated", "network.direction", {"true": "egress", "false": "ingress"}), ("SourceIsIpv6", "network.type", {"true": "ipv6", "false": "ipv4"})):
        if name in e:
            put(b, path, words[e.pop(name)])
    e.pop("DestinationIsIpv6", None)
    for name, path in (("Archived", "sysmon.file.archived"), ("IsExecutable", "sysmon.file.is_executable")):
        if name in e:
            put(b, path, e.pop(name) == "true")
    if code == 22:
        b["network"] = {"protocol": "dns"}
        b["sysmon"]["dns"]["status"] = DNS_STATUS[b["sysmon"]["dns"]["status"]]
        answers_of(e.pop("QueryResults", ""), b)
    if code in (12, 13, 14):
        put(b, "registry.path", e.pop("TargetObject"))
        if "Details" in e:
            details_of(e.pop("Details"), b)
    if "User" in e:
        domain, name = e.pop("User").split("\\")
        b["user"] = {"domain": domain, "name": name, "id": "S-1-5-18"}
    if "TargetProcessGuid" in e:
        e["TargetProcessGUID"] = e.pop("TargetProcessGuid")
    path = b.get("file", {}).get("path", "")
    if "\\" in path:
        b["file"]["name"] = path.rpartition("\\")[2]
    b["winlog"]["event_data"] = e
    if not e:
        del b["winlog"]["event_data"]
    return b


def ecs_old(r, d):
    """The module's older form, in JavaScript: event.created is when the Beat read it, texts of the registry stay."""
    b = ecs(r, d)
    b.update(ecs={"version": "1.12.0"}, agent={"type": "winlogbeat", "version": "7.17.1"})
    b["event"]["created"] = "2031-01-01T00:00:00.000Z"
    if r["EventID"] in (12, 13, 14):
        b["winlog"].setdefault("event_data", {}).update({k: d[k] for k in ("TargetObject", "Details") if k in d})
    return b


def ecs_linux(r, d):
    """Sysmon for Linux through its integration: the event's own time is dropped, @timestamp is when it was taken in."""
    b = ecs(r, d)
    b["@timestamp"] = "2031-01-01T00:00:00.000Z"
    b["winlog"].update(channel="Linux-Sysmon/Operational")
    del b["winlog"]["provider_name"]
    b["event"].update(provider="Linux-Sysmon", dataset="sysmon_linux.log")
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


def wazuh(r, d):
    """Names begin with a small letter; backslashes and quotes are escaped once more than JSON does."""
    again = lambda v: str(v).replace("\\", "\\\\").replace('"', '\\"')
    return {"timestamp": "2030-01-01T00:00:00.000+0000", "rule": {"level": 3, "id": "61603"}, "agent": {"id": "001", "name": "x"}, "id": "1.2",
            "decoder": {"name": "windows_eventchannel"}, "location": "EventChannel", "data": {"win": {
                "system": {"providerName": r["Provider"], "providerGuid": GUID.lower(), "eventID": str(r["EventID"]), "version": "5", "level": "4", "task": "1",
                           "opcode": "0", "keywords": "0x8000000000000000", "systemTime": r["TimeCreated"], "eventRecordID": str(r["EventRecordID"]),
                           "processID": "2032", "threadID": "2092", "channel": r["Channel"], "computer": r["Computer"], "severityValue": "INFORMATION",
                           "message": '"Process Create:\r\nRuleName: -"'},
                "eventdata": {k[0].lower() + k[1:]: again(v) for k, v in d.items()}}}}


def gelf(r, d):
    return {"version": "1.1", "host": r["Computer"], "short_message": "Process Create", "timestamp": 1.5, "level": 6, "_SourceName": r["Provider"],
            "_EventID": r["EventID"], "_Channel": r["Channel"], "_Hostname": r["Computer"], "_RecordNumber": r["EventRecordID"], "_EventTime": r["UtcTime"][:19],
            **{"_" + k: v for k, v in d.items()}}


def graylog(r, d):
    return {"gl2_source_input": "x", "source": "x", "message": "Process Create:", "timestamp": r["TimeCreated"][:23] + "Z",
            **{"winlogbeat_" + k.replace(".", "_"): v[0] for k, v in flat("", {"winlog": beat(r, d)["winlog"]}, {}).items()}}


def fluent_bit(r, d):
    """With Render_Event_As_XML."""
    return {"System": xml(r, d, q="'"), "Message": "Process Create:", "StringInserts": [str(v) for v in d.values()]}


def american(t):
    return datetime.datetime.strptime(t[:23], "%Y-%m-%dT%H:%M:%S.%f").strftime("X%m/X%d/%Y, X%I:%M:%S.%f").replace("X0", "X").replace("X", "")[:-3] + (" PM" if int(t[11:13]) > 11 else " AM")


def azure(r, d):
    """The table Event of Azure Monitor."""
    data = "".join("<Data Name=%s>%s</Data>" % (quoteattr(k), escape(str(v))) for k, v in d.items())
    return {"TenantId": "t", "TimeGenerated [UTC]": american(r["TimeCreated"]), "Source": r["Provider"], "EventLog": r["Channel"], "Computer": r["Computer"],
            "EventLevel": "4", "ParameterXml": "<Param>-</Param>", "EventID": r["EventID"], "RenderedDescription": "Process Create:", "Type": "Event",
            "EventData": '<DataItem type="System.XmlData" time="2026"><EventData xmlns="%s">%s</EventData></DataItem>' % (NS, data)}


def azure_windows(r, d):
    return {"TimeGenerated": r["TimeCreated"], "Provider": r["Provider"], "Channel": r["Channel"], "Computer": r["Computer"], "EventLevel": 4, "EventID": r["EventID"],
            "EventData": json.dumps(d), "SystemThreadId": 2092, "SystemProcessId": 2032, "EventRecordId": str(r["EventRecordID"]), "Type": "WindowsEvent"}


def azure_syslog(r, d):
    return {"TenantId": "t", "TimeGenerated": r["TimeCreated"], "Computer": "lin", "Facility": "user", "HostName": "lin", "SyslogMessage": xml(r, d, ns=False), "ProcessID": "1", "Type": "Syslog"}


def promtail(r, d):
    """Its lines: the event's data as it stands in the XML, twice."""
    data = "".join("<Data Name='%s'>%s</Data>" % (k, escape(str(v))) for k, v in d.items())
    return {"source": r["Provider"], "channel": r["Channel"], "computer": r["Computer"], "event_id": r["EventID"], "version": 5, "level": 4, "task": 1, "levelText": "Information",
            "timeCreated": r["TimeCreated"], "eventRecordID": r["EventRecordID"], "execution": {"processId": 2032, "threadId": 2092, "processName": "Sysmon.exe"},
            "security": {"userId": "S-1-5-18", "userName": "x"}, "user_data": data, "event_data": data, "message": "Process Create:"}


def otel(r, d, listed=False):
    """The body that OpenTelemetry's receiver makes."""
    data = {k: str(v) for k, v in d.items()}
    return {"event_id": {"qualifiers": 0, "id": r["EventID"]}, "provider": {"name": r["Provider"], "guid": GUID, "event_source": ""}, "system_time": r["TimeCreated"],
            "computer": r["Computer"], "channel": r["Channel"], "record_id": r["EventRecordID"], "level": "Information", "message": "Process Create:", "task": "x", "opcode": "Info",
            "keywords": ["x"], "event_data": {"data": [{k: v} for k, v in data.items()]} if listed else data}


def otlp_value(v):
    if isinstance(v, dict):
        return {"kvlistValue": {"values": [{"key": k, "value": otlp_value(x)} for k, x in v.items()]}}
    if isinstance(v, list):
        return {"arrayValue": {"values": [otlp_value(x) for x in v]}}
    return {"intValue": str(v)} if isinstance(v, int) else {"stringValue": v}


def otlp(bodies):
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": [{"observedTimeUnixNano": "1", "severityNumber": 9, "body": otlp_value(b), "traceId": ""}
                                                                                        for b in bodies]}]}]}


def vector(r, d):
    return {"timestamp": r["TimeCreated"], "message": "x", "host": "h", "event_id": r["EventID"], "record_id": r["EventRecordID"], "level": "Information", "level_value": 4,
            "channel": r["Channel"], "provider_name": r["Provider"], "provider_guid": GUID, "computer": r["Computer"], "user_id": "S-1-5-18", "process_id": 2032, "thread_id": 2092,
            "task": 1, "keywords": "0x8000000000000000", "version": 5, "event_data": {k: str(v) for k, v in d.items()}, "source_type": "windows_event_log"}


def message(d):
    return "Something happened:\r\n" + "\r\n".join("%s: %s" % x for x in d.items())


def powershell(r, d, old=False, values=True):
    """What Get-WinEvent gives, as ConvertTo-Json writes it; deep enough for the values, or not."""
    return {"Id": r["EventID"], "Version": 5, "Qualifiers": None, "Level": 4, "Task": 1, "Opcode": 0, "Keywords": -9223372036854775808, "RecordId": r["EventRecordID"],
            "ProviderName": r["Provider"], "ProviderId": GUID[1:-1].lower(), "LogName": r["Channel"], "ProcessId": 2032, "ThreadId": 2092, "MachineName": r["Computer"],
            "UserId": {"BinaryLength": 12, "AccountDomainSid": None, "Value": "S-1-5-18"}, "TimeCreated": "/Date(%d)/" % (seconds(r["TimeCreated"]) * 1000) if old else r["TimeCreated"],
            "MatchedQueryIds": [], "Bookmark": {}, "LevelDisplayName": "Information", "KeywordsDisplayNames": [],
            "Properties": [{"Value": v} if values else "System.Diagnostics.Eventing.Reader.EventProperty" for v in d.values()],
            "Message": "x" if values else message(d)}


def powershell_csv(r, d):
    return {"Message": message(d), **{k: v for k, v in powershell(r, d).items() if k not in ("Message", "Properties")}, "UserId": "S-1-5-18", "TimeCreated": "3/2/2026 2:10:49 AM",
            "Properties": "System.Collections.Generic.List`1[System.Diagnostics.Eventing.Reader.EventProperty]"}


def fluent_bit_texts(r, d):
    return {"ProviderName": r["Provider"], "ProviderGuid": GUID, "Qualifiers": "", "EventID": r["EventID"], "Version": 5, "Level": 4, "Task": 1, "Opcode": 0,
            "Keywords": "0x8000000000000000", "TimeCreated": r["TimeCreated"][:19].replace("T", " ") + " +0000", "EventRecordID": r["EventRecordID"], "ProcessID": 2032,
            "ThreadID": 2092, "Channel": r["Channel"], "Computer": r["Computer"], "UserID": "NT AUTHORITY\\SYSTEM", "Message": "", "StringInserts": list(d.values())}


def fluentd(r, d):
    return {"ProviderName": r["Provider"], "ProviderGUID": GUID, "EventID": str(r["EventID"]), "Level": "4", "TimeCreated": r["TimeCreated"][:-1].replace("T", " ").replace("-", "/"),
            "EventRecordID": str(r["EventRecordID"]), "ThreadID": "2092", "ProcessID": "2032", "Channel": r["Channel"], "Computer": r["Computer"], "UserID": "S-1-5-18",
            "Version": "5", "Description": "Process Create:", "EventData": [str(v) for v in d.values()]}


def kinesis(r, d):
    return {"EventId": r["EventID"], "Description": "Process Create:", "LevelDisplayName": "Information", "LogName": r["Channel"], "MachineName": r["Computer"],
            "ProviderName": r["Provider"], "TimeCreated": r["TimeCreated"], "Index": r["EventRecordID"], "UserName": "x", "Keywords": "", "EventData": [str(v) for v in d.values()]}


def telegraf(r, d):
    return {"fields": {"Source": r["Provider"], "Channel": r["Channel"], "Computer": r["Computer"], "EventID": r["EventID"], "EventRecordID": r["EventRecordID"],
                       "TimeCreated": r["TimeCreated"], "Version": 5, "Message": "x", "ProcessID": 1, "ThreadID": 2, **{"Data_" + k: str(v) for k, v in d.items()}},
            "name": "win_eventlog", "tags": {"host": "x"}, "timestamp": 1}


def osquery(r, d):
    return {"name": "x", "hostIdentifier": "h", "action": "added", "columns": {
        "computer_name": r["Computer"], "data": json.dumps({"EventData": {k: str(v) for k, v in d.items()}}), "datetime": r["TimeCreated"], "eventid": str(r["EventID"]),
        "keywords": "-1", "level": "4", "pid": "2032", "provider_guid": GUID, "provider_name": r["Provider"], "source": r["Channel"], "task": "1", "tid": "2092", "time": "1"}}


def splunk_event_fields(r, d):
    """Fields of an event that came in as a text, without the text."""
    return {"_time": "x", "LogName": r["Channel"], "SourceName": r["Provider"], "EventCode": str(r["EventID"]), "ComputerName": r["Computer"], "RecordNumber": str(r["EventRecordID"]),
            "Sid": "S-1-5-18", "sourcetype": "WinEventLog", "source": "WinEventLog:" + r["Channel"], **{k: str(v) for k, v in d.items()}}


def log_parser(r, d):
    return {"EventLog": r["Channel"], "RecordNumber": r["EventRecordID"], "TimeGenerated": "2026-03-02 03:10:49", "TimeWritten": "2026-03-02 03:10:49", "EventID": r["EventID"],
            "EventType": 4, "SourceName": r["Provider"], "Strings": "|".join(str(v) for v in d.values()), "ComputerName": r["Computer"], "SID": "", "Message": "x", "Data": ""}


def plaso_texts(r, d):
    return {"__container_type__": "event_data", "data_type": "windows:evtx:record", "computer_name": r["Computer"], "event_identifier": r["EventID"], "event_level": 4,
            "event_version": 5, "provider_identifier": GUID.lower(), "source_name": r["Provider"], "record_number": r["EventRecordID"], "recovered": False,
            "strings": [str(v) for v in d.values()], "timestamp": round(seconds(r["TimeCreated"]) * 1000000), "timestamp_desc": "Content Modification Time"}


def splunk_text(r, d):
    return "03/02/2026 02:10:49 AM\nLogName=%s\nEventCode=%d\nEventType=4\nComputerName=%s\nSid=S-1-5-18\nSourceName=%s\nRecordNumber=%d\nMessage=%s" % (
        r["Channel"], r["EventID"], r["Computer"], r["Provider"], r["EventRecordID"], message(d).replace("\r\n", "\n"))


def lima(r, d):
    return {"routing": {"event_type": "WEL"}, "event": {"EVENT": {
        "System": {"Provider": {"Name": r["Provider"], "Guid": GUID}, "EventID": str(r["EventID"]), "TimeCreated": {"SystemTime": r["TimeCreated"]}, "Channel": r["Channel"],
                   "EventRecordID": str(r["EventRecordID"]), "Computer": r["Computer"]}, "EventData": {k: str(v) for k, v in d.items()}}}}


def python_evtx(r, d):
    """evtx_dump.py: no empty tags, six digits of a second and no zone."""
    x = xml({**r, "TimeCreated": r["TimeCreated"][:-2].replace("T", " ")}, d)
    return re.sub(r"<(Provider|TimeCreated|Correlation|Execution|Security)([^>]*)/>", r"<\1\2></\1>", x).replace("<EventID>", '<EventID Qualifiers="">').replace("><", ">\n<")


def evtxecmd_older(r, d):
    """Another Map version's columns; an empty value has no text."""
    e = evtxecmd(r, d)
    del e["HiddenRecord"]
    data = [{"@Name": k, "#text": str(v)} if v != "" else {"@Name": k} for k, v in d.items()]
    e.update(TimeCreated=r["TimeCreated"][:-1] + "+00:00", Payload=json.dumps({"EventData": {"Data": data}}), Keywords="Classic", ExtraDataOffset=0)
    return e


def nxlog_agent(r, d):
    """im_msvistalog, to_json()."""
    n = {k: v for k, v in nxlog(r, d).items() if k not in ("@timestamp", "@version", "host", "tags")}
    n.update(EventTime=r["TimeCreated"][:23] + "+00:00", EventReceivedTime="2026-03-02 04:00:00", SourceModuleName="in", SourceModuleType="im_msvistalog",
             AccountName="SYSTEM", UserID="S-1-5-18", Domain="NT AUTHORITY", OpcodeValue=0, Task=1, Category="Process Create")
    return n


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
    "Elasticsearch, fields twice": "".join(json.dumps({"_index": "x", "fields": {k + e: v for k, v in flat("", beat(r, d), {}).items() for e in (".keyword", "")}}) + "\n" for r, d in EVENTS),
    "Elasticsearch, fields as keywords": "".join(json.dumps({"_index": "x", "fields": {k if k == "@timestamp" else k + ".keyword": v for k, v in flat("", beat(r, d), {}).items()}}) + "\n" for r, d in EVENTS),
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
    "wevtutil, rendered": "\r\n".join(x.replace("</Event>", '<RenderingInfo Culture="en-US"><Message>Process Create:\r\nRuleName: -</Message>'
                                           "<Level>Information</Level><Task>x</Task><Keywords></Keywords></RenderingInfo></Event>") for x in XML),
    "chainsaw dump": json.dumps([{"Event": {"EventData": d, "System": dump(r, d, apart=True)["Event"]["System"], "Event_attributes": {"xmlns": NS}}} for r, d in EVENTS]),
    "Elasticsearch, several answers": json.dumps({"took": 1, "responses": [{"took": 1, "hits": {"hits": hits[:5]}}, {"took": 1, "hits": {"hits": hits[5:]}}]}),
    "Elasticsearch, scrolled": "".join(json.dumps({"_scroll_id": "x", "hits": {"hits": hits[i:i + 10]}}) + "\n" for i in range(0, len(hits), 10)),
    "Kibana, an answer": json.dumps({"isPartial": False, "rawResponse": {"took": 1, "hits": {"total": 1, "hits": hits}}}),
    "NXLog, agent": lines(nxlog_agent),
    "Wazuh": lines(wazuh),
    "Wazuh, _source": "".join(json.dumps({"_index": "wazuh-archives", "_source": wazuh(r, d)}) + "\n" for r, d in EVENTS),
    "GELF": lines(gelf),
    "Graylog": lines(graylog),
    "Graylog, CSV": table(every(graylog)),
    "Fluent Bit, XML": lines(fluent_bit),
    "Fluent Bit, XML, escaped": lines(fluent_bit).replace("<", "\\u003c").replace(">", "\\u003e"),
    "Vector, JSON": "".join(json.dumps({"file": "x", "message": "Jun  5 19:58:34 host sysmon: " + x, "source_type": "file"}) + "\n" for x in LINUX),
    "a container's log, JSON": "".join(json.dumps({"log": x + "\n", "stream": "stdout"}) + "\n" for x in LINUX),
    "Azure, Event, CSV": table(every(azure)),
    "Azure, Event, JSON": json.dumps(every(azure)),
    "Azure, WindowsEvent, CSV": table(every(azure_windows)),
    "Azure, Syslog, CSV": table(every(azure_syslog)),
    "Azure, Syslog, JSON": json.dumps(every(azure_syslog)),
    "Promtail": lines(promtail),
    "Promtail, in a line": "".join(json.dumps({"line": json.dumps(promtail(r, d)), "timestamp": "x"}) + "\n" for r, d in EVENTS),
    "OpenTelemetry": lines(otel),
    "OpenTelemetry, lists": lines(otel, listed=True),
    "OpenTelemetry, body": "".join(json.dumps({"body": otel(r, d), "severity": "x"}) + "\n" for r, d in EVENTS),
    "OTLP": json.dumps(otlp(every(otel))),
    "OTLP, lists, in lines": "".join(json.dumps(otlp([otel(r, d, listed=True)])) + "\n" for r, d in EVENTS),
    "OTLP, XML": json.dumps(otlp(XML)),
    "Vector, JSON, a log of Windows": lines(vector),
    "PowerShell 7, JSON": json.dumps(every(powershell), indent=2),
    "PowerShell 5, JSON": ("\ufeff" + json.dumps([powershell(r, d, old=True) for r, d in EVENTS], indent=4)).encode("utf-16-le"),
    "PowerShell, JSON, messages": json.dumps([powershell(r, d, values=False) for r, d in EVENTS]),
    "PowerShell, CSV": "#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n" + table(every(powershell_csv), quoting=csv.QUOTE_ALL),
    "PowerShell 7, CSV": "\ufeff" + table(every(powershell_csv), quoting=csv.QUOTE_ALL),
    "Fluent Bit, JSON, texts": lines(fluent_bit_texts),
    "Fluentd, JSON": lines(fluentd),
    "Kinesis, JSON": lines(kinesis),
    "Telegraf, JSON": lines(telegraf),
    "LimaCharlie, JSON": lines(lima),
    "osquery, JSON": lines(osquery),
    "Splunk, fields of messages": "".join(json.dumps({"result": splunk_event_fields(r, d)}) + "\n" for r, d in EVENTS),
    "Log Parser, CSV": table([log_parser(r, d) for r, d in EVENTS]),
    "plaso, texts, JSON": lines(plaso_texts),
    "Splunk, messages, JSON lines": "".join(json.dumps({"preview": False, "result": {"_raw": splunk_text(r, d), "host": "x"}}) + "\n" for r, d in EVENTS),
    "Splunk, messages, CSV": table([{"_time": "x", "_raw": splunk_text(r, d), "host": "x"} for r, d in EVENTS]),
    "Logstash, JSON in a text": "".join(json.dumps({"message": json.dumps(nxlog(r, d)), "host": "x", "@timestamp": "2030-01-01T00:00:00Z"}) + "\n" for r, d in EVENTS),
    "Splunk's collector, JSON": "".join(json.dumps({"time": 1.5, "event": nxlog(r, d), "sourcetype": "x"}) + "\n" for r, d in EVENTS),
    "Wazuh, Linux": "".join(json.dumps({"timestamp": "x", "full_log": "Jun  5 19:58:34 host sysmon: " + x, "decoder": {"name": "sysmon-linux"}}) + "\n" for x in LINUX),
    "GELF, zero bytes": "\0".join(json.dumps(gelf(r, d)) for r, d in EVENTS) + "\0",
    "plaso, CSV": table([{"datetime": "x", "timestamp_desc": "x", "message": "x", "xml_string": xml(r, d)} for r, d in EVENTS]),
    "python-evtx": '<?xml version="1.1" encoding="utf-8" standalone="yes" ?>\n\n<Events>\n' + "\n".join(every(python_evtx)) + "</Events>",
    "EvtxECmd, older, JSON": lines(evtxecmd_older),
    "EvtxECmd, older, CSV": table(every(evtxecmd_older)),
    "EvtxECmd, CSV with semicolons": table(every(evtxecmd), delimiter=";"),
    "EvtxECmd, CSV with tabs": table(every(evtxecmd), delimiter="\t"),
    "Sysmon in syslog, RFC 5424": "".join("<14>1 2026-06-05T19:58:34.123456+00:00 host sysmon 1 - - \ufeff%s\n" % x for x in LINUX),
    "journal, texts alone": "\n".join(LINUX),
    "Elastic Agent's integration": lines(ecs, module=False),
    "Sysmon module, older": lines(ecs_old),
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
    body = [json.dumps({"message": json.dumps(dump(r, d))}) for r, d in EVENTS]
    body[2] = json.dumps({"message": json.dumps(dump(*EVENTS[2]))[:600]})
    p = run("hunt", "-f", "jsonl", "--scope", "all", write("cut.jsonl", "\n".join(body) + '\n{"message": "{} no event"}\n'))
    check("JSON in a text, cut", p.returncode == 3 and b"line 3" in p.stderr and b", 1 unreadable" in p.stderr, p.returncode, p.stderr)
    hostile = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><Events>' + XML[0].replace("<EventID>", "<X>&a;</X><EventID>") + XML[1] + "</Events>"
    p = run("hunt", "-f", "jsonl", "--scope", "all", write("hostile.xml", hostile))
    check("an entity", p.returncode == 3 and b"1 records read, 1 unreadable" in p.stderr, p.returncode, p.stderr)


def forged():
    """XML in a message is what whoever made the event wrote there: the event stays what it is."""
    want, _ = rows(DATA)
    lie = xml({**EVENTS[0][0], "EventRecordID": 7}, {**EVENTS[0][1], "Image": "C:\\lie.exe", "ProcessGuid": "{00000000-0000-0000-0000-000000000007}"})
    for name, text in (("alone", lie), ("behind lines", "Process Create:\r\nCommandLine: " + lie), ("in its line", "Created: " + lie)):
        for key in ("message", "Message", "log", "raw"):
            for kind, f in (("Winlogbeat", beat), ("NXLog", nxlog), ("Velociraptor", velociraptor)):
                got, p = rows(write("forged", "".join(json.dumps({**f(r, d), key: text}) + "\n" for r, d in EVENTS)))
                check("forged %s, %s, %s" % (kind, key, name), got == want and p.returncode == 0, p.returncode, p.stderr, list((got - want).elements())[:1])
    got, p = rows(write("forged", "".join(json.dumps({"result": {**splunk_fields(r, d), "_raw": "03/02/2026 02:10:49 AM\nMessage=x\nCommandLine: " + lie}}) + "\n" for r, d in EVENTS)))
    check("forged, Splunk", got == want and p.returncode == 0, p.returncode, p.stderr)


def results():
    os.mkdir("r")
    write("r/base.xml", "".join(XML))
    write("r/hayabusa.csv", '"Timestamp","RuleTitle","Level","Computer","Channel","EventID","RecordID","Details"\n"2026","x","high","c","Sysmon",1,2,"d"\n')
    write("r/hayabusa.jsonl", '{"Timestamp":"2026","RuleTitle":"x","Level":"high","Computer":"c","Channel":"Sysmon","EventID":1,"RecordID":2,"Details":{"Cmdline":"x"}}\n')
    write("r/chainsaw.json", '[{"group":"Sigma","kind":"individual","document":{"kind":"evtx","data":{"Event":{"System":{"EventID":1}}}},"authors":["x"]}]')
    write("r/velociraptor.json", '{"Timestamp":"2026","Computer":"c","Channel":"Sysmon","EID":1,"Level":"high","Title":"x","RecordID":2,"_Event":{"System":{"EventID":{"Value":1}}}}\n')
    write("r/zircolite.json", '[{"title":"x","sigmafile":"x.yml","rule_level":"high","count":1,"matches":[{"EventID":1,"Image":"x"}]}]')
    write("r/hayabusa-timesketch.csv", "datetime,timestamp_desc,message,Computer,Channel,EventID,Level,RecordID,Details,RuleFile,EvtxFile\n2026,x,Proc,c,Sysmon,1,info,2,d,a.yml,b.evtx\n")
    write("r/hayabusa-search.csv", "Timestamp,EventTitle,Hostname,Channel,Event ID,Record ID,AllFieldInfo,EvtxFile\n2026,Proc,c,Sysmon,1,2,d,b.evtx\n")
    write("r/aurora.jsonl", '{"Module":"Sigma","Rule_Title":"x","Match_Strings":"x","Computer":"c","EventID":"1","Provider_Name":"Microsoft-Windows-Sysmon","Image":"x"}\n')
    with open("r/own.jsonl", "wb") as f:
        f.write(run("hunt", "-f", "jsonl", "--scope", "all", DATA).stdout)
    with open("r/own.csv", "wb") as f:
        f.write(run("hunt", "-f", "csv", "--scope", "all", DATA).stdout)
    with open("r/extract.jsonl", "wb") as f:
        f.write(run("extract", "-f", "jsonl", DATA).stdout)
    want, _ = rows("base.xml")
    got, p = rows("r")
    check("results aren't evidence", got == want and p.returncode == 0, p.returncode, sum(got.values()))
    for tool in ("velociraptor.json", "hayabusa.csv", "hayabusa.jsonl", "chainsaw.json", "zircolite.json", "hayabusa-timesketch.csv", "hayabusa-search.csv", "aurora.jsonl", "own.jsonl", "own.csv", "extract.jsonl"):
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


def made(number, code, **fields):
    """An event that the test evidence lacks."""
    r = {"EventID": code, "Computer": "WS09.corp.example", "Provider": "Microsoft-Windows-Sysmon", "Channel": "Microsoft-Windows-Sysmon/Operational",
         "TimeCreated": "2026-03-09T09:00:%02d.1230000Z" % (number % 60), "EventRecordID": 90000 + number}
    d = {"RuleName": "-", "UtcTime": "2026-03-09 09:00:%02d.120" % (number % 60)}
    actor = {"ProcessGuid": "{A1B20009-7E00-69AE-0000-00100074EC00}", "ProcessId": 1248, "Image": "C:\\w\\a.exe", "User": "CORP\\dev"}
    return r, {**d, **({} if code in (4, 6, 16, 255) else actor), **fields}


def value_set(number, details):
    return made(number, 13, EventType="SetValue", TargetObject="HKLM\\SOFTWARE\\V%d" % number, Details=details)


MADE = [
    value_set(0, "DWORD (0x00000001)"), value_set(1, "DWORD (0xfffffffe)"), value_set(2, "QWORD (0x00000000-0x000000ff)"), value_set(3, "QWORD (0x00000000-0x00000100)"),
    value_set(4, "QWORD (0x01d78de3-0x4fd1a1f6)"), value_set(5, "Binary Data"), value_set(6, "17"), value_set(7, "(Empty)"),
    made(10, 22, QueryName="a.example", QueryStatus="0", QueryResults="type:  5 b.example;::ffff:203.0.113.7;2001:db8::1;"),
    made(11, 22, QueryName="b.example", QueryStatus="9003"), made(12, 22, QueryName="c.example", QueryStatus="9501", QueryResults="-"),
    made(13, 22, QueryName="d.example", QueryStatus="0", QueryResults="::ffff:203.0.113.7;type: 16 text;type: 65281 w.example;::ffff:203.0.113.8;"),
    made(14, 22, QueryName="e.example", QueryStatus="10060", QueryResults="type: 33 ;"),
    made(20, 3, Protocol="tcp", Initiated="false", SourceIsIpv6="true", SourceIp="2001:db8::1", SourceHostname="-", SourcePort=50111, SourcePortName="-",
         DestinationIsIpv6="true", DestinationIp="2001:db8::2", DestinationHostname="h.example", DestinationPort=3389, DestinationPortName="ms-wbt-server"),
    made(21, 3, Protocol="udp", Initiated="true", SourceIsIpv6="false", SourceIp="10.0.0.1", SourceHostname="-", SourcePort=137, SourcePortName="netbios-ns",
         DestinationIsIpv6="false", DestinationIp="10.0.0.2", DestinationHostname="-", DestinationPort=50137, DestinationPortName="-"),
    made(22, 16, Configuration="C:\\w\\c.xml", ConfigurationFileHash="SHA1=AA"),
    made(23, 27, TargetFilename="C:\\w\\b.exe", Hashes="SHA1=0123456789ABCDEF0123456789ABCDEF01234567"),
    made(24, 28, TargetFilename="C:\\w\\c.exe", Hashes="SHA1=0123456789ABCDEF0123456789ABCDEF01234567", IsExecutable="true"),
    made(25, 29, TargetFilename="C:\\w\\d.exe", Hashes="MD5=00112233445566778899AABBCCDDEEFF,IMPHASH=00112233445566778899AABBCCDDEEFF"),
    made(26, 255, ID="QUEUE", Description="events lost"),
    made(27, 25, Type="Image is locked for access"),
    made(28, 7, ImageLoaded="C:\\w\\e.dll", FileVersion="1", Description="d", Product="p", Company="c", OriginalFileName="o.dll", Signed="true", Signature="S",
         SignatureStatus="Valid", Hashes="SHA1=0123456789ABCDEF0123456789ABCDEF01234567,MD5=00112233445566778899AABBCCDDEEFF,IMPHASH=00000000000000000000000000000000"),
]


def said(name, value):
    """A field's value however a carrier spells it; None: nothing, or what the pipeline throws away."""
    value = str(value)
    if value in ("-", "") or name in THROWN_AWAY:
        return None
    if name in ("Hashes", "Hash"):
        return sorted(h for h in value.split(",") if h.split("=")[-1].strip("0"))
    if name == "QueryResults":
        return sorted(x.split()[-1] for x in value.split(";") if x)
    q = re.fullmatch(r"QWORD \((\w+)-(\w+)\)", value)
    return str((int(q[1], 16) << 8) + int(q[2], 16)) if q and (int(q[1], 16) << 8) + int(q[2], 16) > 255 else value


def same_fields(name, pairs, file, lost=()):
    """What the pipeline moved stands where Sysmon has it."""
    got = {r["EventRecordID"]: r for r in map(json.loads, run("extract", "-f", "jsonl", file).stdout.splitlines())}
    check(name + ": how many", len(got) == len(pairs), len(got), len(pairs))
    for r, d in pairs:
        g = {k.replace("ProcessGuid", "ProcessGUID") if k.startswith("Target") else k: v for k, v in got.get(r["EventRecordID"], {}).items()}
        for k, v in d.items():
            k = k.replace("ProcessGuid", "ProcessGUID") if k.startswith("Target") else k
            if k in lost or (k == "Hashes" and r["EventID"] in (27, 28)) or (r["EventID"], k) in ((28, "IsExecutable"), (3, "DestinationPortName")):
                continue
            check("%s: event %d, %s" % (name, r["EventID"], k), said(k, v) == said(k, g.get(k, "")), v, g.get(k))
        if "TimeCreated" not in lost:
            check("%s: event %d, time" % (name, r["EventID"]), g.get("TimeCreated", "")[:23] == r["TimeCreated"][:23], g.get("TimeCreated"), r["TimeCreated"])
        check("%s: event %d, invented" % (name, r["EventID"]), not [k for k in g if k not in META and k not in d and k.replace("GUID", "Guid") not in d], g, d)


def pipeline():
    """Each event that Elastic's pipeline takes apart: its fields come back, and beside the event in XML or in a log it is one row."""
    logged = [json.loads(x) for x in run("extract", "-f", "jsonl", OTHERS).stdout.splitlines()]
    pairs = [(r, {k: v for k, v in r.items() if k not in META}) for r in logged if r["Origin"] == "live" and "Sysmon" in r["Provider"]] + MADE
    numbers = collections.Counter(r["EventRecordID"] for r, _ in pairs)
    pairs = [p for p in pairs if numbers[p[0]["EventRecordID"]] == 1]
    want_codes = set(range(1, 30)) | {255}
    check("pipeline: every event", {r["EventID"] for r, _ in pairs} == want_codes, want_codes - {r["EventID"] for r, _ in pairs})
    write("p.xml", "".join(xml(r, d) for r, d in pairs))
    tables = ("Processes", "DeviceEvents", "DeviceFileEvents", "DeviceNetworkEvents", "DeviceRegistryEvents", "DeviceImageLoadEvents", "DeviceProcessEvents")
    counts = lambda *p: [run("query", "-f", "csv", t + " | count", *p).stdout for t in tables]
    want, records = counts("p.xml"), run("extract", "-f", "jsonl", "p.xml").stdout
    shapes = {"new": ecs, "integration": lambda r, d: ecs(r, d, module=False), "old": ecs_old,
              "fields": lambda r, d: {"fields": flat("", ecs(r, d), {})}, "dots": lambda r, d: {"_source": {k: v if len(v) > 1 else v[0] for k, v in flat("", ecs(r, d), {}).items()}}}
    for name, f in shapes.items():
        write("p.json", "".join(json.dumps(f(r, d)) + "\n" for r, d in pairs))
        name = "pipeline, " + name
        same_fields(name, pairs, "p.json", ("TimeCreated",) if f is ecs_old else ())
        check(name + ", alone", counts("p.json") == want, counts("p.json"), want)
        check(name + ", with XML", counts("p.xml", "p.json") == want, counts("p.xml", "p.json"), want)
        got = run("extract", "-f", "jsonl", "p.xml", "p.json").stdout
        check(name + ", records", got.count(b"\n") == records.count(b"\n"), got.count(b"\n"), records.count(b"\n"))
        check(name + ", with the log", counts(OTHERS, "p.json") == counts(OTHERS, "p.xml"), counts(OTHERS, "p.json"), counts(OTHERS, "p.xml"))
    linux = [p for p in pairs if p[0]["EventID"] in (1, 3, 5, 11, 23)]
    write("p.json", "".join(json.dumps(ecs_linux(r, d)) + "\n" for r, d in linux))
    same_fields("pipeline, Linux", linux, "p.json", ("UtcTime",))


ORDERS = {
    3: "RuleName UtcTime ProcessGuid ProcessId Image User Protocol Initiated SourceIsIpv6 SourceIp SourceHostname SourcePort SourcePortName DestinationIsIpv6 DestinationIp "
       "DestinationHostname DestinationPort DestinationPortName",
    11: "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime User",
    13: "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject Details User",
    22: "RuleName UtcTime ProcessGuid ProcessId QueryName QueryStatus QueryResults Image User",
    23: "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable Archived",
}


def without_names():
    """Values in the order that Sysmon gives them, and lines of its messages: the fields are those of the log."""
    logged = [json.loads(x) for x in run("extract", "-f", "jsonl", OTHERS).stdout.splitlines()]
    pairs = []
    for r, d in [(r, {k: v for k, v in r.items() if k not in META}) for r in logged if r["Origin"] == "live"] + MADE:
        names = ORDERS.get(r["EventID"], "").split()
        if names and set(names) == set(d):
            pairs.append((r, {k: d[k] for k in names}))
    check("without names: every kind", {r["EventID"] for r, _ in pairs} == set(ORDERS), {r["EventID"] for r, _ in pairs})
    forms = {"texts": fluent_bit_texts, "objects": powershell, "messages": lambda r, d: powershell(r, d, values=False), "plaso": plaso_texts}
    for name, f in forms.items():
        write("o.json", "".join(json.dumps(f(r, d)) + "\n" for r, d in pairs))
        same_fields("without names, " + name, pairs, "o.json", ("TimeCreated",))
    write("o.csv", table([log_parser(r, d) for r, d in pairs]))
    same_fields("without names, Log Parser", pairs, "o.csv", ("TimeCreated",))


def security():
    """Windows' own creations, logons and scripts through Elastic's pipelines: as they are in XML."""
    at = "2026-03-09T09:00:00.1234567Z"
    row = lambda number, provider, channel, code, d: ({"EventID": code, "Computer": "WS09", "Provider": provider, "Channel": channel, "TimeCreated": at, "EventRecordID": number}, d)
    audit = lambda number, code, **d: row(number, "Microsoft-Windows-Security-Auditing", "Security", code, {"SubjectUserName": "dev", "SubjectDomainName": "CORP", "SubjectLogonId": "0x3e7", **d})
    pairs = [
        audit(1, 4688, NewProcessId="0x11cc", NewProcessName="C:\\w\\a.exe", ProcessId="0x122c", ParentProcessName="C:\\w\\b.exe", CommandLine="a x", MandatoryLabel="S-1-16-12288"),
        audit(2, 4689, ProcessId="0x11cc", ProcessName="C:\\w\\a.exe", Status="0x0"),
        audit(3, 4624, TargetUserName="dev", LogonType="3", ProcessId="0x1fc", ProcessName="C:\\w\\c.exe", IpAddress="10.0.0.1", IpPort="50111", WorkstationName="WS01"),
        row(4, "Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational", 4104,
            {"MessageNumber": "1", "MessageTotal": "1", "ScriptBlockText": "Get-Date", "ScriptBlockId": "50d2dbda-7361-4926-a94d-d9eadfdb43fa", "Path": "C:\\w\\d.ps1"}),
        row(5, "Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational", 4103,
            {"ContextInfo": "        Host Name = ConsoleHost\r\n        Host Application = powershell -c x\r\n        Command Name = Get-Item\r\n"
                            "        Sequence Number = 34\r\n        User = CORP\\dev\r\n",
             "Payload": 'CommandInvocation(Get-Item): "Get-Item"\r\nParameterBinding(Get-Item): name="Path"; value="C:\\w"\r\n'}),
    ]
    moved = {"NewProcessId": "process.pid", "NewProcessName": "process.executable", "ParentProcessName": "process.parent.executable", "ProcessName": "process.executable",
             "IpAddress": "source.ip", "IpPort": "source.port", "WorkstationName": "source.domain", "MessageNumber": "powershell.sequence", "MessageTotal": "powershell.total",
             "ScriptBlockText": "powershell.file.script_block_text", "ScriptBlockId": "powershell.file.script_block_id", "Path": "file.path"}

    def through(r, d):
        b = beat(r, d)
        b["@timestamp"] = r["TimeCreated"]
        b["event"].update(category=["process"], type=["start"], created="2031-01-01T00:00:00.000Z")
        if r["EventID"] == 4103:
            for path, value in (("process.title", "ConsoleHost"), ("process.command_line", "powershell -c x"), ("powershell.command.name", "Get-Item"), ("event.sequence", 34),
                                ("user.domain", "CORP"), ("user.name", "dev"), ("powershell.command.invocation_details", [
                                    {"type": "CommandInvocation", "related_command": "Get-Item", "value": "Get-Item"},
                                    {"type": "ParameterBinding", "related_command": "Get-Item", "name": "Path", "value": "C:\\w"}])):
                put(b, path, value)
            b["winlog"]["event_data"] = {}
            return b
        put(b, "process.pid", int(d.get("NewProcessId", d.get("ProcessId", "0")), 16))
        if "NewProcessId" in d:
            put(b, "process.parent.pid", int(d["ProcessId"], 16))
        for k, v in d.items():
            if k in moved:
                put(b, moved[k], v)
            if k in moved or (k == "ProcessId" and r["EventID"] != 4688):
                del b["winlog"]["event_data"][k]
        return b
    number = lambda v: str(int(v, 16)) if re.fullmatch("0x[0-9a-f]+", v) else v
    write("s.xml", "".join(xml(r, d) for r, d in pairs))
    write("s.json", "".join(json.dumps(through(r, d)) + "\n" for r, d in pairs))
    want, got = ({(r["EventRecordID"], k): number(str(v)) for r in map(json.loads, run("extract", "-f", "jsonl", f).stdout.splitlines())
                  for k, v in r.items() if k not in ("Source", "SourceOffset", "RecordNumber")} for f in ("s.xml", "s.json"))
    check("security, fields", want == got, sorted(set(want.items()) ^ set(got.items())))
    both = run("query", "-f", "csv", "Processes | count", "s.xml", "s.json").stdout
    check("security, one row", both == run("query", "-f", "csv", "Processes | count", "s.xml").stdout, both)


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
    "Get-WinEvent, CLIXML": '<Objs Version="1.1.0.1"><Obj RefId="0"><TN><T>System.Diagnostics.Eventing.Reader.EventLogRecord</T></TN></Obj></Objs>',
    "Get-WinEvent, list": "Message      : Process Create:\nId           : 1\nProviderName : Microsoft-Windows-Sysmon\nLogName      : x\nMachineName  : c\n",
    "Defender, CSV": "Timestamp,DeviceName,ActionType,FileName,ProcessCommandLine,ReportId\n2026,c,ProcessCreated,x,y,1\n",
    "Defender, JSON": '[{"Timestamp":"2026","DeviceName":"c","ActionType":"ProcessCreated","InitiatingProcessFileName":"x"}]',
    "Event Viewer, CSV": "Level,Date and Time,Source,Event ID,Task Category\nInformation,1/1/2026 1:00:00 AM,Microsoft-Windows-Sysmon,1,Process Create\n",
    "wevtutil, text": "Event[0]:\n  Log Name: Microsoft-Windows-Sysmon/Operational\n  Source: x\n  Event ID: 1\n  Description: \nProcess Create:\n\n",
    "wevtutil, text, in German": "Event[0]\r\n  Protokollname: Microsoft-Windows-Sysmon/Operational\r\n  Quelle: x\r\n",
    "wevtutil, text, UTF-16": "\ufeffEvent[0]\r\n  Log Name: Microsoft-Windows-Sysmon/Operational\r\n  Source: x\r\n".encode("utf-16-le"),
    "chainsaw dump, YAML": "---\nEvent:\n  EventData:\n    Image: x\n  System:\n    Channel: x\n    EventID: 1\n    EventRecordID: 5\n",
    "Snare": "<14>Mar  2 02:10:49 c MSWinEventLog\t1\tMicrosoft-Windows-Sysmon/Operational\t123\tMon Mar 02 02:10:49 2026\t1\tx\n",
    "CEF": "<14>Mar  2 02:10:49 c CEF:0|Microsoft|Microsoft Windows||1|Process Create|Low|externalId=1 sproc=x\n",
    "LEEF": "<13>Mar  2 02:10:49 c LEEF:1.0|Microsoft|Windows|8|1|EventID=1\tImage=x\n",
    "plaso, CSV": "datetime,timestamp_desc,source,source_long,message,parser,display_name,tag\n2026-03-02T02:10:49+00:00,x,EVT,WinEVTX,[1 / 0x0001],winevtx,x,-\n",
    "Splunk, messages": "01/02/2026 03:04:05 AM\nLogName=Microsoft-Windows-Sysmon/Operational\nEventCode=1\nComputerName=c\nMessage=Process Create:\n",
}


FIRST = EVENTS[0]
UNKNOWN = {
    "Fluent Bit, too few texts": json.dumps({"ProviderName": FIRST[0]["Provider"], "EventID": 1, "EventRecordID": 5, "Channel": FIRST[0]["Channel"], "Computer": "c",
                                             "TimeCreated": "2026-03-02 02:10:49 +0000", "StringInserts": list(FIRST[1].values())[:-1][1:]}) + "\n",
    "Fluentd, other texts": json.dumps({"ProviderName": FIRST[0]["Provider"], "EventID": "1", "Channel": FIRST[0]["Channel"], "Computer": "c", "Description": "Process Create:",
                                        "EventData": list(FIRST[1].values())[::-1]}) + "\n",
    "a message with a field twice": json.dumps([powershell(FIRST[0], {**FIRST[1], "CommandLine": "x\r\nCurrentDirectory: C:\\lie"}, values=False)]),
    "Get-WinEvent, CSV": '"Message","Id","Version","ProviderName","LogName","MachineName"\n"Process Create:","1","5","Microsoft-Windows-Sysmon","x","c"\n',
    "Get-WinEvent, JSON": '[{"Id":1,"ProviderName":"Microsoft-Windows-Sysmon","LogName":"x","MachineName":"c","Message":"Process Create:"}]',
    "Security without names": json.dumps({"ProviderName": "Microsoft-Windows-Security-Auditing", "EventID": 4688, "EventRecordID": 5, "Channel": "Security", "Computer": "c", "StringInserts": ["x", "y"]}) + "\n",
    "Log Parser": "EventLog,RecordNumber,TimeGenerated,EventID,SourceName,Strings\nMicrosoft-Windows-Sysmon/Operational,1,2,1,Microsoft-Windows-Sysmon,a|b\n",
    "plaso, strings": json.dumps({"data_type": "windows:evtx:record", "event_identifier": 1, "source_name": "Microsoft-Windows-Sysmon", "computer_name": "c", "strings": ["-", "x"]}) + "\n",
    "Splunk, messages, JSON": json.dumps({"result": {"_raw": "03/02/2026 02:10:49 AM\nLogName=Microsoft-Windows-Sysmon/Operational\nEventCode=1\nMessage=x"}}) + "\n",
    "a provider's name alone": json.dumps({"EventID": 1, "Channel": "Microsoft-Windows-Sysmon", "Computer": "c", "Foo": "x"}) + "\n",
    "HELK": json.dumps({"event_id": 1, "log_name": FIRST[0]["Channel"], "source_name": FIRST[0]["Provider"], "host_name": "c", "process_guid": "x", "process_path": "x"}) + "\n",
    "ES|QL": json.dumps({"columns": [{"name": "winlog.event_data.Image", "type": "keyword"}, {"name": "winlog.event_id"}], "values": [["x", "1"]]}),
    "SQL of Elasticsearch": json.dumps({"columns": [{"name": "winlog.event_data.Image", "type": "keyword"}, {"name": "event_id"}], "rows": [["x", "1"]]}),
}


def unread():
    """Events in a form that isn't read are named, wherever they are met."""
    os.mkdir("u")
    write("u/base.xml", "".join(XML))
    for name, body in UNREAD.items():
        write("u/x.txt", body)
        p = run("hunt", "-f", "jsonl", "u")
        check("unread: " + name, p.returncode == 3 and b"u/x.txt" in p.stderr and b"isn't read" in p.stderr, p.returncode, p.stderr)
    for name, body in UNKNOWN.items():
        write("u/x.txt", body)
        p = run("hunt", "-f", "jsonl", "u")
        check("unknown: " + name, p.returncode == 3 and b"u/x.txt" in p.stderr and b"a form that isn't known" in p.stderr, p.returncode, p.stderr)
    gone = json.dumps({"MESSAGE": None, "SYSLOG_IDENTIFIER": "sysmon"}) + "\n"
    write("u/x.txt", json.dumps({"MESSAGE": LINUX[0], "SYSLOG_IDENTIFIER": "sysmon"}) + "\n" + gone)
    p = run("hunt", "-f", "jsonl", "u")
    check("a journal without its long texts", p.returncode == 3 and b"1 records read, 1 unreadable, first at line 2" in p.stderr and b"--all" in p.stderr, p.stderr)


if "--seeds" in sys.argv:
    for name, body in CASES.items():
        body = body if isinstance(body, bytes) else body.encode()
        kind = 2 if ", CSV" in name else 1 if body.lstrip(b"\xef\xbb\xbf")[:1] in b"{[" or "JSON" in name else 0
        write(os.path.join(sys.argv[2], name.lower().replace(", ", "-").replace(" ", "-").replace("'", "")), bytes([kind]) + body)
    write(os.path.join(sys.argv[2], "sysmon-pipeline-others"), b"\1" + "".join(json.dumps(ecs(r, d)) + "\n" for r, d in MADE).encode())
    sys.exit(0)
with tempfile.TemporaryDirectory() as tmp:
    DATA, OTHERS = os.path.abspath(DATA), os.path.abspath(OTHERS)
    os.chdir(tmp)
    rules_over_processes(os.path.join(tmp, "rules"))
    same_rows()
    bad_lines()
    forged()
    results()
    unread()
    threads()
    two_carriers()
    pipeline()
    without_names()
    security()
print("%d carriers, %d checks went wrong" % (len(CASES), bad))
sys.exit(1 if bad else 0)
