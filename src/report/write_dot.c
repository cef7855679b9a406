/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_dot.c - incidents as graphs for Graphviz: findings and what they hang under, a graph a
 * host. Nodes are named by numbers, so that nothing of the evidence is a name; in labels what
 * Graphviz acts on is escaped.
 */
#include "internal.h"

#include "base/limits.h"

#include <string.h>

typedef struct graph {
    st_out *o;
    const st_case *c;
    const st_forest *f;
    st_groups g;
    st_buf text;
    size_t left; /* nodes that may still be drawn */
} graph;

/* Scrubbed text in a label, wrapped: at most so many lines of it. */
static void put_label(graph *g, st_str s, size_t lines)
{
    st_buf *b = &g->o->buf;
    st_buf_clear(&g->text);
    st_scrub(&g->text, s, false);
    st_str t = st_buf_slice(&g->text);
    size_t column = 0;
    for (size_t i = 0; i < t.n && lines;) {
        size_t from = i;
        st_utf8_next(t, &i);
        if (column == ST_DOT_COLUMNS) {
            st_buf_str(b, --lines ? ST_STR("\\l") : ST_STR("\xe2\x80\xa6"));
            column = 0;
            if (!lines)
                break;
        }
        column++;
        if (t.p[from] == '"' || t.p[from] == '\\')
            st_buf_char(b, '\\');
        if (t.p[from] == '&')
            st_buf_str(b, ST_STR("&amp;"));
        else
            st_buf_put(b, t.p + from, i - from);
    }
    st_buf_str(b, ST_STR("\\l"));
}

static void put_quoted(graph *g, st_str s)
{
    st_buf *b = &g->o->buf;
    st_buf_clear(&g->text);
    st_scrub(&g->text, s, false);
    st_buf_char(b, '"');
    for (size_t i = 0; i < g->text.n; i++) {
        if (g->text.p[i] == '"' || g->text.p[i] == '\\')
            st_buf_char(b, '\\');
        st_buf_char(b, g->text.p[i]);
    }
    st_buf_char(b, '"');
}

/* 1 to 3 as the level rises: the level is a word in the label, too. */
static unsigned pen_width(st_level level)
{
    return level >= ST_LEVEL_CRITICAL ? 4 : level >= ST_LEVEL_HIGH ? 3 : 2;
}

static void put_node(graph *g, st_node n)
{
    const st_proc *p = &g->f->procs[n];
    st_buf *b = &g->o->buf;
    st_buf name = { 0 };
    st_str image = st_str_basename(st_pool_get(g->f->pool, p->image));
    st_buf_str(&name, image.n ? image : ST_STR("?"));
    if (p->pid != ST_NO_U32)
        st_buf_fmt(&name, " (%u)", p->pid);
    if (p->start) {
        st_buf_str(&name, ST_STR("  "));
        st_buf_time_sysmon(&name, p->start);
    }
    st_buf_fmt(b, " \"p%u\" [label=\"", n);
    put_label(g, st_buf_slice(&name), 2);
    st_str cmd = st_dashless(st_pool_get(g->f->pool, p->command_line));
    uint32_t first = g->g.first[n];
    if (cmd.n && first != UINT32_MAX)
        put_label(g, cmd, 3);
    st_level level = ST_LEVEL_INFORMATIONAL;
    for (size_t i = first; i < g->c->nfindings && g->c->findings[i].node == n; i++) {
        const st_finding *x = &g->c->findings[i];
        st_buf_clear(&name);
        st_buf_fmt(&name, "[%s] ", st_level_word(x->level));
        st_buf_str(&name, st_rules_at(g->c->rules, x->rule)->title);
        put_label(g, st_buf_slice(&name), 1);
        level = x->level > level ? (st_level)x->level : level;
    }
    st_buf_char(b, '"');
    if (first != UINT32_MAX)
        st_buf_fmt(b, ", penwidth=%u", pen_width(level));
    if (!(p->flags & ST_P_OBSERVED))
        st_buf_str(b, ST_STR(", style=dashed"));
    st_buf_str(b, ST_STR("];\n"));
    b->failed |= name.failed;
    st_buf_free(&name);
}

static void put_edge(graph *g, st_node n)
{
    const st_proc *p = &g->f->procs[n];
    st_buf_fmt(&g->o->buf, " \"p%u\" -> \"p%u\"%s;\n", p->parent, n,
               p->link == ST_LINK_INFERRED ? " [style=dashed, label=\"inferred\"]" : "");
}

/* Findings of the incident and the way up from them. */
static void stamp(graph *g, uint32_t incident)
{
    const st_incident *i = &g->c->incidents[incident];
    if (i->top == ST_NO_NODE)
        return;
    for (size_t k = g->g.start[incident]; k < g->g.start[incident + 1]; k++) {
        const st_row *row = &g->c->rows[g->g.rows[k]];
        if (row->kind != ST_ROW_HIT)
            continue;
        for (st_node n = row->node;
             n != ST_NO_NODE && g->f->procs[n].depth > g->f->procs[i->top].depth &&
             g->g.stamps[n] != incident + 1;
             n = g->f->procs[n].parent)
            g->g.stamps[n] = incident + 1;
    }
    g->g.stamps[i->top] = incident + 1;
}

static void put_incident(graph *g, uint32_t incident)
{
    const st_node top = g->c->incidents[incident].top;
    const st_drawn d = { .stamps = g->g.stamps, .stamp = incident + 1 };
    size_t level = 0;
    stamp(g, incident);
    for (st_node n = top; n != ST_NO_NODE && g->left && !g->o->error;
         n = st_drawn_next(g->f, &d, top, n, &level), g->left--) {
        put_node(g, n);
        if (n != top)
            put_edge(g, n);
        st_out_tick(g->o);
    }
}

/* false: the host has no incident. */
static bool put_host(graph *g, uint32_t host)
{
    bool any = false;
    for (uint32_t k = 0; k < g->c->nincidents && g->left; k++) {
        if (g->c->incidents[k].host != host)
            continue;
        if (!any) {
            st_buf_str(&g->o->buf, ST_STR("digraph "));
            put_quoted(g, st_host_shown(g->c, host));
            st_buf_str(&g->o->buf, ST_STR(" {\n graph [rankdir=LR, charset=\"UTF-8\"];\n"
                                          " node [shape=box, fontname=\"monospace\"];\n"));
        }
        any = true;
        put_incident(g, k);
    }
    if (any)
        st_buf_str(&g->o->buf, ST_STR("}\n"));
    return any;
}

void st_write_dot(st_out *o, const st_case *c)
{
    graph g = { .o = o, .c = c, .f = c->forest, .left = ST_MAX_DOT_NODES };
    bool any = false;
    if (st_groups_make(&g.g, c)) {
        for (uint32_t h = 0; h < c->forest->nhosts && !o->error; h++)
            any |= put_host(&g, h);
        if (!any)
            st_buf_str(&o->buf, ST_STR("digraph \"nothing found\" { }\n"));
        if (!g.left)
            st_buf_str(&o->buf, ST_STR("// full: the rest is in tree.txt\n"));
    } else {
        o->buf.failed = true;
    }
    o->buf.failed |= g.text.failed;
    st_out_tick(o);
    st_groups_free(&g.g);
    st_buf_free(&g.text);
}
