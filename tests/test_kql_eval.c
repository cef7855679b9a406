/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_kql_eval.c - queries over constants: each with its cells, or with what is wrong in it. */
#include "query_cases.h"

#include <time.h>

static void eval__string_operators(void **state)
{
    static const query_case cases[] = {
        { "print 'netnet net' has 'net', 'network' has 'net', 'inter_net' has 'net', 'net1' has "
          "'net'",
          "print_0:bool print_1:bool print_2:bool print_3:bool / True,False,True,False" },
        { "print a = 'x-enc' has '-enc', b = 'CAF\303\211' has 'caf\303\251', c = 'caf\303\251s' "
          "has 'caf\303\251'",
          "a:bool b:bool c:bool / True,True,False" },
        { "print a = 'Abc' has_cs 'abc', b = 'Abc' contains 'BC', c = 'Abc' contains_cs 'BC', d = "
          "'x' contains ''",
          "a:bool b:bool c:bool d:bool / False,True,False,True" },
        { "print a = 'Abc' startswith 'AB', b = 'Abc' !endswith 'BC', c = 'abc def' hasprefix "
          "'DE', d = 'abc def' hassuffix 'C'",
          "a:bool b:bool c:bool d:bool / True,False,True,True" },
        { "print a = 'A' in ('a', 'b'), b = 'A' in~ ('a', 'b'), c = 'A' !in~ (dynamic(['a'])), d = "
          "'A' =~ 'a'",
          "a:bool b:bool c:bool d:bool / False,True,False,True" },
        { "print a = 'run arp -a' has_any ('net', 'arp'), b = 'run arp -a' has_all ('net', 'arp'), "
          "c = 'x' has_any (dynamic([]))",
          "a:bool b:bool c:bool / True,False,False" },
        /* arrays in a list are what is in them, as deep as they are */
        { "print a = 2 in (dynamic([1, [2, [3]]])), b = 3 !in (dynamic([[[3]]])), c = 'X' in~ "
          "('a', dynamic([['x']])), d = 'q x' has_any (dynamic([[], ['x']])), e = 'q x' has_all "
          "(dynamic(['q', ['y']])), f = 4 in (dynamic([1, [2]]))",
          "a:bool b:bool c:bool d:bool e:bool f:bool / True,False,True,True,False,False" },
        { "let T = datatable(b:string)['x', 'Y']; datatable(a:string)['x', 'y', 'z'] | project a, "
          "a "
          "in ((T | summarize make_set(b))), a in~ ((T | summarize make_list(b))), a !in~ ((T | "
          "summarize make_set(b))), a has_any ((T | summarize make_set(b)))",
          "a:string Column1:bool Column2:bool Column3:bool Column4:bool / x,True,True,False,True / "
          "y,False,True,False,True / z,False,False,True,False" },
        { "let L = datatable(n:long)[2, 3] | summarize make_set(n); range n from 1 to 4 step 1 | "
          "where n in (L)",
          "n:long / 2 / 3" },
        { "datatable(n:long, d:dynamic)[1, dynamic([[1], 2]), 3, dynamic([[1], 2])] | project n in "
          "(d), tostring(n) has_any (d)",
          "Column1:bool Column2:bool / True,True / False,False" },
        { "print a = 'abc12' matches regex @'\\d{2}$', b = 'ABC' matches regex 'abc', c = 'ABC' "
          "matches regex '(?i)abc'",
          "a:bool b:bool c:bool / True,False,True" },
        { "print a = 'foo' matches regex @'f\\x{6f}o', b = 'foo' matches regex @'^f[\\x{6f}]+$', c "
          "= "
          "'Foo' matches regex @'^\\p{Lu}\\p{L}+$', d = 'foo' matches regex @'\\P{L}', e = "
          "extract(@'(\\p{Greek}+)', 1, 'a \316\261\316\262')",
          "a:bool b:bool c:bool d:bool e:string / True,True,True,False,\316\261\316\262" },
        { "print 'foo' matches regex @'f\\x{6f'", "1:27: an escape without its hexadecimal digits "
                                                  "isn't part of Kusto's regular expressions" },
        { "datatable(h:string, n:string)['run cmd', 'CMD', 'cmds', 'cmd'] | where h has n | "
          "project n",
          "n:string / CMD" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__null_and_bool(void **state)
{
    static const query_case cases[] = {
        { "datatable(i:long)[1, long(null), 2] | where i != 2", "i:long / 1 / ~" },
        { "datatable(i:long)[1, long(null), 2] | where not(i > 1)", "i:long / 1" },
        { "print a = long(null) == 1, b = long(null) < 1, c = isnull(long(null)), d = isempty('')",
          "a:bool b:bool c:bool d:bool / False,~,True,True" },
        { "print a = bool(null) and false, b = bool(null) or true, c = iff(bool(null), 1, 2)",
          "a:bool b:bool c:long / False,True,2" },
        { "print a = -7 / 2, b = -14 % 12, c = 1 / 0, d = 1.0 / 0, e = 5 / 2.0",
          "a:long b:long c:long d:real e:real / -3,10,~,Infinity,2.5" },
    };
    (void)state;
    CHECK(cases);
}

/* What published queries take for granted of the portals that they were written in. */
static void eval__queries_of_portals__as_published(void **state)
{
    static const query_case cases[] = {
        /* a workspace's rows have a time by which they came, and whose they are */
        { "SecurityEvent | where ingestion_time() > ago(1d) | count", "Count:long / 0" },
        { "DeviceEvents | where ingestion_time() > ago(1d) | project d = ingestion_time() - "
          "Timestamp",
          "d:timespan" },
        { "datatable(a:long)[1] | extend ingestion_time()", "1:31: no column Timestamp" },
        { "Event | summarize count() by _ResourceId", "_ResourceId:string count_:long" },
        { "SecurityEvent | evaluate pivot(EventID, count(), _ResourceId, _SubscriptionId)",
          "_ResourceId:string _SubscriptionId:string" },
        /* a hunt's time range */
        { "print s = todatetime('{{StartTimeISO}}'), e = todatetime('{{EndTimeISO}}') | project "
          "e - s, e == now(), s == ago(1d)",
          "Column1:timespan Column2:bool Column3:bool / 1.00:00:00,True,True" },
        { "print todatetime('{{Other}}')", "print_0:datetime / ~" },
        /* tables by name */
        { "table('DeviceEvents') | where false | project FileName", "FileName:string" },
        { "let f = (n:string) { table(n) | where false | project FileName }; f('DeviceFileEvents')",
          "FileName:string" },
        { "let T = print a = 1; table('T')", "1:22: no table T" },
        { "print a = 'T' | join (table(a)) on a", "1:29: no column a" },
        { "table()", "1:1: table() needs a table's name as a constant text" },
        { "let x = toscalar(); print x", "1:9: toscalar() takes a query, and needs one" },
        /* an empty line ends a query */
        { "print a = 1\n\nprint b = 2", "a:long / 1 // b:long / 2" },
        { "print a = 1 // one\n \t\r\n// two\nlet a = 3; print b = a", "a:long / 1 // b:long / 3" },
        { "let a = 1;\n\nprint a\n\n| extend b = a", "print_0:long b:long / 1,1" },
        { "let a = 1; print a\n\nlet a = 2; print a\n\nprint c = 3",
          "print_0:long / 1 // print_0:long / 2 // c:long / 3" },
        { "let f = () { print 1\n\nprint 2 }; f()",
          "3:1: expected `|`, or `;` before print (query began in line 1)" },
        /* columns that only the evidence can give, and doesn't */
        { "datatable(d:dynamic)[] | evaluate bag_unpack(d) | summarize count() by Foo",
          "Foo:string count_:long" },
        { "datatable(d:dynamic)[] | evaluate bag_unpack(d) | sort by Foo | project Bar, Foo",
          "Bar:string Foo:string" },
        { "datatable(d:dynamic, k:string)[] | evaluate bag_unpack(d) | join kind=leftouter (print "
          "Foo = 1) on Foo | project k, Foo",
          "k:string Foo:long" },
        { "print Foo = 'x' | join kind=leftanti (datatable(d:dynamic)[dynamic({'a':1})] | evaluate "
          "bag_unpack(d)) on Foo",
          "Foo:string / x" },
    };
    (void)state;
    CHECK(cases);
}

/* What hunters compare without converting: Kusto's binder lets it pass. */
static void eval__mixed_types__as_published(void **state)
{
    static const query_case cases[] = {
        { "datatable(s:string, n:long)['5', 5, 'x', 6, ' 7 ', 7] | where s == n | project n",
          "n:long / 5 / 7" },
        { "datatable(s:string, n:long)['5', 5, 'x', 6] | where n != s | project n", "n:long / 6" },
        { "print a = datetime(2024-01-02) == '2024-01-02', b = 1h == '01:00', c = true == 'TRUE', "
          "d = 1h == datetime(2024-01-02)",
          "a:bool b:bool c:bool d:bool / True,True,True,False" },
        { "datatable(b:bool)[true, false] | where b >= 1", "b:bool / True" },
        { "print f = dynamic({'n':2,'r':2.5,'t':'01:00:00','d':'2024-01-02','b':true}) | project "
          "f.n + 1, f.r * 2.0, 1h + f.t, datetime(2024-01-03) - f.d, f.b and f.n == 2",
          "Column1:long Column2:real Column3:timespan Column4:timespan Column5:bool / "
          "3,5.0,02:00:00,1.00:00:00,True" },
        { "print a = datetime(2024-01-02 03:04) % 1d, b = datetime(2024-01-02) / 1d, c = "
          "datetime(0001-01-03) / datetime(0001-01-02)",
          "a:timespan b:real c:real / 03:04:00,738886.0,2.0" },
        { "print s = 'a[\"b\"]c' | extend a = s contains dynamic(['b']), b = s startswith "
          "dynamic(['b'])",
          "s:string a:bool b:bool / a[\"b\"]c,True,False" },
        { "print x = dynamic(['a' \"b\" // joined\n @'c', 'd']), y = dynamic({'k' : 'l' 'm'})",
          "x:dynamic y:dynamic / [\"abc\",\"d\"],{\"k\":\"lm\"}" },
        /* The same texts again: of another type, with other arguments, by another function. */
        { "datatable(s:string)['a1', 'b', 'a1'] | extend a = extract('([0-9])', 1, s), b = "
          "extract('([0-9])', 1, s, typeof(long)), c = extract('([0-9])', 0, s), d = "
          "extract('([a-z])', 1, s), e = replace_regex(s, '([0-9])', ''), f = trim('([0-9])', s), "
          "g = trim_start('([0-9])', s), h = extract('([0-9])', 1, s)",
          "s:string a:string b:long c:string d:string e:string f:string g:string h:string / "
          "a1,1,1,1,a,a,a,a1,1 / b,,~,,b,b,b,b, / a1,1,1,1,a,a,a,a1,1" },
        { "datatable(s:string, p:string)['abc', '^a', 'abc', '^b', 'bcd', '^b', 'x', '(['] | where "
          "s matches regex p | project s, p",
          "s:string p:string / abc,^a / bcd,^b" },
    };
    (void)state;
    CHECK(cases);
}

#define ROWS                                                                                 \
    "datatable(a:dynamic, s:string, n:long, t:datetime)[dynamic([1,2]), 'x', 1, "            \
    "datetime(2024-01-01), dynamic([3]), 'x', 2, datetime(2024-01-02), dynamic(null), 'y', " \
    "long(null), datetime(2024-01-03)] | "

/* Columns of one row of a group: what they are called, and which row it is. */
static void eval__row_of_a_group(void **state)
{
    static const query_case cases[] = {
        { ROWS "summarize arg_max(t, n), arg_min(t, *) by s | where s == 'x'",
          "s:string t:datetime n:long t1:datetime a:dynamic n1:long / "
          "x,2024-01-02T00:00:00.0000000Z,2,2024-01-01T00:00:00.0000000Z,[1,2],1" },
        { ROWS "summarize Last = arg_max(t, *) by s | where s == 'x'",
          "s:string Last:datetime a:dynamic n:long / x,2024-01-02T00:00:00.0000000Z,[3],2" },
        { ROWS "summarize arg_max(n, *) by t = bin(t, 7d), tolower(s) | project t, Column1, n, t1",
          "t:datetime Column1:string n:long t1:datetime / "
          "2024-01-01T00:00:00.0000000Z,x,2,2024-01-02T00:00:00.0000000Z / "
          "2024-01-01T00:00:00.0000000Z,y,~,2024-01-03T00:00:00.0000000Z" },
        { ROWS "summarize argmax(n, s), argmin(n, a)",
          "max_n:long max_n_s:string min_n:long min_n_a:dynamic / 2,x,1,[1,2]" },
        { ROWS "summarize take_any(*), count() by s | where s == 'y'",
          "s:string a:dynamic n:long t:datetime count_:long / "
          "y,~,~,2024-01-03T00:00:00.0000000Z,1" },
        { ROWS "summarize any(n, s), (p, q) = take_any(s, n), take_any(n), anyif(n, n > 1)",
          "any_n:long any_s:string p:string q:long n:long anyif_n:long / 1,x,x,1,1,2" },
    };
    (void)state;
    CHECK(cases);
}

/* Names that columns get by themselves, as Kusto's binder gives them. */
static void eval__names_of_paths(void **state)
{
    static const query_case cases[] = {
        { "print u = 'https://a.b/c' | summarize count() by tostring(parse_url(u).Host)",
          "Host:string count_:long / a.b,1" },
        { "print u = 'a,b' | extend split(u, ',')[1], split(tolower(u), ',')[0]",
          "u:string u_1:dynamic 0:dynamic / a,b,b,a" },
        { "print d = dynamic({'k':[7]}) | project d.k[0], tostring(todynamic(tostring(d)).k), "
          "bag_keys(d)[0]",
          "d_k_0:dynamic d_k:string 0:dynamic / 7,[7],k" },
        { "print n = 12, t = datetime(2024-01-02), u = 'ab' | project tohex(n), binary_and(n, 4), "
          "format_datetime(t, 'yyyy'), string_size(u), column_ifexists('q', 1)",
          "n:string n1:long t:string string_size_u:long Column1:long / c,4,2024,2,1" },
    };
    (void)state;
    CHECK(cases);
}

/* Branches of iff and case get their common type; functions of texts take anything. */
static void eval__common_types(void **state)
{
    static const query_case cases[] = {
        { "print d = dynamic(['x']) | extend a = iff(true, d, 'none'), b = case(false, 1, 2.5), c "
          "= "
          "iff(true, 1, 'x'), e = iff(false, 2.5, 1)",
          "d:dynamic a:string b:real c:dynamic e:real / [\"x\"],[\"x\"],2.5,1,1.0" },
        { "print a = tolower(12), b = substring(datetime(2024-01-02), 0, 4), c = indexof(1234, 3), "
          "d "
          "= split(1.5, '.')[1], e = strcat_array(dynamic([1,2]), 0), f = round(1234, -2)",
          "a:string b:string c:long d:dynamic e:string f:long / 12,2024,2,5,102,1200" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__american_dates(void **state)
{
    static const query_case cases[] = {
        { "print datetime('01/16/2022 00:00:00'), datetime(1/2/2022), todatetime('01/16/2022 5:30 "
          "PM')",
          "print_0:datetime print_1:datetime print_2:datetime / "
          "2022-01-16T00:00:00.0000000Z,2022-01-02T00:00:00.0000000Z,2022-01-16T17:30:00."
          "0000000Z" },
        { "print datetime('8:00:00 AM'), datetime('12:15 am'), todatetime('8:00')",
          "print_0:datetime print_1:datetime print_2:datetime / "
          "2024-01-02T08:00:00.0000000Z,2024-01-02T00:15:00.0000000Z,~" },
        { "print datetime('13:00 PM')", "1:7: '13:00 PM' isn't a literal datetime" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__times(void **state)
{
    static const query_case cases[] = {
        { "print now(), ago(1h)", "print_0:datetime print_1:datetime / "
                                  "2024-01-02T03:04:05.0000000Z,2024-01-02T02:04:05.0000000Z" },
        { "print datetime(2024-01-02) - datetime(2024-01-01), 1.5d, -1ms",
          "print_0:timespan print_1:timespan print_2:timespan / "
          "1.00:00:00,1.12:00:00,-00:00:00.0010000" },
        { "print a = datetime(2024-01-05) between (datetime(2024-01-01) .. 4d), b = bin(-7, 5), c "
          "= startofweek(datetime(2024-01-05))",
          "a:bool b:long c:datetime / True,-10,2023-12-31T00:00:00.0000000Z" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__dates_and_more(void **state)
{
    static const query_case cases[] = {
        { "print datetime_diff('day', datetime(2024-01-03), datetime(2024-01-01 23:00)), "
          "datetime_add('month', 1, datetime(2024-01-31))",
          "print_0:long print_1:datetime / 2,2024-02-29T00:00:00.0000000Z" },
        { "print format_datetime(datetime(2024-05-02 13:04:05.678), 'yy/M/d hh:mm tt fff'), "
          "dayofyear(datetime(2024-12-31))",
          "print_0:string print_1:int / 24/5/2 01:04 PM 678,366" },
        { "print parse_command_line('\\\"C:/a b\\\" -x \\\"y z\\\"', 'windows')",
          "print_0:dynamic / [\"C:/a b\",\"-x\",\"y z\"]" },
        { "print array_sort_asc(dynamic([3, 'a', 1])), pow(2, 10), binary_xor(12, 10), "
          "hash_sha1('abc')",
          "print_0:dynamic print_1:real print_2:long print_3:string / "
          "[1,3,\"a\"],1024.0,6,a9993e364706816aba3e25717850c26c9cd0d89d" },
        { "print extract_all('([a-z])([0-9])', 'a1b2'), extract_all('([0-9])', 'a1b2'), "
          "extract_all('(x)', 'a')",
          "print_0:dynamic print_1:dynamic print_2:dynamic / "
          "[[\"a\",\"1\"],[\"b\",\"2\"]],[\"1\",\"2\"],~" },
        { "print extractjson('$.a[1].b', '{\\\"a\\\":[0,{\\\"b\\\":7}]}'), extractjson('$.x', "
          "'{}')",
          "print_0:string print_1:string / 7," },
    };
    (void)state;
    CHECK(cases);
}

static void eval__dynamic(void **state)
{
    static const query_case cases[] = {
        { "print d = dynamic({'a': {'b': [1, 2]}}) | project d.a.b[1], d.a.c, tostring(d.a), "
          "d.a.b[-1]",
          "d_a_b_1:dynamic d_a_c:dynamic d_a:string d_a_b_:dynamic / 2,~,{\"b\":[1,2]},2" },
        { "print parse_json('{\"x\": [true, null, \"y\"]}')",
          "print_0:dynamic / {\"x\":[true,null,\"y\"]}" },
        { "print split('a,b,,c', ','), array_length(split('a,b', ',')), pack_array(1, 'x', 2.5)",
          "print_0:dynamic print_1:long print_2:dynamic / "
          "[\"a\",\"b\",\"\",\"c\"],2,[1,\"x\",2.5]" },
        { "print extract(@'(\\w+)\\.exe', 1, 'C:/x/cmd.exe'), toint('0x1F'), substring('abcd', 1, "
          "2), indexof('abcb', 'b', 2)",
          "print_0:string print_1:int print_2:string print_3:long / cmd,31,bc,3" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__parts_of_texts(void **state)
{
    static const query_case cases[] = {
        { "print parse_path(@'C:\\Temp\\a.txt:s'), parse_path('https://h/x').Scheme",
          "print_0:dynamic print_1:dynamic / "
          "{\"Scheme\":\"\",\"RootPath\":\"C:\",\"DirectoryPath\":\"C:\\\\Temp\","
          "\"DirectoryName\":\"Temp\",\"Filename\":\"a.txt\",\"Extension\":\"txt\","
          "\"AlternateDataStreamName\":\"s\"},https" },
        { "print u = parse_url('https://u:p@host:84/a/b?x=1&y=2#f') | project h = u.Host, p = "
          "u.Port, w = u.Password, d = u.Path, y = u['Query Parameters'].y, f = u.Fragment",
          "h:dynamic p:dynamic w:dynamic d:dynamic y:dynamic f:dynamic / host,84,p,/a/b,2,f" },
        { "print h = parse_url('http://[::1]:80/x').Host, q = parse_urlquery('a=1&a=2')",
          "h:dynamic q:dynamic / [::1],{\"Query Parameters\":{\"a\":[\"1\",\"2\"]}}" },
        { "print parse_csv('a,\"b,\"\"c\"\"\",'), url_decode('a%20b%2'), url_encode('a b/')",
          "print_0:dynamic print_1:string print_2:string / "
          "[\"a\",\"b,\\\"c\\\"\",\"\"],a b%2,a+b%2f" },
        { "print make_string(72, dynamic([105])), unicode_codepoints_from_string('Hi'), "
          "make_string(55296), tohex(-1), tohex(10, 4), isascii('\303\251')",
          "print_0:string print_1:dynamic print_2:string print_3:string print_4:string "
          "print_5:bool / Hi,[72,105],,ffffffffffffffff,000a,False" },
        { "print hash_md5('x'), base64_decode_toarray('SGk='), translate('abc', 'xy', 'aabbcc')",
          "print_0:string print_1:dynamic print_2:string / "
          "9dd4e461268c8034f5c8564e155c67a6,[72,105],xxyyyy" },
        { "print countof('a1b22', @'\\d', 'regex'), countof('aaa', 'aa'), indexof_regex('ab1', "
          "@'\\d'), indexof_regex('ab', @'\\d')",
          "print_0:long print_1:long print_2:long print_3:long / 3,2,2,-1" },
        { "print ipv4_compare('10.0.0.2', '10.0.0.10'), ipv4_compare('10.0.0.1/8', '10.9.9.9'), "
          "ipv4_compare('x', '1.1.1.1'), parse_ipv4('1.2.3.4')",
          "print_0:long print_1:long print_2:long print_3:long / -1,0,~,16909060" },
        { "print range(1, 7, 3), range(3, 1, -1), range(1, 0), zip(dynamic([1, 2]), dynamic([3]))",
          "print_0:dynamic print_1:dynamic print_2:dynamic print_3:dynamic / "
          "[1,4,7],[3,2,1],[],[[1,3],[2,null]]" },
        { "print b = dynamic({'a': 1, 'b': 2}) | project bag_remove_keys(b, dynamic(['a'])), "
          "bag_set_key(b, 'c', 3), bag_set_key(b, 'a', 9)",
          "Column1:dynamic Column2:dynamic Column3:dynamic / "
          "{\"b\":2},{\"a\":1,\"b\":2,\"c\":3},{\"a\":9,\"b\":2}" },
        { "print a = 1, s = '' | project p = pack_all(), q = pack_all(true)",
          "p:dynamic q:dynamic / {\"a\":1,\"s\":\"\"},{\"a\":1}" },
        { "print isnan(real(nan)), isinf(1.0), isfinite(2.0), hash('x') == hash('x'), hash('x', 5) "
          "< "
          "5",
          "print_0:bool print_1:bool print_2:bool print_3:bool print_4:bool / "
          "True,False,True,True,True" },
    };
    (void)state;
    CHECK(cases);
}

#define T "let T = datatable(k:string, v:long)['a', 1, 'b', 2, 'a', 3, 'c', long(null)]; "
static void eval__operators(void **state)
{
    static const query_case cases[] = {
        { T "T | extend v = v + 1, w = v | where k == 'a'",
          "k:string v:long w:long / a,2,1 / a,4,3" },
        { T "T | project a = v, v = strlen(k) | take 1", "a:long v:long / 1,1" },
        { T "T | project-rename n = v | project-away k | take 1", "n:long / 1" },
        { T "T | order by v | project v", "v:long / 3 / 2 / 1 / ~" },
        { T "T | sort by v asc nulls last, k | project v", "v:long / 1 / 2 / 3 / ~" },
        { T "T | top 1 by v | project k, v", "k:string v:long / a,3" },
        { T "T | distinct k", "k:string / a / b / c" },
        { T "T | count", "Count:long / 4" },
        { T "T | summarize count(), dcount(k), sum(v), max(v), make_set(k)",
          "count_:long dcount_k:long sum_v:long max_v:long set_k:dynamic / "
          "4,3,6,3,[\"a\",\"b\",\"c\"]" },
        { T "T | summarize n = countif(v > 1) by k | order by k asc",
          "k:string n:long / a,1 / b,1 / c,0" },
        { T "T | summarize arg_max(v, k)", "v:long k:string / 3,a" },
        { T
          "T | join kind=leftouter (T | where v == 2 | project k, w = 'x') on k | project k, k1, w",
          "k:string k1:string w:string / a,, / b,b,x / a,, / c,," },
        /* columns that have one value in all rows */
        { T
          "T | join kind=inner (T | where k == 'b' | project k, w = 'x', n = 1) on k | project k, "
          "w, n",
          "k:string w:string n:long / b,x,1" },
        { T
          "T | extend c = 7, d = strcat('x', 'y') | where v > 1 | extend e = c + 1, f = c > v and "
          "d == 'xy' | project k, c, d, e, f | order by k asc",
          "k:string c:long d:string e:long f:bool / a,7,xy,8,True / b,7,xy,8,True" },
        { T "T | extend c = 'p;q' | mv-expand s = split(c, ';') to typeof(string) | where v == 3 | "
            "project c, s",
          "c:string s:string / p;q,p / p;q,q" },
        { T "T | extend b = 1 == 1 | where v == 9 or b | summarize n = count(), m = max(b)",
          "n:long m:bool / 4,True" },
        /* values that only some rows take, and what is used more than once */
        { "let f = (p:string) { iff(strlen(p) > 1 and p startswith 'a', strcat(p, p), p) }; "
          "datatable(s:string)['ab', 'a', 'bc', 'ab'] | extend t = f(strcat(s, 'c')) | project t",
          "t:string / abcabc / acac / bcc / abcabc" },
        { "datatable(i:long)[1, 2, 3, long(null)] | project c = case(i == 1, 'one', i > 2, "
          "tostring(i), 'rest'), d = iff(i > 1, 0.5, i)",
          "c:string d:real / one,1.0 / rest,0.5 / 3,0.5 / rest,~" },
        { T "union (T | take 1), (print v = 'x')",
          "k:string v_long:long v_string:string / a,1, / ,~,x" },
        { "union (print v = 1), (print v = 'x'), (print v_long = 5, v_long1 = 6)",
          "v_long2:long v_string:string v_long:long v_long1:long / 1,,~,~ / ~,x,~,~ / ~,,5,6" },
        { T "let f = (x:long, s:string = '!') { strcat(x, s) }; print f(2), f(3, '?')",
          "print_0:string print_1:string / 2!,3?" },
        { T "let W = (t:(k:string, v:long), n:long) { t | where v > n }; W(T, 1) | project v",
          "v:long / 2 / 3" },
        { T "T | where k in ((T | where v == 2)) | project v", "v:long / 2" },
        { "datatable(i:long, a:dynamic)[1, dynamic([5, 'x']), 2, dynamic([]), 3, dynamic(null)] | "
          "mv-expand a",
          "i:long a:dynamic / 1,5 / 1,x / 3,~" },
        { "print s = 'a;b' | mv-expand with_itemindex=n p = split(s, ';') to typeof(string) | "
          "project p, n",
          "p:string n:long / a,0 / b,1" },
        { "range x from 1 to 5 step 2", "x:long / 1 / 3 / 5" },
        /* more columns on the left, of which none is left */
        { "let T = datatable(k:string, a:long, b:long, c:long, d:long, e:long, f:long, g:long, "
          "h:long, "
          "i:long, j:long, l:long, m:long, n:long, o:long, p:long, q:long, r:long)"
          "['x', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]; T | join "
          "kind=rightsemi (datatable(k:string)['x', 'y']) on k",
          "k:string / x" },
        { "let T = datatable(k:string, a:long, b:long, c:long, d:long, e:long, f:long, g:long, "
          "h:long, "
          "i:long, j:long, l:long, m:long, n:long, o:long, p:long, q:long, r:long)"
          "['x', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]; T | join "
          "kind=rightanti (datatable(k:string)['x', 'y']) on k",
          "k:string / y" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__neighbouring_rows(void **state)
{
    static const query_case cases[] = {
        { "datatable(a:long)[3,1,2] | order by a asc | extend p = prev(a), n = next(a, 1, 9)",
          "a:long p:long n:long / 1,~,2 / 2,1,3 / 3,2,9" },
        { "datatable(a:long)[3,3,2] | serialize r = row_number(), c = row_cumsum(a)",
          "a:long r:long c:long / 3,1,3 / 3,2,6 / 2,3,8" },
        { "datatable(k:string)['a','a','b'] | serialize | extend r = row_number(1, k != prev(k))",
          "k:string r:long / a,1 / a,2 / b,1" },
        { "datatable(k:string)['a','a','b'] | serialize | extend d = row_rank_dense(k), "
          "m = row_rank_min(k)",
          "k:string d:long m:long / a,1,1 / a,1,1 / b,2,3" },
        { "datatable(t:datetime, k:long)[datetime(2024-01-01 00:10), 1, datetime(2024-01-01 "
          "00:00), 1, "
          "datetime(2024-01-01 00:12), 1, datetime(2024-01-01 00:17), 1, datetime(2024-01-01 "
          "00:20), 1, "
          "datetime(2024-01-01 00:21), 2, datetime(null), 2, datetime(2024-01-01 00:22), 2] | "
          "order by k asc, t asc "
          "nulls last | extend s = row_window_session(t, 10m, 6m, k != prev(k)) | project s = "
          "format_datetime(s, 'mm')",
          "s:string / 00 / 10 / 10 / 10 / 20 / 21 / 21 / " },
        { "print t = now() | serialize | extend s = row_window_session(t, 1, 1m)",
          "1:64: row_window_session() can't take a long here" },
        { "range x from 1 to 3000 step 1 | where x - prev(x) != 1 | count", "Count:long / 1" },
        { "print a = 1 | extend p = prev(a)",
          "1:26: prev() needs rows in an order that is meant; put order by or serialize before" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__aggregates(void **state)
{
    static const query_case cases[] = {
        { "range x from 1 to 100 step 1 | summarize percentiles(x, 10, 50, 100)",
          "percentile_x_10:long percentile_x_50:long percentile_x_100:long / 10,50,100" },
        { "range x from 1 to 4 step 1 | summarize (a, b) = percentiles(x, 25, 75), variancep(x)",
          "a:long b:long variancep_x:real / 1,3,1.25" },
        { T "T | summarize make_bag(bag_pack(k, v)), m = make_bag_if(bag_pack(k, v), v > 1)",
          "bag_:dynamic m:dynamic / {\"a\":1,\"b\":2,\"c\":null},{\"b\":2,\"a\":3}" },
        { T "T | summarize a = take_anyif(v, k == 'b'), c = count_distinctif(k, v < 3), s = "
            "stdevif(v, k == 'a')",
          "a:long c:long s:real / 2,2,1.4142135623730951" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__search_find_invoke(void **state)
{
    static const query_case cases[] = {
        { T "T | search 'x*' | project k, v | take 0", "k:string v:long" },
        { "datatable(a:string, b:string)['net use', '', '', 'Net', 'netx', ''] | search 'net'",
          "$table:string a:string b:string / union_arg0,net use, / union_arg0,,Net" },
        { "let D = datatable(a:string)['netx', 'inet']; D | search 'net*'",
          "$table:string a:string / D,netx" },
        { "let D = datatable(a:string)['netx', 'inet']; D | search * | count", "Count:long / 2" },
        { "let D = datatable(a:string)['abcdef', 'xabc 1 def', 'abc-DEF!', 'ABC x.def', 'abc "
          "defg']; "
          "D | search 'abc*def' | project a",
          "a:string / abcdef / abc-DEF! / ABC x.def" },
        { "let D = datatable(a:string)['ABC x.def', 'ABC xydef', 'a(c x', 'A(c x']; "
          "D | search kind=case_sensitive 'a(c*x' or 'ABC*x.d*f' | project a",
          "a:string / ABC x.def / a(c x" },
        { "let D = datatable(a:string)['netx', 'inet']; D | search 'netx' and *",
          "$table:string a:string / D,netx" },
        { "let D = datatable(a:string)['netx', 'inet']; search in (D) '*net'",
          "$table:string a:string / D,inet" },
        { "let D = datatable(a:string)['Net']; D | search kind=case_sensitive 'net' | count",
          "Count:long / 0" },
        { "let D = datatable(a:string, n:long)['p', 1, 'q', 2]; search in (D) 'p' or n == 2 | "
          "count",
          "Count:long / 2" },
        { "let A = datatable(x:long, s:string)[1, 'a']; let B = datatable(x:long, t:string)[1, "
          "'b'];"
          " find in (A, B) where x == 1",
          "source_:string x:long pack_:dynamic / A,1,{\"s\":\"a\"} / B,1,{\"t\":\"b\"}" },
        { "let A = datatable(x:long, s:string)[1, 'a', 2, 'b']; find in (A) where x == 2 project s",
          "source_:string s:string / A,b" },
        { "let f = (t:(v:long), n:long) { t | union t | where v > n }; "
          "datatable(v:long)[1, 2] | invoke f(1)",
          "v:long / 2 / 2" },
        { "print v = 1 | invoke g()", "1:22: no function g that gives a table" },
    };
    (void)state;
    CHECK(cases);
}

#define A "datatable(i:long, a:dynamic)[1, dynamic([5, 9, 7]), 2, dynamic([4]), 3, dynamic([])] | "
static void eval__mv_apply(void **state)
{
    static const query_case cases[] = {
        { A "mv-apply v = a to typeof(long) on (summarize m = max(v), n = count())",
          "i:long a:dynamic m:long n:long / 1,[5,9,7],9,3 / 2,[4],4,1" },
        { A "mv-apply a to typeof(long) on (where a > 4 | top 1 by a asc)", "i:long a:long / 1,5" },
        { A "mv-apply with_itemindex=k v = a on (order by k desc | take 1 | project v, k)",
          "i:long a:dynamic v:dynamic k:long / 1,[5,9,7],7,2 / 2,[4],4,0" },
        { A "mv-apply v = a on (extend i = i * 10 | distinct i)",
          "i:long a:dynamic / 10,[5,9,7] / 20,[4]" },
        { A "mv-apply v = a on (join (print x = 1) on $left.i == $right.x)",
          "1:107: join can't stand in mv-apply's subquery" },
        { A "mv-apply v = a on (mv-apply w = pack_array(v, v) to typeof(long) on (summarize s = "
            "sum(w)) | summarize t = sum(s)) | project i, t",
          "i:long t:long / 1,42 / 2,8" },
    };
    (void)state;
    CHECK(cases);
}

/* withsource: a let that only gives a table another name is that table. */
static void eval__union__let_is_called_by_its_table(void **state)
{
    static const query_case cases[] = {
        { "let A = datatable(x:long)[9]; let B = A; union withsource=S (print x = 1), A, B",
          "S:string x:long / union_arg0,1 / union_arg1,9 / union_arg2,9" },
        { "let A = DeviceFileEvents; let B = A; union withsource=S B, (print Timestamp = now()) | "
          "distinct S",
          "S:string / union_arg1" },
        { "let V = view () { print x = 1 }; union withsource=S V, V",
          "S:string x:long / V,1 / V,1" },
    };
    (void)state;
    CHECK(cases);
}

/* mv-apply spreads as mv-expand does: null is one element, an empty array none. */
static void eval__mv_apply__null_is_one_element(void **state)
{
    static const query_case cases[] = {
        { "datatable(a:dynamic, n:long)[dynamic(null), 1, dynamic([]), 2, dynamic(7), 3] | "
          "mv-apply x = a to typeof(long) on (summarize s = sum(x), c = count()) | project n, s, c",
          "n:long s:long c:long / 1,0,1 / 3,7,1" },
        { "datatable(a:dynamic, n:long)[dynamic(null), 1, dynamic([]), 2, dynamic([5]), 3] | "
          "mv-apply x = a to typeof(long) on (extend y = isnull(x)) | project n, x, y",
          "n:long x:long y:bool / 1,~,True / 3,5,False" },
        { A "mv-apply v = a limit 0 on (count) | count", "Count:long / 0" },
    };
    (void)state;
    CHECK(cases);
}

/* An element that isn't of the type's kind is null; texts aren't read as numbers. */
static void eval__expansion__typeof_doesnt_parse(void **state)
{
#define E "print a = dynamic([1, 2.5, -2.5, '2', true, null]) | mv-expand a to typeof("
    static const query_case cases[] = {
        { E "long)", "a:long / 1 / 2 / -2 / ~ / ~ / ~" },
        { E "int)", "a:int / 1 / 2 / -2 / ~ / ~ / ~" },
        { E "real)", "a:real / 1.0 / 2.5 / -2.5 / ~ / ~ / ~" },
        { E "bool)", "a:bool / True / ~ / ~ / ~ / True / ~" },
        { E "string)", "a:string / 1 / 2.5 / -2.5 / 2 / true / " },
        { "print a = dynamic(['2024-01-02', 5, datetime(2024-01-03), 'x']) | mv-expand a to "
          "typeof(datetime)",
          "a:datetime / 2024-01-02T00:00:00.0000000Z / ~ / 2024-01-03T00:00:00.0000000Z / ~" },
        { "print a = dynamic(['74be27de-1e4e-49d9-b579-fe0b331d3642', 5]) | mv-expand a to "
          "typeof(guid)",
          "a:guid / 74be27de-1e4e-49d9-b579-fe0b331d3642 / ~" },
        { "print a = pack_array(1h, '01:00:00', 5) | mv-expand a to typeof(timespan)",
          "a:timespan / 01:00:00 / ~ / ~" },
        { "datatable(a:dynamic, b:long)[dynamic(['x', 'y']), 7] | mv-expand with_itemindex=b a",
          "a:dynamic b:long b1:long / x,7,0 / y,7,1" },
    };
    (void)state;
    CHECK(cases);
#undef E
}

static void eval__mv_apply__windows_and_order_of_columns(void **state)
{
    static const query_case cases[] = {
        { "datatable(a:dynamic, s:string)[dynamic([2, 1]), 'x'] | mv-apply a to typeof(long) on "
          "(order by a asc | extend r = row_number(), p = prev(a))",
          "s:string a:long r:long p:long / x,1,1,~ / x,2,2,1" },
        { "datatable(a:dynamic)[dynamic([2, 1])] | mv-apply a to typeof(long) on (serialize r = "
          "row_number() | where r > 1)",
          "a:long r:long / 1,2" },
        { "datatable(a:dynamic)[dynamic(['k=1', 'j'])] | mv-apply x = a to typeof(string) on "
          "(parse "
          "x with 'k=' v:long | project v)",
          "a:dynamic v:long / [\"k=1\",\"j\"],1 / [\"k=1\",\"j\"],~" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__partition_and_parse_kv(void **state)
{
    static const query_case cases[] = {
        { "datatable(k:string, v:long)['a', 1, 'b', 3, 'a', 5] | partition by k (top 1 by v)",
          "k:string v:long / a,5 / b,3" },
        { "datatable(k:string, v:long)['a', 1, 'b', 3, 'a', 5] | partition by k "
          "(where v > 1 | summarize n = count(), s = sum(v) | extend m = toscalar(print 7))",
          "n:long s:long m:long / 1,5,7 / 1,3,7" },
        { "print k = 1 | partition by k (where z == 1)", "1:37: no column z" },
        { "print s = 'a=1, b=two, a=3' | parse-kv s as (a:long, b:string, c:string) with "
          "(pair_delimiter=',', kv_delimiter='=') | project-away s",
          "a:long b:string c:string / 1,two," },
        { "print s = @'n: \"x\\\"; y\" ;m:z' | parse-kv s as (n:string, m:string) with "
          "(pair_delimiter=';', kv_delimiter=':', quote='\"', escape='\\\\') | project n, m",
          "n:string m:string / x\"; y,z" },
        { "print s = 'a=one two b=3' | parse-kv s as (a:string, b:long) with "
          "(pair_delimiter=' ', kv_delimiter='=', greedy=true) | project a, b",
          "a:string b:long / one two,3" },
        { "print s = '[12] User<bob> ran User<eve>, Pid<7>' | parse-kv s as (User:string, "
          "Pid:long, x:long) "
          "with (regex='(\\\\w+)<(\\\\w+)>') | project-away s",
          "User:string Pid:long x:long / bob,7,~" },
        { "print s = '2021-01-02 [up] Pid:12, Host: n1, Host:n2 last' | parse-kv s as (Pid:long, "
          "Host:string, "
          "last:string) | project-away s",
          "Pid:long Host:string last:string / 12,n1," },
        { "print s = '' | parse-kv s as (a:long) with (regex='(a)b')",
          "1:51: two groups are needed, of names and of values" },
        { "print s = '' | parse-kv s as (a:long) with (regex='(a)(b)', kv_delimiter='=')",
          "1:51: regex goes without delimiters" },
        { "print s = '' | parse-kv s as (a:long) with (kv_delimiter='')",
          "1:16: a delimiter can't be empty" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__top_nested(void **state)
{
#define N "datatable(a:string, b:string, v:long)['x','p',1, 'x','q',4, 'y','p',3, 'z','p',2] | "
    static const query_case cases[] = {
        { N "top-nested 2 of a by s = sum(v)", "a:string s:long / x,5 / y,3" },
        { N "top-nested 2 of a by sum(v), top-nested 1 of b by max(v)",
          "a:string aggregated_a:long b:string aggregated_b:long / x,5,q,4 / y,3,p,3" },
        { N "top-nested 1 of a with others = 'rest' by sum(v), top-nested of b by count() asc",
          "a:string aggregated_a:long b:string aggregated_b:long / x,5,p,1 / x,5,q,1 / rest,5,,~" },
        { N "where v > 9 | top-nested 1 of a by sum(v)", "a:string aggregated_a:long" },
        { N "top-nested 1 of a by sum(v), top-nested 1 of a by max(v)",
          "1:130: there is a column a already" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__make_series(void **state)
{
#define S "datatable(t:long, k:string)[1, 'a', 12, 'b', 25, 'a'] | make-series "
    static const query_case cases[] = {
        { S "n = count() on t from 0 to 30 step 10 by k",
          "k:string n:dynamic t:dynamic / a,[1,0,1],[0,10,20] / b,[0,1,0],[0,10,20]" },
        { S "count() default=-1, m = max(t) * 2 on t step 15",
          "count_:dynamic m:dynamic t:dynamic / [2,1],[24,50],[0,15]" },
        { S "n = count() default=7 on t from 10 to 31 step 10",
          "n:dynamic t:dynamic / [1,1,7],[10,20,30]" },
        { S "n = count() on t in range(5, 20, 10)", "n:dynamic t:dynamic / [1,1,1],[0,10,20]" },
        { S "n = count() on t in range(0, 19, 10)", "n:dynamic t:dynamic / [1,1],[0,10]" },
        { "print t = -9223372036854775807 - 1 | make-series n = count() on t step 10",
          "n:dynamic t:dynamic / [1],[-9223372036854775808]" },
        { S "n = count() on t step 0", "1:91: a step must be above zero" },
        { S "n = count() on k step 1", "1:84: an axis of string can't be divided into steps" },
        { "range t from 0 to 9000000 step 9000000 | make-series n = count() on t step 1 | "
          "project array_length(n)",
          "Column1:long / 1048576" },
    };
    (void)state;
    CHECK(cases);
}

static void eval__parse(void **state)
{
    static const query_case cases[] = {
        { "print s = 'x code=12 msg=a b' | parse s with * 'code=' c:long ' msg=' m | project c, m",
          "c:long m:string / 12,a b" },
        { "print s = 'code=z msg=q' | parse s with 'code=' c:long ' msg=' m | project c, m",
          "c:long m:string / ~," },
        { "print s = 'code=z msg=q' | parse kind=relaxed s with 'code=' c:long ' msg=' m | "
          "project c, m",
          "c:long m:string / ~,q" },
        { "print s = 'n=12;k=v' | parse s with 'n=' n:long * 'k=' s", "s:string n:long / v,12" },
        { "print s = '(a)b)' | parse s with '(' a ')' | project a", "a:string / a)b" },
        { "print s = '(a)b' | parse s with '(' a ')' | project a", "a:string / " },
        { "datatable(s:string)['a1', 'b2'] | parse-where s with 'a' n:int",
          "s:string n:int / a1,1" },
        { "print s = 'A1bb22' | parse kind=regex flags=i s with '(a)' x:long 'b+' y:long | "
          "project x, y",
          "x:long y:long / 1,22" },
        { "print s = 'a' | parse kind=regex s with '(' x",
          "1:41: bad regular expression at its character 2: missing closing parenthesis" },
        { "print s = 'a' | parse kind=odd s with 'a' x",
          "1:28: unknown kind of parse; expected simple, regex or relaxed" },
    };
    (void)state;
    CHECK(cases);
}

#define BAGS                                                                                   \
    "datatable(i:long, d:dynamic)[1, dynamic({'y': 1, 'x': 'a'}), 2, dynamic({'y': 2.5}), 3, " \
    "dynamic(null)] | "
static void eval__evaluate(void **state)
{
    static const query_case cases[] = {
        { BAGS "evaluate bag_unpack(d)", "i:long x:string y:real / 1,a,1.0 / 2,,2.5 / 3,,~" },
        { BAGS "evaluate bag_unpack(d, 'P_') | where P_y > 1 | project P_x, P_y, i",
          "P_x:string P_y:real i:long / ,2.5,2" },
        { BAGS "evaluate bag_unpack(d) : (*, y:long, z:string) | take 1",
          "i:long y:long z:string / 1,1," },
        { BAGS "evaluate bag_unpack(d) | where isempty(w) | count", "Count:long / 3" },
        { "range x from 1 to 3 step 1 | where x > 1 | as T | union (T | where x == 2) | order by x "
          "asc",
          "x:long / 2 / 2 / 3" },
        { "range x from 1 to 2 step 1 | as T | extend x = x * 10 | as U | union T, (U | count) | "
          "order by x asc",
          "x:long Count:long / ~,2 / 1,~ / 2,~ / 10,~ / 20,~" },
        { "range x from 1 to 2 step 1 | as T | count; T | count", "1:44: no table T" },
        { "let T = print x = 9; range x from 1 to 1 step 1 | as T | union T; T",
          "x:long / 1 / 1 // x:long / 9" },
        { "print AdditionalFields = '{\"b\":1}', i = 2 | evaluate bag_unpack(AdditionalFields)",
          "i:long b:long / 2,1" },
        { "print AdditionalFields = '[1,2]' | mv-expand AdditionalFields to typeof(long)",
          "AdditionalFields:long / 1 / 2" },
        { "print d = dynamic({'i': 1}), i = 2 | evaluate bag_unpack(d)",
          "1:38: there is a column i already; give bag_unpack() a prefix" },
        { "print d = dynamic({'i': 1, 'j': 2}), i = 'x', k = 3 | evaluate bag_unpack(d, '', "
          "'replace_source')",
          "i:long k:long j:long / 1,3,2" },
        { "print d = dynamic({'i': 1, 'j': 2}), i = 'x' | evaluate bag_unpack(d, "
          "columnsConflict='keep_source')",
          "i:string j:long / x,2" },
        { "print d = dynamic({'i': 1, 'j': 2, 'k': 3}) | evaluate bag_unpack(d, 'p_', 'error', "
          "dynamic(['j']))",
          "p_i:long p_k:long / 1,3" },
        { "print d = dynamic({'i': 1}) | evaluate bag_unpack(d, 'p_', 'drop')",
          "1:60: error, replace_source or keep_source is expected here" },
        { "print d = dynamic({'i': 1}) | evaluate bag_unpack(d, prefix='p_')",
          "1:54: bag_unpack() has no such option, or has it twice" },
        { "print d = '{}' | evaluate bag_unpack(d)",
          "1:38: bag_unpack() needs a dynamic, not string; use parse_json()" },
        { T "T | project k, c = iff(v > 1, 'y', 'x') | evaluate pivot(c) | order by k asc",
          "k:string x:long y:long / a,1,1 / b,0,1 / c,1,0" },
        { T "T | extend c = k, n = 1 | evaluate pivot(c, sum(v), n)",
          "n:long a:long b:long c:long / 1,4,2,0" },
        { T "T | evaluate pivot(k, max(v))", "a:long b:long c:long / 3,2,~" },
        { T "T | evaluate autocluster()", "1:92: the plugin autocluster isn't supported" },
    };
    (void)state;
    CHECK(cases);
}

static void bind__mistakes__named_with_their_place(void **state)
{
    static const query_case cases[] = {
        { T "T | where kk == 'x'", "1:89: no column kk" },
        { T "T | where K == 'x'", "1:89: no column K; did you mean k?" },
        { T "T | where k = 'x'", "1:91: a condition (bool) is needed; `=` assigns, use `==`" },
        { T "T | where k < 'b'",
          "1:89: < isn't defined for string and string; texts are ordered by strcmp(a, b) < 0" },
        { T "T | where v has '1'",
          "1:89: has isn't defined for long and string; use `tostring(v)` or `==`" },
        { T "T | where v", "1:89: a condition (bool) is needed, not long" },
        { T "T | extend x = sha256(k)", "1:94: no function sha256; did you mean hash_sha256?" },
        { T "T | extend x = tolowr(k)", "1:94: no function tolowr; did you mean tolower?" },
        { T "T | reduce by k", "1:83: operator reduce isn't supported; Kusto doesn't publish how "
                               "it finds patterns: group by extract() "
                               "or replace_regex()" },
        { T "T | where count() > 1", "1:89: count() is an aggregate: it stands in summarize only" },
        { T "T | project k, k", "1:94: there is a column k already" },
        { "print 'a' matches regex '(?=x)'",
          "1:25: look-ahead isn't part of Kusto's regular expressions" },
        { "print 'a' matches regex @'(a)\\1'",
          "1:25: a back-reference isn't part of Kusto's regular expressions" },
        { "print 'a' + 'b'", "1:7: + isn't defined for string and string; use strcat()" },
        { "EmailEvents | take 1", "the query needs EmailEvents, which isn't here" },
        { "union AppTraces, imWebSession | take 1",
          "the query needs AppTraces and imWebSession, which aren't here" },
    };
    (void)state;
    CHECK(cases);
}

/* Each asks for more than it may have, in another way. */
static void query__greedy__is_stopped_and_says_so(void **state)
{
    static const struct {
        const char *kql;
        st_query_limits limits;
        const char *says;
    } cases[] = {
        { "range x from 1 to 4000000000000 step 1 | count",
          { .rows = 100000 },
          "q: stopped at 100000 rows of one operator, the limit; --max-rows raises it" },
        { "let T = range x from 1 to 2000 step 1 | extend k = 1; T | join kind=inner T on k | "
          "count",
          { .rows = 100000 },
          "q: stopped at 100000 rows of one operator, the limit; --max-rows raises it" },
        { "print a = range(1, 1000000) | mv-expand a | extend b = range(1, 1000000) | mv-expand b "
          "| count",
          { .rows = 2000000 },
          "q: stopped at 2000000 rows of one operator, the limit; --max-rows raises it" },
        { "range x from 1 to 50000000 step 1 | summarize make_list(x)",
          { .memory = 64 << 20 },
          "q: stopped at 64 MiB of memory, the limit; --max-memory raises it" },
        { "range x from 1 to 50000000 step 1 | summarize make_set(x)",
          { .memory = 64 << 20 },
          "q: stopped at 64 MiB of memory, the limit; --max-memory raises it" },
        { "range x from 1 to 50000000 step 1 | summarize count() by x | count",
          { .memory = 64 << 20 },
          "q: stopped at 64 MiB of memory, the limit; --max-memory raises it" },
        { "range x from 1 to 50000000 step 1 | order by x asc | take 1",
          { .memory = 64 << 20 },
          "q: stopped at 64 MiB of memory, the limit; --max-memory raises it" },
        { "range x from 1 to 10000 step 1 | extend a = strrep('aaaaaaaaaa', 1000) | extend b = "
          "strcat(a, a, a, a, a, "
          "a, a, a, x) | extend n = strlen(b) | summarize max(n)",
          { .memory = 64 << 20 },
          "q: stopped at 64 MiB of memory, the limit; --max-memory raises it" },
        { "range x from 1 to 100000 step 1 | extend s = strrep('aaaaaaaaaa', 1000) | summarize l = "
          "make_list(s) | "
          "extend n = strlen(tostring(l)) | project n",
          { .memory = UINT64_MAX },
          "q: stopped at a value whose text has more than 256 MiB" },
        { "let n = toscalar(range x from 1 to 1000000 step 1 | summarize make_list(x)); print n",
          { .memory = 1 << 20 },
          "q: stopped at 1 MiB of memory, the limit; --max-memory raises it" },
        { "range x from 1 to 5000000000 step 1 | extend y = x % 7 | where y == 9 | count",
          { .rows = UINT64_MAX, .seconds = 1 },
          "q: stopped after 1 s, the limit; --max-time raises it" },
        { "let f = () { series_seasonal(range(1, 1000000)) }; let g = () { print f(), f(), f(), "
          "f() }; "
          "union g, g, g, g",
          { .seconds = 1 },
          "q: stopped after 1 s, the limit; --max-time raises it" },
        { "range x from 1 to 60 step 1 | extend s = strcat(x, strrep(strrep('ab ', 1000), 300)) | "
          "extend n = countof(s, '[ab ]{0,900}?c|a', 'regex') | project n",
          { .seconds = 1 },
          "q: stopped after 1 s, the limit; --max-time raises it" },
        { "range x from 1 to 1000 step 1 | extend a = range(x * 1000000, x * 1000000 + 900000) | "
          "summarize s = make_set(a, 1000000000) | project array_length(s)",
          { .memory = UINT64_MAX, .seconds = 1 },
          "q: stopped after 1 s, the limit; --max-time raises it" },
        { "range x from 1 to 3000000 step 1 | summarize p = percentile(x, 50)",
          { .memory = 100 << 20 },
          "q: stopped at 100 MiB of memory, the limit; --max-memory raises it" },
        { "range i from 1 to 100000 step 1 | partition by i (take 1) | count",
          { .memory = 4 << 20 },
          "q: stopped at 4 MiB of memory, the limit; --max-memory raises it" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_rules *r = st_rules_new();
        st_rule_settings settings = { .limits = cases[i].limits };
        st_run_options o = { .now = ST_TICKS_UNIX };
        st_table *t = NULL;
        st_err err = { 0 };
        st_rules_set(r, &settings);
        clock_t began = clock();
        st_code code = st_query_run(r, ST_STR("q"), st_str_of(cases[i].kql), NULL, &o, &t, &err);
        if (cases[i].limits.seconds && (clock() - began) / CLOCKS_PER_SEC > 20)
            fail_msg("%s\n  isn't stopped in time", cases[i].kql);
        if (code != ST_E_LIMIT || strcmp(err.text, cases[i].says) != 0)
            fail_msg("%s\n  gives %d, %s\n  not %s", cases[i].kql, (int)code, err.text,
                     cases[i].says);
        st_table_free(t);
        st_rules_free(r);
    }
}

/* What was held for one row of mv-apply isn't held for the next, nor a join's pairs. */
static void query__modest_for_each_row__runs(void **state)
{
    static const query_case cases[] = {
        { "range i from 1 to 20000 step 1 | extend a = range(1, 20) | mv-apply a on (summarize s = "
          "make_set(a)) | extend n = array_length(s) | summarize sum(n)",
          "sum_n:long / 400000" },
        { "let T = range x from 1 to 2000 step 1 | extend k = 1; T | join kind=inner T on k | "
          "count",
          "Count:long / 4000000" },
    };
    st_rule_settings settings = { .limits.memory = 48 << 20 };
    (void)state;
    check_with(cases, sizeof cases / sizeof cases[0], &settings);
}

/* Conditions that are merged mean what each means by itself. */
static void eval__chains_of_conditions(void **state)
{
#define W "datatable(s:string, i:long)['net use', 1, 'arp', 2, '', 3, 'use', long(null)] | where "
    static const query_case cases[] = {
        { W "s has 'net' or s has 'arp' or s has 'x' | project s", "s:string / net use / arp" },
        { W "s has 'net' and s has 'use' and s !has 'x' | project s", "s:string / net use" },
        { W "s !contains 'r' and s !contains 't' | project s", "s:string /  / use" },
        { W "s !contains 'r' or s !contains 'a' | project s", "s:string / net use /  / use" },
        { W "not(s == 'arp' or s == 'use') and (s has_any ('net', 'q') or s == '') | project s",
          "s:string / net use / " },
        { W "s has_all ('net', 'use') or s has_all ('arp', 'x') or s has 'use' | project s",
          "s:string / net use / use" },
        { W "s =~ 'ARP' or i == 1 or s =~ 'USE' or i == 3 | project s",
          "s:string / net use / arp /  / use" },
        { W "i > 1 and s contains 'r' or i > 2 and s == '' | project i", "i:long / 2 / 3" },
        { W "i > 1 or s contains 'e' | project i", "i:long / 1 / 2 / 3 / ~" },
        { "range x from 1 to 5 step 1 | where x > 2 and x - prev(x) == 1 | project x",
          "x:long / 3 / 4 / 5" },
    };
    (void)state;
    CHECK(cases);
}

/* Somebody's script wrote them. */
static void eval__chain_of_thousands__runs(void **state)
{
    static const char *const words[] = { " or s contains ", " or i == ", " and s !has ",
                                         " and i != " };
    (void)state;
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        st_buf b = { 0 };
        st_buf_fmt(&b, "datatable(s:string, i:long)['word49999', 49999, 'x', 1] | where %s",
                   w < 2 ? "false" : "true");
        for (size_t i = 2; i < 50000; i++)
            st_buf_fmt(&b, w % 2 ? "%s%zu" : "%s'word%zu'", words[w], i);
        st_buf_fmt(&b, " | project i");
        st_buf_char(&b, '\0');
        check_with(&(query_case){ b.p, w < 2 ? "i:long / 49999" : "i:long / 1" }, 1, NULL);
        st_buf_free(&b);
    }
}

/* A function's argument that stands in it twice, sixty calls deep: no walk over the condition takes
 * it for a tree. */
static void eval__argument_used_twice_at_each_depth__runs(void **state)
{
    static const struct {
        const char *f, *rows, *inner, *behind, *expect;
    } rows[] = {
        { "(x:long){x + x}", "range i from 0 to 1 step 1 | extend y = ", "i", "| where y >= 0",
          "i:long y:long / 0,0 / 1,1152921504606846976" },
        { "(x:bool){x and x}", "range i from 0 to 1 step 1 | where ", "i > 0", "", "i:long / 1" },
        { "(x:bool){x or x}", "range i from 0 to 1 step 1 | where ", "i > 0", "", "i:long / 1" },
        { "(x:bool){i < 0 or (x and (i < 0 or x))}", "range i from 0 to 1 step 1 | where ", "i > 0",
          "", "i:long / 1" },
        { "(x:bool){iff(x, x, x)}", "range i from 0 to 1 step 1 | where ", "i > 0", "",
          "i:long / 1" },
        { "(x:long){prev(x, 0) + next(x, 0)}", "range i from 0 to 1 step 1 | extend y = ", "i", "",
          "i:long y:long / 0,0 / 1,1152921504606846976" },
        { "(x:bool){x and x}", "datatable(s:string)['a', 'b'] | where ", "s has 'b'", "",
          "s:string / b" },
        { "(x:bool){(x or s has 'c') or x}", "datatable(s:string)['a', 'b'] | where ", "s has 'b'",
          "", "s:string / b" },
        { "(x:bool){(x or s has 'c') and (x or s != '')}", "datatable(s:string)['a', 'b'] | where ",
          "s has 'b'", "", "s:string / b" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        st_buf b = { 0 };
        st_buf_fmt(&b, "let f = %s; %s", rows[i].f, rows[i].rows);
        for (size_t k = 0; k < 60; k++)
            st_buf_str(&b, ST_STR("f("));
        st_buf_fmt(&b, "%s", rows[i].inner);
        for (size_t k = 0; k < 60; k++)
            st_buf_char(&b, ')');
        st_buf_fmt(&b, "%s", rows[i].behind);
        st_buf_char(&b, 0);
        assert_false(b.failed);
        query_case c = { b.p, rows[i].expect };
        check_with(&c, 1, NULL);
        st_buf_free(&b);
    }
}

static void regex__runaway_pattern__ends(void **state)
{
    static const query_case cases[] = {
        { "print strrep('a', 40) matches regex '^(a|a)*$b'", "print_0:bool / False" },
    };
    (void)state;
    CHECK(cases);
}

/* A login, what was done within ten minutes of it, and the end of that. */
static void eval__scan(void **state)
{
#define EVENTS                                                                                \
    "let T = datatable(t:long, e:string, u:string)[1, 'in', 'ann', 2, 'do', 'ann', 3, 'do', " \
    "'bob', "                                                                                 \
    "4, 'out', 'ann', 5, 'do', 'ann', 6, 'in', 'bob', 7, 'in', 'bob', 30, 'out', 'bob'];\n"   \
    "T | order by t asc "
    static const query_case cases[] = {
        { EVENTS
          "| scan with_match_id=m with (step s1: e == 'in'; step s2: e == 'do' and u == s1.u; "
          "step s3: e == 'out' and t - s1.t < 10) | project t, m",
          "t:long m:long / 1,0 / 2,0 / 4,0 / 6,1 / 7,1" },
        { EVENTS "| scan declare (began:long, n:long=0) with (step s1: e == 'in' => began = t; "
                 "step s2 output=last: e == 'do' and u == s1.u => began = s1.began, n = s2.n + 1; "
                 "step s3 output=none: e == 'out') | project t, began, n",
          "t:long began:long n:long / 1,1,0 / 2,1,1 / 6,6,0 / 7,7,0" },
        { "range x from 1 to 4 step 1 | scan declare (sum:long=0) with (step s: true => sum = x + "
          "s.sum)",
          "x:long sum:long / 1,1 / 2,3 / 3,6 / 4,10" },
        { "range x from 1 to 6 step 1 | scan with_match_id=m with (step a output=last: x % 2 == 1; "
          "step b: x > a.x + 1)",
          "x:long m:long / 1,0 / 3,0 / 4,0 / 3,1 / 5,1 / 6,1 / 5,2" },
        { EVENTS "| partition by u (order by t asc | scan with (step s1: e == 'in'; step s2: e == "
                 "'out')) | project t",
          "t:long / 1 / 4 / 6 / 7 / 30" },
        { "datatable(s:string)['a', '', 'b', ''] | serialize | scan declare (f:string) with (step "
          "x: true => f = "
          "iff(isempty(s), x.f, s)) | project f",
          "f:string / a / a / b / b" },
        { "datatable(x:long)[1] | scan with (step s: true)",
          "1:24: scan needs rows in an order that is meant; put order by or serialize before" },
        { EVENTS "| scan with (step a: e == 'in' and b.t > 1; step b: true)",
          "2:55: the step b comes later" },
        { EVENTS "| scan with (step a: a.tt > 1)", "2:43: no column tt" },
        { EVENTS "| scan with (step a: true; step a: true)", "2:52: there is a step a already" },
        { EVENTS "| scan declare (t:long) with (step a: true)",
          "2:36: there is a column t already" },
        { EVENTS "| scan declare (x:long) with (step a: true => y = 1)",
          "2:66: NAME = VALUE is needed here, and the name declared" },
        { EVENTS "| scan declare (x:long) with (step a: true => x = e)",
          "2:66: a long is needed for x, not string" },
    };
    (void)state;
    CHECK(cases);
}

/* greedy texts */

/* A query of a head, a part many times over, and a tail; a part's @ is its number, and # the
 * number before it. */
typedef struct greedy {
    const char *head, *part;
    size_t n;
    const char *tail, *expect;
} greedy;

static void put_part(st_buf *b, const char *part, size_t i)
{
    for (; *part; part++)
        if (*part == '@' || *part == '#')
            st_buf_fmt(b, "%zu", *part == '@' ? i : i - 1);
        else
            st_buf_str(b, (st_str){ part, 1 });
}

static void bind__greedy_texts__told_and_bounded(void **state)
{
    static const greedy cases[] = {
        { "let t0 = datatable(x:long)[1]; ", "let t@ = union t#, t#; ", 40, "t40",
          "1:110: tables and functions are used more than 20000 times when written out" },
        { "let t0 = datatable(x:long)[1]; ", "let t@ = t# | join t# on x; ", 20, "t20",
          "1:299: a table of more than 1000 columns, the limit" },
        { "let t0 = datatable(x:long)[1]; ", "let t@ = t# | where x > 0; ", 100, "t100",
          "1:10: tables and functions inside one another deeper than 64" },
        { "let f0 = (x:long) { x + 1 }; ", "let f@ = (x:long) { f#(f#(x)) }; ", 30, "print f30(1)",
          "1:83: tables and functions are used more than 20000 times when written out" },
        { "let f = (v:long) { 1", " + v + v", 900,
          " }; let g = (v:long) { f(v) + f(v) + f(v) + f(v) }; "
          "let h = (v:long) { g(v) + g(v) + g(v) + g(v) + g(v) + g(v) + g(v) + g(v) }; "
          "let i = (v:long) { h(v) + h(v) + h(v) + h(v) + h(v) + h(v) + h(v) + h(v) }; "
          "range x from 1 to 2 step 1 | project i(x) + i(x) + i(x)",
          "1:7320: tables and functions have more than 1000000 parts when written out" },
        { "let a0 = 'aaaaaaaaaa'; ", "let a@ = strcat(a#, a#); ", 40, "print strlen(a40)",
          "0:0: a constant can't be computed: a text is longer than the limit" },
        { "print x = 1 ", "| extend c@ = 1 ", 2000, "",
          "1:17889: a table of more than 1000 columns, the limit" },
        { "print x = 1 ", "| where x > 0 ", 20000, "",
          "1:140015: more than 10000 operators when lets are written out" },
        { "print x = ", "not(", 5000, "true", "1:807: nested too deep (more than 200 levels)" },
        { "print x = ", "-", 20000, "1",
          "1:11: this expression is too long (more than 2000 operators deep)" },
        { "print x = 1", " + 1", 5000, "",
          "1:11: this expression is too long (more than 2000 operators deep)" },
        { "print x = dynamic(", "[", 100000, ")",
          "1:219: less nesting expected in dynamic(...), got [" },
        { "datatable(k:long)[1] | join (datatable(k:long)[1]) on k", ", k", 31, " | count",
          "Count:long / 1" },
        { "datatable(k:long)[1] | join (datatable(k:long)[1]) on k", ", k", 32, " | count",
          "1:151: more than 32 columns to join on, the limit" },
        { "union (print 1)", ", (print 1)", 255, " | count", "Count:long / 256" },
        { "union (print 1)", ", (print 1)", 256, " | count",
          "1:1: more than 256 tables in one union, the limit" },
        { "print x = extract('a(b)", "(b)?", 62, "', 1, 'ab')", "x:string / b" },
        { "print x = 'f7' in ('f0'", ", 'f@'", 100000, ")", "x:bool / True" },
        { "print x = array_length(dynamic([0", ", @", 100000, "]))", "x:long / 100001" },
        { "print x = 'a' matches regex '", "(", 5000, "'",
          "1:29: bad regular expression at its character 252: parentheses are too deeply nested" },
        { "print x = 'a' matches regex 'a", "|x@.*", 20000, "'",
          "1:29: a regular expression of more than 65536 bytes" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        st_buf b = { 0 };
        st_buf_str(&b, st_str_of(cases[i].head));
        for (size_t k = 1; k <= cases[i].n; k++)
            put_part(&b, cases[i].part, k);
        st_buf_str(&b, st_str_of(cases[i].tail));
        st_buf_str(&b, (st_str){ "", 1 });
        const query_case one[] = { { b.p, cases[i].expect } };
        CHECK(one);
        st_buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bind__greedy_texts__told_and_bounded),
        cmocka_unit_test(eval__string_operators),
        cmocka_unit_test(eval__null_and_bool),
        cmocka_unit_test(eval__queries_of_portals__as_published),
        cmocka_unit_test(eval__mixed_types__as_published),
        cmocka_unit_test(eval__american_dates),
        cmocka_unit_test(eval__row_of_a_group),
        cmocka_unit_test(eval__names_of_paths),
        cmocka_unit_test(eval__common_types),
        cmocka_unit_test(eval__times),
        cmocka_unit_test(eval__dates_and_more),
        cmocka_unit_test(eval__dynamic),
        cmocka_unit_test(eval__parts_of_texts),
        cmocka_unit_test(eval__operators),
        cmocka_unit_test(eval__parse),
        cmocka_unit_test(eval__make_series),
        cmocka_unit_test(eval__top_nested),
        cmocka_unit_test(eval__partition_and_parse_kv),
        cmocka_unit_test(eval__search_find_invoke),
        cmocka_unit_test(eval__neighbouring_rows),
        cmocka_unit_test(eval__aggregates),
        cmocka_unit_test(eval__scan),
        cmocka_unit_test(eval__mv_apply),
        cmocka_unit_test(eval__mv_apply__null_is_one_element),
        cmocka_unit_test(eval__union__let_is_called_by_its_table),
        cmocka_unit_test(eval__expansion__typeof_doesnt_parse),
        cmocka_unit_test(eval__mv_apply__windows_and_order_of_columns),
        cmocka_unit_test(eval__evaluate),
        cmocka_unit_test(bind__mistakes__named_with_their_place),
        cmocka_unit_test(query__greedy__is_stopped_and_says_so),
        cmocka_unit_test(query__modest_for_each_row__runs),
        cmocka_unit_test(eval__chains_of_conditions),
        cmocka_unit_test(eval__chain_of_thousands__runs),
        cmocka_unit_test(eval__argument_used_twice_at_each_depth__runs),
        cmocka_unit_test(regex__runaway_pattern__ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
