/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /history: five lines are points, from, to, step and limit; the query
 * that they make, when it is taken, is in bounds. The bytes that follow are
 * samples, folded into its steps.
 */
#include "base/mem.h"
#include "base/text.h"
#include "core/point.h"
#include "history/fold.h"
#include "history/query.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 5, POINTS = 3 };

static const int64_t now_ms = INT64_C(1767225600000);
static const int64_t years_ms = INT64_C(20) * 366 * 86400000;

static const char quantities_text[] =
    "name,title,unit,kind,decimals,group\n"
    "voltage_l1_n,Voltage,V,gauge,1,voltage\n"
    "frequency,Frequency,Hz,gauge,2,frequency\n"
    "active_energy_import_total,Energy,Wh,counter,0,energy\n";

static void must(bool right)
{
    if (!right)
        abort();
}

static struct kw_points *make_points(struct kw_quantities *quantities)
{
    struct kw_points *points = NULL;
    struct kw_source *source = NULL;

    must(kw_points_new(&points, NULL, quantities) == 0);
    must(kw_points_source(points, 'm', "m", NULL, &source) == 0);
    for (size_t i = 0; i < POINTS; i++) {
        struct kw_point_form form = {
            .quantity = kw_quantities_at(quantities, i), .scale = 1};
        const struct kw_point *point;

        must(kw_points_define(points, source, &form, &point) == 0);
    }
    return points;
}

static void check_query(const struct kw_history_query *query)
{
    must(query->count >= 1 && query->count <= KW_HISTORY_QUERY_POINTS);
    for (size_t i = 0; i < query->count; i++)
        must(query->points[i] != NULL);
    must(query->from_ms < query->to_ms);
    must(query->to_ms - query->from_ms <= years_ms);
    must(query->step_ms >= 0);
    must(query->step_ms == 0 ||
         (query->to_ms - query->from_ms) / query->step_ms <
             (int64_t)query->limit);
}

static void check_step(const struct kw_history_step *step, int64_t step_ms,
                       int64_t last_ms)
{
    must(step->count > 0);
    must(step->time_ms % step_ms == 0 && step->time_ms <= last_ms);
    must(step->min <= step->first && step->first <= step->max);
    must(step->min <= step->last && step->last <= step->max);
    must(step->min <= step->mean && step->mean <= step->max);
}

/* Two bytes a sample: the time that has passed, in 256ths of the range, and
 * the value, of which 0 is none. */
static void fold(const struct kw_history_query *query, const uint8_t *data,
                 size_t size)
{
    struct kw_history_fold fold;
    struct kw_history_step step;
    int64_t at_ms = query->from_ms;
    uint64_t samples = 0, folded = 0;

    kw_history_fold_init(&fold, query->step_ms);
    for (; size >= 2; data += 2, size -= 2) {
        at_ms += (query->to_ms - query->from_ms) / 256 * data[0];
        if (at_ms >= query->to_ms)
            break;
        samples += data[1] > 0;
        if (kw_history_fold_add(&fold, at_ms,
                                data[1] > 0 ? data[1] : (double)NAN, &step)) {
            check_step(&step, query->step_ms, at_ms);
            folded += step.count;
        }
    }
    if (kw_history_fold_end(&fold, &step)) {
        check_step(&step, query->step_ms, at_ms);
        folded += step.count;
    }
    must(folded == samples);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = kw_strndup((const char *)data, size), *line = text;
    struct kw_quantities *quantities = NULL;
    struct kw_history_refusal refusal = {0};
    struct kw_history_query query;
    const char *lines[LINES] = {0};
    struct kw_points *points;
    struct kw_diag diag;
    int64_t limit = KW_HISTORY_QUERY_ROWS;

    if (text == NULL)
        return 0;
    for (size_t i = 0; i < LINES && line != NULL; i++) {
        char *next = strchr(line, '\n');

        if (next != NULL)
            *next++ = 0;
        lines[i] = line[0] != 0 ? line : NULL;
        line = next;
    }
    if (lines[4] != NULL && (kw_text_parse_i64(lines[4], &limit) != 0 ||
                             limit < 1 || limit > KW_HISTORY_QUERY_ROWS))
        limit = 1;
    kw_diag_init(&diag);
    must(kw_quantities_parse(&quantities, quantities_text,
                             strlen(quantities_text), &diag) == 0);
    points = make_points(quantities);
    if (kw_history_query_read(&query,
                              &(struct kw_history_query_text){
                                  lines[0] != NULL ? lines[0] : "1", lines[1],
                                  lines[2], lines[3], limit},
                              points, now_ms, &refusal)) {
        check_query(&query);
        if (query.step_ms > 0 && line != NULL)
            fold(&query, data + (line - text), size - (size_t)(line - text));
    } else {
        must(refusal.key != NULL && refusal.text[0] != 0);
    }
    kw_points_free(points);
    kw_quantities_free(quantities);
    kw_diag_fini(&diag);
    kw_free(text);
    return 0;
}
