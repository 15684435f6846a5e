/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stream a browser. One that takes nothing is behind: it keeps the set of
 * points that it is owed, and gets their newest values once the network has
 * taken what was queued; the older values are dropped and counted.
 *
 * Happy path: hello, the latest of all points asked for, status; then what
 * changes. Failure: the client or its session ends: on_closed; no memory: the
 * stream ends and the browser comes again.
 */
#include "base/mem.h"
#include "base/text.h"
#include "core/core.h"
#include "core/point.h"
#include "core/route.h"
#include "live/state.h"

#include <stdio.h>
#include <string.h>

enum {
    ROWS_MAX = 4096,          /* of one message: bounds the turn */
    QUEUED_MAX_BYTES = 65536, /* above it the browser is behind */
};

struct stream {
    struct kw_link link;
    struct kw_live *live;
    struct kw_request *request;
    struct kw_live_bits wanted; /* empty: all */
    struct kw_live_bits owed;
    bool behind; /* waits for on_drain */
};

static void free_stream(struct stream *stream)
{
    kw_list_remove(&stream->link);
    stream->live->stream_count--;
    kw_live_bits_fini(&stream->wanted);
    kw_live_bits_fini(&stream->owed);
    kw_free(stream);
}

/* The client is gone; the request is dead. */
static void on_closed(void *arg)
{
    free_stream(arg);
}

static void end_stream(struct stream *stream)
{
    struct kw_request *request = stream->request;

    request->on_closed = NULL;
    request->on_drain = NULL;
    free_stream(stream);
    kw_reply_end(request);
}

/* Writes what is in message; a stream without memory for it ends. */
static bool write_message(struct stream *stream)
{
    struct kw_buf *message = &stream->live->message;

    if (kw_buf_err(message) != 0) {
        end_stream(stream);
        return false;
    }
    if (message->length == 0)
        return true;
    stream->live->messages++;
    stream->behind = kw_reply_write(stream->request, message->data,
                                    message->length) > QUEUED_MAX_BYTES;
    return true;
}

/* Messages of what the stream is owed, until it is behind. */
static void send_owed(struct stream *stream)
{
    struct kw_live *live = stream->live;

    while (!stream->behind && stream->owed.count > 0) {
        kw_buf_reset(&live->message);
        kw_live_put_values(&live->message, live->core, &stream->owed, ROWS_MAX);
        if (!write_message(stream))
            return;
    }
}

static void on_drain(void *arg)
{
    struct stream *stream = arg;

    stream->behind = false;
    send_owed(stream);
}

static bool follows_all(const struct stream *stream)
{
    return stream->wanted.count == 0;
}

/* Notes this turn's changes as owed and sends what can be sent. */
static void owe_changes(struct stream *stream)
{
    struct kw_live *live = stream->live;
    int there =
        kw_live_bits_merge(&stream->owed, &live->changed,
                           follows_all(stream) ? NULL : &stream->wanted);

    if (there < 0) {
        end_stream(stream);
        return;
    }
    live->coalesced += (uint64_t)there;
    send_owed(stream);
}

void kw_live_stream_changes(struct kw_live *live)
{
    struct stream *streams[KW_LIVE_STREAMS_MAX];
    size_t count = 0, shared = 0;

    KW_LIST_EACH_SAFE (link, after, &live->streams) {
        struct stream *stream = KW_LIST_ENTRY(link, struct stream, link);

        if (follows_all(stream) && !stream->behind && stream->owed.count == 0 &&
            live->changed.count <= ROWS_MAX)
            streams[count++] = stream;
        else
            owe_changes(stream);
    }
    kw_buf_reset(&live->message);
    if (count > 0)
        kw_live_put_values(&live->message, live->core, &live->changed,
                           ROWS_MAX);
    while (shared < count)
        (void)write_message(streams[shared++]);
    kw_live_bits_clear(&live->changed);
}

void kw_live_stream_message(struct kw_live *live)
{
    KW_LIST_EACH_SAFE (link, after, &live->streams) {
        struct stream *stream = KW_LIST_ENTRY(link, struct stream, link);

        if (!stream->behind)
            (void)write_message(stream);
    }
}

/* One point of the list by number or name; NULL when there is none. */
static const struct kw_point *find_point(const struct kw_points *points,
                                         const char *text)
{
    uint64_t number;

    if (kw_text_parse_u64(text, &number) == 0)
        return number <= UINT32_MAX ? kw_points_get(points, (uint32_t)number)
                                    : NULL;
    return kw_points_find(points, text);
}

/* Reads "12,13,incomer.voltage_l1_n". 0, KW_ENOMEM, or KW_ENOTFOUND with the
 * unknown one in bad. */
static int read_points(const struct kw_points *points, const char *list,
                       struct kw_live_bits *wanted,
                       char bad[KW_POINT_NAME_SIZE])
{
    while (*list != 0) {
        size_t length = strcspn(list, ",");
        const struct kw_point *point;
        int err;

        snprintf(bad, KW_POINT_NAME_SIZE, "%.*s",
                 (int)(length < KW_POINT_NAME_SIZE ? length
                                                   : KW_POINT_NAME_SIZE - 1),
                 list);
        point = find_point(points, bad);
        if (point == NULL || length >= KW_POINT_NAME_SIZE)
            return KW_ENOTFOUND;
        err = kw_live_bits_add(wanted, point->id);
        if (err < 0)
            return err;
        list += length + (list[length] == ',');
    }
    return 0;
}

/* All points that the stream asked for, as owed. */
static int owe_all(struct stream *stream)
{
    const struct kw_points *points = stream->live->core->points;
    int err = 0;

    if (!follows_all(stream))
        return kw_live_bits_merge(&stream->owed, &stream->wanted, NULL);
    for (size_t i = 0; err >= 0 && i < kw_points_count(points); i++) {
        const struct kw_point *point = kw_points_at(points, i);

        if (!point->retired)
            err = kw_live_bits_add(&stream->owed, point->id);
    }
    return err;
}

static int fill_stream(struct stream *stream, const struct kw_live_query *query,
                       char bad[KW_POINT_NAME_SIZE])
{
    int err = 0;

    if (query->points != NULL)
        err = read_points(stream->live->core->points, query->points,
                          &stream->wanted, bad);
    if (err == 0 && query->points != NULL && stream->wanted.count == 0)
        err = KW_ENOTFOUND;
    return err == 0 ? owe_all(stream) : err;
}

/* The answer begins: hello, then all that is owed, then the status. */
static void begin_stream(struct stream *stream)
{
    struct kw_live *live = stream->live;
    struct kw_request *request = stream->request;

    if (kw_reply_begin(request, 200, "text/event-stream") != 0) {
        free_stream(stream); /* the request is gone */
        return;
    }
    request->on_closed = on_closed;
    request->on_drain = on_drain;
    request->arg = stream;
    live->streams_total++;
    kw_buf_reset(&live->message);
    kw_live_put_hello(&live->message, live->core);
    kw_live_put_values(&live->message, live->core, &stream->owed, ROWS_MAX);
    kw_live_put_status(&live->message, live->core);
    if (write_message(stream))
        send_owed(stream);
}

void kw_live_stream_open(struct kw_live *live, struct kw_request *request)
{
    char bad[KW_POINT_NAME_SIZE] = "";
    struct stream *stream = kw_alloc(sizeof(*stream));
    int err = KW_ENOMEM;

    if (stream != NULL) {
        stream->live = live;
        stream->request = request;
        kw_list_append(&live->streams, &stream->link);
        live->stream_count++;
        err = fill_stream(stream, request->query, bad);
    }
    if (err >= 0) {
        begin_stream(stream);
        return;
    }
    if (stream != NULL)
        free_stream(stream);
    if (err == KW_ENOTFOUND)
        kw_reply_problem(request, 422, "point_unknown",
                         "There is no point \"%s\".", bad);
    else
        kw_reply_problem(request, 503, "no_memory",
                         "There is not enough memory.");
}

void kw_live_stream_end_all(struct kw_live *live)
{
    KW_LIST_EACH_SAFE (link, after, &live->streams) {
        end_stream(KW_LIST_ENTRY(link, struct stream, link));
    }
}
