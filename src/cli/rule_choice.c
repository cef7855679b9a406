/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_choice.c - which of the rules that are loaded run, and what their placeholders stand for, by
 * the options.
 */
#include "cli.h"

#include <string.h>

/* A line without what stands behind a # at its start or after a blank; trimmed. */
static st_str without_comment(st_str line)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] == '#' && (!i || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
            line.n = i;
    return st_str_trim(line);
}

/* One id a line. */
static st_code read_ids(st_config *c, st_err *e)
{
    st_str rest, line;
    if (!c->exclude_file)
        return ST_OK;
    if (st_small_file("--exclude-rules", c->exclude_file, &c->exclude_text, e) != ST_OK)
        return e->code;
    rest = st_buf_slice(&c->exclude_text);
    while (st_str_cut(&rest, '\n', &line)) {
        line = without_comment(line);
        if (line.n && !st_list_add(&c->exclude, line))
            return st_fail(e, ST_E_MEMORY, "out of memory");
    }
    return ST_OK;
}

/* NAME=VALUE,VALUE a line. */
static st_code read_placeholders(st_config *c, st_err *e)
{
    st_str rest, line, name;
    unsigned number = 0;
    if (!c->placeholder_file)
        return ST_OK;
    if (st_small_file("--placeholders", c->placeholder_file, &c->placeholder_text, e) != ST_OK)
        return e->code;
    rest = st_buf_slice(&c->placeholder_text);
    while (st_str_cut(&rest, '\n', &line)) {
        number++;
        st_str values = without_comment(line);
        if (!values.n)
            continue;
        bool cut = memchr(values.p, '=', values.n) && st_str_cut(&values, '=', &name);
        if (!cut || !st_str_trim(name).n)
            return st_fail(e, ST_E_USAGE, "--placeholders: %s:%u: NAME=VALUE,VALUE is needed",
                           c->placeholder_file, number);
        st_pairs *l = &c->placeholders;
        if (!st_grow(&l->items, &l->cap, l->n + 1, sizeof *l->items))
            return st_fail(e, ST_E_MEMORY, "out of memory");
        l->items[l->n++] = (st_named){ st_str_trim(name), st_str_trim(values), { NULL, 0 } };
    }
    return ST_OK;
}

st_code st_rule_choice(st_config *c, st_err *e)
{
    if (read_ids(c, e) != ST_OK || read_placeholders(c, e) != ST_OK)
        return e->code;
    c->settings.placeholders = c->placeholders.items;
    c->settings.nplaceholders = c->placeholders.n;
    c->settings.exclude = c->exclude.items;
    c->settings.nexclude = c->exclude.n;
    c->settings.maturities = st_str_of(c->rule_status);
    return ST_OK;
}
