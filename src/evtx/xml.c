/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml.c - one event's XML text into a record, by way of libxml2's tree.
 *
 * Command lines hold control characters, which XML 1.0 forbids, and carriage returns, which
 * a parser rewrites. Both are put behind an escape character before parsing and come back
 * as they were when a value is read; the escape character escapes itself, so nothing is lost.
 */
#include "evtx/xml.h"
#include "base/limits.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct st_xml {
    st_buf clean;   /* the text, made fit for a parser */
    st_buf value;   /* the value in hand */
    st_buf raw;     /* the same before escapes are undone */
    st_arena arena; /* names and values of the record */
    st_field *fields;
    size_t n, cap;
    xmlParserCtxtPtr parser;
    xmlDocPtr doc;
    uint32_t shift; /* what characters beyond U+FFFF lack */
    bool own;
    bool spelled; /* values stay as libevtx has them */ /* it is the native reader's XML */
};

st_xml *st_xml_new(void)
{
    xmlInitParser();
    st_xml *x = calloc(1, sizeof *x);
    if (x && !(x->parser = xmlNewParserCtxt())) {
        free(x);
        return NULL;
    }
    return x;
}

void st_xml_shift(st_xml *x, uint32_t shift)
{
    x->shift = shift;
}

void st_xml_spelled(st_xml *x, bool as_it_is)
{
    x->spelled = as_it_is;
}

void st_xml_own(st_xml *x)
{
    x->own = true;
}

static void forget(st_xml *x)
{
    if (x->doc)
        xmlFreeDoc(x->doc);
    x->doc = NULL;
    x->n = 0;
    st_arena_free(&x->arena);
}

void st_xml_free(st_xml *x)
{
    if (!x)
        return;
    forget(x);
    xmlFreeParserCtxt(x->parser);
    st_buf_free(&x->clean);
    st_buf_free(&x->value);
    st_buf_free(&x->raw);
    free(x->fields);
    free(x);
}

/* what XML can't carry */

/* The escape character, of the private use area; behind it: '@' + a control character,
 * or a letter of this table. */
#define ESCAPE 0xf8feu
static const struct {
    uint32_t cp;
    char letter;
} ESCAPED[] = { { ESCAPE, 'e' }, { 0xfffe, 'x' }, { 0xffff, 'y' } };
enum { NESCAPED = sizeof ESCAPED / sizeof ESCAPED[0] };

/* 0: the character needs no escape. */
static char escape_letter(uint32_t cp)
{
    if (cp < 0x20 && cp != '\t' && cp != '\n')
        return (char)('@' + cp);
    for (size_t i = 0; i < NESCAPED; i++)
        if (ESCAPED[i].cp == cp)
            return ESCAPED[i].letter;
    return 0;
}

static uint32_t unescape_letter(char c)
{
    for (size_t i = 0; i < NESCAPED; i++)
        if (ESCAPED[i].letter == c)
            return ESCAPED[i].cp;
    return (uint32_t)(unsigned char)c & 0x1f;
}

static void put_cp(st_buf *b, uint32_t cp)
{
    char *to = st_buf_room(b, 4);
    if (to)
        b->n += st_utf8_put(to, cp);
}

/* A character reference at s.p[i] ("&#13;", "&#xD;"): its end, or 0; *cp is the character. */
static size_t reference(st_str s, size_t i, uint32_t *cp)
{
    if (s.n - i < 4 || s.p[i] != '&' || s.p[i + 1] != '#')
        return 0;
    bool hex = s.p[i + 2] == 'x';
    size_t from = i + (hex ? 3 : 2), end = from;
    while (end < s.n && end - from < 8 && s.p[end] != ';')
        end++;
    char digits[12] = "0x";
    size_t n = end - from;
    if (end >= s.n || s.p[end] != ';' || n == 0)
        return 0;
    memcpy(digits + 2, s.p + from, n);
    uint64_t v = 0;
    st_str number = hex ? (st_str){ digits, n + 2 } : (st_str){ digits + 2, n };
    if (!(hex ? st_str_u64_any(number, &v) : st_str_u64(number, &v)) || v > 0x10ffff)
        return 0;
    *cp = (uint32_t)v;
    return end + 1;
}

static bool is_plain(unsigned char c)
{
    return (c >= 0x20 && c < 0x7f && c != '&') || c == '\n' || c == '\t';
}

/* One character that may need care; returns the place behind it. */
static size_t clean_one(st_buf *out, st_str s, size_t i, uint32_t shift, uint64_t *lossy)
{
    uint32_t cp = 0;
    size_t start = i, end = reference(s, i, &cp);
    if (end)
        i = end;
    else
        cp = st_utf8_next(s, &i);
    if (cp == UINT32_MAX || (cp >= 0xd800 && cp < 0xe000)) {
        ++*lossy;
        cp = 0xfffd;
        put_cp(out, cp);
        return i;
    }
    char letter = escape_letter(cp);
    if (letter) {
        put_cp(out, ESCAPE);
        st_buf_char(out, letter);
    } else if (shift && cp > 0xffff && cp <= 0x10ffff - shift) {
        put_cp(out, cp + shift);
    } else {
        st_buf_put(out, s.p + start, i - start);
    }
    return i;
}

static void clean(st_buf *out, st_str s, uint32_t shift, uint64_t *lossy)
{
    st_buf_clear(out);
    size_t i = 0;
    while (i < s.n) {
        size_t from = i;
        while (i < s.n && is_plain((unsigned char)s.p[i]))
            i++;
        st_buf_put(out, s.p + from, i - from);
        if (i < s.n)
            i = clean_one(out, s, i, shift, lossy);
    }
}

/* Appends s with its escapes undone. */
static void put_unescaped(st_buf *out, st_str s)
{
    static const char mark[] = "\xef\xa3\xbe";
    while (s.n) {
        const char *at = memmem(s.p, s.n, mark, 3);
        size_t before = at ? (size_t)(at - s.p) : s.n;
        st_buf_put(out, s.p, before);
        if (!at || s.n - before < 4)
            return;
        put_cp(out, unescape_letter(at[3]));
        s = (st_str){ at + 4, s.n - before - 4 };
    }
}

/* parsing */

/* The first markup must be the event itself: with no declaration in front there can be
 * no document type, hence no entities. */
static bool begins_with_element(st_str s)
{
    s = st_str_trim(s);
    return s.n > 1 && s.p[0] == '<' && ((s.p[1] | 0x20) >= 'a' && (s.p[1] | 0x20) <= 'z');
}

st_code st_xml_read(st_xml *x, const char *text, size_t n, uint64_t *lossy)
{
    forget(x);
    if (n > ST_MAX_EVENT_XML || !begins_with_element((st_str){ text, n }))
        return ST_E_EVIDENCE;
    clean(&x->clean, (st_str){ text, n }, x->shift, lossy);
    if (x->clean.failed || x->clean.n > INT32_MAX)
        return ST_E_MEMORY;
    x->doc = xmlCtxtReadMemory(x->parser, x->clean.p, (int)x->clean.n, NULL, "UTF-8",
                               XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                   XML_PARSE_NOCDATA);
    if (!x->doc)
        return x->parser->errNo == XML_ERR_NO_MEMORY ? ST_E_MEMORY : ST_E_EVIDENCE;
    if (x->doc->intSubset || !xmlDocGetRootElement(x->doc))
        return ST_E_EVIDENCE;
    return ST_OK;
}

static bool is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static xmlNode *child(xmlNode *of, const char *name)
{
    for (xmlNode *c = of ? of->children : NULL; c; c = c->next)
        if (is_element(c, name))
            return c;
    return NULL;
}

/* The text directly in a node or attribute, as it was written; in x->value. */
static st_str text_of(st_xml *x, const xmlNode *first)
{
    st_buf *to = x->own ? &x->raw : &x->value;
    st_buf_clear(to);
    for (const xmlNode *t = first; t; t = t->next)
        if ((t->type == XML_TEXT_NODE || t->type == XML_CDATA_SECTION_NODE) && t->content)
            put_unescaped(to, st_str_of((const char *)t->content));
    if (x->own) {
        st_buf_clear(&x->value);
        st_xml_put_undone(&x->value, st_buf_slice(&x->raw));
        x->value.failed |= x->raw.failed;
    }
    return st_buf_slice(&x->value);
}

static const xmlNode *attribute(const xmlNode *of, const char *name)
{
    for (const xmlAttr *a = of ? of->properties : NULL; a; a = a->next)
        if (strcmp((const char *)a->name, name) == 0)
            return a->children;
    return NULL;
}

/* The next node in document order that lies below top; NULL at the end. */
static xmlNode *next_below(const xmlNode *top, xmlNode *at)
{
    if (at->children && at->type == XML_ELEMENT_NODE)
        return at->children;
    while (at != top && !at->next)
        at = at->parent;
    return at == top ? NULL : at->next;
}

static bool names_of(const xmlNode *e, bool (*ok)(const void *ctx, st_str name), const void *ctx)
{
    if (e->type != XML_ELEMENT_NODE)
        return true;
    if (!ok(ctx, st_str_of((const char *)e->name)))
        return false;
    for (const xmlAttr *a = e->properties; a; a = a->next)
        if (!ok(ctx, st_str_of((const char *)a->name)))
            return false;
    return true;
}

bool st_xml_names(const st_xml *x, bool (*ok)(const void *ctx, st_str name), const void *ctx)
{
    xmlNode *root = xmlDocGetRootElement(x->doc);
    for (xmlNode *at = root; at; at = next_below(root, at))
        if (!names_of(at, ok, ctx))
            return false;
    return true;
}

/* libevtx's spelling of values */

static bool all_hex(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
            return false;
    return true;
}

/* Hexadecimal numbers come padded to their width; one digit at least is kept. Capitals are
 * never libevtx's own: such a value was recorded as text. */
static st_str unpad_hex(st_buf *b)
{
    st_str s = st_buf_slice(b);
    if ((s.n != 10 && s.n != 18) || memcmp(s.p, "0x", 2) != 0 || !all_hex(s.p + 2, s.n - 2))
        return s;
    size_t zeros = 0;
    while (zeros + 3 < s.n && s.p[2 + zeros] == '0')
        zeros++;
    memmove(b->p + 2, b->p + 2 + zeros, s.n - 2 - zeros);
    b->n -= zeros;
    return st_buf_slice(b);
}

/* Times come with nine digits, of which FILETIME has seven. */
static st_str trim_time(st_buf *b)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd.ddddddd00Z";
    st_str s = st_buf_slice(b);
    if (s.n != sizeof shape - 1)
        return s;
    for (size_t i = 0; i < s.n; i++)
        if (shape[i] == 'd' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != shape[i])
            return s;
    b->p[b->n - 3] = 'Z';
    b->n -= 2;
    return st_buf_slice(b);
}

static st_value keep(st_xml *x, st_str s)
{
    st_value v = { .type = ST_V_TEXT };
    st_str copy = st_arena_copy(&x->arena, s);
    v.p = (const unsigned char *)copy.p;
    v.n = (uint32_t)copy.n;
    return v;
}

/* System */

/* One item of System: an element, or one of its attributes. Either a value or a number
 * of the record is filled. */
typedef enum number {
    N_NONE,
    N_EVENT_ID,
    N_VERSION,
    N_LEVEL,
    N_TASK,
    N_OPCODE,
    N_KEYWORDS,
    N_TIME,
    N_RECORD_ID,
    N_PID,
    N_TID
} number;

static const struct {
    const char *element, *attribute;
    number number;
    size_t value; /* of the st_value in st_record, where it is no number */
} SYSTEM[] = {
    { "Provider", "Name", N_NONE, offsetof(st_record, provider) },
    { "Provider", "Guid", N_NONE, offsetof(st_record, provider_guid) },
    { "Channel", NULL, N_NONE, offsetof(st_record, channel) },
    { "Computer", NULL, N_NONE, offsetof(st_record, computer) },
    { "Security", "UserID", N_NONE, offsetof(st_record, user_sid) },
    { "Security", "UserId", N_NONE, offsetof(st_record, user_sid) }, /* Sysmon for Linux */
    { "EventID", NULL, N_EVENT_ID, 0 },
    { "Version", NULL, N_VERSION, 0 },
    { "Level", NULL, N_LEVEL, 0 },
    { "Task", NULL, N_TASK, 0 },
    { "Opcode", NULL, N_OPCODE, 0 },
    { "Keywords", NULL, N_KEYWORDS, 0 },
    { "TimeCreated", "SystemTime", N_TIME, 0 },
    { "EventRecordID", NULL, N_RECORD_ID, 0 },
    { "Execution", "ProcessID", N_PID, 0 },
    { "Execution", "ThreadID", N_TID, 0 },
};

static void set_number(st_record *r, number which, st_str text)
{
    uint64_t v = 0;
    if (which == N_TIME) {
        if (!st_time_iso(text, &r->time_created))
            r->time_created = 0;
        return;
    }
    if (!st_str_u64_any(text, &v))
        return;
    switch (which) {
    case N_EVENT_ID: r->event_id = v < UINT32_MAX ? (uint32_t)v : UINT32_MAX; break;
    case N_VERSION: r->version = (uint8_t)v; break;
    case N_LEVEL: r->level = (uint8_t)v; break;
    case N_TASK: r->task = (uint16_t)v; break;
    case N_OPCODE: r->opcode = (uint8_t)v; break;
    case N_KEYWORDS: r->keywords = v; break;
    case N_RECORD_ID: r->event_record_id = v; break;
    case N_PID: r->execution_pid = (uint32_t)v; break;
    case N_TID: r->execution_tid = (uint32_t)v; break;
    case N_NONE:
    case N_TIME: break;
    }
}

st_code st_xml_system(st_xml *x, st_record *r)
{
    r->event_id = UINT32_MAX;
    xmlNode *root = xmlDocGetRootElement(x->doc);
    xmlNode *system = root && is_element(root, "Event") ? child(root, "System") : NULL;
    if (!system)
        return ST_E_EVIDENCE;
    for (size_t i = 0; i < sizeof SYSTEM / sizeof SYSTEM[0]; i++) {
        xmlNode *e = child(system, SYSTEM[i].element);
        const xmlNode *t = NULL;
        if (e)
            t = SYSTEM[i].attribute ? attribute(e, SYSTEM[i].attribute) : e->children;
        if (!t)
            continue;
        st_str text = text_of(x, t);
        if (SYSTEM[i].number) {
            set_number(r, SYSTEM[i].number, st_str_trim(text));
        } else {
            st_value v = keep(x, text);
            memcpy((char *)r + SYSTEM[i].value, &v, sizeof v);
        }
    }
    return x->value.failed || x->arena.failed ? ST_E_MEMORY : ST_OK;
}

/* EventData, UserData */

static bool has_elements(const xmlNode *node)
{
    for (const xmlNode *c = node->children; c; c = c->next)
        if (c->type == XML_ELEMENT_NODE)
            return true;
    return false;
}

/* Values that look like padded numbers and are text in Sysmon's manifest. */
static bool is_recorded_as_text(st_str name)
{
    return st_str_eq(name, ST_STR("StartAddress"));
}

/* text: the first node of its content. */
static bool put_field(st_xml *x, st_str name, const xmlNode *text, uint16_t (*name_id)(st_str name))
{
    if (!st_grow(&x->fields, &x->cap, x->n + 1, sizeof *x->fields))
        return false;
    st_field *f = &x->fields[x->n];
    memset(f, 0, sizeof *f);
    f->name = st_arena_copy(&x->arena, name);
    text_of(x, text);
    bool guess = !x->own && !x->spelled;
    if (guess && !is_recorded_as_text(name))
        unpad_hex(&x->value);
    f->value = keep(x, guess ? trim_time(&x->value) : st_buf_slice(&x->value));
    if (!f->name.p || !f->value.p || x->value.failed)
        return false;
    if (name_id)
        f->id = name_id(f->name);
    x->n++;
    return true;
}

static st_str element_name(st_xml *x, const xmlChar *own)
{
    st_str name = st_str_of((const char *)own);
    if (!x->own)
        return name;
    st_buf_clear(&x->raw);
    st_xml_put_undone(&x->raw, name);
    return x->raw.failed ? (st_str){ NULL, 0 } : st_arena_copy(&x->arena, st_buf_slice(&x->raw));
}

/* Data goes by its Name, or by its place among the unnamed; anything else by its own. */
static st_str field_name(st_xml *x, const xmlNode *leaf, unsigned *unnamed, char *room, size_t n)
{
    if (!is_element(leaf, "Data"))
        return element_name(x, leaf->name);
    const xmlNode *a = attribute(leaf, "Name");
    st_str name = a ? text_of(x, a) : ST_STR("");
    if (name.n)
        return st_arena_copy(&x->arena, name);
    snprintf(room, n, "Data%u", ++*unnamed);
    return st_str_of(room);
}

/* Every attribute of an element, but a Data's Name: Element.Attribute. */
static st_code add_attributes(st_xml *x, const xmlNode *e, uint16_t (*name_id)(st_str name))
{
    bool data = is_element(e, "Data");
    for (const xmlAttr *a = e->properties; a; a = a->next) {
        st_str own = st_str_of((const char *)a->name);
        if (data && !a->ns && st_str_eq(own, ST_STR("Name")))
            continue;
        st_buf whole = { 0 };
        st_str element = element_name(x, e->name);
        st_buf_str(&whole, element);
        st_buf_char(&whole, '.');
        if (a->ns && a->ns->prefix)
            st_buf_fmt(&whole, "%s:", (const char *)a->ns->prefix);
        st_str attribute = element_name(x, a->name);
        st_buf_str(&whole, attribute);
        st_str name = whole.failed || !element.p || !attribute.p
                          ? (st_str){ NULL, 0 }
                          : st_arena_copy(&x->arena, st_buf_slice(&whole));
        st_buf_free(&whole);
        if (!name.p || !put_field(x, name, a->children, name_id))
            return ST_E_MEMORY;
    }
    return ST_OK;
}

/* Adds what lies below one child of Event. */
static st_code add_fields(st_xml *x, xmlNode *top, unsigned *unnamed,
                          uint16_t (*name_id)(st_str name))
{
    char room[24];
    for (xmlNode *at = next_below(top, top); at; at = next_below(top, at)) {
        if (at->type != XML_ELEMENT_NODE)
            continue;
        if (add_attributes(x, at, name_id) != ST_OK)
            return ST_E_MEMORY;
        if (has_elements(at))
            continue;
        st_str name = field_name(x, at, unnamed, room, sizeof room);
        if (!name.p || !put_field(x, name, at->children, name_id))
            return ST_E_MEMORY;
    }
    return ST_OK;
}

st_code st_xml_fields(st_xml *x, uint16_t (*name_id)(st_str name), st_record *r)
{
    unsigned unnamed = 0;
    st_code code = ST_OK;
    x->n = 0;
    for (xmlNode *at = xmlDocGetRootElement(x->doc)->children; at && !code; at = at->next) {
        if (at->type != XML_ELEMENT_NODE || is_element(at, "System") ||
            is_element(at, "RenderingInfo"))
            continue;
        r->user_data |= !is_element(at, "EventData"); /* UserData, ProcessingErrorData ... */
        code = add_fields(x, at, &unnamed, name_id);
    }
    r->fields = x->fields;
    r->nfields = x->n;
    return code;
}

/* written again */

static void put_attribute(st_xml *x, st_buf *out, const char *prefix, const char *name,
                          st_str value)
{
    st_buf_fmt(out, " %s%s", prefix ? prefix : "", prefix && name ? ":" : "");
    if (name)
        st_xml_put_name(out, st_str_of(name));
    st_buf_put(out, "='", 2);
    st_buf_clear(&x->value);
    put_unescaped(&x->value, value);
    st_xml_put_text(out, st_buf_slice(&x->value));
    st_buf_char(out, '\'');
}

static const char *prefix_of(const xmlNs *ns)
{
    return ns ? (const char *)ns->prefix : NULL;
}

static void put_element_name(st_buf *out, const xmlNode *e)
{
    if (prefix_of(e->ns))
        st_buf_fmt(out, "%s:", prefix_of(e->ns));
    st_xml_put_name(out, st_str_of((const char *)e->name));
}

static void put_start(st_xml *x, st_buf *out, const xmlNode *e)
{
    st_buf_char(out, '<');
    put_element_name(out, e);
    for (const xmlNs *ns = e->nsDef; ns; ns = ns->next)
        put_attribute(x, out, "xmlns", (const char *)ns->prefix,
                      st_str_of(ns->href ? (const char *)ns->href : ""));
    for (const xmlAttr *a = e->properties; a; a = a->next) {
        const xmlNode *v = a->children;
        put_attribute(x, out, prefix_of(a->ns), (const char *)a->name,
                      st_str_of(v && v->content ? (const char *)v->content : ""));
    }
    st_buf_str(out, e->children ? ST_STR(">") : ST_STR("/>"));
}

static void put_end(st_buf *out, const xmlNode *e)
{
    st_buf_put(out, "</", 2);
    put_element_name(out, e);
    st_buf_char(out, '>');
}

/* Text, but for what only indents elements. */
static void put_content(st_xml *x, st_buf *out, const xmlNode *node)
{
    st_str s = st_str_of(node->content ? (const char *)node->content : "");
    if (node->type == XML_ELEMENT_NODE || (!st_str_trim(s).n && has_elements(node->parent)))
        return;
    st_buf_clear(&x->value);
    put_unescaped(&x->value, s);
    st_xml_put_text(out, st_buf_slice(&x->value));
}

void st_xml_render(st_xml *x, st_buf *out)
{
    const xmlNode *root = xmlDocGetRootElement(x->doc), *at = root;
    while (at) {
        if (at->type == XML_ELEMENT_NODE)
            put_start(x, out, at);
        put_content(x, out, at);
        if (at->type == XML_ELEMENT_NODE && at->children) {
            at = at->children;
            continue;
        }
        while (at != root && !at->next) {
            at = at->parent;
            put_end(out, at);
        }
        at = at == root ? NULL : at->next;
    }
    out->failed |= x->value.failed;
}
