/*
 * op_project.c - the columns of the output, each an expression of the input row or one of its
 * columns as it is. project, extend, project-away, -keep, -rename and -reorder are all this.
 */
#include "rules/kql/plan.h"

#include <string.h>

typedef struct project {
    st_kitem *items;
    size_t n;
} project;

static bool project_item(st_krun *r, const st_kitem *it, st_kbatch *b, st_kslot *out)
{
    if (!it->x) {
        *out = b->cols[it->from];
        return true;
    }
    size_t step;
    const st_kv *v = st_kx_run(r, it->x, b, &step);
    out->v = v ? ST_NEWN(&b->arena, st_kv, b->n) : NULL;
    if (!out->v)
        return st_krun_nomem(r);
    for (size_t k = 0; k < b->n; k++)
        out->v[k] = v[k * step];
    return true;
}

/* A column that is passed on twice must not be filtered in place twice. */
static bool unshare(st_krun *r, st_kbatch *b, st_kslot *slots, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (slots[i].v && slots[i].v == slots[k].v) {
                st_kv *v = ST_NEWN(&b->arena, st_kv, b->n);
                if (!v)
                    return st_krun_nomem(r);
                memcpy(v, slots[i].v, b->n * sizeof *v);
                slots[i].v = v;
            }
    return true;
}

static st_kbatch *project_next(st_krun *r, st_kop *op)
{
    const project *s = op->spec;
    st_kbatch *b = st_kop_next(r, op->in);
    if (!b)
        return NULL;
    st_kslot *slots = ST_NEWN(&b->arena, st_kslot, s->n);
    bool ok = slots != NULL;
    for (size_t i = 0; ok && i < s->n; i++)
        ok = project_item(r, &s->items[i], b, &slots[i]);
    if (!ok || !unshare(r, b, slots, s->n)) {
        st_kbatch_free(b);
        st_krun_nomem(r);
        return NULL;
    }
    b->cols = slots;
    b->ncols = s->n;
    return b;
}

st_kop *st_kop_project(st_krun *r, st_kop *in, const st_kcol *cols, const st_kitem *items, size_t n)
{
    st_kop *op = st_kop_new(r, project_next, in, sizeof(project));
    st_kcol *c = op ? ST_NEWN(&r->arena, st_kcol, n) : NULL;
    st_kitem *it = c ? ST_NEWN(&r->arena, st_kitem, n) : NULL;
    if (!it) {
        st_krun_nomem(r);
        return NULL;
    }
    if (n) {
        memcpy(c, cols, n * sizeof *c);
        memcpy(it, items, n * sizeof *it);
    }
    *(project *)op->spec = (project){ it, n };
    op->schema = (st_kschema){ .v = c, .n = n };
    return op;
}
