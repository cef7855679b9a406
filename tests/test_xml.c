/* test_xml.c - records as XML: what is written, that it parses, and that it says what the fields say. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "evtx/xml.h"
#include "support/evtxgen.h"

#include <dirent.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- escapes ------------------------------------------------------------------------------ */

static void assert_put(void (*put)(st_buf *, st_str), st_str in, const char *want)
{
    st_buf b = { 0 };
    put(&b, in);
    st_buf_char(&b, '\0');
    assert_string_equal(b.p, want);
    st_buf_free(&b);
}

static void put_text__each_kind__escaped(void **state)
{
    (void)state;
    static const struct {
        st_str in;
        const char *want;
    } cases[] = {
        { { "plain", 5 }, "plain" },
        { { "<a b='c' d=\"e\">&", 17 }, "&lt;a b=&apos;c&apos; d=&quot;e&quot;&gt;&amp;" },
        { { "a\tb\r\nc", 6 }, "a&#9;b&#13;&#10;c" },
        { { "\x01\x1f\0\x7f", 4 }, "_x0001__x001F__x0000_\x7f" },
        { { "_x0001_", 7 }, "_x005F_x0001_" },
        { { "_x01_ _y0001_ _x0001", 20 }, "_x01_ _y0001_ _x0001" },
        { { "\xef\xbf\xbe\xef\xbf\xbf", 6 }, "_xFFFE__xFFFF_" },
        { { "\xc3\xa9\xf0\x9f\x98\x80", 6 }, "\xc3\xa9\xf0\x9f\x98\x80" },
        { { "\xff", 1 }, "\xef\xbf\xbd" },
        { { "C:\\Windows\\u0041", 16 }, "C:\\Windows\\u0041" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_put(st_xml_put_text, cases[i].in, cases[i].want);
}

static void put_name__each_kind__a_name(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "Data", "Data" },        { "", "_x0000_" },      { "1a", "_x0031_a" },
        { "a b", "a_x0020_b" },    { "a:b", "a:b" },       { ":a", "_x003A_a" },
        { "a:", "a_x003A_" },      { "a:b:c", "a_x003A_b_x003A_c" },
        { "a:1", "a_x003A_1" },    { "a><b", "a_x003E__x003C_b" },
        { "\xc3\xa9", "\xc3\xa9" }, { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
        { "\xe2\x80\xa6", "_x2026_" }, { "_x0041_", "_x005F_x0041_" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_put(st_xml_put_name, st_str_of(cases[i].in), cases[i].want);
}

static void put_data__end_of_instruction__escaped(void **state)
{
    (void)state;
    assert_put(st_xml_put_data, ST_STR("a & b > c ?> d\n"), "a & b > c ?_x003E_ d_x000A_");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_text__each_kind__escaped),
        cmocka_unit_test(put_name__each_kind__a_name),
        cmocka_unit_test(put_data__end_of_instruction__escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
