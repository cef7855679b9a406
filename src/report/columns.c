/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns.c - the one table of a row's columns: name, kind, and the function
 * that gives the text of a cell. Every format reads it; none has columns of its own.
 */
#include "internal.h"
#include "shelltree/verify.h"

#include "base/limits.h"

bool st_view_of(st_view *v, const st_case *c, const st_row *row)
{
    if (row->node >= c->forest->n)
        return false;
    *v = (st_view){ .c = c,
                    .f = c->forest,
                    .k = &c->forest->store->creations,
                    .row = row,
                    .p = &c->forest->procs[row->node] };
    v->r = v->p->row;
    return v->r < v->k->n;
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

const st_lossy *st_lossy_of(const st_store *s, uint32_t row, size_t *n)
{
    size_t lo = 0, hi = s->nlossy;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->lossy[mid].row < row)
            lo = mid + 1;
        else
            hi = mid;
    }
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

#define SID_COLUMN(col)                                               \
    static st_str get_##col(const st_view *v)                         \
    {                                                                 \
        return st_dashless(st_pool_get(v->f->pool, v->k->col[v->r])); \
    }
SID_COLUMN(computer)
SID_COLUMN(channel)
SID_COLUMN(rule_name)
SID_COLUMN(image)
SID_COLUMN(file_version)
SID_COLUMN(description)
SID_COLUMN(product)
SID_COLUMN(company)
SID_COLUMN(original_file_name)
SID_COLUMN(command_line)
SID_COLUMN(current_directory)
SID_COLUMN(user)
SID_COLUMN(integrity_level)
SID_COLUMN(parent_image)
SID_COLUMN(parent_command_line)
SID_COLUMN(parent_user)

#define HASH_COLUMN(name, algorithm)                    \
    static void put_##name(const st_view *v, st_buf *b) \
    {                                                   \
        put_hash(v, algorithm, b);                      \
    }
static void put_hash(const st_view *v, const char *algorithm, st_buf *b)
{
    st_str h = st_hashes_get(st_pool_get(v->f->pool, v->k->hashes[v->r]), algorithm);
    bool zero = true;
    for (size_t i = 0; i < h.n; i++)
        zero &= h.p[i] == '0';
    for (size_t i = 0; i < h.n && !zero; i++)
        st_buf_char(b, (char)(h.p[i] >= 'A' && h.p[i] <= 'Z' ? h.p[i] + 32 : h.p[i]));
}
HASH_COLUMN(md5, "MD5")
HASH_COLUMN(sha1, "SHA1")
HASH_COLUMN(sha256, "SHA256")
HASH_COLUMN(imphash, "IMPHASH")

/* time */

/* A recorded text is kept only in Sysmon's own form, so that text sorts as time does. */
static bool utc_readable(const st_view *v)
{
    st_str text = st_pool_get(v->f->pool, v->k->utc_text[v->r]);
    st_ticks t;
    return v->k->utc_text[v->r] != ST_ABSENT && st_time_sysmon(text, &t);
}

static void put_utc(const st_view *v, st_buf *b)
{
    if (utc_readable(v))
        st_buf_str(b, st_pool_get(v->f->pool, v->k->utc_text[v->r]));
    else
        st_buf_time_sysmon(b, v->k->utc[v->r]);
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
    st_buf_time_iso(b, v->k->created[v->r]);
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

static void put_kind(const st_view *v, st_buf *b)
{
    static const char *const words[] = { "hit", "context", "other" };
    put_word(b, words[v->row->kind]);
}

static void put_incident(const st_view *v, st_buf *b)
{
    if (v->row->incident < v->c->nincidents)
        put_word(b, v->c->incidents[v->row->incident].id);
}

static void put_level(const st_view *v, st_buf *b)
{
    if (!v->row->nfindings)
        return;
    st_level level = ST_LEVEL_INFORMATIONAL;
    for (size_t i = 0; i < v->row->nfindings; i++)
        if (finding(v, i)->level > level)
            level = finding(v, i)->level;
    put_word(b, st_level_word(level));
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

/* The least technique above `last` (all, if last.p is NULL); p is NULL if there is none. */
static st_str technique_after(const st_view *v, st_str last)
{
    st_str best = { 0 };
    for (size_t k = 0; k < v->row->nfindings; k++) {
        const st_rule *r = rule(v, k);
        for (size_t t = 0; t < r->ntechniques; t++) {
            st_str x = r->techniques[t];
            if (x.n && (!last.p || st_str_cmp(x, last) > 0) && (!best.p || st_str_cmp(x, best) < 0))
                best = x;
        }
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
    put_u32(b, v->k->pid[v->r]);
}

static void put_process_guid(const st_view *v, st_buf *b)
{
    put_guid(b, &v->k->guid[v->r]);
}

static void put_parent_pid(const st_view *v, st_buf *b)
{
    put_u32(b, v->k->parent_pid[v->r]);
}

static void put_parent_guid(const st_view *v, st_buf *b)
{
    put_guid(b, &v->k->parent_guid[v->r]);
}

/* The parent, if its own record was read. */
static const st_proc *observed_parent(const st_view *v)
{
    st_node n = v->p->parent;
    if (n == ST_NO_NODE || !(v->f->procs[n].flags & ST_P_OBSERVED))
        return NULL;
    return &v->f->procs[n];
}

static void put_grandparent(const st_view *v, st_buf *b)
{
    const st_proc *up = observed_parent(v);
    if (up && up->row < v->k->n)
        st_buf_str(b, st_dashless(st_pool_get(v->f->pool, v->k->parent_image[up->row])));
}

static const st_proc *server(const st_view *v)
{
    return v->p->server < v->f->n ? &v->f->procs[v->p->server] : NULL;
}

static void put_server_image(const st_view *v, st_buf *b)
{
    if (server(v))
        st_buf_str(b, st_pool_get(v->f->pool, server(v)->image));
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
    st_buf_u64(b, v->p->depth);
}

static void put_chain(const st_view *v, st_buf *b)
{
    st_chain_put(v->f, v->row->node, b);
}

static void put_link(const st_view *v, st_buf *b)
{
    put_word(b, st_link_word((st_link)v->p->link));
}

static void put_parent_observed(const st_view *v, st_buf *b)
{
    put_word(b, observed_parent(v) ? "true" : "false");
}

static void put_chain_link(const st_view *v, st_buf *b)
{
    put_word(b, st_link_word((st_link)v->p->chain_link));
}

static void put_children(const st_view *v, st_buf *b)
{
    st_buf_u64(b, v->p->children);
}

static void put_logon_id(const st_view *v, st_buf *b)
{
    if (v->k->logon_id[v->r] != ST_NO_U64)
        st_buf_fmt(b, "0x%llx", (unsigned long long)v->k->logon_id[v->r]);
}

static void put_logon_guid(const st_view *v, st_buf *b)
{
    put_guid(b, &v->k->logon_guid[v->r]);
}

static void put_session(const st_view *v, st_buf *b)
{
    put_u32(b, v->k->session[v->r]);
}

static void put_event_id(const st_view *v, st_buf *b)
{
    (void)v;
    st_buf_char(b, '1');
}

/* where it stands in the evidence */

static st_str get_source(const st_view *v)
{
    return st_source_name(v->f->evidence, v->k->source[v->r]);
}

static void put_offset(const st_view *v, st_buf *b)
{
    st_buf_u64(b, v->k->offset[v->r]);
}

static void put_number(const st_view *v, st_buf *b)
{
    st_buf_u64(b, v->k->record_number[v->r]);
}

static void put_record_id(const st_view *v, st_buf *b)
{
    st_buf_u64(b, v->k->event_record_id[v->r]);
}

static void put_origin(const st_view *v, st_buf *b)
{
    put_word(b, st_origin_word(v->k->origin[v->r]));
}

static void put_copies(const st_view *v, st_buf *b)
{
    st_buf_u64(b, v->p->copies ? v->p->copies : 1);
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
};

static void add_note(st_buf *b, size_t start, const char *word, const char *about)
{
    if (b->n > start)
        st_buf_str(b, ST_STR("; "));
    put_word(b, word);
    put_word(b, about);
}

static void put_notes(const st_view *v, st_buf *b)
{
    size_t start = b->n;
    for (size_t i = 0; i < sizeof record_notes / sizeof record_notes[0]; i++)
        if (v->k->flags[v->r] & record_notes[i].flag)
            add_note(b, start, record_notes[i].word, "");
    for (size_t i = 0; i < sizeof tree_notes / sizeof tree_notes[0]; i++)
        if (v->p->flags & tree_notes[i].flag)
            add_note(b, start, tree_notes[i].word, "");
    if ((v->k->flags[v->r] & ST_C_TIME) || (v->k->utc_text[v->r] != ST_ABSENT && !utc_readable(v)))
        add_note(b, start, "clock:utc-unreadable", "");
    int64_t shift = st_store_shift_of(v->f->store, v->k->computer[v->r]);
    if (shift) {
        add_note(b, start, "clock:", "");
        st_buf_fmt(b, "%+llds", (long long)shift);
    }
    for (unsigned i = 0; i < 32; i++)
        if (v->k->truncated[v->r] & (UINT32_C(1) << i)) {
            const char *name = st_creation_field(i);
            add_note(b, start, "truncated:", name ? name : "?");
        }
    size_t n;
    const st_lossy *l = st_lossy_of(v->f->store, v->r, &n);
    for (size_t i = 0; i < n; i++)
        add_note(b, start, "lossy:", l[i].field);
    if (v->p->depth >= ST_MAX_CHAIN_SHOWN)
        add_note(b, start, "chain-cut", "");
}

/* the table */

#define MADE(name, put)                           \
    {                                             \
        name, ST_COL_TEXT, false, NULL, put, NULL \
    }
#define MADE_ALWAYS(name, put)                   \
    {                                            \
        name, ST_COL_TEXT, true, NULL, put, NULL \
    }
#define TEXT(name, get)                           \
    {                                             \
        name, ST_COL_TEXT, false, get, NULL, NULL \
    }
#define ALWAYS(name, get)                        \
    {                                            \
        name, ST_COL_TEXT, true, get, NULL, NULL \
    }
#define NUMBER(name, put)                           \
    {                                               \
        name, ST_COL_NUMBER, false, NULL, put, NULL \
    }
#define TIME(name, put)                           \
    {                                             \
        name, ST_COL_TIME, false, NULL, put, NULL \
    }
#define LIST(name, always, item)                    \
    {                                               \
        name, ST_COL_LIST, always, NULL, NULL, item \
    }

const st_column st_columns[] = {
    { "UtcTime", ST_COL_TIME, true, NULL, put_utc, NULL },
    ALWAYS("Computer", get_computer),
    MADE_ALWAYS("Kind", put_kind),
    MADE("Incident", put_incident),
    MADE_ALWAYS("Level", put_level),
    LIST("Rules", true, item_rule),
    LIST("RuleIds", true, item_rule_id),
    MADE("Reason", put_reason),
    LIST("Techniques", false, item_technique),
    TEXT("User", get_user),
    TEXT("IntegrityLevel", get_integrity_level),
    NUMBER("ProcessId", put_pid),
    MADE_ALWAYS("ProcessGuid", put_process_guid),
    TEXT("Image", get_image),
    ALWAYS("CommandLine", get_command_line),
    TEXT("CurrentDirectory", get_current_directory),
    MADE("MD5", put_md5),
    MADE("SHA1", put_sha1),
    MADE("SHA256", put_sha256),
    MADE("IMPHASH", put_imphash),
    NUMBER("ParentProcessId", put_parent_pid),
    MADE("ParentProcessGuid", put_parent_guid),
    TEXT("ParentImage", get_parent_image),
    TEXT("ParentCommandLine", get_parent_command_line),
    TEXT("ParentUser", get_parent_user),
    MADE("GrandparentImage", put_grandparent),
    MADE("WebServerImage", put_server_image),
    NUMBER("WebServerProcessId", put_server_pid),
    MADE("WebServerProcessGuid", put_server_guid),
    NUMBER("WebServerDistance", put_server_distance),
    NUMBER("Depth", put_depth),
    MADE("Chain", put_chain),
    MADE("ParentLink", put_link),
    { "ParentObserved", ST_COL_BOOL, false, NULL, put_parent_observed, NULL },
    MADE("ChainLink", put_chain_link),
    TIME("EndTime", put_end),
    NUMBER("LifetimeMs", put_lifetime),
    NUMBER("Children", put_children),
    MADE("LogonId", put_logon_id),
    MADE("LogonGuid", put_logon_guid),
    NUMBER("TerminalSessionId", put_session),
    TEXT("OriginalFileName", get_original_file_name),
    TEXT("FileVersion", get_file_version),
    TEXT("Description", get_description),
    TEXT("Product", get_product),
    TEXT("Company", get_company),
    TEXT("RuleName", get_rule_name),
    MADE("RuleAuthors", put_authors),
    TIME("TimeCreated", put_created),
    TEXT("Channel", get_channel),
    NUMBER("EventID", put_event_id),
    ALWAYS("Source", get_source),
    NUMBER("SourceOffset", put_offset),
    NUMBER("RecordNumber", put_number),
    { "EventRecordID", ST_COL_NUMBER, true, NULL, put_record_id, NULL },
    MADE_ALWAYS("Origin", put_origin),
    NUMBER("Copies", put_copies),
    LIST("FindingIds", false, item_finding_id),
    MADE("Notes", put_notes),
};
const size_t st_ncolumns = sizeof st_columns / sizeof st_columns[0];

const st_column *st_column_named(const char *name)
{
    for (size_t i = 0; i < st_ncolumns; i++)
        if (st_str_eq(st_str_of(st_columns[i].name), st_str_of(name)))
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

st_str st_column_text(const st_column *col, const st_view *v, st_buf *b)
{
    if (col->get)
        return col->get(v);
    st_buf_clear(b);
    if (col->item)
        put_list(col, v, b);
    else
        col->put(v, b);
    return st_buf_slice(b);
}

st_str st_confirmed_text(const st_view *v, const st_report_options *ro)
{
    uint8_t c = ro->confirmed ? ro->confirmed[v->row - v->c->rows] : 0;
    return c ? st_str_of(st_confirmed_word((st_confirmed)(c - 1))) : ST_STR("");
}
