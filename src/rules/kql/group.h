/* group.h - numbers for distinct keys; summarize, distinct and join share it. */
#ifndef ST_KQL_GROUP_H
#define ST_KQL_GROUP_H

#include "rules/kql/value.h"

typedef struct st_kgroups {
    size_t width, n;
    st_kv *keys; /* n * width */
    size_t cap;
    uint32_t *table; /* number + 1 */
    size_t size;
} st_kgroups;
void st_kgroups_init(st_kgroups *g, size_t width);
void st_kgroups_free(st_kgroups *g);
/* The key's number, a new one if it is new; SIZE_MAX: no memory. */
size_t st_kgroups_put(st_kmem *m, st_kgroups *g, const st_kv *key);
/* SIZE_MAX: not there. */
size_t st_kgroups_find(const st_kmem *m, const st_kgroups *g, const st_kv *key);

#endif
