/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/trust.h"

#include <string.h>

static const uint64_t ns_per_ms = 1000000;

static void forget_doubts(struct kw_meter_unit *unit)
{
    unit->suspect = false;
    unit->proven = 0;
    memset(unit->aside, 0, sizeof(unit->aside));
}

void kw_meter_trust_reset(struct kw_meter_trust *trust)
{
    memset(trust->taken, 0, sizeof(trust->taken));
    trust->stray_ns = trust->late = 0;
    for (size_t i = 0; i < KW_METER_UNITS; i++)
        forget_doubts(&trust->units[i]);
}

/* FNV-1a, 64 bits, of the unit and its reply; never 0. Who wants a collision
 * can only make his own replies doubtful. */
static uint64_t hash_of(uint8_t unit, const unsigned char *pdu, size_t length)
{
    const uint64_t prime = 0x100000001B3U;
    uint64_t hash = (0xCBF29CE484222325U ^ unit) * prime;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ pdu[i]) * prime;
    return hash | 1;
}

static bool same_block(const struct kw_meter_taken *taken,
                       const struct kw_meter_ask *ask)
{
    return taken->hash != 0 && taken->unit == ask->unit &&
           taken->function == ask->function && taken->address == ask->address &&
           taken->count == ask->count;
}

static bool is_known_twin(const struct kw_meter_trust *trust, uint64_t hash)
{
    for (size_t i = 0; i < KW_METER_TWINS_MAX; i++) {
        if (trust->twins[i] == hash)
            return true;
    }
    return false;
}

static bool overlap(const struct kw_meter_taken *taken,
                    const struct kw_meter_ask *ask)
{
    return taken->function == ask->function &&
           taken->address < ask->address + ask->count &&
           ask->address < taken->address + taken->count;
}

/* Has the same block been answered so, and otherwise since? */
static bool is_older(const struct kw_meter_trust *trust,
                     const struct kw_meter_ask *ask, uint64_t hash)
{
    for (unsigned i = 0; i < KW_METER_TAKEN_MAX; i++) {
        const struct kw_meter_taken *taken = &trust->taken[i];

        if (taken->hash == hash && same_block(taken, ask))
            return !taken->newest;
    }
    return false;
}

/* Has another block of the unit been answered so? Refusals are all alike: the
 * last one is looked at, and whether it can have been for the same register. */
static bool in_other_block(const struct kw_meter_trust *trust,
                           const struct kw_meter_ask *ask, uint64_t hash,
                           bool refusal)
{
    unsigned last = trust->units[ask->unit].last;

    for (unsigned i = 0; i < KW_METER_TAKEN_MAX; i++) {
        const struct kw_meter_taken *taken = &trust->taken[i];

        if (taken->hash != hash || taken->unit != ask->unit)
            continue;
        if (refusal ? i == last && !overlap(taken, ask)
                    : !same_block(taken, ask))
            return true;
    }
    return false;
}

/* The bit of the place where that reply is set aside; 0: nowhere. Meters that
 * share an address (loads) take turns, so several are set aside at a time. */
static uint8_t aside_bit(const struct kw_meter_unit *unit, uint64_t hash)
{
    for (unsigned i = 0; i < KW_METER_ASIDE_MAX; i++) {
        if (unit->aside[i] == (uint32_t)hash)
            return (uint8_t)(1U << i);
    }
    return 0;
}

bool kw_meter_trust_twin(const struct kw_meter_trust *trust,
                         const struct kw_meter_ask *ask,
                         const unsigned char *pdu, size_t length)
{
    const struct kw_meter_unit *unit = &trust->units[ask->unit];
    uint64_t hash = hash_of(ask->unit, pdu, length);
    bool again = (unit->proven & aside_bit(unit, hash)) != 0;

    return !again && !is_known_twin(trust, hash) &&
           in_other_block(trust, ask, hash, (pdu[0] & 0x80) != 0);
}

bool kw_meter_trust_wary(const struct kw_meter_trust *trust, uint64_t now_ns)
{
    return trust->stray_ns > 0 &&
           now_ns - trust->stray_ns <= KW_METER_HABIT_MS * ns_per_ms;
}

bool kw_meter_trust_older(const struct kw_meter_trust *trust,
                          const struct kw_meter_ask *ask,
                          const unsigned char *pdu, size_t length,
                          uint64_t now_ns)
{
    return kw_meter_trust_wary(trust, now_ns) &&
           is_older(trust, ask, hash_of(ask->unit, pdu, length));
}

void kw_meter_trust_set_aside(struct kw_meter_trust *trust, uint8_t unit,
                              const unsigned char *pdu, size_t length)
{
    struct kw_meter_unit *of = &trust->units[unit];
    uint64_t hash = hash_of(unit, pdu, length);

    if (aside_bit(of, hash) == 0)
        of->aside[of->next_aside++ % KW_METER_ASIDE_MAX] = (uint32_t)hash;
    of->proven &= (uint8_t)~aside_bit(of, hash);
}

static void suspect(struct kw_meter_unit *unit)
{
    unit->suspect = true;
    unit->proven = 0;
    unit->markers = 0;
}

void kw_meter_trust_doubted(struct kw_meter_trust *trust,
                            const struct kw_meter_ask *ask)
{
    suspect(&trust->units[ask->unit]);
}

/* It is the newest of its block now. Returns its place. */
static uint16_t remember(struct kw_meter_trust *trust,
                         const struct kw_meter_ask *ask, uint64_t hash)
{
    unsigned at = KW_METER_TAKEN_MAX;

    for (unsigned i = 0; ask->count > 0 && i < KW_METER_TAKEN_MAX; i++) {
        if (!same_block(&trust->taken[i], ask))
            continue;
        trust->taken[i].newest = false;
        if (trust->taken[i].hash == hash)
            at = i;
    }
    if (at == KW_METER_TAKEN_MAX)
        at = trust->next_taken++ % KW_METER_TAKEN_MAX;
    trust->taken[at] = (struct kw_meter_taken){
        .hash = hash,
        .unit = ask->unit,
        .function = ask->function,
        .newest = ask->count > 0,
        .address = ask->address,
        .count = ask->count,
    };
    return (uint16_t)at;
}

/* The unit's answers take so long, too. */
static void note_usual(struct kw_meter_unit *unit, uint64_t sent_ns,
                       uint64_t now_ns)
{
    uint64_t took_us = now_ns > sent_ns ? (now_ns - sent_ns) / 1000 : 0;
    const uint64_t most_us = KW_METER_SETTLE_MAX_MS * 1000;

    if (took_us > most_us)
        took_us = most_us;
    if (took_us > unit->usual_us)
        unit->usual_us = (uint32_t)took_us;
}

static void note_round_trip(struct kw_meter_unit *unit, uint64_t sent_ns,
                            uint64_t now_ns)
{
    if (unit->taken_ns > 0)
        unit->usual_us -= unit->usual_us / 64;
    else
        unit->usual_us = KW_METER_USUAL_FIRST_MS * 1000;
    note_usual(unit, sent_ns, now_ns);
    unit->sent_ns = sent_ns;
    unit->taken_ns = now_ns;
}

void kw_meter_trust_taken(struct kw_meter_trust *trust,
                          const struct kw_meter_ask *ask, uint64_t sent_ns,
                          const unsigned char *pdu, size_t length,
                          uint64_t now_ns)
{
    struct kw_meter_unit *unit = &trust->units[ask->unit];
    uint64_t hash = hash_of(ask->unit, pdu, length);
    uint8_t bit = aside_bit(unit, hash);

    if ((unit->proven & bit) != 0 && !is_known_twin(trust, hash) &&
        in_other_block(trust, ask, hash, (pdu[0] & 0x80) != 0))
        trust->twins[trust->next_twin++ % KW_METER_TWINS_MAX] = hash;
    /* Copies of this one may follow: it proves nothing any more. */
    unit->proven &= (uint8_t)~bit;
    unit->last = remember(trust, ask, hash);
    note_round_trip(unit, sent_ns, now_ns);
}

/* Counts a surplus reply; how long after the last reply it came is waited for
 * when there are several. */
static void note_surplus(struct kw_meter_unit *unit, uint64_t now_ns)
{
    uint64_t after_ms = (now_ns - unit->taken_ns) / ns_per_ms;

    if (now_ns - unit->habit_ns > KW_METER_HABIT_MS * ns_per_ms) {
        unit->surplus = 0;
        unit->calm_ms = 0;
        unit->habit_ns = now_ns;
    }
    if (unit->surplus < KW_METER_HABIT)
        unit->surplus++;
    else
        unit->habit_ns = now_ns;
    after_ms += after_ms / 2 + 5;
    if (after_ms > KW_METER_CALM_MAX_MS)
        after_ms = KW_METER_CALM_MAX_MS;
    if (after_ms > unit->calm_ms)
        unit->calm_ms = (uint16_t)after_ms;
}

void kw_meter_trust_copied(struct kw_meter_trust *trust, uint8_t unit,
                           uint64_t now_ns)
{
    note_surplus(&trust->units[unit], now_ns);
    trust->stray_ns = now_ns;
}

/* Could pdu be the reply to the request that was taken? */
static bool fits(const struct kw_meter_taken *taken, const unsigned char *pdu,
                 size_t length)
{
    struct kw_meter_ask ask = {.unit = taken->unit,
                               .function = taken->function,
                               .address = taken->address,
                               .count = taken->count};

    return !kw_meter_ask_is_write(&ask) &&
           kw_meter_pdu_judge(&ask, pdu, length) != KW_METER_ANSWER_FOREIGN;
}

bool kw_meter_trust_surplus(struct kw_meter_trust *trust, uint8_t number,
                            const unsigned char *pdu, size_t length,
                            uint64_t now_ns)
{
    struct kw_meter_unit *unit = &trust->units[number];
    const struct kw_meter_ask unknown = {.unit = number};
    uint64_t hash = hash_of(number, pdu, length);
    bool copy = hash == unit->marker, fit = false;

    for (size_t i = 0; i < KW_METER_TAKEN_MAX; i++) {
        const struct kw_meter_taken *taken = &trust->taken[i];

        if (taken->hash == 0 || taken->unit != number)
            continue;
        copy = copy || (taken->hash == hash && taken->newest);
        if (taken->count == 0)
            continue; /* not known whose it was */
        fit = fit || fits(taken, pdu, length);
    }
    if (copy || fit)
        note_surplus(unit, now_ns);
    if (fit && !copy) {
        note_usual(unit, unit->sent_ns, now_ns);
        unit->strays++;
        suspect(unit);
    }
    if (!copy) {
        (void)remember(trust, &unknown, hash);
        trust->stray_ns = now_ns;
    }
    return copy;
}

bool kw_meter_trust_seen(const struct kw_meter_trust *trust, uint8_t unit,
                         const unsigned char *pdu, size_t length,
                         uint64_t now_ns)
{
    uint64_t hash = hash_of(unit, pdu, length);

    if (!kw_meter_trust_wary(trust, now_ns))
        return false;
    for (unsigned i = 0; i < KW_METER_TAKEN_MAX; i++) {
        if (trust->taken[i].hash == hash)
            return true;
    }
    return false;
}

void kw_meter_trust_sent(struct kw_meter_trust *trust)
{
    trust->late = 0;
}

bool kw_meter_trust_late_again(struct kw_meter_trust *trust, uint8_t unit,
                               const unsigned char *pdu, size_t length,
                               uint64_t now_ns)
{
    if (trust->late != hash_of(unit, pdu, length))
        return false;
    kw_meter_trust_copied(trust, unit, now_ns);
    return true;
}

void kw_meter_trust_late(struct kw_meter_trust *trust, uint8_t unit,
                         const unsigned char *pdu, size_t length)
{
    const struct kw_meter_ask unknown = {.unit = unit};

    trust->late = hash_of(unit, pdu, length);
    (void)remember(trust, &unknown, trust->late);
}

void kw_meter_trust_part(struct kw_meter_trust *trust,
                         const unsigned char *bytes, size_t length,
                         uint64_t now_ns)
{
    for (size_t i = 0; length > 2 && i < KW_METER_TAKEN_MAX; i++) {
        const struct kw_meter_taken *taken = &trust->taken[i];
        struct kw_meter_ask ask = {.function = taken->function,
                                   .count = taken->count};

        if (taken->hash == 0 || taken->count == 0 || taken->unit != bytes[0] ||
            taken->function != bytes[1] ||
            kw_meter_pdu_need(&ask, bytes + 1, length - 1) + 3 < length)
            continue;
        note_surplus(&trust->units[bytes[0]], now_ns);
        trust->stray_ns = now_ns;
        trust->units[bytes[0]].strays++;
        suspect(&trust->units[bytes[0]]);
        return;
    }
}

bool kw_meter_trust_suspects(const struct kw_meter_trust *trust, uint8_t unit)
{
    return trust->units[unit].suspect;
}

bool kw_meter_trust_alike(const struct kw_meter_trust *trust,
                          const struct kw_meter_ask *marker)
{
    for (size_t i = 0; i < KW_METER_TAKEN_MAX; i++) {
        const struct kw_meter_taken *taken = &trust->taken[i];
        struct kw_meter_ask ask = {.function = taken->function,
                                   .count = taken->count};

        if (taken->hash != 0 && taken->unit == marker->unit &&
            taken->function == marker->function &&
            kw_meter_ask_data_bytes(&ask) == kw_meter_ask_data_bytes(marker))
            return true;
    }
    return false;
}

void kw_meter_trust_marked(struct kw_meter_trust *trust, uint8_t number,
                           const unsigned char *pdu, size_t length,
                           uint64_t now_ns)
{
    struct kw_meter_unit *unit = &trust->units[number];

    unit->suspect = false;
    unit->proven = (1U << KW_METER_ASIDE_MAX) - 1;
    unit->marker = hash_of(number, pdu, length);
    unit->taken_ns = now_ns;
}

void kw_meter_trust_unmarked(struct kw_meter_trust *trust, uint8_t number)
{
    struct kw_meter_unit *unit = &trust->units[number];

    if (unit->suspect && ++unit->markers == KW_METER_MARKERS_MAX)
        unit->suspect = false;
}

static bool has_habit(const struct kw_meter_unit *unit, uint64_t now_ns)
{
    return unit->surplus == KW_METER_HABIT &&
           now_ns - unit->habit_ns <= KW_METER_HABIT_MS * ns_per_ms;
}

uint64_t kw_meter_trust_ready_ns(const struct kw_meter_trust *trust,
                                 uint8_t number, uint64_t now_ns)
{
    const struct kw_meter_unit *unit = &trust->units[number];

    return has_habit(unit, now_ns) ? unit->taken_ns + unit->calm_ms * ns_per_ms
                                   : 0;
}

uint64_t kw_meter_trust_usual_ns(const struct kw_meter_trust *trust,
                                 uint8_t number)
{
    const uint64_t least_ns = KW_METER_SETTLE_MIN_MS * ns_per_ms;
    uint64_t usual_ns = 2000 * (uint64_t)trust->units[number].usual_us;

    return usual_ns > least_ns ? usual_ns : least_ns;
}

uint64_t kw_meter_trust_settled_ns(const struct kw_meter_trust *trust,
                                   uint8_t number)
{
    const struct kw_meter_unit *unit = &trust->units[number];
    uint64_t usual_ns = unit->sent_ns + kw_meter_trust_usual_ns(trust, number);
    uint64_t least_ns = unit->taken_ns + KW_METER_SETTLE_MIN_MS * ns_per_ms;

    return usual_ns > least_ns ? usual_ns : least_ns;
}
