/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carrier.c - what a text is: events that were exported or forwarded, results of a tool, or
 * neither. Told by the words that each has; what lies between them is the reader's business.
 */
#include "ledger.h"

#include <string.h>

static bool holds(st_str s, const char *word)
{
    return memmem(s.p, s.n, word, strlen(word)) != NULL;
}

/* The first line: of a table, the names of its columns. */
static st_str first_line(st_str s)
{
    const char *eol = s.n ? memchr(s.p, '\n', s.n) : NULL;
    return (st_str){ s.p, eol ? (size_t)(eol - s.p) : s.n };
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What a line of a log begins with: "Jun  5", "2026-06-05", or its priority, "<14>". */
static bool is_stamped(st_str line)
{
    static const char months[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
    const char *p = line.p;
    if (line.n < 8)
        return false;
    for (size_t i = 0; i < sizeof months - 1; i += 4)
        if (memcmp(p, months + i, 4) == 0 && (p[4] == ' ' || is_digit(p[4])) && is_digit(p[5]))
            return true;
    if (p[0] == '<')
        return is_digit(p[1]) && (p[2] == '>' || p[3] == '>' || p[4] == '>');
    return p[4] == '-' && p[7] == '-' && is_digit(p[0]) && is_digit(p[3]) && is_digit(p[5]);
}

/* Is it the name of a column, or of some side by side, in a table's first line? */
static bool has_column(st_str line, const char *name)
{
    static const char edges[] = "\",;\r\t";
    size_t n = strlen(name);
    for (const char *end = line.p + line.n, *at;
         (at = memmem(line.p, (size_t)(end - line.p), name, n)) != NULL; line.p = at + 1)
        if ((at == line.p || strchr(edges, at[-1])) && (at + n == end || strchr(edges, at[n])))
            return true;
    return false;
}

/* Is it a key of JSON? A quote within a text is escaped there, so no text can hold one. */
static bool has_key(st_str s, const char *key)
{
    size_t n = strlen(key);
    for (const char *end = s.p + s.n, *at; (at = memmem(s.p, (size_t)(end - s.p), key, n)) != NULL;
         s.p = at + 1) {
        const char *colon = at + n;
        while (colon < end && memchr(" \t\r\n", *colon, 4))
            colon++;
        if (colon < end && *colon == ':' && (at == s.p || at[-1] != '\\'))
            return true;
    }
    return false;
}

/* What hunting tools write: a selection of events, not the events. Told by the names of columns or
 * keys alone: what stands in a value was written by whoever made the event. */
static const struct {
    const char *tool;
    bool json;
    const char *words[5]; /* all of them; the last is NULL */
} RESULTS[] = {
    { "results of hayabusa", false, { "RuleTitle", "Details", "Computer" } },
    { "results of hayabusa", false, { "RuleTitle", "RuleFile", "EventID" } },
    { "results of hayabusa", false, { "RuleTitle", "RecordID", "Level" } },
    { "results of hayabusa", true, { "\"RuleTitle\"", "\"Details\"", "\"Computer\"" } },
    { "results of hayabusa", true, { "\"RuleTitle\"", "\"RuleFile\"", "\"EventID\"" } },
    { "results of hayabusa", true, { "\"RuleTitle\"", "\"RecordID\"", "\"Level\"" } },
    { "results of hayabusa", false, { "EventTitle", "AllFieldInfo", "EvtxFile" } },
    { "results of hayabusa", false, { "timestamp_desc", "message", "RuleFile", "EvtxFile" } },
    { "results of chainsaw", true, { "\"group\"", "\"document\"", "\"kind\"", "\"authors\"" } },
    { "results of chainsaw", false, { "timestamp,detections,path" } },
    { "results of chainsaw", false, { "detections", "timestamp", "path" } },
    { "results of Zircolite", true, { "\"rule_level\"", "\"matches\"", "\"sigma\"" } },
    { "results of Zircolite", true, { "\"rule_level\"", "\"matches\"", "\"sigmafile\"" } },
    { "results of Zircolite", false, { "rule_title", "rule_level" } },
    { "results of Aurora", true, { "\"Rule_Title\"", "\"Match_Strings\"" } },
    { "results of DeepBlueCLI", true, { "\"Log\"", "\"Results\"", "\"Decoded\"" } },
    { "results of Velociraptor's rules", true, { "\"_Event\"", "\"Title\"", "\"Level\"" } },
    { "results of shelltree",
      true,
      { "\"RuleIds\"", "\"Kind\"", "\"ProcessGuid\"", "\"Origin\"" } },
    { "results of shelltree", false, { "UtcTime", "Computer", "Level", "Techniques" } },
    { "results of shelltree",
      true,
      { "\"Origin\"", "\"Source\"", "\"Provider\"", "\"EventRecordID\"" } },
    { "results of shelltree", false, { "Origin", "Source", "Provider", "EventRecordID" } },
    { "results of shelltree", true, { "\"WebServerImage\"", "\"ChainLink\"" } },
};

static bool has_all(st_str s, const char *const *words, bool (*has)(st_str s, const char *word))
{
    for (; *words; words++)
        if (!has(s, *words))
            return false;
    return true;
}

static const char *tool_of(st_str s, bool json)
{
    st_str head = first_line(s);
    if (!json && (!head.n || head.p[0] == '<' || is_stamped(head)))
        return NULL;
    for (size_t i = 0; i < sizeof RESULTS / sizeof RESULTS[0]; i++)
        if (RESULTS[i].json == json &&
            has_all(json ? s : head, RESULTS[i].words, json ? has_key : has_column))
            return RESULTS[i].tool;
    return NULL;
}

#define WINDOWS "schemas.microsoft.com/win/2004/08/events"

/* The tag that an event begins with, not that of a list of them. */
static bool has_event(st_str s)
{
    static const char tag[] = "<Event";
    for (;;) {
        const char *at = memmem(s.p, s.n, tag, sizeof tag - 1);
        if (!at)
            return false;
        s.n -= (size_t)(at - s.p) + sizeof tag - 1;
        s.p = at + sizeof tag - 1;
        if (s.n && memchr(" \t\r\n>", *s.p, 5))
            return true;
    }
}

/* "Record 1" stands before each event of evtx_dump. */
static st_str behind_record_line(st_str s)
{
    s = st_str_trim(s);
    while (s.n && (unsigned char)s.p[0] >= 0x80 && (unsigned char)s.p[0] != 0xc2)
        s = (st_str){ s.p + 1, s.n - 1 }; /* a byte order mark */
    if (!st_str_starts(s, ST_STR("Record ")))
        return s;
    const char *eol = memchr(s.p, '\n', s.n);
    return eol ? st_str_trim((st_str){ eol + 1, s.n - (size_t)(eol + 1 - s.p) }) : s;
}

/* PowerShell's Export-Csv writes what the objects were above the names of the columns. */
st_str st_behind_type_line(st_str s)
{
    const char *eol = s.n ? memchr(s.p, '\n', s.n) : NULL;
    if (!eol || !st_str_starts(s, ST_STR("#TYPE ")))
        return s;
    return (st_str){ eol + 1, s.n - (size_t)(eol + 1 - s.p) };
}

/* Does JSON begin so? An object with a key or none, or a list of such. */
static bool is_json(st_str s)
{
    const char *after = NULL;
    while (s.n > 1 && s.p[0] == '[' && (s = st_str_trim((st_str){ s.p + 1, s.n - 1 })).n)
        after = "]{";
    if (!s.n || (s.p[0] != '{' && !after))
        return false;
    if (s.p[0] != '{')
        return s.p[0] == ']';
    s = st_str_trim((st_str){ s.p + 1, s.n - 1 });
    return !s.n || s.p[0] == '"' || s.p[0] == '}';
}

/* An event as XML within JSON, where some writers escape the bracket, too. */
static bool has_xml_in_json(st_str s)
{
    return has_event(s) ? holds(s, "<System>")
                        : holds(s, "\\u003cEvent") && holds(s, "\\u003cSystem");
}

/* Is it in quotes, as a key, or as one in a text that is JSON, too? */
static bool is_quoted(st_str s, const char *word)
{
    size_t n = strlen(word);
    for (const char *end = s.p + s.n, *at; (at = memmem(s.p, (size_t)(end - s.p), word, n)) != NULL;
         s.p = at + 1) {
        const char *behind = at + n;
        behind += behind < end && *behind == '\\';
        if (at > s.p && at[-1] == '"' && behind < end && *behind == '"')
            return true;
    }
    return false;
}

static bool has_json_event(st_str s)
{
    static const char *const words[] = {
        "EventID",       "event_id",        "EventId",    "event_data",
        "EventRecordID", "ProcessGuid",     "entity_id",  "_raw",
        "EventRecordId", "EventCode",       "xml_string", "eventdata",
        "StringInserts", "event_record_id", "_EventID",   "event_identifier"
    };
    static const char *const objects[] = { "ProviderName", "LogName", "MachineName", NULL };
    static const char *const osquery[] = { "provider_name", "eventid", NULL };
    if (holds(s, "\"MESSAGE\"") && (holds(s, "<Event") || holds(s, "sysmon")))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is_quoted(s, words[i]))
            return true;
    return holds(s, "\"winlog") || has_all(s, objects, is_quoted) ||
           has_all(s, osquery, is_quoted) || has_xml_in_json(s);
}

static bool holds_any_of(st_str s, const char *any)
{
    for (; *any; any++)
        if (memchr(s.p, *any, s.n))
            return true;
    return false;
}

/* Has a table a column that holds whole events as XML? */
static bool has_xml_column(st_str head, st_str s)
{
    static const char *const names[] = { "_raw",     "xml_string",    "xml",     "Xml",
                                         "EventXML", "SyslogMessage", "message", "event.original" };
    if (!has_event(s))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (has_column(head, names[i]))
            return true;
    return false;
}

/* head: the names of the columns. */
static bool is_csv_of_events(st_str head, st_str s)
{
    static const char *const ids[] = { "EventID", "EventId", "EventCode", "event_id",
                                       "event.code" };
    static const char *const objects[] = { "ProviderName", "LogName", "MachineName", "Message",
                                           NULL };
    static const char *const parser[] = { "EventLog", "RecordNumber", "Strings", NULL };
    bool id = false;
    if (!holds_any_of(head, ",;\t") || head.p[0] == '<' || has_event(head))
        return false;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        id |= holds(head, ids[i]);
    return (holds(head, "EventRecordId") && holds(head, "Payload")) ||
           (id && (holds(head, "EventData") || holds(head, "CommandLine") ||
                   holds(head, "event_data") || holds(head, "command_line"))) ||
           (holds(head, "System") && holds(head, "EventData")) ||
           has_all(head, objects, has_column) || has_all(head, parser, has_column) ||
           (has_column(head, "_raw") && holds(s, "\nLogName=")) || has_xml_column(head, s);
}

/* "[04/Mar/2026:06:00:20 +0100] \"" */
static bool has_bracketed_time(st_str line)
{
    static const char form[] = "[00/aaa/0000:00:00:00 +0000] \"";
    for (size_t at = 0; at + sizeof form - 1 <= line.n; at++) {
        size_t i = 0;
        for (; form[i]; i++) {
            char c = line.p[at + i];
            bool fits = form[i] == '0'   ? c >= '0' && c <= '9'
                        : form[i] == 'a' ? (c | 0x20) >= 'a' && (c | 0x20) <= 'z'
                        : form[i] == '+' ? c == '+' || c == '-'
                                         : c == form[i];
            if (!fits)
                break;
        }
        if (!form[i])
            return true;
    }
    return false;
}

/* Events whose fields are gone, or stand in sentences of some language. */
static const struct {
    const char *form;
    enum {
        ANYWHERE,
        COLUMNS,
        BEGINNING
    } where; /* columns: of the first line; beginning: the first
                word, the others anywhere */
    const char *words[4];
} UNREAD[] = {
    { "events as evtxexport prints them",
      ANYWHERE,
      { "Event identifier\t", "Source name\t", "Number of strings\t" } },
    { "events as wevtutil prints them", BEGINNING, { "Event[0]", "\n  " } },
    { "events as PowerShell's table", COLUMNS, { "ProviderName", "LogName", "MachineName" } },
    { "events as PowerShell's objects", ANYWHERE, { "<Objs ", "EventLogRecord" } },
    { "events as PowerShell's list", ANYWHERE, { "ProviderName ", "LogName ", "MachineName " } },
    { "events as Event Viewer's table", COLUMNS, { "Date and Time", "Source", "Event ID" } },
    { "events as messages", ANYWHERE, { "LogName=", "EventCode=", "ComputerName=" } },
    { "events as YAML", ANYWHERE, { "EventRecordID:", "EventID:", "Channel:" } },
    { "events as Snare sends them", ANYWHERE, { "MSWinEventLog\t" } },
    { "events as Snare sends them", ANYWHERE, { "MSWinEventLog#011" } },
    { "events in the Common Event Format", ANYWHERE, { "CEF:0|Microsoft|", "Windows" } },
    { "events in the Log Event Extended Format", ANYWHERE, { "LEEF:", "|Microsoft|Windows|" } },
    { "a table of Microsoft Defender", COLUMNS, { "DeviceName", "ActionType", "ReportId" } },
    { "a table of Microsoft Defender",
      ANYWHERE,
      { "\"DeviceName\"", "\"ActionType\"", "\"InitiatingProcess" } },
    { "a table of Microsoft Defender", ANYWHERE, { "\"AdvancedHunting-Device", "\"ActionType\"" } },
    { "events as plaso's table", ANYWHERE, { "timestamp_desc", "source_long", "WinEVTX" } },
};

static bool has_words(st_str s, size_t row)
{
    const char *const *words = UNREAD[row].words;
    if (UNREAD[row].where == COLUMNS)
        return has_all(first_line(s), words, has_column);
    if (UNREAD[row].where == BEGINNING && !st_str_starts(s, st_str_of(words[0])))
        return false;
    return has_all(s, words, holds);
}

static bool is_unread(st_str s, st_kind *out)
{
    for (size_t i = 0; i < sizeof UNREAD / sizeof UNREAD[0]; i++)
        if (has_words(s, i)) {
            *out = (st_kind){ .name = UNREAD[i].form,
                              .todo = "a form that isn't read; name the log that they were made "
                                      "of, or export it with wevtutil epl" };
            return true;
        }
    return false;
}

/* Told by its first lines, before all else: what a client asked for can be any text, so it must
 * not make events of its own. */
static const char *access_log(st_str s)
{
    enum { LINES = 3 };
    st_str line;
    while (s.n && (unsigned char)s.p[0] >= 0x80)
        s = (st_str){ s.p + 1, s.n - 1 }; /* a byte order mark */
    for (unsigned n = 0; n < LINES && st_str_cut(&s, '\n', &line);) {
        line = st_str_trim(line);
        if (st_str_starts(line, ST_STR("#Fields:")))
            return holds(line, "cs-method") && holds(line, "cs-uri-stem") && holds(line, "time")
                       ? "access log of IIS"
                       : NULL;
        if (!line.n || line.p[0] == '#')
            continue;
        if (has_bracketed_time(line))
            return "access log";
        n++;
    }
    return NULL;
}

/* journalctl -o json-sse and json-seq; a relay that puts its stamp before what it passes on. */
size_t st_json_prefix(st_str line)
{
    static const st_str sse = { "data: ", 6 };
    const char *at = line.n ? memmem(line.p, line.n, "{\"", 2) : NULL;
    const char *event = at ? memmem(line.p, (size_t)(at - line.p), "<Event", 6) : NULL;
    if (!at || event)
        return 0;
    if (line.p[0] == '\x1e')
        return 1;
    if (st_str_starts(line, sse))
        return sse.n;
    return is_stamped(line) ? (size_t)(at - line.p) : 0;
}

bool st_tell_carrier(st_str head, st_str part, st_kind *out)
{
    st_str s = st_behind_type_line(behind_record_line(head)), line = first_line(s);
    size_t prefix = st_json_prefix(line);
    s = (st_str){ s.p + prefix, s.n - prefix };
    bool json = is_json(s);
    const char *tool = part.p == head.p ? tool_of(s, json) : NULL;
    const char *log = access_log(s);
    if (log)
        *out = (st_kind){ .name = log, .carrier = ST_CR_ACCESS };
    else if (tool)
        *out = (st_kind){ .name = tool };
    else if (json && has_json_event(part))
        *out = (st_kind){ .name = "events as JSON", .carrier = ST_CR_JSON };
    else if (!json && line.n && is_csv_of_events(line, part))
        *out = (st_kind){ .name = "events as CSV", .carrier = ST_CR_CSV };
    else if (!json && has_event(part) && (holds(part, "<System") || holds(part, WINDOWS)))
        *out = (st_kind){ .name = "events as XML", .carrier = ST_CR_XML };
    else
        return part.p == head.p && is_unread(s, out);
    return true;
}

static bool begins(st_str s, st_str word)
{
    return s.n >= word.n && st_fold_eq((st_str){ s.p, word.n }, word);
}

bool st_may_go_on(st_str head)
{
    enum { LINES = 32 };
    st_str s = behind_record_line(head);
    if (!s.n) /* blanks, so far */
        return head.n != 0;
    if (begins(s, ST_STR("<html")) || begins(s, ST_STR("<!doctype html")))
        return false;
    if (s.p[0] == '<' || is_json(s))
        return true;
    for (unsigned i = 0; i < LINES && s.n; i++) {
        st_str line = first_line(s);
        if (is_stamped(line))
            return true;
        size_t n = line.n < s.n ? line.n + 1 : line.n;
        s = (st_str){ s.p + n, s.n - n };
    }
    return false;
}
