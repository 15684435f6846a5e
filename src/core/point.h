/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The points: every measured or computed value with its persistent number,
 * its name and its latest sample. The table for "now"; the hub is for change,
 * the history for then.
 *
 * A source owns points: a meter, or a virtual meter. Its uid never changes,
 * its name may. A point is a persistent number for (uid, quantity), stored in
 * the database and never given to something else; history keys, SNMP indexes
 * and supervisor registers come from it, never from a position in an array.
 * Retired points (their meter left the configuration) keep their number.
 */
#ifndef KW_CORE_POINT_H
#define KW_CORE_POINT_H

#include "base/sample.h"
#include "core/quantity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kw_db;
struct kw_db_table;

/* The stored numbers: core declares them among its tables. */
extern const struct kw_db_table kw_point_table, kw_source_table;

enum { KW_UID_SIZE = 16, KW_NAME_SIZE = 64, KW_POINT_NAME_SIZE = 128 };

struct kw_source {
    char uid[KW_UID_SIZE];   /* "m" or "v" and 12 hex digits */
    char name[KW_NAME_SIZE]; /* from the configuration */
    uint32_t number;         /* 1 and up, persistent: the key of its history */
    bool retired;
};

struct kw_point {
    uint32_t id; /* 1 and up, persistent */
    const struct kw_source *source;
    const struct kw_quantity *quantity;
    char name[KW_POINT_NAME_SIZE]; /* "<meter>.<quantity>" */
    uint8_t encoding;              /* enum kw_encoding of its raw values */
    uint8_t decimals;              /* for display: the map's resolution */
    bool retired;
    double scale;            /* base unit = number in raw * scale */
    int64_t period_ms;       /* expected between samples; 0 unknown */
    struct kw_sample latest; /* bad_never before the first */
};

struct kw_points;

/*
 * Reads the stored numbers. db is borrowed and written to through its queue;
 * NULL keeps everything in memory (the command line's `read`, tests). What
 * was stored is retired until a source and its points are named again. Free it
 * after the db was closed: the db's answers come here.
 */
KW_MUST_CHECK int kw_points_new(struct kw_points **points, struct kw_db *db,
                                const struct kw_quantities *quantities);
void kw_points_free(struct kw_points *points);

/*
 * The source of that name, made with a new uid when it is seen first (kind
 * 'm' or 'v'), un-retired when it was. uid may name a known one, which is
 * then renamed; NULL goes by name. KW_ECONFLICT when the uid has another
 * living name in this configuration.
 */
KW_MUST_CHECK int kw_points_source(struct kw_points *points, char kind,
                                   const char *name, const char *uid,
                                   struct kw_source **source);

/* What a source says of one of its points. */
struct kw_point_form {
    const struct kw_quantity *quantity;
    uint8_t encoding; /* enum kw_encoding */
    uint8_t decimals;
    double scale;
    int64_t period_ms;
};

/* The point of (source, quantity), numbered when it is new. */
KW_MUST_CHECK int kw_points_define(struct kw_points *points,
                                   struct kw_source *source,
                                   const struct kw_point_form *form,
                                   const struct kw_point **point);

/* The source and its points leave the configuration. */
void kw_points_retire(struct kw_points *points, struct kw_source *source);

/* By number or name; NULL when there is none. */
const struct kw_point *kw_points_get(const struct kw_points *points,
                                     uint32_t id);
const struct kw_point *kw_points_find(const struct kw_points *points,
                                      const char *name);

/* All, retired ones too, in order of their number; index < count. */
size_t kw_points_count(const struct kw_points *points);
const struct kw_point *kw_points_at(const struct kw_points *points,
                                    size_t index);

/*
 * The quality a reader should show at that moment: stale when the latest
 * sample is older than three periods.
 */
uint8_t kw_point_quality(const struct kw_point *point, int64_t now_ms);

/* The hub's: stores the samples as the latest. Unknown numbers are ignored. */
void kw_points_update(struct kw_points *points, const struct kw_sample *samples,
                      size_t count);

#endif
