/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native_plan.c - from a stream of tokens to a plan: one walk, an explicit stack.
 *
 * Every element states its size, so a bad token costs the element it stands in: the walk
 * goes on behind it. Positions only ever move forward.
 */
#include "native.h"

#include <string.h>

/* What an open element is to us. */
typedef enum where {
    W_SKIP,
    W_EVENT,
    W_SYSTEM,
    W_SYSTEM_LEAF,
    W_EVENTDATA,
    W_DATA,
    W_USERDATA,
    W_LEAF
} where;

typedef struct walk {
    st_native *s;
    uint32_t pos, end;
    bool dep;
    size_t depth;
    uint32_t plan;
    const char *damage;
} walk;

#define CONTENT 0xffu

/* System's fields by element and attribute; or the element's content. */
static const struct {
    uint8_t element, attribute, slot;
} slots[] = {
    { NT_N_PROVIDER, NT_N_NAME, NT_PROVIDER },     { NT_N_PROVIDER, NT_N_GUID, NT_PROVIDER_GUID },
    { NT_N_CHANNEL, CONTENT, NT_CHANNEL },         { NT_N_COMPUTER, CONTENT, NT_COMPUTER },
    { NT_N_SECURITY, NT_N_USERID, NT_USER_SID },   { NT_N_EVENTID, CONTENT, NT_EVENT_ID },
    { NT_N_EVENTRECORDID, CONTENT, NT_RECORD_ID }, { NT_N_TIMECREATED, NT_N_SYSTEMTIME, NT_TIME },
    { NT_N_VERSION, CONTENT, NT_VERSION },         { NT_N_LEVEL, CONTENT, NT_LEVEL },
    { NT_N_OPCODE, CONTENT, NT_OPCODE },           { NT_N_TASK, CONTENT, NT_TASK },
    { NT_N_KEYWORDS, CONTENT, NT_KEYWORDS },       { NT_N_EXECUTION, NT_N_PROCESSID, NT_PID },
    { NT_N_EXECUTION, NT_N_THREADID, NT_TID },
};

static void damaged(walk *w, const char *reason)
{
    if (!w->damage)
        w->damage = reason;
}

/* names */

static uint32_t hash65599(const unsigned char *p, size_t chars)
{
    uint32_t h = 0;
    for (size_t i = 0; i < chars; i++)
        h = h * 65599u + st_le16(p + 2 * i);
    return h & 0xffff;
}

uint32_t nt_name_here(st_native *s, uint32_t off, uint32_t *end)
{
    if (!nt_has(off, s->n, 10))
        return NT_NONE;
    uint32_t chars = st_le16(s->b + off + 6);
    if (chars > ST_MAX_NAME || !nt_has(off, s->n, 10 + 2 * chars))
        return NT_NONE;
    const unsigned char *text = s->b + off + 8;
    if (s->strict && (!chars || st_le16(text + (size_t)2 * chars) ||
                      hash65599(text, chars) != st_le16(s->b + off + 4)))
        return NT_NONE;
    uint32_t name = nt_name_put(&s->names, text, 2 * (size_t)chars, s->c->ops);
    *end = off + 10 + 2 * chars;
    if (name == NT_NONE)
        s->failed = true;
    return name;
}

/* Notes a name that stands, at least in part, outside of the template in hand. */
static void note_outside(st_native *s, uint32_t off, uint32_t name)
{
    nt_outside *o = &s->outside;
    uint32_t size = 10 + 2u * st_le16(s->b + off + 6);
    if (off >= o->from && nt_has(off, o->upto, size))
        return;
    for (size_t i = 0; i < o->n && i < NT_OUTSIDE; i++)
        if (o->names[i].off == off)
            return;
    if (o->n < NT_OUTSIDE)
        o->names[o->n] = (nt_met){ off, name };
    o->n++;
}

bool nt_name_at(st_native *s, uint32_t *pos, uint32_t end, uint32_t *name)
{
    if (!nt_has(*pos, end, 4))
        return false;
    uint32_t off = st_le32(s->b + *pos), behind = 0;
    nt_met *met = &s->met[off % NT_MET];
    *pos += 4;
    if (off && met->off == off && off != *pos && !s->strict && !s->foreign) {
        *name = met->name;
        note_outside(s, off, *name);
        return true;
    }
    *name = nt_name_here(s, off, &behind);
    if (*name == NT_NONE || (off == *pos && behind > end))
        return false;
    if (off == *pos)
        *pos = behind;
    if (!s->foreign)
        *met = (nt_met){ off, *name };
    note_outside(s, off, *name);
    return true;
}

static uint8_t known_of(const walk *w, uint32_t name)
{
    return name == NT_NONE ? (uint8_t)NT_OTHER : w->s->names.list[name].known;
}

/* pieces */

static bool push_piece(walk *w, nt_piece piece)
{
    st_native *s = w->s;
    if (!st_grow(&s->pieces, &s->pieces_cap, s->npieces + 1, sizeof *s->pieces)) {
        s->failed = true;
        return false;
    }
    s->pieces[s->npieces++] = piece;
    return true;
}

static bool push_sub(walk *w, uint16_t index, bool optional)
{
    nt_plan *plan = &w->s->plans[w->plan];
    if (index < ST_MAX_SUBST && plan->nsubs < index + 1u)
        plan->nsubs = index + 1u;
    return push_piece(w, (nt_piece){ .index = index, .kind = optional ? NT_OPTIONAL : NT_SUB });
}

static bool text_piece(walk *w, uint32_t at, uint32_t end)
{
    if (!nt_has(at, end, 2))
        return false;
    uint32_t bytes = 2u * st_le16(w->s->b + at);
    if (!nt_has(at + 2, end, bytes))
        return false;
    w->pos = at + 2 + bytes;
    const unsigned char *p = w->s->b + at + 2;
    if (w->s->foreign) {
        p = (const unsigned char *)st_arena_copy(&w->s->kept, (st_str){ (const char *)p, bytes }).p;
        w->s->failed |= !p;
    }
    return push_piece(w, (nt_piece){ .p = p, .len = bytes, .kind = NT_LITERAL });
}

static bool entity_piece(walk *w, uint32_t end)
{
    static const struct {
        uint8_t known;
        char c;
    } entities[] = { { NT_N_LT, '<' },
                     { NT_N_GT, '>' },
                     { NT_N_AMP, '&' },
                     { NT_N_QUOT, '"' },
                     { NT_N_APOS, '\'' } };
    uint32_t pos = w->pos + 1, name;
    if (!nt_name_at(w->s, &pos, end, &name))
        return false;
    w->pos = pos;
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
        if (entities[i].known == known_of(w, name))
            return push_piece(w,
                              (nt_piece){ .off = (unsigned char)entities[i].c, .kind = NT_CHAR });
    return push_piece(w, (nt_piece){ .off = name, .kind = NT_ENTITY });
}

static uint8_t token_at(const walk *w)
{
    uint8_t t = w->s->b[w->pos];
    return t & 0xa0 ? 0xff : t & 0x1f; /* 0x40 only says that more follows */
}

static bool is_text(uint8_t token)
{
    return token == 0x05 || (token >= 0x07 && token <= 0x09) || token == 0x0d || token == 0x0e;
}

/* A piece of text or a substitution; moves on behind it. */
static bool content_piece(walk *w, uint8_t token, uint32_t end)
{
    const unsigned char *p = w->s->b + w->pos;
    switch (token) {
    case 0x05: /* the byte in front of the length is the type, a string always */
        return nt_has(w->pos, end, 4) && text_piece(w, w->pos + 2, end);
    case 0x07: return text_piece(w, w->pos + 1, end);
    case 0x08:
        if (!nt_has(w->pos, end, 3))
            return false;
        w->pos += 3;
        return push_piece(w, (nt_piece){ .off = st_le16(p + 1), .kind = NT_CHAR });
    case 0x09: return entity_piece(w, end);
    default:
        if (!nt_has(w->pos, end, 4))
            return false;
        w->pos += 4;
        return push_sub(w, st_le16(p + 1), token == 0x0e);
    }
}

/* elements */

static bool try_open(st_native *s, uint32_t pos, uint32_t end, bool dep, bool clamp, nt_opening *o)
{
    o->dep = NT_NO_INDEX;
    pos++;
    if (dep) {
        if (!nt_has(pos, end, 2))
            return false;
        o->dep = st_le16(s->b + pos);
        pos += 2;
    }
    if (!nt_has(pos, end, 4))
        return false;
    uint32_t size = st_le32(s->b + pos);
    pos += 4;
    if (!nt_has(pos, end, size)) {
        if (!clamp)
            return false;
        size = end - pos;
    }
    o->end = pos + size;
    if (!nt_name_at(s, &pos, o->end, &o->name))
        return false;
    o->next = pos;
    return true;
}

bool nt_open_at(st_native *s, uint32_t pos, uint32_t end, bool dep, nt_opening *o)
{
    o->repaired = false;
    if (try_open(s, pos, end, dep, false, o))
        return true;
    o->repaired = true;
    return !s->failed &&
           (try_open(s, pos, end, !dep, false, o) || try_open(s, pos, end, dep, true, o));
}

static where below_event(uint8_t known)
{
    switch (known) {
    case NT_N_SYSTEM: return W_SYSTEM;
    case NT_N_EVENTDATA: return W_EVENTDATA;
    case NT_N_RENDERINGINFO: /* the sender's language: never a source of facts */ return W_SKIP;
    default: /* UserData, and ProcessingErrorData and its like */ return W_USERDATA;
    }
}

static where place(const walk *w, const nt_frame *parent, uint8_t known)
{
    if (!parent) {
        uint8_t context = w->s->plans[w->plan].context;
        if (context == NT_TOP)
            return W_EVENT; /* whatever it is called: its name may be what is damaged */
        if (context == NT_IN_EVENT)
            return below_event(known);
        return known == NT_N_DATA ? W_DATA : W_LEAF;
    }
    switch ((where)parent->where) {
    case W_EVENT: return below_event(known);
    case W_SYSTEM: return W_SYSTEM_LEAF;
    case W_EVENTDATA:
    case W_DATA:
    case W_USERDATA:
    case W_LEAF: return known == NT_N_DATA ? W_DATA : W_LEAF;
    default: return W_SKIP;
    }
}

static void set_slot(walk *w, uint8_t element, uint8_t attribute, uint32_t first, uint32_t n)
{
    nt_plan *plan = &w->s->plans[w->plan];
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        if (slots[i].element == element && slots[i].attribute == attribute) {
            if (n && !plan->system[slots[i].slot].n) /* twice: the first counts */
                plan->system[slots[i].slot] = (nt_source){ first, n };
            return;
        }
}

/* The name that the literal pieces from first on spell. */
static uint32_t spelled(walk *w, uint32_t first)
{
    st_native *s = w->s;
    size_t n = s->npieces - first;
    if (n != 1 || s->pieces[first].kind != NT_LITERAL || s->pieces[first].len > 2 * ST_MAX_NAME)
        return NT_NONE;
    uint32_t name = nt_name_put(&s->names, s->pieces[first].p, s->pieces[first].len, s->c->ops);
    if (name == NT_NONE)
        s->failed = true;
    return name;
}

static void push_field(walk *w, nt_field field)
{
    st_native *s = w->s;
    if (!st_grow(&s->fields, &s->fields_cap, s->nfields + 1, sizeof *s->fields)) {
        s->failed = true;
        return;
    }
    s->fields[s->nfields++] = field;
    s->plans[w->plan].nfields++;
}

/* An attribute of an element that gives fields is a field, too: Element.Attribute. */
static void push_attribute(walk *w, const nt_frame *f, uint32_t name, uint32_t first)
{
    st_native *s = w->s;
    unsigned char wide[2 * (2 * ST_MAX_NAME + 1)];
    st_str element = s->names.list[f->name].wide, own = s->names.list[name].wide;
    uint32_t n = (uint32_t)s->npieces - first;
    st_str text = s->names.list[name].text;
    if (st_str_starts(text, ST_STR("xmlns")) || element.n + own.n + 2 > sizeof wide)
        return;
    memcpy(wide, element.p, element.n);
    wide[element.n] = '.';
    wide[element.n + 1] = 0;
    memcpy(wide + element.n + 2, own.p, own.n);
    uint32_t whole = nt_name_put(&s->names, wide, element.n + 2 + own.n, s->c->ops);
    if (whole == NT_NONE) {
        s->failed = true;
        return;
    }
    push_field(w, (nt_field){ .name = whole,
                              .first = first,
                              .n = n,
                              .dep = f->dep,
                              .inner = NT_IN_USERDATA,
                              .bare = n == 1 && s->pieces[first].kind == NT_OPTIONAL });
}

static bool attributes(walk *w, nt_frame *f, uint32_t end)
{
    st_native *s = w->s;
    while (w->pos < end && token_at(w) == 0x06) {
        uint32_t name, first = (uint32_t)s->npieces, pos = w->pos + 1;
        if (!nt_spend(s, 1) || !nt_name_at(w->s, &pos, end, &name))
            return false;
        w->pos = pos;
        while (w->pos < end && is_text(token_at(w)))
            if (!content_piece(w, token_at(w), end))
                return false;
        if (f->where == W_SYSTEM_LEAF)
            set_slot(w, f->known, known_of(w, name), first, (uint32_t)s->npieces - first);
        else if (f->where == W_DATA && known_of(w, name) == NT_N_NAME)
            f->data_name = f->data_name == NT_NONE ? spelled(w, first) : f->data_name;
        else if (f->where == W_DATA || f->where == W_LEAF)
            push_attribute(w, f, name, first);
    }
    return true;
}

static bool begin_element(walk *w, uint32_t end)
{
    st_native *s = w->s;
    nt_frame *parent = w->depth ? &s->frames[w->depth - 1] : NULL;
    bool with_attributes = (s->b[w->pos] & 0x40) != 0;
    nt_opening o;
    if (!nt_open_at(s, w->pos, end, w->dep, &o))
        return false;
    s->plans[w->plan].repaired |= o.repaired;
    if (w->depth == ST_MAX_DEPTH) {
        damaged(w, "too-deep");
        w->pos = o.end;
        return true;
    }
    if (parent)
        parent->parent = true;
    nt_frame *f = &s->frames[w->depth++];
    *f = (nt_frame){ .end = o.end,
                     .name = o.name,
                     .data_name = NT_NONE,
                     .dep = parent || s->plans[w->plan].context != NT_TOP ? o.dep : NT_NO_INDEX,
                     .known = known_of(w, o.name) };
    f->where = (uint8_t)place(w, parent, f->known);
    if (f->where == W_USERDATA)
        s->plans[w->plan].user_data = true;
    w->pos = o.next;
    if (f->where == W_SKIP) {
        w->pos = o.end;
        w->depth--;
        return true;
    }
    if (with_attributes) {
        if (!nt_has(w->pos, o.end, 4))
            return false;
        uint32_t size = st_le32(s->b + w->pos);
        w->pos += 4;
        if (!nt_has(w->pos, o.end, size))
            return false;
        uint32_t after = w->pos + size;
        if (!attributes(w, f, after))
            damaged(w, "bad-attribute");
        w->pos = after;
    }
    f->first = (uint32_t)s->npieces;
    return true;
}

static void end_element(walk *w)
{
    nt_frame *f = &w->s->frames[--w->depth];
    uint32_t n = f->parent ? 0 : (uint32_t)w->s->npieces - f->first;
    if (f->where == W_SYSTEM_LEAF)
        set_slot(w, f->known, CONTENT, f->first, n);
    else if ((f->where == W_DATA || f->where == W_LEAF) && !f->parent)
        push_field(w, (nt_field){ .name = f->where == W_DATA ? f->data_name : f->name,
                                  .first = f->first,
                                  .n = n,
                                  .dep = f->dep,
                                  .inner = NT_IN_USERDATA });
}

/* what stands between elements */

/* Content that is a stream of its own, or may turn out to be one. */
static void push_inner(walk *w)
{
    static const uint8_t inner[] = { [W_EVENT] = NT_IN_EVENT,
                                     [W_EVENTDATA] = NT_IN_EVENTDATA,
                                     [W_USERDATA] = NT_IN_USERDATA,
                                     [W_LEAF] = NT_IN_USERDATA,
                                     [W_DATA] = NT_IN_USERDATA };
    nt_field field = { .name = NT_NONE,
                       .first = (uint32_t)w->s->npieces - 1,
                       .n = 1,
                       .dep = (uint16_t)NT_NO_INDEX,
                       .inner = w->s->plans[w->plan].context,
                       .bare = true };
    if (w->depth) {
        const nt_frame *f = &w->s->frames[w->depth - 1];
        field.name = f->name;
        field.dep = f->dep;
        field.inner = inner[f->where];
    }
    push_field(w, field);
}

static bool takes_streams(const walk *w)
{
    unsigned at = w->depth ? w->s->frames[w->depth - 1].where : W_SKIP;
    return at == W_EVENT || at == W_EVENTDATA || at == W_USERDATA;
}

static bool text_or_sub(walk *w, uint8_t token, uint32_t end)
{
    if (!w->depth || !content_piece(w, token, end))
        return false;
    if ((token == 0x0d || token == 0x0e) && takes_streams(w))
        push_inner(w);
    return true;
}

static bool instance(walk *w, uint32_t end)
{
    nt_instance in;
    uint32_t at = w->pos;
    if (w->s->foreign || nt_instance_at(w->s, at, end, &in))
        return false;
    if (in.count > (end - in.specs) / 4 || !nt_spend(w->s, in.count / 64))
        return false;
    uint64_t after = in.specs + 4 * (uint64_t)in.count;
    for (uint32_t i = 0; i < in.count; i++)
        after += st_le16(w->s->b + in.specs + (size_t)4 * i);
    if (after > end)
        return false;
    w->pos = (uint32_t)after;
    if (!push_piece(w, (nt_piece){ .off = at, .len = end, .kind = NT_INSTANCE }))
        return false;
    if (w->depth)
        w->s->frames[w->depth - 1].parent = true;
    push_inner(w);
    return true;
}

/* Processing instructions are read over. */
static bool instruction(walk *w, uint8_t token, uint32_t end)
{
    uint32_t name, pos = w->pos + 1, bytes;
    if (token == 0x0a) {
        if (!nt_name_at(w->s, &pos, end, &name))
            return false;
        w->pos = pos;
        return true;
    }
    if (!nt_has(pos, end, 2))
        return false;
    bytes = 2u * st_le16(w->s->b + pos);
    if (!nt_has(pos + 2, end, bytes))
        return false;
    w->pos = pos + 2 + bytes;
    return true;
}

/* One token; false when it makes no sense here. */
static bool token(walk *w, uint32_t end)
{
    uint8_t t = token_at(w);
    switch (t) {
    case 0x01: return begin_element(w, end);
    case 0x02: w->pos++; return w->depth != 0;
    case 0x03:
    case 0x04:
        w->pos++;
        if (!w->depth)
            return false;
        end_element(w);
        return true;
    case 0x0a:
    case 0x0b: return instruction(w, t, end);
    case 0x0c: return instance(w, end);
    case 0x0f:
        if (!nt_has(w->pos, end, 4))
            return false;
        w->pos += 4;
        return true;
    default: return is_text(t) && text_or_sub(w, t, end);
    }
}

static void run(walk *w)
{
    st_native *s = w->s;
    while (!s->failed) {
        nt_frame *f = w->depth ? &s->frames[w->depth - 1] : NULL;
        uint32_t end = f ? f->end : w->end;
        if (w->pos >= end || (!f && s->b[w->pos] == 0)) {
            if (!f)
                return;
            end_element(w); /* its end token is missing */
            continue;
        }
        if (!nt_spend(s, 1)) {
            damaged(w, "limit");
            break;
        }
        if (token(w, end))
            continue;
        damaged(w, "bad-token");
        if (!w->depth)
            return;
        w->pos = s->frames[w->depth - 1].end; /* on behind the innermost element */
        end_element(w);
    }
    while (w->depth)
        end_element(w);
}

/* what a plan is told by at a glance */

/* The substitution that is all of a source, or NT_FIXED; NT_NO_INDEX: it is made of others. */
static uint16_t direct_of(const st_native *s, const nt_source *from)
{
    const nt_piece *piece = from->n == 1 ? &s->pieces[from->first] : NULL;
    if (piece && piece->kind == NT_LITERAL)
        return NT_FIXED;
    return piece && (piece->kind == NT_SUB || piece->kind == NT_OPTIONAL) &&
                   piece->index < ST_MAX_SUBST
               ? piece->index
               : NT_NO_INDEX;
}

static bool is_straight(const st_native *s, const nt_plan *plan)
{
    for (uint32_t k = 0; k < plan->nfields; k++) {
        const nt_field *f = &s->fields[plan->first + k];
        if (f->name == NT_NONE || (f->dep != NT_NO_INDEX && f->dep != k) ||
            direct_of(s, &(nt_source){ f->first, f->n }) != k)
            return false;
    }
    return plan->nfields != 0;
}

static uint32_t rest_of_system(const nt_plan *plan)
{
    static const uint8_t rest[] = { NT_USER_SID, NT_VERSION,  NT_LEVEL, NT_OPCODE,
                                    NT_TASK,     NT_KEYWORDS, NT_PID,   NT_TID };
    uint32_t most = 0;
    for (size_t i = 0; i < sizeof rest; i++) {
        uint32_t index = plan->direct[rest[i]];
        if (!plan->system[rest[i]].n || index == NT_FIXED)
            continue;
        if (index == NT_NO_INDEX)
            return NT_NONE;
        most = most > index ? most : index + 1;
    }
    return most;
}

void nt_note_shape(st_native *s, uint32_t number)
{
    nt_plan *plan = &s->plans[number];
    for (size_t i = 0; i < NT_SLOTS; i++)
        plan->direct[i] = direct_of(s, &plan->system[i]);
    plan->straight = is_straight(s, plan);
    plan->rest = rest_of_system(plan);
}

uint32_t nt_compile(st_native *s, uint32_t pos, uint32_t end, bool dep, nt_context context)
{
    if (!st_grow(&s->plans, &s->plans_cap, s->nplans + 1, sizeof *s->plans)) {
        s->failed = true;
        return NT_NONE;
    }
    uint32_t place_of = (uint32_t)s->nplans++;
    s->plans[place_of] =
        (nt_plan){ .next = NT_NONE, .context = (uint8_t)context, .first = (uint32_t)s->nfields };
    walk w = { .s = s, .pos = pos, .end = end, .dep = dep, .plan = place_of };
    run(&w);
    s->plans[place_of].damage = w.damage;
    nt_note_shape(s, place_of);
    return s->failed ? NT_NONE : place_of;
}

/* templates */

/* The definition at def: where its body is, if it is the one with this id. */
bool nt_definition(const st_native *s, uint32_t id, uint32_t def, uint32_t *body, uint32_t *end)
{
    if (!nt_has(def, s->n, 28) || st_le32(s->b + def + 4) != id)
        return false;
    uint32_t size = st_le32(s->b + def + 20);
    *body = def + 24;
    *end = nt_has(*body, s->n, size) ? *body + size : s->n;
    return true;
}

/* An inline definition names its own place: 0c 01 id offset, and the offset is the next byte.
 * The chunk is gone through once, when the first template is missed. */
static void find_inline(st_native *s)
{
    s->looked = true;
    for (uint32_t at = 512; nt_has(at, s->n, 38) && s->ninline < ST_MAX_TEMPLATES; at++) {
        const unsigned char *token = memchr(s->b + at, 0x0c, s->n - 37 - at);
        if (!token)
            return;
        at = (uint32_t)(token - s->b);
        if (st_le32(token + 6) == at + 10 && st_le32(token + 2) == st_le32(token + 14))
            s->inlines[s->ninline++] = at + 10;
    }
}

uint32_t nt_search(st_native *s, uint32_t id)
{
    if (!s->looked) {
        if (!nt_spend(s, s->n / 64))
            return NT_NONE;
        find_inline(s);
    }
    if (!nt_spend(s, (uint32_t)s->ninline / 64))
        return NT_NONE;
    for (size_t i = 0; i < s->ninline; i++)
        if (st_le32(s->b + s->inlines[i] + 4) == id)
            return s->inlines[i];
    return NT_NONE;
}

/* A plan made from the bytes of another chunk; its text is copied. */
static uint32_t compile_foreign(st_native *s, uint32_t id, unsigned nth, nt_context context)
{
    const st_chunk *c = s->c;
    const unsigned char *own = s->b, *bytes;
    uint32_t own_n = s->n, def, body, end, made = NT_NONE;
    size_t n;
    bool strict = s->strict;
    if (!c->elsewhere(c->elsewhere_ctx, id, nth, &bytes, &n, &def))
        return NT_NONE;
    s->b = bytes;
    s->n = (uint32_t)n;
    s->foreign = true;
    s->strict |= c->options->carve; /* what is around it may be anything */
    if (nt_definition(s, id, def, &body, &end))
        made = nt_compile(s, body, end, true, context);
    s->foreign = false;
    s->strict = strict;
    s->b = own;
    s->n = own_n;
    if (made != NT_NONE)
        s->plans[made].lent = (uint8_t)(nth + 1);
    return made;
}

/* The first that is whole, else the first. */
static uint32_t best_foreign(st_native *s, uint32_t id, nt_context context)
{
    unsigned most = s->c->options->carve ? ST_MAX_CANDIDATES : 1;
    uint32_t first = NT_NONE;
    for (unsigned nth = 0; nth < most && !s->failed; nth++) {
        uint32_t made = compile_foreign(s, id, nth, context);
        if (made == NT_NONE)
            break;
        if (!s->plans[made].damage)
            return made;
        if (first == NT_NONE)
            first = made;
    }
    return first;
}

/* Other chunks are read for records of the log itself, and for others only on request. */
static uint32_t lend(st_native *s, uint32_t id, nt_context context)
{
    for (size_t i = 0; i < s->nlent; i++)
        if (s->lent[i].id == id && s->lent[i].context == context)
            return s->lent[i].plan;
    if ((s->strict && !s->c->options->carve) || !s->c->elsewhere || s->nlent == ST_MAX_LENT)
        return NT_NONE;
    s->ntemplates++;
    uint32_t made = best_foreign(s, id, context);
    s->lent[s->nlent++] = (nt_lent){ .id = id, .context = (uint8_t)context, .plan = made };
    return made;
}

/* A recovered record's own template may have lost the names it refers to. */
static uint32_t whole_one(st_native *s, uint32_t own, uint32_t id, nt_context context,
                          bool *borrowed)
{
    if (!s->strict || !s->c->options->carve || !s->plans[own].damage)
        return own;
    uint32_t lent = lend(s, id, context);
    *borrowed = true; /* even where its own is all there is, a known one would do better */
    return lent != NT_NONE && !s->plans[lent].damage ? lent : own;
}

uint32_t nt_template(st_native *s, uint32_t id, uint32_t def, nt_context context, bool *borrowed)
{
    uint32_t body, end, place_of;
    *borrowed = false;
    if (!nt_definition(s, id, def, &body, &end)) {
        *borrowed = true;
        def = nt_search(s, id);
        if (def == NT_NONE || !nt_definition(s, id, def, &body, &end))
            return lend(s, id, context);
    }
    uint32_t first = s->by_offset[def] ? s->by_offset[def] - 1u : NT_NONE;
    for (place_of = first; place_of != NT_NONE; place_of = s->plans[place_of].next)
        if (s->plans[place_of].context == context)
            return whole_one(s, place_of, id, context, borrowed);
    if (s->ntemplates == ST_MAX_TEMPLATES || s->nplans >= UINT16_MAX)
        return NT_NONE;
    s->ntemplates++;
    place_of = nt_kept_plan(s, body, end, context);
    if (place_of == NT_NONE)
        place_of = nt_make_plan(s, body, end, context);
    if (place_of == NT_NONE)
        return NT_NONE;
    s->plans[place_of].def = def;
    s->plans[place_of].id = id;
    s->plans[place_of].next = first;
    s->by_offset[def] = (uint16_t)(place_of + 1);
    return whole_one(s, place_of, id, context, borrowed);
}

nt_mark nt_templates_mark(const st_native *s)
{
    return (nt_mark){ .nplans = s->nplans,
                      .npieces = s->npieces,
                      .nfields = s->nfields,
                      .ninline = s->ninline,
                      .nlent = s->nlent,
                      .ntemplates = s->ntemplates,
                      .looked = s->looked };
}

void nt_templates_back(st_native *s, const nt_mark *m)
{
    for (size_t i = s->nplans; i-- > m->nplans;) {
        const nt_plan *p = &s->plans[i];
        if (p->def) /* the last of its chain */
            s->by_offset[p->def] = p->next == NT_NONE ? 0 : (uint16_t)(p->next + 1);
    }
    s->named = NT_NONE;
    s->nplans = m->nplans;
    s->npieces = m->npieces;
    s->nfields = m->nfields;
    s->ninline = m->ninline;
    s->nlent = m->nlent;
    s->ntemplates = m->ntemplates;
    s->looked = m->looked;
}

void nt_forget_templates(st_native *s)
{
    for (size_t i = 0; i < s->nplans; i++)
        s->by_offset[s->plans[i].def] = 0; /* literal plans have def 0 */
    s->nplans = s->npieces = s->nfields = s->ninline = s->nlent = 0;
    if (s->kept.head)
        st_arena_free(&s->kept);
    memset(s->met, 0, sizeof s->met);
    s->looked = false;
    s->ntemplates = 0;
    s->named = NT_NONE;
}
