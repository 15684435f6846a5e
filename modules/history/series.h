/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples in columns: one series for each point (and encoding and scale,
 * which may change with a meter's map), and a set of them. Between the row
 * form of the memory window and the column form of a block.
 */
#ifndef KW_HISTORY_SERIES_H
#define KW_HISTORY_SERIES_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    KW_HISTORY_SAMPLES = 1 << 21, /* most samples of a series */
    KW_HISTORY_COLUMNS = 4096,    /* most series of a set */
};

/* What the raw bits of a series mean. */
struct kw_history_key {
    uint32_t point;
    uint8_t encoding; /* enum kw_encoding */
    double scale;     /* base unit = number in raw * scale */
};

/* raw is 0 where the quality says that there is no value. */
struct kw_history_series {
    struct kw_history_key key;
    size_t count, capacity;
    int64_t *times; /* UTC ms; owned, as the others */
    uint64_t *raw;
    uint8_t *quality;
};

/* Appends. KW_ENOMEM, KW_EFULL. */
KW_MUST_CHECK int kw_history_series_put(struct kw_history_series *series,
                                        int64_t time_ms, uint64_t raw,
                                        uint8_t quality);
/* Room for more samples, so that they can be written in place. */
KW_MUST_CHECK int kw_history_series_reserve(struct kw_history_series *series,
                                            size_t more);
/*
 * Puts the samples in order of time; of several at one time the one that came
 * last stays. Costs one look when they are in order, as they nearly always
 * are.
 */
KW_MUST_CHECK int kw_history_series_tidy(struct kw_history_series *series);
void kw_history_series_fini(struct kw_history_series *series);

struct kw_history_set {
    struct kw_history_series *items; /* owned */
    size_t count, capacity;
    size_t hint; /* where the next search begins */
};

void kw_history_set_init(struct kw_history_set *set);
void kw_history_set_fini(struct kw_history_set *set);

/* The series of a key, made when it is missing; valid until the next call.
 * KW_ENOMEM, KW_EFULL. */
KW_MUST_CHECK int kw_history_set_series(struct kw_history_set *set,
                                        const struct kw_history_key *key,
                                        struct kw_history_series **series);
/* Tidies all and sorts them by point. */
KW_MUST_CHECK int kw_history_set_tidy(struct kw_history_set *set);
/* Samples in all series. */
size_t kw_history_set_samples(const struct kw_history_set *set);

#endif
