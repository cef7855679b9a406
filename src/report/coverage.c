/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coverage.c - what "nothing found" is worth, in words: the sentence of a host, and of the gaps
 * that touch an incident. The same for eyes and programs.
 */
#include "internal.h"

void st_coverage_put(const st_case *c, uint32_t host, st_buf *b)
{
    const st_coverage *v = &c->coverage[host];
    const st_host *h = &c->forest->hosts[host];
    st_ticks first = h->first ? h->first : v->first, last = h->last ? h->last : v->last;
    st_buf_str(b, st_str_of(st_covered_word(v->verdict)));
    if (first) {
        st_buf_str(b, ST_STR(" "));
        st_buf_time_sysmon(b, first);
        st_buf_str(b, ST_STR(" to "));
        st_buf_time_sysmon(b, last);
    }
    if (v->reasons.n) {
        st_buf_str(b, ST_STR(": "));
        st_buf_str(b, v->reasons);
    }
    if (v->hint.n) {
        st_buf_str(b, ST_STR("; "));
        st_buf_str(b, v->hint);
    }
}

enum { NAMED = 3 };

bool st_incident_put_gaps(const st_case *c, const st_incident *i, st_buf *b)
{
    size_t n = 0, at = 0;
    for (const st_gap *g; (g = st_gap_touching(c, i, &at)) != NULL;) {
        if (n++ >= NAMED)
            continue;
        st_buf_str(b, n > 1 ? ST_STR("; ") : ST_STR(""));
        st_buf_fmt(b, "%s", st_gap_word(g->kind));
        if (g->from || g->to) {
            st_buf_str(b, ST_STR(" "));
            st_buf_time_sysmon(b, g->from ? g->from : g->to);
        }
        if (g->detail.n) {
            st_buf_str(b, ST_STR(" "));
            st_buf_str(b, g->detail);
        }
    }
    if (n > NAMED)
        st_buf_fmt(b, "; and %zu more", n - NAMED);
    return n > 0;
}
