/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal. Each commit interval what all sources added goes into one row,
 * committed at once, together with the deletion of rows whose samples are
 * sealed. One row is under way at a time: on a slow disk rows become fewer
 * and longer. When a commit fails, the window takes the bytes of its row back
 * and the next row has them again, so that a restart finds everything once
 * the disk works; rows whose deletion was in it are deleted again, from the
 * oldest that may be there: to delete what is gone is no error.
 *
 * What a long fault held up may be more than one row takes. The other rows
 * then follow without waiting for their interval.
 *
 * On close: what is new is written, in as many rows as it needs. A commit that
 * fails is repeated a few times at once, then given up: the disk is broken.
 */
#include "core/db.h"
#include "history/state.h"
#include "history/tables.h"

/*
 * Rows are deleted a page or two at a time, a little faster than they come:
 * LMDB writes its list of free pages with every commit as far as it has read
 * it, so thousands of pages freed at once would cost their share for an hour.
 */
enum {
    TRIM_ROWS = 18,
    TRIM_EVERY = 16,
    LAST_TRIES = 3, /* more, of a commit that fails at the stop */
};

void kw_history_note_write(struct kw_history *history, int err)
{
    bool full = err == KW_ENOSPC;

    history->write_err = err;
    if (err != 0)
        history->counters.commits_failed++;
    if (full == history->disk_full || err == KW_ECLOSING)
        return;
    history->disk_full = full;
    kw_history_publish(history, KW_HISTORY_DISK_FULL, full,
                       full ? "No space left: new samples are only in memory, "
                              "the oldest history is deleted."
                            : "Samples are stored again.");
    if (full)
        history->retain.next_ms = 0;
}

/* Whether the next row follows at once. */
static bool goes_on(struct kw_history *history, int err)
{
    bool closing = history->life.closing;

    if (kw_list_empty(&history->window.dirty))
        return false;
    if (err == 0)
        return history->behind || closing;
    return closing && err != KW_ECLOSING &&
           history->failed_at_stop++ < LAST_TRIES;
}

static void on_flushed(void *arg, int err)
{
    struct kw_history *history = arg;

    history->flushing = false;
    kw_history_window_settle(&history->window, err == 0);
    kw_history_note_write(history, err);
    if (err != 0)
        history->first_row = history->kept_row;
    else
        history->kept_row = history->first_row;
    if (goes_on(history, err))
        kw_history_flush(history);
    kw_life_drop(&history->life);
}

static size_t put_trims(struct kw_history *history, struct kw_db_batch *batch,
                        bool has_row)
{
    struct kw_history_key_bytes bytes;
    size_t count = 0;

    if (has_row && history->next_row % TRIM_EVERY != 0)
        return 0;
    while (history->first_row < history->needed_row && count < TRIM_ROWS) {
        kw_db_batch_delete(batch, &kw_history_journal,
                           kw_history_key_row(&bytes, history->first_row));
        history->first_row++;
        count++;
    }
    return count;
}

/* False when there is nothing new. A row's number is used once, also when its
 * commit fails: a hole in the numbers is no damage. */
static bool put_row(struct kw_history *history, struct kw_db_batch *batch)
{
    struct kw_history_key_bytes bytes;
    struct kw_buf *row = &history->row;

    if (!kw_history_window_row(&history->window, history->next_row, row))
        return false;
    if (kw_buf_err(row) != 0) { /* no memory for it: as if it had failed */
        kw_history_note_write(history, kw_buf_err(row));
        kw_history_window_settle(&history->window, false);
        return false;
    }
    history->behind = !kw_list_empty(&history->window.dirty);
    kw_db_batch_put(batch, &kw_history_journal,
                    kw_history_key_row(&bytes, history->next_row),
                    (struct kw_slice){row->data, row->length});
    history->next_row++;
    history->counters.journal_rows++;
    history->counters.journal_bytes += row->length;
    return true;
}

/* Urgent: the interval is the history's own, the database need not wait for
 * another one. An empty interval commits nothing. */
void kw_history_flush(struct kw_history *history)
{
    struct kw_db_batch *batch;
    bool any;
    int err;

    if (history->flushing || (kw_list_empty(&history->window.dirty) &&
                              history->first_row >= history->needed_row))
        return;
    batch = kw_db_batch_reuse(history->core->db);
    if (batch == NULL)
        return; /* the next interval tries again with more */
    any = put_row(history, batch);
    any = put_trims(history, batch, any) > 0 || any;
    if (!any) {
        kw_db_batch_free(batch);
        return;
    }
    kw_life_hold(&history->life);
    history->flushing = true;
    err = kw_db_submit(history->core->db, batch, true, on_flushed, history);
    if (err != 0)
        on_flushed(history, err);
}

/* The oldest row that a part in memory still needs; those before it may go. */
void kw_history_trim(struct kw_history *history)
{
    uint64_t first = kw_history_window_first_row(&history->window);

    if (!history->ready)
        return;
    history->needed_row = first < history->next_row ? first : history->next_row;
}
