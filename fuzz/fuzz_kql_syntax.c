/*
 * fuzz_kql_syntax.c - any bytes as a rule's text: lexer, parser, diagnostics, printer.
 */
#include "rules/kql/ast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    st_arena arena = { 0 };
    st_kql_diags diags = { .arena = &arena };
    st_str text = { (const char *)data, size };
    st_kql_script script;
    st_buf out = { 0 };
    st_kql_diags_file(&diags, ST_STR("fuzz.kql"), text, 0, true);
    bool ok = st_kql_parse(&arena, text, &diags, &script);
    if (ok == (diags.errors > 0) && !arena.failed)
        __builtin_trap();
    if (ok)
        st_kql_print(&out, &script);
    for (size_t i = 0; i < diags.n; i++)
        st_diag_put(&out, &diags.items[i]);
    st_buf_free(&out);
    st_kql_diags_free(&diags);
    st_arena_free(&arena);
    return 0;
}
