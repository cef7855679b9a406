/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lex.c - cuts a KQL text into tokens.
 *
 * A literal's value is read here, so that every mistake inside a string or a number is told
 * once and in its place; the token stays a literal, and the parser goes on. Typed literals
 * (datetime(...), guid(...)) are one token. Names with a dash (project-away) and wildcard
 * names are put together by the parser, which knows where they may stand.
 */
#include "rules/kql/syntax/lex.h"
#include "base/limits.h"
#include "rules/engine/value/times.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct lexer {
    st_arena *arena;
    st_str text; /* the query; its n is where this lexer ends */
    size_t at;
    st_diag_sink *diags;
    st_kql_tokens *out;
    st_buf buf;
    bool unclosed; /* a typed literal without its closing bracket was told */
    bool failed;
} lexer;

static st_span span_of(size_t start, size_t end)
{
    return (st_span){ (uint32_t)start, (uint32_t)end };
}

static unsigned char peek(const lexer *l, size_t ahead)
{
    return l->at + ahead < l->text.n ? (unsigned char)l->text.p[l->at + ahead] : 0;
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_start(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_name(unsigned char c)
{
    return is_name_start(c) || is_digit(c);
}

static st_str slice(const lexer *l, size_t start, size_t end)
{
    return (st_str){ l->text.p + start, end - start };
}

static st_kql_token *push(lexer *l, st_kql_token_kind kind, size_t start)
{
    st_kql_tokens *t = l->out;
    if (t->n == t->cap && !st_grow(&t->items, &t->cap, t->n + 1, sizeof *t->items)) {
        l->failed = true;
        return NULL;
    }
    st_kql_token *token = &t->items[t->n++];
    *token = (st_kql_token){ .kind = kind, .span = span_of(start, l->at) };
    return token;
}

static void push_value(lexer *l, size_t start, const st_kql_value *value)
{
    st_kql_value *copy = ST_NEW(l->arena, st_kql_value);
    st_kql_token *token = copy ? push(l, ST_TOK_LITERAL, start) : NULL;
    if (!token) {
        l->failed = true;
        return;
    }
    *copy = *value;
    token->value = copy;
}

/* strings */

typedef struct simple_escape {
    char letter, byte;
} simple_escape;

static const simple_escape simple_escapes[] = { { '\\', '\\' }, { '\'', '\'' }, { '"', '"' },
                                                { 'n', '\n' },  { 'r', '\r' },  { 't', '\t' },
                                                { 'a', '\a' },  { 'b', '\b' },  { 'f', '\f' },
                                                { 'v', '\v' } };

typedef struct hex_escape {
    char letter;
    unsigned digits;
} hex_escape;

static const hex_escape hex_escapes[] = { { 'x', 2 }, { 'u', 4 }, { 'U', 8 } };

static int digit_of(unsigned char c, unsigned base)
{
    int v = is_digit(c)              ? c - '0'
            : (c >= 'a' && c <= 'f') ? c - 'a' + 10
            : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                     : 99;
    return v < (int)base ? v : -1;
}

/* At most max digits; how many there were. */
static unsigned read_digits(lexer *l, size_t from, unsigned base, unsigned max, uint32_t *value)
{
    unsigned n = 0;
    *value = 0;
    while (n < max && digit_of(peek(l, from + n), base) >= 0) {
        *value = *value * base + (uint32_t)digit_of(peek(l, from + n), base);
        n++;
    }
    return n;
}

static bool put_code_point(lexer *l, uint32_t cp)
{
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
        return false;
    st_buf_utf8(&l->buf, cp);
    return true;
}

/* \uD83D\uDE00: the two halves of one character. True if both were taken (12 bytes). */
static bool put_surrogates(lexer *l, uint32_t high)
{
    uint32_t low;
    if (high < 0xD800 || high > 0xDBFF || peek(l, 6) != '\\' || peek(l, 7) != 'u' ||
        read_digits(l, 8, 16, 4, &low) != 4 || low < 0xDC00 || low > 0xDFFF)
        return false;
    return put_code_point(l, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
}

/* At a backslash: how many bytes were an escape, 0 if they are none. */
static size_t read_escape(lexer *l)
{
    unsigned char c = peek(l, 1);
    uint32_t v;
    for (size_t i = 0; i < sizeof simple_escapes / sizeof *simple_escapes; i++)
        if ((unsigned char)simple_escapes[i].letter == c) {
            st_buf_char(&l->buf, simple_escapes[i].byte);
            return 2;
        }
    for (size_t i = 0; i < sizeof hex_escapes / sizeof *hex_escapes; i++)
        if ((unsigned char)hex_escapes[i].letter == c) {
            unsigned digits = hex_escapes[i].digits;
            if (read_digits(l, 2, 16, digits, &v) != digits)
                return 0;
            if (digits == 4 && put_surrogates(l, v))
                return 12;
            return put_code_point(l, v) ? 2 + digits : 0;
        }
    unsigned octal = read_digits(l, 1, 8, 3, &v);
    if (!octal || v > 0xFF)
        return 0;
    return put_code_point(l, v) ? 1 + octal : 0;
}

static void bad_escape(lexer *l, size_t start, bool hidden)
{
    size_t end = l->at;
    char quote = l->text.p[start];
    while (end < l->text.n && l->text.p[end] != quote && l->text.p[end] != '\n')
        end++;
    st_str whole = slice(l, start + 1, end);
    unsigned char c = peek(l, 1);
    st_span where = span_of(l->at, l->at + (c >= 0x20 && c < 0x7F ? 2 : 1));
    if (c < 0x20 || c > 0x7E)
        st_diag_at(l->diags, ST_SEV_ERROR, where, "KS002", "a lone `\\` in a string; write `\\\\`");
    else if (hidden || whole.n > 60)
        st_diag_at(l->diags, ST_SEV_ERROR, where, "KS002",
                   "unknown escape `\\%c` in a string; write `\\\\`, or put @ before the string",
                   c);
    else
        st_diag_at(l->diags, ST_SEV_ERROR, where, "KS002",
                   "unknown escape `\\%c` in a string; write `\\\\` or `@%c%.*s%c`", c, quote,
                   ST_FMT(whole), quote);
}

static void not_closed(lexer *l, size_t start, const char *what)
{
    st_str line = slice(l, start, l->at), quotes = ST_STR("\xE2\x80");
    bool typographic = memmem(line.p, line.n, quotes.p, quotes.n) != NULL;
    st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, l->at), "KS002", "%s isn't closed%s%s", what,
               l->at < l->text.n ? " in its line" : "",
               typographic ? "; a typographic quote doesn't close it" : "");
}

/* What stands for itself in a string goes into it at once: up to a quote, an escape, the line's
 * end. */
static void plain(lexer *l, char quote, bool verbatim)
{
    const char *p = l->text.p, escape = (char)(verbatim ? quote : '\\');
    size_t start = l->at, i = start, n = l->text.n;
    while (i < n && p[i] != quote && p[i] != escape &&
           (p[i] > '\r' || (p[i] != '\n' && p[i] != '\r')))
        i++;
    l->at = i;
    st_buf_str(&l->buf, slice(l, start, i));
}

/* At the opening quote. */
static void quoted(lexer *l, bool verbatim, bool hidden)
{
    size_t start = l->at;
    char quote = l->text.p[l->at++];
    bool escapes_told = false;
    for (;;) {
        plain(l, quote, verbatim);
        unsigned char c = peek(l, 0);
        if (l->at >= l->text.n || c == '\n' || c == '\r') {
            not_closed(l, start, "this string");
            return;
        }
        if (c == (unsigned char)quote && verbatim && peek(l, 1) == c) {
            st_buf_char(&l->buf, quote);
            l->at += 2;
            continue;
        }
        if (c == (unsigned char)quote) {
            l->at++;
            return;
        }
        size_t escaped = 0;
        if (c == '\\' && !verbatim) {
            escaped = read_escape(l);
            if (!escaped && !escapes_told) {
                escapes_told = true;
                bad_escape(l, start, hidden);
            }
        }
        if (!escaped)
            st_buf_char(&l->buf, (char)c);
        l->at += escaped ? escaped : 1;
    }
}

/* At ``` or ~~~. */
static void multi_line(lexer *l)
{
    size_t start = l->at;
    st_str chord = slice(l, start, start + 3);
    l->at += 3;
    size_t from = l->at;
    while (l->at + 3 <= l->text.n && memcmp(l->text.p + l->at, chord.p, 3) != 0)
        l->at++;
    if (l->at + 3 > l->text.n) {
        l->at = l->text.n;
        st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, start + 3), "KS002",
                   "this text isn't closed by %.*s", ST_FMT(chord));
        return;
    }
    st_buf_str(&l->buf, slice(l, from, l->at));
    l->at += 3;
}

static bool is_quote(unsigned char c)
{
    return c == '"' || c == '\'';
}

static bool is_chord(const lexer *l, size_t ahead)
{
    unsigned char c = peek(l, ahead);
    return (c == '`' || c == '~') && peek(l, ahead + 1) == c && peek(l, ahead + 2) == c;
}

/* A string goes into results and is compared with evidence, which is UTF-8. */
static void check_utf8(lexer *l, size_t start)
{
    st_str read = slice(l, 0, l->at);
    for (size_t i = start; (i = st_ascii_end(read, i)) < read.n;) {
        size_t at = i;
        if (st_utf8_next(l->text, &i) != UINT32_MAX)
            continue;
        st_diag_at(l->diags, ST_SEV_ERROR, span_of(at, i), "KS002",
                   "the byte 0x%02X in this string isn't UTF-8; save the file as UTF-8",
                   (unsigned char)l->text.p[at]);
        return;
    }
}

/* "..", @"..", h"..", ```..```: true if there was one. */
static bool string(lexer *l)
{
    size_t start = l->at;
    size_t i = 0;
    bool hidden = false, verbatim = false;
    if ((peek(l, 0) == 'h' || peek(l, 0) == 'H')) {
        hidden = true;
        i++;
    }
    if (peek(l, i) == '@') {
        verbatim = true;
        i++;
    }
    bool wrong =
        !hidden && verbatim && (peek(l, i) == 'h' || peek(l, i) == 'H') && is_quote(peek(l, i + 1));
    if (wrong) {
        st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, start + 2), "KS002",
                   "`@h` doesn't begin a string; write `h@`");
        hidden = true;
        i++;
    }
    if (!is_quote(peek(l, i)) && (verbatim || !is_chord(l, i)))
        return false;
    st_buf_clear(&l->buf);
    l->at += i;
    if (is_quote(peek(l, 0)))
        quoted(l, verbatim, hidden);
    else
        multi_line(l);
    check_utf8(l, start);
    st_kql_value v = { .type = ST_TYPE_STRING, .hidden = hidden };
    v.str = st_arena_copy(l->arena, st_buf_slice(&l->buf));
    push_value(l, start, &v);
    return true;
}

/* The bytes of a typographic quotation mark at `ahead`, or 0. */
static size_t curly(const lexer *l, size_t ahead)
{
    unsigned char c = peek(l, ahead + 2);
    return peek(l, ahead) == 0xE2 && peek(l, ahead + 1) == 0x80 && c >= 0x98 && c <= 0x9F ? 3 : 0;
}

/* Taken as the string that was meant, so that nothing behind it is misread. */
static void curly_string(lexer *l)
{
    size_t start = l->at;
    bool single = peek(l, 2) < 0x9C;
    size_t i = 3;
    while (l->at + i < l->text.n && peek(l, i) != '\n' && !curly(l, i) &&
           !(is_quote(peek(l, i)) && (peek(l, i) == '\'') == single))
        i++;
    size_t closing = curly(l, i) ? 3 : is_quote(peek(l, i)) ? 1 : 0;
    st_str body = slice(l, start + 3, start + i);
    st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, start + 3), "KS002",
               "typographic quotes (from a web page or a document); write %s",
               single ? "'...'" : "\"...\"");
    l->at += i + closing;
    st_kql_value v = { .type = ST_TYPE_STRING, .str = st_arena_copy(l->arena, body) };
    push_value(l, start, &v);
}

/* numbers */

static void number_value(lexer *l, size_t start, st_str digits, bool real)
{
    st_kql_value v = { .type = real ? ST_TYPE_REAL : ST_TYPE_LONG };
    uint64_t u = 0;
    if (real) {
        if (!st_double_text(digits, &v.real))
            st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, l->at), "KS002", "not a number");
        push_value(l, start, &v);
        return;
    }
    bool fits = st_str_u64_any(digits, &u);
    bool minimum = fits && u == UINT64_C(1) << 63;
    if (!fits || (u > INT64_MAX && !minimum))
        st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, l->at), "KS002",
                   "%.*s doesn't fit a long (64 bits)", (int)(digits.n < 40 ? digits.n : 40),
                   digits.p);
    v.i = minimum ? INT64_MIN : u <= INT64_MAX ? (int64_t)u : 0;
    push_value(l, start, &v);
    if (!l->failed)
        l->out->items[l->out->n - 1].minimum = minimum;
}

static size_t skip_digits(const lexer *l, size_t i)
{
    while (is_digit(peek(l, i)))
        i++;
    return i;
}

/* e3, e-1 behind the digits: where it ends, or i. */
static size_t skip_exponent(const lexer *l, size_t i)
{
    if (peek(l, i) != 'e' && peek(l, i) != 'E')
        return i;
    size_t j = i + 1;
    if (peek(l, j) == '+' || peek(l, j) == '-')
        j++;
    size_t end = skip_digits(l, j);
    return end == j || is_name(peek(l, end)) ? i : end;
}

static void number(lexer *l)
{
    size_t start = l->at, i = 0;
    if (peek(l, 0) == '0' && (peek(l, 1) == 'x' || peek(l, 1) == 'X') &&
        digit_of(peek(l, 2), 16) >= 0) {
        for (i = 2; digit_of(peek(l, i), 16) >= 0; i++)
            ;
        if (!is_name(peek(l, i))) {
            l->at += i;
            number_value(l, start, slice(l, start, l->at), false);
            return;
        }
    }
    i = skip_digits(l, 0);
    bool real = false;
    if (peek(l, i) == '.' && peek(l, i + 1) != '.' && !is_name_start(peek(l, i + 1))) {
        real = true;
        i = skip_digits(l, i + 1);
    }
    size_t exponent = skip_exponent(l, i);
    real = real || exponent > i;
    i = exponent;
    size_t word = i;
    while (is_name(peek(l, i)))
        i++;
    l->at += i;
    if (i == word) {
        number_value(l, start, slice(l, start, l->at), real);
        return;
    }
    st_kql_value v = { .type = ST_TYPE_TIMESPAN };
    int64_t unit;
    if (st_timespan_unit(slice(l, start + word, l->at), &unit)) {
        if (!st_timespan_of(slice(l, start, start + word), slice(l, start + word, l->at), &v.i))
            st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, l->at), "KS002",
                       "this time span is too long");
        push_value(l, start, &v);
        return;
    }
    if (!real) {
        push(l, ST_TOK_NAME, start);
        return;
    }
    st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, l->at), "KS002",
               "%.*s isn't a number; no such unit: %.*s",
               (int)(l->at - start > 40 ? 40 : l->at - start), l->text.p + start,
               (int)(l->at - start - word > 20 ? 20 : l->at - start - word),
               l->text.p + start + word);
    push(l, ST_TOK_BAD, start);
}

/* typed literals */

/* Behind an opening bracket at l->at: where its closing one is, SIZE_MAX if nowhere. */
static size_t closing(const lexer *l)
{
    size_t depth = 1;
    bool verbatim = false;
    for (size_t i = l->at; i < l->text.n; i++) {
        char c = l->text.p[i];
        if (c == '(') {
            depth++;
        } else if (c == ')' && --depth == 0) {
            return i;
        } else if (is_quote((unsigned char)c)) {
            size_t j = i + 1;
            while (j < l->text.n && l->text.p[j] != c && l->text.p[j] != '\n')
                j += !verbatim && l->text.p[j] == '\\' && j + 1 < l->text.n ? 2 : 1;
            i = j;
        } else if (c == '/' && i + 1 < l->text.n && l->text.p[i + 1] == '/') {
            while (i < l->text.n && l->text.p[i] != '\n')
                i++;
        }
        verbatim = c == '@';
    }
    return SIZE_MAX;
}

static st_str unquoted(st_str s)
{
    if (s.n >= 2 && is_quote((unsigned char)s.p[0]) && s.p[s.n - 1] == s.p[0])
        return st_str_trim((st_str){ s.p + 1, s.n - 2 });
    return s;
}

static bool long_text(st_str s, int64_t *out)
{
    bool minus = s.n && s.p[0] == '-';
    uint64_t u;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = st_str_trim((st_str){ s.p + 1, s.n - 1 });
    if (!st_str_u64_any(s, &u) || u > (uint64_t)INT64_MAX + (minus ? 1u : 0u))
        return false;
    *out = !minus ? (int64_t)u : u > INT64_MAX ? INT64_MIN : -(int64_t)u;
    return true;
}

static bool real_text(st_str s, double *out)
{
    static const struct {
        const char *name;
        double value;
    } words[] = { { "nan", (double)NAN },
                  { "inf", (double)INFINITY },
                  { "+inf", (double)INFINITY },
                  { "-inf", -(double)INFINITY } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (st_str_ieq(s, st_str_of(words[i].name))) {
            *out = words[i].value;
            return true;
        }
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit((unsigned char)s.p[i]) && !strchr("+-.eE", s.p[i]))
            return false;
    return st_double_text(s, out);
}

static bool bool_text(st_str s, int64_t *out)
{
    if (st_str_ieq(s, ST_STR("true")) || st_str_eq(s, ST_STR("1")))
        *out = 1;
    else if (st_str_ieq(s, ST_STR("false")) || st_str_eq(s, ST_STR("0")))
        *out = 0;
    else
        return long_text(s, out) && ((*out = *out != 0), true);
    return true;
}

/* What stands in T( ... ), into v; false if it is no literal of that type. */
static bool typed_value(st_str inside, st_kql_value *v)
{
    st_str s = st_str_trim(inside);
    if (st_str_eq(s, ST_STR("null"))) {
        v->null = true;
        return true;
    }
    switch (v->type) {
    case ST_TYPE_DATETIME:
        s = unquoted(s);
        v->now = s.n == 0;
        v->today = !v->now && st_clock_text(s, &v->i);
        return v->now || v->today || st_datetime_text(s, &v->i);
    case ST_TYPE_TIMESPAN: return st_timespan_text(unquoted(s), &v->i);
    case ST_TYPE_GUID: return st_guid_parse(unquoted(s), &v->guid);
    case ST_TYPE_BOOL: return bool_text(s, &v->i);
    case ST_TYPE_INT: return long_text(s, &v->i) && v->i >= INT32_MIN && v->i <= INT32_MAX;
    case ST_TYPE_LONG: return long_text(s, &v->i);
    case ST_TYPE_REAL:
    case ST_TYPE_DECIMAL: return real_text(s, &v->real);
    default: return false;
    }
}

static bool typed_name(st_str name, st_type *type)
{
    static const struct {
        const char *name;
        st_type type;
    } names[] = {
        { "datetime", ST_TYPE_DATETIME }, { "date", ST_TYPE_DATETIME },
        { "time", ST_TYPE_TIMESPAN },     { "timespan", ST_TYPE_TIMESPAN },
        { "guid", ST_TYPE_GUID },         { "uuid", ST_TYPE_GUID },
        { "bool", ST_TYPE_BOOL },         { "boolean", ST_TYPE_BOOL },
        { "int", ST_TYPE_INT },           { "long", ST_TYPE_LONG },
        { "real", ST_TYPE_REAL },         { "double", ST_TYPE_REAL },
        { "decimal", ST_TYPE_DECIMAL },   { "dynamic", ST_TYPE_DYNAMIC },
    };
    if (name.n < 3 || name.n > 8 || !strchr("dtgubilr", name.p[0]))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (st_str_is(name, names[i].name)) {
            *type = names[i].type;
            return true;
        }
    return false;
}

/* Behind the name of a type, at "(": the whole literal. */
static void typed(lexer *l, size_t start, st_type type)
{
    size_t open = l->at++;
    size_t end = closing(l);
    if (end == SIZE_MAX) {
        l->unclosed = true;
        st_diag_at(l->diags, ST_SEV_ERROR, span_of(open, open + 1), "KS006",
                   "this `(` isn't closed");
        l->at = open;
        push(l, ST_TOK_NAME, start);
        return;
    }
    st_str inside = slice(l, open + 1, end);
    l->at = end + 1;
    if (type == ST_TYPE_DYNAMIC) {
        st_kql_token *t = push(l, ST_TOK_DYNAMIC, start);
        if (t)
            t->inner = span_of(open + 1, end);
        return;
    }
    st_kql_value v = { .type = type };
    st_str shown = st_str_trim(inside);
    if (!typed_value(inside, &v)) {
        bool name = shown.n && is_name_start((unsigned char)shown.p[0]) && type != ST_TYPE_DATETIME;
        const char *type_name = st_type_name(type);
        st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, l->at), "KS002",
                   name ? "%.*s isn't a literal %s; to convert a value use to%s()"
                        : "%.*s isn't a literal %s",
                   (int)(shown.n < 60 ? shown.n : 60), shown.p, type_name, type_name);
    }
    push_value(l, start, &v);
}

/* white space and comments */

/* The bytes of a character of Unicode's White_Space, or of one without width that web pages put
 * between words (U+200B, U+2060, U+FEFF); 0: it is none. */
static size_t blank_at(const lexer *l)
{
    unsigned char c = peek(l, 0), d = peek(l, 1), e = peek(l, 2);
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return 1;
    if (c == 0xC2)
        return d == 0x85 || d == 0xA0 ? 2 : 0;
    if (c == 0xE2 && d == 0x80)
        return (e >= 0x80 && e <= 0x8B) || e == 0xA8 || e == 0xA9 || e == 0xAF ? 3 : 0;
    if (c == 0xE2 && d == 0x81)
        return e == 0x9F || e == 0xA0 ? 3 : 0;
    return (c == 0xE1 && d == 0x9A && e == 0x80) || (c == 0xE3 && d == 0x80 && e == 0x80) ||
                   (c == 0xEF && d == 0xBB && e == 0xBF)
               ? 3
               : 0;
}

static void skip_blank(lexer *l)
{
    while (l->at < l->text.n) {
        unsigned char c = (unsigned char)l->text.p[l->at];
        size_t n = c == ' ' || c == '\n' ? 1 : c > '/' && c < 0x80 ? 0 : blank_at(l);
        l->at += n;
        if (n)
            continue;
        if (peek(l, 0) != '/' || peek(l, 1) != '/')
            return;
        const char *end = memchr(l->text.p + l->at, '\n', l->text.n - l->at);
        l->at = end ? (size_t)(end - l->text.p) : l->text.n;
    }
}

/* names, punctuation */

/* Does `.` stand before it, glued? `..` is the one of a range. */
static bool is_member(const lexer *l, size_t start)
{
    const st_kql_token *t = l->out->n ? &l->out->items[l->out->n - 1] : NULL;
    return t && t->kind == ST_TOK_PUNCT && t->span.end == start &&
           t->span.end - t->span.start == 1 && l->text.p[t->span.start] == '.';
}

static void skip_name(lexer *l)
{
    size_t i = l->at;
    while (i < l->text.n && is_name((unsigned char)l->text.p[i]))
        i++;
    l->at = i;
}

static void name(lexer *l)
{
    size_t start = l->at;
    skip_name(l);
    st_str word = slice(l, start, l->at);
    if (st_str_eq(word, ST_STR("in")) && peek(l, 0) == '~' && !is_chord(l, 0))
        l->at++;
    size_t end = l->at;
    st_type type;
    if (!is_member(l, start) && !l->unclosed && typed_name(word, &type)) {
        skip_blank(l);
        if (peek(l, 0) == '(') {
            typed(l, start, type);
            return;
        }
        l->at = end;
    }
    static const char *const truths[] = { "true", "True", "TRUE", "false", "False", "FALSE" };
    bool may_be = (word.n == 4 || word.n == 5) && strchr("tTfF", word.p[0]);
    for (size_t i = 0; may_be && i < sizeof truths / sizeof *truths; i++)
        if (st_str_is(word, truths[i])) {
            st_kql_value v = { .type = ST_TYPE_BOOL, .i = i < 3 };
            push_value(l, start, &v);
            return;
        }
    push(l, ST_TOK_NAME, start);
}

static void bang(lexer *l)
{
    size_t start = l->at++;
    skip_name(l);
    if (peek(l, 0) == '~')
        l->at++;
    push(l, ST_TOK_BANG, start);
}

static void punct(lexer *l)
{
    static const char *const pairs[] = { "==", "!=", "<>", "<=", ">=", "=~",
                                         "!~", "..", "&&", "||", "=>" };
    size_t start = l->at;
    bool may_be = peek(l, 1) && strchr("=>~.&|", peek(l, 1));
    for (size_t i = 0; may_be && i < sizeof pairs / sizeof *pairs; i++)
        if (peek(l, 0) == (unsigned char)pairs[i][0] && peek(l, 1) == (unsigned char)pairs[i][1]) {
            l->at += 2;
            push(l, ST_TOK_PUNCT, start);
            return;
        }
    l->at++;
    push(l, ST_TOK_PUNCT, start);
}

/* A run of characters that no token begins with. */
static void stray(lexer *l)
{
    size_t start = l->at, i = l->at;
    uint32_t cp = st_utf8_next(l->text, &i);
    if (cp == UINT32_MAX)
        st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, i), "KS002",
                   "the byte 0x%02X isn't UTF-8", (unsigned char)l->text.p[start]);
    else if (cp < 0x20 || cp == 0x7F)
        st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, i), "KS002",
                   "a control character (0x%02X) isn't KQL", (unsigned)cp);
    else
        st_diag_at(l->diags, ST_SEV_ERROR, span_of(start, i), "KS002",
                   cp == '`' ? "the character %.*s isn't KQL; Markdown's marks must not stand here"
                             : "the character %.*s isn't KQL outside a string",
                   (int)(i - start), l->text.p + start);
    l->at = i;
    while (l->at < l->text.n && peek(l, 0) >= 0x80 && !curly(l, 0) && !blank_at(l))
        l->at++;
    push(l, ST_TOK_BAD, start);
}

static void one_token(lexer *l)
{
    unsigned char c = peek(l, 0);
    if (is_name_start(c) && c != 'h' && c != 'H') /* which a string may begin with */
        name(l);
    else if (c == ',' || c == '(' || c == ')' || c == '|')
        punct(l);
    else if (curly(l, 0))
        curly_string(l);
    else if (string(l))
        return;
    else if (is_digit(c))
        number(l);
    else if (is_name_start(c))
        name(l);
    else if (c == '!' && is_name_start(peek(l, 1)))
        bang(l);
    else if (c && c < 0x80 && strchr("|,;()[]{}.:=<>+-*/%!~@&?#^\\", c))
        punct(l);
    else
        stray(l);
}

enum { BYTES_OF_TOKEN = 8 }; /* with what stands behind it: there are mostly fewer tokens */

bool st_kql_lex(st_arena *a, st_str text, st_span part, st_diag_sink *d, st_kql_tokens *out)
{
    lexer l = {
        .arena = a, .text = { text.p, part.end }, .at = part.start, .diags = d, .out = out
    };
    size_t likely = out->n + (part.end - part.start) / BYTES_OF_TOKEN;
    l.failed = !st_grow(&out->items, &out->cap, likely + 1, sizeof *out->items);
    for (skip_blank(&l); l.at < l.text.n && !l.failed; skip_blank(&l))
        one_token(&l);
    push(&l, ST_TOK_END, l.at);
    a->failed |= l.failed || l.buf.failed; /* no mistake of the rule's */
    st_buf_free(&l.buf);
    return !a->failed;
}
