/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_match.c - predicates of many needles: as each needle by itself, over texts made at random.
 */
#include "rules/engine/match/grams.h"
#include "rules/engine/match/literals.h"
#include "rules/engine/match/match.h"
#include "rules/engine/match/plain.h"
#include "rules/engine/match/screen.h"
#include "rules/engine/match/value_tests.h"

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

/* Letters of both cases, at every place of texts of any length, and what stands beside letters. */
static void pred__text_in_other_case__is_folded_at_any_length(void **state)
{
    static const size_t lengths[] = { 1, 7, 8, 9, 16, 511, 512, 513, 1000 };
    st_pool *pool = st_pool_new();
    st_folds folds;
    char text[1024], needle[1024];
    st_folds_init(&folds, pool);
    (void)state;
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++)
        for (unsigned c = 1; c < 0x180; c++) {
            size_t n = lengths[l], at = c % n, wide = c < 0x80 ? 1 : 2;
            memset(text, 'x', sizeof text);
            memset(needle, 'x', sizeof needle);
            st_utf8_put(text + at, c);
            st_utf8_put(needle + at, st_fold(c));
            n = at + wide > n ? at + wide : n;
            st_str want = { needle, n };
            st_pred *p = st_pred_new(ST_M_EQ, true, false, &want, 1, NULL);
            assert_non_null(p);
            if (st_fold(c) >= 0x80 || c < 0x80)
                if (!st_pred_test(p, &folds, st_pool_put(pool, (st_str){ text, n })))
                    fail_msg("U+%04X in a text of %zu", c, n);
            text[n - 1] = c == '+' ? '-' : '+';
            assert_false(st_pred_test(p, &folds, st_pool_put(pool, (st_str){ text, n })));
            st_pred_free(p);
        }
    st_folds_free(&folds);
    st_pool_free(pool);
}

/* Machine code has less of a stack than the interpreter, which has fewer steps: the answer is that
 * of whichever comes to an end, whatever was searched before. */
static void regex__limit_of_one_engine__is_not_the_others(void **state)
{
    static const struct {
        const char *pattern, *unit;
        size_t times;
        int matches; /* -1: gives up */
    } rows[] = {
        { "^(?:(a)|b)*$", "ab", 4000, 1 },
        { "^(?:(a)|b)*[cd]$", "ab", 4000, 0 },
        { "^(x+x+)+[yz]$", "x", 40, -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned warm = 0; warm < 2; warm++) {
            size_t offset;
            st_err err = { 0 };
            st_buf text = { 0 };
            for (size_t k = 0; k < rows[i].times; k++)
                st_buf_str(&text, st_str_of(rows[i].unit));
            st_regex *r = st_regex_new(st_str_of(rows[i].pattern), &offset, &err);
            assert_non_null(r);
            for (unsigned k = 0; warm && k < 20; k++)
                st_regex_test(r, ST_STR("-"));
            int got = st_regex_test(r, st_buf_slice(&text));
            got = st_regex_gave_up(r) ? -1 : got;
            if (got != rows[i].matches)
                fail_msg("%s, %u: %d", rows[i].pattern, warm, got);
            st_regex_free(r);
            st_buf_free(&text);
        }
}

/* What is plain isn't compiled where it is made, so compiling it can't fail then. */
static void regex__plain_pattern__is_sound(void **state)
{
    static const struct {
        const char *pattern;
        int groups; /* -1: it isn't plain */
    } rows[] = {
        { "", 0 },
        { "abc", 0 },
        { "(?i)^a(b|c)*[^d-f\\s.-]+?$", 1 },
        { "(?is)a.b|(?-i:C)|(?s-m:d)", 0 },
        { "((a)(?:b)){2,3}(c){4}[.][0-9]{1,3}\\b", 3 },
        { "[]a]", -1 },
        { "[-a+]|[a-]|[+-]", 0 },
        { "[a\\]\\[\\-z]\\{\\}}]", 0 },
        { "\xe2\x80\x93[\xc3\xa9\xc5\xbf]", 0 },
        { "[a-\xcf\x91]", -1 }, /* hundreds of other cases */
        { "[z-a]", -1 },
        { "[a-\\d]", -1 },
        { "[\\d-z]", -1 },
        { "[a-c-e]", -1 },
        { "[a-", -1 },
        { "[a", -1 },
        { "[^", -1 },
        { "[[:alpha:]]", -1 },
        { "[a[b]]", -1 },
        { "[a&&b]", -1 },
        { "[!-&&]", -1 },
        { "[+--]", -1 },
        { "[\\Qa]", -1 },
        { "a**", -1 },
        { "a++", -1 },
        { "*a", -1 },
        { "^*", -1 },
        { "\\b+", -1 },
        { "(?i)*", -1 },
        { "a|+", -1 },
        { "a{3,2}", -1 },
        { "a{,2}", -1 },
        { "a{256}", -1 },
        { "{2}", -1 },
        { "(a{9}){200}", 1 },
        { "(a{9}){255}", -1 },
        { "((a{9}){255}){2}", -1 },
        { "(a", -1 },
        { "a)", -1 },
        { "(?P<n>a)", -1 },
        { "(?<n>a)", -1 },
        { "(?=a)", -1 },
        { "(?x)a", -1 },
        { "(?i-)a", -1 },
        { "(?", -1 },
        { "(*F)", -1 },
        { "\\1", -1 },
        { "\\p{L}", -1 },
        { "\\b{start}", -1 },
        { "\\<a", -1 },
        { "a\\", -1 },
        { "a\xff", -1 },
        { "a\x01", -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t groups;
        st_err err = { 0 };
        size_t offset;
        st_str pattern = st_str_of(rows[i].pattern);
        bool plain = st_regex_is_plain(pattern, &groups);
        if ((plain ? (int)groups : -1) != rows[i].groups)
            fail_msg("%s: plain %d, of %u groups", rows[i].pattern, plain, groups);
        if (!plain)
            continue;
        st_regex *r = st_regex_new(pattern, &offset, &err);
        assert_non_null(r);
        assert_int_equal(st_regex_groups(r), groups);
        st_regex_test(r, ST_STR("a"));
        if (st_regex_gave_up(r))
            fail_msg("%s: plain, and not compiled", rows[i].pattern);
        st_regex_free(r);
    }
}

/* Needles are what was given until they are asked for. */
static void pred__needles__are_folded_sorted_and_each_once(void **state)
{
    static const st_str given[] = { { "b", 1 }, { "\303\204", 2 }, { "A", 1 }, { "B", 1 } };
    static const struct {
        bool fold;
        const char *needles[4];
    } rows[] = { { true, { "a", "b", "\303\244", NULL } },
                 { false, { "A", "B", "b", "\303\204" } } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n;
        st_pred *p = st_pred_new(ST_M_HAS, rows[i].fold, false, given, 4, NULL);
        assert_non_null(p);
        const st_str *v = st_pred_needles(p, &n);
        assert_int_equal(n, 4 - rows[i].fold);
        for (size_t k = 0; k < n; k++)
            assert_true(st_str_is(v[k], rows[i].needles[k]));
        st_pred_free(p);
    }
}

/* A text that couldn't be folded isn't taken for an empty one. */
static void fold__no_memory__is_told_and_not_kept(void **state)
{
    st_pool *pool = st_pool_new();
    st_folds folds;
    (void)state;
    st_folds_init(&folds, pool);
    st_sid id = st_pool_put(pool, ST_STR("\xc3\x89t\xc3\xa9"));
    folds.buf.failed = true;
    assert_int_equal(st_folds_get(&folds, id).n, 0);
    assert_true(folds.arena.failed);
    folds.arena.failed = folds.buf.failed = false;
    assert_true(st_str_eq(st_folds_get(&folds, id), ST_STR("\xc3\xa9t\xc3\xa9")));
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

/* grams */

typedef struct found {
    bool needle[16];
} found;

static void note_needle(void *ctx, size_t needle)
{
    ((found *)ctx)->needle[needle] = true;
}

static void grams__needles__are_found_where_they_may_stand(void **state)
{
    (void)state;
    static const st_gram_needle needles[] = {
        { { "net user", 8 }, ST_M_CONTAINS }, { { "net", 3 }, ST_M_STARTS },
        { { "user", 4 }, ST_M_ENDS },         { { "net user", 8 }, ST_M_EQ },
        { { "a", 1 }, ST_M_CONTAINS },        { { "-k", 2 }, ST_M_CONTAINS },
        { { "t us", 4 }, ST_M_HAS },          { { "net users", 9 }, ST_M_CONTAINS },
    };
    static const struct {
        const char *text, *found; /* the numbers of the needles */
    } table[] = {
        { "net user", "01236" },
        { "net users", "0167" },
        { "my net user", "026" },
        { "", "" },
        { "a", "4" },
        { "-k", "5" },
        { "ne", "" },
        { "user", "2" },
        { "xuser", "2" },
        { "net usernet user", "0126" },
        { "abc -k net user x", "0456" },
    };
    st_gram_counts *counts = calloc(1, sizeof *counts);
    st_gram_count(counts, ST_STR("net net net net"));
    st_grams *g = st_grams_new(needles, 8, counts);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        found f = { 0 };
        st_grams_find(g, st_str_of(table[i].text), note_needle, &f);
        for (size_t k = 0; k < 8; k++)
            if (f.needle[k] != (strchr(table[i].found, '0' + (int)k) != NULL))
                fail_msg("%s: needle %zu", table[i].text, k);
    }
    st_grams_free(g);
    free(counts);
}

/* Of needles none of which is shorter than so much, one at each place of texts of every length. */
static void grams__long__needles__are_found_at_every_place(void **state)
{
    (void)state;
    static const char letters[] =
        "where do needles stand in this text, and how often is it looked at";
    st_gram_counts *counts = calloc(1, sizeof *counts);
    st_gram_count(counts, st_str_of(letters));
    for (size_t shortest = 1; shortest <= 12; shortest++) {
        st_gram_needle needles[16];
        for (size_t k = 0; k < 16; k++)
            needles[k] = (st_gram_needle){ { letters + 3 * k, shortest + k % 4 }, ST_M_CONTAINS };
        st_grams *g = st_grams_new(needles, 16, shortest % 2 ? counts : NULL);
        for (size_t from = 0; from < sizeof letters; from++)
            for (size_t to = from; to < sizeof letters; to++) {
                st_str text = { letters + from, to - from };
                found f = { 0 };
                st_grams_find(g, text, note_needle, &f);
                for (size_t k = 0; k < 16; k++)
                    if (f.needle[k] != st_match_text(ST_M_CONTAINS, text, needles[k].text))
                        fail_msg("from %zu to %zu: needle %zu of %zu", from, to, k,
                                 needles[k].text.n);
            }
        st_grams_free(g);
    }
    free(counts);
}

/* numbers and networks */

static void number__texts__compare_as_numbers(void **state)
{
    (void)state;
    static const struct {
        char compare;
        double number;
        const char *text;
        bool holds;
    } table[] = {
        { '=', 16, "16", true },    { '=', 16, "0x10", true }, { '=', 16, "16.0", true },
        { '=', 16, "17", false },   { '=', 16, "x", false },   { '=', 16, "SixTeen", true },
        { '<', 16, "15", true },    { '<', 16, "16", false },  { 'l', 16, "16", true },
        { 'l', 16, "16.5", false }, { '>', 16, "16", false },  { '>', 16, "17", true },
        { 'g', 16, "16", true },    { 'g', 16, "", false },    { '>', 16, "x99", false },
        { '>', -5, "-4", true },    { '=', 0, "nan", false },  { '<', 1, "-inf", false },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        st_pool *pool = st_pool_new();
        st_folds folds;
        st_folds_init(&folds, pool);
        st_err err = { 0 };
        st_pred *p = st_pred_number(table[i].compare, table[i].number, ST_STR("sixteen"), &err);
        st_sid id = st_pool_put(pool, st_str_of(table[i].text));
        if (st_pred_test(p, &folds, id) != table[i].holds)
            fail_msg("row %zu: %s", i, table[i].text);
        st_pred_free(p);
        st_folds_free(&folds);
        st_pool_free(pool);
    }
}

static void network__addresses__are_in_it(void **state)
{
    (void)state;
    static const struct {
        const char *network, *address;
        bool in;
    } table[] = {
        { "10.0.0.0/8", "10.255.255.255", true }, { "10.0.0.0/8", "11.0.0.0", false },
        { "10.1.2.3", "10.1.2.3", true },         { "10.1.2.3", "10.1.2.4", false },
        { "0.0.0.0/0", "255.1.2.3", true },       { "10.128.0.0/9", "10.127.0.1", false },
        { "10.128.0.0/9", "10.200.0.1", true },   { "fe80::/10", "fe80::1", true },
        { "fe80::/10", "fec0::1", false },        { "10.0.0.0/8", "::ffff:10.0.0.1", false },
        { "10.0.0.0/8", "ten", false },           { "10.0.0.0/8", "", false },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        st_network n;
        assert_true(st_network_parse(st_str_of(table[i].network), &n));
        if (st_network_has(&n, st_str_of(table[i].address)) != table[i].in)
            fail_msg("row %zu", i);
    }
    st_network n;
    assert_false(st_network_parse(ST_STR("10.0.0.0/33"), &n));
    assert_false(st_network_parse(ST_STR("fe80::/129"), &n));
    assert_false(st_network_parse(ST_STR("ten/8"), &n));
    assert_false(st_network_parse(ST_STR("10.0.0.0/"), &n));
}

static void literals__pattern__give_what_a_match_needs(void **state)
{
    static const struct {
        const char *pattern, *texts; /* joined by commas; empty: none are known */
    } rows[] = {
        { "abc", "abc" },
        { "ab", "ab" },
        { "a", "" },
        { "a[bc]", "" },
        { "abc?x{2}", "ab" },
        { "(?i)MimiKatz", "mimikatz" },
        { "(foo|barn)", "foo,barn" },
        { "(foo|b)", "" },
        { "x(foo|)y", "" },
        { "procdump[^&|;]*lsass", "procdump" },
        { "(foo|bar|baz)quxx", "quxx" },
        { "abcd?ef", "abc" },
        { "abcd*efgh", "efgh" },
        { "ab{0,2}cde", "cde" },
        { "abc{2}de", "abc" },
        { "abc{x", "abc" },
        { "(abc)?def", "def" },
        { "(abc){0}", "" },
        { "(abc){10}", "abc" },
        { "lsass[.]dmp", "lsass.dmp" },
        { "lsass\\.dmp", "lsass.dmp" },
        { "[a]bcd", "abcd" },
        { "[ab]cde", "cde" },
        { "[^]]abc", "abc" },
        { "abc+d", "abc" },
        { "a\\x62cdef", "" },
        { "abc\\x{6f6f6f}", "" },
        { "\\p{Greek}abc", "" },
        { "\\P{^Lu}abc", "" },
        { "[\\x{6f}\\p{Greek}]abc", "abc" },
        { "[[:alpha:]]abc", "" },
        { "\\b{start}abc", "" },
        { "\\babc", "abc" },
        { "\\Qa.b\\E", "" },
        { "(nc|ncat) -e", " -e" },
        { "(?:abc|(?i:def))", "abc,def" },
        { "(?P<n>abc)", "abc" },
        { "(?x)a bc", "" },
        { "\303\244bcd", "bcd" },
        { "abc\303\244?def", "abc" },
        { "^abc$", "abc" },
        { "a\\d+bcd", "bcd" },
        { "", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        st_arena a = { 0 };
        st_buf b = { 0 };
        st_literals l;
        bool known = st_regex_literals(st_str_of(rows[i].pattern), &a, &l);
        for (size_t k = 0; known && k < l.n; k++) {
            st_buf_str(&b, k ? ST_STR(",") : ST_STR(""));
            st_buf_str(&b, l.v[k]);
        }
        st_buf_char(&b, 0);
        if (strcmp(b.p, rows[i].texts))
            fail_msg("%s: %s", rows[i].pattern, b.p);
        st_buf_free(&b);
        st_arena_free(&a);
    }
}

static void needs__pattern__give_ways_of_a_match(void **state)
{
    static const struct {
        const char *pattern, *ways; /* joined by commas, two texts of one by +; empty: none known */
    } rows[] = {
        { "^", "" },
        { "\\^", "^" },
        { "[\\^\"]", "^,\"" },
        { "[^\"]", "" },
        { "[\"-&]", "" },
        { "[]\"]", "],\"" },
        { "[|\\n]", "|,\n" },
        { "[|\\d]", "" },
        { "[|\\x{5e}]", "" },
        { "[|a]", "" },
        { "[|A]", "" },
        { "[|\303\244]", "" },
        { "[|&]*", "" },
        { "[|&]+", "|,&" },
        { "[|&]{0,2}", "" },
        { "[!#$%&()*+,./:;<=>]", "" },
        { "[a-z]\\^[a-z]|set.*call", "^,call+set" },
        { "^\"([^\"]+)\"", "\"" },
        { "whoami\\s+/[apgu]", "whoami+/" },
        { "(certutil|bits).*(-f|/get)", "certutil+-f,certutil+/get,bits+-f,bits+/get" },
        { "echo.*(echo|<%)", "echo,echo+<%" },
        { "(abc.*de|fg)hi", "hi+abc,hi+fg" },
        { "(abc.*de|fghi)jk", "abc+de,fghi" },
        { "(q|abc)%", "%" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        st_arena a = { 0 };
        st_buf b = { 0 };
        st_needs needs;
        bool known = st_regex_needs(st_str_of(rows[i].pattern), &a, &needs);
        for (size_t k = 0; known && k < needs.n; k++)
            st_buf_fmt(&b, "%s%.*s%s%.*s", k ? "," : "", ST_FMT(needs.v[k].text),
                       needs.v[k].also.n ? "+" : "", ST_FMT(needs.v[k].also));
        st_buf_char(&b, 0);
        if (strcmp(b.p, rows[i].ways))
            fail_msg("%s: %s", rows[i].pattern, b.p);
        st_buf_free(&b);
        st_arena_free(&a);
    }
}

/* Patterns of few letters over texts of few letters. */
static st_str make_pattern(char *to, uint32_t *seed)
{
    static const char *const parts[] = {
        "a",         "b",       "ab",   "aba",      "(a|bab)",
        "(aab|bba)", "b?",      "a*",   "b+",       "[ab]",
        "[.]",       "(abb)?",  "|",    "\\.",      ".",
        "(?i)",      "(?:Bab)", "a{2}", "\303\244", "(ab){0,1}",
        "^",         "[.^]",    "[.%]", "[^.]",     "(ab.*[.]|bb[.])",
        "ba.*aa"
    };
    size_t n = 0;
    for (size_t i = 1 + next(seed) % 6; i-- > 0;) {
        const char *p = parts[next(seed) % (sizeof parts / sizeof *parts)];
        memcpy(to + n, p, strlen(p));
        n += strlen(p);
    }
    return (st_str){ to, n };
}

static void screen__random_patterns_and_texts__rules_out_no_match(void **state)
{
    enum { PATTERNS = 200, TEXTS = 300 };
    uint32_t seed = 77;
    size_t ruled_out = 0;
    st_pool *pool = st_pool_new();
    st_regexes *all = st_regexes_new();
    st_regex *regex[PATTERNS];
    st_folds folds;
    (void)state;
    for (size_t i = 0; i < PATTERNS; i++) {
        char text[128];
        size_t offset;
        st_err err = { 0 };
        while (!(regex[i] = st_regexes_get(all, make_pattern(text, &seed), &offset, &err)))
            err.code = ST_OK;
    }
    st_folds_init(&folds, pool);
    folds.regexes = all;
    for (size_t t = 0; t < TEXTS; t++) {
        char text[64];
        st_str s = make(text, 12, &seed);
        if (s.n && t % 3 == 0)
            text[0] = (char)(text[0] == 'a' ? 'A' : text[0]);
        st_sid id = st_pool_put(pool, s);
        for (size_t i = 0; i < PATTERNS; i++) {
            bool let = st_folds_let(&folds, regex[i], id), matches = st_regex_test(regex[i], s);
            assert_true(let || !matches);
            ruled_out += !let;
        }
    }
    assert_true(ruled_out > PATTERNS * TEXTS / 10);
    for (size_t i = 0; i < PATTERNS; i++)
        st_regex_free(regex[i]);
    st_folds_free(&folds);
    st_regexes_free(all);
    st_pool_free(pool);
}

/* What follows from Rust's and RE2's syntax, where PCRE2 has another. */
static void regex__syntax__is_kustos(void **state)
{
    static const struct {
        const char *pattern, *text;
        int matches; /* -1: refused */
    } rows[] = {
        { "^[[:^alpha:]]$", "1", 1 },
        { "^[[:^alpha:]]$", "a", 0 },
        { "^[[:^alpha:]]$", "\303\244", 1 },
        { "^[[:alpha:]]$", "\303\244", 0 },
        { "^[^[:^digit:]]$", "7", 1 },
        { "^[^[:^digit:]]$", "x", 0 },
        { "^[[:blank:]]$", "\t", 1 },
        { "^[[:blank:]]$", "\n", 0 },
        { "^[[:cntrl:]]$", "\177", 1 },
        { "^[[:cntrl:]]$", " ", 0 },
        { "^[[:^cntrl:]]$", "\037", 0 },
        { "^[[:graph:]]$", "!", 1 },
        { "^[[:graph:]]$", " ", 0 },
        { "^[[:print:]]$", " ", 1 },
        { "^[[:print:]]$", "\177", 0 },
        { "^[[:ascii:]]$", "\177", 1 },
        { "^[[:ascii:]]$", "\303\244", 0 },
        { "^[[:punct:]]+$", "!/:@[`{~", 1 },
        { "^[[:word:]-x]+$", "-x_", 1 },
        { "^[[:word:]-x]+$", "`", 0 },
        { "^[a[bc]d]+$", "abcd", 1 },
        { "^[a[bc]d]+$", "[", 0 },
        { "^[^a[bc]]$", "b", 0 },
        { "^[^a[bc]]$", "d", 1 },
        { "^[a-[b]]+$", "a-b", 1 },
        { "^[[a]-z]+$", "a-z", 1 },
        { "^[[a]-z]+$", "b", 0 },
        { "^[]a]+$", "]a", 1 },
        { "^[^]a]+$", "]", 0 },
        { "^[--9]+$", "-9", 1 },
        { "^[--9]+$", "/", 0 },
        { "[a[^b]]", "", -1 },
        { "[0-9--4]", "", -1 },
        { "[a&&b]", "", -1 },
        { "[[ab]", "", -1 },
        { "^[\\[(]$", "[", 1 },
        { "[[:nope:]]", "", -1 },
        { "^[[=a=]]+$", "a=", 1 },
        { "^[[:a]]+$", "a:", 1 },
        { "^}+$", "}}", 1 },
        { "^{$", "{", 1 },
        { "^a{1,}$", "aaa", 1 },
        { "^a{,2}$", "a{,2}", 1 },
        { "a{2}+", "", -1 },
        { "a++", "", -1 },
        { "^a+?$", "aa", 1 },
        { "(a)(?2)", "", -1 },
        { "(a)(?-1)", "", -1 },
        { "(?R)", "", -1 },
        { "(?n:a)", "", -1 },
        { "^(?u)\303\244$", "\303\244", 1 },
        { "^(?u:a)$", "a", 1 },
        { "^(?x) a [ b ] c $", "abc", 1 },
        { "^(?i-s:A)$", "a", 1 },
        { "^(?P<n>a)$", "a", 1 },
        { "^(?<n>a)$", "a", 1 },
        { "^\\Qa.b*\\E+$", "a.b**", 1 },
        { "^\\Qa.b\\E$", "axb", 0 },
        { "^\\Qa.b", "a.bc", 1 },
        { "[\\Qa\\E]", "", -1 },
        { "\\V", "", -1 },
        { "\\R", "", -1 },
        { "\\07", "", -1 },
        { "\\o{7}", "", -1 },
        { "a\\E", "", -1 },
        { "^\\v$", "\v", 1 },
        { "^\\v$", "\n", 0 },
        { "\\b{start}a\\b{end}", "x a y", 1 },
        { "\\b{start}a\\b{end}", "xa y", 0 },
        { "\\<a\\>", "x a y", 1 },
        { "^\\u0041\\U00000042\\u{43}\\x44\\x{45}$", "ABCDE", 1 },
        { "^f\\x{6f}o$", "foo", 1 },
        { "^[\\x{6f}]$", "o", 1 },
        { "^[\\x{61}-\\x{7A}]+$", "foo", 1 },
        { "^\\x{6f}{2}$", "oo", 1 },
        { "^\\x{1F600}+$", "\360\237\230\200", 1 },
        { "^\\p{L}+$", "f\303\244", 1 },
        { "^\\p{Lu}\\p{Ll}{2}$", "Foo", 1 },
        { "^\\p{Lu}$", "f", 0 },
        { "^\\p{Greek}$", "\316\261", 1 },
        { "^\\p{Greek}$", "a", 0 },
        { "^\\P{Greek}$", "a", 1 },
        { "^\\p{^L}$", "7", 1 },
        { "^\\p{^L}$", "a", 0 },
        { "^\\pL{2}$", "ab", 1 },
        { "^[\\p{Lu}-z]+$", "A-z", 1 },
        { "^[\\p{Lu}-z]+$", "b", 0 },
        { "^[^\\p{Lu}]$", "A", 0 },
        { "a\\x{6f", "", -1 },
        { "a\\x{", "", -1 },
        { "a\\x{}", "", -1 },
        { "a\\x{6g}", "", -1 },
        { "a\\p{L", "", -1 },
        { "[\\p{L]", "", -1 },
        { "a\\p{Nowhere}", "", -1 },
        { "a\\u{6f", "", -1 },
        { "\\xZZ", "", -1 },
        { "\\x4", "", -1 },
        { "\\x{}", "", -1 },
        { "\\x{4Z}", "", -1 },
        { "\\u004", "", -1 },
        { "[\\x4]", "", -1 },
        { "\\x411", "A1", 1 },
        { "(?", "", -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t offset;
        st_err err = { 0 };
        st_regex *r = st_regex_new(st_str_of(rows[i].pattern), &offset, &err);
        int got = !r ? -1 : st_regex_test(r, st_str_of(rows[i].text));
        if (got != rows[i].matches)
            fail_msg("%s over %s: %d (%s)", rows[i].pattern, rows[i].text, got, err.text);
        st_regex_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grams__needles__are_found_where_they_may_stand),
        cmocka_unit_test(grams__long__needles__are_found_at_every_place),
        cmocka_unit_test(number__texts__compare_as_numbers),
        cmocka_unit_test(network__addresses__are_in_it),
        cmocka_unit_test(pred__many_needles__are_as_each_by_itself),
        cmocka_unit_test(regex__syntax__is_kustos),
        cmocka_unit_test(literals__pattern__give_what_a_match_needs),
        cmocka_unit_test(needs__pattern__give_ways_of_a_match),
        cmocka_unit_test(screen__random_patterns_and_texts__rules_out_no_match),
        cmocka_unit_test(pred__text_in_other_case__is_folded_at_any_length),
        cmocka_unit_test(regex__limit_of_one_engine__is_not_the_others),
        cmocka_unit_test(regex__plain_pattern__is_sound),
        cmocka_unit_test(pred__needles__are_folded_sorted_and_each_once),
        cmocka_unit_test(fold__no_memory__is_told_and_not_kept),
        cmocka_unit_test(pred__a_hundred_thousand_needles__take_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
