/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A meter's registers as it gave them: for each request of its plan the bytes
 * of the last good answer, when that came and how the request does. Who serves
 * the registers to others (the supervisor) copies them from here and never
 * encodes a value anew. Pure but for its memory; times are monotonic.
 */
#ifndef KW_METER_IMAGE_H
#define KW_METER_IMAGE_H

#include "base/err.h"
#include "meter/pdu.h"
#include "meter/plan.h"

/* What one request brings. */
struct kw_meter_block {
    uint8_t function;
    uint8_t quality;   /* enum kw_quality: of the last answer */
    uint8_t exception; /* the meter's code with bad_exception */
    uint16_t address, count;
    uint64_t time_ns;    /* of the last good answer */
    uint64_t next_ns;    /* of the one in next; 0: there is none */
    uint64_t fresh_ns;   /* it is stale when it is older; UINT64_MAX never */
    unsigned char *have; /* NULL: all; else a bit for each register (bit) that
                            the meter has and has given; owned */
    uint8_t missing;     /* its code for those that it has not */
    unsigned char *data; /* as on the wire: bits packed, registers high byte
                            first */
    unsigned char *next; /* what came since, not yet believed */
};

struct kw_meter_image {
    struct kw_meter_block *blocks; /* as plan.requests; owned */
    unsigned char *bytes;          /* of all blocks, twice; owned */
    size_t count;
};

/* Periods after which a value is stale, as with points (core/point.h). */
enum { KW_METER_FRESH_PERIODS = 3 };

/*
 * All blocks bad_never. period_ns are those of the classes; what is read once
 * a connection never grows stale. KW_ENOMEM.
 */
KW_MUST_CHECK int kw_meter_image_init(struct kw_meter_image *image,
                                      const struct kw_plan *plan,
                                      const uint64_t period_ns[KW_MAP_ONCE]);
/* Harmless on a zeroed image, and twice. */
void kw_meter_image_fini(struct kw_meter_image *image);

/*
 * An answer for count registers (functions 1 and 2: bits) from address on, all
 * of that block. It is not seen before it is kept.
 */
void kw_meter_image_put(struct kw_meter_image *image, size_t block,
                        uint16_t address, uint16_t count,
                        const unsigned char *data, uint64_t now_ns);

/* What was put since the last time is believed, or is not. */
void kw_meter_image_keep(struct kw_meter_image *image);
void kw_meter_image_forget(struct kw_meter_image *image);

/*
 * The meter refuses a part of the block with that exception: from now on only
 * what it gives is there. KW_ENOMEM. Twice is harmless.
 */
KW_MUST_CHECK int kw_meter_image_narrow(struct kw_meter_image *image,
                                        size_t block, uint8_t exception);
/* A part of a narrowed block was not given this time: what it said before is
 * not said again. Of a whole block that is what kw_meter_image_fail is for. */
void kw_meter_image_drop(struct kw_meter_image *image, size_t block,
                         uint16_t address, uint16_t count);
/* It failed with that quality; exception is the meter's code or 0. */
void kw_meter_image_fail(struct kw_meter_image *image, size_t request,
                         uint8_t quality, uint8_t exception);

/* What a read of an image gives. */
enum kw_meter_image_result {
    KW_METER_IMAGE_GOOD,    /* copied */
    KW_METER_IMAGE_OUTSIDE, /* not all of it is read from the meter */
    KW_METER_IMAGE_BAD,     /* it is, but not well or not lately */
};

/* The blocks of a meter, or of several that share a unit. */
struct kw_meter_blocks {
    const struct kw_meter_block *const *list; /* in order of function, then
                                                 address */
    size_t count;
};

/*
 * Copies what ask wants, which must be valid and of function 1 to 4, from
 * blocks that are good and fresh, however many it takes, into out, which has
 * room for kw_meter_ask_data_bytes. With BAD *exception is the code of a meter
 * that refused, else 0.
 */
enum kw_meter_image_result
kw_meter_image_read(const struct kw_meter_blocks *blocks,
                    const struct kw_meter_ask *ask, uint64_t now_ns,
                    unsigned char *out, uint8_t *exception);

/* Orders blocks for kw_meter_blocks; for qsort over pointers to them. */
int kw_meter_block_order(const void *a, const void *b);

#endif
