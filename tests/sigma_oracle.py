#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""Sigma rules made at random, held against a matcher that is written from the specification alone.

usage: SHELLTREE=./shelltree sigma_oracle.py [RULES [SEED]]

Modifiers in every order, escapes, wildcards, lists, null, numbers, encodings, networks, keywords, conditions,
and the fields of the tree, over made process creations that hold what these look for. A rule that the matcher
refuses must be refused, and no other.
"""
import base64
import ipaddress
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import uuid

PROGRAM = os.environ.get("SHELLTREE", "./shelltree")
ANY, ONE, DASH = object(), object(), object()
ENCODINGS = {"wide": "utf-16-le", "utf16le": "utf-16-le", "utf16be": "utf-16-be", "utf16": "utf-16-le"}
PLACES = ("contains", "startswith", "endswith")
CHANGES = PLACES + ("windash", "base64", "base64offset") + tuple(ENCODINGS)


class Refused(Exception):
    pass


# values

def parsed(text):
    """A value as characters and wildcards; a backslash is an escape before *, ? and itself only."""
    out, i = [], 0
    while i < len(text):
        if text[i] == "\\" and text[i + 1:i + 2] in ("*", "?", "\\"):
            out.append(text[i + 1])
            i += 2
            continue
        out.append({"*": ANY, "?": ONE}.get(text[i], text[i]))
        i += 1
    return out


def folded(text):
    """Simple folding: what one character folds to, if that is one character."""
    return "".join(c.casefold() if len(c.casefold()) == 1 else c.lower() if len(c.lower()) == 1 else c for c in text)


def regex_of(pattern, cased):
    special = {ANY: ".*", ONE: ".", DASH: "[-/\u2013-\u2015]"}
    return re.compile("".join(special[t] if t in special else re.escape(t if cased else folded(t)) for t in pattern), re.S)


def octets(value):
    if isinstance(value, bytes):
        return value
    if any(not isinstance(t, str) for t in value):
        raise Refused("a wildcard can't be encoded")
    return "".join(value).encode()


def base64_of(data):
    return base64.b64encode(data).decode()


def with_offsets(data):
    for offset in range(3):
        text = base64_of(b" " * offset + data)
        text = text[[0, 2, 3][offset]:len(text) - [0, 3, 2][(len(data) + offset) % 3]]
        if not text:
            raise Refused("too short")
        yield list(text)


def is_word(t):
    return isinstance(t, str) and (t == "_" or t.isalnum())


def with_dashes(p):
    return [DASH if isinstance(t, str) and t in "-/\u2013\u2014\u2015" and not (i and is_word(p[i - 1])) and
            i + 1 < len(p) and is_word(p[i + 1]) else t for i, t in enumerate(p)]


def changed(modifier, value):
    if modifier in PLACES:
        if isinstance(value, bytes):
            raise Refused("no base64")
        if modifier != "startswith" and value[:1] != [ANY]:
            value = [ANY] + value
        return [value + [ANY] if modifier != "endswith" and value[-1:] != [ANY] else value]
    if modifier == "windash":
        return [with_dashes(value)]
    if modifier in ENCODINGS:
        return [(b"\xff\xfe" if modifier == "utf16" else b"") + octets(value).decode().encode(ENCODINGS[modifier])]
    if modifier == "base64":
        return [list(base64_of(octets(value)))]
    if modifier == "base64offset":
        return list(with_offsets(octets(value)))
    return [value]


def patterns(modifiers, value):
    now = [parsed(str(value).lower() if isinstance(value, bool) else str(value))]
    for m in modifiers:
        now = [new for old in now for new in changed(m, old)]
    if any(isinstance(p, bytes) for p in now):
        raise Refused("no base64")
    return now


def number_of(text):
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", text):
        return int(text, 16)
    return float(text) if re.fullmatch(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", text, re.A) else None


def in_network(network, text):
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.version == network.version and address in network


def referred(modifiers, text, other):
    if other is None:
        return False
    if "cased" not in modifiers:
        text, other = folded(text), folded(other)
    place = [m for m in modifiers if m in PLACES]
    return {"contains": other in text, "startswith": text.startswith(other), "endswith": text.endswith(other)}[place[0]] \
        if place else text == other


def test_of(modifiers, value, event):
    """What one value asks of a text that is there."""
    if "re" in modifiers:
        flags = sum({"i": re.I, "m": re.M, "s": re.S}.get(m, 0) for m in modifiers)
        rx = re.compile(value, flags if flags & re.I else flags | re.A)
        return lambda text: rx.search(text) is not None
    if "cidr" in modifiers:
        network = ipaddress.ip_network(value)
        return lambda text: in_network(network, text)
    for m, compare in COMPARES.items():
        if m in modifiers:
            return lambda text: number_of(text) is not None and compare(number_of(text), value)
    if "fieldref" in modifiers:
        return lambda text: any(referred(modifiers, text, other) for other in texts_of(event, value))
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not set(modifiers) & set(CHANGES):
        return lambda text: number_of(text) == value if number_of(text) is not None else folded(text) == str(value)
    cased = "cased" in modifiers
    wanted = [regex_of(p, cased) for p in patterns(modifiers, value)]
    return lambda text: any(rx.fullmatch(text if cased else folded(text)) for rx in wanted)


COMPARES = {"lt": lambda a, b: a < b, "lte": lambda a, b: a <= b, "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b}


# detections

def texts_of(event, field):
    """A field's texts: none, one, or an ancestor's each."""
    for name, value in event.items():
        if name.lower() == field.lower():
            return value if isinstance(value, list) else [value]
    return []


def value_holds(modifiers, value, event, texts):
    if value is None:
        return not texts
    if "exists" in modifiers:
        return bool(texts) == value
    test = test_of(modifiers, value, event)
    return any(test(t) for t in texts)


def item_holds(key, values, event):
    field, *modifiers = key.split("|")
    if field:
        texts = texts_of(event, field)
    else:
        modifiers.append("contains")
        texts = [t for name, t in event.items() if name not in OF_TREE]
    each = [value_holds(modifiers, v, event, texts) for v in (values if isinstance(values, list) else [values])]
    return (all(each) if "all" in modifiers else any(each)) != ("neq" in modifiers)


def selection_holds(selection, event):
    if isinstance(selection, dict):
        return all([item_holds(k, v, event) for k, v in selection.items()])
    if isinstance(selection, list):
        return any([selection_holds(x, event) for x in selection])
    return item_holds("", selection, event)


class Condition:
    def __init__(self, text, selections, event):
        self.words = re.findall(r"[()]|[^\s()]+", text)
        self.selections, self.event = selections, event

    def peek(self):
        return self.words[0] if self.words else ""

    def either(self):
        out = self.both()
        while self.peek().lower() == "or":
            self.words.pop(0)
            out = self.both() or out
        return out

    def both(self):
        out = self.negated()
        while self.peek().lower() == "and":
            self.words.pop(0)
            out = self.negated() and out
        return out

    def negated(self):
        if self.peek().lower() == "not":
            self.words.pop(0)
            return not self.negated()
        return self.part()

    def several(self, every):
        pattern = self.words.pop(0)
        them = pattern.lower() == "them"
        rx = re.compile(re.escape(pattern).replace(r"\*", ".*"))
        names = [n for n in self.selections if (them or rx.fullmatch(n)) and
                 (n[0] != "_" or (pattern[0] == "_" and not them))]
        if not names:
            raise Refused("no selection has such a name")
        return (all if every else any)([selection_holds(self.selections[n], self.event) for n in names])

    def part(self):
        word = self.words.pop(0)
        if word == "(":
            out = self.either()
            self.words.pop(0)
            return out
        if word.lower() in ("1", "any", "all") and self.peek().lower() == "of":
            self.words.pop(0)
            return self.several(word.lower() == "all")
        return selection_holds(self.selections[word], self.event)


def matches(rule, events):
    """Record numbers; None: the rule must be refused."""
    try:
        for selection in rule["selections"].values():
            for event in events:
                selection_holds(selection, event)
        return {i + 1 for i, e in enumerate(events) if Condition(rule["condition"], rule["selections"], e).either()}
    except Refused:
        return None


# made events

WORDS = ["alpha", "Beta", "-enc", "/enc", "\u2013enc", "C:\\Windows\\", "\\\\srv\\share", "*star", "wh?t", "\\", "\\*",
         "%x%", "_u_", "\u00e4pfel", "\u00c4PFEL", "Stra\u00dfe", "STRASSE", "\u017f", "\u0131", "\u212a", "line\nbreak",
         '"q"', "4688", "0x10", "16", "1.5", "-", "", "a-b", "--long", "-s:1", "/c", "a/b", "\u2015x", "10.1.2.3", "fe80::1",
         "true", "null", "\U0001f389", "\t", "^&", "[x]", "$z", "a.b"]
NUMBERS = ["5", "10", "0x1F", "2.50", "1e3", "-3", "10.0.0.1", "10.255.255.255", "11.0.0.0", "fe80::1", "FE80:0::2",
           "febf::", "fec0::1", "::1", "::ffff:10.0.0.1", "1", "abc", "010"]
ENCODED = ["alpha", "\u00e4pfel", "net user", "pfel", "lph"]
IMAGES = ["C:\\Windows\\System32\\cmd.exe", "C:\\Windows\\System32\\inetsrv\\w3wp.exe", "C:\\Windows\\explorer.exe",
          "C:\\x\\tomcat9.exe", "C:\\Windows\\System32\\whoami.exe", "C:\\nginx\\nginx.exe"]
SERVERS = {"w3wp.exe", "tomcat9.exe", "nginx.exe"}
USERS = ["CORP\\bob", "NT AUTHORITY\\SYSTEM", "IIS APPPOOL\\DefaultAppPool"]
FREE = ["Description", "CurrentDirectory", "Product", "Company", "FileVersion"]
PLAIN = FREE + ["CommandLine", "Image", "ParentImage", "User", "ParentCommandLine", "OriginalFileName", "IntegrityLevel",
                "LogonId", "ProcessId"]
COUNTS = ["TreeDepth", "ChildCount", "DescendantCount", "WebServerDistance"]
OF_TREE = COUNTS + ["GrandParentImage", "GrandParentCommandLine", "GrandParentUser", "GrandParentIntegrityLevel",
                    "ParentOfParentImage", "ParentIntegrityLevel", "ParentOriginalFileName", "AncestorImage",
                    "AncestorCommandLine", "AncestorUser", "RootImage", "WebServerImage", "WebServerCommandLine",
                    "WebServerProcessGuid", "ParentKnown"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def guid(self):
        return "{%s}" % str(uuid.UUID(int=self.r.getrandbits(128))).upper()

    def text(self):
        r = self.r
        out = r.choice([" ", "", "  ", "\\", "-"]).join(r.choice(WORDS) for _ in range(r.randint(1, 5)))
        if r.random() < .15:
            data = r.choice(ENCODED).encode(r.choice(["utf-8", "utf-16-le", "utf-16-be"]))
            mark = b"\xff\xfe" * (r.random() < .2)
            out += " " + base64_of(mark + b"q" * r.randint(0, 3) + data + b"z" * r.randint(0, 2))
        return out

    def processes(self, n):
        out = []
        for i in range(n):
            r = self.r
            parent = None if not out or r.random() < .1 else out[-1] if r.random() < .5 else r.choice(out)
            image = r.choice(IMAGES)
            out.append({"number": i, "parent": parent, "guid": self.guid(), "Image": image,
                        "CommandLine": r.choice([image.split("\\")[-1] + " -a alpha", self.text() or "x"]),
                        "User": r.choice(USERS), "IntegrityLevel": r.choice(["High", "Medium", "System"]),
                        "OriginalFileName": r.choice(["Cmd.Exe", "w3wp.exe", "-"]), "seen": r.random() < .85})
        return out

    def event(self, p):
        r, q = self.r, p["parent"]
        q = q or {"guid": self.guid(), "number": -996, "Image": "C:\\Windows\\System32\\wininit.exe",
                  "CommandLine": "wininit.exe", "User": USERS[1], "seen": False}
        p["above"] = q
        out = {"UtcTime": "2026-03-01 08:%02d:%02d.000" % divmod(p["number"], 60), "ProcessGuid": p["guid"],
               "ProcessId": str(1000 + p["number"]), "LogonId": "0x%x" % r.choice([0x3e7, 16, 0x10a, 1])}
        out.update({f: p[f] for f in ("Image", "CommandLine", "User", "IntegrityLevel", "OriginalFileName")})
        out.update({f: self.text() for f in FREE if r.random() < .8})
        if r.random() < .4:
            out["Description"] = r.choice(NUMBERS)
        if r.random() < .3:
            out["Product"] = out["Image"].upper()
        out.update({"ParentProcessGuid": q["guid"], "ParentProcessId": str(1000 + q["number"]), "ParentImage": q["Image"],
                    "ParentCommandLine": q["CommandLine"], "ParentUser": q["User"]})
        return out

    def view(self, event, p, seen):
        """The event as rules see it: with its host, and what the tree knows."""
        above = []
        while p.get("seen"):
            p = p["above"]
            above.append(p)
        own = seen[event["ProcessGuid"]]
        grand = above[1] if len(above) > 1 else {}
        server = [i for i, q in enumerate(above) if q["Image"].split("\\")[-1] in SERVERS]
        children = {g: [q["guid"] for q in seen.values() if q["above"]["guid"] == g] for g in seen}
        below = list(children[own["guid"]])
        for g in below:
            below += children[g]
        facts = {"GrandParent" + f: grand.get(f) for f in ("Image", "CommandLine", "User")}
        facts.update({"Ancestor" + f: [q[f] for q in above] for f in ("Image", "CommandLine", "User")})
        for name, q in (("GrandParentIntegrityLevel", grand), ("ParentIntegrityLevel", above[0])):
            facts[name] = q["IntegrityLevel"] if q.get("seen") else None
        facts.update({
            "ParentOfParentImage": grand.get("Image"), "RootImage": above[-1]["Image"], "TreeDepth": str(len(above)),
            "ParentOriginalFileName": above[0]["OriginalFileName"] if above[0]["seen"] else None,
            "ChildCount": str(len(children[own["guid"]])), "DescendantCount": str(len(below)),
            "ParentKnown": "true" if above[0]["seen"] else "false",
            "WebServerImage": above[server[0]]["Image"] if server else None,
            "WebServerCommandLine": above[server[0]]["CommandLine"] if server else None,
            "WebServerProcessGuid": above[server[0]]["guid"] if server else None,
            "WebServerDistance": str(server[0] + 1) if server else None})
        host = {"Computer": "LAB.example", "Channel": "Microsoft-Windows-Sysmon/Operational",
                "Provider": "Microsoft-Windows-Sysmon"}
        return dict(event, **host, **{k: v for k, v in facts.items() if v is not None})


# made rules

class Rules(Maker):
    def __init__(self, seed, events):
        super().__init__(seed)
        self.events = events

    def needle(self):
        """A piece of a text that is there, as a rule might write it."""
        r, event = self.r, self.r.choice(self.events)
        field = r.choice([f for f in event if f in PLAIN + OF_TREE])
        text = r.choice(texts_of(event, field))
        if text and r.random() < .6:
            start = r.randrange(len(text))
            text = text[start:start + r.randint(1, 9)]
        if r.random() < .6:
            text = re.sub(r"([\\*?])", r"\\\1", text)
        if r.random() < .3:
            text = text.swapcase()
        if r.random() < .2:
            at = r.randint(0, len(text))
            text = text[:at] + r.choice(["*", "?", "\\*", "\\\\*", "\\?", "\\", "\\\\", "**", "-", "/"]) + text[at:]
        return field, text

    def kind(self, field):
        """Modifiers, what makes a value for them, and whether several values can stand there."""
        r = self.r
        text = lambda: "" if r.random() < .05 else r.choice([4688, 16, True, 1.5, -3]) if r.random() < .07 else self.needle()[1]
        kinds = [
            (9, lambda: (field, r.choice(TEXT_CHAINS), text)),
            (2, lambda: (field, ["re"] + r.choice([[], ["i"], ["m"], ["s"], ["i", "m"], ["s", "i"]]),
                         lambda: r.choice(["^alpha", "b.*a", "\\d{2}", "[\u00e4\u00c4]", "a$", "^-", "(?i)ALPHA", "e.b", "\\\\"]))),
            (2, lambda: (r.choice(COUNTS + ["Description", "LogonId"]), [r.choice(list(COMPARES))],
                         lambda: r.choice([0, 1, 2, 3, 5, 10, 31, 2.5, 999, -3]))),
            (2, lambda: (r.choice(["Description", "Company"]), ["cidr"], lambda: r.choice(NETWORKS))),
            (1, lambda: (field, ["exists"], lambda: r.random() < .5)),
            (2, lambda: (field, ["fieldref"] + r.choice([[], ["contains"], ["startswith"], ["endswith"], ["cased"]]),
                         lambda: r.choice(PLAIN + ["NoSuch", "image", "GrandParentImage", "RootImage", "WebServerImage"]))),
            (2, lambda: (field, r.choice(CODED_CHAINS) + ["contains"], lambda: r.choice(ENCODED))),
            (3, lambda: (field, [], lambda: r.choice([None, "", 16, "16", "-", 4688, "*", "?*", 1.5, "true", True, "null",
                                                      5, 10, "10", 999, 0, 1, 2, "2"])))]
        return r.choices([k for _, k in kinds], [w for w, _ in kinds])[0]()

    def item(self):
        r = self.r
        field = r.choice(OF_TREE) if r.random() < .35 else r.choice(PLAIN)
        field, modifiers, value = self.kind(field)
        modifiers = list(modifiers)
        for m, p in (("neq", .15), ("all", .2)):
            if r.random() < p and not (m == "all" and "exists" in modifiers):
                modifiers.insert(len(modifiers) if "re" in modifiers else r.randint(0, len(modifiers)), m)
        several = r.random() < .4 and "exists" not in modifiers
        values = [value() for _ in range(r.randint(1, 4))] if several else value()
        return "|".join([field.lower() if r.random() < .1 else field] + modifiers), values

    def selection(self, depth=0):
        r, kind = self.r, self.r.random()
        word = lambda: self.needle()[1] or "x"
        if kind < .65 or depth > 1:
            return dict(self.item() for _ in range(r.choice([1, 1, 1, 2, 3])))
        if kind < .8:
            return [self.selection(depth + 1) for _ in range(r.randint(1, 3))]
        if kind < .9:
            return [word() for _ in range(r.randint(1, 3))]
        if kind < .95:
            return {r.choice(["|all", "|contains|all", "|all|contains"]): [word() for _ in range(r.randint(1, 3))]}
        return [self.selection(depth + 1), word()]

    def condition(self, names, depth=0):
        r, kind = self.r, self.r.random()
        if kind < .45 or depth > 3:
            return r.choice(names)
        if kind < .55:
            return "not " + self.condition(names, depth + 1)
        if kind < .7:
            return r.choice(["1 of ", "any of ", "all of ", "ALL OF "]) + \
                r.choice(["them", "sel*", "*", "_*", "selection_*", "*_*", "s*l*"])
        if kind < .8:
            return "(" + self.condition(names, depth + 1) + ")"
        return self.condition(names, depth + 1) + r.choice([" and ", " or ", " AND ", " Or ", "\n  and "]) + \
            self.condition(names, depth + 1)

    def rule(self):
        r = self.r
        names = r.sample(NAMES, r.randint(1, 4))
        return {"id": str(uuid.UUID(int=r.getrandbits(128))), "selections": {n: self.selection() for n in names},
                "condition": names[0] if r.random() < .5 else self.condition(names)}


TEXT_CHAINS = [[], ["contains"], ["endswith"], ["startswith"], ["contains", "cased"], ["cased"], ["windash", "contains"],
               ["contains", "windash"], ["windash"], ["endswith", "windash"], ["cased", "startswith"],
               ["windash", "cased", "endswith"], ["startswith", "endswith"], ["contains", "contains"], ["contains", "base64"],
               ["wide", "contains"], ["utf16"]]
CODED_CHAINS = [["base64"], ["base64offset"], ["wide", "base64offset"], ["utf16le", "base64"], ["utf16be", "base64offset"],
                ["utf16", "base64offset"], ["utf16", "base64"]]
NETWORKS = ["10.0.0.0/8", "fe80::/10", "::/0", "0.0.0.0/0", "10.0.0.1/32", "::1/128", "10.128.0.0/9", "::ffff:0:0/96"]
NAMES = ["selection", "selection_a", "sel_b", "filter_main_x", "_hidden", "not_me", "android", "1x", "a-b", "or_1", "of_"]


# files

def escaped(text):
    for a, b in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\t", "&#9;"), ("\n", "&#10;")):
        text = text.replace(a, b)
    return text


def write_events(events, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write("<Events>\n")
        for i, event in enumerate(events):
            f.write("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
                    "<Provider Name='Microsoft-Windows-Sysmon' Guid='{5770385f-c22a-43e0-bf4c-06f5698ffbd9}'/>"
                    "<EventID>1</EventID><Version>5</Version><Level>4</Level><TimeCreated SystemTime='%sZ'/>"
                    "<EventRecordID>%d</EventRecordID><Channel>Microsoft-Windows-Sysmon/Operational</Channel>"
                    "<Computer>LAB.example</Computer></System><EventData>" % (event["UtcTime"].replace(" ", "T"), i + 1))
            f.write("".join("<Data Name='%s'>%s</Data>" % (k, escaped(v)) for k, v in event.items()))
            f.write("</EventData></Event>\n")
        f.write("</Events>\n")


def write_rule(rule, path):
    source = {"product": "windows", "category": "process_creation"}
    keys = {"title": os.path.basename(path), "id": rule["id"], "status": "test", "logsource": source,
            "detection": dict(rule["selections"], condition=rule["condition"]), "level": "low"}
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join("%s: %s\n" % (k, json.dumps(v, ensure_ascii=False)) for k, v in keys.items()))


def run(*args):
    p = subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", timeout=600, check=False)
    if p.returncode not in (0, 2):
        sys.exit("%s: exit status %d: %s" % (" ".join(args), p.returncode, p.stderr[:500]))
    return p


def answers(folder, rules):
    """By rule: the records that it matches, or None."""
    check = run("rules", "check", folder + "/rules")
    refused = {int(n) for n in re.findall(r"/(\d+)\.yml:\d+:\d+: error", check.stdout + check.stderr)}
    got = {r["id"]: None if i in refused else set() for i, r in enumerate(rules)}
    hunt = run("hunt", "-q", "--scope", "hits", "--duplicates", "-r", folder + "/rules", "-f", "jsonl", folder + "/events.xml")
    for row in map(json.loads, hunt.stdout.splitlines()):
        for rule in row["RuleIds"]:
            got[rule].add(int(row["EventRecordID"]))
    return got


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    made = Maker(seed)
    events = {p["guid"]: (made.event(p), p) for p in made.processes(60) if p["seen"]}
    seen = {guid: p for guid, (_, p) in events.items()}
    views = [made.view(e, p, seen) for e, p in events.values()]
    maker = Rules(seed, views)
    rules = [maker.rule() for _ in range(count)]
    wrong = pairs = 0
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(folder + "/rules")
        write_events([e for e, _ in events.values()], folder + "/events.xml")
        for i, rule in enumerate(rules):
            write_rule(rule, "%s/rules/%d.yml" % (folder, i))
        got = answers(folder, rules)
    for rule in rules:
        want, have = matches(rule, views), got[rule["id"]]
        pairs += len(want or ())
        if want != have:
            wrong += 1
            print("%s\n  wanted %s\n  got %s" % (json.dumps(rule, ensure_ascii=False), want and sorted(want), have and sorted(have)))
    print("%d rules over %d records: %d matches, %d rules answered otherwise" % (count, len(views), pairs, wrong))
    sys.exit(1 if wrong or not pairs else 0)


if __name__ == "__main__":
    main()
