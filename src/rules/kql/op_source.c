/* op_source.c - where rows come from: the forest's nodes, constants, a range. */
#include "rules/kql/tables.h"

#include <string.h>

typedef struct scan {
    const st_ktable *table;
    uint64_t events; /* the ids that are rows of it */
    size_t at;       /* of the nodes, events or hosts there are */
    st_kop *older;   /* the reader made before this one */
} scan;

/* How many of them there are, and the number of the first as a row. */
static size_t there_are(const st_forest *f, const st_ktable *t, size_t *first)
{
    *first = 0;
    if (!f || t->rows == ST_KR_NONE)
        return 0;
    if (t->rows == ST_KR_PROCESSES)
        return f->observed;
    if (t->rows == ST_KR_NODES)
        return f->n;
    *first = t->rows == ST_KR_EVENTS ? f->n : f->n + f->nevents;
    return t->rows == ST_KR_EVENTS ? f->nevents : f->nhosts;
}

static bool is_row(const scan *s, const st_forest *f, size_t i)
{
    return s->table->rows != ST_KR_EVENTS ||
           (s->events >> st_event_kind_at(f->events[i].kind)->id & 1);
}

static st_kbatch *scan_next(st_krun *r, st_kop *op)
{
    scan *s = op->spec;
    size_t first, n = 0, end = there_are(r->forest, s->table, &first);
    r->scanned = true;
    if (s->at >= end || !st_krun_ok(r))
        return NULL;
    st_kbatch *b = st_kbatch_new(r, end - s->at < ST_KBATCH ? end - s->at : ST_KBATCH, s->table->n);
    for (; b && n < b->n && s->at < end; s->at++)
        if (is_row(s, r->forest, s->at))
            b->node[n++] = (st_node)(first + s->at);
    if (!n) {
        st_kbatch_free(b);
        return NULL;
    }
    for (size_t c = 0; c < b->ncols; c++)
        b->cols[c].source = &s->table->columns[c];
    b->n = n;
    return b;
}

st_kop *st_kop_scan(st_krun *r, const st_ktable *t)
{
    st_kop *op = st_kop_new(r, scan_next, NULL, sizeof(scan));
    if (!op)
        return NULL;
    *(scan *)op->spec = (scan){ t, st_ktable_events(t), 0, r->scans };
    r->scans = op;
    for (size_t i = 0; i < ST_KTABLES; i++)
        if (st_ktable_at(i) == t)
            r->tables |= UINT32_C(1) << i;
    op->lineage = op->evidence = true;
    op->schema.n = t->n;
    op->schema.v = ST_NEWN(&r->arena, st_kcol, t->n);
    if (!op->schema.v)
        return NULL;
    for (size_t c = 0; c < t->n; c++)
        op->schema.v[c] = (st_kcol){ st_str_of(t->columns[c].name), t->columns[c].type };
    return op;
}

/* Not once a value may have come from rows: over evidence it would be another than over none. */
void st_kop_scan_narrow(st_krun *r, st_kop *op, const st_kx *x)
{
    scan *s = op->spec;
    if (op->next == scan_next && s->table->rows == ST_KR_EVENTS && !r->scanned)
        s->events = st_ktable_narrow(r, s->table, s->events, x);
}

uint64_t st_kop_scan_events(const st_kop *op)
{
    return op->next == scan_next ? ((const scan *)op->spec)->events : 0;
}

uint64_t st_krun_events(const st_krun *r)
{
    uint64_t events = 0;
    for (const st_kop *op = r->scans; op; op = ((const scan *)op->spec)->older)
        events |= st_kop_scan_events(op);
    return events;
}

typedef struct values {
    const st_kv *cells;
    size_t nrows, at;
} values;

static st_kbatch *values_next(st_krun *r, st_kop *op)
{
    values *s = op->spec;
    if (s->at >= s->nrows || !st_krun_ok(r))
        return NULL;
    size_t n = s->nrows - s->at < ST_KBATCH ? s->nrows - s->at : ST_KBATCH, nc = op->schema.n;
    st_kbatch *b = st_kbatch_new(r, n, nc);
    for (size_t c = 0; b && c < nc; c++) {
        st_kv *v = b->cols[c].v = ST_NEWN(&b->arena, st_kv, n);
        for (size_t k = 0; v && k < n; k++)
            v[k] = s->cells[(s->at + k) * nc + c];
    }
    s->at += n;
    return b;
}

st_kop *st_kop_values(st_krun *r, const st_kcol *cols, size_t ncols, const st_kv *cells,
                      size_t nrows)
{
    st_kop *op = st_kop_new(r, values_next, NULL, sizeof(values));
    if (!op)
        return NULL;
    *(values *)op->spec = (values){ cells, nrows, 0 };
    op->schema.n = ncols;
    op->schema.v = ST_NEWN(&r->arena, st_kcol, ncols);
    if (op->schema.v && ncols)
        memcpy(op->schema.v, cols, ncols * sizeof *cols);
    return op->schema.v ? op : NULL;
}

typedef struct range {
    st_kv at, to, step;
} range;

/* The next value into *v; false at the end. */
static bool range_step(range *s, st_kv *v)
{
    double at, to, step;
    *v = s->at;
    if (s->at.tag == ST_KV_REAL) {
        at = s->at.u.d;
        if (!st_kv_number(s->to, &to) || !st_kv_number(s->step, &step))
            return false;
        if (!(step > 0 ? at <= to : step < 0 && at >= to))
            return false;
        s->at.u.d += step;
        return true;
    }
    if (s->at.tag == ST_KV_NULL || s->to.tag == ST_KV_NULL || s->step.tag == ST_KV_NULL ||
        !(s->step.u.i > 0 ? s->at.u.i <= s->to.u.i : s->step.u.i < 0 && s->at.u.i >= s->to.u.i))
        return false;
    if (__builtin_add_overflow(s->at.u.i, s->step.u.i, &s->at.u.i))
        s->at = st_kv_null();
    return true;
}

static st_kbatch *range_next(st_krun *r, st_kop *op)
{
    range *s = op->spec;
    st_kbatch *b = st_krun_ok(r) ? st_kbatch_new(r, ST_KBATCH, 1) : NULL;
    st_kv *v = b ? ST_NEWN(&b->arena, st_kv, ST_KBATCH) : NULL;
    size_t n = 0;
    while (v && n < ST_KBATCH && range_step(s, &v[n]))
        n++;
    if (!n) {
        st_kbatch_free(b);
        return NULL;
    }
    b->n = n;
    b->cols[0].v = v;
    return b;
}

st_kop *st_kop_range(st_krun *r, st_str name, st_kt type, st_kv from, st_kv to, st_kv step)
{
    st_kop *op = st_kop_new(r, range_next, NULL, sizeof(range));
    if (!op)
        return NULL;
    *(range *)op->spec = (range){ from, to, step };
    op->schema.n = 1;
    op->schema.v = ST_NEW(&r->arena, st_kcol);
    if (!op->schema.v)
        return NULL;
    op->schema.v[0] = (st_kcol){ name, type };
    return op;
}
