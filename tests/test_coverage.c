/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_coverage.c - what hosts' coverage, findings on events, targets and decoded commands say. */
#include "case_support.h"

#include "hunt/internal.h"
#include "base/decoded.h"
#include "base/limits.h"

/* A live Sysmon record at second s, and its source's account. */
static void see(world *w, const char *host, unsigned event, uint64_t id, unsigned s)
{
    st_store *t = w->store;
    st_ticks at = T0 + s * ST_TICKS_SECOND;
    assert_true(st_grow(&t->seen, &t->seen_cap, t->nseen + 1, sizeof *t->seen));
    t->seen[t->nseen++] = (st_seen){ .computer = world_sid(w, host),
                                     .event_id = (uint16_t)event,
                                     .event_record_id = id,
                                     .created = at };
}

static void present(world *w, const char *host, st_presence p)
{
    st_store *t = w->store;
    assert_true(st_grow(&t->presences, &t->presences_cap, t->npresences + 1, sizeof *t->presences));
    p.computer = world_sid(w, host);
    t->presences[t->npresences++] = p;
}

static void serve(world *w, const char *host, const char *state, unsigned s)
{
    st_store *t = w->store;
    st_ticks at = T0 + s * ST_TICKS_SECOND;
    assert_true(st_grow(&t->services, &t->services_cap, t->nservices + 1, sizeof *t->services));
    t->services[t->nservices++] = (st_service){
        .computer = world_sid(w, host), .state = world_sid(w, state), .utc = at, .created = at
    };
}

/* A creation of the second s whose GUIDs carry seconds. up: the parent's second, 0: none. */
static size_t born(world *w, const char *host, unsigned s, unsigned up, const char *image,
                   const char *parent_image)
{
    unsigned n = (unsigned)w->store->creations.n + 1;
    size_t i = world_add(w, host, n, up ? 200 : 0, s * UINT64_C(1000), image, "x");
    st_creations *k = &w->store->creations;
    uint32_t seconds = 1767323045u + up;
    for (unsigned b = 0; up && b < 4; b++)
        k->parent_guid[i].b[4 + b] = (unsigned char)(seconds >> 8 * b);
    k->parent_image[i] = world_sid(w, parent_image);
    k->parent_pid[i] = 77;
    return i;
}

static const st_coverage *of_host(const world *w, const char *host)
{
    for (size_t i = 0; i < w->forest->nhosts; i++)
        if (st_str_eq(st_pool_get(w->forest->pool, w->forest->hosts[i].name), st_str_of(host)))
            return &w->c->coverage[i];
    fail_msg("no host %s", host);
    return NULL;
}

enum {
    HOLE = 1,
    EDGE = 2,
    STEP = 4,
    STILL = 8,
    STOP = 16,
    CONFIG = 32,
    ERROR = 64,
    CLEAR = 128,
    PARENT = 256,
    FILTER = 512,
    EARLY = 1024,
    IN_HOLE = 2048,
    LATE = 4096
};

/* The causes: what is there, which kinds of gaps come of it, and the verdict. */
static void coverage__each_cause__its_gap_and_verdict(void **state)
{
    static const struct {
        const char *what;
        unsigned there;
        const char *gaps, *verdict;
    } cases[] = {
        { "nothing", 0, "", "covered" },
        { "numbers missing", HOLE, "hole", "partial" },
        { "numbers that follow", EDGE, "", "covered" },
        { "begins at 2", LATE, "begins-late", "partial" },
        { "a clock step of more than a minute", STEP, "clock-step", "partial" },
        { "a minute", STILL, "", "covered" },
        { "Sysmon stopped", STOP, "stopped", "partial" },
        { "configuration changed", CONFIG, "config", "partial" },
        { "an error", ERROR, "error", "partial" },
        { "a command", CLEAR, "cleared", "partial" },
        { "a parent in a whole span", PARENT, "missing-parent", "partial" },
        { "of an image without records", FILTER, "filtered", "covered" },
        { "before the first record", EARLY, "", "covered" },
        { "within a hole", IN_HOLE | HOLE, "hole", "partial" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world w;
        unsigned has = cases[i].there;
        st_buf got = { 0 };
        world_begin(&w);
        born(&w, "pc", 0, 0, "C:\\a.exe", NULL);
        born(&w, "pc", 500, 0, "C:\\a.exe", NULL);
        if (has & (PARENT | IN_HOLE | EARLY | FILTER))
            born(&w, "pc", 600,
                 has & PARENT    ? 300
                 : has & IN_HOLE ? 550
                 : has & FILTER  ? 300
                                 : 1,
                 "C:\\c.exe", has & FILTER ? "C:\\never.exe" : "c:\\A.exe");
        if (has & CLEAR)
            w.store->creations.command_line[0] = world_sid(&w, "WevtUtil.exe CL Security");
        w.store->nseen = 0;
        uint64_t id = has & LATE ? 2 : 1;
        see(&w, "pc", 1, id++, 1);
        see(&w, "pc", 1, id++, 400);
        if (has & (STEP | STILL))
            see(&w, "pc", 1, id++, has & STEP ? 339 : 340);
        if (has & ERROR)
            see(&w, "pc", 255, id++, 410);
        if (has & HOLE)
            id += 3;
        see(&w, "pc", 1, id++, 700);
        if (has & STOP)
            serve(&w, "pc", "Stopped", 450);
        if (has & CONFIG)
            serve(&w, "pc", "config", 450);
        world_grow(&w);
        world_hunt(&w, NULL);
        const st_coverage *v = of_host(&w, "pc");
        for (size_t k = 0; k < w.c->ngaps; k++)
            st_buf_fmt(&got, "%s%s", k ? " " : "", st_gap_word(w.c->gaps[k].kind));
        if (!st_str_eq(st_buf_slice(&got), st_str_of(cases[i].gaps)) ||
            strcmp(st_covered_word(v->verdict), cases[i].verdict) != 0)
            fail_msg("%s: %.*s, %s (%.*s)", cases[i].what, ST_FMT(st_buf_slice(&got)),
                     st_covered_word(v->verdict), ST_FMT(v->reasons));
        assert_int_equal(v->ngaps, w.c->ngaps);
        assert_true((v->reasons.n > 0) == (w.c->ngaps > 0));
        st_buf_free(&got);
        world_end(&w);
    }
}

/* Parents without records that tie but for their names: by name, whichever the pool has first. */
static void gaps__filtered_that_tie__by_name(void **state)
{
    static const char *const names[] = { "c:\\a.exe", "c:\\b.exe", "c:\\c.exe", "c:\\d.exe" };
    enum { N = sizeof names / sizeof names[0] };
    (void)state;
    for (unsigned turn = 0; turn < N; turn++) {
        world w;
        world_begin(&w);
        for (size_t i = 0; i < N; i++)
            world_sid(&w, names[(turn + N - 1 - i) % N]);
        born(&w, "pc", 0, 0, "C:\\x.exe", NULL);
        for (unsigned i = 0; i < N; i++)
            born(&w, "pc", 600 + i, 300 + i, "C:\\x.exe", names[i]);
        w.store->nseen = 0;
        for (unsigned id = 1; id <= 2; id++)
            see(&w, "pc", 1, id, id == 1 ? 1 : 700);
        world_grow(&w);
        world_hunt(&w, NULL);
        assert_int_equal(w.c->ngaps, N);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(w.c->gaps[i].kind, ST_GAP_FILTERED);
            assert_true(st_str_eq(w.c->gaps[i].detail, st_str_of(names[i])));
        }
        world_end(&w);
    }
}

/* Which commands clear a log, as they are typed and as they are hidden. */
static void gaps__command_line__clears_a_log_or_not(void **state)
{
    static const struct {
        const char *image, *command;
        bool clears;
    } cases[] = {
        { "C:\\a.exe", "WevtUtil.exe CL Security", true },
        { "C:\\a.exe", "wevtutil cl", true },
        { "C:\\a.exe", "wevtutil\tcl\tSecurity", true },
        { "C:\\a.exe", "wevtutil \"cl\" \"Security\"", true },
        { "C:\\a.exe", "\"C:\\Windows\\System32\\wevtutil.exe\" clear-log System", true },
        { "C:\\a.exe", "wevtutil  cl   System", true },
        { "C:\\a.exe", "cmd /c w^evtutil c^l System", true },
        { "C:\\a.exe", "cmd /c for /f %x in ('wevtutil el') do wevtutil cl \"%x\"", true },
        { "C:\\Windows\\System32\\wevtutil.exe", "x cl System", true },
        { "C:\\a.exe", "Start-Process wevtutil -ArgumentList 'cl','System'", true },
        { "C:\\a.exe", "powershell Clear-EventLog -LogName Security", true },
        { "C:\\a.exe", "powershell Clear-Event`Log Security", true },
        { "C:\\a.exe", "powershell Remove-EventLog -LogName Old", true },
        { "C:\\a.exe", "powershell (Get-EventLog -List).Clear()", true },
        { "C:\\a.exe", "powershell Get-EventLog -List | % { $_.Clear() }", true },
        { "C:\\a.exe", "powershell Get-EventLog -List | ForEach-Object Clear", true },
        { "C:\\a.exe",
          "powershell "
          "[Diagnostics.Eventing.Reader.EventLogSession]::GlobalSession.ClearLog('System')",
          true },
        { "C:\\a.exe", "powershell [Diagnostics.EventLog]::new('System').Clear()", true },
        { "C:\\a.exe", "wmic nteventlog where filename='System' call ClearEventLog", true },
        { "C:\\a.exe", /* Clear-EventLog System */
          "powershell -enc QwBsAGUAYQByAC0ARQB2AGUAbgB0AEwAbwBnACAAUwB5AHMAdABlAG0A", true },
        { "C:\\a.exe", "wevtutil el", false },
        { "C:\\a.exe", "wevtutil epl System cl.evtx", false },
        { "C:\\a.exe", "wevtutil qe System /q:clear-logs", false },
        { "C:\\a.exe", "powershell Get-EventLog System -Newest 5", false },
        { "C:\\a.exe", "powershell Limit-EventLog -MaximumSize 64KB",
          false }, /* what it drops is a hole */
        { "C:\\a.exe", "ev cl System", false },
        { "C:\\a.exe", "", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world w;
        world_begin(&w);
        born(&w, "pc", 0, 0, cases[i].image, NULL);
        born(&w, "pc", 500, 0, "C:\\a.exe", NULL);
        w.store->creations.command_line[0] = world_sid(&w, cases[i].command);
        world_grow(&w);
        world_hunt(&w, NULL);
        const st_coverage *v = of_host(&w, "pc");
        bool says = v->reasons.n &&
                    memmem(v->reasons.p, v->reasons.n,
                           "a log was cleared 1 time (seen in command lines alone), first", 61);
        if (says != cases[i].clears || (v->verdict == ST_PARTIAL) != cases[i].clears)
            fail_msg("%s: %.*s", cases[i].command, ST_FMT(v->reasons));
        world_end(&w);
    }
}

static void coverage__hosts_without_creations__blind_or_partial(void **state)
{
    static const struct {
        st_presence p;
        const char *verdict, *says;
    } cases[] = {
        { { .records = 9, .first = T0, .last = T0 },
          "blind",
          "no Sysmon log (9 records of other providers)" },
        { { .records = 9, .audited = 4, .first = T0, .last = T0 }, /* none of them readable */
          "blind",
          "no Sysmon log (9 records of other providers)" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world w;
        world_begin(&w);
        present(&w, "Other.corp", cases[i].p);
        world_grow(&w);
        world_hunt(&w, NULL);
        assert_int_equal(w.forest->nhosts, 1);
        const st_coverage *v = of_host(&w, "other.corp");
        assert_string_equal(st_covered_word(v->verdict), cases[i].verdict);
        assert_true(st_str_eq(v->reasons, st_str_of(cases[i].says)));
        world_end(&w);
    }
}

/* Ten minutes from Sysmon's last creation on Windows' own are all there is. */
static void coverage__windows_alone_for_a_while__partial(void **state)
{
    static const struct {
        unsigned at;
        const char *verdict, *says;
    } cases[] = {
        { 600, "covered", "" },
        { 601, "partial", "1 process creation of Windows alone (4688), while Sysmon was silent" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world w;
        world_begin(&w);
        born(&w, "pc", 0, 0, "C:\\a.exe", NULL);
        born(&w, "pc", cases[i].at, 0, "C:\\b.exe", NULL);
        w.store->creations.provider[1] = ST_SECURITY;
        present(&w, "pc", (st_presence){ .records = 2, .sysmon = 1, .audited = 1 });
        w.store->nseen = 1;
        world_grow(&w);
        world_hunt(&w, NULL);
        const st_coverage *v = of_host(&w, "pc");
        if (strcmp(st_covered_word(v->verdict), cases[i].verdict) != 0 ||
            !st_str_eq(v->reasons, st_str_of(cases[i].says)))
            fail_msg("%u: %s (%.*s)", cases[i].at, st_covered_word(v->verdict), ST_FMT(v->reasons));
        world_end(&w);
    }
}

static void hint__one_log_goes_on_under_another_name__told(void **state)
{
    static const struct {
        uint64_t next;
        uint32_t source;
        bool same_machine, told;
    } cases[] = {
        { 11, 0, true, true },  { 110, 0, true, true }, { 111, 0, true, false },
        { 10, 0, true, false }, { 11, 1, true, false }, { 11, 0, false, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world w;
        world_begin(&w);
        born(&w, "old", 1, 0, "a", NULL);
        size_t row = born(&w, "new", 2, 0, "a", NULL);
        if (!cases[i].same_machine)
            w.store->creations.guid[row].b[0] = 0x60;
        present(&w, "old",
                (st_presence){ .sysmon = 10, .records = 10, .first_id = 1, .last_id = 10 });
        present(&w, "new",
                (st_presence){ .sysmon = 5,
                               .records = 5,
                               .source = cases[i].source,
                               .first_id = cases[i].next,
                               .last_id = cases[i].next + 4 });
        st_err err = { 0 };
        st_tree_options o = { 0 };
        assert_int_equal(st_tree_build(NULL, w.store, &o, &w.forest, &err), ST_OK);
        world_hunt(&w, NULL);
        if ((of_host(&w, "old")->hint.n > 0) != cases[i].told ||
            (of_host(&w, "new")->hint.n > 0) != cases[i].told)
            fail_msg("%zu", i);
        world_end(&w);
    }
}

/* A pair is met once for each part of the source that a thread read, and each spelling of the host.
 */
static void stays__parts_of_a_pair__joined(void **state)
{
    static const struct {
        const char *host;
        st_presence p;
    } met[] = {
        { "pc", { .sysmon = 3, .first = 40, .last = 50, .first_id = 7, .last_id = 9 } },
        { "other", { .sysmon = 1, .first = 1, .last = 2, .first_id = 1, .last_id = 1 } },
        { "PC", { .sysmon = 2, .first = 20, .last = 45, .first_id = 10, .last_id = 11 } },
        { "pc", { .sysmon = 0 } }, /* no live ones */
        { "pc", { .source = 1, .sysmon = 1, .first = 60, .last = 60 } },
    };
    world w;
    st_err err = { 0 };
    st_tree_options o = { 0 };
    size_t n = 0;
    (void)state;
    world_begin(&w);
    born(&w, "other", 1, 0, "a", NULL);
    born(&w, "pc", 1, 0, "a", NULL);
    for (size_t i = 0; i < sizeof met / sizeof met[0]; i++)
        present(&w, met[i].host, met[i].p);
    assert_int_equal(st_tree_build(NULL, w.store, &o, &w.forest, &err), ST_OK);
    uint32_t pc = st_tree_host_of(w.forest, world_sid(&w, "pc"));
    st_stay *v = st_stays_make(w.forest, &n);
    assert_non_null(v);
    assert_int_equal(n, 3);
    const st_stay *own = &v[v[0].host == pc ? 0 : 1];
    assert_int_equal(own->host, pc);
    assert_int_equal(own->sysmon, 5);
    assert_int_equal(own->first, 20);
    assert_int_equal(own->last, 50);
    assert_int_equal(own->first_id, 7);
    assert_int_equal(own->last_id, 11);
    assert_int_equal(v[2].source, 1);
    assert_int_equal(v[2].sysmon, 1);
    free(v);
    world_end(&w);
}

/* Of a host with more than that, the last of each kind takes the rest; others stay. */
static void gaps__more_than_are_kept__last_of_its_kind_grows(void **state)
{
    enum { PAIRS = ST_MAX_GAPS + 50 };
    world w;
    st_err err = { 0 };
    st_tree_options o = { 0 };
    uint64_t holes = 0, steps = 0, lost = 0;
    (void)state;
    world_begin(&w);
    born(&w, "a", 1, 0, "x", NULL);
    born(&w, "b", 1, 0, "x", NULL);
    see(&w, "b", 1, 1, 0);
    see(&w, "b", 1, 5, 0); /* its process has 2 */
    for (unsigned i = 0; i < PAIRS; i++)
        see(&w, "a", 5, 1 + 2 * i, 1000);
    see(&w, "a", 5, 2 * PAIRS, 1); /* the clock's only step, behind all of them */
    see(&w, "a", 5, 2 * PAIRS + 2, 0);
    assert_int_equal(st_tree_build(NULL, w.store, &o, &w.forest, &err), ST_OK);
    world_hunt(&w, NULL);
    const st_coverage *a = of_host(&w, "a");
    for (size_t i = a->first_gap; i < a->first_gap + a->ngaps; i++) {
        const st_gap *g = &w.c->gaps[i];
        holes += g->kind == ST_GAP_HOLE;
        steps += g->kind == ST_GAP_CLOCK;
        lost += g->kind == ST_GAP_HOLE ? g->n : 0;
    }
    assert_int_equal(holes, ST_MAX_GAPS);
    assert_int_equal(lost, PAIRS);
    assert_int_equal(steps, 1);
    assert_int_equal(of_host(&w, "b")->ngaps, 1);
    world_end(&w);
}

/* events */

static size_t add_event(world *w, st_event_key key, const char *host, unsigned n, unsigned s)
{
    size_t kind = st_event_kind_of(key), row = st_store_add_event(w->store, kind);
    st_events *x = &w->store->events[kind];
    x->computer[row] = world_sid(w, host);
    x->guid[row] = world_guid(n);
    x->utc[row] = x->created[row] = T0 + s * ST_TICKS_SECOND;
    x->event_record_id[row] = 100 + row;
    return row;
}

static void say(world *w, st_event_key key, size_t row, st_event_text t, const char *text)
{
    size_t kind = st_event_kind_of(key), c = st_event_column(st_event_kind_at(kind), t);
    assert_int_not_equal(c, SIZE_MAX);
    w->store->events[kind].text[c][row] = world_sid(w, text);
}

static st_ticks row_time(const world *w, const st_row *r)
{
    if (r->event == ST_NO_EVENT)
        return w->forest->procs[r->node].start;
    const st_event *e = &w->forest->events[r->event];
    return st_event_columns(w->forest, e)->utc[e->row];
}

static void findings__on_events__rows_of_their_own(void **state)
{
    (void)state;
    world w;
    world_begin(&w);
    born(&w, "pc", 100, 0, "C:\\a.exe", NULL);
    size_t row = add_event(&w, ST_SYSMON_EVENT(11), "pc", 50, 50); /* a process nobody saw start */
    say(&w, ST_SYSMON_EVENT(11), row, ST_T_image, "C:\\unseen.exe");
    add_event(&w, ST_SYSMON_EVENT(6), "pc", 0, 150);  /* no process; within the process's window */
    add_event(&w, ST_SYSMON_EVENT(6), "pc", 0, 9000); /* outside of all */
    world_grow(&w);
    assert_int_equal(w.forest->nevents, 3);
    const st_event *e = w.forest->events;
    assert_true(e[0].process != ST_NO_NODE && e[1].process == ST_NO_NODE);
    const st_proc *p = &w.forest->procs[e[0].process];
    assert_true(p->flags & ST_P_FROM_EVENT);
    assert_true(st_str_eq(st_pool_get(w.forest->pool, p->image), ST_STR("C:\\unseen.exe")));
    world_match(&w, "pc", 1, 0, NULL);
    w.items[1] = (st_match){ .rule = 0, .node = e[0].process, .event = 0 };
    w.items[2] = (st_match){ .rule = 0, .node = ST_NO_NODE, .event = 1 };
    w.items[3] = (st_match){ .rule = 2, .node = ST_NO_NODE, .event = 2 };
    w.matches.n = 4;
    world_hunt(&w, NULL);
    assert_int_equal(w.c->nfindings, 4);
    assert_int_equal(w.c->nincidents, 3);
    assert_int_equal(w.c->nrows, 4);
    static const uint32_t events[] = { 0, ST_NO_EVENT, 1, 2 };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(w.c->rows[i].event, events[i]);
        assert_int_equal(w.c->rows[i].kind, ST_ROW_HIT);
        assert_int_equal(w.c->rows[i].nfindings, 1);
    }
    /* The first driver joins the earlier of the two beside it, the second stands alone. */
    assert_int_equal(w.c->rows[0].incident, w.c->rows[2].incident);
    assert_int_not_equal(w.c->rows[0].incident, w.c->rows[1].incident);
    assert_int_equal(w.c->incidents[w.c->rows[3].incident].top, ST_NO_NODE);
    assert_int_equal(w.c->incidents[w.c->rows[3].incident].level, ST_LEVEL_CRITICAL);
    char a[17], b[17];
    st_finding_id(w.c, &w.c->findings[2], a);
    st_finding_id(w.c, &w.c->findings[3], b);
    assert_string_not_equal(a, b);
    world_end(&w);
}

/* A web server above all, a shell below it; their other events, told and not. */
static void story__events_of_an_incident__become_its_rows(void **state)
{
    static const struct {
        unsigned id, process, second;
        const char *told; /* NULL: no row; else what its row says */
    } cases[] = {
        { 11, 1, 50, NULL },                                 /* the server's, long before */
        { 11, 1, 1000, "" },                                 /* the server's, near the findings */
        { 11, 2, 50000, "" },                                /* the shell's, at any time */
        { 3, 2, 1001, "" },           { 24, 2, 1001, NULL }, /* what the clipboard held */
        { 11, 9, 1001, NULL },                               /* another process's */
        { 6, 0, 999, NULL },                                 /* before the shell */
        { 6, 0, 1500, "correlated" },                        /* while the shell lived */
        { 6, 0, 60000, NULL },
    };
    enum { CASES = sizeof cases / sizeof cases[0] };
    (void)state;
    for (unsigned scope = ST_SCOPE_HITS; scope <= ST_SCOPE_INCIDENT; scope++) {
        world w;
        st_err err = { 0 };
        st_hunt_options o = { .scope = scope, .sibling_window = 600 * ST_TICKS_SECOND };
        world_begin(&w);
        world_add(&w, "pc", 1, 0, 0, "C:\\w3wp.exe", "w3wp");
        world_add(&w, "pc", 2, 1, 1000000, "C:\\cmd.exe", "cmd");
        world_add(&w, "pc", 9, 0, 1000000, "C:\\other.exe", "other");
        for (size_t i = 0; i < CASES; i++) {
            st_event_key key = ST_SYSMON_EVENT((uint16_t)cases[i].id);
            size_t row = add_event(&w, key, "pc", cases[i].process, cases[i].second);
            w.store->events[st_event_kind_of(key)].event_record_id[row] = 500 + i;
        }
        world_grow(&w);
        world_servers(&w, "w3wp.exe");
        world_match(&w, "pc", 2, 0, NULL);
        world_hunt(&w, &o);
        size_t before = w.c->nrows;
        assert_int_equal(st_story_make(w.c, &o, &err), ST_OK);
        bool told[CASES] = { false };
        for (size_t i = 0; i < w.c->nrows; i++) {
            const st_row *r = &w.c->rows[i];
            if (i)
                assert_true(row_time(&w, r) >= row_time(&w, r - 1));
            if (r->event == ST_NO_EVENT)
                continue;
            const st_event *e = &w.forest->events[r->event];
            size_t k = st_event_columns(w.forest, e)->event_record_id[e->row] - 500;
            told[k] = true;
            assert_int_equal(r->incident, 0);
            assert_int_equal(r->kind, ST_ROW_CONTEXT);
            assert_int_equal(r->correlated, cases[k].told && *cases[k].told);
        }
        for (size_t i = 0; i < CASES; i++)
            if (told[i] != (cases[i].told && scope == ST_SCOPE_INCIDENT))
                fail_msg("event %zu: %d", i, told[i]);
        assert_int_equal(w.c->nrows, scope == ST_SCOPE_HITS ? before : before + 4);
        assert_int_equal(w.c->incidents[0].events, scope == ST_SCOPE_HITS ? 0 : 4);
        world_end(&w);
    }
}

/* The bounds of what joins an incident: shell 2 lives from second 200,000 on in session 0x77, its
 * child starts at 200,100. */
static void story__bounds__joins_or_not(void **state)
{
    enum { FIRST = 200000, LAST = 200100, DAY = 86400, WINDOW = 600 };
    static const struct {
        const char *what;
        st_event_key key;
        unsigned process, second;
        const char *session;
        bool joins;
    } cases[] = {
        { "a day before", { ST_SECURITY, 4634 }, 0, FIRST - DAY, "0x77", true },
        { "more", { ST_SECURITY, 4634 }, 0, FIRST - DAY - 1, "0x77", false },
        { "a day behind", { ST_SECURITY, 4634 }, 0, LAST + DAY, "0x77", true },
        { "more", { ST_SECURITY, 4634 }, 0, LAST + DAY + 1, "0x77", false },
        { "in decimal", { ST_SECURITY, 4634 }, 0, LAST, "119", true },
        { "another session", { ST_SECURITY, 4634 }, 0, LAST, "0x78", false },
        { "SYSTEM's", { ST_SECURITY, 4634 }, 0, LAST, "0x3e7", false },
        { "no number", { ST_SECURITY, 4634 }, 0, LAST, "x", false },
        { "of time, at the first", { ST_SYSMON, 6 }, 0, FIRST, NULL, true },
        { "before it", { ST_SYSMON, 6 }, 0, FIRST - 1, NULL, false },
        { "at the last", { ST_SYSMON, 6 }, 0, LAST, NULL, true },
        { "behind it", { ST_SYSMON, 6 }, 0, LAST + 1, NULL, false },
        { "the server's, a window before", { ST_SYSMON, 11 }, 1, FIRST - WINDOW, NULL, true },
        { "more", { ST_SYSMON, 11 }, 1, FIRST - WINDOW - 1, NULL, false },
        { "a window behind", { ST_SYSMON, 11 }, 1, LAST + WINDOW, NULL, true },
        { "more", { ST_SYSMON, 11 }, 1, LAST + WINDOW + 1, NULL, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world w;
        st_err err = { 0 };
        st_hunt_options o = { .scope = ST_SCOPE_INCIDENT,
                              .sibling_window = WINDOW * ST_TICKS_SECOND };
        world_begin(&w);
        world_add(&w, "pc", 1, 0, 0, "C:\\w3wp.exe", "w3wp");
        world_add(&w, "pc", 2, 1, FIRST * UINT64_C(1000), "C:\\cmd.exe", "cmd");
        world_add(&w, "pc", 3, 2, LAST * UINT64_C(1000), "C:\\whoami.exe", "whoami");
        w.store->creations.logon_id[1] = w.store->creations.logon_id[2] =
            cases[i].session && !strcmp(cases[i].session, "0x3e7") ? 0x3e7 : 0x77;
        size_t row = add_event(&w, cases[i].key, "pc", cases[i].process, cases[i].second);
        if (cases[i].session)
            say(&w, cases[i].key, row, ST_T_logon_session, cases[i].session);
        world_grow(&w);
        world_servers(&w, "w3wp.exe");
        world_match(&w, "pc", 2, 0, NULL);
        world_match(&w, "pc", 3, 0, NULL);
        world_hunt(&w, &o);
        assert_int_equal(w.c->incidents[0].first, T0 + FIRST * ST_TICKS_SECOND);
        assert_int_equal(w.c->incidents[0].last, T0 + LAST * ST_TICKS_SECOND);
        assert_int_equal(st_story_make(w.c, &o, &err), ST_OK);
        if (w.c->incidents[0].events != cases[i].joins)
            fail_msg("%zu, %s: %u events", i, cases[i].what, (unsigned)w.c->incidents[0].events);
        world_end(&w);
    }
}

/* An incident's events are as many as may be; the rest is counted. */
static void story__too_many_events__the_rest_is_counted(void **state)
{
    (void)state;
    for (unsigned more = 0; more <= 2; more += 2) {
        world w;
        st_err err = { 0 };
        st_hunt_options o = { .scope = ST_SCOPE_INCIDENT, .sibling_window = 600 * ST_TICKS_SECOND };
        world_begin(&w);
        world_add(&w, "pc", 2, 0, 0, "C:\\cmd.exe", "cmd");
        for (unsigned i = 0; i < ST_MAX_INCIDENT_EVENTS + more; i++)
            add_event(&w, ST_SYSMON_EVENT(11), "pc", 2, i);
        world_grow(&w);
        world_match(&w, "pc", 2, 0, NULL);
        world_hunt(&w, &o);
        assert_int_equal(st_story_make(w.c, &o, &err), ST_OK);
        assert_int_equal(w.c->incidents[0].events, ST_MAX_INCIDENT_EVENTS);
        assert_int_equal(w.c->incidents[0].events_dropped, more);
        world_end(&w);
    }
}

/* The same thing twice is one fact; what is graver comes first. */
static void facts__of_rows__once_each_in_order(void **state)
{
    static const struct {
        unsigned id;
        st_event_text t;
        const char *text;
    } events[] = {
        { 11, ST_T_target_filename, "C:\\temp\\a.txt" },
        { 11, ST_T_target_filename, "C:\\inetpub\\wwwroot\\s.aspx" },
        { 11, ST_T_target_filename, "C:\\temp\\a.txt" },
        { 3, ST_T_destination_ip, "203.0.113.9" },
        { 13, ST_T_target_object, "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\x" },
        { 13, ST_T_target_object, "HKLM\\Software\\Other" },
        { 10, ST_T_target_image, "C:\\a.exe" },
        { 10, ST_T_target_image, "C:\\Windows\\System32\\lsass.exe" },
        { 23, ST_T_target_filename, "C:\\temp\\a.txt" },
    };
    static const char *const want[] = {
        "Contacted 203.0.113.9 1",
        "Dropped C:\\inetpub\\wwwroot\\s.aspx 1",
        "Dropped C:\\temp\\a.txt 2",
        "Persisted HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\x 1",
        "Persisted schtasks /create /tn x 1",
        "Touched C:\\Windows\\System32\\lsass.exe 1",
        "Touched C:\\a.exe 1",
        "Deleted C:\\temp\\a.txt 1"
    };
    (void)state;
    world w;
    st_err err = { 0 };
    st_hunt_options o = { .scope = ST_SCOPE_INCIDENT, .sibling_window = 600 * ST_TICKS_SECOND };
    world_begin(&w);
    world_add(&w, "pc", 2, 0, 0, "C:\\cmd.exe", "cmd");
    world_add(&w, "pc", 3, 2, 90000, "C:\\schtasks.exe", "schtasks /create /tn x");
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        st_event_key key = ST_SYSMON_EVENT((uint16_t)events[i].id);
        size_t row = add_event(&w, key, "pc", 2, (unsigned)i + 1);
        w.store->events[st_event_kind_of(key)].event_record_id[row] = 500 + i;
        say(&w, key, row, events[i].t, events[i].text);
    }
    world_grow(&w);
    world_match(&w, "pc", 2, 0, NULL);
    world_hunt(&w, &o);
    assert_int_equal(st_story_make(w.c, &o, &err), ST_OK);
    assert_int_equal(w.c->nfacts, sizeof want / sizeof want[0]);
    assert_int_equal(w.c->incidents[0].nfacts, w.c->nfacts);
    for (size_t i = 0; i < w.c->nfacts; i++) {
        char got[256];
        (void)snprintf(got, sizeof got, "%s %.*s %u", st_fact_word(w.c->facts[i].kind),
                       ST_FMT(w.c->facts[i].what), w.c->facts[i].count);
        assert_string_equal(got, want[i]);
    }
    world_end(&w);
}

static void target__each_kind__usual_spelling(void **state)
{
    static const struct {
        st_event_key key;
        st_event_text t[4];
        const char *texts[4];
        const char *want;
    } cases[] = {
        { { ST_SYSMON, 3 },
          { ST_T_destination_ip, ST_T_destination_port, ST_T_protocol },
          { "203.0.113.9", "443", "tcp" },
          "203.0.113.9:443 tcp" },
        { { ST_SYSMON, 3 },
          { ST_T_destination_ip, ST_T_destination_port, ST_T_protocol },
          { "2001:db8::9", "443", "tcp" },
          "[2001:db8::9]:443 tcp" },
        { { ST_SYSMON, 3 },
          { ST_T_initiated, ST_T_source_ip, ST_T_source_port, ST_T_protocol },
          { "false", "10.0.0.1", "4444", "tcp" },
          "10.0.0.1:4444 tcp" },
        { { ST_SYSMON, 11 }, { ST_T_target_filename }, { "C:\\x.aspx" }, "C:\\x.aspx" },
        { { ST_SYSMON, 13 },
          { ST_T_target_object, ST_T_details },
          { "HKLM\\Run\\x", "evil" },
          "HKLM\\Run\\x = evil" },
        { { ST_SYSMON, 13 },
          { ST_T_target_object, ST_T_details },
          { "HKLM\\Run\\x", "" },
          "HKLM\\Run\\x" },
        { { ST_SYSMON, 22 },
          { ST_T_query_name, ST_T_query_results },
          { "a.example", "type:  5 b.example;::ffff:10.0.0.1;" },
          "a.example = b.example, 10.0.0.1" },
        { { ST_SYSMON, 22 },
          { ST_T_query_name, ST_T_query_results },
          { "a.example", "-" },
          "a.example" },
        { { ST_SYSMON, 8 },
          { ST_T_target_image, ST_T_target_pid },
          { "C:\\l.exe", "500" },
          "C:\\l.exe(500)" },
        { { ST_EVENTLOG, 104 },
          { ST_T_cleared_log, ST_T_subject_user },
          { "System", "bob" },
          "cleared: System by bob" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world w;
        st_buf got = { 0 };
        world_begin(&w);
        size_t row = add_event(&w, cases[i].key, "pc", 0, 1);
        see(&w, "pc", cases[i].key.id, 1, 1);
        for (size_t k = 0; k < 4 && cases[i].t[k]; k++)
            say(&w, cases[i].key, row, cases[i].t[k], cases[i].texts[k]);
        world_grow(&w);
        st_target_put(w.forest, &w.forest->events[0], &got);
        if (!st_str_eq(st_buf_slice(&got), st_str_of(cases[i].want)))
            fail_msg("%.*s, not %s", ST_FMT(st_buf_slice(&got)), cases[i].want);
        st_buf_free(&got);
        world_end(&w);
    }
}

static void decoded__each_form__text(void **state)
{
    static const struct {
        const char *command, *want;
    } cases[] = {
        { "powershell -enc dwBoAG8AYQBtAGkAIAAvAGEAbABsAA==", "whoami /all" },
        { "powershell.exe -NoP -E \"dwBoAG8AYQBtAGkAIAAvAGEAbABsAA==\"", "whoami /all" },
        { "pwsh /EncodedCommand:dwBoAG8AYQBtAGkAIAAvAGEAbABsAA==", "whoami /all" },
        { "powershell \xe2\x80\x93"
          "ec dwBoAG8AYQBtAGkAIAAvAGEAbABsAA==",
          "whoami /all" },
        { "powershell "
          "iex([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('"
          "aXdyIGh0dHA6Ly9hLmV4YW1wbGUv')))",
          "iwr http://a.example/" },
        { "sh -c \"echo Y3VybCBodHRwOi8vYS5leGFtcGxlLw== | base64 -d | sh\"",
          "curl http://a.example/" },
        { "powershell -ExecutionPolicy Bypass -File dwBoAG8AYQBtAGkAIAAvAGEAbABsAA", "" },
        { "powershell -enc dwBoAG8A", "" }, /* too short to be told from a word */
        { "powershell -enc dwBoAG8AYQBtAGkA!AAvAGEA", "whoami" }, /* up to what is no base64 */
        { "tool -e /////////////////////w==", "" },               /* no text */
        { "grep -e aaaaaaaaaaaaaaaaaaaa x", "" },
        { "", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_buf got = { 0 };
        st_decoded_put(st_str_of(cases[i].command), &got);
        if (!st_str_eq(st_buf_slice(&got), st_str_of(cases[i].want)))
            fail_msg("%s: \"%.*s\"", cases[i].command, ST_FMT(st_buf_slice(&got)));
        st_buf_free(&got);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(coverage__each_cause__its_gap_and_verdict),
        cmocka_unit_test(gaps__filtered_that_tie__by_name),
        cmocka_unit_test(gaps__command_line__clears_a_log_or_not),
        cmocka_unit_test(coverage__hosts_without_creations__blind_or_partial),
        cmocka_unit_test(coverage__windows_alone_for_a_while__partial),
        cmocka_unit_test(hint__one_log_goes_on_under_another_name__told),
        cmocka_unit_test(stays__parts_of_a_pair__joined),
        cmocka_unit_test(gaps__more_than_are_kept__last_of_its_kind_grows),
        cmocka_unit_test(findings__on_events__rows_of_their_own),
        cmocka_unit_test(story__events_of_an_incident__become_its_rows),
        cmocka_unit_test(story__bounds__joins_or_not),
        cmocka_unit_test(story__too_many_events__the_rest_is_counted),
        cmocka_unit_test(facts__of_rows__once_each_in_order),
        cmocka_unit_test(target__each_kind__usual_spelling),
        cmocka_unit_test(decoded__each_form__text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
