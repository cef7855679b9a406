/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kql_functions.c - every scalar function: expressions, each with its type and value.
 *
 * A test asks that each function of the tables stands in some expression, so that a new one
 * can't be forgotten here, and that each has its line of documentation.
 */
#include "rules/engine/functions/functions.h"
#include "shelltree/rules.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct expr_case {
    const char *expr, *expect;
} expr_case;

/* The cells: "type value", with names "name:type value"; a null is ~. Or what is wrong. */
static void run(const char *head, const char *expr, bool names, st_buf *out)
{
    st_rules *r = st_rules_new();
    st_run_options o = { .now = ST_TICKS_UNIX + UINT64_C(1704164645) * ST_TICKS_SECOND };
    st_table *t = NULL;
    st_err err = { 0 };
    st_buf text = { 0 };
    st_buf_fmt(&text, "%s%s", head, expr);
    if (st_query_run(r, ST_STR("q"), st_buf_slice(&text), NULL, &o, &t, &err) == ST_OK)
        for (size_t i = 0; i < t->ncolumns * t->nrows; i++) {
            const st_table_column *c = &t->columns[i % t->ncolumns];
            st_buf_str(out, i ? ST_STR(", ") : ST_STR(""));
            if (names)
                st_buf_fmt(out, "%.*s:", ST_FMT(c->name));
            st_buf_fmt(out, "%.*s %.*s", ST_FMT(c->type),
                       ST_FMT(t->cells[i].kind == ST_CELL_NULL ? ST_STR("~") : t->cells[i].text));
        }
    else
        st_buf_str(out, st_rules_diags(r) ? st_rules_diag(r, 0)->text : st_str_of(err.text));
    st_table_free(t);
    st_rules_free(r);
    st_buf_free(&text);
}

static void check(const char *head, const expr_case *cases, size_t n, bool names)
{
    for (size_t i = 0; i < n; i++) {
        st_buf b = { 0 };
        run(head, cases[i].expr, names, &b);
        if (!st_str_eq(st_buf_slice(&b), st_str_of(cases[i].expect)))
            fail_msg("%s\n  gives %.*s\n  not   %s", cases[i].expr, ST_FMT(st_buf_slice(&b)),
                     cases[i].expect);
        st_buf_free(&b);
    }
}
#define CHECK(head, cases) check(head, cases, sizeof(cases) / sizeof(cases)[0], false)
#define CHECK_NAMED(head, cases) check(head, cases, sizeof(cases) / sizeof(cases)[0], true)

/* clang-format off: a case a line */
static const expr_case functions[] = {
    { "abs(-3)", "long 3" },
    { "abs(-2.5)", "real 2.5" },
    { "abs(-1d)", "timespan 1.00:00:00" },
    { "acos(1)", "real 0.0" },
    { "asin(0)", "real 0.0" },
    { "atan(0.0)", "real 0.0" },
    { "atan2(0, 1)", "real 0.0" },
    { "bin(-7, 5)", "long -10" },
    { "bin(7.3, 0.5)", "real 7.0" },
    { "bin(datetime(2024-05-02 13:04), 1d)", "datetime 2024-05-02T00:00:00.0000000Z" },
    { "bin(5, 0)", "long ~" },
    { "bin_auto(-7)", "long -10" },
    { "bin_at(7, 5, 1)", "long 6" },
    { "bin_at(6.5, 2.5, 7)", "real 4.5" },
    { "bin_at(datetime(2024-05-02 13:04), 7d, datetime(2024-05-05))",
      "datetime 2024-04-28T00:00:00.0000000Z" },
    { "binary_and(12, 10)", "long 8" },
    { "binary_not(0)", "long -1" },
    { "binary_or(12, 10)", "long 14" },
    { "binary_shift_left(1, 4)", "long 16" },
    { "binary_shift_right(-16, 2)", "long -4" },
    { "binary_xor(12, 10)", "long 6" },
    { "bitset_count_ones(255)", "long 8" },
    { "ceiling(1.2)", "real 2.0" },
    { "ceiling(3)", "long 3" },
    { "cos(0)", "real 1.0" },
    { "cot(real(1.0)) > 0.64", "bool True" },
    { "degrees(pi())", "real 180.0" },
    { "erf(0)", "real 0.0" },
    { "erfc(0)", "real 1.0" },
    { "exp(0)", "real 1.0" },
    { "exp10(2)", "real 100.0" },
    { "exp2(10)", "real 1024.0" },
    { "floor(7, 5)", "long 5" },
    { "format_bytes(564)", "string 564 Bytes" },
    { "format_bytes(10332, 1)", "string 10.1 KB" },
    { "format_bytes(20010332, 2)", "string 19.08 MB" },
    { "format_bytes(20010332, 0, \"KB\")", "string 19541 KB" },
    { "format_bytes(1, 0, \"XB\")", "string " },
    { "gamma(5)", "real 24.0" },
    { "isfinite(1.0)", "bool True" },
    { "isinf(real(+inf))", "bool True" },
    { "isnan(real(nan))", "bool True" },
    { "log(1)", "real 0.0" },
    { "log(-1)", "real ~" },
    { "log10(1000)", "real 3.0" },
    { "log2(8)", "real 3.0" },
    { "loggamma(1)", "real 0.0" },
    { "round(pi(), 3)", "real 3.142" },
    { "pow(2, 10)", "real 1024.0" },
    { "radians(180) == pi()", "bool True" },
    { "rand() between (0.0 .. 1.0)", "bool True" },
    { "rand(5) < 5", "bool True" },
    { "round(2.5)", "real 3.0" },
    { "round(1234.6)", "real 1235.0" },
    { "sign(-3)", "real -1.0" },
    { "sin(0)", "real 0.0" },
    { "sqrt(16)", "real 4.0" },
    { "sqrt(-1)", "real ~" },
    { "tan(0)", "real 0.0" },
    { "around(5, 4, 1)", "bool True" },
    { "around(datetime(2024-01-01), datetime(2024-01-02), 1h)", "bool False" },
    { "case(false, 1, true, 2, 3)", "long 2" },
    { "coalesce(\"\", \"x\")", "string x" },
    { "coalesce(long(null), 7)", "long 7" },
    { "gettype(dynamic([1]))", "string array" },
    { "gettype(1d)", "string timespan" },
    { "iff(true, 1, 2)", "long 1" },
    { "iif(bool(null), 1, 2)", "long 2" },
    { "isempty(\"\")", "bool True" },
    { "isempty(dynamic(null))", "bool True" },
    { "isnotempty(\"x\")", "bool True" },
    { "isnotnull(1)", "bool True" },
    { "isnull(long(null))", "bool True" },
    { "max_of(1, 2.5, 2)", "real 2.5" },
    { "min_of(3, long(null), 2)", "long 2" },
    { "strlen(tostring(new_guid()))", "long 36" },
    { "not(false)", "bool True" },
    { "notempty(\"\")", "bool False" },
    { "notnull(1)", "bool True" },
    { "tobool(\"TRUE\")", "bool True" },
    { "toboolean(0)", "bool False" },
    { "todatetime(\"2024-01-02 03:04\")", "datetime 2024-01-02T03:04:00.0000000Z" },
    { "todecimal(\"1.5\")", "real 1.5" },
    { "todouble(\"1e3\")", "real 1000.0" },
    { "toguid(\"{AABBCCDD-1122-3344-5566-77889900AABB}\")",
      "guid aabbccdd-1122-3344-5566-77889900aabb" },
    { "toint(\"0x1F\")", "int 31" },
    { "toint(\"12x\")", "int ~" },
    { "tolong(2.9)", "long 2" },
    { "toreal(\"nan\")", "real NaN" },
    { "tostring(1.0)", "string 1.0" },
    { "totime(\"1.02:03:04\")", "timespan 1.02:03:04" },
    { "totimespan(\"15m\")", "timespan 00:15:00" },
    { "array_strcat(dynamic([\"a\", 1]), \"-\")", "string a-1" },
    { "has_any_index(\"run arp -a\", dynamic([\"net\", \"arp\"]))", "long 1" },
    { "indexof(\"abcb\", \"b\", 2)", "long 3" },
    { "indexof(\"abcb\", \"b\", 0, -1, 2)", "long 3" },
    { "isascii(\"\303\251\")", "bool False" },
    { "isutf8(\"\303\251\")", "bool True" },
    { "make_string(72, dynamic([105]))", "string Hi" },
    { "regex_quote(\"a.b*c\")", "string a\\.b\\*c" },
    { "replace_string(\"a.b.c\", \".\", \"-\")", "string a-b-c" },
    { "replace_strings(\"abc\", dynamic([\"a\", \"b\"]), dynamic([\"x\", \"yy\"]))",
      "string xyyc" },
    { "reverse(\"abc\")", "string cba" },
    { "split(\"a,b,,c\", \",\")", "dynamic [\"a\",\"b\",\"\",\"c\"]" },
    { "split(\"a,b\", \",\", 1)", "dynamic [\"b\"]" },
    { "strcat(\"a\", 1, true)", "string a1True" },
    { "strcat_array(dynamic([\"a\", \"b\"]), \";\")", "string a;b" },
    { "strcat_delim(\"-\", 1, \"a\", 2.0)", "string 1-a-2.0" },
    { "strcmp(\"a\", \"b\")", "long -1" },
    { "string_size(\"\303\251\")", "long 2" },
    { "strlen(\"\303\251\")", "long 1" },
    { "strrep(\"ab\", 3, \"-\")", "string ab-ab-ab" },
    { "substring(\"abcd\", -2)", "string cd" },
    { "substring(\"abcd\", 1, 2)", "string bc" },
    { "to_utf8(\"Hi\")", "dynamic [72,105]" },
    { "tohex(255)", "string ff" },
    { "tohex(10, 4)", "string 000a" },
    { "tolower(\"\303\200B\")", "string \303\240b" },
    { "tolower(True)", "string true" },
    { "toupper(\"ab\")", "string AB" },
    { "translate(\"abc\", \"xy\", \"aabbcc\")", "string xxyyyy" },
    { "unicode_codepoints_from_string(\"Hi\")", "dynamic [72,105]" },
    { "unicode_codepoints_to_string(72, 105)", "string Hi" },
    { "base64_decode_toarray(\"SGk=\")", "dynamic [72,105]" },
    { "base64_decode_toguid(\"JpbpECu8dUy7Pv5gbeJXAA==\")",
      "guid 10e99626-bc2b-4c75-bb3e-fe606de25700" },
    { "base64_decode_tostring(\"SGk=\")", "string Hi" },
    { "base64_decode_tostring(\"!\")", "string " },
    { "decoded_command(\"powershell -e aQBwAGMAbwBuAGYAaQBnAA==\")", "string ipconfig" },
    { "decoded_command(\"powershell -File a.ps1\")", "string " },
    { "decoded_command(\"\")", "string " },
    { "base64_decodestring(\"SGk=\")", "string Hi" },
    { "base64_encode_fromarray(dynamic([72, 105]))", "string SGk=" },
    { "base64_encode_fromguid(toguid(\"10e99626-bc2b-4c75-bb3e-fe606de25700\"))",
      "string JpbpECu8dUy7Pv5gbeJXAA==" },
    { "base64_encode_tostring(\"Hi\")", "string SGk=" },
    { "base64_encodestring(\"Hi!\")", "string SGkh" },
    { "gzip_decompress_from_base64_string(\"H4sIAAAAAAAA/8tIzcnJVyjPL8pJ4QIALTsIrwwAAAA=\")",
      "string hello world\012" },
    { "gzip_decompress_from_base64_string(\"x\")", "string " },
    { "zlib_decompress_from_base64_string(\"eJzLSM3JyQcABiwCFQ==\")", "string hello" },
    { "hash(\"Hello\")", "long 753694413698530628" },
    { "hash(\"Hello\", 100)", "long 28" },
    { "hash_combine(hash(\"a\"), hash(\"b\")) == hash_combine(hash(\"b\"), hash(\"a\"))",
      "bool False" },
    { "hash_many(\"a\", \"b\") == hash_combine(hash(\"a\"), hash(\"b\"))", "bool True" },
    { "geo_distance_2points(0, 0, 0, 1) between (111194 .. 111196)", "bool True" },
    { "geo_geohash_to_central_point(\"s\")",
      "dynamic {\"type\":\"Point\",\"coordinates\":[22.5,22.5]}" },
    { "geo_point_in_circle(0, 0, 0, 1, 111196)", "bool True" },
    { "geo_point_to_geohash(22.5, 22.5, 1)", "string s" },
    { "todatetime(\"12.02.2022\")", "datetime 2022-12-02T00:00:00.0000000Z" },
    { "todatetime(\"Dec 2, 2022\")", "datetime 2022-12-02T00:00:00.0000000Z" },
    { "todatetime(\"December 2, 2022 5:06 PM\")", "datetime 2022-12-02T17:06:00.0000000Z" },
    { "todatetime(\"20221202\")", "datetime 2022-12-02T00:00:00.0000000Z" },
    { "todatetime(\"20221302\")", "datetime ~" },
    { "todatetime(\"Dec 2 2022\")", "datetime ~" },
    { "gettype(int(null))", "string int" },
    { "gettype(dynamic(1.5))", "string double" },
    { "gettype(dynamic([1])[5])", "string null" },
    { "toint(9999999999)", "int 1410065407" },
    { "toint(datetime(2020-01-01))", "int -1954807808" },
    { "toint(1e10)", "int 2147483647" },
    { "tolong(-1e30)", "long -9223372036854775808" },
    { "toint(\"9999999999\")", "int ~" },
    { "toint(real(nan))", "int ~" },
    { "dynamic([null])[0] == \"\"", "bool True" },
    { "dynamic({}).a != \"\"", "bool False" },
    { "\"\" == dynamic({}).a", "bool True" },
    { "dynamic({}).a == \"x\"", "bool False" },
    { "dynamic({}).a == 1", "bool False" },
    { "hash_md5(\"x\")", "string 9dd4e461268c8034f5c8564e155c67a6" },
    { "hash_md5(\"\")", "string " },
    { "hash_sha1(dynamic(null))", "string " },
    { "hash_sha256(int(null))", "string " },
    { "hash_sha1(\"abc\")", "string a9993e364706816aba3e25717850c26c9cd0d89d" },
    { "hash_sha256(\"abc\")",
      "string ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "hash_xxhash64(\"World\")", "long 1846988464401551951" },
    { "url_decode(\"a%20b%2\")", "string a b%2" },
    { "url_encode(\"a b/\")", "string a+b%2f" },
    { "url_encode_component(\"a b/\")", "string a%20b%2f" },
    { "punycode_domain_from_string(\"xn--Ry-lja8c.xn--Jng-uta63a.com\")",
      "string R\303\272y\303\254.J\304\253ng\305\253.com" },
    { "punycode_domain_to_string(\"B\303\274cher.de\")", "string xn--Bcher-kva.de" },
    { "punycode_from_string(\"acad\303\251mie-fran\303\247aise\")",
      "string acadmie-franaise-npb1a" },
    { "punycode_from_string(\"\350\211\272\346\234\257\")", "string cqv902d" },
    { "punycode_to_string(\"acadmie-franaise-npb1a\")", "string acad\303\251mie-fran\303\247aise" },
    { "punycode_to_string(\"99999999\")", "string " },
    { "countof(\"aaa\", \"aa\")", "long 2" },
    { "countof(\"a1b22\", @\"\\d\", \"regex\")", "long 3" },
    { "extract(@\"(\\w+)\\.exe\", 1, \"C:/x/cmd.exe\")", "string cmd" },
    { "extract(@\"x=(\\d+)\", 1, \"x=45\", typeof(long))", "long 45" },
    { "extract(\"z\", 0, \"abc\")", "string " },
    { "extract_all(\"([a-z])([0-9])\", \"a1b2\")", "dynamic [[\"a\",\"1\"],[\"b\",\"2\"]]" },
    { "extract_all(\"([a-z])([0-9])\", dynamic([2]), \"a1b2\")", "dynamic [\"1\",\"2\"]" },
    { "extract_all(\"(x)\", \"a\")", "dynamic ~" },
    { "extractall(\"([0-9])\", \"a1b2\")", "dynamic [\"1\",\"2\"]" },
    { "indexof_regex(\"ab1cd2\", @\"\\d\")", "long 2" },
    { "indexof_regex(\"ab1cd2\", @\"\\d\", 3)", "long 5" },
    { "indexof_regex(\"ab1cd2\", @\"\\d\", 0, -1, 2)", "long 5" },
    { "indexof_regex(\"ab1cd2\", @\"\\d\", 3, 2)", "long -1" },
    { "replace(@\"(\\d)\", @\"<\\1>\", \"a1b2\")", "string a<1>b<2>" },
    { "replace_regex(\"a1b2\", @\"\\d\", \"\")", "string ab" },
    { "replace_regex(@'c:\\users\\bob\\x.exe', @'users\\\\(.*?)\\\\(.*)', @'U\\\\*\\\\\\2')",
      "string c:\\U\\*\\x.exe" },
    { "replace_regex('ab', 'b', @'\\\\1\\x\\')", "string a\\1\\x\\" },
    { "trim(@\"\\s+\", \"  a b \")", "string a b" },
    { "trim_end(@\"-+\", \"--a--\")", "string --a" },
    { "trim_end(@\"a|ab\", \"xab\")", "string x" },
    { "trim_end(@\"a+?\", \"xaaa\")", "string x" },
    { "trim_end(@\"aa\", \"aaa\")", "string a" },
    { "trim_end(@\"[^a]+\", \"-a--\")", "string -a" },
    { "trim_start(@\"a|ab\", \"xab\")", "string xab" },
    { "trim(@\"\\s+\", \"\\u00a0 a\\u3000\")", "string a" },
    { "trim(@\"\\s*\", \"\\t a\\u00e9 \")", "string a\u00e9" },
    { "trim(@\"\\s+\", \" \\t\")", "string " },
    { "trim_start(@\"-+\", \"--a--\")", "string a--" },
    { "array_concat(dynamic([1]), dynamic([2, 3]))", "dynamic [1,2,3]" },
    { "array_iff(dynamic([true, 0, \"x\"]), dynamic([1, 2, 3]), \"n\")", "dynamic [1,\"n\",null]" },
    { "array_iif(dynamic([true, false]), 1, dynamic([3]))", "dynamic [1,null]" },
    { "array_index_of(dynamic([\"a\", \"b\", \"a\"]), \"a\", 1)", "long 2" },
    { "array_index_of(dynamic([\"a\", \"b\", \"a\"]), \"a\", 0, -1, 2)", "long 2" },
    { "array_index_of(dynamic([\"a\", \"b\", \"a\"]), \"b\", -2, 1)", "long 1" },
    { "array_length(dynamic([1, 2]))", "long 2" },
    { "array_reverse(dynamic([1, 2]))", "dynamic [2,1]" },
    { "array_rotate_left(dynamic([1, 2, 3, 4, 5]), 2)", "dynamic [3,4,5,1,2]" },
    { "array_rotate_right(dynamic([1, 2, 3, 4, 5]), 2)", "dynamic [4,5,1,2,3]" },
    { "array_rotate_left(dynamic([1, 2, 3]), -1)", "dynamic [3,1,2]" },
    { "array_shift_left(dynamic([1, 2, 3, 4, 5]), 2)", "dynamic [3,4,5,null,null]" },
    { "array_shift_left(dynamic([1, 2, 3, 4, 5]), -2, -1)", "dynamic [-1,-1,1,2,3]" },
    { "array_shift_right(dynamic([\"a\", \"b\"]), 1)", "dynamic [\"\",\"a\"]" },
    { "array_slice(dynamic([1, 2, 3, 4]), 1, -1)", "dynamic [2,3,4]" },
    { "array_sort_asc(dynamic([3, \"b\", null, \"a\", 1]))", "dynamic [1,3,\"a\",\"b\",null]" },
    { "array_sort_asc(dynamic([2, null, 1]), false)", "dynamic [null,1,2]" },
    { "array_sort_desc(dynamic([1, 3, 2]))", "dynamic [3,2,1]" },
    { "array_split(dynamic([1, 2, 3, 4, 5]), 2)", "dynamic [[1,2],[3,4,5]]" },
    { "array_split(dynamic([1, 2, 3, 4, 5]), dynamic([1, 3]))", "dynamic [[1],[2,3],[4,5]]" },
    { "array_sum(dynamic([1, 2.5]))", "real 3.5" },
    { "arraylength(dynamic([1]))", "long 1" },
    { "bag_has_key(dynamic({\"a\": 1}), \"a\")", "bool True" },
    { "bag_keys(dynamic({\"a\": 1, \"b\": 2}))", "dynamic [\"a\",\"b\"]" },
    { "bag_merge(dynamic({\"a\": 1}), dynamic({\"a\": 2, \"b\": 3}))",
      "dynamic {\"a\":1,\"b\":3}" },
    { "bag_pack(\"a\", 1, \"b\", \"x\")", "dynamic {\"a\":1,\"b\":\"x\"}" },
    { "bag_remove_keys(dynamic({\"a\": 1, \"b\": {\"c\": 2, \"d\": 3}}), dynamic([\"a\", "
      "\"$.b.c\"]))",
      "dynamic {\"b\":{\"d\":3}}" },
    { "bag_set_key(dynamic({\"a\": 1}), \"b\", 2)", "dynamic {\"a\":1,\"b\":2}" },
    { "bag_zip(dynamic([\"a\", 8, \"b\", \"c\"]), dynamic([1, \"2\", 2.5]))",
      "dynamic {\"a\":1,\"b\":2.5,\"c\":null}" },
    { "dynamic_to_json(dynamic({\"a\": [1, \"x\"]}))", "string {\"a\":[1,\"x\"]}" },
    { "extract_json(\"$.a[1]\", '{\"a\":[1,2]}', typeof(long))", "long 2" },
    { "extractjson(\"$['a']\", '{\"a\":\"x\"}')", "string x" },
    { "jaccard_index(dynamic([1, 2, 3]), dynamic([2, 3, 4]))", "real 0.5" },
    { "pack(\"a\", 1)", "dynamic {\"a\":1}" },
    { "pack_array(1, \"x\", 2.5)", "dynamic [1,\"x\",2.5]" },
    { "pack_dictionary(\"a\", 1)", "dynamic {\"a\":1}" },
    { "parse_json('{\"a\": 1}').a", "dynamic 1" },
    { "parsejson(\"[1]\")", "dynamic [1]" },
    { "todynamic(\"{bad\")", "dynamic {bad" },
    { "toobject(\"[2]\")", "dynamic [2]" },
    { "range(1, 7, 3)", "dynamic [1,4,7]" },
    { "repeat(1, 3)", "dynamic [1,1,1]" },
    { "set_difference(dynamic([1, 2, 1]), dynamic([2]))", "dynamic [1]" },
    { "set_equals(dynamic([1, 2, 1]), dynamic([2, 1]))", "bool True" },
    { "set_has_element(dynamic([\"A\"]), \"a\")", "bool False" },
    { "set_intersect(dynamic([1, 2, 3]), dynamic([3, 1]), dynamic([1]))", "dynamic [1]" },
    { "set_union(dynamic([1, 2, 1]), dynamic([3, 2]))", "dynamic [1,2,3]" },
    { "treepath(dynamic({\"listProperty\": [100, 200, \"abc\", {\"x\": \"y\"}], \"p\": 1}))",
      "dynamic "
      "[\"['listProperty']\",\"['listProperty'][0]\",\"['listProperty'][0]['x']\",\"['p']\"]" },
    { "zip(dynamic([1, 2]), dynamic([3]))", "dynamic [[1,3],[2,null]]" },
    { "format_ipv4(\"192.168.1.1\", 24)", "string 192.168.1.0" },
    { "format_ipv4(3232235777)", "string 192.168.1.1" },
    { "format_ipv4_mask(\"192.168.1.1/24\", 32)", "string 192.168.1.0/24" },
    { "format_ipv4(\"192.168.1.1\", -1)", "string " },
    { "has_ipv4(\"05:04:54 127.0.0.1 GET /favicon.ico 404\", \"127.0.0.1\")", "bool True" },
    { "has_ipv4(\"05:04:54127.0.0.1 GET\", \"127.0.0.1\")", "bool False" },
    { "has_ipv4(\"x 127.0.0.256 y\", \"127.0.0.256\")", "bool False" },
    { "has_ipv4_prefix(\"05:04:54 127.0.0.1 GET\", \"127.0.\")", "bool True" },
    { "has_ipv4_prefix(\"05:04:54 127.0.0.1 GET\", \"127.0\")", "bool False" },
    { "has_any_ipv4(\"a 10.1.1.115 b\", \"10.1.1.1\", \"10.1.1.115\")", "bool True" },
    { "has_any_ipv4_prefix(\"a 10.1.1.115 b\", dynamic([\"192.\", \"10.1.\"]))", "bool True" },
    { "ipv4_compare(\"10.0.0.2\", \"10.0.0.10\")", "long -1" },
    { "ipv4_is_in_any_range(\"10.1.2.3\", \"192.168.0.0/16\", \"10.0.0.0/8\")", "bool True" },
    { "ipv4_is_in_range(\"10.1.2.3\", \"10.2.0.0/16\")", "bool False" },
    { "ipv4_is_match(\"192.168.1.1\", \"192.168.1.255\", 24)", "bool True" },
    { "ipv4_is_private(\"172.31.0.1\")", "bool True" },
    { "ipv4_is_private(\"::1\")", "bool ~" },
    { "ipv4_netmask_suffix(\"10.0.0.0/8\")", "long 8" },
    { "ipv4_range_to_cidr_list(\"1.1.128.0\", \"1.1.140.255\")",
      "dynamic [\"1.1.128.0/21\",\"1.1.136.0/22\",\"1.1.140.0/24\"]" },
    { "ipv4_range_to_cidr_list(\"0.0.0.0\", \"255.255.255.255\")", "dynamic [\"0.0.0.0/0\"]" },
    { "ipv6_compare(\"192.168.1.1\", \"::ffff:c0a8:0101\")", "long 0" },
    { "ipv6_compare(\"fe80::85d:e82c:9446:7994\", \"fe80::85d:e82c:9446:7998\")", "long -1" },
    { "ipv6_is_in_any_range(\"fe80::1\", dynamic([\"a::/16\", \"fe80::/10\"]))", "bool True" },
    { "ipv6_is_in_range(\"2001:db8::1\", \"2001:db8:0:1::/64\")", "bool False" },
    { "ipv6_is_match(\"fe80::85d:e82c:9446:7994/120\", \"fe80::85d:e82c:9446:7998\")",
      "bool True" },
    { "ipv6_is_match(\"192.168.1.1/24\", \"::ffff:c0a8:01ff\", 127)", "bool True" },
    { "parse_ipv4(\"1.2.3.4\")", "long 16909060" },
    { "parse_ipv4(\" 203.0.113.10/24 \")", "long 3405803776" },
    { "parse_ipv4(\"01.02.03.04\")", "long ~" },
    { "parse_ipv6(\"fe80::1%eth0\")", "string fe80:0000:0000:0000:0000:0000:0000:0001" },
    { "parse_ipv6(\"::ffff:1.2.3.4/24\")", "string 0000:0000:0000:0000:0000:ffff:0102:0300" },
    { "parse_ipv6(\"::ffff:1.2.3.4/120\")", "string " },
    { "parse_url(\"https://user@h.io/\")",
      "dynamic "
      "{\"Scheme\":\"https\",\"Host\":\"user@h.io\",\"Port\":\"\",\"Path\":\"\",\"Username\":\"\","
      "\"Password\":\"\",\"Fragment\":\"\",\"Query Parameters\":{}}" },
    { "parse_url(\"https://h.io/?y=2&x=1&x=3&k=&=v&f\")",
      "dynamic "
      "{\"Scheme\":\"https\",\"Host\":\"h.io\",\"Port\":\"\",\"Path\":\"/\",\"Username\":\"\","
      "\"Password\":\"\",\"Fragment\":\"\",\"Query "
      "Parameters\":{\"x\":[\"1\",\"3\"],\"y\":\"2\"}}" },
    { "parse_url(\"h.io/p\")",
      "dynamic {\"Scheme\":\"\",\"Host\":\"\",\"Port\":\"\",\"Path\":\"\",\"Username\":\"\","
      "\"Password\":\"\",\"Fragment\":\"\",\"Query Parameters\":{}}" },
    { "substring(\"abc\", -10, 2)", "string " },
    { "substring(\"abc\", -10)", "string " },
    { "strcat_array(dynamic(\"abc\"), \"-\")", "string abc" },
    { "strcat_array(dynamic(null), \"-\")", "string " },
    { "extract_all(\"(a)(b)\", dynamic([5]), \"ab\")", "dynamic [[\"a\",\"b\"]]" },
    { "extract_all(\"(a)(b)\", dynamic([2, 5]), \"ab\")", "dynamic [\"b\"]" },
    { "parse_ipv4_mask(\"127.0.0.1\", 24)", "long 2130706432" },
    { "parse_ipv6(\"192.168.255.255/24\")", "string 0000:0000:0000:0000:0000:ffff:c0a8:ff00" },
    { "parse_ipv6(\"::1\")", "string 0000:0000:0000:0000:0000:0000:0000:0001" },
    { "parse_ipv6(\"1::2::3\")", "string " },
    { "parse_ipv6(\"1:2:3:4:5:6:7:8:9\")", "string " },
    { "parse_ipv6_mask(\"2001:db8:ffff::1\", 33)",
      "string 2001:0db8:8000:0000:0000:0000:0000:0000" },
    { "parse_command_line('\"C:\\\\a b\\\\x.exe\" -x \"y \\\\\"z\\\\\"\" c:\\\\\\\\d', "
      "\"windows\")",
      "dynamic [\"C:\\\\a b\\\\x.exe\",\"-x\",\"y \\\"z\\\"\",\"c:\\\\\\\\d\"]" },
    { "parse_csv('a,\"b,\"\"c\"\"\",')", "dynamic [\"a\",\"b,\\\"c\\\"\",\"\"]" },
    { "parse_path(@\"C:\\Temp\\a.txt:s\")",
      "dynamic "
      "{\"Scheme\":\"\",\"RootPath\":\"C:\",\"DirectoryPath\":\"C:\\\\Temp\",\"DirectoryName\":"
      "\"Temp\",\"Filename\":\"a.txt\",\"Extension\":\"txt\",\"AlternateDataStreamName\":\"s\"}" },
    { "parse_url(\"https://u:p@host:84/a?x=1#f\")",
      "dynamic "
      "{\"Scheme\":\"https\",\"Host\":\"host\",\"Port\":\"84\",\"Path\":\"/"
      "a\",\"Username\":\"u\",\"Password\":\"p\",\"Fragment\":\"f\",\"Query "
      "Parameters\":{\"x\":\"1\"}}" },
    { "parse_urlquery(\"a=1&b=2\")", "dynamic {\"Query Parameters\":{\"a\":\"1\",\"b\":\"2\"}}" },
    { "parse_version(\"1.2.3.4\") > parse_version(\"1.2.3\")", "bool True" },
    { "parse_version(\"0.0.7.0\")", "long 458752" },
    { "parse_version(\"1.2.3.4.5\")", "long ~" },
    { "parseurl(\"http://h/x\").Host", "dynamic h" },
    { "parseurlquery(\"a=1\")", "dynamic {\"Query Parameters\":{\"a\":\"1\"}}" },
    { "parse_xml('<e name=\"v\">t</e>')", "dynamic {\"e\":{\"@name\":\"v\",\"#text\":\"t\"}}" },
    { "parse_xml('<e><a>1</a><a>2</a><b/></e>')",
      "dynamic {\"e\":{\"a\":[\"1\",\"2\"],\"b\":null}}" },
    { "parse_xml('<e>')", "dynamic ~" },
    { "parse_xml('<!DOCTYPE e [<!ENTITY x \"y\">]><e>&x;</e>')", "dynamic ~" },
    { "ago(1h)", "datetime 2024-01-02T02:04:05.0000000Z" },
    { "datetime_add(\"month\", 1, datetime(2024-01-31))", "datetime 2024-02-29T00:00:00.0000000Z" },
    { "datetime_diff(\"day\", datetime(2024-01-03), datetime(2024-01-01 23:00))", "long 2" },
    { "datetime_part(\"dayOfYear\", datetime(2024-12-31))", "int 366" },
    { "datepart(\"year\", datetime(2024-12-31))", "int 2024" },
    { "dayofmonth(datetime(2024-05-02))", "int 2" },
    { "dayofweek(datetime(2024-05-02))", "timespan 4.00:00:00" },
    { "dayofyear(datetime(2024-12-31))", "int 366" },
    { "endofday(datetime(2024-05-02 13:00))", "datetime 2024-05-02T23:59:59.9999999Z" },
    { "endofmonth(datetime(2024-02-02))", "datetime 2024-02-29T23:59:59.9999999Z" },
    { "endofweek(datetime(2024-05-02))", "datetime 2024-05-04T23:59:59.9999999Z" },
    { "endofyear(datetime(2024-05-02), -1)", "datetime 2023-12-31T23:59:59.9999999Z" },
    { "format_datetime(datetime(2024-05-02 13:04:05.678), \"yy/M/d hh:mm tt fff\")",
      "string 24/5/2 01:04 PM 678" },
    { "format_timespan(26h, \"dd.hh:mm\")", "string 01.02:00" },
    { "getmonth(datetime(2024-05-02))", "int 5" },
    { "getyear(datetime(2024-05-02))", "int 2024" },
    { "hourofday(datetime(2024-05-02 13:00))", "int 13" },
    { "make_datetime(2024, 2, 29, 1, 2, 3.5)", "datetime 2024-02-29T01:02:03.5000000Z" },
    { "make_datetime(2023, 2, 29)", "datetime ~" },
    { "make_timespan(1, 2, 3, 4)", "timespan 1.02:03:04" },
    { "make_timespan(1, 30)", "timespan 01:30:00" },
    { "monthofyear(datetime(2024-05-02))", "int 5" },
    { "now(-1d)", "datetime 2024-01-01T03:04:05.0000000Z" },
    { "startofday(datetime(2024-05-02 13:00))", "datetime 2024-05-02T00:00:00.0000000Z" },
    { "startofmonth(datetime(2024-05-02), 1)", "datetime 2024-06-01T00:00:00.0000000Z" },
    { "startofweek(datetime(2024-05-02))", "datetime 2024-04-28T00:00:00.0000000Z" },
    { "startofyear(datetime(2024-05-02))", "datetime 2024-01-01T00:00:00.0000000Z" },
    { "unixtime_microseconds_todatetime(1546300800000000)",
      "datetime 2019-01-01T00:00:00.0000000Z" },
    { "unixtime_milliseconds_todatetime(1546300800000)", "datetime 2019-01-01T00:00:00.0000000Z" },
    { "unixtime_nanoseconds_todatetime(1546300800000000000)",
      "datetime 2019-01-01T00:00:00.0000000Z" },
    { "unixtime_nanoseconds_todatetime(1546300800123456799)",
      "datetime 2019-01-01T00:00:00.1234567Z" },
    { "unixtime_seconds_todatetime(1546300800.5)", "datetime 2019-01-01T00:00:00.5000000Z" },
    { "unixtime_milliseconds_todatetime(1546300800123.25)",
      "datetime 2019-01-01T00:00:00.1232500Z" },
    { "unixtime_seconds_todatetime(1e300)", "datetime ~" },
    { "endofday(datetime(2024-01-01), 9223372036854775807)", "datetime ~" },
    { "datetime(2024-01-01) between (datetime(2024-01-01) .. totimespan(9223372036854775807))",
      "bool ~" },
    { "unixtime_seconds_todatetime(1546300800)", "datetime 2019-01-01T00:00:00.0000000Z" },
    { "week_of_year(datetime(2021-01-01))", "int 53" },
    { "weekofyear(datetime(2024-01-01))", "int 1" },
    { "series_abs(dynamic([-1, \"x\", 2.5]))", "dynamic [1.0,null,2.5]" },
    { "series_acos(dynamic([1]))", "dynamic [0.0]" },
    { "series_add(dynamic([1, 2, 4]), dynamic([4, 2, 1]))", "dynamic [5,4,5]" },
    { "series_add(dynamic([1, 2.5, \"x\"]), 1)", "dynamic [2,3.5,null]" },
    { "series_asin(dynamic([0]))", "dynamic [0.0]" },
    { "series_atan(dynamic([0]))", "dynamic [0.0]" },
    { "series_ceiling(dynamic([1.2]))", "dynamic [2.0]" },
    { "series_cos(dynamic([0]))", "dynamic [1.0]" },
    { "series_cosine_similarity(dynamic([1, 0]), dynamic([1, 0]))", "real 1.0" },
    { "series_divide(dynamic([1, 2, 4]), dynamic([4, 2, 1]))", "dynamic [0.25,1.0,4.0]" },
    { "series_dot_product(dynamic([1, 2]), dynamic([3, 4]))", "real 11.0" },
    { "series_equals(dynamic([1, 2, 4]), dynamic([4, 2]))", "dynamic [false,true,null]" },
    { "series_exp(dynamic([0]))", "dynamic [1.0]" },
    { "series_fill_backward(dynamic([null, 1, null, 2, null]))", "dynamic [1,1,2,2,null]" },
    { "series_fill_const(dynamic([null, 1]), 0.0)", "dynamic [0.0,1]" },
    { "series_fill_const(dynamic([-1, 1]), 7, -1)", "dynamic [7,1]" },
    { "series_fill_forward(dynamic([null, 1, null, 2, null]))", "dynamic [null,1,1,2,2]" },
    { "series_fill_linear(dynamic([null, 111.0, null, 36.0, null, null, 16.0, null]))",
      "dynamic [111.0,111.0,73.5,36.0,29.333333333333332,22.666666666666664,16.0,16.0]" },
    { "series_fill_linear(dynamic([null, 111, null, 36, null, null, 16]), long(null), false)",
      "dynamic [null,111,73,36,29,22,16]" },
    { "series_fill_linear(dynamic([null, null]), double(null), true, 3.5)", "dynamic [3.5,3.5]" },
    { "series_fir(dynamic([1, 2, 3, 4]), dynamic([1, 1]))", "dynamic [0.5,1.5,2.5,3.5]" },
    { "series_fir(dynamic([3, 6, 9]), dynamic([1, 1, 1]), false, true)",
      "dynamic [9.0,18.0,15.0]" },
    { "series_floor(dynamic([1.8]))", "dynamic [1.0]" },
    { "series_greater(dynamic([1, 2, 4]), dynamic([4, 2, 1]))", "dynamic [false,false,true]" },
    { "series_greater_equals(dynamic([1, 2, 4]), 2)", "dynamic [false,true,true]" },
    { "series_less(dynamic([1, 2, 4]), dynamic([4, 2, 1]))", "dynamic [true,false,false]" },
    { "series_less_equals(dynamic([1, 2, 4]), 2)", "dynamic [true,true,false]" },
    { "series_log(dynamic([1]))", "dynamic [0.0]" },
    { "series_magnitude(dynamic([3, 4]))", "real 5.0" },
    { "series_multiply(dynamic([1, 2, 4]), dynamic([4, 2, 1]))", "dynamic [4,4,4]" },
    { "series_not_equals(dynamic([1, 2, 4]), dynamic([4, 2, 1]))", "dynamic [true,false,true]" },
    { "series_outliers(dynamic([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100]))",
      "dynamic [-0.125,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,11.25]" },
    { "series_outliers(dynamic([1, 2, 3, 4, 100]), \"tukey\")", "dynamic [-0.5,0.0,0.0,0.0,48.0]" },
    { "series_outliers(dynamic([0, 0, 0, 0, null, 5]))",
      "dynamic [0.0,0.0,0.0,0.0,0.0,0.6666666666666664]" },
    { "series_pearson_correlation(dynamic([1, 2, 3]), dynamic([2, 4, 6]))", "real 1.0" },
    { "series_pow(dynamic([2, 3]), 2)", "dynamic [4.0,9.0]" },
    { "series_product(dynamic([2, 3]))", "real 6.0" },
    { "series_seasonal(dynamic([8, 12, 14, 12, 10, 10, 12, 14, 12, 10, 10, 12, 14, 12, 10]))",
      "dynamic [10.0,12.0,14.0,12.0,10.0,10.0,12.0,14.0,12.0,10.0,10.0,12.0,14.0,12.0,10.0]" },
    { "series_seasonal(dynamic([1, 3, 5, 2, 4, 6]))", "dynamic [0.0,0.0,0.0,0.0,0.0,0.0]" },
    { "series_seasonal(dynamic([1, 3, 5, 2, 4, 6]), 3)", "dynamic [1.5,3.5,5.5,1.5,3.5,5.5]" },
    { "series_sign(dynamic([-2, 0, 2]))", "dynamic [-1.0,0.0,1.0]" },
    { "series_sin(dynamic([0]))", "dynamic [0.0]" },
    { "series_stats_dynamic(dynamic([1, 2, 3]))",
      "dynamic "
      "{\"min\":1.0,\"min_idx\":0,\"max\":3.0,\"max_idx\":2,\"avg\":2.0,\"stdev\":1.0,\"variance\":"
      "1.0,\"sum\":6.0,\"len\":3}" },
    { "series_stats_dynamic(dynamic([1, null]))", "dynamic ~" },
    { "series_stats_dynamic(dynamic([1, null]), true).avg", "dynamic 1.0" },
    { "series_subtract(dynamic([1, 2]), dynamic([4, 2]))", "dynamic [-3,0]" },
    { "series_sum(dynamic([1, 2.5]))", "real 3.5" },
    { "series_tan(dynamic([0]))", "dynamic [0.0]" },
    { "series_fit_line_dynamic(dynamic([1, 3, 5])).slope", "dynamic 2.0" },
    { "series_fit_2lines_dynamic(dynamic([0, 1, 2, 3, 10, 8, 6, 4])).right",
      "dynamic "
      "{\"rsquare\":1.0,\"slope\":-2.0,\"interception\":12.0,\"variance\":6.666666666666667,"
      "\"rvariance\":0.0}" },
};
/* clang-format on */

static void function__each_expression__has_its_type_and_value(void **state)
{
    (void)state;
    CHECK("set query_bin_auto_size = 5; print x = ", functions);
}

/* The same over a row, so that nothing is computed while it is bound. */
static void function__of_a_column__is_no_other(void **state)
{
    static const expr_case rows[] = {
        { "extract(p, 1, s)", "string 12, string " },
        { "s matches regex p", "bool True, bool False" },
        { "trim(p, s)", "string b, string x" },
        { "replace_regex(s, p, '-')", "string -b, string x" },
        { "abs(series_fit_line(a))", "real 1.0, real ~" },
        { "array_sort_desc(a)", "dynamic [5,3,1], dynamic ~" },
        { "bag_remove_keys(b, dynamic(['k']))", "dynamic {}, dynamic ~" },
        { "strcat(new_guid(), '') == strcat(new_guid(), '')", "bool False, bool False" },
    };
    (void)state;
    CHECK("datatable(s:string, p:string, a:dynamic, b:dynamic)['a12b', 'a([0-9]+)', "
          "dynamic([1, 3, 5]), dynamic({'k': 1}), 'x', '([', dynamic(null), dynamic(null)] | "
          "project x = ",
          rows);
}

static void function__that_gives_several_columns__is_taken_apart(void **state)
{
    static const expr_case rows[] = {
        { "series_stats(a)", "real 1.0, long 0, real 5.0, long 2, real 3.0, real 2.0, real 4.0" },
        { "(m, at) = series_stats(a) | project m, at", "real 1.0, long 0" },
        { "x = series_stats(a) | project x", "real 1.0" },
        { "array_sort_asc(dynamic([3, 1, 2]), a)", "dynamic [1,2,3], dynamic [3,5,1]" },
        { "(p, q) = array_sort_desc(dynamic([3, 1]), a) | project p, q",
          "dynamic [3,1], dynamic ~" },
        { "series_decompose(a, 0) | project series_decompose_a_residual",
          "dynamic [-2.0,0.0,2.0]" },
        { "series_decompose_anomalies(dynamic([1, 1, 1, 1, 9, 1, 1, 1, 1, 1]), 1.5, 0) | project "
          "series_decompose_anomalies_ad_flag",
          "dynamic [0,0,0,0,1,0,0,0,0,0]" },
        { "series_periods_validate(dynamic([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]), 4, 5) | project "
          "array_length(series_periods_validate_scores)",
          "long 2" },
        { "series_periods_detect(dynamic([1, 2, 3, 9, 1, 2, 3, 9, 1, 2, 3, 9]), 0, 6, 1) | project "
          "series_periods_detect_periods",
          "dynamic [4.0]" },
        { "(r, k) = series_fit_2lines(dynamic([0, 1, 2, 3, 10, 8, 6, 4])) | project r, k",
          "real 1.0, long 4" },
        { "(p, q, r, s, t, u, v, w) = series_stats(a)", "8 names for 7 columns" },
        { "(p, q) = a", "several names need a value of several columns" },
    };
    (void)state;
    CHECK("print a = dynamic([1, 3, 5]) | project ", rows);
}

static void function__refused__says_why(void **state)
{
    static const expr_case rows[] = {
        { "series_fft(dynamic([1]))",
          "series_fft() isn't supported: signal filters and transforms aren't part of this "
          "program" },
        { "percentile_tdigest(dynamic([1]), 5)",
          "percentile_tdigest() isn't supported: dcount() and percentile() are exact here, and "
          "nothing is kept in sketches" },
    };
    (void)state;
    CHECK("print x = ", rows);
}

/* clang-format off: a case a line */
static const expr_case aggregates[] = {
    { "any(s)", "any_s:string a" },
    { "anyif(v, s == 'b')", "anyif_v:long 2" },
    { "take_any(s)", "s:string a" },
    { "take_anyif(v, s == 'b')", "v:long 2" },
    { "arg_max(v, s)", "v:long 3, s:string a" },
    { "arg_min(v, s)", "v:long 1, s:string a" },
    { "argmax(v, s)", "max_v:long 3, max_v_s:string a" },
    { "argmin(v, s)", "min_v:long 1, min_v_s:string a" },
    { "avg(v)", "avg_v:real 2.0" },
    { "avgif(v, s == 'a')", "avgif_v:real 2.0" },
    { "avg(v * 1s)", "avg_:timespan 00:00:02" },
    { "binary_all_and(w)", "w:long 0" },
    { "binary_all_or(w)", "w:long 15" },
    { "binary_all_xor(w)", "w:long 7" },
    { "cnt()", "cnt_:long 4" },
    { "count()", "count_:long 4" },
    { "count(v > 1)", "count_:long 2" },
    { "count_distinct(s)", "count_distinct_s:long 3" },
    { "count_distinctif(s, v < 3)", "count_distinctif_s:long 2" },
    { "countif(v > 1)", "countif_:long 2" },
    { "covariance(v, w)", "covariance_v_w:real 3.5000000000000004" },
    { "covarianceif(v, w, s == 'a')", "covarianceif_v_w:real 7.0" },
    { "covariancep(v, w)", "covariancep_v_w:real 2.3333333333333335" },
    { "covariancepif(v, w, s == 'a')", "covariancepif_v_w:real 3.5" },
    { "dcount(s)", "dcount_s:long 3" },
    { "dcountif(s, v < 3)", "dcountif_s:long 2" },
    { "make_bag(bag_pack(s, v))", "bag_:dynamic {\"a\":1,\"b\":2,\"c\":null}" },
    { "make_bag_if(bag_pack(s, v), v > 1)", "bag_:dynamic {\"b\":2,\"a\":3}" },
    { "make_dictionary(bag_pack(s, v))", "dictionary_:dynamic {\"a\":1,\"b\":2,\"c\":null}" },
    { "make_list(v)", "list_v:dynamic [1,2,3]" },
    { "make_list(v, 2)", "list_v:dynamic [1,2]" },
    { "make_list_if(v, s == 'a')", "list_v:dynamic [1,3]" },
    { "make_list_with_nulls(v)", "list_v:dynamic [1,2,3,null]" },
    { "make_set(s)", "set_s:dynamic [\"a\",\"b\",\"c\"]" },
    { "make_set(s, 2)", "set_s:dynamic [\"a\",\"b\"]" },
    { "make_set_if(s, v > 1)", "set_s:dynamic [\"b\",\"a\"]" },
    { "makelist(s)", "list_s:dynamic [\"a\",\"b\",\"a\",\"c\"]" },
    { "makeset(s)", "set_s:dynamic [\"a\",\"b\",\"c\"]" },
    { "max(v)", "max_v:long 3" },
    { "max(s)", "max_s:string c" },
    { "maxif(w, s == 'a')", "maxif_w:long 12" },
    { "min(v)", "min_v:long 1" },
    { "minif(w, s == 'b')", "minif_w:long 6" },
    { "percentile(w, 50)", "percentile_w_50:long 6" },
    { "percentiles(w, 5, 95)", "percentile_w_5:long 5, percentile_w_95:long 12" },
    { "percentiles_array(w, 5, 95)", "percentiles_w:dynamic [5,12]" },
    { "percentiles_array(w, dynamic([50]))", "percentiles_w:dynamic [6]" },
    { "percentilesw(v, w, 10, 90)", "percentile_v_10:long 1, percentile_v_90:long 3" },
    { "percentilesw_array(v, w, dynamic([10, 90]))", "percentiles_v:dynamic [1,3]" },
    { "percentilew(v, w, 50)", "percentile_v_50:long 3" },
    { "stdev(w)", "stdev_w:real 3.095695936834452" },
    { "stdevif(w, s == 'a')", "stdevif_w:real 4.949747468305833" },
    { "stdevp(w)", "stdevp_w:real 2.6809513236909024" },
    { "stdevpif(w, s == 'a')", "stdevpif_w:real 3.5" },
    { "sum(w)", "sum_w:long 31" },
    { "sumif(w, s == 'a')", "sumif_w:long 17" },
    { "sum(w * 1.5)", "sum_:real 46.5" },
    { "variance(w)", "variance_w:real 9.583333333333334" },
    { "varianceif(w, s == 'a')", "varianceif_w:real 24.5" },
    { "variancep(w)", "variancep_w:real 7.187500000000001" },
    { "variancepif(w, s == 'a')", "variancepif_w:real 12.25" },
    { "hll(v)", "hll() isn't supported: dcount() and percentile() are exact here, and nothing is "
                "kept in sketches" },
};
/* clang-format on */

#define ROWS \
    "datatable(s:string, v:long, w:long)['a', 1, 5, 'b', 2, 6, 'a', 3, 12, 'c', long(null), 8] | "

static void aggregate__each__has_its_name_type_and_value(void **state)
{
    (void)state;
    CHECK_NAMED(ROWS "summarize ", aggregates);
}

static void aggregate__of_several_columns__names_them(void **state)
{
    static const expr_case rows[] = {
        { "n = count(), arg_max(v, *) by s | where s == 'a'",
          "s:string a, n:long 2, v:long 3, w:long 12" },
        { "v = count(), arg_max(w, *)", "v:long 4, w:long 12, s:string a, v1:long 3" },
        { "arg_min(v + 1, s, w * 2)", "min_:long 2, s:string a, min__arg2:long 10" },
        { "argmin(v, w + 1)", "min_v:long 1, min_v_arg1:long 6" },
        { "(x, y) = arg_max(v, s)", "x:long 3, y:string a" },
        { "take_any(*)", "s:string a, v:long 1, w:long 5" },
        { "take_any(v, w + 1)", "v:long 1, any_arg1:long 6" },
        { "any(v), any(v, w)", "any_v:long 1, any_v1:long 1, any_w:long 5" },
        { "(x, y) = percentilesw(v, w, 10, 90)", "x:long 1, y:long 3" },
        { "array_sort_desc(make_list(v))", "list_v_sorted:dynamic [3,2,1]" },
        { "(x, y) = series_stats(make_list(v))",
          "x:real 1.0, y:long 0, series_stats_list_v_max:real "
          "3.0, series_stats_list_v_max_idx:long 2, series_stats_list_v_avg:real 2.0, "
          "series_stats_list_v_stdev:real 1.0, series_stats_list_v_variance:real 1.0" },
        { "percentile(v, w)", "a constant is needed here" },
        { "avg(datetime(2024-01-01) + v * 1d)", "avg_:datetime 2024-01-03T00:00:00.0000000Z" },
    };
    (void)state;
    CHECK_NAMED(ROWS "summarize ", rows);
}

static bool is_called(const expr_case *cases, size_t n, st_str name)
{
    for (size_t i = 0; i < n; i++) {
        const char *at = cases[i].expr;
        while ((at = strstr(at, name.p)) != NULL) {
            char before = at == cases[i].expr ? ' ' : at[-1];
            if (at[name.n] == '(' && !strchr("abcdefghijklmnopqrstuvwxyz0123456789_", before))
                return true;
            at++;
        }
    }
    return false;
}

/* Those that give several columns are in a test of their own. */
static void function__each_of_the_tables__is_tested_and_documented(void **state)
{
    (void)state;
    for (size_t i = 0; st_fn_at(i); i++) {
        const st_fn *f = st_fn_at(i);
        if (!f->doc || strlen(f->doc) < 4)
            fail_msg("%s() has no documentation", f->name);
        if (f->code && f->result[0] != '(' &&
            !is_called(functions, sizeof functions / sizeof *functions, st_str_of(f->name)))
            fail_msg("%s() is in no expression of this test", f->name);
        if (st_fn_find(st_str_of(f->name)) != f)
            fail_msg("%s() is there twice", f->name);
    }
    for (size_t i = 0; st_agg_at(i); i++) {
        const st_agg *g = st_agg_at(i);
        if (!g->doc || strlen(g->doc) < 4)
            fail_msg("%s() has no documentation", g->name);
        if (g->step &&
            !is_called(aggregates, sizeof aggregates / sizeof *aggregates, st_str_of(g->name)))
            fail_msg("%s() is in no expression of this test", g->name);
    }
}

/* The table of names says what the tables say. */
static void callee__name__is_what_the_tables_have(void **state)
{
    static const char *const names[] = { "", "nosuch", "Strlen", "strlen ", "toscalar" };
    st_callees *c = NULL;
    (void)state;
    for (size_t i = 0; st_fn_at(i); i++)
        assert_ptr_equal(st_callees_find(&c, st_str_of(st_fn_at(i)->name)).fn, st_fn_at(i));
    for (size_t i = 0; st_agg_at(i); i++)
        assert_ptr_equal(st_callees_find(&c, st_str_of(st_agg_at(i)->name)).agg, st_agg_at(i));
    for (size_t i = 0; st_window_at(i); i++)
        assert_ptr_equal(st_callees_find(&c, st_str_of(st_window_at(i)->name)).window,
                         st_window_at(i));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        st_callee got = st_callees_find(&c, st_str_of(names[i]));
        assert_true(!got.fn && !got.agg && !got.window);
    }
    assert_non_null(c);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(function__each_expression__has_its_type_and_value),
        cmocka_unit_test(function__of_a_column__is_no_other),
        cmocka_unit_test(function__that_gives_several_columns__is_taken_apart),
        cmocka_unit_test(function__refused__says_why),
        cmocka_unit_test(aggregate__each__has_its_name_type_and_value),
        cmocka_unit_test(aggregate__of_several_columns__names_them),
        cmocka_unit_test(function__each_of_the_tables__is_tested_and_documented),
        cmocka_unit_test(callee__name__is_what_the_tables_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
