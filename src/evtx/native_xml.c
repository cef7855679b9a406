/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native_xml.c - one record as XML: the tokens themselves are walked, not a plan.
 *
 * Two explicit stacks: streams (a template laid over values, or a stream inside a value) and
 * the elements open in them. What is written is well-formed at every step: an element's name
 * is known by its place in the output, and text is gathered until markup follows, so that
 * escaping sees it whole.
 */
#include "evtx/format.h"
#include "native.h"
#include "value.h"
#include "xml.h"

#include <stdlib.h>
#include <string.h>

typedef struct stream {
    const unsigned char *b; /* the chunk that its offsets count in */
    uint32_t n, pos, end;
    uint32_t base, count; /* its values */
    size_t floor;         /* elements that were open when it began */
    bool dep, foreign;
} stream;

typedef struct node {
    size_t at, name, content; /* in the output: its '<', bytes of its name, behind its '>' */
    uint32_t end, pieces;
    uint8_t known;
    bool root, open; /* open: its '>' isn't written yet */
    bool parent;     /* it holds more than text */
    bool absent;     /* an optional value of it is null */
} node;

struct nt_xml {
    st_native *s;
    st_buf *out, text; /* text: not yet escaped */
    stream streams[ST_MAX_NEST];
    node nodes[(size_t)ST_MAX_DEPTH * ST_MAX_NEST];
    size_t nstreams, depth;
    unsigned char *chunks[ST_MAX_NEST]; /* bytes of other chunks, for templates lent */
    size_t roots;
    uint32_t own; /* bytes of the record's chunk */
    bool strict;  /* the record was recovered */
    bool target;  /* "<?name" is written */
    bool stopped;
};

typedef struct nt_xml render;

static stream *here(render *x)
{
    return &x->streams[x->nstreams - 1];
}

/* The innermost element of the stream in hand. */
static node *inside(render *x)
{
    return x->nstreams && x->depth > here(x)->floor ? &x->nodes[x->depth - 1] : NULL;
}

/* The offsets that are read from now on count in the chunk of this stream. Around a template
 * from elsewhere may be anything: as for its plan, names must be sound. */
static void look_into(render *x, const stream *st)
{
    x->s->b = st->b;
    x->s->n = st->n;
    x->s->foreign = st->foreign;
    x->s->strict = x->strict || (st->foreign && x->s->c->options->carve);
}

/* output */

static void put(render *x, const char *text)
{
    st_buf_str(x->out, st_str_of(text));
}

static void end_instruction(render *x)
{
    if (x->target)
        put(x, "?>");
    x->target = false;
}

static void flush(render *x)
{
    end_instruction(x);
    if (x->depth && x->nodes[x->depth - 1].open) {
        node *f = &x->nodes[x->depth - 1];
        st_buf_char(x->out, '>');
        f->content = x->out->n;
        f->open = false;
    }
    st_xml_put_text(x->out, st_buf_slice(&x->text));
    x->s->failed |= x->text.failed;
    st_buf_clear(&x->text);
}

static void put_damage(render *x, const char *reason)
{
    flush(x);
    if (x->depth)
        x->nodes[x->depth - 1].parent = true;
    put(x, "<?shelltree damage=\"");
    put(x, reason);
    put(x, "\"?>");
}

/* Appends a copy of n bytes of the output, which may move while it grows. */
static void put_again(render *x, size_t at, size_t n)
{
    char *to = st_buf_room(x->out, n);
    if (!to)
        return;
    memcpy(to, x->out->p + at, n);
    x->out->n += n;
}

static void put_end_tag(render *x, const node *f)
{
    put(x, "</");
    put_again(x, f->at + 1, f->name);
    st_buf_char(x->out, '>');
}

static void close_node(render *x)
{
    node *f = &x->nodes[x->depth - 1];
    bool gone = f->absent && f->pieces == 1 && !f->parent && !f->root;
    flush(x);
    x->depth--;
    if (gone)
        x->out->n = f->at; /* an optional value that is null takes its element with it */
    else
        put_end_tag(x, f);
}

static void close_empty(render *x)
{
    node *f = &x->nodes[x->depth - 1];
    if (!f->open) {
        close_node(x);
        return;
    }
    put(x, "/>");
    x->depth--;
}

/* streams */

static bool is_null(const st_value *v)
{
    return !v->p || v->type == ST_V_NULL;
}

/* The nth definition in the source, as the plan was made of it. */
static bool lend(render *x, uint32_t id, unsigned nth, stream *to)
{
    st_native *s = x->s;
    const unsigned char *bytes;
    size_t n;
    uint32_t def, body, end;
    unsigned char **copy = &x->chunks[x->nstreams];
    if (!s->c->elsewhere(s->c->elsewhere_ctx, id, nth, &bytes, &n, &def))
        return false;
    if (!*copy && !(*copy = malloc(ST_EVTX_CHUNK))) {
        s->failed = true;
        return false;
    }
    n = n < ST_EVTX_CHUNK ? n : ST_EVTX_CHUNK;
    memcpy(*copy, bytes, n);
    stream there = { .b = *copy, .n = (uint32_t)n, .foreign = true };
    look_into(x, &there);
    bool found = nt_definition(s, id, def, &body, &end);
    there.pos = body;
    there.end = end;
    *to = there;
    return found;
}

/* The body of the definition that the plan was made of. */
static bool find_body(render *x, uint32_t id, uint32_t plan, stream *to)
{
    st_native *s = x->s;
    uint32_t body = 0, end = 0;
    if (s->plans[plan].lent)
        return lend(x, id, s->plans[plan].lent - 1u, to);
    *to = (stream){ .b = s->b, .n = s->n };
    if (!nt_definition(s, id, s->plans[plan].def, &body, &end))
        return false;
    to->pos = body;
    to->end = end;
    return true;
}

static nt_context context_of(render *x)
{
    if (!x->depth)
        return NT_TOP;
    switch (x->nodes[x->depth - 1].known) {
    case NT_N_EVENT: return NT_IN_EVENT;
    case NT_N_EVENTDATA: return NT_IN_EVENTDATA;
    default: return NT_IN_USERDATA;
    }
}

/* Begins an instance; NULL or why not. */
static const char *enter_instance(render *x, uint32_t pos, uint32_t end, stream *to)
{
    st_native *s = x->s;
    nt_instance in;
    bool borrowed;
    const char *reason = nt_instance_at(s, pos, end, &in);
    if (reason)
        return reason;
    uint32_t plan = nt_template(s, in.id, in.def, context_of(x), &borrowed);
    if (plan == NT_NONE)
        return "no-template";
    uint32_t base = (uint32_t)(x->nstreams * ST_MAX_SUBST);
    uint32_t count = nt_load_values(s, &in, plan, base, end);
    if (!find_body(x, in.id, plan, to))
        return "no-template";
    to->base = base;
    to->count = count;
    to->dep = true;
    return NULL;
}

/* Begins the stream in the bytes pos to end of the record's own chunk. */
static void enter(render *x, uint32_t pos, uint32_t end)
{
    st_native *s = x->s;
    stream next = { .b = s->c->bytes, .n = x->own, .end = end };
    if (x->nstreams == ST_MAX_NEST) {
        put_damage(x, "too-deep");
        return;
    }
    look_into(x, &next);
    next.pos = pos = nt_skip_headers(s, pos, end);
    const char *reason = NULL;
    if (pos < end && (s->b[pos] & 0xbf) == 0x0c)
        reason = enter_instance(x, pos, end, &next);
    if (reason) {
        put_damage(x, reason);
        if (x->nstreams)
            look_into(x, here(x));
        return;
    }
    next.floor = x->depth;
    x->streams[x->nstreams++] = next;
    look_into(x, here(x));
}

static void leave(render *x)
{
    end_instruction(x);
    x->nstreams--;
    if (x->nstreams)
        look_into(x, here(x));
}

/* text */

static bool wide_text(render *x, uint32_t at, uint32_t end)
{
    st_native *s = x->s;
    if (!nt_has(at, end, 2))
        return false;
    uint32_t bytes = 2u * st_le16(s->b + at);
    if (!nt_has(at + 2, end, bytes))
        return false;
    if (bytes)
        s->c->report->lossy += st_utf16le_put(&x->text, s->b + at + 2, bytes);
    here(x)->pos = at + 2 + bytes;
    return true;
}

static void put_reference(render *x, uint32_t cp)
{
    st_buf_utf8(&x->text, cp - 0xd800u < 0x800u ? 0xfffd : cp);
}

/* The five that XML knows mean a character; others stay as they are spelled. */
static bool entity(render *x, uint32_t end)
{
    static const char meaning[] = { [NT_N_LT - NT_N_LT] = '<',
                                    [NT_N_GT - NT_N_LT] = '>',
                                    [NT_N_AMP - NT_N_LT] = '&',
                                    [NT_N_QUOT - NT_N_LT] = '"',
                                    [NT_N_APOS - NT_N_LT] = '\'' };
    st_native *s = x->s;
    uint32_t pos = here(x)->pos + 1, name;
    if (!nt_name_at(s, &pos, end, &name))
        return false;
    here(x)->pos = pos;
    const nt_name *it = &s->names.list[name];
    if (it->known >= NT_N_LT && it->known <= NT_N_APOS) {
        st_buf_char(&x->text, meaning[it->known - NT_N_LT]);
        return true;
    }
    st_buf_char(&x->text, '&');
    st_buf_str(&x->text, it->text);
    st_buf_char(&x->text, ';');
    return true;
}

static bool is_text(uint8_t token)
{
    return token == 0x05 || (token >= 0x07 && token <= 0x09) || token == 0x0d || token == 0x0e;
}

/* Literal text of any kind, gathered; moves on behind it. */
static bool literal(render *x, uint8_t token, uint32_t end)
{
    uint32_t pos = here(x)->pos;
    switch (token) {
    case 0x05: return nt_has(pos, end, 4) && wide_text(x, pos + 2, end);
    case 0x07: return wide_text(x, pos + 1, end);
    case 0x08:
        if (!nt_has(pos, end, 3))
            return false;
        put_reference(x, st_le16(x->s->b + pos + 1));
        here(x)->pos = pos + 3;
        return true;
    default: return entity(x, end);
    }
}

/* The value of the substitution in hand; moves on behind it. */
static bool value(render *x, uint32_t end, st_value *v)
{
    stream *st = here(x);
    if (!nt_has(st->pos, end, 4))
        return false;
    uint32_t index = st_le16(st->b + st->pos + 1);
    *v = index < st->count ? x->s->values[st->base + index] : (st_value){ 0 };
    st->pos += 4;
    return true;
}

static void put_value(render *x, const st_value *v)
{
    if (v->type == ST_V_BINXML)
        return;
    if (x->text.n <= ST_MAX_RECORD_TEXT && nt_spend(x->s, v->n / 256))
        x->s->c->report->lossy += st_value_text(v, &x->text);
    else
        x->stopped = true;
}

/* content */

/* Nothing but the end follows: the value is all that the element holds. */
static bool stands_alone(render *x, const node *f)
{
    const stream *st = here(x);
    return f->pieces == 1 && !f->parent && !f->root &&
           (st->pos >= f->end || (st->b[st->pos] & 0xbf) == 0x04);
}

/* An array repeats its element. */
static void put_items(render *x, const st_value *array)
{
    node *f = inside(x);
    uint32_t pos = 0;
    st_value v;
    flush(x);
    for (uint32_t n = 0; st_value_item(array, &pos, &v); n++) {
        uint32_t steps = 1 + (uint32_t)(f->content - f->at + v.n) / 256;
        if (!nt_spend(x->s, steps) || n == ST_MAX_FIELDS || x->out->n > ST_MAX_EVENT_XML) {
            x->stopped = true;
            return;
        }
        if (n) {
            put_end_tag(x, f);
            put_again(x, f->at, f->content - f->at);
        }
        put_value(x, &v);
        flush(x);
    }
}

static bool substitution(render *x, node *f, uint8_t token)
{
    st_value v;
    if (!value(x, f->end, &v))
        return false;
    if (is_null(&v)) {
        f->absent |= token == 0x0e;
    } else if (v.type == ST_V_BINXML) {
        flush(x);
        f->parent |= v.n != 0;
        uint32_t at = (uint32_t)(v.p - x->s->c->bytes);
        if (v.n)
            enter(x, at, at + v.n);
    } else if ((v.type & ST_V_ARRAY) && stands_alone(x, f)) {
        put_items(x, &v);
    } else {
        put_value(x, &v);
    }
    return true;
}

static bool content(render *x, uint8_t token)
{
    node *f = inside(x);
    if (!f)
        return false;
    f->pieces++;
    if (f->open || x->target)
        flush(x);
    return token >= 0x0d ? substitution(x, f, token) : literal(x, token, f->end);
}

/* elements */

/* Has the tag that begins at `tag` an attribute whose name, between a blank and =', is what the
 * output ends with from `at` on? Values hold no such quote. */
static bool repeated(const render *x, size_t tag, size_t at)
{
    return memmem(x->out->p + tag, at - tag, x->out->p + at, x->out->n - at) != NULL;
}

/* Writes " name='"; where the element has that name already, with "#2", "#3" ... behind it. */
static bool attribute_name(render *x, st_str name)
{
    size_t tag = x->nodes[x->depth - 1].at, at = x->out->n;
    for (unsigned n = 1; n <= ST_MAX_ATTRIBUTES + 1; n++) {
        x->out->n = at;
        st_buf_char(x->out, ' ');
        st_xml_put_name(x->out, name);
        if (n > 1)
            st_buf_fmt(x->out, "_x0023_%u", n);
        put(x, "='");
        if (x->out->failed || !nt_spend(x->s, 1 + (uint32_t)((at - tag) / 256)))
            break;
        if (!repeated(x, tag, at))
            return true;
    }
    x->out->n = at;
    return false;
}

/* The pieces of an attribute's value, escaped. *absent: it is one optional value, null. */
static bool attribute_value(render *x, uint32_t end, bool *absent)
{
    unsigned pieces = 0;
    bool null = false;
    stream *st = here(x);
    while (st->pos < end && !(st->b[st->pos] & 0xa0) && is_text(st->b[st->pos] & 0x1f)) {
        uint8_t token = st->b[st->pos] & 0x1f;
        st_value v;
        if (!nt_spend(x->s, 1))
            return false;
        pieces++;
        if (token < 0x0d) {
            if (!literal(x, token, end))
                return false;
            continue;
        }
        if (!value(x, end, &v))
            return false;
        null |= token == 0x0e && is_null(&v);
        put_value(x, &v);
    }
    *absent = null && pieces == 1;
    st_xml_put_text(x->out, st_buf_slice(&x->text));
    x->s->failed |= x->text.failed;
    st_buf_clear(&x->text);
    return true;
}

/* NULL or what is wrong. What was read before stays. */
static const char *attributes(render *x, uint32_t end)
{
    stream *st = here(x);
    st_native *s = x->s;
    for (size_t n = 0; st->pos < end && (st->b[st->pos] & 0xbf) == 0x06; n++) {
        uint32_t pos = st->pos + 1, name;
        size_t before = x->out->n;
        if (!nt_name_at(s, &pos, end, &name) || !s->names.list[name].text.n)
            return "bad-attribute";
        st->pos = pos;
        if (n == ST_MAX_ATTRIBUTES || !attribute_name(x, s->names.list[name].text))
            return "limit";
        bool absent = false, sound = attribute_value(x, end, &absent);
        if (!sound)
            st_buf_clear(&x->text);
        st_buf_char(x->out, '\'');
        if (absent)
            x->out->n = before;
        if (!sound)
            return "bad-attribute";
    }
    return NULL;
}

static bool dependency_missing(const render *x, const stream *st, uint32_t dep)
{
    return dep != NT_NO_INDEX && (dep >= st->count || is_null(&x->s->values[st->base + dep]));
}

static void open_node(render *x, const nt_opening *o, bool root)
{
    const nt_name *name = &x->s->names.list[o->name];
    flush(x);
    if (x->depth)
        x->nodes[x->depth - 1].parent = true;
    node *f = &x->nodes[x->depth++];
    *f = (node){ .at = x->out->n, .end = o->end, .known = name->known, .root = root, .open = true };
    st_buf_char(x->out, '<');
    st_xml_put_name(x->out, name->text);
    f->name = x->out->n - f->at - 1;
    x->roots += root;
}

static bool element(render *x, uint32_t end)
{
    stream *st = here(x);
    bool with_attributes = (st->b[st->pos] & 0x40) != 0, root = !x->depth;
    nt_opening o;
    if (!nt_open_at(x->s, st->pos, end, st->dep, &o))
        return false;
    st->pos = o.end;
    if (!root && dependency_missing(x, st, o.dep))
        return true;
    if (x->depth - st->floor == ST_MAX_DEPTH) {
        put_damage(x, "too-deep");
        return true;
    }
    st->pos = o.next;
    open_node(x, &o, root);
    if (!with_attributes)
        return true;
    if (!nt_has(st->pos, o.end, 4))
        return false;
    uint32_t size = st_le32(st->b + st->pos);
    st->pos += 4;
    if (!nt_has(st->pos, o.end, size))
        return false;
    uint32_t after = st->pos + size;
    const char *reason = attributes(x, after);
    st->pos = after;
    if (reason)
        put_damage(x, reason);
    return true;
}

/* what else there is */

static bool instruction_target(render *x, uint32_t end)
{
    st_native *s = x->s;
    uint32_t name, pos = here(x)->pos + 1;
    if (!nt_name_at(s, &pos, end, &name))
        return false;
    here(x)->pos = pos;
    flush(x);
    if (x->depth)
        x->nodes[x->depth - 1].parent = true;
    st_str text = s->names.list[name].text;
    put(x, "<?");
    if (st_str_ieq(text, ST_STR("xml"))) { /* reserved */
        st_buf_fmt(x->out, "_x%04X_", (unsigned)(unsigned char)text.p[0]);
        text = (st_str){ text.p + 1, text.n - 1 };
    }
    st_xml_put_name(x->out, text);
    x->target = true;
    return true;
}

static bool instruction_data(render *x, uint32_t end)
{
    bool target = x->target;
    if (!target)
        flush(x);
    if (!wide_text(x, here(x)->pos + 1, end))
        return false;
    if (target) {
        st_buf_char(x->out, ' ');
        st_xml_put_data(x->out, st_buf_slice(&x->text));
    }
    x->s->failed |= x->text.failed;
    st_buf_clear(&x->text);
    end_instruction(x);
    return true;
}

/* An instance between other tokens. */
static bool instance(render *x, uint32_t end)
{
    st_native *s = x->s;
    stream *st = here(x);
    nt_instance in;
    uint32_t at = st->pos;
    if (st->foreign || nt_instance_at(s, at, end, &in) || in.count > (end - in.specs) / 4 ||
        !nt_spend(s, in.count / 64))
        return false;
    uint64_t after = in.specs + 4 * (uint64_t)in.count;
    for (uint32_t i = 0; i < in.count; i++)
        after += st_le16(s->b + in.specs + 4 * (size_t)i);
    if (after > end)
        return false;
    st->pos = (uint32_t)after;
    flush(x);
    enter(x, at, end);
    return true;
}

static bool end_of_element(render *x, uint8_t token)
{
    here(x)->pos++;
    if (!inside(x))
        return false;
    if (token == 0x02)
        flush(x);
    else if (token == 0x03)
        close_empty(x);
    else
        close_node(x);
    return true;
}

/* One token; false when it makes no sense here. */
static bool token(render *x, uint32_t end)
{
    stream *st = here(x);
    uint8_t t = st->b[st->pos];
    t = t & 0xa0 ? 0xff : t & 0x1f;
    switch (t) {
    case 0x01: return element(x, end);
    case 0x02:
    case 0x03:
    case 0x04: return end_of_element(x, t);
    case 0x0a: return instruction_target(x, end);
    case 0x0b: return instruction_data(x, end);
    case 0x0c: return instance(x, end);
    case 0x0f: st->pos += 4; return st->pos <= end;
    default: return is_text(t) && content(x, t);
    }
}

/* After a token without sense: on behind the innermost element. */
static void skip(render *x)
{
    node *f = inside(x);
    st_buf_clear(&x->text);
    put_damage(x, "bad-token");
    if (!f) {
        leave(x);
        return;
    }
    here(x)->pos = f->end;
    close_node(x);
}

static void run(render *x)
{
    st_native *s = x->s;
    while (x->nstreams && !s->failed && !x->stopped) {
        stream *st = here(x);
        node *f = inside(x);
        uint32_t end = f ? f->end : st->end;
        size_t before = x->out->n;
        if (st->pos >= end || (!f && st->b[st->pos] == 0)) {
            if (f)
                close_node(x); /* its end token is missing */
            else
                leave(x);
            continue;
        }
        if (!token(x, end) && !s->failed)
            skip(x);
        size_t grown = x->out->n > before ? x->out->n - before : 0;
        if (!nt_spend(s, 1 + (uint32_t)(grown / 256)) || x->out->n > ST_MAX_EVENT_XML)
            x->stopped = true;
    }
}

static void finish(render *x)
{
    if (x->stopped)
        put_damage(x, "limit");
    while (x->depth)
        close_node(x);
    end_instruction(x);
    if (!x->roots)
        put(x, "<Event/>");
}

static render *renderer(st_native *s)
{
    if (!s->render)
        s->render = calloc(1, sizeof *s->render);
    if (s->render)
        s->render->s = s;
    else
        s->failed = true;
    return s->render;
}

void nt_render(st_native *s, uint32_t off, uint32_t end)
{
    render *x = renderer(s);
    const unsigned char *b = s->b;
    uint32_t n = s->n, record_budget = s->record_budget;
    uint64_t chunk_budget = s->chunk_budget;
    nt_mark known = nt_templates_mark(s); /* what is found out here is paid for here */
    if (!x)
        return;
    st_buf_clear(&s->xml);
    st_buf_clear(&x->text);
    x->out = &s->xml;
    x->nstreams = x->depth = x->roots = 0;
    x->target = x->stopped = false;
    x->own = n;
    x->strict = s->strict;
    s->record_budget = ST_MAX_RECORD_STEPS;
    s->chunk_budget = s->xml_budget;
    enter(x, off + 24, end);
    run(x);
    finish(x);
    s->xml_budget = s->chunk_budget;
    s->record_budget = record_budget;
    s->chunk_budget = chunk_budget;
    nt_templates_back(s, &known);
    s->b = b;
    s->n = n;
    s->strict = x->strict;
    s->foreign = false;
    s->failed |= s->xml.failed;
}

void nt_render_free(struct nt_xml *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < ST_MAX_NEST; i++)
        free(x->chunks[i]);
    st_buf_free(&x->text);
    free(x);
}
