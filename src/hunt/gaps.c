/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gaps.c - what says that process creations were lost, from the evidence itself: each with its
 * time, its record numbers or bytes, and its source.
 *
 * Holes and clock steps come from the numbers of live Sysmon records, which the forest has sorted;
 * stops and new configurations from the service's events; cleared logs from the log service's and
 * from command lines; unread bytes from the sources' account. What is left is whole, and in a whole
 * span a parent that a child names, that started then and has no record, is a creation that was
 * taken away.
 */
#include "internal.h"

#include "base/decoded.h"
#include "base/limits.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct finding_gaps {
    st_case *c;
    const st_forest *f;
    st_gap *v;
    size_t n, cap;
    uint32_t *of_host; /* how many of a host are kept; past ST_MAX_GAPS the last one grows */
    size_t *latest;    /* by host and kind: the last one in v, from 1; 0: none */
    unsigned threads;
    bool failed;
} finding_gaps;

static size_t *latest(const finding_gaps *x, const st_gap *g)
{
    return &x->latest[(size_t)g->host * ST_GAP_KINDS + g->kind];
}

static void put(finding_gaps *x, st_gap g)
{
    if (g.host >= x->f->nhosts)
        return;
    size_t *at = latest(x, &g);
    if (x->of_host[g.host] >= ST_MAX_GAPS && *at) {
        st_gap *last = &x->v[*at - 1];
        last->n += g.n;
        last->to = g.to > last->to ? g.to : last->to;
        last->to_id = g.to_id > last->to_id ? g.to_id : last->to_id;
        return;
    }
    if (!st_grow(&x->v, &x->cap, x->n + 1, sizeof *x->v)) {
        x->failed = true;
        return;
    }
    x->of_host[g.host]++;
    x->v[x->n++] = g;
    *at = x->n;
}

static st_gap blank(uint32_t host, unsigned kind)
{
    return (st_gap){
        .host = host, .kind = (uint8_t)kind, .n = 1, .source = UINT32_MAX, .node = ST_NO_NODE
    };
}

static st_str keep(finding_gaps *x, st_buf *text)
{
    st_str s = st_arena_copy(&x->c->arena, st_buf_slice(text));
    x->failed |= text->failed || x->c->arena.failed;
    st_buf_free(text);
    return s;
}

/* record numbers */

/* From a record to the next by number, both live and of one host. */
static void between(finding_gaps *x, uint32_t host, const st_seen *a, const st_seen *b)
{
    if (b->event_record_id > a->event_record_id + 1) {
        st_gap g = blank(host, ST_GAP_HOLE);
        g.from = a->created;
        g.to = b->created;
        g.from_id = a->event_record_id + 1;
        g.to_id = b->event_record_id - 1;
        g.n = g.to_id - g.from_id + 1;
        put(x, g);
    } else if (b->event_record_id == a->event_record_id + 1 && b->created &&
               b->created + ST_CLOCK_STEP < a->created) {
        st_gap g = blank(host, ST_GAP_CLOCK);
        g.from = b->created;
        g.to = a->created;
        g.from_id = a->event_record_id;
        g.to_id = b->event_record_id;
        put(x, g);
    }
}

static void first_of_host(finding_gaps *x, uint32_t host, const st_seen *a)
{
    if (a->event_record_id <= 1)
        return;
    st_gap g = blank(host, ST_GAP_BEGINS);
    g.to = a->created;
    g.from_id = 1;
    g.to_id = a->event_record_id - 1;
    g.n = g.to_id;
    put(x, g);
}

static void find_holes(finding_gaps *x)
{
    const st_store *s = x->f->store;
    const st_seen *before = NULL;
    uint32_t last = UINT32_MAX;
    for (size_t i = 0; i < s->nseen; i++) {
        const st_seen *a = &s->seen[i];
        uint32_t host = st_tree_host_of(x->f, a->computer);
        if (a->origin != ST_O_LIVE)
            continue;
        if (a->event_id == 255) {
            st_gap g = blank(host, ST_GAP_ERROR);
            g.from = g.to = a->created;
            g.from_id = g.to_id = a->event_record_id;
            /* Copies lie side by side. */
            if (!before || host != last || before->event_record_id != a->event_record_id)
                put(x, g);
        }
        if (!a->event_record_id)
            continue;
        if (!before || host != last)
            first_of_host(x, host, a);
        else
            between(x, host, before, a);
        before = a;
        last = host;
    }
}

/* the service */

static int by_time(const void *pa, const void *pb)
{
    const st_service *a = *(const st_service *const *)pa, *b = *(const st_service *const *)pb;
    if (a->utc != b->utc)
        return a->utc < b->utc ? -1 : 1;
    if (a->created != b->created)
        return a->created < b->created ? -1 : 1;
    return (a->state > b->state) - (a->state < b->state);
}

static bool says(const finding_gaps *x, const st_service *v, const char *word)
{
    return st_str_ieq(st_pool_get(x->f->pool, v->state), st_str_of(word));
}

static bool same_event(const st_service *a, const st_service *b)
{
    return a->computer == b->computer && a->utc == b->utc && a->created == b->created &&
           a->state == b->state;
}

/* From the last to the first, so that when a host's service starts again is known at its stop. */
static void put_stops(finding_gaps *x, const st_service **v, size_t n, st_ticks *started)
{
    for (size_t i = n; i-- > 0;) {
        uint32_t host = st_tree_host_of(x->f, v[i]->computer);
        bool stop = says(x, v[i], "Stopped"), config = says(x, v[i], "config");
        if (host < x->f->nhosts && says(x, v[i], "Started"))
            started[host] = v[i]->utc;
        if ((!stop && !config) || host >= x->f->nhosts || (i && same_event(v[i - 1], v[i])))
            continue;
        st_gap g = blank(host, stop ? ST_GAP_STOPPED : ST_GAP_CONFIG);
        g.from = v[i]->utc;
        g.to = stop ? started[host] : g.from;
        if (config)
            g.detail = st_pool_get(x->f->pool, v[i]->version);
        put(x, g);
    }
}

static void find_stops(finding_gaps *x)
{
    const st_store *s = x->f->store;
    size_t n = 0;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    const st_service **v = malloc((s->nservices + 1) * sizeof *v);
    st_ticks *started = calloc(x->f->nhosts + 1, sizeof *started);
    x->failed |= !v || !started;
    for (size_t i = 0; v && i < s->nservices; i++)
        if (s->services[i].origin == ST_O_LIVE)
            v[n++] = &s->services[i];
    if (!x->failed && n) {
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
        qsort(v, n, sizeof *v, by_time);
        put_stops(x, v, n, started);
    }
    free(started);
    free(v);
}

/* cleared logs */

static void find_cleared_events(finding_gaps *x)
{
    for (size_t i = 0; i < x->f->nevents; i++) {
        const st_event *e = &x->f->events[i];
        const st_events *k = st_event_columns(x->f, e);
        if (st_event_kind_at(e->kind)->key.provider != ST_EVENTLOG ||
            k->origin[e->row] != ST_O_LIVE)
            continue;
        st_gap g = blank(e->host, ST_GAP_CLEARED);
        st_buf t = { 0 };
        g.from = g.to = k->utc[e->row];
        g.from_id = g.to_id = k->event_record_id[e->row];
        g.source = k->source[e->row];
        g.offset = k->offset[e->row];
        st_target_put(x->f, e, &t);
        g.detail = keep(x, &t);
        put(x, g);
    }
}

static bool has(st_str s, const char *word)
{
    size_t n = strlen(word);
    unsigned char first = (unsigned char)(word[0] | 32);
    for (size_t i = 0; i + n <= s.n; i++)
        if (((unsigned char)s.p[i] | 32) == first &&
            st_str_ieq((st_str){ s.p + i, n }, (st_str){ word, n }))
            return true;
    return false;
}

/* All of them have "evt" or "event" in them, which few commands have: told at the speed of memchr.
 */
static bool may_clear(st_str s)
{
    static const char letters[] = "vV";
    for (unsigned k = 0; k < 2; k++)
        for (size_t i = 1; i + 1 < s.n; i++) {
            const char *v = memchr(s.p + i, letters[k], s.n - 1 - i);
            if (!v)
                break;
            i = (size_t)(v - s.p);
            if ((v[-1] | 32) == 'e' && ((v[1] | 32) == 't' || (v[1] | 32) == 'e'))
                return true;
        }
    return false;
}

/* Words with one blank on each side: what shells take away is gone, what parts words is a blank. */
static void put_words(st_str s, st_buf *out)
{
    st_buf_char(out, ' ');
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!c || strchr("\"'^`", c))
            continue;
        bool parts = (unsigned char)c <= ' ' || strchr(",;()[]{}|&", c);
        if (!parts)
            st_buf_char(out, c);
        else if (out->p[out->n - 1] != ' ')
            st_buf_char(out, ' ');
    }
    st_buf_char(out, ' ');
}

/* Does a command clear a log? program and own: its path, and the name that it was built with,
 * whatever it is called. */
static bool clears(st_str program, st_str own, st_str command, st_buf *words)
{
    static const struct {
        const char *who, *what; /* an empty one: who says it all */
    } kin[] = {
        { "wevtutil", " cl " },
        { "wevtutil", " clear-log " },
        { "clear-eventlog ", "" },
        { "remove-eventlog ", "" },
        { "clear-winevent ", "" },
        { "nteventlog", "cleareventlog " },
        { "eventlogsession", ".clearlog " },
        { "eventlog", ".clear " },
        { "get-eventlog ", " clear " },
    };
    st_buf_clear(words);
    put_words(program, words);
    put_words(own, words);
    put_words(command, words);
    st_str s = st_buf_slice(words);
    for (size_t i = 0; i < sizeof kin / sizeof kin[0]; i++)
        if (has(s, kin[i].who) && (!*kin[i].what || has(s, kin[i].what)))
            return true;
    return false;
}

/* What was asked lately: the last command, as most are one another's copies, side by side; and
 * names of programs, of which there are few. */
typedef struct asked {
    st_sid image, command;
    bool cleared;
    struct {
        st_sid text;
        bool may;
    } names[256];
    st_buf words, decoded;
} asked;

static bool name_may_clear(const st_forest *f, asked *a, st_sid text)
{
    size_t i = text % (sizeof a->names / sizeof a->names[0]);
    if (a->names[i].text != text) {
        a->names[i].text = text;
        a->names[i].may = may_clear(st_pool_get(f->pool, text));
    }
    return a->names[i].may;
}

static bool ask(const st_forest *f, asked *a, const st_proc *p)
{
    if (p->image == a->image && p->command_line == a->command)
        return a->cleared;
    st_sid original = f->store->creations.original_file_name[p->row];
    st_str program = st_pool_get(f->pool, p->image), own = st_pool_get(f->pool, original),
           command = st_pool_get(f->pool, p->command_line);
    a->image = p->image;
    a->command = p->command_line;
    a->cleared =
        (name_may_clear(f, a, original) || name_may_clear(f, a, p->image) || may_clear(command)) &&
        clears(program, own, command, &a->words);
    if (!a->cleared) {
        st_buf_clear(&a->decoded);
        st_decoded_put(command, &a->decoded);
        a->cleared = a->decoded.n && clears(program, own, st_buf_slice(&a->decoded), &a->words);
    }
    return a->cleared;
}

enum { CLEARS = 1, STARTS_ONE = 2, STRETCH = 8192 };

typedef struct asking {
    const st_forest *f;
    uint8_t *is;
    atomic_bool failed;
} asking;

static void ask_stretch(void *ctx, unsigned thread, size_t stretch)
{
    asking *x = ctx;
    const st_forest *f = x->f;
    asked a = { .image = ST_ABSENT, .command = ST_ABSENT };
    (void)thread;
    for (size_t i = stretch * STRETCH; i < (stretch + 1) * STRETCH && i < f->observed; i++)
        x->is[i] = f->procs[i].origin == ST_O_LIVE && ask(f, &a, &f->procs[i]) ? CLEARS : 0;
    if (a.words.failed || a.decoded.failed)
        atomic_store(&x->failed, true);
    st_buf_free(&a.words);
    st_buf_free(&a.decoded);
}

/* Which live processes are commands that clear a log; of a shell that starts one, the one alone. */
static uint8_t *clearing(finding_gaps *x)
{
    size_t n = x->f->observed;
    asking a = { .f = x->f, .is = calloc(n + 1, sizeof *a.is) };
    if (a.is)
        st_parallel(x->threads, (n + STRETCH - 1) / STRETCH, ask_stretch, &a);
    x->failed |= !a.is || atomic_load(&a.failed);
    for (size_t i = 0; a.is && i < n; i++) {
        st_node parent = x->f->procs[i].parent;
        if ((a.is[i] & CLEARS) && parent < n && parent != i)
            a.is[parent] |= STARTS_ONE;
    }
    return a.is;
}

static void find_clearing_commands(finding_gaps *x)
{
    const st_creations *k = &x->f->store->creations;
    uint8_t *is = clearing(x);
    for (size_t i = 0; is && i < x->f->observed; i++) {
        const st_proc *p = &x->f->procs[i];
        if (is[i] != CLEARS)
            continue;
        st_gap g = blank(p->host, ST_GAP_CLEARED);
        g.from = g.to = p->start;
        g.from_id = g.to_id = k->event_record_id[p->row];
        g.source = k->source[p->row];
        g.offset = k->offset[p->row];
        g.node = (st_node)i;
        g.detail = st_pool_get(x->f->pool, p->command_line);
        put(x, g);
    }
    free(is);
}

/* unread bytes */

static void put_unread(finding_gaps *x, const st_stay *stay, uint64_t offset, uint64_t bytes,
                       const char *why)
{
    st_gap g = blank(stay->host, ST_GAP_UNREAD);
    g.from = stay->first;
    g.to = stay->last;
    g.source = stay->source;
    g.offset = offset;
    g.n = bytes;
    g.detail = st_str_of(why);
    put(x, g);
}

static void find_unread(finding_gaps *x)
{
    size_t n = 0;
    st_stay *stays = st_stays_make(x->f, &n);
    x->failed |= !stays;
    for (size_t i = 0; stays && x->f->evidence && i < n; i++) {
        const st_stay *stay = &stays[i];
        if (stay->source >= st_evidence_count(x->f->evidence) || !stay->sysmon)
            continue;
        const st_source *src = st_evidence_at(x->f->evidence, stay->source);
        const st_report *r = src->report;
        for (size_t k = 0; k < r->lost.n; k++)
            put_unread(x, stay, r->lost.list[k].offset, r->lost.list[k].length,
                       r->lost.list[k].reason);
        if (r->chunks_missing)
            put_unread(x, stay, r->chunks_end, r->chunks_missing * UINT64_C(65536),
                       "missing-chunk");
        else if (r->truncated && !r->lost.n)
            put_unread(x, stay, src->size, 0, "truncated");
    }
    free(stays);
}

/* parents that should be there */

typedef struct image {
    uint32_t host;
    st_sid name;
} image;

static int by_image(const void *pa, const void *pb)
{
    const image *a = pa, *b = pb;
    if (a->host != b->host)
        return a->host < b->host ? -1 : 1;
    return (a->name > b->name) - (a->name < b->name);
}

static size_t distinct(image *v, size_t n)
{
    size_t out = 0;
    if (n)
        qsort(v, n, sizeof *v, by_image);
    for (size_t i = 0; i < n; i++)
        if (!out || by_image(&v[out - 1], &v[i]))
            v[out++] = v[i];
    return out;
}

static st_sid folded(finding_gaps *x, st_sid name, st_buf *b)
{
    st_buf_clear(b);
    st_fold_put(b, st_pool_get(x->f->pool, name));
    return st_pool_put(x->f->pool, st_buf_slice(b));
}

/* Those of all processes, but for repetitions of one that was met lately: there are few images, and
 * what is left is sorted. NULL: no memory. */
static image *images_of(const st_forest *f, size_t *n)
{
    enum { LATELY = 1024 };
    image lately[LATELY] = { { 0 } }; /* host + 1 */
    image *v = NULL;
    size_t cap = 0;
    *n = 0;
    for (size_t i = 0; i < f->observed; i++) {
        image own = { f->procs[i].host, f->procs[i].image };
        image *met = &lately[(own.name + own.host * 31) % LATELY];
        if (met->name == own.name && met->host == own.host + 1)
            continue;
        *met = (image){ own.host + 1, own.name };
        if (!st_grow(&v, &cap, *n + 1, sizeof *v)) {
            free(v);
            return NULL;
        }
        v[(*n)++] = own;
    }
    return v ? v : calloc(1, sizeof *v);
}

/* The images that have a record of their own, host by host. */
static image *recorded_images(finding_gaps *x, size_t *n, st_buf *b)
{
    image *v = images_of(x->f, n);
    *n = v ? distinct(v, *n) : 0;
    for (size_t i = 0; i < *n; i++)
        v[i].name = folded(x, v[i].name, b);
    *n = distinct(v, *n);
    return v;
}

static int by_host(const void *pa, const void *pb)
{
    const st_gap *a = pa, *b = pb;
    const uint64_t x[] = {
        a->host, a->from ? a->from : a->to, a->kind, a->from_id, a->source, a->offset, a->node
    };
    const uint64_t y[] = {
        b->host, b->from ? b->from : b->to, b->kind, b->from_id, b->source, b->offset, b->node
    };
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return st_str_cmp(a->detail, b->detail);
}

static void sort(finding_gaps *x)
{
    if (x->n)
        qsort(x->v, x->n, sizeof *x->v, by_host);
    for (size_t i = 0; i < x->n; i++)
        *latest(x, &x->v[i]) = i + 1;
}

/* Where each host's gaps begin among the sorted ones; one more at the end. */
static size_t *starts(const finding_gaps *x)
{
    size_t *start = calloc(x->f->nhosts + 2, sizeof *start);
    for (size_t i = 0; start && i < x->n; i++)
        start[x->v[i].host + 1]++;
    for (size_t h = 0; start && h < x->f->nhosts; h++)
        start[h + 1] += start[h];
    return start;
}

/* The spans that aren't whole, in order: by gap, how far those of its host up to it reach. */
typedef struct spans {
    const st_gap *gaps; /* sorted */
    const size_t *start;
    st_ticks *reach;
} spans;

static bool is_span(const st_gap *g)
{
    return g->kind == ST_GAP_HOLE || g->kind == ST_GAP_UNREAD || g->kind == ST_GAP_STOPPED ||
           g->kind == ST_GAP_CLOCK;
}

static void reach(const spans *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const st_gap *g = &s->gaps[i];
        st_ticks before = i && g[-1].host == g->host ? s->reach[i - 1] : 0;
        st_ticks to = !is_span(g) ? 0 : g->to ? g->to : UINT64_MAX;
        s->reach[i] = to > before ? to : before;
    }
}

static st_ticks begins(const st_gap *g)
{
    return g->from ? g->from : g->to;
}

/* Does a span that is whole hold the whole second t? */
static bool whole(const st_forest *f, const spans *s, uint32_t host, st_ticks t)
{
    const st_host *h = &f->hosts[host];
    st_ticks end = t + ST_TICKS_SECOND;
    size_t low = s->start[host], high = s->start[host + 1];
    if (!h->first || t <= h->first || end >= h->last)
        return false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (begins(&s->gaps[mid]) < end)
            low = mid + 1;
        else
            high = mid;
    }
    return low == s->start[host] || s->reach[low - 1] <= t;
}

static bool is_missing(const st_proc *p)
{
    return !(p->flags & (ST_P_OBSERVED | ST_P_FROM_EVENT)) && p->origin == ST_O_LIVE &&
           p->children && p->start && !st_guid_zero(&p->guid);
}

static void put_parent(finding_gaps *x, st_node n)
{
    const st_proc *p = &x->f->procs[n];
    st_gap g = blank(p->host, ST_GAP_PARENT);
    st_buf t = { 0 };
    g.from = g.to = p->start;
    g.node = n;
    st_str name = st_pool_get(x->f->pool, p->image);
    st_buf_str(&t, name.n ? name : ST_STR("?"));
    if (p->pid != ST_NO_U32)
        st_buf_fmt(&t, "(%u)", p->pid);
    st_buf_fmt(&t, ", %u child%s", p->children, p->children == 1 ? "" : "ren");
    g.detail = keep(x, &t);
    put(x, g);
}

/* Processes of an image without any record: once, with their number. */
static void put_filtered(finding_gaps *x, image *v, size_t n)
{
    if (n)
        qsort(v, n, sizeof *v, by_image);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && !by_image(&v[i], &v[end]);)
            end++;
        st_gap g = blank(v[i].host, ST_GAP_FILTERED);
        const st_host *h = &x->f->hosts[v[i].host];
        g.from = h->first;
        g.to = h->last;
        g.n = end - i;
        g.detail = st_pool_get(x->f->pool, v[i].name);
        put(x, g);
    }
}

static void find_parents(finding_gaps *x)
{
    size_t nimages = 0, nfiltered = 0, others = x->f->n - x->f->observed;
    st_buf b = { 0 };
    sort(x);
    size_t *start = starts(x);
    image *images = recorded_images(x, &nimages, &b);
    image *filtered = malloc((others + 1) * sizeof *filtered);
    st_gap *sorted = calloc(x->n + 1, sizeof *sorted);
    if (sorted && x->n)
        memcpy(sorted, x->v, x->n * sizeof *sorted);
    spans parts = { sorted, start, malloc((x->n + 1) * sizeof *parts.reach) };
    bool ok = start && images && filtered && sorted && parts.reach;
    if (ok)
        reach(&parts, x->n);
    for (size_t i = x->f->observed; ok && i < x->f->n; i++) {
        const st_proc *p = &x->f->procs[i];
        if (!is_missing(p) || !whole(x->f, &parts, p->host, p->start))
            continue;
        image own = { p->host, folded(x, p->image, &b) };
        if (bsearch(&own, images, nimages, sizeof own, by_image))
            put_parent(x, (st_node)i);
        else
            filtered[nfiltered++] = own;
    }
    if (ok)
        put_filtered(x, filtered, nfiltered);
    x->failed |= !ok || b.failed;
    free(start);
    free(images);
    free(filtered);
    free(sorted);
    free(parts.reach);
    st_buf_free(&b);
}

bool st_gaps_make(st_case *c, unsigned threads)
{
    finding_gaps x = { .c = c, .f = c->forest, .threads = threads };
    x.of_host = calloc(x.f->nhosts + 1, sizeof *x.of_host);
    x.latest = calloc((x.f->nhosts + 1) * ST_GAP_KINDS, sizeof *x.latest);
    x.failed = !x.of_host || !x.latest;
    if (!x.failed) {
        find_holes(&x);
        find_stops(&x);
        find_cleared_events(&x);
        find_clearing_commands(&x);
        find_unread(&x);
        find_parents(&x);
        sort(&x);
    }
    c->gaps = ST_NEWN(&c->arena, st_gap, x.n);
    c->ngaps = x.n;
    bool ok = !x.failed && c->gaps;
    if (ok && x.n)
        memcpy(c->gaps, x.v, x.n * sizeof *x.v);
    free(x.v);
    free(x.of_host);
    free(x.latest);
    return ok;
}
