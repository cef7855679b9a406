/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_kql.c - any bytes as a rule file: lexed, parsed, bound, its diagnostics written. Asserts
 * that a rule that cannot run says why and where, and that what is said is UTF-8 on short lines.
 */
#include "shelltree/rules.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SHOWN = 20 }; /* errors of one file; more are only counted */

static bool explained(const st_rules *r)
{
    size_t broken = 0, errors = 0;
    for (size_t i = 0; i < st_rules_count(r); i++)
        broken += st_rules_at(r, i)->status == ST_RULE_BROKEN;
    for (size_t i = 0; i < st_rules_diags(r); i++)
        errors += st_rules_diag(r, i)->severity == ST_SEV_ERROR;
    return errors >= broken || errors >= SHOWN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The first byte says which kind of file it is; the text is a block of its own, so that a
     * byte too far is seen. */
    char kind = size ? (char)data[0] : 0;
    const char *path = kind == 'M' ? "rule.md" : kind == 'Y' ? "rule.yaml" : "rule.kql";
    size_t n = size ? size - 1 : 0;
    char *text = malloc(n ? n : 1);
    st_rules *r = st_rules_new();
    st_buf b = { 0 };
    st_err e = { 0 };
    if (text && r) {
        for (size_t i = 0; i < n; i++)
            text[i] = (char)data[i + 1];
        st_rules_load_text(r, st_str_of(path), (st_str){ text, n }, &e);
        if (!explained(r))
            abort();
        for (size_t i = 0; i < st_rules_diags(r); i++)
            st_diag_put(&b, st_rules_diag(r, i));
        if (!st_utf8_valid(st_buf_slice(&b)))
            abort();
    }
    st_buf_free(&b);
    st_rules_free(r);
    free(text);
    return 0;
}
