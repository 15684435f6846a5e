/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/doubt.h"

#include <string.h>

static void drop(struct kw_meter_doubt *doubt, unsigned at)
{
    doubt->count--;
    memmove(&doubt->items[at], &doubt->items[at + 1],
            (doubt->count - at) * sizeof(doubt->items[0]));
}

/* A write of one value, which its answer repeats. */
static bool is_single(const struct kw_meter_ask *ask)
{
    return ask->function == KW_METER_WRITE_COIL ||
           ask->function == KW_METER_WRITE_REGISTER;
}

/* The oldest of a unit that has never answered, or else of all. */
static unsigned dispensable(const struct kw_meter_doubt *doubt)
{
    for (unsigned i = 0; i < doubt->count; i++) {
        if (!doubt->items[i].known)
            return i;
    }
    return 0;
}

void kw_meter_doubt_add(struct kw_meter_doubt *doubt,
                        const struct kw_meter_ask *ask, uint64_t sent_ns,
                        bool known)
{
    struct kw_meter_late *late;

    if (doubt->count == KW_METER_DOUBT_MAX)
        drop(doubt, dispensable(doubt));
    late = &doubt->items[doubt->count++];
    *late =
        (struct kw_meter_late){.ask = *ask, .sent_ns = sent_ns, .known = known};
    if (is_single(ask))
        memcpy(late->value, ask->data, sizeof(late->value));
    late->ask.data = NULL; /* was borrowed */
}

void kw_meter_doubt_expire(struct kw_meter_doubt *doubt, uint64_t age_ns,
                           uint64_t now_ns)
{
    while (doubt->count > 0 && now_ns > doubt->items[0].sent_ns + age_ns)
        drop(doubt, 0);
}

static bool same_place(const struct kw_meter_ask *a,
                       const struct kw_meter_ask *b)
{
    return a->address == b->address && a->count == b->count;
}

/* Would an answer to one be taken for an answer to the other? */
static bool alike(const struct kw_meter_late *late,
                  const struct kw_meter_ask *ask)
{
    const struct kw_meter_ask *a = &late->ask;

    if (a->unit != ask->unit || a->function != ask->function)
        return false;
    if (is_single(ask))
        return same_place(a, ask) &&
               memcmp(late->value, ask->data, sizeof(late->value)) == 0;
    if (kw_meter_ask_is_write(ask))
        return same_place(a, ask);
    if (ask->function == KW_METER_DEVICE_ID)
        return a->address >> 8 == ask->address >> 8;
    return kw_meter_ask_data_bytes(a) == kw_meter_ask_data_bytes(ask);
}

/* Is it the same request, so that either answer will do? The values of a write
 * to several registers are not kept: it is not known of them. */
static bool same(const struct kw_meter_late *late,
                 const struct kw_meter_ask *ask)
{
    return alike(late, ask) && same_place(&late->ask, ask) &&
           (is_single(ask) || !kw_meter_ask_is_write(ask));
}

bool kw_meter_doubt_holds(const struct kw_meter_doubt *doubt,
                          const struct kw_meter_ask *ask, bool wary)
{
    for (unsigned i = 0; i < doubt->count; i++) {
        const struct kw_meter_late *late = &doubt->items[i];

        if (alike(late, ask) && (wary || late->overtaken || !same(late, ask)))
            return true;
    }
    return false;
}

/* The function of a read beside what was asked for. */
static uint8_t marker_function(const struct kw_meter_ask *ask)
{
    if (ask->function <= KW_METER_READ_REGISTERS)
        return ask->function;
    return kw_meter_ask_is_bits(ask) || ask->function == KW_METER_WRITE_COIL
               ? KW_METER_READ_COILS
               : KW_METER_READ_HOLDING;
}

static bool is_free(const struct kw_meter_doubt *doubt,
                    const struct kw_meter_trust *trust,
                    const struct kw_meter_ask *ask,
                    const struct kw_meter_ask *marker)
{
    struct kw_meter_late own = {.ask = *ask};

    for (unsigned i = 0; i < doubt->count; i++) {
        if (alike(&doubt->items[i], marker))
            return false;
    }
    return !alike(&own, marker) && !kw_meter_trust_alike(trust, marker);
}

struct kw_meter_ask kw_meter_doubt_marker(const struct kw_meter_doubt *doubt,
                                          const struct kw_meter_trust *trust,
                                          const struct kw_meter_ask *ask)
{
    struct kw_meter_ask marker = {
        .unit = ask->unit,
        .function = marker_function(ask),
        .address = ask->address,
        .count = 1,
    };
    unsigned step = kw_meter_ask_is_bits(&marker) ? 8 : 1; /* a size more */

    while (!is_free(doubt, trust, ask, &marker))
        marker.count = (uint16_t)(marker.count + step);
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
    bool own = true;

    for (unsigned i = 0; i < doubt->count; i++) {
        if (!alike(&doubt->items[i], ask))
            continue;
        doubt->items[i].overtaken = true;
        own = false;
    }
    if (own)
        clear(doubt, ask->unit);
}

bool kw_meter_doubt_refused(struct kw_meter_doubt *doubt,
                            const struct kw_meter_ask *ask)
{
    for (unsigned i = 0; i < doubt->count; i++) {
        const struct kw_meter_late *late = &doubt->items[i];

        if (late->ask.unit == ask->unit &&
            late->ask.function == ask->function && !same(late, ask)) {
            drop(doubt, i);
            return true;
        }
    }
    return false;
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
                         const unsigned char *pdu, size_t length, bool copy,
                         uint64_t now_ns)
{
    for (unsigned i = 0; i < doubt->count; i++) {
        struct kw_meter_late *late = &doubt->items[i];
        struct kw_meter_ask ask = late->ask;

        ask.data = late->value;
        if (ask.unit != unit ||
            kw_meter_pdu_judge(&ask, pdu, length) == KW_METER_ANSWER_FOREIGN)
            continue;
        if (!copy) {
            kw_meter_patience_seen(&doubt->patience,
                                   (now_ns - late->sent_ns) / 1000, now_ns);
            drop(doubt, i);
        }
        return true;
    }
    return false;
}
