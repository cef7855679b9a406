/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apart.h - which rows look otherwise where rules cross other inferred edges, and whether a plan
 * has anything to do with them.
 *
 * A row is apart if an edge on its process's way up is crossed by one trust and not by the other:
 * all that a column says of any other row is the same over both. So a plan whose readers' first
 * conditions let no row that is apart through, over neither, gives the same over both, and needn't
 * be run twice.
 */
#ifndef ST_RULES_APART_H
#define ST_RULES_APART_H

#include "rules/engine/operators/ops.h"
#include "rules/prefilter.h"

typedef struct st_apart {
    bool known;      /* false: whatever is run may give something else */
    st_trust trust;  /* the other one */
    st_forest *view; /* the forest with its servers marked by it */
    st_rule_rows nodes, events;
    size_t nobserved; /* of nodes: those in front that were observed */
} st_apart;

/* Of f, whose servers are marked by `own`. It isn't known where a process below a web server is
 * apart (habits count those), and of large forests. The caller frees it, before f. false: no
 * memory. */
bool st_apart_find(st_apart *a, const st_forest *f, const bool *server, st_trust own,
                   st_trust other);
void st_apart_free(st_apart *a);
/* May a plan that has been run give something else over the other edges? Its readers stay where
 * they are. */
bool st_apart_touches(const st_apart *a, st_run *r);
/* The same of n of them, a bit each; v NULL: nobody asks, and it may. */
unsigned st_apart_touched(const st_apart *v, unsigned n, st_run *r);

#endif
