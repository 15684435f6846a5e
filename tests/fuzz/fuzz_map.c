/* SPDX-License-Identifier: Apache-2.0 */
/* Register maps: parsed, and when they are good, planned for two loads. */
#include "base/diag.h"
#include "core/quantity.h"
#include "meter/compute.h"
#include "meter/map.h"
#include "meter/pdu.h"
#include "meter/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char quantities_text[] =
    "name,title,unit,kind,decimals,group\n"
    "voltage_l1_n,Voltage,V,gauge,1,voltage\n"
    "frequency,Frequency,Hz,gauge,2,frequency\n"
    "active_energy_import_total,Energy,Wh,counter,0,energy\n"
    "power_factor_total,Power factor,1,gauge,3,power\n"
    "info_name,Name,1,text,0,info\n";

/* Each request is valid, and each point lies inside its request. */
static void check_plan(const struct kw_map *map, unsigned load,
                       const struct kw_plan *plan)
{
    size_t points = 0;

    for (size_t i = 0; i < plan->count; i++) {
        const struct kw_plan_request *request = &plan->requests[i];
        struct kw_meter_ask ask = {1, request->function, request->address,
                                   request->count};

        if (!kw_meter_ask_valid(&ask) || request->first != points)
            abort();
        for (size_t j = 0; j < request->points; j++) {
            const struct kw_map_point *point =
                &map->points[plan->order[points++]];
            unsigned at = point->address + (load - 1) * map->load_stride;

            if (at < request->address ||
                at + point->registers >
                    (unsigned)request->address + request->count)
                abort();
        }
    }
    for (size_t i = 0; i < map->count; i++)
        points += !kw_map_point_is_read(&map->points[i]);
    if (points != map->count)
        abort();
}

static void plan_for(const struct kw_map *map, unsigned load)
{
    static const uint8_t merged[2][KW_MAP_CLASSES] = {{0, 1, 2, 3},
                                                      {0, 0, 0, 0}};
    uint16_t order[8]; /* as many as there are quantities */
    struct kw_plan_request requests[8];
    struct kw_plan plan = {.order = order, .requests = requests};

    if (!kw_meter_map_has_load(map, load))
        return;
    for (size_t i = 0; i < 2; i++) {
        kw_meter_plan(map, load, merged[i], &plan);
        check_plan(map, load, &plan);
    }
}

/* All that is computed has a value or a quality, whatever came. */
static void compute(const struct kw_map *map)
{
    struct kw_meter_compute compute;
    struct kw_meter_computed computed;
    size_t count = 0;

    if (kw_meter_compute_init(&compute, map) != 0)
        return;
    for (size_t i = 0; i < map->count; i++)
        kw_meter_compute_put(&compute, i, KW_QUALITY_GOOD, (double)i - 1);
    while (kw_meter_compute_next(&compute, &computed)) {
        count++;
        if (isfinite(computed.value) != kw_quality_is_good(computed.quality))
            abort();
    }
    if (count != map->computed)
        abort();
    kw_meter_compute_fini(&compute);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kw_quantities *quantities = NULL;
    struct kw_map *map = NULL;
    struct kw_diag diag;
    int err;

    if (size > KW_MAP_BYTES_MAX)
        return 0;
    kw_diag_init(&diag);
    if (kw_quantities_parse(&quantities, quantities_text,
                            strlen(quantities_text), &diag) != 0)
        abort();
    err = kw_meter_map_parse(&map, "x", (const char *)data, size, quantities,
                             &diag);
    if ((err == 0) == kw_diag_any(&diag) || (err == 0) != (map != NULL))
        abort();
    if (err == 0) {
        plan_for(map, 1);
        plan_for(map, 2);
        compute(map);
    }
    kw_meter_map_drop(map);
    kw_quantities_free(quantities);
    kw_diag_fini(&diag);
    return 0;
}
