/*
 * yaml.c - finds the queries in YAML: Sentinel's analytics rules and hunting queries, Defender's
 * custom detections, and whatever else keeps KQL under one of the names below.
 *
 * libyaml gives events, one after the other, and no tree is made: what is kept is the text of the
 * few keys that mean something, so that neither depth nor aliases of aliases cost anything. A
 * mapping that is a document, or an item of a document's list, is what may hold a query.
 *
 * A query's text differs from what stands in the file (its indent is gone, escapes are resolved).
 * The map says where each piece of it stands, so that errors are told by the file's lines.
 */
#include "rules/load/load.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* ---- which keys mean something ------------------------------------------------------------ */

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
    { "detectionAction.alertTemplate.description", "description" },
};
enum { MEANINGS = sizeof meanings / sizeof *meanings };

/* ---- the reader ----------------------------------------------------------------------------- */

typedef struct level {
    bool mapping, value; /* value: of a mapping: a key was read */
    size_t path;         /* how much of the path belongs to what is around it */
} level;

struct st_yaml {
    yaml_parser_t parser;
    st_arena *arena;
    st_str file;
    st_kql_diags *diags;
    level levels[ST_MAX_YAML_DEPTH];
    size_t depth;
    st_buf path; /* the keys that lead here */
    size_t top;  /* depth of the mapping that may hold a query; 0: outside of one */
    st_yaml_query now;
    size_t fields_cap;
    bool done;
    /* libyaml counts characters: where the one is that was asked for last */
    size_t chars, byte;
};

/* The byte of a character; they are asked for in rising order. */
static size_t byte_of(st_yaml *y, size_t chars)
{
    for (; y->chars < chars && y->byte < y->file.n; y->chars++)
        st_utf8_next(y->file, &y->byte);
    return y->byte;
}

st_yaml *st_yaml_open(st_arena *a, st_str file, st_kql_diags *d)
{
    st_yaml *y = calloc(1, sizeof *y);
    if (!y || !yaml_parser_initialize(&y->parser)) {
        free(y);
        a->failed = true;
        return NULL;
    }
    y->arena = a;
    y->file = file;
    y->diags = d;
    if (st_str_starts(file, ST_STR("\xEF\xBB\xBF")))
        y->byte = 3; /* the mark is no character to libyaml */
    yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&y->parser, (const unsigned char *)file.p + y->byte, file.n - y->byte);
    return y;
}

void st_yaml_close(st_yaml *y)
{
    if (!y)
        return;
    yaml_parser_delete(&y->parser);
    st_buf_free(&y->path);
    free(y->now.fields);
    free(y);
}

static void not_yaml(st_yaml *y)
{
    const yaml_parser_t *p = &y->parser;
    size_t at = p->error == YAML_READER_ERROR ? p->problem_offset : byte_of(y, p->problem_mark.index);
    st_span span = { (uint32_t)at, (uint32_t)at + 1 };
    if (p->error == YAML_MEMORY_ERROR)
        y->arena->failed = true;
    else
        st_kql_diag(y->diags, ST_SEV_ERROR, span, NULL, "this isn't YAML: %s",
                    p->problem ? p->problem : "it can't be read");
}

/* ---- where a text stands in the file ---------------------------------------------------------- */

typedef struct st_places {
    st_kql_place *v;
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

/* How many bytes of the file an escape in double quotes takes; *blank: it stands for white space. */
static size_t escape(st_str raw, size_t at, bool *blank)
{
    char c = at + 1 < raw.n ? raw.p[at + 1] : 0;
    *blank = c && strchr("ntr \t\n\r", c) != NULL;
    return c == 'x' ? 4 : c == 'u' ? 6 : c == 'U' ? 10 : 2;
}

/* Notes that text stands at raw from here on, if that doesn't follow from the place before. */
static bool note(st_places *m, size_t text, size_t raw)
{
    const st_kql_place *last = m->n ? &m->v[m->n - 1] : NULL;
    if (last && text - last->text == raw - last->file)
        return true;
    if (!st_grow(&m->v, &m->cap, m->n + 1, sizeof *m->v))
        return false;
    m->v[m->n++] = (st_kql_place){ (uint32_t)text, (uint32_t)raw };
    return true;
}

/* Walks text and what it was written as side by side. White space corresponds to white space,
 * whatever it was folded into; all else is itself, or an escape. */
static bool align(st_str text, st_str file, size_t at, size_t end, yaml_scalar_style_t style, st_places *m)
{
    bool twice = style == YAML_DOUBLE_QUOTED_SCALAR_STYLE, once = style == YAML_SINGLE_QUOTED_SCALAR_STYLE;
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
static size_t content(st_str file, size_t at, yaml_scalar_style_t style)
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

static unsigned line_at(st_str file, size_t at)
{
    unsigned line = 1;
    for (size_t i = 0; i < at && i < file.n; i++)
        line += file.p[i] == '\n';
    return line;
}

/* ---- what a mapping says ------------------------------------------------------------------------ */

static void take_query(st_yaml *y, const yaml_event_t *e, st_str text, size_t start, size_t end)
{
    st_places m = { 0 };
    yaml_scalar_style_t style = e->data.scalar.style;
    if (y->now.text.p) {
        st_kql_diag(y->diags, ST_SEV_WARNING, (st_span){ (uint32_t)start, (uint32_t)start + 1 }, NULL,
                    "a second query; the first one is taken");
        return;
    }
    y->now.text = st_arena_copy(y->arena, text);
    if (!align(text, y->file, content(y->file, start, style), end, style, &m))
        y->arena->failed = true;
    st_kql_place *places = ST_NEWN(y->arena, st_kql_place, m.n);
    if (places && m.n)
        memcpy(places, m.v, m.n * sizeof *places);
    y->now.places = places;
    y->now.nplaces = places ? m.n : 0;
    y->now.line = line_at(y->file, m.n ? m.v[0].file : start);
    free(m.v);
}

static void take_field(st_yaml *y, const char *key, st_str text, size_t start, size_t end)
{
    if (y->now.nfields == ST_MAX_YAML_FIELDS)
        return;
    if (!st_grow(&y->now.fields, &y->fields_cap, y->now.nfields + 1, sizeof *y->now.fields)) {
        y->arena->failed = true;
        return;
    }
    y->now.fields[y->now.nfields++] =
        (st_yaml_field){ st_str_of(key), st_arena_copy(y->arena, st_str_trim(text)), { (uint32_t)start, (uint32_t)end } };
}

static void take_scalar(st_yaml *y, const yaml_event_t *e)
{
    st_str text = { (const char *)e->data.scalar.value, e->data.scalar.length }, path = st_buf_slice(&y->path);
    size_t start = byte_of(y, e->start_mark.index), end = byte_of(y, e->end_mark.index);
    for (size_t i = 0; i < MEANINGS; i++) {
        if (!st_str_eq(path, st_str_of(meanings[i].path)))
            continue;
        if (meanings[i].key)
            take_field(y, meanings[i].key, text, start, end);
        else
            take_query(y, e, text, start, end);
    }
}

/* ---- events ------------------------------------------------------------------------------------- */

static level *inner(st_yaml *y)
{
    return y->depth ? &y->levels[y->depth - 1] : NULL;
}

/* A key leads one further. Paths that are longer than any that means something stay as they are. */
static void take_key(st_yaml *y, const yaml_event_t *e)
{
    level *l = inner(y);
    y->path.n = l->path;
    if (y->path.n)
        st_buf_char(&y->path, '.');
    size_t n = e->data.scalar.length < 64 ? e->data.scalar.length : 64;
    st_buf_put(&y->path, e->data.scalar.value, n);
    l->value = true;
}

/* A value has ended, and a key comes next; or a key that is no plain text, and means nothing. */
static void node_ends(st_yaml *y)
{
    level *l = inner(y);
    if (!l || !l->mapping)
        return;
    y->path.n = l->path;
    if (!l->value)
        st_buf_char(&y->path, '?');
    l->value = !l->value;
}

static bool opens(st_yaml *y, const yaml_event_t *e)
{
    if (y->depth == ST_MAX_YAML_DEPTH) {
        size_t at = byte_of(y, e->start_mark.index);
        st_kql_diag(y->diags, ST_SEV_ERROR, (st_span){ (uint32_t)at, (uint32_t)at + 1 }, NULL,
                    "nested too deep (more than %u levels)", ST_MAX_YAML_DEPTH);
        return false;
    }
    const level *l = inner(y);
    bool mapping = e->type == YAML_MAPPING_START_EVENT;
    bool top = mapping && !y->top && (!l || (y->depth == 1 && !l->mapping));
    if (l && l->mapping && !l->value)
        st_buf_char(&y->path, '?');
    y->levels[y->depth++] = (level){ .mapping = mapping, .path = y->path.n };
    if (top) {
        y->top = y->depth;
        y->now = (st_yaml_query){ .fields = y->now.fields };
    }
    return true;
}

/* True if a mapping has ended that holds a query. */
static bool closes(st_yaml *y)
{
    bool top = y->top && y->depth == y->top;
    y->depth--;
    node_ends(y);
    if (top)
        y->top = 0;
    return top && y->now.text.p;
}

static bool take_event(st_yaml *y, const yaml_event_t *e)
{
    level *l = inner(y);
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        if (l && l->mapping && !l->value) {
            take_key(y, e);
            return false;
        }
        if (y->top)
            take_scalar(y, e);
        node_ends(y);
        return false;
    case YAML_ALIAS_EVENT: node_ends(y); return false;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: y->done = !opens(y, e); return false;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return closes(y);
    case YAML_STREAM_END_EVENT: y->done = true; return false;
    default: return false;
    }
}

bool st_yaml_next(st_yaml *y, st_yaml_query *out)
{
    bool found = false;
    while (!y->done && !found && !y->arena->failed) {
        yaml_event_t e;
        if (!yaml_parser_parse(&y->parser, &e)) {
            not_yaml(y);
            y->done = true;
            return false;
        }
        found = take_event(y, &e);
        yaml_event_delete(&e);
    }
    if (y->path.failed)
        y->arena->failed = true;
    *out = y->now;
    return found;
}
