/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and reading. */
#include "core/db.h"

#include "base/mem.h"
#include "core/db_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct kw_db_table meta_table = {
    .name = "core.meta",
    .backup = true,
    .help = "Format of the database.",
};

struct kw_db_txn {
    struct kw_db *db;
    MDB_txn *txn;
    size_t known; /* tables that this transaction can see */
};

struct kw_db_cursor {
    MDB_cursor *cursor;
    MDB_val key, value;
};

int kw_db_error(int code)
{
    static const struct {
        int code, err;
    } rows[] = {
        {MDB_SUCCESS, 0},
        {MDB_NOTFOUND, KW_ENOTFOUND},
        {MDB_KEYEXIST, KW_EEXIST},
        {MDB_MAP_FULL, KW_ENOSPC},
        {EFBIG, KW_ENOSPC},
        {MDB_PAGE_NOTFOUND, KW_ECORRUPT},
        {MDB_CORRUPTED, KW_ECORRUPT},
        {MDB_PANIC, KW_EIO}, /* until it is open again: db_env.c */
        {MDB_INVALID, KW_ECORRUPT},
        {MDB_INCOMPATIBLE, KW_ECORRUPT},
        {MDB_VERSION_MISMATCH, KW_EVERSION},
        {MDB_DBS_FULL, KW_EFULL},
        {MDB_TXN_FULL, KW_EFULL},
        {MDB_READERS_FULL, KW_EBUSY},
        {MDB_BAD_VALSIZE, KW_EINVAL},
        {MDB_BAD_DBI, KW_EINVAL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].code == code)
            return rows[i].err;
    }
    return code > 0 ? kw_err_from_errno(code) : KW_EIO;
}

/* A new database says at once what it is. */
static int write_format(struct kw_db *db)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    const unsigned char format[4] = {0, 0, 0, KW_DB_FORMAT};

    if (batch == NULL)
        return KW_ENOMEM;
    kw_db_batch_put(batch, &meta_table, kw_slice_text("format"),
                    (struct kw_slice){format, sizeof(format)});
    return kw_db_write_now(db, batch);
}

/* 0 when the format is ours, KW_ENOTFOUND when there is none yet. */
static int read_format(struct kw_db *db)
{
    struct kw_db_txn *txn;
    struct kw_slice value;
    struct kw_reader reader;
    int err = kw_db_read_begin(db, &txn);

    if (err != 0)
        return err;
    err = kw_db_get(txn, &meta_table, kw_slice_text("format"), &value);
    if (err == 0) {
        kw_reader_init(&reader, value.data, value.length);
        if (kw_read_be32(&reader) > KW_DB_FORMAT)
            err = KW_EVERSION;
        else
            err = reader.err;
    }
    kw_db_read_end(txn);
    return err;
}

/* Tables and format; a file with tables but no format is not ours. */
static int open_content(struct kw_db *db)
{
    int err = kw_db_find_tables(db);

    if (err == 0)
        err = read_format(db);
    if (err != KW_ENOTFOUND)
        return err;
    return db->opened == 0 ? write_format(db) : KW_ECORRUPT;
}

/* What was found at the start, until the first commit says it anew. */
static void first_stats(struct kw_db *db)
{
    MDB_envinfo info;
    MDB_txn *txn;

    if (mdb_env_info(db->env, &info) != 0 ||
        mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn) != 0)
        return;
    db->stats.committed = info.me_last_txnid;
    db->stats.used_bytes = kw_db_used_bytes(db, txn);
    mdb_txn_abort(txn);
}

int kw_db_open(struct kw_db **out, const struct kw_db_options *options,
               struct kw_diag *diag)
{
    struct kw_db *db = kw_alloc(sizeof(*db));
    int err;

    if (db == NULL)
        return KW_ENOMEM;
    snprintf(db->path, sizeof(db->path), "%s/kilowatch.db", options->dir);
    db->stats.map_bytes = kw_db_map_size(db->path, options->map_bytes);
    db->lock_fd = -1;
    db->log = options->log;
    db->commit_ms = options->commit_ms;
    kw_list_init(&db->queue);
    kw_list_init(&db->commit);
    kw_list_init(&db->spare);
    err = kw_db_lock(options->dir, &db->lock_fd, diag);
    if (err == 0) {
        err = kw_db_env_open(db);
        if (err == 0)
            err = open_content(db);
        if (err != 0)
            kw_diag_say(diag, "the database %s/kilowatch.db can't be used: %s",
                        options->dir, kw_strerror(err));
    }
    if (err != 0) {
        kw_db_free(db);
        return err;
    }
    first_stats(db);
    *out = db;
    return 0;
}

void kw_db_free(struct kw_db *db)
{
    if (db == NULL)
        return;
    while (!kw_list_empty(&db->spare)) {
        struct kw_link *link = db->spare.next;

        kw_list_remove(link);
        kw_db_batch_free(KW_LIST_ENTRY(link, struct kw_db_batch, link));
    }
    kw_db_env_close(db);
    if (db->lock_fd >= 0)
        close(db->lock_fd);
    kw_free(db);
}

struct kw_db_stats kw_db_stats(const struct kw_db *db)
{
    return db->stats;
}

/*
 * The order of the steps counts. The reader is counted before it looks at
 * `away`: then either it sees that the environment is being reopened, or the
 * writer sees the reader and does not reopen it. `known` is read after that
 * look, since it is 0 in between: a reader would find no table, and take what
 * is stored for absent. It is read before LMDB's transaction begins, which
 * must not be given a table that was made later.
 */
static int begin(struct kw_db *db, struct kw_db_txn *txn)
{
    atomic_fetch_add(&db->readers, 1);
    if (atomic_load(&db->away))
        return KW_EIO;
    txn->known = atomic_load(&db->known);
    return kw_db_error(mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn->txn));
}

int kw_db_read_begin(struct kw_db *db, struct kw_db_txn **out)
{
    struct kw_db_txn *txn = kw_alloc(sizeof(*txn));
    int err;

    if (txn == NULL)
        return KW_ENOMEM;
    txn->db = db;
    err = begin(db, txn);
    if (err != 0) {
        atomic_fetch_sub(&db->readers, 1);
        kw_free(txn);
        return err;
    }
    *out = txn;
    return 0;
}

void kw_db_read_end(struct kw_db_txn *txn)
{
    mdb_txn_abort(txn->txn);
    atomic_fetch_sub(&txn->db->readers, 1);
    kw_free(txn);
}

/* LMDB's values are not const; it never writes to a key. */
static MDB_val to_val(struct kw_slice slice)
{
    union {
        const void *in;
        void *out;
    } data = {slice.data};

    return (MDB_val){slice.length, data.out};
}

int kw_db_get(struct kw_db_txn *txn, const struct kw_db_table *table,
              struct kw_slice key, struct kw_slice *value)
{
    MDB_val at = to_val(key), found;
    MDB_dbi dbi;
    int err = kw_db_table_get(txn->db, txn->known, table->name, &dbi);

    if (err == 0)
        err = kw_db_error(mdb_get(txn->txn, dbi, &at, &found));
    if (err == 0)
        *value = (struct kw_slice){found.mv_data, found.mv_size};
    return err;
}

int kw_db_cursor_open(struct kw_db_txn *txn, const struct kw_db_table *table,
                      struct kw_db_cursor **out)
{
    struct kw_db_cursor *cursor;
    MDB_dbi dbi;
    int err = kw_db_table_get(txn->db, txn->known, table->name, &dbi);

    if (err != 0)
        return err;
    cursor = kw_alloc(sizeof(*cursor));
    if (cursor == NULL)
        return KW_ENOMEM;
    err = kw_db_error(mdb_cursor_open(txn->txn, dbi, &cursor->cursor));
    if (err != 0) {
        kw_free(cursor);
        return err;
    }
    *out = cursor;
    return 0;
}

void kw_db_cursor_close(struct kw_db_cursor *cursor)
{
    if (cursor == NULL)
        return;
    mdb_cursor_close(cursor->cursor);
    kw_free(cursor);
}

static int move(struct kw_db_cursor *cursor, MDB_cursor_op op)
{
    return kw_db_error(
        mdb_cursor_get(cursor->cursor, &cursor->key, &cursor->value, op));
}

int kw_db_cursor_seek(struct kw_db_cursor *cursor, struct kw_slice key)
{
    cursor->key = to_val(key);
    return move(cursor, key.length == 0 ? MDB_FIRST : MDB_SET_RANGE);
}

int kw_db_cursor_last(struct kw_db_cursor *cursor)
{
    return move(cursor, MDB_LAST);
}

int kw_db_cursor_next(struct kw_db_cursor *cursor)
{
    return move(cursor, MDB_NEXT);
}

int kw_db_cursor_previous(struct kw_db_cursor *cursor)
{
    return move(cursor, MDB_PREV);
}

void kw_db_cursor_entry(const struct kw_db_cursor *cursor, struct kw_slice *key,
                        struct kw_slice *value)
{
    *key = (struct kw_slice){cursor->key.mv_data, cursor->key.mv_size};
    *value = (struct kw_slice){cursor->value.mv_data, cursor->value.mv_size};
}
