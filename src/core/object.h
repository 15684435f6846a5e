/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNMP objects as rows of data: a module says what it offers, the snmp module
 * serves it. A scalar has no columns; a table has a row count and columns. The
 * values are asked for at the moment of the request and never copied.
 */
#ifndef KW_CORE_OBJECT_H
#define KW_CORE_OBJECT_H

#include <stddef.h>
#include <stdint.h>

enum kw_object_type {
    KW_OBJECT_INTEGER,   /* Integer32 */
    KW_OBJECT_GAUGE,     /* Gauge32 */
    KW_OBJECT_COUNTER64, /* Counter64 */
    KW_OBJECT_TEXT,      /* DisplayString, UTF-8 */
    KW_OBJECT_TICKS,     /* TimeTicks, 1/100 s */
};

struct kw_object_value {
    int64_t number;
    const char *text; /* borrowed until the answer is written */
};

struct kw_object {
    const char *name; /* descriptor in the MIB: "kwPointValue" */
    uint32_t arc[4];  /* below the enterprise's module arc, 0 ends */
    enum kw_object_type type;
    /* Index of the first row not below index, 0 when there is none; NULL for
     * a scalar. Indexes are persistent numbers (point, meter). */
    uint32_t (*next)(const void *self, uint32_t index);
    /* 0, or KW_ENOTFOUND: there is no such instance. */
    int (*get)(const void *self, uint32_t index, struct kw_object_value *out);
    const char *help;
};

#endif
