/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* hits.c - what comes of a rule's rows: matches of processes and of events. */
#include "rules/hits.h"

#include <stdlib.h>

int st_by_subject(const void *a, const void *b)
{
    const st_match *x = a, *y = b;
    if (x->event != y->event)
        return x->event + 1 < y->event + 1 ? -1 : 1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return (x->rule > y->rule) - (x->rule < y->rule);
}

static int by_node(const void *a, const void *b)
{
    const st_match *x = a, *y = b;
    return x->node != y->node ? (x->node < y->node ? -1 : 1) : st_by_subject(a, b);
}

/* A process counts once, with the reason of its first row: a thousand connections are one hit. */
static bool is_new(st_run *r, st_hits *h, const st_match *m)
{
    const st_forest *f = r->forest;
    if (!h->seen && !(h->seen = ST_NEWN(&r->arena, uint8_t, (f->n + f->nevents) / 8 + 1)))
        return false;
    size_t i = m->event == ST_NO_EVENT ? m->node : f->n + m->event;
    bool known = h->seen[i / 8] >> i % 8 & 1;
    h->seen[i / 8] |= (uint8_t)(1u << i % 8);
    return !known;
}

/* Rows mostly come as they are to be. */
static void sort(st_hits *h, int (*cmp)(const void *a, const void *b))
{
    size_t i = 1;
    while (i < h->n && cmp(&h->v[i - 1], &h->v[i]) <= 0)
        i++;
    if (i < h->n)
        qsort(h->v, h->n, sizeof *h->v, cmp);
}

/* A process that was not observed counts once, too: with its first event. */
static void fold_events(st_hits *h)
{
    size_t n = 0;
    sort(h, by_node);
    for (size_t i = 0; i < h->n; i++)
        if (!n || h->v[i].event == ST_NO_EVENT || h->v[i].node == ST_NO_NODE ||
            h->v[n - 1].node != h->v[i].node)
            h->v[n++] = h->v[i];
    h->n = n;
    sort(h, st_by_subject);
}

/* What a row says beside what it is. */
typedef struct own_columns {
    size_t reason, techniques, level; /* SIZE_MAX: none */
} own_columns;

static size_t column_named(const st_schema *s, st_str name, bool dynamic)
{
    for (size_t i = 0; i < s->n; i++)
        if (st_str_eq(s->v[i].name, name) &&
            (s->v[i].type == ST_TYPE_STRING || (dynamic && s->v[i].type == ST_TYPE_DYNAMIC)))
            return i;
    return SIZE_MAX;
}

static own_columns own_columns_of(const st_schema *s)
{
    return (own_columns){ column_named(s, ST_STR("Reason"), false),
                          column_named(s, ST_STR("Techniques"), true),
                          column_named(s, ST_STR("Level"), false) };
}

bool st_hits_lean(st_run *r, const st_bound *bound)
{
    const st_str own[] = { ST_STR("Reason"), ST_STR("Techniques"), ST_STR("Level") };
    return st_run_lean(r, bound->root, own, sizeof own / sizeof own[0]);
}

/* 0: it is no level's word. */
static uint8_t level_at(const st_run *r, const st_val *column, size_t row)
{
    st_level l;
    bool word = column && column[row].tag == ST_VAL_STRING &&
                st_level_parse(st_pool_get(r->mem.pool, column[row].u.s), &l);
    return word ? (uint8_t)(l + 1) : 0;
}

/* A cell's text; an array's as JSON. */
static st_sid text_at(st_run *r, const st_val *column, size_t row)
{
    if (!column || (column[row].tag != ST_VAL_STRING && column[row].tag != ST_VAL_ARRAY))
        return ST_ABSENT;
    if (column[row].tag == ST_VAL_STRING)
        return column[row].u.s;
    st_buf_clear(&r->mem.buf);
    st_val_put_json(&r->mem.buf, &r->mem, column[row]);
    return st_mem_text(&r->mem, st_buf_slice(&r->mem.buf));
}

/* Rows become matches, and those that are no observed process's are marked in `rest`. */
static bool take_batch(st_run *r, st_batch *b, own_columns own, uint32_t rule, const st_loaded *l,
                       st_hits *h, bool *rest)
{
    bool placeholders = l->rule.marks_servers, per_event = l->parsed.language->per_event;
    const st_val *why = own.reason == SIZE_MAX ? NULL : st_batch_col(r, b, own.reason);
    const st_val *how = own.techniques == SIZE_MAX ? NULL : st_batch_col(r, b, own.techniques);
    const st_val *grade = own.level == SIZE_MAX ? NULL : st_batch_col(r, b, own.level);
    for (size_t k = 0; k < b->n; k++) {
        st_node row = b->node[k];
        const st_event *e = st_lineage_event(r, row);
        bool process = row == ST_NO_NODE || row < r->forest->n;
        st_match m = { rule,
                       placeholders && process ? row : st_lineage_process(r, row),
                       ST_NO_EVENT,
                       text_at(r, why, k),
                       text_at(r, how, k),
                       level_at(r, grade, k) };
        rest[k] = (m.node != row || row == ST_NO_NODE) && !per_event;
        if (e && (m.node == ST_NO_NODE || per_event) && !placeholders) {
            m.node = e->process;
            m.event = (uint32_t)(e - r->forest->events);
        }
        if ((m.node == ST_NO_NODE && m.event == ST_NO_EVENT) || !is_new(r, h, &m))
            continue;
        if (!st_grow(&h->v, &h->cap, h->n + 1, sizeof *h->v))
            return st_run_nomem(r);
        h->v[h->n++] = m;
    }
    return true;
}

bool st_hits_take(st_run *r, const st_loaded *l, uint32_t rule, st_op *root, st_hits *h,
                  st_filling *f)
{
    own_columns own = own_columns_of(&root->schema);
    st_batch *b;
    bool ok = true;
    while (ok && (b = st_op_next(r, root)) != NULL) {
        bool *rest = ST_NEWN(&b->arena, bool, b->n);
        ok = rest ? take_batch(r, b, own, rule, l, h, rest) : st_run_nomem(r);
        ok = ok && (!f || st_filling_take(r, f, &root->schema, b, rest));
        st_batch_free(b);
    }
    if (!l->parsed.language->per_event)
        fold_events(h);
    else
        sort(h, st_by_subject);
    return ok && st_run_ok(r);
}

int st_by_subject_alone(const st_match *a, const st_match *b)
{
    st_match x = *a;
    x.rule = b->rule;
    return st_by_subject(&x, b);
}

uint64_t st_hits_only_in(const st_hits *a, const st_hits *b)
{
    uint64_t n = 0;
    for (size_t i = 0, k = 0; i < a->n; i++) {
        while (k < b->n && st_by_subject_alone(&b->v[k], &a->v[i]) < 0)
            k++;
        n += k == b->n || st_by_subject_alone(&b->v[k], &a->v[i]);
    }
    return n;
}

void st_hits_empty(st_hits *h)
{
    h->n = 0;
    h->seen = NULL;
}
