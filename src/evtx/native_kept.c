/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native_kept.c - plans of templates, kept for the chunks that follow.
 *
 * The chunks of a log are mostly laid out alike: the same templates stand at the same places. What
 * a plan is made of are the bytes of its template, where they stand, and the names that it refers
 * to elsewhere in the chunk. Where all of that is as it was, byte for byte, the plan is as it was,
 * too. Only plans of sound templates are kept: making them has looked at nothing else.
 */
#include "native.h"

#include <stdlib.h>
#include <string.h>

typedef struct nt_kept {
    uint32_t body, n; /* of the template's body; n 0: nothing is kept here */
    uint8_t context;
    uint32_t steps; /* that making it took */
    nt_plan plan;   /* its pieces and fields counted from the first of `block` */
    nt_outside outside;
    size_t npieces;
    void *block; /* pieces (literals by their place in the chunk), fields, bytes */
} nt_kept;

static nt_piece *pieces_of(const nt_kept *k)
{
    return k->block;
}

static nt_field *fields_of(const nt_kept *k)
{
    return (nt_field *)(void *)(pieces_of(k) + k->npieces);
}

static unsigned char *bytes_of(const nt_kept *k)
{
    return (unsigned char *)(fields_of(k) + k->plan.nfields);
}

static nt_kept *place_of(const st_native *s, uint32_t body, uint32_t n, nt_context context)
{
    uint32_t h = body * UINT32_C(2654435761) + n * UINT32_C(40503) + (uint32_t)context;
    return &s->kept_plans[(h ^ h >> 15) % ST_MAX_KEPT_PLANS];
}

static bool may_keep(const st_native *s, uint32_t n)
{
    return !s->strict && !s->foreign && n && n <= ST_MAX_KEPT_TEMPLATE;
}

/* Do all the names that it refers to outside of itself stand where they stood? */
static bool names_stand(st_native *s, const nt_kept *k)
{
    uint32_t end;
    for (size_t i = 0; i < k->outside.n; i++)
        if (nt_name_here(s, k->outside.names[i].off, &end) != k->outside.names[i].name)
            return false;
    return true;
}

static bool grow(st_native *s, const nt_kept *k)
{
    bool ok = st_grow(&s->plans, &s->plans_cap, s->nplans + 1, sizeof *s->plans) &&
              st_grow(&s->pieces, &s->pieces_cap, s->npieces + k->npieces, sizeof *s->pieces) &&
              st_grow(&s->fields, &s->fields_cap, s->nfields + k->plan.nfields, sizeof *s->fields);
    s->failed |= !ok;
    return ok;
}

/* The plan among those of the chunk. */
static uint32_t put_back(st_native *s, const nt_kept *k)
{
    const uint32_t first = (uint32_t)s->npieces;
    nt_plan *plan = &s->plans[s->nplans];
    *plan = k->plan;
    plan->first = (uint32_t)s->nfields;
    for (size_t i = 0; i < NT_SLOTS; i++)
        plan->system[i].first += plan->system[i].n ? first : 0;
    for (size_t i = 0; i < k->npieces; i++) {
        nt_piece *piece = &s->pieces[s->npieces++];
        *piece = pieces_of(k)[i];
        if (piece->kind == NT_LITERAL) {
            piece->p = s->b + piece->off;
            piece->off = 0;
        }
    }
    for (size_t i = 0; i < plan->nfields; i++) {
        nt_field *field = &s->fields[s->nfields++];
        *field = fields_of(k)[i];
        field->first += first;
    }
    return (uint32_t)s->nplans++;
}

uint32_t nt_kept_plan(st_native *s, uint32_t body, uint32_t end, nt_context context)
{
    uint32_t n = end - body;
    if (!s->kept_plans || !may_keep(s, n))
        return NT_NONE;
    const nt_kept *k = place_of(s, body, n, context);
    if (k->n != n || k->body != body || k->context != context ||
        memcmp(bytes_of(k), s->b + body, n) != 0 || !names_stand(s, k) || !grow(s, k) ||
        !nt_spend(s, k->steps))
        return NT_NONE;
    return put_back(s, k);
}

static void drop(nt_kept *k)
{
    free(k->block);
    *k = (nt_kept){ 0 };
}

/* Keeps the plan that was made last, in place of another. What can't be kept is made again. */
static void keep(st_native *s, const nt_kept *made, size_t first)
{
    nt_kept *k = place_of(s, made->body, made->n, (nt_context)made->context);
    drop(k);
    *k = *made;
    k->block = malloc(k->plan.nfields * sizeof(nt_field) + k->npieces * sizeof(nt_piece) + k->n);
    if (!k->block) {
        drop(k);
        return;
    }
    memcpy(bytes_of(k), s->b + k->body, k->n);
    for (size_t i = 0; i < k->npieces; i++) {
        nt_piece *piece = &pieces_of(k)[i];
        *piece = s->pieces[first + i];
        if (piece->kind == NT_LITERAL) {
            piece->off = (uint32_t)(piece->p - s->b);
            piece->p = NULL;
        }
    }
    for (size_t i = 0; i < k->plan.nfields; i++) {
        fields_of(k)[i] = s->fields[k->plan.first + i];
        fields_of(k)[i].first -= (uint32_t)first;
    }
    for (size_t i = 0; i < NT_SLOTS; i++)
        k->plan.system[i].first -= k->plan.system[i].n ? (uint32_t)first : 0;
}

static bool is_sound(const st_native *s, const nt_kept *made, size_t first)
{
    for (size_t i = 0; i < made->npieces; i++)
        if (s->pieces[first + i].kind == NT_INSTANCE)
            return false;
    return !made->plan.repaired && !made->plan.damage && made->outside.n <= NT_OUTSIDE;
}

uint32_t nt_make_plan(st_native *s, uint32_t body, uint32_t end, nt_context context)
{
    size_t first = s->npieces;
    nt_kept made = { .body = body, .n = end - body, .context = (uint8_t)context };
    uint64_t budget = s->chunk_budget;
    s->outside = (nt_outside){ .from = body, .upto = end };
    uint32_t plan = nt_compile(s, body, end, true, context);
    if (plan == NT_NONE || !may_keep(s, made.n))
        return plan;
    if (!s->kept_plans)
        s->kept_plans = calloc(ST_MAX_KEPT_PLANS, sizeof *s->kept_plans);
    made.plan = s->plans[plan];
    made.npieces = s->npieces - first;
    made.steps = (uint32_t)(budget - s->chunk_budget); /* no more than a record may take */
    made.outside = s->outside;
    if (s->kept_plans && is_sound(s, &made, first))
        keep(s, &made, first);
    return plan;
}

void nt_kept_clear(st_native *s)
{
    for (size_t i = 0; s->kept_plans && i < ST_MAX_KEPT_PLANS; i++)
        drop(&s->kept_plans[i]);
}
