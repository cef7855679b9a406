/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_refused.c - functions of Kusto that aren't here, each with the reason. */
#include "rules/engine/functions/fn.h"

#define SKETCH "dcount() and percentile() are exact here, and nothing is kept in sketches"
#define ZONES "there is no time zone database; datetime_add() shifts by hours"
#define CLUSTER "there is no cluster, database or user here"
#define PLACES "of geography there are points only, not lines, polygons and cells"
#define FILTERS "signal filters and transforms aren't part of this program"
#define UNITS "units of measure aren't part of this program"
#define STATISTICS "statistical tests aren't part of this program"
#define PACKED "what a compressor gives depends on its version; only decompressing is here"

const st_fn st_functions_refused[] = {
    REFUSED("assert", "a query can't stop itself here"),
    REFUSED("beta_cdf", STATISTICS),
    REFUSED("beta_inv", STATISTICS),
    REFUSED("beta_pdf", STATISTICS),
    REFUSED("convert_angle", UNITS),
    REFUSED("convert_energy", UNITS),
    REFUSED("convert_force", UNITS),
    REFUSED("convert_length", UNITS),
    REFUSED("convert_mass", UNITS),
    REFUSED("convert_speed", UNITS),
    REFUSED("convert_temperature", UNITS),
    REFUSED("convert_volume", UNITS),
    REFUSED("current_cluster_endpoint", CLUSTER),
    REFUSED("current_database", CLUSTER),
    REFUSED("current_principal", CLUSTER),
    REFUSED("current_principal_details", CLUSTER),
    REFUSED("current_principal_is_member_of", CLUSTER),
    REFUSED("cursor_after", CLUSTER),
    REFUSED("cursor_before_or_at", CLUSTER),
    REFUSED("cursor_current", CLUSTER),
    REFUSED("datetime_list_timezones", ZONES),
    REFUSED("datetime_local_to_utc", ZONES),
    REFUSED("datetime_to_locale_string", "no result depends on a locale; use format_datetime()"),
    REFUSED("datetime_utc_to_local", ZONES),
    REFUSED("dcount_hll", SKETCH),
    REFUSED("estimate_data_size", "rows aren't stored as in Kusto; use string_size()"),
    REFUSED("extent_id", CLUSTER),
    REFUSED("extent_tags", CLUSTER),
    REFUSED("geo_distance_point_to_line", PLACES),
    REFUSED("geo_distance_point_to_polygon", PLACES),
    REFUSED("geo_geohash_to_polygon", PLACES),
    REFUSED("geo_point_in_polygon", PLACES),
    REFUSED("geo_point_to_h3cell", PLACES),
    REFUSED("geo_point_to_s2cell", PLACES),
    REFUSED("geo_polygon_area", PLACES),
    REFUSED("geo_polygon_to_s2cells", PLACES),
    REFUSED("geo_s2cell_to_central_point", PLACES),
    REFUSED("gzip_compress_to_base64_string", PACKED),
    REFUSED("hll_isvalid", SKETCH),
    REFUSED("parse_user_agent", "a list of browsers isn't part of this program; use extract()"),
    REFUSED("percentile_array_tdigest", SKETCH),
    REFUSED("percentile_tdigest", SKETCH),
    REFUSED("percentiles_array_tdigest", SKETCH),
    REFUSED("percentrank_tdigest", SKETCH),
    REFUSED("rank_tdigest", SKETCH),
    REFUSED("series_decompose_forecast", "forecasts aren't part of this program"),
    REFUSED("series_fft", FILTERS),
    REFUSED("series_fit_poly", "only lines are fitted here; use series_fit_line()"),
    REFUSED("series_ifft", FILTERS),
    REFUSED("series_iir", FILTERS),
    REFUSED("welch_test", STATISTICS),
    REFUSED("zlib_compress_to_base64_string", PACKED),
    { 0 },
};
