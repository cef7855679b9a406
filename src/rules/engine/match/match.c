/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* match.c - string operators and the memory of their answers. */
#include "rules/engine/match/needles.h"
#include "rules/engine/match/screen.h"
#include "rules/engine/match/value_tests.h"

#include <stdlib.h>
#include <string.h>

/* folded texts */

void st_folds_init(st_folds *f, st_pool *pool)
{
    *f = (st_folds){ .pool = pool };
}

void st_folds_free(st_folds *f)
{
    st_screen_free(f->screen);
    free(f->answers);
    free(f->texts);
    free(f->table.at);
    st_arena_free(&f->arena);
    st_buf_free(&f->buf);
    *f = (st_folds){ 0 };
}

/* Ids follow each other: their last bits are as good a hash as any. */
static uint64_t hash_of(const void *folds, uint32_t i)
{
    return ((const st_folds *)folds)->texts[i].id;
}

typedef struct wanted {
    const st_folds *f;
    st_sid id;
} wanted;

static bool is_wanted(const void *ctx, uint32_t i)
{
    const wanted *w = ctx;
    return w->f->texts[i].id == w->id;
}

/* Room for one more. */
static bool make_room(st_folds *f)
{
    return st_grow(&f->texts, &f->cap, f->n + 1, sizeof *f->texts) &&
           st_slots_grow(&f->table, f->n, 64, hash_of, f);
}

st_str st_folds_get(st_folds *f, st_sid id)
{
    if (!make_room(f)) {
        f->arena.failed = true;
        return (st_str){ "", 0 };
    }
    size_t at = st_slots_probe(&f->table, id, is_wanted, &(wanted){ f, id });
    if (f->table.at[at])
        return f->texts[f->table.at[at] - 1].text;
    st_str s = st_pool_get(f->pool, id);
    st_buf_clear(&f->buf);
    st_fold_put(&f->buf, s);
    st_str folded = st_buf_slice(&f->buf);
    f->arena.failed |= f->buf.failed;
    if (!f->buf.failed && !st_str_eq(folded, s))
        s = st_arena_copy(&f->arena, folded);
    if (f->buf.failed || !s.p)
        return (st_str){ "", 0 };
    f->texts[f->n] = (st_folded){ id, s };
    f->table.at[at] = (uint32_t)++f->n;
    return s;
}

/* Longer texts are folded once and kept. */
enum { SHORT = 512 };

/* ASCII is folded where it is asked about, which costs less than to keep it; 8 bytes at a time.
 * False: it isn't ASCII. */
static bool fold_ascii(st_str s, char to[SHORT + 8])
{
    uint64_t w = 0, all = 0;
    for (size_t i = 0; i < s.n; i += sizeof w) {
        size_t n = s.n - i < sizeof w ? s.n - i : sizeof w;
        w = 0;
        memcpy(&w, s.p + i, n);
        all |= w;
        w = st_ascii_lower_eight(w);
        memcpy(to + i, &w, sizeof w);
    }
    return !(all & ST_ASCII_HIGH);
}

/* In `small`, where it fits and is ASCII. */
static st_str folded_text(st_folds *f, st_sid id, char small[SHORT + 8])
{
    st_str s = st_pool_get(f->pool, id);
    return s.n > SHORT || !fold_ascii(s, small) ? st_folds_get(f, id) : (st_str){ small, s.n };
}

/* Questions after which a screen is worth making. */
enum { SCREEN_AFTER = 16 };

/* The screen, if it is worth it by now; NULL: there is none. */
static st_screen *open_screen(st_folds *f)
{
    if (!f->regexes || f->asked++ < SCREEN_AFTER)
        return NULL;
    f->screen = st_regexes_screen(f->regexes);
    if (!f->screen)
        f->regexes = NULL;
    return f->screen;
}

/* The first question about a text. */
static bool look(st_folds *f, size_t number, st_sid id)
{
    char small[SHORT + 8];
    return !st_screen_look(f->screen, id, folded_text(f, id, small)) ||
           st_screen_says_of(f->screen, number, id) == ST_SCREEN_MAY;
}

/* May the pattern of that number match? */
static bool lets(st_folds *f, size_t number, st_sid id)
{
    if (!f->screen && !open_screen(f))
        return true;
    st_screen_says says = st_screen_says_of(f->screen, number, id);
    return says == ST_SCREEN_ASK ? look(f, number, id) : says == ST_SCREEN_MAY;
}

bool st_folds_let(st_folds *f, const st_regex *r, st_sid id)
{
    size_t number = st_regex_number(r);
    return !number || lets(f, number, id);
}

/* predicates */

struct st_pred {
    st_mop op;
    bool fold, all, screened;
    bool fresh;       /* nothing was asked yet: the needles are as they were given */
    bool always;      /* one of them is empty, and no more is asked */
    bool joins;       /* they are many and nothing was asked yet: `many` isn't made */
    st_needles *many; /* NULL: they are few, or all must match */
    st_regex *regex;
    size_t pattern; /* its number, where it is kept */
    st_network network;
    char compare; /* NUMBER; a needle is what a text that is no number must be */
    double number;
    st_arena arena;
    unsigned char *memo; /* by id: 0 not asked, 1 no, 2 yes */
    size_t memo_n;
    unsigned asked; /* while it is asked about few texts, it remembers none */
    size_t n;
    st_str needles[]; /* borrowed; of one that isn't fresh as they are compared: folded (then in the
                         arena), sorted, each once */
};

static int by_text(const void *a, const void *b)
{
    const st_str *x = a, *y = b;
    return st_str_cmp(*x, *y);
}

static bool fold_needles(st_pred *p)
{
    st_buf b = { 0 };
    for (size_t i = 0; i < p->n; i++) {
        st_buf_clear(&b);
        st_fold_put(&b, p->needles[i]);
        if (!st_str_eq(st_buf_slice(&b), p->needles[i]))
            p->needles[i] = st_arena_copy(&p->arena, st_buf_slice(&b));
    }
    bool ok = !b.failed && !p->arena.failed;
    st_buf_free(&b);
    return ok;
}

static void sort_needles(st_pred *p)
{
    size_t n = p->n;
    if (n > 1)
        qsort(p->needles, n, sizeof *p->needles, by_text);
    p->n = 0;
    for (size_t i = 0; i < n; i++)
        if (!i || !st_str_eq(p->needles[i], p->needles[p->n - 1]))
            p->needles[p->n++] = p->needles[i];
}

/* From so many on, one pass for all is cheaper than one for each. */
enum { MANY = 8 };

/* An empty needle is in every text. */
static void join_needles(st_pred *p)
{
    bool parts = p->op != ST_M_EQ && p->op != ST_M_GLOB; /* a needle is a part of the text */
    p->always = !p->all && parts && p->n && !p->needles[0].n;
    p->joins = !p->all && !p->always && parts && p->n >= MANY;
}

/* With the first question: rules are also bound to be checked only. false: no memory. */
static bool prepare(st_pred *p)
{
    if (p->fold && !fold_needles(p))
        return false;
    sort_needles(p);
    if (p->op != ST_M_NUMBER)
        join_needles(p);
    p->fresh = false;
    return true;
}

static void join_many(st_pred *p)
{
    p->many = st_needles_new(p->needles, p->n);
    p->joins = false;
}

static st_pred *new_pred(st_mop op, bool fold, const st_str *needles, size_t n, st_err *err)
{
    st_pred *p =
        n < SIZE_MAX / 2 / sizeof *needles ? calloc(1, sizeof *p + n * sizeof *needles) : NULL;
    if (!p) {
        st_fail(err, ST_E_MEMORY, "out of memory");
        return NULL;
    }
    p->op = op;
    p->fold = fold;
    p->fresh = true;
    p->n = n;
    for (size_t i = 0; i < n; i++)
        p->needles[i] = needles[i].p ? needles[i] : ST_STR("");
    return p;
}

static bool set_network(st_pred *p, st_str network, st_err *err)
{
    if (st_network_parse(network, &p->network))
        return true;
    st_fail(err, ST_E_RULE, "%.*s isn't a network", ST_FMT(network));
    return false;
}

st_pred *st_pred_new(st_mop op, bool fold, bool all, const st_str *needles, size_t n, st_err *err)
{
    bool one = op == ST_M_REGEX || op == ST_M_NETWORK;
    st_pred *p = new_pred(op, fold, needles, one ? 0 : n, err);
    size_t offset;
    if (!p)
        return NULL;
    p->all = all;
    if (op == ST_M_REGEX ? (p->regex = st_regex_new(needles[0], &offset, err)) != NULL
                         : op != ST_M_NETWORK || set_network(p, needles[0], err))
        return p;
    st_pred_free(p);
    return NULL;
}

st_pred *st_pred_regex(st_regex *regex, bool screened, st_err *err)
{
    st_pred *p = new_pred(ST_M_REGEX, false, NULL, 0, err);
    if (!p) {
        st_regex_free(regex);
        return NULL;
    }
    p->regex = regex;
    p->pattern = st_regex_number(regex);
    p->screened = screened && p->pattern;
    return p;
}

st_pred *st_pred_number(char compare, double number, st_str text, st_err *err)
{
    st_pred *p = new_pred(ST_M_NUMBER, true, &text, compare == '=', err);
    if (!p)
        return NULL;
    p->compare = compare;
    p->number = number;
    return p;
}

void st_pred_free(st_pred *p)
{
    if (!p)
        return;
    st_regex_free(p->regex);
    st_needles_free(p->many);
    st_arena_free(&p->arena);
    free(p->memo);
    free(p);
}

static bool ask_number(const st_pred *p, st_str text)
{
    double field;
    if (st_text_number(text, &field))
        return st_number_test(p->compare, field, p->number);
    return p->n && st_str_eq(text, p->needles[0]);
}

static bool ask(const st_pred *p, st_str text)
{
    if (p->op == ST_M_NUMBER)
        return ask_number(p, text);
    if (p->op == ST_M_NETWORK)
        return st_network_has(&p->network, text);
    if (p->op == ST_M_REGEX)
        return st_regex_test(p->regex, text);
    if (p->op == ST_M_EQ && !p->all)
        return p->n && bsearch(&text, p->needles, p->n, sizeof *p->needles, by_text);
    if (p->always || p->many)
        return p->always || st_needles_any(p->many, p->op, text);
    for (size_t i = 0; i < p->n; i++)
        if (st_match_text(p->op, text, p->needles[i]) != p->all)
            return !p->all;
    return p->all;
}

/* Questions after which remembering the answers pays. */
enum { FEW = 512 };

/* Where the answer of a pattern about a text is remembered, with both: a power of two of places. */
enum { ANSWERS = 1 << 12 };

static uint64_t *place_of(st_folds *f, uint64_t question)
{
    if (!f->answers)
        f->answers = calloc(ANSWERS, sizeof *f->answers);
    uint64_t mixed = question * UINT64_C(0x9e3779b97f4a7c15);
    return f->answers ? &f->answers[(mixed >> 40) % ANSWERS] : NULL;
}

/* Rules ask the same patterns about the same texts, each with predicates of its own. */
static bool search(const st_pred *p, st_folds *folds, st_sid id)
{
    uint64_t question = (uint64_t)p->pattern << 33 | (uint64_t)id << 1;
    uint64_t *known = p->pattern ? place_of(folds, question) : NULL;
    if (known && *known >> 1 == question >> 1)
        return *known & 1;
    bool fits = st_regex_test(p->regex, st_pool_get(folds->pool, id));
    if (known && !st_regex_gave_up(p->regex))
        *known = question | fits;
    return fits;
}

static bool answer(const st_pred *p, st_folds *folds, st_sid id)
{
    char small[SHORT + 8];
    if (p->regex)
        return search(p, folds, id);
    return ask(p, p->fold ? folded_text(folds, id, small) : st_pool_get(folds->pool, id));
}

bool st_pred_test(st_pred *p, st_folds *folds, st_sid id)
{
    if (p->screened && !lets(folds, p->pattern, id))
        return false;
    if (p->fresh && !prepare(p)) {
        folds->arena.failed = true;
        return false;
    }
    if (p->joins)
        join_many(p);
    if (p->asked < FEW) {
        p->asked++;
        return answer(p, folds, id);
    }
    if (id >= p->memo_n) {
        size_t need = st_pool_count(folds->pool), n = p->memo_n * 2;
        n = n < need ? need : n;
        n = n <= id ? (size_t)id + 1 : n;
        unsigned char *grown = p->memo ? realloc(p->memo, n) : calloc(n, 1);
        if (!grown) {
            folds->arena.failed = true;
            return false;
        }
        if (p->memo)
            memset(grown + p->memo_n, 0, n - p->memo_n);
        p->memo = grown;
        p->memo_n = n;
    }
    if (!p->memo[id])
        p->memo[id] = answer(p, folds, id) ? 2 : 1;
    return p->memo[id] == 2;
}

bool st_pred_gave_up(const st_pred *p)
{
    return p->regex && st_regex_gave_up(p->regex);
}

st_mop st_pred_op(const st_pred *p)
{
    return p->op;
}

const st_str *st_pred_needles(st_pred *p, size_t *n)
{
    bool ok = !p->fresh || prepare(p);
    *n = ok ? p->n : 0;
    return ok ? p->needles : NULL;
}

bool st_pred_all(const st_pred *p)
{
    return p->all;
}

const st_regex *st_pred_pattern(const st_pred *p)
{
    return p->regex;
}
