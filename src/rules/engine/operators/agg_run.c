/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* agg_run.c - aggregates over numbered groups of held rows; top-nested and make-series use it. */
#include "rules/engine/operators/ops.h"
#include "rules/engine/value/group.h"

#include <stdlib.h>
#include <string.h>

static bool step_batch(st_run *r, st_batch *b, const size_t *group, const st_agg_call *call,
                       st_accum *acc)
{
    const st_val **v = ST_NEWN(&b->arena, const st_val *, call->nargs + 1);
    size_t *step = ST_NEWN(&b->arena, size_t, call->nargs + 1);
    st_val *a = ST_NEWN(&b->arena, st_val, call->nargs + 1);
    if (!v || !step || !a)
        return st_run_nomem(r);
    for (size_t i = 0; i < call->nargs; i++)
        if (!(v[i] = st_expr_run(r, call->args[i], b, &step[i])))
            return false;
    for (size_t k = 0; k < b->n; k++) {
        if (k % ST_LOOK_ROWS == 0 && !st_run_going(r))
            return false;
        if (group[k] == SIZE_MAX)
            continue;
        for (size_t i = 0; i < call->nargs; i++)
            a[i] = v[i][k * step[i]];
        call->agg->step(r, &acc[group[k]], call, a);
        acc[group[k]].took = false;
    }
    return true;
}

static bool one_call(st_run *r, const st_rows *rows, const size_t *group, size_t n,
                     const st_agg_call *call, st_val *out)
{
    size_t held = r->mem.held;
    st_accum *acc = st_mem_zeroed(&r->mem, n + 1, sizeof *acc);
    bool ok = acc != NULL;
    size_t at = 0;
    for (size_t i = 0; ok && i < rows->n; at += rows->batch[i++]->n)
        ok = step_batch(r, rows->batch[i], group + at, call, acc);
    for (size_t g = 0; acc && g < n; g++) {
        ok = ok && (g % ST_LOOK_ROWS != 0 || st_run_going(r));
        if (ok)
            out[g] = call->agg->end(r, &acc[g], call);
        st_accum_free(&acc[g]);
    }
    free(acc);
    st_mem_release(&r->mem, held);
    return ok || st_run_nomem(r);
}

st_batch *st_agg_run(st_run *r, const st_rows *rows, const size_t *group, size_t n,
                     const st_agg_call *calls, size_t ncalls)
{
    st_batch *b = st_batch_new(r, n, ncalls);
    for (size_t c = 0; b && c < ncalls; c++) {
        b->cols[c].v = ST_NEWN(&b->arena, st_val, n);
        if (!b->cols[c].v || !one_call(r, rows, group, n, &calls[c], b->cols[c].v)) {
            st_batch_free(b);
            st_run_nomem(r);
            return NULL;
        }
    }
    return b;
}

const st_val *st_rows_values(st_run *r, const st_rows *rows, st_expr *x, st_arena *a)
{
    st_val *out = ST_NEWN(a, st_val, rows->rows + 1);
    size_t at = 0;
    for (size_t i = 0; out && i < rows->n; i++) {
        size_t step;
        const st_val *v = st_expr_run(r, x, rows->batch[i], &step);
        if (!v)
            return NULL;
        for (size_t k = 0; k < rows->batch[i]->n; k++)
            out[at++] = v[k * step];
    }
    if (!out)
        st_run_nomem(r);
    return out;
}
