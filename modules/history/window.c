/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks and parts move between the pool and the sources and are freed only
 * at the end: the memory that the busiest hour needed stays for the next one.
 * A frame is encoded into `scratch` first and appended whole, so that a part
 * never ends within a frame, whatever fails.
 */
#include "history/window.h"

#include "base/mem.h"

#include <string.h>

enum { FIRST_SOURCES = 64, FRAME_BYTES = 1 << 20 };

void kw_history_window_init(struct kw_history_window *window,
                            uint64_t ceiling_bytes)
{
    *window = (struct kw_history_window){
        .ceiling_chunks = (size_t)(ceiling_bytes / KW_HISTORY_CHUNK_BYTES),
        .next_segment = 1,
    };
    kw_list_init(&window->dirty);
    kw_list_init(&window->flying);
    kw_list_init(&window->spare_parts);
    kw_buf_init(&window->scratch, FRAME_BYTES);
}

static void free_chunks(struct kw_history_chunk *chunk)
{
    while (chunk != NULL) {
        struct kw_history_chunk *next = chunk->next;

        kw_free(chunk);
        chunk = next;
    }
}

/* Parts with their chunks; the list itself isn't emptied. */
static void free_parts(struct kw_link *parts)
{
    KW_LIST_EACH_SAFE (link, after, parts) {
        struct kw_history_part *part =
            KW_LIST_ENTRY(link, struct kw_history_part, link);

        free_chunks(part->chunks);
        kw_free(part);
    }
}

void kw_history_window_fini(struct kw_history_window *window)
{
    for (size_t i = 0; i < window->size; i++) {
        struct kw_history_source *source = window->sources[i];

        if (source == NULL)
            continue;
        kw_history_window_close(window, source, 0);
        free_parts(&source->closed);
        kw_history_segment_fini(&source->writer);
        kw_free(source);
    }
    free_parts(&window->spare_parts);
    free_chunks(window->spare);
    kw_free(window->sources);
    kw_buf_fini(&window->scratch);
    kw_history_window_init(window, 0);
}

/* Doubles the table of sources until it has that number. */
static int grow_sources(struct kw_history_window *window, uint32_t number)
{
    size_t size = window->size > 0 ? window->size : FIRST_SOURCES;
    struct kw_history_source **grown;

    if (number >= KW_HISTORY_SOURCES)
        return KW_EFULL;
    while (size <= number)
        size *= 2;
    grown = kw_realloc(window->sources, size * sizeof(grown[0]));
    if (grown == NULL)
        return KW_ENOMEM;
    memset(grown + window->size, 0, (size - window->size) * sizeof(grown[0]));
    window->sources = grown;
    window->size = size;
    return 0;
}

/* Found by its number, made when it is new. */
int kw_history_window_source(struct kw_history_window *window, uint32_t number,
                             struct kw_history_source **out)
{
    struct kw_history_source *source;
    int err = number < window->size ? 0 : grow_sources(window, number);

    if (err != 0)
        return err;
    if (window->sources[number] == NULL) {
        source = kw_alloc(sizeof(*source));
        if (source == NULL)
            return KW_ENOMEM;
        source->number = number;
        kw_list_init(&source->closed);
        kw_history_segment_init(&source->writer);
        window->sources[number] = source;
    }
    *out = window->sources[number];
    return 0;
}

/* From the pool when it has one: a warm window allocates nothing. */
struct kw_history_part *kw_history_part_new(struct kw_history_window *window,
                                            uint32_t source, uint64_t segment)
{
    struct kw_history_part *part;

    if (kw_list_empty(&window->spare_parts)) {
        part = kw_alloc(sizeof(*part));
        if (part == NULL)
            return NULL;
    } else {
        part = KW_LIST_ENTRY(window->spare_parts.next, struct kw_history_part,
                             link);
        kw_list_remove(&part->link);
        *part = (struct kw_history_part){0};
    }
    kw_list_init(&part->link);
    kw_list_init(&part->dirty);
    kw_list_init(&part->flying);
    part->source = source;
    part->segment = segment;
    part->first_row = UINT64_MAX;
    return part;
}

void kw_history_window_close(struct kw_history_window *window,
                             struct kw_history_source *source, uint64_t now_ms)
{
    struct kw_history_part *part = source->open;

    if (part == NULL)
        return;
    source->open = NULL;
    /* a part that never got a frame has no hour either */
    part->closed_ms = now_ms;
    if (part->samples > 0)
        kw_list_append(&source->closed, &part->link);
    else
        kw_history_window_drop(window, part);
}

/* Makes sure that so many chunks are spare. */
static int reserve_chunks(struct kw_history_window *window, size_t count)
{
    if (window->chunks - window->spare_chunks + count > window->ceiling_chunks)
        return KW_EFULL;
    while (window->spare_chunks < count) {
        struct kw_history_chunk *chunk = kw_alloc(sizeof(*chunk));

        if (chunk == NULL)
            return KW_ENOMEM;
        chunk->next = window->spare;
        window->spare = chunk;
        window->spare_chunks++;
        window->chunks++;
    }
    return 0;
}

/* Hangs a spare chunk behind the part; reserve_chunks has made sure of it. */
static void add_chunk(struct kw_history_window *window,
                      struct kw_history_part *part)
{
    struct kw_history_chunk *chunk = window->spare;

    window->spare = chunk->next;
    window->spare_chunks--;
    chunk->next = NULL;
    chunk->used = 0;
    if (part->end != NULL)
        part->end->next = chunk;
    else
        part->chunks = chunk;
    part->end = chunk;
}

/* All of the bytes or nothing. */
int kw_history_part_append(struct kw_history_window *window,
                           struct kw_history_part *part,
                           const unsigned char *bytes, size_t length)
{
    const size_t room = sizeof(part->end->bytes);
    size_t left = part->end != NULL ? room - part->end->used : 0;
    size_t more = length > left ? (length - left + room - 1) / room : 0;
    int err = more > 0 ? reserve_chunks(window, more) : 0;

    if (err != 0)
        return err;
    part->bytes += length;
    while (length > 0) {
        size_t take;

        if (part->end == NULL || part->end->used == room)
            add_chunk(window, part);
        left = room - part->end->used;
        take = length < left ? length : left;
        memcpy(part->end->bytes + part->end->used, bytes, take);
        part->end->used += take;
        bytes += take;
        length -= take;
    }
    return 0;
}

int64_t kw_history_floor(int64_t time_ms, int64_t unit_ms)
{
    int64_t into = time_ms % unit_ms;

    if (into < 0)
        into += unit_ms;
    return time_ms < INT64_MIN + into ? INT64_MIN : time_ms - into;
}

int64_t kw_history_later(int64_t time_ms, int64_t span_ms)
{
    return time_ms > INT64_MAX - span_ms ? INT64_MAX : time_ms + span_ms;
}

void kw_history_part_time(struct kw_history_part *part, int64_t time_ms)
{
    if (part->samples == 0) {
        part->hour_ms = kw_history_floor(time_ms, KW_HISTORY_HOUR_MS);
        part->first_ms = part->last_ms = time_ms;
    }
    if (time_ms < part->first_ms)
        part->first_ms = time_ms;
    if (time_ms > part->last_ms)
        part->last_ms = time_ms;
}

/* Encodes into scratch for the open part, which is made when there is none. */
static int encode(struct kw_history_window *window,
                  struct kw_history_source *source,
                  const struct kw_history_poll *poll)
{
    if (source->open == NULL) {
        source->open =
            kw_history_part_new(window, source->number, window->next_segment++);
        kw_history_segment_reset(&source->writer);
    }
    if (source->open == NULL)
        return KW_ENOMEM;
    kw_buf_reset(&window->scratch);
    return kw_history_frame_put(&source->writer, poll, &window->scratch);
}

int kw_history_window_put(struct kw_history_window *window, uint32_t number,
                          const struct kw_history_poll *poll, uint64_t now_ms)
{
    struct kw_history_source *source = NULL;
    struct kw_history_part *part;
    int64_t time_ms = poll->samples[0].time_ms;
    int err = kw_history_window_source(window, number, &source);

    if (err == 0 && source->open != NULL &&
        (source->open->hour_ms !=
             kw_history_floor(time_ms, KW_HISTORY_HOUR_MS) ||
         source->open->bytes >= KW_HISTORY_PART_BYTES ||
         source->open->samples >= KW_HISTORY_PART_SAMPLES))
        kw_history_window_close(window, source, now_ms);
    if (err == 0)
        err = encode(window, source, poll);
    if (err == KW_EAGAIN) { /* what is new of a point begins a segment */
        kw_history_window_close(window, source, now_ms);
        err = encode(window, source, poll);
    }
    if (err == 0)
        err = kw_history_part_append(window, source->open, window->scratch.data,
                                     window->scratch.length);
    if (err != 0) {
        window->dropped += poll->count;
        if (source != NULL)
            kw_history_window_close(window, source, now_ms);
        return err;
    }
    part = source->open;
    kw_history_part_time(part, time_ms);
    part->samples += poll->count;
    if (kw_list_empty(&part->dirty))
        kw_list_append(&window->dirty, &part->dirty);
    return 0;
}

/* The bytes that no row holds yet. */
static void put_piece(struct kw_history_part *part, struct kw_buf *out)
{
    struct kw_history_mark *mark = &part->written;
    struct kw_history_piece piece = {
        .source = part->source,
        .segment = part->segment,
        .offset = mark->bytes,
        .length = part->bytes - mark->bytes,
    };
    struct kw_history_chunk *chunk =
        mark->chunk != NULL ? mark->chunk : part->chunks;

    kw_history_row_piece(out, &piece);
    for (; chunk != NULL; chunk = chunk->next) {
        kw_buf_put(out, chunk->bytes + mark->at, chunk->used - mark->at);
        mark->chunk = chunk;
        mark->at = chunk->next != NULL ? 0 : chunk->used;
    }
    mark->bytes = part->bytes;
}

bool kw_history_window_row(struct kw_history_window *window, uint64_t row,
                           struct kw_buf *out)
{
    if (kw_list_empty(&window->dirty))
        return false;
    kw_history_row_begin(out, window->next_segment);
    do {
        struct kw_history_part *part =
            KW_LIST_ENTRY(window->dirty.next, struct kw_history_part, dirty);

        kw_list_remove(&part->dirty);
        kw_list_append(&window->flying, &part->flying);
        part->stored = part->written;
        put_piece(part, out);
        if (part->first_row == UINT64_MAX)
            part->first_row = row;
    } while (!kw_list_empty(&window->dirty) &&
             out->length < KW_HISTORY_ROW_BYTES);
    kw_history_row_end(out);
    return true;
}

/* Backwards and to the front of the dirty ones, so that the parts of a source
 * keep their order in the journal. */
void kw_history_window_settle(struct kw_history_window *window, bool committed)
{
    while (!kw_list_empty(&window->flying)) {
        struct kw_history_part *part =
            KW_LIST_ENTRY(window->flying.prev, struct kw_history_part, flying);

        kw_list_remove(&part->flying);
        if (committed)
            continue;
        part->written = part->stored;
        kw_list_remove(&part->dirty);
        kw_list_append(window->dirty.next, &part->dirty);
    }
}

uint64_t kw_history_window_first_row(const struct kw_history_window *window)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < window->size; i++) {
        const struct kw_history_source *source = window->sources[i];

        if (source == NULL)
            continue;
        if (source->open != NULL && source->open->first_row < first)
            first = source->open->first_row;
        KW_LIST_EACH (link, &source->closed) {
            const struct kw_history_part *part =
                KW_LIST_ENTRY(link, struct kw_history_part, link);

            if (part->first_row < first)
                first = part->first_row;
        }
    }
    return first;
}

void kw_history_window_drop(struct kw_history_window *window,
                            struct kw_history_part *part)
{
    while (part->chunks != NULL) {
        struct kw_history_chunk *chunk = part->chunks;

        part->chunks = chunk->next;
        chunk->next = window->spare;
        window->spare = chunk;
        window->spare_chunks++;
    }
    kw_list_remove(&part->dirty);
    kw_list_remove(&part->flying);
    kw_list_remove(&part->link);
    kw_list_append(&window->spare_parts, &part->link);
}

size_t kw_history_window_bytes(const struct kw_history_window *window)
{
    return (window->chunks - window->spare_chunks) * KW_HISTORY_CHUNK_BYTES;
}

bool kw_history_window_tight(const struct kw_history_window *window)
{
    return window->chunks - window->spare_chunks >
           window->ceiling_chunks - window->ceiling_chunks / 4;
}

struct kw_history_source *
kw_history_window_longest(const struct kw_history_window *window)
{
    struct kw_history_source *longest = NULL;

    for (size_t i = 0; i < window->size; i++) {
        struct kw_history_source *source = window->sources[i];

        if (source == NULL || source->open == NULL)
            continue;
        if (longest == NULL || source->open->bytes > longest->open->bytes)
            longest = source;
    }
    return longest;
}

void kw_history_part_copy(const struct kw_history_part *part,
                          struct kw_buf *out)
{
    const struct kw_history_chunk *chunk = part->chunks;

    for (; chunk != NULL; chunk = chunk->next)
        kw_buf_put(out, chunk->bytes, chunk->used);
}
