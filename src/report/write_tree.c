/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_tree.c - forests as lines, as JSONL, as CSV. Depth-first with nothing
 * but the node in hand and one bit a level: does that ancestor have a later
 * sibling that is shown.
 */
#include "internal.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

static bool drawn(const st_drawn *d, st_node n)
{
    if (d->stamps)
        return d->stamps[n] == d->stamp;
    return !d->flags || d->flags[n];
}

/* n, or the first sibling behind it that is shown. */
st_node st_drawn_from(const st_forest *f, const st_drawn *d, st_node n)
{
    while (n != ST_NO_NODE && !drawn(d, n))
        n = f->procs[n].next_sibling;
    return n;
}

/* The next shown node below top, depth-first; *level follows. */
st_node st_drawn_next(const st_forest *f, const st_drawn *d, st_node top, st_node n, size_t *level)
{
    st_node down = st_drawn_from(f, d, f->procs[n].first_child);
    if (down != ST_NO_NODE) {
        ++*level;
        return down;
    }
    while (n != top && n != ST_NO_NODE) {
        st_node next = st_drawn_from(f, d, f->procs[n].next_sibling);
        if (next != ST_NO_NODE)
            return next;
        n = f->procs[n].parent;
        --*level;
    }
    return ST_NO_NODE;
}

/* text */

typedef struct pieces {
    const char *tee, *corner, *bar, *blank, *weak_tee, *weak_corner, *dots;
} pieces;

static const pieces box = { "\xe2\x94\x9c\xe2\x94\x80\xe2\x94\x80 ",
                            "\xe2\x94\x94\xe2\x94\x80\xe2\x94\x80 ",
                            "\xe2\x94\x82   ",
                            "    ",
                            "\xe2\x94\x9c\xe2\x94\x84\xe2\x94\x84 ",
                            "\xe2\x94\x94\xe2\x94\x84\xe2\x94\x84 ",
                            "\xe2\x80\xa6" };
static const pieces plain = { "|-- ", "`-- ", "|   ", "    ", "+.. ", "`.. ", "..." };

typedef struct pen {
    const st_drawing *d;
    const pieces *set;
    bool later[ST_MAX_TREE_DRAWN + 1]; /* by level: a later sibling is shown */
    st_buf line, text;
} pen;

void st_color_level(st_buf *b, const st_look *look, st_level level)
{
    static const char *const codes[] = { "36", "34", "33", "31", "1;31" };
    if (look->color)
        st_buf_fmt(b, "\033[%sm", codes[level]);
}

void st_color_end(st_buf *b, const st_look *look)
{
    if (look->color)
        st_buf_str(b, ST_STR("\033[0m"));
}

static void put_str(st_buf *b, const char *s)
{
    st_buf_put(b, s, strlen(s));
}

/* The lines in front of level `level`: bars for the levels above; the elbow if asked. */
static void put_prefix(pen *x, size_t level, bool elbow, bool weak)
{
    st_buf_str(&x->line, x->d->indent);
    enum { NAME = 24 }; /* columns that a name needs to be read */
    size_t width = x->d->look->width, indent = x->d->indent.n + 4 * level;
    if (level > ST_MAX_TREE_DRAWN || (width && level && indent + NAME > width)) {
        st_buf_fmt(&x->line, "%s depth %zu  ", x->set->dots, level);
        return;
    }
    for (size_t i = 1; i < level; i++)
        put_str(&x->line, x->later[i] ? x->set->bar : x->set->blank);
    if (!level)
        return;
    bool more = x->later[level];
    if (!elbow)
        put_str(&x->line, more ? x->set->bar : x->set->blank);
    else if (weak)
        put_str(&x->line, more ? x->set->weak_tee : x->set->weak_corner);
    else
        put_str(&x->line, more ? x->set->tee : x->set->corner);
}

static void put_name(pen *x, const st_proc *p)
{
    st_str name = st_str_basename(st_pool_get(x->d->f->pool, p->image));
    st_scrub(&x->text, name.n ? name : ST_STR("?"), x->d->look->ascii);
    if (p->pid != ST_NO_U32)
        st_buf_fmt(&x->text, "(%u)", p->pid);
}

static void put_when(pen *x, const st_proc *p)
{
    if (!p->start)
        return;
    st_buf_str(&x->text, ST_STR("  "));
    size_t from = x->text.n;
    st_buf_time_sysmon(&x->text, p->start);
    st_ticks day = ST_TICKS_SECOND * 86400;
    if (x->d->day && p->start / day == x->d->day / day && x->text.n > from + 11) {
        memmove(x->text.p + from, x->text.p + from + 11, x->text.n - from - 11);
        x->text.n -= 11;
    }
}

/* The user, where it isn't the parent's. */
static void put_user(pen *x, const st_proc *p)
{
    const st_forest *f = x->d->f;
    st_str user = st_dashless(st_pool_get(f->pool, p->user));
    if (!user.n || (p->parent != ST_NO_NODE && f->procs[p->parent].user == p->user))
        return;
    st_buf_str(&x->text, ST_STR("  "));
    st_scrub(&x->text, user, x->d->look->ascii);
}

static void put_brackets(pen *x, const st_proc *p)
{
    if (!(p->flags & ST_P_OBSERVED))
        st_buf_str(&x->text, p->flags & ST_P_FROM_EVENT
                                 ? ST_STR("  [not logged: known from another event]")
                                 : ST_STR("  [not logged: known from a child]"));
    if (p->link == ST_LINK_INFERRED)
        st_buf_str(&x->text, ST_STR("  [inferred parent]"));
    if (p->origin != ST_O_LIVE)
        st_buf_fmt(&x->text, "  [%s]", st_origin_word(p->origin));
    if (p->flags & ST_P_CYCLE)
        st_buf_str(&x->text, ST_STR("  [cycle cut]"));
}

/* The gravest of a node's findings, the first of several; *n: how many there are. */
static size_t gravest(const st_case *c, size_t first, size_t *n)
{
    size_t best = first, at = first;
    for (; at < c->nfindings && c->findings[at].node == c->findings[first].node; at++)
        if (c->findings[at].level > c->findings[best].level)
            best = at;
    *n = at - first;
    return best;
}

static void put_finding(pen *x, size_t i)
{
    const st_case *c = x->d->c;
    st_buf_fmt(&x->text, "  [%s] ", st_level_word(c->findings[i].level));
    st_scrub(&x->text, st_rules_at(c->rules, c->findings[i].rule)->title, x->d->look->ascii);
}

/* "  [high] title" of each finding of the node; where things are folded, of the gravest. */
static bool put_findings(pen *x, st_node n, st_level *level)
{
    const st_case *c = x->d->c;
    if (!c || !x->d->first || x->d->first[n] == UINT32_MAX)
        return false;
    size_t first = x->d->first[n], count, worst = gravest(c, first, &count);
    *level = c->findings[worst].level;
    if (!x->d->fold) {
        for (size_t i = first; i < first + count; i++)
            put_finding(x, i);
        return true;
    }
    put_finding(x, worst);
    if (count > 1)
        st_buf_fmt(&x->text, " +%zu rule%s", count - 1, count > 2 ? "s" : "");
    return true;
}

/* What is in text, behind the prefix in line, as one line that fits. */
static void end_line(pen *x, st_out *o, bool hit, st_level level)
{
    size_t width = x->d->look->width, used = st_text_width(st_buf_slice(&x->line));
    if (hit)
        st_color_level(&x->line, x->d->look, level);
    st_fit(&x->line, st_buf_slice(&x->text),
           !width             ? 0
           : used + 8 < width ? width - used
                              : 8,
           x->d->look->ascii);
    if (hit)
        st_color_end(&x->line, x->d->look);
    st_buf_char(&x->line, '\n');
    st_clip(&x->line, 0, x->d->look);
    o->buf.failed |= x->line.failed || x->text.failed;
    st_out_str(o, st_buf_slice(&x->line));
    st_buf_clear(&x->line);
    st_buf_clear(&x->text);
}

/* "  x 7, until 06:15:55.120" */
static void put_repeats(pen *x, st_node n)
{
    const st_folding *fold = x->d->fold;
    if (!fold || !fold->more[n])
        return;
    st_buf_fmt(&x->text, "  %s %u, until", x->d->look->ascii ? "x" : "\xc3\x97", fold->more[n] + 1);
    size_t from = x->text.n;
    put_when(x, &x->d->f->procs[fold->until[n]]);
    if (x->text.n > from) /* one blank is enough */
        memmove(x->text.p + from, x->text.p + from + 1, --x->text.n - from);
}

/* In place of what lies between the ends of a chain. */
static void draw_gap(pen *x, st_out *o, size_t level, uint32_t count)
{
    put_prefix(x, level, true, false);
    st_buf_fmt(&x->text, "%s %u more", x->set->dots, count);
    end_line(x, o, false, ST_LEVEL_INFORMATIONAL);
}

static void draw_node(pen *x, st_out *o, st_node n, size_t level)
{
    const st_proc *p = &x->d->f->procs[n];
    st_level grave = ST_LEVEL_INFORMATIONAL;
    put_prefix(x, level, true, p->link == ST_LINK_INFERRED);
    put_name(x, p);
    put_when(x, p);
    put_repeats(x, n);
    put_brackets(x, p);
    bool hit = put_findings(x, n, &grave);
    put_user(x, p);
    end_line(x, o, hit, grave);
    st_str cmd = st_pool_get(x->d->f->pool, p->command_line);
    if (!hit || !st_dashless(cmd).n)
        return;
    bool below = st_drawn_from(x->d->f, &x->d->drawn, p->first_child) != ST_NO_NODE;
    put_prefix(x, level, false, false);
    put_str(&x->line, below ? x->set->bar : x->set->blank);
    st_scrub(&x->text, cmd, x->d->look->ascii);
    end_line(x, o, false, grave);
}

void st_draw(st_out *o, const st_drawing *d, st_node top)
{
    pen x = { .d = d, .set = d->look->ascii ? &plain : &box };
    size_t level = 0;
    for (st_node n = top; n != ST_NO_NODE && !o->error;
         n = st_drawn_next(d->f, &d->drawn, top, n, &level)) {
        size_t shown = d->fold ? d->fold->depth[n] : level;
        uint32_t folded = d->fold && d->fold->more[n] & ST_FOLDED ? d->fold->more[n] : 0;
        if (folded == ST_FOLDED)
            continue;
        if (shown && shown <= ST_MAX_TREE_DRAWN)
            x.later[shown] =
                st_drawn_from(d->f, &d->drawn, d->f->procs[n].next_sibling) != ST_NO_NODE;
        if (folded)
            draw_gap(&x, o, shown, folded & ~ST_FOLDED);
        else
            draw_node(&x, o, n, shown);
    }
    st_buf_free(&x.line);
    st_buf_free(&x.text);
}

uint32_t *st_findings_by_node(const st_case *c)
{
    size_t n = c->forest->n ? c->forest->n : 1;
    uint32_t *first = malloc(n * sizeof *first);
    if (!first)
        return NULL;
    memset(first, 0xff, n * sizeof *first);
    for (size_t i = c->nfindings; i-- > 0;)
        if (c->findings[i].node != ST_NO_NODE)
            first[c->findings[i].node] = (uint32_t)i;
    return first;
}

static size_t findings_of_host(const st_case *c, uint32_t host)
{
    size_t n = 0;
    for (size_t i = 0; c && i < c->nincidents; i++)
        if (c->incidents[i].host == host)
            n += c->incidents[i].findings;
    return n;
}

static void host_line(st_out *o, const st_forest *f, uint32_t host, const st_case *c,
                      const st_look *look)
{
    const st_host *h = &f->hosts[host];
    size_t from = o->buf.n;
    st_str name = st_pool_get(f->pool, h->shown);
    st_scrub(&o->buf, name.n ? name : ST_STR("(no computer name)"), look->ascii);
    if (h->first) {
        st_buf day = { 0 };
        st_buf_time_sysmon(&day, h->first);
        st_buf_str(&o->buf, ST_STR("  "));
        st_buf_put(&o->buf, day.p, day.n < 10 ? day.n : 10);
        o->buf.failed |= day.failed;
        st_buf_free(&day);
    }
    st_buf_fmt(&o->buf, "  %llu process%s", (unsigned long long)h->creations,
               h->creations == 1 ? "" : "es");
    size_t n = findings_of_host(c, host);
    if (c)
        st_buf_fmt(&o->buf, "  %zu finding%s", n, n == 1 ? "" : "s");
    st_buf_char(&o->buf, '\n');
    st_clip(&o->buf, from, look);
    st_out_tick(o);
}

void st_write_tree_text(st_out *o, const st_forest *f, const bool *shown, const st_case *c,
                        const st_look *look)
{
    uint32_t *first = c ? st_findings_by_node(c) : NULL;
    if (c && !first) {
        o->buf.failed = true;
        st_out_tick(o);
        return;
    }
    bool any = false;
    for (uint32_t h = 0; h < f->nhosts && !o->error; h++) {
        st_drawing d = { .f = f,
                         .drawn = { .flags = shown },
                         .c = c,
                         .first = first,
                         .look = look,
                         .indent = ST_STR(""),
                         .day = f->hosts[h].first };
        st_node root = st_drawn_from(f, &d.drawn, f->hosts[h].first_node);
        if (root == ST_NO_NODE)
            continue;
        if (any)
            st_out_put(o, "\n", 1);
        any = true;
        host_line(o, f, h, c, look);
        for (; root != ST_NO_NODE && !o->error;
             root = st_drawn_from(f, &d.drawn, f->procs[root].next_sibling))
            st_draw(o, &d, root);
    }
    free(first);
}

/* one object or line a process */

/* Texts that are there already, or made in b. */

static st_str t_computer(const st_node_view *v, st_buf *b)
{
    (void)b;
    return v->p->host < v->f->nhosts ? st_pool_get(v->f->pool, v->f->hosts[v->p->host].shown)
                                     : (st_str){ 0 };
}
static st_str guid_text(const st_guid *g, st_buf *b)
{
    if (!st_guid_zero(g))
        st_buf_guid(b, g);
    return st_buf_slice(b);
}
static st_str t_guid(const st_node_view *v, st_buf *b)
{
    return guid_text(st_node_guid(v->f, v->n), b);
}
static st_str t_parent(const st_node_view *v, st_buf *b)
{
    return guid_text(st_node_parent_guid(v->f, v->n), b);
}
static st_str t_link(const st_node_view *v, st_buf *b)
{
    (void)b;
    return st_str_of(st_link_word((st_link)v->p->link));
}
static st_str t_chain_link(const st_node_view *v, st_buf *b)
{
    (void)b;
    return st_str_of(st_link_word((st_link)v->p->chain_link));
}
static st_str t_origin(const st_node_view *v, st_buf *b)
{
    (void)b;
    return st_str_of(st_origin_word(v->p->origin));
}
static st_str t_image(const st_node_view *v, st_buf *b)
{
    (void)b;
    return st_dashless(st_pool_get(v->f->pool, v->p->image));
}
static st_str t_command_line(const st_node_view *v, st_buf *b)
{
    (void)b;
    return st_dashless(st_pool_get(v->f->pool, v->p->command_line));
}
static st_str t_user(const st_node_view *v, st_buf *b)
{
    (void)b;
    return st_dashless(st_pool_get(v->f->pool, v->p->user));
}
static st_str t_utc(const st_node_view *v, st_buf *b)
{
    st_ticks t;
    st_sid text = v->observed ? v->k->utc_text[v->r] : ST_ABSENT;
    if (text != ST_ABSENT && st_time_sysmon(st_pool_get(v->f->pool, text), &t))
        return st_pool_get(v->f->pool, text);
    st_buf_time_sysmon(b, v->observed ? v->k->utc[v->r] : v->p->start);
    return st_buf_slice(b);
}
static st_str t_source(const st_node_view *v, st_buf *b)
{
    (void)b;
    return v->observed ? st_source_name(v->f->evidence, v->k->source[v->r]) : (st_str){ 0 };
}

/* Numbers; false: there is none. */

static bool n_observed(const st_node_view *v, uint64_t *out)
{
    *out = v->observed;
    return true;
}
static bool n_depth(const st_node_view *v, uint64_t *out)
{
    *out = v->p->depth;
    return true;
}
static bool n_children(const st_node_view *v, uint64_t *out)
{
    *out = v->p->children;
    return true;
}
static bool n_descendants(const st_node_view *v, uint64_t *out)
{
    *out = v->p->descendants;
    return true;
}
static bool n_pid(const st_node_view *v, uint64_t *out)
{
    *out = v->p->pid;
    return v->p->pid != ST_NO_U32;
}
static bool n_record_id(const st_node_view *v, uint64_t *out)
{
    *out = v->observed ? v->k->event_record_id[v->r] : 0;
    return v->observed;
}

/* Each has one of both. */
static const struct {
    const char *name;
    st_column_kind kind;
    st_str (*text)(const st_node_view *v, st_buf *b);
    bool (*number)(const st_node_view *v, uint64_t *out);
} tree_columns[] = {
    { "Computer", ST_COL_TEXT, t_computer, NULL },
    { "ProcessGuid", ST_COL_TEXT, t_guid, NULL },
    { "ParentProcessGuid", ST_COL_TEXT, t_parent, NULL },
    { "ParentLink", ST_COL_TEXT, t_link, NULL },
    { "ChainLink", ST_COL_TEXT, t_chain_link, NULL },
    { "Origin", ST_COL_TEXT, t_origin, NULL },
    { "Observed", ST_COL_BOOL, NULL, n_observed },
    { "Depth", ST_COL_NUMBER, NULL, n_depth },
    { "Children", ST_COL_NUMBER, NULL, n_children },
    { "Descendants", ST_COL_NUMBER, NULL, n_descendants },
    { "ProcessId", ST_COL_NUMBER, NULL, n_pid },
    { "Image", ST_COL_TEXT, t_image, NULL },
    { "CommandLine", ST_COL_TEXT, t_command_line, NULL },
    { "User", ST_COL_TEXT, t_user, NULL },
    { "UtcTime", ST_COL_TIME, t_utc, NULL },
    { "EventRecordID", ST_COL_NUMBER, NULL, n_record_id },
    { "Source", ST_COL_TEXT, t_source, NULL },
};
#define TREE_COLUMNS (sizeof tree_columns / sizeof tree_columns[0])

const size_t st_ntree_columns = TREE_COLUMNS;

const char *st_tree_column_name(size_t i)
{
    return tree_columns[i].name;
}

st_column_kind st_tree_column_kind(size_t i)
{
    return tree_columns[i].kind;
}

st_node_view st_node_view_of(const st_forest *f, st_node n)
{
    st_node_view v = {
        .f = f, .k = &f->store->creations, .p = &f->procs[n], .n = n, .r = f->procs[n].row
    };
    v.observed = (v.p->flags & ST_P_OBSERVED) && v.r < v.k->n;
    return v;
}

const st_guid *st_node_guid(const st_forest *f, st_node n)
{
    return &f->procs[n].guid;
}

const st_guid *st_node_parent_guid(const st_forest *f, st_node n)
{
    static const st_guid none;
    st_node parent = f->procs[n].parent;
    return parent == ST_NO_NODE ? &none : &f->procs[parent].guid;
}

bool st_tree_number(const st_node_view *v, size_t i, uint64_t *out)
{
    return tree_columns[i].number && tree_columns[i].number(v, out);
}

st_str st_tree_text(const st_node_view *v, size_t i, st_buf *b)
{
    uint64_t u;
    st_buf_clear(b);
    if (tree_columns[i].text)
        return tree_columns[i].text(v, b);
    if (!st_tree_number(v, i, &u))
        return (st_str){ 0 };
    if (tree_columns[i].kind == ST_COL_BOOL)
        return u ? ST_STR("true") : ST_STR("false");
    st_buf_u64(b, u);
    return st_buf_slice(b);
}

/* Text keys are always there: an empty ParentProcessGuid says "a root". */
void st_write_tree_jsonl(st_out *o, const st_forest *f, const bool *shown)
{
    st_buf cell = { 0 };
    for (size_t n = 0; n < f->n && !o->error; n++) {
        if (shown && !shown[n])
            continue;
        st_node_view v = st_node_view_of(f, (st_node)n);
        bool more = false;
        st_buf_char(&o->buf, '{');
        for (size_t i = 0; i < TREE_COLUMNS; i++) {
            st_str text = st_tree_text(&v, i, &cell);
            o->buf.failed |= cell.failed;
            st_column_kind kind = tree_columns[i].kind;
            if (kind == ST_COL_NUMBER && !text.n)
                continue;
            st_json_key(&o->buf, &more, tree_columns[i].name);
            if (kind == ST_COL_NUMBER)
                st_json_digits(&o->buf, text);
            else if (kind == ST_COL_BOOL)
                st_buf_str(&o->buf, text);
            else
                st_json_str(&o->buf, text);
        }
        st_buf_put(&o->buf, "}\n", 2);
        st_out_tick(o);
    }
    st_buf_free(&cell);
}

void st_write_tree_csv(st_out *o, const st_forest *f, const bool *shown,
                       const st_report_options *ro)
{
    const char *names[TREE_COLUMNS];
    for (size_t i = 0; i < TREE_COLUMNS; i++)
        names[i] = tree_columns[i].name;
    st_csv_head(&o->buf, names, TREE_COLUMNS, ro->csv_raw);
    st_buf cell = { 0 };
    for (size_t n = 0; n < f->n && !o->error; n++) {
        if (shown && !shown[n])
            continue;
        st_node_view v = st_node_view_of(f, (st_node)n);
        for (size_t i = 0; i < TREE_COLUMNS; i++) {
            st_str text = st_tree_text(&v, i, &cell);
            o->buf.failed |= cell.failed;
            if (i)
                st_buf_char(&o->buf, ',');
            st_csv_field(&o->buf, text, ro->csv_raw, tree_columns[i].kind == ST_COL_NUMBER,
                         ro->cells_truncated);
        }
        st_buf_str(&o->buf, ST_STR("\r\n"));
        st_out_tick(o);
    }
    st_buf_free(&cell);
}
