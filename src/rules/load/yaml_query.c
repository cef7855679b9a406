/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_query.c - the queries in YAML: Sentinel's analytics rules and hunting queries, Defender's
 * custom detections, and whatever else keeps KQL under one of the names below.
 *
 * A query's text differs from what stands in the file (its indent is gone, escapes are resolved).
 * The map says where each piece of it stands, so that errors are told by the file's lines.
 */
#include "rules/load/load.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* which keys mean something */

/* Keys from the document's top, a dot between; lists in between don't count. */
static const struct {
    const char *path, *key; /* key: as in a comment header; NULL: the query */
} meanings[] = {
    /* Sentinel: analytics rules and hunting queries */
    { "query", NULL },
    { "id", "id" },
    { "name", "title" },
    { "severity", "level" },
    { "relevantTechniques", "techniques" },
    { "techniques", "techniques" },
    { "description", "description" },
    { "metadata.author.name", "author" },
    /* Sentinel, as its own export writes them */
    { "properties.query", NULL },
    { "properties.displayName", "title" },
    { "properties.severity", "level" },
    { "properties.techniques", "techniques" },
    { "properties.description", "description" },
    /* Defender's custom detections */
    { "queryCondition.queryText", NULL },
    { "displayName", "title" },
    { "detectionAction.alertTemplate.title", "title" },
    { "detectionAction.alertTemplate.severity", "level" },
    { "detectionAction.alertTemplate.mitreTechniques", "techniques" },
    { "detectionAction.alertTemplate.tactics.techniques.technique", "techniques" },
    { "detectionAction.alertTemplate.tactics.techniques.subTechniques", "techniques" },
    { "detectionAction.alertTemplate.description", "description" },
    /* ... and as they are kept for tools that deploy them */
    { "queryText", NULL },
    { "guid", "id" },
    { "alertTitle", "title" },
    { "alertSeverity", "level" },
    { "alertDescription", "description" },
};
enum { MEANINGS = sizeof meanings / sizeof *meanings };

/* where a text stands in the file */

typedef struct st_places {
    st_text_place *v;
    size_t n, cap;
} st_places;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* How many bytes of white space begin here: NEL (U+0085) is a line break in YAML. */
static size_t blank_at(st_str raw, size_t at)
{
    return is_blank(raw.p[at]) ? 1 : at + 1 < raw.n && !memcmp(raw.p + at, "\xC2\x85", 2) ? 2 : 0;
}

/* How many bytes of the file an escape in double quotes takes; *blank: it stands for white space.
 */
static size_t escape(st_str raw, size_t at, bool *blank)
{
    int c = at + 1 < raw.n ? raw.p[at + 1] : 0;
    *blank = c && strchr("ntr \t\n\r", c) != NULL;
    return c == 'x' ? 4 : c == 'u' ? 6 : c == 'U' ? 10 : 2;
}

/* Notes that text stands at raw from here on, if that doesn't follow from the place before. */
static bool note(st_places *m, size_t text, size_t raw)
{
    const st_text_place *last = m->n ? &m->v[m->n - 1] : NULL;
    if (last && text - last->text == raw - last->file)
        return true;
    if (!st_grow(&m->v, &m->cap, m->n + 1, sizeof *m->v))
        return false;
    m->v[m->n++] = (st_text_place){ (uint32_t)text, (uint32_t)raw };
    return true;
}

/* Walks text and what it was written as side by side. White space corresponds to white space,
 * whatever it was folded into; all else is itself, or an escape. */
static bool align(st_str text, st_str file, size_t at, size_t end, unsigned style, st_places *m)
{
    bool twice = style == YAML_DOUBLE_QUOTED_SCALAR_STYLE,
         once = style == YAML_SINGLE_QUOTED_SCALAR_STYLE;
    st_str raw = { file.p, end };
    for (size_t i = 0; i < text.n;) {
        if (is_blank(text.p[i])) {
            i++;
            continue;
        }
        size_t escaped = 0;
        for (size_t n; at < end; at += n) {
            bool blank = true;
            escaped = twice && raw.p[at] == '\\' ? escape(raw, at, &blank) : 0;
            n = escaped ? escaped : blank_at(raw, at);
            if (!n || !blank)
                break;
        }
        if (at >= end || (!escaped && raw.p[at] != text.p[i]))
            return true; /* not as expected: what follows counts from the last place */
        if (!note(m, i, at))
            return false;
        size_t from = i;
        st_utf8_next(text, &i);
        at += escaped ? escaped : once && raw.p[at] == '\'' ? 2 : i - from;
    }
    return true;
}

/* Behind the sign, or the quote, that a scalar begins with: where its text may begin. */
static size_t content(st_str file, size_t at, unsigned style)
{
    static const char *const until[] = { [YAML_DOUBLE_QUOTED_SCALAR_STYLE] = "\"",
                                         [YAML_SINGLE_QUOTED_SCALAR_STYLE] = "'",
                                         [YAML_LITERAL_SCALAR_STYLE] = "\r\n",
                                         [YAML_FOLDED_SCALAR_STYLE] = "\r\n" };
    const char *stop = style < sizeof until / sizeof *until ? until[style] : NULL;
    while (stop && at < file.n && !strchr(stop, file.p[at]))
        at++; /* a tag, an anchor, how to chomp */
    return stop && at < file.n ? at + 1 : at;
}

/* A query that was pasted with the fence around it, as in Markdown (```kusto ... ```), which would
 * be one string to KQL: the fence becomes blanks. */
static void unfence(st_str text)
{
    static const char fence[] = "```";
    char *p = (char *)(uintptr_t)text.p;
    size_t start = 0, end = text.n, word;
    while (start < end && is_blank(p[start]))
        start++;
    while (end > start && is_blank(p[end - 1]))
        end--;
    for (word = start + 3; word < end && p[word] != '\n' && p[word] != '\r' && p[word] != '`';
         word++)
        ;
    if (end - start < 2 * sizeof fence || memcmp(p + start, fence, 3) != 0 ||
        memcmp(p + end - 3, fence, 3) != 0 || (p[word] != '\n' && p[word] != '\r'))
        return;
    memset(p + start, ' ', word - start);
    memset(p + end - 3, ' ', 3);
}

/* what a thing says of itself */

static void take_query(st_yaml *yaml, const st_yaml_source *y, const st_yaml_item *t,
                       st_yaml_query *q)
{
    st_places m = { 0 };
    size_t start = t->where.start;
    if (q->text.p) {
        st_diag_at(y->diags, ST_SEV_WARNING, (st_span){ t->where.start, t->where.start + 1 }, NULL,
                   "a second query; the first one is taken");
        return;
    }
    q->text = st_arena_copy(y->arena, t->text);
    if (q->text.p)
        unfence(q->text);
    if (!align(t->text, y->file, content(y->file, start, t->style), t->where.end, t->style, &m))
        y->arena->failed = true;
    st_text_place *all = ST_NEWN(y->arena, st_text_place, m.n);
    if (all && m.n)
        memcpy(all, m.v, m.n * sizeof *all);
    q->places = all;
    q->nplaces = all ? m.n : 0;
    q->line = st_yaml_line(yaml, m.n ? m.v[0].file : start);
    free(m.v);
}

static void take_field(const st_yaml_source *y, const char *key, const st_yaml_item *t,
                       st_yaml_query *q)
{
    if (q->nfields < ST_MAX_YAML_FIELDS)
        q->fields[q->nfields++] =
            (st_yaml_field){ st_str_of(key), st_arena_copy(y->arena, st_str_trim(t->text)),
                             t->where };
}

static void take_text(st_yaml *yaml, const st_yaml_source *y, const st_yaml_item *t,
                      st_yaml_query *q)
{
    for (size_t i = 0; i < MEANINGS; i++) {
        if (!st_str_eq(t->path, st_str_of(meanings[i].path)))
            continue;
        if (meanings[i].key)
            take_field(y, meanings[i].key, t, q);
        else
            take_query(yaml, y, t, q);
    }
}

bool st_yaml_next_query(st_yaml *y, const st_yaml_source *from, st_yaml_query *q)
{
    st_yaml_item t;
    while (st_yaml_next(y, &t)) {
        if (t.what == ST_YAML_BEGIN) {
            q->text = (st_str){ 0 };
            q->nfields = 0;
        } else if (t.what == ST_YAML_TEXT) {
            take_text(y, from, &t, q);
        } else if (q->text.p) {
            return true;
        }
    }
    return false;
}
