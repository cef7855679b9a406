/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indicators.c - a list of indicators (--ioc) becomes rules: one for each kind that is in it and
 * each table that may hold it, so that nothing is read for kinds that aren't.
 *
 * Forms    one indicator a line, behind '#' a comment; CSV, where the first cell that is one
 * counts, another cell may name its kind, and the rest is its comment; STIX 2.1: objects with a
 *          `pattern` (OASIS STIX 2.1, 9), alone, in a bundle or in lines.
 * Kinds    are told by what an indicator looks like; "[.]" and "hxxp" are undone. A URL counts as
 *          it is, and, a level lower, by its host: connections and look-ups know no more.
 * Hostile  the list comes from elsewhere: sizes are bounded, and what goes into a rule is a JSON
 *          string in it.
 */
#include "rules/rules_private.h"

#include "shelltree/json.h"
#include "base/limits.h"
#include "rules/engine/functions/functions.h"
#include "rules/engine/match/value_tests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What says most comes first. HOST: of a URL, whose path was not seen. */
typedef enum kind { HASH, URL, ADDRESS, NETWORK, DOMAIN, HOST, NAME, PATH, KINDS } kind;

typedef struct indicator {
    st_str value, comment; /* value in lower case */
    kind kind;
} indicator;

typedef struct list {
    st_arena arena;
    indicator *v;
    size_t n, cap;
    size_t unread, first_unread; /* lines or patterns that hold none, or one that is too long */
    bool failed, full, too_long; /* too_long: one of the line or pattern that is being read */
} list;

/* what a text is */

static bool all_of(st_str s, const char *set)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr(set, st_ascii_lower(s.p[i])) || !s.p[i])
            return false;
    return s.n > 0;
}

#define HEX "0123456789abcdef"
#define ALNUM "abcdefghijklmnopqrstuvwxyz0123456789"

static bool is_hash(st_str s)
{
    return (s.n == 32 || s.n == 40 || s.n == 64) && all_of(s, HEX);
}

static bool is_ipv4(st_str s)
{
    st_str part;
    unsigned parts = 0;
    uint64_t n;
    while (st_str_cut(&s, '.', &part)) {
        if (!part.n || part.n > 3 || !st_str_u64(part, &n) || n > 255)
            return false;
        parts++;
    }
    return parts == 4;
}

static bool is_ipv6(st_str s)
{
    st_ip ip;
    return s.n && memchr(s.p, ':', s.n) && !memchr(s.p, '/', s.n) && st_ip_parse(s, false, &ip);
}

/* Endings of files, which a name may have and no top domain that matters. */
static bool is_file_ending(st_str s)
{
    static const char *const endings[] = {
        "exe", "dll",  "sys", "ps1",   "psm1", "bat",  "cmd",  "vbs",    "vbe", "js",
        "jse", "wsf",  "hta", "aspx",  "asp",  "ashx", "asmx", "php",    "jsp", "jspx",
        "cfm", "war",  "jar", "class", "zip",  "rar",  "7z",   "gz",     "tgz", "cab",
        "iso", "img",  "msi", "msix",  "scr",  "pif",  "lnk",  "txt",    "log", "dat",
        "tmp", "bin",  "db",  "doc",   "xls",  "docx", "xlsx", "docm",   "pdf", "rtf",
        "elf", "html", "htm", "xml",   "xsl",  "json", "ini",  "config",
    };
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (st_str_ieq(s, st_str_of(endings[i])))
            return true;
    return false;
}

static st_str behind_last(st_str s, char c)
{
    const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;
    return at ? (st_str){ at + 1, (size_t)(s.p + s.n - at - 1) } : (st_str){ s.p, 0 };
}

static bool is_domain(st_str s)
{
    st_str top = behind_last(s, '.'), part, rest = s;
    while (st_str_cut(&rest, '.', &part))
        if (!part.n || part.n > 63 || !all_of(part, ALNUM "-_"))
            return false;
    return top.n >= 2 && s.n > top.n && s.n <= 253 && !all_of(top, "0123456789");
}

static bool is_address(st_str s)
{
    return is_ipv4(s) || is_ipv6(s);
}

static bool is_network(st_str s)
{
    st_str address;
    st_network n;
    return st_str_cut(&s, '/', &address) && address.n && is_address(address) && s.n &&
           st_network_parse((st_str){ address.p, address.n + 1 + s.n }, &n);
}

/* What stands before the path, without an account and a port; its brackets stay off. */
static st_str host_of(st_str url)
{
    size_t end = 0;
    while (end < url.n && !memchr("/?#", url.p[end], 3))
        end++;
    st_str host = { url.p, end };
    const char *at = host.n ? memrchr(host.p, '@', host.n) : NULL;
    host = at ? (st_str){ at + 1, (size_t)(host.p + host.n - at - 1) } : host;
    if (host.n && host.p[0] == '[') {
        const char *close = memchr(host.p, ']', host.n);
        return close ? (st_str){ host.p + 1, (size_t)(close - host.p) - 1 } : host;
    }
    const char *colon = host.n ? memrchr(host.p, ':', host.n) : NULL;
    return colon ? (st_str){ host.p, (size_t)(colon - host.p) } : host;
}

static bool has_path(st_str url)
{
    const char *slash = url.n ? memchr(url.p, '/', url.n) : NULL;
    return slash && slash + 1 < url.p + url.n;
}

/* "evil.example/a", "203.0.113.9:8080/a": the scheme is gone already. A length that no network has
 * makes no path of an address. */
static bool is_url(st_str s)
{
    st_str host = host_of(s), path = s, before;
    if (!has_path(s) || memchr(s.p, ' ', s.n) || memchr(s.p, '\\', s.n))
        return false;
    st_str_cut(&path, '/', &before);
    return is_address(host) ? !all_of(path, "0123456789") : is_domain(host);
}

/* KINDS: it is none that can be told. */
static kind kind_of(st_str s)
{
    bool dot = s.n && memchr(s.p, '.', s.n);
    if (is_hash(s))
        return HASH;
    if (is_address(s))
        return ADDRESS;
    if (is_network(s))
        return NETWORK;
    if (is_url(s))
        return URL;
    bool unix_path = s.n > 1 && s.p[0] == '/' && s.p[1] != '/' && !memchr(s.p, ' ', s.n);
    if (unix_path || (s.n > 2 && memchr(s.p, '\\', s.n)))
        return PATH;
    if (dot && is_file_ending(behind_last(s, '.')) && !memchr(s.p, '/', s.n))
        return NAME;
    return is_domain(s) ? DOMAIN : KINDS;
}

/* What a cell of a list, or a heading's word, calls a kind. */
static kind kind_named(st_str s)
{
    static const struct {
        const char *word;
        kind kind;
    } words[] = {
        { "hash", HASH },
        { "md5", HASH },
        { "sha1", HASH },
        { "sha256", HASH },
        { "sha-1", HASH },
        { "sha-256", HASH },
        { "filehash", HASH },
        { "ip", ADDRESS },
        { "ipv4", ADDRESS },
        { "ipv6", ADDRESS },
        { "address", ADDRESS },
        { "ip-src", ADDRESS },
        { "ip-dst", ADDRESS },
        { "domain", DOMAIN },
        { "hostname", DOMAIN },
        { "fqdn", DOMAIN },
        { "filename", NAME },
        { "name", NAME },
        { "file", NAME },
        { "path", PATH },
        { "filepath", PATH },
        { "cidr", NETWORK },
        { "network", NETWORK },
        { "ip-range", NETWORK },
        { "url", URL },
        { "uri", URL },
        { "filehash-md5", HASH },
        { "filehash-sha1", HASH },
        { "filehash-sha256", HASH },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (st_str_ieq(s, st_str_of(words[i].word)))
            return words[i].kind;
    return KINDS;
}

/* taking */

/* "203.0.113.9:443", "evil.example:443" */
static st_str without_port(st_str s)
{
    const char *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
    st_str host = { s.p, colon ? (size_t)(colon - s.p) : 0 };
    st_str port = { colon ? colon + 1 : NULL, colon ? s.n - host.n - 1 : 0 };
    return port.n <= 5 && all_of(port, "0123456789") && (is_ipv4(host) || is_domain(host)) ? host
                                                                                           : s;
}

static st_str without_scheme(st_str url)
{
    const char *mark = url.n ? memchr(url.p, '#', url.n) : NULL;
    url.n = mark ? (size_t)(mark - url.p) : url.n;
    st_str host = host_of(url);
    if (!has_path(url) || !host.n)
        return host;
    const char *slash = memchr(url.p, '/', url.n),
               *at = memrchr(url.p, '@', (size_t)(slash - url.p));
    return at ? (st_str){ at + 1, (size_t)(url.p + url.n - at - 1) } : url;
}

static st_str between(st_str s, char open, char close)
{
    bool in = s.n >= 2 && s.p[0] == open && s.p[s.n - 1] == close;
    return in ? (st_str){ s.p + 1, s.n - 2 } : s;
}

/* "hxxp://me@evil[.]example:8080/x#y" as "evil.example:8080/x", without a path as "evil.example";
 * a path or a name stays. Of the list's arena. */
static st_str tidied(list *l, st_str s)
{
    st_buf b = { 0 };
    s = st_str_trim(between(st_str_trim(s), '"', '"'));
    for (size_t i = 0; i < s.n; i++) {
        bool fanged = s.n - i >= 3 && (!memcmp(s.p + i, "[.]", 3) || !memcmp(s.p + i, "(.)", 3) ||
                                       !memcmp(s.p + i, "[:]", 3));
        i += fanged ? 1 : 0;
        st_buf_char(&b, st_ascii_lower(s.p[i]));
        i += fanged ? 1 : 0;
    }
    st_str t = st_arena_copy(&l->arena, st_buf_slice(&b));
    l->failed |= b.failed || l->arena.failed;
    st_buf_free(&b);
    const char *scheme = t.n > 3 ? memmem(t.p, t.n, "://", 3) : NULL;
    return scheme ? without_scheme((st_str){ scheme + 3, (size_t)(t.p + t.n - scheme - 3) })
                  : without_port(t);
}

static void take_one(list *l, st_str value, kind k, st_str comment)
{
    if (l->n >= ST_MAX_INDICATORS) {
        l->full = true;
        return;
    }
    if (value.n > ST_MAX_INDICATOR) {
        l->too_long = true;
        return;
    }
    if (!st_grow(&l->v, &l->cap, l->n + 1, sizeof *l->v)) {
        l->failed = true;
        return;
    }
    st_str said =
        st_arena_copy(&l->arena, (st_str){ comment.p, comment.n < 200 ? comment.n : 200 });
    l->failed |= l->arena.failed;
    l->v[l->n++] = (indicator){ value, said, k };
}

/* A URL's host is an indicator, too, though a weaker one. */
static void take(list *l, st_str value, kind k, st_str comment)
{
    take_one(l, value, k, comment);
    if (k == URL && host_of(value).n)
        take_one(l, host_of(value), HOST, comment);
}

/* A line or pattern was read: good: it holds an indicator. */
static void count(list *l, bool good, size_t number)
{
    if ((!good || l->too_long) && !l->unread++)
        l->first_unread = number;
    l->too_long = false;
}

/* lines and CSV */

enum { CELLS = 64 };

/* A cell at the beginning of *s, which goes on behind it; quotes of CSV stay. */
static bool next_cell(st_str *s, char sep, st_str *cell)
{
    size_t i = 0;
    bool quoted = false;
    if (!s->p)
        return false;
    while (i < s->n && (quoted || s->p[i] != sep)) {
        quoted ^= s->p[i] == '"';
        i++;
    }
    *cell = st_str_trim((st_str){ s->p, i });
    *s = i < s->n ? (st_str){ s->p + i + 1, s->n - i - 1 } : (st_str){ NULL, 0 };
    return true;
}

/* A line, cut into its cells. */
typedef struct cut {
    st_str cells[CELLS];
    size_t n;
    kind hint;      /* the first kind that a cell names; KINDS: none */
    size_t hint_at; /* and the cell that does */
} cut;

static char separator(st_str line)
{
    static const char each[] = ",;\t";
    for (const char *c = each; *c; c++)
        if (memchr(line.p, *c, line.n))
            return *c;
    return '\n';
}

static cut cut_line(st_str line)
{
    cut c = { .hint = KINDS, .hint_at = CELLS };
    char sep = separator(line);
    while (c.n < CELLS && next_cell(&line, sep, &c.cells[c.n])) {
        kind named = kind_named(st_str_trim(between(c.cells[c.n], '"', '"')));
        c.hint_at = named != KINDS && c.hint == KINDS ? c.n : c.hint_at;
        c.hint = named != KINDS ? named : c.hint;
        c.n++;
    }
    return c;
}

/* The kind of a cell's text, tidied, with what the line says of it; KINDS: it is no indicator. */
static kind kind_in(const cut *c, size_t i, st_str t)
{
    kind k = kind_of(t);
    bool alone = t.n > 2 && kind_named(t) == KINDS && !memchr(t.p, ' ', t.n);
    if (k == KINDS && i > c->hint_at && (c->hint == NAME || c->hint == PATH) && alone)
        return c->hint; /* a name without an ending */
    if ((k == DOMAIN || k == NAME) && (c->hint == NAME || c->hint == DOMAIN))
        return c->hint; /* com is both */
    return k;
}

/* Of a heading's words. */
static bool heads_a_column(st_str cell)
{
    return kind_named(cell) != KINDS || st_str_ieq(cell, ST_STR("type")) ||
           st_str_ieq(cell, ST_STR("value")) || st_str_ieq(cell, ST_STR("indicator")) ||
           st_str_ieq(cell, ST_STR("comment")) || st_str_ieq(cell, ST_STR("description"));
}

/* All cells but the indicator and kinds into comment; false: the line is a heading. */
static bool put_comment(const cut *c, size_t which, st_buf *comment)
{
    bool words = true;
    for (size_t i = 0; i < c->n; i++) {
        st_str cell = st_str_trim(between(c->cells[i], '"', '"'));
        words &= heads_a_column(cell);
        if (i == which || !cell.n || kind_named(cell) != KINDS)
            continue;
        st_buf_str(comment, comment->n ? ST_STR(", ") : ST_STR(""));
        st_buf_str(comment, cell);
    }
    return !words;
}

static void read_line(list *l, st_str line, size_t number)
{
    st_buf comment = { 0 };
    st_str value = { NULL, 0 };
    kind k = KINDS;
    size_t which = 0;
    line = st_str_trim(line);
    if (!line.n || line.p[0] == '#')
        return;
    cut c = cut_line(line);
    for (; which < c.n; which++) {
        value = tidied(l, c.cells[which]);
        k = kind_in(&c, which, value);
        if (k != KINDS)
            break;
    }
    bool says = put_comment(&c, which, &comment);
    if (k != KINDS)
        take(l, value, k, st_buf_slice(&comment));
    count(l, k != KINDS || !says, number);
    l->failed |= comment.failed;
    st_buf_free(&comment);
}

static void read_lines(list *l, st_str text)
{
    st_str line;
    for (size_t number = 1; !l->failed && st_str_cut(&text, '\n', &line); number++)
        read_line(l, line, number);
}

/* STIX */

/* A quoted text of a pattern at *at, which goes on behind it; \' and \\ are undone. */
static st_str pattern_text(list *l, st_str p, size_t *at)
{
    st_buf b = { 0 };
    size_t i = *at + 1;
    for (; i < p.n && p.p[i] != '\''; i++) {
        i += p.p[i] == '\\' && i + 1 < p.n;
        st_buf_char(&b, p.p[i]);
    }
    *at = i < p.n ? i + 1 : p.n;
    st_str s = st_arena_copy(&l->arena, st_buf_slice(&b));
    l->failed |= b.failed || l->arena.failed;
    st_buf_free(&b);
    return s;
}

static bool holds(st_str s, const char *word)
{
    return s.n && memmem(s.p, s.n, word, strlen(word));
}

/* Behind the quoted text that begins at p[i], or i + 1: there is none at i. */
static size_t past(st_str p, size_t i)
{
    if (p.p[i] != '\'')
        return i + 1;
    for (i++; i < p.n && p.p[i] != '\''; i++)
        i += p.p[i] == '\\';
    return i + 1;
}

/* Is the word there outside of quoted texts? */
static bool tells(st_str p, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= p.n; i = past(p, i))
        if (!memcmp(p.p + i, word, n))
            return true;
    return false;
}

/* What a comparison's left side asks for; KINDS: for what no table here has. */
static kind kind_of_path(st_str path)
{
    if (holds(path, "hashes"))
        return HASH;
    if (holds(path, "ipv4-addr:value") || holds(path, "ipv6-addr:value") ||
        holds(path, "_ref.value"))
        return ADDRESS;
    if (holds(path, "url:value"))
        return URL;
    if (holds(path, "domain-name:value"))
        return DOMAIN;
    return holds(path, "file:name") || holds(path, "process:name") ? NAME : KINDS;
}

/* One observation, what stands in brackets: of comparisons that must all hold the one that says
 * most is taken, of alternatives all. */
static bool read_observation(list *l, st_str p, st_str comment)
{
    indicator best = { { NULL, 0 }, { NULL, 0 }, KINDS };
    bool all = tells(p, " AND "), any = false, is_not = tells(p, "NOT ") || tells(p, "!=");
    size_t from = 0;
    st_str path = { p.p, 0 };
    for (size_t i = 0; i < p.n && !l->failed && !is_not;) {
        if (p.p[i] != '\'') {
            i++;
            continue;
        }
        st_str before = { p.p + from, i - from };
        bool key = i && p.p[i - 1] == '.'; /* file:hashes.'SHA-256' is no value */
        bool compares = holds(before, "=") || holds(before, " IN ") || holds(before, " ISSUBSET ");
        path = compares ? before : holds(before, ",") && path.n ? path : before;
        st_str text = tidied(l, pattern_text(l, p, &i));
        if (key)
            continue;
        kind k = compares || holds(before, ",") ? kind_of_path(path) : KINDS;
        from = i;
        kind seen = kind_of(text);
        if ((k == DOMAIN || k == ADDRESS) && (seen == ADDRESS || seen == NETWORK))
            k = seen;
        if (k == URL) /* of one without a path the host is left */
            k = seen == URL || seen == ADDRESS || seen == DOMAIN ? seen : DOMAIN;
        if (k == NAME && seen == PATH)
            k = PATH;
        if (k == KINDS || (k == HASH && seen != HASH) || !text.n)
            continue;
        any = true;
        if (!all)
            take(l, text, k, comment);
        else if (best.kind == KINDS || k < best.kind)
            best = (indicator){ text, comment, k };
    }
    if (all && best.kind != KINDS)
        take(l, best.value, best.kind, comment);
    return any;
}

static void read_pattern(list *l, st_str p, st_str comment, size_t number)
{
    bool any = false;
    size_t open = SIZE_MAX;
    for (size_t i = 0; i < p.n; i = past(p, i)) {
        if (p.p[i] == '[')
            open = i;
        if (p.p[i] == ']' && open != SIZE_MAX) {
            any |= read_observation(l, (st_str){ p.p + open + 1, i - open - 1 }, comment);
            open = SIZE_MAX;
        }
    }
    count(l, any, number);
}

/* Objects that are open: what each has of an indicator. */
typedef struct object {
    st_str pattern, name;
    bool other; /* the pattern's language isn't STIX's */
} object;

static st_code read_stix(list *l, st_str text, st_err *err)
{
    object open[ST_MAX_JSON_DEPTH + 1];
    st_str key = { NULL, 0 };
    size_t patterns = 0;
    st_json j;
    st_json_open_text(&j, ST_JSON_MANY, text);
    memset(open, 0, sizeof open);
    for (st_j step; (step = st_json_next(&j)) != ST_J_END && step != ST_J_BAD;) {
        object *o = &open[j.depth < ST_MAX_JSON_DEPTH ? j.depth : ST_MAX_JSON_DEPTH];
        if (step == ST_J_OBJECT)
            *o = (object){ .other = false };
        if (step == ST_J_KEY)
            key = st_arena_copy(&l->arena, j.text);
        if (step == ST_J_TEXT && st_str_eq(key, ST_STR("pattern")))
            o->pattern = st_arena_copy(&l->arena, j.text);
        if (step == ST_J_TEXT && st_str_eq(key, ST_STR("name")))
            o->name = st_arena_copy(&l->arena, j.text);
        if (step == ST_J_TEXT && st_str_eq(key, ST_STR("pattern_type")))
            o->other = !st_str_ieq(j.text, ST_STR("stix"));
        if (step == ST_J_OBJECT_END) { /* depth is that of what is around */
            o = &open[j.depth + 1 < ST_MAX_JSON_DEPTH ? j.depth + 1 : ST_MAX_JSON_DEPTH];
            patterns += o->pattern.n > 0;
            if (o->pattern.n && !o->other)
                read_pattern(l, o->pattern, o->name, patterns);
            else if (o->pattern.n)
                count(l, false, patterns);
            *o = (object){ .other = false };
        }
    }
    l->failed |= j.failed || l->arena.failed;
    st_code code = !j.why ? ST_OK
                          : st_fail(err, ST_E_RULE, "no JSON at byte %llu: %s",
                                    (unsigned long long)j.offset, j.why);
    st_json_close(&j);
    return code;
}

/* rules */

typedef struct form {
    kind kind;
    const char *id, *title, *query; /* v: the values, c: comments by value; gives Hit */
    bool weak;                      /* medium, not high */
} form;

#define HASHED(table)                                                \
    table " | where SHA256 in~ (v) or SHA1 in~ (v) or MD5 in~ (v)\n" \
          "| extend Hit = tolower(iff(SHA256 in~ (v), SHA256, iff(SHA1 in~ (v), SHA1, MD5)))\n"
/* A name, or one of up to three labels more. */
#define UNDER                                                                                    \
    "let up = (q:string, n:int) { strcat_array(array_slice(split(q, \".\"), n, -1), \".\") };\n" \
    "let under = (q:string) { let s = tolower(q); case(s in (v), s, up(s, 1) in (v), up(s, 1), " \
    "up(s, 2) in (v), up(s, 2), up(s, 3) in (v), up(s, 3), \"\") };\n"

/* What is in a text: a whole address, name or URL. */
#define WITHIN(table, text)                \
    table "| where " text " has_any (v)\n" \
          "| mv-expand Hit = v to typeof(string) | where " text " has Hit\n"
/* The network that an address is in; each address is asked once. */
#define IN_RANGE(rows, address)                                                              \
    "let rows = materialize(" rows ");\n"                                                    \
    "rows | lookup kind=inner (rows | distinct " address "\n"                                \
    "| where ipv4_is_in_any_range(" address ", v) or ipv6_is_in_any_range(" address ", v)\n" \
    "| mv-expand Hit = v to typeof(string)\n"                                                \
    "| where ipv4_is_in_range(" address ", Hit) or ipv6_is_in_range(" address                \
    ", Hit)) on " address "\n"
#define ADDRESSES_IN(rows, text)                                                            \
    IN_RANGE(rows "| where " text " matches regex @'\\d+\\.\\d+\\.\\d+\\.\\d+'\n"           \
                  "| mv-expand Address = extract_all(@'(\\d+\\.\\d+\\.\\d+\\.\\d+)', " text \
                  ") to typeof(string)\n",                                                  \
             "Address")
#define COMMANDS "DeviceProcessEvents "
#define DECODED                                                                   \
    "DeviceProcessEvents | extend Decoded = decoded_command(ProcessCommandLine) " \
    "| where isnotempty(Decoded)\n"
#define LOOKUPS "DeviceEvents | where ActionType == \"DnsQueryResponse\"\n"
#define TRANSFERS \
    "DeviceEvents | where ActionType in (\"BitsTransferStarted\", \"BitsTransferStopped\")\n"
#define SCRIPTS \
    "DeviceEvents | where ActionType in (\"PowerShellCommand\", \"PowerShellScriptBlock\")\n"
#define DESKTOPS                                                           \
    "DeviceEvents | where ActionType in (\"RemoteDesktopAuthenticated\", " \
    "\"RemoteDesktopLogon\", \"RemoteDesktopReconnected\", \"RemoteDesktopDisconnected\")\n"

static const form forms[] = {
    { HASH, "ioc-hash", "Indicator: hash of a program", HASHED("DeviceProcessEvents"), false },
    { HASH, "ioc-hash-file", "Indicator: hash of a file", HASHED("DeviceFileEvents"), false },
    { HASH, "ioc-hash-image", "Indicator: hash of a loaded image", HASHED("DeviceImageLoadEvents"),
      false },
    { NAME, "ioc-name", "Indicator: name of a program",
      COMMANDS "| where FileName in~ (v) | extend Hit = tolower(FileName)\n", false },
    { NAME, "ioc-name-file", "Indicator: name of a file",
      "DeviceFileEvents | where FileName in~ (v) | extend Hit = tolower(FileName)\n", false },
    { PATH, "ioc-path", "Indicator: path of a program",
      COMMANDS "| where FolderPath in~ (v) | extend Hit = tolower(FolderPath)\n", false },
    { PATH, "ioc-path-file", "Indicator: path of a file",
      "DeviceFileEvents | where FolderPath in~ (v) | extend Hit = tolower(FolderPath)\n", false },
    { ADDRESS, "ioc-address", "Indicator: address of a connection",
      "DeviceNetworkEvents | where RemoteIP in~ (v) | extend Hit = tolower(RemoteIP)\n", false },
    { ADDRESS, "ioc-address-command", "Indicator: address in a command",
      WITHIN(COMMANDS, "ProcessCommandLine"), false },
    { ADDRESS, "ioc-address-decoded", "Indicator: address in a decoded command",
      WITHIN(DECODED, "Decoded"), false },
    { ADDRESS, "ioc-address-logon", "Indicator: address of a logon",
      "DeviceLogonEvents | where RemoteIP in~ (v) | extend Hit = tolower(RemoteIP)\n", false },
    { ADDRESS, "ioc-address-desktop", "Indicator: address of a remote desktop",
      DESKTOPS "| where RemoteIP in~ (v) | extend Hit = tolower(RemoteIP)\n", false },
    { ADDRESS, "ioc-address-transfer", "Indicator: address of a transfer (BITS)",
      WITHIN(TRANSFERS, "RemoteUrl"), false },
    { ADDRESS, "ioc-address-script", "Indicator: address in a script",
      WITHIN(SCRIPTS, "AdditionalFields"), false },
    { NETWORK, "ioc-network", "Indicator: network of a connection",
      IN_RANGE("DeviceNetworkEvents", "RemoteIP"), false },
    { NETWORK, "ioc-network-logon", "Indicator: network of a logon",
      IN_RANGE("DeviceLogonEvents", "RemoteIP"), false },
    { NETWORK, "ioc-network-desktop", "Indicator: network of a remote desktop",
      IN_RANGE(DESKTOPS, "RemoteIP"), false },
    { NETWORK, "ioc-network-command", "Indicator: network of an address in a command",
      ADDRESSES_IN(COMMANDS, "ProcessCommandLine"), false },
    { NETWORK, "ioc-network-decoded", "Indicator: network of an address in a decoded command",
      ADDRESSES_IN(DECODED, "Decoded"), false },
    { URL, "ioc-url-command", "Indicator: URL in a command", WITHIN(COMMANDS, "ProcessCommandLine"),
      false },
    { URL, "ioc-url-decoded", "Indicator: URL in a decoded command", WITHIN(DECODED, "Decoded"),
      false },
    { URL, "ioc-url-transfer", "Indicator: URL of a transfer (BITS)",
      WITHIN(TRANSFERS, "RemoteUrl"), false },
    { URL, "ioc-url-script", "Indicator: URL in a script", WITHIN(SCRIPTS, "AdditionalFields"),
      false },
    { DOMAIN, "ioc-domain", "Indicator: name of a connection's host",
      UNDER "DeviceNetworkEvents | where isnotempty(RemoteUrl) | extend Hit = under(RemoteUrl) "
            "| where isnotempty(Hit)\n",
      false },
    { DOMAIN, "ioc-domain-lookup", "Indicator: name that was looked up",
      UNDER LOOKUPS "| extend Hit = under(tostring(AdditionalFields.DnsQueryString)) "
                    "| where isnotempty(Hit)\n",
      false },
    { DOMAIN, "ioc-domain-command", "Indicator: name of a host in a command",
      WITHIN(COMMANDS, "ProcessCommandLine"), false },
    { DOMAIN, "ioc-domain-decoded", "Indicator: name of a host in a decoded command",
      WITHIN(DECODED, "Decoded"), false },
    { DOMAIN, "ioc-domain-transfer", "Indicator: host of a transfer (BITS)",
      WITHIN(TRANSFERS, "RemoteUrl"), false },
    { DOMAIN, "ioc-domain-script", "Indicator: name of a host in a script",
      WITHIN(SCRIPTS, "AdditionalFields"), false },
    { HOST, "ioc-url-host", "Indicator: host of a URL, connected to",
      "DeviceNetworkEvents | extend Hit = iff(RemoteIP in~ (v), tolower(RemoteIP), "
      "tolower(RemoteUrl)) | where Hit in (v)\n",
      true },
    { HOST, "ioc-url-host-lookup", "Indicator: host of a URL, looked up",
      LOOKUPS "| extend Hit = tolower(tostring(AdditionalFields.DnsQueryString)) "
              "| where Hit in (v)\n",
      true },
    { HOST, "ioc-url-host-command", "Indicator: host of a URL in a command",
      WITHIN(COMMANDS, "ProcessCommandLine"), true },
    { HOST, "ioc-url-host-decoded", "Indicator: host of a URL in a decoded command",
      WITHIN(DECODED, "Decoded"), true },
};

static int by_value(const void *pa, const void *pb)
{
    const indicator *a = pa, *b = pb;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int d = st_str_cmp(a->value, b->value);
    return d ? d : st_str_cmp(a->comment, b->comment);
}

static void fold(list *l)
{
    size_t n = 0;
    if (l->n)
        qsort(l->v, l->n, sizeof *l->v, by_value);
    for (size_t i = 0; i < l->n; i++)
        if (!n || l->v[n - 1].kind != l->v[i].kind || !st_str_eq(l->v[n - 1].value, l->v[i].value))
            l->v[n++] = l->v[i];
    l->n = n;
}

static void put_values(const list *l, size_t from, size_t to, st_buf *b)
{
    bool more = false;
    st_buf_str(b, ST_STR("let v = dynamic(["));
    for (size_t i = from; i < to; i++) {
        st_buf_str(b, i > from ? ST_STR(",") : ST_STR(""));
        st_json_str(b, l->v[i].value);
    }
    st_buf_str(b, ST_STR("]);\nlet c = dynamic({"));
    for (size_t i = from; i < to; i++)
        if (l->v[i].comment.n) {
            st_buf_str(b, more ? ST_STR(",") : ST_STR(""));
            st_json_str(b, l->v[i].value);
            st_buf_char(b, ':');
            st_json_str(b, l->v[i].comment);
            more = true;
        }
    st_buf_str(b, ST_STR("});\n"));
}

static st_code add_rule(st_rules *r, const list *l, const form *f, size_t from, size_t to,
                        unsigned part, st_err *err)
{
    st_buf b = { 0 }, name = { 0 };
    st_buf_fmt(&name, "%s", f->id);
    if (part)
        st_buf_fmt(&name, "-%u", part + 1);
    st_buf_fmt(&b, "// title: %s\n// id: %.*s\n// level: %s\n// author: the list of indicators\n",
               f->title, ST_FMT(st_buf_slice(&name)), f->weak ? "medium" : "high");
    put_values(l, from, to, &b);
    st_buf_str(&b, st_str_of(f->query));
    st_buf_fmt(&b,
               "| extend Comment = tostring(c[Hit])\n"
               "| extend Reason = strcat(\"%s \", Hit, iff(isempty(Comment), \"\", "
               "strcat(\" (\", Comment, \")\")))\n",
               f->title);
    st_code code = b.failed || name.failed
                       ? st_fail(err, ST_E_MEMORY, "no memory for indicators")
                       : st_rules_load_text(r, st_buf_slice(&name), st_buf_slice(&b), err);
    st_buf_free(&b);
    st_buf_free(&name);
    return code;
}

static st_code add_rules(st_rules *r, const list *l, st_err *err)
{
    st_code code = ST_OK;
    for (size_t i = 0, end; i < l->n && code == ST_OK; i = end) {
        for (end = i; end < l->n && l->v[end].kind == l->v[i].kind;)
            end++;
        for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
            unsigned part = 0;
            for (size_t at = i; forms[k].kind == l->v[i].kind && at < end && code == ST_OK;
                 at += ST_INDICATORS_A_RULE)
                code = add_rule(r, l, &forms[k], at,
                                end - at < ST_INDICATORS_A_RULE ? end : at + ST_INDICATORS_A_RULE,
                                part++, err);
        }
    }
    return code;
}

/* the file */

static st_code read_text(st_str text, list *l, st_err *err)
{
    st_str begin = st_str_trim(text);
    while (begin.n && (unsigned char)begin.p[0] >= 0x80)
        begin = (st_str){ begin.p + 1, begin.n - 1 }; /* a byte order mark */
    bool json =
        begin.n && (begin.p[0] == '{' || (begin.p[0] == '[' && holds(begin, "\"pattern\"")));
    if (json && read_stix(l, begin, err) != ST_OK)
        return err->code;
    if (!json)
        read_lines(l, begin);
    if (l->failed)
        return st_fail(err, ST_E_MEMORY, "no memory for indicators");
    if (l->full)
        return st_fail(err, ST_E_LIMIT, "more than %zu indicators", ST_MAX_INDICATORS);
    if (!l->n)
        return st_fail(err, ST_E_RULE,
                       "no indicator in it: hashes, addresses, networks, URLs, domains, names and "
                       "paths are, one a line or in CSV, or STIX 2.1");
    fold(l);
    return ST_OK;
}

/* Without the hosts that were made of URLs. */
static size_t said(const list *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        n += l->v[i].kind != HOST;
    return n;
}

st_code st_indicators_add(st_rules *r, st_str text, st_indicators *told, st_err *err)
{
    list l = { .n = 0 };
    st_code code = read_text(text, &l, err);
    if (code == ST_OK && r)
        code = add_rules(r, &l, err);
    *told = (st_indicators){ said(&l), l.unread, l.first_unread };
    free(l.v);
    st_arena_free(&l.arena);
    return code;
}
