/*
 * op_window.c - functions over neighbouring rows: prev, next, row_number, row_cumsum, ranks,
 * sessions.
 *
 * Their input must have an order that is meant (order, top, serialize, range). The operator
 * that uses one gets all its rows in a single batch: the binder wraps its input for that.
 */
#include "rules/kql/bind.h"

#include <string.h>

/* all rows in one batch */

static st_kbatch *gather_all(st_krun *r, const st_kop *op, const st_krows *rows)
{
    st_arena a = { .budget = &r->budget };
    st_kat *at = ST_NEWN(&a, st_kat, rows->rows);
    size_t n = 0;
    for (size_t i = 0; at && i < rows->n; i++)
        for (size_t k = 0; k < rows->batch[i]->n; k++)
            at[n++] = (st_kat){ (uint32_t)i, (uint32_t)k };
    st_kbatch *b = at ? st_krows_gather(r, rows, &op->schema, at, n) : NULL;
    if (!at)
        st_krun_nomem(r);
    st_arena_free(&a);
    return b;
}

static st_kbatch *whole_next(st_krun *r, st_kop *op)
{
    st_krows rows = { 0 };
    st_kbatch *b = NULL;
    if (st_krows_read(r, op->in, &rows) && rows.rows)
        b = gather_all(r, op, &rows);
    st_krows_free(&rows);
    return b;
}

bool st_kop_make_whole(st_krun *r, st_kop *op)
{
    st_kop *inner = ST_NEW(&r->arena, st_kop);
    if (!inner)
        return st_krun_nomem(r);
    *inner = *op;
    op->next = whole_next;
    op->in = inner;
    op->spec = NULL;
    op->spec_size = 0;
    return true;
}

/* the functions */

enum { MAX_ARGS = 4 };
typedef struct args {
    const st_kv *v[MAX_ARGS];
    size_t step[MAX_ARGS], n;
    const st_kmem *mem;
} args;

static st_kv arg(const args *a, size_t i, size_t row)
{
    return a->v[i][row * a->step[i]];
}

static bool is_true(const args *a, size_t i, size_t row)
{
    if (i >= a->n)
        return false;
    st_kv v = arg(a, i, row);
    return v.tag == ST_KV_BOOL && v.u.b;
}

/* The value `way` * offset rows on, or the default. */
static void neighbour(const st_kx *x, const args *a, size_t n, st_kv *out, bool back)
{
    for (size_t k = 0; k < n; k++) {
        st_kv by = a->n > 1 ? arg(a, 1, k) : st_kv_long(1);
        bool there =
            by.tag == ST_KV_LONG && by.u.i >= 0 && (uint64_t)by.u.i <= (back ? k : n - 1 - k);
        size_t at = !there ? 0 : back ? k - (size_t)by.u.i : k + (size_t)by.u.i;
        out[k] = there ? arg(a, 0, at) : a->n > 2 ? arg(a, 2, k) : st_kv_missing(x->type);
    }
}

static void w_prev(const st_kx *x, const args *a, size_t n, st_kv *out)
{
    neighbour(x, a, n, out, true);
}

static void w_next(const st_kx *x, const args *a, size_t n, st_kv *out)
{
    neighbour(x, a, n, out, false);
}

static void w_row_number(const st_kx *x, const args *a, size_t n, st_kv *out)
{
    st_kv first = a->n && n ? arg(a, 0, 0) : st_kv_long(1);
    uint64_t from = first.tag == ST_KV_LONG ? (uint64_t)first.u.i : 1, i = from;
    (void)x;
    for (size_t k = 0; k < n; k++) {
        i = is_true(a, 1, k) ? from : i;
        out[k] = st_kv_long((int64_t)i++);
    }
}

static void w_row_cumsum(const st_kx *x, const args *a, size_t n, st_kv *out)
{
    uint64_t whole = 0;
    double real = 0;
    for (size_t k = 0; k < n; k++) {
        st_kv v = arg(a, 0, k);
        double d = 0;
        if (is_true(a, 1, k)) {
            whole = 0;
            real = 0;
        }
        if (v.tag == ST_KV_LONG || v.tag == ST_KV_TIMESPAN)
            whole += (uint64_t)v.u.i;
        else if (st_kv_number(v, &d))
            real += d;
        out[k] = x->type == ST_KT_REAL       ? st_kv_real(real)
                 : x->type == ST_KT_TIMESPAN ? st_kv_span((int64_t)whole)
                                             : st_kv_long((int64_t)whole);
    }
}

static void rank(const args *a, size_t n, st_kv *out, bool dense)
{
    int64_t place = 0, count = 0;
    for (size_t k = 0; k < n; k++) {
        bool restart = !k || is_true(a, 1, k);
        count = restart ? 1 : count + 1;
        if (restart)
            place = 1;
        else if (!st_kv_same(a->mem, arg(a, 0, k - 1), arg(a, 0, k)))
            place = dense ? place + 1 : count;
        out[k] = st_kv_long(place);
    }
}

static void w_rank_dense(const st_kx *x, const args *a, size_t n, st_kv *out)
{
    (void)x;
    rank(a, n, out, true);
}

static void w_rank_min(const st_kx *x, const args *a, size_t n, st_kv *out)
{
    (void)x;
    rank(a, n, out, false);
}

/* Is `v` at least the span behind `from`? */
static bool reaches(st_kv v, st_kv from, st_kv span)
{
    int64_t end;
    return span.tag == ST_KV_TIMESPAN && !__builtin_add_overflow(from.u.i, span.u.i, &end) &&
           v.u.i >= end;
}

/* The time that the row's session began with. */
static void w_row_window_session(const st_kx *x, const args *a, size_t n, st_kv *out)
{
    st_kv start = st_kv_null(), before = start;
    (void)x;
    for (size_t k = 0; k < n; k++) {
        st_kv v = arg(a, 0, k);
        bool null = v.tag != ST_KV_DATETIME;
        if (null || start.tag == ST_KV_NULL || is_true(a, 3, k) ||
            reaches(v, start, arg(a, 1, k)) || reaches(v, before, arg(a, 2, k)))
            start = null ? st_kv_null() : v;
        before = v;
        out[k] = start;
    }
}

/* types: what each argument must be, as in the table of functions; result '0': argument 0's. */
struct st_kwindow {
    const char *name;
    size_t min, max;
    const char *types;
    bool own_type;
    void (*run)(const st_kx *x, const args *a, size_t n, st_kv *out);
};

static const st_kwindow windows[] = {
    { "prev", 1, 3, "*i*", true, w_prev },
    { "next", 1, 3, "*i*", true, w_next },
    { "row_number", 0, 2, "ib", false, w_row_number },
    { "row_cumsum", 1, 2, "nb", true, w_row_cumsum },
    { "row_rank_dense", 1, 2, "*b", false, w_rank_dense },
    { "row_rank_min", 1, 2, "*b", false, w_rank_min },
    { "row_window_session", 3, 4, "dttb", true, w_row_window_session },
};

const st_kv *st_kwindow_run(st_krun *r, const st_kx *x, st_kbatch *b)
{
    args a = { .n = x->nargs, .mem = &r->mem };
    st_kv *out = ST_NEWN(&b->arena, st_kv, b->n);
    for (size_t i = 0; i < x->nargs; i++)
        if (!(a.v[i] = st_kx_run(r, x->args[i], b, &a.step[i])))
            return NULL;
    if (out)
        x->window->run(x, &a, b->n, out);
    return out;
}

/* binding */

const st_kwindow *st_kwindow_find(st_str name)
{
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        if (st_str_eq(name, st_str_of(windows[i].name)))
            return &windows[i];
    return NULL;
}

static bool fits(char letter, st_kt t)
{
    switch (letter) {
    case 'i': return t == ST_KT_LONG || t == ST_KT_INT;
    case 'b': return t == ST_KT_BOOL;
    case 'd': return t == ST_KT_DATETIME;
    case 't': return t == ST_KT_TIMESPAN;
    case 'n': return st_kt_numeric(t) || t == ST_KT_TIMESPAN;
    default: return true;
    }
}

static bool bind_args(st_kbinder *b, const st_kql_expr *e, const st_kwindow *w, st_kx *x)
{
    for (size_t i = 0; i < x->nargs; i++) {
        const st_kql_expr *a = e->u.call.args.items[i];
        x->args[i] = st_kb_expr(b, a);
        if (!x->args[i])
            return false;
        st_kt t = x->args[i]->type;
        if (t == ST_KT_UNKNOWN)
            x->type = ST_KT_UNKNOWN;
        else if (!fits(w->types[i], t))
            st_kb_error(b, a->span, "KS107", "%s() can't take a %s here", w->name, st_kt_name(t));
        else if (i == 0 && w->own_type)
            x->type = t == ST_KT_INT && w->types[0] == 'n' ? ST_KT_LONG : t;
    }
    return true;
}

st_kx *st_kb_window(st_kbinder *b, const st_kql_expr *e, const st_kwindow *w)
{
    size_t n = e->u.call.args.n;
    st_kx *x = st_kb_const(b, ST_KT_UNKNOWN, st_kv_null());
    if (!x || n < w->min || n > w->max) {
        st_kb_error(b, e->span, "KS119", "%s() takes %zu to %zu arguments", w->name, w->min,
                    w->max);
        return x;
    }
    if (!b->row || !b->serialized || b->aggregates || b->nested) {
        st_kb_error(b, e->span, NULL,
                    "%s() needs rows in an order that is meant; put order by or serialize before",
                    w->name);
        return x;
    }
    b->windows = true;
    st_kx **xs = ST_NEWN(&b->r->arena, st_kx *, n ? n : 1);
    if (!xs)
        return NULL;
    *x = (st_kx){ .kind = ST_X_WINDOW,
                  .type = ST_KT_LONG,
                  .window = w,
                  .args = xs,
                  .nargs = n,
                  .windowed = true };
    return bind_args(b, e, w, x) ? x : NULL;
}
