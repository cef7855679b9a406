/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* forest_find.h - a process of a forest by its key, for tests: the first instance. */
#ifndef SHELLTREE_TEST_FOREST_FIND_H
#define SHELLTREE_TEST_FOREST_FIND_H

#include "shelltree/tree.h"

static inline st_node forest_find(const st_forest *f, const char *host, const st_guid *guid)
{
    for (st_node n = 0; n < f->n; n++) {
        const st_proc *p = &f->procs[n];
        if (p->host < f->nhosts && p->instance == 0 && st_guid_eq(&p->guid, guid) &&
            st_fold_eq(st_pool_get(f->pool, f->hosts[p->host].name), st_str_of(host)))
            return n;
    }
    return ST_NO_NODE;
}

#endif
