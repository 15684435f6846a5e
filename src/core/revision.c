/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of revisions in memory, newest last, and their texts in the
 * database. Adding one: it is the current one at once, its text is kept in
 * memory until the database says that it is durable, so there is never a
 * revision without its text. If storing fails it leaves the list again. The
 * database calls back for each one exactly once, so the list lives until the
 * database is closed.
 */
#include "core/revision_record.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/conf.h"

#include <string.h>

const struct kw_db_table kw_revision_table = {
    .name = "core.revisions",
    .backup = true,
    .reset = true,
    .help = "Revisions of the configuration.",
};

struct entry {
    struct kw_revision head;
    struct kw_buf text; /* while it isn't in the database */
    struct kw_revisions *revisions;
    kw_db_done_fn *done;
    void *arg;
    bool pending;
};

struct kw_revisions {
    struct kw_db *db;                        /* borrowed, or NULL */
    struct entry *entries[KW_REVISION_KEEP]; /* oldest first */
    size_t count;
};

static void entry_free(struct entry *entry)
{
    kw_buf_fini(&entry->text);
    kw_free(entry);
}

static void remove_at(struct kw_revisions *revisions, size_t index)
{
    entry_free(revisions->entries[index]);
    revisions->count--;
    memmove(&revisions->entries[index], &revisions->entries[index + 1],
            (revisions->count - index) * sizeof(revisions->entries[0]));
}

static struct kw_slice key_of(uint64_t number, unsigned char key[8])
{
    for (size_t i = 8; i-- > 0; number >>= 8)
        key[i] = (unsigned char)number;
    return (struct kw_slice){key, 8};
}

/* The entry under the cursor; the oldest makes room. */
static int load_entry(struct kw_revisions *revisions,
                      const struct kw_db_cursor *cursor)
{
    struct entry *entry = kw_alloc(sizeof(*entry));
    struct kw_slice key, record, text;
    int err;

    if (entry == NULL)
        return KW_ENOMEM;
    kw_db_cursor_entry(cursor, &key, &record);
    err = kw_revision_decode(key, record, &entry->head, &text);
    if (err != 0) {
        kw_free(entry);
        return err;
    }
    entry->revisions = revisions;
    if (revisions->count == KW_REVISION_KEEP)
        remove_at(revisions, 0);
    revisions->entries[revisions->count++] = entry;
    return 0;
}

static int load(struct kw_revisions *revisions)
{
    struct kw_db_txn *txn;
    struct kw_db_cursor *cursor = NULL;
    int err = kw_db_read_begin(revisions->db, &txn);

    if (err != 0)
        return err;
    err = kw_db_cursor_open(txn, &kw_revision_table, &cursor);
    if (err == 0)
        err = kw_db_cursor_seek(cursor, (struct kw_slice){NULL, 0});
    while (err == 0) {
        err = load_entry(revisions, cursor);
        if (err == 0)
            err = kw_db_cursor_next(cursor);
    }
    if (cursor != NULL)
        kw_db_cursor_close(cursor);
    kw_db_read_end(txn);
    return err == KW_ENOTFOUND ? 0 : err;
}

int kw_revisions_new(struct kw_revisions **revisions, struct kw_db *db)
{
    struct kw_revisions *list = kw_alloc(sizeof(*list));
    int err = 0;

    if (list == NULL)
        return KW_ENOMEM;
    list->db = db;
    if (db != NULL)
        err = load(list);
    if (err != 0) {
        kw_revisions_free(list);
        return err;
    }
    *revisions = list;
    return 0;
}

void kw_revisions_free(struct kw_revisions *revisions)
{
    if (revisions == NULL)
        return;
    for (size_t i = 0; i < revisions->count; i++)
        entry_free(revisions->entries[i]);
    kw_free(revisions);
}

static const struct entry *newest(const struct kw_revisions *revisions)
{
    return revisions->count > 0 ? revisions->entries[revisions->count - 1]
                                : NULL;
}

uint64_t kw_revisions_current(const struct kw_revisions *revisions)
{
    const struct entry *entry = newest(revisions);

    return entry != NULL ? entry->head.number : 0;
}

size_t kw_revisions_count(const struct kw_revisions *revisions)
{
    return revisions->count;
}

const struct kw_revision *kw_revisions_at(const struct kw_revisions *revisions,
                                          size_t index)
{
    if (index >= revisions->count)
        return NULL;
    return &revisions->entries[revisions->count - 1 - index]->head;
}

static size_t find(const struct kw_revisions *revisions, uint64_t number)
{
    size_t at = 0;

    while (at < revisions->count &&
           revisions->entries[at]->head.number != number)
        at++;
    return at;
}

/* The text from the database. */
static int read_text(struct kw_db *db, uint64_t number, struct kw_buf *out)
{
    struct kw_revision head;
    struct kw_slice record, text;
    struct kw_db_txn *txn;
    unsigned char key[8];
    int err = kw_db_read_begin(db, &txn);

    if (err != 0)
        return err;
    err = kw_db_get(txn, &kw_revision_table, key_of(number, key), &record);
    if (err == 0)
        err = kw_revision_decode(key_of(number, key), record, &head, &text);
    if (err == 0)
        kw_buf_put(out, text.data, text.length);
    kw_db_read_end(txn);
    return err != 0 ? err : kw_buf_err(out);
}

int kw_revisions_text(const struct kw_revisions *revisions, uint64_t number,
                      struct kw_buf *out)
{
    size_t at = find(revisions, number);
    const struct entry *entry;

    if (at == revisions->count)
        return KW_ENOTFOUND;
    entry = revisions->entries[at];
    if (entry->text.length == 0)
        return read_text(revisions->db, number, out);
    kw_buf_put(out, entry->text.data, entry->text.length);
    return kw_buf_err(out);
}

/* The tree of the newest revision; KW_ECORRUPT when its text is no YAML. */
static int read_newest(const struct kw_revisions *revisions,
                       struct kw_arena *arena, struct kw_node **root)
{
    struct kw_diag diag;
    struct kw_buf text;
    int err;

    kw_diag_init(&diag);
    kw_buf_init(&text, KW_CONF_BYTES);
    err = kw_revisions_text(revisions, kw_revisions_current(revisions), &text);
    if (err == 0)
        err = kw_conf_parse_yaml((const char *)text.data, text.length, arena,
                                 root, &diag);
    kw_buf_fini(&text);
    kw_diag_fini(&diag);
    return err == KW_EINVAL ? KW_ECORRUPT : err;
}

/* Nothing is stored: the file, or an empty configuration. */
static int choose_first(const struct kw_node *file, struct kw_arena *arena,
                        struct kw_node **root)
{
    const struct kw_node empty = {.kind = KW_NODE_MAP};

    *root = kw_node_copy(file != NULL ? file : &empty, arena);
    return *root != NULL ? 0 : KW_ENOMEM;
}

int kw_revisions_choose(struct kw_revisions *revisions,
                        const struct kw_node *file, struct kw_arena *arena,
                        struct kw_node **root, bool *is_new, uint64_t *discards)
{
    const struct entry *last = newest(revisions);
    struct kw_node *stored = NULL;
    bool changed, by_web;
    int err;

    *discards = 0;
    *is_new = true;
    if (last == NULL)
        return choose_first(file, arena, root);
    err = read_newest(revisions, arena, &stored);
    if (err == KW_ECORRUPT && file != NULL)
        return choose_first(file, arena, root);
    if (err != 0)
        return err;
    changed = file != NULL && kw_node_hash(file) != last->head.file_hash;
    by_web = kw_node_hash(stored) != last->head.file_hash;
    if (!changed) {
        *is_new = false;
        *root = stored;
        return 0;
    }
    if (by_web && !kw_node_same(stored, file))
        *discards = last->head.number;
    return choose_first(file, arena, root);
}

/* The database has stored a revision, or has not. */
static void on_stored(void *arg, int err)
{
    struct entry *entry = arg;
    kw_db_done_fn *done = entry->done;
    void *done_arg = entry->arg;

    entry->pending = false;
    kw_buf_fini(&entry->text);
    if (err != 0)
        remove_at(entry->revisions, find(entry->revisions, entry->head.number));
    if (done != NULL)
        done(done_arg, err);
}

static struct entry *entry_new(struct kw_revisions *revisions,
                               const struct kw_revision_note *note)
{
    const struct entry *last = newest(revisions);
    struct entry *entry = kw_alloc(sizeof(*entry));

    if (entry == NULL)
        return NULL;
    kw_buf_init(&entry->text, KW_CONF_BYTES);
    entry->revisions = revisions;
    entry->head.number = kw_revisions_current(revisions) + 1;
    entry->head.time_ms = note->time_ms;
    (void)kw_text_copy(entry->head.author, sizeof(entry->head.author),
                       note->author);
    (void)kw_text_copy(entry->head.reason, sizeof(entry->head.reason),
                       note->reason);
    if (last != NULL)
        entry->head.file_hash = last->head.file_hash;
    return entry;
}

/* Hands the record over, and the deletion of the one that is too old. */
static int submit(struct kw_revisions *revisions, struct entry *entry)
{
    struct kw_slice text = {entry->text.data, entry->text.length};
    uint64_t number = entry->head.number;
    struct kw_db_batch *batch = kw_db_batch_new();
    unsigned char key[8];
    struct kw_buf record;
    int err;

    if (batch == NULL)
        return KW_ENOMEM;
    kw_buf_init(&record, KW_CONF_BYTES + 512);
    kw_revision_encode(&entry->head, text, &record);
    err = kw_buf_err(&record);
    if (err == 0) {
        kw_db_batch_put(batch, &kw_revision_table, key_of(number, key),
                        (struct kw_slice){record.data, record.length});
        if (number > KW_REVISION_KEEP)
            kw_db_batch_delete(batch, &kw_revision_table,
                               key_of(number - KW_REVISION_KEEP, key));
        err = kw_db_submit(revisions->db, batch, true, on_stored, entry);
    } else {
        kw_db_batch_free(batch);
    }
    kw_buf_fini(&record);
    return err;
}

/* Adds the entry, which is taken, as the newest one. */
static int add(struct kw_revisions *revisions, struct entry *entry,
               kw_db_done_fn *done, void *arg)
{
    int err;

    if (revisions->count == KW_REVISION_KEEP)
        remove_at(revisions, 0);
    revisions->entries[revisions->count++] = entry;
    if (revisions->db == NULL) {
        if (done != NULL)
            done(arg, 0);
        return 0;
    }
    entry->pending = true;
    entry->done = done;
    entry->arg = arg;
    err = submit(revisions, entry);
    if (err != 0)
        remove_at(revisions, find(revisions, entry->head.number));
    return err;
}

static bool is_full(const struct kw_revisions *revisions)
{
    return revisions->count == KW_REVISION_KEEP &&
           revisions->entries[0]->pending;
}

int kw_revisions_store(struct kw_revisions *revisions,
                       const struct kw_node *root,
                       const struct kw_revision_note *note, kw_db_done_fn *done,
                       void *arg)
{
    struct entry *entry;
    int err;

    if (is_full(revisions))
        return KW_EBUSY;
    entry = entry_new(revisions, note);
    if (entry == NULL)
        return KW_ENOMEM;
    if (note->from_file)
        entry->head.file_hash = kw_node_hash(root);
    kw_node_format_yaml(root, &entry->text);
    err = kw_buf_err(&entry->text);
    if (err != 0) {
        entry_free(entry);
        return err;
    }
    return add(revisions, entry, done, arg);
}

int kw_revisions_store_text(struct kw_revisions *revisions, struct kw_buf *take,
                            const struct kw_revision_note *note,
                            kw_db_done_fn *done, void *arg)
{
    struct entry *entry;

    if (is_full(revisions))
        return KW_EBUSY;
    entry = entry_new(revisions, note);
    if (entry == NULL)
        return KW_ENOMEM;
    entry->text = *take;
    kw_buf_init(take, KW_CONF_BYTES);
    return add(revisions, entry, done, arg);
}
