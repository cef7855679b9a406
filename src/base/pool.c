/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.c - each distinct string once, named by a number.
 *
 * An open-addressed table beside an array of entries; a place of the table holds the hash beside
 * the id, so that neither a probe nor growing the table reads entries or strings of others.
 * The seed is random, so nobody who writes evidence can choose colliding strings;
 * ids count up in order of first sight, so no output depends on it.
 *
 * A pool that is shared has an end of its own: what was there stays as it is and is read without a
 * lock, new strings go behind it. The entries of the end lie in blocks that never move, each twice
 * as large as the one before, so that an id leads to its entry without a lock, too. Its table is in
 * stripes by the hash, each with a lock of its own for whoever adds to it, so that threads seldom
 * wait for each other. A string that is there is found without a lock: a place is filled when all
 * that it leads to is, and a table that has become too small stays, since others may be looking
 * into it.
 */
#include "shelltree/base.h"

#include "base/os/os.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    const char *p;
    uint32_t n;
} entry;

enum {
    FIRST_TABLE = 1024,
    STRING_BLOCK = 1 << 16,
    MANY_STRINGS = 1 << 20, /* bytes of them */
    LARGEST_BLOCK = 1 << 24,
    BEHIND = 64, /* zeros: patterns' machine code loads more than the text before it looks where the
                    text ends */
    FIRST_ENTRIES = 1024,
    ENTRY_BLOCKS = 22,
    STRIPE_BITS = 5, /* of a hash, the first: a place is told by the last */
    STRIPES = 1 << STRIPE_BITS,
    FIRST_STRIPE = FIRST_TABLE / STRIPES,
    TABLES = 26
};

typedef struct table {
    uint64_t *places; /* a hash and an id, 32 bits each; 0: free */
    size_t n;         /* a power of two */
} table;

/* Strings are packed: no padding between them. */
typedef struct texts {
    st_arena arena;
    char *block;
    size_t left; /* of the block */
} texts;

/* What of the end's strings has the same first bits of its hash. */
typedef struct stripe {
    _Atomic(const table *) table; /* the last of the tables */
    pthread_mutex_t lock;         /* for whoever adds */
    uint32_t count;
    texts texts;
    table
        tables[TABLES]; /* each larger than the one before; those that aren't made yet are empty */
} stripe;

/* The end of a shared pool. Its count changes with each new string, so it stands far from what all
 * threads read. */
typedef struct tail {
    _Atomic(entry *) blocks[ENTRY_BLOCKS];
    stripe stripes[STRIPES];
    atomic_uint_least32_t count;
} tail;

struct st_pool {
    texts texts;
    entry *entries;
    size_t entries_cap;
    uint32_t count; /* of a shared one: without its end */
    table table;
    uint64_t seed;
    atomic_bool failed;
    tail *tail; /* NULL: not shared */
};

static st_pool *with_seed(uint64_t seed)
{
    st_pool *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->seed = seed;
    p->table = (table){ calloc(FIRST_TABLE, sizeof *p->table.places), FIRST_TABLE };
    if (!p->table.places || !st_grow(&p->entries, &p->entries_cap, 64, sizeof *p->entries)) {
        st_pool_free(p);
        return NULL;
    }
    p->entries[ST_ABSENT] = (entry){ "", 0 };
    p->count = 1;
    if (st_pool_put(p, ST_STR("")) != ST_EMPTY) {
        st_pool_free(p);
        return NULL;
    }
    return p;
}

st_pool *st_pool_new(void)
{
    char own = 0;
    return with_seed(st_hash_seed(&own));
}

st_pool *st_pool_new_like(const st_pool *other)
{
    return with_seed(other->seed);
}

static void stripe_free(stripe *s)
{
    for (size_t i = 0; i < TABLES; i++)
        free(s->tables[i].places);
    st_arena_free(&s->texts.arena);
    pthread_mutex_destroy(&s->lock);
}

static void tail_free(tail *t)
{
    for (size_t i = 0; i < ENTRY_BLOCKS; i++)
        free(atomic_load(&t->blocks[i]));
    for (size_t i = 0; i < STRIPES; i++)
        stripe_free(&t->stripes[i]);
    free(t);
}

void st_pool_free(st_pool *p)
{
    if (!p)
        return;
    st_arena_free(&p->texts.arena);
    free(p->entries);
    free(p->table.places);
    if (p->tail)
        tail_free(p->tail);
    free(p);
}

/* tables */

static const entry *entry_of(const st_pool *p, uint32_t id)
{
    if (id < p->count)
        return &p->entries[id];
    uint32_t n = id - p->count + FIRST_ENTRIES;
    unsigned block = 21 - (unsigned)__builtin_clz(n); /* 0 for 1024 to 2047 */
    return &atomic_load_explicit(&p->tail->blocks[block],
                                 memory_order_acquire)[n - ((uint32_t)FIRST_ENTRIES << block)];
}

static bool is_text(const st_pool *p, uint32_t id, st_str s)
{
    const entry *e = entry_of(p, id);
    return e->n == s.n && (s.n == 0 || memcmp(e->p, s.p, s.n) == 0);
}

/* The string's place, or the free one where it would be. */
static size_t place_of(const st_pool *p, const table *t, st_str s, uint32_t hash)
{
    size_t i = hash & (t->n - 1);
    while (t->places[i] && (t->places[i] >> 32 != hash || !is_text(p, (uint32_t)t->places[i], s)))
        i = (i + 1) & (t->n - 1);
    return i;
}

/* The first free place where a string that isn't there would be. */
static size_t free_place(const table *t, uint32_t hash)
{
    size_t i = hash & (t->n - 1);
    while (t->places[i])
        i = (i + 1) & (t->n - 1);
    return i;
}

/* A table of n places that holds what t does; false: no memory. */
static bool make_wide(const table *t, size_t n, table *wide)
{
    *wide = (table){ n <= UINT32_MAX / 2 ? st_zeros(n, sizeof *wide->places) : NULL, n };
    if (!wide->places)
        return false;
    for (size_t i = 0; i < t->n; i++)
        if (t->places[i])
            wide->places[free_place(wide, (uint32_t)(t->places[i] >> 32))] = t->places[i];
    return true;
}

static bool widen(table *t, size_t n)
{
    table wide;
    if (!make_wide(t, n, &wide))
        return false;
    free(t->places);
    *t = wide;
    return true;
}

/* Half of what there is, so that of many strings large pages are made. */
static size_t block_size(const texts *t)
{
    size_t size = t->arena.total / 2;
    if (size < MANY_STRINGS)
        return STRING_BLOCK;
    return size < LARGEST_BLOCK ? size : LARGEST_BLOCK;
}

static const char *keep(texts *t, st_str s)
{
    if (!s.n)
        return "";
    if (s.n > t->left) {
        size_t next = block_size(t), size = s.n > next / 4 ? s.n : next;
        char *block = st_arena_room(&t->arena, size);
        if (!block)
            return NULL;
        st_os_dense(block, size);
        if (size == s.n) /* a string of its own block: the open block stays open */
            return memcpy(block, s.p, s.n);
        t->block = block;
        t->left = size;
    }
    char *to = t->block;
    memcpy(to, s.p, s.n);
    t->block += s.n;
    t->left -= s.n;
    memset(t->block, 0, t->left < BEHIND ? t->left : BEHIND);
    return to;
}

static uint32_t hash_of(const st_pool *p, st_str s)
{
    return (uint32_t)st_hash(s.p, s.n, p->seed);
}

static st_sid fail(st_pool *p)
{
    atomic_store(&p->failed, true);
    return ST_ABSENT;
}

/* Room for so many strings in all. */
static bool make_room(st_pool *p, size_t need)
{
    size_t n = p->table.n;
    if (need >= UINT32_MAX / 2)
        return false;
    while (need * 3 > n * 2)
        n *= 2;
    return (n == p->table.n || widen(&p->table, n)) &&
           st_grow(&p->entries, &p->entries_cap, need, sizeof *p->entries);
}

void st_pool_foresee(st_pool *p, double times)
{
    double need = p->count * times;
    if (p->tail || need >= UINT32_MAX / 2.0)
        return;
    (void)make_room(p, (size_t)need);
    st_os_dense(p->entries, p->entries_cap * sizeof *p->entries);
}

void st_pool_trim(st_pool *p)
{
    if (p->tail)
        return;
    st_trim(&p->entries, p->count, sizeof *p->entries);
    p->entries_cap = p->count;
}

/* shared pools */

/* A block of the end's entries, which is made if it isn't there; NULL: no memory. Of two threads
 * that make it the first counts. */
static entry *entry_block(tail *t, unsigned i)
{
    entry *b = atomic_load(&t->blocks[i]);
    if (b)
        return b;
    size_t n = (size_t)FIRST_ENTRIES << i;
    entry *made = calloc(n, sizeof *made);
    st_os_dense(made, n * sizeof *made);
    if (!made || atomic_compare_exchange_strong(&t->blocks[i], &b, made))
        return made;
    free(made);
    return b;
}

/* The next id, and the place of its entry; NULL: no memory. */
static entry *next_entry(const st_pool *p, st_sid *id)
{
    tail *t = p->tail;
    if (atomic_load(&t->count) >= UINT32_MAX - p->count - STRIPES - FIRST_ENTRIES)
        return NULL; /* in no stripe more than one is on its way */
    uint32_t count = atomic_fetch_add(&t->count, 1), n = count + FIRST_ENTRIES;
    unsigned block = 21 - (unsigned)__builtin_clz(n); /* 21 at most */
    entry *b = entry_block(t, block);
    *id = p->count + count;
    return b ? &b[n - ((uint32_t)FIRST_ENTRIES << block)] : NULL;
}

static stripe *stripe_of(const st_pool *p, uint32_t hash)
{
    return &p->tail->stripes[hash >> (32 - STRIPE_BITS)];
}

/* A string of the stripe; ST_ABSENT: it wasn't there when it was looked for. */
static st_sid find_behind(const st_pool *p, const stripe *in, st_str s, uint32_t hash)
{
    const table *t = atomic_load(&in->table);
    for (size_t i = hash & (t->n - 1);; i = (i + 1) & (t->n - 1)) {
        uint64_t place = __atomic_load_n(&t->places[i], __ATOMIC_ACQUIRE);
        if (!place || (place >> 32 == hash && is_text(p, (uint32_t)place, s)))
            return (st_sid)place;
    }
}

/* The stripe's table, with room for one more; NULL: no memory. Under the lock. */
static const table *roomy(stripe *in)
{
    const table *now = atomic_load(&in->table);
    if ((size_t)in->count * 3 <= now->n * 2)
        return now;
    table *next = &in->tables[now - in->tables + 1];
    if (next == in->tables + TABLES || !make_wide(now, now->n * 2, next))
        return NULL;
    atomic_store(&in->table, next);
    return next;
}

/* A string that the front doesn't hold. Under the lock. */
static st_sid put_behind(st_pool *p, stripe *in, st_str s, uint32_t hash)
{
    st_sid id = find_behind(p, in, s, hash); /* others may have put it since */
    if (id != ST_ABSENT)
        return id;
    const table *t = roomy(in);
    const char *text = t && s.n <= UINT32_MAX ? keep(&in->texts, s) : NULL;
    entry *e = text ? next_entry(p, &id) : NULL;
    if (!e)
        return fail(p);
    *e = (entry){ text, (uint32_t)s.n };
    in->count++;
    __atomic_store_n(&t->places[free_place(t, hash)], (uint64_t)hash << 32 | id, __ATOMIC_RELEASE);
    return id;
}

static st_sid put_shared(st_pool *p, st_str s, uint32_t hash)
{
    stripe *in = stripe_of(p, hash);
    st_sid id = find_behind(p, in, s, hash);
    if (id != ST_ABSENT)
        return id;
    pthread_mutex_lock(&in->lock);
    id = put_behind(p, in, s, hash);
    pthread_mutex_unlock(&in->lock);
    return id;
}

static bool stripe_init(stripe *s)
{
    s->tables[0] = (table){ calloc(FIRST_STRIPE, sizeof *s->tables[0].places), FIRST_STRIPE };
    atomic_store(&s->table, &s->tables[0]);
    pthread_mutex_init(&s->lock, NULL);
    return s->tables[0].places != NULL;
}

bool st_pool_share(st_pool *p)
{
    if (p->tail)
        return true;
    tail *t = calloc(1, sizeof *t);
    if (!t)
        return false;
    bool ok = true;
    for (size_t i = 0; i < STRIPES; i++)
        ok = stripe_init(&t->stripes[i]) && ok;
    if (ok)
        p->tail = t;
    else
        tail_free(t);
    return ok;
}

/* absorbing */

enum { JOBS = 64 };

typedef struct looking {
    st_pool *p;
    const st_pool *src;
    st_sid *map;              /* by id of src; ST_ABSENT: p doesn't have it */
    uint32_t *hashes;         /* by id of src, as p hashes */
    uint32_t first[JOBS + 1]; /* the ids in p of those that are new, by the job that adds them */
    bool alike;               /* p hashes as src does */
} looking;

/* Where the job's part of n things begins. */
static size_t part_of(size_t n, size_t job)
{
    return n / JOBS * job + (job == JOBS ? n % JOBS : 0);
}

/* One stretch of the table of src is looked up in that of p, of which nothing changes. */
static void look_up(void *ctx, unsigned thread, size_t job)
{
    const looking *l = ctx;
    const table *t = &l->src->table;
    (void)thread;
    for (size_t i = part_of(t->n, job), to = part_of(t->n, job + 1); i < to; i++) {
        if (!t->places[i])
            continue;
        uint32_t id = (uint32_t)t->places[i];
        st_str s = st_pool_get(l->src, id);
        uint32_t hash = l->alike ? (uint32_t)(t->places[i] >> 32) : hash_of(l->p, s);
        size_t at = place_of(l->p, &l->p->table, s, hash);
        l->hashes[id] = hash;
        l->map[id] = (st_sid)l->p->table.places[at];
    }
}

/* Numbers those that p doesn't have; how many there are then in all. */
static size_t number_new(looking *l)
{
    uint32_t next = l->p->count;
    for (size_t job = 0; job < JOBS; job++) {
        l->first[job] = next;
        for (size_t id = part_of(l->src->count, job), to = part_of(l->src->count, job + 1); id < to;
             id++)
            next += id && l->map[id] == ST_ABSENT;
    }
    return next;
}

/* Strings that p doesn't have: distinct, so that each takes the first free place that no other
 * thread takes before it. */
static void add_new(void *ctx, unsigned thread, size_t job)
{
    enum { AHEAD = 16 };
    const looking *l = ctx;
    const table *t = &l->p->table;
    size_t to = part_of(l->src->count, job + 1);
    uint32_t next = l->first[job];
    (void)thread;
    for (size_t id = part_of(l->src->count, job); id < to; id++) {
        if (id + AHEAD < to)
            __builtin_prefetch(&t->places[l->hashes[id + AHEAD] & (t->n - 1)], 1);
        if (!id || l->map[id] != ST_ABSENT)
            continue;
        uint64_t place = (uint64_t)l->hashes[id] << 32 | next, none = 0;
        size_t i = l->hashes[id] & (t->n - 1);
        while (__atomic_load_n(&t->places[i], __ATOMIC_RELAXED) ||
               !__atomic_compare_exchange_n(&t->places[i], &none, place, false, __ATOMIC_RELAXED,
                                            __ATOMIC_RELAXED)) {
            i = (i + 1) & (t->n - 1);
            none = 0;
        }
        l->p->entries[next] = l->src->entries[id];
        l->map[id] = next++;
    }
}

/* Its strings are another's: it has a table still, in which nothing is. */
static void empty(st_pool *p)
{
    p->count = 1;
    p->table.n = FIRST_TABLE;
    memset(p->table.places, 0, FIRST_TABLE * sizeof *p->table.places);
    p->texts.left = 0;
}

st_sid *st_pool_absorb(st_pool *p, st_pool *src, unsigned threads)
{
    enum { MANY = 4096 };
    looking l = { .p = p, .src = src, .alike = p->seed == src->seed };
    l.map = calloc(src->count, sizeof *l.map);
    l.hashes = malloc((size_t)src->count * sizeof *l.hashes);
    bool ok = l.map && l.hashes;
    threads = src->count < MANY ? 1 : threads;
    if (ok)
        st_parallel(threads, JOBS, look_up, &l);
    size_t all = ok ? number_new(&l) : 0;
    ok = ok && make_room(p, all);
    if (ok) {
        st_parallel(threads, JOBS, add_new, &l);
        p->count = (uint32_t)all;
        st_arena_take(&p->texts.arena, &src->texts.arena);
        if (atomic_load(&src->failed))
            fail(p);
        empty(src);
    }
    free(l.hashes);
    if (ok)
        return l.map;
    free(l.map);
    return NULL;
}

/* strings */

uint32_t st_pool_hash(const st_pool *p, st_str s)
{
    uint32_t hash = hash_of(p, s);
    __builtin_prefetch(&p->table.places[hash & (p->table.n - 1)]);
    return hash;
}

/* Mostly the entry is that of the first place. */
void st_pool_near(const st_pool *p, uint32_t hash)
{
    uint64_t place = p->table.places[hash & (p->table.n - 1)];
    if (place >> 32 == hash)
        __builtin_prefetch(entry_of(p, (uint32_t)place));
}

st_sid st_pool_put(st_pool *p, st_str s)
{
    return st_pool_put_hashed(p, s, hash_of(p, s));
}

/* A string that is behind is looked for in front first: both places are fetched at once. */
static void fetch_behind(const st_pool *p, uint32_t hash)
{
    const table *t = atomic_load(&stripe_of(p, hash)->table);
    __builtin_prefetch(&t->places[hash & (t->n - 1)]);
}

st_sid st_pool_put_hashed(st_pool *p, st_str s, uint32_t hash)
{
    if (p->tail)
        fetch_behind(p, hash);
    size_t at = place_of(p, &p->table, s, hash);
    if (p->table.places[at])
        return (st_sid)p->table.places[at];
    if (p->tail)
        return put_shared(p, s, hash);
    if ((size_t)p->count * 3 > p->table.n * 2) {
        if (!widen(&p->table, p->table.n * 2))
            return fail(p);
        at = free_place(&p->table, hash);
    }
    const char *text = s.n <= UINT32_MAX ? keep(&p->texts, s) : NULL;
    if (!text || !st_grow(&p->entries, &p->entries_cap, (size_t)p->count + 1, sizeof *p->entries))
        return fail(p);
    p->entries[p->count] = (entry){ text, (uint32_t)s.n };
    p->table.places[at] = (uint64_t)hash << 32 | p->count;
    return p->count++;
}

st_str st_pool_get(const st_pool *p, st_sid id)
{
    if (id >= p->count && id >= st_pool_count(p))
        return (st_str){ "", 0 };
    const entry *e = entry_of(p, id);
    return (st_str){ e->p, e->n };
}

uint32_t st_pool_count(const st_pool *p)
{
    return p->count + (p->tail ? atomic_load(&p->tail->count) : 0);
}

bool st_pool_failed(const st_pool *p)
{
    return atomic_load(&p->failed);
}
