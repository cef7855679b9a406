/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classes.c - the table of known differences. A class says which sides it is about and has a
 * test that looks at the record itself, never only at the fact that something differs.
 */
#include "evtx/format.h"
#include "evtx/classes.h"
#include "evtx/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    st_class c;
    unsigned sides; /* 1 << st_side */
    bool (*explains)(const st_look_at *l);
} row;

enum { DIFFER = 1 << ST_DIFFER, NATIVE = 1 << ST_ONLY_NATIVE, LIBEVTX = 1 << ST_ONLY_LIBEVTX };

/* records that only the native reader has */

static bool is_literal(const st_look_at *l)
{
    return (l->record->flags & ST_R_LITERAL) != 0;
}

static bool is_borrowed(const st_look_at *l)
{
    return (l->record->flags & ST_R_BORROWED) != 0;
}

static bool is_partial(const st_look_at *l)
{
    return (l->record->flags & ST_R_PARTIAL) != 0 && l->record->damage;
}

static bool is_repaired(const st_look_at *l)
{
    return (l->record->flags & ST_R_REPAIRED) != 0;
}

/* Its template, or a nested one, isn't where the record says: the native reader had to look for it,
 * or did without. Of left-over records alone: a live one's is there, or neither reads it. */
static bool is_left_over(const st_look_at *l)
{
    return l->record->origin == ST_O_SLACK && (is_borrowed(l) || is_partial(l));
}

static bool is_limited(const st_look_at *l)
{
    return l->limited;
}

static bool is_ended(const st_look_at *l)
{
    return l->ended;
}

/* The place of a name, in four bytes: behind the chunk's header, in the chunk. */
static bool is_place(const unsigned char *p)
{
    return p[1] >= 2 && !p[2] && !p[3];
}

/* Found in bytes that are no log's chunk; libevtx is given chunks only. */
static bool is_carved(const st_look_at *l)
{
    return l->record->origin == ST_O_CARVED;
}

/* Does an attribute's head end right before i? Its token, the place of its name, and, where
 * the name is met for the first time, the name itself. */
static bool attribute_before(const unsigned char *b, size_t i)
{
    if (i >= 5 && (b[i - 5] & 0xbf) == 0x06 && is_place(b + i - 4))
        return true;
    for (size_t c = 1; c <= 64 && i >= 15 + 2 * c; c++)
        if ((b[i - 15 - 2 * c] & 0xbf) == 0x06 && is_place(b + i - 14 - 2 * c) &&
            st_le16(b + i - 4 - 2 * c) == c)
            return true;
    return false;
}

/* A reference (&amp; or &#38;) within the text of an attribute. */
static bool has_attribute_reference(const st_look_at *l)
{
    const unsigned char *b = l->raw;
    size_t n = b ? l->nraw : 0;
    for (size_t i = 24; i + 5 <= n; i++) {
        size_t at = i;
        if (!attribute_before(b, i))
            continue;
        while (at + 5 <= n && (b[at] & 0xbf) == 0x05 && b[at + 1] == 0x01)
            at += 4 + 2 * (size_t)st_le16(b + at + 2);
        if (at + 5 <= n &&
            ((b[at] & 0xbf) == 0x08 || ((b[at] & 0xbf) == 0x09 && is_place(b + at + 1))))
            return true;
    }
    return false;
}

static bool is_high(unsigned unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(unsigned unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

static bool ends_in_half(const st_value *v)
{
    return v->p && v->type == ST_V_STRING && v->n >= 2 && is_high(st_le16(v->p + (v->n & ~1u) - 2));
}

/* A text ends in the first half of a character. */
static bool has_broken_end(const st_look_at *l)
{
    const st_record *r = l->record;
    bool any =
        ends_in_half(&r->provider) || ends_in_half(&r->channel) || ends_in_half(&r->computer);
    for (size_t i = 0; i < r->nfields && !any; i++)
        any = ends_in_half(&r->fields[i].value);
    return any;
}

/* A text holds the first half of a character without the second, or the second without the first.
 */
static bool has_half(const st_value *v)
{
    bool open = false;
    if (!v->p || v->type != ST_V_STRING)
        return false;
    for (uint32_t i = 0; i + 2 <= v->n; i += 2) {
        unsigned unit = st_le16(v->p + i);
        if (is_low(unit) != open)
            return true;
        open = is_high(unit);
    }
    return open;
}

static bool has_broken_text(const st_look_at *l)
{
    const st_record *r = l->record;
    bool any = has_half(&r->provider) || has_half(&r->channel) || has_half(&r->computer);
    for (size_t i = 0; i < r->nfields && !any; i++)
        any = has_half(&r->fields[i].value);
    return any;
}

/* libevtx of 2024 gives up a record that has a value of type size. */
static bool has_size(const st_look_at *l)
{
    for (size_t i = 0; i < l->record->nfields; i++)
        if (l->record->fields[i].value.type == ST_V_SIZE)
            return true;
    return false;
}

/* The array of values of a template instance, as it stands in the record's bytes. */
typedef struct values {
    const unsigned char *specs;
    size_t count, first; /* place of the first value */
} values;

/* The instance behind the fragment header at `at`. Its template may stand in it, under its id. */
static bool values_at(const st_look_at *l, size_t at, values *out)
{
    const unsigned char *b = l->raw;
    if (!b || at > l->nraw || l->nraw - at < 18 || b[at] != 0x0f || (b[at + 4] & 0xbf) != 0x0c)
        return false;
    size_t count = at + 14;
    if (l->nraw - at >= 42 && st_le32(b + at + 18) == st_le32(b + at + 6)) {
        count += 24 + (size_t)st_le32(b + at + 34);
        if (count + 4 > l->nraw)
            return false;
    }
    out->count = st_le32(b + count);
    out->specs = b + count + 4;
    if (out->count > (l->nraw - count - 4) / 4)
        return false;
    out->first = count + 4 + 4 * out->count;
    return true;
}

/* Where the record's value that is binary XML begins; 0: it has none. */
static size_t body_of(const st_look_at *l)
{
    values v;
    if (!values_at(l, 24, &v))
        return 0;
    size_t at = v.first;
    for (size_t i = 0; i < v.count && at < l->nraw; i++) {
        if (v.specs[4 * i + 2] == ST_V_BINXML && st_le16(v.specs + 4 * i))
            return at;
        at += st_le16(v.specs + 4 * i);
    }
    return 0;
}

static bool has_empty_body(const st_look_at *l)
{
    size_t at = body_of(l);
    return at && l->raw[at] == 0 && !l->record->nfields;
}

/* A value of type null in an element that is there all the same: its substitution isn't optional,
 * or the native reader would have left the element out. */
static bool has_null_shown(const st_look_at *l)
{
    const st_record *r = l->record;
    values v;
    size_t at = body_of(l), shown = 0, nulls = 0;
    if (!at || !values_at(l, at, &v))
        return false;
    for (size_t i = 0; i < r->nfields; i++)
        shown += r->fields[i].value.type == ST_V_NULL;
    for (size_t i = 0; i < v.count; i++)
        nulls += v.specs[4 * i + 2] == ST_V_NULL;
    return shown && nulls >= shown;
}

/* records that only libevtx has */

/* The time in the record's own header is none that the format's software could have written. */
static bool has_no_time(const st_look_at *l)
{
    static const uint64_t from = UINT64_C(127805472000000000), to = UINT64_C(157469184000000000);
    uint64_t time = l->record->written; /* 2006 .. 2100 */
    return l->record->origin == ST_O_SLACK && (time < from || time >= to);
}

/* values */

/* The first half of a character without the second takes the unit behind it along. */
static bool is_swallowed(const st_look_at *l)
{
    const st_value *v = l->value;
    st_buf b = { 0 };
    bool lone = false;
    if (!v || !v->p || v->type != ST_V_STRING)
        return false;
    for (uint32_t i = 0; i + 2 <= v->n;) {
        unsigned unit = st_le16(v->p + i), next = i + 4 <= v->n ? st_le16(v->p + i + 2) : 0;
        bool pair = is_high(unit) && is_low(next);
        bool half = !pair && (is_high(unit) || is_low(unit));
        if (half)
            st_buf_put(&b, "\xef\xbf\xbd", 3);
        else
            st_utf16le_put(&b, v->p + i, pair ? 4 : 2);
        lone |= half;
        i += pair || (half && is_high(unit)) ? 4 : 2;
    }
    bool same = lone && !b.failed && st_str_eq(st_buf_slice(&b), l->libevtx);
    st_buf_free(&b);
    return same;
}

/* A negative number read as a sign and the other bits: -5 in a byte (0xfb) becomes -123 (0x7b). */
static bool is_sign_and_size(const st_look_at *l)
{
    const st_value *v = l->value;
    uint64_t bits = 0;
    if (!v || !v->p || v->n > 8 ||
        (v->type != ST_V_I8 && v->type != ST_V_I16 && v->type != ST_V_I32 && v->type != ST_V_I64))
        return false;
    for (uint32_t i = v->n; i-- > 0;)
        bits = bits << 8 | v->p[i];
    uint64_t top = v->n ? UINT64_C(1) << (8 * v->n - 1) : 0;
    st_buf b = { 0 };
    if (!(bits & top))
        return false;
    st_buf_char(&b, '-');
    st_buf_u64(&b, bits & ~top);
    bool same = !b.failed && st_str_eq(st_buf_slice(&b), l->libevtx);
    st_buf_free(&b);
    return same;
}

/* libevtx writes seven digits. */
static bool is_rounded(const st_look_at *l)
{
    const st_value *v = l->value;
    char ours[40], theirs[40];
    if (!v || !v->p || l->libevtx.n >= sizeof theirs)
        return false;
    if ((v->type != ST_V_FLOAT || v->n != 4) && (v->type != ST_V_DOUBLE || v->n != 8))
        return false;
    double d = st_value_double(v->p, v->n);
    memcpy(theirs, l->libevtx.p, l->libevtx.n);
    theirs[l->libevtx.n] = 0;
    char *end = theirs;
    double other = strtod(theirs, &end);
    if (end == theirs || *end)
        return false;
    snprintf(ours, sizeof ours, "%.6e", d);
    snprintf(theirs, sizeof theirs, "%.6e", other);
    return strcmp(ours, theirs) == 0;
}

static bool is_decimal_size(const st_look_at *l)
{
    uint64_t a, b;
    return l->value && l->value->type == ST_V_SIZE && st_value_u64(l->value, &a) &&
           st_str_u64(l->libevtx, &b) && a == b;
}

static bool is_short_time(const st_look_at *l)
{
    st_ticks a, b;
    return l->value && l->value->type == ST_V_SYSTEMTIME && st_value_ticks(l->value, &a) &&
           st_time_iso(l->libevtx, &b) && a == b;
}

/* U+FEFF in front is taken for a byte order mark. */
static bool is_bom(const st_look_at *l)
{
    st_str rest = l->native;
    if (!l->value || rest.n < 3 || memcmp(rest.p, "\xef\xbb\xbf", 3) != 0)
        return false;
    rest.p += 3;
    rest.n -= 3;
    return st_str_eq(rest, l->libevtx);
}

static bool is_line_feed(const st_look_at *l)
{
    return l->value && st_str_eq(l->native, ST_STR("\n")) && l->libevtx.n == 0;
}

/* the table */

static const row ROWS[] = {
    { { "reader-ended",
        "the process that libevtx runs in crashed, hung or met its limits over the record's chunk; "
        "it was replaced, and the chunk left to the native reader" },
      DIFFER | NATIVE | LIBEVTX,
      is_ended },
    { { "work-limit",
        "the record asks for more work or text than one may take; the native reader's fields or "
        "XML end there" },
      DIFFER,
      is_limited },
    { { "other-template",
        "the record is left over and its template was overwritten; libevtx lays over it what "
        "stands there now" },
      DIFFER,
      is_left_over },
    { { "literal-record",
        "the record was written without a template, as event collectors do; libevtx takes an "
        "attribute's text for a bad token and gives up" },
      NATIVE,
      is_literal },
    { { "borrowed-template",
        "the record's own template is gone; the native reader found the same one elsewhere in "
        "the source, libevtx doesn't look" },
      NATIVE,
      is_borrowed },
    { { "partial-record",
        "the record, its template or its names are damaged; the native reader gives what is left, "
        "libevtx all or nothing" },
      NATIVE,
      is_partial },
    { { "repaired-record",
        "a size, count or signature of the record is wrong and could be corrected from the rest; "
        "libevtx doesn't try" },
      NATIVE,
      is_repaired },
    { { "attribute-reference",
        "an attribute's text holds a character or entity reference, which libevtx doesn't know "
        "there" },
      NATIVE,
      has_attribute_reference },
    { { "half-character-at-end",
        "a text ends in the first half of a UTF-16 pair; libevtx can't convert it and gives up "
        "the record" },
      NATIVE,
      has_broken_end },
    { { "half-character-refused",
        "a text holds half of a UTF-16 pair; libevtx of 2024 can't convert it and gives up the "
        "record" },
      NATIVE,
      has_broken_text },
    { { "size-refused", "a value is of type size, for which libevtx of 2024 gives up the record" },
      NATIVE,
      has_size },
    { { "null-not-optional",
        "a value of type null stands where the template's substitution isn't optional; libevtx "
        "can't put it in" },
      NATIVE,
      has_null_shown },
    { { "empty-body",
        "the record's data is a stream that ends where it begins, as left-over records that were "
        "overwritten have; the native reader gives System alone, libevtx nothing" },
      NATIVE,
      has_empty_body },
    { { "carved-record", "the record was carved from bytes that are no chunk of a log; libevtx is "
                         "given chunks only" },
      NATIVE,
      is_carved },
    { { "no-header-time",
        "what looks like a record in slack has no possible time in its header; the native reader "
        "passes it over" },
      LIBEVTX,
      has_no_time },
    { { "sign-and-size",
        "libevtx takes a negative number for a sign and a size: it shows -5 in a byte as -123" },
      DIFFER,
      is_sign_and_size },
    { { "rounded-number", "libevtx rounds floating-point numbers to seven digits" },
      DIFFER,
      is_rounded },
    { { "decimal-size",
        "libevtx shows a value of type size in decimal, where the vendor's software has it in "
        "hexadecimal" },
      DIFFER,
      is_decimal_size },
    { { "milliseconds",
        "libevtx shows a SYSTEMTIME with three digits behind the second, the native reader with "
        "seven" },
      DIFFER,
      is_short_time },
    { { "half-character",
        "behind the first half of a UTF-16 pair without the second libevtx loses a character" },
      DIFFER,
      is_swallowed },
    { { "byte-order-mark", "libevtx drops U+FEFF at the beginning of a text" }, DIFFER, is_bom },
    { { "line-feed-only", "libevtx gives a text that is one line feed as empty" },
      DIFFER,
      is_line_feed },
};
enum { NROWS = sizeof ROWS / sizeof ROWS[0] };
_Static_assert(NROWS <= 64, "a record's classes are bits of 64");

size_t st_class_count(void)
{
    return NROWS;
}

const st_class *st_class_at(size_t i)
{
    return i < NROWS ? &ROWS[i].c : NULL;
}

int st_class_of(const st_look_at *l)
{
    for (int i = 0; i < NROWS; i++)
        if ((ROWS[i].sides & (1u << l->side)) && ROWS[i].explains(l))
            return i;
    return -1;
}

/* Is libevtx's text that of the value, by its type? */
static bool says_the_same(const st_items *ours, size_t i, st_str libevtx)
{
    char room[ST_SPELLED];
    uint64_t a, b;
    st_ticks t, u;
    const st_value *v = &ours->at[i].value;
    if (st_str_eq(st_item_spelled(ours, i, room), libevtx))
        return true;
    if (v->type == ST_V_HEX32 || v->type == ST_V_HEX64)
        return st_value_u64(v, &a) && st_str_u64_any(libevtx, &b) && a == b;
    return v->type == ST_V_FILETIME && st_value_ticks(v, &t) && st_time_iso(libevtx, &u) && t == u;
}

void st_judge_fields(const st_record *r, const st_items *ours, const st_items *theirs,
                     void (*found)(void *ctx, const st_look_at *l, int why), void *ctx)
{
    size_t n = ours->n > theirs->n ? ours->n : theirs->n;
    bool named = true;
    for (size_t i = 0; i < n && named; i++) {
        st_look_at l = { .side = ST_DIFFER, .record = r };
        named = i < ours->n && i < theirs->n &&
                st_str_eq(st_item_name(ours, i), st_item_name(theirs, i));
        l.field = i < ours->n ? st_item_name(ours, i) : st_item_name(theirs, i);
        l.native = i < ours->n ? st_item_text(ours, i) : ST_STR("");
        l.libevtx = i < theirs->n ? st_item_text(theirs, i) : ST_STR("");
        if (named)
            l.value = &ours->at[i].value;
        if (!named || (!st_str_eq(l.native, l.libevtx) && !says_the_same(ours, i, l.libevtx)))
            found(ctx, &l, st_class_of(&l));
    }
}
