/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns.c - the one table of a row's columns: name, kind, and the function
 * that gives the text of a cell. Every format reads it; none has columns of its own.
 */
#include "internal.h"
#include "base/search.h"
#include "shelltree/verify.h"

#include "base/decoded.h"
#include "base/limits.h"

#include <string.h>

/* What an event's row says of a process that it doesn't name. */
static const st_proc NOBODY = { .row = ST_NO_ROW,
                                .host = UINT32_MAX,
                                .parent = ST_NO_NODE,
                                .first_child = ST_NO_NODE,
                                .next_sibling = ST_NO_NODE,
                                .pid = ST_NO_U32,
                                .server = ST_NO_NODE };

bool st_view_of(st_view *v, const st_case *c, const st_row *row)
{
    const st_forest *f = c->forest;
    bool process = row->event == ST_NO_EVENT;
    if (process ? row->node >= f->n : row->event >= f->nall)
        return false;
    *v = (st_view){ .c = c,
                    .f = f,
                    .k = &f->store->creations,
                    .row = row,
                    .p = row->node < f->n ? &f->procs[row->node] : &NOBODY,
                    .e = process ? NULL : &f->events[row->event] };
    v->r = v->p->row;
    v->x = process ? NULL : st_event_columns(f, v->e);
    v->host = process ? v->p->host : v->e->host;
    return !process || v->r < v->k->n;
}

st_ticks st_view_time(const st_view *v)
{
    return v->e ? v->x->utc[v->e->row] : v->k->utc[v->r];
}

uint32_t st_view_source(const st_view *v)
{
    return v->e ? v->x->source[v->e->row] : v->k->source[v->r];
}

st_str st_dashless(st_str s)
{
    return s.n == 1 && s.p[0] == '-' ? (st_str){ s.p, 0 } : s;
}

const char *st_origin_word(unsigned origin)
{
    static const char *const words[] = { "live", "slack", "carved" };
    return words[origin <= ST_O_CARVED ? origin : ST_O_CARVED];
}

st_str st_source_name(const st_evidence *e, uint32_t source)
{
    if (!e || source >= st_evidence_count(e))
        return ST_STR("");
    return st_evidence_at(e, source)->name;
}

static bool of_row_before(const void *item, const void *key)
{
    const st_lossy *l = item;
    const uint32_t *row = key;
    return l->row < *row;
}

const st_lossy *st_lossy_of(const st_store *s, uint32_t row, size_t *n)
{
    size_t lo = st_lower_bound(s->lossy, s->nlossy, sizeof *s->lossy, &row, of_row_before);
    *n = 0;
    while (lo + *n < s->nlossy && s->lossy[lo + *n].row == row)
        ++*n;
    return s->lossy ? s->lossy + lo : NULL;
}

/* small putters */

static void put_word(st_buf *b, const char *word)
{
    st_buf_str(b, st_str_of(word));
}

static void put_u32(st_buf *b, uint32_t v)
{
    if (v != ST_NO_U32)
        st_buf_u64(b, v);
}

static void put_guid(st_buf *b, const st_guid *g)
{
    if (!st_guid_zero(g))
        st_buf_guid(b, g);
}

/* columns of the process's own record; empty where that wasn't read */

static bool recorded(const st_view *v)
{
    return v->r < v->k->n;
}

#define RECORDED(col)                                     \
    static st_sid sid_##col(const st_view *v)             \
    {                                                     \
        return recorded(v) ? v->k->col[v->r] : ST_ABSENT; \
    }
RECORDED(file_version)
RECORDED(description)
RECORDED(product)
RECORDED(company)
RECORDED(original_file_name)
RECORDED(current_directory)
RECORDED(integrity_level)
RECORDED(parent_image)
RECORDED(parent_command_line)
RECORDED(parent_user)

static st_str text_of(const st_view *v, st_sid id)
{
    return st_dashless(st_pool_get(v->f->pool, id));
}

/* What the event itself says of the process that acted, else what is known of that. */
static st_sid of_actor(const st_view *v, st_event_text t, st_sid known)
{
    st_sid own = v->e ? st_event_text_of(v->f, v->e, t) : ST_ABSENT;
    return own != ST_ABSENT && text_of(v, own).n ? own : known;
}

static st_sid sid_image(const st_view *v)
{
    return of_actor(v, ST_T_image, v->p->image);
}

static st_sid sid_user(const st_view *v)
{
    return of_actor(v, ST_T_user, v->p->user);
}

static st_sid sid_rule_name(const st_view *v)
{
    return v->e ? st_event_text_of(v->f, v->e, ST_T_rule_name) : v->k->rule_name[v->r];
}

/* One spelling a host. */
static st_str get_computer(const st_view *v)
{
    return v->host < v->f->nhosts ? st_pool_get(v->f->pool, v->f->hosts[v->host].shown)
                                  : ST_STR("");
}

static uint64_t tells_computer(const st_view *v)
{
    return (uint64_t)v->host + 1;
}

static st_sid sid_channel(const st_view *v)
{
    return v->e ? v->x->channel[v->e->row] : v->k->channel[v->r];
}

st_str st_view_provider(const st_view *v)
{
    return v->e ? st_event_provider(v->f, v->e)
                : st_str_of(st_provider_at(v->k->provider[v->r])->name);
}

uint32_t st_view_event_id(const st_view *v)
{
    if (v->e)
        return st_event_id(v->f, v->e);
    return v->k->provider[v->r] == ST_SECURITY ? 4688 : 1;
}

static st_str get_provider(const st_view *v)
{
    return st_view_provider(v);
}

/* An event of a log that is kept whole names its provider itself. */
static uint64_t tells_provider(const st_view *v)
{
    st_event_key key = v->e ? st_event_kind_at(v->e->kind)->key
                            : (st_event_key){ .provider = v->k->provider[v->r] };
    bool itself = v->e && key.provider == ST_LOGS;
    return itself ? (uint64_t)st_event_text_of(v->f, v->e, ST_T_log_provider) << 1 | 1
                  : ((uint64_t)key.provider + 1) << 1;
}

static st_str get_event(const st_view *v)
{
    return v->e ? st_str_of(st_event_kind_at(v->e->kind)->word) : ST_STR("process");
}

/* Of a creation alone: other events of the process don't repeat it. */
static st_str get_command_line(const st_view *v)
{
    return v->e ? ST_STR("") : text_of(v, v->k->command_line[v->r]);
}

static void put_target(const st_view *v, st_buf *b)
{
    if (v->e)
        st_target_put(v->f, v->e, b);
}

static void put_decoded(const st_view *v, st_buf *b)
{
    st_decoded_put(get_command_line(v), b);
}

static st_sid hashes_of(const st_view *v)
{
    return v->e ? ST_ABSENT : v->k->hashes[v->r];
}

static uint64_t tells_hashes(const st_view *v)
{
    return (uint64_t)hashes_of(v) + 1;
}

static void put_hash(const st_view *v, const char *algorithm, st_buf *b)
{
    st_str h = st_hashes_get(st_pool_get(v->f->pool, hashes_of(v)), algorithm);
    bool zero = true;
    for (size_t i = 0; i < h.n; i++)
        zero &= h.p[i] == '0';
    char *to = zero ? NULL : st_buf_room(b, h.n);
    for (size_t i = 0; to && i < h.n; i++)
        to[i] = (char)(h.p[i] >= 'A' && h.p[i] <= 'Z' ? h.p[i] + 32 : h.p[i]);
    b->n += to ? h.n : 0;
}

#define HASH_COLUMN(name, algorithm)                    \
    static void put_##name(const st_view *v, st_buf *b) \
    {                                                   \
        put_hash(v, algorithm, b);                      \
    }
HASH_COLUMN(md5, "MD5")
HASH_COLUMN(sha1, "SHA1")
HASH_COLUMN(sha256, "SHA256")
HASH_COLUMN(imphash, "IMPHASH")

/* time */

/* A recorded text is kept only in Sysmon's own form, so that text sorts as time does. */
static bool utc_readable(const st_view *v)
{
    st_ticks t;
    if (v->e)
        return false;
    st_str text = st_pool_get(v->f->pool, v->k->utc_text[v->r]);
    return v->k->utc_text[v->r] != ST_ABSENT && st_time_sysmon(text, &t);
}

static void put_utc(const st_view *v, st_buf *b)
{
    if (utc_readable(v))
        st_buf_str(b, st_pool_get(v->f->pool, v->k->utc_text[v->r]));
    else
        st_buf_time_sysmon(b, st_view_time(v));
}

static void put_end(const st_view *v, st_buf *b)
{
    st_buf_time_sysmon(b, v->p->end);
}

static void put_lifetime(const st_view *v, st_buf *b)
{
    if (v->p->end && v->p->start && v->p->end >= v->p->start && !(v->p->flags & ST_P_CLOCK))
        st_buf_u64(b, (v->p->end - v->p->start) / ST_TICKS_MS);
}

static void put_created(const st_view *v, st_buf *b)
{
    st_buf_time_iso(b, v->e ? v->x->created[v->e->row] : v->k->created[v->r]);
}

/* RFC 3339 with six digits. */
static void put_time(const st_view *v, st_buf *b)
{
    size_t before = b->n;
    st_buf_time_iso(b, st_view_time(v));
    if (b->n < before + 2)
        return;
    b->n -= 2; /* the seventh digit and Z */
    st_buf_char(b, 'Z');
}

/* findings */

static const st_finding *finding(const st_view *v, size_t i)
{
    return i < v->row->nfindings ? &v->c->findings[v->row->first_finding + i] : NULL;
}

static const st_rule *rule(const st_view *v, size_t i)
{
    const st_finding *x = finding(v, i);
    return x ? st_rules_at(v->c->rules, x->rule) : NULL;
}

static st_str get_kind(const st_view *v)
{
    static const st_str words[] = { { "hit", 3 }, { "context", 7 }, { "other", 5 } };
    return words[v->row->kind];
}

static st_str get_incident(const st_view *v)
{
    bool any = v->row->incident < v->c->nincidents;
    const char *id = any ? v->c->incidents[v->row->incident].id : "";
    return (st_str){ id, any ? sizeof v->c->incidents[0].id - 1 : 0 };
}

static st_str get_level(const st_view *v)
{
    st_level level = ST_LEVEL_INFORMATIONAL;
    for (size_t i = 0; i < v->row->nfindings; i++)
        if (finding(v, i)->level > level)
            level = finding(v, i)->level;
    return st_str_of(v->row->nfindings ? st_level_word(level) : "");
}

static bool item_rule(const st_view *v, size_t i, st_buf *b)
{
    const st_rule *r = rule(v, i);
    if (r)
        st_buf_str(b, r->title);
    return r;
}

static bool item_rule_id(const st_view *v, size_t i, st_buf *b)
{
    const st_rule *r = rule(v, i);
    if (r)
        st_buf_str(b, r->id);
    return r;
}

static bool item_finding_id(const st_view *v, size_t i, st_buf *b)
{
    const st_finding *x = finding(v, i);
    char id[17];
    if (!x)
        return false;
    st_finding_id(v->c, x, id);
    put_word(b, id);
    return true;
}

/* The next technique's name ("T1505.003") in a text of several, from *at on; n is 0 at the end. */
static st_str next_name(st_str s, size_t *at)
{
    for (; *at < s.n; ++*at) {
        size_t n = 1;
        bool fresh =
            !*at || !((s.p[*at - 1] >= '0' && s.p[*at - 1] <= '9') || (s.p[*at - 1] | 32) >= 'a');
        if (!fresh || s.p[*at] != 'T')
            continue;
        while (*at + n < s.n &&
               ((s.p[*at + n] >= '0' && s.p[*at + n] <= '9') || (n == 5 && s.p[*at + n] == '.')))
            n++;
        if (n == 6)
            n = 5; /* a full stop */
        if (n != 5 && n != 9)
            continue;
        st_str name = { s.p + *at, n };
        *at += n;
        return name;
    }
    return (st_str){ s.p + s.n, 0 };
}

static void least(st_str x, st_str last, st_str *best)
{
    if (x.n && (!last.p || st_str_cmp(x, last) > 0) && (!best->p || st_str_cmp(x, *best) < 0))
        *best = x;
}

/* The least technique above `last` (all, if last.p is NULL); p is NULL if there is none. The row's
 * own go before those of the rule's header. */
static st_str technique_after(const st_view *v, st_str last)
{
    st_str best = { 0 }, x;
    for (size_t k = 0; k < v->row->nfindings; k++) {
        const st_rule *r = rule(v, k);
        st_str own = st_pool_get(v->f->pool, finding(v, k)->techniques);
        size_t at = 0;
        for (size_t t = 0; !own.n && t < r->ntechniques; t++)
            least(r->techniques[t], last, &best);
        while ((x = next_name(own, &at)).n)
            least(x, last, &best);
    }
    return best;
}

static bool item_technique(const st_view *v, size_t i, st_buf *b)
{
    st_str at = technique_after(v, (st_str){ 0 });
    for (; at.p && i; i--)
        at = technique_after(v, at);
    if (at.p)
        st_buf_str(b, at);
    return at.p;
}

/* What `put` writes for the findings, "; " between them; of those for which `of` gives one text,
 * and of those for which it gives none, the first and none. */
static void put_distinct(const st_view *v, st_str (*of)(const st_view *, size_t),
                         void (*put)(const st_view *, size_t, st_buf *), st_buf *b)
{
    bool more = false;
    for (size_t i = 0; i < v->row->nfindings; i++) {
        st_str s = of(v, i);
        bool seen = !s.n;
        for (size_t k = 0; k < i && !seen; k++)
            seen = st_str_eq(of(v, k), s);
        if (seen)
            continue;
        if (more)
            st_buf_str(b, ST_STR("; "));
        put(v, i, b);
        more = true;
    }
}

static st_str said_of(const st_view *v, size_t i)
{
    return st_finding_said(v->c, finding(v, i));
}

static void put_reason_of(const st_view *v, size_t i, st_buf *b)
{
    st_finding_put_reason(v->c, finding(v, i), b);
}

static st_str authors_of(const st_view *v, size_t i)
{
    return rule(v, i)->authors;
}

static void put_authors_of(const st_view *v, size_t i, st_buf *b)
{
    st_buf_str(b, authors_of(v, i));
}

/* No two rows have the same finding. */
uint64_t st_view_rules(const st_view *v)
{
    return !v->like ? 0 : v->row->nfindings ? (uint64_t)(v->like - v->c->findings) + 2 : 1;
}

static void put_reason(const st_view *v, st_buf *b)
{
    put_distinct(v, said_of, put_reason_of, b);
}

static void put_authors(const st_view *v, st_buf *b)
{
    put_distinct(v, authors_of, put_authors_of, b);
}

/* the process and its tree */

static void put_pid(const st_view *v, st_buf *b)
{
    put_u32(b, v->e && v->x->pid[v->e->row] != ST_NO_U32 ? v->x->pid[v->e->row] : v->p->pid);
}

static void put_process_guid(const st_view *v, st_buf *b)
{
    put_guid(b, v->e ? &v->x->guid[v->e->row] : &v->k->guid[v->r]);
}

static void put_parent_pid(const st_view *v, st_buf *b)
{
    if (recorded(v))
        put_u32(b, v->k->parent_pid[v->r]);
}

static void put_parent_guid(const st_view *v, st_buf *b)
{
    if (recorded(v))
        put_guid(b, &v->k->parent_guid[v->r]);
}

/* Is there a process? */
static bool known(const st_view *v)
{
    return v->row->node < v->f->n;
}

/* The parent, if its own record was read. */
static const st_proc *observed_parent(const st_view *v)
{
    st_node n = v->p->parent;
    if (n == ST_NO_NODE || !(v->f->procs[n].flags & ST_P_OBSERVED))
        return NULL;
    return &v->f->procs[n];
}

static st_sid sid_grandparent(const st_view *v)
{
    const st_proc *up = observed_parent(v);
    return up && up->row < v->k->n ? v->k->parent_image[up->row] : ST_ABSENT;
}

static const st_proc *server(const st_view *v)
{
    return v->p->server < v->f->n ? &v->f->procs[v->p->server] : NULL;
}

static st_str get_server_image(const st_view *v)
{
    return server(v) ? st_pool_get(v->f->pool, server(v)->image) : ST_STR("");
}

static uint64_t tells_server(const st_view *v)
{
    return server(v) ? (uint64_t)v->p->server + 2 : 1;
}

static void put_server_pid(const st_view *v, st_buf *b)
{
    if (server(v))
        put_u32(b, server(v)->pid);
}

static void put_server_guid(const st_view *v, st_buf *b)
{
    if (server(v))
        put_guid(b, &server(v)->guid);
}

static void put_server_distance(const st_view *v, st_buf *b)
{
    if (server(v))
        st_buf_u64(b, v->p->server_distance);
}

static void put_depth(const st_view *v, st_buf *b)
{
    if (known(v))
        st_buf_u64(b, v->p->depth);
}

static void put_chain(const st_view *v, st_buf *b)
{
    if (known(v))
        st_chain_put(v->f, v->row->node, b);
}

static st_str get_link(const st_view *v)
{
    return st_str_of(known(v) ? st_link_word((st_link)v->p->link) : "");
}

static st_str get_parent_observed(const st_view *v)
{
    return st_str_of(!known(v) ? "" : observed_parent(v) ? "true" : "false");
}

static st_str get_chain_link(const st_view *v)
{
    return st_str_of(known(v) ? st_link_word((st_link)v->p->chain_link) : "");
}

static void put_children(const st_view *v, st_buf *b)
{
    if (known(v))
        st_buf_u64(b, v->p->children);
}

static void put_logon_id(const st_view *v, st_buf *b)
{
    if (recorded(v) && v->k->logon_id[v->r] != ST_NO_U64)
        st_buf_0x(b, v->k->logon_id[v->r]);
}

static void put_logon_guid(const st_view *v, st_buf *b)
{
    if (recorded(v))
        put_guid(b, &v->k->logon_guid[v->r]);
}

static void put_session(const st_view *v, st_buf *b)
{
    if (recorded(v))
        put_u32(b, v->k->session[v->r]);
}

static void put_event_id(const st_view *v, st_buf *b)
{
    st_buf_u64(b, st_view_event_id(v));
}

/* where it stands in the evidence */

static st_str get_source(const st_view *v)
{
    return st_source_name(v->f->evidence, st_view_source(v));
}

static uint64_t tells_source(const st_view *v)
{
    return (uint64_t)st_view_source(v) + 1;
}

static void put_offset(const st_view *v, st_buf *b)
{
    st_buf_u64(b, v->e ? v->x->offset[v->e->row] : v->k->offset[v->r]);
}

static void put_number(const st_view *v, st_buf *b)
{
    st_buf_u64(b, v->e ? v->x->record_number[v->e->row] : v->k->record_number[v->r]);
}

static void put_record_id(const st_view *v, st_buf *b)
{
    st_buf_u64(b, v->e ? v->x->event_record_id[v->e->row] : v->k->event_record_id[v->r]);
}

static st_str get_origin(const st_view *v)
{
    return st_str_of(st_origin_word(v->e ? v->x->origin[v->e->row] : v->k->origin[v->r]));
}

static void put_copies(const st_view *v, st_buf *b)
{
    uint32_t copies = v->e ? v->e->copies : v->p->copies;
    st_buf_u64(b, copies ? copies : 1);
}

/* notes */

typedef struct note {
    uint32_t flag;
    const char *word;
} note;

static const note record_notes[] = {
    { ST_C_CRC, "crc" },         { ST_C_BORROWED, "borrowed-template" },
    { ST_C_PARTIAL, "partial" }, { ST_C_REPAIRED, "repaired" },
    { ST_C_TRAILER, "trailer" }, { ST_C_NO_GUID, "no-guid" },
};
static const note tree_notes[] = {
    { ST_P_CONFLICT, "conflict" },
    { ST_P_AMBIGUOUS_PARENT, "ambiguous-parent" },
    { ST_P_CYCLE, "cycle" },
    { ST_P_CLOCK, "clock" },
    { ST_P_PARENT_LATER, "parent-later" },
    { ST_P_PARENT_DIFFERS, "parent-differs" },
    { ST_P_AUDITED, "also-4688" },
};

#define NOTES(table) (table), sizeof(table) / sizeof(table)[0]

static void add_note(st_buf *b, size_t start, const char *word, const char *about)
{
    if (b->n > start)
        st_buf_str(b, ST_STR("; "));
    put_word(b, word);
    put_word(b, about);
}

static void add_flags(st_buf *b, size_t start, uint32_t flags, const note *of, size_t n)
{
    for (size_t i = 0; flags && i < n; i++)
        if (flags & of[i].flag)
            add_note(b, start, of[i].word, "");
}

static void put_shift(const st_view *v, size_t start, st_buf *b)
{
    st_sid computer = v->e ? v->x->computer[v->e->row] : v->k->computer[v->r];
    int64_t shift = st_store_shift_of(v->f->store, computer);
    if (!shift)
        return;
    add_note(b, start, "clock:", "");
    st_buf_fmt(b, "%+llds", (long long)shift);
}

/* What is to say of a creation's own texts. */
static void put_text_notes(const st_view *v, size_t start, st_buf *b)
{
    if ((v->k->flags[v->r] & ST_C_TIME) || (v->k->utc_text[v->r] != ST_ABSENT && !utc_readable(v)))
        add_note(b, start, "clock:utc-unreadable", "");
    put_shift(v, start, b);
    for (uint32_t cut = v->k->truncated[v->r]; cut; cut &= cut - 1) {
        const char *name = st_creation_field((unsigned)__builtin_ctz(cut));
        add_note(b, start, "truncated:", name ? name : "?");
    }
    size_t n;
    const st_lossy *l = st_lossy_of(v->f->store, v->r, &n);
    for (size_t i = 0; i < n; i++)
        add_note(b, start, "lossy:", l[i].field);
}

/* What analysts noted of the row's findings; of a hit's incident, too. */
static void put_noted(const st_view *v, size_t start, st_str id, st_buf *b)
{
    size_t at = 0;
    for (const st_note *n; (n = st_notes_of(v->c->notes, id, &at)) != NULL;) {
        add_note(b, start, "note:", "");
        st_note_put(n, b);
    }
}

static void put_all_noted(const st_view *v, size_t start, st_buf *b)
{
    char id[17];
    const st_case *c = v->c;
    if (!c->notes || !c->notes->n)
        return;
    for (uint32_t i = 0; i < v->row->nfindings; i++) {
        st_finding_id(c, &c->findings[v->row->first_finding + i], id);
        put_noted(v, start, st_str_of(id), b);
    }
    if (v->row->kind == ST_ROW_HIT && v->row->incident < c->nincidents)
        put_noted(v, start, st_str_of(c->incidents[v->row->incident].id), b);
}

static void put_notes(const st_view *v, st_buf *b)
{
    size_t start = b->n;
    put_all_noted(v, start, b);
    add_flags(b, start, v->e ? v->x->flags[v->e->row] : v->k->flags[v->r], NOTES(record_notes));
    if (v->row->correlated)
        add_note(b, start, "correlated", "");
    if (v->e) {
        put_shift(v, start, b);
        return;
    }
    add_flags(b, start, v->p->flags, NOTES(tree_notes));
    put_text_notes(v, start, b);
    if (v->p->depth >= ST_MAX_CHAIN_SHOWN)
        add_note(b, start, "chain-cut", "");
}

/* the table */

#define COLUMN(...) \
    {               \
        __VA_ARGS__ \
    }
/* A recorded text, by its id. */
#define TEXT(n, id) COLUMN(.name = (n), .sid = (id))
/* Text that is there: of many rows the same, or each row's own. */
#define TEXT_OF(n, text, by) COLUMN(.name = (n), .get = (text), .tells = (by))
#define ALWAYS(n, text, by) COLUMN(.name = (n), .always = true, .get = (text), .tells = (by))
#define OWN(n, text) COLUMN(.name = (n), .always = true, .get = (text))
/* One of this program's words. */
#define WORD(n, what, shown, text) \
    COLUMN(.name = (n), .kind = (what), .always = (shown), .plain = true, .get = (text))
/* Made of recorded texts; and what tells such a text alone. */
#define MADE(n, made) COLUMN(.name = (n), .put = (made))
#define MADE_OF(n, made, by) COLUMN(.name = (n), .put = (made), .tells = (by))
/* Digits, GUIDs, times. */
#define PLAIN(n, what, shown, made) \
    COLUMN(.name = (n), .kind = (what), .always = (shown), .plain = true, .put = (made))
#define GUID(n, shown, made) PLAIN(n, ST_COL_TEXT, shown, made)
#define NUMBER(n, made) PLAIN(n, ST_COL_NUMBER, false, made)
#define TIME(n, made) PLAIN(n, ST_COL_TIME, false, made)
#define LIST(n, shown, one)                                                    \
    COLUMN(.name = (n), .kind = ST_COL_LIST, .always = (shown), .item = (one), \
           .tells = st_view_rules)

const st_column st_columns[] = {
    PLAIN("UtcTime", ST_COL_TIME, true, put_utc),
    ALWAYS("Computer", get_computer, tells_computer),
    WORD("Level", ST_COL_TEXT, true, get_level),
    WORD("Event", ST_COL_TEXT, false, get_event),
    TEXT("User", sid_user),
    TEXT("Image", sid_image),
    OWN("CommandLine", get_command_line),
    MADE("Target", put_target),
    MADE_OF("Reason", put_reason, st_view_rules),
    LIST("Rules", true, item_rule),
    LIST("Techniques", false, item_technique),
    TEXT("ParentImage", sid_parent_image),
    MADE("Chain", put_chain),
    WORD("Kind", ST_COL_TEXT, true, get_kind),
    WORD("Incident", ST_COL_TEXT, false, get_incident),
    MADE("DecodedCommand", put_decoded),
    TEXT("IntegrityLevel", sid_integrity_level),
    NUMBER("ProcessId", put_pid),
    NUMBER("ParentProcessId", put_parent_pid),
    TEXT("ParentCommandLine", sid_parent_command_line),
    TEXT("ParentUser", sid_parent_user),
    TEXT("GrandparentImage", sid_grandparent),
    TEXT_OF("WebServerImage", get_server_image, tells_server),
    NUMBER("WebServerProcessId", put_server_pid),
    NUMBER("WebServerDistance", put_server_distance),
    TEXT("CurrentDirectory", sid_current_directory),
    TIME("EndTime", put_end),
    NUMBER("LifetimeMs", put_lifetime),
    NUMBER("Children", put_children),
    NUMBER("Depth", put_depth),
    WORD("ParentLink", ST_COL_TEXT, false, get_link),
    WORD("ParentObserved", ST_COL_BOOL, false, get_parent_observed),
    WORD("ChainLink", ST_COL_TEXT, false, get_chain_link),
    TEXT("OriginalFileName", sid_original_file_name),
    TEXT("Company", sid_company),
    TEXT("Product", sid_product),
    TEXT("Description", sid_description),
    TEXT("FileVersion", sid_file_version),
    PLAIN("LogonId", ST_COL_TEXT, false, put_logon_id),
    NUMBER("TerminalSessionId", put_session),
    LIST("RuleIds", true, item_rule_id),
    COLUMN(.name = "FindingIds", .kind = ST_COL_LIST, .plain = true, .item = item_finding_id),
    MADE_OF("RuleAuthors", put_authors, st_view_rules),
    MADE_OF("MD5", put_md5, tells_hashes),
    MADE_OF("SHA1", put_sha1, tells_hashes),
    MADE_OF("SHA256", put_sha256, tells_hashes),
    MADE_OF("IMPHASH", put_imphash, tells_hashes),
    GUID("ProcessGuid", true, put_process_guid),
    GUID("ParentProcessGuid", false, put_parent_guid),
    GUID("WebServerProcessGuid", false, put_server_guid),
    GUID("LogonGuid", false, put_logon_guid),
    TEXT("RuleName", sid_rule_name),
    TIME("TimeCreated", put_created),
    TIME("time", put_time),
    TEXT("Channel", sid_channel),
    TEXT_OF("Provider", get_provider, tells_provider),
    NUMBER("EventID", put_event_id),
    PLAIN("EventRecordID", ST_COL_NUMBER, true, put_record_id),
    NUMBER("RecordNumber", put_number),
    WORD("Origin", ST_COL_TEXT, true, get_origin),
    NUMBER("Copies", put_copies),
    ALWAYS("Source", get_source, tells_source),
    NUMBER("SourceOffset", put_offset),
    MADE("Notes", put_notes),
};
const size_t st_ncolumns = sizeof st_columns / sizeof st_columns[0];

const st_column *st_column_named(const char *name)
{
    for (size_t i = 0; i < st_ncolumns; i++)
        if (strcmp(st_columns[i].name, name) == 0)
            return &st_columns[i];
    return NULL;
}

static void put_list(const st_column *col, const st_view *v, st_buf *b)
{
    for (size_t i = 0;; i++) {
        size_t mark = b->n;
        if (i)
            st_buf_str(b, ST_STR("; "));
        if (!col->item(v, i, b)) {
            b->n = mark;
            return;
        }
    }
}

/* What is there already; false: it has to be made. */
static bool there(const st_column *col, const st_view *v, st_str *text)
{
    if (col->sid)
        *text = text_of(v, col->sid(v));
    else if (col->get)
        *text = col->get(v);
    return col->sid || col->get;
}

void st_column_put(const st_column *col, const st_view *v, st_buf *b)
{
    st_str text;
    if (there(col, v, &text))
        st_buf_str(b, text);
    else if (col->item)
        put_list(col, v, b);
    else
        col->put(v, b);
}

st_str st_column_text(const st_column *col, const st_view *v, st_buf *b)
{
    st_str text;
    if (there(col, v, &text))
        return text;
    st_buf_clear(b);
    st_column_put(col, v, b);
    return st_buf_slice(b);
}

st_str st_confirmed_text(const st_view *v, const st_report_options *ro)
{
    uint8_t c = ro->confirmed ? ro->confirmed[v->row - v->c->rows] : 0;
    return c ? st_str_of(st_confirmed_word((st_confirmed)(c - 1))) : ST_STR("");
}
