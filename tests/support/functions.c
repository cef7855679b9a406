/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.c - the functions and aggregates of rules as a list in mdoc, which shelltree-rules(5)
 * holds between two comments; tests/functions_in_man.sh compares, or writes it anew.
 *
 * A table's doc is "what it gives|how it differs from Kusto".
 */
#include "rules/engine/functions/functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    const char *name, *doc;
    bool aggregate, runs;
} entry;

static int by_name(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int c = strcmp(x->name, y->name);
    return c ? c : (int)x->aggregate - (int)y->aggregate;
}

/* As mdoc text: a line may not begin with a dot, and a backslash begins an escape. */
static void text(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i == 0 && (p[i] == '.' || p[i] == '\''))
            fputs("\\&", stdout);
        if (p[i] == '\\')
            fputs("\\e", stdout);
        else
            putchar(p[i]);
    }
}

static void sentence(const entry *e)
{
    const char *doc = e->doc ? e->doc : "", *bar = strchr(doc, '|');
    text(doc, bar ? (size_t)(bar - doc) : strlen(doc));
    if (bar && bar[1]) {
        printf(".\nUnlike Kusto: ");
        text(bar + 1, strlen(bar + 1));
    }
    puts(".");
}

static void list(const entry *items, size_t n, bool aggregates, bool runs)
{
    puts(".Bl -tag -width Ds");
    for (size_t i = 0; i < n; i++)
        if (items[i].aggregate == aggregates && items[i].runs == runs) {
            printf(".It Fn %s\n", items[i].name);
            sentence(&items[i]);
        }
    puts(".El");
}

int main(void)
{
    size_t n = 0, functions = 0, aggregates = 0;
    while (st_fn_at(functions))
        functions++;
    while (st_agg_at(aggregates))
        aggregates++;
    entry *items = calloc(functions + aggregates, sizeof *items);
    if (!items)
        return 1;
    for (size_t i = 0; i < functions; i++)
        items[n++] =
            (entry){ st_fn_at(i)->name, st_fn_at(i)->doc, false, st_fn_at(i)->code != NULL };
    for (size_t i = 0; i < aggregates; i++)
        items[n++] =
            (entry){ st_agg_at(i)->name, st_agg_at(i)->doc, true, st_agg_at(i)->step != NULL };
    qsort(items, n, sizeof *items, by_name);
    puts(".Ss Functions");
    list(items, n, false, true);
    puts(".Ss Aggregates");
    puts("They stand in\n.Ic summarize\nand its kin.");
    list(items, n, true, true);
    puts(".Ss Functions that are known and not run\nA rule that calls one is refused, with this "
         "reason.");
    puts(".Bl -tag -width Ds");
    for (size_t i = 0; i < n; i++)
        if (!items[i].runs) {
            printf(".It Fn %s\n", items[i].name);
            sentence(&items[i]);
        }
    puts(".El");
    free(items);
    return 0;
}
