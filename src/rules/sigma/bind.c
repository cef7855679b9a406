/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.c - conditions over fields as the engine's expressions over a table.
 *
 * A rule gets a table of its own, which has just the fields that it names, as recorded. Every test
 * of a field is a predicate over texts, so it is answered once for each distinct text; tests of one
 * field that differ in the value alone become one predicate with many needles. There is no third
 * truth value: a field that isn't there makes a test false, and its negation true.
 */
#include "rules/sigma/bind.h"

#include "rules/engine/functions/functions.h"
#include "rules/engine/match/glob.h"
#include "rules/engine/tables/recorded.h"

#include <stdlib.h>
#include <string.h>

/* What a part of the rule looks at: process creations, other events of Sysmon's that have columns
 * of their own, or records that are kept whole. */
typedef enum look { CREATIONS, EVENTS, LOGS } look;
enum { PARTS = ST_SIGMA_SOURCES + 3, IDS = 8 };
typedef struct part {
    look at;
    bool windows, linux_; /* CREATIONS: of which of Sysmon's two providers */
    st_event_set kinds;   /* EVENTS */
    const char *channels; /* LOGS: '|' between several */
    uint32_t ids[IDS];    /* LOGS; none: all events of the channel */
    size_t nids;
} part;

typedef struct binder {
    st_run *r;
    const st_sigma_rule *rule;
    const part *part;
    st_diag_sink *d; /* may be NULL */
    st_getter *columns;
    size_t n, cap;
    st_expr **items; /* by place: bound already */
    bool failed;     /* errors were told, or no memory */
} binder;

/* expressions */

static st_expr *new_expr(binder *b, st_expr_kind kind, st_type type, size_t nargs)
{
    st_expr *x = ST_NEW(&b->r->arena, st_expr);
    if (!x || (nargs && !(x->args = ST_NEWN(&b->r->arena, st_expr *, nargs)))) {
        b->failed = true;
        return NULL;
    }
    x->kind = kind;
    x->type = type;
    x->nargs = nargs;
    return x;
}

static st_expr *truth(binder *b, bool v)
{
    st_expr *x = new_expr(b, ST_EXPR_CONST, ST_TYPE_BOOL, 0);
    if (x)
        x->value = st_val_bool(v);
    return x;
}

static st_expr *text_constant(binder *b, st_str s)
{
    st_expr *x = new_expr(b, ST_EXPR_CONST, ST_TYPE_STRING, 0);
    if (x)
        x->value = st_val_str(&b->r->mem, s);
    return x;
}

static st_expr *call(binder *b, st_fn_code *code, st_type type, st_expr *one, st_expr *two)
{
    st_expr *x = one && (two || code) ? new_expr(b, ST_EXPR_CALL, type, two ? 2 : 1) : NULL;
    if (!x)
        return NULL;
    x->code = code;
    x->args[0] = one;
    if (two)
        x->args[1] = two;
    return x;
}

static st_expr *call_named(binder *b, const char *name, st_type type, st_expr *one, st_expr *two)
{
    const st_fn *f = st_callees_find(&b->r->shared->callees, st_str_of(name)).fn;
    return f && f->code ? call(b, f->code, type, one, two) : NULL;
}

static st_expr *negated(binder *b, st_expr *x)
{
    return call(b, st_call_not, ST_TYPE_BOOL, x, NULL);
}

/* n expressions joined in halves, so that many of them aren't high; x is used up. */
static st_expr *joined(binder *b, st_expr **x, size_t n, bool all)
{
    if (!n)
        return truth(b, all);
    while (n > 1) {
        size_t half = 0;
        for (size_t i = 0; i + 1 < n; i += 2) {
            st_expr *two = x[i + 1];
            if (!x[i] || !two)
                return NULL;
            x[half++] = call(b, all ? st_call_and : st_call_or, ST_TYPE_BOOL, x[i], two);
        }
        if (n % 2)
            x[half++] = x[n - 1];
        n = half;
    }
    return x[0];
}

/* fields */

static st_expr *column_at(binder *b, size_t i)
{
    st_expr *x = new_expr(b, ST_EXPR_COLUMN, b->columns[i].type, 0);
    if (x)
        x->col = i;
    return x;
}

/* The column that a getter fills: the one there is, or a new one. */
static st_expr *column(binder *b, const st_getter *g)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->columns[i].get == g->get && b->columns[i].arg == g->arg &&
            !strcmp(b->columns[i].name, g->name))
            return column_at(b, i);
    if (!st_grow(&b->columns, &b->cap, b->n + 1, sizeof *b->columns)) {
        b->failed = true;
        return NULL;
    }
    b->columns[b->n++] = *g;
    return column_at(b, b->n - 1);
}

static bool find_field(const binder *b, st_str name, st_getter *out)
{
    if (b->part->at == LOGS) {
        st_str own = st_arena_copy(&b->r->arena, name);
        st_recorded_log(own.p ? own.p : "", out);
        return own.p != NULL;
    }
    /* What the record says of the parent goes first; the tree knows it, too, of older records. */
    bool recorded =
        b->part->at == CREATIONS ? st_recorded_creation(name, out) : st_recorded_event(name, out);
    bool better = recorded && st_str_ieq(name, ST_STR("ParentUser"));
    return (recorded && !better) || st_tree_field(name, out) || recorded;
}

static void warn_of_field(const binder *b, st_str field, st_span where)
{
    if (b->d)
        st_diag_at(b->d, ST_SEV_WARNING, where, NULL,
                   "no event of this log source has the field %.*s: it counts as absent",
                   ST_FMT(field));
}

/* tests of a text */

static void free_pred(void *p)
{
    st_pred_free(p);
}

/* The predicate's question about a field; NULL: there is no predicate, or no memory. */
static st_expr *ask(binder *b, st_pred *p, st_mop op, bool fold, st_expr *field)
{
    st_expr *x = p && field ? new_expr(b, ST_EXPR_PRED, ST_TYPE_BOOL, 1) : NULL;
    if (!x)
        return NULL;
    x->pred = p;
    x->mop = op;
    x->fold = fold;
    x->field = true;
    x->args[0] = field;
    return x;
}

static st_pred *owned(binder *b, st_pred *p, const st_err *err, st_span where)
{
    if (!p) {
        if (err->code == ST_E_MEMORY)
            st_run_nomem(b->r);
        else if (b->d)
            st_diag_at(b->d, ST_SEV_ERROR, where, NULL, "%s", err->text);
        b->failed = true;
        return NULL;
    }
    if (st_run_own(b->r, p, free_pred))
        return p;
    b->failed = true;
    return NULL;
}

/* A pattern as one of the string operators, where one says it. */
static st_mop plain_op(st_str pattern, st_str *needle)
{
    bool front = pattern.n && pattern.p[0] == ST_GLOB_ANY;
    bool back = pattern.n > front && pattern.p[pattern.n - 1] == ST_GLOB_ANY;
    *needle = (st_str){ pattern.p + front, pattern.n - front - back };
    for (size_t i = 0; i < needle->n; i++)
        if (st_glob_is_mark(needle->p[i])) {
            *needle = pattern;
            return ST_M_GLOB;
        }
    if (front && !needle->n)
        back = true; /* "*": any text */
    return front && back ? ST_M_CONTAINS : front ? ST_M_ENDS : back ? ST_M_STARTS : ST_M_EQ;
}

typedef struct group {
    st_mop op;
    bool cased;
} group;

/* What a test asks of a text; op is ST_M_NUMBER where it asks none of a pattern. */
typedef struct asked {
    st_mop op;
    st_str needle;
    bool done;
} asked;

static asked *asked_of(binder *b, const st_sigma_item *item)
{
    asked *out = ST_NEWN(&b->r->arena, asked, item->n);
    for (size_t i = 0; out && i < item->n; i++)
        out[i].op = item->tests[i].kind == ST_SIGMA_TEXT
                        ? plain_op(item->tests[i].text, &out[i].needle)
                        : ST_M_NUMBER;
    return out;
}

/* The first test that isn't done, and all like it: their needles; 0: none is left. */
static size_t next_needles(const st_sigma_item *item, asked *list, group *g, st_str *out)
{
    size_t n = 0;
    for (size_t i = 0; i < item->n; i++) {
        bool same = !n || (list[i].op == g->op && item->tests[i].cased == g->cased);
        if (list[i].done || list[i].op == ST_M_NUMBER || !same)
            continue;
        *g = (group){ list[i].op, item->tests[i].cased };
        out[n++] = list[i].needle;
        list[i].done = true;
    }
    return n;
}

/* Of several values of a field each needle may fit another: then they are asked one by one. */
static st_expr *ask_needles(binder *b, const st_sigma_item *item, group g, const st_str *needles,
                            size_t n, st_expr *field)
{
    st_err err = { 0 };
    bool each = item->all && field->type == ST_TYPE_DYNAMIC;
    st_expr **x = ST_NEWN(&b->r->arena, st_expr *, n);
    size_t count = each ? n : 1;
    for (size_t i = 0; x && i < count; i++) {
        st_pred *p =
            st_pred_new(g.op, !g.cased, item->all && !each, needles + i, each ? 1 : n, &err);
        x[i] = ask(b, owned(b, p, &err, item->where), g.op, !g.cased, field);
        if (x[i])
            x[i]->all = item->all && !each && n > 1;
    }
    return x ? joined(b, x, count, true) : NULL;
}

/* tests of other kinds */

static st_expr *bind_regex(binder *b, const st_sigma_test *t, st_expr *field)
{
    st_err err = { 0 };
    size_t offset;
    st_regex *regex = st_regexes_get(b->r->shared->regexes, t->text, &offset, &err);
    st_pred *p = regex ? st_pred_regex(regex, false, &err) : NULL;
    return ask(b, owned(b, p, &err, t->where), ST_M_REGEX, false, field);
}

static st_expr *bind_network(binder *b, const st_sigma_test *t, st_expr *field)
{
    st_err err = { 0 };
    st_pred *p = st_pred_new(ST_M_NETWORK, false, false, &t->text, 1, &err);
    return ask(b, owned(b, p, &err, t->where), ST_M_NETWORK, false, field);
}

static st_expr *bind_number(binder *b, const st_sigma_test *t, st_expr *field)
{
    st_err err = { 0 };
    st_pred *p = st_pred_number(t->compare, t->number, t->text, &err);
    return ask(b, owned(b, p, &err, t->where), ST_M_NUMBER, true, field);
}

static st_expr *is_there(binder *b, st_expr *field, bool there)
{
    return call_named(b, there ? "isnotnull" : "isnull", ST_TYPE_BOOL, field, NULL);
}

/* Two fields: both are there, and one is where it should be in the other. Of a field with several
 * values any will do. */
static st_expr *bind_fieldref(binder *b, const st_sigma_test *t, st_expr *field)
{
    static const st_mop ops[] = { [ST_SIGMA_WHOLE] = ST_M_EQ,
                                  [ST_SIGMA_START] = ST_M_STARTS,
                                  [ST_SIGMA_END] = ST_M_ENDS,
                                  [ST_SIGMA_ANYWHERE] = ST_M_CONTAINS };
    st_getter g;
    if (!find_field(b, t->text, &g)) {
        warn_of_field(b, t->text, t->where);
        return truth(b, false);
    }
    st_expr *other = column(b, &g);
    st_expr *x = call(b, st_call_strop_any, ST_TYPE_BOOL, field, other);
    if (!x)
        return NULL;
    x->mop = ops[t->place];
    x->fold = !t->cased;
    st_expr *all[] = { is_there(b, field, true), is_there(b, other, true), x };
    return joined(b, all, 3, true);
}

/* A part of a time; null, and so false, where the field is none. */
static st_expr *bind_part(binder *b, const st_sigma_test *t, st_expr *field)
{
    static const char *const names[] = {
        [ST_SIGMA_MINUTE] = "minute",     [ST_SIGMA_HOUR] = "hour",   [ST_SIGMA_DAY] = "day",
        [ST_SIGMA_WEEK] = "week_of_year", [ST_SIGMA_MONTH] = "month", [ST_SIGMA_YEAR] = "year"
    };
    st_expr *time = call_named(b, "todatetime", ST_TYPE_DATETIME, field, NULL);
    st_expr *value = call_named(b, "datetime_part", ST_TYPE_LONG,
                                text_constant(b, st_str_of(names[t->part])), time);
    st_expr *number = new_expr(b, ST_EXPR_CONST, ST_TYPE_REAL, 0);
    if (!value || !number)
        return NULL;
    number->value = st_val_real(t->number);
    st_expr *both[] = { is_there(b, value, true),
                        call(b, st_compare(t->compare, ST_TYPE_LONG, ST_TYPE_REAL), ST_TYPE_BOOL,
                             value, number) };
    return joined(b, both, 2, true);
}

static st_expr *bind_test(binder *b, const st_sigma_test *t, st_expr *field)
{
    switch (t->kind) {
    case ST_SIGMA_REGEX: return bind_regex(b, t, field);
    case ST_SIGMA_CIDR: return bind_network(b, t, field);
    case ST_SIGMA_NUMBER: return bind_number(b, t, field);
    case ST_SIGMA_EXISTS: return is_there(b, field, t->truth);
    case ST_SIGMA_NULL: return is_there(b, field, false);
    case ST_SIGMA_FIELD: return bind_fieldref(b, t, field);
    case ST_SIGMA_PART: return bind_part(b, t, field);
    case ST_SIGMA_TEXT: break;
    }
    return NULL;
}

/* items */

/* The tests from i on that come from one value, as an item of their own: any of them. */
static st_sigma_item value_at(const st_sigma_item *item, size_t i)
{
    st_sigma_item one = *item;
    one.tests += i;
    one.n = 1;
    while (i + one.n < item->n && item->tests[i + one.n].value == item->tests[i].value)
        one.n++;
    one.all = false;
    return one;
}

/* Every value must hold, and one of them is several tests. */
static bool by_value(const st_sigma_item *item)
{
    bool several = false;
    for (size_t i = 0; i + 1 < item->n; i++)
        several = several || item->tests[i].value == item->tests[i + 1].value;
    return item->all && several;
}

/* Tests of a field that is there, as parts of one expression: those of one operator together. */
static size_t bind_tests(binder *b, const st_sigma_item *item, st_expr *field, st_expr **x)
{
    asked *list = asked_of(b, item);
    st_str *needles = ST_NEWN(&b->r->arena, st_str, item->n);
    group g = { 0 };
    size_t n = 0, count;
    if (!list || !needles) {
        b->failed = true;
        return 0;
    }
    while ((count = next_needles(item, list, &g, needles)) > 0)
        x[n++] = ask_needles(b, item, g, needles, count, field);
    for (size_t i = 0; i < item->n; i++)
        if (!list[i].done)
            x[n++] = bind_test(b, &item->tests[i], field);
    return n;
}

/* All of an item's tests, joined as it says. */
static st_expr *bind_field(binder *b, const st_sigma_item *item, st_expr *field)
{
    st_expr **parts = ST_NEWN(&b->r->arena, st_expr *, item->n);
    size_t n = 0;
    if (!parts || !field)
        return NULL;
    if (!by_value(item)) {
        n = bind_tests(b, item, field, parts);
        return joined(b, parts, n, item->all);
    }
    for (size_t i = 0; i < item->n; n++) {
        st_sigma_item one = value_at(item, i);
        st_expr **any = ST_NEWN(&b->r->arena, st_expr *, one.n);
        parts[n] = any ? joined(b, any, bind_tests(b, &one, field, any), false) : NULL;
        i += one.n;
    }
    return joined(b, parts, n, true);
}

/* Of a field that no event here has. */
static st_expr *bind_absent(binder *b, const st_sigma_item *item)
{
    bool any = false, all = true;
    for (size_t i = 0; i < item->n; i++) {
        const st_sigma_test *t = &item->tests[i];
        bool holds = t->kind == ST_SIGMA_NULL || (t->kind == ST_SIGMA_EXISTS && !t->truth);
        any = any || holds;
        all = all && holds;
    }
    warn_of_field(b, item->field, item->where);
    return truth(b, item->all ? all : any);
}

/* Can one of the tests hold in that column? */
static bool may_hold(binder *b, const st_sigma_item *one, st_getter *g)
{
    st_getter found = *g;
    bool any = false;
    st_buf folded = { 0 };
    for (size_t i = 0; i < one->n && !any; i++) {
        st_buf_clear(&folded);
        st_fold_put(&folded, one->tests[i].text);
        found = *g;
        any = one->tests[i].kind != ST_SIGMA_TEXT ||
              st_recorded_may_hold(&found, st_buf_slice(&folded));
    }
    b->failed = b->failed || folded.failed;
    st_buf_free(&folded);
    if (one->n == 1)
        *g = found;
    return any;
}

/* One value in any of the fields. */
static st_expr *bind_keyword(binder *b, const st_sigma_item *one)
{
    enum { MOST = 80 };
    st_expr *x[MOST];
    size_t n = 0;
    st_getter g;
    bool more = true;
    for (size_t k = 0; more && n < MOST; k++) {
        more = b->part->at == LOGS        ? st_recorded_log_any(k, &g)
               : b->part->at == CREATIONS ? st_recorded_creation_any(k, &g)
                                          : st_recorded_event_any(k, &g);
        if (more && may_hold(b, one, &g))
            x[n++] = bind_field(b, one, column(b, &g));
    }
    return joined(b, x, n, false);
}

static st_expr *bind_keywords(binder *b, const st_sigma_item *item)
{
    st_expr **x = ST_NEWN(&b->r->arena, st_expr *, item->n);
    size_t n = 0;
    for (size_t i = 0; x && i < item->n; n++) {
        st_sigma_item one = value_at(item, i);
        x[n] = bind_keyword(b, &one);
        i += one.n;
    }
    return x ? joined(b, x, n, item->all) : NULL;
}

static st_expr *bind_item(binder *b, const st_sigma_item *item)
{
    st_getter g;
    st_expr *x;
    if (!item->field.n)
        x = bind_keywords(b, item);
    else if (!find_field(b, item->field, &g))
        x = bind_absent(b, item);
    else
        x = bind_field(b, item, column(b, &g));
    return x && item->neq ? negated(b, x) : x;
}

/* conditions */

/* NOLINTBEGIN(misc-no-recursion): conditions are no higher than ST_MAX_SIGMA_DEPTH lets them be */

static st_expr *bind_cond(binder *b, const st_sigma_cond *c)
{
    if (c->join == ST_SIGMA_ITEM) {
        st_expr **known = &b->items[c->item->place];
        if (!*known)
            *known = bind_item(b, c->item);
        return *known;
    }
    if (c->join == ST_SIGMA_NOT)
        return negated(b, bind_cond(b, c->parts[0]));
    st_expr **x = ST_NEWN(&b->r->arena, st_expr *, c->n);
    for (size_t i = 0; x && i < c->n; i++)
        x[i] = bind_cond(b, c->parts[i]);
    return x ? joined(b, x, c->n, c->join == ST_SIGMA_AND) : NULL;
}

/* NOLINTEND(misc-no-recursion) */

/* Sysmon's two providers share the forest; where a rule means one of them, its rows say which. */
static st_expr *of_provider(binder *b, st_expr *x)
{
    st_getter g;
    st_err err = { 0 };
    st_str linux_ = ST_STR("Linux-");
    if (!x || b->part->at != CREATIONS || b->part->windows == b->part->linux_ ||
        !st_recorded_creation(ST_STR("Channel"), &g))
        return x;
    st_pred *p =
        owned(b, st_pred_new(ST_M_STARTS, true, false, &linux_, 1, &err), &err, b->rule->where);
    st_expr *is = ask(b, p, ST_M_STARTS, true, column(b, &g));
    st_expr *both[] = { x, b->part->windows && is ? negated(b, is) : is };
    return joined(b, both, 2, true);
}

/* A text of a record that is kept whole is one of these. */
static st_expr *is_one_of(binder *b, const char *field, const st_str *texts, size_t n)
{
    st_getter g;
    st_err err = { 0 };
    st_recorded_log(field, &g);
    st_pred *p = st_pred_new(ST_M_EQ, true, false, texts, n, &err);
    return ask(b, owned(b, p, &err, b->rule->where), ST_M_EQ, true, column(b, &g));
}

static size_t channels_of(const part *p, st_str out[IDS])
{
    st_str rest = st_str_of(p->channels), one;
    size_t n = 0;
    while (n < IDS && st_str_cut(&rest, '|', &one))
        out[n++] = one;
    return n;
}

/* Records of the part's channels, and of its events where it names some. */
static st_expr *of_channels(binder *b, st_expr *x)
{
    const part *p = b->part;
    st_str channels[IDS], ids[IDS];
    st_buf text = { 0 };
    if (!x || p->at != LOGS)
        return x;
    st_expr *all[3] = { is_one_of(b, "Channel", channels, channels_of(p, channels)), x };
    for (size_t i = 0; i < p->nids; i++) {
        st_buf_clear(&text);
        st_buf_u64(&text, p->ids[i]);
        ids[i] = st_arena_copy(&b->r->arena, st_buf_slice(&text));
    }
    st_buf_free(&text);
    if (p->nids)
        all[2] = is_one_of(b, "EventID", ids, p->nids);
    return joined(b, all, p->nids ? 3 : 2, true);
}

/* plans */

/* What must be read whole for the part. */
static bool wanted_logs(binder *b, st_table_def *t)
{
    st_str channels[IDS];
    size_t n = channels_of(b->part, channels);
    st_log_wanted *w = ST_NEWN(&b->r->arena, st_log_wanted, n);
    uint32_t *ids = ST_NEWN(&b->r->arena, uint32_t, IDS);
    if (!w || !ids)
        return false;
    memcpy(ids, b->part->ids, sizeof b->part->ids);
    for (size_t i = 0; i < n; i++)
        w[i] = (st_log_wanted){ channels[i], b->part->nids ? ids : NULL, b->part->nids };
    t->logs = w;
    t->nlogs = n;
    return true;
}

static st_op *plan(binder *b, st_expr *x)
{
    st_table_def *t = ST_NEW(&b->r->arena, st_table_def);
    st_getter *columns = ST_NEWN(&b->r->arena, st_getter, b->n);
    st_event_set *kinds = ST_NEW(&b->r->arena, st_event_set);
    if (!t || !columns || !kinds)
        return NULL;
    if (b->n)
        memcpy(columns, b->columns, b->n * sizeof *columns);
    *kinds = b->part->kinds;
    if (b->part->at == LOGS)
        st_event_set_add(kinds, (st_event_key){ ST_LOGS, 0 });
    *t = (st_table_def){ .name = "",
                         .columns = columns,
                         .n = b->n,
                         .rows = b->part->at == CREATIONS ? ST_OF_PROCESSES : ST_OF_EVENTS,
                         .kinds = kinds };
    if (b->part->at == LOGS && !wanted_logs(b, t))
        return NULL;
    st_op *scan = st_op_scan(b->r, t);
    return scan ? st_op_where(b->r, scan, x) : NULL;
}

/* A condition with items of its own. */
static st_expr *bind_whole(binder *b, const st_sigma_cond *c, size_t nitems)
{
    b->items = ST_NEWN(&b->r->arena, st_expr *, nitems);
    return b->items ? bind_cond(b, c) : NULL;
}

/* The rule's condition, and those of the filters that narrow it. A filter's fields were looked at
 * when it was read: it stands in another file. */
static st_expr *bind_all(binder *b)
{
    const st_sigma_rule *rule = b->rule;
    st_expr **x = ST_NEWN(&b->r->arena, st_expr *, rule->nfilters + 1);
    if (!x)
        return NULL;
    x[0] = bind_whole(b, rule->cond, rule->nitems);
    b->d = NULL;
    for (size_t i = 0; i < rule->nfilters; i++)
        x[i + 1] = bind_whole(b, rule->filters[i]->cond, rule->filters[i]->nitems);
    return joined(b, x, rule->nfilters + 1, true);
}

static st_op *bind_part_of(st_run *r, const st_sigma_rule *rule, const part *p, st_diag_sink *d)
{
    binder b = { .r = r, .rule = rule, .part = p, .d = d };
    st_expr *x = of_channels(&b, of_provider(&b, bind_all(&b)));
    st_op *op = x && !b.failed ? plan(&b, x) : NULL;
    free(b.columns);
    return op;
}

/* what a rule's sources are here */

/* Sysmon's own events without columns of their own are kept whole. */
static void add_sysmon_id(uint32_t id, part *creations, part *events, part *logs, bool linux_)
{
    size_t kind = st_event_kind_of((st_event_key){ ST_SYSMON, (uint16_t)id });
    if (id == 1) {
        creations->linux_ |= linux_;
        creations->windows |= !linux_;
    } else if (kind < st_event_kinds()) {
        st_event_set_add(&events->kinds, ST_SYSMON_EVENT((uint16_t)id));
    } else if (logs->nids < IDS) {
        logs->ids[logs->nids++] = id;
    }
}

static void add_sysmon(const st_sigma_source *s, part *creations, part *events, part *logs)
{
    static const uint32_t whole[] = { 4, 5, 16, 255 };
    bool linux_ = strcmp(s->product, "linux") == 0;
    for (size_t k = 0; s->ids[k]; k++)
        add_sysmon_id(s->ids[k], creations, events, logs, linux_);
    if (s->ids[0])
        return;
    add_sysmon_id(1, creations, events, logs, linux_);
    for (uint32_t id = 2; id < 255; id++)
        if (st_event_kind_of((st_event_key){ ST_SYSMON, (uint16_t)id }) < st_event_kinds())
            add_sysmon_id(id, creations, events, logs, linux_);
    for (size_t k = 0; k < sizeof whole / sizeof *whole; k++)
        add_sysmon_id(whole[k], creations, events, logs, linux_);
}

static size_t parts_of(const st_sigma_rule *rule, part out[PARTS])
{
    part creations = { .at = CREATIONS }, events = { .at = EVENTS };
    part whole = { .at = LOGS,
                   .channels = "Microsoft-Windows-Sysmon/Operational|Linux-Sysmon/Operational" };
    size_t n = 0;
    for (size_t i = 0; i < rule->source.n; i++) {
        const st_sigma_source *s = rule->source.of[i];
        if (s->provider) {
            add_sysmon(s, &creations, &events, &whole);
            continue;
        }
        out[n] = (part){ .at = LOGS, .channels = s->channels };
        for (size_t k = 0; s->ids[k]; k++)
            out[n].ids[out[n].nids++] = s->ids[k];
        n++;
    }
    if (creations.windows || creations.linux_)
        out[n++] = creations;
    if (!st_event_set_empty(&events.kinds))
        out[n++] = events;
    if (whole.nids)
        out[n++] = whole;
    return n;
}

void st_sigma_bind(st_run *r, const st_sigma_rule *rule, st_diag_sink *d, st_bound *out)
{
    part parts[PARTS];
    size_t n = parts_of(rule, parts);
    st_op **next = &out->root;
    *out = (st_bound){ .status = n ? ST_RULE_BROKEN : ST_RULE_NOT_APPLICABLE,
                       .why = rule->source.why };
    for (size_t i = 0; i < n; i++) {
        *next = bind_part_of(r, rule, &parts[i], d);
        if (!*next)
            return;
        next = &(*next)->also;
    }
    if (n)
        out->status = ST_RULE_READY;
}
