/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex.c - Kusto's regular expressions on PCRE2.
 *
 * A small translator reads the pattern once, refuses what the linear-time family doesn't
 * have (so that nothing matches here that wouldn't there, and no rule can stall a run) and
 * rewrites the few constructs that mean something else to PCRE2. Searches have limits of
 * steps, depth and memory; meeting one is remembered, not taken for "no match".
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/limits.h"
#include "rules/engine/match/match.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What copies of a regex have in common, on whichever threads they are. */
typedef struct program {
    pcre2_code *code;
    atomic_size_t users;
    atomic_size_t searched; /* bytes; JIT_BYTES: enough for machine code */
    pthread_mutex_t compiling;
    _Atomic(pcre2_code *) machine; /* a copy with machine code; NULL: not made */
} program;

struct st_regex {
    program *program;
    size_t number; /* of the pattern, where it is kept */
    pcre2_match_data *data;
    pcre2_match_context *context;
    uint32_t groups;
    bool gave_up;
};

typedef struct translator {
    st_str in;
    size_t i;
    st_buf out;
    bool in_class;
    bool quantified; /* the last token was a quantifier: a + behind it would be possessive */
    size_t class_at;
    const char *refused;
} translator;

static bool ahead(const translator *t, const char *text)
{
    size_t n = strlen(text);
    return t->in.n - t->i >= n && !memcmp(t->in.p + t->i, text, n);
}

static void refuse(translator *t, const char *what)
{
    if (!t->refused)
        t->refused = what;
}

/* \uXXXX, \UXXXXXXXX, \u{X}: as \x{...}. */
static void code_point(translator *t, char kind)
{
    size_t digits = kind == 'u' ? 4 : 8;
    st_buf_str(&t->out, ST_STR("\\x{"));
    if (t->i < t->in.n && t->in.p[t->i] == '{') {
        t->i++;
        while (t->i < t->in.n && t->in.p[t->i] != '}')
            st_buf_char(&t->out, t->in.p[t->i++]);
        t->i += t->i < t->in.n;
    } else {
        for (size_t k = 0; k < digits && t->i < t->in.n; k++)
            st_buf_char(&t->out, t->in.p[t->i++]);
    }
    st_buf_char(&t->out, '}');
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
    if ((c >= '1' && c <= '9') || c == 'k' || c == 'g') {
        refuse(t, "a back-reference");
    } else if (c && strchr("GKCRXZhHNecL", c)) {
        refuse(t, "an escape that Kusto's regular expressions don't have");
    } else if (c == 'v') {
        st_buf_str(&t->out, ST_STR("\\x0B"));
    } else if (c == 'u' || c == 'U') {
        code_point(t, c);
    } else if (!t->in_class && (c == '<' || c == '>')) {
        st_buf_str(&t->out, c == '<' ? ST_STR("\\b(?=\\w)") : ST_STR("\\b(?<=\\w)"));
    } else {
        st_buf_char(&t->out, '\\');
        st_buf_char(&t->out, c);
    }
    t->quantified = false;
}

static void translate_group(translator *t)
{
    static const struct {
        const char *text, *what;
    } banned[] = {
        { "(?=", "look-ahead" },
        { "(?!", "negative look-ahead" },
        { "(?<=", "look-behind" },
        { "(?<!", "negative look-behind" },
        { "(?>", "an atomic group" },
        { "(?|", "a branch reset" },
        { "(?(", "a condition" },
        { "(?R)", "recursion" },
        { "(?&", "recursion" },
        { "(?P>", "recursion" },
        { "(?P=", "a back-reference" },
        { "(?C", "a callout" },
        { "(*", "a verb" },
        { "(?#", "a comment" },
        { "(?'", "a quoted group name" },
        { "(?+", "recursion" },
        { "(?0", "recursion" },
        { "(?1", "recursion" },
    };
    for (size_t k = 0; k < sizeof banned / sizeof *banned; k++)
        if (ahead(t, banned[k].text)) {
            refuse(t, banned[k].what);
            break;
        }
    st_buf_char(&t->out, '(');
    t->i++;
    t->quantified = false;
}

/* [:alpha:] is ASCII in Kusto and Unicode in PCRE2. */
static bool posix_class(translator *t)
{
    static const struct {
        const char *name;
        const char *set;
    } sets[] = {
        { "[:alpha:]", "A-Za-z" },
        { "[:digit:]", "0-9" },
        { "[:alnum:]", "0-9A-Za-z" },
        { "[:upper:]", "A-Z" },
        { "[:lower:]", "a-z" },
        { "[:space:]", "\\t-\\r " },
        { "[:xdigit:]", "0-9A-Fa-f" },
        { "[:word:]", "0-9A-Za-z_" },
        { "[:punct:]", "!-/:-@\\[-`{-~" },
    };
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++)
        if (ahead(t, sets[k].name)) {
            st_buf_str(&t->out, st_str_of(sets[k].set));
            t->i += strlen(sets[k].name);
            return true;
        }
    return false;
}

static void translate_class(translator *t)
{
    char c = t->in.p[t->i];
    if (c == '[' && posix_class(t))
        return;
    if (t->i > t->class_at && (ahead(t, "&&") || ahead(t, "~~")))
        refuse(t, "a set operation in a class");
    if (c == '[')
        st_buf_char(&t->out, '\\');
    if (c == ']' && t->i > t->class_at)
        t->in_class = false;
    st_buf_char(&t->out, c);
    t->i++;
    t->quantified = false;
}

static void open_class(translator *t)
{
    t->in_class = true;
    st_buf_char(&t->out, t->in.p[t->i++]);
    if (t->i < t->in.n && t->in.p[t->i] == '^')
        st_buf_char(&t->out, t->in.p[t->i++]);
    t->class_at = t->i;
}

static void translate_plain(translator *t)
{
    char c = t->in.p[t->i++];
    bool quantifier = c == '*' || c == '+' || c == '?' || c == '}';
    if (c == '+' && t->quantified)
        refuse(t, "a possessive quantifier");
    t->quantified = quantifier && !t->quantified;
    st_buf_char(&t->out, c);
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
    char text[160] = "";
    pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof text);
    *offset = at;
    st_fail(err, ST_E_RULE, "bad regular expression at its character %zu: %s", at + 1, text);
    return NULL;
}

static program *program_new(st_str pattern, size_t *offset, st_err *err)
{
    program *p = calloc(1, sizeof *p);
    if (!p)
        st_fail(err, ST_E_MEMORY, "out of memory");
    else if (!(p->code = compile(pattern.p ? pattern : (st_str){ "", 0 }, offset, err))) {
        free(p);
        p = NULL;
    }
    if (p)
        pthread_mutex_init(&p->compiling, NULL);
    return p;
}

static void program_leave(program *p)
{
    if (atomic_fetch_sub(&p->users, 1) > 1)
        return;
    pcre2_code_free(atomic_load(&p->machine));
    pcre2_code_free(p->code);
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
    r->data = pcre2_match_data_create_from_pattern(p->code, NULL);
    r->context = pcre2_match_context_create(NULL);
    pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &r->groups);
    if (!r->data || !r->context) {
        st_regex_free(r);
        return NULL;
    }
    pcre2_set_match_limit(r->context, ST_MAX_REGEX_STEPS);
    pcre2_set_depth_limit(r->context, ST_MAX_REGEX_DEPTH);
    pcre2_set_heap_limit(r->context, ST_MAX_REGEX_HEAP_KIB);
    return r;
}

st_regex *st_regex_new(st_str pattern, size_t *offset, st_err *err)
{
    translator t = { .in = pattern };
    *offset = 0;
    if (pattern.n > ST_MAX_REGEX) {
        st_fail(err, ST_E_RULE, "a regular expression of more than %u bytes", ST_MAX_REGEX);
        return NULL;
    }
    translate(&t);
    program *p = NULL;
    st_regex *r = NULL;
    if (t.refused) {
        *offset = t.i ? t.i - 1 : 0;
        st_fail(err, ST_E_RULE, "%s isn't part of Kusto's regular expressions", t.refused);
    } else if (t.out.failed) {
        st_fail(err, ST_E_MEMORY, "out of memory");
    } else if ((p = program_new(st_buf_slice(&t.out), offset, err)) != NULL && !(r = regex_of(p))) {
        st_fail(err, ST_E_MEMORY, "out of memory");
    }
    st_buf_free(&t.out);
    return r;
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

/* What others search in meanwhile stays as it is. */
static const pcre2_code *to_machine_code(program *p)
{
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
    return to_machine_code(p);
}

static int search(st_regex *r, st_str text, size_t at, uint32_t options)
{
    const pcre2_code *code = code_for(r->program, text.n - at);
    int n = pcre2_match(code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, at, options, r->data,
                        r->context);
    if (n < 0 && n != PCRE2_ERROR_NOMATCH)
        r->gave_up = true;
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
    size_t groups = (size_t)r->groups + 1;
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
    return r->groups;
}

size_t st_regex_group(const st_regex *r, st_str name)
{
    char text[33]; /* PCRE2's longest name and its end */
    if (!name.n || name.n >= sizeof text)
        return SIZE_MAX;
    memcpy(text, name.p, name.n);
    text[name.n] = 0;
    int n = pcre2_substring_number_from_name(r->program->code, (PCRE2_SPTR)text);
    return n > 0 ? (size_t)n : SIZE_MAX;
}

bool st_regex_gave_up(const st_regex *r)
{
    return r->gave_up;
}
