/* SPDX-License-Identifier: Apache-2.0 */
/* Conversion of units to the base units: prefixes, and a few by name. */
#include "core/quantity.h"

#include <string.h>

double kw_unit_factor(const char *unit, const char *base)
{
    static const struct {
        char prefix;
        double factor;
    } prefixes[] = {{'m', 1e-3}, {'k', 1e3}, {'M', 1e6}, {'G', 1e9}};
    static const struct {
        const char *unit, *base;
        double factor;
    } named[] = {
        {"%", "1", 0.01},
        {"min", "s", 60},
        {"h", "s", 3600},
        {"d", "s", 86400},
    };

    if (strcmp(unit, base) == 0)
        return 1;
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (strcmp(unit, named[i].unit) == 0 &&
            strcmp(base, named[i].base) == 0)
            return named[i].factor;
    }
    if (strcmp(base, "1") == 0 || strcmp(base, "deg") == 0)
        return 0;
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (unit[0] == prefixes[i].prefix && strcmp(unit + 1, base) == 0)
            return prefixes[i].factor;
    }
    return 0;
}

bool kw_unit_find(const char *unit, double *factor,
                  struct kw_dimension *dimension)
{
    static const struct {
        const char *unit;
        struct kw_dimension dimension;
    } bases[] = {
        {"V", {.of[KW_VOLT] = 1}},
        {"A", {.of[KW_AMPERE] = 1}},
        {"W", {.of = {[KW_VOLT] = 1, [KW_AMPERE] = 1}}},
        {"var", {.of = {[KW_VOLT] = 1, [KW_AMPERE] = 1}}},
        {"VA", {.of = {[KW_VOLT] = 1, [KW_AMPERE] = 1}}},
        {"Wh", {.of = {[KW_VOLT] = 1, [KW_AMPERE] = 1, [KW_HOUR] = 1}}},
        {"varh", {.of = {[KW_VOLT] = 1, [KW_AMPERE] = 1, [KW_HOUR] = 1}}},
        {"VAh", {.of = {[KW_VOLT] = 1, [KW_AMPERE] = 1, [KW_HOUR] = 1}}},
        {"Hz", {.of[KW_SECOND] = -1}},
        {"s", {.of[KW_SECOND] = 1}},
        {"deg", {.of[KW_DEGREE] = 1}},
        {"1", {{0}}},
    };

    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        *factor = kw_unit_factor(unit, bases[i].unit);
        *dimension = bases[i].dimension;
        if (*factor > 0)
            return true;
    }
    return false;
}
