/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* facts.c - what an incident's rows come to, one line a kind: the gravest few, the others counted.
 */
#include "internal.h"

enum { SHOWN = 6, WHAT_COLUMNS = 160 };

/* A digest out of a list of them, if there is one. */
static st_str digest_in(st_str more)
{
    st_str d = st_hashes_get(more, "SHA256");
    d = d.n ? d : st_hashes_get(more, "SHA1");
    return d.n ? d : st_hashes_get(more, "MD5");
}

static void put_more(st_str more, bool *open, st_buf *b)
{
    st_str d = digest_in(more), s = d.n ? d : st_dashless(more);
    if (!s.n)
        return;
    st_buf_str(b, *open ? ST_STR(", ") : ST_STR(" ("));
    st_buf_str(b, s);
    *open = true;
}

static void put_fact(const st_case *c, const st_fact *x, st_buf *b)
{
    const st_forest *f = c->forest;
    bool open = false;
    st_fit(b, x->what, WHAT_COLUMNS, true);
    if (x->count > 1)
        st_buf_fmt(b, " \xc3\x97 %u", x->count);
    put_more(x->more, &open, b);
    if (x->by < f->n) {
        st_str name = st_str_basename(st_pool_get(f->pool, f->procs[x->by].image));
        st_buf_str(b, open ? ST_STR(", by ") : ST_STR(" (by "));
        st_buf_str(b, name.n ? name : ST_STR("?"));
        open = true;
    }
    st_buf_str(b, open ? ST_STR(", ") : ST_STR(" ("));
    st_buf_time_sysmon(b, x->first);
    if (x->last != x->first) {
        st_buf_str(b, ST_STR(" to "));
        st_buf_time_sysmon(b, x->last);
    }
    st_buf_str(b, ST_STR(")"));
}

bool st_incident_put_notes(const st_case *c, const st_incident *i, st_buf *b)
{
    size_t at = 0;
    const st_note *n;
    bool any = false;
    while ((n = st_notes_of(c->notes, st_str_of(i->id), &at)) != NULL) {
        st_buf_str(b, any ? ST_STR("; ") : ST_STR(""));
        st_note_put(n, b);
        any = true;
    }
    return any;
}

bool st_incident_put_facts(const st_case *c, const st_incident *i, unsigned kind, st_buf *b)
{
    size_t n = 0;
    for (size_t k = i->first_fact; k < (size_t)i->first_fact + i->nfacts; k++) {
        if (c->facts[k].kind != kind || n++ >= SHOWN)
            continue;
        st_buf_str(b, n > 1 ? ST_STR("; ") : ST_STR(""));
        put_fact(c, &c->facts[k], b);
    }
    if (n > SHOWN)
        st_buf_fmt(b, "; and %zu more", n - SHOWN);
    return n > 0;
}
