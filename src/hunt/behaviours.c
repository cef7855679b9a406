/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * behaviours.c - what an incident's findings show of its author, told by their techniques: a rule
 * more for the same deed is no second behaviour. Distinct ones together raise the incident.
 */
#include "internal.h"

#include <string.h>

enum {
    RECON,
    JUMP,
    STAGE,
    DUMP,
    SPREAD,
    COVER,
    RETURN,
    DESTROY,
    BEHAVIOURS,
    /* So many findings of recon make a burst; one or two are anybody's. */
    BURST = 3
};

static const char *const WORDS[BEHAVIOURS] = {
    [RECON] = "recon",
    [JUMP] = "privileges raised",
    [STAGE] = "a second stage",
    [DUMP] = "passwords taken",
    [SPREAD] = "spread",
    [COVER] = "traces covered",
    [RETURN] = "a way back made",
    [DESTROY] = "recovery destroyed",
};

/* MITRE ATT&CK's techniques, subtechniques with them, by number: 1 + what it is; 0: none. */
enum { FIRST = 1000, NUMBERS = 1000 };
static const uint8_t TECHNIQUES[NUMBERS] = {
    [1007 - FIRST] = 1 + RECON,   [1012 - FIRST] = 1 + RECON,   [1016 - FIRST] = 1 + RECON,
    [1018 - FIRST] = 1 + RECON,   [1033 - FIRST] = 1 + RECON,   [1046 - FIRST] = 1 + RECON,
    [1049 - FIRST] = 1 + RECON,   [1057 - FIRST] = 1 + RECON,   [1069 - FIRST] = 1 + RECON,
    [1082 - FIRST] = 1 + RECON,   [1083 - FIRST] = 1 + RECON,   [1087 - FIRST] = 1 + RECON,
    [1124 - FIRST] = 1 + RECON,   [1135 - FIRST] = 1 + RECON,   [1201 - FIRST] = 1 + RECON,
    [1482 - FIRST] = 1 + RECON,   [1518 - FIRST] = 1 + RECON,   [1615 - FIRST] = 1 + RECON,
    [1068 - FIRST] = 1 + JUMP,    [1134 - FIRST] = 1 + JUMP,    [1105 - FIRST] = 1 + STAGE,
    [1197 - FIRST] = 1 + STAGE,   [1218 - FIRST] = 1 + STAGE,   [1055 - FIRST] = 1 + STAGE,
    [1027 - FIRST] = 1 + STAGE,   [1003 - FIRST] = 1 + DUMP,    [1552 - FIRST] = 1 + DUMP,
    [1555 - FIRST] = 1 + DUMP,    [1558 - FIRST] = 1 + DUMP,    [1021 - FIRST] = 1 + SPREAD,
    [1047 - FIRST] = 1 + SPREAD,  [1090 - FIRST] = 1 + SPREAD,  [1569 - FIRST] = 1 + SPREAD,
    [1570 - FIRST] = 1 + SPREAD,  [1572 - FIRST] = 1 + SPREAD,  [1070 - FIRST] = 1 + COVER,
    [1562 - FIRST] = 1 + COVER,   [1564 - FIRST] = 1 + COVER,   [1053 - FIRST] = 1 + RETURN,
    [1098 - FIRST] = 1 + RETURN,  [1136 - FIRST] = 1 + RETURN,  [1543 - FIRST] = 1 + RETURN,
    [1547 - FIRST] = 1 + RETURN,  [1486 - FIRST] = 1 + DESTROY, [1489 - FIRST] = 1 + DESTROY,
    [1490 - FIRST] = 1 + DESTROY,
};

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* BEHAVIOURS: none. */
static unsigned behaviour_of(st_str t)
{
    if (t.n < 5 || t.p[0] != 'T' || t.p[1] != '1' || !digit(t.p[2]) || !digit(t.p[3]) ||
        !digit(t.p[4]))
        return BEHAVIOURS;
    unsigned is = TECHNIQUES[(t.p[2] - '0') * 100 + (t.p[3] - '0') * 10 + (t.p[4] - '0')];
    return is ? is - 1 : BEHAVIOURS;
}

/* The first technique of a text, be it a list or JSON. */
static st_str first_technique(st_str text)
{
    const char *t = text.n ? memchr(text.p, 'T', text.n) : NULL;
    return t ? (st_str){ t, text.n - (size_t)(t - text.p) } : ST_STR("");
}

/* A finding is one deed, whatever else its rule may stand for. */
static unsigned shown_by(const st_case *c, const st_finding *x)
{
    if (x->techniques != ST_ABSENT && x->techniques != ST_EMPTY)
        return behaviour_of(first_technique(st_pool_get(c->forest->pool, x->techniques)));
    const st_rule *r = st_rules_at(c->rules, x->rule);
    return r->ntechniques ? behaviour_of(r->techniques[0]) : BEHAVIOURS;
}

void st_behaviour_add(const st_case *c, st_incident *i, const st_finding *x)
{
    unsigned is = x->level < ST_LEVEL_MEDIUM ? BEHAVIOURS : shown_by(c, x);
    if (is == RECON && ++i->recon < BURST)
        return;
    if (is < BEHAVIOURS)
        i->behaviours |= (uint8_t)(1u << is);
}

static unsigned how_many(uint8_t set)
{
    unsigned n = 0;
    for (; set; set &= (uint8_t)(set - 1))
        n++;
    return n;
}

/* Two of them raise it by one, and passwords or privileges among them by one more. */
void st_behaviours_raise(st_incident *i)
{
    unsigned up = how_many(i->behaviours) < 2                 ? 0
                  : i->behaviours & (1u << JUMP | 1u << DUMP) ? 2
                                                              : 1;
    i->gravest = i->level;
    while (i->level >= ST_LEVEL_MEDIUM && i->level < ST_LEVEL_CRITICAL && up-- > 0)
        i->level = (st_level)(i->level + 1);
}

bool st_incident_put_raised(const st_incident *i, st_buf *out)
{
    if (i->level == i->gravest)
        return false;
    st_buf_fmt(out, "%s because of %u behaviours together: ", st_level_word(i->level),
               how_many(i->behaviours));
    const char *between = "";
    for (unsigned b = 0; b < BEHAVIOURS; b++)
        if (i->behaviours & 1u << b) {
            st_buf_fmt(out, "%s%s", between, WORDS[b]);
            between = ", ";
        }
    st_buf_fmt(out, "; its findings alone are %s", st_level_word(i->gravest));
    return true;
}
