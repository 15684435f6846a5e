/* SPDX-License-Identifier: Apache-2.0 */
#include "history/replay.h"

#include "base/mem.h"
#include "history/tables.h"

/* The closed part of a segment, newest first; NULL when there is none. */
static struct kw_history_part *find_part(const struct kw_history_source *source,
                                         uint64_t segment)
{
    for (struct kw_link *at = source->closed.prev; at != &source->closed;
         at = at->prev) {
        struct kw_history_part *part =
            KW_LIST_ENTRY(at, struct kw_history_part, link);

        if (part->segment == segment)
            return part;
    }
    return NULL;
}

/*
 * Puts a piece where it belongs. What of it the part has already is skipped:
 * a commit that failed is repeated, and may have reached the disk all the
 * same. One that begins behind the part's end is left out, since the one
 * before it was never committed.
 */
static int take_piece(struct kw_history_window *window,
                      const struct kw_history_piece *piece, uint64_t row)
{
    struct kw_history_source *source;
    struct kw_history_part *part;
    size_t have;
    int err = kw_history_window_source(window, piece->source, &source);

    if (err != 0)
        return err;
    part = find_part(source, piece->segment);
    have = part != NULL ? part->bytes : 0;
    if (piece->offset > have || piece->length <= have - piece->offset)
        return 0;
    if (part == NULL) {
        part = kw_history_part_new(window, piece->source, piece->segment);
        if (part == NULL)
            return KW_ENOMEM;
        kw_list_append(&source->closed, &part->link);
        part->first_row = row;
    }
    have -= piece->offset;
    return kw_history_part_append(window, part, piece->bytes + have,
                                  piece->length - have);
}

/* The last sealed segment of a source; 0 when nothing is sealed. */
static int sealed_segment(struct kw_db_txn *txn, uint32_t source,
                          uint64_t *segment)
{
    struct kw_history_key_bytes bytes;
    struct kw_reader reader;
    struct kw_slice value;
    int err = kw_db_get(txn, &kw_history_sealed,
                        kw_history_key_source(&bytes, source), &value);

    *segment = 0;
    if (err != 0)
        return err == KW_ENOTFOUND ? 0 : err;
    kw_reader_init(&reader, value.data, value.length);
    *segment = kw_read_be64(&reader);
    return 0;
}

/* Puts the pieces of a row into the window, but for what is sealed. Damage is
 * counted; only want of memory and I/O end the replay. */
static int read_row(struct kw_history_replay *replay, struct kw_db_txn *txn,
                    struct kw_slice key, struct kw_slice value)
{
    struct kw_reader reader, number;
    struct kw_history_piece piece;
    uint64_t row, next_segment, sealed;
    int err =
        kw_history_row_open(&reader, value.data, value.length, &next_segment);

    kw_reader_init(&number, key.data, key.length);
    row = kw_read_be64(&number);
    if (err == 0 && next_segment > replay->window.next_segment)
        replay->window.next_segment = next_segment;
    while (err == 0) {
        err = kw_history_row_next(&reader, &piece);
        if (err != 0)
            break;
        err = sealed_segment(txn, piece.source, &sealed);
        if (err == 0 && piece.segment > sealed)
            err = take_piece(&replay->window, &piece, row);
    }
    if (err == KW_ECORRUPT || err == KW_EVERSION || err == KW_EFULL) {
        replay->damaged++;
        return 0;
    }
    return err == KW_EOF ? 0 : err;
}

/* All rows in the order in which they were written. */
static int read_rows(struct kw_history_replay *replay, struct kw_db_txn *txn)
{
    struct kw_db_cursor *cursor;
    struct kw_slice key, value;
    int err = kw_db_cursor_open(txn, &kw_history_journal, &cursor);

    if (err != 0)
        return err == KW_ENOTFOUND ? 0 : err;
    err = kw_db_cursor_seek(cursor, (struct kw_slice){NULL, 0});
    while (err == 0) {
        kw_db_cursor_entry(cursor, &key, &value);
        err = read_row(replay, txn, key, value);
        replay->rows++;
        if (err == 0)
            err = kw_db_cursor_next(cursor);
    }
    kw_db_cursor_close(cursor);
    return err == KW_ENOTFOUND ? 0 : err;
}

/* Keeps the first `bytes` of a part; the chunks behind stay empty. */
static void cut(struct kw_history_part *part, size_t bytes)
{
    part->bytes = bytes;
    for (struct kw_history_chunk *chunk = part->chunks; chunk != NULL;
         chunk = chunk->next) {
        chunk->used = chunk->used < bytes ? chunk->used : bytes;
        bytes -= chunk->used;
    }
}

/* Reads the times of a part's frames; cuts it where it can't be read. */
static int survey(struct kw_history_replay *replay,
                  struct kw_history_part *part, struct kw_buf *copy)
{
    struct kw_history_segment segment;
    struct kw_history_frame frame;
    struct kw_reader reader;
    const unsigned char *good;
    int err;

    kw_buf_reset(copy);
    kw_history_part_copy(part, copy);
    err = kw_buf_err(copy);
    if (err != 0)
        return err;
    kw_history_segment_init(&segment);
    kw_reader_init(&reader, copy->data, copy->length);
    do {
        good = reader.at;
        err = kw_history_frame_get(&segment, &reader, &frame);
        if (err == 0) {
            kw_history_part_time(part, frame.time_ms);
            part->samples += frame.samples;
        }
    } while (err == 0);
    kw_history_segment_fini(&segment);
    if (err == KW_ENOMEM)
        return err;
    if (err != KW_EOF) {
        replay->damaged++;
        cut(part, (size_t)(good - copy->data));
    }
    part->written.bytes = part->bytes;
    return 0;
}

/* A part of which nothing can be read is given back. */
static int survey_source(struct kw_history_replay *replay,
                         struct kw_history_source *source, struct kw_buf *copy)
{
    int err = 0;

    KW_LIST_EACH_SAFE (link, after, &source->closed) {
        struct kw_history_part *part =
            KW_LIST_ENTRY(link, struct kw_history_part, link);

        if (err == 0)
            err = survey(replay, part, copy);
        if (err == 0 && part->samples == 0)
            kw_history_window_drop(&replay->window, part);
    }
    return err;
}

static int survey_all(struct kw_history_replay *replay)
{
    struct kw_buf copy;
    int err = 0;

    kw_buf_init(&copy, SIZE_MAX / 2);
    for (size_t i = 0; err == 0 && i < replay->window.size; i++) {
        if (replay->window.sources[i] != NULL)
            err = survey_source(replay, replay->window.sources[i], &copy);
    }
    kw_buf_fini(&copy);
    return err;
}

int kw_history_replay_read(struct kw_history_replay *replay, struct kw_db *db)
{
    struct kw_db_txn *txn;
    int err;

    *replay = (struct kw_history_replay){0};
    /* No ceiling: the window that wrote the journal had one. */
    kw_history_window_init(&replay->window, UINT64_MAX);
    err = kw_db_read_begin(db, &txn);
    if (err != 0)
        return err;
    err = read_rows(replay, txn);
    kw_db_read_end(txn);
    return err != 0 ? err : survey_all(replay);
}

void kw_history_replay_fini(struct kw_history_replay *replay)
{
    kw_history_window_fini(&replay->window);
}

/* The parts of one list in front of those of another. */
static void move_in_front(struct kw_link *from, struct kw_link *to)
{
    while (!kw_list_empty(from)) {
        struct kw_link *link = from->prev;

        kw_list_remove(link);
        kw_list_append(to->next, link); /* before the first one */
    }
}

/* The spare ones; those in use have moved with their parts. */
static void move_chunks(struct kw_history_window *from,
                        struct kw_history_window *to)
{
    while (from->spare != NULL) {
        struct kw_history_chunk *chunk = from->spare;

        from->spare = chunk->next;
        chunk->next = to->spare;
        to->spare = chunk;
    }
    to->chunks += from->chunks;
    to->spare_chunks += from->spare_chunks;
    from->chunks = from->spare_chunks = 0;
}

int kw_history_replay_adopt(struct kw_history_replay *replay,
                            struct kw_history_window *to)
{
    struct kw_history_window *from = &replay->window;
    struct kw_history_source *source;

    for (size_t i = 0; i < from->size; i++) {
        int err = from->sources[i] != NULL
                      ? kw_history_window_source(to, (uint32_t)i, &source)
                      : 0;

        if (err != 0)
            return err;
    }
    for (size_t i = 0; i < from->size; i++) {
        if (from->sources[i] != NULL)
            move_in_front(&from->sources[i]->closed, &to->sources[i]->closed);
    }
    move_chunks(from, to);
    return 0;
}

/* The largest of the segments that are sealed. */
static int read_sealed(struct kw_history_origin *origin, struct kw_db_txn *txn)
{
    struct kw_db_cursor *cursor;
    struct kw_slice key, value;
    struct kw_reader reader;
    int err = kw_db_cursor_open(txn, &kw_history_sealed, &cursor);

    if (err != 0)
        return err;
    err = kw_db_cursor_seek(cursor, (struct kw_slice){NULL, 0});
    while (err == 0) {
        uint64_t segment;

        kw_db_cursor_entry(cursor, &key, &value);
        kw_reader_init(&reader, value.data, value.length);
        segment = kw_read_be64(&reader);
        if (segment >= origin->next_segment)
            origin->next_segment = segment + 1;
        err = kw_db_cursor_next(cursor);
    }
    kw_db_cursor_close(cursor);
    return err;
}

/* The key of a row. */
static uint64_t row_number(struct kw_slice key)
{
    struct kw_reader reader;

    kw_reader_init(&reader, key.data, key.length);
    return kw_read_be64(&reader);
}

/*
 * The newest row that can be read tells the next segment. Each damaged one
 * behind it may have begun one segment of every source.
 */
static int read_next_segment(struct kw_history_origin *origin,
                             struct kw_db_cursor *cursor)
{
    struct kw_slice key, value;
    struct kw_reader reader;
    uint64_t next = 0, skipped = 0;
    int err = 0;

    while (err == 0) {
        kw_db_cursor_entry(cursor, &key, &value);
        if (kw_history_row_open(&reader, value.data, value.length, &next) == 0)
            break;
        skipped += KW_HISTORY_SOURCES;
        err = kw_db_cursor_previous(cursor);
    }
    if (next + skipped > origin->next_segment)
        origin->next_segment = next + skipped;
    return err;
}

/* The journal's two ends; a damaged last row still tells its key. */
static int read_ends(struct kw_history_origin *origin, struct kw_db_txn *txn)
{
    struct kw_db_cursor *cursor;
    struct kw_slice key, value;
    int err = kw_db_cursor_open(txn, &kw_history_journal, &cursor);

    if (err != 0)
        return err;
    err = kw_db_cursor_seek(cursor, (struct kw_slice){NULL, 0});
    if (err == 0) {
        kw_db_cursor_entry(cursor, &key, &value);
        origin->first_row = row_number(key);
        err = kw_db_cursor_last(cursor);
    }
    if (err == 0) {
        kw_db_cursor_entry(cursor, &key, &value);
        origin->next_row = row_number(key) + 1;
        err = read_next_segment(origin, cursor);
    }
    kw_db_cursor_close(cursor);
    return err;
}

int kw_history_origin_read(struct kw_history_origin *origin, struct kw_db *db)
{
    struct kw_db_txn *txn;
    int err = kw_db_read_begin(db, &txn);

    *origin = (struct kw_history_origin){1, 1, 1};
    if (err != 0)
        return err;
    err = read_sealed(origin, txn);
    if (err == 0 || err == KW_ENOTFOUND)
        err = read_ends(origin, txn);
    kw_db_read_end(txn);
    return err == KW_ENOTFOUND ? 0 : err;
}
