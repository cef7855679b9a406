/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_template.c - any bytes as the body of a template's definition in an otherwise sound chunk.
 * Three records use it: one whose event it is, with the values that a System has; one whose event
 * it is, with values of every kind; and one whose event is a sound one, and whose body it is.
 * Values of the first hold further instances, of the sound template and of the same one.
 */
#include "splice.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ID = 4, VALUES = 32 };

static void put_int(st_buf *b, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        st_buf_char(b, (char)(v >> (8 * i)));
}

typedef struct value {
    uint8_t type;
    st_str bytes;
} value;
#define V(type, lit)                \
    {                               \
        type,                       \
        {                           \
            "" lit, sizeof(lit) - 1 \
        }                           \
    }

/* What the outer template of the generator is given, without the body. */
static const value system_values[SPLICE_SYSTEM - 1] = {
    V(GEN_U8, "\4"),
    V(GEN_U8, "\0"),
    V(GEN_U16, "\1\0"),
    V(GEN_U16, "\1\0"),
    V(GEN_NULL, "\0\0"),
    V(GEN_HEX64, "\0\0\0\0\0\0\0\x80"),
    V(GEN_FILETIME, "\x60\x5a\xde\xb4\xa6\x7b\xdc\1"),
    V(GEN_NULL, ""),
    V(GEN_U32, "\xb0\x09\0\0"),
    V(GEN_U32, "\x5c\x0c\0\0"),
    V(GEN_U64, "\2\0\0\0\0\0\0\0"),
    V(GEN_U8, "\5"),
    V(GEN_SID, "\1\1\0\0\0\0\0\5\x12\0\0\0"),
    V(GEN_NULL, ""),
    V(GEN_STRING, "P\0&\0Q\0"),
    V(GEN_GUID, "\x5f\x38\x70\x57\x2a\xc2\xe0\x43\xbf\x4c\x06\xf5\x69\x8f\xfb\xd9"),
    V(GEN_STRING, "C\0"),
};

/* One of every kind, and what shouldn't be there: a wrong size, half a pair, arrays. */
static const value every_kind[] = {
    V(GEN_STRING, "a\0<\0\0\0\x3d\xd8"),
    V(GEN_ANSI, "caf\xe9\0"),
    V(GEN_I8, "\xff"),
    V(GEN_I16, "\xfe\xff"),
    V(GEN_I32, "\1"),
    V(GEN_I64, "\xff\xff\xff\xff\xff\xff\xff\x7f"),
    V(GEN_FLOAT, "\0\0\xc0\x7f"),
    V(GEN_DOUBLE, "\x9a\x99\x99\x99\x99\x99\xb9\x3f"),
    V(GEN_BOOL, "\1\0\0\0"),
    V(GEN_BINARY, "\0\xff"),
    V(GEN_SIZE, "\1\0\0\0"),
    V(GEN_SYSTEMTIME, "\xea\7\1\0\5\0\2\0\3\0\4\0\5\0\6\0"),
    V(GEN_HEX32, "\xe7\3\0\0"),
    V(GEN_STRINGS, "a\0\0\0b\0\0\0\0\0c\0"),
    V(0x80 | GEN_U16, "\1\0\2\0\3"),
    V(0x80 | GEN_SID, "\1\1\0\0\0\0\0\5\x12\0\0\0\1\1\0\0\0\0\0\5\x13\0\0\0"),
    V(0x80 | GEN_GUID, ""),
    V(0x7e, "what"),
    V(GEN_NULL, "leaked"),
    V(GEN_STRING, ""),
};

static void put_instance(st_buf *b, const char *id, uint32_t definition)
{
    st_buf_put(b, "\x0f\1\1\0\x0c\1", 6);
    st_buf_put(b, id, ID);
    put_int(b, definition, 4);
}

static void put_values(st_buf *b, const value *v, size_t n)
{
    put_int(b, n, 4);
    for (size_t i = 0; i < n; i++) {
        put_int(b, v[i].bytes.n, 2);
        put_int(b, v[i].type, 2);
    }
    for (size_t i = 0; i < n; i++)
        st_buf_str(b, v[i].bytes);
}

/* The values of a System and behind them the body, an instance. */
static void put_system(st_buf *b, st_str body)
{
    value v[SPLICE_SYSTEM];
    memcpy(v, system_values, sizeof system_values);
    v[SPLICE_SYSTEM - 1] = (value){ GEN_BXML, body };
    put_values(b, v, SPLICE_SYSTEM);
}

static void add(gen_log *g, st_buf *b)
{
    st_buf_char(b, '\0');
    gen_add_raw(g, st_buf_slice(b));
    st_buf_clear(b);
}

static void add_records(gen_log *g, st_str body)
{
    static const char id[16] = { 'f', 'u', 'z', 'z' };
    const char *sound = (const char *)gen_chunk(g) + SPLICE_OUTER + 4;
    uint32_t definition = gen_here(g) + SPLICE_DEFINITION;
    value v[VALUES];
    size_t kinds = sizeof every_kind / sizeof every_kind[0];
    st_buf b = { 0 }, inner = { 0 }, nested = { 0 };
    memcpy(v, every_kind, sizeof every_kind);
    put_instance(&nested, sound, SPLICE_OUTER);
    put_values(&nested, v, kinds);
    v[kinds] = (value){ GEN_BXML, st_buf_slice(&nested) };
    put_instance(&inner, id, definition);
    put_values(&inner, v, kinds + 1);
    /* The definition stands in the first record that uses it. */
    put_instance(&b, id, definition);
    put_int(&b, 0, 4);
    st_buf_put(&b, id, sizeof id);
    put_int(&b, body.n, 4);
    st_buf_str(&b, body);
    put_system(&b, st_buf_slice(&inner));
    add(g, &b);
    st_buf_str(&b, st_buf_slice(&inner));
    add(g, &b);
    put_instance(&b, sound, SPLICE_OUTER);
    put_system(&b, st_buf_slice(&inner));
    add(g, &b);
    st_buf_free(&b);
    st_buf_free(&inner);
    st_buf_free(&nested);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gen_log *g = splice_begin();
    if (!g)
        return 0;
    add_records(g, (st_str){ (const char *)data, size });
    splice_end(g);
    return 0;
}
