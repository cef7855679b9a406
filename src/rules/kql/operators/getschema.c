/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* getschema.c - getschema: a row for each column of the rows so far. */
#include "rules/kql/operators/operators.h"

st_op *st_bind_op_getschema(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    static const char *const clr[] = {
        [ST_TYPE_BOOL] = "System.SByte",        [ST_TYPE_DATETIME] = "System.DateTime",
        [ST_TYPE_DYNAMIC] = "System.Object",    [ST_TYPE_GUID] = "System.Guid",
        [ST_TYPE_INT] = "System.Int32",         [ST_TYPE_LONG] = "System.Int64",
        [ST_TYPE_REAL] = "System.Double",       [ST_TYPE_STRING] = "System.String",
        [ST_TYPE_TIMESPAN] = "System.TimeSpan", [ST_TYPE_UNKNOWN] = "System.Object",
    };
    static const char *const names[] = { "ColumnName", "ColumnOrdinal", "DataType", "ColumnType" };
    (void)q;
    st_val *cells = ST_NEWN(&sc->r->arena, st_val, in->schema.n * 4);
    st_col cols[4];
    for (size_t i = 0; i < 4; i++)
        cols[i] = (st_col){ st_str_of(names[i]), i == 1 ? ST_TYPE_LONG : ST_TYPE_STRING };
    for (size_t i = 0; cells && i < in->schema.n; i++) {
        cells[4 * i] = st_val_str(&sc->r->mem, in->schema.v[i].name);
        cells[4 * i + 1] = st_val_long((int64_t)i);
        cells[4 * i + 2] = st_val_str(&sc->r->mem, st_str_of(clr[in->schema.v[i].type]));
        cells[4 * i + 3] = st_val_str(&sc->r->mem, st_str_of(st_type_name(in->schema.v[i].type)));
    }
    return cells ? st_op_values(sc->r, cols, 4, cells, in->schema.n) : NULL;
}
