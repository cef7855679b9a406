/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_base.c - the words everything else is said in. */
#include "base/search.h"
#include "base/radix.h"
#include "base/runs.h"
#include "shelltree/base.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

static void time_sysmon__each_row__parses_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *in, *iso;
    } rows[] = {
        { "2026-01-02 03:04:05.678", "2026-01-02T03:04:05.6780000Z" },
        { "1601-01-01 00:00:00.001", "1601-01-01T00:00:00.0010000Z" },
        { "2024-02-29 23:59:59.999", "2024-02-29T23:59:59.9990000Z" },
        { "9999-12-31 23:59:59.999", "9999-12-31T23:59:59.9990000Z" },
        { "2023-02-29 00:00:00.000", NULL },
        { "2026-01-02T03:04:05.678", NULL },
        { "2026-01-02 03:04:05.67", NULL },
        { "2026-01-02 24:00:00.000", NULL },
        { "-", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_ticks t = 0;
        bool ok = st_time_sysmon(st_str_of(rows[i].in), &t);
        st_buf b = { 0 };
        if (ok)
            st_buf_time_iso(&b, t);
        if (ok != (rows[i].iso != NULL) ||
            (ok && !st_str_eq(st_buf_slice(&b), st_str_of(rows[i].iso))))
            fail_msg("%s: got %.*s", rows[i].in, ST_FMT(st_buf_slice(&b)));
        st_buf_clear(&b);
        st_buf_time_sysmon(&b, t);
        if (ok && !st_str_eq(st_buf_slice(&b), st_str_of(rows[i].in)))
            fail_msg("%s: back as %.*s", rows[i].in, ST_FMT(st_buf_slice(&b)));
        st_buf_free(&b);
    }
}

static void time_iso__zones_and_fractions__give_utc(void **state)
{
    (void)state;
    static const struct {
        const char *in, *iso;
    } rows[] = {
        { "2021-11-19T16:52:33.833733500Z", "2021-11-19T16:52:33.8337335Z" },
        { "2021-11-19T16:52:33Z", "2021-11-19T16:52:33.0000000Z" },
        { "2021-11-19 16:52:33.5", "2021-11-19T16:52:33.5000000Z" },
        { "2021-11-19T16:52:33+02:30", "2021-11-19T14:22:33.0000000Z" },
        { "2021-12-31T23:52:33-01:00", "2022-01-01T00:52:33.0000000Z" },
        { "2021-11-19", "2021-11-19T00:00:00.0000000Z" },
        { "2021-11-19T16:52", NULL },
        { "2021-11-19T16:52:33ZZ", NULL },
        { "2021-13-19", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_ticks t = 0;
        bool ok = st_time_iso(st_str_of(rows[i].in), &t);
        st_buf b = { 0 };
        if (ok)
            st_buf_time_iso(&b, t);
        if (ok != (rows[i].iso != NULL) ||
            (ok && !st_str_eq(st_buf_slice(&b), st_str_of(rows[i].iso))))
            fail_msg("%s: got %.*s", rows[i].in, ST_FMT(st_buf_slice(&b)));
        st_buf_free(&b);
    }
}

static void time_iso_like__after_any_other__the_same(void **state)
{
    (void)state;
    const st_ticks now = UINT64_C(134118002450010000), s = ST_TICKS_SECOND;
    const st_ticks times[] = { now,
                               now + 1,
                               now - 1,
                               now / s * s,
                               now / s * s + s - 1,
                               now / s * s + s,
                               0,
                               now,
                               now + s,
                               1,
                               s - 1,
                               s,
                               ST_TICKS_MAX,
                               now,
                               now - s,
                               ST_TICKS_MAX + 1,
                               now };
    st_second put = { 0 }, got = { 0 };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        st_buf a = { 0 }, b = { 0 };
        st_ticks back = 0;
        st_buf_time_iso(&a, times[i]);
        st_buf_time_iso_like(&b, times[i], &put);
        if (!st_str_eq(st_buf_slice(&a), st_buf_slice(&b)))
            fail_msg("%zu: %.*s", i, ST_FMT(st_buf_slice(&b)));
        assert_int_equal(st_time_iso_like(st_buf_slice(&a), &back, &got), a.n != 0);
        assert_true(!a.n || back == times[i]);
        st_buf_free(&a);
        st_buf_free(&b);
    }
}

static void time_iso_like__nearly_the_last__not_taken_for_it(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "2026-01-02T03:04:05.00000001", "2026-01-02T03:04:05.00000a0Z",
        "2026-01-02T03:04:05.000000",   "2026-01-02T03:04:05.0000000z",
        "2026-01-02T03:04:06.0000000Z", "2026-01-02 03:04:05.0000001Z",
        "2026-01-02T03:04:05.1Z",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        st_second last = { 0 };
        st_ticks t = 0, want = 0;
        assert_true(st_time_iso_like(ST_STR("2026-01-02T03:04:05.1234567Z"), &t, &last));
        t = 0;
        bool ok = st_time_iso(st_str_of(odd[i]), &want);
        assert_int_equal(st_time_iso_like(st_str_of(odd[i]), &t, &last), ok);
        assert_true(!ok || t == want);
    }
}

static void ticks__every_day_of_four_centuries__there_and_back(void **state)
{
    (void)state;
    for (uint64_t day = 0; day < 3068000; day += 1) { /* to the year 9999 */
        st_civil c;
        st_ticks t = day * 86400 * ST_TICKS_SECOND + 1;
        if (!st_ticks_civil(t, &c))
            break;
        assert_true(st_civil_ticks(&c) == t);
    }
}

static void civil__the_edges__are_dates_or_none(void **state)
{
    (void)state;
    static const struct {
        st_civil c;
        bool is;
        int64_t since;
    } rows[] = {
        { { 1, 1, 1, 0, 0, 0, 0 }, true, 0 },
        { { 0, 12, 31, 23, 59, 59, 0 }, false, 0 },
        { { 1601, 1, 1, 0, 0, 0, 0 }, true, ST_TICKS_1601 },
        { { 1900, 2, 29, 0, 0, 0, 0 }, false, 0 },
        { { 2000, 2, 29, 0, 0, 0, 1 }, true, INT64_C(630873792000000001) },
        { { 9999, 12, 31, 23, 59, 59, 9999999 }, true, INT64_C(3155378975999999999) },
        { { 9999, 12, 31, 23, 59, 59, 10000000 }, false, 0 },
        { { 2026, 13, 1, 0, 0, 0, 0 }, false, 0 },
        { { 2026, 1, 1, 24, 0, 0, 0 }, false, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t since = 0;
        st_civil back;
        bool is = st_civil_since(&rows[i].c, &since);
        if (is != rows[i].is || since != rows[i].since)
            fail_msg("row %zu: %d, %lld", i, is, (long long)since);
        if (!is)
            continue;
        st_civil_of(since, &back);
        assert_memory_equal(&back, &rows[i].c, sizeof back);
    }
}

static void str_like__stars_and_question_marks__whatever_they_stand_for(void **state)
{
    (void)state;
    static const struct {
        const char *s, *pattern;
        bool is;
    } rows[] = {
        { "", "", true },
        { "", "*", true },
        { "", "?", false },
        { "a", "", false },
        { "WEB01", "web*", true },
        { "WEB01", "*01", true },
        { "WEB01", "w?b0?", true },
        { "WEB01", "web0", false },
        { "WEB01", "web01?", false },
        { "WEB01", "web01*", true },
        { "aXbXc", "a*x*c", true },
        { "aXbXc", "a*x*d", false },
        { "aaaaaaaab", "a*a*a*c", false },
        { "abcabd", "*abd", true },
        { "a*b", "a?b", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (st_str_like(st_str_of(rows[i].s), st_str_of(rows[i].pattern)) != rows[i].is)
            fail_msg("%s like %s", rows[i].s, rows[i].pattern);
}

static void host_is__full_name_or_first_label__in_any_case(void **state)
{
    (void)state;
    static const struct {
        const char *host, *asked;
        bool is;
    } rows[] = {
        { "web01.corp.example", "WEB*", true },
        { "web01.corp.example", "*.example", true },
        { "web01.corp.example", "db*", false },
        { "web01.corp.example", "WEB01", true },
        { "web01.corp.example", "Web01.Corp.Example", true },
        { "web01", "web01", true },
        { "web01.corp.example", "web01.corp", false },
        { "web01.corp.example", "web0", false },
        { "web01.corp.example", "", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (st_host_is(st_str_of(rows[i].host), st_str_of(rows[i].asked)) != rows[i].is)
            fail_msg("%s asked for as '%s'", rows[i].host, rows[i].asked);
}

static void numbers__where_digits_begin__as_printf(void **state)
{
    (void)state;
    uint64_t ten = 1;
    for (unsigned k = 0; k<64; k++, ten = ten> UINT64_MAX / 10 ? UINT64_MAX : ten * 10) {
        const uint64_t two = UINT64_C(1) << k;
        const uint64_t all[] = { ten - 1, ten, ten + 1, two - 1, two, two + 1 };
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
            char want[64];
            st_buf b = { 0 };
            snprintf(want, sizeof want, "%llu 0x%llx", (unsigned long long)all[i],
                     (unsigned long long)all[i]);
            st_buf_u64(&b, all[i]);
            st_buf_char(&b, ' ');
            st_buf_0x(&b, all[i]);
            if (!st_str_eq(st_buf_slice(&b), st_str_of(want)))
                fail_msg("%.*s is not %s", ST_FMT(st_buf_slice(&b)), want);
            st_buf_free(&b);
        }
    }
}

/* Every byte at each place of a GUID. */
static void guid__each_byte__two_digits(void **state)
{
    static const unsigned char place[16] = { 7,  5,  3,  1,  12, 10, 17, 15,
                                             20, 22, 25, 27, 29, 31, 33, 35 };
    (void)state;
    for (unsigned v = 0; v < 256; v++)
        for (unsigned k = 0; k < 16; k++) {
            char text[ST_GUID_TEXT], digits[3];
            st_guid g = { { 0 } }, back;
            g.b[k] = (unsigned char)v;
            st_guid_put(text, &g);
            snprintf(digits, sizeof digits, "%02X", v);
            assert_memory_equal(text + place[k], digits, 2);
            assert_true(st_guid_parse((st_str){ text, sizeof text }, &back));
            assert_true(st_guid_eq(&g, &back));
        }
}

static void guid__text__there_and_back(void **state)
{
    (void)state;
    st_guid g, h;
    assert_true(st_guid_parse(ST_STR("{365ABB72-7C01-5CC4-0000-00102B3E0C00}"), &g));
    assert_int_equal(g.b[0], 0x72);
    assert_int_equal(g.b[4], 0x01);
    assert_int_equal(g.b[8], 0x00);
    assert_true(st_guid_parse(ST_STR("365abb72-7c01-5cc4-0000-00102b3e0c00"), &h));
    assert_true(st_guid_eq(&g, &h));
    st_buf b = { 0 };
    st_buf_guid(&b, &g);
    assert_true(st_str_eq(st_buf_slice(&b), ST_STR("{365ABB72-7C01-5CC4-0000-00102B3E0C00}")));
    st_buf_free(&b);
    assert_false(st_guid_parse(ST_STR("{365ABB72-7C01-5CC4-0000-00102B3E0C0}"), &h));
    assert_false(st_guid_parse(ST_STR("{365ABB72+7C01-5CC4-0000-00102B3E0C00}"), &h));
}

static void utf16__each_row__becomes_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t n;
        const char *out;
        unsigned replaced;
    } rows[] = {
        { "a\0b\0", 4, "ab", 0 },
        { "a\0b\0c\0d\0e\0f\0g\0h\0i\0", 18, "abcdefghi", 0 },
        { "\xe9\0", 2, "\xc3\xa9", 0 },
        { "\x3d\xd8\x00\xde", 4, "\xf0\x9f\x98\x80", 0 },
        { "\x3d\xd8", 2, "\xef\xbf\xbd", 1 },
        { "\x00\xde\x61\0", 4,
          "\xef\xbf\xbd"
          "a",
          1 },
        { "\x3d\xd8\x61\0", 4,
          "\xef\xbf\xbd"
          "a",
          1 },
        { "\x2e\x20x", 3, "\xe2\x80\xae", 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_buf b = { 0 };
        unsigned r = st_utf16le_put(&b, (const unsigned char *)rows[i].in, rows[i].n);
        if (r != rows[i].replaced || !st_str_eq(st_buf_slice(&b), st_str_of(rows[i].out)))
            fail_msg("row %zu: %.*s, %u replaced", i, ST_FMT(st_buf_slice(&b)), r);
        st_buf_free(&b);
    }
}

static void utf16__text_with_a_mark__is_decoded(void **state)
{
    static const struct {
        st_str in;
        const char *out; /* NULL: there is no mark */
    } rows[] = {
        { { "\xff\xfe"
            "a\0\xe9\0",
            6 },
          "a\xc3\xa9" },
        { { "\xfe\xff\0a\0\xe9", 6 }, "a\xc3\xa9" },
        { { "\xfe\xff\xd8\x3d\xde\x00", 6 }, "\xf0\x9f\x98\x80" },
        { { "\xfe\xff\0a\0", 5 }, "a" },
        { { "\xfe\xff", 2 }, "" },
        { { "\xfe", 1 }, NULL },
        { { "a\0", 2 }, NULL },
        { { "", 0 }, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_buf b = { 0 };
        bool marked = st_utf16_decode(&b, rows[i].in);
        assert_int_equal(marked, rows[i].out != NULL);
        assert_true(st_str_eq(st_buf_slice(&b), st_str_of(marked ? rows[i].out : "")));
        st_buf_free(&b);
    }
}

static void utf8__invalid_bytes__one_at_a_time(void **state)
{
    (void)state;
    static const char *bad[] = { "\x80",         "\xc0\x80",     "\xc3",
                                 "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                 "\xf5",         "\xff",         "\xe2\x82" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t at = 0;
        assert_int_equal(st_utf8_next(st_str_of(bad[i]), &at), UINT32_MAX);
        assert_int_equal(at, 1);
        assert_false(st_utf8_valid(st_str_of(bad[i])));
    }
    assert_true(st_utf8_valid(ST_STR("a\xc3\xa9\xe2\x80\xae\xf0\x9f\x98\x80")));
}

/* Wherever a byte stands among those that are looked at eight at a time. */
static void utf8__long_texts__each_place_is_looked_at(void **state)
{
    (void)state;
    enum { LONG = 26 };
    static const unsigned char other[] = { 0x80, 0xc3, 0xff };
    for (size_t n = 1; n <= LONG; n++)
        for (size_t at = 0; at < n; at++)
            for (size_t i = 0; i < sizeof other; i++) {
                char text[LONG];
                memset(text, 'a', n);
                assert_true(st_utf8_valid((st_str){ text, n }));
                text[at] = (char)other[i];
                if (st_utf8_valid((st_str){ text, n }))
                    fail_msg("byte %02x at %zu of %zu", other[i], at, n);
            }
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Each byte, before and behind each other: none may lend from its neighbour. */
static void plain_run__pairs_of_bytes__end_at_the_first_that_is_not(void **state)
{
    (void)state;
    char text[19];
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            for (size_t at = 0; at + 1 < sizeof text; at += 3) {
                memset(text, '~', sizeof text);
                text[at] = (char)a;
                text[at + 1] = (char)b;
                size_t end = is_plain((unsigned char)a) ? at + 1 : at;
                if (end == at + 1 && is_plain((unsigned char)b))
                    end = sizeof text;
                size_t run = st_plain_run((st_str){ text, sizeof text }, 0);
                if (run != end)
                    fail_msg("%02x %02x at %zu: %zu, not %zu", a, b, at, run, end);
            }
}

static void fold__letters__simple_folding_only(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        { "CMD.EXE", "cmd.exe", true },
        { "\xc3\x89", "\xc3\xa9", true },
        { "\xce\xa3", "\xcf\x82", true }, /* capital sigma, final sigma */
        { "\xc3\x9f", "ss", false },
        { "\xc4\xb1", "i", false }, /* dotless i */
        { "\xc4\xb0", "i", false },
        { "\xe1\xba\x9e", "\xc3\x9f", true },
        { "a", "ab", false },
        { "\xff", "\xff", true },
        { "\xff", "\xfe", false },
        { "K", "\xe2\x84\xaa", true }, /* Kelvin sign */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (st_fold_eq(st_str_of(rows[i].a), st_str_of(rows[i].b)) != rows[i].same)
            fail_msg("row %zu: %s %s", i, rows[i].a, rows[i].b);
    assert_true(st_is_alnum('a') && st_is_alnum('0') && st_is_alnum(0xe9) && st_is_alnum(0x4e00));
    assert_false(st_is_alnum('_') || st_is_alnum(' ') || st_is_alnum(0x301) || st_is_alnum(0x2028));
}

static void pool__many_strings__equal_bytes_equal_ids(void **state)
{
    (void)state;
    st_pool *p = st_pool_new();
    char text[32];
    assert_int_equal(st_pool_put(p, ST_STR("")), ST_EMPTY);
    for (unsigned i = 0; i < 50000; i++) {
        snprintf(text, sizeof text, "k%u", i);
        assert_int_equal(st_pool_put(p, st_str_of(text)), i + 2);
    }
    for (unsigned i = 0; i < 50000; i++) {
        snprintf(text, sizeof text, "k%u", i);
        assert_int_equal(st_pool_put(p, st_str_of(text)), i + 2);
        assert_true(st_str_eq(st_pool_get(p, i + 2), st_str_of(text)));
    }
    st_str nul = { "a\0b", 3 };
    assert_true(st_str_eq(st_pool_get(p, st_pool_put(p, nul)), nul));
    char *large = memset(test_malloc(100000), 'x', 100000);
    st_sid id = st_pool_put(p, (st_str){ large, 100000 });
    assert_int_equal(st_pool_get(p, id).n, 100000);
    test_free(large);
    assert_false(st_pool_failed(p));
    st_pool_free(p);
}

enum { SHARED_THREADS = 4, SHARED_JOBS = 64, SHARED_TEXTS = 600 };

typedef struct sharing {
    st_pool *p;
    st_sid ids[SHARED_JOBS][SHARED_TEXTS];
    bool differs[SHARED_JOBS];
} sharing;

/* Half of each job's texts are those of the job before. */
static void put_shared_job(void *ctx, unsigned thread, size_t job)
{
    sharing *x = ctx;
    (void)thread;
    for (size_t i = 0; i < SHARED_TEXTS; i++) {
        char text[32];
        size_t n = (size_t)snprintf(text, sizeof text, "%zu", job * (SHARED_TEXTS / 2) + i);
        st_sid id = x->ids[job][i] = st_pool_put(x->p, (st_str){ text, n });
        x->differs[job] |= !st_str_eq(st_pool_get(x->p, id), (st_str){ text, n });
    }
}

static void pool__shared_by_threads__equal_bytes_equal_ids(void **state)
{
    (void)state;
    sharing *x = calloc(1, sizeof *x);
    assert_non_null(x);
    x->p = st_pool_new();
    st_sid front = st_pool_put(x->p, ST_STR("7"));
    assert_true(st_pool_share(x->p));
    st_parallel(SHARED_THREADS, SHARED_JOBS, put_shared_job, x);
    assert_int_equal(x->ids[0][7], front);
    for (size_t job = 0; job < SHARED_JOBS; job++) {
        assert_false(x->differs[job]);
        for (size_t i = 0; job && i < SHARED_TEXTS / 2; i++)
            assert_int_equal(x->ids[job][i], x->ids[job - 1][i + SHARED_TEXTS / 2]);
    }
    assert_int_equal(st_pool_count(x->p), 2 + (SHARED_JOBS + 1) * (SHARED_TEXTS / 2));
    assert_false(st_pool_failed(x->p));
    st_pool_free(x->p);
    free(x);
}

static st_str nth_text(char text[32], size_t i)
{
    return (st_str){ text, (size_t)snprintf(text, 32, "text %zu", i) };
}

/* Few texts and many, on one thread and on several, hashed alike and not; half of them are in both.
 */
static void pool__absorbed__each_text_has_one_id(void **state)
{
    (void)state;
    static const size_t counts[] = { 0, 1, 63, 64, 65, 6000 };
    char text[32];
    for (unsigned k = 0; k < 4 * sizeof counts / sizeof counts[0]; k++) {
        size_t n = counts[k / 4];
        st_pool *p = st_pool_new(), *src = k & 1 ? st_pool_new_like(p) : st_pool_new();
        for (size_t i = 0; i < n; i++) {
            st_pool_put(p, nth_text(text, i));
            st_pool_put(src, nth_text(text, n / 2 + i));
        }
        st_sid *map = st_pool_absorb(p, src, k & 2 ? 4 : 1);
        assert_non_null(map);
        assert_int_equal(map[ST_ABSENT], ST_ABSENT);
        assert_int_equal(map[ST_EMPTY], ST_EMPTY);
        assert_int_equal(st_pool_count(p), 2 + n + n / 2);
        for (size_t i = 0; i < n + n / 2; i++) {
            st_sid id = st_pool_put(p, nth_text(text, i));
            if (!st_str_eq(st_pool_get(p, id), nth_text(text, i)) ||
                (i >= n / 2 && map[2 + i - n / 2] != id))
                fail_msg("row %u, text %zu", k, i);
        }
        assert_int_equal(st_pool_count(p), 2 + n + n / 2);
        assert_int_equal(st_pool_count(src), 1);
        free(map);
        st_pool_free(src);
        st_pool_free(p);
    }
}

/* So much of it that blocks grow. */
static void pool__many_megabytes__stay_as_they_were(void **state)
{
    (void)state;
    enum { TEXTS = 3000, LONG = 2000 };
    st_pool *p = st_pool_new();
    char *text = test_malloc(LONG);
    for (unsigned i = 0; i < TEXTS; i++) {
        memset(text, (int)('a' + i % 26), LONG);
        snprintf(text, LONG, "%u", i);
        assert_int_equal(st_pool_put(p, (st_str){ text, LONG - i % 100 }), i + 2);
    }
    assert_true(st_pool_share(p)); /* what comes then lies behind in the open block */
    st_sid last = st_pool_put(p, ST_STR("last"));
    for (unsigned i = 0; i < TEXTS; i++) {
        memset(text, (int)('a' + i % 26), LONG);
        snprintf(text, LONG, "%u", i);
        assert_true(st_str_eq(st_pool_get(p, i + 2), (st_str){ text, LONG - i % 100 }));
    }
    assert_true(st_str_eq(st_pool_get(p, last), ST_STR("last")));
    test_free(text);
    st_pool_free(p);
}

static void pool__put_in_steps__is_what_one_step_does(void **state)
{
    (void)state;
    st_pool *p = st_pool_new();
    for (size_t i = 0; i < 5000; i++) {
        char text[32];
        st_str s = nth_text(text, i % 3000);
        uint32_t hash = st_pool_hash(p, s);
        st_pool_near(p, hash);
        st_sid id = st_pool_put_hashed(p, s, hash);
        assert_int_equal(id, 2 + i % 3000);
        assert_int_equal(st_pool_put(p, s), id);
    }
    st_pool_free(p);
}

/* Whatever was there before. */
static void arena__what_was_asked_for_zeroed__is(void **state)
{
    (void)state;
    static const char zeros[3000];
    for (unsigned turn = 0; turn < 4; turn++) {
        st_arena a = { 0 };
        for (size_t n = 1; n < sizeof zeros; n += 97) {
            unsigned char *room = st_arena_room(&a, n), *clean = st_arena_alloc(&a, 1, n);
            assert_int_equal((uintptr_t)room % _Alignof(max_align_t), 0);
            assert_int_equal((uintptr_t)clean % _Alignof(max_align_t), 0);
            assert_memory_equal(clean, zeros, n);
            memset(room, 0xaa, n);
            memset(clean, 0xaa, n);
        }
        st_arena_free(&a);
        assert_null(st_arena_room(&a, SIZE_MAX));
        assert_true(a.failed);
    }
}

static void str__cut_and_numbers__each_row(void **state)
{
    (void)state;
    st_str rest = ST_STR("a,,b"), part;
    assert_true(st_str_cut(&rest, ',', &part) && st_str_eq(part, ST_STR("a")));
    assert_true(st_str_cut(&rest, ',', &part) && part.n == 0);
    assert_true(st_str_cut(&rest, ',', &part) && st_str_eq(part, ST_STR("b")));
    assert_false(st_str_cut(&rest, ',', &part));
    uint64_t v;
    assert_true(st_str_u64(ST_STR("18446744073709551615"), &v) && v == UINT64_MAX);
    assert_false(st_str_u64(ST_STR("18446744073709551616"), &v));
    assert_false(st_str_u64(ST_STR(""), &v));
    assert_false(st_str_u64(ST_STR("1x"), &v));
    assert_true(st_str_u64_any(ST_STR("0x3e7"), &v) && v == 999);
    assert_true(st_str_u64_any(ST_STR("0xFFFFFFFFFFFFFFFF"), &v) && v == UINT64_MAX);
    assert_false(st_str_u64_any(ST_STR("0x1FFFFFFFFFFFFFFFF"), &v));
    assert_true(st_str_eq(st_str_basename(ST_STR("C:\\a\\b.exe")), ST_STR("b.exe")));
    assert_true(st_str_eq(st_str_basename(ST_STR("/usr/bin/id")), ST_STR("id")));
    assert_true(st_str_eq(st_str_basename(ST_STR("x")), ST_STR("x")));
}

static void fail__second_cause__first_stays(void **state)
{
    (void)state;
    st_err e = { 0 };
    assert_int_equal(st_fail(&e, ST_E_IO, "first %d", 1), ST_E_IO);
    assert_int_equal(st_fail(&e, ST_E_RULE, "second"), ST_E_IO);
    assert_string_equal(e.text, "first 1");
}

static void sha__known_answers__hold(void **state)
{
    (void)state;
    unsigned char d[32], s[20];
    st_buf b = { 0 };
    st_sha256("abc", 3, d);
    st_buf_hex(&b, d, 4, false);
    assert_true(st_str_eq(st_buf_slice(&b), ST_STR("ba7816bf")));
    st_sha1("abc", 3, s);
    st_buf_clear(&b);
    st_buf_hex(&b, s, 4, true);
    assert_true(st_str_eq(st_buf_slice(&b), ST_STR("A9993E36")));
    st_sha256_stream *t = st_sha256_new();
    unsigned char e[32];
    st_sha256_add(t, "a", 1);
    st_sha256_add(t, "bc", 2);
    st_sha256_end(t, e);
    assert_memory_equal(d, e, 32);
    st_digester *many = st_digester_new();
    assert_non_null(many);
    for (int i = 0; i < 2; i++) {
        memset(e, 0, sizeof e);
        st_digester_sha256(many, "abc", 3, e);
        assert_memory_equal(d, e, 32);
    }
    memset(e, 0, sizeof e);
    st_digester_sha256(NULL, "abc", 3, e);
    assert_memory_equal(d, e, 32);
    st_digester_free(many);
    st_digester_free(NULL);
    st_buf_free(&b);
}

/* Asks for a digest in one of the ways; does it come with a configuration that forbids it? */
static bool comes(char way)
{
    static const unsigned char none[32];
    unsigned char d[32] = { 0 };
    st_digester *many = way == 'd' ? st_digester_new() : NULL;
    st_sha256_stream *t = way == 's' ? st_sha256_new() : NULL;
    if (t)
        st_sha256_end(t, d);
    else if (many)
        st_digester_sha256(many, "", 0, d);
    else if (way == '2')
        st_sha256("", 0, d);
    else if (way == '1')
        st_sha1("", 0, d);
    st_digester_free(many);
    bool first = way == '5' || memcmp(d, none, sizeof d) != 0;
    memset(d, 0, sizeof d);
    st_md5("", 0, d);
    return first && memcmp(d, none, sizeof d) != 0;
}

/* The first test of all: whoever asks OpenSSL first decides what it reads. */
static void digests__system_forbids_them__come_whoever_asks_first(void **state)
{
    (void)state;
    char path[] = "/tmp/test_base.XXXXXX";
    const char text[] = "openssl_conf = all\n[all]\nalg_section = some\n"
                        "[some]\ndefault_properties = fips=yes\n";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1);
    close(fd);
    for (const char *way = "d215s"; *way; way++) {
        int status = 0;
        pid_t child = fork();
        if (!child)
            _exit(setenv("OPENSSL_CONF", path, 1) == 0 && comes(*way) ? 0 : 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status)
            fail_msg("%c: %d", *way, status);
    }
    unlink(path);
}

static void count_job(void *ctx, unsigned thread, size_t job)
{
    (void)thread;
    unsigned char *seen = ctx;
    seen[job]++;
}

static void parallel__each_job__runs_once(void **state)
{
    (void)state;
    for (unsigned threads = 0; threads < 9; threads += 4) {
        unsigned char seen[1000] = { 0 };
        st_parallel(threads, sizeof seen, count_job, seen);
        for (size_t i = 0; i < sizeof seen; i++)
            assert_int_equal(seen[i], 1);
        st_parallel(threads, 0, count_job, seen);
    }
}

typedef struct ordered {
    unsigned char made[1000];
    size_t next;
    bool sound;
} ordered;

static void make_job(void *ctx, unsigned thread, size_t job)
{
    (void)thread;
    ordered *o = ctx;
    o->made[job]++;
}

static void put_job(void *ctx, unsigned thread, size_t job)
{
    (void)thread;
    ordered *o = ctx;
    o->sound &= o->next++ == job && o->made[job] == 1;
}

typedef void (*half)(void *ctx, unsigned thread, size_t job);

static void second_halves_rise(void (*parallel)(unsigned, size_t, half, half, void *), half make,
                               half put)
{
    for (unsigned threads = 0; threads < 9; threads += 4) {
        ordered o = { .sound = true };
        parallel(threads, sizeof o.made, make, put, &o);
        assert_int_equal(o.next, sizeof o.made);
        assert_true(o.sound);
        parallel(threads, 0, make_job, put_job, &o);
        assert_int_equal(o.next, sizeof o.made);
    }
}

static void parallel_in_order__second_halves__rise_by_one(void **state)
{
    (void)state;
    second_halves_rise(st_parallel_in_order, make_job, put_job);
}

/* Some take longer, so that others are ready long before their turn. */
static void make_uneven_job(void *ctx, unsigned thread, size_t job)
{
    for (volatile unsigned i = 0; job % 100 == 1 && i < 100000; i++)
        ;
    make_job(ctx, thread, job);
}

/* Takes long enough that another thread's would begin meanwhile, if it could. */
static void put_slow_job(void *ctx, unsigned thread, size_t job)
{
    ordered *o = ctx;
    for (volatile unsigned i = 0; i < 20000; i++)
        ;
    put_job(ctx, thread, job);
    o->sound &= o->next == job + 1;
}

static void parallel_collect__second_halves__rise_by_one(void **state)
{
    (void)state;
    second_halves_rise(st_parallel_collect, make_uneven_job, put_slow_job);
}

static void time_typed__usual_spellings__are_read(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want; /* NULL: no time */
    } rows[] = {
        { "2026-01-02", "2026-01-02T00:00:00.0000000Z" },
        { "2026/01/02", "2026-01-02T00:00:00.0000000Z" },
        { "20260102", "2026-01-02T00:00:00.0000000Z" },
        { "2026-01-02 03:05", "2026-01-02T03:05:00.0000000Z" },
        { "2026-01-02T03:05", "2026-01-02T03:05:00.0000000Z" },
        { "2026-01-02t03:05z", "2026-01-02T03:05:00.0000000Z" },
        { " 2026-01-02 03:05:06 UTC ", "2026-01-02T03:05:06.0000000Z" },
        { "2026-01-02 03:05:06.5", "2026-01-02T03:05:06.5000000Z" },
        { "2026-01-02 03:05:06,123", "2026-01-02T03:05:06.1230000Z" },
        { "2026-01-02T03:05+01:00", "2026-01-02T02:05:00.0000000Z" },
        { "2026-01-02T03:05:00-0530", "2026-01-02T08:35:00.0000000Z" },
        { "2026-01-02 03:05 +01", "2026-01-02T02:05:00.0000000Z" },
        { "20260102T030506Z", "2026-01-02T03:05:06.0000000Z" },
        { "1767323106", "2026-01-02T03:05:06.0000000Z" },
        { "@1767323106", "2026-01-02T03:05:06.0000000Z" },
        { "1767323106789", "2026-01-02T03:05:06.7890000Z" },
        { "", NULL },
        { "2026", NULL },
        { "yesterday", NULL },
        { "01/02/2026", NULL },
        { "2026-13-01", NULL },
        { "2026-01/02", NULL },
        { "2026-01-02 3:05", NULL },
        { "2026-01-02 03:05:", NULL },
        { "2026-01-02 03:05 CET", NULL },
        { "2026-01-02 03:05:06.5x", NULL },
        { "2026-01-02 24:00", NULL },
        { "@", NULL },
        { "@99999999999999999999", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_buf b = { 0 };
        st_ticks t = 0;
        bool ok = st_time_typed(st_str_of(rows[i].in), &t);
        if (ok)
            st_buf_time_iso(&b, t);
        if (ok != (rows[i].want != NULL) ||
            (ok && !st_str_eq(st_buf_slice(&b), st_str_of(rows[i].want))))
            fail_msg("%s: %.*s", rows[i].in, ST_FMT(st_buf_slice(&b)));
        st_buf_free(&b);
    }
}

static void cp_hidden_and_width__each_kind(void **state)
{
    (void)state;
    static const struct {
        uint32_t cp;
        bool hidden;
        unsigned width;
    } rows[] = {
        { 'a', false, 1 },     { 0x7f, false, 1 },    { 0x80, true, 1 },    { 0x9f, true, 1 },
        { 0xa0, false, 1 },    { 0xad, true, 1 },     { 0xae, false, 1 },   { 0x34f, true, 0 },
        { 0x300, false, 0 },   { 0x600, true, 1 },    { 0x605, true, 1 },   { 0x606, false, 1 },
        { 0x180e, true, 1 },   { 0x200a, false, 1 },  { 0x200b, true, 1 },  { 0x200f, true, 1 },
        { 0x2010, false, 1 },  { 0x2028, true, 1 },   { 0x202e, true, 1 },  { 0x202f, false, 1 },
        { 0x2060, true, 1 },   { 0x206f, true, 1 },   { 0x2070, false, 1 }, { 0x3164, true, 1 },
        { 0x24ff, false, 1 },  { 0x2500, false, 1 },  { 0x257f, false, 1 }, { 0x25fd, false, 2 },
        { 0x34e, false, 0 },   { 0x2ff, false, 1 },   { 0x4e2d, false, 2 }, { 0xd55c, false, 2 },
        { 0xfdd0, true, 1 },   { 0xfe0f, true, 0 },   { 0xfeff, true, 1 },  { 0xff01, false, 2 },
        { 0xfffb, true, 1 },   { 0xfffc, false, 1 },  { 0xfffd, false, 1 }, { 0xfffe, true, 1 },
        { 0x110bd, true, 1 },  { 0x1d173, true, 1 },  { 0x1d17a, true, 1 }, { 0x1f600, false, 2 },
        { 0x1f680, false, 2 }, { 0xe0001, true, 1 },  { 0xe007f, true, 1 }, { 0xe0fff, true, 1 },
        { 0xe1000, false, 1 }, { 0x10ffff, true, 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (st_cp_hidden(rows[i].cp) != rows[i].hidden || st_cp_width(rows[i].cp) != rows[i].width)
            fail_msg("U+%04X: %d, %u", (unsigned)rows[i].cp, st_cp_hidden(rows[i].cp),
                     st_cp_width(rows[i].cp));
}

static bool smaller(const void *item, const void *key)
{
    const int *a = item, *b = key;
    return *a < *b;
}

static void search__lower_bound__first_that_is_not_before(void **state)
{
    static const int items[] = { 1, 3, 3, 3, 7 };
    static const struct {
        size_t n;
        int key;
        size_t at;
    } rows[] = { { 0, 3, 0 }, { 5, 0, 0 }, { 5, 1, 0 }, { 5, 2, 1 }, { 5, 3, 1 },
                 { 5, 4, 4 }, { 5, 7, 4 }, { 5, 8, 5 }, { 1, 1, 0 }, { 1, 2, 1 } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(st_lower_bound(items, rows[i].n, sizeof *items, &rows[i].key, smaller),
                         rows[i].at);
}

typedef struct squares {
    uint64_t key;
} squares;

static bool is_square(const void *ctx, uint32_t item)
{
    const squares *s = ctx;
    return (uint64_t)item * item == s->key;
}

/* All in one place, so that each is found behind the others. */
static uint64_t same_hash(const void *ctx, uint32_t item)
{
    (void)ctx;
    (void)item;
    return 5;
}

static void search__slots__hold_two_thirds_and_find_each(void **state)
{
    st_slots s = { 0 };
    squares k = { 0 };
    (void)state;
    assert_int_equal(st_slots_find(&s, 5, is_square, &k), ST_NO_SLOT);
    assert_false(st_slots_room(&s, 0));
    uint32_t *at = calloc(8, sizeof *at);
    assert_non_null(at);
    st_slots_move(&s, at, 8, 5, same_hash, NULL);
    for (uint32_t i = 0; i < 5; i++) {
        k.key = (uint64_t)i * i;
        assert_int_equal(st_slots_find(&s, 5, is_square, &k), i);
    }
    k.key = 2;
    assert_int_equal(st_slots_find(&s, 5, is_square, &k), ST_NO_SLOT);
    assert_int_equal(s.at[st_slots_probe(&s, 5, is_square, &k)], 0);
    assert_true(st_slots_room(&s, 4));
    assert_false(st_slots_room(&s, 5));
    free(at);
}

/* order by numbers */

static void radix_sort__any_number_of_items__in_order_and_stable(void **state)
{
    (void)state;
    static const size_t counts[] = { 0, 1, 2, 64, 65, 2048, 5000 };
    static const uint64_t masks[] = { 0,     1,        0xff,       0x7ff,
                                      0x800, 0xffffff, UINT64_MAX, UINT64_C(1) << 63 };
    uint64_t random = 1;
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
        for (size_t m = 0; m < sizeof masks / sizeof masks[0]; m++) {
            size_t n = counts[c];
            st_keyed *v = calloc(n + 1, sizeof *v);
            uint64_t sum = 0;
            for (size_t i = 0; i < n; i++) {
                random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
                v[i] = (st_keyed){ (random ^ random >> 31) & masks[m], (uint32_t)i };
                sum += v[i].key;
            }
            assert_true(st_radix_sort(v, n));
            for (size_t i = 0; i < n; i++) {
                sum -= v[i].key;
                if (i && (v[i - 1].key > v[i].key ||
                          (v[i - 1].key == v[i].key && v[i - 1].item >= v[i].item)))
                    fail_msg("%zu items, mask %zu: at %zu", n, m, i);
            }
            assert_true(sum == 0);
            free(v);
        }
}

/* One more than are merged, too. */
static void radix_sort__sorted_runs_behind_each_other__in_order_and_stable(void **state)
{
    (void)state;
    for (size_t runs = 1; runs <= 9; runs++)
        for (size_t n = 100; n < 110; n++) {
            st_keyed v[110];
            for (size_t i = 0; i < n; i++) /* keys of neighbours and of runs meet */
                v[i] = (st_keyed){ (i % ((n + runs - 1) / runs)) / 3, (uint32_t)i };
            assert_true(st_radix_sort(v, n));
            for (size_t i = 1; i < n; i++)
                if (v[i - 1].key > v[i].key ||
                    (v[i - 1].key == v[i].key && v[i - 1].item >= v[i].item))
                    fail_msg("%zu items, %zu runs: at %zu", n, runs, i);
        }
}

static int by_tens(const void *pa, const void *pb, void *ctx)
{
    const unsigned *a = pa, *b = pb;
    (void)ctx;
    return *a / 10 < *b / 10 ? -1 : *a / 10 > *b / 10;
}

static void runs_sort__few_or_many__in_order_or_left_alone(void **state)
{
    (void)state;
    enum { N = 70 };
    for (unsigned runs = 0; runs <= ST_RUNS + 1; runs++) {
        unsigned v[N], n = runs ? N : 0, length = runs ? (N + runs - 1) / runs : 1;
        for (unsigned i = 0; i < n; i++) /* tens rise in each run; the unit says which run it is */
            v[i] = (i % length + 1) * 10 + i / length;
        bool few = runs <= ST_RUNS;
        assert_int_equal(st_runs_sort(v, n, sizeof *v, by_tens, NULL), few);
        for (unsigned i = 0; i < n; i++)
            if (few ? i && v[i - 1] >= v[i] : v[i] != (i % length + 1) * 10 + i / length)
                fail_msg("%u runs: %u at %u", runs, v[i], i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests__system_forbids_them__come_whoever_asks_first),
        cmocka_unit_test(radix_sort__any_number_of_items__in_order_and_stable),
        cmocka_unit_test(radix_sort__sorted_runs_behind_each_other__in_order_and_stable),
        cmocka_unit_test(runs_sort__few_or_many__in_order_or_left_alone),
        cmocka_unit_test(time_typed__usual_spellings__are_read),
        cmocka_unit_test(cp_hidden_and_width__each_kind),
        cmocka_unit_test(search__lower_bound__first_that_is_not_before),
        cmocka_unit_test(search__slots__hold_two_thirds_and_find_each),
        cmocka_unit_test(time_sysmon__each_row__parses_or_not),
        cmocka_unit_test(time_iso__zones_and_fractions__give_utc),
        cmocka_unit_test(time_iso_like__after_any_other__the_same),
        cmocka_unit_test(time_iso_like__nearly_the_last__not_taken_for_it),
        cmocka_unit_test(ticks__every_day_of_four_centuries__there_and_back),
        cmocka_unit_test(civil__the_edges__are_dates_or_none),
        cmocka_unit_test(str_like__stars_and_question_marks__whatever_they_stand_for),
        cmocka_unit_test(host_is__full_name_or_first_label__in_any_case),
        cmocka_unit_test(numbers__where_digits_begin__as_printf),
        cmocka_unit_test(guid__each_byte__two_digits),
        cmocka_unit_test(guid__text__there_and_back),
        cmocka_unit_test(utf16__each_row__becomes_utf8),
        cmocka_unit_test(utf16__text_with_a_mark__is_decoded),
        cmocka_unit_test(utf8__invalid_bytes__one_at_a_time),
        cmocka_unit_test(utf8__long_texts__each_place_is_looked_at),
        cmocka_unit_test(plain_run__pairs_of_bytes__end_at_the_first_that_is_not),
        cmocka_unit_test(fold__letters__simple_folding_only),
        cmocka_unit_test(pool__many_strings__equal_bytes_equal_ids),
        cmocka_unit_test(pool__shared_by_threads__equal_bytes_equal_ids),
        cmocka_unit_test(pool__absorbed__each_text_has_one_id),
        cmocka_unit_test(pool__many_megabytes__stay_as_they_were),
        cmocka_unit_test(pool__put_in_steps__is_what_one_step_does),
        cmocka_unit_test(arena__what_was_asked_for_zeroed__is),
        cmocka_unit_test(str__cut_and_numbers__each_row),
        cmocka_unit_test(fail__second_cause__first_stays),
        cmocka_unit_test(sha__known_answers__hold),
        cmocka_unit_test(parallel__each_job__runs_once),
        cmocka_unit_test(parallel_in_order__second_halves__rise_by_one),
        cmocka_unit_test(parallel_collect__second_halves__rise_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
