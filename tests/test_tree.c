/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_tree.c - rows to forests: small histories, each with what must come of it. */
#include "shelltree/tree.h"
#include "tree/forest.h"
#include "support/forest_find.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* histories by hand */

#define T0 (ST_TICKS_UNIX + UINT64_C(1700000000) * ST_TICKS_SECOND)
static st_ticks at(unsigned seconds)
{
    return T0 + seconds * ST_TICKS_SECOND;
}

/* GUID number n of the older form; 0: the zero GUID. Its seconds are `start`'s. */
static st_guid guid_n(uint32_t n, unsigned start)
{
    st_guid g = { { 0 } };
    uint32_t seconds = 1700000000u + start;
    if (!n)
        return g;
    g.b[0] = 0xaa;
    for (unsigned i = 0; i < 4; i++) {
        g.b[4 + i] = (unsigned char)(seconds >> (8 * i));
        g.b[12 + i] = (unsigned char)(n >> (8 * i));
    }
    g.b[11] = 0x10;
    return g;
}

/* The same in the newer form, of a boot. */
static st_guid guid_boot(uint32_t n, unsigned boot)
{
    st_guid g = guid_n(n, 0);
    for (unsigned i = 0; i < 4; i++) {
        g.b[8 + i] = (unsigned char)(n >> (8 * i));
        g.b[12 + i] = 0;
    }
    g.b[14] = (unsigned char)boot;
    return g;
}

typedef struct row {
    const char *host;
    uint32_t id; /* of the GUID; 0: zero */
    unsigned start;
    uint32_t parent; /* of the parent's GUID; 0: zero */
    unsigned parent_start;
    uint32_t pid, parent_pid; /* 0: not known */
    const char *image, *parent_image;
    uint64_t record; /* 0: id */
    uint32_t source;
    uint64_t offset; /* 0: id */
    uint8_t origin, flags;
    unsigned boot, parent_boot; /* 0: older form */
} row;

static st_sid text(st_store *s, const char *t)
{
    return t ? st_pool_put(s->pool, st_str_of(t)) : ST_ABSENT;
}

static st_guid guid_of(uint32_t id, unsigned start, unsigned boot)
{
    return id && boot ? guid_boot(id, boot) : guid_n(id, start);
}

static void add(st_store *s, const row *r)
{
    size_t i = st_store_add(s);
    assert_int_not_equal(i, SIZE_MAX);
    st_creations *c = &s->creations;
    c->computer[i] = text(s, r->host ? r->host : "PC");
    c->guid[i] = guid_of(r->id, r->start, r->boot);
    c->parent_guid[i] = guid_of(r->parent, r->parent_start, r->parent_boot);
    c->utc[i] = at(r->start);
    c->created[i] = at(r->start) + ST_TICKS_MS;
    c->pid[i] = r->pid ? r->pid : ST_NO_U32;
    c->parent_pid[i] = r->parent_pid ? r->parent_pid : ST_NO_U32;
    c->image[i] = text(s, r->image);
    c->parent_image[i] = text(s, r->parent_image);
    c->event_record_id[i] = r->record ? r->record : r->id;
    c->offset[i] = r->offset ? r->offset : r->id;
    c->source[i] = r->source;
    c->origin[i] = r->origin;
    c->flags[i] = r->flags;
}

static void add_end(st_store *s, uint32_t id, unsigned start, unsigned when)
{
    assert_true(st_grow(&s->endings, &s->endings_cap, s->nendings + 1, sizeof *s->endings));
    s->endings[s->nendings++] = (st_ending){ text(s, "pc"), guid_n(id, start), ST_ABSENT, at(when),
                                             at(when),      ST_NO_U32,         ST_O_LIVE };
}

static void add_service(st_store *s, const char *state, unsigned when, const char *version)
{
    assert_true(st_grow(&s->services, &s->services_cap, s->nservices + 1, sizeof *s->services));
    s->services[s->nservices++] =
        (st_service){ text(s, "pc"), text(s, state), text(s, version), text(s, "4.90"),
                      at(when),      at(when),       ST_O_LIVE };
}

static st_forest *forest_of(st_store *s)
{
    st_forest *f = NULL;
    st_err err = { 0 };
    assert_int_equal(st_tree_build(NULL, s, NULL, &f, &err), ST_OK);
    return f;
}

static st_store *store_of(const row *rows, size_t n)
{
    st_store *s = st_store_new();
    assert_non_null(s);
    for (size_t i = 0; i < n; i++)
        add(s, &rows[i]);
    return s;
}
#define STORE(rows) store_of(rows, sizeof(rows) / sizeof(rows)[0])

static void done(st_forest *f, st_store *s)
{
    st_tree_free(f);
    st_store_free(s);
}

static st_node find(const st_forest *f, const char *host, uint32_t id, unsigned start)
{
    st_guid g = guid_n(id, start);
    return forest_find(f, host, &g);
}

static const st_proc *proc(const st_forest *f, uint32_t id, unsigned start)
{
    st_node n = find(f, "pc", id, start);
    assert_int_not_equal(n, ST_NO_NODE);
    return &f->procs[n];
}

/* copies */

static void copies__same_fields__one_node_the_best_shown(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        row rows[4];
        size_t n;
        uint32_t shown; /* offset of the copy shown */
    } cases[] = {
        { "two, first source",
          { { .id = 1, .source = 1, .offset = 10 }, { .id = 1, .offset = 20 } },
          2,
          20 },
        { "two, first offset", { { .id = 1, .offset = 20 }, { .id = 1, .offset = 10 } }, 2, 10 },
        { "three, sound before bad checksum",
          { { .id = 1, .offset = 10, .flags = ST_C_CRC },
            { .id = 1, .source = 2, .offset = 20 },
            { .id = 1, .source = 3, .offset = 30 } },
          3,
          20 },
        { "bad checksum before slack before carved",
          { { .id = 1, .offset = 10, .origin = ST_O_CARVED },
            { .id = 1, .offset = 20, .origin = ST_O_SLACK },
            { .id = 1, .source = 9, .offset = 30, .flags = ST_C_CRC } },
          3,
          30 },
        { "slack before carved",
          { { .id = 1, .offset = 10, .origin = ST_O_CARVED },
            { .id = 1, .offset = 20, .origin = ST_O_SLACK } },
          2,
          20 },
        { "computer in two cases",
          { { .id = 1, .offset = 1 }, { .host = "pC", .id = 1, .offset = 2 } },
          2,
          1 },
        { "recovered under another number",
          { { .id = 1, .offset = 1 },
            { .id = 1, .record = 77, .offset = 2, .origin = ST_O_SLACK } },
          2,
          1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_store *s = store_of(cases[i].rows, cases[i].n);
        st_forest *f = forest_of(s);
        if (f->n != 1 || f->procs[0].copies != cases[i].n || f->stats.copies != cases[i].n - 1 ||
            s->creations.offset[f->procs[0].row] != cases[i].shown ||
            (f->procs[0].flags & ST_P_CONFLICT) || f->hosts[0].copies != cases[i].n - 1)
            fail_msg("%s: %zu nodes, %u copies, offset %u", cases[i].what, f->n, f->procs[0].copies,
                     (unsigned)s->creations.offset[f->procs[0].row]);
        done(f, s);
    }
}

static void copies__a_field_differs__each_stays_in_conflict(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        row a, b;
    } cases[] = {
        { "image", { .id = 1, .image = "a" }, { .id = 1, .image = "b", .offset = 2 } },
        { "absent or empty", { .id = 1, .image = "" }, { .id = 1, .offset = 2 } },
        { "pid", { .id = 1, .pid = 4 }, { .id = 1, .pid = 5, .offset = 2 } },
        { "parent", { .id = 1, .parent = 4 }, { .id = 1, .parent = 5, .offset = 2 } },
        { "record", { .id = 1 }, { .id = 1, .record = 5, .offset = 2 } },
        { "recovered", { .id = 1, .image = "a" }, { .id = 1, .image = "b", .origin = ST_O_SLACK } },
        { "no guid", { .record = 5, .image = "a" }, { .record = 5, .image = "b", .offset = 2 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        row both[] = { cases[i].a, cases[i].b, cases[i].a };
        both[2].offset = 9;
        st_store *s = STORE(both);
        st_forest *f = forest_of(s);
        uint32_t copies = f->procs[0].copies + f->procs[1].copies;
        if (f->observed != 2 || copies != 3 || f->stats.conflicts != 2 ||
            !(f->procs[0].flags & f->procs[1].flags & ST_P_CONFLICT))
            fail_msg("%s: %zu nodes, %u copies", cases[i].what, f->observed, copies);
        done(f, s);
    }
}

/* More than a stretch, on one thread and on some: each record three times, in an order that says
 * nothing, and of each seventh two contents. */
static void copies__thousands_of_records__one_node_each_the_first_shown(void **state)
{
    (void)state;
    enum { RECORDS = 5000, TIMES = 3, ROWS = RECORDS * TIMES };
    for (unsigned threads = 1; threads <= 4; threads += 3) {
        st_store *s = st_store_new();
        for (uint32_t i = 0; i < ROWS; i++) {
            uint32_t at = (uint32_t)((uint64_t)i * 7919 % ROWS), id = at % RECORDS,
                     copy = at / RECORDS;
            add(s, &(row){ .id = 1 + id,
                           .start = 1 + id,
                           .image = id % 7 == 0 && copy == 2 ? "b" : "a",
                           .offset = 1 + at });
        }
        st_forest *f = NULL;
        st_tree_options o = { .threads = threads };
        assert_int_equal(st_tree_build(NULL, s, &o, &f, NULL), ST_OK);
        size_t node = 0;
        for (uint32_t id = 0; id < RECORDS; id++)
            for (uint32_t part = 0; part < (id % 7 ? 1 : 2); part++, node++) {
                const st_proc *p = &f->procs[node];
                uint64_t first = 1 + id + part * 2 * (uint64_t)RECORDS;
                if (p->copies != (id % 7 ? 3 : 2 - part) || s->creations.offset[p->row] != first ||
                    !(p->flags & ST_P_CONFLICT) != (id % 7 != 0) || p->instance != part)
                    fail_msg("%u threads, record %u, part %u", threads, id, part);
            }
        assert_int_equal(f->n, node);
        done(f, s);
    }
}

static void copies__nothing_names_the_record__all_stay(void **state)
{
    (void)state;
    row rows[] = { { .offset = 1 }, { .offset = 2 }, { .offset = 3 } };
    st_store *s = STORE(rows);
    for (size_t i = 0; i < 3; i++)
        s->creations.created[i] = 0;
    st_forest *f = forest_of(s);
    assert_int_equal(f->n, 3);
    assert_int_equal(f->stats.conflicts, 0);
    done(f, s);
}

static void duplicates__asked_for__every_row_is_a_node(void **state)
{
    (void)state;
    row rows[] = { { .id = 1, .offset = 1 },
                   { .id = 1, .offset = 2 },
                   { .id = 2, .start = 5, .parent = 1, .offset = 3 } };
    st_store *s = STORE(rows);
    st_forest *f = NULL;
    st_tree_options o = { .duplicates = true };
    add_end(s, 1, 0, 9);
    assert_int_equal(st_tree_build(NULL, s, &o, &f, NULL), ST_OK);
    assert_int_equal(f->n, 3);
    assert_int_equal(f->procs[2].parent, 0);
    assert_int_equal(f->procs[2].flags & ST_P_AMBIGUOUS_PARENT, 0);
    assert_int_equal(f->procs[0].end, at(9));
    assert_int_equal(f->procs[1].end, at(9));
    done(f, s);
}

/* two creations of one key */

static void instances__two_creations__children_hang_on_the_one_alive(void **state)
{
    (void)state;
    row rows[] = {
        { .id = 1, .start = 0, .parent = 0, .image = "old", .record = 1, .offset = 1 },
        { .id = 2, .start = 50, .parent = 1, .image = "child of old", .offset = 2 },
        { .id = 3, .start = 150, .parent = 1, .image = "child of new", .offset = 3 },
        { .id = 4, .start = 100, .parent = 1, .image = "child of new, too", .offset = 4 },
    };
    st_store *s = STORE(rows);
    row again = { .id = 1, .start = 100, .image = "new", .record = 9, .offset = 9 };
    add(s, &again);
    s->creations.guid[4] = guid_n(1, 0);
    st_forest *f = forest_of(s);
    assert_int_equal(f->observed, 5);
    const st_proc *first = proc(f, 1, 0);
    assert_int_equal(first->instance, 0);
    assert_int_equal(first->start, at(0));
    static const struct {
        uint32_t id;
        unsigned start, parent_start;
    } want[] = { { 2, 50, 0 }, { 3, 150, 100 }, { 4, 100, 100 } };
    for (size_t i = 0; i < 3; i++) {
        const st_proc *p = proc(f, want[i].id, want[i].start);
        assert_int_equal(f->procs[p->parent].start, at(want[i].parent_start));
        assert_true(p->flags & ST_P_AMBIGUOUS_PARENT);
    }
    assert_int_equal(f->stats.ambiguous, 3);
    done(f, s);
}

static void instances__recovered_one_beside_a_live_one__never_replaces_it(void **state)
{
    (void)state;
    row rows[] = { { .id = 1, .start = 0, .image = "live", .offset = 1 },
                   { .id = 1, .start = 10, .image = "slack", .origin = ST_O_SLACK, .offset = 2 },
                   { .id = 2, .start = 20, .parent = 1, .offset = 3 } };
    st_store *s = STORE(rows);
    s->creations.guid[1] = guid_n(1, 0);
    st_forest *f = forest_of(s);
    const st_proc *p = proc(f, 2, 20);
    assert_int_equal(f->procs[p->parent].start, at(0));
    assert_int_equal(p->flags & ST_P_AMBIGUOUS_PARENT, 0);
    assert_int_equal(f->procs[find(f, "PC", 1, 0)].origin, ST_O_LIVE);
    done(f, s);
}

/* placeholders */

static void placeholder__parent_not_observed__one_for_all_its_children(void **state)
{
    (void)state;
    row rows[] = {
        { .id = 2,
          .start = 20,
          .parent = 1,
          .parent_start = 5,
          .parent_pid = 100,
          .parent_image = "late" },
        { .id = 3,
          .start = 10,
          .parent = 1,
          .parent_start = 5,
          .parent_pid = 100,
          .parent_image = "early" },
        { .host = "other",
          .id = 4,
          .start = 1,
          .parent = 1,
          .parent_start = 5,
          .parent_image = "elsewhere" },
    };
    st_store *s = STORE(rows);
    st_forest *f = forest_of(s);
    assert_int_equal(f->observed, 3);
    assert_int_equal(f->n, 5);
    assert_int_equal(f->stats.placeholders, 2);
    const st_proc *p = proc(f, 1, 5);
    assert_int_equal(p->row, ST_NO_ROW);
    assert_int_equal(p->flags & ST_P_OBSERVED, 0);
    assert_int_equal(p->children, 2);
    assert_int_equal(p->descendants, 2);
    assert_int_equal(p->start, at(5));
    assert_int_equal(p->pid, 100);
    assert_true(st_str_eq(st_pool_get(s->pool, p->image), ST_STR("early")));
    assert_int_equal(proc(f, 2, 20)->depth, 1);
    assert_int_equal(proc(f, 2, 20)->link, ST_LINK_GUID);
    assert_int_equal(f->hosts[find(f, "pc", 2, 20) != ST_NO_NODE ? 1 : 0].parents_placeholder, 2);
    done(f, s);
}

/* Without a GUID a parent stands for all children that name its pid and image in one boot. */
static void placeholder__zero_guid__one_for_each_image_that_is_named(void **state)
{
    (void)state;
    row rows[] = {
        { .id = 2, .start = 20, .parent_pid = 100, .parent_image = "C:\\x.exe" },
        { .id = 3, .start = 30, .parent_pid = 100, .parent_image = "c:\\X.EXE" },
        { .id = 4, .start = 40, .parent_pid = 100, .parent_image = "C:\\y.exe" },
        { .id = 5, .start = 60, .parent_pid = 100, .parent_image = "C:\\x.exe" }, /* next boot */
        { .id = 6, .start = 61, .parent_pid = 100, .parent_image = "-" },
        { .id = 7, .start = 62, .parent_pid = 100, .parent_image = "<unknown process>" },
    };
    st_store *s = STORE(rows);
    add_service(s, "Started", 50, "15.0");
    st_forest *f = forest_of(s);
    assert_int_equal(f->n, 6 + 3);
    assert_int_equal(f->stats.placeholders, 3);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(f->procs[i].link, ST_LINK_INFERRED);
        const st_proc *up = &f->procs[f->procs[i].parent];
        assert_int_equal(up->row, ST_NO_ROW);
        assert_int_equal(up->pid, 100);
        assert_true(st_guid_zero(&up->guid));
    }
    assert_int_equal(f->procs[0].parent, f->procs[1].parent);
    assert_int_not_equal(f->procs[0].parent, f->procs[2].parent);
    assert_int_not_equal(f->procs[0].parent, f->procs[3].parent);
    assert_int_equal(f->procs[4].parent, ST_NO_NODE);
    assert_int_equal(f->procs[5].parent, ST_NO_NODE);
    done(f, s);
}

/* Two creations under one GUID: what the child says of its parent decides, not order or time. */
static void instances__what_the_child_says__tells_the_parent(void **state)
{
    static const struct {
        row first, second, child;
        uint32_t pid; /* of the parent */
    } cases[] = {
#define ONE(r, p, i) { .id = 1, .start = 10, .record = (r), .pid = (p), .image = (i) }
#define CHILD(p, i)                                                               \
    {                                                                             \
        .id = 2, .start = 20, .parent = 1, .parent_start = 10, .parent_pid = (p), \
        .parent_image = (i)                                                       \
    }
        { ONE(1, 100, "a"), ONE(2, 101, "b"), CHILD(100, "a"), 100 },
        { ONE(1, 101, "b"), ONE(2, 100, "a"), CHILD(100, "a"), 100 },
        { ONE(1, 100, "a"), ONE(2, 101, "b"), CHILD(101, "b"), 101 },
        { ONE(1, 100, "a"), ONE(2, 101, "b"), CHILD(0, "A"), 100 },
        { ONE(1, 100, "a"), ONE(2, 101, "b"), CHILD(0, NULL), 101 },  /* nothing said: the later */
        { ONE(1, 100, "a"), ONE(2, 101, "b"), CHILD(100, "b"), 100 }, /* the pid before the image */
#undef ONE
#undef CHILD
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_store *s = st_store_new();
        add(s, &cases[i].first);
        add(s, &cases[i].second);
        add(s, &cases[i].child);
        st_forest *f = forest_of(s);
        const st_proc *p = proc(f, 2, 20);
        if (f->procs[p->parent].pid != cases[i].pid || !(p->flags & ST_P_AMBIGUOUS_PARENT))
            fail_msg("%zu: %u", i, f->procs[p->parent].pid);
        done(f, s);
    }
}

/* An end without a GUID ends the last use of its pid before it. */
static void ends__without_a_guid__end_a_life(void **state)
{
    static const struct {
        const char *what;
        unsigned end; /* at; of pid 100 */
        uint32_t of;  /* of the GUID; 0: zero */
        unsigned of_start;
        unsigned service; /* at; 0: none */
        bool parent;      /* 2, at 20, hangs under 1 */
        unsigned ended;   /* 1's end */
    } cases[] = {
        { "none", 0, 0, 0, 0, true, 0 },
        { "before the child", 15, 0, 0, 0, false, 15 },
        { "behind the child", 25, 0, 0, 0, true, 25 },
        { "before the parent's start", 5, 0, 0, 0, true, 0 },
        { "at the parent's start", 10, 0, 0, 0, true, 0 },
        { "in another boot", 15, 0, 0, 12, false, 0 },
        { "of a stranger with that pid between", 25, 9, 15, 0, false, 0 },
        { "of a stranger with that pid behind", 30, 9, 25, 0, true, 0 },
    };
    static const row parent = { .id = 1, .start = 10, .pid = 100, .image = "C:\\a.exe" };
    static const row child = { .id = 2, .start = 20, .pid = 200, .parent_pid = 100 };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_store *s = st_store_new();
        add(s, &parent);
        add(s, &child);
        if (cases[i].end) {
            add_end(s, cases[i].of, cases[i].of_start, cases[i].end);
            s->endings[0].pid = 100;
        }
        if (cases[i].service)
            add_service(s, "Started", cases[i].service, "15.0");
        st_forest *f = forest_of(s);
        bool got = proc(f, 2, 20)->parent != ST_NO_NODE;
        st_ticks end = proc(f, 1, 10)->end;
        if (got != cases[i].parent || end != (cases[i].ended ? at(cases[i].ended) : 0))
            fail_msg("%s: %d", cases[i].what, got);
        done(f, s);
    }
}

/* A process whose own GUID is zero can be a parent as any other. */
static void inferred__parent_without_a_guid__is_one(void **state)
{
    (void)state;
    row rows[] = {
        { .id = 0, .start = 10, .record = 7, .offset = 7, .pid = 100, .image = "C:\\a.exe" },
        { .id = 2, .start = 20, .parent_pid = 100, .parent_image = "C:\\a.exe" },
    };
    st_store *s = STORE(rows);
    st_forest *f = forest_of(s);
    assert_int_equal(f->n, 2);
    assert_int_equal(f->procs[1].parent, 0);
    assert_int_equal(f->procs[1].link, ST_LINK_INFERRED);
    done(f, s);
}

/* inferred links */

/* The base: 1 (pid 100, a.exe) starts at 10; 2 at 20 names pid 100, a.exe and no GUID. */
static void inferred__each_condition__accepted_or_refused(void **state)
{
    (void)state;
    enum { NONE = 0, END = 1, SERVICE = 2 };
    static const struct {
        const char *what;
        row parent, child, other;
        unsigned end, service; /* at; 0: none */
        bool want;
    } cases[] = {
#define PARENT .id = 1, .start = 10, .pid = 100, .image = "C:\\A.exe"
#define CHILD .id = 2, .start = 20, .pid = 200, .parent_pid = 100
        { "all is well", { PARENT }, { CHILD, .parent_image = "c:\\a.EXE" }, { 0 }, 0, 0, true },
        { "image not recorded", { PARENT }, { CHILD, .parent_image = "-" }, { 0 }, 0, 0, true },
        { "image absent", { PARENT }, { CHILD }, { 0 }, 0, 0, true },
        { "another image", { PARENT }, { CHILD, .parent_image = "C:\\b.exe" }, { 0 }, 0, 0, false },
        { "ended before", { PARENT }, { CHILD }, { 0 }, 15, 0, false },
        { "ended after", { PARENT }, { CHILD }, { 0 }, 25, 0, true },
        { "Sysmon started between", { PARENT }, { CHILD }, { 0 }, 0, 15, false },
        { "Sysmon started before", { PARENT }, { CHILD }, { 0 }, 0, 5, true },
        { "Sysmon started after", { PARENT }, { CHILD }, { 0 }, 0, 25, true },
        { "boot number changed", { PARENT, .boot = 3 }, { CHILD, .boot = 4 }, { 0 }, 0, 0, false },
        { "same boot number", { PARENT, .boot = 3 }, { CHILD, .boot = 3 }, { 0 }, 0, 0, true },
        { "parent's start later",
          { .id = 1, .start = 21, .pid = 100 },
          { CHILD },
          { 0 },
          0,
          0,
          false },
        { "another pid", { .id = 1, .start = 10, .pid = 101 }, { CHILD }, { 0 }, 0, 0, false },
        { "another host", { PARENT, .host = "other" }, { CHILD }, { 0 }, 0, 0, false },
        { "parent recovered", { PARENT, .origin = ST_O_SLACK }, { CHILD }, { 0 }, 0, 0, false },
        { "child recovered", { PARENT }, { CHILD, .origin = ST_O_SLACK }, { 0 }, 0, 0, false },
        { "a younger one of that pid",
          { PARENT },
          { CHILD, .parent_image = "C:\\a.exe" },
          { .id = 3, .start = 15, .pid = 100, .image = "C:\\b.exe" },
          0,
          0,
          false },
        { "a younger one after the child",
          { PARENT },
          { CHILD },
          { .id = 3, .start = 25, .pid = 100 },
          0,
          0,
          true },
        { "an older one that may live on",
          { PARENT },
          { CHILD },
          { .id = 3, .start = 5, .pid = 100 },
          0,
          0,
          false },
        { "a younger recovered one",
          { PARENT },
          { CHILD },
          { .id = 3, .start = 15, .pid = 100, .origin = ST_O_CARVED },
          0,
          0,
          false },
        { "a younger placeholder",
          { PARENT },
          { CHILD },
          { .id = 3, .start = 30, .parent = 9, .parent_start = 15, .parent_pid = 100 },
          0,
          0,
          false },
#undef PARENT
#undef CHILD
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_store *s = st_store_new();
        add(s, &cases[i].parent);
        add(s, &cases[i].child);
        if (cases[i].other.id)
            add(s, &cases[i].other);
        if (cases[i].end)
            add_end(s, 1, 10, cases[i].end);
        if (cases[i].service)
            add_service(s, "Started", cases[i].service, "15.0");
        st_forest *f = forest_of(s);
        const st_proc *p = NULL;
        for (size_t k = 0; k < f->observed; k++)
            if (s->creations.event_record_id[f->procs[k].row] == 2)
                p = &f->procs[k];
        assert_non_null(p);
        bool got = p->parent < f->observed;
        if (got != cases[i].want ||
            (got && (p->link != ST_LINK_INFERRED || p->chain_link != ST_LINK_INFERRED ||
                     f->stats.inferred != 1)))
            fail_msg("%s: %d", cases[i].what, got);
        done(f, s);
    }
}

static void inferred__older_one_ended_or_of_another_boot__the_younger_is_it(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        row rows[] = { { .id = 3, .start = 1, .pid = 100 },
                       { .id = 1, .start = 10, .pid = 100 },
                       { .id = 2, .start = 20, .pid = 200, .parent_pid = 100 } };
        st_store *s = STORE(rows);
        if (how)
            add_end(s, 3, 1, 5);
        else
            add_service(s, "Started", 5, "15.0");
        st_forest *f = forest_of(s);
        assert_int_equal(proc(f, 2, 20)->parent, find(f, "pc", 1, 10));
        done(f, s);
    }
}

/* Times that are equal: an end at the very start of the child leaves the parent a candidate; an
 * older process of that PID that ends then may still have been it. */
static void inferred__times_that_are_equal__each_bound(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        unsigned own_end, older_end; /* 0: none */
        unsigned parent_start;
        bool older, want;
    } cases[] = {
        { "ends when the child starts", 20, 0, 10, false, true },
        { "ends just before", 19, 0, 10, false, false },
        { "starts when the child starts", 0, 0, 20, false, true },
        { "starts just after", 0, 0, 21, false, false },
        { "an older one ends just before", 0, 19, 10, true, true },
        { "an older one ends when the child starts", 0, 20, 10, true, false },
        { "an older one ends just after", 0, 21, 10, true, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        row rows[] = { { .id = 1, .start = cases[i].parent_start, .pid = 100 },
                       { .id = 2, .start = 20, .pid = 200, .parent_pid = 100 },
                       { .id = 3, .start = 5, .pid = cases[i].older ? 100 : 101 } };
        st_store *s = STORE(rows);
        if (cases[i].own_end)
            add_end(s, 1, cases[i].parent_start, cases[i].own_end);
        if (cases[i].older_end)
            add_end(s, 3, 5, cases[i].older_end);
        st_forest *f = forest_of(s);
        bool got = proc(f, 2, 20)->link == ST_LINK_INFERRED;
        if (got != cases[i].want)
            fail_msg("%s: %d", cases[i].what, got);
        done(f, s);
    }
}

/* ends, clocks, disagreement */

static void ends__by_guid__earliest_and_clock(void **state)
{
    (void)state;
    row rows[] = { { .id = 1, .start = 10 },
                   { .id = 2, .start = 10 },
                   { .id = 3, .start = 10 },
                   { .id = 4, .start = 12, .parent = 9, .parent_start = 2 } };
    st_store *s = STORE(rows);
    add_end(s, 1, 10, 30);
    add_end(s, 1, 10, 20);
    add_end(s, 2, 10, 5);
    add_end(s, 9, 2, 40);
    add_end(s, 77, 2, 40);
    add_end(s, 3, 10, 10);
    s->endings[s->nendings - 1].created = at(11);
    st_forest *f = forest_of(s);
    assert_int_equal(proc(f, 1, 10)->end, at(20));
    assert_int_equal(proc(f, 1, 10)->flags & ST_P_CLOCK, 0);
    assert_int_equal(proc(f, 2, 10)->end, at(5));
    assert_true(proc(f, 2, 10)->flags & ST_P_CLOCK);
    assert_int_equal(proc(f, 3, 10)->end, at(11));
    assert_int_equal(proc(f, 4, 12)->end, 0);
    assert_int_equal(proc(f, 9, 2)->end, at(40));
    done(f, s);
}

static void edge__parent_later_or_different__is_kept_and_flagged(void **state)
{
    (void)state;
    static const struct {
        row child;
        unsigned flags;
    } cases[] = {
        { { .id = 2,
            .start = 20,
            .parent = 1,
            .parent_start = 10,
            .parent_pid = 100,
            .parent_image = "A.EXE" },
          0 },
        { { .id = 2, .start = 5, .parent = 1, .parent_start = 10 }, ST_P_PARENT_LATER },
        { { .id = 2, .start = 20, .parent = 1, .parent_start = 10, .parent_pid = 101 },
          ST_P_PARENT_DIFFERS },
        { { .id = 2, .start = 20, .parent = 1, .parent_start = 10, .parent_image = "b.exe" },
          ST_P_PARENT_DIFFERS },
        { { .id = 2, .start = 20, .parent = 1, .parent_start = 10, .parent_image = "?" }, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        row rows[] = { cases[i].child, { .id = 1, .start = 10, .pid = 100, .image = "a.exe" } };
        st_store *s = STORE(rows);
        st_forest *f = forest_of(s);
        const st_proc *p = proc(f, 2, cases[i].child.start);
        assert_int_equal(p->parent, find(f, "pc", 1, 10));
        assert_int_equal(p->flags & (ST_P_PARENT_LATER | ST_P_PARENT_DIFFERS), cases[i].flags);
        done(f, s);
    }
}

/* circles, depth */

static void cycle__two_and_a_self_parent__cut_at_the_youngest(void **state)
{
    (void)state;
    row rows[] = {
        { .id = 1, .start = 10, .parent = 2, .parent_start = 20 },
        { .id = 2, .start = 20, .parent = 1, .parent_start = 10 },
        { .id = 3, .start = 30, .parent = 2, .parent_start = 20 },
        { .id = 4, .start = 40, .parent = 4, .parent_start = 40 },
    };
    st_store *s = STORE(rows);
    st_forest *f = forest_of(s);
    const st_proc *p2 = proc(f, 2, 20), *p4 = proc(f, 4, 40);
    assert_int_equal(f->stats.cycles, 2);
    assert_int_equal(p2->parent, ST_NO_NODE);
    assert_int_equal(p2->link, ST_LINK_NONE);
    assert_true(p2->flags & ST_P_CYCLE);
    assert_int_equal(proc(f, 1, 10)->parent, find(f, "pc", 2, 20));
    assert_int_equal(proc(f, 1, 10)->flags & ST_P_CYCLE, 0);
    assert_int_equal(proc(f, 3, 30)->depth, 1);
    assert_int_equal(p2->descendants, 2);
    assert_int_equal(p4->parent, ST_NO_NODE);
    assert_true(p4->flags & ST_P_CYCLE);
    assert_int_equal(p4->children, 0);
    done(f, s);
}

/* Of those that started at once the one whose record comes later counts as the younger. */
static void cycle__equal_starts__cut_at_the_later_record(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 2; turn++) {
        row one = { .id = 1, .start = 10, .parent = 2, .parent_start = 10, .record = 7 };
        row two = { .id = 2, .start = 10, .parent = 1, .parent_start = 10, .record = 8 };
        row rows[] = { turn ? two : one, turn ? one : two };
        st_store *s = STORE(rows);
        st_forest *f = forest_of(s);
        assert_int_equal(f->stats.cycles, 1);
        assert_true(proc(f, 2, 10)->flags & ST_P_CYCLE);
        assert_int_equal(proc(f, 2, 10)->parent, ST_NO_NODE);
        assert_int_equal(proc(f, 1, 10)->flags & ST_P_CYCLE, 0);
        assert_int_equal(proc(f, 1, 10)->parent, find(f, "pc", 2, 10));
        done(f, s);
    }
}

static void depth__a_hundred_thousand__no_recursion(void **state)
{
    (void)state;
    enum { DEEP = 100000 };
    st_store *s = st_store_new();
    for (uint32_t i = DEEP; i; i--)
        add(s, &(row){ .id = i, .start = i, .parent = i - 1, .parent_start = i - 1 });
    st_forest *f = forest_of(s);
    assert_int_equal(f->n, DEEP);
    assert_int_equal(f->procs[0].descendants, DEEP - 1);
    assert_int_equal(f->procs[DEEP - 1].depth, DEEP - 1);
    size_t walked = 0;
    for (st_node n = 0; n != ST_NO_NODE; n = st_tree_next(f, 0, n))
        walked++;
    assert_int_equal(walked, DEEP);
    done(f, s);
}

/* Depths are made in one of two ways, by whether all nodes stand behind their parents. */
static void depth__a_parent_that_began_later__the_rest_as_without_it(void **state)
{
    (void)state;
    static const struct {
        uint32_t id;
        unsigned start, depth, descendants, link;
    } want[] = { { 1, 1, 1, 3, ST_LINK_GUID },  { 2, 2, 2, 2, ST_LINK_GUID },
                 { 3, 3, 3, 0, ST_LINK_GUID },  { 4, 4, 3, 0, ST_LINK_GUID },
                 { 5, 5, 0, 0, ST_LINK_NONE },  { 9, 30, 2, 0, ST_LINK_GUID },
                 { 8, 40, 1, 1, ST_LINK_GUID }, { 7, 50, 0, 2, ST_LINK_NONE } };
    row rows[] = { { .id = 1, .start = 1, .parent = 77 }, /* a placeholder */
                   { .id = 2, .start = 2, .parent = 1, .parent_start = 1 },
                   { .id = 3, .start = 3, .parent = 2, .parent_start = 2 },
                   { .id = 4, .start = 4, .parent = 2, .parent_start = 2 },
                   { .id = 5, .start = 5 },
                   { .id = 9, .start = 30, .parent = 8, .parent_start = 40 },
                   { .id = 8, .start = 40, .parent = 7, .parent_start = 50 },
                   { .id = 7, .start = 50 } };
    for (size_t n = 5; n <= 8; n += 3) {
        st_store *s = store_of(rows, n);
        st_forest *f = forest_of(s);
        assert_int_equal(proc(f, 77, 0)->descendants, 4);
        for (size_t i = 0; i < n; i++) {
            const st_proc *p = proc(f, want[i].id, want[i].start);
            if (p->depth != want[i].depth || p->descendants != want[i].descendants ||
                p->chain_link != want[i].link)
                fail_msg("%zu rows, %u: depth %u, %u below", n, want[i].id, p->depth,
                         p->descendants);
        }
        done(f, s);
    }
}

/* order */

static void describe(const st_forest *f, st_buf *b)
{
    const st_creations *c = &f->store->creations;
    for (size_t i = 0; i < f->n; i++) {
        const st_proc *p = &f->procs[i];
        st_buf_fmt(b, "%zu o%llu p%u f%u l%u n%x d%u c%u/%u h%u i%u e%llu s%u k%u %.*s\n", i,
                   p->row == ST_NO_ROW ? 0ULL : (unsigned long long)c->offset[p->row], p->parent,
                   p->first_child, p->next_sibling, p->flags, p->depth, p->copies, p->descendants,
                   p->host, p->instance, (unsigned long long)p->end, p->server, p->link,
                   ST_FMT(st_pool_get(f->pool, p->image)));
    }
    for (size_t i = 0; i < f->nhosts; i++)
        st_buf_fmt(b, "%.*s %.*s %llu %u\n", ST_FMT(st_pool_get(f->pool, f->hosts[i].name)),
                   ST_FMT(st_pool_get(f->pool, f->hosts[i].shown)),
                   (unsigned long long)f->hosts[i].creations, f->hosts[i].first_node);
}

static void order__rows_shuffled__the_same_forest(void **state)
{
    (void)state;
    enum { N = 400 };
    static const char *const hosts[] = { "PC", "pc", "Other", "OTHER" };
    static const char *const images[] = { "a", "b", "-" };
    row rows[N];
    uint32_t x = 12345;
    for (uint32_t i = 0; i < N; i++) {
        x = x * 1664525u + 1013904223u;
        uint32_t id = 1 + (x >> 8) % 150;
        rows[i] = (row){ .host = hosts[(x >> 3) % 4],
                         .id = id % 17 ? id : 0,
                         .start = id % 60,
                         .parent = (x >> 12) % 5 ? 1 + (id * 7) % 160 : 0,
                         .parent_start = (1 + (id * 7) % 160) % 60,
                         .pid = 100 + id % 9,
                         .parent_pid = 100 + (x >> 20) % 9,
                         .image = images[(x >> 5) % 3],
                         .parent_image = images[(x >> 7) % 3],
                         .record = 1 + id,
                         .source = (x >> 16) % 3,
                         .offset = i + 1,
                         .origin = (uint8_t)((x >> 24) % 8 == 0 ? ST_O_SLACK : ST_O_LIVE),
                         .flags = (uint8_t)((x >> 27) % 8 == 0 ? ST_C_CRC : 0) };
    }
    st_buf want = { 0 }, got = { 0 };
    for (unsigned turn = 0; turn < 20; turn++) {
        st_store *s = STORE(rows);
        for (uint32_t i = 1; i < 40; i++)
            add_end(s, (i * (turn % 2 ? 7 : 33)) % 40, ((i * (turn % 2 ? 7 : 33)) % 40) % 60, 50);
        st_forest *f = forest_of(s);
        st_buf_clear(&got);
        describe(f, turn ? &got : &want);
        if (turn && !st_str_eq(st_buf_slice(&got), st_buf_slice(&want)))
            fail_msg("turn %u differs", turn);
        assert_true(f->stats.conflicts && f->stats.copies && f->stats.placeholders);
        done(f, s);
        for (uint32_t i = N - 1; i; i--) {
            x = x * 1664525u + 1013904223u;
            uint32_t k = (x >> 8) % (i + 1);
            row t = rows[i];
            rows[i] = rows[k];
            rows[k] = t;
        }
    }
    st_buf_free(&want);
    st_buf_free(&got);
}

static void order__children_and_roots__by_start(void **state)
{
    (void)state;
    row rows[] = { { .id = 1, .start = 10 },
                   { .id = 2, .start = 30, .parent = 1, .parent_start = 10 },
                   { .id = 3, .start = 20, .parent = 1, .parent_start = 10 },
                   { .id = 4, .start = 25, .parent = 9, .parent_start = 5 },
                   { .id = 5, .start = 12 } };
    st_store *s = STORE(rows);
    st_forest *f = forest_of(s);
    st_node n = f->hosts[0].first_node;
    assert_int_equal(n, find(f, "pc", 9, 5));
    n = f->procs[n].next_sibling;
    assert_int_equal(n, find(f, "pc", 1, 10));
    assert_int_equal(f->procs[n].first_child, find(f, "pc", 3, 20));
    assert_int_equal(f->procs[f->procs[n].first_child].next_sibling, find(f, "pc", 2, 30));
    n = f->procs[n].next_sibling;
    assert_int_equal(n, find(f, "pc", 5, 12));
    assert_int_equal(f->procs[n].next_sibling, ST_NO_NODE);
    done(f, s);
}

/* hosts */

static void see(st_store *s, const char *host, uint64_t id, uint8_t origin)
{
    assert_true(st_grow(&s->seen, &s->seen_cap, s->nseen + 1, sizeof *s->seen));
    s->seen[s->nseen++] = (st_seen){ text(s, host), 1, origin, id, at((unsigned)id) };
}

static void hosts__records_seen__gaps_and_versions(void **state)
{
    (void)state;
    row rows[] = { { .host = "B", .id = 1, .start = 5 }, { .host = "a", .id = 2 } };
    st_store *s = STORE(rows);
    static const unsigned ids[] = { 10, 12, 11, 12, 20 };
    for (size_t i = 0; i < 5; i++)
        see(s, i % 2 ? "B" : "b", ids[i], ST_O_LIVE);
    see(s, "b", 500, ST_O_SLACK);
    add_service(s, "Started", 1, "14.0");
    add_service(s, "Started", 9, "15.0");
    add_service(s, "config", 11, "c.xml");
    st_forest *f = forest_of(s);
    assert_int_equal(f->nhosts, 3);
    const st_host *b = &f->hosts[1];
    assert_true(st_str_eq(st_pool_get(s->pool, b->name), ST_STR("b")));
    assert_true(st_str_eq(st_pool_get(s->pool, b->shown), ST_STR("b")));
    assert_int_equal(b->records, 5);
    assert_int_equal(b->gaps, 7);
    assert_int_equal(b->first_record, 10);
    assert_int_equal(b->last_record, 20);
    assert_int_equal(b->first, at(10));
    assert_int_equal(b->last, at(20));
    assert_int_equal(b->creations, 1);
    assert_int_equal(b->parents_none, 1);
    const st_host *pc = &f->hosts[2];
    assert_true(st_str_eq(st_pool_get(s->pool, pc->sysmon_version), ST_STR("15.0")));
    assert_int_equal(pc->first_node, ST_NO_NODE);
    done(f, s);
}

static void key__one_guid_on_two_hosts__two_nodes(void **state)
{
    (void)state;
    row rows[] = { { .host = "a", .id = 1 },
                   { .host = "b", .id = 1 },
                   { .host = "B", .id = 2, .start = 3, .parent = 1 },
                   { .id = 5 } };
    st_store *s = STORE(rows);
    s->creations.computer[3] = ST_ABSENT;
    st_forest *f = forest_of(s);
    assert_int_equal(f->n, 4);
    st_node b = find(f, "B", 1, 0);
    assert_int_not_equal(find(f, "a", 1, 0), b);
    assert_int_equal(f->procs[find(f, "b", 2, 3)].parent, b);
    assert_int_equal(find(f, "c", 1, 0), ST_NO_NODE);
    assert_int_not_equal(find(f, "", 5, 0), ST_NO_NODE);
    assert_int_equal(f->stats.conflicts, 0);
    done(f, s);
}

/* servers */

static void servers__marked__nearest_above_and_not_across_a_guess(void **state)
{
    (void)state;
    row rows[] = { { .id = 1, .start = 1 },
                   { .id = 2, .start = 2, .parent = 1, .parent_start = 1, .pid = 50 },
                   { .id = 3, .start = 3, .parent = 2, .parent_start = 2 },
                   { .id = 4, .start = 4, .parent_pid = 50 },
                   { .id = 5, .start = 5, .parent = 4, .parent_start = 4 } };
    st_store *s = STORE(rows);
    st_forest *f = forest_of(s);
    bool is_server[5] = { true };
    assert_int_equal(f->procs[4].chain_link, ST_LINK_INFERRED);
    static const st_trust TRUST[] = { ST_TRUST_AUDITED, ST_TRUST_ALL, ST_TRUST_NONE };
    for (size_t i = 0; i < sizeof TRUST / sizeof *TRUST; i++) {
        bool crossed = TRUST[i] == ST_TRUST_ALL; /* the host's creations are Sysmon's */
        st_tree_mark_servers(f, is_server, TRUST[i]);
        assert_true(f->procs[0].flags & ST_P_SERVER);
        assert_int_equal(f->procs[0].server, ST_NO_NODE);
        assert_int_equal(f->procs[0].chain_link, ST_LINK_NONE);
        assert_int_equal(f->procs[1].server_distance, 1);
        assert_int_equal(f->procs[2].server, 0);
        assert_int_equal(f->procs[2].server_distance, 2);
        assert_int_equal(f->procs[2].chain_link, ST_LINK_GUID);
        assert_int_equal(f->procs[4].server, crossed ? 0 : ST_NO_NODE);
        assert_int_equal(f->procs[4].server_distance, crossed ? 3 : 0);
        assert_int_equal(f->procs[4].chain_link, ST_LINK_INFERRED);
        assert_int_equal(st_tree_parent(f, 3, TRUST[i]), crossed ? 1 : ST_NO_NODE);
    }
    is_server[0] = false;
    is_server[3] = true;
    st_tree_mark_servers(f, is_server, false);
    assert_int_equal(f->procs[0].flags & ST_P_SERVER, 0);
    assert_int_equal(f->procs[4].server, 3);
    assert_int_equal(f->procs[4].chain_link, ST_LINK_GUID);
    assert_int_equal(f->procs[1].server, ST_NO_NODE);
    assert_int_equal(f->procs[1].server_distance, 0);
    done(f, s);
}

/* Creations that have no GUID, and so many parents that aren't observed that the index has to grow:
 * it stays one in which a key is found at once. */
static void index__grown_over_creations_without_guid__no_long_run(void **state)
{
    enum { CREATIONS = 1500, LONG = 200 };
    (void)state;
    st_store *s = st_store_new();
    assert_non_null(s);
    for (uint32_t i = 1; i <= CREATIONS; i++)
        add(s, &(row){ .start = i, .parent = i, .pid = i, .record = i, .offset = i });
    st_forest *f = forest_of(s);
    const st_wood *w = (const st_wood *)f;
    size_t run = 0, longest = 0;
    for (size_t i = 0; i < w->slots.n; i++) {
        run = w->slots.at[i] ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    assert_int_equal(f->observed, CREATIONS);
    assert_int_equal(f->stats.placeholders, CREATIONS);
    assert_true(w->slots.n > 4096); /* it has grown */
    assert_true(longest < LONG);
    done(f, s);
}

static void empty__no_rows__an_empty_forest(void **state)
{
    (void)state;
    st_store *s = st_store_new();
    st_forest *f = forest_of(s);
    assert_int_equal(f->n, 0);
    assert_int_equal(f->nhosts, 0);
    assert_int_equal(find(f, "pc", 1, 0), ST_NO_NODE);
    st_tree_mark_servers(f, NULL, true);
    done(f, s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inferred__times_that_are_equal__each_bound),
        cmocka_unit_test(cycle__equal_starts__cut_at_the_later_record),
        cmocka_unit_test(copies__same_fields__one_node_the_best_shown),
        cmocka_unit_test(copies__a_field_differs__each_stays_in_conflict),
        cmocka_unit_test(copies__thousands_of_records__one_node_each_the_first_shown),
        cmocka_unit_test(copies__nothing_names_the_record__all_stay),
        cmocka_unit_test(duplicates__asked_for__every_row_is_a_node),
        cmocka_unit_test(instances__two_creations__children_hang_on_the_one_alive),
        cmocka_unit_test(instances__recovered_one_beside_a_live_one__never_replaces_it),
        cmocka_unit_test(placeholder__parent_not_observed__one_for_all_its_children),
        cmocka_unit_test(placeholder__zero_guid__one_for_each_image_that_is_named),
        cmocka_unit_test(instances__what_the_child_says__tells_the_parent),
        cmocka_unit_test(ends__without_a_guid__end_a_life),
        cmocka_unit_test(inferred__parent_without_a_guid__is_one),
        cmocka_unit_test(inferred__each_condition__accepted_or_refused),
        cmocka_unit_test(inferred__older_one_ended_or_of_another_boot__the_younger_is_it),
        cmocka_unit_test(ends__by_guid__earliest_and_clock),
        cmocka_unit_test(edge__parent_later_or_different__is_kept_and_flagged),
        cmocka_unit_test(cycle__two_and_a_self_parent__cut_at_the_youngest),
        cmocka_unit_test(depth__a_hundred_thousand__no_recursion),
        cmocka_unit_test(depth__a_parent_that_began_later__the_rest_as_without_it),
        cmocka_unit_test(order__rows_shuffled__the_same_forest),
        cmocka_unit_test(order__children_and_roots__by_start),
        cmocka_unit_test(hosts__records_seen__gaps_and_versions),
        cmocka_unit_test(key__one_guid_on_two_hosts__two_nodes),
        cmocka_unit_test(servers__marked__nearest_above_and_not_across_a_guess),
        cmocka_unit_test(index__grown_over_creations_without_guid__no_long_run),
        cmocka_unit_test(empty__no_rows__an_empty_forest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
