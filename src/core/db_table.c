/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables and their handles. LMDB lets only one transaction at a time open
 * handles, so only the writer does: all tables of the file at the start, new
 * ones inside the transaction that first writes to them. A handle is known to
 * readers once that transaction is committed.
 */
#include "core/db_internal.h"

#include <string.h>

static const struct kw_db_slot *find(const struct kw_db *db, size_t count,
                                     const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(db->tables[i].name, name) == 0)
            return &db->tables[i];
    }
    return NULL;
}

int kw_db_table_get(const struct kw_db *db, size_t known, const char *name,
                    MDB_dbi *dbi)
{
    const struct kw_db_slot *slot = find(db, known, name);

    if (slot == NULL)
        return KW_ENOTFOUND;
    *dbi = slot->dbi;
    return 0;
}

/* Opens a table into the next slot; known to nobody else yet. */
static int add(struct kw_db *db, MDB_txn *txn, const char *name, size_t length,
               unsigned flags)
{
    struct kw_db_slot *slot = &db->tables[db->opened];
    int code;

    if (db->opened >= KW_DB_TABLES)
        return KW_EFULL;
    if (length >= sizeof(slot->name))
        return KW_EINVAL;
    memcpy(slot->name, name, length);
    slot->name[length] = '\0';
    code = mdb_dbi_open(txn, slot->name, flags, &slot->dbi);
    if (code != 0)
        return kw_db_error(code);
    db->opened++;
    return 0;
}

int kw_db_table_make(struct kw_db *db, MDB_txn *txn, const char *name,
                     MDB_dbi *dbi)
{
    int err = 0;

    if (find(db, db->opened, name) == NULL)
        err = add(db, txn, name, strlen(name), MDB_CREATE);
    return err != 0 ? err : kw_db_table_get(db, db->opened, name, dbi);
}

void kw_db_tables_settle(struct kw_db *db, bool committed)
{
    if (committed)
        atomic_store(&db->known, db->opened);
    else
        db->opened = atomic_load(&db->known);
}

/* The names stand as keys in LMDB's unnamed table. */
static int open_all(struct kw_db *db, MDB_txn *txn)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    MDB_dbi names;
    int code, err;

    code = mdb_dbi_open(txn, NULL, 0, &names);
    if (code == 0)
        code = mdb_cursor_open(txn, names, &cursor);
    if (code != 0)
        return kw_db_error(code);
    err = kw_db_error(mdb_cursor_get(cursor, &key, &value, MDB_FIRST));
    while (err == 0) {
        err = add(db, txn, key.mv_data, key.mv_size, 0);
        if (err == 0)
            err = kw_db_error(mdb_cursor_get(cursor, &key, &value, MDB_NEXT));
    }
    mdb_cursor_close(cursor);
    return err == KW_ENOTFOUND ? 0 : err;
}

int kw_db_find_tables(struct kw_db *db)
{
    MDB_txn *txn;
    int err = kw_db_error(mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn));

    if (err != 0)
        return err;
    err = open_all(db, txn);
    if (err != 0) {
        mdb_txn_abort(txn);
        return err;
    }
    err = kw_db_error(mdb_txn_commit(txn)); /* keeps the handles open */
    kw_db_tables_settle(db, err == 0);
    return err;
}

/* All pages of a table, full or not. */
static uint64_t pages(MDB_txn *txn, MDB_dbi dbi)
{
    MDB_stat stat;

    if (mdb_stat(txn, dbi, &stat) != 0)
        return 0;
    return stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
}

uint64_t kw_db_used_bytes(const struct kw_db *db, MDB_txn *txn)
{
    /* LMDB's own: 0 lists free pages, 1 the tables; two meta pages. */
    uint64_t sum = 2 + pages(txn, 0) + pages(txn, 1);
    MDB_stat stat = {0};

    mdb_env_stat(db->env, &stat);
    for (size_t i = 0; i < db->opened; i++)
        sum += pages(txn, db->tables[i].dbi);
    return sum * stat.ms_psize;
}
