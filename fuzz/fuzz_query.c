/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_query.c - any bytes as a query: parsed, bound and run over a small forest, with little
 * memory and few rows allowed. Asserts that a query that can't run says why, and that a result
 * is a table of UTF-8.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ROWS = 2000, MAX_MEMORY = 32 << 20, MAX_TEXT = 8192 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_table(const st_table *t)
{
    for (size_t i = 0; i < t->ncolumns; i++)
        require(st_utf8_valid(t->columns[i].name));
    for (size_t i = 0; i < t->nrows * t->ncolumns; i++)
        require(st_utf8_valid(t->cells[i].text));
}

static void check_words(const st_rules *r, const st_err *e)
{
    st_buf b = { 0 };
    require(e->text[0] || st_rules_diags(r));
    for (size_t i = 0; i < st_rules_diags(r); i++)
        st_diag_put(&b, st_rules_diag(r, i));
    require(st_utf8_valid(st_buf_slice(&b)));
    st_buf_free(&b);
}

static void run(st_forest *f, st_str text)
{
    static const char servers[] = "Processes | where FileName =~ 'w3wp.exe'";
    const st_rule_settings settings = { .limits = { .rows = MAX_ROWS, .memory = MAX_MEMORY } };
    st_run_options o = { .threads = 1 };
    st_table *t = NULL;
    st_err e = { 0 };
    st_rules *r = st_rules_new();
    if (r)
        st_rules_set(r, &settings);
    if (r && st_rules_load_text(r, ST_STR("web-servers.kql"), st_str_of(servers), &e) == ST_OK) {
        if (st_query_run(r, ST_STR("query"), text, f, &o, &t, &e) == ST_OK)
            check_table(t);
        else
            check_words(r, &e);
    }
    st_table_free(t);
    st_rules_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n = size < MAX_TEXT ? size : MAX_TEXT;
    char *text = malloc(n ? n : 1); /* its own block, so that a byte too far is seen */
    st_store *s = st_fuzz_store();
    st_forest *f = NULL;
    st_err e = { 0 };
    if (text && n)
        memcpy(text, data, n);
    if (text && s && st_tree_build(NULL, s, NULL, &f, &e) == ST_OK)
        run(f, (st_str){ text, n });
    st_tree_free(f);
    st_store_free(s);
    free(text);
    return 0;
}
