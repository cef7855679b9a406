/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_run.c - runs a case: its rule over a forest or over tables of its own, and compares.
 */
#include "rules/load/load.h"
#include "rules/rules_private.h"

#include <stdlib.h>
#include <string.h>

/* the query */

static void put_part(st_buf *text, st_str part)
{
    st_buf_str(text, part);
    st_buf_str(text, ST_STR("\n;\n"));
}

/* The text of the rule that the case names, behind that of what it uses; empty, and
 * outcome->problem, if there is none. */
static st_code rule_text(st_rules *r, const st_rule_case *c, st_buf *text, st_case_outcome *o,
                         st_err *err)
{
    if (c->query.n) {
        st_buf_str(text, c->query);
        return ST_OK;
    }
    st_rules *set = st_rules_new();
    if (!set)
        return st_fail(err, ST_E_MEMORY, "no memory for %.*s", ST_FMT(c->rule));
    st_rules_set(set, &r->settings);
    st_err why = { 0 };
    st_code code = st_rules_load(set, c->rule, &why);
    const st_loaded *found = NULL;
    for (size_t i = 0; code == ST_OK && i < set->n; i++)
        if (!c->id.n ? !found || set->items[i]->rule.line < found->rule.line
                     : st_str_eq(set->items[i]->rule.id, c->id))
            found = set->items[i];
    for (size_t i = 0; found && i < found->parsed.nuses; i++)
        put_part(text, found->parsed.uses[i]->text);
    if (found)
        st_buf_str(text, found->text);
    else
        o->problem = st_arena_copy(&o->arena, why.text[0] ? st_str_of(why.text)
                                                          : ST_STR("there is no such rule"));
    st_rules_free(set);
    return code == ST_E_MEMORY ? st_fail(err, code, "%s", why.text) : ST_OK;
}

/* A let goes before a table of its name, so that tables of the case's own are lets before the rule.
 */
static st_code query_text(st_rules *r, const st_rule_case *c, st_buf *text, st_case_outcome *o,
                          st_err *err)
{
    st_str file;
    st_err why = { 0 };
    if (c->tables.n)
        put_part(text, c->tables);
    if (c->uses.n && st_rule_file(&o->arena, c->uses, &file, &why) == ST_OK)
        put_part(text, file);
    if (why.code == ST_E_MEMORY)
        return st_fail(err, why.code, "%s", why.text);
    if (why.code != ST_OK) {
        o->problem = st_arena_copy(&o->arena, st_str_of(why.text));
        return ST_OK;
    }
    return rule_text(r, c, text, o, err);
}

/* rows as texts */

typedef struct rows {
    st_str *v;
    size_t n, cap;
} rows;

/* A cell as YAML reads it back. */
static void put_cell(st_buf *b, st_str s)
{
    st_buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            st_buf_char(b, '\\');
        if (c < 0x20 || c == 0x7F)
            st_buf_fmt(b, "\\x%02x", c);
        else
            st_buf_char(b, s.p[i]);
    }
    st_buf_char(b, '"');
}

static bool add_row(rows *to, st_arena *a, st_buf *b)
{
    st_buf_char(b, ']');
    st_str text = st_arena_copy(a, st_buf_slice(b));
    if (b->failed || !text.p || !st_grow(&to->v, &to->cap, to->n + 1, sizeof *to->v))
        return false;
    to->v[to->n++] = text;
    st_buf_clear(b);
    return true;
}

static bool wanted_rows(const st_rule_case *c, st_arena *a, rows *out)
{
    st_buf b = { 0 };
    bool ok = true;
    for (size_t i = 0, cell = 0; ok && i < c->nrows; i++) {
        st_buf_char(&b, '[');
        for (size_t k = 0; k < c->rows[i]; k++, cell++) {
            st_buf_str(&b, k ? ST_STR(", ") : ST_STR(""));
            put_cell(&b, c->cells[cell]);
        }
        ok = add_row(out, a, &b);
    }
    st_buf_free(&b);
    return ok;
}

static size_t column(const st_table *t, st_str name)
{
    size_t i = 0;
    while (i < t->ncolumns && !st_str_eq(t->columns[i].name, name))
        i++;
    return i;
}

/* The columns that count, of one table; false: one is missing, which is the problem. */
static bool got_rows(const st_rule_case *c, const st_table *t, st_case_outcome *o, rows *out,
                     bool *memory)
{
    st_buf b = { 0 };
    size_t n = c->ncolumns ? c->ncolumns : t->ncolumns;
    bool ok = true;
    for (size_t i = 0; i < c->ncolumns; i++)
        if (column(t, c->columns[i]) == t->ncolumns) {
            st_buf_fmt(&b, "the result has no column %.*s", ST_FMT(c->columns[i]));
            o->problem = st_arena_copy(&o->arena, st_buf_slice(&b));
            st_buf_free(&b);
            return false;
        }
    for (size_t r = 0; ok && r < t->nrows; r++) {
        st_buf_char(&b, '[');
        for (size_t i = 0; i < n; i++) {
            const st_cell *cell =
                &t->cells[r * t->ncolumns + (c->ncolumns ? column(t, c->columns[i]) : i)];
            st_buf_str(&b, i ? ST_STR(", ") : ST_STR(""));
            put_cell(&b, cell->text);
        }
        ok = add_row(out, &o->arena, &b);
    }
    st_buf_free(&b);
    *memory = !ok;
    return ok;
}

/* what differs */

static int by_text(const void *a, const void *b)
{
    return st_str_cmp(*(const st_str *)a, *(const st_str *)b);
}

/* Of two sorted lists what only one of them has. */
static bool differences(st_case_outcome *o, rows *want, rows *got)
{
    st_str *missing = ST_NEWN(&o->arena, st_str, want->n),
           *more = ST_NEWN(&o->arena, st_str, got->n);
    if (!missing || !more)
        return false;
    if (want->n)
        qsort(want->v, want->n, sizeof *want->v, by_text);
    if (got->n)
        qsort(got->v, got->n, sizeof *got->v, by_text);
    for (size_t i = 0, k = 0; i < want->n || k < got->n;) {
        int order = i == want->n ? 1 : k == got->n ? -1 : st_str_cmp(want->v[i], got->v[k]);
        if (order < 0)
            missing[o->nmissing++] = want->v[i];
        if (order > 0)
            more[o->nunexpected++] = got->v[k];
        i += order <= 0;
        k += order >= 0;
    }
    o->missing = missing;
    o->unexpected = more;
    return true;
}

static bool compare(const st_rule_case *c, const st_table *t, st_case_outcome *o)
{
    rows want = { 0 }, got = { 0 };
    bool memory = false, ok = wanted_rows(c, &o->arena, &want);
    memory = !ok;
    for (; ok && t; t = t->next)
        ok = got_rows(c, t, o, &got, &memory);
    o->rows = got.n;
    if (ok && c->has_rows)
        memory = !differences(o, &want, &got);
    o->as_expected =
        ok && !memory && !o->nmissing && !o->nunexpected && (!c->has_count || c->count == got.n);
    free(want.v);
    free(got.v);
    return !memory;
}

static void why_not(const st_rules *r, size_t first, const st_err *e, st_case_outcome *o)
{
    st_buf b = { 0 };
    for (size_t i = first; i < r->diags.n && !b.n; i++)
        if (r->diags.items[i].severity == ST_SEV_ERROR)
            st_buf_fmt(&b, "line %u of the query: %.*s", r->diags.items[i].line,
                       ST_FMT(r->diags.items[i].text));
    if (!b.n)
        st_buf_str(&b, st_str_of(e->text));
    o->problem = st_arena_copy(&o->arena, st_buf_slice(&b));
    st_buf_free(&b);
}

st_code st_rule_case_run(st_rules *r, const st_rule_case *c, st_forest *f, const st_run_options *o,
                         st_case_outcome *out, st_err *err)
{
    st_run_options options = *o;
    st_table *t = NULL;
    st_buf text = { 0 };
    st_err why = { 0 };
    size_t first = r->diags.n;
    *out = (st_case_outcome){ 0 };
    if (c->now)
        options.now = c->now;
    st_code code = query_text(r, c, &text, out, err);
    if (code == ST_OK && text.failed)
        code = st_fail(err, ST_E_MEMORY, "no memory for %.*s", ST_FMT(c->name));
    if (code == ST_OK && !out->problem.n) {
        code = st_query_run(r, c->path, st_buf_slice(&text), f, &options, &t, &why);
        if (code == ST_OK && !compare(c, t, out))
            code = ST_E_MEMORY;
        if (code == ST_E_MEMORY)
            st_fail(err, code, "no memory for %.*s", ST_FMT(c->name));
        else if (code != ST_OK)
            why_not(r, first, &why, out);
        code = code == ST_E_MEMORY ? code : ST_OK;
    }
    st_table_free(t);
    st_buf_free(&text);
    return code;
}

/* matches of records */

/* The rule that the case names, or the first in its file; SIZE_MAX: none. */
static size_t rule_of(const st_rules *set, const st_rule_case *c)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < set->n; i++) {
        const st_rule *r = &set->items[i]->rule;
        bool named = c->id.n && st_str_ieq(r->id, c->id);
        if (!r->marks_servers &&
            (c->id.n ? named : found == SIZE_MAX || r->line < set->items[found]->rule.line))
            found = i;
    }
    return found;
}

/* Why a rule that was found can't run; empty: it can. */
static st_str hindrance(const st_rule *r)
{
    if (r->status == ST_RULE_READY)
        return (st_str){ 0 };
    return r->status == ST_RULE_BROKEN && r->nmistakes ? r->mistakes[0] : r->why;
}

st_code st_rule_case_rules(st_rules *set, const st_rule_case *c, size_t *rule, st_case_outcome *o,
                           st_err *err)
{
    st_err why = { 0 };
    *rule = SIZE_MAX;
    if (!c->rule.n)
        return ST_OK;
    st_code code = st_rules_load(set, c->rule, &why);
    if (code == ST_OK)
        code = st_rules_link(set, &why);
    size_t found = code == ST_OK ? rule_of(set, c) : SIZE_MAX;
    const st_loaded *l = found == SIZE_MAX ? NULL : set->items[found];
    st_str problem = l ? hindrance(&l->rule) : (st_str){ 0 };
    if (l && (l->parsed.correlation || l->parsed.language->per_event)) {
        *rule = found;
        if (problem.n)
            o->problem = st_arena_copy(&o->arena, problem);
    }
    return code == ST_E_MEMORY ? st_fail(err, code, "%s", why.text) : ST_OK;
}

static uint64_t record_of(const st_forest *f, const st_match *m)
{
    if (m->event == ST_NO_EVENT)
        return f->store->creations.event_record_id[f->procs[m->node].row];
    const st_event *e = &f->events[m->event];
    return st_event_columns(f, e)->event_record_id[e->row];
}

static bool add_record(rows *to, st_arena *a, uint64_t id)
{
    st_buf b = { 0 };
    st_buf_fmt(&b, "record %llu", (unsigned long long)id);
    st_str text = st_arena_copy(a, st_buf_slice(&b));
    bool ok = !b.failed && text.p && st_grow(&to->v, &to->cap, to->n + 1, sizeof *to->v);
    if (ok)
        to->v[to->n++] = text;
    st_buf_free(&b);
    return ok;
}

st_code st_rule_case_compare(const st_rule_case *c, size_t rule, const st_forest *f,
                             const st_matches *m, st_case_outcome *o, st_err *err)
{
    rows want = { 0 }, got = { 0 };
    bool ok = true;
    for (size_t i = 0; ok && i < m->n; i++)
        if (m->items[i].rule == rule)
            ok = add_record(&got, &o->arena, record_of(f, &m->items[i]));
    for (size_t i = 0; ok && i < c->nrecords; i++)
        ok = add_record(&want, &o->arena, c->records[i]);
    o->rows = got.n;
    if (ok && c->has_records)
        ok = differences(o, &want, &got);
    bool count = !c->has_count || (c->at_least ? got.n >= c->count : got.n == c->count);
    o->as_expected = ok && count && !o->nmissing && !o->nunexpected;
    if (c->has_rows) {
        o->as_expected = false;
        o->problem = ST_STR("a Sigma rule has no rows: say records or count");
    }
    free(want.v);
    free(got.v);
    return ok ? ST_OK : st_fail(err, ST_E_MEMORY, "no memory for %.*s", ST_FMT(c->name));
}

void st_case_outcome_free(st_case_outcome *o)
{
    st_arena_free(&o->arena);
    *o = (st_case_outcome){ 0 };
}
