/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is a unit that answers? A dialogue without a wire: it says what to ask
 * next and is told what came back, until it has nothing to ask any more.
 * First what the unit says of itself (43/14, then 17, then Socomec's block),
 * then what the maps of the library recognise by their fingerprints, then how
 * plausible its registers are under each map. Every register is asked for
 * once at most. Pure.
 */
#ifndef KW_METER_IDENTIFY_H
#define KW_METER_IDENTIFY_H

#include "meter/fingerprint.h"
#include "meter/identity.h"
#include "meter/pdu.h"

enum {
    KW_METER_PROPOSALS_MAX = 5,
    KW_METER_LOADS_MAX = 32,      /* that are looked for */
    KW_METER_CANDIDATES_MAX = 256 /* maps of a library */
};

enum {
    KW_METER_IDENTIFY_READS = 512, /* answers kept, the refused ones too */
    KW_METER_IDENTIFY_BYTES = 8192
};

/* An answer that is kept. bytes 0: it was refused. */
struct kw_meter_known {
    uint8_t function;
    uint16_t address, count;
    uint16_t at, bytes; /* in pool */
};

struct kw_meter_proposal {
    uint16_t map; /* index of the candidate */
    uint8_t score;
};

struct kw_meter_identify {
    /* Given; the maps are borrowed. */
    struct kw_map *const *maps;
    size_t count;
    uint8_t unit;

    /* The result, when there is nothing to ask any more. */
    struct kw_meter_identity identity;
    struct kw_meter_proposal proposals[KW_METER_PROPOSALS_MAX]; /* best first */
    size_t proposed;
    uint32_t loads; /* bit n: load n + 1 of the best proposal is there */

    /* Its own. */
    unsigned stage, rounds, silent;
    size_t map; /* that is being looked at */
    unsigned load;
    bool any_named;
    struct kw_meter_ask ask; /* under way */
    struct {
        uint8_t named, score;
    } looks[KW_METER_CANDIDATES_MAX];
    struct kw_meter_known known[KW_METER_IDENTIFY_READS];
    size_t known_count, used;
    unsigned char pool[KW_METER_IDENTIFY_BYTES];
};

/* maps outlive it; those beyond KW_METER_CANDIDATES_MAX are not looked at. */
void kw_meter_identify_init(struct kw_meter_identify *identify, uint8_t unit,
                            struct kw_map *const *maps, size_t count);

/* The next request into ask; false when all is known. */
bool kw_meter_identify_next(struct kw_meter_identify *identify,
                            struct kw_meter_ask *ask);

/* What became of it; data of KW_METER_GOOD as in struct kw_meter_answer. */
void kw_meter_identify_take(struct kw_meter_identify *identify,
                            enum kw_meter_outcome outcome,
                            const unsigned char *data, size_t length);

#endif
