/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal rows and segments. The first byte chooses: the bytes as a row; the
 * bytes as pieces under a right check; the bytes as a segment, of which what
 * was read must be encoded again and come back the same.
 */
#include "history/code.h"
#include "history/journal.h"
#include "history/stream.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAMES = 256 };

static void read_segment(const unsigned char *bytes, size_t length)
{
    struct kw_history_set set;
    struct kw_reader reader;
    int err;

    kw_history_set_init(&set);
    kw_reader_init(&reader, bytes, length);
    err = kw_history_segment_read(&reader, 0, &set);
    if (err != 0 && err != KW_ECORRUPT)
        abort();
    kw_history_set_fini(&set);
}

static void as_row(const uint8_t *data, size_t size)
{
    struct kw_history_piece piece;
    struct kw_reader reader;
    uint64_t next;
    int err = kw_history_row_open(&reader, data, size, &next);

    while (err == 0) {
        err = kw_history_row_next(&reader, &piece);
        if (err == 0)
            read_segment(piece.bytes, piece.length);
    }
    if (err != KW_EOF && err != KW_ECORRUPT && err != KW_EVERSION)
        abort();
}

static void as_pieces(const uint8_t *data, size_t size)
{
    struct kw_buf row;

    kw_buf_init(&row, 1 << 20);
    kw_history_row_begin(&row, 1);
    kw_buf_put(&row, data, size);
    kw_history_row_end(&row);
    as_row(row.data, row.length);
    kw_buf_fini(&row);
}

/* A frame that was read, as a poll. */
static void make_poll(const struct kw_history_segment *segment,
                      const struct kw_history_frame *frame,
                      struct kw_sample *samples, double *scales)
{
    for (size_t i = 0; i < frame->shape->count; i++) {
        const struct kw_history_lane *lane =
            &segment->lanes[frame->shape->lanes[i]];

        samples[i] = (struct kw_sample){
            .point = lane->key.point,
            .quality = lane->quality,
            .encoding = lane->key.encoding,
            .time_ms = frame->time_ms,
            .raw = kw_history_raw(lane->key.encoding, lane->last),
        };
        scales[i] = lane->key.scale;
    }
}

/* Both must hold the same samples of that frame. */
static void compare(const struct kw_history_segment *a,
                    const struct kw_history_frame *left,
                    const struct kw_history_segment *b,
                    const struct kw_history_frame *right)
{
    if (left->time_ms != right->time_ms || left->samples != right->samples)
        abort();
    for (size_t i = 0; i < left->shape->count; i++) {
        const struct kw_history_lane *x = &a->lanes[left->shape->lanes[i]];
        const struct kw_history_lane *y = &b->lanes[right->shape->lanes[i]];

        if (x->key.point != y->key.point || x->quality != y->quality)
            abort();
        if (kw_quality_has_value(x->quality) &&
            kw_history_raw(x->key.encoding, x->last) !=
                kw_history_raw(y->key.encoding, y->last))
            abort();
    }
}

/* A point twice in one poll: no writer does that. */
static bool has_twice(const struct kw_history_segment *segment,
                      const struct kw_history_frame *frame)
{
    const uint16_t *lanes = frame->shape->lanes;

    for (size_t i = 0; i < frame->shape->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (segment->lanes[lanes[i]].key.point ==
                segment->lanes[lanes[k]].key.point)
                return true;
        }
    }
    return false;
}

/* Reads frames, writes each into a segment of its own, reads that. */
static void as_segment(const uint8_t *data, size_t size)
{
    static struct kw_sample samples[KW_HISTORY_FRAME];
    static double scales[KW_HISTORY_FRAME];
    struct kw_history_segment in, out, again;
    struct kw_history_frame frame, twin;
    struct kw_reader reader;
    struct kw_buf bytes;

    read_segment(data, size);
    kw_history_segment_init(&in);
    kw_history_segment_init(&out);
    kw_buf_init(&bytes, 1 << 20);
    kw_reader_init(&reader, data, size);
    for (int i = 0; i < FRAMES; i++) {
        struct kw_history_poll poll = {samples, scales, 0};
        struct kw_reader copy;

        if (kw_history_frame_get(&in, &reader, &frame) != 0)
            break;
        if (frame.shape->count > 64 || has_twice(&in, &frame))
            break;
        make_poll(&in, &frame, samples, scales);
        poll.count = frame.shape->count;
        kw_buf_reset(&bytes);
        kw_history_segment_reset(&out);
        if (kw_history_frame_put(&out, &poll, &bytes) != 0)
            break;
        kw_history_segment_init(&again);
        kw_reader_init(&copy, bytes.data, bytes.length);
        if (kw_history_frame_get(&again, &copy, &twin) != 0)
            abort();
        compare(&in, &frame, &again, &twin);
        kw_history_segment_fini(&again);
    }
    kw_buf_fini(&bytes);
    kw_history_segment_fini(&in);
    kw_history_segment_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const ways[])(const uint8_t *, size_t) = {as_row, as_pieces,
                                                            as_segment};

    if (size > 0)
        ways[data[0] % 3](data + 1, size - 1);
    return 0;
}
