/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml.c - walks a YAML file: what its documents say, text by text.
 *
 * libyaml gives events, one after the other, and no tree is made: neither depth nor aliases of
 * aliases cost anything. A mapping that is a document, or an item of a document's list, is a thing
 * of its own; what is told of it is each text in it, with the keys that lead there.
 */
#include "rules/load/load.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* the reader */

typedef struct level {
    bool mapping, value; /* value: of a mapping: a key was read */
    size_t path;         /* how much of the path belongs to what is around it */
    size_t items;        /* of a list: how many were met */
} level;

struct st_yaml {
    yaml_parser_t parser;
    st_arena *arena;
    st_str file;
    st_diag_sink *diags;
    level levels[ST_MAX_YAML_DEPTH];
    size_t depth;
    st_buf path; /* the keys that lead here */
    size_t top;  /* depth of the mapping that is a thing of its own; 0: outside of one */
    yaml_event_t event;
    bool pending; /* event is to be freed */
    bool done;
    /* libyaml counts characters: where the one is that was asked for last */
    size_t chars, byte;
    size_t counted; /* bytes whose line breaks are counted */
    unsigned lines;
};

/* The byte of a character; they are asked for in rising order. */
static size_t byte_of(st_yaml *y, size_t chars)
{
    for (; y->chars < chars && y->byte < y->file.n; y->chars++)
        st_utf8_next(y->file, &y->byte);
    return y->byte;
}

unsigned st_yaml_line(st_yaml *y, size_t at)
{
    if (at < y->counted)
        y->counted = y->lines = 0;
    for (; y->counted < at && y->counted < y->file.n; y->counted++)
        y->lines += y->file.p[y->counted] == '\n';
    return y->lines + 1;
}

st_yaml *st_yaml_open(st_arena *a, st_str file, st_diag_sink *d)
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
    yaml_parser_set_input_string(&y->parser, (const unsigned char *)file.p + y->byte,
                                 file.n - y->byte);
    return y;
}

void st_yaml_close(st_yaml *y)
{
    if (!y)
        return;
    if (y->pending)
        yaml_event_delete(&y->event);
    yaml_parser_delete(&y->parser);
    st_buf_free(&y->path);
    free(y);
}

static void not_yaml(st_yaml *y)
{
    const yaml_parser_t *p = &y->parser;
    size_t at =
        p->error == YAML_READER_ERROR ? p->problem_offset : byte_of(y, p->problem_mark.index);
    st_span span = { (uint32_t)at, (uint32_t)at + 1 };
    if (p->error == YAML_MEMORY_ERROR)
        y->arena->failed = true;
    else
        st_diag_at(y->diags, ST_SEV_ERROR, span, NULL, "this isn't YAML: %s",
                   p->problem ? p->problem : "it can't be read");
}

/* events */

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
    if (l && !l->mapping)
        l->items++;
    if (!l || !l->mapping)
        return;
    y->path.n = l->path;
    if (!l->value)
        st_buf_char(&y->path, '?');
    l->value = !l->value;
}

static bool opens(st_yaml *y, const yaml_event_t *e, st_yaml_item *out)
{
    if (y->depth == ST_MAX_YAML_DEPTH) {
        size_t at = byte_of(y, e->start_mark.index);
        st_diag_at(y->diags, ST_SEV_ERROR, (st_span){ (uint32_t)at, (uint32_t)at + 1 }, NULL,
                   "nested too deep (more than %u levels)", ST_MAX_YAML_DEPTH);
        y->done = true;
        return false;
    }
    const level *l = inner(y);
    bool mapping = e->type == YAML_MAPPING_START_EVENT;
    bool top = mapping && !y->top && (!l || (y->depth == 1 && !l->mapping));
    if (l && l->mapping && !l->value)
        st_buf_char(&y->path, '?');
    y->levels[y->depth++] = (level){ .mapping = mapping, .path = y->path.n };
    if (!top)
        return false;
    size_t at = byte_of(y, e->start_mark.index);
    y->top = y->depth;
    *out = (st_yaml_item){ .what = ST_YAML_BEGIN, .where = { (uint32_t)at, (uint32_t)at + 1 } };
    return true;
}

static bool closes(st_yaml *y, st_yaml_item *out)
{
    bool top = y->top && y->depth == y->top;
    y->depth--;
    node_ends(y);
    if (!top)
        return false;
    y->top = 0;
    *out = (st_yaml_item){ .what = ST_YAML_END };
    return true;
}

static bool text(st_yaml *y, const yaml_event_t *e, st_yaml_item *out)
{
    size_t start = byte_of(y, e->start_mark.index), end = byte_of(y, e->end_mark.index), lists = 0;
    *out = (st_yaml_item){ .what = ST_YAML_TEXT,
                           .path = st_buf_slice(&y->path),
                           .text = { (const char *)e->data.scalar.value, e->data.scalar.length },
                           .where = { (uint32_t)start, (uint32_t)end },
                           .style = (unsigned)e->data.scalar.style };
    for (size_t i = y->top; i < y->depth; i++)
        if (!y->levels[i].mapping && lists++ == 0)
            out->item = y->levels[i].items;
    out->lists = lists;
    return true;
}

/* True if there is something to tell. */
static bool take_event(st_yaml *y, const yaml_event_t *e, st_yaml_item *out)
{
    level *l = inner(y);
    bool told = false;
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        if (l && l->mapping && !l->value) {
            take_key(y, e);
            return false;
        }
        told = y->top && text(y, e, out);
        node_ends(y);
        return told;
    case YAML_ALIAS_EVENT: node_ends(y); return false;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: return opens(y, e, out);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return closes(y, out);
    case YAML_STREAM_END_EVENT: y->done = true; return false;
    default: return false;
    }
}

bool st_yaml_next(st_yaml *y, st_yaml_item *out)
{
    bool told = false;
    while (!y->done && !told && !y->arena->failed) {
        if (y->pending)
            yaml_event_delete(&y->event);
        y->pending = yaml_parser_parse(&y->parser, &y->event) != 0;
        if (!y->pending) {
            not_yaml(y);
            y->done = true;
            return false;
        }
        told = take_event(y, &y->event, out);
        y->arena->failed |= y->path.failed;
    }
    return told;
}
