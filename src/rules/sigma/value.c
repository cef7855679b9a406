/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.c - `Field|modifier|modifier: values`, as tests.
 *
 * A value is understood once, before any modifier, and modifiers work on what was understood: so a
 * path that ends in a backslash stays one when a wildcard is put behind it. Modifiers are a table;
 * what one does to a value is a small function, and what it only asks of the test is a flag.
 */
#include "rules/sigma/sigma.h"

#include "base/limits.h"
#include "rules/engine/match/glob.h"
#include "rules/engine/match/match.h"
#include "rules/engine/match/value_tests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* patterns */

/* How many bytes from there on are what they are. */
static size_t plain_run(st_str s, size_t from)
{
    size_t i = from;
    while (i < s.n && s.p[i] != '\\' && s.p[i] != '*' && s.p[i] != '?')
        i++;
    return i - from;
}

/* also: a character that a backslash escapes beside those three, and the mark that stands for it */
static void put_pattern(st_str value, char also, char mark, st_buf *out)
{
    for (size_t i = 0; i < value.n; i++) {
        size_t run = plain_run(value, i);
        if (run) {
            st_buf_put(out, value.p + i, run);
            i += run - 1;
            continue;
        }
        char c = value.p[i], next = '\0', meant = '\0';
        if (i + 1 < value.n)
            next = value.p[i + 1];
        bool escape = c == '\\' && next;
        if (escape && (next == '*' || next == '?' || next == '\\' || next == also)) {
            meant = next;
            if (next == also)
                meant = mark;
            st_buf_char(out, meant);
            i++;
        } else if (c == '*') {
            st_buf_char(out, ST_GLOB_ANY);
        } else if (c == '?') {
            st_buf_char(out, ST_GLOB_ONE);
        } else {
            st_buf_char(out, c);
        }
    }
}

void st_sigma_pattern(st_str value, st_buf *out)
{
    put_pattern(value, '\0', '\0', out);
}

static bool has_mark(st_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (st_glob_is_mark(s.p[i]))
            return true;
    return false;
}

/* one value on its way through the modifiers */

typedef enum form {
    AS_WRITTEN, /* a value that isn't text, or isn't understood as a pattern */
    PATTERN,
    BYTES /* encoded, and only base64 may follow */
} form;

typedef struct value {
    form form;
    st_str text; /* in the scratch arena */
} value;

/* The values that one value has become: offsets of base64 and placeholders make more of it. */
typedef struct variants {
    value *v;
    size_t n, cap;
} variants;

typedef struct making {
    st_sigma_reader *r;
    st_arena *scratch; /* what the steps on the way are made in: an item's */
    const st_doc *doc;
    size_t value; /* which of its item's */
    variants now;
    st_buf buf;
    bool raw; /* a regular expression: nothing in it is a wildcard */
    bool failed;
} making;

static void wrong(making *m, const char *what)
{
    st_sigma_error(m->r, m->doc->span, "%s", what);
    m->failed = true;
}

static st_str taken(making *m, st_arena *to)
{
    st_str s = st_arena_copy(to, st_buf_slice(&m->buf));
    if (m->buf.failed || !s.p) {
        m->r->arena->failed = true;
        m->failed = true;
        s = (st_str){ "", 0 };
    }
    st_buf_clear(&m->buf);
    return s;
}

/* What the buffer holds: of the rule from now on, or on its way. */
static st_str kept(making *m)
{
    return taken(m, m->r->arena);
}

static void push(making *m, variants *to, form f)
{
    st_str text = taken(m, m->scratch);
    if (m->failed)
        return;
    if (text.n > ST_MAX_SIGMA_VALUE) {
        wrong(m, "a value that is longer than a rule may have");
        return;
    }
    if (++m->r->values > ST_MAX_SIGMA_NODES) {
        wrong(m, "more values than a rule may have");
        return;
    }
    if (to->n == to->cap) {
        size_t cap = to->cap ? 4 * to->cap : 1; /* mostly one stays one */
        value *v = ST_NEWN(m->scratch, value, cap);
        if (!v) {
            m->failed = m->r->arena->failed = true;
            return;
        }
        if (to->n)
            memcpy(v, to->v, to->n * sizeof *v);
        to->v = v;
        to->cap = cap;
    }
    to->v[to->n++] = (value){ f, text };
}

/* A pattern with any run in front of it, behind it; one that is there already isn't doubled. */
static void widen(making *m, bool front, bool back)
{
    variants out = { 0 };
    for (size_t i = 0; i < m->now.n && !m->failed; i++) {
        st_str t = m->now.v[i].text;
        if (m->now.v[i].form == BYTES) {
            wrong(m, "an encoding without base64 behind it");
            return;
        }
        if (front && !(t.n && t.p[0] == ST_GLOB_ANY))
            st_buf_char(&m->buf, ST_GLOB_ANY);
        st_buf_str(&m->buf, t);
        if (back && !(m->buf.n && m->buf.p[m->buf.n - 1] == ST_GLOB_ANY))
            st_buf_char(&m->buf, ST_GLOB_ANY);
        push(m, &out, PATTERN);
    }
    m->now = out;
}

static void do_contains(making *m)
{
    widen(m, true, true);
}

static void do_startswith(making *m)
{
    widen(m, false, true);
}

static void do_endswith(making *m)
{
    widen(m, true, false);
}

/* windash */

static bool is_dash(uint32_t cp)
{
    return cp == '-' || cp == '/' || (cp >= 0x2013 && cp <= 0x2015);
}

static bool is_word(st_str s, size_t at)
{
    if (at >= s.n || st_glob_is_mark(s.p[at]))
        return false;
    uint32_t cp = st_utf8_next(s, &at);
    return cp == '_' || (cp != UINT32_MAX && st_is_alnum(cp));
}

/* What begins an option, no word in front of it and one behind, may be any dash. */
static void put_dashes(st_buf *out, st_str t)
{
    bool word = false;
    for (size_t i = 0; i < t.n;) {
        size_t at = i;
        uint32_t cp = st_glob_is_mark(t.p[i]) ? UINT32_MAX : st_utf8_next(t, &i);
        i = i == at ? at + 1 : i;
        bool now = is_word(t, at);
        if (is_dash(cp) && !word && is_word(t, i))
            st_buf_char(out, ST_GLOB_DASH);
        else
            st_buf_put(out, t.p + at, i - at);
        word = now;
    }
}

static void do_windash(making *m)
{
    variants out = { 0 };
    for (size_t i = 0; i < m->now.n && !m->failed; i++) {
        put_dashes(&m->buf, m->now.v[i].text);
        push(m, &out, m->now.v[i].form);
    }
    m->now = out;
}

/* encodings */

enum { MOST_DASHES = 4, LONGEST_DASHED = 1024 }; /* of a value that is encoded once a spelling */

static size_t count_dashes(st_str t)
{
    size_t n = 0;
    for (size_t i = 0; i < t.n; i++)
        n += t.p[i] == ST_GLOB_DASH;
    return n;
}

/* A value by the ways to write its first dash; itself if it has none. */
static void spell_one(making *m, const value *v, variants *out)
{
    static const char *const dashes[] = { "-", "/", "\xe2\x80\x93", "\xe2\x80\x94",
                                          "\xe2\x80\x95" };
    const char *at = v->text.n ? memchr(v->text.p, (unsigned char)ST_GLOB_DASH, v->text.n) : NULL;
    size_t before = at ? (size_t)(at - v->text.p) : v->text.n;
    for (size_t i = 0; i < (at ? sizeof dashes / sizeof *dashes : 1) && !m->failed; i++) {
        st_buf_put(&m->buf, v->text.p, before);
        if (at) {
            st_buf_str(&m->buf, st_str_of(dashes[i]));
            st_buf_put(&m->buf, at + 1, v->text.n - before - 1);
        }
        push(m, out, v->form);
    }
}

/* A class of characters can't be encoded: windash's values are spelt out, each by itself. */
static void spell_dashes(making *m)
{
    size_t most = 0;
    for (size_t i = 0; i < m->now.n; i++) {
        size_t n = m->now.v[i].form == PATTERN ? count_dashes(m->now.v[i].text) : 0;
        most = n > most ? n : most;
        if (n > MOST_DASHES || (n && m->now.v[i].text.n > LONGEST_DASHED))
            wrong(m, "too long, or too many dashes, to be encoded in each way to write them");
    }
    for (; most && !m->failed; most--) {
        variants out = { 0 };
        for (size_t i = 0; i < m->now.n && !m->failed; i++)
            spell_one(m, &m->now.v[i], &out);
        m->now = out;
    }
}

static bool encodable(making *m, st_str t)
{
    if (!has_mark(t))
        return true;
    wrong(m, "a wildcard can't be encoded; write a backslash in front of a star that is meant");
    return false;
}

static void put_unit(st_buf *b, unsigned unit, bool big)
{
    st_buf_char(b, (char)(big ? unit >> 8 : unit & 0xff));
    st_buf_char(b, (char)(big ? unit & 0xff : unit >> 8));
}

static void put_utf16(st_buf *b, st_str t, bool big)
{
    for (size_t i = 0; i < t.n;) {
        uint32_t cp = st_utf8_next(t, &i);
        if (cp == UINT32_MAX)
            cp = 0xfffd;
        if (cp >= 0x10000) {
            put_unit(b, 0xd800 + ((cp - 0x10000) >> 10), big);
            cp = 0xdc00 + ((cp - 0x10000) & 0x3ff);
        }
        put_unit(b, cp, big);
    }
}

static void to_utf16(making *m, bool big, const char *mark)
{
    variants out = { 0 };
    spell_dashes(m);
    for (size_t i = 0; i < m->now.n && encodable(m, m->now.v[i].text); i++) {
        st_buf_str(&m->buf, st_str_of(mark));
        put_utf16(&m->buf, m->now.v[i].text, big);
        push(m, &out, BYTES);
    }
    m->now = out;
}

static void do_utf16le(making *m)
{
    to_utf16(m, false, "");
}

static void do_utf16be(making *m)
{
    to_utf16(m, true, "");
}

static void do_utf16(making *m)
{
    to_utf16(m, false, "\xff\xfe");
}

/* RFC 4648, with padding. */
static void put_base64(st_buf *b, st_str s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.n; i += 3) {
        size_t left = s.n - i;
        uint32_t v = (uint32_t)(unsigned char)s.p[i] << 16;
        v |= left > 1 ? (uint32_t)(unsigned char)s.p[i + 1] << 8 : 0;
        v |= left > 2 ? (unsigned char)s.p[i + 2] : 0;
        char four[4] = { digits[v >> 18], digits[v >> 12 & 63], digits[v >> 6 & 63],
                         digits[v & 63] };
        for (size_t k = left + 1; k < 4; k++)
            four[k] = '=';
        st_buf_put(b, four, 4);
    }
}

static void do_base64(making *m)
{
    variants out = { 0 };
    spell_dashes(m);
    for (size_t i = 0; i < m->now.n && !m->failed; i++) {
        const value *v = &m->now.v[i];
        if (v->form != BYTES && !encodable(m, v->text))
            return;
        put_base64(&m->buf, v->text);
        push(m, &out, PATTERN);
    }
    m->now = out;
}

/* As it looks with 0, 1 or 2 bytes in front: without the characters that depend on what is around.
 */
static void put_offset(making *m, st_str t, size_t offset, variants *out)
{
    static const size_t skip[] = { 0, 2, 3 }, drop[] = { 0, 3, 2 };
    st_buf whole = { 0 };
    st_buf_put(&whole, "  ", offset);
    st_buf_str(&whole, t);
    st_buf coded = { 0 };
    put_base64(&coded, st_buf_slice(&whole));
    st_str all = st_buf_slice(&coded);
    size_t gone = drop[(t.n + offset) % 3];
    if (all.n > skip[offset] + gone)
        st_buf_put(&m->buf, all.p + skip[offset], all.n - skip[offset] - gone);
    m->failed = m->failed || whole.failed || coded.failed;
    st_buf_free(&whole);
    st_buf_free(&coded);
    if (!m->buf.n)
        wrong(m, "too short for base64offset: nothing of it would be left");
    else
        push(m, out, PATTERN);
}

static void do_base64offset(making *m)
{
    variants out = { 0 };
    spell_dashes(m);
    for (size_t i = 0; i < m->now.n && !m->failed; i++) {
        const value *v = &m->now.v[i];
        if (v->form != BYTES && !encodable(m, v->text))
            return;
        for (size_t k = 0; k < 3 && !m->failed; k++)
            put_offset(m, v->text, k, &out);
    }
    m->now = out;
}

/* placeholders */

/* A per cent sign with a backslash in front of it, on its way: it begins no name. (As a byte it is
 * none that a text has.) */
static const char PERCENT = '\xfc';

/* In a regular expression its backslash stays. */
static bool is_escaped(const making *m, st_str t, size_t at)
{
    size_t n = 0;
    while (m->raw && n < at && t.p[at - n - 1] == '\\')
        n++;
    return n % 2 == 1;
}

/* The first %name% of a text from a place on; false: there is none. */
static bool find_name(const making *m, st_str t, size_t from, size_t *start, st_str *name)
{
    for (size_t i = from; i < t.n; i++) {
        size_t end = i + 1;
        bool begins = t.p[i] == '%' && !is_escaped(m, t, i);
        while (begins && end < t.n && t.p[end] != '%' && t.p[end] != '\\' && t.p[end] != PERCENT &&
               !st_glob_is_mark(t.p[end]))
            end++;
        if (begins && end < t.n && t.p[end] == '%' && end > i + 1) {
            *start = i;
            *name = (st_str){ t.p + i + 1, end - i - 1 };
            return true;
        }
    }
    return false;
}

/* A text on its way: what stands before `done` is filled. */
typedef struct filling {
    st_str text;
    size_t done;
} filling;

/* Texts that may have placeholders yet; malloc'ed. */
typedef struct fillings {
    filling *v;
    size_t n, cap;
} fillings;

static void put_filled(making *m, filling from, size_t start, size_t behind, st_str by,
                       fillings *to)
{
    st_buf_put(&m->buf, from.text.p, start);
    if (m->raw)
        st_buf_str(&m->buf, by);
    else
        st_sigma_pattern(by, &m->buf);
    size_t done = m->buf.n;
    st_buf_put(&m->buf, from.text.p + behind, from.text.n - behind);
    if (m->buf.n > ST_MAX_SIGMA_VALUE || to->n == ST_MAX_SIGMA_FILLED)
        wrong(m, "its placeholders make more of it than a rule may have");
    else if (!st_grow(&to->v, &to->cap, to->n + 1, sizeof *to->v))
        m->failed = m->r->arena->failed = true;
    else
        to->v[to->n++] = (filling){ taken(m, m->scratch), done };
}

/* The next placeholder of a text, by each value that it has: those become texts to go on with, the
 * first one last, since that is taken next. */
static void fill(making *m, filling from, size_t start, st_str name, fillings *to)
{
    bool known = false;
    for (size_t k = m->r->nplaceholders; k-- > 0;) {
        const st_sigma_placeholder *p = &m->r->placeholders[k];
        bool is = st_str_eq(p->name, name);
        known = known || (is && p->n);
        for (size_t i = is ? p->n : 0; i-- > 0 && !m->failed;)
            put_filled(m, from, start, start + name.n + 2, p->values[i], to);
    }
    if (known || m->failed)
        return;
    st_sigma_error(m->r, m->doc->span,
                   "nothing is known for the placeholder %%%.*s%%: give it with --placeholders",
                   ST_FMT(name));
    m->failed = true;
}

static void put_percents(st_buf *b, st_str t)
{
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] == PERCENT)
            st_buf_char(b, '%');
        else
            st_buf_char(b, t.p[i]);
}

/* All placeholders of one value, one after the other; what they stand for isn't looked into. */
static void fill_all(making *m, st_str text, variants *out)
{
    fillings todo = { 0 };
    size_t start;
    st_str name;
    filling now = { text, 0 };
    for (bool more = true; more && !m->failed; more = todo.n > 0) {
        if (todo.n)
            now = todo.v[--todo.n];
        if (find_name(m, now.text, now.done, &start, &name)) {
            fill(m, now, start, name, &todo);
        } else {
            put_percents(&m->buf, now.text);
            push(m, out, PATTERN);
        }
    }
    free(todo.v);
}

static void do_expand(making *m)
{
    variants out = { 0 };
    for (size_t i = 0; i < m->now.n && !m->failed; i++)
        fill_all(m, m->now.v[i].text, &out);
    m->now = out;
}

/* the table of modifiers */

enum {
    M_ALL = 1,
    M_NEQ = 2,
    M_CASED = 4,
    M_RE = 8,
    M_FLAG = 16, /* of a regular expression */
    M_CIDR = 32,
    M_NUMBER = 64,
    M_EXISTS = 128,
    M_FIELD = 256,
    M_PART = 512,
    M_PLACE = 1024,   /* says where in the field */
    M_CHANGES = 2048, /* the value itself */
    M_EXPAND = 4096   /* a value by what its placeholders stand for */
};

typedef struct modifier {
    const char *name;
    unsigned what;
    int arg; /* compare, a part of the time, a place, a flag of a regular expression */
    void (*change)(making *m);
} modifier;

static const modifier modifiers[] = {
    { "contains", M_PLACE | M_CHANGES, ST_SIGMA_ANYWHERE, do_contains },
    { "startswith", M_PLACE | M_CHANGES, ST_SIGMA_START, do_startswith },
    { "endswith", M_PLACE | M_CHANGES, ST_SIGMA_END, do_endswith },
    { "windash", M_CHANGES, 0, do_windash },
    { "base64", M_CHANGES, 0, do_base64 },
    { "base64offset", M_CHANGES, 0, do_base64offset },
    { "wide", M_CHANGES, 0, do_utf16le },
    { "utf16le", M_CHANGES, 0, do_utf16le },
    { "utf16be", M_CHANGES, 0, do_utf16be },
    { "utf16", M_CHANGES, 0, do_utf16 },
    { "expand", M_EXPAND, 0, do_expand },
    { "all", M_ALL, 0, NULL },
    { "neq", M_NEQ, 0, NULL },
    { "cased", M_CASED, 0, NULL },
    { "re", M_RE, 0, NULL },
    { "i", M_FLAG, 'i', NULL },
    { "ignorecase", M_FLAG, 'i', NULL },
    { "m", M_FLAG, 'm', NULL },
    { "multiline", M_FLAG, 'm', NULL },
    { "s", M_FLAG, 's', NULL },
    { "dotall", M_FLAG, 's', NULL },
    { "cidr", M_CIDR, 0, NULL },
    { "lt", M_NUMBER, '<', NULL },
    { "lte", M_NUMBER, 'l', NULL },
    { "gt", M_NUMBER, '>', NULL },
    { "gte", M_NUMBER, 'g', NULL },
    { "exists", M_EXISTS, 0, NULL },
    { "fieldref", M_FIELD, 0, NULL },
    { "minute", M_PART, ST_SIGMA_MINUTE, NULL },
    { "hour", M_PART, ST_SIGMA_HOUR, NULL },
    { "day", M_PART, ST_SIGMA_DAY, NULL },
    { "week", M_PART, ST_SIGMA_WEEK, NULL },
    { "month", M_PART, ST_SIGMA_MONTH, NULL },
    { "year", M_PART, ST_SIGMA_YEAR, NULL },
};

static const modifier *modifier_of(st_str name)
{
    for (size_t i = 0; i < sizeof modifiers / sizeof *modifiers; i++)
        if (name.n && name.p[0] == modifiers[i].name[0] &&
            st_str_eq(name, st_str_of(modifiers[i].name)))
            return &modifiers[i];
    return NULL;
}

/* A key's modifiers, in order. */
enum { MOST = 16 };
typedef struct chain {
    const modifier *m[MOST];
    size_t n;
    unsigned what; /* of all */
} chain;

/* What stands together; each row: where `one` is given, nothing but `with` may be. */
static const struct {
    unsigned one, with;
    const char *why;
} together[] = {
    { M_RE, M_RE | M_FLAG | M_ALL | M_NEQ | M_EXPAND,
      "a regular expression says all by itself: only i, m, s, expand, all "
      "and neq go with re" },
    { M_FLAG, M_RE | M_FLAG | M_ALL | M_NEQ | M_EXPAND, "i, m and s go with re only" },
    { M_CIDR, M_CIDR | M_ALL | M_NEQ, "only all and neq go with cidr" },
    { M_NUMBER, M_NUMBER | M_PART | M_ALL | M_NEQ, "only all and neq go with lt, lte, gt and gte" },
    { M_EXISTS, M_EXISTS | M_NEQ, "only neq goes with exists" },
    { M_PART, M_PART | M_NUMBER | M_ALL | M_NEQ, "only comparisons go with a part of a time" },
    { M_FIELD, M_FIELD | M_PLACE | M_CHANGES | M_ALL | M_NEQ | M_CASED,
      "only contains, startswith, endswith, cased, all and neq go with fieldref" },
};

static bool fits(st_sigma_reader *r, const st_doc *key, const chain *c)
{
    for (size_t i = 0; i < sizeof together / sizeof *together; i++)
        if (c->what & together[i].one && c->what & ~together[i].with) {
            st_sigma_error(r, key->span, "%s", together[i].why);
            return false;
        }
    for (size_t i = 0, parts = 0, compares = 0; i < c->n; i++) {
        parts += (c->m[i]->what & M_PART) != 0;
        compares += (c->m[i]->what & M_NUMBER) != 0;
        if (parts > 1 || compares > 1) {
            st_sigma_error(r, key->span, "one part of a time and one comparison are enough");
            return false;
        }
    }
    bool field = c->what & M_FIELD, flag = c->what & M_FLAG;
    for (size_t i = 0; field && i < c->n; i++)
        if (c->m[i]->what & M_CHANGES && !(c->m[i]->what & M_PLACE)) {
            st_sigma_error(r, key->span, "%s doesn't go with fieldref", c->m[i]->name);
            return false;
        }
    if (flag && !(c->what & M_RE)) {
        st_sigma_error(r, key->span, "i, m and s go with re only");
        return false;
    }
    return true;
}

static bool read_chain(st_sigma_reader *r, const st_doc *key, st_str *field, chain *c)
{
    st_str rest = key->text, word;
    *c = (chain){ 0 };
    st_str_cut(&rest, '|', field);
    if (field->n == key->text.n)
        return true;
    while (st_str_cut(&rest, '|', &word)) {
        const modifier *m = modifier_of(word);
        if (!m) {
            st_sigma_error(r, key->span, "no modifier %.*s%s", ST_FMT(word),
                           word.n ? "" : "(a | with nothing behind it)");
            return false;
        }
        if (c->n == MOST) {
            st_sigma_error(r, key->span, "more than %d modifiers", MOST);
            return false;
        }
        c->m[c->n++] = m;
        c->what |= m->what;
    }
    return fits(r, key, c);
}

/* values as tests */

static void flags_in_front(making *m, const chain *c)
{
    if (!(c->what & M_FLAG))
        return;
    st_buf_str(&m->buf, ST_STR("(?"));
    for (size_t i = 0; i < c->n; i++)
        if (c->m[i]->what & M_FLAG && !memchr(m->buf.p, c->m[i]->arg, m->buf.n))
            st_buf_char(&m->buf, (char)c->m[i]->arg);
    st_buf_char(&m->buf, ')');
}

static int arg_of(const chain *c, unsigned what, int otherwise)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->m[i]->what & what)
            return c->m[i]->arg;
    return otherwise;
}

/* Where one field stands in another: at its start and its end is anywhere, as with wildcards. */
static st_sigma_place place_of(const chain *c)
{
    unsigned place = ST_SIGMA_WHOLE;
    for (size_t i = 0; i < c->n; i++)
        if (c->m[i]->what & M_PLACE)
            place |= (unsigned)c->m[i]->arg;
    return (st_sigma_place)place;
}

static bool number_of(making *m, double *out)
{
    if (st_doc_number(m->doc, out))
        return true;
    wrong(m, "a number is needed, without quotes");
    return false;
}

static void change(making *m, const chain *c)
{
    for (size_t i = 0; i < c->n && !m->failed; i++)
        if (c->m[i]->change)
            c->m[i]->change(m);
    for (size_t i = 0; i < m->now.n && !m->failed; i++)
        if (m->now.v[i].form == BYTES)
            wrong(m, "wide, utf16le, utf16be and utf16 need base64 or base64offset behind them");
}

/* One more test of the item, from that value; NULL: no memory. */
static st_sigma_test *add_test(making *m, st_sigma_item *out, st_sigma_kind kind)
{
    if (out->n == out->cap) {
        size_t cap = 2 * out->cap + 4;
        st_sigma_test *more = ST_NEWN(m->r->arena, st_sigma_test, cap);
        if (!more) {
            m->failed = true;
            return NULL;
        }
        if (out->n)
            memcpy(more, out->tests, out->n * sizeof *more);
        out->tests = more;
        out->cap = cap;
    }
    st_sigma_test *t = &out->tests[out->n++];
    *t = (st_sigma_test){ .kind = kind, .value = (uint32_t)m->value, .where = m->doc->span };
    return t;
}

/* Whole numbers from here on aren't all there as doubles: two that differ would be equal, and such
 * a value (a hash of digits, say) is compared as text. */
static const double EXACT = 9007199254740992;

/* A value that is text, with or without wildcards: the modifiers may make several of it. */
static void text_tests(making *m, const chain *c, bool keyword, st_sigma_item *out)
{
    bool truth;
    double number;
    bool plain = !(c->what & (M_CHANGES | M_EXPAND));
    if (st_doc_truth(m->doc, &truth) && plain)
        st_buf_str(&m->buf, truth ? ST_STR("true") : ST_STR("false"));
    else
        put_pattern(m->doc->text, c->what & M_EXPAND ? '%' : '\0', PERCENT, &m->buf);
    push(m, &m->now, PATTERN);
    if (!m->failed)
        change(m, c);
    if (!m->failed && keyword)
        widen(m, true, true);
    bool is_number = plain && !keyword && st_doc_number(m->doc, &number) && fabs(number) < EXACT;
    for (size_t i = 0; i < m->now.n && !m->failed; i++) {
        st_sigma_test *t = add_test(m, out, is_number ? ST_SIGMA_NUMBER : ST_SIGMA_TEXT);
        if (!t)
            return;
        t->compare = '=';
        t->number = is_number ? number : 0;
        t->text = st_arena_copy(m->r->arena, m->now.v[i].text);
        t->cased = (c->what & M_CASED) != 0;
    }
}

/* Is it a regular expression, a network? What is wrong is told with the keys that lead to it. */
static void check_regex(making *m, st_str pattern)
{
    st_err err = { 0 };
    size_t at;
    st_regex *r = m->failed ? NULL : st_regex_new(pattern, &at, &err);
    if (!r && !m->failed)
        wrong(m, err.text);
    st_regex_free(r);
}

static void check_network(making *m, st_str text)
{
    st_network n;
    if (!st_network_parse(text, &n))
        wrong(m, "a network is needed, like 10.0.0.0/8 or fe80::/10");
}

/* A regular expression; where placeholders stand in it, one for each of their values. */
static void regex_tests(making *m, const chain *c, st_sigma_item *out)
{
    m->raw = true;
    st_buf_str(&m->buf, m->doc->text);
    push(m, &m->now, AS_WRITTEN);
    if (!m->failed)
        change(m, c);
    for (size_t i = 0; i < m->now.n && !m->failed; i++) {
        st_sigma_test *t = add_test(m, out, ST_SIGMA_REGEX);
        flags_in_front(m, c);
        st_buf_str(&m->buf, m->now.v[i].text);
        st_str text = kept(m);
        if (t)
            t->text = text;
        check_regex(m, text);
    }
}

/* The name of another field, as it is written: a wildcard would name none. */
static void field_test(making *m, const chain *c, st_sigma_test *t)
{
    st_sigma_pattern(m->doc->text, &m->buf);
    t->text = kept(m);
    t->cased = (c->what & M_CASED) != 0;
    t->place = place_of(c);
    if (has_mark(t->text) || !t->text.n)
        wrong(m, "fieldref needs the name of a field, without wildcards");
}

/* A value that modifiers turn into a test of another kind. */
static void special_test(making *m, const chain *c, st_sigma_item *out)
{
    st_sigma_kind kind = c->what & M_CIDR     ? ST_SIGMA_CIDR
                         : c->what & M_EXISTS ? ST_SIGMA_EXISTS
                         : c->what & M_FIELD  ? ST_SIGMA_FIELD
                         : c->what & M_PART   ? ST_SIGMA_PART
                                              : ST_SIGMA_NUMBER;
    st_sigma_test *t = add_test(m, out, kind);
    if (!t)
        return;
    if (kind == ST_SIGMA_CIDR) {
        t->text = m->doc->text;
        check_network(m, t->text);
    } else if (kind == ST_SIGMA_EXISTS) {
        if (!st_doc_truth(m->doc, &t->truth))
            wrong(m, "exists is true or false");
    } else if (kind == ST_SIGMA_FIELD) {
        field_test(m, c, t);
    } else {
        t->part = (st_sigma_part)arg_of(c, M_PART, 0);
        t->compare = (char)arg_of(c, M_NUMBER, '=');
        number_of(m, &t->number);
    }
}

static void null_test(making *m, const chain *c, bool keyword, st_sigma_item *out)
{
    if (keyword)
        wrong(m, "null is no keyword");
    else if (c->what & ~(unsigned)(M_ALL | M_NEQ | M_CASED))
        wrong(m, "null takes no modifier but all and neq");
    else
        add_test(m, out, ST_SIGMA_NULL);
}

static bool one_value(st_sigma_reader *r, st_arena *scratch, const st_doc *doc, size_t which,
                      const chain *c, st_sigma_item *out)
{
    making m = { .r = r, .scratch = scratch, .doc = doc, .value = which };
    bool keyword = !out->field.n;
    if (doc->kind != ST_DOC_TEXT)
        wrong(&m, doc->kind == ST_DOC_MAP ? "a map as a value" : "a list within a list of values");
    else if (c->what & M_RE && !st_doc_is_null(doc))
        regex_tests(&m, c, out);
    else if (st_doc_is_null(doc))
        null_test(&m, c, keyword, out);
    else if (c->what & (M_CIDR | M_EXISTS | M_FIELD | M_NUMBER | M_PART))
        special_test(&m, c, out);
    else
        text_tests(&m, c, keyword, out);
    st_buf_free(&m.buf);
    return !m.failed;
}

bool st_sigma_read_item(st_sigma_reader *r, const st_doc *key, const st_doc *values,
                        st_sigma_item *out)
{
    chain c = { 0 };
    *out = (st_sigma_item){ .where = key ? key->span : values->span };
    if (key && !read_chain(r, key, &out->field, &c))
        return false;
    bool list = values->kind == ST_DOC_LIST, ok = true;
    size_t n = list ? values->n : 1;
    if (!n) {
        st_sigma_error(r, values->span, "an empty list");
        return false;
    }
    if (c.what & (M_EXISTS | M_FIELD | M_PART) && !out->field.n) {
        st_sigma_error(r, out->where, "exists, fieldref and parts of a time need a field");
        return false;
    }
    out->all = (c.what & M_ALL) != 0;
    out->neq = (c.what & M_NEQ) != 0;
    st_arena scratch = { 0 };
    out->tests = ST_NEWN(r->arena, st_sigma_test, n);
    out->cap = out->tests ? n : 0;
    for (size_t i = 0; i < n; i++)
        ok = one_value(r, &scratch, list ? values->items[i] : values, i, &c, out) && ok;
    st_arena_free(&scratch);
    return ok && !r->arena->failed;
}
