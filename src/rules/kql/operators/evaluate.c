/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluate.c - evaluate: plugins whose columns depend on the rows.
 *
 * bag_unpack and pivot read their input while the query is bound, since what follows them is
 * bound to the columns they find. bag_unpack hands the rows on afterwards; with a written
 * schema it needn't look. Behind such a plugin a name that no column has is null: whether a
 * member occurs depends on the evidence, and a rule must not fail by it.
 */
#include "base/limits.h"
#include "rules/kql/operators/operators.h"
#include "rules/engine/value/group.h"
#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

/* rows read once, handed on */

typedef struct replay {
    st_rows rows;
    size_t at;
} replay;

static st_batch *replay_next(st_run *r, st_op *op)
{
    replay *p = op->spec;
    if (p->at >= p->rows.n || !st_run_ok(r))
        return NULL;
    st_batch *b = p->rows.batch[p->at];
    p->rows.batch[p->at++] = NULL;
    return b;
}

static void replay_free(void *p)
{
    st_rows_free(&((replay *)p)->rows);
}

/* Reads in's rows; *rows lists them until the result is run. */
static st_op *replay_of(st_run *r, st_op *in, const st_rows **rows)
{
    st_op *op = st_op_new(r, replay_next, in, sizeof(replay));
    if (!op || !st_run_own(r, op->spec, replay_free))
        return NULL;
    replay *p = op->spec;
    *rows = &p->rows;
    return st_rows_read(r, in, &p->rows) ? op : NULL;
}

/* columns of the result */

typedef struct member {
    st_sid name;
    st_type type; /* ST_TYPE_UNKNOWN: only nulls so far */
    st_str text;
} member;

typedef struct members {
    member *v;
    size_t n, cap;
    st_grouping places;
} members;

static void members_free(members *m)
{
    free(m->v);
    st_grouping_free(&m->places);
}

static st_type type_of(st_val v)
{
    static const st_type types[] = { ST_TYPE_UNKNOWN,  ST_TYPE_BOOL,   ST_TYPE_LONG,
                                     ST_TYPE_REAL,     ST_TYPE_STRING, ST_TYPE_DATETIME,
                                     ST_TYPE_TIMESPAN, ST_TYPE_GUID,   ST_TYPE_DYNAMIC,
                                     ST_TYPE_DYNAMIC };
    return types[v.tag];
}

static st_type common(st_type a, st_type b)
{
    if (a == ST_TYPE_UNKNOWN || b == ST_TYPE_UNKNOWN)
        return a == ST_TYPE_UNKNOWN ? b : a;
    if (a == b)
        return a;
    return st_type_numeric(a) && st_type_numeric(b) ? ST_TYPE_REAL : ST_TYPE_DYNAMIC;
}

static bool add_member(const st_scope *sc, members *m, st_sid name, st_val v)
{
    st_val key = st_val_sid(name);
    size_t at = st_grouping_put(&sc->r->mem, &m->places, &key);
    if (at == SIZE_MAX || (at >= m->n && !st_grow(&m->v, &m->cap, at + 1, sizeof *m->v))) {
        sc->out->failed = true;
        return st_run_nomem(sc->r);
    }
    if (at >= m->n) {
        m->v[at] = (member){ name, ST_TYPE_UNKNOWN, st_pool_get(sc->r->mem.pool, name) };
        m->n = at + 1;
    }
    m->v[at].type = common(m->v[at].type, type_of(v));
    return m->n <= ST_MAX_KQL_UNPACKED;
}

static int by_text(const void *a, const void *b)
{
    return st_str_cmp(((const member *)a)->text, ((const member *)b)->text);
}

/* The members of the bags in a column, by name. */
static bool collect(const st_scope *sc, const st_rows *rows, size_t col, members *m)
{
    bool ok = true;
    for (size_t i = 0; ok && i < rows->n; i++) {
        const st_val *v = st_batch_col(sc->r, rows->batch[i], col);
        ok = v != NULL;
        for (size_t k = 0; ok && k < rows->batch[i]->n; k++)
            for (size_t j = 0; ok && v[k].tag == ST_VAL_BAG && j < v[k].u.g->n; j++)
                ok = add_member(sc, m, v[k].u.g->keys[j], v[k].u.g->v[j]);
    }
    if (m->n)
        qsort(m->v, m->n, sizeof *m->v, by_text);
    return ok;
}

/* bag_unpack */

typedef enum conflict {
    CONFLICT_ERROR,
    CONFLICT_REPLACE_SOURCE,
    CONFLICT_KEEP_SOURCE,
    NCONFLICTS
} conflict;
static const char *const conflicts[NCONFLICTS] = { "error", "replace_source", "keep_source" };

typedef struct unpack {
    size_t col;
    st_str prefix;
    conflict conflict;
    st_val ignored; /* an array of names, or null */
    st_col *cols;
    st_proj_item *items;
    size_t n;
} unpack;

static st_str prefixed(const st_scope *sc, st_str prefix, st_str name)
{
    char *p = prefix.n ? ST_NEWN(&sc->r->arena, char, prefix.n + name.n) : NULL;
    if (!p)
        return name;
    memcpy(p, prefix.p, prefix.n);
    if (name.n)
        memcpy(p + prefix.n, name.p, name.n);
    return (st_str){ p, prefix.n + name.n };
}

static void put_member(const st_scope *sc, unpack *u, st_str key, st_str name, st_type type)
{
    st_expr *bag = ST_NEW(&sc->r->arena, st_expr);
    if (!bag)
        return;
    *bag = (st_expr){ .kind = ST_EXPR_COLUMN, .type = ST_TYPE_DYNAMIC, .col = u->col };
    st_expr *args[] = { bag, st_bind_const(sc, ST_TYPE_STRING, st_val_str(&sc->r->mem, key)) };
    st_expr *x = st_bind_call(sc, st_call_index, ST_TYPE_DYNAMIC, args, 2);
    if (x && type != ST_TYPE_DYNAMIC)
        x = st_bind_call(sc, st_call_convert, type, &x, 1);
    u->cols[u->n] = (st_col){ name, type };
    u->items[u->n++] = (st_proj_item){ x, 0 };
}

static bool put_rest(const st_scope *sc, unpack *u, const st_op *in, size_t more)
{
    u->cols = ST_NEWN(&sc->r->arena, st_col, in->schema.n + more);
    u->items = ST_NEWN(&sc->r->arena, st_proj_item, in->schema.n + more);
    return u->cols && u->items;
}

static bool ignored(const st_scope *sc, const unpack *u, st_str name)
{
    for (size_t i = 0; u->ignored.tag == ST_VAL_ARRAY && i < u->ignored.u.a->n; i++) {
        st_val v = u->ignored.u.a->v[i];
        if (v.tag == ST_VAL_STRING && st_str_eq(st_pool_get(sc->r->mem.pool, v.u.s), name))
            return true;
    }
    return false;
}

static void put_inputs(unpack *u, const st_op *in)
{
    for (size_t c = 0; c < in->schema.n; c++)
        if (c != u->col) {
            u->cols[u->n] = in->schema.v[c];
            u->items[u->n++] = (st_proj_item){ NULL, c };
        }
}

static st_op *unpack_by_schema(const st_scope *sc, st_op *in, const st_kql_schema *s, unpack *u)
{
    if (!put_rest(sc, u, in, s->n))
        return NULL;
    if (s->open)
        put_inputs(u, in);
    for (size_t i = 0; s->columns && i < s->n; i++) {
        st_str name = s->columns[i].name.text, key = name;
        size_t at = st_bind_column(&in->schema, name);
        if (at != SIZE_MAX && at != u->col) {
            if (!s->open) {
                u->cols[u->n] = in->schema.v[at];
                u->items[u->n++] = (st_proj_item){ NULL, at };
            }
            continue;
        }
        if (u->prefix.n && st_str_starts(name, u->prefix))
            key = (st_str){ name.p + u->prefix.n, name.n - u->prefix.n };
        put_member(sc, u, key, name, st_bind_type(s->columns[i].type));
    }
    return st_op_project(sc->r, in, u->cols, u->items, u->n);
}

/* A column for the member: the last one, or in the place of one that has its name. */
static bool unpack_member(const st_scope *sc, const st_op *in, const st_kql_op *q, unpack *u,
                          const member *m)
{
    st_str name = prefixed(sc, u->prefix, m->text);
    size_t at = st_bind_column(&in->schema, name), place = at - (at > u->col), n = u->n;
    bool clash = at != SIZE_MAX && at != u->col;
    if (clash && u->conflict == CONFLICT_ERROR) {
        st_bind_error(sc, q->word, NULL,
                      "there is a column %.*s already; give bag_unpack() a prefix", ST_FMT(name));
        return false;
    }
    if (clash && u->conflict == CONFLICT_KEEP_SOURCE)
        return true;
    put_member(sc, u, m->text, name, m->type == ST_TYPE_UNKNOWN ? ST_TYPE_DYNAMIC : m->type);
    if (clash && u->n > n) {
        u->cols[place] = u->cols[--u->n];
        u->items[place] = u->items[u->n];
    }
    return true;
}

static st_op *unpack_by_rows(const st_scope *sc, st_op *in, const st_kql_op *q, unpack *u)
{
    members m = { 0 };
    const st_rows *rows;
    st_grouping_init(&m.places, 1);
    st_op *all = replay_of(sc->r, in, &rows);
    bool ok = all && collect(sc, rows, u->col, &m);
    if (all && !ok && m.n > ST_MAX_KQL_UNPACKED)
        st_bind_error(sc, q->word, NULL, "bag_unpack() finds more than %u members",
                      ST_MAX_KQL_UNPACKED);
    ok = ok && put_rest(sc, u, in, m.n);
    if (ok)
        put_inputs(u, in);
    for (size_t i = 0; ok && i < m.n; i++)
        if (!ignored(sc, u, m.v[i].text))
            ok = unpack_member(sc, in, q, u, &m.v[i]);
    members_free(&m);
    sc->binder->unpacked = true;
    return ok && !sc->out->failed ? st_op_project(sc->r, all, u->cols, u->items, u->n) : NULL;
}

static bool plain_column(const st_scope *sc, const st_kql_expr *e, const st_op *in, size_t *col)
{
    *col = e->kind == ST_KQL_NAME ? st_bind_column(&in->schema, e->u.name) : SIZE_MAX;
    if (*col != SIZE_MAX)
        return true;
    if (e->kind == ST_KQL_NAME)
        st_bind_no_column(sc, e->span, e->u.name);
    else
        st_bind_error(sc, e->span, NULL, "a column's name is needed here");
    return false;
}

/* The options behind the column, by place or by name. */
static bool unpack_options(const st_scope *sc, const st_kql_list *args, unpack *u)
{
    static const char *const names[] = { "OutputColumnPrefix", "columnsConflict",
                                         "ignoredProperties" };
    const st_kql_expr *by[3] = { 0 };
    st_val v[3] = { st_val_null(), st_val_null(), st_val_null() };
    st_type t;
    for (size_t i = 1; i < args->n; i++) {
        const st_kql_expr *e = args->items[i];
        bool named = e->kind == ST_KQL_NAMED;
        size_t at = named ? 0 : i - 1;
        while (named && at < 3 && !st_str_is(e->u.named.names[0].text, names[at]))
            at++;
        if (at == 3 || by[at]) {
            st_bind_error(sc, e->span, "KS119", "bag_unpack() has no such option, or has it twice");
            return false;
        }
        by[at] = named ? e->u.named.value : e;
        if (!st_bind_constant(sc, by[at], &v[at], &t))
            return false;
    }
    st_pool *pool = sc->r->mem.pool;
    u->prefix = st_pool_get(pool, v[0].tag == ST_VAL_STRING ? v[0].u.s : ST_EMPTY);
    st_str how = v[1].tag == ST_VAL_STRING ? st_pool_get(pool, v[1].u.s) : ST_STR("error");
    while (u->conflict < NCONFLICTS && !st_str_is(how, conflicts[u->conflict]))
        u->conflict++;
    u->ignored = v[2];
    if (by[1] && u->conflict == NCONFLICTS)
        st_bind_error(sc, by[1]->span, NULL,
                      "error, replace_source or keep_source is expected here");
    else if (by[2] && v[2].tag != ST_VAL_ARRAY)
        st_bind_error(sc, by[2]->span, "KS107", "an array of names is needed here");
    return !sc->out->failed;
}

/* The rows with column c read as JSON, if it is one that is. */
static st_op *read_json(const st_scope *sc, st_op *in, const st_kql_expr *e, size_t c)
{
    st_scope inner = st_bind_over(sc, &in->schema);
    st_expr *x = st_bind_expr(&inner, e);
    st_expr *json = x ? st_bind_as_json(&inner, x) : NULL;
    if (!json || json == x)
        return json ? in : NULL;
    st_col *cols = ST_NEWN(&sc->r->arena, st_col, in->schema.n);
    st_proj_item *items = ST_NEWN(&sc->r->arena, st_proj_item, in->schema.n);
    for (size_t i = 0; cols && items && i < in->schema.n; i++) {
        cols[i] = in->schema.v[i];
        items[i].from = i;
    }
    if (!cols || !items)
        return NULL;
    cols[c].type = ST_TYPE_DYNAMIC;
    items[c] = (st_proj_item){ .x = json };
    return st_op_project(sc->r, in, cols, items, in->schema.n);
}

static st_op *bag_unpack(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    const st_kql_list *args = &q->u.evaluate.call->u.call.args;
    unpack u = { 0 };
    if (!args->n || args->n > 4) {
        st_bind_error(sc, q->u.evaluate.call->span, "KS119",
                      "bag_unpack() takes a column, a prefix, what to do about a name that is "
                      "taken, and names to leave out");
        return NULL;
    }
    if (!plain_column(sc, args->items[0], in, &u.col) || !unpack_options(sc, args, &u))
        return NULL;
    if (in->schema.v[u.col].type == ST_TYPE_UNKNOWN ||
        !(in = read_json(sc, in, args->items[0], u.col)))
        return NULL;
    if (in->schema.v[u.col].type != ST_TYPE_DYNAMIC) {
        st_bind_error(sc, args->items[0]->span, "KS107",
                      "bag_unpack() needs a dynamic, not %s; use parse_json()",
                      st_type_name(in->schema.v[u.col].type));
        return NULL;
    }
    const st_kql_schema *s = &q->u.evaluate.schema;
    if (s->columns || s->open)
        return unpack_by_schema(sc, in, s, &u);
    return st_bind_may_run(sc) ? unpack_by_rows(sc, in, q, &u) : NULL;
}

/* pivot */

typedef struct pivot {
    size_t col, *keys, nkeys;
    st_agg_call call;
} pivot;

static bool uses(const st_kql_expr *call, st_str name)
{
    for (size_t i = 0; call && i < call->u.call.args.n; i++)
        if (call->u.call.args.items[i]->kind == ST_KQL_NAME &&
            st_str_eq(call->u.call.args.items[i]->u.name, name))
            return true;
    return false;
}

/* The aggregate: the second argument, else count(). */
static bool pivot_call(const st_scope *sc, const st_kql_expr *e, st_agg_call *out)
{
    if (!e) {
        *out = (st_agg_call){ .agg = st_agg_find(ST_STR("count")),
                              .type = ST_TYPE_LONG,
                              .limit = INT64_MAX };
        return true;
    }
    st_bind_group group = { .node_call = SIZE_MAX };
    st_scope inner = *sc;
    inner.group = &group;
    st_expr *x = e->kind == ST_KQL_CALL ? st_bind_expr(&inner, e) : NULL;
    bool one = x && !sc->out->failed && group.n == 1 && x->kind == ST_EXPR_COLUMN;
    if (one)
        *out = group.calls[0];
    else if (!sc->out->failed)
        st_bind_error(sc, e->span, NULL, "pivot() needs one aggregate here");
    free(group.calls);
    return one;
}

static bool pivot_args(const st_scope *sc, st_op *in, const st_kql_expr *call, pivot *p)
{
    const st_kql_list *args = &call->u.call.args;
    const st_kql_expr *agg = args->n > 1 ? args->items[1] : NULL;
    if (!args->n) {
        st_bind_error(sc, call->span, "KS119", "pivot() needs a column");
        return false;
    }
    if (!plain_column(sc, args->items[0], in, &p->col) || !pivot_call(sc, agg, &p->call))
        return false;
    p->keys = ST_NEWN(&sc->r->arena, size_t, in->schema.n + args->n);
    for (size_t i = 2; p->keys && i < args->n; i++, p->nkeys++)
        if (!plain_column(sc, args->items[i], in, &p->keys[p->nkeys]))
            return false;
    for (size_t c = 0; p->keys && args->n < 3 && c < in->schema.n; c++)
        if (c != p->col && !uses(agg, in->schema.v[c].name))
            p->keys[p->nkeys++] = c;
    for (size_t i = 0; p->keys && i < p->nkeys; i++)
        if (in->schema.v[p->keys[i]].type == ST_TYPE_DYNAMIC) {
            st_bind_error(sc, call->span, "KS116",
                          "a dynamic can't be grouped; wrap it in tostring()");
            return false;
        }
    return p->keys != NULL;
}

/* Groups by the keys and the column's text: keys, text, value. */
static st_op *pivot_groups(const st_scope *sc, st_op *in, const pivot *p)
{
    size_t n = p->nkeys + 1;
    st_expr **keys = ST_NEWN(&sc->r->arena, st_expr *, n);
    st_col *cols = ST_NEWN(&sc->r->arena, st_col, n + 1);
    st_agg_call *call = ST_NEW(&sc->r->arena, st_agg_call);
    if (!keys || !cols || !call)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t c = i < p->nkeys ? p->keys[i] : p->col;
        cols[i] = in->schema.v[c];
        if (!(keys[i] = ST_NEW(&sc->r->arena, st_expr)))
            return NULL;
        *keys[i] = (st_expr){ .kind = ST_EXPR_COLUMN, .type = cols[i].type, .col = c };
    }
    keys[n - 1] = st_bind_call(sc, st_call_convert, ST_TYPE_STRING, &keys[n - 1], 1);
    cols[n - 1].type = ST_TYPE_STRING;
    cols[n] = (st_col){ ST_STR("_"), p->call.type };
    *call = p->call;
    return keys[n - 1] ? st_op_summarize(sc->r, in, keys, n, call, 1, SIZE_MAX, cols) : NULL;
}

typedef struct cell {
    size_t row;
    st_sid name;
    st_val v;
} cell;

/* One row a key, one column a name; a cell without a group has the aggregate of no rows. */
static st_op *pivot_table(const st_scope *sc, const pivot *p, const st_op *groups,
                          st_grouping *rows, members *m, const cell *cells, size_t n)
{
    size_t width = p->nkeys + m->n;
    st_accum none = { 0 };
    st_val nothing = p->call.agg->end(sc->r, &none, &p->call);
    st_col *cols = ST_NEWN(&sc->r->arena, st_col, width);
    st_val *out = ST_NEWN(&sc->r->arena, st_val, width * rows->n);
    size_t *place = ST_NEWN(&sc->r->arena, size_t, m->n);
    if (!cols || !out || !place)
        return NULL;
    if (m->n)
        qsort(m->v, m->n, sizeof *m->v, by_text);
    for (size_t i = 0; i < m->n; i++) {
        st_val key = st_val_sid(m->v[i].name);
        place[st_grouping_find(&sc->r->mem, &m->places, &key)] = i;
        cols[p->nkeys + i] = (st_col){ m->v[i].text, p->call.type };
    }
    for (size_t c = 0; c < p->nkeys; c++)
        cols[c] = groups->schema.v[c];
    for (size_t k = 0; k < rows->n; k++)
        for (size_t c = 0; c < width; c++)
            out[k * width + c] = c < p->nkeys ? rows->keys[k * p->nkeys + c] : nothing;
    for (size_t i = 0; i < n; i++) {
        st_val key = st_val_sid(cells[i].name);
        size_t at = place[st_grouping_find(&sc->r->mem, &m->places, &key)];
        out[cells[i].row * width + p->nkeys + at] = cells[i].v;
    }
    return st_op_values(sc->r, cols, width, out, rows->n);
}

static bool pivot_cells(const st_scope *sc, const pivot *p, const st_rows *in, st_grouping *rows,
                        members *m, cell *cells)
{
    st_val *key = ST_NEWN(&sc->r->arena, st_val, p->nkeys);
    size_t n = 0;
    for (size_t i = 0; key && i < in->n; i++)
        for (size_t k = 0; k < in->batch[i]->n; k++, n++) {
            for (size_t c = 0; c < p->nkeys; c++)
                key[c] = in->batch[i]->cols[c].v[k];
            cells[n] = (cell){ st_grouping_put(&sc->r->mem, rows, key),
                               in->batch[i]->cols[p->nkeys].v[k].u.s,
                               in->batch[i]->cols[p->nkeys + 1].v[k] };
            if (cells[n].row == SIZE_MAX ||
                !add_member(sc, m, cells[n].name, in->batch[i]->cols[p->nkeys].v[k]))
                return false;
        }
    return key != NULL;
}

static st_op *bind_pivot(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    pivot p = { 0 };
    if (!pivot_args(sc, in, q->u.evaluate.call, &p) || !st_bind_may_run(sc))
        return NULL;
    st_op *groups = pivot_groups(sc, in, &p), *op = NULL;
    st_rows read = { 0 };
    st_grouping rows;
    members m = { 0 };
    st_grouping_init(&m.places, 1);
    st_grouping_init(&rows, p.nkeys);
    sc->binder->unpacked = true;
    if (groups && st_rows_read(sc->r, groups, &read)) {
        cell *cells = ST_NEWN(&sc->r->arena, cell, read.rows);
        if (cells && pivot_cells(sc, &p, &read, &rows, &m, cells))
            op = pivot_table(sc, &p, groups, &rows, &m, cells, read.rows);
        else if (m.n > ST_MAX_KQL_UNPACKED)
            st_bind_error(sc, q->word, NULL, "pivot() would make more than %u columns",
                          ST_MAX_KQL_UNPACKED);
    }
    st_rows_free(&read);
    st_grouping_free(&rows);
    members_free(&m);
    return op;
}

/* plugins */

static const struct {
    const char *name;
    st_bind_op *bind;
} plugins[] = {
    { "bag_unpack", bag_unpack },
    { "ipv4_lookup", st_bind_ipv4_lookup },
    { "ipv6_lookup", st_bind_ipv6_lookup },
    { "pivot", bind_pivot },
};
enum { PLUGINS = sizeof plugins / sizeof *plugins };

static void no_plugin(const st_scope *sc, const st_kql_name *name)
{
    st_suggest s = { .want = name->text };
    for (size_t i = 0; i < PLUGINS; i++)
        st_suggest_offer(&s, st_str_of(plugins[i].name));
    if (s.best.p)
        st_bind_error(sc, name->span, NULL, "no plugin %.*s; did you mean %.*s?",
                      ST_FMT(name->text), ST_FMT(s.best));
    else
        st_bind_error(sc, name->span, NULL, "the plugin %.*s isn't supported", ST_FMT(name->text));
}

st_op *st_bind_op_evaluate(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    const st_kql_name *name = &q->u.evaluate.call->u.call.name;
    for (size_t i = 0; i < PLUGINS; i++)
        if (st_str_is(name->text, plugins[i].name))
            return plugins[i].bind(sc, in, q);
    const st_service_def *service = st_service_def_plugin(name->text);
    if (service)
        return st_bind_service_table(sc, name->span, service, name->text);
    no_plugin(sc, name);
    return NULL;
}
