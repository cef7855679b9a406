/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.c - the tables by name, and what they are made of.
 */
#include "rules/engine/tables/tables.h"

#include <string.h>

const st_table_def *st_table_def_find(st_str name)
{
    const st_table_def *t;
    for (size_t i = 0; (t = st_table_def_at(i)) != NULL; i++)
        if (st_str_is(name, t->name))
            return t;
    return NULL;
}

st_event_set st_table_def_events(const st_table_def *t)
{
    const st_event_rows *k;
    st_event_key key;
    st_event_set events = { { 0 } };
    if (t->kinds)
        return *t->kinds;
    for (size_t i = 0; t->rows == ST_OF_EVENTS && (k = st_event_rows_at(i, &key)) != NULL; i++)
        if (strcmp(k->table, t->name) == 0)
            st_event_set_add(&events, key);
    return events;
}

bool st_table_def_acts(const st_table_def *t, st_str action, bool fold)
{
    const st_event_rows *k;
    st_event_key key;
    if (t->rows == ST_OF_PROCESSES || t->rows == ST_OF_NODES)
        return fold ? st_fold_eq(action, ST_STR("ProcessCreated"))
                    : st_str_eq(action, ST_STR("ProcessCreated"));
    if (t->rows != ST_OF_EVENTS)
        return false;
    for (size_t i = 0; (k = st_event_rows_at(i, &key)) != NULL; i++)
        if (strcmp(k->table, t->name) == 0 &&
            (fold ? st_fold_eq(action, st_str_of(k->action)) : st_str_is(action, k->action)))
            return true;
    return false;
}
