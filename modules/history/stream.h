/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row form of samples: a segment is what one source (meter) gave since
 * the segment began, one frame a poll, appended as it comes. The memory window
 * holds the open segments and the journal their pieces, so a sample is encoded
 * once and a restart puts the pieces together again. A steady poll costs
 * about one byte a sample.
 *
 * A frame: varint shape * 2 + (1 when qualities follow). A shape is the list
 * of columns that a poll brings; the next unused number defines it: varint
 * count, then for each column its number, the next unused one being defined
 * by: varint point, byte encoding, be64 scale. Then: signed change of the
 * distance in time to the last frame of that shape; the qualities that
 * changed: varint count + 1, each varint columns skipped, byte quality (or
 * varint 0, then one byte for all); of each column that has a value the signed
 * difference to its last one. Signed numbers are zigzag varints.
 */
#ifndef KW_HISTORY_STREAM_H
#define KW_HISTORY_STREAM_H

#include "base/buf.h"
#include "base/sample.h"
#include "history/series.h"

#include <stdbool.h>

enum { KW_HISTORY_SHAPES = 32, KW_HISTORY_FRAME = 4096 /* most samples */ };

struct kw_history_lane {
    struct kw_history_key key;
    uint64_t last;   /* ordered number of the last value */
    uint8_t quality; /* of the last sample */
};

struct kw_history_shape {
    int64_t last_ms, period_ms;
    uint16_t *lanes; /* owned: which columns, in order */
    size_t count, size;
};

/* The state that both sides keep of a segment. */
struct kw_history_segment {
    struct kw_history_lane *lanes;
    size_t lane_count, lanes_size;
    struct kw_history_shape shapes[KW_HISTORY_SHAPES];
    size_t shape_count, last_shape;
    int64_t last_ms;
};

void kw_history_segment_init(struct kw_history_segment *segment);
/* Forgets all but keeps the memory: the next frame begins a new segment. */
void kw_history_segment_reset(struct kw_history_segment *segment);
void kw_history_segment_fini(struct kw_history_segment *segment);

/* Samples of one poll: one source, one time. */
struct kw_history_poll {
    const struct kw_sample *samples;
    const double *scales; /* of each sample's point */
    size_t count;         /* 1 to KW_HISTORY_FRAME */
};

/*
 * Appends a frame to out. KW_EAGAIN, with nothing changed: a point's encoding
 * or scale is new or there are too many shapes, so begin a new segment. After
 * any other error the segment can't go on. Allocates only for what is new.
 */
KW_MUST_CHECK int kw_history_frame_put(struct kw_history_segment *segment,
                                       const struct kw_history_poll *poll,
                                       struct kw_buf *out);

/* A frame that was read; valid until the next one. */
struct kw_history_frame {
    int64_t time_ms;
    const struct kw_history_shape *shape; /* its columns, in segment->lanes */
    size_t samples;
};

/*
 * Reads the next frame; values and qualities then stand in segment->lanes.
 * KW_EOF, KW_ECORRUPT, KW_ENOMEM. The segment begins with init or reset.
 */
KW_MUST_CHECK int kw_history_frame_get(struct kw_history_segment *segment,
                                       struct kw_reader *reader,
                                       struct kw_history_frame *frame);

/*
 * Puts the frames of a whole segment into a set; point 0: all, else only that
 * one. What was read before damage stays: KW_ECORRUPT.
 */
KW_MUST_CHECK int kw_history_segment_read(struct kw_reader *reader,
                                          uint32_t point,
                                          struct kw_history_set *set);

#endif
