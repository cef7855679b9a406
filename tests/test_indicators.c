/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_indicators.c - lists of indicators: what is told to be one, of which kind, and what isn't.
 */
#include "shelltree/rules.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void list__of_each_form__rules_of_its_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n, unread;
        const char *rule; /* one that it makes */
    } rows[] = {
        { "00112233445566778899aabbccddeeff", 1, 0, "ioc-hash" },
        { "00112233445566778899AABBCCDDEEFF\n00112233445566778899aabbccddeeff\n", 1, 0,
          "ioc-hash-file" },
        { "00112233445566778899aabbccddeef", 0, 1, NULL }, /* a digit less */
        { "203.0.113.9 \r\n", 1, 0, "ioc-address" },
        { "203.0.113.256", 0, 1, NULL },
        { "hxxp://203[.]0.113.9:8080/a?b", 1, 0, "ioc-url-command" },
        { "hxxp://203[.]0.113.9:8080/", 1, 0, "ioc-address-command" },
        { "203.0.113.9:443", 1, 0, "ioc-address-logon" },
        { "evil.example:443", 1, 0, "ioc-domain-transfer" },
        { "evil.example:443x", 0, 1, NULL },
        { "10.0.0.0/8", 1, 0, "ioc-network" },
        { "10.0.0.0/32", 1, 0, "ioc-network-command" },
        { "10.0.0.0/33", 0, 1, NULL },
        { "2001:db8::/32", 1, 0, "ioc-network-logon" },
        { "2001:db8::/129", 0, 1, NULL },
        { "type,value\ncidr,192.0.2.0/24\nurl,http://evil.example/a\n", 2, 0, "ioc-url-script" },
        { "evil.example/a.exe", 1, 0, "ioc-url-transfer" },
        { "http://evil.example", 1, 0, "ioc-domain" },
        { "http:///a", 0, 1, NULL },
        { "2001:db8::1", 1, 0, "ioc-address" },
        { "2001:db8:0:0:0:0:0:1", 1, 0, "ioc-address" },
        { "::ffff:203.0.113.9", 1, 0, "ioc-address" },
        { "::", 1, 0, "ioc-address" },
        { "2001:db8:0:0:0:0:1", 0, 1, NULL }, /* a group less */
        { "2001::db8::1", 0, 1, NULL },
        { "10:20:30", 0, 1, NULL },          /* a time */
        { "00:11:22:aa:bb:cc", 0, 1, NULL }, /* a network card's */
        { "http://[2001:db8::1]:80/", 1, 0, "ioc-address" },
        { "http://[2001:db8::1]:80/a", 1, 0, "ioc-url-host" },
        { "evil[.]example", 1, 0, "ioc-domain" },
        { "https://user@evil.example/x.exe#y", 1, 0, "ioc-url-host-lookup" },
        { "evil.exe", 1, 0, "ioc-name" },
        { "C:\\Windows\\Temp\\a.exe", 1, 0, "ioc-path" },
        { "/tmp/.x", 1, 0, "ioc-path-file" },
        { "# a comment\n\n", 0, 0, NULL },
        { "type,value\ndomain,evil.example\nfilename,evil\n", 2, 0, "ioc-name-file" },
        { "value;comment\nevil.example;\"a; b\"\n", 1, 0, "ioc-domain-command" },
        { "evil.example\nplain words\n", 1, 1, "ioc-domain" },
        { "\xef\xbb\xbf"
          "evil.example",
          1, 0, "ioc-domain" },
        { "{\"pattern\":\"[ipv4-addr:value = '203.0.113.9' AND file:name='a']\"}", 1, 0,
          "ioc-address" },
        { "{\"pattern\":\"[ipv4-addr:value = '203.0.113.0/24']\"}", 1, 0, "ioc-network" },
        { "{\"pattern\":\"[ipv4-addr:value ISSUBSET '203.0.113.0/24']\"}", 1, 0, "ioc-network" },
        { "{\"pattern\":\"[ipv6-addr:value = '2001:db8::/32']\"}", 1, 0, "ioc-network-desktop" },
        { "{\"pattern\":\"[url:value = 'http://a.example/b']\"}", 1, 0, "ioc-url-command" },
        { "{\"pattern\":\"[url:value = 'http://a.example/']\"}", 1, 0, "ioc-domain" },
        { "{\"pattern\":\"[file:hashes.MD5 = '00112233445566778899aabbccddeeff']\"}", 1, 0,
          "ioc-hash" },
        { "[{\"pattern\":\"[domain-name:value IN ('a.example', 'b.example')]\"}]", 2, 0,
          "ioc-domain" },
        { "{\"pattern\":\"[domain-name:value = 'it\\\\'s.example']\",\"x\":{\"y\":[1]}}", 1, 0,
          "ioc-domain" },
        { "{\"pattern\":\"[file:name = 'a\\\\\\\\b\\\\\\\\c.exe']\"}", 1, 0,
          "ioc-path" }, /* \\ is \ */
        { "{\"pattern\":\"[file:name = 'x\\\\']y.exe']\"}", 1, 0,
          "ioc-name" }, /* \' ends nothing */
        { "{\"pattern\":\"[file:name = 'it\\\\\\\\'] OR [file:name = 'b.exe']\"}", 2, 0,
          "ioc-name" },
        { "{\"pattern\":\"[file:name = 'NOT a.exe' OR file:name = 'b AND c.exe']\"}", 2, 0,
          "ioc-name" },
        { "{\"pattern\":\"[domain-name:value != 'a.example']\"}", 0, 1, NULL },
        { "{\"pattern\":\"[domain-name:value = 'a.example]\"}", 0, 1, NULL },
        { "{\"pattern\":\"[x:y = 'a.example']\"}", 0, 1, NULL },
        { "{\"pattern\":\"rule\",\"pattern_type\":\"yara\"}", 0, 1, NULL },
        { "{\"pattern\":", 0, 0, NULL },
        { "", 0, 0, NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_indicators told;
        st_err err = { 0 };
        st_rules *r = st_rules_new();
        st_code code = st_indicators_add(r, st_str_of(rows[i].text), &told, &err);
        bool made = !rows[i].rule;
        for (size_t k = 0; k < st_rules_count(r); k++) {
            const st_rule *rule = st_rules_at(r, k);
            made |= rows[i].rule && st_str_eq(rule->id, st_str_of(rows[i].rule));
            if (rule->status != ST_RULE_READY)
                fail_msg("%zu: %.*s isn't ready", i, ST_FMT(rule->id));
        }
        if (told.n != rows[i].n || told.unread != rows[i].unread || !made ||
            (code == ST_OK) != (rows[i].n > 0))
            fail_msg("%zu: %s: %zu, %zu not: %s", i, rows[i].text, told.n, told.unread, err.text);
        st_rules_free(r);
    }
}

static void list__hosts_of_urls__are_a_level_lower(void **state)
{
    (void)state;
    st_indicators told;
    st_err err = { 0 };
    st_rules *r = st_rules_new();
    assert_int_equal(
        st_indicators_add(r, ST_STR("http://evil.example/a\nbad.example\n"), &told, &err), ST_OK);
    for (size_t i = 0; i < st_rules_count(r); i++) {
        const st_rule *rule = st_rules_at(r, i);
        bool host = st_str_starts(rule->id, ST_STR("ioc-url-host"));
        assert_int_equal(rule->level, host ? ST_LEVEL_MEDIUM : ST_LEVEL_HIGH);
    }
    st_rules_free(r);
}

static void list__longest_indicator__is_one(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        st_buf b = { 0 };
        st_indicators told;
        st_err err = { 0 };
        st_buf_char(&b, '/');
        while (b.n < ST_MAX_INDICATOR + more)
            st_buf_char(&b, 'a');
        st_code code = st_indicators_add(NULL, st_buf_slice(&b), &told, &err);
        assert_int_equal(code == ST_OK, !more);
        assert_int_equal(told.n, !more);
        assert_int_equal(told.unread, more);
        assert_int_equal(told.first_unread, more);
        st_buf_free(&b);
    }
}

/* One that is too long is told of, and the others count. */
static void list__too_long_among_others__counts_as_unread(void **state)
{
    static const struct {
        const char *before, *behind;
        size_t n, first;
    } rows[] = {
        { "evil.example\n/", "\n203.0.113.9\n", 2, 2 },
        { "http://a.example/", "\nevil.example\n", 1, 1 },
        { "{\"pattern\":\"[domain-name:value = 'evil.example']\"}\n{\"pattern\":\"[file:name = '/",
          "']\"}", 1, 2 },
        { "{\"pattern\":\"[file:name IN ('evil.exe', '/", "')]\"}", 1, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_buf b = { 0 };
        st_indicators told;
        st_err err = { 0 };
        st_buf_str(&b, st_str_of(rows[i].before));
        for (size_t k = 0; k < ST_MAX_INDICATOR; k++)
            st_buf_char(&b, 'a');
        st_buf_str(&b, st_str_of(rows[i].behind));
        assert_int_equal(st_indicators_add(NULL, st_buf_slice(&b), &told, &err), ST_OK);
        if (told.n != rows[i].n || told.unread != 1 || told.first_unread != rows[i].first)
            fail_msg("%zu: %zu, %zu not, first %zu", i, told.n, told.unread, told.first_unread);
        st_buf_free(&b);
    }
}

/* As many as may be, and one more. */
static void list__of_the_most_indicators__is_whole(void **state)
{
    (void)state;
    st_buf b = { 0 };
    st_indicators told;
    st_err err = { 0 };
    for (size_t i = 0; i < ST_MAX_INDICATORS; i++)
        st_buf_fmt(&b, "n%zu.example\n", i);
    assert_int_equal(st_indicators_add(NULL, st_buf_slice(&b), &told, &err), ST_OK);
    assert_int_equal(told.n, ST_MAX_INDICATORS);
    st_buf_str(&b, ST_STR("one.more.example\n"));
    assert_int_equal(st_indicators_add(NULL, st_buf_slice(&b), &told, &err), ST_E_LIMIT);
    st_buf_free(&b);
}

static void list__longer_than_a_rule__is_several(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        st_buf b = { 0 };
        st_indicators told;
        st_err err = { 0 };
        for (size_t i = 0; i < ST_INDICATORS_A_RULE + more; i++)
            st_buf_fmt(&b, "10.%zu.%zu.1\n", i / 250, i % 250);
        st_rules *r = st_rules_new();
        assert_int_equal(st_indicators_add(r, st_buf_slice(&b), &told, &err), ST_OK);
        assert_int_equal(st_rules_count(r), 7 + 7 * more); /* an address's forms */
        st_rules_free(r);
        st_buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list__of_each_form__rules_of_its_kinds),
        cmocka_unit_test(list__hosts_of_urls__are_a_level_lower),
        cmocka_unit_test(list__longest_indicator__is_one),
        cmocka_unit_test(list__longer_than_a_rule__is_several),
        cmocka_unit_test(list__too_long_among_others__counts_as_unread),
        cmocka_unit_test(list__of_the_most_indicators__is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
