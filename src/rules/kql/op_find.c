/*
 * op_find.c - find: the rows of some tables for which a condition is true.
 *
 * As search, with a first column source_. Without `project` the columns are those that the
 * condition uses and those that all tables have; the others' values go into the bag pack_.
 */
#include "rules/kql/bind.h"

#include <string.h>

/* Names and values in turn; what is missing is left out. */
static st_kv pack(st_krun *r, const st_kx *x, const st_kv *a)
{
    size_t n = 0;
    for (size_t i = 1; i < x->nargs; i += 2)
        n += a[i].tag != ST_KV_NULL && !(a[i].tag == ST_KV_STRING && a[i].u.s == ST_EMPTY);
    st_kbag *g = st_kbag_new(&r->mem, n);
    n = 0;
    for (size_t i = 1; g && i < x->nargs; i += 2)
        if (a[i].tag != ST_KV_NULL && !(a[i].tag == ST_KV_STRING && a[i].u.s == ST_EMPTY)) {
            g->keys[n] = a[i - 1].u.s;
            g->v[n++] = a[i];
        }
    return st_kv_bag(g);
}

static st_kx *pack_node(st_kbinder *b, const st_kschema *s, const bool *keep, size_t n)
{
    st_kx **args = ST_NEWN(&b->r->arena, st_kx *, 2 * n + 1);
    size_t k = 0;
    for (size_t i = 0; args && i < s->n; i++) {
        st_kx *col = keep[i] ? NULL : ST_NEW(&b->r->arena, st_kx);
        if (keep[i])
            continue;
        args[k++] = st_kb_const(b, ST_KT_STRING, st_kv_str(&b->r->mem, s->v[i].name));
        if (!col)
            return NULL;
        *col = (st_kx){ .kind = ST_X_COLUMN, .type = s->v[i].type, .col = i };
        args[k++] = col;
    }
    return args ? st_kb_call(b, pack, ST_KT_DYNAMIC, args, k) : NULL;
}

static st_kop *packed(st_kbinder *b, st_kop *rows, const st_kx *cond, const st_kschema *common)
{
    const st_kschema *s = &rows->schema;
    bool *keep = ST_NEWN(&b->r->arena, bool, s->n);
    st_kcol *cols = ST_NEWN(&b->r->arena, st_kcol, s->n + 1);
    st_kitem *items = ST_NEWN(&b->r->arena, st_kitem, s->n + 1);
    size_t n = 0;
    if (!keep || !cols || !items || !st_kx_columns(b->r, cond, keep))
        return NULL;
    for (size_t i = 0; i < s->n; i++) {
        keep[i] = keep[i] || i == 0 || st_kb_column(common, s->v[i].name) != SIZE_MAX;
        if (keep[i]) {
            cols[n] = s->v[i];
            items[n++] = (st_kitem){ NULL, i };
        }
    }
    st_kx *x = n < s->n ? pack_node(b, s, keep, s->n - n) : NULL;
    if (n < s->n && !x)
        return NULL;
    if (x) {
        cols[n] = (st_kcol){ ST_STR("pack_"), ST_KT_DYNAMIC };
        items[n++] = (st_kitem){ x, 0 };
    }
    return st_kop_project(b->r, rows, cols, items, n);
}

static st_kop *projected(st_kbinder *b, st_kop *rows, const st_kql_op *q)
{
    size_t n = q->u.search.project.n;
    st_kql_op p = { .kind = ST_KP_PROJECT, .span = q->span, .word = q->word };
    st_kql_expr *source = ST_NEW(&b->r->arena, st_kql_expr);
    p.u.exprs.items = ST_NEWN(&b->r->arena, st_kql_expr *, n + 1);
    if (!source || !p.u.exprs.items)
        return NULL;
    *source = (st_kql_expr){ .kind = ST_KX_NAME, .span = q->word, .u.name = ST_STR("source_") };
    p.u.exprs.items[0] = source;
    if (n)
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
        memcpy(p.u.exprs.items + 1, q->u.search.project.items, n * sizeof(st_kql_expr *));
    p.u.exprs.n = n + 1;
    const st_kschema *row = b->row;
    b->row = &rows->schema;
    st_kop *op = st_kb_op_project(b, rows, &p);
    b->row = row;
    return op;
}

st_kop *st_kb_op_find(st_kbinder *b, st_kop *in, const st_kql_op *q)
{
    st_kop *rows = st_kb_search_rows(b, in, q, ST_STR("source_"), "outer");
    st_kx *x = rows ? st_kb_search_condition(b, rows, q, false) : NULL;
    st_kop *hits = x ? st_kop_where(b->r, rows, x) : NULL;
    if (!hits || q->u.search.has_project)
        return hits ? projected(b, hits, q) : NULL;
    const st_kop *common = in ? rows : st_kb_search_rows(b, NULL, q, ST_STR("source_"), "inner");
    return common ? packed(b, hits, x, &common->schema) : NULL;
}
