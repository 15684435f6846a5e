/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer and reader keep the same struct kw_history_segment and change it in
 * the same way frame by frame; what both know needn't be written. So each
 * function that writes a part of a frame stands beside the one that reads it,
 * and nothing may be changed before it is sure that the frame will be.
 */
#include "history/stream.h"

#include "base/mem.h"
#include "history/code.h"

#include <string.h>

enum { FIRST_LANES = 16 };

void kw_history_segment_init(struct kw_history_segment *segment)
{
    *segment = (struct kw_history_segment){0};
}

void kw_history_segment_reset(struct kw_history_segment *segment)
{
    segment->lane_count = segment->shape_count = segment->last_shape = 0;
    segment->last_ms = 0;
}

void kw_history_segment_fini(struct kw_history_segment *segment)
{
    for (size_t i = 0; i < KW_HISTORY_SHAPES; i++)
        kw_free(segment->shapes[i].lanes);
    kw_free(segment->lanes);
    kw_history_segment_init(segment);
}

static void put_signed(struct kw_buf *out, uint64_t number)
{
    kw_buf_put_varint(out, kw_history_zigzag(number));
}

static uint64_t read_signed(struct kw_reader *reader)
{
    return kw_history_unzigzag(kw_read_varint(reader));
}

/* A new column; quality good and number 0 are where its differences begin. */
static int add_lane(struct kw_history_segment *segment,
                    const struct kw_history_key *key)
{
    size_t size =
        segment->lanes_size > 0 ? segment->lanes_size * 2 : FIRST_LANES;
    struct kw_history_lane *grown;

    if (segment->lane_count >= KW_HISTORY_COLUMNS)
        return KW_EFULL;
    if (segment->lane_count == segment->lanes_size) {
        grown = kw_realloc(segment->lanes, size * sizeof(grown[0]));
        if (grown == NULL)
            return KW_ENOMEM;
        segment->lanes = grown;
        segment->lanes_size = size;
    }
    segment->lanes[segment->lane_count++] =
        (struct kw_history_lane){.key = *key};
    return 0;
}

/* The next shape, with room for count columns. */
static int add_shape(struct kw_history_segment *segment, size_t count)
{
    struct kw_history_shape *shape = &segment->shapes[segment->shape_count];
    uint16_t *lanes;

    if (count > shape->size) {
        lanes = kw_realloc(shape->lanes, count * sizeof(lanes[0]));
        if (lanes == NULL)
            return KW_ENOMEM;
        shape->lanes = lanes;
        shape->size = count;
    }
    shape->last_ms = segment->last_ms;
    shape->period_ms = 0;
    shape->count = count;
    segment->shape_count++;
    return 0;
}

/* Whether a poll brings exactly the columns of a shape, in its order. */
static bool fits(const struct kw_history_segment *segment,
                 const struct kw_history_shape *shape,
                 const struct kw_history_poll *poll)
{
    if (shape->count != poll->count)
        return false;
    for (size_t i = 0; i < poll->count; i++) {
        if (segment->lanes[shape->lanes[i]].key.point != poll->samples[i].point)
            return false;
    }
    return true;
}

/* The shape of a poll; shape_count when it is new. */
static size_t find_shape(const struct kw_history_segment *segment,
                         const struct kw_history_poll *poll)
{
    size_t at = segment->last_shape;

    if (at < segment->shape_count && fits(segment, &segment->shapes[at], poll))
        return at;
    for (at = 0; at < segment->shape_count; at++) {
        if (fits(segment, &segment->shapes[at], poll))
            break;
    }
    return at;
}

static bool same_form(const struct kw_history_key *key,
                      const struct kw_history_poll *poll, size_t i)
{
    return key->encoding == poll->samples[i].encoding &&
           memcmp(&key->scale, &poll->scales[i], sizeof(key->scale)) == 0;
}

/* The column of a point; lane_count when there is none. Polls come in the
 * same order, so the one after the last found is tried first. */
static size_t find_lane(const struct kw_history_segment *segment,
                        uint32_t point, size_t hint)
{
    size_t at = hint;

    for (size_t i = 0; i < segment->lane_count; i++, at++) {
        at = at < segment->lane_count ? at : 0;
        if (segment->lanes[at].key.point == point)
            return at;
    }
    return segment->lane_count;
}

/* False when a known point is now read in another way. */
static bool forms_agree(const struct kw_history_segment *segment,
                        const struct kw_history_poll *poll, size_t shape)
{
    size_t lane = 0;

    for (size_t i = 0; i < poll->count; i++) {
        lane = shape < segment->shape_count
                   ? segment->shapes[shape].lanes[i]
                   : find_lane(segment, poll->samples[i].point, lane);
        if (lane < segment->lane_count &&
            !same_form(&segment->lanes[lane].key, poll, i))
            return false;
        lane++;
    }
    return true;
}

/* Writes the list of columns, and the new ones among them in full. */
static int define_shape(struct kw_history_segment *segment,
                        const struct kw_history_poll *poll, struct kw_buf *out)
{
    struct kw_history_shape *shape = &segment->shapes[segment->shape_count];
    size_t lane = 0;
    int err = add_shape(segment, poll->count);

    kw_buf_put_varint(out, poll->count);
    for (size_t i = 0; err == 0 && i < poll->count; i++) {
        struct kw_history_key key = {.point = poll->samples[i].point,
                                     .encoding = poll->samples[i].encoding,
                                     .scale = poll->scales[i]};
        uint64_t bits;

        lane = find_lane(segment, key.point, lane);
        kw_buf_put_varint(out, lane);
        shape->lanes[i] = (uint16_t)lane;
        if (lane == segment->lane_count) {
            memcpy(&bits, &key.scale, sizeof(bits));
            kw_buf_put_varint(out, key.point);
            kw_buf_put_byte(out, key.encoding);
            kw_buf_put_be64(out, bits);
            err = add_lane(segment, &key);
        }
        lane++;
    }
    return err;
}

/* Samples whose quality is another than that column's last one. */
static size_t count_changes(const struct kw_history_segment *segment,
                            const struct kw_history_shape *shape,
                            const struct kw_history_poll *poll)
{
    size_t changes = 0;

    for (size_t i = 0; i < poll->count; i++)
        changes +=
            segment->lanes[shape->lanes[i]].quality != poll->samples[i].quality;
    return changes;
}

/* Whether one byte can say the quality of the whole poll. */
static bool all_alike(const struct kw_history_poll *poll)
{
    for (size_t i = 1; i < poll->count; i++) {
        if (poll->samples[i].quality != poll->samples[0].quality)
            return false;
    }
    return true;
}

/* The qualities that differ from the columns' last ones. */
static void put_changes(const struct kw_history_segment *segment,
                        const struct kw_history_shape *shape,
                        const struct kw_history_poll *poll, size_t changes,
                        struct kw_buf *out)
{
    size_t skipped = 0;

    if (changes > 1 && all_alike(poll)) {
        kw_buf_put_varint(out, 0);
        kw_buf_put_byte(out, poll->samples[0].quality);
        return;
    }
    kw_buf_put_varint(out, changes + 1);
    for (size_t i = 0; i < poll->count; i++) {
        uint8_t quality = poll->samples[i].quality;

        if (segment->lanes[shape->lanes[i]].quality == quality) {
            skipped++;
            continue;
        }
        kw_buf_put_varint(out, skipped);
        kw_buf_put_byte(out, quality);
        skipped = 0;
    }
}

/* The values, for those that have one, as differences. */
static void put_values(struct kw_history_segment *segment,
                       const struct kw_history_shape *shape,
                       const struct kw_history_poll *poll, struct kw_buf *out)
{
    for (size_t i = 0; i < poll->count; i++) {
        struct kw_history_lane *lane = &segment->lanes[shape->lanes[i]];
        const struct kw_sample *sample = &poll->samples[i];
        uint64_t number;

        lane->quality = sample->quality;
        if (!kw_quality_has_value(sample->quality))
            continue;
        number = kw_history_ordered(sample->encoding, sample->raw);
        put_signed(out, number - lane->last);
        lane->last = number;
    }
}

/* Both sides follow the times of a shape in the same way. */
static void note_time(struct kw_history_segment *segment, size_t index,
                      int64_t time_ms, int64_t distance_ms)
{
    struct kw_history_shape *shape = &segment->shapes[index];

    shape->last_ms = segment->last_ms = time_ms;
    shape->period_ms = distance_ms;
    segment->last_shape = index;
}

int kw_history_frame_put(struct kw_history_segment *segment,
                         const struct kw_history_poll *poll, struct kw_buf *out)
{
    size_t index = find_shape(segment, poll), changes;
    bool is_new = index == segment->shape_count;
    struct kw_history_shape *shape = &segment->shapes[index];
    int64_t time_ms = poll->samples[0].time_ms;
    uint64_t distance;
    int err = 0;

    if (poll->count > KW_HISTORY_FRAME)
        return KW_EINVAL;
    if (index >= KW_HISTORY_SHAPES || !forms_agree(segment, poll, index))
        return KW_EAGAIN;
    if (is_new) {
        /* What it is worth isn't known yet: qualities always follow. */
        kw_buf_put_varint(out, index << 1 | 1);
        err = define_shape(segment, poll, out);
        if (err != 0)
            return err;
    }
    changes = count_changes(segment, shape, poll);
    if (!is_new)
        kw_buf_put_varint(out, index << 1 | (changes > 0));
    distance = (uint64_t)time_ms - (uint64_t)shape->last_ms;
    put_signed(out, distance - (uint64_t)shape->period_ms);
    if (is_new || changes > 0)
        put_changes(segment, shape, poll, changes, out);
    put_values(segment, shape, poll, out);
    note_time(segment, index, time_ms, (int64_t)distance);
    return kw_buf_err(out);
}

/* A column of a new shape: a known one, or the definition of the next. */
static int read_lane(struct kw_history_segment *segment,
                     struct kw_reader *reader, uint16_t *lane)
{
    uint64_t number = kw_read_varint(reader);
    struct kw_history_key key = {0};
    uint64_t point, bits;

    if (reader->err != 0 || number > segment->lane_count)
        return KW_ECORRUPT;
    *lane = (uint16_t)number;
    if (number < segment->lane_count)
        return 0;
    point = kw_read_varint(reader);
    key.encoding = kw_read_byte(reader);
    bits = kw_read_be64(reader);
    memcpy(&key.scale, &bits, sizeof(bits));
    key.point = (uint32_t)point;
    if (reader->err != 0 || point == 0 || point > UINT32_MAX ||
        key.encoding > KW_ENCODING_UNSIGNED)
        return KW_ECORRUPT;
    return add_lane(segment, &key);
}

/* The definition of the next shape. */
static int read_shape(struct kw_history_segment *segment,
                      struct kw_reader *reader)
{
    struct kw_history_shape *shape = &segment->shapes[segment->shape_count];
    uint64_t count = kw_read_varint(reader);
    int err;

    if (reader->err != 0 || count == 0 || count > KW_HISTORY_FRAME ||
        count > kw_reader_left(reader))
        return KW_ECORRUPT;
    err = add_shape(segment, (size_t)count);
    for (size_t i = 0; err == 0 && i < (size_t)count; i++)
        err = read_lane(segment, reader, &shape->lanes[i]);
    return err;
}

/* Puts the changed qualities into the columns. */
static int read_changes(struct kw_history_segment *segment,
                        const struct kw_history_shape *shape,
                        struct kw_reader *reader)
{
    uint64_t changes = kw_read_varint(reader), skipped;
    size_t at = 0;
    uint8_t quality;

    if (changes == 0) {
        quality = kw_read_byte(reader);
        for (; at < shape->count; at++)
            segment->lanes[shape->lanes[at]].quality = quality;
        return reader->err;
    }
    for (; changes > 1; changes--, at++) {
        skipped = kw_read_varint(reader);
        quality = kw_read_byte(reader);
        if (reader->err != 0 || skipped >= shape->count - at)
            return KW_ECORRUPT;
        at += (size_t)skipped;
        segment->lanes[shape->lanes[at]].quality = quality;
    }
    return reader->err;
}

int kw_history_frame_get(struct kw_history_segment *segment,
                         struct kw_reader *reader,
                         struct kw_history_frame *frame)
{
    struct kw_history_shape *shape;
    uint64_t head, index, distance;
    int err = 0;

    if (kw_reader_left(reader) == 0)
        return KW_EOF;
    head = kw_read_varint(reader);
    index = head >> 1;
    if (reader->err != 0 || index > segment->shape_count ||
        index >= KW_HISTORY_SHAPES)
        return KW_ECORRUPT;
    if (index == segment->shape_count)
        err = read_shape(segment, reader);
    if (err != 0)
        return err;
    shape = &segment->shapes[index];
    distance = (uint64_t)shape->period_ms + read_signed(reader);
    if (head & 1)
        err = read_changes(segment, shape, reader);
    for (size_t i = 0; err == 0 && i < shape->count; i++) {
        struct kw_history_lane *lane = &segment->lanes[shape->lanes[i]];

        if (kw_quality_has_value(lane->quality))
            lane->last += read_signed(reader);
    }
    if (err != 0 || reader->err != 0)
        return KW_ECORRUPT;
    note_time(segment, (size_t)index,
              (int64_t)((uint64_t)shape->last_ms + distance),
              (int64_t)distance);
    *frame = (struct kw_history_frame){shape->last_ms, shape, shape->count};
    return 0;
}

/* A frame's samples into the series of their points. */
static int add_frame(const struct kw_history_segment *segment,
                     const struct kw_history_frame *frame, uint32_t point,
                     struct kw_history_set *set)
{
    for (size_t i = 0; i < frame->shape->count; i++) {
        const struct kw_history_lane *lane =
            &segment->lanes[frame->shape->lanes[i]];
        bool has_value = kw_quality_has_value(lane->quality);
        struct kw_history_series *series;
        int err;

        if (point != 0 && lane->key.point != point)
            continue;
        err = kw_history_set_series(set, &lane->key, &series);
        if (err == 0)
            err = kw_history_series_put(
                series, frame->time_ms,
                has_value ? kw_history_raw(lane->key.encoding, lane->last) : 0,
                lane->quality);
        if (err != 0)
            return err;
    }
    return 0;
}

int kw_history_segment_read(struct kw_reader *reader, uint32_t point,
                            struct kw_history_set *set)
{
    struct kw_history_segment segment;
    struct kw_history_frame frame;
    int err = 0;

    kw_history_segment_init(&segment);
    while (err == 0) {
        err = kw_history_frame_get(&segment, reader, &frame);
        if (err == 0)
            err = add_frame(&segment, &frame, point, set);
    }
    kw_history_segment_fini(&segment);
    return err == KW_EOF ? 0 : err;
}
