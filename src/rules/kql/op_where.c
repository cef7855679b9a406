/*
 * op_where.c - rows for which a condition is true; false and null fall out.
 *
 * What `and` joins is asked one after the other, each of the rows that are left: most rules are
 * decided by their first words, and columns that later ones ask for needn't be made for the rest.
 */
#include "rules/kql/plan.h"

#include <stdlib.h>

typedef struct condition {
    st_kx *x;
    struct condition *next;
} condition;

st_kbatch *st_kop_narrowed(st_krun *r, st_kop *op, st_knarrow *narrow)
{
    st_kbatch *b;
    while ((b = st_kop_next(r, op->in)) != NULL) {
        bool ok = narrow(r, op, b);
        if (ok && b->n)
            return b;
        st_kbatch_free(b);
        if (!ok) {
            st_krun_nomem(r);
            return NULL;
        }
    }
    return NULL;
}

static bool keep_true(st_krun *r, st_kop *op, st_kbatch *b)
{
    for (const condition *c = *(condition **)op->spec; c && b->n; c = c->next) {
        bool *keep = ST_NEWN(&b->arena, bool, b->n);
        if (!keep || !st_kx_test(r, c->x, b, keep))
            return false;
        st_kbatch_filter(b, keep);
    }
    return true;
}

static st_kbatch *where_next(st_krun *r, st_kop *op)
{
    return st_kop_narrowed(r, op, keep_true);
}

/* What `and` joins, in the order written. A function that looks at other rows must see all of
 * them, so that such a condition stays whole. */
static bool take_apart(st_krun *r, st_kx *x, condition **list)
{
    st_kx **todo = NULL;
    size_t n = 0, cap = 0;
    bool ok = st_grow(&todo, &cap, 1, sizeof(st_kx *));
    if (ok)
        todo[n++] = x;
    while (ok && n) {
        st_kx *t = todo[--n];
        if (t->kind == ST_X_CALL && t->code == st_kf_and && !x->windowed) {
            ok = st_grow(&todo, &cap, n + 2, sizeof(st_kx *));
            for (size_t i = 0; ok && i < 2; i++)
                todo[n++] = t->args[i];
            continue;
        }
        condition *c = ST_NEW(&r->arena, condition);
        ok = c != NULL;
        if (ok) {
            *c = (condition){ t, *list };
            *list = c;
        }
    }
    free((void *)todo);
    return ok || st_krun_nomem(r);
}

st_kop *st_kop_where(st_krun *r, st_kop *in, st_kx *x)
{
    st_kop *op = st_kop_new(r, where_next, in, sizeof(condition *));
    if (!op || !take_apart(r, x, op->spec))
        return NULL;
    while (in->next == where_next)
        in = in->in;
    st_kop_scan_narrow(r, in, x);
    return op;
}
