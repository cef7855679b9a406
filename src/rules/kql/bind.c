/*
 * bind.c - statements, tables and the operators of a pipeline.
 *
 * A let that is a table is a macro: each use binds it anew, in the scope of its definition.
 * Operators are rows of a table by the parser's kinds; one that has no row yet is refused by
 * its name.
 */
#include "rules/kql/graph.h"

#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(misc-no-recursion): it follows a tree whose height the parser bounds */

/* columns of an output */

typedef struct outputs {
    st_kcol *cols;
    st_kitem *items;
    bool *named; /* by the author */
    size_t n, cap, items_cap, named_cap;
    unsigned columns; /* nameless ones so far */
    st_kx **tuples;   /* values of several columns: computed first, as columns behind the input's */
    size_t ntuples, tuples_cap;
} outputs;

static void outputs_free(outputs *o)
{
    free(o->cols);
    free(o->items);
    free(o->named);
    free((void *)o->tuples);
}

static size_t find_output(const outputs *o, st_str name)
{
    for (size_t i = 0; i < o->n; i++)
        if (st_str_eq(o->cols[i].name, name))
            return i;
    return SIZE_MAX;
}

static bool put_output(st_kbinder *b, outputs *o, st_str name, bool named, st_kitem item,
                       st_kt type)
{
    if (!st_grow(&o->cols, &o->cap, o->n + 1, sizeof *o->cols) ||
        !st_grow(&o->items, &o->items_cap, o->n + 1, sizeof *o->items) ||
        !st_grow(&o->named, &o->named_cap, o->n + 1, sizeof *o->named)) {
        b->failed = true;
        return st_krun_nomem(b->r);
    }
    o->cols[o->n] = (st_kcol){ name, type };
    o->items[o->n] = item;
    o->named[o->n++] = named;
    return true;
}

static st_str numbered(st_kbinder *b, st_str stem, unsigned n)
{
    char t[24];
    snprintf(t, sizeof t, "%u", n);
    char *p = ST_NEWN(&b->r->arena, char, stem.n + strlen(t) + 1);
    if (!p)
        return stem;
    memcpy(p, stem.p, stem.n);
    strcpy(p + stem.n, t);
    return (st_str){ p, stem.n + strlen(t) };
}

/* The name itself, or with the first number behind it that is free. */
static st_str free_name(st_kbinder *b, const outputs *o, st_str name)
{
    st_str t = name;
    for (unsigned i = 1; find_output(o, t) != SIZE_MAX; i++)
        t = numbered(b, name, i);
    return t;
}

/* One expression of a list: its value and, if the author gave one, its name. */
static const st_kql_expr *unname(const st_kql_expr *e, st_str *name)
{
    *name = (st_str){ NULL, 0 };
    if (e->kind != ST_KX_NAMED)
        return e;
    *name = e->u.named.names[0].text;
    return e->u.named.value;
}

/* The value of a function that gives several columns, to be computed once a row. */
static st_kx *tuple_column(st_kbinder *b, outputs *o, const st_kql_expr *value)
{
    st_kx *x = st_kb_tuple(b, value);
    if (!x || b->aggregates || x->type == ST_KT_UNKNOWN)
        return x;
    st_kx *col = ST_NEW(&b->r->arena, st_kx);
    if (!col || !st_grow(&o->tuples, &o->tuples_cap, o->ntuples + 1, sizeof(st_kx *))) {
        b->failed = true;
        st_krun_nomem(b->r);
        return NULL;
    }
    *col = (st_kx){ .kind = ST_X_COLUMN,
                    .type = ST_KT_DYNAMIC,
                    .col = (b->row ? b->row->n : 0) + o->ntuples };
    o->tuples[o->ntuples++] = x;
    return col;
}

/* Adds the columns of such a function. The author's names are for the first ones; `all`: the
 * others come too (extend takes only the named ones). replace: a column of that name gives way. */
static bool add_tuple(st_kbinder *b, outputs *o, const st_kql_expr *e, bool all, bool replace)
{
    const st_kql_expr *value = e->kind == ST_KX_NAMED ? e->u.named.value : e;
    size_t named = e->kind == ST_KX_NAMED ? e->u.named.nnames : 0, width = st_kb_tuple_width(value);
    st_kx *tuple = tuple_column(b, o, value);
    if (named > width) {
        st_kb_error(b, e->span, NULL, "%zu names for %zu columns", named, width);
        return false;
    }
    for (size_t i = 0; tuple && i < (all || !named ? width : named); i++) {
        st_kcol c = st_kb_tuple_column(b, value, i);
        st_str name = i < named ? e->u.named.names[i].text : c.name;
        st_kitem item = { st_kb_tuple_value(b, value, tuple, i), 0 };
        size_t at = replace ? find_output(o, name) : SIZE_MAX;
        if (!item.x)
            return false;
        if (at != SIZE_MAX) {
            o->cols[at].type = c.type;
            o->items[at] = item;
            o->named[at] = i < named;
        } else if (!put_output(b, o, free_name(b, o, name), i < named, item, c.type)) {
            return false;
        }
    }
    return tuple != NULL;
}

/* The input, behind whose columns stand the values of several columns. */
static st_kop *with_tuples(st_kbinder *b, st_kop *in, const outputs *o)
{
    size_t n = in->schema.n + o->ntuples;
    st_kcol *cols = ST_NEWN(&b->r->arena, st_kcol, n);
    st_kitem *items = ST_NEWN(&b->r->arena, st_kitem, n);
    if (!o->ntuples)
        return in;
    for (size_t i = 0; cols && items && i < n; i++) {
        bool own = i < in->schema.n;
        cols[i] = own ? in->schema.v[i] : (st_kcol){ ST_STR(""), ST_KT_DYNAMIC };
        items[i] = own ? (st_kitem){ NULL, i } : (st_kitem){ o->tuples[i - in->schema.n], 0 };
    }
    return cols && items ? st_kop_project(b->r, in, cols, items, n) : NULL;
}

/* Adds the columns of a list (project, summarize, distinct, print). */
static bool add_expr(st_kbinder *b, outputs *o, const st_kql_expr *e)
{
    st_str name;
    const st_kql_expr *value = unname(e, &name);
    if (st_kb_is_tuple(b, value))
        return add_tuple(b, o, e, true, false);
    if (e->kind == ST_KX_NAMED && e->u.named.nnames > 1) {
        st_kb_error(b, e->span, NULL, "several names need a value of several columns");
        return false;
    }
    st_kx *x = st_kb_settled(b, value, st_kb_expr(b, value));
    if (!x)
        return false;
    bool named = name.p != NULL || (value->kind == ST_KX_NAME && x->kind == ST_X_COLUMN);
    if (!name.p)
        name = st_kb_name(b, value);
    size_t taken = find_output(o, name);
    if (named && taken != SIZE_MAX && o->named && o->named[taken]) {
        st_kb_error(b, e->span, "KS171", "there is a column %.*s already", ST_FMT(name));
        return false;
    }
    if (!name.n)
        name = numbered(b, ST_STR("Column"), ++o->columns);
    name = free_name(b, o, name);
    st_kitem item = x->kind == ST_X_COLUMN ? (st_kitem){ NULL, x->col } : (st_kitem){ x, 0 };
    return put_output(b, o, name, named, item, x->type);
}

static st_kop *finish(st_kbinder *b, st_kop *in, outputs *o)
{
    /* After an error, too: a column of unknown type is better than none. */
    st_kop *from = with_tuples(b, in, o);
    st_kop *op = from ? st_kop_project(b->r, from, o->cols, o->items, o->n) : NULL;
    outputs_free(o);
    return op;
}

/* the family of project */

st_kop *st_kb_op_project(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    outputs o = { 0 };
    for (size_t i = 0; i < q->u.exprs.n; i++)
        add_expr(b, &o, q->u.exprs.items[i]);
    return finish(b, in, &o);
}

static bool keep_all(st_kbinder *b, outputs *o, const st_kschema *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!put_output(b, o, s->v[i].name, false, (st_kitem){ NULL, i }, s->v[i].type))
            return false;
    return true;
}

static void extend_one(st_kbinder *b, outputs *o, const st_kql_expr *e)
{
    st_str name;
    const st_kql_expr *value = unname(e, &name);
    if (st_kb_is_tuple(b, value)) {
        add_tuple(b, o, e, false, true);
        return;
    }
    st_kx *x = st_kb_settled(b, value, st_kb_expr(b, value));
    if (!x)
        return;
    bool named = name.p != NULL;
    if (!named)
        name = st_kb_name(b, value);
    if (!name.n)
        do
            name = numbered(b, ST_STR("Column"), ++o->columns);
        while (find_output(o, name) != SIZE_MAX);
    size_t at = find_output(o, name);
    st_kitem item = x->kind == ST_X_COLUMN ? (st_kitem){ NULL, x->col } : (st_kitem){ x, 0 };
    if (at == SIZE_MAX) {
        put_output(b, o, name, named, item, x->type);
        return;
    }
    if (named && o->named[at]) {
        st_kb_error(b, e->span, "KS171", "there is a column %.*s already", ST_FMT(name));
        return;
    }
    if (!named && value->kind == ST_KX_NAME)
        return;
    o->cols[at].type = x->type;
    o->items[at] = item;
    o->named[at] = named;
}

static st_kop *bind_extend(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    outputs o = { 0 };
    keep_all(b, &o, &in->schema);
    for (size_t i = 0; i < q->u.exprs.n; i++)
        extend_one(b, &o, q->u.exprs.items[i]);
    return finish(b, in, &o);
}

/* `*` stands for any text; no other signs. Patterns come from rules: linear with one way back. */
static bool wild(st_str pattern, st_str s)
{
    size_t p = 0, i = 0, star = SIZE_MAX, back = 0;
    while (i < s.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            back = i;
        } else if (p < pattern.n && pattern.p[p] == s.p[i]) {
            p++;
            i++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            i = ++back;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

/* Marks the columns that e names; false (and an error) if there are none. */
static bool mark(st_kbinder *b, const st_kql_expr *e, bool *hit)
{
    bool any = false, star = e->kind == ST_KX_STAR;
    if (e->kind != ST_KX_NAME && e->kind != ST_KX_PATTERN && !star) {
        st_kb_error(b, e->span, NULL, "a column's name is needed here");
        return false;
    }
    for (size_t i = 0; i < b->row->n; i++)
        if (star || (e->kind == ST_KX_NAME ? st_str_eq(e->u.name, b->row->v[i].name)
                                           : wild(e->u.name, b->row->v[i].name)))
            any = hit[i] = true;
    if (!any && e->kind == ST_KX_NAME)
        st_kb_no_column(b, e->span, e->u.name);
    else if (!any && !b->row->open)
        st_kb_error(b, e->span, "KS142", "no column is like %.*s", ST_FMT(e->u.name));
    return any;
}

static st_kop *bind_keep(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    outputs o = { 0 };
    bool *hit = ST_NEWN(&b->r->arena, bool, in->schema.n);
    for (size_t i = 0; hit && i < q->u.exprs.n; i++)
        mark(b, q->u.exprs.items[i], hit);
    for (size_t i = 0; hit && i < in->schema.n; i++)
        if (hit[i] == (q->kind == ST_KP_PROJECT_KEEP))
            put_output(b, &o, in->schema.v[i].name, true, (st_kitem){ NULL, i },
                       in->schema.v[i].type);
    return finish(b, in, &o);
}

static st_kop *bind_rename(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    outputs o = { 0 };
    keep_all(b, &o, &in->schema);
    for (size_t i = 0; i < q->u.exprs.n; i++) {
        const st_kql_expr *e = q->u.exprs.items[i];
        if (e->kind != ST_KX_NAMED || e->u.named.value->kind != ST_KX_NAME) {
            st_kb_error(b, e->span, NULL, "project-rename needs NEW = OLD");
            continue;
        }
        size_t at = st_kb_column(&in->schema, e->u.named.value->u.name);
        if (at == SIZE_MAX) {
            st_kb_no_column(b, e->u.named.value->span, e->u.named.value->u.name);
            continue;
        }
        if (find_output(&o, e->u.named.names[0].text) != SIZE_MAX)
            st_kb_error(b, e->span, "KS171", "there is a column %.*s already",
                        ST_FMT(e->u.named.names[0].text));
        o.cols[at].name = e->u.named.names[0].text;
    }
    return finish(b, in, &o);
}

typedef struct sort_name {
    st_str name;
    size_t at;
} sort_name;

static int by_name(const void *a, const void *b)
{
    const sort_name *x = a, *y = b;
    return st_str_cmp(x->name, y->name);
}

static st_kop *bind_reorder(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    size_t n = in->schema.n;
    outputs o = { 0 };
    bool *used = ST_NEWN(&b->r->arena, bool, n), *hit = ST_NEWN(&b->r->arena, bool, n);
    sort_name *names = ST_NEWN(&b->r->arena, sort_name, n);
    for (size_t k = 0; used && hit && names && k < q->u.keys.n; k++) {
        const st_kql_key *key = &q->u.keys.keys[k];
        size_t count = 0;
        memset(hit, 0, n);
        if (!mark(b, key->expr, hit))
            continue;
        for (size_t i = 0; i < n; i++)
            if (hit[i] && !used[i])
                names[count++] = (sort_name){ in->schema.v[i].name, i };
        if (key->asc || key->desc)
            qsort(names, count, sizeof *names, by_name);
        for (size_t i = 0; i < count; i++) {
            size_t at = names[key->desc ? count - 1 - i : i].at;
            used[at] = true;
            put_output(b, &o, in->schema.v[at].name, true, (st_kitem){ NULL, at },
                       in->schema.v[at].type);
        }
    }
    for (size_t i = 0; used && i < n; i++)
        if (!used[i])
            put_output(b, &o, in->schema.v[i].name, true, (st_kitem){ NULL, i },
                       in->schema.v[i].type);
    return finish(b, in, &o);
}

/* where, order, top, take, count, distinct */

static st_kop *bind_where(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    bool filtering = b->filtering;
    b->filtering = true;
    st_kx *x = st_kb_condition(b, q->u.expr);
    b->filtering = filtering;
    return x && !b->failed ? st_kop_where(b->r, in, x) : NULL;
}

static bool bind_keys(st_kbinder *b, const st_kql_key *keys, size_t n, st_kkey **out)
{
    *out = ST_NEWN(&b->r->arena, st_kkey, n);
    for (size_t i = 0; *out && i < n; i++) {
        st_str name;
        const st_kql_expr *value = unname(keys[i].expr, &name);
        st_kx *x = st_kb_settled(b, value, st_kb_expr(b, value));
        if (!x)
            return false;
        if (x->type == ST_KT_DYNAMIC)
            st_kb_error(b, keys[i].expr->span, "KS116",
                        "a dynamic can't be sorted by; wrap it in tostring()");
        bool desc = !keys[i].asc;
        (*out)[i] = (st_kkey){ x, desc, keys[i].nulls_first || (!desc && !keys[i].nulls_last) };
    }
    return *out && !b->failed;
}

static st_kop *bind_order(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    st_kkey *keys;
    return bind_keys(b, q->u.keys.keys, q->u.keys.n, &keys)
               ? st_kop_order(b->r, in, keys, q->u.keys.n, SIZE_MAX)
               : NULL;
}

/* How many rows: a constant whole number. */
static bool row_count(st_kbinder *b, const st_kql_expr *e, size_t *n)
{
    st_kv v;
    st_kt t;
    if (!st_kb_constant(b, e, &v, &t))
        return false;
    if (v.tag != ST_KV_LONG) {
        st_kb_error(b, e->span, "KS107", "a number of rows is needed here");
        return false;
    }
    *n = v.u.i < 0 ? 0 : (size_t)v.u.i;
    return true;
}

static st_kop *bind_top(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    size_t n = 0;
    st_kkey *keys;
    if (!row_count(b, q->u.top.count, &n) || !bind_keys(b, q->u.top.keys, q->u.top.n, &keys))
        return NULL;
    return st_kop_order(b->r, in, keys, q->u.top.n, n);
}

static st_kop *bind_take(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    size_t n = 0;
    return row_count(b, q->u.top.count, &n) ? st_kop_take(b->r, in, n) : NULL;
}

static st_kop *bind_count(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    return st_kop_count(b->r, in, q->u.name.text.n ? q->u.name.text : ST_STR("Count"));
}

static bool no_dynamic(st_kbinder *b, const st_kql_op *q, const st_kschema *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].type == ST_KT_DYNAMIC) {
            st_kb_error(b, q->span, "KS116",
                        "a dynamic (%.*s) can't be grouped; wrap it in tostring()",
                        ST_FMT(s->v[i].name));
            return false;
        }
    return true;
}

static st_kop *bind_distinct(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    st_kop *p = in;
    if (!(q->u.exprs.n == 1 && q->u.exprs.items[0]->kind == ST_KX_STAR))
        p = st_kb_op_project(b, in, q);
    return p && no_dynamic(b, q, &p->schema) ? st_kop_distinct(b->r, p) : NULL;
}

static st_kop *bind_sample_distinct(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    size_t n = 0;
    outputs o = { 0 };
    if (!row_count(b, q->u.top.count, &n) || !add_expr(b, &o, q->u.top.of)) {
        outputs_free(&o);
        return NULL;
    }
    st_kop *p = finish(b, in, &o);
    p = p ? st_kop_distinct(b->r, p) : NULL;
    return p ? st_kop_take(b->r, p, n) : NULL;
}

/* The chart that the author had in mind: its kind and options, as JSON for whoever draws. */
static st_kop *bind_render(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    st_kmem *m = &b->r->mem;
    st_kbag *g = st_kbag_new(m, q->nopts + 1);
    st_kop *op = st_kop_take(b->r, in, SIZE_MAX);
    st_buf t = { 0 };
    if (!g || !op)
        return NULL;
    g->keys[0] = st_kv_str(m, ST_STR("kind")).u.s;
    g->v[0] = st_kv_str(m, q->u.name.text);
    for (size_t i = 0; i < q->nopts; i++) {
        const st_kql_expr *e = q->opts[i].value;
        st_kx *x = e && e->kind == ST_KX_LITERAL ? st_kb_expr(b, e) : NULL;
        g->keys[i + 1] = st_kv_str(m, q->opts[i].name.text).u.s;
        g->v[i + 1] = x                            ? x->value
                      : e && e->kind == ST_KX_NAME ? st_kv_str(m, e->u.name)
                                                   : st_kv_null();
    }
    st_kv_put_json(&t, m, st_kv_bag(g));
    op->render = st_arena_copy(&b->r->arena, st_buf_slice(&t));
    st_buf_free(&t);
    return op;
}

/* The query as far as its operator `end`, as an expression; NULL: no memory. */
static st_kql_expr *query_up_to(st_kbinder *b, const st_kql_query *query, const st_kql_op *end)
{
    st_kql_expr *e = ST_NEW(&b->r->arena, st_kql_expr);
    st_kql_query *head = ST_NEW(&b->r->arena, st_kql_query);
    if (!e || !head)
        return NULL;
    *head = (st_kql_query){ .span = query->span };
    st_kql_op **to = &head->first;
    for (const st_kql_op *q = query->first; q && q != end; q = q->next) {
        if (!(*to = ST_NEW(&b->r->arena, st_kql_op)))
            return NULL;
        **to = *q;
        (*to)->next = NULL;
        to = &(*to)->next;
    }
    *e = (st_kql_expr){ .kind = ST_KX_QUERY, .span = query->span, .u.query = head };
    return e;
}

/* Operators behind it know the rows so far by a name, as though a let had given them. */
static st_kop *bind_as(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    if (!b->piped) {
        st_kb_error(b, q->word, NULL, "the rows of a subquery can't be named; use let");
        return NULL;
    }
    st_klet *l = ST_NEW(&b->r->arena, st_klet);
    st_kql_expr *e = query_up_to(b, b->piped, q);
    if (!l || !e)
        return NULL;
    *l = (st_klet){
        .next = b->env, .name = q->u.name.text, .kind = ST_L_TABLE, .expr = e, .env = b->env
    };
    b->env = l;
    return in;
}

static st_kop *bind_getschema(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    static const char *const clr[] = {
        [ST_KT_BOOL] = "System.SByte",        [ST_KT_DATETIME] = "System.DateTime",
        [ST_KT_DYNAMIC] = "System.Object",    [ST_KT_GUID] = "System.Guid",
        [ST_KT_INT] = "System.Int32",         [ST_KT_LONG] = "System.Int64",
        [ST_KT_REAL] = "System.Double",       [ST_KT_STRING] = "System.String",
        [ST_KT_TIMESPAN] = "System.TimeSpan", [ST_KT_UNKNOWN] = "System.Object",
    };
    static const char *const names[] = { "ColumnName", "ColumnOrdinal", "DataType", "ColumnType" };
    (void)q;
    st_kv *cells = ST_NEWN(&b->r->arena, st_kv, in->schema.n * 4);
    st_kcol cols[4];
    for (size_t i = 0; i < 4; i++)
        cols[i] = (st_kcol){ st_str_of(names[i]), i == 1 ? ST_KT_LONG : ST_KT_STRING };
    for (size_t i = 0; cells && i < in->schema.n; i++) {
        cells[4 * i] = st_kv_str(&b->r->mem, in->schema.v[i].name);
        cells[4 * i + 1] = st_kv_long((int64_t)i);
        cells[4 * i + 2] = st_kv_str(&b->r->mem, st_str_of(clr[in->schema.v[i].type]));
        cells[4 * i + 3] = st_kv_str(&b->r->mem, st_str_of(st_kt_name(in->schema.v[i].type)));
    }
    return cells ? st_kop_values(b->r, cols, 4, cells, in->schema.n) : NULL;
}

/* Aggregates that give columns of one row of the group, each as an aggregate of its own. */
typedef struct row_agg {
    const char *name, *code; /* code: the aggregate that finds the row */
    const char *prefix;      /* of names, where old or where a column has none */
    bool ranked;             /* the first argument says which row; else the first one is taken */
    bool old;                /* names of that time: max_a, max_a_b, any_a */
} row_agg;

static const row_agg row_aggs[] = {
    { "arg_max", "arg_max", "max_", true, false },   { "arg_min", "arg_min", "min_", true, false },
    { "argmax", "arg_max", "max_", true, true },     { "argmin", "arg_min", "min_", true, true },
    { "take_any", "arg_min", "any_", false, false }, { "any", "arg_min", "any_", false, true },
};

/* One value alone is no row: take_any(x) prefers one that isn't null. */
static const row_agg *row_agg_of(const st_kql_expr *e)
{
    if (e->kind != ST_KX_CALL || !e->u.call.args.n)
        return NULL;
    bool several = e->u.call.args.n > 1 || e->u.call.args.items[0]->kind == ST_KX_STAR;
    for (size_t i = 0; i < sizeof row_aggs / sizeof *row_aggs; i++)
        if (st_str_eq(e->u.call.name.text, st_str_of(row_aggs[i].name)))
            return row_aggs[i].ranked || several ? &row_aggs[i] : NULL;
    return NULL;
}

typedef struct row_binder {
    const row_agg *agg;
    outputs *out;
    st_kx *by;                /* what finds the row */
    st_str stem;              /* its own name */
    const st_kql_name *names; /* what the author called the first columns */
    size_t nnames, given;
} row_binder;

static st_str joined(st_kbinder *b, st_str x, st_str y)
{
    char *p = ST_NEWN(&b->r->arena, char, x.n + y.n + 1);
    if (!p)
        return x;
    if (x.n)
        memcpy(p, x.p, x.n);
    if (y.n)
        memcpy(p + x.n, y.p, y.n);
    return (st_str){ p, x.n + y.n };
}

/* A column of the row; own is the name it has by itself, empty if none. */
static void add_of_row(st_kbinder *b, row_binder *w, st_kx *value, st_str own)
{
    st_kx **args = ST_NEWN(&b->r->arena, st_kx *, 2);
    if (!args || !w->by || !value)
        return;
    args[0] = w->by;
    args[1] = value;
    st_kaggcall c = { .agg = st_kagg_find(st_str_of(w->agg->code)),
                      .args = args,
                      .nargs = 2,
                      .type = value->type,
                      .limit = INT64_MAX };
    size_t i = w->given++, at = st_kb_add_call(b, &c);
    bool named = i < w->nnames && w->names[i].text.p;
    st_str name = own, prefix = st_str_of(w->agg->prefix);
    if (named)
        name = w->names[i].text;
    else if (!w->agg->ranked)
        name = !own.n        ? numbered(b, joined(b, prefix, ST_STR("arg")), (unsigned)i)
               : w->agg->old ? joined(b, prefix, own)
                             : own;
    else if (!i)
        name = own.n && !w->agg->old ? own : joined(b, prefix, own);
    else if (w->agg->old || !own.n)
        name =
            joined(b, joined(b, prefix, w->stem),
                   joined(b, ST_STR("_"), own.n ? own : numbered(b, ST_STR("arg"), (unsigned)i)));
    put_output(b, w->out, free_name(b, w->out, name), named, (st_kitem){ NULL, at }, value->type);
}

/* `*`: the columns that are neither keys nor what finds the row. */
static void add_whole_row(st_kbinder *b, row_binder *w, const outputs *keys)
{
    if (b->node_call == SIZE_MAX)
        b->node_call = b->ncalls ? b->ncalls - w->agg->ranked : 0;
    for (size_t c = 0; c < b->row->n; c++) {
        bool taken = w->by->kind == ST_X_COLUMN && w->by->col == c;
        for (size_t k = 0; k < keys->n; k++) {
            const st_kitem *key = &keys->items[k];
            taken |= key->x ? key->x->kind == ST_X_COLUMN && key->x->col == c : key->from == c;
        }
        st_kx *col = taken ? NULL : ST_NEW(&b->r->arena, st_kx);
        if (!col)
            continue;
        *col = (st_kx){ .kind = ST_X_COLUMN, .type = b->row->v[c].type, .col = c };
        add_of_row(b, w, col, b->row->v[c].name);
    }
}

/* The name of an expression over the rows, not over aggregates. */
static st_str row_name(st_kbinder *b, const st_kql_expr *e)
{
    b->aggregates = false;
    st_str name = st_kb_name(b, e);
    b->aggregates = true;
    return name;
}

static void add_row_agg(st_kbinder *b, outputs *o, const outputs *keys, const row_agg *agg,
                        const st_kql_expr *e, const st_kql_name *names, size_t nnames)
{
    const st_kql_list *args = &e->u.call.args;
    row_binder w = { .agg = agg, .out = o, .names = names, .nnames = nnames };
    b->nested = true;
    w.by = agg->ranked ? st_kb_expr(b, args->items[0]) : st_kb_const(b, ST_KT_LONG, st_kv_long(0));
    if (agg->ranked) {
        w.stem = row_name(b, args->items[0]);
        add_of_row(b, &w, w.by, w.stem);
    }
    for (size_t i = agg->ranked; w.by && i < args->n; i++) {
        st_str name;
        const st_kql_expr *v = unname(args->items[i], &name);
        if (v->kind == ST_KX_STAR)
            add_whole_row(b, &w, keys);
        else
            add_of_row(b, &w, st_kb_expr(b, v), name.p ? name : row_name(b, v));
    }
    b->nested = false;
}

/* percentiles(x, p, ...), percentilesw(x, weight, p, ...): how many arguments stand before the
 * ranks; 0: it is neither. */
static size_t before_ranks(const st_kql_expr *e)
{
    if (e->kind != ST_KX_CALL || e->u.call.base)
        return 0;
    size_t n = st_str_eq(e->u.call.name.text, ST_STR("percentiles"))    ? 1
               : st_str_eq(e->u.call.name.text, ST_STR("percentilesw")) ? 2
                                                                        : 0;
    return e->u.call.args.n > n ? n : 0;
}

/* An aggregate a rank. */
static void add_percentiles(st_kbinder *b, outputs *o, const st_kql_expr *e,
                            const st_kql_name *names, size_t nnames)
{
    const st_kql_list *args = &e->u.call.args;
    size_t first = before_ranks(e);
    for (size_t i = first; i < args->n; i++) {
        st_kql_expr *own[] = { args->items[0], args->items[first > 1 ? 1 : i], args->items[i] };
        st_kql_expr one = *e;
        one.u.call.name.text = first > 1 ? ST_STR("percentilew") : ST_STR("percentile");
        one.u.call.args.items = own;
        one.u.call.args.n = first + 1;
        st_kx *x = st_kb_expr(b, &one);
        if (!x || x->kind != ST_X_COLUMN)
            return;
        bool named = i - first < nnames;
        st_str name = named ? names[i - first].text : st_kb_name(b, &one);
        put_output(b, o, free_name(b, o, name), named, (st_kitem){ NULL, x->col }, x->type);
    }
}

/* summarize */

static st_kop *bind_summarize(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    outputs keys = { 0 }, all = { 0 };
    for (size_t i = 0; i < q->u.group.by.n; i++)
        add_expr(b, &keys, q->u.group.by.items[i]);
    size_t nkeys = keys.n;
    st_kx **key = ST_NEWN(&b->r->arena, st_kx *, nkeys);
    for (size_t i = 0; key && !b->failed && i < nkeys; i++) {
        st_kx *col = ST_NEW(&b->r->arena, st_kx);
        key[i] = keys.items[i].x ? keys.items[i].x : col;
        if (!keys.items[i].x && col)
            *col = (st_kx){ .kind = ST_X_COLUMN,
                            .type = keys.cols[i].type,
                            .col = keys.items[i].from };
        if (keys.cols[i].type == ST_KT_DYNAMIC)
            st_kb_error(b, q->u.group.by.items[i]->span, "KS116",
                        "a dynamic can't be grouped; wrap it in tostring()");
        put_output(b, &all, keys.cols[i].name, keys.named[i], (st_kitem){ NULL, i },
                   keys.cols[i].type);
    }
    b->aggregates = true;
    b->ncalls = 0;
    b->node_call = SIZE_MAX;
    b->keys = nkeys;
    all.columns = keys.columns;
    for (size_t i = 0; i < q->u.group.exprs.n; i++) {
        const st_kql_expr *e = q->u.group.exprs.items[i];
        st_str name;
        const st_kql_expr *v = unname(e, &name);
        const row_agg *row = row_agg_of(v);
        if (row)
            add_row_agg(b, &all, &keys, row, v, e->kind == ST_KX_NAMED ? e->u.named.names : NULL,
                        e->kind == ST_KX_NAMED ? e->u.named.nnames : 0);
        else if (before_ranks(v))
            add_percentiles(b, &all, v, e->kind == ST_KX_NAMED ? e->u.named.names : NULL,
                            e->kind == ST_KX_NAMED ? e->u.named.nnames : 0);
        else
            add_expr(b, &all, e);
    }
    b->aggregates = false;
    size_t ncalls = b->ncalls;
    st_kaggcall *calls = ST_NEWN(&b->r->arena, st_kaggcall, ncalls);
    st_kcol *cols = ST_NEWN(&b->r->arena, st_kcol, nkeys + ncalls);
    st_kop *group = NULL;
    if (calls && cols && !b->failed) {
        for (size_t i = 0; i < nkeys; i++)
            cols[i] = keys.cols[i];
        for (size_t i = 0; i < ncalls; i++) {
            calls[i] = b->calls[i];
            cols[nkeys + i] = (st_kcol){ ST_STR("_"), b->calls[i].type };
        }
        in = with_tuples(b, in, &keys);
        group =
            in ? st_kop_summarize(b->r, in, key, nkeys, calls, ncalls, b->node_call, cols) : NULL;
    }
    outputs_free(&keys);
    if (!group) {
        outputs_free(&all);
        return NULL;
    }
    return finish(b, group, &all);
}

/* sources */

static st_kop *bind_print(st_kbinder *b, const st_kql_op *q)
{
    outputs o = { 0 };
    st_kv none = st_kv_null();
    st_kop *one = st_kop_values(b->r, NULL, 0, &none, 1);
    for (size_t i = 0; i < q->u.exprs.n; i++) {
        const st_kql_expr *e = q->u.exprs.items[i];
        st_str name;
        const st_kql_expr *v = unname(e, &name);
        if (st_kb_is_tuple(b, v)) {
            add_tuple(b, &o, e, true, false);
            continue;
        }
        st_kx *x = st_kb_expr(b, v);
        if (!x)
            break;
        if (name.p && find_output(&o, name) != SIZE_MAX)
            st_kb_error(b, e->span, "KS171", "there is a column %.*s already", ST_FMT(name));
        bool named = name.p != NULL;
        if (!named)
            name = numbered(b, ST_STR("print_"), (unsigned)i);
        put_output(b, &o, free_name(b, &o, name), named, (st_kitem){ x, 0 }, x->type);
    }
    return one ? finish(b, one, &o) : NULL;
}

static st_kop *bind_datatable(st_kbinder *b, const st_kql_op *q)
{
    const st_kql_schema *s = &q->u.data.schema;
    size_t n = q->u.data.cells.n;
    if (!s->n || n % s->n) {
        st_kb_error(b, q->span, NULL, "%zu values don't fill rows of %zu columns", n, s->n);
        return NULL;
    }
    st_kcol *cols = ST_NEWN(&b->r->arena, st_kcol, s->n);
    st_kv *cells = ST_NEWN(&b->r->arena, st_kv, n);
    for (size_t i = 0; cols && i < s->n; i++) {
        cols[i] = (st_kcol){ s->columns[i].name.text, st_kb_type(s->columns[i].type) };
        for (size_t k = 0; k < i; k++)
            if (st_str_eq(cols[k].name, cols[i].name))
                st_kb_error(b, s->columns[i].name.span, "KS171", "there is a column %.*s already",
                            ST_FMT(cols[i].name));
    }
    for (size_t i = 0; cols && cells && i < n; i++) {
        st_kx *x = st_kb_expr(b, q->u.data.cells.items[i]);
        if (!x || x->kind != ST_X_CONST) {
            if (x)
                st_kb_error(b, q->u.data.cells.items[i]->span, NULL, "a constant is needed here");
            return NULL;
        }
        st_kt t = cols[i % s->n].type;
        cells[i] = x->type == t ? x->value : st_kv_convert(&b->r->mem, t, x->type, x->value);
    }
    return cols && cells && !b->failed ? st_kop_values(b->r, cols, s->n, cells, n / s->n) : NULL;
}

static st_kop *bind_range(st_kbinder *b, const st_kql_op *q)
{
    st_kv from, to, step;
    st_kt t, tt, st;
    if (!st_kb_constant(b, q->u.range.from, &from, &t) ||
        !st_kb_constant(b, q->u.range.to, &to, &tt) ||
        !st_kb_constant(b, q->u.range.step, &step, &st))
        return NULL;
    bool numbers = st_kt_numeric(t) && st_kt_numeric(tt) && st_kt_numeric(st);
    bool times = (t == ST_KT_DATETIME || t == ST_KT_TIMESPAN) && tt == t && st == ST_KT_TIMESPAN;
    if (!numbers && !times) {
        st_kb_error(b, q->span, "KS106", "range isn't defined for %s, %s and %s", st_kt_name(t),
                    st_kt_name(tt), st_kt_name(st));
        return NULL;
    }
    if (numbers && (tt == ST_KT_REAL || st == ST_KT_REAL) && t != ST_KT_REAL) {
        from = st_kv_convert(&b->r->mem, ST_KT_REAL, t, from);
        t = ST_KT_REAL;
    } else if (t == ST_KT_INT) {
        t = ST_KT_LONG;
    }
    return st_kop_range(b->r, q->u.range.name.text, t, from, to, step);
}

/* union */

typedef struct legs {
    st_kop *op[256];
    st_str name[256];
    size_t n;
} legs;

static void add_leg(st_kbinder *b, legs *l, const st_kql_expr *e, bool fuzzy)
{
    if (l->n == 256) {
        st_kb_error(b, e->span, NULL, "more than 256 tables in one union");
        return;
    }
    if (fuzzy && e->kind == ST_KX_NAME && !st_kb_let(b, e->u.name) && !st_ktable_find(e->u.name)) {
        st_kb_warn(b, e->span, "no table %.*s: left out (isfuzzy)", ST_FMT(e->u.name));
        return;
    }
    st_str name =
        e->kind == ST_KX_NAME ? e->u.name : numbered(b, ST_STR("union_arg"), (unsigned)l->n);
    if (e->kind == ST_KX_PATTERN || e->kind == ST_KX_STAR) {
        st_str pattern = e->kind == ST_KX_STAR ? ST_STR("*") : e->u.name;
        bool any = false;
        for (size_t i = 0; st_ktable_at(i); i++)
            if (st_ktable_at(i)->rows != ST_KR_NODES &&
                l->n < 256 && /* DeviceProcessEvents again */
                wild(pattern, st_str_of(st_ktable_at(i)->name))) {
                l->name[l->n] = st_str_of(st_ktable_at(i)->name);
                l->op[l->n++] = st_kop_scan(b->r, st_ktable_at(i));
                any = true;
            }
        if (!any)
            st_kb_error(b, e->span, NULL, "no table is like %.*s", ST_FMT(e->u.name));
        return;
    }
    st_kop *op = st_kb_table(b, e);
    if (op) {
        l->name[l->n] = name;
        l->op[l->n++] = op;
    }
}

const st_kql_expr *st_kb_opt(const st_kql_op *q, const char *name)
{
    for (size_t i = 0; i < q->nopts; i++)
        if (st_str_eq(q->opts[i].name.text, st_str_of(name)))
            return q->opts[i].value;
    return NULL;
}

static bool opt_is(const st_kql_op *q, const char *name, const char *value)
{
    const st_kql_expr *e = st_kb_opt(q, name);
    if (e && e->kind == ST_KX_NAME)
        return st_str_eq(e->u.name, st_str_of(value));
    return e && e->kind == ST_KX_LITERAL && e->u.value.type == ST_KT_BOOL && e->u.value.i &&
           !strcmp(value, "true");
}

/* Does some other leg have this name with another type? */
static bool clashes(const legs *l, const st_kcol *c)
{
    for (size_t i = 0; i < l->n; i++) {
        size_t at = st_kb_column(&l->op[i]->schema, c->name);
        if (at != SIZE_MAX && l->op[i]->schema.v[at].type != c->type)
            return true;
    }
    return false;
}

static bool everywhere(const legs *l, const st_kcol *c)
{
    for (size_t i = 0; i < l->n; i++) {
        size_t at = st_kb_column(&l->op[i]->schema, c->name);
        if (at == SIZE_MAX || l->op[i]->schema.v[at].type != c->type)
            return false;
    }
    return true;
}

typedef struct ucol {
    st_str name, plain;
    st_kt type;
} ucol;

static bool is_taken(const ucol *cols, size_t n, size_t but, st_str name)
{
    for (size_t k = 0; k < n; k++)
        if (k != but && st_str_eq(cols[k].name, name))
            return true;
    return false;
}

/* A name that was made is no other column's. */
static void number_made(st_kbinder *b, ucol *cols, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        st_str made = cols[i].name;
        unsigned k = 0;
        while (cols[i].name.n != cols[i].plain.n && !b->r->arena.failed &&
               is_taken(cols, n, i, cols[i].name))
            cols[i].name = numbered(b, made, ++k);
    }
}

static size_t union_columns(st_kbinder *b, const legs *l, bool inner, ucol *cols)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        for (size_t c = 0; c < l->op[i]->schema.n; c++) {
            const st_kcol *col = &l->op[i]->schema.v[c];
            size_t k = 0;
            while (k < n && !(st_str_eq(cols[k].plain, col->name) && cols[k].type == col->type))
                k++;
            if (k < n || (inner && !everywhere(l, col)))
                continue;
            st_str name = col->name;
            size_t at = n;
            if (clashes(l, col)) {
                st_buf t = { 0 };
                st_buf_fmt(&t, "%.*s_%s", ST_FMT(col->name), st_kt_name(col->type));
                name = st_arena_copy(&b->r->arena, st_buf_slice(&t));
                st_buf_free(&t);
                for (k = 0; k < n; k++) /* beside the first of that name */
                    if (st_str_eq(cols[k].plain, col->name))
                        at = k + 1;
            }
            memmove(cols + at + 1, cols + at, (n - at) * sizeof *cols);
            cols[at] = (ucol){ name, col->name, col->type };
            n++;
        }
    number_made(b, cols, n);
    return n;
}

st_kop *st_kb_op_union(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    legs *l = ST_NEW(&b->r->arena, legs);
    if (!l)
        return NULL;
    if (in) {
        l->op[0] = in;
        l->name[0] = ST_STR("union_arg0");
        l->n = 1;
    }
    const st_kschema *row = b->row;
    b->row = NULL;
    for (size_t i = 0; i < q->u.exprs.n; i++)
        add_leg(b, l, q->u.exprs.items[i], opt_is(q, "isfuzzy", "true"));
    b->row = row;
    const st_kql_expr *source = st_kb_opt(q, "withsource");
    source = source ? source : st_kb_opt(q, "with_source");
    size_t total = 0, first = source && source->kind == ST_KX_NAME ? 1 : 0;
    for (size_t i = 0; i < l->n; i++)
        total += l->op[i]->schema.n;
    if (b->failed)
        return NULL;
    if (!l->n) {
        st_kb_error(b, q->span, NULL, "nothing to unite");
        return NULL;
    }
    ucol *u = ST_NEWN(&b->r->arena, ucol, total + 1);
    size_t n = u ? union_columns(b, l, opt_is(q, "kind", "inner"), u) : 0;
    st_kcol *cols = ST_NEWN(&b->r->arena, st_kcol, n + 1);
    const size_t **map = ST_NEWN(&b->r->arena, const size_t *, l->n);
    st_kv *names = first ? ST_NEWN(&b->r->arena, st_kv, l->n) : NULL;
    if (!u || !cols || !map || (first && !names))
        return NULL;
    if (first)
        cols[0] = (st_kcol){ source->u.name, ST_KT_STRING };
    for (size_t c = 0; c < n; c++)
        cols[first + c] = (st_kcol){ u[c].name, u[c].type };
    for (size_t i = 0; i < l->n; i++) {
        size_t *m = ST_NEWN(&b->r->arena, size_t, n + 1);
        if (!m)
            return NULL;
        if (first) {
            names[i] = st_kv_str(&b->r->mem, l->name[i]);
            m[0] = SIZE_MAX;
        }
        for (size_t c = 0; c < n; c++) {
            size_t at = st_kb_column(&l->op[i]->schema, u[c].plain);
            m[first + c] =
                at != SIZE_MAX && l->op[i]->schema.v[at].type == u[c].type ? at : SIZE_MAX;
        }
        map[i] = m;
    }
    return st_kop_union(b->r, l->op, map, names, l->n, cols, first + n);
}

/* join, lookup */

static bool join_kind(st_kbinder *b, const st_kql_op *q, st_kjoin *out)
{
    static const struct {
        const char *name;
        st_kjoin kind;
    } kinds[] = { { "innerunique", ST_J_INNERUNIQUE }, { "inner", ST_J_INNER },
                  { "leftouter", ST_J_LEFTOUTER },     { "rightouter", ST_J_RIGHTOUTER },
                  { "fullouter", ST_J_FULLOUTER },     { "leftsemi", ST_J_LEFTSEMI },
                  { "leftanti", ST_J_LEFTANTI },       { "anti", ST_J_LEFTANTI },
                  { "leftantisemi", ST_J_LEFTANTI },   { "rightsemi", ST_J_RIGHTSEMI },
                  { "rightanti", ST_J_RIGHTANTI },     { "rightantisemi", ST_J_RIGHTANTI } };
    const st_kql_expr *e = st_kb_opt(q, "kind");
    bool lookup = q->kind == ST_KP_LOOKUP;
    *out = lookup ? ST_J_LEFTOUTER : ST_J_INNERUNIQUE;
    if (!e)
        return true;
    for (size_t i = 0; e->kind == ST_KX_NAME && i < sizeof kinds / sizeof *kinds; i++)
        if (st_str_eq(e->u.name, st_str_of(kinds[i].name)) &&
            (!lookup || kinds[i].kind == ST_J_LEFTOUTER || kinds[i].kind == ST_J_INNER)) {
            *out = kinds[i].kind;
            return true;
        }
    st_kb_error(b, e->span, "KS005", "unknown %s kind %.*s; expected %s",
                lookup ? "lookup" : "join", ST_FMT(e->kind == ST_KX_NAME ? e->u.name : ST_STR("")),
                lookup ? "inner or leftouter"
                       : "fullouter, inner, innerunique, leftanti, leftouter, leftsemi, rightanti, "
                         "rightouter or rightsemi");
    return false;
}

static bool side(const st_kql_expr *e, const char *which, st_str *name)
{
    if (e->kind != ST_KX_MEMBER || e->u.member.base->kind != ST_KX_NAME ||
        !st_str_eq(e->u.member.base->u.name, st_str_of(which)))
        return false;
    *name = e->u.member.name.text;
    return true;
}

/* A service's rows with a key that no list knows: of the other side's type, never filled. */
static bool loose_key(st_kbinder *b, st_kop *op, st_str name, st_kt type)
{
    outputs o = { 0 };
    if (!op->schema.loose || op->schema.open)
        return false;
    st_kop *in = ST_NEW(&b->r->arena, st_kop);
    if (!in)
        return false;
    *in = *op;
    keep_all(b, &o, &in->schema);
    st_kx *x = st_kb_const(b, type, st_kv_missing(type));
    st_kop *with =
        x && put_output(b, &o, name, true, (st_kitem){ x, 0 }, type) ? finish(b, in, &o) : NULL;
    if (!with)
        return false;
    with->step = op->step;
    with->schema.loose = true;
    *op = *with;
    return true;
}

/* What join's `on` takes, said by what stands there. */
static void bad_join_key(st_kbinder *b, const st_kql_expr *e)
{
    st_str ln = { 0 }, rn = { 0 };
    bool equal = e->kind == ST_KX_BINARY && e->u.binary.op == ST_KO_EQ;
    if (equal && side(e->u.binary.left, "$right", &rn) && side(e->u.binary.right, "$left", &ln))
        st_kb_error(b, e->span, "KS183",
                    "`$left.` stands on the left of `==`: $left.%.*s == $right.%.*s", ST_FMT(ln),
                    ST_FMT(rn));
    else if (equal && e->u.binary.left->kind == ST_KX_NAME && e->u.binary.right->kind == ST_KX_NAME)
        st_kb_error(b, e->span, "KS183", "say whose columns these are: $left.%.*s == $right.%.*s",
                    ST_FMT(e->u.binary.left->u.name), ST_FMT(e->u.binary.right->u.name));
    else
        st_kb_error(b, e->span, "KS183",
                    e->kind == ST_KX_NAMED ||
                            (e->kind == ST_KX_BINARY && e->u.binary.op == ST_KO_ASSIGN)
                        ? "`=` assigns; a join is on $left.a == $right.b"
                        : "a join is on columns' names and $left.a == $right.b, on nothing else");
}

static bool join_key(st_kbinder *b, const st_kql_expr *e, st_kop *l, st_kop *r, size_t *lk,
                     size_t *rk)
{
    st_str ln, rn;
    if (e->kind == ST_KX_NAME) {
        ln = rn = e->u.name;
    } else if (!(e->kind == ST_KX_BINARY && e->u.binary.op == ST_KO_EQ &&
                 side(e->u.binary.left, "$left", &ln) && side(e->u.binary.right, "$right", &rn))) {
        bad_join_key(b, e);
        return false;
    }
    *lk = st_kb_column(&l->schema, ln);
    *rk = st_kb_column(&r->schema, rn);
    st_kt other = *lk != SIZE_MAX   ? l->schema.v[*lk].type
                  : *rk != SIZE_MAX ? r->schema.v[*rk].type
                                    : ST_KT_STRING;
    if (*lk == SIZE_MAX && loose_key(b, l, ln, other))
        *lk = st_kb_column(&l->schema, ln);
    if (*rk == SIZE_MAX && loose_key(b, r, rn, other))
        *rk = st_kb_column(&r->schema, rn);
    const st_kschema *row = b->row;
    if (*lk == SIZE_MAX || *rk == SIZE_MAX) {
        b->row = *lk == SIZE_MAX ? &l->schema : &r->schema;
        st_kb_no_column(b, e->span, *lk == SIZE_MAX ? ln : rn);
        b->row = row;
        return false;
    }
    st_kt a = l->schema.v[*lk].type, c = r->schema.v[*rk].type;
    bool whole = (a == ST_KT_LONG || a == ST_KT_INT) && (c == ST_KT_LONG || c == ST_KT_INT);
    if (a == ST_KT_DYNAMIC || (a != c && !whole)) {
        st_kb_error(b, e->span, "KS242", "%s and %s can't be joined on", st_kt_name(a),
                    st_kt_name(c));
        return false;
    }
    return true;
}

/* The conditions, `and` taken apart. */
static size_t join_keys(st_kbinder *b, const st_kql_op *q, st_kop *l, st_kop *r, size_t *lk,
                        size_t *rk, size_t max)
{
    const st_kql_expr *todo[64];
    size_t n = 0, depth = 0;
    for (size_t i = 0; i < q->u.join.on.n; i++) {
        depth = 0;
        todo[depth++] = q->u.join.on.items[i];
        while (depth) {
            const st_kql_expr *e = todo[--depth];
            if (e->kind == ST_KX_BINARY && e->u.binary.op == ST_KO_AND && depth + 2 <= 64) {
                todo[depth++] = e->u.binary.right;
                todo[depth++] = e->u.binary.left;
            } else if (n == max || !join_key(b, e, l, r, &lk[n], &rk[n])) {
                return 0;
            } else {
                n++;
            }
        }
    }
    return n;
}

static void note_join(st_kbinder *b, st_kjoin kind, const st_kop *l, const st_kop *r,
                      const size_t *lk, const size_t *rk, size_t n)
{
    static const char *const words[] = { "innerunique", "inner",     "leftouter",
                                         "rightouter",  "fullouter", "leftsemi",
                                         "leftanti",    "rightsemi", "rightanti" };
    st_buf t = { 0 };
    for (size_t i = 0; b->step && i < n; i++)
        st_buf_fmt(&t, "%s%.*s = %.*s", i ? ", " : "", ST_FMT(l->schema.v[lk[i]].name),
                   ST_FMT(r->schema.v[rk[i]].name));
    st_kb_step_note(b, "%s on %.*s", words[kind], ST_FMT(st_buf_slice(&t)));
    st_buf_free(&t);
}

static st_kop *bind_join(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    enum { KEYS = 32 };
    st_kjoin kind;
    size_t lk[KEYS], rk[KEYS];
    const st_kschema *row = b->row;
    b->row = NULL;
    st_kop *right = st_kb_table(b, q->u.join.right);
    b->row = row;
    if (!join_kind(b, q, &kind) || !right)
        return NULL;
    size_t nkeys = join_keys(b, q, in, right, lk, rk, KEYS);
    if (!nkeys) {
        if (!b->failed)
            st_kb_error(b, q->span, NULL, "join needs a condition: on KEY");
        return NULL;
    }
    note_join(b, kind, in, right, lk, rk, nkeys);
    outputs o = { 0 };
    bool only_right = kind == ST_J_RIGHTSEMI || kind == ST_J_RIGHTANTI,
         only_left = kind == ST_J_LEFTSEMI || kind == ST_J_LEFTANTI;
    size_t *rights = ST_NEWN(&b->r->arena, size_t, right->schema.n), nright = 0;
    if (!only_right)
        keep_all(b, &o, &in->schema);
    for (size_t c = 0; rights && !only_left && c < right->schema.n; c++) {
        bool key = false;
        for (size_t k = 0; k < nkeys; k++)
            key |= rk[k] == c;
        if (key && q->kind == ST_KP_LOOKUP)
            continue;
        st_str name = right->schema.v[c].name, t = name;
        for (unsigned i = 1;
             !only_right && (find_output(&o, t) != SIZE_MAX ||
                             (i > 1 && st_kb_column(&right->schema, t) != SIZE_MAX));
             i++)
            t = numbered(b, name, i);
        put_output(b, &o, t, false, (st_kitem){ NULL, c }, right->schema.v[c].type);
        rights[nright++] = c;
    }
    st_kop *op = rights && !b->failed ? st_kop_join(b->r, in, right, kind, lk, rk, nkeys, rights,
                                                    nright, o.cols, o.n)
                                      : NULL;
    outputs_free(&o);
    return op;
}

/* mv-expand */

static bool expand_item(st_kbinder *b, outputs *o, const st_kql_expand_item *it, st_kexpand *out)
{
    st_str name;
    const st_kql_expr *value = unname(it->expr, &name);
    st_kx *x = st_kb_expr(b, value);
    x = x ? st_kb_as_json(b, x) : NULL;
    if (!x)
        return false;
    if (x->type != ST_KT_DYNAMIC && x->type != ST_KT_UNKNOWN) {
        st_kb_error(b, it->expr->span, "KS141",
                    "a dynamic is needed here, not %s; use split() or parse_json()",
                    st_kt_name(x->type));
        return false;
    }
    if (!name.p)
        name = st_kb_name(b, value);
    if (!name.n)
        name = numbered(b, ST_STR("Column"), ++o->columns);
    *out = (st_kexpand){ x, find_output(o, name),
                         it->to == ST_KT_UNKNOWN ? ST_KT_DYNAMIC : st_kb_type(it->to) };
    if (out->col == SIZE_MAX) {
        out->col = o->n;
        return put_output(b, o, name, true, (st_kitem){ NULL, 0 }, out->to);
    }
    if (o->cols)
        o->cols[out->col].type = out->to;
    return true;
}

static st_kop *bind_expand(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    outputs o = { 0 };
    size_t n = q->u.expand.n, limit = SIZE_MAX, index = SIZE_MAX;
    st_kexpand *items = ST_NEWN(&b->r->arena, st_kexpand, n);
    bool ok = items && keep_all(b, &o, &in->schema);
    for (size_t i = 0; ok && i < n; i++)
        ok = expand_item(b, &o, &q->u.expand.items[i], &items[i]);
    const st_kql_expr *ix = st_kb_opt(q, "with_itemindex");
    if (ok && ix && ix->kind == ST_KX_NAME) {
        index = o.n;
        ok = put_output(b, &o, ix->u.name, true, (st_kitem){ NULL, 0 }, ST_KT_LONG);
    }
    if (ok && q->u.expand.limit)
        ok = row_count(b, q->u.expand.limit, &limit);
    st_kop *op =
        ok && !b->failed ? st_kop_expand(b->r, in, items, n, limit, index, o.cols, o.n) : NULL;
    outputs_free(&o);
    return op;
}

/* mv-apply */

/* What a subquery that is run again and again may hold: operators of one input. */
static bool may_repeat(st_kbinder *b, const st_kql_query *body)
{
    static const st_kql_op_kind kinds[] = {
        ST_KP_WHERE,        ST_KP_EXTEND,       ST_KP_PROJECT,
        ST_KP_PROJECT_AWAY, ST_KP_PROJECT_KEEP, ST_KP_DISTINCT,
        ST_KP_SUMMARIZE,    ST_KP_ORDER,        ST_KP_PROJECT_RENAME,
        ST_KP_TOP,          ST_KP_TAKE,         ST_KP_COUNT,
        ST_KP_MV_EXPAND,    ST_KP_MV_APPLY,     ST_KP_PROJECT_REORDER,
        ST_KP_PARSE,        ST_KP_PARSE_WHERE,  ST_KP_SERIALIZE
    };
    for (const st_kql_op *q = body->first; q; q = q->next) {
        bool ok = false;
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            ok |= q->kind == kinds[i];
        if (!ok) {
            st_kb_error(b, q->word, NULL, "%s can't stand in mv-apply's subquery",
                        st_kql_op_name(q->kind));
            return false;
        }
    }
    return true;
}

/* The input's columns but those that were spread, as the subquery gives them where it has them,
 * then its other columns. */
static st_kop *beside(st_kbinder *b, st_kop *in, const st_kexpand *items, size_t n, size_t limit,
                      size_t index, st_kop *body)
{
    size_t most = in->schema.n + body->schema.n, k = 0;
    st_kcol *cols = ST_NEWN(&b->r->arena, st_kcol, most);
    st_kapplied *out = ST_NEWN(&b->r->arena, st_kapplied, most);
    for (size_t c = 0; cols && out && c < in->schema.n; c++) {
        size_t at = st_kb_column(&body->schema, in->schema.v[c].name);
        bool spread = false;
        for (size_t i = 0; i < n; i++)
            spread |= items[i].col == c;
        if (spread)
            continue;
        cols[k] = at == SIZE_MAX ? in->schema.v[c] : body->schema.v[at];
        out[k++] = at == SIZE_MAX ? (st_kapplied){ false, c } : (st_kapplied){ true, at };
    }
    size_t kept = k;
    for (size_t c = 0; cols && out && c < body->schema.n; c++)
        if (st_kb_column(&(st_kschema){ .v = cols, .n = kept }, body->schema.v[c].name) ==
            SIZE_MAX) {
            cols[k] = body->schema.v[c];
            out[k++] = (st_kapplied){ true, c };
        }
    return cols && out ? st_kop_apply(b->r, in, items, n, limit, index, body, cols, out, k) : NULL;
}

static const st_kql_expr *item_index(const st_kql_op *q)
{
    for (size_t i = 0; i < q->nopts; i++)
        if (st_str_eq(q->opts[i].name.text, ST_STR("with_itemindex")) && q->opts[i].value &&
            q->opts[i].value->kind == ST_KX_NAME)
            return q->opts[i].value;
    return NULL;
}

static st_kop *bind_apply(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    outputs o = { 0 };
    size_t n = q->u.expand.n, limit = SIZE_MAX, index = SIZE_MAX;
    st_kexpand *items = ST_NEWN(&b->r->arena, st_kexpand, n);
    bool ok = items && q->u.expand.body && keep_all(b, &o, &in->schema);
    for (size_t i = 0; ok && i < n; i++)
        ok = expand_item(b, &o, &q->u.expand.items[i], &items[i]);
    const st_kql_expr *ix = item_index(q);
    if (ok && ix) {
        index = o.n;
        ok = put_output(b, &o, ix->u.name, true, (st_kitem){ NULL, 0 }, ST_KT_LONG);
    }
    if (ok && q->u.expand.limit)
        ok = row_count(b, q->u.expand.limit, &limit);
    ok = ok && may_repeat(b, q->u.expand.body);
    st_kop *from = ok && !b->failed ? st_kop_feed(b->r, o.cols, o.n, in->lineage) : NULL;
    outputs_free(&o);
    st_kop *body = from ? st_kb_body(b, from, q->u.expand.body, true) : NULL;
    return body && !b->failed ? beside(b, in, items, n, limit, index, body) : NULL;
}

/* tables as expressions */

/* The service at the root of cluster("a").database("b").T, f(x) or T, if it has rows. */
static const st_kservice *service_rows(const st_kql_expr *e)
{
    const st_kservice *s = NULL;
    while (e->kind == ST_KX_MEMBER || (e->kind == ST_KX_CALL && e->u.call.base))
        e = e->kind == ST_KX_MEMBER ? e->u.member.base : e->u.call.base;
    if (e->kind == ST_KX_CALL)
        s = st_kservice_find(e->u.call.name.text);
    else if (e->kind == ST_KX_NAME)
        s = st_kservice_find(e->u.name);
    return s && s->kind != ST_SV_VALUE ? s : NULL;
}

bool st_kb_tabular(st_kbinder *b, const st_kql_expr *e)
{
    if (e->kind == ST_KX_QUERY)
        return true;
    if (e->kind == ST_KX_NAME) {
        if (st_kb_column(b->row, e->u.name) != SIZE_MAX)
            return false;
        st_klet *l = st_kb_let(b, e->u.name);
        if (l && l->kind == ST_L_LAMBDA && l->expr->u.lambda.body)
            return true;
        return l ? l->kind == ST_L_TABLE : st_ktable_find(e->u.name) || service_rows(e);
    }
    if (service_rows(e) && (e->kind != ST_KX_CALL || !st_kb_let(b, e->u.call.name.text)))
        return true;
    if (e->kind != ST_KX_CALL)
        return false;
    st_klet *l = st_kb_let(b, e->u.call.name.text);
    if (st_str_eq(e->u.call.name.text, ST_STR("materialize")) ||
        st_str_eq(e->u.call.name.text, ST_STR("table")) || (!l && st_kb_is_lineage(e)))
        return true;
    if (!l || l->kind != ST_L_LAMBDA)
        return false;
    const st_kql_stmt *s = l->expr->u.lambda.body;
    while (s && s->next)
        s = s->next;
    if (!s || !s->value)
        return false;
    if (s->value->kind == ST_KX_QUERY)
        return true;
    if (s->value->kind != ST_KX_NAME && s->value->kind != ST_KX_CALL)
        return false;
    for (size_t i = 0; i < l->expr->u.lambda.nparams; i++)
        if (s->value->kind == ST_KX_NAME &&
            st_str_eq(l->expr->u.lambda.params[i].name.text, s->value->u.name))
            return l->expr->u.lambda.params[i].tabular;
    st_klet *env = b->env;
    b->env = l->env;
    bool t = b->depth < ST_MAX_KQL_CALLS;
    b->depth++;
    t = t && st_kb_tabular(b, s->value);
    b->depth--;
    b->env = env;
    return t;
}

static st_kop *any_value(st_kbinder *b, const st_kql_expr *e);

/* What stands for a table that couldn't be understood, which was told: it has any column. */
static st_kop *unread_table(st_kbinder *b)
{
    st_kop *op = st_kop_values(b->r, NULL, 0, NULL, 0);
    b->failed = b->opened = true;
    if (op)
        op->schema.open = true;
    return op;
}

static st_kop *name_table(st_kbinder *b, const st_kql_expr *e)
{
    st_str name = e->u.name;
    st_klet *l = st_kb_let(b, name);
    const st_ktable *t = st_ktable_find(name);
    if (l && l->kind == ST_L_LAMBDA)
        return st_kb_call_table(b, e);
    if (l && l->rows)
        return st_kop_replay(b->r, l->rows);
    if (l && l->kind == ST_L_TABLE) {
        st_klet *env = b->env;
        b->env = l->env;
        st_kstep *outer = b->step;
        b->step = NULL;
        st_kop *op = any_value(b, l->expr);
        b->step = outer;
        b->env = env;
        st_kb_label(b, l);
        return op;
    }
    st_kb_label(b, NULL);
    if (st_kb_unread(l))
        return unread_table(b);
    if (l) {
        st_kb_error(b, e->span, NULL, "%.*s is a value here; a table is needed", ST_FMT(name));
        return NULL;
    }
    if (t) {
        st_kb_warn_table(b, e->span, t);
        return st_kop_scan(b->r, t);
    }
    const st_kservice *service = st_kservice_find(name);
    if (service)
        return st_kb_service_table(b, e->span, service, name);
    st_suggest s = { .want = name };
    const char *today = st_kql_foreign(ST_FOREIGN_TABLE, name);
    for (size_t i = 0; st_ktable_at(i); i++)
        st_suggest_offer(&s, st_str_of(st_ktable_at(i)->name));
    for (st_klet *k = b->env; k; k = k->next)
        st_suggest_offer(&s, k->name);
    if (today)
        st_kb_error(b, e->span, "KS204", "no table %.*s; it is called %s today", ST_FMT(name),
                    today);
    else if (s.best.p)
        st_kb_error(b, e->span, "KS204", "no table %.*s; did you mean %.*s?", ST_FMT(name),
                    ST_FMT(s.best));
    else
        st_kb_error(b, e->span, "KS204", "no table %.*s", ST_FMT(name));
    return NULL;
}

/* A call of a function whose value is a table; e is a name where it has no arguments. */
st_kop *st_kb_call_table(st_kbinder *b, const st_kql_expr *e)
{
    st_str name = e->kind == ST_KX_NAME ? e->u.name : e->u.call.name.text;
    st_klet *l = st_kb_let(b, name);
    size_t n = e->kind == ST_KX_CALL ? e->u.call.args.n : 0;
    if (!l && n == 1 && st_str_eq(name, ST_STR("materialize")))
        return st_kb_table(b, e->u.call.args.items[0]);
    if (!l && st_kb_is_lineage(e))
        return st_kb_lineage(b, e);
    if (st_kb_unread(l))
        return unread_table(b);
    if (!l || l->kind != ST_L_LAMBDA) {
        const st_kservice *service = l ? NULL : st_kservice_find(name);
        if (service)
            return st_kb_service_table(b, e->span, service, name);
        st_kb_error(b, e->span, "KS211", "no function %.*s that gives a table", ST_FMT(name));
        return NULL;
    }
    st_klet *env = b->env;
    const st_kql_stmt *last = NULL;
    st_kstep *outer = b->step;
    b->step = NULL;
    st_kop *op = st_kb_open_call(b, l, e, &last) ? any_value(b, last->value) : NULL;
    b->step = outer;
    b->env = env;
    st_kb_label(b, l);
    return op;
}

/* A table, or a graph. */
static st_kop *any_value(st_kbinder *b, const st_kql_expr *e)
{
    if (b->depth >= ST_MAX_KQL_CALLS) {
        st_kb_error(b, e->span, NULL, "tables and functions inside one another deeper than %u",
                    ST_MAX_KQL_CALLS);
        return NULL;
    }
    if (b->expansions++ >= ST_MAX_KQL_EXPANSIONS) {
        if (b->expansions == ST_MAX_KQL_EXPANSIONS + 1)
            st_kb_error(b, e->span, NULL,
                        "tables and functions are used more than %u times when written out",
                        ST_MAX_KQL_EXPANSIONS);
        return NULL;
    }
    b->depth++;
    const st_kschema *row = b->row;
    st_kop *op = NULL;
    if (e->kind == ST_KX_QUERY)
        op = st_kb_query(b, e->u.query);
    else if (e->kind == ST_KX_NAME)
        op = name_table(b, e);
    else if (e->kind == ST_KX_MEMBER && service_rows(e))
        op = st_kb_service_table(b, e->span, service_rows(e), st_str_of(service_rows(e)->name));
    else if (e->kind == ST_KX_CALL)
        op = st_kb_call_table(b, e);
    else if (e->kind == ST_KX_ERROR)
        op = unread_table(b);
    else
        st_kb_error(b, e->span, NULL, "a table is needed here%s",
                    e->kind == ST_KX_BINARY ? "; if this is a title, put `//` in front of it" : "");
    b->row = row;
    b->depth--;
    if (op && !op->step && !op->again)
        op->step = st_kb_step(b, e->span, NULL);
    st_kb_step_side(b, op);
    return op;
}

/* A table, or several. */
static st_kop *tables_of(st_kbinder *b, const st_kql_expr *e)
{
    st_kop *op = any_value(b, e);
    if (!op || !op->graph)
        return op;
    st_kb_error(b, e->span, NULL,
                "this is a graph; a table is needed: put graph-match, graph-shortest-paths or "
                "graph-to-table behind it");
    return NULL;
}

st_kop *st_kb_table(st_kbinder *b, const st_kql_expr *e)
{
    st_kop *op = tables_of(b, e);
    if (!op || !op->also)
        return op;
    st_kb_error(b, e->span, NULL, "these are several tables; one is needed");
    return NULL;
}

/* pipelines */

typedef st_kop *bind_op(st_kbinder *b, st_kop *in, const st_kql_op *q);

/* NULL: not supported yet. */
static bind_op *const operators[] = {
    [ST_KP_WHERE] = bind_where,
    [ST_KP_PROJECT] = st_kb_op_project,
    [ST_KP_EXTEND] = bind_extend,
    [ST_KP_DISTINCT] = bind_distinct,
    [ST_KP_SERIALIZE] = bind_extend,
    [ST_KP_PROJECT_AWAY] = bind_keep,
    [ST_KP_PROJECT_KEEP] = bind_keep,
    [ST_KP_PROJECT_RENAME] = bind_rename,
    [ST_KP_PROJECT_REORDER] = bind_reorder,
    [ST_KP_SUMMARIZE] = bind_summarize,
    [ST_KP_ORDER] = bind_order,
    [ST_KP_TOP] = bind_top,
    [ST_KP_TAKE] = bind_take,
    [ST_KP_SAMPLE] = bind_take,
    [ST_KP_SAMPLE_DISTINCT] = bind_sample_distinct,
    [ST_KP_COUNT] = bind_count,
    [ST_KP_UNION] = st_kb_op_union,
    [ST_KP_JOIN] = bind_join,
    [ST_KP_LOOKUP] = bind_join,
    [ST_KP_MV_EXPAND] = bind_expand,
    [ST_KP_SEARCH] = st_kb_op_search,
    [ST_KP_FIND] = st_kb_op_find,
    [ST_KP_INVOKE] = st_kb_op_invoke,
    [ST_KP_MAKE_SERIES] = st_kb_op_make_series,
    [ST_KP_TOP_NESTED] = st_kb_op_top_nested,
    [ST_KP_PARTITION] = st_kb_op_partition,
    [ST_KP_PARSE_KV] = st_kb_op_parse_kv,
    [ST_KP_PARSE] = st_kb_op_parse,
    [ST_KP_PARSE_WHERE] = st_kb_op_parse,
    [ST_KP_MV_APPLY] = bind_apply,
    [ST_KP_EVALUATE] = st_kb_evaluate,
    [ST_KP_RENDER] = bind_render,
    [ST_KP_AS] = bind_as,
    [ST_KP_GETSCHEMA] = bind_getschema,
    [ST_KP_CONSUME] = st_kb_op_consume,
    [ST_KP_SCAN] = st_kb_op_scan,
    [ST_KP_FORK] = st_kb_op_fork,
    [ST_KP_FACET] = st_kb_op_facet,
    [ST_KP_TOP_HITTERS] = st_kb_op_top_hitters,
    [ST_KP_MAKE_GRAPH] = st_kb_op_make_graph,
    [ST_KP_GRAPH_MATCH] = st_kb_op_graph_match,
    [ST_KP_GRAPH_SHORTEST_PATHS] = st_kb_op_graph_shortest_paths,
    [ST_KP_GRAPH_TO_TABLE] = st_kb_op_graph_to_table,
    [ST_KP_GRAPH_MARK_COMPONENTS] = st_kb_op_graph_mark_components,
    [ST_KP_UNSUPPORTED] = NULL,
};

static st_kop *bind_source(st_kbinder *b, const st_kql_op *q)
{
    switch (q->kind) {
    case ST_KP_TABLE: return any_value(b, q->u.expr);
    case ST_KP_DATATABLE: return bind_datatable(b, q);
    case ST_KP_PRINT: return bind_print(b, q);
    case ST_KP_RANGE: return bind_range(b, q);
    case ST_KP_EXTERNALDATA: return st_kb_externaldata(b, q);
    case ST_KP_UNION: return st_kb_op_union(b, NULL, q);
    case ST_KP_SEARCH: return st_kb_op_search(b, NULL, q);
    case ST_KP_FIND: return st_kb_op_find(b, NULL, q);
    case ST_KP_UNREAD: return unread_table(b);
    default:
        st_kb_error(b, q->word, NULL, "operator %s isn't supported yet", st_kql_op_name(q->kind));
        return NULL;
    }
}

/* Is the order of rows meant behind this operator? `before`: of its input. */
static bool serialized_by(st_kql_op_kind k, bool before)
{
    switch (k) {
    case ST_KP_ORDER:
    case ST_KP_TOP:
    case ST_KP_SERIALIZE:
    case ST_KP_SCAN:
    case ST_KP_RANGE: return true;
    case ST_KP_TABLE:
    case ST_KP_WHERE:
    case ST_KP_PROJECT:
    case ST_KP_EXTEND:
    case ST_KP_PROJECT_AWAY:
    case ST_KP_PROJECT_KEEP:
    case ST_KP_PROJECT_RENAME:
    case ST_KP_PROJECT_REORDER:
    case ST_KP_TAKE:
    case ST_KP_MV_EXPAND:
    case ST_KP_PARSE:
    case ST_KP_PARSE_WHERE:
    case ST_KP_PARSE_KV:
    case ST_KP_INVOKE:
    case ST_KP_RENDER:
    case ST_KP_AS: return before;
    default: return false;
    }
}

/* Rows for an operator over rows, a graph for one over graphs. */
static bool fits(st_kbinder *b, const st_kop *op, const st_kql_op *q)
{
    bool graphs = q->kind >= ST_KP_GRAPH_MATCH && q->kind <= ST_KP_GRAPH_MARK_COMPONENTS;
    if (op->also) {
        st_kb_error(b, q->word, NULL, "nothing can stand behind several tables");
        return false;
    }
    if (graphs == (op->graph != NULL))
        return true;
    if (!op->schema.open) /* else it was told what is wrong with it */
        st_kb_error(
            b, q->word, NULL,
            graphs ? "%s works on a graph; make one of the rows with make-graph"
                   : "%s works on rows, and this is a graph; graph-match, graph-shortest-paths "
                     "and graph-to-table make rows of it",
            st_kql_op_name(q->kind));
    return false;
}

/* One operator. Functions over neighbouring rows need all of them at once. */
static st_kop *bind_one(st_kbinder *b, bind_op *f, st_kop *in, const st_kql_op *q)
{
    bool windows = b->windows, serialized = b->serialized;
    b->windows = false;
    b->serialized = serialized || q->kind == ST_KP_SERIALIZE;
    st_kop *op = f(b, in, q);
    if (op && b->windows && !st_kop_make_whole(b->r, in))
        op = NULL;
    b->windows = windows;
    b->serialized = serialized_by(q->kind, serialized);
    return op;
}

/* Does the output have the input's columns, whatever they are? */
static bool keeps_columns(st_kql_op_kind k)
{
    switch (k) {
    case ST_KP_PROJECT:
    case ST_KP_PROJECT_KEEP:
    case ST_KP_SUMMARIZE:
    case ST_KP_DISTINCT:
    case ST_KP_SAMPLE_DISTINCT:
    case ST_KP_COUNT:
    case ST_KP_MAKE_SERIES:
    case ST_KP_TOP_NESTED:
    case ST_KP_GETSCHEMA: return false;
    default: return true;
    }
}

/* Does it change rows alone? */
static bool keeps_schema(st_kql_op_kind k)
{
    return k == ST_KP_WHERE || k == ST_KP_ORDER || k == ST_KP_TOP || k == ST_KP_TAKE ||
           k == ST_KP_SAMPLE;
}

/* After a mistake in operator q: the input, and any column that q may have made. */
static st_kop *past_mistake(st_kbinder *b, const st_kop *in, const st_kql_op *q)
{
    st_kop *op = ST_NEW(&b->r->arena, st_kop);
    if (!op) {
        st_krun_nomem(b->r);
        return NULL;
    }
    *op = *in;
    op->graph = NULL;
    op->also = NULL;
    op->schema.open |= !keeps_schema(q->kind == ST_KP_UNREAD ? q->u.was : q->kind);
    return op;
}

/* One operator, and how much is known of its columns. After an error it goes on, to find what
 * else is wrong. */
static st_kop *bind_next(st_kbinder *b, bind_op *f, st_kop *in, const st_kql_op *q)
{
    bool failed = b->failed, opened = b->opened, loosened = b->loosened;
    if (b->operators++ >= ST_MAX_KQL_OPERATORS) {
        if (b->operators == ST_MAX_KQL_OPERATORS + 1)
            st_kb_error(b, q->word, NULL, "more than %u operators when lets are written out",
                        ST_MAX_KQL_OPERATORS);
        return NULL;
    }
    b->spoiled |= failed;
    b->failed = b->opened = b->loosened = false;
    st_kstep *outer = b->step;
    b->step = st_kb_step(b, q->span, in);
    st_kop *op = q->kind == ST_KP_UNREAD ? NULL : bind_one(b, f, in, q);
    if (op && op != in && !op->step)
        op->step = b->step;
    b->step = outer;
    st_kb_label(b, NULL);
    if (op && op->schema.n > ST_MAX_KQL_COLUMNS) {
        st_kb_error(b, q->word, NULL, "a table of more than %u columns", ST_MAX_KQL_COLUMNS);
        b->operators = ST_MAX_KQL_OPERATORS + 1; /* nothing more is bound */
        op = NULL;
    }
    if (q->kind == ST_KP_UNREAD)
        b->failed = true;
    if (!op && b->failed)
        op = past_mistake(b, in, q);
    if (op)
        op->schema.open |= b->opened || (in->schema.open && keeps_columns(q->kind));
    if (op)
        op->schema.loose |= b->loosened || (in->schema.loose && keeps_columns(q->kind));
    if (op && !keeps_columns(q->kind)) {
        op->schema.narrowed_by = q;
        op->schema.narrowed_to = &op->schema;
    } else if (op) {
        op->schema.narrowed_by = in->schema.narrowed_by;
        op->schema.narrowed_to = in->schema.narrowed_to;
    }
    b->opened = opened || (op && op->schema.open);
    b->loosened = loosened || (op && op->schema.loose);
    b->failed |= failed;
    return op;
}

/* Names an operator that is Kusto's but not ours, and a way round it. */
static void unsupported(st_kbinder *b, const st_kql_op *q)
{
    static const struct {
        const char *name, *instead;
    } table[] = {
        { "reduce",
          "; Kusto doesn't publish how it finds patterns: group by extract() or replace_regex()" },
        { "partition", " with a table of its own in braces; write partition by KEY (SUBQUERY)" },
        { "graph", "; graphs that a database keeps aren't here: make one with make-graph" },
        { "graph-where-nodes",
          "; put the condition into graph-match, or filter the rows before make-graph" },
        { "graph-where-edges",
          "; put the condition into graph-match, or filter the rows before make-graph" },
    };
    st_str name =
        q->kind == ST_KP_UNSUPPORTED ? q->u.name.text : st_str_of(st_kql_op_name(q->kind));
    const char *instead = "";
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (st_str_eq(name, st_str_of(table[i].name)))
            instead = table[i].instead;
    st_kb_error(b, q->word, NULL, "operator %.*s isn't supported%s", ST_FMT(name), instead);
}

/* The operators behind op, one after the other. */
static st_kop *pipeline(st_kbinder *b, st_kop *op, const st_kql_op *q)
{
    const st_kschema *row = b->row;
    for (; q && op; q = q->next) {
        bind_op *f =
            (size_t)q->kind < sizeof operators / sizeof *operators ? operators[q->kind] : NULL;
        b->row = &op->schema;
        if (!f && q->kind != ST_KP_UNREAD) {
            unsupported(b, q);
            op = NULL;
            break;
        }
        op = fits(b, op, q) ? bind_next(b, f, op, q) : unread_table(b);
    }
    b->row = row;
    return op;
}

st_kop *st_kb_body(st_kbinder *b, st_kop *in, const st_kql_query *q, bool ordered)
{
    bool serialized = b->serialized;
    const st_kql_query *piped = b->piped;
    b->serialized = ordered;
    b->piped = NULL;
    st_kop *op = pipeline(b, in, q->first);
    b->piped = piped;
    b->serialized = serialized;
    st_kb_step_side(b, op);
    return b->failed ? NULL : op;
}

st_kop *st_kb_query(st_kbinder *b, const st_kql_query *query)
{
    const st_kql_op *q = query->first;
    const st_kschema *row = b->row;
    b->row = NULL;
    b->serialized = false;
    bool failed = b->failed, loosened = b->loosened;
    b->spoiled |= failed;
    b->failed = b->loosened = false;
    st_kstep *outer = b->step;
    st_kb_label(b, NULL);
    b->step = q && q->kind != ST_KP_TABLE ? st_kb_step(b, q->span, NULL) : NULL;
    st_kop *op = q ? bind_source(b, q) : NULL;
    if (op && !op->step)
        op->step = b->step;
    b->step = outer;
    if (!op && b->failed)
        op = unread_table(b);
    b->failed |= failed;
    b->source = q && q->kind == ST_KP_TABLE && q->u.expr->kind == ST_KX_NAME ? q->u.expr->u.name
                                                                             : ST_STR("");
    b->serialized = q && serialized_by(q->kind, b->serialized);
    b->row = row;
    if (op)
        op->schema.loose |= b->loosened;
    const st_kql_query *piped = b->piped;
    st_klet *env = b->env;
    b->piped = query;
    op = pipeline(b, op, q ? q->next : NULL);
    b->piped = piped;
    b->env = env;
    b->loosened = loosened || (op && op->schema.loose);
    return op;
}

/* statements */

static bool bind_let(st_kbinder *b, const st_kql_stmt *s)
{
    st_klet *l = ST_NEW(&b->r->arena, st_klet);
    if (!l)
        return st_krun_nomem(b->r);
    *l = (st_klet){ .next = b->env, .name = s->name.text, .expr = s->value, .env = b->env };
    if (s->value->kind == ST_KX_LAMBDA) {
        l->kind = ST_L_LAMBDA;
    } else if (st_kb_tabular(b, s->value) ||
               (s->value->kind == ST_KX_NAME && !st_kb_let(b, s->value->u.name))) {
        l->kind = ST_L_TABLE;
        bool failed = b->failed;
        b->failed = false;
        any_value(b, s->value); /* errors are shown where the let stands */
        if (b->failed && s->value->kind == ST_KX_NAME)
            *l = (st_klet){ .next = b->env,
                            .name = s->name.text,
                            .kind = ST_L_VALUE,
                            .x = st_kb_const(b, ST_KT_UNKNOWN, st_kv_null()) };
        b->failed |= failed;
    } else {
        l->kind = ST_L_VALUE;
        l->x = st_kb_expr(b, s->value);
        st_kb_step_value(b, l);
    }
    b->env = l;
    return l->kind != ST_L_VALUE || l->x;
}

static const st_named *given(const st_kbinder *b, st_str name)
{
    const st_rule_settings *s = b->r->settings;
    for (size_t i = 0; i < s->nparams; i++)
        if (st_str_eq(s->params[i].name, name))
            return &s->params[i];
    return NULL;
}

/* What the user gave for a parameter: text as it is, everything else as toT() would read it. */
static st_kx *given_value(st_kbinder *b, const st_kql_param *p, const st_named *v)
{
    st_kt t = st_kb_type(p->type);
    st_kv x = t == ST_KT_STRING    ? st_kv_str(&b->r->mem, v->value)
              : t == ST_KT_DYNAMIC ? st_kv_parse_json(&b->r->mem, v->value)
                                   : st_kv_parse(&b->r->mem, t, v->value);
    if (x.tag == ST_KV_NULL && !st_str_eq(v->value, ST_STR("null")))
        st_kb_error(b, p->name.span, NULL, "--param %.*s=%.*s: that is no %s", ST_FMT(v->name),
                    ST_FMT(v->value), st_kt_name(t));
    return st_kb_const(b, t, x);
}

static void bind_params(st_kbinder *b, const st_kql_stmt *s)
{
    for (size_t i = 0; i < s->nparams; i++) {
        const st_kql_param *p = &s->params[i];
        const st_named *v = given(b, p->name.text);
        st_klet *l = ST_NEW(&b->r->arena, st_klet);
        if (!l)
            return;
        *l =
            (st_klet){ .next = b->env, .name = p->name.text, .kind = ST_L_VALUE, .expr = p->value };
        if (v)
            l->x = given_value(b, p, v);
        else if (p->value)
            l->x = st_kb_expr(b, p->value);
        else {
            st_kb_error(b, p->name.span, NULL,
                        "the parameter %.*s has no value; --param %.*s=VALUE gives one",
                        ST_FMT(l->name), ST_FMT(l->name));
            l->x = st_kb_const(b, ST_KT_UNKNOWN, st_kv_null());
        }
        b->env = l;
    }
}

/* Is it a let of a name that a let behind `outer` has already? */
static bool repeats(st_kbinder *b, const st_kql_stmt *s, const st_klet *outer)
{
    if (s->kind != ST_KS_LET)
        return false;
    for (const st_klet *l = b->env; l != outer; l = l->next)
        if (st_str_eq(l->name, s->name.text)) {
            st_kb_error(b, s->name.span, "KS201", "there is a let %.*s already",
                        ST_FMT(s->name.text));
            return true;
        }
    return false;
}

/* All but a query. outer: where the names of its text or function begin. */
static bool statement(st_kbinder *b, const st_kql_stmt *s, const st_klet *outer)
{
    if (repeats(b, s, outer))
        return true;
    if (s->kind == ST_KS_LET)
        return bind_let(b, s);
    if (s->kind == ST_KS_DECLARE)
        bind_params(b, s);
    else if (s->kind == ST_KS_OTHER)
        st_kb_error(b, s->span, NULL, "%.*s isn't supported", ST_FMT(s->name.text));
    return true;
}

bool st_kb_statements(st_kbinder *b, const st_kql_stmt *s, const st_kql_stmt **last)
{
    const st_klet *outer = b->env;
    *last = NULL;
    for (; s; s = s->next) {
        if (!statement(b, s, outer))
            return false;
        if (s->kind == ST_KS_QUERY && *last)
            st_kb_error(b, s->span, NULL, "a function's body has one value");
        if (s->kind == ST_KS_QUERY)
            *last = s;
    }
    return true;
}

/* A table that the text gave a name is one for later statements, its rows computed once. */
static st_kop *name_result(st_kbinder *b, st_kop *op)
{
    st_klet *l = ST_NEW(&b->r->arena, st_klet);
    st_kstore *rows = l ? st_kstore_new(b->r, op) : NULL;
    if (!rows)
        return NULL;
    *l = (st_klet){ .next = b->env, .name = op->name, .kind = ST_L_TABLE, .rows = rows };
    b->env = l;
    return st_kop_replay(b->r, rows);
}

static bool has_query(const st_kql_stmt *s)
{
    while (s && s->kind != ST_KS_QUERY)
        s = s->next;
    return s != NULL;
}

/* A query's tables, put behind those there are. If it only names them for later ones, none. */
static bool add_results(st_kbinder *b, const st_kql_stmt *s, st_kop ***last)
{
    st_kop *op = s->value ? tables_of(b, s->value) : NULL;
    bool later = has_query(s->next);
    if (!op)
        return false;
    for (st_kop *next; op; op = next) {
        next = op->also;
        bool named = op->name.n > 0;
        if (named && !(op = name_result(b, op)))
            return false;
        op->also = NULL;
        if (named && later)
            continue;
        **last = op;
        *last = &op->also;
    }
    return true;
}

static st_str not_here(st_krun *r, const st_kneed *needs)
{
    st_buf t = { 0 };
    st_buf_fmt(&t, "%.*s, which %s here", ST_FMT(st_kb_needs_text(r, needs)),
               needs->next ? "aren't" : "isn't");
    st_str s = st_arena_copy(&r->arena, st_buf_slice(&t));
    st_buf_free(&t);
    return s;
}

void st_kbind(st_krun *r, const st_kql_script *script, bool marks_servers, st_kql_diags *d,
              st_kbound *out)
{
    st_kbinder b = { .r = r, .d = d, .marks = marks_servers, .subject = script->subject };
    *out = (st_kbound){ .status = ST_RULE_BROKEN };
    r->random = st_xxh64(script->text.p, script->text.n);
    st_kop *op = NULL, **last = &op;
    bool ok = true;
    for (const st_kql_stmt *s = script->first; s && ok; s = s->next)
        ok = s->kind == ST_KS_QUERY ? add_results(&b, s, &last) || b.failed || b.needs
                                    : statement(&b, s, NULL);
    free(b.calls);
    out->needs = b.needs;
    out->never = b.never;
    if (b.failed || !st_krun_ok(r))
        return;
    if (b.needs && !r->settings->stub_services) {
        out->status = ST_RULE_NOT_APPLICABLE;
        out->why = not_here(r, b.needs);
        return;
    }
    if (b.needs)
        out->stubs = st_kb_needs_text(r, b.needs);
    out->root = op;
    out->status = op ? ST_RULE_READY : ST_RULE_BROKEN;
}

/* NOLINTEND(misc-no-recursion) */
