/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_sigma.c - what a Sigma rule says: documents, values, conditions, log sources. */
#include "rules/engine/match/glob.h"
#include "rules/sigma/sigma.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* one text read */

typedef struct reading {
    st_arena arena;
    st_diag_sink diags;
    st_sigma_reader r;
    st_docs *docs;
    const st_doc *doc;
} reading;

static void begin(reading *x, const char *text)
{
    *x = (reading){ 0 };
    x->diags.arena = &x->arena;
    st_diags_file(&x->diags, ST_STR("rule.yml"), st_str_of(text), 0, true);
    x->r = (st_sigma_reader){ .arena = &x->arena, .diags = &x->diags };
    x->docs = st_docs_open(&x->arena, st_str_of(text), &x->diags);
    assert_non_null(x->docs);
    x->doc = st_docs_next(x->docs);
}

static void end(reading *x)
{
    st_docs_close(x->docs);
    st_buf_free(&x->r.path);
    st_diags_free(&x->diags);
    st_arena_free(&x->arena);
}

/* The first thing told, or "". */
static const char *told(const reading *x)
{
    return x->diags.n ? x->diags.items[0].text.p : "";
}

/* wildcards */

static void glob__patterns__cover_the_whole_text(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } table[] = {
        { "", "", true },
        { "", "a", false },
        { "a", "a", true },
        { "a", "ab", false },
        { "\xff", "", true },
        { "\xff", "abc", true },
        { "a\xff", "abc", true },
        { "\xff"
          "c",
          "abc", true },
        { "\xff"
          "c",
          "abcd", false },
        { "a\xff"
          "c",
          "abcbc", true },
        { "a\xff"
          "b\xff"
          "c",
          "a-b-b-c", true },
        { "a\xff"
          "b\xff"
          "c",
          "a-c-b", false },
        { "\xfe", "", false },
        { "\xfe", "\xc3\xa4", true }, /* one code point */
        { "\xfe\xfe", "\xc3\xa4", false },
        { "\xfe", "\xf0\x9f\x98\x80", true },
        { "\xfe\xfe", "\xed\xa0", true }, /* bytes that are no character, one by one */
        { "\xfdh", "-h", true },
        { "\xfdh", "/h", true },
        { "\xfdh", "\xe2\x80\x93h", true },
        { "\xfdh", "\xe2\x80\x95h", true },
        { "\xfdh", "\xe2\x80\x96h", false }, /* U+2016 */
        { "\xfdh", "\xe2\x80\x92h", false }, /* U+2012 */
        { "\xff\xff"
          "a",
          "a\na", true },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (st_glob_match(st_str_of(table[i].pattern), st_str_of(table[i].text)) !=
            table[i].matches)
            fail_msg("row %zu: %s", i, table[i].text);
}

static void glob__longest_literal__is_found(void **state)
{
    (void)state;
    st_str s = st_glob_literal(st_str_of("\xff"
                                         "ab\xfe"
                                         "cde\xff"));
    assert_int_equal(s.n, 3);
    assert_memory_equal(s.p, "cde", 3);
    assert_int_equal(st_glob_literal(st_str_of("\xff\xfe")).n, 0);
    assert_int_equal(st_glob_literal(st_str_of("")).n, 0);
}

/* values */

static void value__escapes__are_understood_once(void **state)
{
    (void)state;
    static const struct {
        const char *value, *pattern;
    } table[] = {
        { "a*b?c", "a\xff"
                   "b\xfe"
                   "c" },
        { "\\cmd.exe", "\\cmd.exe" },
        { "\\\\cmd.exe", "\\cmd.exe" },
        { "\\\\\\\\srv", "\\\\srv" },
        { "\\*", "*" },
        { "\\\\*", "\\\xff" },
        { "\\\\\\*", "\\*" },
        { "\\?", "?" },
        { "end\\", "end\\" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        st_buf b = { 0 };
        st_sigma_pattern(st_str_of(table[i].value), &b);
        if (!st_str_eq(st_buf_slice(&b), st_str_of(table[i].pattern)))
            fail_msg("row %zu: %s", i, table[i].value);
        st_buf_free(&b);
    }
}

/* The pattern that the only test of `key: value` has. */
static void value__modifiers__work_on_what_was_understood(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *first; /* NULL: refused */
        size_t n;
    } table[] = {
        { "F: x", "x", 1 },
        { "F|contains: x", "\xffx\xff", 1 },
        { "F|contains: '*x*'", "\xffx\xff", 1 },
        { "F|contains: 'x\\'", "\xffx\\\xff", 1 },
        { "F|startswith: x", "x\xff", 1 },
        { "F|endswith: x", "\xffx", 1 },
        { "F|contains: ''", "\xff", 1 },
        { "F|windash: ' -a'",
          " \xfd"
          "a",
          1 },
        { "F|windash: '/a-b'",
          "\xfd"
          "a-b",
          1 },
        { "F|windash: \"\\u2013a\"",
          "\xfd"
          "a",
          1 },
        { "F|windash: 'a - b'", "a - b", 1 },
        { "F|windash|contains: '-a'",
          "\xff\xfd"
          "a\xff",
          1 },
        { "F|contains|windash: '-a'",
          "\xff\xfd"
          "a\xff",
          1 },
        { "F|base64: a", "YQ==", 1 },
        { "F|base64: ab", "YWI=", 1 },
        { "F|base64: abc", "YWJj", 1 },
        { "F|base64: ''", "", 1 },
        { "F|wide|base64: a", "YQA=", 1 },
        { "F|utf16le|base64: a", "YQA=", 1 },
        { "F|utf16be|base64: a", "AGE=", 1 },
        { "F|utf16|base64: a", "//5hAA==", 1 },
        { "F|wide|base64: \"\\U0001F600\"", "PdgA3g==", 1 },
        { "F|base64offset: foobar", "Zm9vYmFy", 3 },
        { "F|base64offset|contains: foobar", "\xffZm9vYmFy\xff", 3 },
        { "F|base64offset: fooba", "Zm9vYm", 3 },
        { "F|base64: 'a\\*b'", "YSpi", 1 },
        { "F|base64: 'a*b'", NULL, 0 },
        { "F|wide|contains: a", NULL, 0 },
        { "F|wide: a", NULL, 0 },
        { "F|nothing: a", NULL, 0 },
        { "F|: a", NULL, 0 },
        { "F|re|contains: a", NULL, 0 },
        { "F|i: a", NULL, 0 },
        { "F|lt: a", NULL, 0 },
        { "F|lt: '1'", NULL, 0 },
        { "F|exists: maybe", NULL, 0 },
        { "F|expand: '%x%'", NULL, 0 },
        { "F: []", NULL, 0 },
        { "F: {a: b}", NULL, 0 },
        { "F: [[a]]", NULL, 0 },
        { "F|contains: null", NULL, 0 },
        { "F|re: 'a(b'", NULL, 0 },
        { "F|cidr: ten", NULL, 0 },
        { "F|cidr: 10.0.0.0/33", NULL, 0 },
        { "F|windash|base64: ' -a'", "IC1h", 5 }, /* each spelling by itself */
        { "F|windash|base64offset: '-a -b'", "LWEgLW", 75 },
        { "F|windash|wide|base64: '-a'", "LQBhAA==", 5 },
        { "F|windash|base64: '-a -b -c -d'", "LWEgLWIgLWMgLWQ=", 625 },
        { "F|windash|base64: '-a -b -c -d -e'", NULL, 0 },
        { "F|windash|contains|base64: '-a'", NULL, 0 },
        { "F|hour|minute: 3", NULL, 0 },
        { "F|lt|gt: 3", NULL, 0 },
        { "F|re:", NULL, 0 },
        { "F|re: ~", NULL, 0 },
        { "F|re: ''", "", 1 },
        { "F|fieldref: 'G*'", NULL, 0 },
        { "'|fieldref': G", NULL, 0 },
        { "'|hour': 3", NULL, 0 },
        { "F|expand: 'a\\%b%'", "a%b%", 1 }, /* a per cent sign that begins no name */
        { "F|expand|contains: '\\%b\\*'", "\xff%b*\xff", 1 },
        { "F|re|expand: 'a\\%b%'", "a\\%b%", 1 },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        reading x;
        begin(&x, table[i].yaml);
        st_sigma_item item;
        bool ok = st_sigma_read_item(&x.r, x.doc->keys[0], x.doc->items[0], &item);
        if (ok != (table[i].first != NULL))
            fail_msg("%s: %s", table[i].yaml, told(&x));
        if (ok &&
            (item.n != table[i].n || !st_str_eq(item.tests[0].text, st_str_of(table[i].first))))
            fail_msg("%s: %zu tests, %.*s", table[i].yaml, item.n, ST_FMT(item.tests[0].text));
        if (!ok && !x.diags.n)
            fail_msg("%s: refused without a word", table[i].yaml);
        end(&x);
    }
}

static void value__kinds__follow_modifiers_and_quotes(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        st_sigma_kind kind;
        double number;
    } table[] = {
        { "F: 4688", ST_SIGMA_NUMBER, 4688 },
        { "F: '4688'", ST_SIGMA_TEXT, 0 },
        { "F: 0x10", ST_SIGMA_NUMBER, 16 },
        { "F: 010", ST_SIGMA_NUMBER, 8 },
        { "F: 1_000", ST_SIGMA_NUMBER, 1000 },
        { "F: 1.5", ST_SIGMA_NUMBER, 1.5 },
        { "F: -3", ST_SIGMA_NUMBER, -3 },
        { "F: 08", ST_SIGMA_TEXT, 0 },
        { "F: 1.2.3", ST_SIGMA_TEXT, 0 },
        { "F: 1e3", ST_SIGMA_TEXT, 0 },
        { "F: 1.0e3", ST_SIGMA_TEXT, 0 },
        { "F: 1.0e+3", ST_SIGMA_NUMBER, 1000 },
        { "F: -.5", ST_SIGMA_NUMBER, -.5 },
        { "F: 7.", ST_SIGMA_NUMBER, 7 },
        { "F: .", ST_SIGMA_TEXT, 0 },
        { "F: 0X10", ST_SIGMA_TEXT, 0 },
        { "F: 0x", ST_SIGMA_TEXT, 0 },
        { "F: 0x_f_F", ST_SIGMA_TEXT, 0 },
        { "F: 0xf_F", ST_SIGMA_NUMBER, 255 },
        { "F: +", ST_SIGMA_TEXT, 0 },
        { "F: 9007199254740991", ST_SIGMA_NUMBER, 9007199254740991.0 },
        { "F: 9007199254740993", ST_SIGMA_TEXT, 0 }, /* no double is that number */
        { "F: 12345678901234567890123456789012", ST_SIGMA_TEXT, 0 },
        { "F|gt: 9007199254740993", ST_SIGMA_NUMBER, 9007199254740992.0 },
        { "F: !!str 4688", ST_SIGMA_TEXT, 0 },
        { "F: ! 4688", ST_SIGMA_TEXT, 0 },
        { "F: !!int '4688'", ST_SIGMA_NUMBER, 4688 },
        { "F: !!str null", ST_SIGMA_TEXT, 0 },
        { "F: !!null ''", ST_SIGMA_NULL, 0 },
        { "F: '-'", ST_SIGMA_TEXT, 0 },
        { "F: null", ST_SIGMA_NULL, 0 },
        { "F:", ST_SIGMA_NULL, 0 },
        { "F: ~", ST_SIGMA_NULL, 0 },
        { "F: 'null'", ST_SIGMA_TEXT, 0 },
        { "F: ''", ST_SIGMA_TEXT, 0 },
        { "F: true", ST_SIGMA_TEXT, 0 },
        { "F|contains: 46", ST_SIGMA_TEXT, 0 },
        { "F|re: a.c", ST_SIGMA_REGEX, 0 },
        { "F|cidr: 10.0.0.0/8", ST_SIGMA_CIDR, 0 },
        { "F|gte: 5", ST_SIGMA_NUMBER, 5 },
        { "F|exists: true", ST_SIGMA_EXISTS, 0 },
        { "F|fieldref: G", ST_SIGMA_FIELD, 0 },
        { "F|hour: 3", ST_SIGMA_PART, 3 },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        reading x;
        begin(&x, table[i].yaml);
        st_sigma_item item;
        if (!st_sigma_read_item(&x.r, x.doc->keys[0], x.doc->items[0], &item))
            fail_msg("%s: %s", table[i].yaml, told(&x));
        if (item.tests[0].kind != table[i].kind || item.tests[0].number != table[i].number)
            fail_msg("%s: kind %d, number %g", table[i].yaml, (int)item.tests[0].kind,
                     item.tests[0].number);
        end(&x);
    }
}

static void value__placeholder__is_filled_by_its_list(void **state)
{
    (void)state;
    static const st_str names[] = { { "a*", 2 }, { "b", 1 } };
    static const st_sigma_placeholder known[] = { { { "hosts", 5 }, names, 2 } };
    reading x;
    begin(&x, "F|expand: 'x%hosts%y'");
    x.r.placeholders = known;
    x.r.nplaceholders = 1;
    st_sigma_item item;
    if (!st_sigma_read_item(&x.r, x.doc->keys[0], x.doc->items[0], &item))
        fail_msg("%s", told(&x));
    assert_int_equal(item.n, 2);
    assert_true(st_str_eq(item.tests[0].text, st_str_of("xa\xffy")));
    assert_true(st_str_eq(item.tests[1].text, st_str_of("xby")));
    end(&x);
}

static void value__fieldref__places_join(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        st_sigma_place place;
    } table[] = {
        { "F|fieldref: G", ST_SIGMA_WHOLE },
        { "F|fieldref|startswith: G", ST_SIGMA_START },
        { "F|endswith|fieldref: G", ST_SIGMA_END },
        { "F|fieldref|startswith|endswith: G", ST_SIGMA_ANYWHERE },
        { "F|contains|fieldref|startswith: G", ST_SIGMA_ANYWHERE },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        reading x;
        begin(&x, table[i].yaml);
        st_sigma_item item;
        if (!st_sigma_read_item(&x.r, x.doc->keys[0], x.doc->items[0], &item) ||
            item.tests[0].place != table[i].place)
            fail_msg("%s: %s", table[i].yaml, told(&x));
        end(&x);
    }
}

/* conditions: selections a, b, _c, not_me; the tree as text */

static void put_cond(st_buf *b, const st_sigma_cond *c)
{
    static const char *const words[] = { "", "and", "or", "not" };
    if (c->join == ST_SIGMA_ITEM) {
        st_buf_str(b, c->item->tests[0].text);
        return;
    }
    st_buf_fmt(b, "(%s", words[c->join]);
    for (size_t i = 0; i < c->n; i++) {
        st_buf_char(b, ' ');
        put_cond(b, c->parts[i]);
    }
    st_buf_char(b, ')');
}

static void condition__grammar__gives_the_tree(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tree; /* NULL: refused */
    } table[] = {
        { "a1", "A" },
        { "a1 or b and not a2", "(or A (and B (not 2)))" },
        { "a1 AND b", "(and A B)" },
        { "not not a1", "A" },
        { "not (a1 or b)", "(not (or A B))" },
        { "1 of a*", "(or A 2)" },
        { "all of a*", "(and A 2)" },
        { "any of them", "(or A 2 B N)" },
        { "all of them", "(and A 2 B N)" },
        { "1 of _*", "C" },
        { "1 of *", "(or A 2 B N)" },
        { "not 1 of a*", "(not (or A 2))" },
        { "not_me", "N" },
        { "a1\\n  and\\n  b", "(and A B)" },
        { "(((a1)))", "A" },
        { "", NULL },
        { "a1 b", NULL },
        { "a1 and", NULL },
        { "(a1", NULL },
        { "a1)", NULL },
        { "nothing", NULL },
        { "1 of x*", NULL },
        { "1 of", NULL },
        { "A1", NULL },
        { "a1 | count() > 3", NULL },
        { "and", NULL },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        st_buf yaml = { 0 }, tree = { 0 };
        st_buf_fmt(&yaml,
                   "a1: {F: A}\na2: {F: '2'}\nb: {F: B}\n_c: {F: C}\nnot_me: {F: N}\n"
                   "condition: \"%s\"\n",
                   table[i].text);
        st_buf_char(&yaml, 0);
        reading x;
        begin(&x, yaml.p);
        const st_sigma_cond *c = st_sigma_read_detection(&x.r, "detection", x.doc);
        if ((c != NULL) != (table[i].tree != NULL))
            fail_msg("%s: %s", table[i].text, told(&x));
        if (c) {
            put_cond(&tree, c);
            if (!st_str_eq(st_buf_slice(&tree), st_str_of(table[i].tree)))
                fail_msg("%s: %.*s", table[i].text, ST_FMT(st_buf_slice(&tree)));
        }
        end(&x);
        st_buf_free(&yaml);
        st_buf_free(&tree);
    }
}

static void condition__brackets__are_bounded(void **state)
{
    (void)state;
    for (unsigned depth = 63; depth <= 66; depth++) {
        st_buf yaml = { 0 };
        st_buf_str(&yaml, ST_STR("a: {F: A}\ncondition: "));
        for (unsigned i = 0; i < depth; i++)
            st_buf_char(&yaml, '(');
        st_buf_char(&yaml, 'a');
        for (unsigned i = 0; i < depth; i++)
            st_buf_char(&yaml, ')');
        st_buf_char(&yaml, 0);
        reading x;
        begin(&x, yaml.p);
        assert_int_equal(st_sigma_read_detection(&x.r, "detection", x.doc) != NULL, depth <= 64);
        end(&x);
        st_buf_free(&yaml);
    }
}

static void selection__shapes__join_as_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *tree;
    } table[] = {
        { "s: {F: A, G: B}\ncondition: s", "(and A B)" },
        { "s: [{F: A}, {G: B, H: C}]\ncondition: s", "(or A (and B C))" },
        { "s: [A, B]\ncondition: s", "(or \xff"
                                     "A\xff \xff"
                                     "B\xff)" },
        { "s: A\ncondition: s", "\xff"
                                "A\xff" },
        { "s: {'|all': [A, B]}\ncondition: s", "\xff"
                                               "A\xff" },
        { "s: [A, {F: B}]\ncondition: s", "(or \xff"
                                          "A\xff B)" },
        { "s: {F: A}\nt: {F: B}\ncondition: [s, t]", "(or A B)" },
        { "s: {}\ncondition: s", NULL },
        { "s: []\ncondition: s", NULL },
        { "s: [null]\ncondition: s", NULL },
        { "s: {F: A}", NULL },
        { "s: {F: A}\ncondition: []", NULL },
        { "s: {F: A}\ncondition: {s: t}", NULL },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        reading x;
        st_buf tree = { 0 };
        begin(&x, table[i].yaml);
        const st_sigma_cond *c = st_sigma_read_detection(&x.r, "detection", x.doc);
        if ((c != NULL) != (table[i].tree != NULL))
            fail_msg("%s: %s", table[i].yaml, told(&x));
        if (c) {
            put_cond(&tree, c);
            if (!st_str_eq(st_buf_slice(&tree), st_str_of(table[i].tree)))
                fail_msg("%s: %.*s", table[i].yaml, ST_FMT(st_buf_slice(&tree)));
        }
        st_buf_free(&tree);
        end(&x);
    }
}

/* documents */

static void document__yaml__is_read_as_authors_test_it(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        bool fine;
    } table[] = {
        { "a: 1\nb: 2", true },
        { "a: 1\na: 2", false },
        { "a: &x [1, 2]\nb: *x", true },
        { "a: *nothing", false },
        { "a: &x [*x]", false },
        { "? [a]\n: b", false },
        { "a: [", false },
        { "a: \"\\q\"", false },
        { "a: !!str x", true },
        { "a: !!map {b: c}", true },
        { "a: !!seq [b]", true },
        { "a: !foo x", false },
        { "a: !!binary eA==", false },
        { "a: !!set {b}", false },
        { "a: !!python/object/apply:os.system [x]", false },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        reading x;
        begin(&x, table[i].yaml);
        if ((x.doc != NULL) != table[i].fine || (x.diags.n == 0) != table[i].fine)
            fail_msg("%s: %s", table[i].yaml, told(&x));
        end(&x);
    }
}

/* The map under `m` as text. */
static void put_map(st_buf *b, const st_doc *d)
{
    for (size_t i = 0; i < d->n; i++)
        st_buf_fmt(b, "%s%.*s=%.*s", i ? " " : "", ST_FMT(d->keys[i]->text),
                   ST_FMT(d->items[i]->text));
}

static void document__merge_keys__are_followed(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *map; /* NULL: refused */
    } table[] = {
        { "a: &a {x: 1, y: 2}\nm:\n  <<: *a\n  z: 3", "z=3 x=1 y=2" },
        { "a: &a {x: 1, y: 2}\nm:\n  x: 0\n  <<: *a", "x=0 y=2" },
        { "a: &a {x: 1}\nb: &b {x: 2, y: 3}\nm:\n  <<: [*a, *b]", "x=1 y=3" },
        { "a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nm: {<<: *b}", "y=2 x=1" },
        { "m: {<<: {x: 1}}", "x=1" },
        { "m: {<<: []}", "" },
        { "m: {'<<': x}", "<<=x" }, /* in quotes it is a key like others */
        { "m: {<<: x}", NULL },
        { "m: {<<: [x]}", NULL },
        { "a: &a {x: 1}\nm: {<<: *a, <<: *a}", NULL }, /* a key twice */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        reading x;
        st_buf got = { 0 };
        begin(&x, table[i].yaml);
        if ((x.doc != NULL) != (table[i].map != NULL))
            fail_msg("%s: %s", table[i].yaml, told(&x));
        if (x.doc)
            put_map(&got, st_doc_get(x.doc, "m"));
        if (x.doc && !st_str_eq(st_buf_slice(&got), st_str_of(table[i].map)))
            fail_msg("%s: %.*s", table[i].yaml, ST_FMT(st_buf_slice(&got)));
        st_buf_free(&got);
        end(&x);
    }
}

/* Two maps of many keys, merged: each key is looked for among the others. */
static void document__merged_keys__are_bounded(void **state)
{
    (void)state;
    for (unsigned half = 512; half <= 513; half++) {
        st_buf yaml = { 0 };
        for (unsigned map = 0; map < 2; map++) {
            st_buf_fmt(&yaml, "a%u: &a%u\n", map, map);
            for (unsigned i = 0; i < half; i++)
                st_buf_fmt(&yaml, "  k%u-%u: v\n", map, i);
        }
        st_buf_str(&yaml, ST_STR("m: {<<: [*a0, *a1]}\n"));
        st_buf_char(&yaml, 0);
        reading x;
        begin(&x, yaml.p);
        assert_int_equal(x.doc != NULL, half < 513);
        if (x.doc)
            assert_int_equal(st_doc_get(x.doc, "m")->n, 2 * half);
        end(&x);
        st_buf_free(&yaml);
    }
}

/* A key is told to stand twice however many there are. */
static void document__key_twice__is_told_where(void **state)
{
    (void)state;
    for (unsigned n = 2; n <= 40; n++) {
        st_buf yaml = { 0 };
        for (unsigned i = 0; i < n; i++)
            st_buf_fmt(&yaml, "k%u: v\n", i);
        st_buf_str(&yaml, ST_STR("k1: again\n"));
        st_buf_char(&yaml, 0);
        reading x;
        begin(&x, yaml.p);
        assert_null(x.doc);
        assert_int_equal(x.diags.n, 1);
        assert_int_equal(x.diags.items[0].line, n + 1);
        end(&x);
        st_buf_free(&yaml);
    }
}

static void document__aliases__unfold_to_a_bound(void **state)
{
    (void)state;
    st_buf yaml = { 0 };
    st_buf_str(&yaml, ST_STR("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"));
    for (int i = 1; i < 9; i++) {
        st_buf_fmt(&yaml, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            st_buf_fmt(&yaml, "%s*a%d", k ? ", " : "", i - 1);
        st_buf_str(&yaml, ST_STR("]\n"));
    }
    st_buf_char(&yaml, 0);
    reading x;
    begin(&x, yaml.p);
    assert_null(x.doc);
    assert_non_null(strstr(told(&x), "unfolds"));
    end(&x);
    st_buf_free(&yaml);
}

static void document__several__come_one_by_one(void **state)
{
    (void)state;
    reading x;
    begin(&x, "a: 1\n---\nb: 2\n---\nc: 3\n");
    assert_true(st_str_eq(st_doc_text(x.doc, "a"), ST_STR("1")));
    assert_true(st_str_eq(st_doc_text(st_docs_next(x.docs), "b"), ST_STR("2")));
    assert_true(st_str_eq(st_doc_text(st_docs_next(x.docs), "c"), ST_STR("3")));
    assert_null(st_docs_next(x.docs));
    end(&x);
}

static void error__place__is_the_word_itself(void **state)
{
    (void)state;
    reading x;
    begin(&x, "title: t\nlogsource: {category: process_creation}\ndetection:\n  s: {F: x}\n"
              "  condition: s and nothing\n");
    st_sigma_rule rule;
    assert_false(st_sigma_read_rule(&x.r, x.doc, &rule));
    assert_int_equal(x.diags.n, 1);
    assert_int_equal(x.diags.items[0].line, 5);
    assert_int_equal(x.diags.items[0].column, 20);
    assert_string_equal(told(&x), "detection.condition: no selection nothing");
    end(&x);
}

/* log sources */

static void logsource__taxonomy__gives_events(void **state)
{
    (void)state;
    static const struct {
        const char *product, *category, *service;
        size_t n;
        unsigned first;
        const char *channels;
    } table[] = {
        { "windows", "process_creation", "", 1, 1, NULL },
        { "linux", "process_creation", "", 1, 1, NULL },
        { "", "process_creation", "", 2, 1, NULL },
        { "macos", "process_creation", "", 0, 0, NULL },
        { "windows", "process_creation", "sysmon", 1, 1, NULL },
        { "windows", "registry_event", "", 1, 12, NULL },
        { "windows", "", "sysmon", 1, 0, NULL },
        { "windows", "", "security", 1, 0, "Security" },
        { "windows", "ps_script", "", 1, 4104,
          "Microsoft-Windows-PowerShell/Operational|PowerShellCore/Operational" },
        { "windows", "webserver", "", 0, 0, NULL },
        { "windows", "", "", 0, 0, NULL },
        { "", "", "", 0, 0, NULL },
        { "okta", "", "okta", 0, 0, NULL },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        st_arena a = { 0 };
        st_sigma_logsource s;
        st_sigma_find_source(&a, st_str_of(table[i].product), st_str_of(table[i].category),
                             st_str_of(table[i].service), &s);
        if (s.n != table[i].n || (s.n && s.of[0]->ids[0] != table[i].first) ||
            (table[i].channels && strcmp(s.of[0]->channels, table[i].channels)) ||
            (!s.n && !s.why.n))
            fail_msg("row %zu: %zu sources", i, s.n);
        st_arena_free(&a);
    }
}

static void rule__header__is_kept(void **state)
{
    (void)state;
    reading x;
    begin(&x,
          "title: ' t '\nid: abc\nlevel: high\nauthor: me\ntags: [attack.t1059, attack.T1505.003,"
          " attack.t1059, attack.g0016, cve.2021.44228]\nfalsepositives: [one, two]\n"
          "logsource: {category: process_creation}\ndetection: {s: {F: x}, condition: s}\n");
    st_sigma_rule rule;
    assert_true(st_sigma_read_rule(&x.r, x.doc, &rule));
    assert_true(st_str_eq(rule.title, ST_STR("t")));
    assert_true(st_str_eq(rule.author, ST_STR("me")));
    assert_int_equal(rule.level, ST_LEVEL_HIGH);
    assert_int_equal(rule.ntechniques, 2);
    assert_true(st_str_eq(rule.techniques[0], ST_STR("T1059")));
    assert_true(st_str_eq(rule.techniques[1], ST_STR("T1505.003")));
    assert_int_equal(rule.nfalsepositives, 2);
    end(&x);
}

/* What only a tool that reads Python's types would see: a null is nothing said, a list of authors
 * is their names. */
static void rule__header__null_and_lists_are_understood(void **state)
{
    (void)state;
    reading x;
    begin(&x, "title: t\nauthor: [Ada, Bob]\nlevel:\ntaxonomy: ~\ndescription: null\n"
              "logsource: {category: process_creation, product: ~}\n"
              "detection: {s: {F: x}, condition: s}\n");
    st_sigma_rule rule;
    if (!st_sigma_read_rule(&x.r, x.doc, &rule))
        fail_msg("%s", told(&x));
    assert_true(st_str_eq(rule.author, ST_STR("Ada, Bob")));
    assert_int_equal(rule.level, ST_LEVEL_MEDIUM);
    assert_int_equal(rule.description.n, 0);
    assert_int_equal(rule.source.n, 2); /* Windows and Linux */
    end(&x);
}

static void rule__mistakes__are_told(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *told;
    } table[] = {
        { "logsource: {category: process_creation, product: [windows]}", "logsource.product" },
        { "logsource: {category: {a: b}}", "logsource.category" },
        { "title: ~\nlogsource: {category: process_creation}", "there is no title" },
        { "logsource: {category: process_creation}\nfilter: {rules: [], s: {F: x}, condition: s}",
          "filter.rules" }, /* not: all of them */
        { "correlation: {type: temporal, rules: [a], timespan: 1s, generate: maybe}", "generate" },
        { "correlation: {type: temporal, rules: [a], timespan: 1s, aliases: [a]}", "aliases" },
        { "correlation: {type: temporal, rules: [a], timespan: 1s, group-by: [g], aliases: {g: F}}",
          "alias" },
        { "correlation: {type: temporal, rules: [a], timespan: 1s, group-by: [g], aliases: {g: {a: "
          "[F]}}}",
          "alias" },
        { "correlation: {type: temporal_ordered, rules: [a, b, c], timespan: 1s, condition: {gte: "
          "2}}",
          "each of its rules, 3" },
        { "correlation: {type: temporal_ordered, rules: [a, b], timespan: 1s, condition: a}",
          "joined by and" },
        { "correlation: {type: temporal_ordered, rules: [a, b], timespan: 1s, condition: a or b}",
          "joined by and" },
        { "correlation: {type: event_count, rules: [a], timespan: 1s, condition: a}",
          "only temporal" },
        { "correlation: {type: temporal_ordered, rules: [a, b], timespan: 1s, condition: a and b}",
          "" },
        { "correlation: {type: temporal_ordered, rules: [a, b], timespan: 1s, condition: {gt: 1, "
          "eq: 2, gte: 2}}",
          "" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        st_buf yaml = { 0 };
        if (!strstr(table[i].yaml, "title"))
            st_buf_str(&yaml, ST_STR("title: t\n"));
        st_buf_fmt(&yaml, "%s\n", table[i].yaml);
        if (!strstr(table[i].yaml, "correlation"))
            st_buf_str(&yaml, ST_STR("detection: {s: {F: x}, condition: s}\n"));
        st_buf_char(&yaml, 0);
        reading x;
        begin(&x, yaml.p);
        st_sigma_rule rule;
        bool fine = st_sigma_read_rule(&x.r, x.doc, &rule);
        if (fine != !*table[i].told || !strstr(told(&x), table[i].told))
            fail_msg("%s: %s", table[i].yaml, told(&x));
        end(&x);
        st_buf_free(&yaml);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(glob__patterns__cover_the_whole_text),
        cmocka_unit_test(glob__longest_literal__is_found),
        cmocka_unit_test(value__escapes__are_understood_once),
        cmocka_unit_test(value__modifiers__work_on_what_was_understood),
        cmocka_unit_test(value__kinds__follow_modifiers_and_quotes),
        cmocka_unit_test(value__placeholder__is_filled_by_its_list),
        cmocka_unit_test(value__fieldref__places_join),
        cmocka_unit_test(condition__grammar__gives_the_tree),
        cmocka_unit_test(condition__brackets__are_bounded),
        cmocka_unit_test(selection__shapes__join_as_they_say),
        cmocka_unit_test(document__yaml__is_read_as_authors_test_it),
        cmocka_unit_test(document__merge_keys__are_followed),
        cmocka_unit_test(document__merged_keys__are_bounded),
        cmocka_unit_test(document__key_twice__is_told_where),
        cmocka_unit_test(document__aliases__unfold_to_a_bound),
        cmocka_unit_test(document__several__come_one_by_one),
        cmocka_unit_test(error__place__is_the_word_itself),
        cmocka_unit_test(logsource__taxonomy__gives_events),
        cmocka_unit_test(rule__header__is_kept),
        cmocka_unit_test(rule__header__null_and_lists_are_understood),
        cmocka_unit_test(rule__mistakes__are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
