/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decoded.c - what a command line says in base64: the argument of PowerShell's -EncodedCommand (any
 * prefix of it), of FromBase64String, and what is handed to base64 -d. Text alone, and nothing of
 * it is run; what was decoded is looked at once more.
 */
#include "base/decoded.h"

#include "base/limits.h"

#include <string.h>

/* Fewer letters of base64 than this are as likely a word. */
enum { LEAST_LETTERS = 16 };

enum { FILLS = 65 }; /* '=', which fills a piece up */

/* A digit's value and one, FILLS; 0: no letter of a piece. */
static const uint8_t DIGITS[256] = {
    ['A'] = 1,  ['B'] = 2,    ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
    ['H'] = 8,  ['I'] = 9,    ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
    ['O'] = 15, ['P'] = 16,   ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
    ['V'] = 22, ['W'] = 23,   ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
    ['c'] = 29, ['d'] = 30,   ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
    ['j'] = 36, ['k'] = 37,   ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
    ['q'] = 43, ['r'] = 44,   ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
    ['x'] = 50, ['y'] = 51,   ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58,   ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
    ['/'] = 64, ['='] = FILLS
};

static int digit_of(char c)
{
    uint8_t digit = DIGITS[(unsigned char)c];
    return digit == FILLS ? -1 : digit - 1;
}

/* What may stand in a piece. */
static bool is_letter(char c)
{
    return DIGITS[(unsigned char)c] != 0;
}

/* Has it a run of letters that is long enough for a piece? Most lines have none, and are told by a
 * look at every sixteenth character. */
static bool may_hold_piece(st_str s)
{
    for (size_t end = LEAST_LETTERS; end <= s.n;) {
        size_t n = 0;
        while (n < LEAST_LETTERS && is_letter(s.p[end - 1 - n]))
            n++;
        if (n == LEAST_LETTERS)
            return true;
        end += LEAST_LETTERS - n;
    }
    return false;
}

bool st_base64_decode(st_str s, st_buf *out)
{
    uint32_t acc = 0;
    unsigned bits = 0;
    while (s.n && s.p[s.n - 1] == '=')
        s.n--;
    for (size_t i = 0; i < s.n; i++) {
        int d = digit_of(s.p[i]);
        if (d < 0)
            return false;
        acc = acc << 6 | (uint32_t)d;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            st_buf_char(out, (char)(acc >> bits & 0xFFu));
        }
    }
    return s.n % 4 != 1;
}

/* Text is mostly characters that people write. */
static bool readable(st_str s)
{
    size_t good = 0, all = 0;
    for (size_t i = 0; i < s.n; all++) {
        uint32_t cp = st_utf8_next(s, &i);
        good += cp != UINT32_MAX && cp != 0xfffd &&
                (cp >= 0x20 || cp == '\t' || cp == '\n' || cp == '\r') &&
                (cp < 0x7f || (cp >= 0xa0 && cp < 0x3000));
    }
    return all && good * 10 >= all * 9;
}

/* Bytes as text: UTF-16 if every other one of the first is 0, else UTF-8. */
static bool as_text(st_str bytes, st_buf *out)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    size_t zeros = 0, pairs = bytes.n / 2;
    for (size_t i = 0; i < pairs; i++)
        zeros += p[2 * i + 1] == 0;
    st_buf_clear(out);
    if (pairs && zeros * 2 >= pairs)
        st_utf16le_put(out, p, bytes.n & ~(size_t)1);
    else if (st_utf8_valid(bytes))
        st_buf_str(out, bytes);
    return readable(st_buf_slice(out));
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

/* The run of base64 letters at i, behind blanks, quotes and brackets. */
static st_str letters_at(st_str s, size_t i)
{
    while (i < s.n && (is_space(s.p[i]) || is_quote(s.p[i]) || s.p[i] == '(' || s.p[i] == '\\'))
        i++;
    size_t end = i;
    while (end < s.n && is_letter(s.p[end]))
        end++;
    return (st_str){ s.p + i, end - i };
}

/* Is an option that begins an encoded command at i? "-e", "/enc", "–EncodedCommand", "-ec"; *end:
 * what is behind it. */
static bool option_at(st_str s, size_t i, size_t *end)
{
    static const char whole[] = "encodedcommand";
    uint32_t dash = st_utf8_next(s, &i);
    if (dash != '-' && dash != '/' && (dash < 0x2013 || dash > 0x2015))
        return false;
    size_t n = 0;
    while (i + n < s.n && n < sizeof whole - 1 && (s.p[i + n] | 32) == whole[n])
        n++;
    if (n == 1 && i + n < s.n && (s.p[i + n] | 32) == 'c')
        n++;
    *end = i + n;
    return n && *end < s.n && (is_space(s.p[*end]) || is_quote(s.p[*end]) || s.p[*end] == ':');
}

static bool word_at(st_str s, size_t i, st_str word)
{
    return s.n - i >= word.n && st_str_ieq((st_str){ s.p + i, word.n }, word);
}

/* The next piece of base64 that s decodes, from *i on. */
static bool next_piece(st_str s, bool pipes, size_t *i, st_str *piece)
{
    for (; *i < s.n; ++*i) {
        size_t end;
        bool fresh = !*i || is_space(s.p[*i - 1]) || is_quote(s.p[*i - 1]);
        if (fresh && option_at(s, *i, &end))
            *piece = letters_at(s, end + (s.p[end] == ':'));
        else if (word_at(s, *i, ST_STR("FromBase64String(")))
            *piece = letters_at(s, *i + 17);
        else if (pipes && fresh && digit_of(s.p[*i]) >= 0)
            *piece = letters_at(s, *i);
        else
            continue;
        if (piece->n >= LEAST_LETTERS) {
            *i = (size_t)(piece->p - s.p) + piece->n;
            return true;
        }
    }
    return false;
}

static bool has(st_str s, st_str word)
{
    for (size_t i = 0; i + word.n <= s.n; i++)
        if (word_at(s, i, word))
            return true;
    return false;
}

/* What s decodes, each piece behind the one before. */
static void decode(st_str s, st_buf *out)
{
    st_buf bytes = { 0 }, text = { 0 };
    if (!may_hold_piece(s))
        return;
    bool pipes = has(s, ST_STR("base64 -d")) || has(s, ST_STR("base64 --decode"));
    st_str piece;
    for (size_t i = 0; next_piece(s, pipes, &i, &piece);) {
        st_buf_clear(&bytes);
        if (!st_base64_decode(piece, &bytes) || !as_text(st_buf_slice(&bytes), &text))
            continue;
        st_buf_str(out, out->n ? ST_STR(" | ") : ST_STR(""));
        st_buf_str(out, st_buf_slice(&text));
    }
    out->failed |= bytes.failed || text.failed;
    st_buf_free(&bytes);
    st_buf_free(&text);
}

void st_decoded_put(st_str command_line, st_buf *out)
{
    st_buf now = { 0 }, next = { 0 }, all = { 0 };
    decode(command_line, &now);
    if (!now.n) { /* as of most */
        out->failed |= now.failed;
        st_buf_free(&now);
        return;
    }
    for (unsigned depth = 0; now.n && depth < ST_MAX_DECODED_DEPTH; depth++) {
        st_buf_str(&all, depth ? ST_STR(" => ") : ST_STR(""));
        st_buf_str(&all, st_buf_slice(&now));
        st_buf_clear(&next);
        decode(st_buf_slice(&now), &next);
        st_buf swap = now;
        now = next;
        next = swap;
    }
    size_t end = all.n;
    if (end > ST_MAX_DECODED)
        for (end = ST_MAX_DECODED; end && ((unsigned char)all.p[end] & 0xc0) == 0x80;)
            end--;
    st_buf_put(out, all.p ? all.p : "", end);
    if (end < all.n)
        st_buf_fmt(out, "\xe2\x80\xa6 +%zu bytes", all.n - end);
    out->failed |= now.failed || next.failed || all.failed;
    st_buf_free(&now);
    st_buf_free(&next);
    st_buf_free(&all);
}
