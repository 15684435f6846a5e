/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/doubt.h"

#include <string.h>

static void drop(struct kw_meter_doubt *doubt, unsigned at)
{
    doubt->count--;
    memmove(&doubt->items[at], &doubt->items[at + 1],
            (doubt->count - at) * sizeof(doubt->items[0]));
}

void kw_meter_doubt_add(struct kw_meter_doubt *doubt,
                        const struct kw_meter_ask *ask)
{
    if (doubt->count == KW_METER_DOUBT_MAX)
        drop(doubt, 0);
    doubt->items[doubt->count++] = (struct kw_meter_late){.ask = *ask};
}

/* Would an answer to one be taken for an answer to the other? */
static bool alike(const struct kw_meter_ask *a, const struct kw_meter_ask *b)
{
    return a->unit == b->unit && a->function == b->function &&
           kw_meter_ask_data_bytes(a) == kw_meter_ask_data_bytes(b);
}

bool kw_meter_doubt_holds(const struct kw_meter_doubt *doubt,
                          const struct kw_meter_ask *ask)
{
    for (unsigned i = 0; i < doubt->count; i++) {
        const struct kw_meter_ask *late = &doubt->items[i].ask;

        if (alike(late, ask) &&
            (late->address != ask->address || late->count != ask->count))
            return true;
    }
    return false;
}

struct kw_meter_ask kw_meter_doubt_marker(const struct kw_meter_ask *ask)
{
    struct kw_meter_ask marker = *ask;
    unsigned more = kw_meter_ask_is_bits(ask) ? 9 : 2;

    /* One register or byte, or two where that is what was asked for. */
    marker.count = 1;
    if (alike(&marker, ask))
        marker.count = (uint16_t)more;
    if (marker.address + marker.count > 65536)
        marker.address = (uint16_t)(65536 - marker.count);
    return marker;
}

static void clear(struct kw_meter_doubt *doubt, uint8_t unit)
{
    for (unsigned i = doubt->count; i-- > 0;) {
        if (doubt->items[i].ask.unit == unit)
            drop(doubt, i);
    }
}

void kw_meter_doubt_answered(struct kw_meter_doubt *doubt,
                             const struct kw_meter_ask *ask)
{
    for (unsigned i = 0; i < doubt->count; i++) {
        if (alike(&doubt->items[i].ask, ask))
            return;
    }
    clear(doubt, ask->unit);
}

void kw_meter_doubt_marked(struct kw_meter_doubt *doubt, uint8_t unit,
                           bool answered)
{
    bool enough = answered;

    for (unsigned i = 0; i < doubt->count; i++) {
        if (doubt->items[i].ask.unit == unit &&
            ++doubt->items[i].markers == KW_METER_MARKERS_MAX)
            enough = true;
    }
    if (enough)
        clear(doubt, unit);
}

bool kw_meter_doubt_seen(struct kw_meter_doubt *doubt, uint8_t unit,
                         const unsigned char *pdu, size_t length)
{
    for (unsigned i = 0; i < doubt->count; i++) {
        if (doubt->items[i].ask.unit == unit &&
            kw_meter_pdu_judge(&doubt->items[i].ask, pdu, length) !=
                KW_METER_ANSWER_FOREIGN) {
            drop(doubt, i);
            return true;
        }
    }
    return false;
}
