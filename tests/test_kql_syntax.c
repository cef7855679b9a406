/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kql_syntax.c - KQL's text to its tree, and what is said about text that isn't KQL.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rules/kql/syntax/ast.h"
#include "base/limits.h"
#include "rules/engine/value/times.h"
#include "support/kql_print.h"
#include "base/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct parsed {
    st_arena arena;
    st_diag_sink diags;
    st_kql_script script;
    bool ok;
    st_buf out;
} parsed;

static void parse(parsed *p, st_str text)
{
    memset(p, 0, sizeof *p);
    p->diags.arena = &p->arena;
    st_diags_file(&p->diags, ST_STR("q.kql"), text, 0, true);
    p->ok = st_kql_parse(&p->arena, text, &p->diags, &p->script);
}

static void drop(parsed *p)
{
    st_buf_free(&p->out);
    st_diags_free(&p->diags);
    st_arena_free(&p->arena);
}

typedef struct pair {
    const char *text, *expected;
} pair;

static const char *terminated(st_buf *b)
{
    st_buf_char(b, '\0');
    assert_false(b->failed);
    return b->p;
}

static void trees(const pair *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        parsed p;
        parse(&p, st_str_of(table[i].text));
        if (!p.ok) {
            for (size_t k = 0; k < p.diags.n; k++)
                st_diag_put(&p.out, &p.diags.items[k]);
            fail_msg("%s\n%s", table[i].text, terminated(&p.out));
        }
        st_kql_print(&p.out, &p.script);
        if (strcmp(terminated(&p.out), table[i].expected) != 0)
            fail_msg("%s\n   gives %s\nexpected %s", table[i].text, p.out.p, table[i].expected);
        drop(&p);
    }
}

/* expected: "line:col:text" of each error, joined by newlines */
static void errors(const pair *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        parsed p;
        parse(&p, st_str_of(table[i].text));
        assert_false(p.ok);
        for (size_t k = 0; k < p.diags.n; k++)
            st_buf_fmt(&p.out, "%s%u:%u:%.*s", k ? "\n" : "", p.diags.items[k].line,
                       p.diags.items[k].column, ST_FMT(p.diags.items[k].text));
        if (strcmp(terminated(&p.out), table[i].expected) != 0)
            fail_msg("%s\n   says %s\nexpected %s", table[i].text, p.out.p, table[i].expected);
        drop(&p);
    }
}

#define TREES(table) trees(table, sizeof(table) / sizeof *(table))
#define ERRORS(table) errors(table, sizeof(table) / sizeof *(table))

static void lex__literals__have_their_values(void **state)
{
    (void)state;
    static const pair table[] = {
        { "print 12, 0x1F, 1.5, 1., 1e3, 2.5e-1", "(| (print 12 31 1.5 1.0 1000.0 0.25))" },
        { "print -9223372036854775808", "(| (print -9223372036854775808))" },
        { "print 1d, 1.5h, 5ms, 15seconds, 100nanos",
          "(| (print timespan(864000000000) timespan(54000000000) timespan(50000) "
          "timespan(150000000) timespan(1)))" },
        { "print time(1.02:03:04.5), timespan(2d), time(3)",
          "(| (print timespan(937845000000) timespan(1728000000000) timespan(2592000000000)))" },
        { "print datetime(2024-01-02), datetime(), datetime(null)",
          "(| (print datetime(638397504000000000) datetime() datetime(null)))" },
        { "print datetime('2024-01-02 03:04:05.5'), datetime(2024-01-02T00:00:00+01:00)",
          "(| (print datetime(638397614455000000) datetime(638397468000000000)))" },
        { "print datetime(Sat, 8 Nov 14 15:05:02 GMT)",
          "(| (print datetime(635510559020000000)))" },
        { "print int( 5 ), long(-4), real(nan), bool(1), decimal(1.5), long(null)",
          "(| (print int(5) -4 nan true decimal(1.5) long(null)))" },
        { "print guid(6F9619FF-8B86-D011-B42D-00C04FC964FF)",
          "(| (print {6F9619FF-8B86-D011-B42D-00C04FC964FF}))" },
        { "print true, True, FALSE", "(| (print true true false))" },
        { "print 'a\\x41\\u00e9\\101\\\\'", "(| (print \"aA\xC3\xA9"
                                            "A\\\\\"))" },
        { "print @\"C:\\W \"\"x\"\"\", ```a\nb```",
          "(| (print \"C:\\\\W \\\"x\\\"\" \"a\\x0ab\"))" },
        { "print \"a\" 'b' // c\n @\"c\"", "(| (print \"abc\"))" },
        { "print h\"secret\", H@'x'", "(| (print h\"...\" h\"...\"))" },
        { "print dynamic({\"a\":[1,-2.5,null,true,'x'],\"b\":dynamic([1d])})",
          "(| (print dynamic({\"a\":[1,-2.5,null,true,\"x\"],\"b\":[timespan(864000000000)]})))" },
    };
    TREES(table);
}

static void parse__expressions__bind_as_kusto_does(void **state)
{
    (void)state;
    static const pair table[] = {
        { "T | where a or b and c == 1 + 2 * -x",
          "(| T (where (or a (and b (== c (+ 1 (* 2 (- x))))))))" },
        { "T | where 1 < 2 == true", "(| T (where (== (< 1 2) true)))" },
        { "T | where a !has_cs 'x' and b <> 'y' or c !~ 'z'",
          "(| T (where (or (and (!has_cs a \"x\") (!= b \"y\")) (!~ c \"z\"))))" },
        { "T | where a in~(b, 'c') or d !in (U | project k)",
          "(| T (where (or (in~ a b \"c\") (!in d (| U (project k))))))" },
        { "T | where a has_any (l) and b has_all (dynamic(['x']), c)",
          "(| T (where (and (has_any a l) (has_all b dynamic([\"x\"]) c))))" },
        { "T | where t between (ago(1d) .. now()) and i !between (1..5)",
          "(| T (where (and (between t (call ago timespan(864000000000)) (call now)) (!between i 1 "
          "5))))" },
        { "T | where a matches regex @'\\d+' and * has 'x'",
          "(| T (where (and (matches regex a \"\\\\d+\") (has * \"x\"))))" },
        { "T | where a.b['c'][0].d == 1 and ['my col'] == 2",
          "(| T (where (and (== (at (at a.b \"c\") 0).d 1) (== my col 2))))" },
        { "T | extend (x, y) = f(a, s = 'q'), z=toscalar(U | count)",
          "(| T (extend (:= x y (call f a (:= s \"q\"))) (:= z (call toscalar (| U (count))))))" },
        { "T | where a-b > 1 and not(c)", "(| T (where (and (> (- a b) 1) (call not c))))" },
        { "T | where a = 1", "(| T (where (= a 1)))" },
        { "T | extend x = extract('a', 1, s, typeof(long))",
          "(| T (extend (:= x (call extract \"a\" 1 s typeof(:long)))))" },
        { "database('d').T | count", "(| (call database \"d\").T (count))" },
    };
    TREES(table);
}

static void parse__operators__keep_all_parts(void **state)
{
    (void)state;
    static const pair table[] = {
        { "T | filter a | sort by x asc nulls last, y | limit 5",
          "(| T (where a) (order x asc nulls-last y) (take 5))" },
        { "T | summarize hint.strategy=shuffle n=count(), max(a) by b, bin(t, 1h)",
          "(| T (summarize [hint.strategy shuffle] (:= n (call count)) (call max a) by b (call bin "
          "t "
          "timespan(36000000000))))" },
        { "T | summarize by a", "(| T (summarize by a))" },
        { "T | top 3 by strlen(a) desc", "(| T (top 3 (call strlen a) desc))" },
        { "T | project-away a*, b | project-reorder z*, * asc | project-rename n = o",
          "(| T (project-away a* b) (project-reorder z* * asc) (project-rename (:= n o)))" },
        { "T | join kind=leftanti hint.remote=left (U | where x) on k, $left.a == $right.b",
          "(| T (join [kind leftanti] [hint.remote left] (| U (where x)) on k (== $left.a "
          "$right.b)))" },
        { "T | lookup (U) on k", "(| T (lookup U on k))" },
        { "union kind=inner withsource=S isfuzzy=true Device*, (T | take 1)",
          "(| (union [kind inner] [withsource S] [isfuzzy true] Device* (| T (take 1))))" },
        { "T | mv-expand with_itemindex=i x = d.a to typeof(string), e limit 7",
          "(| T (mv-expand [with_itemindex i] (:= x d.a) to string e limit 7))" },
        { "T | mv-apply x = d on (where x > 1 | summarize c = sum(x))",
          "(| T (mv-apply (:= x d) on (| (where (> x 1)) (summarize (:= c (call sum x))))))" },
        { "T | evaluate bag_unpack(d, 'p_') : (a:long, *)",
          "(| T (evaluate (call bag_unpack d \"p_\") (a:long,*)))" },
        { "T | parse kind=regex flags=Ui m with * 'a' x:long 'b' y",
          "(| T (parse [kind regex] [flags Ui] m * \"a\" x:long \"b\" y:string))" },
        { "T | parse-kv s as (a:long, b:string) with (pair_delimiter=',', greedy=true)",
          "(| T (parse-kv [pair_delimiter \",\"] [greedy true] s (a:long,b:string)))" },
        { "T | make-series n=count() default=0 on t from a to b step 1h by k",
          "(| T (make-series (:= n (call count)) default 0 on t from a to b step "
          "timespan(36000000000) by k))" },
        { "T | top-nested 2 of a with others='x' by count(), top-nested of b by max(c) desc",
          "(| T (top-nested (2 of a others \"x\" by (call count)) ((none) of b by (call max c) "
          "desc)))" },
        { "T | partition by k (top 1 by v)", "(| T (partition k (| (top 1 v))))" },
        { "T | partition by k { T | top 1 by v } | count",
          "(| T (unsupported partition) (count))" },
        { "T | serialize n=row_number() | as X | getschema | count as N | consume",
          "(| T (serialize (:= n (call row_number))) (as X) (getschema) (count N) (consume))" },
        { "T | render timechart with (title='a')", "(| T (render [title \"a\"] timechart))" },
        { "T | invoke f(1) | sample 3 | sample-distinct 2 of c",
          "(| T (invoke (call f 1)) (sample 3) (sample-distinct 2 of c))" },
        { "search in (T, U) 'x' and c : 'y'", "(| (search (in T U) (and \"x\" (: c \"y\"))))" },
        { "find in (T) where a has 'x' project a, b",
          "(| (find (in T) (has a \"x\") project a b))" },
        { "datatable(a:long, b:string) [1, 'x' 'y', -2, 'z',]",
          "(| (datatable (a:long,b:string) 1 \"xy\" (- 2) \"z\"))" },
        { "range x from 1 to 5 step 1", "(| (range x from 1 to 5 step 1))" },
        { "externaldata(a:string)[@'http://x'] with (format='csv')",
          "(| (externaldata [format \"csv\"] (a:string) \"http://x\"))" },
        { "T | make-graph a --> b with N on id, (M | take 1) on k | count",
          "(| T (make-graph a b with N on id with (| M (take 1)) on k) (count))" },
        { "T | make-graph ['a b']-->c with_node_id=i partitioned-by d (graph-to-table edges) | "
          "count",
          "(| T (make-graph a b c id i by d (| (graph-to-table (edges)))) (count))" },
        { "G | graph-match (a)-[e]->(b)<-[*..3]-()--(c), (b)<--(a) where a.x == 1 project a.x, y = "
          "b.y",
          "(| G (graph-match (a right e b left _ 3 _ any _ c) (b left _ a) where (== a.x 1) "
          "project a.x "
          "(:= y b.y)))" },
        { "G | graph-shortest-paths output=all (a)-[e*1..5]->(b) project map(e, x)",
          "(| G (graph-shortest-paths = all (a right e 1 5 b) project (call map e x)))" },
        { "G | graph-to-table nodes as N with_node_id=i, edges as E with_source_id=s "
          "with_target_id=t",
          "(| G (graph-to-table (nodes as N id i) (edges as E id s target t)))" },
        { "T | scan with_match_id=m declare (x:long=1, y:string) with (step a: true => x = 2, y = "
          "a.y; "
          "step b output=none: x > 1 and c;)",
          "(| T (scan id m (x:long=1 y:string) (a true (:= x 2) (:= y a.y)) (b none (and (> x 1) "
          "c))))" },
        { "T | fork (take 1) n = (count) | count",
          "(| T (fork (| (take 1)) as n (| (count))) (count))" },
        { "T | facet by a, b with (take 1)", "(| T (facet a b with (| (take 1))))" },
        { "T | top-hitters 2 of n = strlen(a) by b",
          "(| T (top-hitters 2 of (:= n (call strlen a)) by b))" },
        { "G | graph-mark-components kind=strong with_component_id=c",
          "(| G (graph-mark-components kind strong id c))" },
        { "T | scan declare (x:long) with (step s: true;) | count",
          "(| T (scan (x:long) (s true)) (count))" },
        { "T | project where, project, count = range",
          "(| T (project where project (:= count range)))" },
    };
    TREES(table);
}

static void parse__statements__come_in_order(void **state)
{
    (void)state;
    static const pair table[] = {
        { "let a = 1; let T2 = T | where x; T2 | count;;",
          "(let a 1) (let T2 (| T (where x))) (| T2 (count))" },
        { "let f = (x:long, s:string = 'd') { let m = x * 2; m + strlen(s) }; print f(1)",
          "(let f (lambda (x:long s:string=\"d\") (let m (* x 2)) (+ m (call strlen s)))) (| "
          "(print (call f 1)))" },
        { "let g = (T:(a:long, *)) { T | count }; let v = view () { T }; g(v)",
          "(let g (lambda (T:(a:long,*)) (| T (count)))) (let v (view () T)) (call g v)" },
        { "set notruncation; set x = 5; declare query_parameters(p:long = 3); T",
          "(set notruncation) (set x 5) (declare (p:long=3)) T" },
        { "\xEF\xBB\xBF// c\nT\xC2\xA0| count // x", "(| T (count))" },
    };
    TREES(table);
}

static void parse__mistakes__are_told_in_place(void **state)
{
    (void)state;
    static const pair table[] = {
        { "T | WHERE a == 1",
          "1:5:query operator expected, got WHERE; operators are lower case: where" },
        { "T | make-graph a -> b",
          "1:18:`-->` between the columns of sources and targets expected, got -" },
        { "T | make-graph a --> b with N", "1:30:`on` in make-graph expected, but the text ends" },
        { "G | graph-match (a)<-[e]->(b) project a.x",
          "1:20:an edge has one head; `-[e]-` is one of any direction" },
        { "G | graph-match (a)-[e*1..]->(b) project a.x",
          "1:27:a greatest length is needed: *1..5" },
        { "G | graph-match (a)-[e]->(b) where a.x == 1",
          "1:44:`project` in graph-match expected, but the text ends" },
        { "T | scan with (step s1 output=most: true)",
          "1:31:all, last or none expected, got most" },
        { "T | scan declare (x:long) (step s: true)", "1:27:`with` in scan expected, got (" },
        { "G | graph-to-table vertices", "1:20:`nodes` or `edges` expected, got vertices" },
        { "T | wherex a", "1:5:query operator expected, got wherex; did you mean where?" },
        { "T | where a == 1 && b == 2 || c == 3",
          "1:18:`&&` isn't KQL; use `and`\n1:28:`||` isn't KQL; use `or`" },
        { "T | where P == \"C:\\Windows\"",
          "1:19:unknown escape `\\W` in a string; write `\\\\` or `@\"C:\\Windows\"`" },
        { "let x = 1\nT | count", "2:1:expected `;` before T (statement began in line 1)" },
        { "T | where k == \xE2\x80\x9Cx\xE2\x80\x9D | count",
          "1:16:typographic quotes (from a web page or a document); write \"...\"" },
        { "T | where !a", "1:11:`!` isn't KQL before an expression; use `not(...)`" },
        { "T | where a !has_any ('x')", "1:13:`!has_any` isn't KQL; use `not(... has_any (...))`" },
        { "T | where a Contains 'x'",
          "1:13:no operator Contains; operators are lower case: contains" },
        { "T | where a == 1 AND b == 2 Or c is null",
          "1:18:no operator AND; operators are lower case: and\n"
          "1:29:no operator Or; operators are lower case: or\n"
          "1:34:`is` isn't KQL; use `isnull()` or `isempty()`" },
        { "T | project a,, b | where | take", "1:14:nothing stands behind this comma; take it "
                                              "away\n1:27:an expression expected, got |\n"
                                              "1:33:an expression expected, but the text ends" },
        { "T | where a in ()", "1:17:the list behind in is empty" },
        { "T | top 3 by a, b",
          "1:17:top takes one key; use `order by ... | take ...` for several" },
        { "T |", "1:4:a query operator expected, but the text ends" },
        { "| where a", "1:1:a table expected before `|`" },
        { "SELECT * FROM T", "1:1:this looks like SQL; KQL begins with the table: T | where ..." },
        { "let a = 1;", "1:11:a query expected behind the statements, but the text ends; let only "
                        "names a value" },
        { "// nothing", "1:11:there is no query in this text" },
        { "print datetime(2024-13-45x)", "1:7:2024-13-45x isn't a literal datetime" },
        { "print long(a)", "1:7:a isn't a literal long; to convert a value use tolong()" },
        { "print 9223372036854775808", "1:7:9223372036854775808 doesn't fit a long (64 bits)" },
        { "print 'abc", "1:7:this string isn't closed" },
        { "print @h'x'", "1:7:`@h` doesn't begin a string; write `h@`" },
        { "print dynamic([1,2,])", "1:20:a value expected in dynamic(...), got ]" },
        { "print dynamic({a:1})", "1:16:a name in quotes expected in dynamic(...), got a" },
        { "T | extend x = typeof(strng)", "1:23:no type strng; did you mean string?" },
        { "T | where a == 'x'\nU | count",
          "2:1:expected `|`, or `;` before U (query began in line 1)" },
        { "T | where a == 'x'\n\nwhere b == 1", "3:1:expected `|` before where" },
        { "T | where a == 'x'\n\nextend b = 1",
          "3:1:expected `|`, or `;` before extend (query began in line 1)" },
        { "\xC3\xA9\xC3\xA9 | count", "1:1:the character \xC3\xA9 isn't KQL outside a string" },
        { "T | where h'sec' 5", "1:18:`|` or the end of where expected, got 5" },
    };
    ERRORS(table);
}

static void parse__many_mistakes__stop_at_the_limit(void **state)
{
    (void)state;
    parsed p;
    st_buf text = { 0 };
    st_buf_fmt(&text, "T");
    for (unsigned i = 0; i < ST_MAX_DIAGS + 5; i++)
        st_buf_fmt(&text, " | bogus%u", i);
    parse(&p, st_buf_slice(&text));
    assert_false(p.ok);
    assert_int_equal(p.diags.errors, ST_MAX_DIAGS);
    assert_int_equal(p.diags.dropped, 5);
    drop(&p);
    st_buf_free(&text);
}

static void repeat(st_buf *b, const char *s, unsigned n)
{
    while (n--)
        st_buf_fmt(b, "%s", s);
}

static void parse__nesting__is_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *before, *again, *after;
        unsigned times;
        bool ok;
    } table[] = {
        { "print ", "(", "1", ST_MAX_KQL_DEPTH + 5, false },
        { "print ", "f(", "1", 100000, false },
        { "print ", "-", "1", 100000, false },
        { "print ", "-", "1", 1000, true },
        { "print 1", " + 1", "", 1000, true },
        { "print 1", " + 1", "", ST_MAX_KQL_HEIGHT + 5, false },
        { "print dynamic(", "[", "", 100000, false },
        { "", "T | join (", "", 100000, false },
        { "T", " | count", "", 100000, true },
        { "print ", "dynamic(", "", 20000, false },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        parsed p;
        st_buf text = { 0 };
        st_buf_fmt(&text, "%s", table[i].before);
        repeat(&text, table[i].again, table[i].times);
        st_buf_fmt(&text, "%s", table[i].after);
        parse(&p, st_buf_slice(&text));
        assert_int_equal(p.ok, table[i].ok);
        drop(&p);
        st_buf_free(&text);
    }
}

static void diag__put__aligns_the_mark(void **state)
{
    (void)state;
    static const pair table[] = {
        { "T | where a ==\t\xC3\xA9 | count",
          "q.kql:1:16: error: the character \xC3\xA9 isn't KQL outside a string [KS002]\n"
          "T | where a ==\t\xC3\xA9 | count\n"
          "              \t^\n" },
        { "T\r\n\t| WHERE x\r\n", "q.kql:2:4: error: query operator expected, got WHERE; operators "
                                  "are lower case: where [KS176]\n"
                                  "\t| WHERE x\n"
                                  "\t  ^~~~~\n" },
        { "T | where a == '\xE6\xBC\xA2' | wher",
          "q.kql:1:22: error: query operator expected, got wher; did you mean where? [KS176]\n"
          "T | where a == '\xE6\xBC\xA2' | wher\n"
          "                      ^~~~\n" },
        { "T | where a == 'caf\xE9'", "q.kql:1:20: error: the byte 0xE9 in this string isn't "
                                      "UTF-8; save the file as UTF-8 [KS002]\n"
                                      "T | where a == 'caf\xEF\xBF\xBD'\n"
                                      "                   ^\n" },
        { "T\x1b\xff | wher", "q.kql:1:2: error: a control character (0x1B) isn't KQL [KS002]\n"
                              "T\xEF\xBF\xBD\xEF\xBF\xBD | wher\n"
                              " ^\n" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        parsed p;
        parse(&p, st_str_of(table[i].text));
        assert_true(p.diags.n >= 1);
        st_diag_put(&p.out, &p.diags.items[0]);
        assert_string_equal(terminated(&p.out), table[i].expected);
        drop(&p);
    }
}

static void suggest__names__nearest_wins(void **state)
{
    (void)state;
    static const struct {
        const char *want, *best;
    } table[] = { { "FileNmae", "FileName" },
                  { "filename", "FileName" },
                  { "FolderPth", "FolderPath" },
                  { "Xyz", NULL },
                  { "F", NULL } };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        st_suggest s = { .want = st_str_of(table[i].want) };
        st_suggest_offer(&s, ST_STR("FolderPath"));
        st_suggest_offer(&s, ST_STR("FileName"));
        if (!table[i].best)
            assert_null(s.best.p);
        else
            assert_true(st_str_eq(s.best, st_str_of(table[i].best)));
    }
    assert_int_equal(st_edit_distance(ST_STR("ab"), ST_STR("ba"), 3), 1);
    assert_int_equal(st_edit_distance(ST_STR("abc"), ST_STR("xyz"), 1), 2);
}

static void text__timespans__all_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ticks; /* -1: none */
    } table[] = { { "1.00:00:00", 864000000000 },
                  { "00:00:01.0000001", 10000001 },
                  { "02:03", 73800000000 },
                  { "15 seconds", 150000000 },
                  { "-1", -864000000000 },
                  { "24:00", -1 },
                  { "1w", -1 },
                  { "", -1 } };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int64_t got = -1;
        bool ok = st_timespan_text(st_str_of(table[i].text), &got);
        assert_int_equal(ok, table[i].ticks != -1);
        if (ok)
            assert_true(got == table[i].ticks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lex__literals__have_their_values),
        cmocka_unit_test(parse__expressions__bind_as_kusto_does),
        cmocka_unit_test(parse__operators__keep_all_parts),
        cmocka_unit_test(parse__statements__come_in_order),
        cmocka_unit_test(parse__mistakes__are_told_in_place),
        cmocka_unit_test(parse__many_mistakes__stop_at_the_limit),
        cmocka_unit_test(parse__nesting__is_bounded),
        cmocka_unit_test(diag__put__aligns_the_mark),
        cmocka_unit_test(suggest__names__nearest_wins),
        cmocka_unit_test(text__timespans__all_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
