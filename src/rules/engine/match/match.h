/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.h - predicates over strings, evaluated once per distinct string.
 *
 * A predicate is one string operator with its constants (`has_any ("arp", "net")`). It is
 * asked by string id and remembers each answer in a byte, so a column of a million rows
 * costs as many tests as it has different texts. Ignoring case means comparing folded
 * texts; those are kept for all predicates of a run (st_folds).
 *
 * Terms: a needle matches `has` where it isn't glued to a letter or digit on a side on
 * which it begins or ends with one itself. Every occurrence is tried.
 */
#ifndef ST_RULES_ENGINE_MATCH_MATCH_H
#define ST_RULES_ENGINE_MATCH_MATCH_H

#include "base/search.h"
#include "shelltree/base.h"

typedef enum st_mop {
    ST_M_EQ,
    ST_M_HAS,
    ST_M_HASPREFIX,
    ST_M_HASSUFFIX,
    ST_M_CONTAINS,
    ST_M_STARTS,
    ST_M_ENDS,
    ST_M_GLOB, /* the needle is a pattern, see glob.h */
    ST_M_REGEX,
    ST_M_NETWORK, /* the needle is a network, the text an address in it */
    ST_M_NUMBER   /* see st_pred_number */
} st_mop;

/* Both texts already folded where case doesn't count. Not for the last three. */
bool st_match_text(st_mop op, st_str hay, st_str needle);
/* A needle of n bytes is at `at`: does it stand there as op asks? */
bool st_match_at(st_mop op, st_str hay, size_t at, size_t n);

typedef struct st_regex st_regex;
typedef struct st_regexes st_regexes;
typedef struct st_screen st_screen;

/* folded texts, and which patterns can't match them */

typedef struct st_folded {
    st_sid id;
    st_str text;
} st_folded;
typedef struct st_folds {
    st_pool *pool;
    st_regexes
        *regexes;      /* borrowed, with all patterns by then: those are screened; NULL: none is */
    st_screen *screen; /* made when patterns were asked about some texts; NULL: not yet */
    unsigned asked;
    uint64_t *answers; /* of patterns, lately; NULL: none was asked for yet */
    st_folded *texts;  /* few beside all that there are */
    size_t n, cap;
    st_slots table; /* of them, by id */
    st_arena arena;
    st_buf buf;
} st_folds;
void st_folds_init(st_folds *f, st_pool *pool);
void st_folds_free(st_folds *f);
/* The folded text; valid until st_folds_free. */
st_str st_folds_get(st_folds *f, st_sid id);
/* May the pattern match the text? False: something that it needs isn't in it. */
bool st_folds_let(st_folds *f, const st_regex *r, st_sid id);

/* regular expressions */

/* Kusto's regex syntax (Rust's and RE2's family). NULL: err says what is wrong and, at
 * *offset, where in the pattern. Look-around, back-references and the like are refused by
 * name: the language promises linear time. A pattern that is sound without doubt (plain.h) is
 * compiled with the first search, which gives up if there is no memory for it. */
st_regex *st_regex_new(st_str pattern, size_t *offset, st_err *err);
/* A second one of the same pattern, which shares what was compiled; each is of one thread. NULL:
 * no memory. */
st_regex *st_regex_copy(const st_regex *r);
/* Compiles it now, if that wasn't done, from any thread. */
void st_regex_ready(const st_regex *r);
void st_regex_free(st_regex *r);
bool st_regex_test(st_regex *r, st_str text);
/* From byte `at`: how many groups (with group 0) or 0 for no match; spans as byte offsets,
 * SIZE_MAX for a group that took no part. */
size_t st_regex_find(st_regex *r, st_str text, size_t at, size_t (*spans)[2], size_t max);
/* Does it match from the text's first byte? *end is where. */
bool st_regex_starts(st_regex *r, st_str text, size_t *end);
/* The first byte from which it matches up to the text's end; SIZE_MAX: there is none. */
size_t st_regex_ends(st_regex *r, st_str text);
size_t st_regex_groups(const st_regex *r); /* without group 0 */
/* The number of the group of that name; SIZE_MAX: none. */
size_t st_regex_group(const st_regex *r, st_str name);
/* Among the patterns that are kept; 0: it isn't. */
size_t st_regex_number(const st_regex *r);
void st_regex_set_number(st_regex *r, size_t number);
/* A limit of work or memory was met in some search since it was made: a "no" may be wrong. */
bool st_regex_gave_up(const st_regex *r);

/* Patterns that are compiled once, however often they are asked for, from any thread. */
st_regexes *st_regexes_new(void); /* NULL: no memory */
void st_regexes_free(st_regexes *c);
/* As st_regex_new; the caller's own. c may be NULL: compiled anew. */
st_regex *st_regexes_get(st_regexes *c, st_str pattern, size_t *offset, st_err *err);

/* Texts, folded, one of which is in whatever a kept pattern matches, in any case; false: none are
 * known. They live in a. */
typedef struct st_literals st_literals;
bool st_regexes_literals(st_regexes *c, const st_regex *r, st_arena *a, st_literals *out);
/* A screen for the patterns that are kept by now, of one thread; it must not outlive them. NULL: no
 * memory. */
st_screen *st_regexes_screen(st_regexes *c);
/* Makes what all screens have in common. */
void st_regexes_prepare(st_regexes *c);
/* The i-th of the patterns that are kept is compiled, if there is one; false: i is past them. */
bool st_regexes_ready(st_regexes *c, size_t i);

/* predicates */

typedef struct st_pred st_pred;
/* The array of needles is borrowed for the call, their texts as long as the predicate lives. all:
 * every needle must match (has_all); otherwise any. For ST_M_REGEX and ST_M_NETWORK one needle.
 * NULL: out of memory or a bad pattern (err). */
st_pred *st_pred_new(st_mop op, bool fold, bool all, const st_str *needles, size_t n, st_err *err);
/* A predicate of a regex, which it takes over even where it fails. screened: many patterns are
 * asked about the same texts, so that each text is looked at for all of them first. NULL: no
 * memory. */
st_pred *st_pred_regex(st_regex *regex, bool screened, st_err *err);
/* Is the text a number that compares so (see st_number_test)? text: for '=', what a text that is no
 * number must be, ignoring case. NULL: out of memory. */
st_pred *st_pred_number(char compare, double number, st_str text, st_err *err);
void st_pred_free(st_pred *p);
bool st_pred_test(st_pred *p, st_folds *folds, st_sid id);
bool st_pred_gave_up(const st_pred *p);
/* What it was made of: the operator, the needles as they are compared (NULL: no memory), whether
 * all must match. */
st_mop st_pred_op(const st_pred *p);
const st_str *st_pred_needles(st_pred *p, size_t *n);
bool st_pred_all(const st_pred *p);
const st_regex *st_pred_pattern(const st_pred *p); /* NULL: it is of another operator */

#endif
