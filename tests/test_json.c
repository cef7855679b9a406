/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_json.c - JSON read step by step, whole and in pieces of a byte; JSON written. */
#include "shelltree/json.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Steps as a line: brackets as they are, k: names, t: texts, n: numbers, T F N, "." the end, "!"
 * and the place of what is wrong. "~" marks a cut text, "?" a lossy one. */
static void put_step(st_buf *b, const st_json *j, st_j step)
{
    static const char marks[] = {
        [ST_J_END] = '.',        [ST_J_BAD] = '!',   [ST_J_OBJECT] = '{', [ST_J_ARRAY] = '[',
        [ST_J_OBJECT_END] = '}', [ST_J_KEY] = 'k',   [ST_J_TEXT] = 't',   [ST_J_NUMBER] = 'n',
        [ST_J_TRUE] = 'T',       [ST_J_FALSE] = 'F', [ST_J_NULL] = 'N',   [ST_J_ARRAY_END] = ']'
    };
    st_buf_char(b, marks[step]);
    if (step == ST_J_KEY || step == ST_J_TEXT || step == ST_J_NUMBER)
        st_buf_fmt(b, ":%.*s%s%s ", ST_FMT(j->text), j->cut ? "~" : "", j->lossy ? "?" : "");
    if (step == ST_J_BAD)
        st_buf_fmt(b, "%llu", (unsigned long long)j->offset);
}

typedef struct feed {
    st_str left;
    size_t piece;
} feed;

static size_t give(void *ctx, char *to, size_t n)
{
    feed *f = ctx;
    size_t take = f->left.n < f->piece ? f->left.n : f->piece;
    take = take < n ? take : n;
    memcpy(to, f->left.p, take);
    f->left.p += take;
    f->left.n -= take;
    return take;
}

typedef struct how {
    st_json_shape shape;
    size_t max_text;
    bool loose, controls;
} how;

/* piece 0: from memory. The caller frees. */
static char *trace(st_str s, how h, size_t piece)
{
    st_json j;
    feed f = { s, piece };
    st_buf b = { 0 };
    if (piece)
        st_json_open(&j, h.shape, give, &f);
    else
        st_json_open_text(&j, h.shape, s);
    if (h.max_text)
        j.max_text = h.max_text;
    j.loose_numbers = h.loose;
    j.controls = h.controls;
    for (st_j step = ST_J_NULL; step != ST_J_END;) {
        step = st_json_next(&j);
        put_step(&b, &j, step);
        if (step == ST_J_BAD && (h.shape != ST_JSON_LINES || !st_json_resync(&j)))
            break;
    }
    st_json_close(&j);
    st_buf_char(&b, 0);
    assert_false(b.failed);
    return b.p;
}

static void expect(st_str in, how h, const char *want)
{
    static const size_t pieces[] = { 0, 1, 2, 7, 100000 };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        char *got = trace(in, h, pieces[i]);
        if (strcmp(got, want) != 0)
            fail_msg("%.*s in pieces of %zu: got %s, want %s", ST_FMT(in), pieces[i], got, want);
        free(got);
    }
}

typedef struct row {
    st_str in;
    const char *want;
} row;

static void read__one_value__step_by_step(void **state)
{
    (void)state;
    static const row rows[] = {
        { ST_STR("{\"a\":[1,-2.5e+3,\"x\"],\"b\":{}}"), "{k:a [n:1 n:-2.5e+3 t:x ]k:b {}}." },
        { ST_STR(" [ ] "), "[]." },
        { ST_STR("\xef\xbb\xbftrue\n"), "T." },
        { ST_STR("[true,false,null]"), "[TFN]." },
        { ST_STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\""), "t:\"\\/\b\f\n\r\tA ." },
        { ST_STR("\"\\ud83d\\ude00\""), "t:\xf0\x9f\x98\x80 ." },
        { ST_STR("\"\\ud83d\""), "t:\xef\xbf\xbd? ." },
        { ST_STR("\"\\ud83d\\n\\ud83d\\ud83d\\ude00\""),
          "t:\xef\xbf\xbd\n\xef\xbf\xbd\xf0\x9f\x98\x80? ." },
        { ST_STR("\"\\ude00x\""), "t:\xef\xbf\xbdx? ." },
        { ST_STR("\"a\xff\x62\""), "t:a\xef\xbf\xbd"
                                   "b? ." },
        { ST_STR("\"\xc3\xa9\""), "t:\xc3\xa9 ." },
        { ST_STR("0"), "n:0 ." },
        { ST_STR(""), "!0" },
        { ST_STR("{"), "{!1" },
        { ST_STR("[1 2]"), "[n:1 !3" },
        { ST_STR("{\"a\"}"), "{k:a !4" },
        { ST_STR("{1:2}"), "{!1" },
        { ST_STR("[1]]"), "[n:1 ]!3" },
        { ST_STR("[1,]"), "[n:1 !3" },
        { ST_STR("{\"a\":1,}"), "{k:a n:1 !7" },
        { ST_STR("[,]"), "[!1" },
        { ST_STR("[}"), "[!1" },
        { ST_STR("{\"a\":}"), "{k:a !5" },
        { ST_STR("01"), "!2" },
        { ST_STR("1."), "!2" },
        { ST_STR("--1"), "!3" },
        { ST_STR("+1"), "!2" },
        { ST_STR("nul"), "!3" },
        { ST_STR("nule"), "!3" },
        { ST_STR("\"a"), "!2" },
        { ST_STR("\"\\q\""), "!2" },
        { ST_STR("\"\\u12\""), "!5" },
        { ST_STR("1 2"), "n:1 !2" },
        { ST_STR("\"\n\""), "!1" },
        { ST_STR("\"\0\""), "!1" },
        { ST_STR("\0"), "!0" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect(rows[i].in, (how){ 0 }, rows[i].want);
}

static void read__many__until_the_end(void **state)
{
    (void)state;
    how many = { .shape = ST_JSON_MANY };
    expect(ST_STR("1 2\n{\n}[]\"x\" "), many, "n:1 n:2 {}[]t:x .");
    expect(ST_STR(""), many, ".");
    expect(ST_STR("{}x"), many, "{}!2");
}

static void read__lines__a_bad_line_costs_itself(void **state)
{
    (void)state;
    how lines = { .shape = ST_JSON_LINES };
    expect(ST_STR("{\"a\":1}\n\n {\"b\":2}\r\n"), lines, "{k:a n:1 }{k:b n:2 }.");
    expect(ST_STR("{\"a\":1\n{\"b\":2}\n"), lines, "{k:a n:1 !6{k:b n:2 }.");
    expect(ST_STR("{\"a\n[1]\n"), lines, "{!3[n:1 ].");
    expect(ST_STR("{} {}\n[]\n"), lines, "{}!3[].");
    expect(ST_STR("\0\0\n[]"), lines, "!0[].");
    expect(ST_STR("{\"a\":"), lines, "{k:a !5");
}

static void read__options__let_more_through(void **state)
{
    (void)state;
    expect(ST_STR("[+1,.5,007,1.]"), (how){ .loose = true }, "[n:+1 n:.5 n:007 n:1. ].");
    expect(ST_STR("\"a\tb\nc\""), (how){ .controls = true }, "t:a\tb\nc .");
    expect(ST_STR("\"a\tb\nc\"\n1"), (how){ .shape = ST_JSON_LINES, .controls = true },
           "!4!5n:1 .");
}

/* At the bound all is there; one more is cut, never within a character. */
static void read__long_text__cut_at_the_bound(void **state)
{
    (void)state;
    how four = { .max_text = 4 };
    expect(ST_STR("[\"abcd\",\"abcde\"]"), four, "[t:abcd t:abcd~ ].");
    expect(ST_STR("[\"a\\u0062cd\",\"ab\\ncde\"]"), four, "[t:abcd t:ab\nc~ ].");
    expect(ST_STR("[\"ab\xc3\xa9\",\"abc\xc3\xa9\"]"), four, "[t:ab\xc3\xa9 t:abc~ ].");
    expect(ST_STR("[\"abc\\u00e9\"]"), four, "[t:abc~ ].");
}

static void read__brackets__as_deep_as_allowed(void **state)
{
    (void)state;
    for (unsigned n = ST_MAX_JSON_DEPTH; n <= ST_MAX_JSON_DEPTH + 1; n++) {
        st_buf b = { 0 };
        st_json j;
        st_j step;
        for (unsigned i = 0; i < n; i++)
            st_buf_str(&b, i % 2 ? ST_STR("[") : ST_STR("{\"k\":"));
        for (unsigned i = n; i-- > 0;)
            st_buf_char(&b, i % 2 ? ']' : '}');
        /* the innermost is an array, or an object that lacks its value */
        st_json_open_text(&j, ST_JSON_ONE, st_buf_slice(&b));
        while ((step = st_json_next(&j)) != ST_J_END && step != ST_J_BAD)
            ;
        assert_int_equal(step, n == ST_MAX_JSON_DEPTH ? ST_J_END : ST_J_BAD);
        if (step == ST_J_BAD)
            assert_string_equal(j.why, "brackets too deep inside one another");
        st_json_close(&j);
        st_buf_free(&b);
    }
}

static void read__long_number__bounded(void **state)
{
    (void)state;
    char digits[ST_MAX_JSON_NUMBER + 1];
    memset(digits, '7', sizeof digits);
    for (size_t n = ST_MAX_JSON_NUMBER; n <= ST_MAX_JSON_NUMBER + 1; n++) {
        st_json j;
        st_json_open_text(&j, ST_JSON_ONE, (st_str){ digits, n });
        assert_int_equal(st_json_next(&j), n == ST_MAX_JSON_NUMBER ? ST_J_NUMBER : ST_J_BAD);
        st_json_close(&j);
    }
}

static void skip__what_was_begun__is_passed_over(void **state)
{
    (void)state;
    st_json j;
    st_json_open_text(&j, ST_JSON_MANY,
                      ST_STR("{\"a\":{\"x\":[1,{}]},\"b\":\"text\",\"c\":[2],\"d\":3}{\"e\":[}"));
    assert_int_equal(st_json_next(&j), ST_J_OBJECT);
    for (const char *name = "abc"; *name; name++) {
        assert_int_equal(st_json_next(&j), ST_J_KEY);
        assert_int_equal(j.text.p[0], *name);
        assert_true(st_json_skip(&j));
    }
    assert_int_equal(st_json_next(&j), ST_J_KEY);
    assert_int_equal(st_json_next(&j), ST_J_NUMBER);
    assert_int_equal(st_json_next(&j), ST_J_OBJECT_END);
    assert_int_equal(st_json_next(&j), ST_J_OBJECT);
    assert_false(st_json_skip(&j));
    assert_int_equal(st_json_next(&j), ST_J_BAD);
    st_json_close(&j);
    st_json_open_text(&j, ST_JSON_ONE, ST_STR("[[1,2],[3]]"));
    assert_int_equal(st_json_next(&j), ST_J_ARRAY);
    assert_int_equal(st_json_next(&j), ST_J_ARRAY);
    assert_true(st_json_skip(&j));
    assert_int_equal(j.depth, 1);
    assert_int_equal(st_json_next(&j), ST_J_ARRAY);
    st_json_close(&j);
}

static void write__each_kind__reads_back(void **state)
{
    (void)state;
    st_buf b = { 0 };
    bool more = false;
    const st_str list[] = { ST_STR("p"), ST_STR("q\"") };
    st_buf_char(&b, '{');
    st_json_text(&b, &more, "t", ST_STR("a\x01\xe2\x80\xae\xff\\"));
    st_json_num(&b, &more, "n", UINT64_C(9007199254740991));
    st_json_num(&b, &more, "big", UINT64_C(9007199254740992));
    st_json_bool(&b, &more, "b", false);
    st_json_strs(&b, &more, "l", list, 2);
    st_json_key_str(&b, &more, ST_STR("e\"x"));
    st_json_exact(&b, ST_STR("\xe2\x80\xae\x7f\n"));
    st_buf_char(&b, '}');
    st_buf_char(&b, 0);
    assert_string_equal(b.p, "{\"t\":\"a\\u0001\\u202e\xef\xbf\xbd\\\\\",\"n\":9007199254740991,"
                             "\"big\":\"9007199254740992\",\"b\":false,\"l\":[\"p\",\"q\\\"\"],"
                             "\"e\\\"x\":\"\xe2\x80\xae\x7f\\n\"}");
    expect((st_str){ b.p, b.n - 1 }, (how){ 0 },
           "{k:t t:a\x01\xe2\x80\xae\xef\xbf\xbd\\ k:n n:9007199254740991 k:big "
           "t:9007199254740992 k:b Fk:l [t:p t:q\" ]k:e\"x t:\xe2\x80\xae\x7f\n }.");
    st_buf_free(&b);
}

/* Units of each kind, drawn by a generator; of `n` bytes, without one to spare. */
static unsigned char *units_of(size_t n, uint32_t *seed)
{
    static const uint16_t KINDS[] = { 'a',    'b',    'c',    '"',    '\\',   0,
                                      0x1f,   0x20,   0x7f,   0x80,   0xae,   0xff,
                                      0x100,  0x7ff,  0x800,  0x7fff, 0x8000, 0xd7ff,
                                      0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff };
    unsigned char *p = malloc(n ? n : 1);
    uint32_t plain = *seed >> 8 & 15; /* the more, the fewer of the others */
    assert_non_null(p);
    for (size_t i = 0; i + 1 < n; i += 2) {
        *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
        bool any = (*seed >> 28) >= plain;
        uint16_t u = any ? KINDS[(*seed >> 16) % (sizeof KINDS / sizeof KINDS[0])] : 'x';
        p[i] = (unsigned char)u;
        p[i + 1] = (unsigned char)(u >> 8);
    }
    if (n & 1)
        p[n - 1] = '!';
    return p;
}

static void exact__utf16__as_in_two_steps(void **state)
{
    uint32_t seed = 7;
    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        st_buf one = { 0 }, text = { 0 }, two = { 0 };
        size_t n = round % 50 ? round % 151 : 4000 + round % 700; /* more than one piece */
        unsigned char *p = units_of(n, &seed);
        unsigned replaced = st_json_exact_utf16le(&one, p, n);
        assert_int_equal(st_utf16le_put(&text, p, n), replaced);
        st_json_exact(&two, st_buf_slice(&text));
        if (!st_str_eq(st_buf_slice(&one), st_buf_slice(&two)))
            fail_msg("round %zu: %.*s", round, ST_FMT(st_buf_slice(&one)));
        free(p);
        st_buf_free(&one);
        st_buf_free(&text);
        st_buf_free(&two);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__one_value__step_by_step),
        cmocka_unit_test(read__many__until_the_end),
        cmocka_unit_test(read__lines__a_bad_line_costs_itself),
        cmocka_unit_test(read__options__let_more_through),
        cmocka_unit_test(read__long_text__cut_at_the_bound),
        cmocka_unit_test(read__brackets__as_deep_as_allowed),
        cmocka_unit_test(read__long_number__bounded),
        cmocka_unit_test(skip__what_was_begun__is_passed_over),
        cmocka_unit_test(write__each_kind__reads_back),
        cmocka_unit_test(exact__utf16__as_in_two_steps),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
