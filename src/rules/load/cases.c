/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cases.c - reads cases that test rules: YAML, a mapping a case.
 */
#include "rules/load/load.h"

#include <stdlib.h>
#include <string.h>

typedef struct reader {
    st_rules *rules;
    st_yaml *yaml;
    st_rule_case *now;
    st_span begin; /* of the case */
    /* What grows, to be copied into the arena at the case's end. */
    st_str *lists[ST_CASE_LISTS];
    size_t n[ST_CASE_LISTS], cap[ST_CASE_LISTS];
    size_t *rows, nrows, rows_cap; /* how many cells each has */
    uint64_t *records;
    size_t nrecords, records_cap;
} reader;

static void told(reader *x, st_span where, const char *what)
{
    st_diag_at(&x->rules->diags, ST_SEV_ERROR, where, NULL, "%s", what);
}

static void add(reader *x, size_t list, st_str text)
{
    if (!st_grow(&x->lists[list], &x->cap[list], x->n[list] + 1, sizeof(st_str)))
        x->rules->arena.failed = true;
    else
        x->lists[list][x->n[list]++] = text;
}

/* Paths in a case count from its file. */
static st_str beside(reader *x, st_str path)
{
    st_str file = x->now->path, name = st_str_basename(file);
    st_buf b = { 0 };
    if (path.n && path.p[0] != '/')
        st_buf_put(&b, file.p, file.n - name.n);
    st_buf_str(&b, path);
    st_str out = st_arena_copy(&x->rules->arena, st_buf_slice(&b));
    x->rules->arena.failed |= b.failed;
    st_buf_free(&b);
    return out;
}

static void set_name(reader *x, const st_yaml_item *t, st_str v)
{
    (void)t;
    x->now->name = v;
}

static void set_rule(reader *x, const st_yaml_item *t, st_str v)
{
    (void)t;
    x->now->rule = beside(x, v);
}

static void set_id(reader *x, const st_yaml_item *t, st_str v)
{
    (void)t;
    x->now->id = v;
}

static void set_query(reader *x, const st_yaml_item *t, st_str v)
{
    (void)t;
    x->now->query = v;
}

static void set_tables(reader *x, const st_yaml_item *t, st_str v)
{
    (void)t;
    x->now->tables = v;
}

static void set_uses(reader *x, const st_yaml_item *t, st_str v)
{
    (void)t;
    x->now->uses = beside(x, v);
}

static void set_evidence(reader *x, const st_yaml_item *t, st_str v)
{
    (void)t;
    add(x, ST_CASE_EVIDENCE, beside(x, v));
}

static void set_columns(reader *x, const st_yaml_item *t, st_str v)
{
    (void)t;
    add(x, ST_CASE_COLUMNS, v);
}

static void set_now(reader *x, const st_yaml_item *t, st_str v)
{
    if (!st_time_iso(v, &x->now->now))
        told(x, t->where, "no time; write it like 2026-01-02T03:04:05Z");
}

static void set_count(reader *x, const st_yaml_item *t, st_str v)
{
    x->now->has_count = true;
    if (!st_str_u64(v, &x->now->count))
        told(x, t->where, "a number of rows is needed here");
}

static void set_records(reader *x, const st_yaml_item *t, st_str v)
{
    uint64_t id;
    x->now->has_records = true;
    if (!st_str_u64(v, &id))
        told(x, t->where, "records is a list of EventRecordIDs");
    else if (!st_grow(&x->records, &x->records_cap, x->nrecords + 1, sizeof *x->records))
        x->rules->arena.failed = true;
    else
        x->records[x->nrecords++] = id;
}

static void set_rows(reader *x, const st_yaml_item *t, st_str v)
{
    if (t->lists != 2) {
        told(x, t->where, "rows is a list of rows, and a row a list of cells: - [a, b]");
        return;
    }
    x->now->has_rows = true;
    for (; x->nrows <= t->item; x->nrows++) {
        if (!st_grow(&x->rows, &x->rows_cap, x->nrows + 1, sizeof *x->rows)) {
            x->rules->arena.failed = true;
            return;
        }
        x->rows[x->nrows] = 0;
    }
    x->rows[t->item]++;
    add(x, ST_CASE_CELLS, v);
}

static void take(reader *x, const st_yaml_item *t)
{
    static const struct {
        const char *key;
        void (*set)(reader *, const st_yaml_item *, st_str);
    } keys[] = { { "name", set_name },       { "rule", set_rule },     { "id", set_id },
                 { "query", set_query },     { "tables", set_tables }, { "evidence", set_evidence },
                 { "columns", set_columns }, { "now", set_now },       { "count", set_count },
                 { "rows", set_rows },       { "uses", set_uses },     { "records", set_records } };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (st_str_eq(t->path, st_str_of(keys[i].key))) {
            keys[i].set(x, t, st_arena_copy(&x->rules->arena, t->text));
            return;
        }
    told(x, t->where,
         "a case has no such key; it has name, rule, id, query, evidence, tables, uses, now, "
         "columns, rows, records and count");
}

static const st_str *kept(reader *x, size_t list, size_t *n)
{
    st_str *out = ST_NEWN(&x->rules->arena, st_str, x->n[list]);
    *n = out ? x->n[list] : 0;
    if (*n && x->lists[list])
        memcpy(out, x->lists[list], *n * sizeof *out);
    return out;
}

static void begins(reader *x, const st_yaml_item *t, st_str path)
{
    *x->now = (st_rule_case){ .path = path, .line = st_yaml_line(x->yaml, t->where.start) };
    x->begin = t->where;
    x->nrows = x->nrecords = 0;
    memset(x->n, 0, sizeof x->n);
}

static void ends(reader *x)
{
    st_rule_case *c = x->now;
    c->evidence = kept(x, ST_CASE_EVIDENCE, &c->nevidence);
    c->columns = kept(x, ST_CASE_COLUMNS, &c->ncolumns);
    c->cells = kept(x, ST_CASE_CELLS, &c->ncells);
    size_t *rows = ST_NEWN(&x->rules->arena, size_t, x->nrows);
    c->rows = rows;
    c->nrows = rows ? x->nrows : 0;
    if (c->nrows)
        memcpy(rows, x->rows, c->nrows * sizeof *rows);
    uint64_t *records = ST_NEWN(&x->rules->arena, uint64_t, x->nrecords);
    c->records = records;
    c->nrecords = records ? x->nrecords : 0;
    if (c->nrecords)
        memcpy(records, x->records, c->nrecords * sizeof *records);
    if (!c->name.n)
        c->name = c->rule.n ? c->rule : ST_STR("query");
    if (!c->rule.n == !c->query.n)
        told(x, x->begin, "a case tests one thing: say rule: PATH or query: TEXT");
    if (!c->has_rows && !c->has_count && !c->has_records)
        told(x, x->begin, "a case expects something: say rows, records or count");
    if (c->nevidence && c->tables.n)
        told(x, x->begin, "a case runs over evidence or over tables of its own, not both");
}

static st_code read_cases(st_rules *r, st_str path, st_str file, bool named, st_case_list *out)
{
    st_rule_case now = { 0 };
    reader x = { .rules = r, .now = &now };
    st_yaml_item t;
    bool inside = false;
    st_diags_file(&r->diags, path, file, 0, named);
    st_yaml *y = x.yaml = st_yaml_open(&r->arena, file, &r->diags);
    while (y && st_yaml_next(y, &t)) {
        if (t.what == ST_YAML_BEGIN)
            begins(&x, &t, path);
        else if (t.what == ST_YAML_TEXT)
            take(&x, &t);
        inside = t.what != ST_YAML_END;
        if (inside)
            continue;
        ends(&x);
        if (!st_grow(&out->items, &out->cap, out->n + 1, sizeof *out->items))
            r->arena.failed = true;
        else
            out->items[out->n++] = now;
    }
    st_yaml_close(y);
    for (size_t i = 0; i < ST_CASE_LISTS; i++)
        free(x.lists[i]);
    free(x.rows);
    free(x.records);
    return r->arena.failed ? ST_E_MEMORY : ST_OK;
}

static st_code visit(st_rules *r, st_str path, st_case_list *out, st_err *err)
{
    st_str file;
    if (st_rule_ending(path) != ST_RULE_YAML)
        return ST_OK;
    bool taken = false;
    st_code code = st_rule_file(&r->arena, path, &file, err);
    if (code == ST_OK)
        code = st_regression_cases(r, path, file, out, &taken);
    if (code == ST_OK && !taken)
        code = read_cases(r, path, file, false, out);
    return code == ST_E_MEMORY ? st_fail(err, code, "no memory for the cases in %.*s", ST_FMT(path))
                               : code;
}

static st_code visit_folder(st_rules *r, st_str path, st_case_list *out, st_err *err)
{
    st_rule_found *found;
    size_t n;
    st_code code = st_rule_folder(&r->arena, path, &found, &n, err);
    for (size_t i = 0; code == ST_OK && i < n; i++) {
        if (found[i].problem.n)
            st_rule_unread(&r->diags, &found[i]);
        else
            code = visit(r, found[i].path, out, err);
    }
    free(found);
    return code;
}

st_code st_rule_cases(st_rules *r, st_str path, st_case_list *out, st_err *err)
{
    st_str own = st_arena_copy(&r->arena, path), file;
    bool exists;
    if (!own.p)
        return st_fail(err, ST_E_MEMORY, "no memory for the cases in %.*s", ST_FMT(path));
    if (st_is_folder(own, &exists))
        return visit_folder(r, own, out, err);
    st_code code = st_rule_file(&r->arena, own, &file, err);
    if (code == ST_OK)
        code = read_cases(r, own, file, true, out);
    return code == ST_E_MEMORY ? st_fail(err, code, "no memory for the cases in %.*s", ST_FMT(path))
                               : code;
}
