/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* host_names.c - hosts by what a command may call them: the whole name, or its first label. */
#include "internal.h"

#include "base/search.h"

#include <stdlib.h>

static int by_name(const void *pa, const void *pb)
{
    const st_host_name *a = pa, *b = pb;
    int d = st_str_cmp(a->name, b->name);
    return d ? d : (a->host > b->host) - (a->host < b->host);
}

bool st_host_names_make(st_host_names *names, const st_forest *f)
{
    *names = (st_host_names){ 0 };
    names->v = malloc((2 * f->nhosts + 1) * sizeof *names->v);
    for (uint32_t i = 0; names->v && i < f->nhosts; i++) {
        st_buf_clear(&names->asked);
        st_fold_put(&names->asked, st_pool_get(f->pool, f->hosts[i].name));
        st_str whole = st_arena_copy(&names->texts, st_buf_slice(&names->asked)), rest = whole,
               label = whole;
        if (!whole.p)
            break;
        st_str_cut(&rest, '.', &label);
        names->v[names->n++] = (st_host_name){ whole, i };
        names->v[names->n++] = (st_host_name){ label, i };
    }
    if (names->n)
        qsort(names->v, names->n, sizeof *names->v, by_name);
    return names->v && !names->texts.failed && !names->asked.failed;
}

static bool is_before(const void *item, const void *key)
{
    const st_host_name *x = item;
    return st_str_cmp(x->name, *(const st_str *)key) < 0;
}

uint32_t st_host_names_find(st_host_names *names, st_str name)
{
    st_buf_clear(&names->asked);
    st_fold_put(&names->asked, name);
    st_str want = st_buf_slice(&names->asked);
    size_t i = st_lower_bound(names->v, names->n, sizeof *names->v, &want, is_before);
    return i < names->n && st_str_eq(names->v[i].name, want) ? names->v[i].host : UINT32_MAX;
}

void st_host_names_free(st_host_names *names)
{
    free(names->v);
    st_arena_free(&names->texts);
    st_buf_free(&names->asked);
}
