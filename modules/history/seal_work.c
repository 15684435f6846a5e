/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing, the thread's part: parts become columns, columns a block.
 *
 * A block that is there for the same hour (samples came late, or the window
 * was short of memory) is read and written again with the new samples. So is
 * the block before it, when it is small and of the same UTC day: values
 * shorter than a few pages waste much of their last one, and slow meters give
 * little an hour. What can't be read or is full stays as it is, and a block
 * with the next number is written beside it.
 */
#include "core/db.h"
#include "history/block.h"
#include "history/state.h"
#include "history/tables.h"

enum {
    SMALL_BYTES = 16 << 10,  /* a shorter block grows into the next hour */
    FULL_BYTES = 4 << 20,    /* a longer one isn't read again */
    MERGE_SAMPLES = 1 << 20, /* nor one with more samples */
    STREAM_BYTES = 2 * KW_HISTORY_PART_BYTES,
};

/* Reads the parts of an item into columns. */
static int read_parts(struct kw_history_seal *seal,
                      const struct kw_history_seal_item *item,
                      struct kw_history_set *set)
{
    struct kw_reader reader;
    struct kw_buf copy;
    int err = 0;

    kw_buf_init(&copy, STREAM_BYTES);
    for (size_t i = 0; err == 0 && i < item->count; i++) {
        kw_buf_reset(&copy);
        kw_history_part_copy(item->parts[i], &copy);
        err = kw_buf_err(&copy);
        if (err != 0)
            break;
        kw_reader_init(&reader, copy.data, copy.length);
        err = kw_history_segment_read(&reader, 0, set);
        if (err == KW_ECORRUPT) { /* memory went bad: what was read counts */
            seal->damaged++;
            err = 0;
        }
    }
    kw_buf_fini(&copy);
    return err;
}

/* The last block of the source that begins at or before the hour. */
static int find_base(struct kw_db_txn *txn,
                     const struct kw_history_block_key *wanted,
                     struct kw_history_block_key *key, struct kw_slice *value)
{
    struct kw_history_block_key last = *wanted;
    struct kw_history_key_bytes bytes;
    struct kw_db_cursor *cursor;
    struct kw_slice at;
    int err = kw_db_cursor_open(txn, &kw_history_blocks, &cursor);

    if (err != 0)
        return err;
    last.number = UINT16_MAX;
    err = kw_db_cursor_seek(cursor, kw_history_key_block(&bytes, &last));
    if (err == KW_ENOTFOUND)
        err = kw_db_cursor_last(cursor);
    else if (err == 0)
        err = kw_db_cursor_previous(cursor);
    if (err == 0) {
        kw_db_cursor_entry(cursor, &at, value);
        err = kw_history_key_read(at, key);
    }
    kw_db_cursor_close(cursor);
    if (err == 0 && key->source != wanted->source)
        err = KW_ENOTFOUND;
    return err;
}

/* Small blocks of one day become one; an hour's block takes late samples until
 * reading and writing it again would cost too much. */
static bool may_grow(const struct kw_history_block_key *base, size_t bytes,
                     int64_t hour_ms)
{
    if (base->hour_ms == hour_ms)
        return bytes < FULL_BYTES;
    return bytes < SMALL_BYTES &&
           kw_history_floor(base->hour_ms, KW_HISTORY_DAY_MS) ==
               kw_history_floor(hour_ms, KW_HISTORY_DAY_MS);
}

static int read_columns(const struct kw_history_block *block,
                        struct kw_history_set *set)
{
    size_t samples = 0;
    int err = 0;

    for (uint32_t i = 0; i < block->column_count; i++)
        samples += block->columns[i].count;
    if (samples > MERGE_SAMPLES)
        return KW_EFULL;
    for (uint32_t i = 0; err == 0 && i < block->column_count; i++) {
        struct kw_history_series *series;

        err = kw_history_set_series(set, &block->columns[i].key, &series);
        if (err == 0)
            err = kw_history_block_read(block, &block->columns[i], series);
    }
    return err;
}

/* All columns of a block into an empty set, or an error. */
static int read_base(struct kw_slice value, struct kw_history_set *set)
{
    struct kw_history_block block;
    int err = kw_history_block_open(&block, value.data, value.length);

    if (err != 0)
        return err;
    err = read_columns(&block, set);
    kw_history_block_close(&block);
    return err;
}

/*
 * Chooses the key to write under and reads the block that stands there into
 * the set, when it can grow. KW_ENOMEM, KW_EIO.
 */
static int choose(struct kw_history_seal *seal, struct kw_db_txn *txn,
                  struct kw_history_block_key *key, struct kw_history_set *set)
{
    struct kw_history_block_key base;
    struct kw_slice value;
    int err = find_base(txn, key, &base, &value);

    if (err != 0)
        return err == KW_ENOTFOUND ? 0 : err;
    if (may_grow(&base, value.length, key->hour_ms)) {
        err = read_base(value, set);
        if (err == 0) {
            *key = base;
            return 0;
        }
        kw_history_set_fini(set);
        if (err == KW_ENOMEM)
            return err;
        seal->damaged += err != KW_EFULL;
    }
    if (base.hour_ms == key->hour_ms)
        key->number = (uint16_t)(base.number + 1);
    return base.number == UINT16_MAX ? KW_EFULL : 0;
}

/* The block and the mark that its segment is sealed are one batch: a replay
 * after a power cut finds both or neither, so no sample comes twice. */
static void put_results(struct kw_history_seal *seal,
                        const struct kw_history_seal_item *item,
                        const struct kw_history_block_key *key,
                        const struct kw_buf *block)
{
    uint64_t segment = item->parts[item->count - 1]->segment;
    struct kw_history_key_bytes at, value;

    kw_db_batch_put(seal->batch, &kw_history_blocks,
                    kw_history_key_block(&at, key),
                    (struct kw_slice){block->data, block->length});
    kw_db_batch_put(seal->batch, &kw_history_sealed,
                    kw_history_key_source(&at, key->source),
                    kw_history_key_row(&value, segment));
}

/* Read, merge, sort, encode. What can't succeed tomorrow either (a source with
 * 65,535 blocks in an hour) is given up and counted. */
static int seal_item(struct kw_history_seal *seal, struct kw_db_txn *txn,
                     const struct kw_history_seal_item *item)
{
    struct kw_history_block_key key = {.source = item->parts[0]->source,
                                       .hour_ms = item->parts[0]->hour_ms};
    struct kw_history_set set;
    struct kw_buf block;
    size_t before;
    int err;

    kw_buf_init(&block, KW_HISTORY_BLOCK_BYTES);
    kw_history_set_init(&set);
    err = choose(seal, txn, &key, &set);
    before = kw_history_set_samples(&set);
    if (err == 0)
        err = read_parts(seal, item, &set);
    if (err == 0)
        err = kw_history_set_tidy(&set);
    if (err == 0)
        err = kw_history_block_encode(&set, &block);
    if (err == 0) {
        put_results(seal, item, &key, &block);
        seal->samples += kw_history_set_samples(&set) - before;
        seal->bytes += block.length;
        seal->blocks++;
    }
    kw_history_set_fini(&set);
    kw_buf_fini(&block);
    return err;
}

void kw_history_seal_work(struct kw_history_seal *seal)
{
    struct kw_db_txn *txn;

    seal->batch = kw_db_batch_new();
    seal->err =
        seal->batch != NULL ? kw_db_read_begin(seal->db, &txn) : KW_ENOMEM;
    if (seal->err != 0)
        return;
    for (size_t i = 0; seal->err == 0 && i < seal->count; i++) {
        int err = seal_item(seal, txn, &seal->items[i]);

        if (err == KW_ENOMEM || err == KW_EIO)
            seal->err = err;
        else if (err != 0) /* would fail for ever: given up */
            seal->damaged++;
        if (seal->bytes >= seal->batch_bytes)
            seal->count = i + 1; /* the others have the next job */
    }
    kw_db_read_end(txn);
}
