/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.c - both ends of the line to the child that unpacks.
 *
 * The child asks for bytes of the archive and gives members. A member begins with questions: is it
 * wanted by its name, and, while its first bytes come, by them; once it is, its bytes come without
 * waiting for an answer. Both ends are this program, so numbers go as they lie in memory.
 */
#include "members.h"
#include "base/child.h"
#include "base/confine.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 4096, SLOT = 65536, FIRST_LOOK = HEADER + 8, LAST_LOOK = HEADER + 2 * SLOT + 8 };

typedef enum what { SAY_HELD, ASK_READ, ASK_MEMBER, SAY_DATA, SAY_ENDED, SAY_END } what;

typedef struct message {
    uint32_t what, n; /* bytes that follow */
    uint64_t a, b;
} message;

typedef enum answer { SKIP, MORE, KEEP } answer;

/* the child */

typedef struct worker {
    const st_unit *u;
    const st_intake *how;
    uint64_t size, ticket;
    bool has_ticket, broken, asks; /* asks: data is answered */
} worker;

static bool say(worker *w, const message *m, const void *p)
{
    if (!w->broken && (!st_line_put(0, m, sizeof *m) || (m->n && !st_line_put(0, p, m->n))))
        w->broken = true;
    return !w->broken;
}

static answer hear(worker *w)
{
    uint32_t k = SKIP;
    if (!w->broken && !st_line_get(0, &k, sizeof k))
        w->broken = true;
    return w->broken ? SKIP : (answer)k;
}

static size_t ask_bytes(void *ctx, uint64_t offset, void *to, size_t n)
{
    worker *w = ctx;
    uint32_t got = 0;
    message m = { .what = ASK_READ, .a = offset, .b = n };
    if (!say(w, &m, NULL) || !st_line_get(0, &got, sizeof got) || got > n ||
        !st_line_get(0, to, got))
        return SIZE_MAX;
    return got;
}

/* Members are taken by whoever comes first; each is one's own. */
static bool is_mine(void *ctx, uint64_t i)
{
    worker *w = ctx;
    while (!w->has_ticket || w->ticket < i) {
        w->ticket = atomic_fetch_add(w->u->ticket, 1);
        w->has_ticket = true;
    }
    if (w->ticket != i)
        return false;
    w->has_ticket = false;
    return true;
}

static bool ask_member(void *ctx, uint64_t i, st_str name, unsigned flags, uint64_t size)
{
    worker *w = ctx;
    message m = { .what = ASK_MEMBER, .n = (uint32_t)name.n, .a = i, .b = flags };
    (void)size;
    w->asks = true;
    return say(w, &m, name.p) && hear(w) != SKIP;
}

static bool say_data(void *ctx, uint64_t offset, const void *p, size_t n)
{
    worker *w = ctx;
    message m = { .what = SAY_DATA, .n = (uint32_t)n, .a = offset };
    if (!say(w, &m, p))
        return false;
    answer k = w->asks ? hear(w) : KEEP;
    w->asks = k == MORE;
    return k != SKIP;
}

static void say_ended(void *ctx, st_unpacked how, uint64_t size)
{
    message m = { .what = SAY_ENDED, .a = how, .b = size };
    say(ctx, &m, NULL);
}

static void serve(void *ctx, int fd)
{
    worker *w = ctx;
    st_unpack_order o = { .format = w->u->format,
                          .filtered = w->u->filtered,
                          .size = w->size,
                          .passwords = w->how->passwords,
                          .npasswords = w->how->npasswords };
    st_unpack_io io = { .ctx = w,
                        .read = ask_bytes,
                        .mine = w->u->ticket ? is_mine : NULL,
                        .member = ask_member,
                        .data = say_data,
                        .ended = say_ended };
    uint64_t members = 0;
    setlocale(LC_CTYPE, "C.UTF-8"); /* libarchive gives no name else */
    message held = { .what = SAY_HELD };
    held.a = st_confine(fd, &(st_confinement){ ST_MAX_ARCHIVE_MEMORY, ST_MAX_ARCHIVE_SECONDS });
    say(w, &held, NULL);
    st_unpacked how = st_unpack(&o, &io, &members);
    message m = { .what = SAY_END, .a = how, .b = members };
    say(w, &m, NULL);
}

/* the parent */

typedef struct visit {
    st_intake_run *run;
    st_unit *u;
    st_spool *spool;
    st_child child;
    st_file *file;
    uint64_t out; /* bytes that this share has given */
    st_member *m; /* in hand; NULL: none, or not wanted any more */
    bool looking; /* is it wanted? its first bytes tell */
    unsigned char *head;
    size_t filled;
    uint64_t end; /* where its bytes end so far */
    unsigned char block[ST_ARCHIVE_BLOCK];
} visit;

static bool out_of_memory(visit *v)
{
    v->u->code = ST_E_MEMORY;
    return false;
}

static bool reply(const visit *v, answer k)
{
    uint32_t n = k;
    return st_child_send(&v->child, &n, sizeof n);
}

static bool give_bytes(visit *v, const message *m)
{
    size_t got = 0, n = m->b < sizeof v->block ? (size_t)m->b : sizeof v->block;
    st_err why = { 0 };
    uint32_t said;
    if (st_file_read(v->file, m->a, v->block, n, &got, &why) != ST_OK)
        v->u->short_of = "it can't be read to its end";
    said = (uint32_t)got;
    return st_child_send(&v->child, &said, sizeof said) && st_child_send(&v->child, v->block, got);
}

/* limits */

/* What is met by n more bytes of the member in hand, whose end is then at `end`. */
static const char *limit_met(visit *v, uint64_t end, size_t n)
{
    uint64_t size = v->u->source->size ? v->u->source->size : 1;
    v->out += n;
    if (end > ST_MAX_MEMBER_BYTES)
        return "stopped: more than 64 GiB in one member";
    if (atomic_fetch_add(&v->run->unpacked, n) + n > ST_MAX_UNPACKED_BYTES)
        return "stopped: more than 1 TiB from archives";
    if (v->out > ST_MAX_ARCHIVE_FREE && v->out / size > ST_MAX_ARCHIVE_RATIO)
        return "stopped: it unpacks to more than 300 times its size";
    return NULL;
}

/* a member */

static bool begin_member(visit *v, const message *m)
{
    st_unit *u = v->u;
    if (m->n > ST_MAX_MEMBER_NAME || !st_child_receive(&v->child, v->block, m->n))
        return false;
    if (u->n >= ST_MAX_MEMBERS) {
        u->short_of = "stopped: more than a million members";
        return false;
    }
    if (!st_grow(&u->members, &u->cap, u->n + 1, sizeof *u->members))
        return out_of_memory(v);
    st_member *x = &u->members[u->n++];
    uint64_t behind = u->format == ST_F_ZIP_STREAM ? ST_MAX_MEMBERS + 1 : 0; /* those it lists */
    *x = (st_member){ .i = m->a + behind, .flags = (unsigned)m->b & (ST_M_LINK | ST_M_ENCRYPTED) };
    x->name = st_arena_copy(&u->arena, (st_str){ (const char *)v->block, m->n });
    x->place.fd = -1;
    x->kind = (st_kind){ .name = x->flags & ST_M_LINK ? "link" : "empty", .empty = true };
    if (!x->name.p)
        return out_of_memory(v);
    v->m = x->flags & ST_M_LINK ? NULL : x;
    v->looking = true;
    v->filled = 0;
    v->end = 0;
    return reply(v, v->m ? MORE : SKIP);
}

/* Looks at what there is of its beginning. True: it is told what it is. */
static bool tell(visit *v, bool all)
{
    st_source head = { .bytes = v->head, .size = v->filled };
    st_file *f = NULL;
    st_err why = { 0 };
    if (!all && v->filled < FIRST_LOOK)
        return false;
    if (st_file_open(&head, &f, &why) != ST_OK || st_sniff(f, &v->m->kind, &why) != ST_OK)
        v->u->code = ST_E_MEMORY;
    st_file_close(f);
    bool sure = !v->m->kind.guessed && !v->m->kind.zeros && !v->m->kind.empty;
    return all || sure || v->filled == LAST_LOOK;
}

/* Is that kind to be read, here or as an archive of its own? Zeros may go on with a log. */
static bool is_wanted(const visit *v, const st_kind *k)
{
    if (k->format)
        return v->u->open_inner || k->format == ST_F_STREAM;
    return k->evtx || k->carrier || ((k->zeros || k->goes_on) && v->filled == LAST_LOOK) ||
           (v->run->carve && k->carvable) || st_is_sparse_index(v->m->name);
}

static void fill_head(visit *v, uint64_t offset, const unsigned char *p, size_t n)
{
    if (offset >= LAST_LOOK)
        offset = LAST_LOOK;
    if (offset > v->filled) {
        memset(v->head + v->filled, 0, (size_t)offset - v->filled);
        v->filled = (size_t)offset;
    }
    size_t take = LAST_LOOK - v->filled < n ? LAST_LOOK - v->filled : n;
    memcpy(v->head + v->filled, p, take);
    v->filled += take;
}

static const char *in_words(visit *v, const st_err *why)
{
    st_str s = st_arena_copy(&v->u->arena, st_str_of(why->text));
    return s.p ? s.p : "no memory";
}

/* Keeps bytes; false: they aren't kept, and why is written down. */
static bool keep(visit *v, uint64_t offset, const unsigned char *p, size_t n)
{
    st_err why = { 0 };
    const char *met = limit_met(v, offset + n, n);
    if (!met && st_spool_put(v->spool, offset, p, n, &why) == ST_OK) {
        v->end = offset + n;
        return true;
    }
    if (why.code == ST_E_MEMORY)
        v->u->code = ST_E_MEMORY;
    v->m->short_of = met ? met : in_words(v, &why);
    if (met)
        v->u->short_of = met;
    return false;
}

/* A compressed file that holds an archive of members one behind the other is read as such. */
static bool is_filtered_archive(const visit *v)
{
    st_format f = v->m->kind.format;
    return v->u->format == ST_F_STREAM && (f == ST_F_TAR || f == ST_F_CPIO);
}

static void finish(visit *v, st_unpacked how, uint64_t size)
{
    st_err why = { 0 };
    st_member *m = v->m;
    v->m = NULL;
    if (!m)
        return;
    m->how = how;
    if (v->looking) {
        v->m = m;
        tell(v, true);
        m->kept = is_wanted(v, &m->kind);
        v->m = NULL;
    }
    if (!m->kept) {
        st_spool_drop(v->spool);
        return;
    }
    if (st_spool_end(v->spool, size, &m->place, &why) != ST_OK) {
        m->kept = false;
        m->short_of = in_words(v, &why);
        v->u->code = why.code == ST_E_MEMORY ? ST_E_MEMORY : v->u->code;
    }
}

static void forget(visit *v)
{
    v->m->kept = false;
    v->looking = false;
    finish(v, ST_U_OK, 0);
}

/* What is said to bytes that came while it wasn't known what they are. */
static answer judge(visit *v)
{
    if (!tell(v, false))
        return MORE;
    v->looking = false;
    if (is_filtered_archive(v)) {
        v->u->again = v->m->kind.format;
        return SKIP;
    }
    v->m->kept = is_wanted(v, &v->m->kind);
    return v->m->kept ? KEEP : SKIP;
}

static bool take_data(visit *v, const message *m)
{
    if (m->n > sizeof v->block || !st_child_receive(&v->child, v->block, m->n))
        return false;
    if (!v->m) /* it didn't fit: what comes until its end isn't wanted */
        return limit_met(v, 0, m->n) == NULL;
    if (m->a < v->end || m->a > ST_MAX_MEMBER_BYTES)
        return false;
    if (v->filled < LAST_LOOK)
        fill_head(v, m->a, v->block, m->n);
    bool looked = v->looking;
    answer k = keep(v, m->a, v->block, m->n) ? KEEP : SKIP;
    if (k == SKIP)
        v->m->kept =
            v->u->short_of != NULL; /* at a limit of all, what there is; else it is named */
    else if (looked)
        k = judge(v);
    if (v->u->code || v->u->again || v->u->short_of)
        return false;
    if (k == SKIP)
        forget(v);
    return !looked || reply(v, k);
}

static bool take_end(visit *v, const message *m)
{
    v->u->seen = m->b;
    v->u->how = m->a <= ST_U_MEMORY ? (st_unpacked)m->a : ST_U_BROKEN;
    return false;
}

/* One message. False: it was the last, or the child is of no use any more. */
static bool turn(visit *v, bool *ended)
{
    message m;
    st_child_ask(&v->child);
    if (!st_child_receive(&v->child, &m, sizeof m))
        return false;
    switch ((what)m.what) {
    case SAY_HELD:
        if (!(m.a & ST_HELD_CALLS))
            atomic_store(&v->run->unfiltered, true);
        return true;
    case ASK_READ: return give_bytes(v, &m);
    case ASK_MEMBER: finish(v, ST_U_BROKEN, 0); return begin_member(v, &m);
    case SAY_DATA: return take_data(v, &m);
    case SAY_ENDED:
        if (m.b > ST_MAX_MEMBER_BYTES)
            return false;
        finish(v, m.a <= ST_U_MEMORY ? (st_unpacked)m.a : ST_U_BROKEN, m.b);
        return true;
    case SAY_END: *ended = true; return take_end(v, &m);
    }
    return false;
}

static void converse(visit *v)
{
    bool ended = false;
    while (turn(v, &ended))
        continue;
    finish(v, ST_U_BROKEN, 0);
    if (!ended && !v->u->again) {
        v->u->how = ST_U_BROKEN;
        if (!v->u->short_of && !v->u->code)
            v->u->short_of = "its reader ended: a limit of memory or time, or a fault";
    }
}

void st_unit_read(st_intake_run *run, st_unit *u, st_spool *spool)
{
    visit *v = calloc(1, sizeof *v);
    st_err why = { 0 };
    u->how = ST_U_BROKEN;
    if (v)
        v->head = malloc(LAST_LOOK);
    if (!v || !v->head || !spool) {
        u->code = ST_E_MEMORY;
    } else if (st_file_open(u->source, &v->file, &why) != ST_OK) {
        u->short_of = "it can't be opened";
    } else {
        worker w = { .u = u, .how = run->how, .size = u->source->size };
        v->run = run;
        v->u = u;
        v->spool = spool;
        v->child = (st_child){ .turn_ms = ST_MAX_ARCHIVE_TURN_MS, .turns = ST_MAX_ARCHIVE_TURNS };
        if (st_child_start(&v->child, serve, &w))
            converse(v);
        else
            u->short_of = "no process to read it in";
        st_child_stop(&v->child);
    }
    if (v) {
        st_file_close(v->file);
        free(v->head);
    }
    free(v);
}

void st_unit_free(st_unit *u)
{
    free(u->members);
    st_arena_free(&u->arena);
}
