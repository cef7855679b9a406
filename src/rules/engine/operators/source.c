/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - where rows come from: the forest's nodes, constants, a range. */
#include "rules/engine/operators/ops.h"
#include "rules/engine/tables/tables.h"
#include "base/limits.h"

#include <string.h>

typedef struct scan {
    const st_table_def *table;
    st_event_set events;      /* that are rows of it */
    size_t at;                /* of the nodes, events or hosts there are */
    size_t end;               /* of them, where it is to stop; 0: behind the last */
    st_op *older;             /* the reader made before this one */
    st_condition *conditions; /* that all its rows go through, the newest first */
    uint32_t *ids;            /* of records kept whole: those that conditions leave; NULL: all */
    size_t nids;
    bool whole; /* a condition looked at neighbouring rows: it must see all of them */
} scan;

/* How many of them there are, and the number of the first as a row. */
static size_t there_are(const st_forest *f, const st_table_def *t, size_t *first)
{
    *first = 0;
    if (!f || t->rows == ST_OF_NONE)
        return 0;
    if (t->rows == ST_OF_PROCESSES)
        return f->observed;
    if (t->rows == ST_OF_NODES)
        return f->n;
    *first = t->rows == ST_OF_EVENTS ? f->n : f->n + f->nevents;
    return t->rows == ST_OF_EVENTS ? f->nevents : f->nhosts;
}

static bool is_row(const scan *s, const st_forest *f, size_t i)
{
    return s->table->rows != ST_OF_EVENTS || st_event_set_has(&s->events, f->events[i].kind);
}

/* The rows that may be let through, where that is known; otherwise those that there are. Of a list
 * rows of other kinds are none of this table's. */
static size_t take_rows(const st_run *r, scan *s, size_t end, st_batch *b)
{
    size_t n = 0, first, there = there_are(r->forest, s->table, &first);
    for (; n < b->n && s->at < end; s->at++) {
        size_t row = r->only ? r->only[s->at] : first + s->at;
        if (row >= first && row - first < there && is_row(s, r->forest, row - first) &&
            (!r->shown || r->shown[row]))
            b->node[n++] = (st_node)row;
    }
    return n;
}

static st_batch *scan_next(st_run *r, st_op *op)
{
    scan *s = op->spec;
    size_t first, n = 0, end = there_are(r->forest, s->table, &first);
    end = r->only ? r->nonly : end;
    end = s->end && s->end < end ? s->end : end;
    r->scanned = true;
    if (s->at >= end || !st_run_ok(r))
        return NULL;
    st_batch *b =
        st_batch_new(r, end - s->at < ST_BATCH_ROWS ? end - s->at : ST_BATCH_ROWS, s->table->n);
    if (b)
        n = take_rows(r, s, end, b);
    if (!n) {
        st_batch_free(b);
        return NULL;
    }
    for (size_t c = 0; c < b->ncols; c++)
        b->cols[c].source = &s->table->columns[c];
    b->n = n;
    return b;
}

static void scan_reads(st_run *r, st_op *op, st_wanted *w)
{
    const st_table_def *t = ((const scan *)op->spec)->table;
    for (size_t c = 0; c < t->n; c++)
        if (op->used[c])
            st_wanted_column(r, t, c, w);
}

st_op *st_op_scan(st_run *r, const st_table_def *t)
{
    st_op *op = st_op_new(r, scan_next, NULL, sizeof(scan));
    if (!op)
        return NULL;
    *(scan *)op->spec = (scan){ .table = t, .events = st_table_def_events(t), .older = r->scans };
    r->scans = op;
    op->reads = scan_reads;
    for (size_t i = 0; i < ST_TABLES; i++)
        if (st_table_def_at(i) == t)
            r->tables |= UINT32_C(1) << i;
    op->lineage = op->evidence = true;
    op->schema.n = t->n;
    op->schema.v = ST_NEWN(&r->arena, st_col, t->n);
    if (!op->schema.v)
        return NULL;
    for (size_t c = 0; c < t->n; c++)
        op->schema.v[c] = (st_col){ st_str_of(t->columns[c].name), t->columns[c].type };
    return op;
}

void st_op_scan_moved(st_run *r, const st_op *from, st_op *to)
{
    st_op **link = &r->scans;
    while (*link && *link != from)
        link = &((scan *)(*link)->spec)->older;
    if (*link)
        *link = to;
}

static void leave_ids(st_run *r, scan *s, const st_expr *x)
{
    uint32_t ids[ST_MAX_LOG_IDS];
    size_t n;
    if (!st_table_def_ids(s->table, x, ids, &n) || !(s->ids = ST_NEWN(&r->arena, uint32_t, n + 1)))
        return;
    memcpy(s->ids, ids, n * sizeof *ids);
    s->nids = n;
}

/* Not once a value may have come from rows, or of the time: over evidence it would be another than
 * over none. */
void st_op_scan_narrow(st_run *r, st_op *op, const st_expr *x)
{
    scan *s = op->spec;
    if (op->next != scan_next)
        return;
    s->whole |= x->windowed;
    st_condition *c = s->whole ? NULL : ST_NEW(&r->arena, st_condition);
    if (c)
        *c = (st_condition){ x, s->conditions };
    s->conditions = c ? c : s->conditions;
    bool sure = !r->scanned && !r->told;
    if (s->table->rows == ST_OF_EVENTS && sure)
        s->events = st_table_def_narrow(r, s->table, s->events, x);
    if (s->table->rows == ST_OF_EVENTS && sure && !s->whole && !s->ids)
        leave_ids(r, s, x);
}

st_event_set st_op_scan_events(const st_op *op)
{
    return op->next == scan_next ? ((const scan *)op->spec)->events : (st_event_set){ { 0 } };
}

const st_table_def *st_run_reader(const st_run *r, size_t i, st_event_set *kinds,
                                  const st_condition **conditions)
{
    const st_op *op = r->scans;
    while (op && i--)
        op = ((const scan *)op->spec)->older;
    if (!op)
        return NULL;
    const scan *s = op->spec;
    *kinds = s->events;
    *conditions = s->conditions;
    return s->table;
}

/* Each result begins with a reader of nodes, and there is no other reader: what else is joined
 * holds nothing of the evidence. */
bool st_run_rowwise(const st_run *r, const st_op *root, bool observed)
{
    unsigned most = observed ? ST_OF_PROCESSES : ST_OF_NODES;
    size_t readers = 0, results = 0;
    for (const st_op *op = r->scans; op; op = ((const scan *)op->spec)->older)
        readers++;
    for (; root; root = root->also) {
        const st_op *op = root;
        while (op->rowwise && op->in)
            op = op->in;
        if (op->next != scan_next || ((const scan *)op->spec)->table->rows > most)
            return false;
        results++;
    }
    return results && readers == results && !r->foreign && !r->scanned;
}

static st_op *reader_of(st_op *op)
{
    while (op->rowwise && op->in)
        op = op->in;
    return op;
}

void st_op_scan_part(st_op *op, size_t from, size_t to)
{
    scan *s = reader_of(op)->spec;
    s->at = from;
    s->end = to;
}

bool st_op_nodes_left(const st_run *r, const st_op *op, size_t *at, size_t *end)
{
    while (op->plain && op->in)
        op = op->in;
    const scan *s = op->spec;
    size_t first;
    if (op->next != scan_next || s->table->rows > ST_OF_NODES || s->end || r->only || r->shown)
        return false;
    *at = s->at;
    *end = there_are(r->forest, s->table, &first);
    return true;
}

/* The last of the conditions that stand right behind a reader, or itself. */
static st_op *last_condition(const st_run *r, st_op *reader)
{
    for (st_op *op = r->ops; op;) {
        bool next = op->in == reader && op->condition;
        reader = next ? op : reader;
        op = next ? r->ops : op->older;
    }
    return reader;
}

static bool reader_lets(st_run *r, st_op *reader, const st_row_list *some)
{
    static const st_node none;
    scan *s = reader->spec;
    size_t at = s->at, end = s->end;
    s->at = s->end = 0;
    r->only = some->n ? some->v : &none;
    r->nonly = some->n;
    st_batch *b = st_op_next(r, last_condition(r, reader));
    st_batch_free(b);
    s->at = at;
    s->end = end;
    return b != NULL;
}

bool st_run_lets(st_run *r, const st_row_list some[ST_OF_NONE])
{
    bool lets = false;
    const st_node *only = r->only;
    size_t nonly = r->nonly;
    r->roots = NULL;
    for (st_op *op = r->scans; op && !lets; op = ((const scan *)op->spec)->older) {
        unsigned rows = ((const scan *)op->spec)->table->rows;
        lets = rows < ST_OF_NONE && reader_lets(r, op, &some[rows]);
    }
    r->roots = NULL;
    r->only = only;
    r->nonly = nonly;
    return lets || !st_run_ok(r) || r->limit;
}

bool st_run_logs(const st_run *r, size_t i, const st_log_wanted **logs, size_t *n)
{
    const st_op *op = r->scans;
    while (op && i--)
        op = ((const scan *)op->spec)->older;
    if (!op)
        return false;
    const st_table_def *t = ((const scan *)op->spec)->table;
    *logs = t->logs;
    *n = t->nlogs;
    return true;
}

bool st_run_log_ids(const st_run *r, size_t i, st_event_set *kinds, const uint32_t **ids, size_t *n)
{
    const st_op *op = r->scans;
    while (op && i--)
        op = ((const scan *)op->spec)->older;
    if (!op)
        return false;
    const scan *s = op->spec;
    *kinds = s->events;
    *ids = s->ids;
    *n = s->nids;
    return true;
}

st_event_set st_run_events(const st_run *r)
{
    st_event_set events = r->lent;
    for (const st_op *op = r->scans; op; op = ((const scan *)op->spec)->older)
        st_event_set_join(&events, &((const scan *)op->spec)->events);
    return events;
}

typedef struct values {
    const st_val *cells;
    size_t nrows, at;
} values;

static st_batch *values_next(st_run *r, st_op *op)
{
    values *s = op->spec;
    if (s->at >= s->nrows || !st_run_ok(r))
        return NULL;
    size_t n = s->nrows - s->at < ST_BATCH_ROWS ? s->nrows - s->at : ST_BATCH_ROWS,
           nc = op->schema.n;
    st_batch *b = st_batch_new(r, n, nc);
    for (size_t c = 0; b && c < nc; c++) {
        st_val *v = b->cols[c].v = ST_ROOMN(&b->arena, st_val, n);
        for (size_t k = 0; v && k < n; k++)
            v[k] = s->cells[(s->at + k) * nc + c];
    }
    s->at += n;
    return b;
}

st_op *st_op_values(st_run *r, const st_col *cols, size_t ncols, const st_val *cells, size_t nrows)
{
    st_op *op = st_op_new(r, values_next, NULL, sizeof(values));
    if (!op)
        return NULL;
    *(values *)op->spec = (values){ cells, nrows, 0 };
    return st_op_columns(r, op, cols, ncols) ? op : NULL;
}

typedef struct range {
    st_val at, to, step;
} range;

/* The next value into *v; false at the end. */
static bool range_step(range *s, st_val *v)
{
    double at, to, step;
    *v = s->at;
    if (s->at.tag == ST_VAL_REAL) {
        at = s->at.u.d;
        if (!st_val_number(s->to, &to) || !st_val_number(s->step, &step))
            return false;
        if (!(step > 0 ? at <= to : step < 0 && at >= to))
            return false;
        s->at.u.d += step;
        return true;
    }
    if (s->at.tag == ST_VAL_NULL || s->to.tag == ST_VAL_NULL || s->step.tag == ST_VAL_NULL ||
        !(s->step.u.i > 0 ? s->at.u.i <= s->to.u.i : s->step.u.i < 0 && s->at.u.i >= s->to.u.i))
        return false;
    if (__builtin_add_overflow(s->at.u.i, s->step.u.i, &s->at.u.i))
        s->at = st_val_null();
    return true;
}

static st_batch *range_next(st_run *r, st_op *op)
{
    range *s = op->spec;
    st_batch *b = st_run_ok(r) ? st_batch_new(r, ST_BATCH_ROWS, 1) : NULL;
    st_val *v = b ? ST_NEWN(&b->arena, st_val, ST_BATCH_ROWS) : NULL;
    size_t n = 0;
    while (v && n < ST_BATCH_ROWS && range_step(s, &v[n]))
        n++;
    if (!n) {
        st_batch_free(b);
        return NULL;
    }
    b->n = n;
    b->cols[0].v = v;
    return b;
}

st_op *st_op_range(st_run *r, st_str name, st_type type, st_val from, st_val to, st_val step)
{
    st_op *op = st_op_new(r, range_next, NULL, sizeof(range));
    if (!op)
        return NULL;
    *(range *)op->spec = (range){ from, to, step };
    return st_op_columns(r, op, &(st_col){ name, type }, 1) ? op : NULL;
}
