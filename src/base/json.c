/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - JSON's reader: a state a step, a bit a bracket, one window of the text. What a string
 * says is handed out as it stands in the window where it can be; else it is put together.
 */
#include "shelltree/json.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW 65536u

enum state {
    AT_START,       /* outside all brackets: a value or the end */
    AT_VALUE,       /* a value must come */
    AT_FIRST_VALUE, /* or the end of the array */
    AT_KEY,
    AT_FIRST_KEY, /* or the end of the object */
    AT_COLON,
    AT_AFTER, /* a comma, or the end of what is open */
    AT_BAD
};

static void start(st_json *j, st_json_shape shape)
{
    *j = (st_json){ .shape = shape, .max_text = ST_MAX_JSON_STRING };
}

void st_json_open(st_json *j, st_json_shape shape, st_json_read *read, void *ctx)
{
    start(j, shape);
    j->read = read;
    j->ctx = ctx;
    j->own = malloc(WINDOW);
    j->p = j->own;
    j->failed = !j->own;
}

void st_json_open_text(st_json *j, st_json_shape shape, st_str text)
{
    start(j, shape);
    j->p = text.p;
    j->n = text.n;
    j->over = true;
}

void st_json_close(st_json *j)
{
    free(j->own);
    st_buf_free(&j->made);
    j->own = NULL;
    j->p = NULL;
    j->at = j->n = 0;
}

/* the window */

static bool refill(st_json *j)
{
    if (j->over || j->failed)
        return false;
    j->base += j->n;
    j->at = 0;
    j->n = j->read(j->ctx, j->own, WINDOW);
    j->over = j->n == 0;
    return j->n > 0;
}

/* The byte that is next; -1: there is none. */
static int peek(st_json *j)
{
    if (j->at == j->n && !refill(j))
        return -1;
    return (unsigned char)j->p[j->at];
}

static uint64_t here(const st_json *j)
{
    return j->base + j->at;
}

static st_j bad(st_json *j, const char *why)
{
    j->state = AT_BAD;
    j->offset = here(j);
    j->why = j->failed ? "no memory" : why;
    return ST_J_BAD;
}

/* White space; false: a line ends where it must not. */
static bool skip_space(st_json *j)
{
    bool line_counts = j->shape == ST_JSON_LINES && j->state != AT_START;
    for (int c; (c = peek(j)) == ' ' || c == '\t' || c == '\r' || c == '\n'; j->at++)
        if (c == '\n' && line_counts)
            return false;
    return true;
}

/* Editors of Windows put one there. Nothing else may begin as it does. */
static void skip_mark(st_json *j)
{
    static const unsigned char mark[] = { 0xef, 0xbb, 0xbf };
    while (here(j) < sizeof mark && peek(j) == mark[here(j)])
        j->at++;
}

/* strings */

/* As much of s as may be kept, up to a whole character. */
static void keep(st_json *j, st_str s)
{
    if (j->skipping || j->cut)
        return;
    size_t room = j->max_text > j->made.n ? j->max_text - j->made.n : 0;
    if (s.n > room) {
        j->cut = true;
        s.n = room;
    }
    st_buf_put(&j->made, s.p, s.n);
}

static void drop_half_character(st_str *s)
{
    size_t n = s->n, back = 0;
    while (back < 3 && n > back && ((unsigned char)s->p[n - 1 - back] & 0xc0) == 0x80)
        back++;
    if (n > back && (unsigned char)s->p[n - 1 - back] >= 0xc0) {
        unsigned char lead = (unsigned char)s->p[n - 1 - back];
        size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (back < need)
            s->n = n - 1 - back;
    }
}

/* Every invalid byte becomes U+FFFD. */
static st_str made_valid(st_json *j, st_str s)
{
    st_buf t = { 0 };
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        if (st_utf8_next(s, &i) == UINT32_MAX)
            st_buf_str(&t, ST_STR("\xef\xbf\xbd"));
        else
            st_buf_put(&t, s.p + from, i - from);
    }
    j->lossy = true;
    st_buf_free(&j->made);
    j->made = t;
    return st_buf_slice(&j->made);
}

static bool hex4(st_json *j, uint32_t *out)
{
    *out = 0;
    for (unsigned k = 0; k < 4; k++, j->at++) {
        int c = peek(j);
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            return false;
        *out = *out * 16 + (uint32_t)d;
    }
    return true;
}

static void keep_code_point(st_json *j, uint32_t cp)
{
    char utf8[4];
    if (cp >= 0xd800 && cp < 0xe000) {
        cp = 0xfffd;
        j->lossy = true;
    }
    keep(j, (st_str){ utf8, st_utf8_put(utf8, cp) });
}

/* Behind \u. A high surrogate waits for its other half; where that doesn't come, what came in its
 * place stands for itself. */
static bool unicode_escape(st_json *j)
{
    uint32_t cp, low;
    if (!hex4(j, &cp))
        return false;
    while (cp >= 0xd800 && cp < 0xdc00 && peek(j) == '\\') {
        j->at++;
        if (peek(j) != 'u') { /* another escape, which is read as usual */
            keep_code_point(j, cp);
            static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
            const char *q = peek(j) > 0 ? strchr(from, peek(j)) : NULL;
            if (q) {
                j->at++;
                keep(j, (st_str){ to + (q - from), 1 });
            }
            return q != NULL;
        }
        j->at++;
        if (!hex4(j, &low))
            return false;
        if (low >= 0xdc00 && low < 0xe000) {
            keep_code_point(j, 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00));
            return true;
        }
        keep_code_point(j, cp);
        cp = low;
    }
    keep_code_point(j, cp);
    return true;
}

/* Behind the backslash. */
static bool escape(st_json *j)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    int c = peek(j);
    if (c == 'u') {
        j->at++;
        return unicode_escape(j);
    }
    const char *q = c > 0 ? strchr(from, c) : NULL;
    if (!q)
        return false;
    j->at++;
    keep(j, (st_str){ to + (q - from), 1 });
    return true;
}

/* Bytes of the window that stand for themselves. */
static size_t plain_run(const st_json *j)
{
    const char *p = j->p + j->at, *end = j->p + j->n;
    while (p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\')
        p++;
    return (size_t)(p - (j->p + j->at));
}

static bool control_allowed(const st_json *j, int c)
{
    return j->controls && !(c == '\n' && j->shape == ST_JSON_LINES);
}

/* Behind the opening quote. */
static st_j string(st_json *j, st_j step)
{
    uint64_t at = j->offset;
    bool whole = true; /* so far it stands in the window as it is */
    for (;;) {
        if (peek(j) < 0)
            return bad(j, "the text ends within a string");
        st_str run = { j->p + j->at, plain_run(j) };
        j->at += run.n;
        bool ends = j->at < j->n && j->p[j->at] == '"';
        if (ends && whole && run.n <= j->max_text) {
            j->text = run;
        } else {
            keep(j, run);
            whole = false;
        }
        if (ends)
            break;
        int c = peek(j);
        if (c == '\\') {
            j->at++;
            if (!escape(j))
                return bad(j, "no escape that JSON has");
        } else if (c >= 0 && c < 0x20) {
            if (!control_allowed(j, c))
                return bad(j, c == '\n' && j->shape == ST_JSON_LINES
                                  ? "the line ends within a string"
                                  : "a control character within a string");
            keep(j, (st_str){ j->p + j->at, 1 });
            j->at++;
        }
    }
    j->at++;
    if (!whole)
        j->text = st_buf_slice(&j->made);
    if (j->cut)
        drop_half_character(&j->text);
    if (!j->skipping && !st_utf8_valid(j->text))
        j->text = made_valid(j, j->text);
    j->failed |= j->made.failed;
    if (j->failed)
        return bad(j, NULL);
    j->offset = at;
    return step;
}

/* numbers and words */

static size_t digits(st_str s, size_t *i)
{
    size_t from = *i;
    while (*i < s.n && s.p[*i] >= '0' && s.p[*i] <= '9')
        ++*i;
    return *i - from;
}

static bool is_number(st_str s)
{
    size_t i = s.n && s.p[0] == '-', from = i, n = digits(s, &i);
    if (!n || (s.p[from] == '0' && n > 1))
        return false;
    if (i < s.n && s.p[i] == '.') {
        i++;
        if (!digits(s, &i))
            return false;
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
            i++;
        if (!digits(s, &i))
            return false;
    }
    return i == s.n;
}

static bool in_number(int c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static st_j number(st_json *j)
{
    uint64_t at = here(j);
    for (int c; in_number(c = peek(j)); j->at++) {
        if (j->made.n == ST_MAX_JSON_NUMBER)
            return bad(j, "a number of too many digits");
        st_buf_char(&j->made, (char)c);
    }
    j->failed |= j->made.failed;
    j->text = st_buf_slice(&j->made);
    if (j->failed || (!j->loose_numbers && !is_number(j->text)))
        return bad(j, "no number as JSON has them");
    j->offset = at;
    return ST_J_NUMBER;
}

static st_j word(st_json *j)
{
    static const struct {
        const char *word;
        st_j step;
    } words[] = { { "true", ST_J_TRUE }, { "false", ST_J_FALSE }, { "null", ST_J_NULL } };
    uint64_t at = here(j);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *w = words[i].word;
        if (peek(j) != *w)
            continue;
        for (; *w && peek(j) == *w; w++)
            j->at++;
        if (*w)
            break;
        j->offset = at;
        return words[i].step;
    }
    return bad(j, "a value is expected");
}

/* brackets */

static bool in_object(const st_json *j)
{
    unsigned level = j->depth - 1;
    return j->depth && (j->objects[level / 64] >> level % 64 & 1);
}

static st_j open_bracket(st_json *j, bool object)
{
    if (j->depth == ST_MAX_JSON_DEPTH)
        return bad(j, "brackets too deep inside one another");
    uint64_t bit = UINT64_C(1) << j->depth % 64, *bits = &j->objects[j->depth / 64];
    *bits = object ? *bits | bit : *bits & ~bit;
    j->depth++;
    j->at++;
    j->state = object ? AT_FIRST_KEY : AT_FIRST_VALUE;
    return object ? ST_J_OBJECT : ST_J_ARRAY;
}

static void value_done(st_json *j)
{
    j->state = AT_AFTER;
}

static st_j close_bracket(st_json *j)
{
    bool object = in_object(j);
    j->depth--;
    j->at++;
    value_done(j);
    return object ? ST_J_OBJECT_END : ST_J_ARRAY_END;
}

static st_j value(st_json *j)
{
    int c = peek(j);
    st_j step;
    if (c == '{' || c == '[')
        return open_bracket(j, c == '{');
    if (c == '"') {
        j->at++;
        step = string(j, ST_J_TEXT);
    } else {
        step = in_number(c) && c != 'e' && c != 'E' ? number(j) : word(j);
    }
    if (step != ST_J_BAD)
        value_done(j);
    return step;
}

static st_j key(st_json *j)
{
    if (peek(j) != '"')
        return bad(j, "a name in quotes is expected");
    j->at++;
    st_j step = string(j, ST_J_KEY);
    if (step != ST_J_BAD)
        j->state = AT_COLON;
    return step;
}

/* Outside all brackets, behind a value. */
static bool next_text(st_json *j)
{
    if (j->shape == ST_JSON_LINES) {
        for (int c; (c = peek(j)) == ' ' || c == '\t' || c == '\r';)
            j->at++;
        if (peek(j) >= 0 && peek(j) != '\n')
            return false;
    }
    j->state = AT_START;
    skip_space(j);
    return peek(j) < 0 || j->shape != ST_JSON_ONE;
}

/* Behind a comma, or where a value must come. */
static st_j next_item(st_json *j)
{
    int c = peek(j);
    if (c == (in_object(j) ? '}' : ']'))
        return close_bracket(j);
    if (c != ',')
        return bad(j, in_object(j) ? "a comma or } is expected" : "a comma or ] is expected");
    j->at++;
    j->state = in_object(j) ? AT_KEY : AT_VALUE;
    if (!skip_space(j))
        return bad(j, "the line ends within a value");
    j->offset = here(j);
    return j->state == AT_KEY ? key(j) : value(j);
}

static st_j step(st_json *j)
{
    int c = peek(j);
    switch ((enum state)j->state) {
    case AT_START: return c < 0 ? ST_J_END : value(j);
    case AT_VALUE: return value(j);
    case AT_FIRST_VALUE: return c == ']' ? close_bracket(j) : value(j);
    case AT_KEY: return key(j);
    case AT_FIRST_KEY: return c == '}' ? close_bracket(j) : key(j);
    case AT_AFTER: return next_item(j);
    case AT_COLON:
        if (c != ':')
            return bad(j, "a colon is expected");
        j->at++;
        j->state = AT_VALUE;
        if (!skip_space(j))
            return bad(j, "the line ends within a value");
        j->offset = here(j);
        return value(j);
    case AT_BAD: break;
    }
    return ST_J_BAD;
}

st_j st_json_next(st_json *j)
{
    if (j->state == AT_BAD)
        return ST_J_BAD;
    st_buf_clear(&j->made);
    j->text = (st_str){ 0 };
    j->cut = j->lossy = false;
    if (j->failed)
        return bad(j, NULL);
    if (j->state == AT_START)
        skip_mark(j);
    if (j->state == AT_AFTER && !j->depth && !next_text(j))
        return bad(j, "something follows the value");
    if (!skip_space(j))
        return bad(j, "the line ends within a value");
    j->offset = here(j);
    if (peek(j) < 0 && j->state != AT_START)
        return bad(j, "the text ends within a value");
    if (peek(j) < 0 && j->shape == ST_JSON_ONE && !j->offset)
        return bad(j, "a value is expected");
    return step(j);
}

bool st_json_skip(st_json *j)
{
    st_j got;
    unsigned depth = j->depth;
    bool was_key = j->state == AT_COLON;
    if (j->state == AT_FIRST_KEY || j->state == AT_FIRST_VALUE)
        depth--;
    else if (!was_key)
        return j->state != AT_BAD;
    j->skipping = true;
    do
        got = st_json_next(j);
    while (got != ST_J_BAD && j->depth > depth);
    j->skipping = false;
    return got != ST_J_BAD;
}

bool st_json_resync(st_json *j)
{
    const char *at = NULL;
    j->why = NULL;
    while (!at) {
        if (peek(j) < 0)
            return false;
        at = memchr(j->p + j->at, '\n', j->n - j->at);
        j->at = at ? (size_t)(at - j->p) + 1 : j->n;
    }
    j->state = AT_START;
    j->depth = 0;
    return !j->failed;
}
