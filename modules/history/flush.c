/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal. Each commit interval what all sources added goes into one row,
 * committed at once, together with the deletion of rows whose samples are
 * sealed. When a commit fails, the pieces in it are missing: the open parts
 * are closed, so that what follows can be replayed without them. The samples
 * themselves are still in memory and will be sealed. Rows whose deletion was
 * in it are deleted again, from the oldest that may be there: to delete what
 * is gone is no error.
 *
 * On close: the module waits for the batches under way; what was not flushed by
 * then is flushed by stop.
 */
#include "core/db.h"
#include "history/state.h"
#include "history/tables.h"

/*
 * Rows are deleted a page or two at a time, a little faster than they come:
 * LMDB writes its list of free pages with every commit as far as it has read
 * it, so thousands of pages freed at once would cost their share for an hour.
 */
enum { TRIM_ROWS = 18, TRIM_EVERY = 16 };

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

/* What is open now lacks the piece that failed: a new part begins with a whole
 * frame and needs nothing of before. */
static void close_parts(struct kw_history *history)
{
    uint64_t now_ms = kw_clock_mono_ms(history->core->clock);

    for (size_t i = 0; i < history->window.size; i++) {
        if (history->window.sources[i] != NULL)
            kw_history_window_close(&history->window,
                                    history->window.sources[i], now_ms);
    }
}

static void on_flushed(void *arg, int err)
{
    struct kw_history *history = arg;

    history->flushing--;
    kw_history_note_write(history, err);
    if (err != 0)
        history->first_row = history->kept_row;
    else if (history->flushing == 0) /* none that can still fail */
        history->kept_row = history->first_row;
    if (err != 0 && err != KW_ECLOSING)
        close_parts(history);
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
        close_parts(history);
        return false;
    }
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

    if (kw_list_empty(&history->window.dirty) &&
        history->first_row >= history->needed_row)
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
    history->flushing++;
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
