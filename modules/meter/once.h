/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads one meter once, by a register map request after request or registers
 * as they are, and gives the result as JSON: the same for POST /read and for
 * `kilowatch read`.
 */
#ifndef KW_METER_ONCE_H
#define KW_METER_ONCE_H

#include "meter/compute.h"
#include "meter/plan.h"
#include "meter/preview.h"
#include "meter/request.h"

struct kw_buf;
struct kw_map;

/* What one point gave. */
struct kw_meter_once_value {
    uint8_t quality; /* enum kw_quality */
    double value;    /* base unit */
    char *text;      /* of an attribute: in texts */
};

struct kw_meter_once {
    struct kw_meter_request request;
    struct kw_meter_line *line;
    const struct kw_clock *clock;
    struct kw_map *map; /* held; NULL: registers as they are */
    struct kw_meter_range range;
    unsigned char *data; /* of range, as it came */
    uint8_t unit;
    unsigned load;
    unsigned tries;  /* left for the request under way */
    unsigned asked;  /* requests so far */
    size_t at;       /* request of the plan */
    bool answered;   /* anything at all */
    bool heard;      /* or refused */
    unsigned silent; /* blocks without an answer, in a row */
    uint64_t rtt_us; /* longest round trip */
    struct kw_plan plan;
    struct kw_meter_compute compute;
    struct kw_meter_once_value *values; /* one a point of the map */
    char *texts;
    /* Once, when all is read or the meter does not answer. */
    void (*done)(struct kw_meter_once *once);
    void *arg;
};

/* map is held; load must be one that it has. KW_ENOMEM. */
KW_MUST_CHECK int kw_meter_once_init(struct kw_meter_once *once,
                                     struct kw_map *map, uint8_t unit,
                                     unsigned load);
/* Without a map: what lies in range, in one request. KW_ENOMEM. */
KW_MUST_CHECK int kw_meter_once_init_range(struct kw_meter_once *once,
                                           uint8_t unit,
                                           const struct kw_meter_range *range);
/* Also stops it. */
void kw_meter_once_fini(struct kw_meter_once *once);

/* done and arg must be set. KW_EIO when the line is down, KW_EFULL. */
KW_MUST_CHECK int kw_meter_once_start(struct kw_meter_once *once,
                                      struct kw_meter_line *line,
                                      const struct kw_clock *clock);

/* {"line","unit","load","profile","title","values":[{"quantity","title",
 * "unit","value","quality"}],"attributes":{}} after done; of registers as they
 * are {"line","unit","quality", and what kw_meter_preview gives}. */
void kw_meter_once_format(const struct kw_meter_once *once, struct kw_buf *out);

#endif
