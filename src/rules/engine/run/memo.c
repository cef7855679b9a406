/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* memo.c - a table in which each question has one place. */
#include "rules/engine/run/memo.h"

#include "rules/engine/run/run.h"

#include <stdlib.h>
#include <string.h>

enum { ARGS = 3, PLACES = 1 << 12 };

/* Compared as words. */
typedef struct question {
    uint64_t code, form; /* form: the type, how many arguments, and each one's kind */
    uint64_t args[ARGS];
} question;

/* A place is looked into only once it was written to: a page of zeros that is read first is made
 * twice, and all threads are interrupted for it. */
struct st_memo {
    uint64_t taken[PLACES / 64]; /* a bit a place */
    question asked[PLACES];
    st_val answer[PLACES];
};

void st_memo_free(st_memo *m)
{
    free(m);
}

/* false: something in it isn't a text or a number. */
static bool ask(const st_expr *x, const st_val *a, question *q)
{
    if (x->nargs > ARGS)
        return false;
    *q = (question){ .code = (uintptr_t)x->code, .form = (uint64_t)x->type << 8 | x->nargs };
    for (size_t i = 0; i < x->nargs; i++) {
        if (a[i].tag != ST_VAL_STRING && a[i].tag != ST_VAL_LONG)
            return false;
        q->form = q->form << 1 | (a[i].tag == ST_VAL_STRING);
        q->args[i] = a[i].tag == ST_VAL_STRING ? a[i].u.s : (uint64_t)a[i].u.i;
    }
    return true;
}

static size_t place_of(const question *q)
{
    uint64_t h = q->code;
    for (size_t i = 0; i < ARGS; i++)
        h = (h ^ q->args[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(h >> 40) % PLACES;
}

static bool same(const question *a, const question *b)
{
    uint64_t differs = (a->code ^ b->code) | (a->form ^ b->form);
    for (size_t i = 0; i < ARGS; i++)
        differs |= a->args[i] ^ b->args[i];
    return !differs;
}

/* What is worth a place: a value that is no part of this run. */
static bool lasts(const st_run *r, st_val v)
{
    return !r->limit && st_run_ok(r) && (v.tag == ST_VAL_STRING || v.tag == ST_VAL_BOOL);
}

/* A text counts as made by the run, whether it was remembered or not. */
static st_val made(st_run *r, st_val v)
{
    if (v.tag == ST_VAL_STRING)
        st_mem_made(&r->mem, v.u.s);
    return v;
}

st_val st_memo_call(st_run *r, const st_expr *x, const st_val *a)
{
    question q;
    if (!r->shared->memo)
        r->shared->memo = calloc(1, sizeof *r->shared->memo);
    st_memo *m = r->shared->memo;
    if (!m || !ask(x, a, &q))
        return made(r, x->code(r, x, a));
    size_t at = place_of(&q);
    bool taken = m->taken[at / 64] >> at % 64 & 1;
    if (taken && same(&m->asked[at], &q))
        return made(r, m->answer[at]);
    st_val v = made(r, x->code(r, x, a));
    if (lasts(r, v)) {
        m->taken[at / 64] |= UINT64_C(1) << at % 64;
        m->asked[at] = q;
        m->answer[at] = v;
    }
    return v;
}
