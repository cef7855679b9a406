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

/* MITRE ATT&CK's techniques, subtechniques with them. */
static const struct {
    char id[6];
    uint8_t is;
} TECHNIQUES[] = {
    { "T1007", RECON },   { "T1012", RECON },   { "T1016", RECON },  { "T1018", RECON },
    { "T1033", RECON },   { "T1046", RECON },   { "T1049", RECON },  { "T1057", RECON },
    { "T1069", RECON },   { "T1082", RECON },   { "T1083", RECON },  { "T1087", RECON },
    { "T1124", RECON },   { "T1135", RECON },   { "T1201", RECON },  { "T1482", RECON },
    { "T1518", RECON },   { "T1615", RECON },   { "T1068", JUMP },   { "T1134", JUMP },
    { "T1105", STAGE },   { "T1197", STAGE },   { "T1218", STAGE },  { "T1055", STAGE },
    { "T1027", STAGE },   { "T1003", DUMP },    { "T1552", DUMP },   { "T1555", DUMP },
    { "T1558", DUMP },    { "T1021", SPREAD },  { "T1047", SPREAD }, { "T1090", SPREAD },
    { "T1569", SPREAD },  { "T1570", SPREAD },  { "T1572", SPREAD }, { "T1070", COVER },
    { "T1562", COVER },   { "T1564", COVER },   { "T1053", RETURN }, { "T1098", RETURN },
    { "T1136", RETURN },  { "T1543", RETURN },  { "T1547", RETURN }, { "T1486", DESTROY },
    { "T1489", DESTROY }, { "T1490", DESTROY },
};

/* BEHAVIOURS: none. */
static unsigned behaviour_of(st_str technique)
{
    for (size_t i = 0; i < sizeof TECHNIQUES / sizeof *TECHNIQUES; i++)
        if (technique.n >= 5 && !memcmp(technique.p, TECHNIQUES[i].id, 5))
            return TECHNIQUES[i].is;
    return BEHAVIOURS;
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
