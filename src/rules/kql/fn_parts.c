/* fn_parts.c - code of functions that take texts and bags apart: paths, URLs, bytes, members. */
#include "base/limits.h"
#include "rules/kql/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static st_str text(const st_krun *r, st_kv v)
{
    return st_pool_get(r->mem.pool,
                       v.tag == ST_KV_STRING || v.tag == ST_KV_GUID ? v.u.s : ST_EMPTY);
}

static st_kv from_buf(st_krun *r)
{
    return st_kv_str(&r->mem, st_buf_slice(&r->mem.buf));
}

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

static st_kbag *bag_of(st_krun *r, const member *m, size_t n, size_t more)
{
    st_kbag *g = st_kbag_new(&r->mem, n + more);
    for (size_t i = 0; g && i < n; i++) {
        g->keys[i] = st_kv_str(&r->mem, st_str_of(m[i].name)).u.s;
        g->v[i] = st_kv_str(&r->mem, m[i].text);
    }
    return g;
}

/* ---- paths ----------------------------------------------------------------------------- */

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

st_kv st_kf_parse_path(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, a[0]), scheme = ST_STR(""), root = ST_STR(""), stream = ST_STR("");
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
    return st_kv_bag(bag_of(r, m, 7, 0));
}

/* ---- URLs ------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Bad escapes stay as they are. */
st_kv st_kf_url_decode(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, a[0]);
    (void)x;
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '%' && s.n - i > 2 ? hex_digit(s.p[i + 1]) : -1,
            low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;
        if (low >= 0) {
            st_buf_char(&r->mem.buf, (char)(unsigned char)(high << 4 | low));
            i += 2;
        } else {
            st_buf_char(&r->mem.buf, (char)(s.p[i] == '+' ? ' ' : s.p[i]));
        }
    }
    return st_utf8_valid(st_buf_slice(&r->mem.buf)) ? from_buf(r) : a[0];
}

static st_kv url_encode(st_krun *r, st_kv v, bool plus)
{
    st_str s = text(r, v);
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                     (c && strchr("-_.!*()", c));
        if (plain || (plus && c == ' ')) {
            st_buf_char(&r->mem.buf, (char)(plain ? c : '+'));
        } else {
            st_buf_char(&r->mem.buf, '%');
            st_buf_hex(&r->mem.buf, &c, 1, false);
        }
    }
    return from_buf(r);
}
st_kv st_kf_url_encode(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return url_encode(r, a[0], true);
}
st_kv st_kf_url_encode_part(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return url_encode(r, a[0], false);
}

/* a=1&b=2 as a bag; a parameter twice: the last one counts. */
static st_kv parameters(st_krun *r, st_str q)
{
    size_t n = q.n ? 1 : 0;
    for (size_t i = 0; i < q.n; i++)
        n += q.p[i] == '&';
    st_kbag *g = st_kbag_new(&r->mem, n);
    for (size_t i = 0; g && i < n; i++) {
        size_t end = find(q, '&');
        st_str one = cut(q, 0, end);
        size_t eq = find(one, '=');
        g->keys[i] = st_kv_str(&r->mem, cut(one, 0, eq)).u.s;
        g->v[i] = st_kv_str(&r->mem, eq < one.n ? cut(one, eq + 1, one.n) : ST_STR(""));
        q = end < q.n ? cut(q, end + 1, q.n) : cut(q, q.n, q.n);
    }
    return st_kv_bag(g);
}

static st_kv with_query(st_krun *r, const member *m, size_t n, st_str query)
{
    st_kv q = parameters(r, query);
    st_kbag *g = bag_of(r, m, n, 1);
    if (g) {
        g->keys[n] = st_kv_str(&r->mem, ST_STR("Query Parameters")).u.s;
        g->v[n] = q;
    }
    return st_kv_bag(g);
}

/* Cuts s at c: what is behind it, "" if it isn't there. */
static st_str tail(st_str *s, char c)
{
    size_t at = find(*s, c);
    st_str t = at < s->n ? cut(*s, at + 1, s->n) : ST_STR("");
    *s = cut(*s, 0, at);
    return t;
}

st_kv st_kf_parse_url(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, a[0]), scheme = ST_STR(""), user = ST_STR(""), password = ST_STR("");
    (void)x;
    size_t colon = find(s, ':');
    if (colon && colon + 2 < s.n && s.p[colon + 1] == '/' && s.p[colon + 2] == '/') {
        scheme = cut(s, 0, colon);
        s = cut(s, colon + 3, s.n);
    }
    st_str fragment = tail(&s, '#'), query = tail(&s, '?');
    size_t slash = find(s, '/');
    st_str path = cut(s, slash, s.n), host = cut(s, 0, slash);
    size_t at = host.n;
    while (at && host.p[at - 1] != '@')
        at--;
    if (at) {
        user = cut(host, 0, at - 1);
        host = cut(host, at, host.n);
        password = tail(&user, ':');
    }
    size_t from = host.n && host.p[0] == '[' ? find(host, ']') : 0; /* IPv6 */
    st_str end = cut(host, from, host.n), port = tail(&end, ':');
    host.n = from + end.n;
    const member m[] = { { "Scheme", scheme },    { "Host", host },     { "Port", port },
                         { "Path", path },        { "Username", user }, { "Password", password },
                         { "Fragment", fragment } };
    return with_query(r, m, 7, query);
}

st_kv st_kf_parse_urlquery(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    return with_query(r, NULL, 0, text(r, a[0]));
}

/* ---- lists ----------------------------------------------------------------------------- */

typedef struct list {
    st_kv *v;
    size_t n, cap;
} list;

static bool push(st_krun *r, list *l, st_kv v)
{
    if (!st_grow(&l->v, &l->cap, l->n + 1, sizeof *l->v))
        return st_krun_nomem(r);
    l->v[l->n++] = v;
    return true;
}

/* The list as a value; its memory is given back. */
static st_kv close_list(st_krun *r, list *l)
{
    st_karray *out = st_karray_new(&r->mem, l->n);
    if (out && l->n)
        memcpy(out->v, l->v, l->n * sizeof *l->v);
    free(l->v);
    return st_kv_array(out);
}

/* The first record: fields in quotes may hold commas, line ends and doubled quotes. */
st_kv st_kf_parse_csv(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, a[0]);
    list l = { 0 };
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
            if (!push(r, &l, from_buf(r)))
                break;
            st_buf_clear(&r->mem.buf);
        } else
            st_buf_char(&r->mem.buf, c);
    }
    push(r, &l, from_buf(r));
    return close_list(r, &l);
}

st_kv st_kf_codepoints(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, a[0]);
    list l = { 0 };
    (void)x;
    for (size_t i = 0; i < s.n;)
        if (!push(r, &l, st_kv_long(st_utf8_next(s, &i))))
            break;
    return close_list(r, &l);
}

/* "" where a number isn't a code point. */
st_kv st_kf_make_string(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < x->nargs; i++) {
        size_t n = a[i].tag == ST_KV_ARRAY ? a[i].u.a->n : 1;
        for (size_t k = 0; k < n; k++) {
            st_kv v = a[i].tag == ST_KV_ARRAY ? a[i].u.a->v[k] : a[i];
            char t[4];
            if (v.tag != ST_KV_LONG || v.u.i < 0 || v.u.i > 0x10FFFF ||
                (v.u.i >= 0xD800 && v.u.i <= 0xDFFF))
                return st_kv_sid(ST_EMPTY);
            st_buf_put(&r->mem.buf, t, st_utf8_put(t, (uint32_t)v.u.i));
        }
    }
    return from_buf(r);
}

/* Numbers or ticks from a to b, both inclusive. */
st_kv st_kf_range(st_krun *r, const st_kx *x, const st_kv *a)
{
    double from, to, step = 1;
    list l = { 0 };
    bool whole = a[0].tag != ST_KV_REAL && a[1].tag != ST_KV_REAL &&
                 (x->nargs < 3 || a[2].tag != ST_KV_REAL),
         times = a[0].tag == ST_KV_DATETIME || a[0].tag == ST_KV_TIMESPAN;
    if (whole && a[0].tag != ST_KV_NULL && a[1].tag == a[0].tag) {
        int64_t at = a[0].u.i, by = x->nargs > 2 && a[2].tag != ST_KV_NULL ? a[2].u.i : 1;
        if (times && x->nargs < 3)
            by = INT64_C(36000000000);
        while (by && (by > 0 ? at <= a[1].u.i : at >= a[1].u.i) && l.n < ST_MAX_KQL_RANGE) {
            st_kv v = a[0];
            v.u.i = at;
            if (!push(r, &l, v) || __builtin_add_overflow(at, by, &at))
                break;
        }
        return close_list(r, &l);
    }
    if (!st_kv_number(a[0], &from) || !st_kv_number(a[1], &to) ||
        (x->nargs > 2 && !st_kv_number(a[2], &step)) || step == 0)
        return st_kv_null();
    for (size_t i = 0; l.n < ST_MAX_KQL_RANGE; i++) {
        double v = from + (double)i * step;
        if (!(step > 0 ? v <= to : v >= to) || !push(r, &l, st_kv_real(v)))
            break;
    }
    return close_list(r, &l);
}

/* Array i of the result holds the i-th elements; the shorter arrays are padded with null. */
st_kv st_kf_zip(st_krun *r, const st_kx *x, const st_kv *a)
{
    size_t n = 0;
    for (size_t i = 0; i < x->nargs; i++)
        if (a[i].tag == ST_KV_ARRAY && a[i].u.a->n > n)
            n = a[i].u.a->n;
    st_karray *out = st_karray_new(&r->mem, n);
    for (size_t k = 0; out && k < n; k++) {
        st_karray *one = st_karray_new(&r->mem, x->nargs);
        for (size_t i = 0; one && i < x->nargs; i++)
            if (a[i].tag == ST_KV_ARRAY && k < a[i].u.a->n)
                one->v[i] = a[i].u.a->v[k];
        out->v[k] = st_kv_array(one);
    }
    return st_kv_array(out);
}

/* ---- bags ------------------------------------------------------------------------------ */

static bool has_text(const st_karray *keys, st_sid key)
{
    for (size_t i = 0; i < keys->n; i++)
        if (keys->v[i].tag == ST_KV_STRING && keys->v[i].u.s == key)
            return true;
    return false;
}

st_kv st_kf_bag_remove_keys(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    if (a[0].tag != ST_KV_BAG || a[1].tag != ST_KV_ARRAY)
        return a[0];
    const st_kbag *in = a[0].u.g;
    st_kbag *out = st_kbag_new(&r->mem, in->n);
    size_t used = 0;
    for (size_t i = 0; out && i < in->n; i++) {
        if (has_text(a[1].u.a, in->keys[i]))
            continue;
        out->keys[used] = in->keys[i];
        out->v[used++] = in->v[i];
    }
    if (out)
        out->n = used;
    return st_kv_bag(out);
}

st_kv st_kf_bag_set_key(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    if (a[0].tag != ST_KV_BAG || a[1].tag != ST_KV_STRING)
        return st_kv_null();
    const st_kbag *in = a[0].u.g;
    size_t at = 0;
    while (at < in->n && in->keys[at] != a[1].u.s)
        at++;
    st_kbag *out = st_kbag_new(&r->mem, in->n + (at == in->n));
    for (size_t i = 0; out && i < in->n; i++) {
        out->keys[i] = in->keys[i];
        out->v[i] = in->v[i];
    }
    if (out) {
        out->keys[at] = a[1].u.s;
        out->v[at] = a[2];
    }
    return st_kv_bag(out);
}

/* The columns, as the binder names them: name, value ...; x->all leaves out what is empty. */
st_kv st_kf_pack_all(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_kbag *out = st_kbag_new(&r->mem, x->nargs / 2);
    size_t used = 0;
    for (size_t i = 0; out && i + 1 < x->nargs; i += 2) {
        st_kv v = a[i + 1];
        if (x->all && (v.tag == ST_KV_NULL || (v.tag == ST_KV_STRING && v.u.s == ST_EMPTY)))
            continue;
        out->keys[used] = a[i].u.s;
        out->v[used++] = v;
    }
    if (out)
        out->n = used;
    return st_kv_bag(out);
}

/* ---- numbers --------------------------------------------------------------------------- */

/* Two's complement in lower case, with leading zeros to a length. */
st_kv st_kf_tohex(st_krun *r, const st_kx *x, const st_kv *a)
{
    if (a[0].tag != ST_KV_LONG)
        return st_kv_sid(ST_EMPTY);
    int width = x->nargs > 1 && a[1].tag == ST_KV_LONG && a[1].u.i > 0 && a[1].u.i <= 64
                    ? (int)a[1].u.i
                    : 1;
    st_buf_clear(&r->mem.buf);
    st_buf_fmt(&r->mem.buf, "%0*llx", width, (unsigned long long)a[0].u.i);
    return from_buf(r);
}

st_kv st_kf_isascii(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str s = text(r, a[0]);
    (void)x;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] > 127)
            return st_kv_bool(false);
    return st_kv_bool(true);
}

#define REAL_TEST(name, test)                                                                      \
    st_kv name(st_krun *r, const st_kx *x, const st_kv *a)                                         \
    {                                                                                              \
        double d;                                                                                  \
        (void)r;                                                                                   \
        (void)x;                                                                                   \
        return st_kv_number(a[0], &d) ? st_kv_bool(test) : st_kv_null();                           \
    }
REAL_TEST(st_kf_isnan, isnan(d))
REAL_TEST(st_kf_isinf, isinf(d))
REAL_TEST(st_kf_isfinite, isfinite(d))

/* Each letter of the text that is in the first list becomes the one there in the second, whose
 * last letter stands for those beyond its end. */
st_kv st_kf_translate(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_str from = text(r, a[0]), to = text(r, a[1]), s = text(r, a[2]);
    (void)x;
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n;) {
        uint32_t c = st_utf8_next(s, &i), out = c;
        for (size_t f = 0, t = 0; f < from.n;) {
            uint32_t one = st_utf8_next(from, &f), with = 0;
            size_t was = t;
            if (t < to.n)
                with = st_utf8_next(to, &t);
            if (t >= to.n)
                t = was; /* stays at the last letter */
            if (one == c) {
                out = with;
                break;
            }
        }
        char u[4];
        if (out)
            st_buf_put(&r->mem.buf, u, st_utf8_put(u, out));
    }
    return from_buf(r);
}
