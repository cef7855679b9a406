/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml.c - parse_xml: XML text as a bag.
 *
 * An element is null if it is empty, a text if it holds only text, else a bag: attributes as
 * "@name", text as "#text", elements by name, an array where a name comes more than once. libxml2's
 * reader gives one node at a time; it fetches nothing and expands no entity. What the open
 * elements hold lies in one stack each of members and of texts.
 */
#include "rules/engine/functions/fn.h"
#include "base/limits.h"
#include "rules/engine/value/group.h"

#include <libxml/xmlreader.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct member {
    st_sid name;
    st_val v;
} member;

typedef struct open_element {
    st_sid name;
    size_t members, text; /* where its own begin */
} open_element;

typedef struct xml {
    st_run *r;
    member *members;
    size_t n, cap;
    st_buf text;
    open_element open[ST_MAX_JSON_DEPTH];
    size_t depth;
} xml;

static st_sid name_of(xml *x, const char *mark, const xmlChar *name)
{
    st_buf *b = &x->r->mem.buf;
    st_buf_clear(b);
    st_buf_str(b, st_str_of(mark));
    st_buf_str(b, st_str_of((const char *)name));
    return st_run_text(x->r).u.s;
}

static bool add_member(xml *x, st_sid name, st_val v)
{
    if (!st_grow(&x->members, &x->cap, x->n + 1, sizeof *x->members))
        return st_run_nomem(x->r);
    x->members[x->n++] = (member){ name, v };
    return true;
}

/* Puts the values of each name together: count[g] of group g, in order. */
static st_val grouped(xml *x, const member *m, size_t n, st_grouping *names)
{
    size_t *group = ST_NEWN(&x->r->arena, size_t, n), *count = ST_NEWN(&x->r->arena, size_t, n);
    for (size_t i = 0; group && count && i < n; i++) {
        st_val key = st_val_sid(m[i].name);
        group[i] = st_grouping_put(&x->r->mem, names, &key);
        if (group[i] == SIZE_MAX)
            return st_val_null();
        count[group[i]]++;
    }
    st_bag *bag = group && count ? st_bag_new(&x->r->mem, names->n) : NULL;
    st_array **several = bag ? ST_NEWN(&x->r->arena, st_array *, names->n) : NULL;
    for (size_t i = 0; several && i < n; i++) {
        size_t g = group[i];
        bag->keys[g] = m[i].name;
        if (count[g] < 2) {
            bag->v[g] = m[i].v;
            continue;
        }
        if (!several[g] && !(several[g] = st_array_new(&x->r->mem, count[g])))
            return st_val_null();
        if (bag->v[g].tag == ST_VAL_NULL) {
            several[g]->n = 0;
            bag->v[g] = st_val_array(several[g]);
        }
        several[g]->v[several[g]->n++] = m[i].v;
    }
    return several ? st_val_bag(bag) : st_val_null();
}

/* The value of the innermost element. */
static st_val value_of(xml *x, const open_element *e)
{
    st_str all = st_buf_slice(&x->text);
    st_str text = st_str_trim((st_str){ all.p ? all.p + e->text : "", all.n - e->text });
    if (x->n == e->members)
        return text.n ? st_val_str(&x->r->mem, text) : st_val_null();
    if (text.n &&
        !add_member(x, st_val_str(&x->r->mem, ST_STR("#text")).u.s, st_val_str(&x->r->mem, text)))
        return st_val_null();
    st_grouping names;
    st_grouping_init(&names, 1);
    st_val v = grouped(x, x->members + e->members, x->n - e->members, &names);
    st_grouping_free(&names);
    return v;
}

static bool close_element(xml *x)
{
    const open_element *e = &x->open[--x->depth];
    st_val v = value_of(x, e);
    x->n = e->members;
    x->text.n = e->text;
    return add_member(x, e->name, v);
}

static bool open_one(xml *x, xmlTextReaderPtr reader)
{
    if (x->depth == ST_MAX_JSON_DEPTH)
        return false;
    bool empty = xmlTextReaderIsEmptyElement(reader) == 1, ok = true;
    x->open[x->depth++] =
        (open_element){ name_of(x, "", xmlTextReaderConstName(reader)), x->n, x->text.n };
    while (ok && xmlTextReaderMoveToNextAttribute(reader) == 1) {
        st_sid name = name_of(x, "@", xmlTextReaderConstName(reader));
        ok = add_member(
            x, name,
            st_val_str(&x->r->mem, st_str_of((const char *)xmlTextReaderConstValue(reader))));
    }
    return ok && (!empty || close_element(x));
}

static bool node(xml *x, xmlTextReaderPtr reader)
{
    switch (xmlTextReaderNodeType(reader)) {
    case XML_READER_TYPE_ELEMENT: return open_one(x, reader);
    case XML_READER_TYPE_END_ELEMENT: return x->depth && close_element(x);
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
    case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        st_buf_str(&x->text, st_str_of((const char *)xmlTextReaderConstValue(reader)));
        return !x->text.failed;
    case XML_READER_TYPE_DOCUMENT_TYPE: return false;
    default: return true;
    }
}

static st_val f_parse_xml(st_run *r, const st_expr *fn, const st_val *a)
{
    st_str s = st_val_text(r, a[0]);
    xml x = { .r = r };
    (void)fn;
    if (!s.n || s.n > ST_MAX_TEXT)
        return st_val_null();
    xmlTextReaderPtr reader = xmlReaderForMemory(
        s.p, (int)s.n, NULL, "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    int more = reader ? 1 : -1;
    while (more == 1 && (more = xmlTextReaderRead(reader)) == 1)
        if (!node(&x, reader))
            more = -1;
    st_bag *out = !more && x.n == 1 && !x.depth ? st_bag_new(&r->mem, 1) : NULL;
    if (out) {
        out->keys[0] = x.members[0].name;
        out->v[0] = x.members[0].v;
    }
    xmlFreeTextReader(reader);
    st_buf_free(&x.text);
    free(x.members);
    return st_val_bag(out);
}

const st_fn st_functions_xml[] = {
    { "parse_xml", "s", 1, "dynamic", FIRST, f_parse_xml,
      "XML text as a value|null for more than 128 elements inside one another, or with a DTD" },
    { 0 },
};
