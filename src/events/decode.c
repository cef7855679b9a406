/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.c - one record in, one row (or end, or service event) out.
 *
 * Nothing is dropped for being malformed: a creation without its ProcessGuid, its time or
 * all of its fields is a row with flags that say so. Strings stay as recorded, '-' and '?'
 * too; what '-' means is for those who read the store.
 */
#include "events/store.h"
#include "events/windows/audit.h"

#include <stdlib.h>
#include <string.h>

enum { EID_CREATE = 1, EID_SERVICE = 4, EID_END = 5, EID_CONFIG = 16 };

/* A name is mostly UTF-16, in its own spelling: told by its length at a glance; the rest is
 * compared with care. */
static bool is_named(const st_value *v, const char *name)
{
    size_t n = strlen(name);
    if (!v->p || v->n < n || (v->type == ST_V_STRING && v->n < 2 * n))
        return false;
    if (v->type == ST_V_STRING && v->n <= 2 * n + 2) {
        size_t i = 0;
        while (i < n && v->p[2 * i] == (unsigned char)name[i] && !v->p[2 * i + 1])
            i++;
        if (i == n && v->n == 2 * n)
            return true;
    }
    return st_value_is(v, name);
}

unsigned st_provider_of(const st_record *r)
{
    st_guid g;
    unsigned i;
    for (i = 0; i < ST_PROVIDERS; i++)
        if (st_provider_at(i)->name[0] && is_named(&r->provider, st_provider_at(i)->name))
            return i;
    if (!r->provider_guid.p || !st_value_guid(&r->provider_guid, &g) || st_guid_zero(&g))
        return ST_PROVIDERS;
    for (i = 0; i < ST_PROVIDERS &&
                (!st_provider_at(i)->name[0] || !st_guid_eq(&g, &st_provider_at(i)->guid));)
        i++;
    return i;
}

/* Absent, or as it stands in a log. */
static bool is_plain_guid(const st_value *v)
{
    return !v->p || (v->type == ST_V_GUID && v->n == sizeof(st_guid));
}

static bool has_guid_of(const st_record *r, const st_recent *last)
{
    const st_value *v = &r->provider_guid;
    if (!is_plain_guid(v) || last->no_guid != !v->p)
        return false;
    return !v->p || memcmp(v->p, last->guid, sizeof last->guid) == 0;
}

/* A name of ours is remembered, one of others with its GUID. */
unsigned st_provider_known(const st_record *r, st_recent *last)
{
    const st_value *v = &r->provider;
    if (last && last->told)
        return last->told - 1;
    if (!last || !v->p || v->n > sizeof last->bytes)
        return st_provider_of(r);
    if (last->n && last->n == v->n && last->type == v->type && !memcmp(last->bytes, v->p, v->n) &&
        (last->id < ST_PROVIDERS || has_guid_of(r, last)))
        return last->id;
    unsigned provider = st_provider_of(r);
    bool ours = provider < ST_PROVIDERS && is_named(v, st_provider_at(provider)->name);
    if (ours || (provider == ST_PROVIDERS && is_plain_guid(&r->provider_guid))) {
        memcpy(last->bytes, v->p, v->n);
        last->n = v->n;
        last->type = v->type;
        last->id = provider;
        last->no_guid = !r->provider_guid.p;
        if (!ours && r->provider_guid.p)
            memcpy(last->guid, r->provider_guid.p, sizeof last->guid);
    }
    return provider;
}

static bool always(unsigned provider, const st_record *r)
{
    if (provider != ST_SYSMON)
        return provider == ST_EVENTLOG || st_audit_of(provider, r->event_id) != ST_AUDIT_NONE;
    return r->event_id == EID_CREATE || r->event_id == EID_SERVICE || r->event_id == EID_END ||
           r->event_id == EID_CONFIG;
}

static size_t kind_of(unsigned provider, const st_record *r)
{
    return provider < ST_PROVIDERS && r->event_id <= UINT16_MAX
               ? st_event_kind_of((st_event_key){ (uint16_t)provider, (uint16_t)r->event_id })
               : st_event_kinds();
}

/* Most records are of the kind of one of the last. */
static size_t kind_known(unsigned provider, const st_record *r, st_recent *last)
{
    st_event_key key = { (uint16_t)provider, (uint16_t)r->event_id };
    if (!last || provider >= ST_PROVIDERS || r->event_id > UINT16_MAX)
        return kind_of(provider, r);
    size_t i = key.id % (sizeof last->kinds / sizeof last->kinds[0]);
    if (!last->kinds[i].kind || !st_event_key_eq(last->kinds[i].key, key)) {
        last->kinds[i].key = key;
        last->kinds[i].kind = st_event_kind_of(key) + 1;
    }
    return last->kinds[i].kind - 1;
}

bool st_event_wants(const st_record *r, const st_event_set *events, const st_log_keep *keep,
                    st_recent *last)
{
    if (last)
        last->told = 0;
    unsigned provider = st_provider_known(r, last);
    if (last)
        last->told = provider + 1;
    if (always(provider, r))
        return true;
    size_t kind = kind_known(provider, r, last);
    return (kind < st_event_kinds() && st_event_set_has(events, kind)) ||
           st_log_kind(events, keep, provider, r) < st_event_kinds();
}

/* One record on its way in. */
typedef struct decoding {
    st_store *store;
    const st_record *record;
    st_scratch *scratch;
    size_t row;        /* SIZE_MAX: not a creation */
    uint64_t replaced; /* characters, so far */
    bool failed;
} decoding;

static bool is_utf16(const st_value *v)
{
    return v->type == ST_V_STRING;
}

static void keep_lossy(decoding *d, const st_value *v, const char *field)
{
    st_store *s = d->store;
    if (d->row == SIZE_MAX)
        return;
    s->creations.flags[d->row] |= ST_C_LOSSY;
    if (!is_utf16(v))
        return;
    if (!st_grow(&s->lossy, &s->lossy_cap, s->nlossy + 1, sizeof *s->lossy)) {
        d->failed = true;
        return;
    }
    size_t n = v->n & ~(uint32_t)1;
    while (n >= 2 && !v->p[n - 1] && !v->p[n - 2])
        n -= 2;
    st_buf_clear(&d->scratch->text);
    st_buf_hex(&d->scratch->text, v->p, n, false);
    st_sid hex = st_pool_put(s->pool, st_buf_slice(&d->scratch->text));
    s->lossy[s->nlossy++] = (st_lossy){ (uint32_t)d->row, field, hex };
}

/* texts that were met before */

static inline uint64_t load(const unsigned char *p, size_t n)
{
    uint32_t four;
    uint64_t eight;
    if (n == sizeof eight) {
        memcpy(&eight, p, sizeof eight);
        return eight;
    }
    memcpy(&four, p, sizeof four);
    return four;
}

static inline uint64_t sample(const unsigned char *p, size_t n)
{
    uint64_t head, middle = 0, tail = 0;
    if (n >= sizeof head) {
        head = load(p, 8);
        middle = load(p + n / 2 - 4, 8);
        tail = load(p + n - 8, 8);
    } else if (n >= 4) {
        head = load(p, 4);
        tail = load(p + n - 4, 4);
    } else {
        head = (uint64_t)p[0] << 8 | p[n - 1];
    }
    head += (middle << 23 | middle >> 41) ^ (tail << 47 | tail >> 17) ^ n;
    return (head ^ head >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline st_ask ask(const decoding *d, const st_value *v)
{
    if (v->type != ST_V_STRING || !v->p || v->n - 1 >= ST_MET_BYTES || !d->scratch->met)
        return 0;
    return sample(v->p, v->n);
}

static inline size_t met_place(st_ask a)
{
    return (size_t)(a >> (64 - ST_MET_BITS));
}

static inline uint32_t met_tag(st_ask a)
{
    return (uint32_t)(a >> 16);
}

/* The text's head; NULL: it isn't remembered. */
static inline const st_met_head *met_before(const decoding *d, st_ask a, const st_value *v)
{
    const st_met *met = d->scratch->met;
    if (!a)
        return NULL;
    const st_met_head *h = &met->heads[met_place(a)];
    return h->tag == met_tag(a) && h->n == v->n && memcmp(met->texts[met_place(a)], v->p, v->n) == 0
               ? h
               : NULL;
}

/* The second time is worth its place. */
static void remember(const decoding *d, st_ask a, const st_value *v, st_sid id)
{
    if (!a)
        return;
    st_met_head *h = &d->scratch->met->heads[met_place(a)];
    if (h->missed != met_tag(a)) {
        h->missed = met_tag(a);
        return;
    }
    memcpy(d->scratch->met->texts[met_place(a)], v->p, v->n);
    *h = (st_met_head){ .tag = met_tag(a), .missed = met_tag(a), .n = v->n, .id = id };
}

void st_scratch_free(st_scratch *s)
{
    st_buf_free(&s->text);
    st_buf_free(&s->fields);
    st_buf_free(&s->ahead);
    free(s->met);
    s->met = NULL;
}

/* A value's text as an id. field: Sysmon's name of it, for characters that had to go. */
static st_sid text_of(decoding *d, const st_value *v, const char *field)
{
    if (!v->p && v->type == ST_V_NULL)
        return ST_EMPTY;
    st_ask a = ask(d, v);
    const st_met_head *met = met_before(d, a, v);
    if (met)
        return met->id;
    st_buf_clear(&d->scratch->text);
    unsigned replaced = st_value_text(v, &d->scratch->text);
    st_sid id = st_pool_put(d->store->pool, st_buf_slice(&d->scratch->text));
    if (replaced)
        keep_lossy(d, v, field);
    else
        remember(d, a, v, id);
    d->replaced += replaced;
    return id;
}

/* System's values have no type when they are absent; a field that is there and empty has. */
static st_sid system_text(decoding *d, const st_value *v, const char *field, st_recent *recent)
{
    if (!v->p)
        return ST_ABSENT;
    if (recent->n && recent->n == v->n && recent->type == v->type &&
        memcmp(recent->bytes, v->p, v->n) == 0)
        return recent->id;
    uint64_t replaced = d->replaced;
    st_sid id = text_of(d, v, field);
    recent->n = 0; /* what had to be replaced is told of each time */
    if (v->n > sizeof recent->bytes || d->replaced != replaced)
        return id;
    memcpy(recent->bytes, v->p, v->n);
    recent->n = v->n;
    recent->type = v->type;
    recent->id = id;
    return id;
}

static void *cell(const st_creations *c, size_t at, size_t row, size_t size)
{
    unsigned char *column;
    memcpy(&column, (const unsigned char *)c + at, sizeof column);
    return column + row * size;
}

static void put_number(decoding *d, const st_field_def *f, const st_value *v)
{
    st_creations *c = &d->store->creations;
    uint64_t u;
    st_guid g;
    if (f->kind == ST_K_GUID) {
        if (st_value_guid(v, &g))
            memcpy(cell(c, f->at, d->row, sizeof g), &g, sizeof g);
        return;
    }
    if (!st_value_u64(v, &u))
        return;
    if (f->kind == ST_K_U64)
        memcpy(cell(c, f->at, d->row, sizeof u), &u, sizeof u);
    else if (u < ST_NO_U32)
        memcpy(cell(c, f->at, d->row, sizeof(uint32_t)), &(uint32_t){ (uint32_t)u },
               sizeof(uint32_t));
}

static void put_utc(decoding *d, const st_value *v)
{
    st_creations *c = &d->store->creations;
    st_ticks t;
    if (st_event_time(v, d->scratch, &t))
        c->utc[d->row] = t;
    else
        c->utc_text[d->row] = text_of(d, v, "UtcTime");
}

static void put_command(decoding *d, st_sid recorded)
{
    st_creations *c = &d->store->creations;
    st_str s = st_pool_get(d->store->pool, recorded);
    c->command_line_recorded[d->row] = c->command_line[d->row] = recorded;
    if (!memchr(s.p, '%', s.n))
        return;
    st_buf_clear(&d->scratch->text);
    st_undouble_percent(s, &d->scratch->text);
    c->command_line[d->row] = st_pool_put(d->store->pool, st_buf_slice(&d->scratch->text));
}

/* A substitution of the type null: the field isn't there, which rules tell from an empty text. */
static bool is_null(const st_value *v)
{
    return !v->p && v->type == ST_V_NULL;
}

static inline void put_text(decoding *d, const st_field_def *f, st_sid id)
{
    if (f->kind == ST_K_COMMAND)
        put_command(d, id);
    else
        memcpy(cell(&d->store->creations, f->at, d->row, sizeof id), &id, sizeof id);
}

static st_str waiting_text(const st_scratch *s, const st_waiting *w)
{
    return w->n ? (st_str){ s->ahead.p + w->from, w->n } : ST_STR("");
}

/* A text that is seldom met: the pool's table lies far away, so all of a record's are asked for
 * before the first is looked up. */
static void wait_for(decoding *d, const st_field_def *f, const st_value *v, st_ask a)
{
    st_scratch *s = d->scratch;
    size_t from = s->ahead.n;
    if (st_value_text(v, &s->ahead)) { /* something had to be replaced, which is told of */
        s->ahead.n = from;
        put_text(d, f, text_of(d, v, f->name.p));
        return;
    }
    st_waiting *w = &s->waiting[s->nwaiting++];
    w->value = v;
    w->field = f;
    w->ask = a;
    w->from = from;
    w->n = s->ahead.n - from;
    w->hash = st_pool_hash(d->store->pool, waiting_text(s, w));
}

static void put_waiting(decoding *d)
{
    st_scratch *s = d->scratch;
    for (size_t i = 0; i < s->nwaiting; i++)
        st_pool_near(d->store->pool, s->waiting[i].hash);
    for (size_t i = 0; i < s->nwaiting; i++) {
        const st_waiting *w = &s->waiting[i];
        st_sid id = st_pool_put_hashed(d->store->pool, waiting_text(s, w), w->hash);
        remember(d, w->ask, w->value, id);
        put_text(d, w->field, id);
    }
    d->failed |= s->ahead.failed;
    s->nwaiting = 0;
    st_buf_clear(&s->ahead);
}

static inline void put_string(decoding *d, const st_field_def *f, const st_value *v)
{
    st_ask a = ask(d, v);
    const st_met_head *met = met_before(d, a, v);
    if (met)
        put_text(d, f, met->id);
    else if (!is_null(v))
        wait_for(d, f, v, a);
}

static inline void note_cut(decoding *d, const st_field_def *f)
{
    st_creations *c = &d->store->creations;
    if (f->column < ST_COL_COUNT)
        c->truncated[d->row] |= UINT32_C(1) << f->column;
    else
        c->flags[d->row] |= ST_C_PARTIAL;
}

/* Numbers and GUIDs are filed while the pool's table is fetched for the texts. */
static void put_fields(decoding *d, const st_route *route)
{
    const st_field *fields = d->record->fields;
    const st_way *w = route->ways, *texts = w + route->ntexts, *end = w + route->n;
    for (; w < texts; w++) {
        const st_value *v = &fields[w->field].value;
        if (v->cut)
            note_cut(d, w->def);
        if (w->def->kind == ST_K_UTC)
            put_utc(d, v);
        else
            put_string(d, w->def, v);
    }
    for (; w < end; w++) {
        const st_value *v = &fields[w->field].value;
        if (v->cut)
            note_cut(d, w->def);
        if (w->def->kind != ST_K_STATE) /* no column of creations */
            put_number(d, w->def, v);
    }
    put_waiting(d);
}

static uint8_t creation_flags(const st_record *r)
{
    static const struct {
        unsigned record, row;
    } same[] = { { ST_R_CRC, ST_C_CRC },
                 { ST_R_TRAILER, ST_C_TRAILER },
                 { ST_R_BORROWED, ST_C_BORROWED },
                 { ST_R_REPAIRED, ST_C_REPAIRED },
                 { ST_R_PARTIAL, ST_C_PARTIAL } };
    unsigned flags = 0;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        if (r->flags & same[i].record)
            flags |= same[i].row;
    return (uint8_t)flags;
}

/* A new row, with what it has of the record itself; false: no memory. */
static bool begin_creation(decoding *d, uint32_t source, unsigned provider)
{
    const st_record *r = d->record;
    st_creations *c = &d->store->creations;
    size_t row = d->row = st_store_add(d->store);
    if (row == SIZE_MAX) {
        d->failed = true;
        return false;
    }
    c->provider[row] = (uint8_t)provider;
    c->flags[row] = creation_flags(r);
    c->created[row] = r->time_created;
    c->event_record_id[row] = r->event_record_id;
    c->record_number[row] = r->number;
    c->offset[row] = r->offset;
    c->source[row] = source;
    c->origin[row] = (uint8_t)r->origin;
    c->computer[row] = system_text(d, &r->computer, "Computer", &d->scratch->computer);
    c->channel[row] = system_text(d, &r->channel, "Channel", &d->scratch->channel);
    d->store->without_host += c->computer[row] <= ST_EMPTY;
    return true;
}

static bool leads(st_route *w, const st_record *r)
{
    size_t i = 0;
    if (!w->nids || w->nids != r->nfields)
        return false;
    if (r->layout && r->layout == w->layout)
        return true;
    while (i < r->nfields && w->ids[i] == r->fields[i].id)
        i++;
    w->layout = i == r->nfields ? r->layout : 0;
    return i == r->nfields;
}

static bool is_text(st_field_kind kind)
{
    return kind == ST_K_STRING || kind == ST_K_COMMAND || kind == ST_K_UTC;
}

/* The ways of the record's fields; of more than a route holds it is made each time. */
static const st_route *route_of(st_route *w, const st_record *r)
{
    uint64_t taken = 0; /* of two fields with one name the first counts */
    st_way others[ST_ROUTE_FIELDS];
    size_t nothers = 0;
    if (leads(w, r))
        return w;
    w->n = w->nids = 0;
    for (size_t i = 0; i < r->nfields; i++) {
        uint16_t id = r->fields[i].id;
        const st_field_def *f = st_field_def_of(id);
        uint64_t bit = UINT64_C(1) << (id & 63);
        if (i < ST_ROUTE_FIELDS)
            w->ids[i] = id;
        if (!f || f->kind >= ST_K_EVENT || (taken & bit))
            continue;
        taken |= bit;
        if (is_text(f->kind))
            w->ways[w->n++] = (st_way){ f, i };
        else
            others[nothers++] = (st_way){ f, i };
    }
    w->layout = r->layout;
    w->ntexts = w->n;
    memcpy(w->ways + w->n, others, nothers * sizeof *others);
    w->n += nothers;
    w->nids = r->nfields <= ST_ROUTE_FIELDS ? r->nfields : 0;
    return w;
}

static void decode_creation(decoding *d, uint32_t source)
{
    const st_record *r = d->record;
    st_creations *c = &d->store->creations;
    if (!begin_creation(d, source, ST_SYSMON))
        return;
    size_t row = d->row;
    put_fields(d, route_of(&d->scratch->route, r));
    if (!c->utc[row]) {
        c->utc[row] = r->time_created;
        c->flags[row] |= ST_C_TIME;
    }
    if (st_guid_zero(&c->guid[row]))
        c->flags[row] |= ST_C_NO_GUID;
}

/* Windows' own creations, ends and starts */

static uint32_t audit_pid(const st_audit *a, unsigned field)
{
    uint64_t u = st_audit_number(a, field, ST_NO_U32);
    return u < ST_NO_U32 ? (uint32_t)u : ST_NO_U32;
}

static st_sid audit_text(decoding *d, const st_audit *a, unsigned field, unsigned column)
{
    const st_value *v = a->v[field];
    if (v && v->cut)
        d->store->creations.truncated[d->row] |= UINT32_C(1) << column;
    return v ? text_of(d, v, st_creation_field(column)) : ST_ABSENT;
}

static st_sid audit_account(decoding *d, const st_audit *a, bool target)
{
    st_buf *b = &d->scratch->text;
    bool known = target ? st_audit_account(a, ST_AUDIT_TARGET_DOMAIN, ST_AUDIT_TARGET_USER, b)
                        : st_audit_account(a, ST_AUDIT_SUBJECT_DOMAIN, ST_AUDIT_SUBJECT_USER, b);
    return known ? st_pool_put(d->store->pool, st_buf_slice(b)) : ST_ABSENT;
}

/* 4688 in the columns of a creation. The subject is who asked for the process, and so the account
 * of its parent. */
static void decode_audited(decoding *d, uint32_t source)
{
    st_creations *c = &d->store->creations;
    st_audit a;
    st_str integrity;
    st_audit_read(d->record, &a);
    if (!a.v[ST_AUDIT_NEW_PID] && !a.v[ST_AUDIT_NEW_IMAGE]) {
        d->store->bare++;
        return;
    }
    if (!begin_creation(d, source, ST_SECURITY))
        return;
    size_t row = d->row;
    bool target = st_audit_has_target(&a);
    c->utc[row] = d->record->time_created;
    c->pid[row] = audit_pid(&a, ST_AUDIT_NEW_PID);
    c->parent_pid[row] = audit_pid(&a, ST_AUDIT_PID);
    c->image[row] = audit_text(d, &a, ST_AUDIT_NEW_IMAGE, ST_COL_image);
    c->parent_image[row] = audit_text(d, &a, ST_AUDIT_PARENT_IMAGE, ST_COL_parent_image);
    c->command_line[row] = c->command_line_recorded[row] =
        audit_text(d, &a, ST_AUDIT_COMMAND, ST_COL_command_line);
    c->parent_user[row] = audit_account(d, &a, false);
    c->user[row] = target ? audit_account(d, &a, true) : c->parent_user[row];
    c->logon_id[row] =
        st_audit_number(&a, target ? ST_AUDIT_TARGET_LOGON : ST_AUDIT_SUBJECT_LOGON, ST_NO_U64);
    if (st_audit_integrity(&a, &integrity))
        c->integrity_level[row] = st_pool_put(d->store->pool, integrity);
}

static void add_ending(decoding *d, const st_ending *end)
{
    st_store *s = d->store;
    if (st_grow(&s->endings, &s->endings_cap, s->nendings + 1, sizeof *end))
        s->endings[s->nendings++] = *end;
    else
        d->failed = true;
}

static void add_service(decoding *d, const st_service *service)
{
    st_store *s = d->store;
    if (st_grow(&s->services, &s->services_cap, s->nservices + 1, sizeof *service))
        s->services[s->nservices++] = *service;
    else
        d->failed = true;
}

static void decode_audit(decoding *d, st_audit_kind kind, st_sid computer, uint32_t source)
{
    const st_record *r = d->record;
    st_audit a;
    if (kind == ST_AUDIT_CREATION) {
        decode_audited(d, source);
    } else if (kind == ST_AUDIT_END) {
        st_audit_read(r, &a);
        const st_value *image = a.v[ST_AUDIT_IMAGE];
        add_ending(d, &(st_ending){ .computer = computer,
                                    .image = image ? text_of(d, image, NULL) : ST_ABSENT,
                                    .utc = r->time_created,
                                    .created = r->time_created,
                                    .pid = audit_pid(&a, ST_AUDIT_PID),
                                    .origin = (uint8_t)r->origin });
    } else {
        add_service(d, &(st_service){ .computer = computer,
                                      .state = st_pool_put(d->store->pool, ST_STR("boot")),
                                      .utc = r->time_created,
                                      .created = r->time_created,
                                      .origin = (uint8_t)r->origin });
    }
}

/* The values of Event IDs 4, 5 and 16 that are kept. */
static void decode_small(decoding *d, st_ending *end, st_service *service)
{
    const st_record *r = d->record;
    st_ticks utc = r->time_created, t;
    for (size_t i = 0; i < r->nfields; i++) {
        const st_field_def *f = st_field_def_of(r->fields[i].id);
        const st_value *v = &r->fields[i].value;
        uint64_t u;
        if (!f)
            continue;
        if (f->kind == ST_K_UTC) {
            if (st_event_time(v, d->scratch, &t))
                utc = t;
        } else if (f->kind == ST_K_STATE) {
            st_sid id = text_of(d, v, NULL);
            memcpy((unsigned char *)service + f->at, &id, sizeof id);
        } else if (f->at == offsetof(st_creations, guid) && f->kind == ST_K_GUID) {
            (void)st_value_guid(v, &end->guid);
        } else if (f->at == offsetof(st_creations, pid) && f->kind == ST_K_U32) {
            if (st_value_u64(v, &u) && u < ST_NO_U32)
                end->pid = (uint32_t)u;
        }
    }
    end->utc = service->utc = utc;
}

static void decode_other(decoding *d, st_sid computer)
{
    st_store *s = d->store;
    const st_record *r = d->record;
    st_ending end = { .computer = computer,
                      .created = r->time_created,
                      .pid = ST_NO_U32,
                      .origin = (uint8_t)r->origin };
    st_service service = { .computer = computer,
                           .created = r->time_created,
                           .origin = (uint8_t)r->origin };
    decode_small(d, &end, &service);
    if (r->event_id == EID_END) {
        add_ending(d, &end);
        return;
    }
    if (r->event_id == EID_CONFIG) {
        service.state = st_pool_put(s->pool, ST_STR("config"));
        service.schema = ST_ABSENT;
    }
    add_service(d, &service);
}

/* other events */

/* Details are doubled as command lines are. */
static st_sid event_text(decoding *d, const st_value *v, st_event_text t)
{
    st_sid id = is_null(v) ? ST_ABSENT : text_of(d, v, NULL);
    st_str s = st_pool_get(d->store->pool, id);
    if (t != ST_T_details || !memchr(s.p, '%', s.n))
        return id;
    st_buf_clear(&d->scratch->text);
    st_undouble_percent(s, &d->scratch->text);
    return st_pool_put(d->store->pool, st_buf_slice(&d->scratch->text));
}

static void put_event_field(decoding *d, st_events *e, const st_event_kind *k, size_t row,
                            const st_field_def *f, const st_value *v)
{
    uint64_t u;
    st_ticks t;
    if (f->kind == ST_K_UTC) {
        if (!e->utc[row] && st_event_time(v, d->scratch, &t))
            e->utc[row] = t;
    } else if (f->kind == ST_K_EVENT_GUID ||
               (f->kind == ST_K_GUID && f->at == offsetof(st_creations, guid))) {
        if (st_guid_zero(&e->guid[row]))
            (void)st_value_guid(v, &e->guid[row]);
    } else if (f->kind == ST_K_EVENT_PID ||
               (f->kind == ST_K_U32 && f->at == offsetof(st_creations, pid))) {
        if (e->pid[row] == ST_NO_U32 && st_value_u64(v, &u) && u < ST_NO_U32)
            e->pid[row] = (uint32_t)u;
    } else {
        size_t c = st_event_column(k, f->text);
        if (c != SIZE_MAX && e->text[c][row] == ST_ABSENT)
            e->text[c][row] = event_text(d, v, f->text);
    }
}

/* What a row has of the record itself, whatever its kind. */
static void put_head(decoding *d, st_events *e, size_t row, st_sid computer, uint32_t source)
{
    const st_record *r = d->record;
    e->computer[row] = computer;
    e->created[row] = r->time_created;
    e->channel[row] = system_text(d, &r->channel, "Channel", &d->scratch->channel);
    e->event_record_id[row] = r->event_record_id;
    e->record_number[row] = r->number;
    e->offset[row] = r->offset;
    e->source[row] = source;
    e->origin[row] = (uint8_t)r->origin;
    e->flags[row] = creation_flags(r);
}

static st_sid number_id(decoding *d, uint64_t v)
{
    st_buf_clear(&d->scratch->text);
    st_buf_u64(&d->scratch->text, v);
    return st_pool_put(d->store->pool, st_buf_slice(&d->scratch->text));
}

/* A record that is kept whole. */
static void decode_log(decoding *d, size_t kind, st_sid computer, uint32_t source)
{
    const st_record *r = d->record;
    size_t system;
    size_t row = st_store_add_event(d->store, kind);
    st_events *e = &d->store->events[kind];
    const st_event_kind *k = st_event_kind_at(kind);
    if (row == SIZE_MAX) {
        d->failed = true;
        return;
    }
    put_head(d, e, row, computer, source);
    e->utc[row] = r->time_created;
    st_buf_clear(&d->scratch->fields);
    bool named = k->key.id == ST_LOG_NAMED; /* by rules that say what of it they read no closer */
    st_log_put_fields(r, named ? NULL : d->scratch->keep, &d->scratch->text, &d->scratch->fields,
                      &d->replaced);
    e->text[st_event_column(k, ST_T_log_fields)][row] =
        st_pool_put(d->store->pool, st_buf_slice(&d->scratch->fields));
    e->text[st_event_column(k, ST_T_log_provider)][row] =
        r->provider.p ? text_of(d, &r->provider, NULL) : ST_ABSENT;
    e->text[st_event_column(k, ST_T_log_event)][row] = number_id(d, r->event_id);
    e->text[st_event_column(k, ST_T_log_level)][row] = number_id(d, r->level);
    if ((system = st_event_column(k, ST_T_log_system)) != SIZE_MAX) {
        st_buf_clear(&d->scratch->fields);
        st_log_put_system(r, &d->scratch->text, &d->scratch->fields);
        e->text[system][row] = st_pool_put(d->store->pool, st_buf_slice(&d->scratch->fields));
    }
    d->failed |= d->scratch->fields.failed;
}

static void decode_event(decoding *d, size_t kind, st_sid computer, uint32_t source)
{
    const st_record *r = d->record;
    size_t row = st_store_add_event(d->store, kind);
    st_events *e = &d->store->events[kind];
    const st_event_kind *k = st_event_kind_at(kind);
    if (row == SIZE_MAX) {
        d->failed = true;
        return;
    }
    put_head(d, e, row, computer, source);
    if (k->tie == ST_TIE_PID && r->execution_pid) /* the process that wrote it */
        e->pid[row] = r->execution_pid;
    for (size_t i = 0; i < r->nfields; i++) {
        const st_field_def *f = st_field_def_for(k->key.provider, r->fields[i].id);
        if (f)
            put_event_field(d, e, k, row, f, &r->fields[i].value);
    }
    if (!e->utc[row])
        e->utc[row] = r->time_created;
}

/* whose records there are */

static int cmp_presence(const st_presence *p, uint32_t source, st_sid computer)
{
    if (p->source != source)
        return p->source < source ? -1 : 1;
    return (p->computer > computer) - (p->computer < computer);
}

/* The host's presence in the source; NULL: no memory. Mostly it is the one met last. */
static st_presence *presence_of(st_store *s, uint32_t source, st_sid computer, size_t *last)
{
    size_t low = 0, high = s->npresences;
    if (*last < high && !cmp_presence(&s->presences[*last], source, computer))
        return &s->presences[*last];
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (cmp_presence(&s->presences[mid], source, computer) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *last = low;
    if (low < s->npresences && !cmp_presence(&s->presences[low], source, computer))
        return &s->presences[low];
    if (!st_grow(&s->presences, &s->presences_cap, s->npresences + 1, sizeof *s->presences))
        return NULL;
    memmove(s->presences + low + 1, s->presences + low,
            (s->npresences++ - low) * sizeof *s->presences);
    s->presences[low] = (st_presence){ .computer = computer, .source = source };
    return &s->presences[low];
}

static bool count_record(decoding *d, st_sid computer, uint32_t source, unsigned provider)
{
    const st_record *r = d->record;
    bool sysmon = provider == ST_SYSMON;
    st_presence *p = presence_of(d->store, source, computer, &d->scratch->presence);
    if (!p)
        return false;
    p->records++;
    p->sysmon += sysmon;
    p->windows +=
        provider != ST_SYSMON && provider < ST_PROVIDERS && kind_of(provider, r) < st_event_kinds();
    p->audited += st_audit_of(provider, r->event_id) == ST_AUDIT_CREATION;
    if (r->origin != ST_O_LIVE)
        return true;
    if (r->time_created && (!p->first || r->time_created < p->first))
        p->first = r->time_created;
    if (r->time_created > p->last)
        p->last = r->time_created;
    if (!sysmon || !r->event_record_id)
        return true;
    if (!p->first_id || r->event_record_id < p->first_id)
        p->first_id = r->event_record_id;
    if (r->event_record_id > p->last_id)
        p->last_id = r->event_record_id;
    return true;
}

static void decode_sysmon(decoding *d, st_sid computer, uint32_t source)
{
    st_store *s = d->store;
    const st_record *r = d->record;
    s->sysmon++;
    if (!st_grow(&s->seen, &s->seen_cap, s->nseen + 1, sizeof *s->seen)) {
        d->failed = true;
        return;
    }
    s->seen[s->nseen++] = (st_seen){ computer, (uint16_t)r->event_id, (uint8_t)r->origin,
                                     r->event_record_id, r->time_created };
    if (r->event_id == EID_CREATE)
        decode_creation(d, source);
    else if (always(ST_SYSMON, r))
        decode_other(d, computer);
}

bool st_event_decode(st_store *s, const st_record *r, uint32_t source, st_scratch *scratch)
{
    decoding d = { .store = s, .record = r, .scratch = scratch, .row = SIZE_MAX };
    unsigned provider = st_provider_known(r, &scratch->provider);
    scratch->provider.told = 0;
    st_sid computer = system_text(&d, &r->computer, "Computer", &scratch->computer);
    s->records++;
    if (!count_record(&d, computer, source, provider))
        return false;
    st_audit_kind audit = st_audit_of(provider, r->event_id);
    if (provider == ST_SYSMON)
        decode_sysmon(&d, computer, source);
    if (audit != ST_AUDIT_NONE)
        decode_audit(&d, audit, computer, source);
    d.row = SIZE_MAX;
    size_t kind = provider == ST_SYSMON && always(provider, r)
                      ? SIZE_MAX
                      : kind_known(provider, r, &scratch->provider);
    if ((provider != ST_SYSMON || kind >= st_event_kinds()) && st_log_wants(&scratch->logs, r))
        decode_log(&d, st_event_kind_of((st_event_key){ ST_LOGS, ST_LOG_NAMED }), computer, source);
    size_t whole = st_log_kind(&s->wanted, scratch->keep, provider, r);
    if (whole < st_event_kinds())
        decode_log(&d, whole, computer, source);
    if (kind < st_event_kinds() && st_event_set_has(&s->wanted, kind))
        decode_event(&d, kind, computer, source);
    if (r->lossy)
        *r->lossy += d.replaced;
    return !d.failed && !scratch->text.failed && !st_pool_failed(s->pool);
}

size_t st_event_kind_of_record(const st_record *r, st_recent *last)
{
    return kind_known(st_provider_known(r, last), r, last);
}

bool st_event_actor(const st_record *r, st_guid *out)
{
    for (size_t i = 0; i < r->nfields; i++) {
        const st_field_def *f = st_field_def_of(r->fields[i].id);
        if (f && (f->kind == ST_K_EVENT_GUID ||
                  (f->kind == ST_K_GUID && f->at == offsetof(st_creations, guid))))
            return st_value_guid(&r->fields[i].value, out) && !st_guid_zero(out);
    }
    return false;
}

bool st_event_keep(st_store *s, const st_record *r, size_t kind, uint32_t source,
                   st_scratch *scratch)
{
    decoding d = { .store = s, .record = r, .scratch = scratch, .row = SIZE_MAX };
    decode_event(&d, kind, system_text(&d, &r->computer, "Computer", &scratch->computer), source);
    return !d.failed && !scratch->text.failed && !st_pool_failed(s->pool);
}
