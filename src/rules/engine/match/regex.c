/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex.c - Kusto's regular expressions on PCRE2.
 *
 * A small translator reads the pattern once, refuses what the linear-time family doesn't
 * have (so that nothing matches here that wouldn't there, and no rule can stall a run) and
 * rewrites the few constructs that mean something else to PCRE2. A pattern that is sound without
 * doubt (plain.h) is translated and compiled with the first search. Searches have limits of
 * steps, depth and memory; meeting one is remembered, not taken for "no match".
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/limits.h"
#include "rules/engine/match/match.h"
#include "rules/engine/match/plain.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What copies of a regex have in common, on whichever threads they are. */
typedef struct program {
    _Atomic(pcre2_code *) code; /* NULL: not compiled yet */
    uint32_t groups;
    atomic_size_t users;
    atomic_size_t searched; /* bytes; JIT_BYTES: enough for machine code */
    pthread_mutex_t compiling;
    _Atomic(pcre2_code *) machine; /* a copy with machine code; NULL: not made */
    size_t npattern;
    char pattern[]; /* of one that isn't compiled yet */
} program;

struct st_regex {
    program *program;
    size_t number;          /* of the pattern, where it is kept */
    pcre2_match_data *data; /* with the first search, as the context; NULL: not made */
    pcre2_match_context *context;
    bool gave_up;
};

typedef struct translator {
    st_str in;
    size_t i;
    st_buf out;
    bool quantified;   /* the last token was a quantifier: a + behind it would be possessive */
    unsigned in_class; /* how many classes are open, one in the other */
    size_t class_at;   /* where the inner one begins */
    bool after_set;    /* in a class, behind a set: a - isn't a range's */
    const char *refused;
} translator;

static bool ahead(const translator *t, const char *text)
{
    size_t n = strlen(text);
    return t->in.n - t->i >= n && !memcmp(t->in.p + t->i, text, n);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_punctuation(char c)
{
    return c > ' ' && c < 127 && !is_digit(c) && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z');
}

static void refuse(translator *t, const char *what)
{
    if (!t->refused)
        t->refused = what;
}

/* {...} behind an escape, as it is, if it stands here. */
static void braces(translator *t)
{
    if (t->i >= t->in.n || t->in.p[t->i] != '{')
        return;
    const char *from = t->in.p + t->i, *end = memchr(from, '}', t->in.n - t->i);
    if (!end) {
        refuse(t, "a brace that ends nowhere");
        return;
    }
    size_t n = (size_t)(end - from) + 1;
    st_buf_put(&t->out, from, n);
    t->i += n;
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* \xXX, \uXXXX, \UXXXXXXXX, or with digits in braces: as \x{...}. */
static void code_point(translator *t, char kind)
{
    size_t most = kind == 'x' ? 2 : kind == 'u' ? 4 : 8, n = 0;
    bool braced = t->i < t->in.n && t->in.p[t->i] == '{';
    if (braced)
        t->i++;
    while (t->i + n < t->in.n && (braced || n < most) && is_hex(t->in.p[t->i + n]))
        n++;
    bool ends = !braced || (t->i + n < t->in.n && t->in.p[t->i + n] == '}');
    if (!n || !ends || (!braced && n != most))
        refuse(t, "an escape without its hexadecimal digits");
    st_buf_str(&t->out, ST_STR("\\x{"));
    st_buf_put(&t->out, t->in.p + t->i, n);
    st_buf_char(&t->out, '}');
    t->i += n + braced;
}

/* \Q up to \E, or the end: each letter as it is. */
static void quoted(translator *t)
{
    while (t->i < t->in.n && !ahead(t, "\\E")) {
        char c = t->in.p[t->i++];
        if (is_punctuation(c))
            st_buf_char(&t->out, '\\');
        st_buf_char(&t->out, c);
    }
    t->i += t->i < t->in.n ? 2 : 0;
}

/* \b{start} and \b{end}; false: it is \b alone. */
static bool word_edge(translator *t)
{
    bool start = ahead(t, "{start}"), end = ahead(t, "{end}");
    if (start || end)
        st_buf_str(&t->out, start ? ST_STR("\\b(?=\\w)") : ST_STR("\\b(?<=\\w)"));
    t->i += start ? strlen("{start}") : end ? strlen("{end}") : 0;
    return start || end;
}

static void translate_escape(translator *t)
{
    if (t->i + 1 >= t->in.n) {
        t->i++;
        refuse(t, "a backslash at the end");
        return;
    }
    char c = t->in.p[++t->i];
    t->i++;
    t->quantified = false;
    t->after_set = c && strchr("dDsSwWpP", c);
    if ((c >= '1' && c <= '9') || c == 'k' || c == 'g') {
        refuse(t, "a back-reference");
    } else if (c && strchr("0GKCRXZhHNecLVoEl", c)) {
        refuse(t, "an escape that Kusto's regular expressions don't have");
    } else if (c == 'v') {
        st_buf_str(&t->out, ST_STR("\\x0B"));
    } else if (c == 'x' || c == 'u' || c == 'U') {
        code_point(t, c);
    } else if (c == 'p' || c == 'P') {
        st_buf_char(&t->out, '\\');
        st_buf_char(&t->out, c);
        braces(t);
    } else if (t->in_class) {
        st_buf_char(&t->out, '\\');
        st_buf_char(&t->out, c);
        if (c == 'Q')
            refuse(t, "\\Q in a class");
    } else if (c == 'Q') {
        quoted(t);
    } else if (c == '<' || c == '>') {
        st_buf_str(&t->out, c == '<' ? ST_STR("\\b(?=\\w)") : ST_STR("\\b(?<=\\w)"));
    } else if (c != 'b' || !word_edge(t)) {
        st_buf_char(&t->out, '\\');
        st_buf_char(&t->out, c);
    }
}

/* What begins with (? and isn't a name: flags, of a group or of what is behind them. */
static void translate_flags(translator *t)
{
    st_buf_str(&t->out, ST_STR("(?"));
    for (t->i += 2; t->i < t->in.n && t->in.p[t->i] != ':' && t->in.p[t->i] != ')'; t->i++) {
        char c = t->in.p[t->i];
        if (c == 'x')
            st_buf_str(&t->out, ST_STR("xx")); /* blanks in classes don't count, either */
        else if (c && strchr("imsU-", c))
            st_buf_char(&t->out, c);
        else if (c == 'R')
            refuse(t, "the mode of lines that end with CR and LF");
        else if (c != 'u') /* it is on */
            refuse(t, "a flag or group that begins so");
    }
    if (t->i >= t->in.n)
        refuse(t, "a group that ends nowhere");
}

static void translate_group(translator *t)
{
    static const struct {
        const char *text, *what;
    } banned[] = {
        { "(?=", "look-ahead" },      { "(?!", "negative look-ahead" },
        { "(?<=", "look-behind" },    { "(?<!", "negative look-behind" },
        { "(?>", "an atomic group" }, { "(?|", "a branch reset" },
        { "(?(", "a condition" },     { "(?&", "recursion" },
        { "(?P>", "recursion" },      { "(?P=", "a back-reference" },
        { "(?C", "a callout" },       { "(*", "a verb" },
        { "(?#", "a comment" },       { "(?'", "a quoted group name" },
        { "(?+", "recursion" },
    };
    for (size_t k = 0; k < sizeof banned / sizeof *banned; k++)
        if (ahead(t, banned[k].text)) {
            refuse(t, banned[k].what);
            break;
        }
    t->quantified = false;
    if (!t->refused && ahead(t, "(?") && !ahead(t, "(?P<") && !ahead(t, "(?<")) {
        translate_flags(t);
        return;
    }
    st_buf_char(&t->out, '(');
    t->i++;
}

/* Sets of ASCII, as pairs of a first and a last letter: in Kusto they are that, in PCRE2 Unicode's.
 */
static const struct {
    const char *name;
    const char *pairs;
} posix_sets[] = {
    { "alnum", "09AZaz" },
    { "alpha", "AZaz" },
    { "ascii", "\001\177" },
    { "blank", "\t\t  " },
    { "cntrl", "\001\037\177\177" },
    { "digit", "09" },
    { "graph", "!~" },
    { "lower", "az" },
    { "print", " ~" },
    { "punct", "!/:@[`{~" },
    { "space", "\t\r  " },
    { "upper", "AZ" },
    { "word", "09AZ__az" },
    { "xdigit", "09AFaf" },
};

static void put_range(st_buf *b, unsigned from, unsigned to)
{
    if (from <= to)
        st_buf_fmt(b, "\\x{%x}-\\x{%x}", from, to);
}

/* NUL, which a text of pairs can't hold, is in these. */
static bool has_nul(st_str name)
{
    return st_str_eq(name, ST_STR("ascii")) || st_str_eq(name, ST_STR("cntrl"));
}

static void put_set(st_buf *b, st_str name, const char *pairs, bool negated)
{
    unsigned next = has_nul(name);
    if (next && !negated)
        put_range(b, 0, 0);
    for (const char *p = pairs; *p; p += 2) {
        unsigned from = (unsigned char)p[0], to = (unsigned char)p[1];
        if (negated && from)
            put_range(b, next, from - 1);
        if (!negated)
            put_range(b, from, to);
        next = to + 1;
    }
    if (negated)
        put_range(b, next, 0x10FFFF);
}

/* [:alpha:] and [:^alpha:]; false: that isn't what stands there. */
static bool posix_class(translator *t)
{
    if (!ahead(t, "[:"))
        return false;
    st_str rest = { t->in.p + t->i + 2, t->in.n - t->i - 2 };
    const char *end = memmem(rest.p, rest.n, ":]", 2);
    bool negated = rest.n && rest.p[0] == '^';
    if (!end)
        return false;
    st_str name = { rest.p + negated, (size_t)(end - rest.p) - negated };
    for (size_t k = 0; k < sizeof posix_sets / sizeof *posix_sets; k++)
        if (st_str_is(name, posix_sets[k].name)) {
            put_set(&t->out, name, posix_sets[k].pairs, negated);
            t->i = (size_t)(end - t->in.p) + 2;
            t->after_set = true;
            return true;
        }
    bool word = name.n > 0;
    for (size_t k = 0; k < name.n; k++)
        word &= name.p[k] >= 'a' && name.p[k] <= 'z';
    if (word)
        refuse(t, "a class of that name");
    return false;
}

/* Of a class in a class only its letters count: they are the outer's. */
static void open_class(translator *t)
{
    bool inner = t->in_class++;
    if (!inner)
        st_buf_char(&t->out, '[');
    t->i++;
    if (t->i < t->in.n && t->in.p[t->i] == '^') {
        if (inner)
            refuse(t, "a negated class in a class");
        st_buf_char(&t->out, '^');
        t->i++;
    }
    t->class_at = t->i;
    t->after_set = inner;
}

static void close_class(translator *t)
{
    t->i++;
    t->in_class--;
    t->after_set = true;
    t->quantified = false;
    if (!t->in_class)
        st_buf_char(&t->out, ']');
}

/* Is a - here no range's? At either end, and beside a set. */
static bool is_plain_dash(const translator *t)
{
    return t->after_set || t->i == t->class_at || t->i + 1 >= t->in.n || t->in.p[t->i + 1] == '[' ||
           t->in.p[t->i + 1] == ']';
}

static void translate_class(translator *t)
{
    char c = t->in.p[t->i];
    bool first = t->i == t->class_at;
    if (!first && (ahead(t, "&&") || ahead(t, "~~") || ahead(t, "--")))
        refuse(t, "a set operation in a class");
    if (c == ']' && !first) {
        close_class(t);
        return;
    }
    if (c == '[' && posix_class(t))
        return;
    if (c == '[') {
        open_class(t);
        return;
    }
    bool plain = c == '-' && is_plain_dash(t);
    if (c == ']' || plain || (first && strchr(":=.", c))) /* [: and its kin are PCRE2's */
        st_buf_char(&t->out, '\\');
    st_buf_char(&t->out, c);
    t->i++;
    t->after_set = plain;
}

/* {2}, {2,} or {2,5}: how many bytes; 0: it is a plain brace. */
static size_t counted(const translator *t)
{
    size_t i = t->i + 1, digits = 0;
    for (; i < t->in.n && is_digit(t->in.p[i]); i++)
        digits++;
    if (digits && i < t->in.n && t->in.p[i] == ',')
        for (i++; i < t->in.n && is_digit(t->in.p[i]);)
            i++;
    return digits && i < t->in.n && t->in.p[i] == '}' ? i + 1 - t->i : 0;
}

static void translate_plain(translator *t)
{
    char c = t->in.p[t->i];
    size_t n = c == '{' ? counted(t) : 0;
    bool quantifier = c == '*' || c == '+' || c == '?' || n;
    if (c == '+' && t->quantified)
        refuse(t, "a possessive quantifier");
    if (c == '{' && !n)
        st_buf_char(&t->out, '\\');
    t->quantified = quantifier && !t->quantified;
    n = n ? n : 1;
    st_buf_put(&t->out, t->in.p + t->i, n);
    t->i += n;
}

static void translate(translator *t)
{
    while (t->i < t->in.n && !t->refused) {
        char c = t->in.p[t->i];
        if (c == '\\')
            translate_escape(t);
        else if (t->in_class)
            translate_class(t);
        else if (c == '[')
            open_class(t);
        else if (c == '(')
            translate_group(t);
        else
            translate_plain(t);
    }
}

static pcre2_code *compile(st_str pattern, size_t *offset, st_err *err)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C |
                       PCRE2_MATCH_INVALID_UTF;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options, &code, &at, NULL);
    if (re)
        return re;
    if (code == PCRE2_ERROR_HEAP_FAILED) {
        st_fail(err, ST_E_MEMORY, "out of memory");
        return NULL;
    }
    char text[160] = "";
    pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof text);
    *offset = at;
    st_fail(err, ST_E_RULE, "bad regular expression at its character %zu: %s", at + 1, text);
    return NULL;
}

/* What the pattern says, to PCRE2. NULL: err says what is wrong with it. */
static pcre2_code *code_of_pattern(st_str pattern, size_t *offset, st_err *err)
{
    translator t = { .in = pattern };
    pcre2_code *code = NULL;
    *offset = 0;
    translate(&t);
    if (t.refused) {
        *offset = t.i ? t.i - 1 : 0;
        st_fail(err, ST_E_RULE, "%s isn't part of Kusto's regular expressions", t.refused);
    } else if (t.out.failed) {
        st_fail(err, ST_E_MEMORY, "out of memory");
    } else {
        code = compile(t.out.n ? st_buf_slice(&t.out) : ST_STR(""), offset, err);
    }
    st_buf_free(&t.out);
    return code;
}

/* Of a plain pattern: it is kept, to be compiled later. NULL: no memory. */
static program *program_of(st_str plain, uint32_t groups, pcre2_code *code)
{
    program *p = calloc(1, sizeof *p + plain.n);
    if (!p) {
        pcre2_code_free(code);
        return NULL;
    }
    atomic_init(&p->code, code);
    p->groups = groups;
    p->npattern = plain.n;
    if (plain.n)
        memcpy(p->pattern, plain.p, plain.n);
    pthread_mutex_init(&p->compiling, NULL);
    return p;
}

static program *program_new(st_str pattern, size_t *offset, st_err *err)
{
    uint32_t groups;
    pcre2_code *code = NULL;
    st_str kept = pattern;
    *offset = 0;
    if (!st_regex_is_plain(pattern, &groups)) {
        code = code_of_pattern(pattern, offset, err);
        if (!code)
            return NULL;
        pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
        kept.n = 0;
    }
    program *p = program_of(kept, groups, code);
    if (!p)
        st_fail(err, ST_E_MEMORY, "out of memory");
    return p;
}

/* The program's code; NULL: no memory. */
static pcre2_code *code_of(program *p)
{
    pcre2_code *code = atomic_load_explicit(&p->code, memory_order_acquire);
    if (code)
        return code;
    pthread_mutex_lock(&p->compiling);
    code = atomic_load(&p->code);
    if (!code) {
        size_t offset;
        st_err err = { 0 };
        code = code_of_pattern((st_str){ p->pattern, p->npattern }, &offset, &err);
        atomic_store(&p->code, code);
    }
    pthread_mutex_unlock(&p->compiling);
    return code;
}

static void program_leave(program *p)
{
    if (atomic_fetch_sub(&p->users, 1) > 1)
        return;
    pcre2_code_free(atomic_load(&p->machine));
    pcre2_code_free(atomic_load(&p->code));
    pthread_mutex_destroy(&p->compiling);
    free(p);
}

/* A regex of p's, which it joins; NULL: no memory. */
static st_regex *regex_of(program *p)
{
    st_regex *r = calloc(1, sizeof *r);
    atomic_fetch_add(&p->users, 1);
    if (!r) {
        program_leave(p);
        return NULL;
    }
    r->program = p;
    return r;
}

/* Makes what a search needs; false: no memory. */
static bool prepare(st_regex *r)
{
    const pcre2_code *code = r->data ? NULL : code_of(r->program);
    if (r->data || !code)
        return r->data;
    if (!r->context && !(r->context = pcre2_match_context_create(NULL)))
        return false;
    pcre2_set_match_limit(r->context, ST_MAX_REGEX_STEPS);
    pcre2_set_depth_limit(r->context, ST_MAX_REGEX_DEPTH);
    pcre2_set_heap_limit(r->context, ST_MAX_REGEX_HEAP_KIB);
    r->data = pcre2_match_data_create_from_pattern(code, NULL);
    return r->data;
}

st_regex *st_regex_new(st_str pattern, size_t *offset, st_err *err)
{
    *offset = 0;
    if (pattern.n > ST_MAX_REGEX) {
        st_fail(err, ST_E_RULE, "a regular expression of more than %u bytes", ST_MAX_REGEX);
        return NULL;
    }
    program *p = program_new(pattern, offset, err);
    st_regex *r = p ? regex_of(p) : NULL;
    if (p && !r)
        st_fail(err, ST_E_MEMORY, "out of memory");
    return r;
}

void st_regex_ready(const st_regex *r)
{
    (void)code_of(r->program);
}

st_regex *st_regex_copy(const st_regex *r)
{
    st_regex *copy = regex_of(r->program);
    if (copy)
        copy->number = r->number;
    return copy;
}

size_t st_regex_number(const st_regex *r)
{
    return r->number;
}

void st_regex_set_number(st_regex *r, size_t number)
{
    r->number = number;
}

void st_regex_free(st_regex *r)
{
    if (!r)
        return;
    pcre2_match_data_free(r->data);
    pcre2_match_context_free(r->context);
    program_leave(r->program);
    free(r);
}

/* Machine code costs as much to make as half a KiB to search without it: many patterns are asked
 * about few texts, or are only checked. */
enum { JIT_BYTES = 512, SEARCH_BYTES = 64 };

/* What others search in meanwhile stays as it is, and they don't wait for it unless they must. */
static const pcre2_code *to_machine_code(program *p, bool must)
{
    if (!must && pthread_mutex_trylock(&p->compiling) != 0)
        return p->code;
    if (must)
        pthread_mutex_lock(&p->compiling);
    pcre2_code *made = atomic_load(&p->machine);
    if (!made && (made = pcre2_code_copy(p->code)) != NULL) {
        pcre2_jit_compile(made, PCRE2_JIT_COMPLETE);
        atomic_store(&p->machine, made);
    }
    pthread_mutex_unlock(&p->compiling);
    return made ? made : p->code;
}

/* Which code is searched with: once it is worth it, machine code. */
static const pcre2_code *code_for(program *p, size_t bytes)
{
    const pcre2_code *machine = atomic_load_explicit(&p->machine, memory_order_acquire);
    if (machine)
        return machine;
    if (bytes < JIT_BYTES &&
        atomic_fetch_add(&p->searched, bytes + SEARCH_BYTES) + bytes + SEARCH_BYTES < JIT_BYTES)
        return p->code;
    return to_machine_code(p, false);
}

/* Machine code is called without pcre2_match's way to it; it knows no anchors. */
static int search_with(st_regex *r, const pcre2_code *code, st_str text, size_t at,
                       uint32_t options)
{
    PCRE2_SPTR p = (PCRE2_SPTR)(text.p ? text.p : "");
    int n = options || code == r->program->code
                ? PCRE2_ERROR_JIT_BADOPTION
                : pcre2_jit_match(code, p, text.n, at, 0, r->data, r->context);
    return n != PCRE2_ERROR_JIT_BADOPTION
               ? n
               : pcre2_match(code, p, text.n, at, options, r->data, r->context);
}

static bool met_limit(int n)
{
    return n < 0 && n != PCRE2_ERROR_NOMATCH;
}

/* Which code is searched with first depends on what was searched before, on other threads too; and
 * each has limits that the other hasn't. So it gives up only where both do. */
static int search(st_regex *r, st_str text, size_t at, uint32_t options)
{
    if (!prepare(r)) {
        r->gave_up = true;
        return PCRE2_ERROR_NOMEMORY;
    }
    const pcre2_code *code = code_for(r->program, text.n - at);
    int n = search_with(r, code, text, at, options);
    if (met_limit(n) && code == r->program->code)
        n = search_with(r, to_machine_code(r->program, true), text, at, options);
    else if (met_limit(n))
        n = search_with(r, code, text, at, options | PCRE2_NO_JIT);
    r->gave_up |= met_limit(n);
    return n;
}

bool st_regex_test(st_regex *r, st_str text)
{
    return search(r, text, 0, 0) >= 0;
}

size_t st_regex_find(st_regex *r, st_str text, size_t at, size_t (*spans)[2], size_t max)
{
    if (at > text.n)
        return 0;
    int n = search(r, text, at, 0);
    if (n <= 0)
        return 0;
    PCRE2_SIZE *v = pcre2_get_ovector_pointer(r->data);
    size_t groups = (size_t)r->program->groups + 1;
    for (size_t i = 0; i < groups && i < max; i++) {
        bool set = i < (size_t)n && v[2 * i] != PCRE2_UNSET;
        spans[i][0] = set ? v[2 * i] : SIZE_MAX;
        spans[i][1] = set ? v[2 * i + 1] : SIZE_MAX;
    }
    return groups < max ? groups : max;
}

bool st_regex_starts(st_regex *r, st_str text, size_t *end)
{
    bool found = search(r, text, 0, PCRE2_ANCHORED) >= 0;
    *end = found ? pcre2_get_ovector_pointer(r->data)[1] : 0;
    return found;
}

size_t st_regex_ends(st_regex *r, st_str text)
{
    bool found = search(r, text, 0, PCRE2_ENDANCHORED) >= 0;
    return found ? pcre2_get_ovector_pointer(r->data)[0] : SIZE_MAX;
}

size_t st_regex_groups(const st_regex *r)
{
    return r->program->groups;
}

size_t st_regex_group(const st_regex *r, st_str name)
{
    char text[33]; /* PCRE2's longest name and its end */
    const pcre2_code *code = atomic_load(&r->program->code);
    if (!name.n || name.n >= sizeof text || !code) /* a plain pattern names none */
        return SIZE_MAX;
    memcpy(text, name.p, name.n);
    text[name.n] = 0;
    int n = pcre2_substring_number_from_name(code, (PCRE2_SPTR)text);
    return n > 0 ? (size_t)n : SIZE_MAX;
}

bool st_regex_gave_up(const st_regex *r)
{
    return r->gave_up;
}
