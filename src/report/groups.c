/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* groups.c - rows incident by incident, and which nodes an incident's tree shows. */
#include "internal.h"

#include <stdlib.h>

static size_t slot(const st_case *c, const st_row *r)
{
    return r->incident < c->nincidents ? r->incident : c->nincidents;
}

bool st_groups_make(st_groups *g, const st_case *c)
{
    size_t nodes = c->forest->n ? c->forest->n : 1;
    g->stamps = calloc(nodes, sizeof *g->stamps);
    g->first = st_findings_by_node(c);
    g->rows = malloc((c->nrows + 1) * sizeof *g->rows);
    g->start = calloc(c->nincidents + 3, sizeof *g->start);
    if (!g->stamps || !g->first || !g->rows || !g->start)
        return false;
    for (size_t i = 0; i < c->nrows; i++)
        g->start[slot(c, &c->rows[i]) + 2]++;
    for (size_t i = 2; i < c->nincidents + 3; i++)
        g->start[i] += g->start[i - 1];
    for (size_t i = 0; i < c->nrows; i++)
        g->rows[g->start[slot(c, &c->rows[i]) + 1]++] = (uint32_t)i;
    return true;
}

void st_groups_free(st_groups *g)
{
    free(g->stamps);
    free(g->first);
    free(g->rows);
    free(g->start);
}

/* No further up than where top would be: what doesn't hang under it isn't drawn. */
void st_groups_stamp(st_groups *g, const st_case *c, uint32_t incident)
{
    const st_forest *f = c->forest;
    st_node top = c->incidents[incident].top;
    if (top == ST_NO_NODE)
        return;
    for (size_t k = g->start[incident]; k < g->start[incident + 1]; k++) {
        st_node n = c->rows[g->rows[k]].node;
        for (; n != ST_NO_NODE && f->procs[n].depth > f->procs[top].depth; n = f->procs[n].parent) {
            if (g->stamps[n] == incident + 1)
                break;
            g->stamps[n] = incident + 1;
        }
    }
    g->stamps[top] = incident + 1;
}
