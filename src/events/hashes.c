/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hashes.c - small text forms of Sysmon's own: the list in Hashes, the doubled percent sign.
 */
#include "shelltree/events.h"

#include <string.h>

st_str st_hashes_get(st_str hashes, const char *algorithm)
{
    st_str name = st_str_of(algorithm), part;
    while (st_str_cut(&hashes, ',', &part)) {
        part = st_str_trim(part);
        if (part.n > name.n && part.p[name.n] == '=' &&
            st_str_ieq((st_str){ part.p, name.n }, name))
            return (st_str){ part.p + name.n + 1, part.n - name.n - 1 };
    }
    return ST_STR("");
}

/* Aliases and other records that are no addresses stand with the number of their type; addresses of
 * four bytes may be written as of sixteen. */
bool st_answers_next(st_str *rest, st_str *answer)
{
    st_str part;
    while (st_str_cut(rest, ';', &part)) {
        part = st_str_trim(part);
        if (st_str_starts(part, ST_STR("type:"))) {
            st_str typed = st_str_trim((st_str){ part.p + 5, part.n - 5 }), kind;
            st_str_cut(&typed, ' ', &kind);
            part = st_str_trim(typed);
        }
        if (st_str_starts(part, ST_STR("::ffff:")))
            part = (st_str){ part.p + 7, part.n - 7 };
        *answer = part;
        if (part.n)
            return true;
    }
    return false;
}

void st_undouble_percent(st_str s, st_buf *out)
{
    while (s.n) {
        const char *percent = memchr(s.p, '%', s.n);
        size_t upto = percent ? (size_t)(percent - s.p) + 1 : s.n;
        st_buf_put(out, s.p, upto);
        if (percent && upto < s.n && s.p[upto] == '%')
            upto++;
        s.p += upto;
        s.n -= upto;
    }
}
