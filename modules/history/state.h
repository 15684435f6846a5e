/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the module and what its files share. history.c starts, stops
 * and takes samples; flush.c writes the journal; seal.c makes blocks; retain.c
 * deletes old ones; query.c answers GET /history.
 *
 * All of it is the loop's but what a job has borrowed: closed parts (which
 * don't change) and the job's own struct.
 */
#ifndef KW_HISTORY_STATE_H
#define KW_HISTORY_STATE_H

#include "core/core.h"
#include "core/hub.h"
#include "history/replay.h"
#include "history/task.h"

struct kw_request;

struct kw_history_counters {
    uint64_t samples, journal_rows, journal_bytes, commits_failed;
    uint64_t blocks, sealed_samples, sealed_bytes, deleted, damaged, queries;
};

struct kw_history {
    struct kw_core *core;
    struct kw_history_conf conf;
    struct kw_life life;
    uv_timer_t flush_timer, tick_timer;
    struct kw_subscriber subscriber;
    struct kw_history_window window;
    double *scales; /* of a poll's samples */

    struct kw_buf row;   /* the journal row at hand */
    uint64_t first_row;  /* oldest one that no batch deletes yet */
    uint64_t kept_row;   /* oldest one that may be in the journal */
    uint64_t needed_row; /* those before it may go */
    uint64_t next_row;
    bool flushing;           /* a batch is under way */
    bool behind;             /* its row didn't take all that was new */
    unsigned failed_at_stop; /* commits that failed since the stop */

    struct kw_history_load load; /* replay at the start */
    bool ready;                  /* the replay is over */
    struct kw_history_seal seal;
    struct kw_history_retain retain;
    struct kw_history_deletion deleted_old, deleted_room;
    int64_t retain_asked_ms; /* see struct kw_history_retain */
    int64_t ahead_told_ms;   /* newest sample of which it was told */
    struct kw_link queries;
    unsigned query_count;

    struct kw_history_counters counters;
    uint64_t damage_told, dropped_told;
    uint64_t dropped_ms; /* monotonic, when it last grew */
    int write_err;       /* of the last commit */
    bool disk_full;
    void (*stopped)(void *arg);
    void *arg;
};

/* flush.c: writes what is new, urgently, and deletes rows that were sealed. */
void kw_history_flush(struct kw_history *history);
/* A commit of this module ended: disk_full begins or ends. */
void kw_history_note_write(struct kw_history *history, int err);
/* Which rows may go, after parts were sealed. */
void kw_history_trim(struct kw_history *history);

/* load.c: begins the replay unless it is over. */
void kw_history_load_tick(struct kw_history *history);

/* seal.c: closes parts whose hour is over and begins a job when some are
 * due. Called each second. */
void kw_history_seal_tick(struct kw_history *history);

/* retain.c: once in a while deletes blocks that are too old or too much. */
void kw_history_retain_tick(struct kw_history *history);
/* `keep` was made shorter: what is too old now goes without a limit a day. */
void kw_history_retain_asked(struct kw_history *history);

/* deleted.c: adds what a job of retention has deleted and tells it at most
 * once a day. */
void kw_history_tell_deleted(struct kw_history *history);
/* Tells of samples that are ahead of the clock; newest_ms: of the blocks. */
void kw_history_tell_ahead(struct kw_history *history, int64_t newest_ms);

/* query.c */
void kw_history_get(void *self, struct kw_request *request);
/* Begins the queries that waited for the replay. */
void kw_history_queries_resume(struct kw_history *history);
/* Ends all queries, each as soon as its job is back. */
void kw_history_queries_stop(struct kw_history *history);

/* Publishes an event of this module. */
enum kw_history_event {
    KW_HISTORY_DAMAGED,
    KW_HISTORY_DISK_FULL,
    KW_HISTORY_DELETED,
    KW_HISTORY_AHEAD,
};
void kw_history_publish(struct kw_history *history, enum kw_history_event event,
                        bool on, const char *text);

#endif
