#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""Opens each format that hunt writes with the program or library it is meant for, and compares what that sees
with the rows. A check whose program isn't here is skipped by name; none here at all: 77.

    external.py [PROGRAM EVIDENCE...]        (default: the program and the testdata of make check)

Run by `make check-external`. CHECKS=html,xlsx picks some. AXE names axe-core's axe.min.js where it is not in
build/external, node_modules or Debian's folder."""
import csv, datetime, glob, importlib, json, os, re, select, shutil, subprocess, sys, tempfile, time

program = sys.argv[1] if len(sys.argv) > 1 else os.environ["SHELLTREE"]
top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
evidence = sys.argv[2:] or [os.path.join(top, "testdata")]
os.environ.setdefault("SHELLTREE_RULES", os.path.join(top, "rules"))
csv.field_size_limit(1 << 30)


class Skip(Exception):
    pass


def need(name):
    path = shutil.which(name)
    if not path:
        raise Skip(name + " isn't here")
    return path


def module(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Skip("Python's %s isn't here" % name)


def quiet(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, **more)
    if done.returncode:
        sys.exit("%s ended with %d: %s" % (command[0], done.returncode, done.stdout.decode(errors="replace")[-2000:]))
    return done.stdout.decode(errors="replace")


def hunt(*options):
    done = subprocess.run([program, "hunt", "-q", *options, *evidence])
    if done.returncode not in (0, 3):
        sys.exit("hunt %s ended with %d" % (" ".join(options), done.returncode))


def rows(d):
    path = os.path.join(d, "rows.csv")
    if not os.path.exists(path):
        hunt("-f", "csv", "--csv-raw", "-o", path)
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def same(what, got, want):
    if got != want:
        sys.exit("%s: got %r, want %r" % (what, got, want))


# the page

def check_html(d):
    """Chromium: no message on the console, in both themes; a file as PDF."""
    chromium = need("chromium")
    page = os.path.join(d, "report.html")
    hunt("-o", page)
    base = [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + d + "/chromium"]
    for name, width in (("wide", 1280), ("narrow", 390)):
        for theme in ("0", "1"):
            out = quiet(*base, "--blink-settings=preferredColorScheme=" + theme, "--enable-logging=stderr", "--v=0",
                        "--window-size=%d,2000" % width, "--screenshot=%s/%s%s.png" % (d, name, theme), "file://" + page)
            if "CONSOLE" in out:
                sys.exit("messages on the console: " + out[-2000:])
    quiet(*base, "--no-pdf-header-footer", "--print-to-pdf=%s/report.pdf" % d, "file://" + page)
    if os.path.getsize(d + "/report.pdf") < 5000:
        sys.exit("the PDF is empty")
    dom = quiet(*base, "--dump-dom", "file://" + page)
    if dom.count("<section") != len({r["Incident"] for r in rows(d) if r["Incident"]}):
        sys.exit("not a section an incident")


class Browser:
    """Chromium's developer tools, over the pipe that it has for them: messages that end with a NUL."""

    def __init__(self, d, page):
        chromium = need("chromium")
        (theirs_in, self.out), (self.into, theirs_out) = os.pipe(), os.pipe()
        spare = [os.dup(theirs_in), os.dup(theirs_out)]  # 3 and 4 may be in use: these are moved there last
        shell = 'exec 3<&%d 4>&%d; exec "$@"' % tuple(spare)
        self.child = subprocess.Popen(
            ["bash", "-c", shell, "-", chromium, "--headless=new", "--no-sandbox", "--disable-gpu",
             "--remote-debugging-pipe", "--user-data-dir=" + d + "/pipe"],
            pass_fds=spare, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (theirs_in, theirs_out, *spare):
            os.close(fd)
        self.n, self.rest, self.session, self.said = 0, b"", None, []
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self(domain + ".enable")
        self("Page.navigate", url="file://" + page)
        until = time.monotonic() + 60
        while not self.run("document.readyState == 'complete' && document.querySelector('main') != null"):
            if time.monotonic() > until:
                sys.exit("the page doesn't load: " + self.run("location.href + document.documentElement.outerHTML.slice(0, 500)"))
            time.sleep(0.05)

    def message(self):
        until = time.monotonic() + 120
        while b"\0" not in self.rest:
            if not select.select([self.into], [], [], max(0, until - time.monotonic()))[0]:
                sys.exit("chromium says nothing")
            more = os.read(self.into, 1 << 16)
            if not more:
                sys.exit("chromium ended")
            self.rest += more
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def __call__(self, method, **params):
        self.n += 1
        call = {"id": self.n, "method": method, "params": params}
        if self.session:
            call["sessionId"] = self.session
        left = json.dumps(call).encode() + b"\0"
        while left:
            left = left[os.write(self.out, left):]
        while True:
            m = self.message()
            if m.get("id") == self.n:
                if "error" in m:
                    sys.exit("%s: %s" % (method, m["error"]))
                return m["result"]
            if m.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
                self.said.append(m["params"])

    def run(self, expression):
        r = self("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in r:
            sys.exit("in the page: %s" % r["exceptionDetails"])
        return r["result"].get("value")

    def look(self, width, theme):
        self("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])

    def key(self, name, code):
        for kind in ("rawKeyDown", "char", "keyUp") if name == "Enter" else ("rawKeyDown", "keyUp"):
            self("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code,
                 **({"text": "\r"} if kind == "char" else {}))

    def close(self):
        self.child.terminate()
        self.child.wait()
        os.close(self.out)
        os.close(self.into)


def axe_core():
    places = [os.environ.get("AXE", ""), "/usr/share/nodejs/axe-core/axe.min.js"]
    for folder in (os.getcwd(), top, os.path.join(top, "build/external")):
        places += glob.glob(folder + "/node_modules/axe-core/axe.min.js")
    for place in places:
        if place and os.path.exists(place):
            return open(place, encoding="utf-8").read()
    raise Skip("axe-core isn't here (npm install --prefix build/external axe-core)")


LOOKS = [(width, theme) for width in (1280, 390) for theme in ("light", "dark")]


def browse(d):
    page = os.path.join(d, "report.html")
    hunt("-o", page)
    return Browser(d, page)


def check_html_axe(d):
    """axe-core, at both widths in both themes: nothing serious."""
    axe = axe_core()
    b = browse(d)
    try:
        b.run(axe + ";0")
        for look in LOOKS:
            b.look(*look)
            found = json.loads(b.run("axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations.map("
                                     "v => [v.impact, v.id, v.help, v.nodes.length, v.nodes[0].html.slice(0, 200)])))"))
            for v in found:
                print("axe-core at %d, %s: %s" % (*look, v))
            if any(v[0] in ("serious", "critical") for v in found):
                sys.exit("axe-core finds a serious fault")
    finally:
        b.close()


def check_html_keyboard(d):
    """Tab comes to every link, fold and table that scrolls, in the order of the page; Enter folds; nothing is wider than the
    window; the console is silent."""
    b = browse(d)
    try:
        for look in LOOKS:
            b.look(*look)
            wide = b.run("document.documentElement.scrollWidth - innerWidth")
            if wide > 0:
                sys.exit("at %d the page is %d too wide" % (look[0], wide))
        b.run("window.all = [...document.querySelectorAll('a[href], summary, [tabindex]')].filter(e => e.checkVisibility()); 0")
        n = b.run("all.length")
        if not n:
            sys.exit("nothing can be reached")
        for i in range(min(n, 300)):
            b.key("Tab", 9)
            at = b.run("all.indexOf(document.activeElement)")
            if at != i:
                sys.exit("tab %d comes to number %d of %d: %s" % (i, at, n, b.run("document.activeElement.outerHTML.slice(0, 200)")))
            if b.run("getComputedStyle(document.activeElement).outlineStyle") == "none":
                sys.exit("tab %d: no mark shows where it is" % i)
        scrolls = b.run("[...document.querySelectorAll('*')].filter(e => e.scrollWidth > e.clientWidth && "
                        "getComputedStyle(e).overflowX == 'auto' && e.tabIndex < 0).length")
        same("parts that scroll and can't be reached", scrolls, 0)
        if b.run("document.querySelectorAll('summary').length"):
            b.run("document.querySelector('summary').focus(); 0")
            was = b.run("document.activeElement.parentNode.open")
            b.key("Enter", 13)
            same("Enter folds", b.run("document.activeElement.parentNode.open"), not was)
        same("console", b.said, [])
    finally:
        b.close()


# the spreadsheet

DATE = ("UtcTime", "EndTime", "TimeCreated", "time")


def spelled(value, name):
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.") + "%03d" % (round(value.microsecond / 1000) % 1000)
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return str(value)


def compare_sheet(path, d):
    openpyxl = module("openpyxl")
    book = openpyxl.load_workbook(path)
    same("sheets", book.sheetnames, ["Summary", "Hosts", "Incidents", "Timeline", "Gaps"])
    sheet = book["Timeline"]
    want = rows(d)
    names = [c.value for c in next(sheet.iter_rows(min_row=1, max_row=1))]
    same("columns", names[: len(want[0])], list(want[0]))
    count = 0
    for row, w in zip(sheet.iter_rows(min_row=2, values_only=True), want):
        count += 1
        for name, value in zip(names, row):
            got, expected = spelled(value, name), w[name]
            if name in DATE and expected:
                expected = expected.replace("T", " ").rstrip("Z")[:23]
                same("a date", type(value), datetime.datetime)
            if name not in DATE and re.search("[\x00-\x1f\x7f-\x9f\u200b-\u202e\u2060-\u206f\ufeff]", expected):
                continue  # scrubbed: spreadsheet.py compares these
            if name in DATE and expected[:19] == got[:19]:
                continue  # a double holds a date to some microseconds: a millisecond may be rounded
            same("row %d, %s" % (count, name), got, expected)
    same("rows", count, len(want))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    sys.exit("a formula in %s!%s: %s" % (sheet.title, cell.coordinate, cell.value))


def check_xlsx(d):
    """openpyxl: cell by cell; the same bytes again."""
    module("openpyxl")
    first, second = d + "/a.xlsx", d + "/b.xlsx"
    hunt("-o", first)
    hunt("-o", second, "--threads", "1")
    if open(first, "rb").read() != open(second, "rb").read():
        sys.exit("two runs give two spreadsheets")
    compare_sheet(first, d)


def check_xlsx_office(d):
    """LibreOffice: reads it, writes it anew, and that is compared cell by cell."""
    office = need("soffice")
    module("openpyxl")
    os.mkdir(d + "/in")
    hunt("-o", d + "/in/timeline.xlsx")
    quiet(office, "-env:UserInstallation=file://" + d + "/profile", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML",
          "--outdir", d + "/out", d + "/in/timeline.xlsx")
    compare_sheet(d + "/out/timeline.xlsx", d)


# the others

def check_dot(d):
    dot = need("dot")
    hunt("-o", d + "/tree.dot")
    done = subprocess.run([dot, "-Tsvg", d + "/tree.dot"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    if done.returncode or done.stderr.strip():
        sys.exit("dot complains: " + done.stderr.decode(errors="replace"))
    names = quiet(dot, "-Tplain", d + "/tree.dot")
    if names.count("node p") < len([r for r in rows(d) if r["Kind"] == "hit" and r.get("Event", "process") == "process"]):
        sys.exit("hits are missing in the graph")


NAVIGATOR = {  # of the format's definition, version 4.5: what must be there, and of which type
    "type": "object",
    "required": ["name", "domain", "versions", "techniques"],
    "properties": {
        "name": {"type": "string"},
        "domain": {"enum": ["enterprise-attack"]},
        "description": {"type": "string"},
        "versions": {"type": "object", "required": ["layer", "navigator"],
                     "properties": {"layer": {"const": "4.5"}, "navigator": {"type": "string"}}},
        "techniques": {"type": "array", "items": {
            "type": "object", "required": ["techniqueID"], "additionalProperties": False,
            "properties": {"techniqueID": {"pattern": r"^T\d{4}(\.\d{3})?$"}, "score": {"type": "number"},
                           "comment": {"type": "string", "maxLength": 1000}, "showSubtechniques": {"type": "boolean"}}}},
        "gradient": {"type": "object", "required": ["colors", "minValue", "maxValue"]},
        "hideDisabled": {"type": "boolean"}, "sorting": {"type": "integer", "minimum": 0, "maximum": 3}},
}


def check_navigator(d):
    hunt("-f", "navigator", "-o", d + "/layer")
    layer = json.load(open(d + "/layer", encoding="utf-8"))
    module("jsonschema").validate(layer, NAVIGATOR)
    ids = [t["techniqueID"] for t in layer["techniques"]]
    same("techniques named twice", len(ids), len(set(ids)))
    shown = {t["techniqueID"] for t in layer["techniques"] if t.get("showSubtechniques")}
    for i in ids:
        if "." in i and i.split(".")[0] not in shown:
            sys.exit(i + " isn't shown by its parent")
    want = {t for r in rows(d) if r["Kind"] == "hit" for t in r["Techniques"].split("; ") if t}
    same("techniques", {t["techniqueID"] for t in layer["techniques"] if "score" in t}, want)


ECS = {  # types of the fields, from ECS 8.17: text that is a list, a number, an object
    "@timestamp": str, "ecs.version": str, "event.action": str, "event.category": list, "event.code": str,
    "event.dataset": str, "event.id": str, "event.kind": str, "event.module": str, "event.provider": str,
    "event.reason": str, "event.sequence": (int, str), "event.type": list, "host.name": str, "log.file.path": str,
    "log.level": str, "process.args": list, "process.args_count": int, "process.command_line": str, "process.end": str,
    "process.entity_id": str, "process.executable": str, "process.hash.md5": str, "process.hash.sha1": str,
    "process.hash.sha256": str, "process.name": str, "process.parent.args": list, "process.parent.args_count": int,
    "process.parent.command_line": str, "process.parent.entity_id": str, "process.parent.executable": str,
    "process.parent.name": str, "process.parent.pid": int, "process.pe.company": str, "process.pe.description": str,
    "process.pe.file_version": str, "process.pe.imphash": str, "process.pe.original_file_name": str,
    "process.pe.product": str, "process.pid": int, "process.start": str, "process.working_directory": str,
    "related.hash": list, "related.hosts": list, "related.user": list, "rule.author": str,
    "rule.description": list, "rule.id": list, "rule.name": list, "rule.ruleset": list, "rule.version": list, "threat.framework": str, "threat.tactic.name": list, "threat.technique.id": list,
    "threat.technique.subtechnique.id": list, "user.domain": str, "user.name": str,
}
CATEGORIES = {"process", "network", "file", "registry", "configuration", "driver", "authentication", "session", "host", "web"}
TYPES = {"start", "end", "connection", "protocol", "info", "creation", "deletion", "access", "change"}


def flat(o, prefix=""):
    for k, v in o.items():
        if isinstance(v, dict):
            yield from flat(v, prefix + k + ".")
        else:
            yield prefix + k, v


def check_ecs(d):
    hunt("-o", d + "/ecs.ndjson")
    documents = [json.loads(line) for line in open(d + "/ecs.ndjson", encoding="utf-8")]
    want = rows(d)
    same("documents", len(documents), len(want))
    for n, (doc, row) in enumerate(zip(documents, want)):
        fields = dict(flat(doc))
        for k, v in fields.items():
            if k.split(".")[0] in ("shelltree", "winlog"):
                continue
            if k not in ECS:
                sys.exit("%s is no field of ECS that the table has" % k)
            if not isinstance(v, ECS[k]):
                sys.exit("document %d: %s is a %s" % (n, k, type(v).__name__))
        same("host", fields["host.name"], row["Computer"])
        same("kind", fields["event.kind"], "alert" if row["Kind"] == "hit" else "event")
        same("time", fields["@timestamp"], row["UtcTime"].replace(" ", "T") + "Z")
        same("pid", fields.get("process.pid", ""), int(row["ProcessId"]) if row["ProcessId"] else "")
        for k in ("related.hash", "related.user"):
            same(k, fields.get(k, []), sorted(set(fields.get(k, []))))
        for k, column in (("md5", "MD5"), ("sha1", "SHA1"), ("sha256", "SHA256")):
            same(k, fields.get("process.hash." + k, ""), row[column] if row[column].strip("0") else "")
        user = row["User"].split("\\")
        same("user", [fields.get("user.domain", ""), fields.get("user.name", "")], user if len(user) == 2 and all(user) else ["", ""])
        parts = [t for t in row["Techniques"].split("; ") if t]
        same("techniques", fields.get("threat.technique.id", []), sorted({t.split(".")[0] for t in parts}))
        same("sub-techniques", fields.get("threat.technique.subtechnique.id", []), sorted(t for t in parts if "." in t))
        for k in ("rule.name", "rule.description", "rule.ruleset", "rule.version"):
            if k == "rule.version" and k not in fields:
                continue
            same(k, len(fields.get(k, [])), len(fields.get("rule.id", [])))
        if not set(fields["event.category"]) <= CATEGORIES or not set(fields["event.type"]) <= TYPES:
            sys.exit("document %d: %s, %s" % (n, fields["event.category"], fields["event.type"]))


def check_timesketch(d):
    hunt("-f", "timesketch", "-o", d + "/timesketch.jsonl")
    types = {}
    for line in open(d + "/timesketch.jsonl", encoding="utf-8"):
        o = json.loads(line)
        for k in ("message", "datetime", "timestamp_desc"):
            if not o.get(k):
                sys.exit(k + " is missing")
        t = datetime.datetime.fromisoformat(o["datetime"])
        same("timestamp", o["timestamp"], round(t.timestamp() * 1e6))
        for k, v in o.items():
            if types.setdefault(k, type(v)) is not type(v):
                sys.exit("%s changes its type" % k)
            if k in ("_id", "_type", "_index", "_source", "label", "comment"):
                sys.exit(k + " is the importer's own")


def check_markdown(d):
    """One page, and nothing of it is markup of the evidence: read with a CommonMark parser where there is one."""
    hunt("-o", d + "/summary.md")
    text = open(d + "/summary.md", encoding="utf-8").read()
    if len(text.splitlines()) > 200:
        sys.exit("%d lines are more than a page" % len(text.splitlines()))
    parser = module("markdown_it").MarkdownIt("commonmark", {"html": True})
    tokens = parser.parse(text)
    same("heading", tokens[0].type, "heading_open")
    for t in tokens:
        for x in (t, *(t.children or ())):
            if x.type in ("html_inline", "html_block", "link_open", "image"):
                sys.exit("evidence became markup: " + x.content)


def check_jsonl(d):
    """polars and DuckDB, with the options that the manual names: keys that come late are columns."""
    hunt("-o", d + "/rows.jsonl")
    keys = {k for line in open(d + "/rows.jsonl", encoding="utf-8") for k in json.loads(line)}
    some = False
    for name in ("polars", "duckdb"):
        try:
            library = module(name)
        except Skip:
            continue
        some = True
        if name == "polars":
            got = set(library.read_ndjson(d + "/rows.jsonl", infer_schema_length=None).columns)
        else:
            got = set(library.sql("SELECT * FROM read_json('%s/rows.jsonl', sample_size=-1)" % d).columns)
        same(name + "'s columns", got, keys)
    if not some:
        raise Skip("neither Python's polars nor duckdb is here")


def check_old_timelines(d):
    hunt("-f", "l2tcsv", "-o", d + "/l2t")
    lines = open(d + "/l2t", encoding="utf-8").read().splitlines()
    want = rows(d)
    same("lines", len(lines) - 1, len(want))
    for line, row in zip(lines[1:], want):
        cells = line.split(",")
        same("cells", len(cells), 17)
        same("time", datetime.datetime.strptime(cells[0] + " " + cells[1], "%m/%d/%Y %H:%M:%S").isoformat(" "), row["UtcTime"][:19])
    hunt("-o", d + "/rows.body")
    for line, row in zip(open(d + "/rows.body", encoding="utf-8"), want):
        cells = line.rstrip("\n").split("|")
        same("cells", len(cells), 11)
        same("time", datetime.datetime.fromtimestamp(int(cells[10]), datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S"), row["UtcTime"][:19])
    if shutil.which("mactime"):
        out = quiet("mactime", "-b", d + "/rows.body", "-d", "-z", "UTC")
        same("lines of mactime", len(out.splitlines()) - 1, len(want))


def vql_list(text, names):
    """What `(a, "b") + c` of an artifact's query comes to."""
    out = []
    for plain, listed in re.findall(r'([\w.\[\]]+|"[^"]*")|(\([^()]*\))', text):
        if listed:
            out += vql_list(listed[1:-1], names)
        else:
            value = plain[1:-1] if plain[0] == '"' else names[plain]
            out += value if isinstance(value, list) else [value]
    return out


def check_velociraptor(d):
    """The artifacts are whole and consistent, and the command that each runs makes a database that hunts as the logs do."""
    artifacts = sorted(glob.glob(os.path.join(top, "contrib/velociraptor/*.yaml")))
    same("artifacts", len(artifacts), 2)
    for path in artifacts:
        artifact = module("yaml").safe_load(open(path, encoding="utf-8"))
        same("name", artifact["name"] + ".yaml", os.path.basename(path))
        same("keys", sorted(artifact), ["author", "description", "name", "parameters", "precondition", "required_permissions", "sources", "tools", "type"])
        query = artifact["sources"][0]["query"]
        for word in ["ToolName=\"%s\"" % t["name"] for t in artifact["tools"]] + [p["name"] for p in artifact["parameters"]]:
            same("%s names %s" % (path, word), word in query, True)
        argv = re.search(r"argv=(.*),\n", query).group(1)
        carve = re.search(r"Carve, then=\[(.*?)\]", query).group(1)
        for options in ([], vql_list(carve, {})):
            database = "%s/%d.db" % (d, len(os.listdir(d)))
            done = subprocess.run(vql_list(argv, {"binary[0].OSPath": program, "database": database, "options": options,
                                                  "Evidence": os.path.abspath(evidence[0])}), stderr=subprocess.DEVNULL)
            same("status", done.returncode in (0, 3), True)
            both = [subprocess.run([program, "hunt", "-q", "-f", "csv", *more], stdout=subprocess.PIPE).stdout
                    for more in ([*options, os.path.abspath(evidence[0])], [database])]
            same("the timeline of " + database, both[1] == both[0] and len(both[0]) > 1000, True)


ran, skipped = 0, 0
for name, check in [(n[6:], f) for n, f in list(globals().items()) if n.startswith("check_")]:
    if os.environ.get("CHECKS") and name not in os.environ["CHECKS"].split(","):
        continue
    # chromium's helpers may still write to its profile when it has ended
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as d:
        try:
            check(d)
            ran += 1
            print("ok      " + name)
        except Skip as why:
            skipped += 1
            print("skipped %s: %s" % (name, why))
sys.exit(0 if ran else 77)
