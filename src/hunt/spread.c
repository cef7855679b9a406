/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spread.c - who moved where: commands of an incident that name another host, with what began there
 * within a minute; and what an incident has in common with another host: a program's hashes, an
 * address, a whole command line. All of it is correlation, and said so.
 */
#include "internal.h"
#include "telling.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* A command there may be logged a little before the one that asked for it: clocks differ. */
#define EARLY (UINT64_C(2) * ST_TICKS_SECOND)
#define LATE (UINT64_C(60) * ST_TICKS_SECOND)

/* Where the word begins in s from `from` on, in any case; SIZE_MAX: nowhere. */
static size_t find(st_str s, const char *word, size_t from)
{
    size_t n = strlen(word), k;
    for (size_t i = from; i + n <= s.n; i++) {
        for (k = 0; k < n && st_ascii_lower(s.p[i + k]) == word[k]; k++)
            ;
        if (k == n)
            return i;
    }
    return SIZE_MAX;
}

static bool is_name(char c)
{
    return (st_ascii_lower(c) >= 'a' && st_ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_';
}

/* commands that work on another host */

typedef struct remote {
    const char *program, *option; /* the host stands behind the option */
    const char *how;
    const char *there; /* whose child begins there then; NULL: nothing does */
    const char *line;  /* of that parent's command line; NULL: any */
} remote;

static const remote remotes[] = {
    { "psexec", "\\\\", "PsExec", "services.exe", NULL },
    { "psexec", "\\\\", "PsExec", "psexesvc.exe", NULL },
    { "paexec", "\\\\", "PAExec", "services.exe", NULL },
    { "wmic", "/node:", "WMI", "wmiprvse.exe", NULL },
    { "winrs", "-r:", "WinRM", "winrshost.exe", NULL },
    { "winrs", "/r:", "WinRM", "winrshost.exe", NULL },
    { "winrs", "-remote:", "WinRM", "winrshost.exe", NULL },
    { "winrs", "/remote:", "WinRM", "winrshost.exe", NULL },
    { "schtasks", "/s ", "task", "svchost.exe", "schedule" },
    { "schtasks", "/s ", "task", "taskeng.exe", NULL },
    { "sc", "\\\\", "service", "services.exe", NULL },
    { "at", " \\\\", "task", "svchost.exe", "schedule" },
    { "powershell", "-computername ", "PowerShell remoting", "wsmprovhost.exe", NULL },
    { "pwsh", "-computername ", "PowerShell remoting", "wsmprovhost.exe", NULL },
    { "net", "use \\\\", "share", NULL, NULL },
    { "net", "use * \\\\", "share", NULL, NULL },
};
enum { REMOTES = sizeof remotes / sizeof remotes[0] };

/* Behind the program's name where the line runs it: as a word, with .exe or digits behind it or
 * not. SIZE_MAX: it doesn't. */
static size_t runs(st_str line, const char *program)
{
    for (size_t at = 0; (at = find(line, program, at)) != SIZE_MAX; at++) {
        size_t end = at + strlen(program);
        while (end < line.n && line.p[end] >= '0' && line.p[end] <= '9')
            end++;
        if (find((st_str){ line.p, end + 4 < line.n ? end + 4 : line.n }, ".exe", end) == end)
            end += 4;
        bool ends = end < line.n && (line.p[end] == ' ' || line.p[end] == '"');
        if (ends && (!at || !is_name(line.p[at - 1])))
            return end;
    }
    return SIZE_MAX;
}

/* The next host of a list that begins at *at; empty at its end. */
static st_str next_host(st_str line, size_t *at)
{
    size_t i = *at;
    while (i < line.n && memchr(" \"'\\,=", line.p[i], 6))
        i++;
    st_str host = { line.p + i, 0 };
    while (i < line.n && (is_name(line.p[i]) || line.p[i] == '.'))
        i++;
    host.n = (size_t)(line.p + i - host.p);
    *at = i;
    return host;
}

/* Another process of the program hangs right under it, and tells the same. */
static bool child_tells(const st_forest *f, st_node n, const char *program)
{
    unsigned looked = 0;
    for (st_node k = f->procs[n].first_child; k != ST_NO_NODE && looked++ < 64;
         k = f->procs[k].next_sibling)
        if (find(st_str_basename(st_pool_get(f->pool, f->procs[k].image)), program, 0) == 0)
            return true;
    return false;
}

/* what began there */

/* The first observed process that doesn't lie before t. */
static st_node first_from(const st_forest *f, st_ticks t)
{
    size_t low = 0, high = f->observed;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (f->procs[mid].start < t)
            low = mid + 1;
        else
            high = mid;
    }
    return (st_node)low;
}

static bool fits(const st_forest *f, st_node n, const char *how)
{
    st_node up = f->procs[n].parent;
    if (up == ST_NO_NODE)
        return false;
    st_str image = st_str_basename(st_pool_get(f->pool, f->procs[up].image));
    for (size_t i = 0; i < REMOTES; i++)
        if (remotes[i].how == how && remotes[i].there &&
            st_str_ieq(image, st_str_of(remotes[i].there)) &&
            (!remotes[i].line ||
             find(st_pool_get(f->pool, f->procs[up].command_line), remotes[i].line, 0) != SIZE_MAX))
            return true;
    return false;
}

/* What the way in starts on that host within the time; one from outside Windows' folders rather
 * than another. ST_NO_NODE: nothing. */
static st_node began(const st_forest *f, uint32_t host, st_ticks t, const char *how)
{
    st_node found = ST_NO_NODE, n = first_from(f, t - EARLY);
    for (size_t looked = 0; n < f->observed && f->procs[n].start <= t + LATE; n++) {
        if (looked++ >= ST_MAX_ARRIVALS)
            break;
        if (f->procs[n].host != host || !fits(f, n, how))
            continue;
        if (!st_is_system_path(st_pool_get(f->pool, f->procs[n].image)))
            return n;
        found = found == ST_NO_NODE ? n : found;
    }
    return found;
}

static bool is_arrival(const st_event *e)
{
    const char *word = st_event_kind_at(e->kind)->word;
    return !strcmp(word, "logon") || !strcmp(word, "service") || !strcmp(word, "task");
}

/* The first of the events from .. to that doesn't lie before t; they are in order. */
static size_t first_event(const st_forest *f, size_t from, size_t to, st_ticks t)
{
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const st_event *e = &f->events[mid];
        if (st_event_columns(f, e)->utc[e->row] < t)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* What that way of working there leaves in the log, beside a logon. */
static bool leaves(const char *how, const st_event *e)
{
    const char *word = st_event_kind_at(e->kind)->word;
    bool service = !strcmp(how, "service") || !strcmp(how, "PsExec") || !strcmp(how, "PAExec");
    return service ? !strcmp(word, "service") : !strcmp(how, word);
}

/* A logon, service or task there within the time, among the events from .. to: what the command
 * leaves there rather than another. */
static const st_event *told_there(const st_forest *f, size_t from, size_t to, uint32_t host,
                                  st_ticks t, const char *how)
{
    const st_event *found = NULL;
    size_t looked = 0;
    for (size_t i = first_event(f, from, to, t - EARLY); i < to && looked++ < ST_MAX_ARRIVALS;
         i++) {
        const st_event *e = &f->events[i];
        if (st_event_columns(f, e)->utc[e->row] > t + LATE)
            break;
        if (e->host != host || !is_arrival(e))
            continue;
        if (leaves(how, e))
            return e;
        found = found ? found : e;
    }
    return found;
}

static void put_after(st_buf *b, st_ticks there, st_ticks here)
{
    uint64_t d = there > here ? there - here : here - there;
    st_buf_fmt(b, " %llu s %s", (unsigned long long)(d / ST_TICKS_SECOND),
               there >= here ? "later" : "before");
}

/* The gravest incident of that host that lies about the time. */
static uint32_t incident_at(const st_summing *x, uint32_t host, st_ticks t)
{
    const st_by_host *b = &x->by_host;
    for (size_t k = b->start[host]; k < b->start[host + 1]; k++) {
        const st_incident *i = &x->c->incidents[b->list[k]];
        if (i->first && t <= i->last + LATE && t + 10 * LATE >= i->first)
            return b->list[k];
    }
    return ST_NO_INCIDENT;
}

static st_str kept(st_summing *x, st_buf *b)
{
    st_str s = st_arena_copy(&x->c->arena, st_buf_slice(b));
    x->failed |= b->failed || x->c->arena.failed;
    st_buf_clear(b);
    return s;
}

static st_str shown(const st_case *c, uint32_t host)
{
    return st_pool_get(c->forest->pool, c->forest->hosts[host].shown);
}

/* In the other host's incident: where it was reached from. */
static void came(st_summing *x, const st_fact *from, uint32_t there, const char *how)
{
    st_buf b = { 0 };
    const st_incident *i = &x->c->incidents[from->incident];
    st_buf_fmt(&b, "%.*s by %s", ST_FMT(shown(x->c, i->host)), how);
    st_fact fact = { .incident = there,
                     .kind = ST_FACT_CAME,
                     .what = kept(x, &b),
                     .by = ST_NO_NODE,
                     .first = from->first,
                     .last = from->last,
                     .count = 1 };
    st_buf_fmt(&b, "correlation; incident %s there", i->id);
    fact.more = kept(x, &b);
    st_fact_add(x, &fact);
    st_buf_free(&b);
}

static void moved(st_summing *x, const st_row *r, st_str name, const char *how)
{
    const st_case *c = x->c;
    const st_forest *f = x->f;
    uint32_t own = c->incidents[r->incident].host, host = st_host_names_find(&x->names, name);
    st_ticks t = f->procs[r->node].start;
    st_buf b = { 0 };
    if (host == own || st_str_ieq(name, ST_STR("localhost")) || st_str_starts(name, ST_STR("127.")))
        return;
    st_buf_fmt(&b, "%.*s by %s", ST_FMT(host == UINT32_MAX ? name : shown(c, host)), how);
    st_fact fact = { .incident = r->incident,
                     .kind = ST_FACT_MOVED,
                     .what = kept(x, &b),
                     .by = r->node,
                     .first = t,
                     .last = t,
                     .count = 1 };
    if (host == UINT32_MAX) {
        st_buf_str(&b, ST_STR("not in the evidence"));
    } else {
        bool look = x->moves++ < ST_MAX_MOVES;
        st_node n = look ? began(f, host, t, how) : ST_NO_NODE;
        const st_event *e = NULL;
        if (look && n == ST_NO_NODE && !(e = told_there(f, 0, f->nevents, host, t, how)))
            e = told_there(f, f->nevents, f->nall, host, t, how);
        uint32_t there = incident_at(x, host, t);
        fact.weight = n != ST_NO_NODE || e ? 0 : 1;
        c->reached[host] = r->incident + 1;
        st_buf_str(&b, ST_STR("correlation: "));
        if (n != ST_NO_NODE) {
            st_str parent = st_pool_get(f->pool, f->procs[f->procs[n].parent].image);
            st_buf_fmt(&b, "there %.*s started %.*s", ST_FMT(st_str_basename(parent)),
                       ST_FMT(st_pool_get(f->pool, f->procs[n].image)));
            put_after(&b, f->procs[n].start, t);
        } else if (e) {
            st_buf_fmt(&b, "there a %s (", st_event_kind_at(e->kind)->word);
            st_target_put(f, e, &b);
            st_buf_char(&b, ')');
            put_after(&b, st_event_columns(f, e)->utc[e->row], t);
        } else {
            st_buf_str(&b, ST_STR("nothing seen there within a minute"));
        }
        if (there != ST_NO_INCIDENT) {
            st_buf_fmt(&b, "; incident %s there", c->incidents[there].id);
            came(x, &fact, there, how);
        }
    }
    fact.more = kept(x, &b);
    st_fact_add(x, &fact);
    st_buf_free(&b);
}

/* A host that a command names, and how it works there. */
typedef struct aim {
    st_str host;
    const char *how;
} aim;
enum { AIMS = 16 };

static bool is_aimed_at(const aim *aims, size_t n, st_str host)
{
    for (size_t i = 0; i < n; i++)
        if (st_str_ieq(aims[i].host, host))
            return true;
    return false;
}

/* The hosts of a list behind an option, which begins at `at`. */
static size_t take_hosts(st_str line, size_t at, const char *how, aim *aims, size_t n)
{
    while (n < AIMS) {
        st_str host = next_host(line, &at);
        if (!host.n || is_aimed_at(aims, n, host))
            break;
        aims[n++] = (aim){ host, how };
        if (at >= line.n || line.p[at] != ',')
            break;
    }
    return n;
}

/* By character: whether it is the last one of an option of the table, or the one before it. */
typedef struct endings {
    bool last[256], before[256];
} endings;

static void endings_make(endings *e)
{
    *e = (endings){ { 0 }, { 0 } };
    for (size_t i = 0; i < REMOTES; i++) {
        size_t n = strlen(remotes[i].option); /* two at least */
        e->last[(unsigned char)remotes[i].option[n - 1]] = true;
        e->before[(unsigned char)remotes[i].option[n - 2]] = true;
    }
    for (unsigned c = 'A'; c <= 'Z'; c++) {
        e->last[c] = e->last[c + 32];
        e->before[c] = e->before[c + 32];
    }
}

static bool ends_option(st_str s, size_t end)
{
    for (size_t i = 0; i < REMOTES; i++) {
        size_t n = strlen(remotes[i].option);
        if (n <= end && find((st_str){ s.p + end - n, n }, remotes[i].option, 0) == 0)
            return true;
    }
    return false;
}

/* Does an option of the table stand in it? Most lines have none, and this is little more than one
 * look at each character. */
static bool may_aim(const endings *e, st_str s)
{
    for (size_t i = 1; i < s.n; i++)
        if (e->last[(unsigned char)s.p[i]] && e->before[(unsigned char)s.p[i - 1]] &&
            ends_option(s, i + 1))
            return true;
    return false;
}

/* Each host once a command, whichever row of the table named it. */
static size_t aims_of(const endings *e, const st_forest *f, st_node node, aim aims[AIMS])
{
    st_str line = st_pool_get(f->pool, f->procs[node].command_line);
    size_t n = 0;
    if (!may_aim(e, line))
        return 0;
    st_str image = st_str_basename(st_pool_get(f->pool, f->procs[node].image));
    for (size_t i = 0; i < REMOTES; i++) {
        size_t at = runs(line, remotes[i].program);
        bool itself = find(image, remotes[i].program, 0) == 0;
        if (at == SIZE_MAX || (!itself && child_tells(f, node, remotes[i].program)))
            continue;
        at = find(line, remotes[i].option, at);
        if (at != SIZE_MAX)
            n = take_hosts(line, at + strlen(remotes[i].option), remotes[i].how, aims, n);
    }
    return n;
}

static bool is_incidents(const st_case *c, const st_row *r)
{
    return r->event == ST_NO_EVENT && r->incident < c->nincidents;
}

static void from_command(st_summing *x, const endings *e, const st_row *r)
{
    aim aims[AIMS];
    size_t n = aims_of(e, x->f, r->node, aims);
    for (size_t i = 0; i < n; i++)
        moved(x, r, aims[i].host, aims[i].how);
}

/* st_spread_reach went through the rows of the same processes. */
void st_spread_find_aiming(st_summing *x, size_t from, size_t to)
{
    const st_case *c = x->c;
    aim aims[AIMS];
    endings e;
    endings_make(&e);
    for (size_t i = from; i < to && !x->failed; i++) {
        st_node n = c->rows[i].node;
        if (!is_incidents(c, &c->rows[i]) ||
            !(c->aiming ? (size_t)c->aiming[n / 8] >> n % 8 & 1 : aims_of(&e, x->f, n, aims)))
            continue;
        x->failed |= !st_grow(&x->aiming, &x->aiming_cap, x->naiming + 1, sizeof *x->aiming);
        if (!x->failed)
            x->aiming[x->naiming++] = (uint32_t)i;
    }
}

bool st_spread_reach(st_case *c, uint8_t *hosts)
{
    const st_forest *f = c->forest;
    st_host_names names;
    aim aims[AIMS];
    endings e;
    if (f->nhosts && !memchr(hosts, 0, f->nhosts))
        return true;
    endings_make(&e);
    c->aiming = ST_NEWN(&c->arena, uint8_t, f->n / 8 + 1);
    bool ok = st_host_names_make(&names, f) && c->aiming;
    for (size_t i = 0; ok && i < c->nrows; i++) {
        st_node node = c->rows[i].node;
        size_t n = is_incidents(c, &c->rows[i]) ? aims_of(&e, f, node, aims) : 0;
        if (n)
            c->aiming[node / 8] |= (uint8_t)(1u << node % 8);
        for (size_t k = 0; k < n; k++) {
            uint32_t host = st_host_names_find(&names, aims[k].host);
            if (host != UINT32_MAX)
                hosts[host] = 1;
        }
    }
    ok = ok && !names.asked.failed;
    st_host_names_free(&names);
    return ok;
}

/* what is the same elsewhere */

/* A thing that was seen on a host; of an incident, or ST_NO_INCIDENT. */
typedef struct sight {
    st_str what; /* what it is compared by */
    uint32_t host, incident;
    st_node node; /* of an incident */
    uint8_t weight;
} sight;

typedef struct sights {
    sight *v;
    size_t n, cap;
} sights;

static void see(st_summing *x, sights *s, sight one)
{
    if (!one.what.n)
        return;
    if (!st_grow(&s->v, &s->cap, s->n + 1, sizeof *s->v)) {
        x->failed = true;
        return;
    }
    s->v[s->n++] = one;
}

static int by_what(const void *pa, const void *pb)
{
    const sight *a = pa, *b = pb;
    int d = st_str_cmp(a->what, b->what);
    if (d)
        return d;
    if (a->host != b->host)
        return a->host < b->host ? -1 : 1;
    if (a->incident != b->incident)
        return a->incident < b->incident ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

/* A program that began elsewhere only after the incident's did, from a folder where anybody writes:
 * it was brought there, perhaps. */
static bool brought(const st_forest *f, const sight *there, const sight *own)
{
    static const char *const folders[] = { "\\temp\\",    "\\programdata\\", "\\users\\public\\",
                                           "\\appdata\\", "\\inetpub\\",     "\\downloads\\",
                                           "/tmp/",       "/var/tmp/",       "/dev/shm/" };
    if (there->node >= f->n || own->node >= f->n ||
        f->procs[there->node].start < f->procs[own->node].start)
        return false;
    st_str image = st_pool_get(f->pool, f->procs[there->node].image);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (find(image, folders[i], 0) != SIZE_MAX)
            return true;
    return false;
}

/* One fact for an incident: which other hosts of v[from .. to) have it, too. */
static void put_shared(st_summing *x, const sights *s, size_t from, size_t to, const sight *own,
                       const char *kind)
{
    enum { NAMED = 5 };
    const st_case *c = x->c;
    st_buf b = { 0 };
    size_t others = 0;
    uint32_t last = own->host;
    st_buf_str(&b, ST_STR("correlation: "));
    for (size_t i = from; i < to; i++) {
        const sight *o = &s->v[i];
        if (o->host == own->host || o->host == last)
            continue;
        last = o->host;
        if (others++ >= NAMED)
            continue;
        st_buf_fmt(&b, "%s%.*s", others > 1 ? ", " : "also on ", ST_FMT(shown(c, o->host)));
        for (size_t k = i; k < to && s->v[k].host == o->host; k++)
            if (s->v[k].incident != ST_NO_INCIDENT) {
                st_buf_fmt(&b, " (incident %s)", c->incidents[s->v[k].incident].id);
                break;
            }
        if (o->incident == ST_NO_INCIDENT && brought(x->f, o, own) && !c->reached[o->host])
            c->reached[o->host] = own->incident + 1;
    }
    if (others > NAMED)
        st_buf_fmt(&b, " and %zu more", others - NAMED);
    const st_proc *p = own->node < x->f->n ? &x->f->procs[own->node] : NULL;
    st_str image = p ? st_pool_get(x->f->pool, p->image) : ST_STR("");
    st_fact fact = { .incident = own->incident,
                     .kind = ST_FACT_SHARED,
                     .weight = own->weight,
                     .more = kept(x, &b),
                     .by = ST_NO_NODE,
                     .first = p ? p->start : x->c->incidents[own->incident].first,
                     .count = 1 };
    fact.last = fact.first;
    st_buf_fmt(&b, "%s%.*s", kind, ST_FMT(*kind == 'p' ? image : own->what));
    fact.what = kept(x, &b);
    if (others)
        st_fact_add(x, &fact);
    st_buf_free(&b);
}

static size_t hosts_in(const sights *s, size_t from, size_t to)
{
    size_t n = from < to;
    for (size_t i = from + 1; i < to; i++)
        n += s->v[i].host != s->v[i - 1].host;
    return n;
}

/* Each thing once a host and incident, where it was first. */
static void once(sights *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!n || !st_str_eq(s->v[n - 1].what, s->v[i].what) || s->v[n - 1].host != s->v[i].host ||
            s->v[n - 1].incident != s->v[i].incident)
            s->v[n++] = s->v[i];
    s->n = n;
}

/* What more than a few hosts have, and more than half of them, is everybody's. */
static bool tells(const st_forest *f, size_t hosts)
{
    enum { FEW = 3 };
    return hosts > 1 && hosts <= ST_MAX_SHARED_HOSTS && (hosts <= FEW || hosts <= f->nhosts / 2);
}

static void sort_sights(sights *s)
{
    if (s->n)
        qsort(s->v, s->n, sizeof *s->v, by_what);
    once(s);
}

/* Where the next thing begins. */
static size_t behind(const sights *s, size_t i)
{
    size_t end = i + 1;
    while (end < s->n && st_str_eq(s->v[end].what, s->v[i].what))
        end++;
    return end;
}

/* words: a thing must have one that tells; NULL: it needs none. Frees what s holds. */
static void share(st_summing *x, sights *s, const char *kind, const st_telling *words)
{
    for (size_t i = 0, end; i < s->n && !x->failed; i = end) {
        end = behind(s, i);
        if (!tells(x->f, hosts_in(s, i, end)) || (words && !st_telling_is(words, s->v[i].what)))
            continue;
        for (size_t k = i; k < end && k < i + ST_MAX_SHARED_INCIDENTS; k++)
            if (s->v[k].incident != ST_NO_INCIDENT)
                put_shared(x, s, i, end, &s->v[k], kind);
    }
    free(s->v);
}

static sight of_row(const st_summing *x, const st_row *r, st_sid text)
{
    return (sight){ .what = text == ST_ABSENT ? ST_STR("") : st_pool_get(x->f->pool, text),
                    .host = x->f->procs[r->node].host,
                    .incident = r->incident,
                    .node = r->node };
}

static bool is_hit(const st_case *c, const st_row *r)
{
    return (r->kind == ST_ROW_HIT || r->acted) && is_incidents(c, r);
}

static st_sid hashes_of(const st_forest *f, st_node n)
{
    st_sid id = f->store->creations.hashes[f->procs[n].row];
    return id != ST_ABSENT && st_pool_get(f->pool, id).n > 16 &&
                   !st_is_system_path(st_pool_get(f->pool, f->procs[n].image))
               ? id
               : ST_ABSENT;
}

/* Programs that are no part of the system, by all their hashes as recorded. */
static void share_programs(st_summing *x)
{
    const st_case *c = x->c;
    const st_forest *f = x->f;
    sights s = { 0 };
    uint8_t *wanted = calloc(st_pool_count(f->pool) / 8 + 1, 1);
    x->failed |= !wanted;
    for (size_t i = 0; i < c->nrows && !x->failed; i++) {
        st_sid id = is_hit(c, &c->rows[i]) ? hashes_of(f, c->rows[i].node) : ST_ABSENT;
        if (id == ST_ABSENT)
            continue;
        wanted[id / 8] |= (uint8_t)(1u << id % 8);
        see(x, &s, of_row(x, &c->rows[i], id));
    }
    for (st_node n = 0; s.n && n < f->observed && !x->failed; n++) {
        st_sid id = f->store->creations.hashes[f->procs[n].row];
        if (id != ST_ABSENT && wanted[id / 8] >> id % 8 & 1 && hashes_of(f, n) != ST_ABSENT)
            see(x, &s,
                (sight){ .what = st_pool_get(f->pool, id),
                         .host = f->procs[n].host,
                         .incident = ST_NO_INCIDENT,
                         .node = n });
    }
    free(wanted);
    sort_sights(&s);
    share(x, &s, "program ", NULL);
}

/* By node: is it of an incident? NULL: no memory. */
static uint8_t *incidents_nodes(const st_summing *x)
{
    uint8_t *in = calloc(x->f->n + 1, 1);
    for (size_t i = 0; in && i < x->c->nrows; i++)
        if (is_incidents(x->c, &x->c->rows[i]))
            in[x->c->rows[i].node] = 1;
    return in;
}

/* Each distinct line of processes of no incident, once. */
static bool look_outside(const st_summing *x, st_telling *words)
{
    const st_forest *f = x->f;
    uint8_t *in = incidents_nodes(x);
    uint8_t *seen = calloc(st_pool_count(f->pool) / 8 + 1, 1);
    bool ok = in && seen;
    for (st_node n = 0; ok && n < f->observed; n++) {
        st_sid id = f->procs[n].command_line;
        if (in[n] || id == ST_ABSENT || seen[id / 8] >> id % 8 & 1)
            continue;
        seen[id / 8] |= (uint8_t)(1u << id % 8);
        st_telling_everyday(words, st_pool_get(f->pool, id));
    }
    free(in);
    free(seen);
    return ok;
}

/* What of the commands that several hosts have is everyday; NULL: no memory. */
static st_telling *telling_of(const st_summing *x, const sights *s)
{
    st_telling *words = st_telling_new();
    bool ok = words != NULL, any = false;
    for (size_t i = 0, end; ok && i < s->n; i = end) {
        end = behind(s, i);
        if (!tells(x->f, hosts_in(s, i, end)))
            continue;
        st_telling_ask(words, s->v[i].what);
        any = true;
    }
    ok = ok && (!any || look_outside(x, words)) && !st_telling_failed(words);
    if (ok)
        return words;
    st_telling_free(words);
    return NULL;
}

/* Command lines of hits that are long enough to be somebody's. */
static void share_commands(st_summing *x)
{
    const st_case *c = x->c;
    sights s = { 0 };
    for (size_t i = 0; i < c->nrows && !x->failed; i++) {
        sight one = { { NULL, 0 }, 0, ST_NO_INCIDENT, ST_NO_NODE, 0 };
        if (is_hit(c, &c->rows[i]))
            one = of_row(x, &c->rows[i], x->f->procs[c->rows[i].node].command_line);
        one.weight = 2;
        if (one.what.n >= ST_MIN_SHARED_COMMAND && memchr(one.what.p, ' ', one.what.n))
            see(x, &s, one);
    }
    sort_sights(&s);
    st_telling *words = telling_of(x, &s);
    x->failed |= !words;
    share(x, &s, "command ", words);
    st_telling_free(words);
}

/* "http://203.0.113.9/a", "203.0.113.9:80 tcp", "cdn.example = 203.0.113.9": the address alone. */
static st_str address_of(st_str what)
{
    size_t at = find(what, "://", 0), end;
    if (at != SIZE_MAX)
        what = (st_str){ what.p + at + 3, what.n - at - 3 };
    for (end = 0; end < what.n && !memchr(" /\"'", what.p[end], 4);)
        end++;
    st_str host = { what.p, end };
    const char *colon = host.n ? memrchr(host.p, ':', host.n) : NULL;
    if (colon)
        host.n = (size_t)(colon - host.p);
    bool loop = st_str_starts(host, ST_STR("127.")) || st_str_eq(host, ST_STR("localhost")) ||
                st_str_eq(host, ST_STR("::1")) || st_str_eq(host, ST_STR("0:0:0:0:0:0:0:1"));
    return loop ? (st_str){ NULL, 0 } : host;
}

static void share_addresses(st_summing *x)
{
    sights s = { 0 };
    for (size_t i = 0; i < x->n && !x->failed; i++) {
        const st_fact *a = &x->v[i];
        if (a->kind != ST_FACT_CONTACTED)
            continue;
        see(x, &s,
            (sight){ .what = address_of(a->what),
                     .host = x->c->incidents[a->incident].host,
                     .incident = a->incident,
                     .node = a->by,
                     .weight = 1 });
    }
    sort_sights(&s);
    share(x, &s, "address ", NULL);
}

bool st_spread_make(st_summing *x)
{
    st_case *c = x->c;
    endings e;
    c->reached = ST_NEWN(&c->arena, uint32_t, x->f->nhosts + 1);
    if (!c->reached)
        return false;
    if (x->f->nhosts > 1) {
        if (!st_incidents_by_host(c, c->nincidents, &x->by_host))
            return false;
        share_addresses(x);
        share_programs(x);
        share_commands(x);
    }
    endings_make(&e);
    x->failed |= !st_host_names_make(&x->names, x->f);
    for (size_t i = 0; i < x->naiming && !x->failed; i++)
        from_command(x, &e, &c->rows[x->aiming[i]]);
    x->failed |= x->names.asked.failed;
    st_host_names_free(&x->names);
    free(x->by_host.list);
    free(x->by_host.start);
    return !x->failed;
}
