/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The quantities that points can have: name, title, base unit, kind, decimals
 * and bounds, read once from conf/quantities.csv and constant from then on.
 * Base units: V A W var VA Wh varh VAh Hz s deg 1 (SI and IEC 80000-6).
 */
#ifndef KW_CORE_QUANTITY_H
#define KW_CORE_QUANTITY_H

#include "base/diag.h"
#include "base/formula.h"

#include <stddef.h>

enum kw_quantity_kind {
    KW_QUANTITY_GAUGE,   /* may go up and down: a power */
    KW_QUANTITY_COUNTER, /* only goes up until it rolls over: an energy */
    KW_QUANTITY_STATE,   /* a code or a set of bits */
    KW_QUANTITY_TEXT,    /* an attribute of the meter, never a sample */
};

struct kw_quantity {
    const char *name;  /* "active_power_total" */
    const char *title; /* "Active power, total" */
    const char *unit;  /* base unit, "1" for none */
    const char *group; /* "power", for sorting on pages */
    enum kw_quantity_kind kind;
    unsigned decimals; /* shown in the base unit, 0 to 6 */
    double min, max;   /* what can be, in the base unit; infinite: no bound */
};

struct kw_quantities; /* owned by core, constant */

/* Reads the file; findings go to diag. KW_EINVAL, KW_ENOTFOUND, KW_ENOMEM. */
KW_MUST_CHECK int kw_quantities_load(struct kw_quantities **list,
                                     const char *path, struct kw_diag *diag);
/* The same from memory. */
KW_MUST_CHECK int kw_quantities_parse(struct kw_quantities **list,
                                      const char *text, size_t length,
                                      struct kw_diag *diag);
void kw_quantities_free(struct kw_quantities *list);

/* NULL when there is none of that name. */
const struct kw_quantity *kw_quantities_find(const struct kw_quantities *list,
                                             const char *name);
/* The nearest known name for a message, or NULL. */
const char *kw_quantities_nearest(const struct kw_quantities *list,
                                  const char *name);
size_t kw_quantities_count(const struct kw_quantities *list);
const struct kw_quantity *kw_quantities_at(const struct kw_quantities *list,
                                           size_t index);

/* "gauge", "counter", "state", "text". */
const char *kw_quantity_kind_name(enum kw_quantity_kind kind);

/*
 * Factor from a unit to a base unit ("kWh" to "Wh" 1000, "h" to "s" 3600,
 * "%" to "1" 0.01); 0 when they don't convert.
 */
double kw_unit_factor(const char *unit, const char *base);

/*
 * Factor of a unit to its base unit, and what that is made of: "kW" gives
 * 1000 and volt 1, ampere 1. False when there is no such unit.
 */
bool kw_unit_find(const char *unit, double *factor,
                  struct kw_dimension *dimension);

#endif
