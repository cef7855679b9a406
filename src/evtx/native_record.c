/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native_record.c - one record: its substitutions laid against a plan.
 *
 * System first, from the outermost plan. Only if the caller wants more, the fields: streams
 * inside values are followed with a small stack of steps, in the order of the document.
 */
#include "native.h"
#include "value.h"

#include <string.h>

typedef struct job {
    st_native *s;
    st_record *r;
    uint32_t off, end; /* the record's bytes */
    size_t depth;      /* of steps */
    bool repaired, borrowed;
    uint64_t values; /* bytes of the fields so far */
    bool unsure;     /* where the record ends is a guess */
    bool straight;   /* its first fields came in one go */
    const char *damage;
} job;

static void damaged(job *j, const char *reason)
{
    if (!j->damage)
        j->damage = reason;
}

/* instances */

uint32_t nt_skip_headers(const st_native *s, uint32_t pos, uint32_t end)
{
    while (nt_has(pos, end, 4) && s->b[pos] == 0x0f)
        pos += 4;
    return pos;
}

/* Where an inline definition ends: by its size, else by the size of its root element. */
static uint32_t definition_end(const st_native *s, uint32_t def, uint32_t end, bool *repaired)
{
    uint32_t size = st_le32(s->b + def + 20), body = def + 24;
    if (nt_has(body, end, size))
        return body + size;
    *repaired = true;
    body = nt_skip_headers(s, body, end);
    if (!nt_has(body, end, 7) || (s->b[body] & 0xbf) != 0x01)
        return NT_NONE;
    size = st_le32(s->b + body + 3);
    return nt_has(body + 7, end, size) && nt_has(body + 7 + size, end, 1) ? body + 8 + size
                                                                          : NT_NONE;
}

const char *nt_instance_at(const st_native *s, uint32_t pos, uint32_t end, nt_instance *out)
{
    *out = (nt_instance){ 0 };
    if (!nt_has(pos, end, 14) || (s->b[pos] & 0xbf) != 0x0c)
        return "bad-token";
    out->id = st_le32(s->b + pos + 2);
    out->def = st_le32(s->b + pos + 6);
    pos += 10;
    if (out->def == pos) {
        if (!nt_has(pos, end, 28))
            return "bad-template";
        pos = definition_end(s, pos, end, &out->repaired);
        if (pos == NT_NONE)
            return "bad-template";
    }
    if (!nt_has(pos, end, 4))
        return "bad-template";
    out->count = st_le32(s->b + pos);
    out->specs = pos + 4;
    return NULL;
}

/* Where the values of `count` substitutions end; NT_NONE when they don't fit. */
static uint32_t values_end(const st_native *s, const nt_instance *in, uint32_t count, uint32_t end)
{
    if (count > ST_MAX_SUBST || !nt_has(in->specs, end, 4 * count))
        return NT_NONE;
    uint32_t at = in->specs + 4 * count;
    for (uint32_t i = 0; i < count; i++)
        at += st_le16(s->b + in->specs + (size_t)4 * i); /* at most 1024 * 65535: no overflow */
    return at <= end ? at : NT_NONE;
}

/* A stream's end token and at most seven bytes of padding are all that may follow. */
static bool ends_well(const st_native *s, uint32_t at, uint32_t end)
{
    return at != NT_NONE && at < end && end - at <= 8 && s->b[at] == 0;
}

/* How many substitutions there are: what the record says, unless only what the template
 * uses makes sense. */
static uint32_t count_of(job *j, const nt_instance *in, uint32_t used, uint32_t end)
{
    const st_native *s = j->s;
    uint32_t said = values_end(s, in, in->count, end);
    if (ends_well(s, said, end))
        return in->count;
    bool shorter = used != in->count && ends_well(s, values_end(s, in, used, end), end);
    if (said != NT_NONE && said == end && !(shorter && j->depth == 0))
        return in->count; /* only a record as a whole always has its end token */
    if (shorter) {
        j->repaired = true;
        return used;
    }
    if (said != NT_NONE)
        return in->count;
    damaged(j, "value-past-end");
    uint32_t count = in->count < used || !used ? in->count : used;
    return count < ST_MAX_SUBST ? count : ST_MAX_SUBST;
}

/* ST_V_TEXT is ours, not the format's: a value that claims it is of no known type. */
static uint8_t stored_type(uint8_t type)
{
    return (type & 0x7f) == ST_V_TEXT ? 0x7e : type;
}

/* The ordinary case, in one pass: all values lie where the record says, and nothing but the
 * end follows them. Where each does goes to `to`. False: it isn't so, and nothing is decided. */
static bool load_sound(const st_native *s, const nt_instance *in, uint32_t *to, uint32_t end)
{
    uint32_t count = in->count;
    if (count > ST_MAX_SUBST || !nt_has(in->specs, end, 4 * count))
        return false;
    const unsigned char *spec = s->b + in->specs;
    uint32_t at = in->specs + 4 * count;
    for (uint32_t i = 0; i < count; i++, spec += 4) {
        to[i] = at;
        at += st_le16(spec); /* at most 1024 * 65535: no overflow */
    }
    return ends_well(s, at, end);
}

/* Of a value that there is. */
static inline unsigned type_at(const st_native *s, const nt_step *step, uint32_t index)
{
    return step->sound ? stored_type(s->b[step->specs + (size_t)4 * index + 2])
                       : s->values[step->base + index].type;
}

static inline void value_at(const st_native *s, const nt_step *step, uint32_t index, st_value *out)
{
    if (!step->sound) {
        *out = s->values[step->base + index];
        return;
    }
    const unsigned char *spec = s->b + step->specs + (size_t)4 * index;
    out->p = s->b + s->at[step->base + index];
    out->n = st_le16(spec);
    out->type = stored_type(spec[2]);
    out->cut = false;
}

static uint32_t load_odd(job *j, const nt_instance *in, st_value *to, uint32_t used, uint32_t end)
{
    const st_native *s = j->s;
    uint32_t count = count_of(j, in, used, end);
    const unsigned char *spec = s->b + in->specs;
    uint32_t at = in->specs + 4 * count; /* behind all of them, also where the record is cut */
    uint32_t most = in->specs <= end ? (end - in->specs) / 4 : 0;
    bool lies = values_end(s, in, count, end) == NT_NONE;
    count = count < most ? count : most;
    for (uint32_t i = 0; i < count; i++, spec += 4) {
        uint32_t n = st_le16(spec), left = at <= end ? end - at : 0,
                 width = st_value_width(spec[2]);
        if (lies && width && n > width) { /* sizes don't add up, and this one can't be */
            n = width;
            j->repaired = true;
        }
        to[i] = (st_value){ .p = s->b + (at <= end ? at : end),
                            .n = n < left ? n : left,
                            .type = stored_type(spec[2]),
                            .cut = n > left };
        at += n;
    }
    return count;
}

static void load_values(job *j, const nt_instance *in, nt_step *step, uint32_t end)
{
    st_value *to = j->s->values + step->base;
    uint32_t count = in->count < ST_MAX_SUBST ? in->count : ST_MAX_SUBST;
    step->count = 0;
    if (!nt_spend(j->s, count / 32)) {
        damaged(j, "limit");
    } else if (load_sound(j->s, in, j->s->at + step->base, end)) {
        step->count = count;
        step->specs = in->specs;
        step->sound = true;
    } else {
        if (j->unsure && !j->depth) /* what follows its bytes would pass for values */
            damaged(j, "bad-size");
        step->count = load_odd(j, in, to, j->s->plans[step->plan].nsubs, end);
    }
}

uint32_t nt_load_values(st_native *s, const nt_instance *in, uint32_t plan, uint32_t base,
                        uint32_t end)
{
    job j = { .s = s };
    nt_step step = { .plan = plan, .base = base };
    load_values(&j, in, &step, end);
    for (uint32_t i = 0; step.sound && i < step.count; i++)
        value_at(s, &step, i, &s->values[base + i]);
    return step.count;
}

static bool is_null(const st_value *v)
{
    return !v->p || v->type == ST_V_NULL;
}

/* The ordinary source: one substitution, whose value is there and whole. False: anything else, and
 * nothing is decided. */
static inline bool whole_value(const st_native *s, const nt_step *step, uint32_t first, uint32_t n,
                               st_value *out)
{
    if (n != 1)
        return false;
    const nt_piece *piece = &s->pieces[first];
    if ((piece->kind != NT_SUB && piece->kind != NT_OPTIONAL) || piece->index >= step->count)
        return false;
    value_at(s, step, piece->index, out);
    return !out->cut && !is_null(out);
}

static st_value sub(job *j, const nt_step *step, uint32_t index)
{
    st_value v = { 0 };
    if (index < step->count)
        value_at(j->s, step, index, &v);
    else
        j->repaired = true;
    return v;
}

/* values of several pieces */

static void add_piece(job *j, const nt_step *step, const nt_piece *piece, st_buf *b)
{
    st_native *s = j->s;
    st_value v;
    switch ((nt_piece_kind)piece->kind) {
    case NT_LITERAL:
        if (piece->len)
            j->s->c->report->lossy += st_utf16le_put(b, piece->p, piece->len);
        break;
    case NT_CHAR: st_buf_utf8(b, piece->off - 0xd800u < 0x800u ? 0xfffd : piece->off); break;
    case NT_ENTITY:
        st_buf_char(b, '&');
        st_buf_str(b, s->names.list[piece->off].text);
        st_buf_char(b, ';');
        break;
    case NT_INSTANCE: break;
    case NT_SUB:
    case NT_OPTIONAL:
        v = sub(j, step, piece->index);
        if (v.type != ST_V_BINXML)
            j->s->c->report->lossy += st_value_text(&v, b);
        break;
    }
}

static st_value joined(job *j, const nt_step *step, uint32_t first, uint32_t n)
{
    st_native *s = j->s;
    st_buf b = { 0 };
    for (uint32_t i = 0; i < n; i++) {
        const nt_piece *piece = &s->pieces[first + i];
        uint32_t steps = piece->kind == NT_LITERAL ? 1 + piece->len / 256 : 1 + UINT16_MAX / 256;
        if (piece->kind == NT_CHAR || piece->kind == NT_ENTITY)
            steps = 1;
        if (!nt_spend(s, steps) || b.n > ST_MAX_RECORD_TEXT) {
            damaged(j, "limit");
            break;
        }
        add_piece(j, step, piece, &b);
    }
    s->text_used = true;
    st_str kept = { 0 };
    if (s->text.total > 4 * (size_t)ST_MAX_RECORD_TEXT)
        damaged(j, "limit");
    else
        kept = st_arena_copy(&s->text, st_buf_slice(&b));
    if (b.failed || s->text.failed)
        s->failed = true;
    st_buf_free(&b);
    return (
        st_value){ .p = (const unsigned char *)kept.p, .n = (uint32_t)kept.n, .type = ST_V_TEXT };
}

/* The value of a source that isn't a stream. Absent: p is NULL. */
static st_value value_of(job *j, const nt_step *step, uint32_t first, uint32_t n)
{
    static const unsigned char nothing[1];
    const nt_piece *piece = &j->s->pieces[first];
    if (!n)
        return (st_value){ .p = nothing, .type = ST_V_NULL };
    if (n > 1)
        return joined(j, step, first, n);
    switch ((nt_piece_kind)piece->kind) {
    case NT_LITERAL: return (st_value){ .p = piece->p, .n = piece->len, .type = ST_V_STRING };
    case NT_SUB:
    case NT_OPTIONAL: {
        st_value v = sub(j, step, piece->index);
        if (v.cut)
            damaged(j, "value-past-end");
        if (!is_null(&v))
            return v;
        if (piece->kind == NT_OPTIONAL)
            return (st_value){ 0 };
        return (st_value){ .p = nothing, .type = ST_V_NULL };
    }
    default: return joined(j, step, first, n);
    }
}

/* System */

/* p is NULL where there is none. */
static inline void system_value(job *j, const nt_step *step, nt_slot slot, st_value *out)
{
    const nt_plan *plan = &j->s->plans[step->plan];
    const nt_source *from = &plan->system[slot];
    const uint32_t direct = plan->direct[slot];
    if (direct < step->count) {
        value_at(j->s, step, direct, out);
        if (!out->cut && !is_null(out))
            return;
    } else if (direct == NT_FIXED) {
        const nt_piece *text = &j->s->pieces[from->first];
        *out = (st_value){ .p = text->p, .n = text->len, .type = ST_V_STRING };
        return;
    }
    *out = from->n ? value_of(j, step, from->first, from->n) : (st_value){ 0 };
    if (is_null(out))
        *out = (st_value){ 0 };
}

/* The ordinary number: a substitution of 2 or 8 bytes without a sign. */
static inline bool plain_number(const st_native *s, const nt_step *step, nt_slot slot,
                                uint64_t *out)
{
    const uint32_t direct = s->plans[step->plan].direct[slot];
    if (!step->sound || direct >= step->count)
        return false;
    const unsigned char *spec = s->b + step->specs + (size_t)4 * direct,
                        *p = s->b + s->at[step->base + direct];
    const uint32_t form = st_le32(spec) & 0xffffff;
    if (form == (ST_V_U16 << 16 | 2))
        *out = st_le16(p);
    else if (form == (ST_V_U64 << 16 | 8))
        *out = st_le64(p);
    else
        return false;
    return true;
}

static uint64_t number(job *j, const nt_step *step, nt_slot slot, uint64_t otherwise, uint64_t most)
{
    uint64_t n;
    st_value v;
    if (plain_number(j->s, step, slot, &n) && n <= most)
        return n;
    system_value(j, step, slot, &v);
    return (st_value_unsigned(&v, &n) || st_value_u64(&v, &n)) && n <= most ? n : otherwise;
}

/* What tells whether anybody wants more of it. */
static void read_head(job *j, const nt_step *step)
{
    st_record *r = j->r;
    st_value time;
    system_value(j, step, NT_TIME, &time);
    system_value(j, step, NT_PROVIDER, &r->provider);
    system_value(j, step, NT_PROVIDER_GUID, &r->provider_guid);
    system_value(j, step, NT_CHANNEL, &r->channel);
    system_value(j, step, NT_COMPUTER, &r->computer);
    r->event_id = (uint32_t)number(j, step, NT_EVENT_ID, UINT32_MAX, UINT32_MAX);
    r->event_record_id = number(j, step, NT_RECORD_ID, 0, UINT64_MAX);
    if (!st_value_ticks(&time, &r->time_created))
        r->time_created = 0;
}

static void read_system(job *j, const nt_step *step)
{
    st_record *r = j->r;
    system_value(j, step, NT_USER_SID, &r->user_sid);
    r->version = (uint8_t)number(j, step, NT_VERSION, 0, UINT8_MAX);
    r->level = (uint8_t)number(j, step, NT_LEVEL, 0, UINT8_MAX);
    r->opcode = (uint8_t)number(j, step, NT_OPCODE, 0, UINT8_MAX);
    r->task = (uint16_t)number(j, step, NT_TASK, 0, UINT16_MAX);
    r->keywords = number(j, step, NT_KEYWORDS, 0, UINT64_MAX);
    r->execution_pid = (uint32_t)number(j, step, NT_PID, 0, UINT32_MAX);
    r->execution_tid = (uint32_t)number(j, step, NT_TID, 0, UINT32_MAX);
}

/* Would reading the rest of System tell nothing of the record? */
static bool rest_tells_nothing(const st_native *s, const nt_step *step)
{
    return step->sound && step->count >= s->plans[step->plan].rest;
}

/* fields */

static void note_plan(job *j, uint32_t plan)
{
    const nt_plan *p = &j->s->plans[plan];
    j->repaired |= p->repaired;
    if (p->damage)
        damaged(j, p->damage);
}

/* The names of a plan's fields, written once for all records of it that follow each other. */
static bool name_fields(st_native *s, uint32_t number)
{
    const nt_plan *plan = &s->plans[number];
    if (s->named == number) /* the array is as long, then */
        return true;
    if (!st_grow(&s->out, &s->out_cap, plan->nfields, sizeof *s->out)) {
        s->failed = true;
        return false;
    }
    for (uint32_t k = 0; k < plan->nfields; k++) {
        const nt_name *it = &s->names.list[s->fields[plan->first + k].name];
        s->out[k] = (st_field){ .name = it->text, .id = it->id };
    }
    s->named = number;
    s->naming++;
    return true;
}

/* Values that may be a field as they stand: they are there, and no stream. Of each type that was
 * met its bit, and all of them together. */
static bool are_plain(uint64_t met, unsigned together)
{
    const uint64_t odd = UINT64_C(1) << ST_V_NULL | UINT64_C(1) << ST_V_BINXML;
    return together < 64 && !(met & odd);
}

/* Where the values of all substitutions end. */
static uint32_t all_values_end(const unsigned char *spec, uint32_t count, uint32_t at)
{
    for (const unsigned char *end = spec + (size_t)4 * count; spec < end; spec += 4)
        at += st_le16(spec); /* at most 1024 * 65535: no overflow */
    return at;
}

/* The ordinary body in one pass: all its values are plain fields, and nothing but the end follows
 * them. False: it isn't so, or something would be full; nothing is decided. */
static bool emit_straight(job *j, const nt_instance *in, uint32_t number, uint32_t end)
{
    st_native *s = j->s;
    const nt_plan *plan = &s->plans[number];
    const uint32_t count = in->count, nfields = plan->nfields;
    if (!plan->straight || s->nout || count < nfields || count > ST_MAX_SUBST ||
        nfields > ST_MAX_FIELDS || !nt_has(in->specs, end, 4 * count) || !name_fields(s, number))
        return false;
    const unsigned char *spec = s->b + in->specs, *first = spec + (size_t)4 * count, *p = first;
    if (!ends_well(s, all_values_end(spec, count, in->specs + 4 * count), end))
        return false;
    uint32_t steps = count / 32 + 2 * nfields;
    unsigned together = 0;
    uint64_t met = 0;
    for (st_field *f = s->out, *behind = f + nfields; f < behind; f++, spec += 4) {
        const uint32_t n = st_le16(spec);
        const uint8_t type = spec[2];
        f->value = (st_value){ .p = p, .n = n, .type = type };
        together |= type;
        met |= UINT64_C(1) << (type & 63);
        steps += n / 256;
        p += n;
    }
    const uint64_t values = j->values + (size_t)(p - first);
    if (!are_plain(met, together) || values > ST_MAX_RECORD_VALUES || !nt_spend(s, steps))
        return false;
    j->values = values;
    j->r->user_data |= plan->user_data;
    j->straight = true;
    s->nout = nfields;
    return true;
}

/* Begins the stream at pos: a template's plan with its values, or a plan made for it. */
static bool enter(job *j, uint32_t pos, uint32_t end, nt_context context)
{
    st_native *s = j->s;
    nt_step step = { .plan = NT_NONE };
    nt_instance in;
    if (j->depth == ST_MAX_NEST) {
        damaged(j, "too-deep");
        return false;
    }
    step.base = (uint32_t)(j->depth * ST_MAX_SUBST);
    pos = nt_skip_headers(s, pos, end);
    if (pos >= end)
        return false;
    if ((s->b[pos] & 0xbf) == 0x0c) {
        const char *reason = nt_instance_at(s, pos, end, &in);
        if (reason) {
            damaged(j, reason);
            return false;
        }
        bool borrowed;
        step.plan = nt_template(s, in.id, in.def, context, &borrowed);
        if (step.plan == NT_NONE || (borrowed && s->plans[step.plan].damage)) {
            uint32_t known = nt_known_plan(s, &in, end, context, j->r);
            borrowed |= known != NT_NONE;
            step.plan = known != NT_NONE ? known : step.plan;
        }
        if (step.plan == NT_NONE) {
            damaged(j, "no-template");
            return false;
        }
        j->borrowed |= borrowed;
        j->repaired |= in.repaired;
        if (context != NT_TOP && emit_straight(j, &in, step.plan, end)) {
            note_plan(j, step.plan);
            return true;
        }
        load_values(j, &in, &step, end);
    } else {
        if (context == NT_TOP)
            j->r->flags |= ST_R_LITERAL;
        step.plan = nt_compile(s, pos, end, false, context);
        if (step.plan == NT_NONE)
            return false;
        if (j->unsure && !j->depth && s->plans[step.plan].repaired)
            damaged(j, "bad-size");
    }
    note_plan(j, step.plan);
    s->steps[j->depth++] = step;
    return true;
}

static void emit(job *j, uint32_t name, const st_value *v)
{
    st_native *s = j->s;
    s->named = NT_NONE;
    if (name == NT_NONE)
        name = nt_name_numbered(&s->names, ++s->unnamed, s->c->ops);
    j->values += v->n;
    if (s->nout == ST_MAX_FIELDS || j->values > ST_MAX_RECORD_VALUES ||
        !nt_spend(s, 1 + v->n / 256)) {
        damaged(j, "limit");
        return;
    }
    if (name == NT_NONE ||
        (s->nout == s->out_cap && !st_grow(&s->out, &s->out_cap, s->nout + 1, sizeof *s->out))) {
        s->failed = true;
        return;
    }
    const nt_name *it = &s->names.list[name];
    s->out[s->nout++] = (st_field){ .name = it->text, .id = it->id, .value = *v };
}

/* An array in Data without a name repeats the element. */
static void emit_items(job *j, const st_value *array)
{
    uint32_t pos = 0;
    st_value v = { .p = array->p, .type = array->type & 0x7f };
    if (!array->n)
        emit(j, NT_NONE, &v);
    for (uint32_t n = 0; n <= ST_MAX_FIELDS && st_value_item(array, &pos, &v); n++)
        emit(j, NT_NONE, &v);
}

/* Is what an element depends on there? */
static inline bool is_there(const st_native *s, const nt_step *step, uint16_t dep)
{
    return dep == NT_NO_INDEX || (dep < step->count && type_at(s, step, dep) != ST_V_NULL);
}

static void field(job *j, const nt_step *step, const nt_field *f)
{
    st_native *s = j->s;
    if (!is_there(s, step, f->dep))
        return;
    const nt_piece piece = f->n == 1 ? s->pieces[f->first] : (nt_piece){ .kind = NT_LITERAL };
    if (piece.kind == NT_INSTANCE) {
        enter(j, piece.off, piece.len, (nt_context)f->inner);
        return;
    }
    st_value v = value_of(j, step, f->first, f->n);
    if (!v.p || (f->bare && is_null(&v)))
        return;
    if (v.type == ST_V_BINXML) {
        uint32_t at = (uint32_t)(v.p - s->b);
        if (v.n)
            enter(j, at, at + v.n, (nt_context)f->inner);
        return;
    }
    if (f->name == NT_NONE && (v.type & ST_V_ARRAY))
        emit_items(j, &v);
    else
        emit(j, f->name, &v);
}

/* The ordinary fields in one go, up to the first that isn't one: they have a name, and a whole
 * value that is no stream. Stops where something is full, too; `field` says then what that means.
 */
static void emit_whole(job *j, nt_step *step, const nt_plan *plan)
{
    st_native *s = j->s;
    const nt_step now = *step;
    if (!s->out_cap || now.next == plan->nfields) /* there may be neither array yet */
        return;
    const nt_field *fields = s->fields + plan->first;
    const nt_name *names = s->names.list;
    uint64_t budget = s->chunk_budget < s->record_budget ? s->chunk_budget : s->record_budget;
    uint64_t left = budget, values = j->values;
    uint32_t next = now.next;
    size_t most = s->out_cap < ST_MAX_FIELDS ? s->out_cap : ST_MAX_FIELDS;
    st_field *out = s->out + s->nout, *full = s->out + most;
    for (; next < plan->nfields && out < full; next++) {
        const nt_field *f = &fields[next];
        st_value v;
        if (!whole_value(s, &now, f->first, f->n, &v) || f->name == NT_NONE ||
            v.type == ST_V_BINXML || !is_there(s, &now, f->dep) ||
            values + v.n > ST_MAX_RECORD_VALUES || left < 2 + v.n / 256)
            break;
        const nt_name *it = &names[f->name];
        left -= 2 + v.n / 256;
        values += v.n;
        *out++ = (st_field){ .name = it->text, .id = it->id, .value = v };
    }
    if (next == now.next)
        return;
    s->named = NT_NONE;
    step->next = next;
    j->values = values;
    s->nout = (size_t)(out - s->out);
    s->record_budget -= (uint32_t)(budget - left);
    s->chunk_budget -= budget - left;
}

static void read_fields(job *j)
{
    st_native *s = j->s;
    while (j->depth && !s->failed) {
        nt_step *step = &s->steps[j->depth - 1];
        const nt_plan *plan = &s->plans[step->plan];
        if (step->next == 0 && plan->user_data)
            j->r->user_data = true;
        emit_whole(j, step, plan);
        if (step->next == plan->nfields) {
            j->depth--;
            continue;
        }
        if (!nt_spend(s, 1)) {
            damaged(j, "limit");
            return;
        }
        nt_field f = s->fields[plan->first + step->next++];
        nt_step now = *step;
        field(j, &now, &f);
    }
}

/* a record that nobody wants */

typedef struct glimpse {
    const unsigned char *guids[ST_MAX_GLANCED];
    size_t n;
} glimpse;

static void glimpse_add(glimpse *g, const unsigned char *p)
{
    if (g->n < ST_MAX_GLANCED)
        g->guids[g->n++] = p;
}

/* A value that may hold GUIDs: one itself, or a stream. */
static inline bool is_telling(unsigned type)
{
    return type == ST_V_GUID || type == ST_V_BINXML;
}

/* The GUIDs among an instance's values; false: its values don't lie where it says. */
static bool glimpse_instance(const st_native *s, const nt_instance *in, uint32_t end, glimpse *g)
{
    if (values_end(s, in, in->count, end) == NT_NONE)
        return false;
    const unsigned char *spec = s->b + in->specs;
    uint32_t at = in->specs + 4 * in->count;
    for (uint32_t i = 0; i < in->count; i++, spec += 4) {
        uint32_t n = st_le16(spec);
        if (spec[2] == ST_V_GUID && n == sizeof(st_guid))
            glimpse_add(g, s->b + at);
        at += n;
    }
    return true;
}

/* Looks at the GUIDs of the record's own values and of the streams among them. Where one of
 * these is no template's, nothing is told. */
static void glance(job *j)
{
    const st_native *s = j->s;
    const nt_step *step = &s->steps[0];
    const unsigned char *specs = step->sound ? s->b + step->specs : NULL;
    glimpse g;
    g.n = 0;
    bool ok = nt_spend(j->s, 1);
    for (uint32_t i = 0; ok && i < step->count; i++) {
        st_value v;
        nt_instance in;
        if (!is_telling(specs ? specs[(size_t)4 * i + 2] : type_at(s, step, i)))
            continue;
        value_at(s, step, i, &v);
        if (v.type == ST_V_GUID && v.n == sizeof(st_guid) && !v.cut) {
            glimpse_add(&g, v.p);
        } else if (v.type == ST_V_BINXML && v.n) {
            uint32_t at = (uint32_t)(v.p - s->b), end = at + v.n;
            ok = !nt_instance_at(s, nt_skip_headers(s, at, end), end, &in) &&
                 glimpse_instance(s, &in, end, &g);
        }
    }
    ok = ok && g.n < ST_MAX_GLANCED;
    s->c->ops->glance(s->c->job, j->r, g.guids, ok ? g.n : 0);
}

/* records */

static void deliver(job *j, const char *damage)
{
    st_native *s = j->s;
    st_record *r = j->r;
    const st_scan_ops *ops = s->c->ops;
    bool wanted = !ops->want || ops->want(s->c->job, r);
    if (wanted) {
        if (!ops->fields_do || !rest_tells_nothing(s, &s->steps[0]) ||
            !ops->fields_do(s->c->job, r))
            read_system(j, &s->steps[0]);
        read_fields(j);
    } else if (ops->glance) {
        glance(j);
    }
    if (s->failed)
        return;
    if (damage && j->damage)
        j->damage = damage; /* the cause, rather than its symptom */
    r->fields = s->out;
    r->nfields = s->nout;
    r->layout = j->straight && s->named != NT_NONE ? s->naming : 0;
    r->flags |= (j->repaired ? (unsigned)ST_R_REPAIRED : 0u) |
                (j->borrowed ? (unsigned)ST_R_BORROWED : 0u) |
                (j->damage ? (unsigned)ST_R_PARTIAL : 0u);
    r->damage = j->damage;
    s->c->report->borrowed += j->borrowed;
    if (wanted && s->c->options->xml) {
        nt_render(s, j->off, j->end);
        r->xml = st_buf_slice(&s->xml);
    }
    if (s->failed)
        return;
    ops->record(s->c->job, r);
}

/* Plans that were made for this record alone. */
static void drop_plans(st_native *s, size_t plans, size_t pieces, size_t fields, uint32_t templates)
{
    if (s->ntemplates != templates)
        return; /* a template's plan lies behind them */
    s->named = s->named < plans ? s->named : NT_NONE;
    s->nplans = plans;
    s->npieces = pieces;
    s->nfields = fields;
}

bool nt_record(st_native *s, uint32_t off, uint32_t end, st_origin origin, unsigned flags,
               const char *damage, const char **reason)
{
    size_t plans = s->nplans, pieces = s->npieces, fields = s->nfields;
    uint32_t templates = s->ntemplates;
    st_record r = { .offset = s->c->offset + off,
                    .number = st_le64(s->b + off + 8),
                    .written = st_le64(s->b + off + 16),
                    .origin = origin,
                    .flags = flags | s->c->flags,
                    .event_id = UINT32_MAX,
                    .lossy = &s->c->report->lossy };
    job j = { .s = s, .r = &r, .off = off, .end = end, .unsure = damage || (flags & ST_R_TRAILER) };
    s->record_budget = ST_MAX_RECORD_STEPS;
    s->strict = origin != ST_O_LIVE;
    s->nout = s->unnamed = 0;
    bool read = false;
    if (enter(&j, off + 24, end, NT_TOP)) {
        read_head(&j, &s->steps[0]);
        read = r.event_id != UINT32_MAX || r.event_record_id || r.time_created;
    }
    if (read && !s->failed)
        deliver(&j, damage);
    *reason = j.damage ? j.damage : damage ? damage : read ? NULL : "bad-token";
    if (s->text_used)
        st_arena_free(&s->text);
    s->text_used = false;
    drop_plans(s, plans, pieces, fields, templates);
    return read && !s->failed;
}
