/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each stage looks at what is known and either needs one more answer (WAIT)
 * or is done with (GO_ON). After an answer the same stage looks again: it
 * finds in the store what it already knows, so that no stage has to remember
 * where it stopped.
 */
#include "meter/identify.h"

#include "core/quantity.h"
#include "meter/decode.h"

#include <stdio.h>
#include <string.h>

enum {
    ROUNDS_MAX = 16, /* answers to 43/14: a wrong "more follows" ends */
    SILENT_MAX = 64, /* reads without an answer: it is not worth more */
    NAMED_FIRST = 2, /* points of a map without any hit: it is another one */
    TEXT_SIZE = 2 * KW_MAP_STRING_REGISTERS + 1,
};

enum step { WAIT, GO_ON };

/* Vendor, product code and revision; vendor's name of the product; others. */
enum { BASIC = 1, REGULAR, EXTENDED };

void kw_meter_identify_init(struct kw_meter_identify *identify, uint8_t unit,
                            struct kw_map *const *maps, size_t count)
{
    memset(identify, 0, sizeof(*identify));
    identify->unit = unit;
    identify->maps = maps;
    identify->count =
        count < KW_METER_CANDIDATES_MAX ? count : KW_METER_CANDIDATES_MAX;
}

/* --- the store */

static bool holds(const struct kw_meter_known *known, uint8_t function,
                  uint16_t address, unsigned count)
{
    return known->function == function && address >= known->address &&
           address + count <= (unsigned)known->address + known->count;
}

/* An answer that holds these registers, also as part of it; a refused one only
 * for exactly them: a part of a refused block may well be there. */
static const struct kw_meter_known *
find_known(const struct kw_meter_identify *identify, uint8_t function,
           uint16_t address, unsigned count)
{
    for (size_t i = 0; i < identify->known_count; i++) {
        const struct kw_meter_known *known = &identify->known[i];

        if (holds(known, function, address, count) &&
            (known->bytes > 0 || known->count == count))
            return known;
    }
    return NULL;
}

/*
 * Registers that are known already go to *data (NULL: refused), GO_ON;
 * otherwise they are asked for: WAIT. When the store is full, or the unit has
 * been silent too often, nothing more is asked.
 */
static enum step look(struct kw_meter_identify *identify, uint8_t function,
                      uint16_t address, unsigned count,
                      const unsigned char **data)
{
    const struct kw_meter_known *known =
        find_known(identify, function, address, count);

    *data = NULL;
    if (known != NULL && known->bytes > 0)
        *data =
            identify->pool + known->at + 2 * (size_t)(address - known->address);
    if (known != NULL || identify->silent >= SILENT_MAX ||
        identify->known_count == KW_METER_IDENTIFY_READS ||
        identify->used + 2 * (size_t)count > KW_METER_IDENTIFY_BYTES)
        return GO_ON;
    identify->ask = (struct kw_meter_ask){
        .function = function, .address = address, .count = (uint16_t)count};
    return WAIT;
}

static void keep(struct kw_meter_identify *identify, const unsigned char *data,
                 size_t length)
{
    struct kw_meter_known *known = &identify->known[identify->known_count++];

    *known = (struct kw_meter_known){
        .function = identify->ask.function,
        .address = identify->ask.address,
        .count = identify->ask.count,
        .at = (uint16_t)identify->used,
    };
    if (data == NULL || length != 2 * (size_t)identify->ask.count)
        return;
    known->bytes = (uint16_t)length;
    memcpy(identify->pool + identify->used, data, length);
    identify->used += length;
}

/* --- what the unit says of itself */

/* 43/14: basic first, then what the answer offers. */
static enum step ask_objects(struct kw_meter_identify *identify)
{
    if (identify->rounds == 0)
        identify->ask = (struct kw_meter_ask){.function = KW_METER_DEVICE_ID,
                                              .address = BASIC << 8};
    return identify->ask.function == KW_METER_DEVICE_ID ? WAIT : GO_ON;
}

static void take_objects(struct kw_meter_identify *identify,
                         const unsigned char *data, size_t length)
{
    struct kw_meter_objects objects;
    unsigned code = identify->ask.address >> 8;

    identify->ask.function = 0;
    if (data == NULL || ++identify->rounds == ROUNDS_MAX ||
        !kw_meter_identity_objects(&identify->identity, data, length, &objects))
        return;
    if (objects.more) {
        identify->ask.address = (uint16_t)(code << 8 | objects.next);
    } else if (code < EXTENDED && objects.level > code) {
        /* Objects 3 to 6 are regular, 0x80 to 0xFF extended. */
        identify->ask.address =
            (uint16_t)((code + 1) << 8 | (code == BASIC ? 3 : 0x80));
    } else {
        return;
    }
    identify->ask.function = KW_METER_DEVICE_ID;
}

static enum step ask_report(struct kw_meter_identify *identify)
{
    if (identify->identity.model[0] != 0 || identify->rounds > 0)
        return GO_ON;
    identify->ask = (struct kw_meter_ask){.function = KW_METER_REPORT_ID};
    return WAIT;
}

/* Socomec's block; a unit that said what it is needs not be asked. */
static enum step ask_socomec(struct kw_meter_identify *identify)
{
    const unsigned char *data;

    if (identify->identity.make[0] != 0 && identify->identity.model[0] != 0 &&
        !kw_meter_identity_has(&identify->identity, "socomec", 7))
        return GO_ON;
    if (look(identify, 3, KW_METER_SOCOMEC_SIGNATURE,
             KW_METER_SOCOMEC_SIGNATURE_COUNT, &data) == WAIT)
        return WAIT;
    if (data == NULL || !kw_meter_identity_is_socomec(data))
        return GO_ON;
    if (look(identify, 3, KW_METER_SOCOMEC_PRODUCT,
             KW_METER_SOCOMEC_PRODUCT_COUNT, &data) == WAIT)
        return WAIT;
    if (data != NULL)
        kw_meter_identity_socomec_product(&identify->identity, data);
    if (look(identify, 3, KW_METER_SOCOMEC_NAMES, KW_METER_SOCOMEC_NAMES_COUNT,
             &data) == WAIT)
        return WAIT;
    if (data != NULL)
        kw_meter_identity_socomec_names(&identify->identity, data);
    return GO_ON;
}

/* --- fingerprints */

static const struct kw_map_point *find_point(const struct kw_map *map,
                                             const char *quantity)
{
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->points[i].quantity->name, quantity) == 0)
            return &map->points[i];
    }
    return NULL;
}

static const struct kw_map_point *
find_block_point(const struct kw_meter_identify *identify,
                 const struct kw_meter_print *print)
{
    for (size_t i = 0; i < identify->count; i++) {
        if (strcmp(identify->maps[i]->name, print->block) == 0)
            return find_point(identify->maps[i], print->quantity);
    }
    return NULL;
}

/* A text in registers against the line's texts. */
static enum step compare_text(struct kw_meter_identify *identify,
                              const struct kw_meter_print *print,
                              const struct kw_map_point *point,
                              bool *holds_true)
{
    const unsigned char *data;
    char text[TEXT_SIZE];

    if (point == NULL || point->function < 3)
        return GO_ON;
    if (look(identify, point->function, point->address, point->registers,
             &data) == WAIT)
        return WAIT;
    if (data != NULL) {
        kw_meter_decode_text(point, data, text, sizeof(text));
        *holds_true = kw_meter_print_begins(print, text, point->registers * 2U);
    }
    return GO_ON;
}

static enum step compare_number(struct kw_meter_identify *identify,
                                const struct kw_meter_print *print,
                                bool *holds_true)
{
    const unsigned char *data;
    unsigned value;

    if (look(identify, print->function, print->address, 1, &data) == WAIT)
        return WAIT;
    if (data != NULL) {
        value = (unsigned)data[0] << 8 | data[1];
        *holds_true = value >= print->low && value <= print->high;
    }
    return GO_ON;
}

static bool says(const struct kw_meter_identity *identity,
                 const struct kw_meter_print *print)
{
    const char *words = print->texts;

    while (*words != 0 && *words != '\n') {
        size_t length = strcspn(words, "|\n");

        if (kw_meter_identity_has(identity, words, length))
            return true;
        words += length + (words[length] == '|');
    }
    return false;
}

static enum step compare(struct kw_meter_identify *identify,
                         const struct kw_meter_print *print, bool *holds_true)
{
    struct kw_map_point point = {
        .type = KW_MAP_STRING,
        .function = print->function,
        .registers = print->registers,
        .address = print->address,
    };

    *holds_true = false;
    switch (print->kind) {
    case KW_METER_PRINT_SAYS:
        *holds_true = says(&identify->identity, print);
        return GO_ON;
    case KW_METER_PRINT_NUMBER:
        return compare_number(identify, print, holds_true);
    case KW_METER_PRINT_TEXT:
        return compare_text(identify, print, &point, holds_true);
    case KW_METER_PRINT_BLOCK:
        break;
    }
    return compare_text(identify, print, find_block_point(identify, print),
                        holds_true);
}

/* True when the unit named a word of the map's title that has a digit ("UMG
 * 604": 604), and the first word of its make. */
static bool says_title(const struct kw_meter_identity *identity,
                       const struct kw_map *map)
{
    const char *title = map->title;

    if (map->make[0] == 0 ||
        !kw_meter_identity_has(identity, map->make, strcspn(map->make, " ")))
        return false;
    while (*title != 0) {
        size_t length = strcspn(title, " /"), digit = strcspn(title, "01234567"
                                                                     "89");

        if (length >= 2 && digit < length &&
            kw_meter_identity_has(identity, title, length))
            return true;
        title += length;
        title += strspn(title, " /");
    }
    return false;
}

/* Goes through the fingerprints of all maps. */
static enum step compare_all(struct kw_meter_identify *identify)
{
    for (; identify->map < identify->count; identify->map++) {
        const struct kw_map *map = identify->maps[identify->map];
        const char *at = map->fingerprint;
        struct kw_meter_print print;
        bool named =
            !map->identifies_only && says_title(&identify->identity, map);

        while (!named && kw_meter_print_next(&at, &print)) {
            if (compare(identify, &print, &named) == WAIT)
                return WAIT;
        }
        identify->looks[identify->map].named = named;
        identify->any_named = identify->any_named || named;
    }
    identify->map = 0;
    return GO_ON;
}

/* --- registers */

struct sum {
    unsigned got, most, hits, seen;
};

/* Reads the telling points of a map one after the other. */
static enum step weigh(struct kw_meter_identify *identify,
                       const struct kw_map *map, bool named, struct sum *sum)
{
    uint16_t points[KW_METER_EVIDENCE_MAX];
    size_t count = kw_meter_evidence(map, points);

    *sum = (struct sum){0};
    for (size_t i = 0; i < count; i++) {
        const struct kw_map_point *point = &map->points[points[i]];
        enum kw_meter_evidence_verdict verdict = KW_METER_EVIDENCE_AGAINST;
        const unsigned char *data;
        unsigned weight = 3; /* of one that is refused */

        if (sum->seen++ == NAMED_FIRST && sum->hits == 0 && !named)
            return GO_ON; /* it is another meter */
        if (look(identify, point->function, point->address, point->registers,
                 &data) == WAIT)
            return WAIT;
        if (data != NULL)
            verdict = kw_meter_evidence_judge(point, data, &weight);
        if (verdict == KW_METER_EVIDENCE_NOTHING)
            continue;
        sum->most += weight;
        if (verdict == KW_METER_EVIDENCE_FOR) {
            sum->got += weight;
            sum->hits++;
        } else if (weight == KW_METER_EVIDENCE_SURE && !named) {
            *sum = (struct sum){0}; /* 5 Hz: its scale is another one */
            return GO_ON;
        }
    }
    return GO_ON;
}

/* All maps, or only those that were named when some were. */
static enum step weigh_all(struct kw_meter_identify *identify)
{
    for (; identify->map < identify->count; identify->map++) {
        const struct kw_map *map = identify->maps[identify->map];
        bool named = identify->looks[identify->map].named;
        struct sum sum;

        if (map->identifies_only || map->never_proposed ||
            (identify->any_named && !named))
            continue;
        if (weigh(identify, map, named, &sum) == WAIT)
            return WAIT;
        identify->looks[identify->map].score = (uint8_t)kw_meter_evidence_score(
            sum.got, sum.most, sum.hits, named);
        if (sum.hits > 0)
            identify->identity.said |= KW_METER_SAID_REGISTERS;
    }
    return GO_ON;
}

static void propose(struct kw_meter_identify *identify, size_t map,
                    unsigned score)
{
    size_t at = identify->proposed;

    while (at > 0 && identify->proposals[at - 1].score < score)
        at--;
    if (at == KW_METER_PROPOSALS_MAX)
        return;
    if (identify->proposed < KW_METER_PROPOSALS_MAX)
        identify->proposed++;
    for (size_t i = identify->proposed - 1; i > at; i--)
        identify->proposals[i] = identify->proposals[i - 1];
    identify->proposals[at] = (struct kw_meter_proposal){
        .map = (uint16_t)map, .score = (uint8_t)score};
}

/* Best first; those that are far behind the best are left out. */
static enum step rank(struct kw_meter_identify *identify)
{
    for (size_t i = 0; i < identify->count; i++) {
        if (identify->looks[i].score > 0)
            propose(identify, i, identify->looks[i].score);
    }
    while (identify->proposed > 1 &&
           identify->proposals[identify->proposed - 1].score * 2 <
               identify->proposals[0].score)
        identify->proposed--;
    identify->load = 1;
    return GO_ON;
}

/* Which loads the best proposal has: one whose most telling point makes
 * sense is there, the first that is refused ends the search. */
static enum step find_loads(struct kw_meter_identify *identify)
{
    const struct kw_map *map;
    uint16_t points[KW_METER_EVIDENCE_MAX];

    if (identify->proposed == 0)
        return GO_ON;
    identify->loads |= 1;
    map = identify->maps[identify->proposals[0].map];
    if (map->load_stride == 0 || kw_meter_evidence(map, points) == 0)
        return GO_ON;
    for (; identify->load < KW_METER_LOADS_MAX; identify->load++) {
        const struct kw_map_point *point = &map->points[points[0]];
        unsigned address = point->address + identify->load * map->load_stride;
        const unsigned char *data;
        unsigned weight;

        if (address + point->registers > 65536)
            break;
        if (look(identify, point->function, (uint16_t)address, point->registers,
                 &data) == WAIT)
            return WAIT;
        if (data == NULL)
            break;
        if (kw_meter_evidence_judge(point, data, &weight) ==
            KW_METER_EVIDENCE_FOR)
            identify->loads |= UINT32_C(1) << identify->load;
    }
    return GO_ON;
}

/* --- the dialogue */

bool kw_meter_identify_next(struct kw_meter_identify *identify,
                            struct kw_meter_ask *ask)
{
    static enum step (*const stages[])(struct kw_meter_identify *) = {
        ask_objects, ask_report, ask_socomec, compare_all,
        weigh_all,   rank,       find_loads,
    };

    while (identify->stage < sizeof(stages) / sizeof(stages[0])) {
        if (stages[identify->stage](identify) == WAIT) {
            *ask = identify->ask;
            ask->unit = identify->unit;
            return true;
        }
        identify->stage++;
        identify->rounds = 0;
    }
    return false;
}

void kw_meter_identify_take(struct kw_meter_identify *identify,
                            enum kw_meter_outcome outcome,
                            const unsigned char *data, size_t length)
{
    if (outcome != KW_METER_GOOD)
        data = NULL;
    if (outcome == KW_METER_TIMEOUT)
        identify->silent++;
    switch (identify->ask.function) {
    case KW_METER_DEVICE_ID:
        take_objects(identify, data, length);
        break;
    case KW_METER_REPORT_ID:
        if (data != NULL)
            (void)kw_meter_identity_report(&identify->identity, data, length);
        break;
    default:
        keep(identify, data, length);
        return; /* the stage looks again */
    }
    if (identify->ask.function != KW_METER_DEVICE_ID)
        identify->rounds++;
}
