/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.c - what an event was done to, as one text. The provider's table says which texts make it
 * up (st_event_kind.target); of a connection it is the other side, whoever began it.
 */
#include "internal.h"

#include <string.h>

static st_str text_of(const st_forest *f, const st_event *e, st_event_text t)
{
    st_str s = st_pool_get(f->pool, st_event_text_of(f, e, t));
    bool nothing = s.n == 1 && (s.p[0] == '-' || s.p[0] == '?');
    return nothing ? (st_str){ s.p, 0 } : s;
}

/* The other side of a connection that was accepted is its source. */
static st_event_text other_side(const st_forest *f, const st_event *e, st_event_text t)
{
    if (!st_str_ieq(text_of(f, e, ST_T_initiated), ST_STR("false")))
        return t;
    return t == ST_T_destination_ip     ? ST_T_source_ip
           : t == ST_T_destination_port ? ST_T_source_port
                                        : t;
}

/* "type:  5 a.example;::ffff:10.0.0.1;" as "a.example, 10.0.0.1". */
static void put_answers(st_str s, st_buf *out)
{
    st_str answer;
    for (bool more = false; st_answers_next(&s, &answer); more = true) {
        st_buf_str(out, more ? ST_STR(", ") : ST_STR(""));
        st_buf_str(out, answer);
    }
}

/* An address of six groups needs brackets in front of a port. */
static void put_text(st_str s, st_event_text t, st_buf *out)
{
    bool address = t == ST_T_destination_ip || t == ST_T_source_ip;
    if (t == ST_T_query_results) {
        put_answers(s, out);
        return;
    }
    bool brackets = address && s.n && memchr(s.p, ':', s.n);
    st_buf_str(out, brackets ? ST_STR("[") : ST_STR(""));
    st_buf_str(out, s);
    st_buf_str(out, brackets ? ST_STR("]") : ST_STR(""));
}

void st_target_put(const st_forest *f, const st_event *e, st_buf *out)
{
    const st_event_kind *k = st_event_kind_at(e->kind);
    const char *form = k->target, *literal = form;
    size_t at = 0;
    for (; *form; form++) {
        if (*form != '%')
            continue;
        st_event_text t = at < ST_EVENT_ABOUT ? (st_event_text)k->about[at++] : ST_T_NONE;
        t = other_side(f, e, t);
        st_str s = text_of(f, e, t);
        if (!s.n && at > 1)
            return; /* and what would have stood around it */
        st_buf_put(out, literal, (size_t)(form - literal));
        put_text(s, t, out);
        literal = form + 1;
    }
    st_buf_put(out, literal, (size_t)(form - literal));
}
