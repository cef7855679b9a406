/*
 * bind_plugin.c - evaluate: plugins whose columns depend on the rows.
 *
 * bag_unpack and pivot read their input while the query is bound, since what follows them is
 * bound to the columns they find. bag_unpack hands the rows on afterwards; with a written
 * schema it needn't look. Behind such a plugin a name that no column has is null: whether a
 * member occurs depends on the evidence, and a rule must not fail by it.
 */
#include "base/limits.h"
#include "rules/kql/bind.h"
#include "rules/kql/group.h"

#include <stdlib.h>
#include <string.h>

/* rows read once, handed on */

typedef struct replay {
    st_krows rows;
    size_t at;
} replay;

static st_kbatch *replay_next(st_krun *r, st_kop *op)
{
    replay *p = op->spec;
    if (p->at >= p->rows.n || !st_krun_ok(r))
        return NULL;
    st_kbatch *b = p->rows.batch[p->at];
    p->rows.batch[p->at++] = NULL;
    return b;
}

static void replay_free(void *p)
{
    st_krows_free(&((replay *)p)->rows);
}

/* Reads in's rows; *rows lists them until the result is run. */
static st_kop *replay_of(st_krun *r, st_kop *in, const st_krows **rows)
{
    st_kop *op = st_kop_new(r, replay_next, in, sizeof(replay));
    if (!op || !st_krun_own(r, op->spec, replay_free))
        return NULL;
    replay *p = op->spec;
    *rows = &p->rows;
    return st_krows_read(r, in, &p->rows) ? op : NULL;
}

/* columns of the result */

typedef struct member {
    st_sid name;
    st_kt type; /* ST_KT_UNKNOWN: only nulls so far */
    st_str text;
} member;

typedef struct members {
    member *v;
    size_t n, cap;
    st_kgroups places;
} members;

static void members_free(members *m)
{
    free(m->v);
    st_kgroups_free(&m->places);
}

static st_kt type_of(st_kv v)
{
    static const st_kt types[] = { ST_KT_UNKNOWN, ST_KT_BOOL,     ST_KT_LONG,     ST_KT_REAL,
                                   ST_KT_STRING,  ST_KT_DATETIME, ST_KT_TIMESPAN, ST_KT_GUID,
                                   ST_KT_DYNAMIC, ST_KT_DYNAMIC };
    return types[v.tag];
}

static st_kt common(st_kt a, st_kt b)
{
    if (a == ST_KT_UNKNOWN || b == ST_KT_UNKNOWN)
        return a == ST_KT_UNKNOWN ? b : a;
    if (a == b)
        return a;
    return st_kt_numeric(a) && st_kt_numeric(b) ? ST_KT_REAL : ST_KT_DYNAMIC;
}

static bool add_member(st_kbinder *b, members *m, st_sid name, st_kv v)
{
    st_kv key = st_kv_sid(name);
    size_t at = st_kgroups_put(&b->r->mem, &m->places, &key);
    if (at == SIZE_MAX || (at >= m->n && !st_grow(&m->v, &m->cap, at + 1, sizeof *m->v))) {
        b->failed = true;
        return st_krun_nomem(b->r);
    }
    if (at >= m->n) {
        m->v[at] = (member){ name, ST_KT_UNKNOWN, st_pool_get(b->r->mem.pool, name) };
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
static bool collect(st_kbinder *b, const st_krows *rows, size_t col, members *m)
{
    bool ok = true;
    for (size_t i = 0; ok && i < rows->n; i++) {
        const st_kv *v = st_kbatch_col(b->r, rows->batch[i], col);
        ok = v != NULL;
        for (size_t k = 0; ok && k < rows->batch[i]->n; k++)
            for (size_t j = 0; ok && v[k].tag == ST_KV_BAG && j < v[k].u.g->n; j++)
                ok = add_member(b, m, v[k].u.g->keys[j], v[k].u.g->v[j]);
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
    st_kv ignored; /* an array of names, or null */
    st_kcol *cols;
    st_kitem *items;
    size_t n;
} unpack;

static st_str prefixed(st_kbinder *b, st_str prefix, st_str name)
{
    char *p = prefix.n ? ST_NEWN(&b->r->arena, char, prefix.n + name.n) : NULL;
    if (!p)
        return name;
    memcpy(p, prefix.p, prefix.n);
    if (name.n)
        memcpy(p + prefix.n, name.p, name.n);
    return (st_str){ p, prefix.n + name.n };
}

static void put_member(st_kbinder *b, unpack *u, st_str key, st_str name, st_kt type)
{
    st_kx *bag = ST_NEW(&b->r->arena, st_kx);
    if (!bag)
        return;
    *bag = (st_kx){ .kind = ST_X_COLUMN, .type = ST_KT_DYNAMIC, .col = u->col };
    st_kx *args[] = { bag, st_kb_const(b, ST_KT_STRING, st_kv_str(&b->r->mem, key)) };
    st_kx *x = st_kb_call(b, st_kf_index, ST_KT_DYNAMIC, args, 2);
    if (x && type != ST_KT_DYNAMIC)
        x = st_kb_call(b, st_kf_convert, type, &x, 1);
    u->cols[u->n] = (st_kcol){ name, type };
    u->items[u->n++] = (st_kitem){ x, 0 };
}

static bool put_rest(st_kbinder *b, unpack *u, const st_kop *in, size_t more)
{
    u->cols = ST_NEWN(&b->r->arena, st_kcol, in->schema.n + more);
    u->items = ST_NEWN(&b->r->arena, st_kitem, in->schema.n + more);
    return u->cols && u->items;
}

static bool ignored(const st_kbinder *b, const unpack *u, st_str name)
{
    for (size_t i = 0; u->ignored.tag == ST_KV_ARRAY && i < u->ignored.u.a->n; i++) {
        st_kv v = u->ignored.u.a->v[i];
        if (v.tag == ST_KV_STRING && st_str_eq(st_pool_get(b->r->mem.pool, v.u.s), name))
            return true;
    }
    return false;
}

static void put_inputs(unpack *u, const st_kop *in)
{
    for (size_t c = 0; c < in->schema.n; c++)
        if (c != u->col) {
            u->cols[u->n] = in->schema.v[c];
            u->items[u->n++] = (st_kitem){ NULL, c };
        }
}

static st_kop *unpack_by_schema(st_kbinder *b, st_kop *in, const st_kql_schema *s, unpack *u)
{
    if (!put_rest(b, u, in, s->n))
        return NULL;
    if (s->open)
        put_inputs(u, in);
    for (size_t i = 0; s->columns && i < s->n; i++) {
        st_str name = s->columns[i].name.text, key = name;
        size_t at = st_kb_column(&in->schema, name);
        if (at != SIZE_MAX && at != u->col) {
            if (!s->open) {
                u->cols[u->n] = in->schema.v[at];
                u->items[u->n++] = (st_kitem){ NULL, at };
            }
            continue;
        }
        if (u->prefix.n && st_str_starts(name, u->prefix))
            key = (st_str){ name.p + u->prefix.n, name.n - u->prefix.n };
        put_member(b, u, key, name, st_kb_type(s->columns[i].type));
    }
    return st_kop_project(b->r, in, u->cols, u->items, u->n);
}

/* A column for the member: the last one, or in the place of one that has its name. */
static bool unpack_member(st_kbinder *b, const st_kop *in, const st_kql_op *q, unpack *u,
                          const member *m)
{
    st_str name = prefixed(b, u->prefix, m->text);
    size_t at = st_kb_column(&in->schema, name), place = at - (at > u->col), n = u->n;
    bool clash = at != SIZE_MAX && at != u->col;
    if (clash && u->conflict == CONFLICT_ERROR) {
        st_kb_error(b, q->word, NULL, "there is a column %.*s already; give bag_unpack() a prefix",
                    ST_FMT(name));
        return false;
    }
    if (clash && u->conflict == CONFLICT_KEEP_SOURCE)
        return true;
    put_member(b, u, m->text, name, m->type == ST_KT_UNKNOWN ? ST_KT_DYNAMIC : m->type);
    if (clash && u->n > n) {
        u->cols[place] = u->cols[--u->n];
        u->items[place] = u->items[u->n];
    }
    return true;
}

static st_kop *unpack_by_rows(st_kbinder *b, st_kop *in, const st_kql_op *q, unpack *u)
{
    members m = { 0 };
    const st_krows *rows;
    st_kgroups_init(&m.places, 1);
    st_kop *all = replay_of(b->r, in, &rows);
    bool ok = all && collect(b, rows, u->col, &m);
    if (all && !ok && m.n > ST_MAX_KQL_UNPACKED)
        st_kb_error(b, q->word, NULL, "bag_unpack() finds more than %u members",
                    ST_MAX_KQL_UNPACKED);
    ok = ok && put_rest(b, u, in, m.n);
    if (ok)
        put_inputs(u, in);
    for (size_t i = 0; ok && i < m.n; i++)
        if (!ignored(b, u, m.v[i].text))
            ok = unpack_member(b, in, q, u, &m.v[i]);
    members_free(&m);
    b->open = true;
    return ok && !b->failed ? st_kop_project(b->r, all, u->cols, u->items, u->n) : NULL;
}

static bool plain_column(st_kbinder *b, const st_kql_expr *e, const st_kop *in, size_t *col)
{
    *col = e->kind == ST_KX_NAME ? st_kb_column(&in->schema, e->u.name) : SIZE_MAX;
    if (*col != SIZE_MAX)
        return true;
    if (e->kind == ST_KX_NAME)
        st_kb_no_column(b, e->span, e->u.name);
    else
        st_kb_error(b, e->span, NULL, "a column's name is needed here");
    return false;
}

/* The options behind the column, by place or by name. */
static bool unpack_options(st_kbinder *b, const st_kql_list *args, unpack *u)
{
    static const char *const names[] = { "OutputColumnPrefix", "columnsConflict",
                                         "ignoredProperties" };
    const st_kql_expr *by[3] = { 0 };
    st_kv v[3] = { st_kv_null(), st_kv_null(), st_kv_null() };
    st_kt t;
    for (size_t i = 1; i < args->n; i++) {
        const st_kql_expr *e = args->items[i];
        bool named = e->kind == ST_KX_NAMED;
        size_t at = named ? 0 : i - 1;
        while (named && at < 3 && !st_str_eq(e->u.named.names[0].text, st_str_of(names[at])))
            at++;
        if (at == 3 || by[at]) {
            st_kb_error(b, e->span, "KS119", "bag_unpack() has no such option, or has it twice");
            return false;
        }
        by[at] = named ? e->u.named.value : e;
        if (!st_kb_constant(b, by[at], &v[at], &t))
            return false;
    }
    st_pool *pool = b->r->mem.pool;
    u->prefix = st_pool_get(pool, v[0].tag == ST_KV_STRING ? v[0].u.s : ST_EMPTY);
    st_str how = v[1].tag == ST_KV_STRING ? st_pool_get(pool, v[1].u.s) : ST_STR("error");
    while (u->conflict < NCONFLICTS && !st_str_eq(how, st_str_of(conflicts[u->conflict])))
        u->conflict++;
    u->ignored = v[2];
    if (by[1] && u->conflict == NCONFLICTS)
        st_kb_error(b, by[1]->span, NULL, "error, replace_source or keep_source is expected here");
    else if (by[2] && v[2].tag != ST_KV_ARRAY)
        st_kb_error(b, by[2]->span, "KS107", "an array of names is needed here");
    return !b->failed;
}

/* The rows with column c read as JSON, if it is one that is. */
static st_kop *read_json(st_kbinder *b, st_kop *in, const st_kql_expr *e, size_t c)
{
    const st_kschema *outer = b->row;
    b->row = &in->schema;
    st_kx *x = st_kb_expr(b, e);
    st_kx *json = x ? st_kb_as_json(b, x) : NULL;
    b->row = outer;
    if (!json || json == x)
        return json ? in : NULL;
    st_kcol *cols = ST_NEWN(&b->r->arena, st_kcol, in->schema.n);
    st_kitem *items = ST_NEWN(&b->r->arena, st_kitem, in->schema.n);
    for (size_t i = 0; cols && items && i < in->schema.n; i++) {
        cols[i] = in->schema.v[i];
        items[i].from = i;
    }
    if (!cols || !items)
        return NULL;
    cols[c].type = ST_KT_DYNAMIC;
    items[c] = (st_kitem){ .x = json };
    return st_kop_project(b->r, in, cols, items, in->schema.n);
}

static st_kop *bag_unpack(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    const st_kql_list *args = &q->u.evaluate.call->u.call.args;
    unpack u = { 0 };
    if (!args->n || args->n > 4) {
        st_kb_error(b, q->u.evaluate.call->span, "KS119",
                    "bag_unpack() takes a column, a prefix, what to do about a name that is "
                    "taken, and names to leave out");
        return NULL;
    }
    if (!plain_column(b, args->items[0], in, &u.col) || !unpack_options(b, args, &u))
        return NULL;
    if (in->schema.v[u.col].type == ST_KT_UNKNOWN ||
        !(in = read_json(b, in, args->items[0], u.col)))
        return NULL;
    if (in->schema.v[u.col].type != ST_KT_DYNAMIC) {
        st_kb_error(b, args->items[0]->span, "KS107",
                    "bag_unpack() needs a dynamic, not %s; use parse_json()",
                    st_kt_name(in->schema.v[u.col].type));
        return NULL;
    }
    const st_kql_schema *s = &q->u.evaluate.schema;
    if (s->columns || s->open)
        return unpack_by_schema(b, in, s, &u);
    return st_kb_may_run(b) ? unpack_by_rows(b, in, q, &u) : NULL;
}

/* pivot */

typedef struct pivot {
    size_t col, *keys, nkeys;
    st_kaggcall call;
} pivot;

static bool uses(const st_kql_expr *call, st_str name)
{
    for (size_t i = 0; call && i < call->u.call.args.n; i++)
        if (call->u.call.args.items[i]->kind == ST_KX_NAME &&
            st_str_eq(call->u.call.args.items[i]->u.name, name))
            return true;
    return false;
}

/* The aggregate: the second argument, else count(). */
static bool pivot_call(st_kbinder *b, const st_kql_expr *e, st_kaggcall *out)
{
    if (!e) {
        *out = (st_kaggcall){ .agg = st_kagg_find(ST_STR("count")),
                              .type = ST_KT_LONG,
                              .limit = INT64_MAX };
        return true;
    }
    b->aggregates = true;
    b->ncalls = b->keys = 0;
    b->node_call = SIZE_MAX;
    st_kx *x = e->kind == ST_KX_CALL ? st_kb_expr(b, e) : NULL;
    b->aggregates = false;
    if (!x || b->failed || b->ncalls != 1 || x->kind != ST_X_COLUMN) {
        if (!b->failed)
            st_kb_error(b, e->span, NULL, "pivot() needs one aggregate here");
        return false;
    }
    *out = b->calls[0];
    return true;
}

static bool pivot_args(st_kbinder *b, st_kop *in, const st_kql_expr *call, pivot *p)
{
    const st_kql_list *args = &call->u.call.args;
    const st_kql_expr *agg = args->n > 1 ? args->items[1] : NULL;
    if (!args->n) {
        st_kb_error(b, call->span, "KS119", "pivot() needs a column");
        return false;
    }
    if (!plain_column(b, args->items[0], in, &p->col) || !pivot_call(b, agg, &p->call))
        return false;
    p->keys = ST_NEWN(&b->r->arena, size_t, in->schema.n + args->n);
    for (size_t i = 2; p->keys && i < args->n; i++, p->nkeys++)
        if (!plain_column(b, args->items[i], in, &p->keys[p->nkeys]))
            return false;
    for (size_t c = 0; p->keys && args->n < 3 && c < in->schema.n; c++)
        if (c != p->col && !uses(agg, in->schema.v[c].name))
            p->keys[p->nkeys++] = c;
    for (size_t i = 0; p->keys && i < p->nkeys; i++)
        if (in->schema.v[p->keys[i]].type == ST_KT_DYNAMIC) {
            st_kb_error(b, call->span, "KS116",
                        "a dynamic can't be grouped; wrap it in tostring()");
            return false;
        }
    return p->keys != NULL;
}

/* Groups by the keys and the column's text: keys, text, value. */
static st_kop *pivot_groups(st_kbinder *b, st_kop *in, const pivot *p)
{
    size_t n = p->nkeys + 1;
    st_kx **keys = ST_NEWN(&b->r->arena, st_kx *, n);
    st_kcol *cols = ST_NEWN(&b->r->arena, st_kcol, n + 1);
    st_kaggcall *call = ST_NEW(&b->r->arena, st_kaggcall);
    if (!keys || !cols || !call)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t c = i < p->nkeys ? p->keys[i] : p->col;
        cols[i] = in->schema.v[c];
        if (!(keys[i] = ST_NEW(&b->r->arena, st_kx)))
            return NULL;
        *keys[i] = (st_kx){ .kind = ST_X_COLUMN, .type = cols[i].type, .col = c };
    }
    keys[n - 1] = st_kb_call(b, st_kf_convert, ST_KT_STRING, &keys[n - 1], 1);
    cols[n - 1].type = ST_KT_STRING;
    cols[n] = (st_kcol){ ST_STR("_"), p->call.type };
    *call = p->call;
    return keys[n - 1] ? st_kop_summarize(b->r, in, keys, n, call, 1, SIZE_MAX, cols) : NULL;
}

typedef struct cell {
    size_t row;
    st_sid name;
    st_kv v;
} cell;

/* One row a key, one column a name; what no group gives is the aggregate of nothing. */
static st_kop *pivot_table(st_kbinder *b, const pivot *p, const st_kop *groups, st_kgroups *rows,
                           members *m, const cell *cells, size_t n)
{
    size_t width = p->nkeys + m->n;
    st_kaccum none = { 0 };
    st_kv nothing = p->call.agg->end(b->r, &none, &p->call);
    st_kcol *cols = ST_NEWN(&b->r->arena, st_kcol, width);
    st_kv *out = ST_NEWN(&b->r->arena, st_kv, width * rows->n);
    size_t *place = ST_NEWN(&b->r->arena, size_t, m->n);
    if (!cols || !out || !place)
        return NULL;
    if (m->n)
        qsort(m->v, m->n, sizeof *m->v, by_text);
    for (size_t i = 0; i < m->n; i++) {
        st_kv key = st_kv_sid(m->v[i].name);
        place[st_kgroups_find(&b->r->mem, &m->places, &key)] = i;
        cols[p->nkeys + i] = (st_kcol){ m->v[i].text, p->call.type };
    }
    for (size_t c = 0; c < p->nkeys; c++)
        cols[c] = groups->schema.v[c];
    for (size_t k = 0; k < rows->n; k++)
        for (size_t c = 0; c < width; c++)
            out[k * width + c] = c < p->nkeys ? rows->keys[k * p->nkeys + c] : nothing;
    for (size_t i = 0; i < n; i++) {
        st_kv key = st_kv_sid(cells[i].name);
        size_t at = place[st_kgroups_find(&b->r->mem, &m->places, &key)];
        out[cells[i].row * width + p->nkeys + at] = cells[i].v;
    }
    return st_kop_values(b->r, cols, width, out, rows->n);
}

static bool pivot_cells(st_kbinder *b, const pivot *p, const st_krows *in, st_kgroups *rows,
                        members *m, cell *cells)
{
    st_kv *key = ST_NEWN(&b->r->arena, st_kv, p->nkeys);
    size_t n = 0;
    for (size_t i = 0; key && i < in->n; i++)
        for (size_t k = 0; k < in->batch[i]->n; k++, n++) {
            for (size_t c = 0; c < p->nkeys; c++)
                key[c] = in->batch[i]->cols[c].v[k];
            cells[n] = (cell){ st_kgroups_put(&b->r->mem, rows, key),
                               in->batch[i]->cols[p->nkeys].v[k].u.s,
                               in->batch[i]->cols[p->nkeys + 1].v[k] };
            if (cells[n].row == SIZE_MAX ||
                !add_member(b, m, cells[n].name, in->batch[i]->cols[p->nkeys].v[k]))
                return false;
        }
    return key != NULL;
}

static st_kop *bind_pivot(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    pivot p = { 0 };
    if (!pivot_args(b, in, q->u.evaluate.call, &p) || !st_kb_may_run(b))
        return NULL;
    st_kop *groups = pivot_groups(b, in, &p), *op = NULL;
    st_krows read = { 0 };
    st_kgroups rows;
    members m = { 0 };
    st_kgroups_init(&m.places, 1);
    st_kgroups_init(&rows, p.nkeys);
    b->open = true;
    if (groups && st_krows_read(b->r, groups, &read)) {
        cell *cells = ST_NEWN(&b->r->arena, cell, read.rows);
        if (cells && pivot_cells(b, &p, &read, &rows, &m, cells))
            op = pivot_table(b, &p, groups, &rows, &m, cells, read.rows);
        else if (m.n > ST_MAX_KQL_UNPACKED)
            st_kb_error(b, q->word, NULL, "pivot() would make more than %u columns",
                        ST_MAX_KQL_UNPACKED);
    }
    st_krows_free(&read);
    st_kgroups_free(&rows);
    members_free(&m);
    return op;
}

st_kop *st_kb_evaluate(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    const st_kql_expr *call = q->u.evaluate.call;
    st_str name = call->u.call.name.text;
    if (st_str_eq(name, ST_STR("bag_unpack")))
        return bag_unpack(b, in, q);
    if (st_str_eq(name, ST_STR("pivot")))
        return bind_pivot(b, in, q);
    const st_kservice *service = st_kservice_plugin(name);
    if (service)
        return st_kb_service_table(b, call->u.call.name.span, service, name);
    static const char *const plugins[] = { "bag_unpack", "pivot" };
    st_suggest s = { .want = name };
    for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
        st_suggest_offer(&s, st_str_of(plugins[i]));
    if (s.best.p)
        st_kb_error(b, call->u.call.name.span, NULL, "no plugin %.*s; did you mean %.*s?",
                    ST_FMT(name), ST_FMT(s.best));
    else
        st_kb_error(b, call->u.call.name.span, NULL, "the plugin %.*s isn't supported",
                    ST_FMT(name));
    return NULL;
}
