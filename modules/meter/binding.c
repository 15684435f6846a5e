/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/binding.h"

#include "base/sample.h"
#include "base/text.h"
#include "meter/decode.h"

#include <stdio.h>
#include <string.h>

/* name with the first `from` replaced by `to` (of the same length). */
static const struct kw_quantity *renamed(const struct kw_quantities *quantities,
                                         const char *name, const char *from,
                                         const char *to)
{
    char text[KW_NAME_SIZE];
    const char *at = strstr(name, from);

    if (at == NULL || !kw_text_copy(text, sizeof(text), name))
        return NULL;
    memcpy(text + (at - name), to, strlen(to));
    return kw_quantities_find(quantities, text);
}

const struct kw_quantity *
kw_meter_binding_opposite(const struct kw_quantities *quantities,
                          const struct kw_quantity *quantity)
{
    const struct kw_quantity *found =
        renamed(quantities, quantity->name, "_import_", "_export_");

    if (found == NULL)
        found = renamed(quantities, quantity->name, "_export_", "_import_");
    return found != NULL ? found : quantity;
}

static bool is_any(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0)
            return true;
    }
    return false;
}

static double ratio(const struct kw_quantity *quantity,
                    const struct kw_meter_scale *scale)
{
    static const char *const powers[] = {"W",    "var", "VA", "Wh",
                                         "varh", "VAh", NULL};

    if (strcmp(quantity->unit, "A") == 0)
        return scale->ct;
    if (strcmp(quantity->unit, "V") == 0)
        return scale->vt;
    return is_any(quantity->unit, powers) ? scale->ct * scale->vt : 1;
}

/* Changes its sign when the current flows the other way. */
static bool is_directed(const struct kw_quantity *quantity)
{
    static const char *const units[] = {"W", "var", NULL};

    return is_any(quantity->unit, units) ||
           kw_text_starts(quantity->name, "power_factor");
}

/* Changes its sign on this meter. */
static bool is_turned(const struct kw_quantity *quantity,
                      const struct kw_meter_entry *entry)
{
    return entry->invert && is_directed(quantity);
}

double kw_meter_binding_scale(const struct kw_map_point *point,
                              const struct kw_meter_entry *entry)
{
    double scale = kw_scale_product(kw_meter_decode_scale(point),
                                    ratio(point->quantity, &entry->scale));

    return is_turned(point->quantity, entry) ? -scale : scale;
}

struct kw_map_bounds kw_meter_binding_bounds(const struct kw_map_point *point,
                                             const struct kw_meter_entry *entry)
{
    double times = ratio(point->quantity, &entry->scale);
    struct kw_map_bounds bounds = point->bounds;

    if (!point->bounded)
        return bounds;
    bounds = (struct kw_map_bounds){bounds.min * times, bounds.max * times};
    if (is_turned(point->quantity, entry))
        bounds = (struct kw_map_bounds){-bounds.max, -bounds.min};
    return bounds;
}

void kw_meter_binding_form(const struct kw_map_point *point,
                           const struct kw_quantities *quantities,
                           const struct kw_meter_entry *entry,
                           struct kw_point_form *form)
{
    const struct kw_quantity *quantity = point->quantity;
    double scale = kw_meter_binding_scale(point, entry);

    if (entry->invert)
        quantity = kw_meter_binding_opposite(quantities, quantity);
    *form = (struct kw_point_form){
        .quantity = quantity,
        .encoding = KW_ENCODING_FLOAT64,
        .decimals = kw_meter_decode_decimals(point, scale, quantity->decimals),
        .scale = 1,
    };
    if (point->compute != NULL)
        return;
    form->encoding = kw_meter_decode_encoding(point);
    form->scale = scale;
}
