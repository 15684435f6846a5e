/* SPDX-License-Identifier: Apache-2.0 */
/* What retention tells: which samples are gone, and which are ahead of the
 * clock. */
#include "history/state.h"

#include <stdio.h>

enum { TELL_MS = 86400000, AHEAD_MS = 60000 };

/* Adds a job's deletion; the first one is told at once, later ones once a day
 * together. */
static void tell(struct kw_history *history,
                 struct kw_history_deletion *deletion, const char *why)
{
    const struct kw_history_retain *retain = &history->retain;
    uint64_t now_ms = kw_clock_mono_ms(history->core->clock);
    char from[KW_TIME_TEXT_SIZE], to[KW_TIME_TEXT_SIZE], text[160];

    if (deletion->blocks == 0 || retain->from_ms < deletion->from_ms)
        deletion->from_ms = retain->from_ms;
    if (deletion->blocks == 0 || retain->to_ms > deletion->to_ms)
        deletion->to_ms = retain->to_ms;
    deletion->blocks += retain->deleted;
    if (now_ms < deletion->next_ms)
        return;
    kw_time_format(deletion->from_ms, from);
    kw_time_format(kw_history_later(deletion->to_ms, KW_HISTORY_HOUR_MS), to);
    snprintf(text, sizeof(text),
             "%zu blocks of samples from %s to %s were deleted: %s.",
             deletion->blocks, from, to, why);
    kw_log_write(history->core->log, KW_LOG_NOTICE, "history", "%s", text);
    kw_history_publish(history, KW_HISTORY_DELETED, true, text);
    *deletion = (struct kw_history_deletion){.next_ms = now_ms + TELL_MS};
}

void kw_history_tell_deleted(struct kw_history *history)
{
    history->counters.deleted += history->retain.deleted;
    if (history->retain.by_age)
        tell(history, &history->deleted_old, "they are older than keep says");
    else
        tell(history, &history->deleted_room, "there was no room");
}

/* The newest sample in memory; INT64_MIN: there is none. */
static int64_t newest_in_window(const struct kw_history_window *window)
{
    int64_t newest_ms = INT64_MIN;

    for (size_t i = 0; i < window->size; i++) {
        const struct kw_history_source *source = window->sources[i];

        if (source == NULL)
            continue;
        if (source->open != NULL && source->open->samples > 0 &&
            source->open->last_ms > newest_ms)
            newest_ms = source->open->last_ms;
        KW_LIST_EACH (link, &source->closed) {
            const struct kw_history_part *part =
                KW_LIST_ENTRY(link, struct kw_history_part, link);

            if (part->last_ms > newest_ms)
                newest_ms = part->last_ms;
        }
    }
    return newest_ms;
}

void kw_history_tell_ahead(struct kw_history *history, int64_t newest_ms)
{
    int64_t wall_ms = kw_clock_wall_ms(history->core->clock);
    int64_t in_window_ms = newest_in_window(&history->window);
    char time[KW_TIME_TEXT_SIZE], text[160];

    if (in_window_ms > newest_ms)
        newest_ms = in_window_ms;
    if (newest_ms <= wall_ms + AHEAD_MS || newest_ms <= history->ahead_told_ms)
        return;
    history->ahead_told_ms = newest_ms;
    kw_time_format(newest_ms, time);
    snprintf(text, sizeof(text),
             "There are samples up to %s, ahead of the clock: it was wrong "
             "when they were taken, or it is wrong now.",
             time);
    kw_log_write(history->core->log, KW_LOG_WARN, "history", "%s", text);
    kw_history_publish(history, KW_HISTORY_AHEAD, true, text);
}
