/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch: its operations one after another in one buffer.
 *
 * Keys and values are copied, so that a submitter can forget them; one block
 * instead of one an operation, so that the steady path of the history, which
 * submits a batch each interval, reuses it and allocates nothing. Tables are
 * kept by pointer: they are constants of their modules.
 */
#include "core/db_internal.h"

#include "base/mem.h"

#include <string.h>

struct kw_db_batch *kw_db_batch_new(void)
{
    struct kw_db_batch *batch = kw_alloc(sizeof(*batch));

    if (batch == NULL)
        return NULL;
    kw_list_init(&batch->link);
    kw_buf_init(&batch->ops, KW_DB_QUEUE_BYTES);
    return batch;
}

struct kw_db_batch *kw_db_batch_reuse(struct kw_db *db)
{
    struct kw_db_batch *batch;

    if (kw_list_empty(&db->spare))
        return kw_db_batch_new();
    /* the one used last: of those that differ in size it is the fittest */
    batch = KW_LIST_ENTRY(db->spare.prev, struct kw_db_batch, link);
    kw_list_remove(&batch->link);
    db->spares--;
    return batch;
}

void kw_db_batch_free(struct kw_db_batch *batch)
{
    if (batch == NULL)
        return;
    kw_buf_fini(&batch->ops);
    kw_free(batch);
}

void kw_db_batch_retire(struct kw_db *db, struct kw_db_batch *batch)
{
    if (db->spares >= KW_DB_SPARE_BATCHES ||
        batch->ops.capacity > KW_DB_SPARE_BYTES) {
        kw_db_batch_free(batch);
        return;
    }
    kw_buf_reset(&batch->ops);
    batch->err = 0;
    kw_list_append(&db->spare, &batch->link);
    db->spares++;
}

/* The first failure is kept; later ones change nothing. */
static void add(struct kw_db_batch *batch, const struct kw_db_op *op,
                const void *key, const void *value)
{
    if (op->key_length == 0 || op->key_length > KW_DB_KEY_BYTES)
        batch->err = KW_EINVAL;
    kw_buf_put(&batch->ops, op, sizeof(*op));
    kw_buf_put(&batch->ops, key, op->key_length);
    kw_buf_put(&batch->ops, value, op->value_length);
    if (batch->err == 0)
        batch->err = kw_buf_err(&batch->ops);
}

void kw_db_batch_put(struct kw_db_batch *batch, const struct kw_db_table *table,
                     struct kw_slice key, struct kw_slice value)
{
    struct kw_db_op op = {
        .table = table, .key_length = key.length, .value_length = value.length};

    add(batch, &op, key.data, value.data);
}

void kw_db_batch_delete(struct kw_db_batch *batch,
                        const struct kw_db_table *table, struct kw_slice key)
{
    struct kw_db_op op = {
        .table = table, .key_length = key.length, .is_delete = true};

    add(batch, &op, key.data, NULL);
}

bool kw_db_batch_next(const struct kw_db_batch *batch, size_t *at,
                      struct kw_db_op *op, MDB_val *key, MDB_val *value)
{
    unsigned char *from = batch->ops.data + *at;

    if (*at >= batch->ops.length)
        return false;
    memcpy(op, from, sizeof(*op));
    *key = (MDB_val){op->key_length, from + sizeof(*op)};
    *value = (MDB_val){op->value_length, from + sizeof(*op) + op->key_length};
    *at += sizeof(*op) + op->key_length + op->value_length;
    return true;
}

struct kw_slice kw_slice_text(const char *text)
{
    return (struct kw_slice){text, strlen(text)};
}
