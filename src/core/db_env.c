/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The LMDB environment: opened at the start, and opened anew after a fault.
 *
 * The file is one environment without a folder of its own, mode 0600. Flags:
 * no read-ahead, since readers jump and the file may be larger than memory; a
 * reader's slot belongs to its transaction, not to a thread, since jobs change
 * threads. Never MAPASYNC, NOSYNC or WRITEMAP: a commit must survive a power
 * cut, and a stray pointer must not reach the file.
 *
 * When the write of the meta page fails, LMDB refuses every later transaction
 * with MDB_PANIC, reading ones too. The file itself is in order: LMDB has put
 * the old page back, and the failed transaction's pages belong to nobody. So
 * the writer closes the environment and opens it again. `away` keeps new
 * readers out meanwhile (they get KW_EIO); one that is still reading delays
 * the reopening, since closing takes the map away from under it. Its next
 * attempt comes with the next commit, or with the timer of db_write.c.
 */
#include "core/db_internal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADROOM_BYTES = 64 << 20 };

/*
 * A file that was cut short would end the process with SIGBUS when a missing
 * page is read. Made longer again, the page reads as zeros, which LMDB calls
 * damaged. Pages past the end that nothing refers to are normal.
 */
static int mend_length(MDB_env *env)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    off_t need;
    int fd;

    if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0 ||
        mdb_env_get_fd(env, &fd) != 0 || fstat(fd, &file) != 0)
        return KW_EIO;
    need = (off_t)(info.me_last_pgno + 1) * (off_t)stat.ms_psize;
    if (file.st_size < need && ftruncate(fd, need) != 0)
        return kw_err_from_errno(errno);
    return 0;
}

uint64_t kw_db_map_size(const char *path, uint64_t wanted)
{
    struct stat file;
    uint64_t least = HEADROOM_BYTES;

    if (stat(path, &file) == 0)
        least += (uint64_t)file.st_size;
    return (wanted > least ? wanted : least) & ~UINT64_C(0xFFFF);
}

int kw_db_env_open(struct kw_db *db)
{
    int dead = 0, code, err;

    code = mdb_env_create(&db->env);
    if (code == 0)
        code = mdb_env_set_mapsize(db->env, (size_t)db->stats.map_bytes);
    if (code == 0)
        code = mdb_env_set_maxdbs(db->env, KW_DB_TABLES);
    if (code == 0)
        code = mdb_env_open(db->env, db->path,
                            MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD, 0600);
    if (code != 0)
        return kw_db_error(code);
    err = mend_length(db->env);
    return err != 0 ? err : kw_db_error(mdb_reader_check(db->env, &dead));
}

void kw_db_env_close(struct kw_db *db)
{
    if (db->env != NULL)
        mdb_env_close(db->env);
    db->env = NULL;
}

bool kw_db_env_is_dead(struct kw_db *db)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn);

    if (code == 0)
        mdb_txn_abort(txn);
    return code == MDB_PANIC;
}

int kw_db_env_reopen(struct kw_db *db)
{
    int err;

    atomic_store(&db->away, true);
    if (atomic_load(&db->readers) > 0)
        return KW_EIO;
    kw_db_env_close(db);
    db->opened = 0;
    kw_db_tables_settle(db, true);
    err = kw_db_env_open(db);
    if (err == 0)
        err = kw_db_find_tables(db);
    /* The meta page that LMDB put back reaches the disk before the pages of
     * the failed transaction are used again: should that one's own meta page
     * have got there, it would refer to them after a power cut. */
    if (err == 0)
        err = kw_db_error(mdb_env_sync(db->env, 1));
    if (err == 0)
        atomic_store(&db->away, false);
    return err;
}
