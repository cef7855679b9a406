/*
 * tables.c - the tables by name, and what they are made of.
 */
#include "rules/kql/tables.h"

#include <string.h>

const st_ktable *st_ktable_find(st_str name)
{
    const st_ktable *t;
    for (size_t i = 0; (t = st_ktable_at(i)) != NULL; i++)
        if (st_str_eq(name, st_str_of(t->name)))
            return t;
    return NULL;
}

uint64_t st_ktable_events(const st_ktable *t)
{
    const st_krowkind *k;
    uint64_t events = 0;
    for (size_t i = 0; t->rows == ST_KR_EVENTS && (k = st_krowkind_at(i)) != NULL; i++)
        if (strcmp(k->table, t->name) == 0)
            events |= st_event_bit(k->id);
    return events;
}

bool st_ktable_acts(const st_ktable *t, st_str action, bool fold)
{
    const st_krowkind *k;
    if (t->rows == ST_KR_PROCESSES || t->rows == ST_KR_NODES)
        return fold ? st_fold_eq(action, ST_STR("ProcessCreated"))
                    : st_str_eq(action, ST_STR("ProcessCreated"));
    if (t->rows != ST_KR_EVENTS)
        return false;
    for (size_t i = 0; (k = st_krowkind_at(i)) != NULL; i++)
        if (strcmp(k->table, t->name) == 0 && (fold ? st_fold_eq(action, st_str_of(k->action))
                                                    : st_str_eq(action, st_str_of(k->action))))
            return true;
    return false;
}
