/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.c - a node's ancestry as one line. Long chains lose their middle; very
 * long ones their top, because finding it for every row would cost the square.
 */
#include "internal.h"

#include "base/limits.h"

#define CHAIN_TOP 4 /* links shown in front of the gap */

static void put_link(const st_forest *f, st_node n, st_buf *out)
{
    const st_proc *p = &f->procs[n];
    st_str name = st_str_basename(st_pool_get(f->pool, p->image));
    if (p->link == ST_LINK_INFERRED)
        st_buf_char(out, '~');
    st_buf_str(out, name.n ? name : ST_STR("?"));
    if (p->pid != ST_NO_U32) {
        st_buf_char(out, '(');
        st_buf_u64(out, p->pid);
        st_buf_char(out, ')');
    }
    if (!(p->flags & ST_P_OBSERVED) && name.n)
        st_buf_char(out, '?');
}

/* The nearest `max` nodes up from n into path, nearest first; how many. */
static size_t climb(const st_forest *f, st_node n, st_node *path, size_t max)
{
    size_t k = 0;
    for (; n != ST_NO_NODE && k < max; n = f->procs[n].parent)
        path[k++] = n;
    return k;
}

void st_chain_put(const st_forest *f, st_node n, st_buf *out)
{
    st_node path[ST_MAX_CHAIN_WALK];
    size_t known = climb(f, n, path, ST_MAX_CHAIN_WALK);
    if (!known)
        return;
    size_t links = (size_t)f->procs[n].depth + 1;
    if (links < known || f->procs[path[known - 1]].parent == ST_NO_NODE)
        links = known;
    size_t head = links <= ST_MAX_CHAIN_SHOWN ? 0 : links == known ? CHAIN_TOP : 0;
    size_t tail = links <= ST_MAX_CHAIN_SHOWN ? links : ST_MAX_CHAIN_SHOWN - 1 - head;
    for (size_t i = 0; i < head; i++) {
        put_link(f, path[known - 1 - i], out);
        st_buf_str(out, ST_STR(" > "));
    }
    if (head + tail < links)
        st_buf_fmt(out, "\xe2\x80\xa6 +%zu \xe2\x80\xa6 > ", links - head - tail);
    for (size_t i = tail; i-- > 0;) {
        put_link(f, path[i], out);
        if (i)
            st_buf_str(out, ST_STR(" > "));
    }
}
