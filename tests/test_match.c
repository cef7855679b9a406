/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_match.c - predicates of many needles: as each needle by itself, over texts made at random.
 */
#include "rules/engine/match/match.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* xorshift, so that every run makes the same. */
static uint32_t next(uint32_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 17;
    return *s ^= *s << 5;
}

/* Few letters, a blank, an umlaut and a point: needles overlap, begin and end in others. */
static st_str make(char *to, size_t most, uint32_t *seed)
{
    static const char *const letters[] = { "a", "b", "ab", " ", ".", "\303\244", "a" };
    size_t n = 0, parts = next(seed) % (most + 1);
    for (size_t i = 0; i < parts; i++) {
        const char *l = letters[next(seed) % 7];
        memcpy(to + n, l, strlen(l));
        n += strlen(l);
    }
    return (st_str){ to, n };
}

static void pred__many_needles__are_as_each_by_itself(void **state)
{
    enum { NEEDLES = 20, TEXTS = 300 };
    static const st_mop ops[] = { ST_M_EQ,       ST_M_HAS,    ST_M_HASPREFIX, ST_M_HASSUFFIX,
                                  ST_M_CONTAINS, ST_M_STARTS, ST_M_ENDS };
    uint32_t seed = 2463534242u;
    st_pool *pool = st_pool_new();
    st_folds folds;
    st_folds_init(&folds, pool);
    (void)state;
    for (size_t round = 0; round < 40; round++) {
        char space[NEEDLES][32], text[64];
        st_str needles[NEEDLES];
        for (size_t i = 0; i < NEEDLES; i++)
            do
                needles[i] = make(space[i], round % 2 ? 3 : 6, &seed);
            while (!needles[i].n && round);
        for (size_t o = 0; o < sizeof ops / sizeof *ops; o++) {
            st_pred *p = st_pred_new(ops[o], false, false, needles, NEEDLES, NULL);
            assert_non_null(p);
            for (size_t t = 0; t < TEXTS / 10; t++) {
                st_str s = make(text, 12, &seed);
                bool want = false;
                for (size_t i = 0; i < NEEDLES && !want; i++)
                    want = st_match_text(ops[o], s, needles[i]);
                bool got = st_pred_test(p, &folds, s.n ? st_pool_put(pool, s) : ST_EMPTY);
                if (got != want)
                    fail_msg("op %d over \"%.*s\": %d", (int)ops[o], ST_FMT(s), got);
            }
            st_pred_free(p);
        }
    }
    st_folds_free(&folds);
    st_pool_free(pool);
}

/* A hundred thousand needles, and texts that hold the beginnings of all: one pass, not 10^5. */
static void pred__a_hundred_thousand_needles__take_no_time(void **state)
{
    enum { NEEDLES = 100000, TEXTS = 2000 };
    st_arena a = { 0 };
    st_buf b = { 0 };
    st_str *needles = ST_NEWN(&a, st_str, NEEDLES);
    st_pool *pool = st_pool_new();
    st_folds folds;
    st_folds_init(&folds, pool);
    (void)state;
    for (size_t i = 0; i < NEEDLES; i++) {
        st_buf_clear(&b);
        st_buf_fmt(&b, "needle%zu", i);
        needles[i] = st_arena_copy(&a, st_buf_slice(&b));
    }
    st_pred *p = st_pred_new(ST_M_HAS, true, false, needles, NEEDLES, NULL);
    assert_non_null(p);
    for (size_t i = 0; i < TEXTS; i++) {
        st_buf_clear(&b);
        for (size_t k = 0; k < 50; k++)
            st_buf_fmt(&b, "NEEDLE%zux ", i * 50 + k);
        st_buf_fmt(&b, "%s%zu", i % 2 ? "Needle" : "xNeedle", i);
        bool got = st_pred_test(p, &folds, st_pool_put(pool, st_buf_slice(&b)));
        assert_int_equal(got, i % 2);
    }
    st_pred_free(p);
    st_folds_free(&folds);
    st_pool_free(pool);
    st_arena_free(&a);
    st_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pred__many_needles__are_as_each_by_itself),
        cmocka_unit_test(pred__a_hundred_thousand_needles__take_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
