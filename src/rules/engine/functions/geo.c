/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * geo.c - functions over points of the Earth, in degrees, the longitude first.
 *
 * The Earth is a sphere, as in Kusto, whose published distances a radius of 6,371,010 m gives.
 */
#include "rules/engine/functions/fn.h"

#include <math.h>
#include <string.h>

static const double RADIUS = 6371010; /* m */

typedef struct point {
    double lon, lat;
} point;

static bool point_of(const st_val *a, point *out)
{
    return st_val_number(a[0], &out->lon) && st_val_number(a[1], &out->lat) &&
           fabs(out->lon) <= 180 && fabs(out->lat) <= 90;
}

static double radians(double degrees)
{
    return degrees * M_PI / 180;
}

/* Along a great circle, by haversines: exact for points that are close, too. */
static double distance(point a, point b)
{
    double lat = sin(radians(b.lat - a.lat) / 2), lon = sin(radians(b.lon - a.lon) / 2);
    double h = lat * lat + cos(radians(a.lat)) * cos(radians(b.lat)) * lon * lon;
    return 2 * RADIUS * asin(sqrt(h < 1 ? h : 1));
}

static st_val f_distance(st_run *r, const st_expr *x, const st_val *a)
{
    point p, q;
    (void)r;
    (void)x;
    return point_of(a, &p) && point_of(a + 2, &q) ? st_val_real(distance(p, q)) : st_val_null();
}

static st_val f_in_circle(st_run *r, const st_expr *x, const st_val *a)
{
    point p, q;
    double radius;
    (void)r;
    (void)x;
    if (!point_of(a, &p) || !point_of(a + 2, &q) || !st_val_number(a[4], &radius) || !(radius > 0))
        return st_val_null();
    return st_val_bool(distance(p, q) <= radius);
}

/* geohashes: five bits a letter, halves of the longitudes and of the latitudes in turn */

static const char letters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
enum { LONGEST_HASH = 18, BITS = 5 };

typedef struct span {
    double from, to;
} span;

static double middle(span s)
{
    return (s.from + s.to) / 2;
}

static st_val f_to_geohash(st_run *r, const st_expr *x, const st_val *a)
{
    span half[2] = { { -180, 180 }, { -90, 90 } };
    int64_t n = x->nargs > 2 && a[2].tag == ST_VAL_LONG ? a[2].u.i : 5;
    point p;
    char text[LONGEST_HASH];
    if (!point_of(a, &p) || n < 1 || n > LONGEST_HASH || (x->nargs > 2 && a[2].tag == ST_VAL_NULL))
        return st_val_sid(ST_EMPTY);
    const double at[2] = { p.lon, p.lat };
    for (size_t i = 0, bit = 0; i < (size_t)n; i++) {
        unsigned v = 0;
        for (size_t k = 0; k < BITS; k++, bit++) {
            span *s = &half[bit % 2];
            double mid = middle(*s);
            bool upper = at[bit % 2] >= mid;
            v = v << 1 | upper;
            *(upper ? &s->from : &s->to) = mid;
        }
        text[i] = letters[v];
    }
    return st_val_str(&r->mem, (st_str){ text, (size_t)n });
}

/* false: it is none. */
static bool read_hash(st_str hash, span half[2])
{
    size_t bit = 0;
    if (!hash.n || hash.n > LONGEST_HASH)
        return false;
    for (size_t i = 0; i < hash.n; i++) {
        char c = hash.p[i];
        const char *at = c ? strchr(letters, c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) : NULL;
        if (!at)
            return false;
        for (size_t k = BITS; k-- > 0; bit++) {
            span *s = &half[bit % 2];
            double mid = middle(*s);
            *((at - letters) >> k & 1 ? &s->from : &s->to) = mid;
        }
    }
    return true;
}

/* The point as GeoJSON (RFC 7946). */
static st_val geojson(st_run *r, double lon, double lat)
{
    st_array *at = st_array_new(&r->mem, 2);
    st_bag *g = st_bag_new(&r->mem, 2);
    if (!at || !g)
        return st_val_null();
    at->v[0] = st_val_real(lon);
    at->v[1] = st_val_real(lat);
    g->keys[0] = st_val_str(&r->mem, ST_STR("type")).u.s;
    g->v[0] = st_val_str(&r->mem, ST_STR("Point"));
    g->keys[1] = st_val_str(&r->mem, ST_STR("coordinates")).u.s;
    g->v[1] = st_val_array(at);
    return st_val_bag(g);
}

static st_val f_from_geohash(st_run *r, const st_expr *x, const st_val *a)
{
    span half[2] = { { -180, 180 }, { -90, 90 } };
    (void)x;
    if (!read_hash(st_val_text(r, a[0]), half))
        return st_val_null();
    return geojson(r, middle(half[0]), middle(half[1]));
}

const st_fn st_functions_geo[] = {
    { "geo_distance_2points", "nnnn", 4, "real", NONE, f_distance,
      "metres between two points, each a longitude and a latitude" },
    { "geo_geohash_to_central_point", "s", 1, "dynamic", NONE, f_from_geohash,
      "the middle of a geohash, as GeoJSON" },
    { "geo_point_in_circle", "nnnnn", 5, "bool", NONE, f_in_circle,
      "is a point no further from another than a radius in metres?" },
    { "geo_point_to_geohash", "nni", 2, "string", NONE, f_to_geohash,
      "a point's geohash, of 5 letters or of as many as are asked for" },
    { 0 },
};
