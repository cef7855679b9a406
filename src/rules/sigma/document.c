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

/* A list or a map that isn't finished. */
typedef struct level {
    st_doc *doc;
    const st_doc *key; /* MAP: read, and its value isn't; NULL: a key is next */
    size_t keys_cap, items_cap;
    st_str anchor;
} level;

typedef struct anchor {
    st_str name;
    const st_doc *doc;
} anchor;

struct st_docs {
    yaml_parser_t parser;
    st_arena *arena;
    st_str file;
    st_diag_sink *diags;
    size_t chars, byte; /* libyaml counts characters: the byte of the one that was asked for last */
    size_t ascii;       /* the file's first bytes that are a character each */
    level levels[ST_MAX_YAML_DEPTH];
    size_t depth;
    anchor *anchors; /* of the document at hand; malloc'ed */
    size_t nanchors, anchors_cap;
    bool done;
};

st_docs *st_docs_open(st_arena *a, st_str file, st_diag_sink *d)
{
    st_docs *s = calloc(1, sizeof *s);
    if (!s || !yaml_parser_initialize(&s->parser)) {
        free(s);
        a->failed = true;
        return NULL;
    }
    s->arena = a;
    s->file = file;
    s->diags = d;
    if (st_str_starts(file, ST_STR("\xEF\xBB\xBF")))
        s->byte = 3; /* the mark is no character to libyaml */
    s->ascii = s->byte;
    while (s->ascii < file.n && (unsigned char)file.p[s->ascii] < 0x80)
        s->ascii++;
    yaml_parser_set_encoding(&s->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&s->parser, (const unsigned char *)file.p + s->byte,
                                 file.n - s->byte);
    return s;
}

void st_docs_close(st_docs *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->depth; i++) {
        free(s->levels[i].doc->keys);
        free(s->levels[i].doc->items);
    }
    yaml_parser_delete(&s->parser);
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
    st_doc *d = ST_NEW(s->arena, st_doc);
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
    return name ? st_arena_copy(s->arena, st_str_of((const char *)name)) : (st_str){ 0 };
}

static bool add(st_docs *s, level *l, const st_doc *d)
{
    st_doc *to = l->doc;
    if (to->kind == ST_DOC_MAP && !l->key) {
        if (d->kind != ST_DOC_TEXT) {
            stop(s, d->span.start, "a key that is a list or a map");
            return false;
        }
        l->key = d;
        return true;
    }
    to->weight += d->weight + (l->key ? 1 : 0);
    if (to->weight > ST_MAX_SIGMA_NODES) {
        stop(s, d->span.start, "this document unfolds to more than any rule needs");
        return false;
    }
    if (!st_grow(&to->items, &l->items_cap, to->n + 1, sizeof(const st_doc *)))
        return no_memory(s);
    if (to->kind == ST_DOC_MAP) {
        if (!st_grow(&to->keys, &l->keys_cap, to->n + 1, sizeof(const st_doc *)))
            return no_memory(s);
        to->keys[to->n] = l->key;
        l->key = NULL;
    }
    to->items[to->n++] = d;
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

static bool take_text(st_docs *s, const yaml_event_t *e, const st_doc **root)
{
    uint32_t start = byte_of(s, e->start_mark.index), end = byte_of(s, e->end_mark.index);
    st_doc *d = new_doc(s, ST_DOC_TEXT, start, end);
    if (!d)
        return false;
    d->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    d->text = st_arena_copy(s->arena,
                            (st_str){ (const char *)e->data.scalar.value, e->data.scalar.length });
    if (!d->text.p)
        return no_memory(s);
    st_span inner = d->span;
    d->direct = stands(s, e, &inner, d->text);
    if (d->direct)
        d->span = (st_span){ inner.start, inner.start + (uint32_t)(d->text.n ? d->text.n : 1) };
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
    st_doc *d = new_doc(s, map ? ST_DOC_MAP : ST_DOC_LIST, at, byte_of(s, e->end_mark.index));
    if (!d)
        return false;
    s->levels[s->depth++] = (level){
        .doc = d,
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

/* YAML says that keys differ; a later one that silently counted would hide half of a rule. */
static bool keys_differ(st_docs *s, const st_doc *map)
{
    if (map->kind != ST_DOC_MAP || map->n < 2)
        return true;
    const st_doc **sorted = malloc(map->n * sizeof(const st_doc *));
    if (!sorted)
        return no_memory(s);
    memcpy(sorted, map->keys, map->n * sizeof(const st_doc *));
    qsort(sorted, map->n, sizeof(const st_doc *), by_key);
    const st_doc *twice = NULL;
    for (size_t i = 1; i < map->n && !twice; i++)
        if (st_str_eq(sorted[i]->text, sorted[i - 1]->text))
            twice = sorted[i];
    free(sorted);
    if (!twice)
        return true;
    st_diag_at(s->diags, ST_SEV_ERROR, twice->span, NULL, "the key %.*s stands here a second time",
               ST_FMT(twice->text));
    s->done = true;
    return false;
}

/* From the heap, where it grew, into the arena. */
static bool settle(st_docs *s, st_doc *d)
{
    const st_doc **items = d->items, **keys = d->keys;
    bool map = d->kind == ST_DOC_MAP;
    d->items = ST_NEWN(s->arena, const st_doc *, d->n);
    d->keys = map ? ST_NEWN(s->arena, const st_doc *, d->n) : NULL;
    bool ok = d->items && (!map || d->keys);
    if (ok && d->n) {
        memcpy(d->items, items, d->n * sizeof(const st_doc *));
        if (map)
            memcpy(d->keys, keys, d->n * sizeof(const st_doc *));
    }
    free(items);
    free(keys);
    return ok || no_memory(s);
}

static bool close_level(st_docs *s, const st_doc **root)
{
    level *l = &s->levels[--s->depth];
    return settle(s, l->doc) && keys_differ(s, l->doc) && remember(s, l->anchor, l->doc) &&
           put(s, l->doc, root);
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
    if (!map || map->kind != ST_DOC_MAP)
        return NULL;
    for (size_t i = 0; i < map->n; i++)
        if (st_str_eq(map->keys[i]->text, st_str_of(key)))
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
    for (size_t i = 0; t->kind == ST_DOC_TEXT && t->plain && i < sizeof words / sizeof *words; i++)
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
    for (size_t i = 0; t->kind == ST_DOC_TEXT && t->plain && i < sizeof words / sizeof *words; i++)
        if (st_str_ieq(t->text, st_str_of(words[i].word))) {
            *out = words[i].value;
            return true;
        }
    return false;
}

static bool whole(const char *text, int base, double *out)
{
    char *end;
    if (!*text)
        return false;
    *out = (double)strtoull(text, &end, base);
    return !*end;
}

bool st_doc_number(const st_doc *t, double *out)
{
    char text[64];
    size_t n = 0;
    if (t->kind != ST_DOC_TEXT || !t->plain || !t->text.n || t->text.n >= sizeof text)
        return false;
    for (size_t i = 0; i < t->text.n; i++) {
        if (!strchr("0123456789abcdefABCDEFxX+-._", t->text.p[i]) || !t->text.p[i])
            return false;
        if (t->text.p[i] != '_')
            text[n++] = t->text.p[i];
    }
    text[n] = 0;
    const char *digits = text + (text[0] == '-' || text[0] == '+');
    bool ok;
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
        ok = strchr("-+", digits[2]) == NULL && whole(digits + 2, 16, out);
    else if (digits[0] == '0' && digits[1] && !strpbrk(digits, ".eE89"))
        ok = whole(digits, 8, out);
    else {
        char *end;
        ok = (digits[0] >= '0' && digits[0] <= '9') || digits[0] == '.';
        *out = ok ? strtod(digits, &end) : 0;
        ok = ok && !*end;
    }
    if (ok && text[0] == '-')
        *out = -*out;
    return ok;
}
