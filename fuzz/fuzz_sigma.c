/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_sigma.c - any bytes as a file of Sigma rules: read, bound, linked, run over a small forest.
 * Asserts that a rule that can't run says why, and that what is said is UTF-8.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ROWS = 2000, MAX_MEMORY = 32 << 20, MAX_TEXT = 1 << 16, SHOWN = 20 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_words(const st_rules *r)
{
    size_t broken = 0, errors = 0;
    st_buf b = { 0 };
    for (size_t i = 0; i < st_rules_count(r); i++)
        broken += st_rules_at(r, i)->status == ST_RULE_BROKEN;
    for (size_t i = 0; i < st_rules_diags(r); i++) {
        errors += st_rules_diag(r, i)->severity == ST_SEV_ERROR;
        st_diag_put(&b, st_rules_diag(r, i));
    }
    require(errors >= broken || errors >= SHOWN);
    require(st_utf8_valid(st_buf_slice(&b)));
    st_buf_free(&b);
}

static void run(st_forest *f, st_str text)
{
    static const st_named lists[] = { { .name = { "list", 4 }, .value = { "a,b*", 4 } } };
    const st_rule_settings settings = { .limits = { .rows = MAX_ROWS, .memory = MAX_MEMORY },
                                        .placeholders = lists,
                                        .nplaceholders = 1 };
    st_run_options o = { .threads = 1 };
    st_matches *m = NULL;
    st_err e = { 0 };
    st_rules *r = st_rules_new();
    require(r != NULL);
    st_rules_set(r, &settings);
    if (st_rules_load_text(r, ST_STR("rule.yml"), text, &e) == ST_OK &&
        st_rules_link(r, &e) == ST_OK) {
        check_words(r);
        if (st_rules_run(r, f, &o, &m, &e) == ST_OK)
            st_matches_free(m);
    }
    st_rules_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > MAX_TEXT)
        return 0;
    /* The text is a block of its own, so that a byte too far is seen. */
    char *text = malloc(size ? size : 1);
    st_store *s = st_fuzz_store();
    st_forest *f = NULL;
    st_err e = { 0 };
    if (text && size)
        memcpy(text, data, size);
    if (text && s && st_tree_build(NULL, s, NULL, &f, &e) == ST_OK)
        run(f, (st_str){ text, size });
    st_tree_free(f);
    st_store_free(s);
    free(text);
    return 0;
}
