/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - what the options fill and the verbs read: its lists, its numbers, its end.
 */
#include "cli.h"

#include <stdlib.h>

bool st_list_add(st_list *l, st_str s)
{
    if (!st_grow(&l->items, &l->cap, l->n + 1, sizeof *l->items))
        return false;
    l->items[l->n++] = s;
    return true;
}

/* A whole number of seconds, with a sign or without, within thirty years. */
bool st_seconds(st_str s, int64_t *out)
{
    bool minus = s.n && s.p[0] == '-';
    uint64_t n;
    if (s.n && (minus || s.p[0] == '+'))
        s = (st_str){ s.p + 1, s.n - 1 };
    if (!st_str_u64(s, &n) || n > UINT64_C(1000000000))
        return false;
    *out = minus ? -(int64_t)n : (int64_t)n;
    return true;
}

void st_config_free(st_config *c)
{
    free(c->output);
    free(c->rules.items);
    free(c->hosts.items);
    free(c->ioc.items);
    free(c->evidence.items);
    free(c->files_from.items);
    free(c->names.items);
    for (size_t i = 0; i < c->external.n; i++)
        free((void *)(uintptr_t)c->external.items[i].text.p);
    free(c->external.items);
    free(c->params.items);
    free(c->clock_offsets.items);
    free(c->placeholders.items);
    free(c->exclude.items);
    st_buf_free(&c->exclude_text);
    st_buf_free(&c->placeholder_text);
}
