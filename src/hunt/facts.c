/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts.c - what an incident's rows come to: contacted, dropped, persisted, touched, deleted; each
 * thing once, with who did it, first, last and how often.
 */
#include "internal.h"

#include "base/decoded.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

const char *st_fact_word(unsigned kind)
{
    static const char *const words[] = { "Probable shell", "Contacted", "Dropped",
                                         "Persisted",      "Touched",   "Deleted",
                                         "Moved on",       "Came from", "Seen elsewhere" };
    return kind < ST_FACT_KINDS ? words[kind] : "";
}

static bool has(st_str s, const char *word)
{
    size_t n = strlen(word);
    char first = st_ascii_lower(*word);
    for (size_t i = 0; i + n <= s.n; i++)
        if ((!n || st_ascii_lower(s.p[i]) == first) &&
            st_str_ieq((st_str){ s.p + i, n }, (st_str){ word, n }))
            return true;
    return false;
}

static bool any_of(st_str s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (has(s, words[i]))
            return true;
    return false;
}
#define ANY(s, words) any_of(s, words, sizeof(words) / sizeof(words)[0])

/* Keys and folders from which something starts by itself. */
static const char *const autostarts[] = {
    "\\CurrentVersion\\Run", "\\Policies\\Explorer\\Run",
    "\\Winlogon\\",          "\\Image File Execution Options\\",
    "\\AppInit_DLLs",        "\\AppCertDlls",
    "\\Control\\Lsa\\",      "\\Schedule\\TaskCache\\",
    "\\InprocServer32",      "\\UserInitMprLogonScript",
    "\\Active Setup\\",      "\\ImagePath",
    "\\ServiceDll",          "\\SilentProcessExit\\",
};
static const char *const startup_folders[] = { "\\Start Menu\\Programs\\Startup\\",
                                               "\\System32\\Tasks\\",
                                               "/etc/cron",
                                               "/etc/systemd/system/",
                                               "/etc/init.d/",
                                               "authorized_keys" };
/* Scripts that a web server runs. */
static const char *const scripts[] = { ".aspx", ".ashx", ".asmx",  ".asp", ".jsp",
                                       ".jspx", ".php",  ".phtml", ".cfm", ".war" };
static const char *const web_roots[] = { "\\inetpub\\",
                                         "\\wwwroot\\",
                                         "\\webapps\\",
                                         "\\htdocs\\",
                                         "\\FrontEnd\\HttpProxy\\",
                                         "\\ClientAccess\\",
                                         "\\template\\layouts\\",
                                         "/var/www/",
                                         "/webapps/",
                                         "/htdocs/",
                                         "\\xampp\\",
                                         "\\www\\",
                                         "/srv/www/" };

/* Programs of the system and installed ones: what many hosts have. */
static const char *const system_folders[] = {
    ":\\Windows\\System32\\",
    ":\\Windows\\SysWOW64\\",
    ":\\Windows\\WinSxS\\",
    ":\\Windows\\Microsoft.NET\\",
    ":\\Program Files\\",
    ":\\Program Files (x86)\\",
    ":\\Windows\\explorer.exe",
    "/usr/bin/",
    "/usr/sbin/",
    "/usr/lib/",
    "/bin/",
    "/sbin/",
};

bool st_is_system_path(st_str path)
{
    size_t from = path.n > 1 && path.p[1] == ':' ? 1 : 0;
    st_str rest = { path.p + from, path.n - from };
    for (size_t i = 0; i < sizeof system_folders / sizeof system_folders[0]; i++) {
        st_str folder = st_str_of(system_folders[i]);
        if (rest.n >= folder.n && st_str_ieq((st_str){ rest.p, folder.n }, folder))
            return true;
    }
    return false;
}

static bool ends(st_str s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (st_str_iends(s, st_str_of(words[i])))
            return true;
    return false;
}

static st_str text(const st_summing *x, const st_event *e, st_event_text t)
{
    return st_pool_get(x->f->pool, st_event_text_of(x->f, e, t));
}

void st_fact_add(st_summing *x, const st_fact *fact)
{
    if (!fact->what.n)
        return;
    if (!st_grow(&x->v, &x->cap, x->n + 1, sizeof *x->v)) {
        x->failed = true;
        return;
    }
    x->v[x->n++] = *fact;
}

static void put(st_summing *x, const st_row *r, unsigned kind, unsigned weight, st_str what,
                st_str more)
{
    st_ticks t = st_subject_time(x->f, r->node, r->event);
    st_fact_add(x, &(st_fact){ .incident = r->incident,
                               .kind = (uint8_t)kind,
                               .weight = (uint8_t)weight,
                               .what = what,
                               .more = more,
                               .by = r->node,
                               .first = t,
                               .last = t,
                               .count = 1 });
}

/* What the event was done to, kept. */
static st_str target(st_summing *x, const st_event *e)
{
    st_buf b = { 0 };
    st_target_put(x->f, e, &b);
    st_str s = st_arena_copy(&x->c->arena, st_buf_slice(&b));
    x->failed |= b.failed || x->c->arena.failed;
    st_buf_free(&b);
    return s;
}

static void dropped(st_summing *x, const st_row *r, const st_event *e)
{
    st_str path = text(x, e, ST_T_target_filename);
    unsigned weight =
        ends(path, scripts, sizeof scripts / sizeof scripts[0]) ? ANY(path, web_roots) ? 0 : 1 : 2;
    put(x, r, ANY(path, startup_folders) ? ST_FACT_PERSISTED : ST_FACT_DROPPED, weight, path,
        text(x, e, ST_T_hashes));
}

/* Services and tasks that came to be, transfers, remote logons. */
static void from_windows(st_summing *x, const st_row *r, const st_event *e)
{
    const st_event_kind *k = st_event_kind_at(e->kind);
    bool ended = k->key.id == 4699 || k->key.id == 4701 || k->key.id == 141;
    if (strcmp(k->word, "service") == 0)
        put(x, r, ST_FACT_PERSISTED, 0, target(x, e), ST_STR("service"));
    else if (strcmp(k->word, "task") == 0 && !ended)
        put(x, r, ST_FACT_PERSISTED, 0, text(x, e, ST_T_task_name), ST_STR("task"));
    else if (k->key.provider == ST_BITS)
        put(x, r, ST_FACT_CONTACTED, 0, text(x, e, ST_T_url), ST_STR("BITS"));
}

static void from_event(st_summing *x, const st_row *r)
{
    const st_event *e = &x->f->events[r->event];
    st_event_key key = st_event_kind_at(e->kind)->key;
    if (key.provider != ST_SYSMON) {
        from_windows(x, r, e);
        return;
    }
    switch (key.id) {
    case 3:
        put(x, r, ST_FACT_CONTACTED, 0, target(x, e), text(x, e, ST_T_destination_hostname));
        break;
    case 22: put(x, r, ST_FACT_CONTACTED, 1, target(x, e), ST_STR("name looked up")); break;
    case 11:
    case 15:
    case 27:
    case 28:
    case 29: dropped(x, r, e); break;
    case 13:
    case 14:
        if (ANY(text(x, e, ST_T_target_object), autostarts))
            put(x, r, ST_FACT_PERSISTED, 1, target(x, e), ST_STR("registry"));
        break;
    case 19:
    case 20:
    case 21: put(x, r, ST_FACT_PERSISTED, 0, target(x, e), ST_STR("WMI")); break;
    case 6: put(x, r, ST_FACT_PERSISTED, 2, target(x, e), ST_STR("driver")); break;
    case 8:
    case 10:
        put(x, r, ST_FACT_TOUCHED, has(text(x, e, ST_T_target_image), "lsass") ? 0 : 1,
            text(x, e, ST_T_target_image),
            key.id == 8 ? ST_STR("remote thread") : ST_STR("access"));
        break;
    case 25: put(x, r, ST_FACT_TOUCHED, 1, text(x, e, ST_T_image), ST_STR("image replaced")); break;
    case 23:
    case 26:
        put(x, r, ST_FACT_DELETED, 0, text(x, e, ST_T_target_filename), text(x, e, ST_T_hashes));
        break;
    default: break;
    }
}

/* The end of a URL that begins at FROM and whose "://" ends at AT: at a blank, a quote or what
 * parts commands in shells (an ampersand is that only before a query), at a bracket that the URL
 * did not open ("${jndi:ldap://a/b}"), or at the bound. */
static size_t url_end(st_str text, size_t from, size_t at)
{
    size_t braces = 0, squares = 0;
    bool query = false;
    for (; at < text.n && at - from < ST_MAX_FACT_URL; at++) {
        char c = text.p[at];
        if (memchr(" \t\r\n\"'`<>|)(;,", c, 14) || (c == '&' && !query) ||
            (c == '}' && braces-- == 0) || (c == ']' && squares-- == 0))
            break;
        braces += c == '{';
        squares += c == '[';
        query |= c == '?';
    }
    return at;
}

/* Addresses that a command names. */
static void urls_of(st_summing *x, const st_row *r, st_str text, st_str how)
{
    enum { MOST = 8 };
    size_t found = 0;
    for (size_t i = 1; i + 3 < text.n && found < MOST; i++) {
        if (memcmp(text.p + i, "://", 3) != 0)
            continue;
        size_t from = i, end;
        while (from && ((text.p[from - 1] | 0x20) >= 'a' && (text.p[from - 1] | 0x20) <= 'z'))
            from--;
        end = url_end(text, from, i + 3);
        st_str url = { text.p + from, end - from };
        if (from < i && end > i + 3) {
            put(x, r, ST_FACT_CONTACTED, 2, st_arena_copy(&x->c->arena, url), how);
            found++;
        }
        i = end;
    }
}

static void addresses(st_summing *x, const st_row *r)
{
    st_buf b = { 0 };
    st_str command = st_pool_get(x->f->pool, x->f->procs[r->node].command_line);
    urls_of(x, r, command, ST_STR("named in the command"));
    st_decoded_put(command, &b);
    urls_of(x, r, st_buf_slice(&b), ST_STR("named in what the command decodes to"));
    x->failed |= b.failed || x->c->arena.failed;
    st_buf_free(&b);
}

/* Commands that make something stay. */
static void from_command(st_summing *x, const st_row *r)
{
    static const struct {
        const char *a, *b, *how;
    } commands[] = {
        { "schtasks", "/create", "task" },
        { "register-scheduledtask", "", "task" },
        { "sc", " create ", "service" },
        { "new-service", "", "service" },
        { "net", " user ", "account" },
        { "net", " localgroup ", "account" },
        { "reg", "currentversion\\run", "registry" },
        { "__eventconsumer", "", "WMI" },
    };
    const st_proc *p = &x->f->procs[r->node];
    st_str command = st_pool_get(x->f->pool, p->command_line),
           image = st_str_basename(st_pool_get(x->f->pool, p->image));
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        st_str name = st_str_of(commands[i].a);
        bool program = !*commands[i].b
                           ? has(command, commands[i].a)
                           : image.n >= name.n && st_str_ieq((st_str){ image.p, name.n }, name);
        if (!program || (*commands[i].b && !has(command, commands[i].b)) ||
            (!strcmp(commands[i].how, "account") && !has(command, "/add")))
            continue;
        put(x, r, ST_FACT_PERSISTED, 1, command, st_str_of(commands[i].how));
        return;
    }
}

static void from_process(st_summing *x, const st_row *r)
{
    from_command(x, r);
    if (r->kind == ST_ROW_HIT || r->acted || x->f->procs[r->node].server != ST_NO_NODE)
        addresses(x, r);
}

static int by_thing(const void *pa, const void *pb)
{
    const st_fact *a = pa, *b = pb;
    if (a->incident != b->incident)
        return a->incident < b->incident ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int d = st_str_cmp(a->what, b->what);
    if (d)
        return d;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return (a->by > b->by) - (a->by < b->by);
}

static int by_weight(const void *pa, const void *pb)
{
    const st_fact *a = pa, *b = pb;
    if (a->incident != b->incident)
        return a->incident < b->incident ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->weight != b->weight)
        return a->weight < b->weight ? -1 : 1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return st_str_cmp(a->what, b->what);
}

static void fold(st_summing *x)
{
    size_t n = 0;
    if (x->n)
        qsort(x->v, x->n, sizeof *x->v, by_thing);
    for (size_t i = 0; i < x->n; i++) {
        st_fact *a = n ? &x->v[n - 1] : NULL;
        const st_fact *b = &x->v[i];
        if (!a || a->incident != b->incident || a->kind != b->kind ||
            !st_str_eq(a->what, b->what)) {
            x->v[n++] = *b;
            continue;
        }
        a->count++;
        a->last = b->last > a->last ? b->last : a->last;
        a->weight = b->weight < a->weight ? b->weight : a->weight;
        if (!a->more.n || (a->more.n == 1 && a->more.p[0] == '-'))
            a->more = b->more;
    }
    x->n = n;
    if (n)
        qsort(x->v, n, sizeof *x->v, by_weight);
}

/* Rows are looked at on all threads, in stretches; what comes of them is put together in order. */

/* What a thread finds; texts that it makes are in an arena of its own. */
typedef struct finder {
    st_case c;
    st_summing x;
} finder;

typedef struct finding_all {
    st_summing *x;
    finder *finders; /* by thread */
} finding_all;
enum { STRETCH = 1024 }; /* rows */

static void find_facts(void *ctx, unsigned thread, size_t number)
{
    const finding_all *all = ctx;
    const st_case *c = all->x->c;
    st_summing *x = &all->finders[thread].x;
    size_t from = number * STRETCH, to = c->nrows - from < STRETCH ? c->nrows : from + STRETCH;
    for (size_t i = from; i < to && !x->failed; i++) {
        const st_row *r = &c->rows[i];
        if (r->incident >= c->nincidents)
            continue;
        if (r->event != ST_NO_EVENT)
            from_event(x, r);
        else
            from_process(x, r);
    }
    st_spread_find_aiming(x, from, to);
}

static void add_all(void *ctx, unsigned thread, size_t number)
{
    const finding_all *all = ctx;
    st_summing *to = all->x, *from = &all->finders[thread].x;
    (void)number;
    to->failed |=
        from->failed || !st_grow(&to->v, &to->cap, to->n + from->n, sizeof *to->v) ||
        !st_grow(&to->aiming, &to->aiming_cap, to->naiming + from->naiming, sizeof *to->aiming);
    if (!to->failed && from->n)
        memcpy(to->v + to->n, from->v, from->n * sizeof *from->v);
    if (!to->failed && from->naiming)
        memcpy(to->aiming + to->naiming, from->aiming, from->naiming * sizeof *from->aiming);
    to->n += to->failed ? 0 : from->n;
    to->naiming += to->failed ? 0 : from->naiming;
    from->n = from->naiming = 0;
}

static void from_rows(st_summing *x, unsigned threads)
{
    st_case *c = x->c;
    finding_all all = { .x = x };
    threads = st_threads(threads);
    all.finders = calloc(threads, sizeof *all.finders);
    for (unsigned i = 0; all.finders && i < threads; i++) {
        finder *f = &all.finders[i];
        f->c = *c;
        f->c.arena = (st_arena){ 0 };
        f->x = (st_summing){ .c = &f->c, .f = x->f };
    }
    x->failed |= !all.finders;
    if (all.finders)
        st_parallel_in_order(threads, (c->nrows + STRETCH - 1) / STRETCH, find_facts, add_all,
                             &all);
    for (unsigned i = 0; all.finders && i < threads; i++) {
        st_arena_take(&c->arena, &all.finders[i].c.arena);
        free(all.finders[i].x.v);
        free(all.finders[i].x.aiming);
    }
    free(all.finders);
}

bool st_facts_make(st_case *c, unsigned threads)
{
    st_summing x = { .c = c, .f = c->forest };
    from_rows(&x, threads);
    x.failed |= !st_spread_make(&x);
    st_requests_sum(&x);
    fold(&x);
    c->facts = ST_NEWN(&c->arena, st_fact, x.n);
    c->nfacts = x.n;
    bool ok = !x.failed && c->facts;
    if (ok && x.n)
        memcpy(c->facts, x.v, x.n * sizeof *x.v);
    for (size_t i = 0; ok && i < x.n; i++) {
        st_incident *n = &c->incidents[x.v[i].incident];
        if (!n->nfacts++)
            n->first_fact = (uint32_t)i;
    }
    free(x.v);
    free(x.aiming);
    return ok;
}
