/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the query say what it may look like; what they can't say (names
 * that exist, times in order, a step that isn't too short) is checked here,
 * and refused in one sentence with a stable key.
 */
#include "history/query.h"

#include "base/text.h"
#include "core/point.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const int64_t hour_ms = 3600000;
static const int64_t longest_ms = INT64_C(20) * 366 * 86400000;

enum { POINTS_BYTES = KW_HISTORY_QUERY_POINTS * KW_POINT_NAME_SIZE };

const struct kw_setting kw_history_query_rows[] = {
    {.key = "points",
     .kind = KW_KIND_TEXT,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct kw_history_query_text, points),
     .min = 1,
     .max = POINTS_BYTES,
     .help = "Numbers or names of points, at most 64, with commas."},
    {.key = "from",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct kw_history_query_text, from),
     .max = 40,
     .help = "First time, RFC 3339 or Unix ms; an hour before `to`."},
    {.key = "to",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct kw_history_query_text, to),
     .max = 40,
     .help = "End, not included, RFC 3339 or Unix ms; now."},
    {.key = "step",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct kw_history_query_text, step),
     .max = 40,
     .help = "Length of a step, a duration or ms; without it raw samples."},
    {.key = "limit",
     .kind = KW_KIND_INT,
     .offset = offsetof(struct kw_history_query_text, limit),
     .preset = "50000",
     .min = 1,
     .max = KW_HISTORY_QUERY_ROWS,
     .help = "Most rows of a point; a query that gives more is refused."},
    {0},
};

__attribute__((format(printf, 3, 4))) static bool
refuse(struct kw_history_refusal *refusal, const char *key, const char *format,
       ...)
{
    va_list args;

    refusal->key = key;
    va_start(args, format);
    vsnprintf(refusal->text, sizeof(refusal->text), format, args);
    va_end(args);
    return false;
}

/* By number when it is one: names begin with a letter or can't be all digits.
 */
static const struct kw_point *find(const struct kw_points *points,
                                   const char *name)
{
    uint64_t id;

    if (kw_text_parse_u64(name, &id) != 0)
        return kw_points_find(points, name);
    return id <= UINT32_MAX ? kw_points_get(points, (uint32_t)id) : NULL;
}

/* Adds a point; one that is named again is answered once. */
static void add_point(struct kw_history_query *query,
                      const struct kw_point *point)
{
    for (size_t i = 0; i < query->count; i++) {
        if (query->points[i] == point)
            return;
    }
    query->points[query->count++] = point;
}

/* The list of points, in the order asked for. */
static bool read_points(struct kw_history_query *query, const char *text,
                        const struct kw_points *points,
                        struct kw_history_refusal *refusal)
{
    for (size_t named = 0; text != NULL; named++) {
        const char *comma = strchrnul(text, ',');
        size_t length = (size_t)(comma - text);
        char name[KW_POINT_NAME_SIZE];
        const struct kw_point *point;

        if (named == KW_HISTORY_QUERY_POINTS)
            return refuse(refusal, "points_too_many",
                          "at most %d points can be asked for at a time",
                          KW_HISTORY_QUERY_POINTS);
        if (length >= sizeof(name))
            length = sizeof(name) - 1;
        memcpy(name, text, length);
        name[length] = '\0';
        point = find(points, name);
        if (point == NULL)
            return refuse(refusal, "point_unknown",
                          "there is no point \"%s\"; /points lists them", name);
        add_point(query, point);
        text = *comma == ',' ? comma + 1 : NULL;
    }
    return true;
}

/* Both ends; without them the last hour. */
static bool read_times(struct kw_history_query *query,
                       const struct kw_history_query_text *text, int64_t now_ms,
                       struct kw_history_refusal *refusal)
{
    query->to_ms = now_ms;
    if (text->to != NULL && kw_text_parse_time(text->to, &query->to_ms) != 0)
        return refuse(refusal, "time_invalid",
                      "to: expected a time like 2026-01-31T12:00:00Z or Unix "
                      "milliseconds");
    query->from_ms = query->to_ms - hour_ms;
    if (text->from != NULL &&
        kw_text_parse_time(text->from, &query->from_ms) != 0)
        return refuse(refusal, "time_invalid",
                      "from: expected a time like 2026-01-31T12:00:00Z or "
                      "Unix milliseconds");
    if (query->from_ms >= query->to_ms)
        return refuse(refusal, "range_invalid", "from must be before to");
    if ((uint64_t)query->to_ms - (uint64_t)query->from_ms >
        (uint64_t)longest_ms)
        return refuse(refusal, "range_invalid",
                      "from and to may be at most 20 years apart");
    return true;
}

/* Duration or milliseconds; the number of rows is known beforehand. */
static bool read_step(struct kw_history_query *query, const char *text,
                      struct kw_history_refusal *refusal)
{
    int64_t span_ms = query->to_ms - query->from_ms;

    if (text == NULL)
        return true;
    if ((kw_text_parse_i64(text, &query->step_ms) != 0 &&
         kw_text_parse_duration(text, &query->step_ms) != 0) ||
        query->step_ms <= 0)
        return refuse(refusal, "step_invalid",
                      "step: expected a duration like 10s or milliseconds");
    if (span_ms / query->step_ms >= (int64_t)query->limit)
        return refuse(refusal, "too_many_rows",
                      "more than %zu rows of a point: ask for a longer step "
                      "or a shorter time",
                      query->limit);
    return true;
}

bool kw_history_query_read(struct kw_history_query *query,
                           const struct kw_history_query_text *text,
                           const struct kw_points *points, int64_t now_ms,
                           struct kw_history_refusal *refusal)
{
    *query = (struct kw_history_query){.limit = (size_t)text->limit};
    return read_points(query, text->points, points, refusal) &&
           read_times(query, text, now_ms, refusal) &&
           read_step(query, text->step, refusal);
}
