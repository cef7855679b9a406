/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.c - libyaml's events put together as trees.
 *
 * libyaml knows no types: what is null or a number is told from a text that has no quotes, by the
 * rules of YAML 1.1, which authors of rules test with.
 */
#include "rules/sigma/document.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A list or a map that isn't finished: its parts are the stack's from `first` on, a map's keys each
 * in front of its value. */
typedef struct level {
    st_doc *doc;
    size_t first;
    bool merges; /* MAP: a key of it is << */
    st_str anchor;
} level;

typedef struct anchor {
    st_str name;
    const st_doc *doc;
} anchor;

struct st_docs {
    yaml_parser_t parser;
    st_arena *arena; /* the caller's: texts that don't stand in the file letter by letter */
    st_arena nodes;
    st_str file;
    st_diag_sink *diags;
    size_t chars, byte; /* libyaml counts characters: the byte of the one that was asked for last */
    size_t ascii;       /* the file's first bytes that are a character each */
    level *levels;      /* ST_MAX_YAML_DEPTH of them */
    size_t depth;
    const st_doc **parts; /* of all levels */
    size_t nparts, parts_cap;
    anchor *anchors; /* of the document at hand; malloc'ed */
    size_t nanchors, anchors_cap;
    bool done;
};

st_docs *st_docs_open(st_arena *a, st_str file, st_diag_sink *d)
{
    st_docs *s = calloc(1, sizeof *s);
    level *levels = malloc(ST_MAX_YAML_DEPTH * sizeof *levels);
    if (!s || !levels || !yaml_parser_initialize(&s->parser)) {
        free(levels);
        free(s);
        a->failed = true;
        return NULL;
    }
    s->levels = levels;
    s->arena = a;
    s->file = file;
    s->diags = d;
    if (st_str_starts(file, ST_STR("\xEF\xBB\xBF")))
        s->byte = 3; /* the mark is no character to libyaml */
    s->ascii = st_ascii_end(file, s->byte);
    yaml_parser_set_encoding(&s->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&s->parser, (const unsigned char *)file.p + s->byte,
                                 file.n - s->byte);
    return s;
}

void st_docs_close(st_docs *s)
{
    if (!s)
        return;
    yaml_parser_delete(&s->parser);
    st_arena_free(&s->nodes);
    free(s->parts);
    free(s->levels);
    free(s->anchors);
    free(s);
}

/* errors */

/* The byte of a character; they are asked for in rising order. */
static uint32_t byte_of(st_docs *s, size_t chars)
{
    if (s->byte < s->ascii && s->chars < chars) {
        size_t left = s->ascii - s->byte, more = chars - s->chars, n = more < left ? more : left;
        s->chars += n;
        s->byte += n;
    }
    for (; s->chars < chars && s->byte < s->file.n; s->chars++)
        st_utf8_next(s->file, &s->byte);
    return (uint32_t)s->byte;
}

static void stop(st_docs *s, uint32_t at, const char *what)
{
    st_diag_at(s->diags, ST_SEV_ERROR, (st_span){ at, at + 1 }, NULL, "%s", what);
    s->done = true;
}

static void not_yaml(st_docs *s)
{
    const yaml_parser_t *p = &s->parser;
    s->done = true;
    if (p->error == YAML_MEMORY_ERROR) {
        s->arena->failed = true;
        return;
    }
    uint32_t at = p->error == YAML_READER_ERROR ? (uint32_t)p->problem_offset
                                                : byte_of(s, p->problem_mark.index);
    st_diag_at(s->diags, ST_SEV_ERROR, (st_span){ at, at + 1 }, NULL, "this isn't YAML: %s",
               p->problem ? p->problem : "it can't be read");
}

/* nodes */

static bool no_memory(st_docs *s)
{
    s->arena->failed = true;
    s->done = true;
    return false;
}

static st_doc *new_doc(st_docs *s, st_doc_kind kind, uint32_t start, uint32_t end)
{
    st_doc *d = ST_NEW(&s->nodes, st_doc);
    if (!d) {
        no_memory(s);
        return NULL;
    }
    d->kind = kind;
    d->weight = 1;
    d->span = (st_span){ start, end > start ? end : start + 1 };
    return d;
}

static bool remember(st_docs *s, st_str name, const st_doc *d)
{
    if (!name.n)
        return true;
    if (!st_grow(&s->anchors, &s->anchors_cap, s->nanchors + 1, sizeof *s->anchors))
        return no_memory(s);
    s->anchors[s->nanchors++] = (anchor){ name, d };
    return true;
}

static const st_doc *anchored(const st_docs *s, st_str name)
{
    for (size_t i = s->nanchors; i-- > 0;)
        if (st_str_eq(s->anchors[i].name, name))
            return s->anchors[i].doc;
    return NULL;
}

static st_str anchor_name(st_docs *s, const yaml_char_t *name)
{
    return name ? st_arena_copy(&s->nodes, st_str_of((const char *)name)) : (st_str){ 0 };
}

static bool is_key_next(const st_docs *s, const level *l)
{
    return l->doc->kind == ST_DOC_MAP && (s->nparts - l->first) % 2 == 0;
}

static bool is_merge(const st_doc *key)
{
    return key->plain && st_str_eq(key->text, ST_STR("<<"));
}

static bool add(st_docs *s, level *l, const st_doc *d)
{
    bool key = is_key_next(s, l);
    if (key && d->kind != ST_DOC_TEXT) {
        stop(s, d->span.start, "a key that is a list or a map");
        return false;
    }
    l->merges = l->merges || (key && is_merge(d));
    l->doc->weight += d->weight;
    if (l->doc->weight > ST_MAX_SIGMA_NODES) {
        stop(s, d->span.start, "this document unfolds to more than any rule needs");
        return false;
    }
    if (!st_grow(&s->parts, &s->parts_cap, s->nparts + 1, sizeof(const st_doc *)))
        return no_memory(s);
    s->parts[s->nparts++] = d;
    return true;
}

/* A whole node: into what is around it, or, without that, the document's root. */
static bool put(st_docs *s, const st_doc *d, const st_doc **root)
{
    if (s->depth)
        return add(s, &s->levels[s->depth - 1], d);
    *root = d;
    return true;
}

/* A text that stands in the file as it is: quotes around it don't count. */
static bool stands(const st_docs *s, const yaml_event_t *e, st_span *span, st_str text)
{
    if (e->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
        e->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        span->start++;
    return span->start + text.n <= s->file.n && !memcmp(s->file.p + span->start, text.p, text.n);
}

/* Tags: YAML's own say what a node is, whatever its quotes; others mean nothing here. */

static bool is_tag(const yaml_char_t *tag, const char *name)
{
    st_str t = st_str_of((const char *)tag), own = ST_STR("tag:yaml.org,2002:");
    return st_str_starts(t, own) &&
           st_str_eq((st_str){ t.p + own.n, t.n - own.n }, st_str_of(name));
}

static bool unknown_tag(st_docs *s, uint32_t at)
{
    stop(s, at, "a tag that a rule has no use for");
    return false;
}

/* Whether a text may be null, a number or a truth value; false: its tag is unknown. */
static bool resolves(st_docs *s, const yaml_event_t *e, uint32_t at, bool *plain)
{
    static const char *const types[] = { "null", "bool", "int", "float" };
    const yaml_char_t *tag = e->data.scalar.tag;
    *plain = !tag && e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (!tag || !strcmp((const char *)tag, "!") || is_tag(tag, "str") || is_tag(tag, "timestamp"))
        return true;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (is_tag(tag, types[i]))
            return *plain = true;
    return unknown_tag(s, at);
}

static bool take_text(st_docs *s, const yaml_event_t *e, const st_doc **root)
{
    uint32_t start = byte_of(s, e->start_mark.index), end = byte_of(s, e->end_mark.index);
    st_doc *d = new_doc(s, ST_DOC_TEXT, start, end);
    if (!d)
        return false;
    if (!resolves(s, e, start, &d->plain))
        return false;
    st_str text = { (const char *)e->data.scalar.value, e->data.scalar.length };
    st_span inner = d->span;
    d->direct = stands(s, e, &inner, text);
    if (d->direct)
        d->span = (st_span){ inner.start, inner.start + (uint32_t)(text.n ? text.n : 1) };
    d->text =
        d->direct ? (st_str){ s->file.p + inner.start, text.n } : st_arena_copy(s->arena, text);
    if (!d->text.p)
        return no_memory(s);
    return remember(s, anchor_name(s, e->data.scalar.anchor), d) && put(s, d, root);
}

static bool open_level(st_docs *s, const yaml_event_t *e)
{
    bool map = e->type == YAML_MAPPING_START_EVENT;
    uint32_t at = byte_of(s, e->start_mark.index);
    if (s->depth == ST_MAX_YAML_DEPTH) {
        stop(s, at, "nested too deep");
        return false;
    }
    const yaml_char_t *tag = map ? e->data.mapping_start.tag : e->data.sequence_start.tag;
    if (tag && !is_tag(tag, map ? "map" : "seq"))
        return unknown_tag(s, at);
    st_doc *d = new_doc(s, map ? ST_DOC_MAP : ST_DOC_LIST, at, byte_of(s, e->end_mark.index));
    if (!d)
        return false;
    s->levels[s->depth++] = (level){
        .doc = d,
        .first = s->nparts,
        .anchor = anchor_name(s, map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor)
    };
    return true;
}

static int by_key(const void *a, const void *b)
{
    const st_doc *const *x = a, *const *y = b;
    int d = st_str_cmp((*x)->text, (*y)->text);
    return d ? d : ((*x)->span.start > (*y)->span.start) - ((*x)->span.start < (*y)->span.start);
}

enum { FEW_KEYS = 16 }; /* so few are compared each with each */

/* The first key that stands a second time; NULL: none does. */
static const st_doc *twice_of_few(const st_doc *map)
{
    for (size_t i = 1; i < map->n; i++)
        for (size_t k = 0; k < i; k++)
            if (st_str_eq(map->keys[i]->text, map->keys[k]->text))
                return map->keys[i];
    return NULL;
}

/* The same of many; sorted has room for them. */
static const st_doc *twice_of_many(const st_doc *map, const st_doc **sorted)
{
    memcpy(sorted, map->keys, map->n * sizeof(const st_doc *));
    qsort(sorted, map->n, sizeof(const st_doc *), by_key);
    for (size_t i = 1; i < map->n; i++)
        if (st_str_eq(sorted[i]->text, sorted[i - 1]->text))
            return sorted[i];
    return NULL;
}

/* YAML says that keys differ; a later one that silently counted would hide half of a rule. */
static bool keys_differ(st_docs *s, const st_doc *map)
{
    const st_doc **sorted = NULL;
    if (map->n > FEW_KEYS && !(sorted = malloc(map->n * sizeof(const st_doc *))))
        return no_memory(s);
    const st_doc *twice = sorted ? twice_of_many(map, sorted) : twice_of_few(map);
    free(sorted);
    if (!twice)
        return true;
    st_diag_at(s->diags, ST_SEV_ERROR, twice->span, NULL, "the key %.*s stands here a second time",
               ST_FMT(twice->text));
    s->done = true;
    return false;
}

/* Room for n of a list's items or a map's pairs. */
static bool make_room(st_docs *s, st_doc *d, size_t n)
{
    bool map = d->kind == ST_DOC_MAP;
    d->items = ST_NEWN(&s->nodes, const st_doc *, n);
    d->keys = map ? ST_NEWN(&s->nodes, const st_doc *, n) : NULL;
    return (d->items && (!map || d->keys)) || no_memory(s);
}

static void put_pair(st_doc *map, const st_doc *key, const st_doc *value)
{
    map->keys[map->n] = key;
    map->items[map->n++] = value;
}

/* From the stack into the node. */
static bool settle(st_docs *s, const level *l)
{
    st_doc *d = l->doc;
    size_t n = s->nparts - l->first;
    const st_doc **parts = n ? s->parts + l->first : NULL;
    size_t step = d->kind == ST_DOC_MAP ? 2 : 1;
    s->nparts = l->first;
    if (!make_room(s, d, n / step))
        return false;
    if (step == 1 && n)
        memcpy(d->items, parts, n * sizeof(const st_doc *));
    d->n = step == 1 ? n : 0;
    for (size_t i = 0; step == 2 && i < n; i += 2)
        put_pair(d, parts[i], parts[i + 1]);
    return true;
}

/* merge keys: https://yaml.org/type/merge.html */

enum { MOST_MERGED = 1024 }; /* keys of one map: they are compared each with each */

/* The maps that a merge names, in their order; NULL: it is neither a map nor a list of them. */
static const st_doc *const *merged(const st_doc *const *value, size_t *n)
{
    bool list = (*value)->kind == ST_DOC_LIST;
    const st_doc *const *maps = list ? (*value)->items : value;
    *n = list ? (*value)->n : 1;
    for (size_t i = 0; i < *n; i++)
        if (maps[i]->kind != ST_DOC_MAP)
            return NULL;
    return maps;
}

/* What a map has that stands nowhere in `to`. */
static void add_missing(st_doc *to, const st_doc *from)
{
    for (size_t i = 0; i < from->n; i++) {
        bool has = false;
        for (size_t k = 0; k < to->n && !has; k++)
            has = st_str_eq(to->keys[k]->text, from->keys[i]->text);
        if (!has)
            put_pair(to, from->keys[i], from->items[i]);
    }
}

/* The map's own keys, and behind them those of the maps that its << names. */
static bool merge(st_docs *s, st_doc *map)
{
    const st_doc own = *map;
    size_t at = 0, n = 0;
    while (!is_merge(own.keys[at]))
        at++;
    const st_doc *const *maps = merged(&own.items[at], &n);
    size_t most = own.n - 1;
    for (size_t k = 0; maps && k < n; k++)
        most += maps[k]->n;
    if (!maps || most > MOST_MERGED) {
        stop(s, own.items[at]->span.start,
             maps ? "<< merges more keys than any rule needs" : "<< merges maps, and this is none");
        return false;
    }
    map->n = 0;
    if (!make_room(s, map, most))
        return false;
    for (size_t i = 0; i < own.n; i++)
        if (i != at)
            put_pair(map, own.keys[i], own.items[i]);
    for (size_t k = 0; k < n; k++)
        add_missing(map, maps[k]);
    return true;
}

static bool close_map(st_docs *s, const level *l)
{
    return l->doc->kind != ST_DOC_MAP ||
           (keys_differ(s, l->doc) && (!l->merges || merge(s, l->doc)));
}

static bool close_level(st_docs *s, const st_doc **root)
{
    level l = s->levels[--s->depth];
    return settle(s, &l) && close_map(s, &l) && remember(s, l.anchor, l.doc) && put(s, l.doc, root);
}

static bool take_alias(st_docs *s, const yaml_event_t *e, const st_doc **root)
{
    uint32_t at = byte_of(s, e->start_mark.index);
    const st_doc *d = anchored(s, st_str_of((const char *)e->data.alias.anchor));
    if (d)
        return put(s, d, root);
    stop(s, at, "an alias of what isn't there (or of what is around it)");
    return false;
}

/* One event; false: the file ends here. *ended: a document is whole. */
static bool take(st_docs *s, const yaml_event_t *e, const st_doc **root, bool *ended)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT: return take_text(s, e, root);
    case YAML_ALIAS_EVENT: return take_alias(s, e, root);
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT: return open_level(s, e);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT: return close_level(s, root);
    case YAML_DOCUMENT_START_EVENT: s->nanchors = 0; return true;
    case YAML_DOCUMENT_END_EVENT: *ended = true; return true;
    case YAML_STREAM_END_EVENT: s->done = true; return false;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT: return true;
    }
    return true;
}

const st_doc *st_docs_next(st_docs *s)
{
    const st_doc *root = NULL;
    bool ended = false;
    while (!s->done && !ended) {
        yaml_event_t e;
        if (!yaml_parser_parse(&s->parser, &e)) {
            not_yaml(s);
            return NULL;
        }
        bool on = take(s, &e, &root, &ended);
        yaml_event_delete(&e);
        if (!on)
            return NULL;
    }
    return root;
}

/* reading a tree */

const st_doc *st_doc_get(const st_doc *map, const char *key)
{
    st_str name = st_str_of(key);
    for (size_t i = 0; map && map->kind == ST_DOC_MAP && i < map->n; i++)
        if (st_str_eq(map->keys[i]->text, name))
            return map->items[i];
    return NULL;
}

st_str st_doc_text(const st_doc *map, const char *key)
{
    const st_doc *d = st_doc_get(map, key);
    return d && d->kind == ST_DOC_TEXT ? d->text : (st_str){ 0 };
}

bool st_doc_is_null(const st_doc *t)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL" };
    bool may = t->kind == ST_DOC_TEXT && t->plain && t->text.n <= 4;
    for (size_t i = 0; may && i < sizeof words / sizeof *words; i++)
        if (st_str_eq(t->text, st_str_of(words[i])))
            return true;
    return false;
}

bool st_doc_truth(const st_doc *t, bool *out)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = { { "true", true },   { "yes", true }, { "on", true },
                  { "false", false }, { "no", false }, { "off", false } };
    bool may = t->kind == ST_DOC_TEXT && t->plain && t->text.n <= 5;
    for (size_t i = 0; may && i < sizeof words / sizeof *words; i++)
        if (st_str_ieq(t->text, st_str_of(words[i].word))) {
            *out = words[i].value;
            return true;
        }
    return false;
}

/* Digits of that base and nothing else, '_' between them; false: it isn't that. */
static bool whole(st_str s, unsigned base, double *out)
{
    size_t digits = 0;
    *out = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i], low = c | 0x20;
        unsigned v = base;
        if (c >= '0' && c <= '9')
            v = c - (unsigned)'0';
        else if (low >= 'a' && low <= 'f')
            v = low - (unsigned)'a' + 10;
        if (c == '_' && i)
            continue;
        if (v >= base)
            return false;
        *out = *out * base + v;
        digits++;
    }
    return digits > 0;
}

/* digits '.' digits, either may be missing, and an exponent with its sign */
static bool fraction(st_str s, double *out)
{
    char text[64], *end;
    size_t n = 0, points = 0, digits = 0, i = 0;
    for (; i < s.n && n < sizeof text - 1 && strchr("0123456789_.", s.p[i]) && s.p[i]; i++) {
        points += s.p[i] == '.';
        digits += s.p[i] >= '0' && s.p[i] <= '9';
        if (s.p[i] != '_')
            text[n++] = s.p[i];
    }
    bool power = i + 2 < s.n && (s.p[i] | 0x20) == 'e' && (s.p[i + 1] == '-' || s.p[i + 1] == '+');
    for (size_t k = power ? i : s.n; k < s.n && n < sizeof text - 1; k++, i++)
        text[n++] = s.p[k];
    text[n] = 0;
    if (points != 1 || !digits || i != s.n || (s.p[0] == '_'))
        return false;
    *out = strtod(text, &end);
    return !*end;
}

bool st_doc_number(const st_doc *t, double *out)
{
    st_str s = t->text;
    if (t->kind != ST_DOC_TEXT || !t->plain || !s.n || s.n >= 64)
        return false;
    bool minus = s.p[0] == '-';
    if (minus || s.p[0] == '+')
        s = (st_str){ s.p + 1, s.n - 1 };
    bool zero = s.n > 1 && s.p[0] == '0', ok;
    if (zero && s.p[1] == 'x')
        ok = whole((st_str){ s.p + 2, s.n - 2 }, 16, out);
    else
        ok = whole(s, zero ? 8 : 10, out) || fraction(s, out);
    if (ok && minus)
        *out = -*out;
    return ok;
}
