/*
 * op_expand.c - mv-expand: each element of an array gives a row.
 *
 * Several columns go in parallel, the shorter ones padded with null. An empty array gives no
 * row, null one row with null, a scalar one with itself, a bag one single-entry bag a member.
 */
#include "rules/kql/plan.h"

#include <string.h>

typedef struct expand {
    st_kexpand *items;
    size_t n;
    size_t limit;
    size_t index_col; /* SIZE_MAX: none */
} expand;

static size_t elements(st_kv v)
{
    return v.tag == ST_KV_ARRAY ? v.u.a->n : v.tag == ST_KV_BAG ? v.u.g->n : 1;
}

st_kv st_kexpand_element(st_krun *r, const st_kexpand *it, st_kv v, size_t i)
{
    st_kv out = v;
    if (i >= elements(v))
        out = st_kv_null();
    else if (v.tag == ST_KV_ARRAY)
        out = v.u.a->v[i];
    else if (v.tag == ST_KV_BAG) {
        st_kbag *g = st_kbag_new(&r->mem, 1);
        if (g) {
            g->keys[0] = v.u.g->keys[i];
            g->v[0] = v.u.g->v[i];
        }
        out = st_kv_bag(g);
    }
    if (it->to == ST_KT_DYNAMIC)
        return out;
    return st_kv_convert(&r->mem, it->to, ST_KT_DYNAMIC, out);
}

/* How many rows each input row gives, and all together. */
static size_t count_rows(const expand *e, const st_kv *const *v, const size_t *step, size_t rows,
                         size_t *count)
{
    size_t total = 0;
    for (size_t k = 0; k < rows; k++) {
        count[k] = 0;
        for (size_t i = 0; i < e->n; i++) {
            size_t n = elements(v[i][k * step[i]]);
            count[k] = n > count[k] ? n : count[k];
        }
        count[k] = count[k] < e->limit ? count[k] : e->limit;
        total += count[k];
    }
    return total;
}

static bool fill(st_krun *r, const st_kop *op, const expand *e, st_kbatch *in, st_kbatch *out,
                 const st_kv *const *v, const size_t *step, const size_t *count)
{
    const st_kv **from = ST_NEWN(&out->arena, const st_kv *, op->schema.n);
    if (!from)
        return false;
    for (size_t c = 0; c < op->schema.n; c++) {
        bool lazy = c < in->ncols && !in->cols[c].v && in->cols[c].source;
        for (size_t i = 0; i < e->n; i++)
            lazy = lazy && e->items[i].col != c;
        if (lazy) {
            out->cols[c].source = in->cols[c].source;
            continue;
        }
        out->cols[c].v = ST_NEWN(&out->arena, st_kv, out->n);
        if (!out->cols[c].v)
            return false;
        from[c] = c < in->ncols ? st_kbatch_col(r, in, c) : NULL;
    }
    size_t at = 0;
    for (size_t k = 0; k < in->n; k++)
        for (size_t j = 0; j < count[k]; j++, at++) {
            out->node[at] = in->node[k];
            for (size_t c = 0; c < op->schema.n; c++)
                if (out->cols[c].v)
                    out->cols[c].v[at] = from[c] ? from[c][k] : st_kv_null();
            for (size_t i = 0; i < e->n; i++)
                out->cols[e->items[i].col].v[at] = st_kexpand_element(r, &e->items[i], v[i][k * step[i]], j);
            if (e->index_col != SIZE_MAX)
                out->cols[e->index_col].v[at] = st_kv_long((int64_t)j);
        }
    return true;
}

static st_kbatch *expand_next(st_krun *r, st_kop *op)
{
    expand *e = op->spec;
    st_kbatch *in, *out = NULL;
    while (!out && (in = op->in->next(r, op->in)) != NULL) {
        const st_kv **v = ST_NEWN(&in->arena, const st_kv *, e->n);
        size_t *step = ST_NEWN(&in->arena, size_t, e->n),
               *count = ST_NEWN(&in->arena, size_t, in->n);
        bool ok = v && step && count;
        for (size_t i = 0; ok && i < e->n; i++)
            ok = (v[i] = st_kx_run(r, e->items[i].x, in, &step[i])) != NULL;
        size_t total = ok ? count_rows(e, v, step, in->n, count) : 0;
        if (total)
            out = st_kbatch_new(r, total, op->schema.n);
        if (out && !fill(r, op, e, in, out, v, step, count))
            ok = false;
        st_kbatch_free(in);
        if (!ok) {
            st_krun_nomem(r);
            st_kbatch_free(out);
            return NULL;
        }
    }
    return out;
}

st_kop *st_kop_expand(st_krun *r, st_kop *in, const st_kexpand *items, size_t n, size_t limit,
                      size_t index_col, const st_kcol *cols, size_t ncols)
{
    st_kop *op = st_kop_new(r, expand_next, in, sizeof(expand));
    expand *e = op ? op->spec : NULL;
    if (!e || !(e->items = ST_NEWN(&r->arena, st_kexpand, n)) ||
        !(op->schema.v = ST_NEWN(&r->arena, st_kcol, ncols)))
        return NULL;
    memcpy(e->items, items, n * sizeof *items);
    memcpy(op->schema.v, cols, ncols * sizeof *cols);
    op->schema.n = ncols;
    e->n = n;
    e->limit = limit;
    e->index_col = index_col;
    return op;
}
