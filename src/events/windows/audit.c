/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.c - the fields of Windows' own process events, by name, and what they say.
 *
 * Two layouts of one version are about, so fields go by name here, too. Numbers are hexadecimal;
 * '-', S-1-0-0 and 0x0 stand for nobody. Percent signs aren't doubled.
 */
#include "events/windows/audit.h"

#include <string.h>

static const struct {
    unsigned provider;
    uint32_t id;
    st_audit_kind kind;
} EVENTS[] = {
    { ST_SECURITY, 4688, ST_AUDIT_CREATION }, { ST_SECURITY, 4689, ST_AUDIT_END },
    { ST_SECURITY, 4608, ST_AUDIT_BOOT },     { ST_SYSTEM_LOG, 6005, ST_AUDIT_BOOT },
    { ST_SYSTEM_LOG, 6009, ST_AUDIT_BOOT },
};

st_audit_kind st_audit_of(unsigned provider, uint32_t event_id)
{
    if (provider != ST_SECURITY && provider != ST_SYSTEM_LOG)
        return ST_AUDIT_NONE;
    for (size_t i = 0; i < sizeof EVENTS / sizeof EVENTS[0]; i++)
        if (EVENTS[i].provider == provider && EVENTS[i].id == event_id)
            return EVENTS[i].kind;
    return ST_AUDIT_NONE;
}

static const st_str NAMES[ST_AUDIT_COUNT] = {
#define NAMED(name, text) [ST_AUDIT_##name] = { text, sizeof(text) - 1 },
    ST_AUDIT_FIELDS(NAMED)
#undef NAMED
};

void st_audit_read(const st_record *r, st_audit *out)
{
    *out = (st_audit){ { NULL } };
    for (size_t i = 0; i < r->nfields; i++) {
        unsigned k = 0;
        while (k < ST_AUDIT_COUNT && !st_str_eq(r->fields[i].name, NAMES[k]))
            k++;
        if (k < ST_AUDIT_COUNT && !out->v[k]) /* the first of a name counts */
            out->v[k] = &r->fields[i].value;
    }
}

uint64_t st_audit_number(const st_audit *a, unsigned field, uint64_t none)
{
    uint64_t u;
    return a->v[field] && st_value_u64(a->v[field], &u) ? u : none;
}

bool st_audit_has_target(const st_audit *a)
{
    return st_audit_number(a, ST_AUDIT_TARGET_LOGON, 0) != 0 && a->v[ST_AUDIT_TARGET_USER] &&
           !st_value_is(a->v[ST_AUDIT_TARGET_USER], "-") &&
           !st_value_is(a->v[ST_AUDIT_TARGET_USER], "");
}

static void put_known(const st_value *v, st_buf *out)
{
    if (v && !st_value_is(v, "-"))
        (void)st_value_text(v, out);
}

bool st_audit_account(const st_audit *a, unsigned domain, unsigned name, st_buf *out)
{
    st_buf_clear(out);
    put_known(a->v[domain], out);
    if (out->n)
        st_buf_char(out, '\\');
    put_known(a->v[name], out);
    return out->n > 0;
}

bool st_audit_integrity(const st_audit *a, st_str *out)
{
    /* Well-known SIDs of [MS-DTYP] 2.4.2.4. */
    static const struct {
        const char *sid;
        st_str word;
    } LABELS[] = {
        { "S-1-16-0", { "Untrusted", 9 } },     { "S-1-16-4096", { "Low", 3 } },
        { "S-1-16-8192", { "Medium", 6 } },     { "S-1-16-8448", { "Medium", 6 } },
        { "S-1-16-12288", { "High", 4 } },      { "S-1-16-16384", { "System", 6 } },
        { "S-1-16-20480", { "Protected", 9 } },
    };
    char text[32] = { 0 };
    st_buf b = { 0 };
    if (!a->v[ST_AUDIT_LABEL])
        return false;
    (void)st_value_text(a->v[ST_AUDIT_LABEL], &b);
    if (b.n < sizeof text && b.n)
        memcpy(text, b.p, b.n);
    st_buf_free(&b);
    for (size_t i = 0; i < sizeof LABELS / sizeof LABELS[0]; i++)
        if (strcmp(LABELS[i].sid, text) == 0) {
            *out = LABELS[i].word;
            return true;
        }
    return false;
}
