/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the journal back to a window. At the start a job of the work lane does
 * it, so that polling needn't wait; offline commands do it at once.
 */
#ifndef KW_HISTORY_REPLAY_H
#define KW_HISTORY_REPLAY_H

#include "core/db.h"
#include "history/window.h"

struct kw_history_replay {
    struct kw_history_window window; /* what was there, all parts closed */
    size_t rows, damaged;            /* rows read; rows and parts damaged */
};

/*
 * Reads the journal of db into replay->window, leaving out what is sealed.
 * Damage is counted, not an error. Fini in every case.
 */
KW_MUST_CHECK int kw_history_replay_read(struct kw_history_replay *replay,
                                         struct kw_db *db);
void kw_history_replay_fini(struct kw_history_replay *replay);

/* Puts all parts in front of those of `to` and takes over their memory. */
KW_MUST_CHECK int kw_history_replay_adopt(struct kw_history_replay *replay,
                                          struct kw_history_window *to);

/* What a start must know before it writes the first row: the first and the
 * next row's key and the next segment's number. Short reads. */
struct kw_history_origin {
    uint64_t first_row, next_row, next_segment;
};
KW_MUST_CHECK int kw_history_origin_read(struct kw_history_origin *origin,
                                         struct kw_db *db);

#endif
