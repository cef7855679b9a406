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

/* All of the words, which a NUL ends. */
static bool holds_all(st_str s, const char *const *words)
{
    for (; *words; words++)
        if (!holds(s, *words))
            return false;
    return true;
}

/* What hunting tools write: a selection of events, not the events. */
static const struct {
    const char *tool;
    const char *words[5]; /* all of them; the last is NULL */
} RESULTS[] = {
    { "results of hayabusa", { "RuleTitle", "Details", "Computer" } },
    { "results of hayabusa", { "RuleTitle", "RuleFile", "EventID" } },
    { "results of hayabusa", { "RuleTitle", "RecordID", "Level" } },
    { "results of chainsaw", { "\"group\"", "\"document\"", "\"kind\"", "\"authors\"" } },
    { "results of chainsaw", { "timestamp,detections,path" } },
    { "results of Zircolite", { "\"rule_level\"", "\"matches\"", "\"sigma" } },
    { "results of Zircolite", { "rule_title;", "rule_level;" } },
    { "results of Zircolite", { "rule_title,", "rule_level," } },
    { "results of shelltree", { "\"RuleIds\"", "\"Kind\"", "\"ProcessGuid\"", "\"Origin\"" } },
    { "results of shelltree", { "UtcTime", "Computer", "Level", "Techniques" } },
    { "results of shelltree", { "\"Origin\"", "\"Source\"", "\"Provider\"", "\"EventRecordID\"" } },
    { "results of shelltree", { "\"WebServerImage\"", "\"ChainLink\"" } },
};

static const char *tool_of(st_str s)
{
    for (size_t i = 0; i < sizeof RESULTS / sizeof RESULTS[0]; i++)
        if (holds_all(s, RESULTS[i].words))
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

static bool is_json_of_events(st_str s)
{
    static const char *const words[] = { "\"EventID\"",      "\"event_id\"",  "\"EventId\"",
                                         "\"event_data\"",   "\"winlog",      "\"EventRecordID\"",
                                         "\"ProcessGuid\"",  "\"entity_id\"", "\"_raw\"",
                                         "\"EventRecordId\"" };
    if (!s.n || (s.p[0] != '{' && s.p[0] != '['))
        return false;
    if (holds(s, "\"MESSAGE\"") && (holds(s, "<Event") || holds(s, "sysmon")))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (holds(s, words[i]))
            return true;
    return false;
}

static bool is_csv_of_events(st_str s)
{
    const char *eol = memchr(s.p, '\n', s.n);
    st_str head = { s.p, eol ? (size_t)(eol - s.p) : s.n };
    if (!eol || !memchr(head.p, ',', head.n) || head.p[0] == '<')
        return false;
    return (holds(head, "EventRecordId") && holds(head, "Payload")) ||
           (holds(head, "_raw") && has_event(s));
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

bool st_tell_carrier(st_str text, st_kind *out)
{
    st_str s = behind_record_line(text);
    const char *log = access_log(text), *tool = tool_of(s);
    if (log)
        *out = (st_kind){ .name = log, .carrier = ST_CR_ACCESS };
    else if (tool)
        *out = (st_kind){ .name = tool };
    else if (s.n && is_json_of_events(s))
        *out = (st_kind){ .name = "events as JSON", .carrier = ST_CR_JSON };
    else if (s.n && is_csv_of_events(s))
        *out = (st_kind){ .name = "events as CSV", .carrier = ST_CR_CSV };
    else if (has_event(s) && (holds(s, "<System") || holds(s, WINDOWS)))
        *out = (st_kind){ .name = "events as XML", .carrier = ST_CR_XML };
    else
        return false;
    return true;
}
