/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_kql_graph.c - graphs small enough to be checked by hand, and operators with several results.
 */
#include "query_cases.h"

/* Ann is above Bob and Cy, Bob above Dan, Dan above Eve; Zoe is known by an edge alone. */
#define STAFF                                                                                     \
    "let N = datatable(name:string, age:long)['Ann', 50, 'Bob', 40, 'Cy', 30, 'Dan', 20, 'Eve', " \
    "10];\n"                                                                                      \
    "let E = datatable(e:long, boss:string, who:string)[1, 'Ann', 'Bob', 2, 'Ann', 'Cy', 3, "     \
    "'Bob', "                                                                                     \
    "'Dan', 4, 'Dan', 'Eve', 5, 'Zoe', 'Ann'];\n"                                                 \
    "E | make-graph boss --> who with N on name "

/* A circle 1 -> 2 -> 3 -> 1, a second edge from 1 to 2, and a loop at 3. */
#define RING                                                                                       \
    "datatable(e:string, f:long, t:long)['a', 1, 2, 'b', 2, 3, 'c', 3, 1, 'd', 1, 2, 'l', 3, 3]\n" \
    "| make-graph f --> t with_node_id=id "

static void graph__edges_of_one__in_all_directions(void **state)
{
    static const query_case cases[] = {
        { STAFF "| graph-match (a)-[x]->(b) where a.age >= 40 project a.name, b.name, x.e",
          "a_name:string b_name:string x_e:long / Ann,Bob,1 / Ann,Cy,2 / Bob,Dan,3" },
        { STAFF "| graph-match (a)<--(b) where a.name == 'Dan' project b.name, b.age",
          "b_name:string b_age:long / Bob,40" },
        { STAFF "| graph-match (a)--(b) where a.name == 'Bob' project b.name | order by b_name asc",
          "b_name:string / Ann / Dan" },
        { STAFF "| graph-match (a)-->()-->(c) where c.name == 'Dan' project a.name",
          "a_name:string / Ann" },
        { STAFF "| graph-match (n) where n.age < 25 project n.name", "n_name:string / Dan / Eve" },
        { STAFF "| graph-match (a)-->(b) where isnull(a.age) project a.name, a.age, b.name",
          "a_name:string a_age:long b_name:string / Zoe,~,Ann" },
        { RING "| graph-match (a)-[x]->(a) project a.id, x.e", "a_id:long x_e:string / 3,l" },
        { RING "| graph-match (a)-[x]-(b) where a.id == 3 project b.id, x.e | order by x_e asc",
          "b_id:long x_e:string / 2,b / 1,c / 3,l" },
    };
    (void)state;
    CHECK(cases);
}

static void graph__edges_of_variable_length__paths_in_order(void **state)
{
    static const query_case cases[] = {
        { STAFF "| graph-match (a)-[x*1..3]->(b) where a.name == 'Ann' and b.age <= 20 "
                "project b.name, x.e, map(inner_nodes(x), name), l = map(x, e * 10)",
          "b_name:string x_e:dynamic Column1:dynamic l:dynamic / Dan,[1,3],[\"Bob\"],[10,30] / "
          "Eve,[1,3,4],[\"Bob\",\"Dan\"],[10,30,40]" },
        { STAFF "| graph-match (b)<-[x*1..3]-(a) where a.name == 'Ann' and b.name == 'Eve' "
                "project p = x.who, map(inner_nodes(x), name)",
          "p:dynamic Column1:dynamic / [\"Eve\",\"Dan\",\"Bob\"],[\"Dan\",\"Bob\"]" },
        { STAFF "| graph-match (a)-[x*0..1]->(b) where a.name == 'Bob' project b.name, x.e",
          "b_name:string x_e:dynamic / Bob,[] / Dan,[3]" },
        { STAFF "| graph-match (a)-[x*..2]->(b) where b.name == 'Dan' project a.name | order by "
                "a_name asc",
          "a_name:string / Ann / Bob" },
        { STAFF "| graph-match (a)-[x*2..2]->(b) where x.e != 3 project a.name, b.name",
          "a_name:string b_name:string / Zoe,Bob / Zoe,Cy" },
        { STAFF
          "| graph-match (a)-[x*1..4]->(b) where all(inner_nodes(x), age > 30) and any(x, e == 3) "
          "project a.name, b.name | order by a_name asc, b_name asc",
          "a_name:string b_name:string / Ann,Dan / Bob,Dan / Zoe,Dan" },
        { STAFF "| graph-match (a)-[x*1..4]->(b) where not(any(x, e < 4)) project a.name, b.name",
          "a_name:string b_name:string / Dan,Eve / Zoe,Ann" },
        { STAFF "| graph-match (a)-[x*1..4]->(b) where array_length(map(x, e)) == 4 project "
                "a.name, b.name",
          "a_name:string b_name:string / Zoe,Eve" },
    };
    (void)state;
    CHECK(cases);
}

static void graph__cycles__as_the_option_says(void **state)
{
    static const query_case cases[] = {
        { RING "| graph-match cycles=none (a)-[x*1..9]->(b) where a.id == 1 project b.id, x.e",
          "b_id:long x_e:dynamic / 2,[\"a\"] / 3,[\"a\",\"b\"] / 2,[\"d\"] / 3,[\"d\",\"b\"]" },
        { RING "| graph-match cycles=all (a)-[x*3..3]->(a) where a.id == 3 project x.e",
          "x_e:dynamic / [\"c\",\"a\",\"b\"] / [\"c\",\"d\",\"b\"] / [\"l\",\"l\",\"l\"]" },
        { RING "| graph-match (a)-[x*4..9]->(b) where a.id == 1 and b.id == 2 and any(x, e == 'l') "
               "project x.e",
          "x_e:dynamic / [\"a\",\"b\",\"l\",\"c\",\"d\"] / [\"d\",\"b\",\"l\",\"c\",\"a\"]" },
        { RING "| graph-match (a)-[x]->(b)-[y]->(c)-[z]->(a) where a.id == 2 project x.e, y.e, z.e",
          "x_e:string y_e:string z_e:string / b,c,a / b,c,d" },
        { RING "| graph-match cycles=none (a)-->(b)-->(a) project a.id | count", "Count:long / 0" },
        { RING "| graph-match cycles=all (a)-[x]-(b)-[y]-(c) where a.id == 1 and x.e == y.e "
               "project c.id, x.e",
          "c_id:long x_e:string / 1,a / 1,d / 1,c" },
    };
    (void)state;
    CHECK(cases);
}

static void graph__several_sequences__share_nodes(void **state)
{
    static const query_case cases[] = {
        { STAFF "| graph-match (a)-->(n)-->(b), (z)-->(a) project n.name, a.name, b.name, z.name",
          "n_name:string a_name:string b_name:string z_name:string / Bob,Ann,Dan,Zoe / "
          "Dan,Bob,Eve,Ann" },
        { STAFF
          "| graph-match (a)-->(b), (a)-->(c) where b.age > c.age project a.name, b.name, c.name",
          "a_name:string b_name:string c_name:string / Ann,Bob,Cy" },
        { STAFF "| graph-match (a)-->(b), (c)-->(d) project a.name",
          "3:46: the sequences of a pattern must share nodes, so that it hangs together" },
    };
    (void)state;
    CHECK(cases);
}

static void make_graph__nodes_and_ids__as_kusto_has_them(void **state)
{
    static const query_case cases[] = {
        { "let A = datatable(id:long, x:string)[1, 'a', 1, 'later', 2, ''];\n"
          "let B = datatable(k:long, x:string, y:long)[2, 'b', 7, 3, 'c', 8];\n"
          "datatable(f:long, t:long)[1, 2, 4, 3] | make-graph f --> t with A on id, B on k | "
          "graph-to-table nodes",
          "id:long x:string k:long y:long / 1,a,1,~ / 2,b,2,7 / 3,c,3,8 / 4,,4,~" },
        { "datatable(f:long, t:long, x:string)[1, 2, 'p', 1, 1, 'q'] | make-graph f --> t "
          "| graph-to-table edges with_source_id=s with_target_id=z",
          "s:long z:long f:long t:long x:string / 0,1,1,2,p / 0,0,1,1,q" },
        { "datatable(f:long, t:long)[1, 2] | make-graph f --> t | graph-to-table nodes "
          "with_node_id=n",
          "n:long / 0 / 1" },
        { "datatable(h:string, f:long, t:long)['a', 1, 2, 'b', 2, 3, 'a', 2, 4] | make-graph f --> "
          "t "
          "with_node_id=id partitioned-by h (graph-match (x)-->(y)-->(z) project x.id, z.id)",
          "x_id:long z_id:long / 1,4" },
        { "let N = datatable(h:string, id:long, n:string)['a', 1, 'one', 'b', 1, 'uno'];\n"
          "datatable(h:string, f:long, t:long)['a', 1, 2, 'b', 1, 2] | make-graph f --> t with N "
          "on id "
          "partitioned-by h (graph-match (x)-[e]->(y) project e.h, x.n, y.id)",
          "e_h:string x_n:string y_id:long / a,one,2 / b,uno,2" },
        { "let G = datatable(f:long, t:long)[1, 2, 2, 3] | make-graph f --> t with_node_id=i; "
          "let two = (g:(*), n:long) { g | graph-match (a)-[x*2..2]->(b) project a.i, x = n }; "
          "two(G, 5)",
          "a_i:long x:long / 1,5" },
        { "let G = datatable(f:long, t:long)[1, 2, 2, 3] | make-graph f --> t with_node_id=i; "
          "G | graph-match (a)-[x*2..2]->(b) project a.i | union (G | graph-match (a)-->(b) "
          "project a.i)",
          "a_i:long / 1 / 1 / 2" },
        { "let g = () { datatable(f:long, t:long)[1, 2] | make-graph f --> t with_node_id=i }; "
          "g() | graph-match (a)-->(b) project b.i",
          "b_i:long / 2" },
    };
    (void)state;
    CHECK(cases);
}

static void graph_to_table__both__named_for_later(void **state)
{
    static const query_case cases[] = {
        { "datatable(f:long, t:long)[1, 2] | make-graph f --> t with_node_id=i | graph-to-table "
          "nodes, edges",
          "i:long / 1 / 2 // f:long t:long / 1,2" },
        { "datatable(f:long, t:long)[1, 2] | make-graph f --> t with_node_id=i "
          "| graph-to-table nodes as N with_node_id=n, edges as E; E | count; N | where n > 0",
          "Count:long / 1 // n:long i:long / 1,2" },
        { "datatable(f:long, t:long)[1, 2] | make-graph f --> t with_node_id=i | graph-to-table "
          "nodes as N",
          "i:long / 1 / 2" },
        { "datatable(f:long, t:long)[1, 2] | make-graph f --> t | graph-to-table edges "
          "with_source_id=f",
          "1:92: there is a column f already" },
        { "datatable(f:long, t:long)[1, 2] | make-graph f --> t | graph-to-table nodes, edges | "
          "count",
          "1:86: nothing can stand behind several tables" },
    };
    (void)state;
    CHECK(cases);
}

static void graph_mark_components__weak_and_strong(void **state)
{
#define PAIRS                                                                             \
    "datatable(f:long, t:long)[1, 2, 3, 2, 4, 5, 5, 6, 6, 4, 6, 7] | make-graph f --> t " \
    "with_node_id=i "
    static const query_case cases[] = {
        { PAIRS "| graph-mark-components | graph-to-table nodes",
          "i:long ComponentId:long / 1,0 / 2,0 / 3,0 / 4,1 / 5,1 / 6,1 / 7,1" },
        { PAIRS "| graph-mark-components kind=strong with_component_id=c | graph-to-table nodes",
          "i:long c:long / 1,0 / 2,1 / 3,2 / 4,3 / 5,3 / 6,3 / 7,4" },
        { PAIRS "| graph-mark-components | graph-match (a)-->(b) where a.ComponentId == 0 project "
                "a.i, b.i",
          "a_i:long b_i:long / 1,2 / 3,2" },
        { PAIRS "| graph-mark-components kind=big | graph-to-table nodes",
          "1:128: the kind of components can be weak or strong" },
    };
    (void)state;
    CHECK(cases);
}

/* From 1 to 20 by 2 .. and 10, or by 3, 4, 5, 11; both ways meet at 15. */
#define MEET                                                                                      \
    "let N = datatable(id:long, gate:bool)[10, true, 11, true];\n"                                \
    "datatable(f:long, t:long)[1, 10, 10, 21, 21, 22, 22, 23, 23, 24, 24, 15, 1, 3, 3, 4, 4, 5, " \
    "5, "                                                                                         \
    "11, 11, 31, 31, 32, 32, 15, 15, 16, 16, 20]\n"                                               \
    "| make-graph f --> t with N on id "

static void graph_shortest_paths__least_edges_for_each_pair(void **state)
{
    static const query_case cases[] = {
        { RING "| graph-shortest-paths (a)-[x*1..5]->(b) where a.id == 1 project b.id, x.e",
          "b_id:long x_e:dynamic / 2,[\"a\"] / 3,[\"a\",\"b\"]" },
        { RING
          "| graph-shortest-paths output=all (a)-[x*1..5]->(b) where a.id == 1 project b.id, x.e",
          "b_id:long x_e:dynamic / 2,[\"a\"] / 2,[\"d\"] / 3,[\"a\",\"b\"] / 3,[\"d\",\"b\"]" },
        { RING "| graph-shortest-paths (b)<-[x*0..5]-(a) where a.id == 2 project b.id, x.e",
          "b_id:long x_e:dynamic / 2,[] / 3,[\"b\"] / 1,[\"c\",\"b\"]" },
        { STAFF "| graph-shortest-paths (a)-[x*1..9]-(b) where a.name == 'Cy' and b.age < a.age "
                "project b.name, x.e",
          "b_name:string x_e:dynamic / Dan,[2,1,3] / Eve,[2,1,3,4]" },
        { STAFF "| graph-shortest-paths (a)-[x*1..9]->(b) where any(x, e == 5) and "
                "any(inner_nodes(x), age == 40) "
                "project a.name, b.name",
          "a_name:string b_name:string / Zoe,Dan / Zoe,Eve" },
        { MEET
          "| graph-shortest-paths (a)-[x*1..4]->(b)-[y*1..5]->(c) where a.id == 1 and b.gate "
          "project b.id, c.id, x = array_length(x.t), y = array_length(y.t) | where c_id == 20",
          "b_id:long c_id:long x:long y:long / 11,20,4,5" },
        { STAFF "| graph-shortest-paths (a)-->(b) project a.name",
          "3:46: graph-shortest-paths needs an edge of variable length (-[e*1..5]->)" },
        { STAFF "| graph-shortest-paths (a)-[x*1..2]->(b)-->(a) project a.name",
          "3:46: graph-shortest-paths takes one sequence in which each node stands once" },
        { STAFF "| graph-shortest-paths (a)-[x*1..2]->(b)-->(c) where a.age > b.age project a.name",
          "3:97: graph-shortest-paths takes conditions on one element, all(), any(), and such on "
          "both ends; "
          "use graph-match for others" },
        { STAFF "| graph-shortest-paths output=one (a)-[x*1..2]->(b) project a.name",
          "3:74: output can be any or all" },
    };
    (void)state;
    CHECK(cases);
}

static void graph__mistakes__named_with_their_place(void **state)
{
    static const query_case cases[] = {
        { "print a = 1, b = 2 | make-graph a --> b",
          "1:1: this is a graph; a table is needed: put graph-match, graph-shortest-paths or "
          "graph-to-table "
          "behind it" },
        { "print a = 1, b = 2 | make-graph a --> b | where a == 1",
          "1:43: where works on rows, and this is a graph; graph-match, graph-shortest-paths and "
          "graph-to-table make rows of it" },
        { "print a = 1 | graph-match (n) project n.a",
          "1:15: graph-match works on a graph; make one of the rows with make-graph" },
        { "print a = 1, b = 'x' | make-graph a --> b | graph-to-table nodes",
          "1:41: sources are long and targets are string" },
        { "print a = 1, b = dynamic(2) | make-graph a --> b | graph-to-table nodes",
          "1:48: a dynamic can't be an id; wrap it in tostring()" },
        { "print src = 1, dst = 2 | make-graph scr --> dst | graph-to-table nodes",
          "1:37: no column scr; did you mean src?" },
        { "let N = print k = 'x'; print a = 1, b = 2 | make-graph a --> b with N on k | "
          "graph-to-table nodes",
          "1:74: ids are long in the edges and string here" },
        { STAFF "| graph-match (a)-->(b) where a.agee > 1 project b.name",
          "3:76: no column agee; did you mean age?" },
        { STAFF "| graph-match (a)-->(b) project a",
          "3:76: a is a node; name one of its properties: a.name" },
        { STAFF "| graph-match (a)-[x]->(b)-[x]->(c) project a.name",
          "3:72: there is a x in this pattern already; an edge's name stands once" },
        { STAFF "| graph-match (a)-[x]->(x) project a.name", "3:68: x is an edge of this pattern" },
        { STAFF "| graph-match (a)-[x*3..2]->(b) project a.name",
          "3:61: no edge has a length of 3..2" },
        { STAFF "| graph-match (a)-[x*1..999999999]->(b) project a.name",
          "3:68: a length from 0 to 100000 is needed" },
        { STAFF "| graph-match cycles=some (a)-->(b) project a.name",
          "3:65: cycles can be all, none or unique_edges" },
        { STAFF "| graph-match (a)-[x]->(b) where all(x, e > 1) project a.name",
          "3:81: an edge of variable length (-[e*1..5]->) is needed here" },
        { STAFF "| graph-match (a)-[x*1..2]->(b) where x.e > a.age project a.name",
          "3:82: a condition on each edge of variable length can't speak of other elements" },
        { STAFF "| graph-match (a)-[x*1..2]->(b) project inner_nodes(x)",
          "3:84: inner_nodes() stands in all(), any() or map() only" },
        { "print a = 1, b = 2 | make-graph a --> b with_node_id=i partitioned-by a "
          "(graph-match (n)-->(m) project n.i | take 1)",
          "1:110: only one operator may stand in partitioned-by" },
    };
    (void)state;
    CHECK(cases);
}

static void results__several__one_after_the_other(void **state)
{
#define ROWS "datatable(a:long, b:string)[1, 'x', 2, 'y', 3, 'x'] "
    static const query_case cases[] = {
        { "print 1; let x = 2; print x; print y = x + 1",
          "print_0:long / 1 // print_0:long / 2 // y:long / 3" },
        { ROWS "| fork (where a > 1 | project a) n = (count)", "a:long / 2 / 3 // Count:long / 3" },
        /* each reader filters and spreads the same rows as it likes */
        { "range x from 1 to 4 step 1 | extend y = x * 10, z = strcat('r', x) | fork "
          "(where x > 2 | where x < 4 | project y, z) "
          "(where x != 2 | mv-expand e = range(x, 4, 2) to typeof(long) | where e == 4 | project "
          "e, z) "
          "(summarize n = count(), s = sum(y)) (top 2 by y desc | project z)",
          "y:long z:string / 30,r3 // e:long z:string / 4,r4 // n:long s:long / 4,100 // "
          "z:string / r4 / r3" },
        { ROWS "| facet by b, a with (where a == 2)",
          "a:long b:string / 2,y // b:string count_b:long / x,2 / y,1 // a:long count_a:long / 1,1 "
          "/ 2,1 / 3,1" },
        { ROWS "| facet by b", "b:string count_b:long / x,2 / y,1" },
        { ROWS "| consume", "" },
        { ROWS "| top-hitters 1 of b", "b:string approximate_count_b:long / x,2" },
        { ROWS "| top-hitters 2 of b by a", "b:string approximate_sum_b:long / x,4 / y,2" },
        { "let f = () { print 1; print 2 }; f()", "1:23: a function's body has one value" },
        { ROWS "| fork (take 1) (take 2) | count",
          "1:80: nothing can stand behind several tables" },
        { "print x = 1 | join (print x = 1 | fork (take 1) (take 2)) on x",
          "1:21: these are several tables; one is needed" },
        { "print k = 1 | partition by k { print 2 }",
          "1:15: operator partition isn't supported with a table of its own in braces; write "
          "partition by KEY (SUBQUERY)" },
        { "print 1 | reduce by x", "1:11: operator reduce isn't supported; Kusto doesn't publish "
                                   "how it finds patterns: group by extract() "
                                   "or replace_regex()" },
    };
    (void)state;
    CHECK(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graph__edges_of_one__in_all_directions),
        cmocka_unit_test(graph__edges_of_variable_length__paths_in_order),
        cmocka_unit_test(graph__cycles__as_the_option_says),
        cmocka_unit_test(graph__several_sequences__share_nodes),
        cmocka_unit_test(make_graph__nodes_and_ids__as_kusto_has_them),
        cmocka_unit_test(graph_to_table__both__named_for_later),
        cmocka_unit_test(graph_mark_components__weak_and_strong),
        cmocka_unit_test(graph_shortest_paths__least_edges_for_each_pair),
        cmocka_unit_test(graph__mistakes__named_with_their_place),
        cmocka_unit_test(results__several__one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
