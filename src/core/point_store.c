/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored numbers.
 *
 *   core.sources  uid -> version, number, name
 *   core.points   number -> version, encoding, decimals, scale, uid, quantity
 *                 0 -> version, next point number, next source number
 *
 * The counters only grow and are stored in the same batch as the record that
 * took a number. A point whose quantity is not in quantities.csv any more
 * stays in the table and keeps its number, but isn't shown.
 */
#include "core/point_internal.h"

#include "base/buf.h"
#include "core/db.h"

#include <string.h>

enum { RECORD_VERSION = 1, RECORD_BYTES = 128 };

const struct kw_db_table kw_point_table = {
    .name = "core.points",
    .backup = true,
    .help = "Numbers of the points and how their raw values are read.",
};

const struct kw_db_table kw_source_table = {
    .name = "core.sources",
    .backup = true,
    .help = "Identities, numbers and names of the meters.",
};

static uint64_t real_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double bits_real(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* A record or key under construction; the longest needs 90 bytes. */
struct record {
    unsigned char bytes[RECORD_BYTES];
    size_t length;
};

static void put_number(struct record *record, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0; value >>= 8)
        record->bytes[record->length + i] = (unsigned char)value;
    record->length += bytes;
}

static void put_bytes(struct record *record, const void *bytes, size_t length)
{
    memcpy(record->bytes + record->length, bytes, length);
    record->length += length;
}

static struct kw_slice as_slice(const struct record *record)
{
    return (struct kw_slice){record->bytes, record->length};
}

static void put_counters(struct kw_db_batch *batch,
                         const struct kw_points *points)
{
    struct record key = {.length = 0}, record = {.length = 0};

    put_number(&key, 0, 4);
    put_number(&record, RECORD_VERSION, 1);
    put_number(&record, points->next_point, 4);
    put_number(&record, points->next_source, 4);
    kw_db_batch_put(batch, &kw_point_table, as_slice(&key), as_slice(&record));
}

static void put_point(struct kw_db_batch *batch, const struct kw_point *point)
{
    struct record key = {.length = 0}, record = {.length = 0};
    const char *quantity = point->quantity->name;

    put_number(&key, point->id, 4);
    put_number(&record, RECORD_VERSION, 1);
    put_number(&record, point->encoding, 1);
    put_number(&record, point->decimals, 1);
    put_number(&record, real_bits(point->scale), 8);
    put_bytes(&record, point->source->uid, KW_UID_SIZE);
    put_bytes(&record, quantity, strnlen(quantity, KW_NAME_SIZE - 1));
    kw_db_batch_put(batch, &kw_point_table, as_slice(&key), as_slice(&record));
}

static void put_source(struct kw_db_batch *batch,
                       const struct kw_source *source)
{
    struct record record = {.length = 0};

    put_number(&record, RECORD_VERSION, 1);
    put_number(&record, source->number, 4);
    put_bytes(&record, source->name, strlen(source->name));
    kw_db_batch_put(batch, &kw_source_table, kw_slice_text(source->uid),
                    as_slice(&record));
}

static void save_all(struct kw_points *points);

/* The db's answer. A failure is repaired as a whole, once at a time. */
static void on_saved(void *arg, int err)
{
    struct kw_points *points = arg;

    if (err != 0 && err != KW_ECLOSING && !points->saving_all)
        save_all(points);
}

static void on_saved_all(void *arg, int err)
{
    struct kw_points *points = arg;

    points->saving_all = false;
    on_saved(arg, err);
}

/* After a failed commit; non-urgent, so at most once a commit interval. */
static void save_all(struct kw_points *points)
{
    struct kw_db_batch *batch = kw_db_batch_new();

    if (batch == NULL)
        return;
    put_counters(batch, points);
    for (size_t i = 0; i < points->source_count; i++)
        put_source(batch, &points->sources[i]->source);
    for (size_t i = 0; i < points->count; i++)
        put_point(batch, &points->list[i]->point);
    points->saving_all = true;
    if (kw_db_submit(points->db, batch, false, on_saved_all, points) != 0)
        points->saving_all = false;
}

int kw_points_save(struct kw_points *points, const struct kw_source *source,
                   const struct kw_point *point)
{
    struct kw_db_batch *batch;

    if (points->db == NULL)
        return 0;
    batch = kw_db_batch_new();
    if (batch == NULL)
        return KW_ENOMEM;
    put_counters(batch, points);
    if (source != NULL)
        put_source(batch, source);
    if (point != NULL)
        put_point(batch, point);
    return kw_db_submit(points->db, batch, false, on_saved, points);
}

/* Text up to the end of a record; KW_ECORRUPT when it is too long. */
static int read_text(struct kw_reader *reader, char *text, size_t size)
{
    size_t length = kw_reader_left(reader);
    const unsigned char *bytes = kw_read_bytes(reader, length);

    if (reader->err != 0 || length == 0 || length >= size)
        return KW_ECORRUPT;
    memcpy(text, bytes, length);
    text[length] = '\0';
    return 0;
}

/* Records of a newer program are not guessed at. */
static int read_version(struct kw_reader *reader)
{
    uint8_t version = kw_read_byte(reader);

    if (reader->err != 0)
        return reader->err;
    return version == RECORD_VERSION ? 0 : KW_EVERSION;
}

/* One record of core.sources. */
static int load_source(struct kw_points *points, struct kw_slice key,
                       struct kw_reader *reader)
{
    struct kw_source source = {.retired = true};
    struct kw_source_entry *entry;
    int err = read_version(reader);

    if (err != 0)
        return err;
    if (key.length >= sizeof(source.uid))
        return KW_ECORRUPT;
    memcpy(source.uid, key.data, key.length);
    source.number = kw_read_be32(reader);
    err = read_text(reader, source.name, sizeof(source.name));
    if (err == 0)
        err = kw_points_add_source(points, &source, &entry);
    if (err == 0 && source.number >= points->next_source)
        points->next_source = source.number + 1;
    return err;
}

/* The counters may be ahead of the records, never behind. */
static int load_counters(struct kw_points *points, struct kw_reader *reader)
{
    uint32_t point = kw_read_be32(reader), source = kw_read_be32(reader);

    if (point > points->next_point)
        points->next_point = point;
    if (source > points->next_source)
        points->next_source = source;
    return reader->err;
}

/* One record of core.points; number 0 has the counters. */
static int load_point(struct kw_points *points, struct kw_slice key,
                      struct kw_reader *reader)
{
    struct kw_reader number;
    struct kw_point point = {.retired = true};
    struct kw_point_entry *entry;
    struct kw_source_entry *source = NULL;
    char quantity[KW_NAME_SIZE];
    const unsigned char *uid;
    int err = read_version(reader);

    kw_reader_init(&number, key.data, key.length);
    point.id = kw_read_be32(&number);
    if (err != 0 || number.err != 0)
        return err != 0 ? err : number.err;
    if (point.id == 0)
        return load_counters(points, reader);
    point.encoding = kw_read_byte(reader);
    point.decimals = kw_read_byte(reader);
    point.scale = bits_real(kw_read_be64(reader));
    uid = kw_read_bytes(reader, KW_UID_SIZE);
    err = read_text(reader, quantity, sizeof(quantity));
    if (err != 0)
        return err;
    if (uid[KW_UID_SIZE - 1] == '\0')
        source = kw_points_uid(points, (const char *)uid);
    if (source == NULL || point.id >= KW_POINTS_MAX)
        return KW_ECORRUPT;
    if (point.id >= points->next_point)
        points->next_point = point.id + 1;
    point.quantity = kw_quantities_find(points->quantities, quantity);
    if (point.quantity == NULL)
        return 0;
    return kw_points_add(points, source, &point, &entry);
}

typedef int load_fn(struct kw_points *points, struct kw_slice key,
                    struct kw_reader *reader);

/* Gives every entry of a table to load(). */
static int load_table(struct kw_points *points, struct kw_db_txn *txn,
                      const struct kw_db_table *table, load_fn *load)
{
    struct kw_db_cursor *cursor;
    struct kw_slice key, value;
    struct kw_reader reader;
    int err = kw_db_cursor_open(txn, table, &cursor);

    if (err != 0)
        return err == KW_ENOTFOUND ? 0 : err;
    err = kw_db_cursor_seek(cursor, (struct kw_slice){NULL, 0});
    while (err == 0) {
        kw_db_cursor_entry(cursor, &key, &value);
        kw_reader_init(&reader, value.data, value.length);
        err = load(points, key, &reader);
        if (err == 0)
            err = kw_db_cursor_next(cursor);
    }
    kw_db_cursor_close(cursor);
    return err == KW_ENOTFOUND ? 0 : err;
}

int kw_points_load(struct kw_points *points)
{
    struct kw_db_txn *txn;
    int err;

    if (points->db == NULL)
        return 0;
    err = kw_db_read_begin(points->db, &txn);
    if (err != 0)
        return err;
    err = load_table(points, txn, &kw_source_table, load_source);
    if (err == 0)
        err = load_table(points, txn, &kw_point_table, load_point);
    kw_db_read_end(txn);
    return err;
}
