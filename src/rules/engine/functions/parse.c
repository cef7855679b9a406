/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_parse.c - functions that take texts apart: paths, URLs, records, command lines. */
#include "rules/engine/functions/fn.h"

#include <stdlib.h>
#include <string.h>

static st_str cut(st_str s, size_t from, size_t to)
{
    return (st_str){ s.p + from, to - from };
}

/* Where a character is first, s.n if nowhere. */
static size_t find(st_str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

typedef struct member {
    const char *name;
    st_str text;
} member;

static st_bag *bag_of(st_run *r, const member *m, size_t n, size_t more)
{
    st_bag *g = st_bag_new(&r->mem, n + more);
    for (size_t i = 0; g && i < n; i++) {
        g->keys[i] = st_val_str(&r->mem, st_str_of(m[i].name)).u.s;
        g->v[i] = st_val_str(&r->mem, m[i].text);
    }
    return g;
}

/* paths */

static bool is_slash(char c)
{
    return c == '\\' || c == '/';
}

/* Behind the last slash of s; 0 if there is none. */
static size_t behind_slash(st_str s)
{
    size_t n = s.n;
    while (n && !is_slash(s.p[n - 1]))
        n--;
    return n;
}

static st_str behind_dot(st_str name)
{
    for (size_t i = name.n; i > 0; i--)
        if (name.p[i - 1] == '.')
            return cut(name, i, name.n);
    return ST_STR("");
}

static st_val f_parse_path(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]), scheme = ST_STR(""), root = ST_STR(""), stream = ST_STR("");
    (void)x;
    size_t colon = find(s, ':');
    if (colon > 1 && colon + 2 < s.n && s.p[colon + 1] == '/' && s.p[colon + 2] == '/') {
        scheme = cut(s, 0, colon);
        s = cut(s, colon + 3, s.n);
    } else if (colon == 1 && s.n > 1) {
        root = cut(s, 0, 2);
    } else if (s.n > 2 && is_slash(s.p[0]) && is_slash(s.p[1])) {
        size_t end = 2;
        while (end < s.n && !is_slash(s.p[end]))
            end++;
        root = cut(s, 0, end);
    }
    size_t at = behind_slash(s);
    st_str name = cut(s, at, s.n), dir = cut(s, 0, at ? at - 1 : 0);
    if (at && at <= root.n) /* the only slash is the root's */
        dir = root;
    if (!at && root.n && name.n >= root.n)
        name = cut(name, root.n, name.n);
    size_t ads = find(name, ':');
    if (ads < name.n) {
        stream = cut(name, ads + 1, name.n);
        name = cut(name, 0, ads);
    }
    size_t last = behind_slash(dir);
    const member m[] = { { "Scheme", scheme },
                         { "RootPath", root },
                         { "DirectoryPath", dir },
                         { "DirectoryName", dir.n > root.n ? cut(dir, last, dir.n) : ST_STR("") },
                         { "Filename", name },
                         { "Extension", behind_dot(name) },
                         { "AlternateDataStreamName", stream } };
    return st_val_bag(bag_of(r, m, 7, 0));
}

/* URLs */

typedef struct parameter {
    st_str name, value;
} parameter;

/* One name's values keep their order: they lie in the same text, one behind the other. */
static int by_name(const void *a, const void *b)
{
    const parameter *x = a, *y = b;
    int d = st_str_cmp(x->name, y->name);
    return d ? d : (x->value.p > y->value.p) - (x->value.p < y->value.p);
}

/* The values of v[0]'s name; *n: how many there are. */
static st_val values_of(st_run *r, const parameter *v, size_t most, size_t *n)
{
    *n = 1;
    while (*n < most && st_str_eq(v[*n].name, v[0].name))
        ++*n;
    if (*n == 1)
        return st_val_str(&r->mem, v[0].value);
    st_array *a = st_array_new(&r->mem, *n);
    for (size_t i = 0; a && i < *n; i++)
        a->v[i] = st_val_str(&r->mem, v[i].value);
    return st_val_array(a);
}

/* a=1&b=2 as a bag, by name; a parameter that stands several times is an array, and one without a
 * name or a value is left out. */
static st_val parameters(st_run *r, st_str q)
{
    st_str one;
    size_t most = 1, n = 0, distinct = 0;
    for (size_t i = 0; i < q.n; i++)
        most += q.p[i] == '&';
    parameter *v = ST_NEWN(r->mem.arena, parameter, most);
    while (v && st_str_cut(&q, '&', &one)) {
        size_t eq = find(one, '=');
        if (eq && eq + 1 < one.n)
            v[n++] = (parameter){ cut(one, 0, eq), cut(one, eq + 1, one.n) };
    }
    if (n)
        qsort(v, n, sizeof *v, by_name);
    for (size_t i = 0; i < n; i++)
        distinct += !i || !st_str_eq(v[i].name, v[i - 1].name);
    st_bag *g = v ? st_bag_new(&r->mem, distinct) : NULL;
    for (size_t i = 0, k = 0, same; g && i < n; i += same, k++) {
        g->keys[k] = st_val_str(&r->mem, v[i].name).u.s;
        g->v[k] = values_of(r, v + i, n - i, &same);
    }
    return st_val_bag(g);
}

static st_val with_query(st_run *r, const member *m, size_t n, st_str query)
{
    st_val q = parameters(r, query);
    st_bag *g = bag_of(r, m, n, 1);
    if (g) {
        g->keys[n] = st_val_str(&r->mem, ST_STR("Query Parameters")).u.s;
        g->v[n] = q;
    }
    return st_val_bag(g);
}

/* Cuts s at c: what is behind it, "" if it isn't there. */
static st_str tail(st_str *s, char c)
{
    size_t at = find(*s, c);
    st_str t = at < s->n ? cut(*s, at + 1, s->n) : ST_STR("");
    *s = cut(*s, 0, at);
    return t;
}

/* user:password in front of the host; an @ without a colon before it is the host's. */
static void cut_user(st_str *host, st_str *user, st_str *password)
{
    size_t at = host->n;
    while (at && host->p[at - 1] != '@')
        at--;
    st_str front = cut(*host, 0, at ? at - 1 : 0);
    if (find(front, ':') == front.n)
        return;
    *host = cut(*host, at, host->n);
    *user = front;
    *password = tail(user, ':');
}

/* Of an absolute URL; of anything else all parts are empty. */
static st_val f_parse_url(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]), user = ST_STR(""), password = ST_STR("");
    (void)x;
    size_t colon = find(s, ':');
    bool absolute = colon && colon + 2 < s.n && s.p[colon + 1] == '/' && s.p[colon + 2] == '/';
    st_str scheme = cut(s, 0, absolute ? colon : 0);
    s = absolute ? cut(s, colon + 3, s.n) : ST_STR("");
    size_t slash = find(s, '/');
    bool only = slash + 1 == s.n; /* a slash and nothing behind it is no path */
    st_str fragment = tail(&s, '#'), query = tail(&s, '?');
    slash = find(s, '/');
    st_str path = cut(s, only ? s.n : slash, s.n), host = cut(s, 0, slash);
    cut_user(&host, &user, &password);
    size_t from = host.n && host.p[0] == '[' ? find(host, ']') : 0; /* IPv6 */
    st_str end = cut(host, from, host.n), port = tail(&end, ':');
    host.n = from + end.n;
    const member m[] = { { "Scheme", scheme },    { "Host", host },     { "Port", port },
                         { "Path", path },        { "Username", user }, { "Password", password },
                         { "Fragment", fragment } };
    return with_query(r, m, 7, query);
}

static st_val f_parse_urlquery(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return with_query(r, NULL, 0, st_val_text(r, a[0]));
}

/* records */

/* The first record: fields in quotes may hold commas, line ends and doubled quotes. */
static st_val f_parse_csv(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]);
    st_value_list l = { 0 };
    bool quoted = false;
    (void)x;
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"' && quoted && i + 1 < s.n && s.p[i + 1] == '"')
            st_buf_char(&r->mem.buf, s.p[++i]);
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '\r' || c == '\n'))
            break;
        else if (!quoted && c == ',') {
            if (!st_value_list_push(r, &l, st_run_text(r)))
                break;
            st_buf_clear(&r->mem.buf);
        } else
            st_buf_char(&r->mem.buf, c);
    }
    st_value_list_push(r, &l, st_run_text(r));
    return st_value_list_close(r, &l);
}
/* command lines */

/* Backslashes before a quote: pairs of them are one each, an odd one makes the quote plain. */
static size_t backslashes(st_buf *b, st_str s, size_t i, bool *quoted)
{
    size_t n = 0;
    while (i + n < s.n && s.p[i + n] == '\\')
        n++;
    bool quote = i + n < s.n && s.p[i + n] == '"';
    for (size_t k = 0; k < (quote ? n / 2 : n); k++)
        st_buf_char(b, '\\');
    if (!quote)
        return i + n;
    if (n % 2)
        st_buf_char(b, '"');
    else
        *quoted = !*quoted;
    return i + n + 1;
}

/* One word from byte i on, into r->mem.buf; where it ends. The program's name, which comes first,
 * knows no escapes. */
static size_t command_word(st_run *r, st_str s, size_t i, bool program)
{
    bool quoted = false;
    st_buf_clear(&r->mem.buf);
    while (i < s.n && (quoted || (s.p[i] != ' ' && s.p[i] != '\t'))) {
        if (program && s.p[i] == '"') {
            quoted = !quoted;
            i++;
        } else if (quoted && i + 1 < s.n && s.p[i] == '"' && s.p[i + 1] == '"') {
            st_buf_char(&r->mem.buf, '"');
            i += 2;
        } else if (!program && (s.p[i] == '\\' || s.p[i] == '"')) {
            i = backslashes(&r->mem.buf, s, i, &quoted);
        } else {
            st_buf_char(&r->mem.buf, s.p[i++]);
        }
    }
    return i;
}

/* As CommandLineToArgvW does. */
static st_val f_parse_command_line(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]);
    st_value_list words = { 0 };
    (void)x;
    if (!st_str_ieq(st_val_text(r, a[1]), ST_STR("windows")) || !s.n)
        return st_val_null();
    for (size_t i = 0;;) {
        while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
            i++;
        if (i >= s.n)
            break;
        i = command_word(r, s, i, !words.n);
        if (!st_value_list_push(r, &words, st_run_text(r)))
            break;
    }
    return st_value_list_close(r, &words);
}

/* versions */

/* Up to four numbers of up to eight digits, as one number that compares as they do. A double hasn't
 * the digits of Kusto's decimal for it; 16 bits each hold what versions of Windows programs do. */
static st_val f_parse_version(st_run *r, const st_expr *x, const st_val *a)
{
    st_str rest = st_val_text(r, a[0]), part;
    int64_t v = 0;
    unsigned parts = 0;
    (void)x;
    while (st_str_cut(&rest, '.', &part)) {
        uint64_t n, most = parts ? UINT16_MAX : INT16_MAX;
        if (parts++ == 4 || part.n > 8 || !st_str_u64(part, &n))
            return st_val_null();
        v = v << 16 | (int64_t)(n < most ? n : most);
    }
    return parts ? st_val_long(v << 16 * (4 - parts)) : st_val_null();
}

/* the table */

const st_fn st_functions_parse[] = {
    { "parse_command_line", "xs", 2, "dynamic", NONE, f_parse_command_line,
      "a command line's words" },
    { "parse_csv", "s", 1, "dynamic", FIRST, f_parse_csv, "the fields of a CSV record" },
    { "parse_path", "s", 1, "dynamic", NONE, f_parse_path, "the parts of a path" },
    { "parse_url", "s", 1, "dynamic", NONE, f_parse_url, "the parts of a URL" },
    { "parse_urlquery", "s", 1, "dynamic", NONE, f_parse_urlquery, "the parameters of a URL" },
    { "parse_version", "s", 1, "long", NONE, f_parse_version,
      "a version as a number that compares as it does|a long, not a decimal: parts from 65,535 on "
      "(the first one from 32,767 on) are equal" },
    { "parseurl", "s", 1, "dynamic", NONE, f_parse_url, "the parts of a URL" },
    { "parseurlquery", "s", 1, "dynamic", NONE, f_parse_urlquery, "the parameters of a URL" },
    { 0 },
};
