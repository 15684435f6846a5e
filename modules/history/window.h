/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory window: of every source the samples that are not sealed yet, as
 * parts. A part is one segment (stream.h) within one UTC hour; the newest one
 * of a source is open and grows, the others are closed and never change, so a
 * sealing job reads them without a copy. Bytes lie in chunks of a pool; parts
 * and chunks are used again, so that a warm window allocates nothing.
 *
 * Plain memory without clock or loop: the replay job and offline commands
 * build one of their own.
 */
#ifndef KW_HISTORY_WINDOW_H
#define KW_HISTORY_WINDOW_H

#include "base/list.h"
#include "history/journal.h"
#include "history/stream.h"

enum {
    KW_HISTORY_HOUR_MS = 3600000,
    KW_HISTORY_DAY_MS = 86400000,
    KW_HISTORY_CHUNK_BYTES = 2048,
    KW_HISTORY_SOURCES = 1 << 16,      /* most sources */
    KW_HISTORY_PART_BYTES = 8 << 20,   /* a longer part is closed */
    KW_HISTORY_PART_SAMPLES = 1 << 20, /* the same */
    KW_HISTORY_ROW_BYTES = 256 << 10,  /* a longer row takes no more parts */
};

struct kw_history_chunk {
    struct kw_history_chunk *next;
    size_t used;
    unsigned char bytes[KW_HISTORY_CHUNK_BYTES - 16];
};

/* How far a part is written into journal rows. */
struct kw_history_mark {
    size_t bytes;                   /* so many from its start are */
    struct kw_history_chunk *chunk; /* where the others begin; NULL: at the */
    size_t at;                      /* first chunk */
};

struct kw_history_part {
    struct kw_link link;   /* closed: in its source's list, oldest first */
    struct kw_link dirty;  /* has bytes that no row holds yet */
    struct kw_link flying; /* has bytes in the row that is being committed */
    uint32_t source;
    uint64_t segment;
    int64_t hour_ms;           /* start of the UTC hour of its samples */
    int64_t first_ms, last_ms; /* smallest and largest time */
    struct kw_history_chunk *chunks, *end; /* owned */
    size_t bytes, samples;
    struct kw_history_mark written; /* with the row under way */
    struct kw_history_mark stored;  /* without it, while flying */
    uint64_t first_row;             /* no row before it has bytes of this part;
                                       UINT64_MAX: none has yet */
    uint64_t closed_ms;             /* monotonic */
};

struct kw_history_source {
    uint32_t number;
    struct kw_history_segment writer; /* of the open part */
    struct kw_history_part *open;     /* or NULL */
    struct kw_link closed;
};

struct kw_history_window {
    struct kw_history_source **sources; /* by number; holes are NULL */
    size_t size;
    struct kw_link dirty, flying; /* parts */
    struct kw_link spare_parts;
    struct kw_history_chunk *spare;
    size_t chunks, spare_chunks, ceiling_chunks;
    uint64_t next_segment;
    struct kw_buf scratch; /* the frame at hand */
    uint64_t dropped;      /* samples that found no room */
};

void kw_history_window_init(struct kw_history_window *window,
                            uint64_t ceiling_bytes);
void kw_history_window_fini(struct kw_history_window *window);

/*
 * Appends a poll; closes the open part when it is another hour's, too long,
 * or can't take the poll. now_ms is monotonic. KW_EFULL, KW_ENOMEM: the
 * samples are counted as dropped.
 */
KW_MUST_CHECK int kw_history_window_put(struct kw_history_window *window,
                                        uint32_t source,
                                        const struct kw_history_poll *poll,
                                        uint64_t now_ms);

/* Closes a source's open part; harmless when there is none. */
void kw_history_window_close(struct kw_history_window *window,
                             struct kw_history_source *source, uint64_t now_ms);

/*
 * Puts the dirty parts' new bytes into `out` as row number `row`. A row ends
 * after the part that makes it KW_HISTORY_ROW_BYTES long; the others stay
 * dirty. False when there is nothing to write. One row at a time: tell its
 * end by kw_history_window_settle before the next one.
 */
bool kw_history_window_row(struct kw_history_window *window, uint64_t row,
                           struct kw_buf *out);

/* Ends the row under way. When it was not committed, its parts are dirty
 * again, from where they were before. */
void kw_history_window_settle(struct kw_history_window *window, bool committed);

/* The smallest row that is still needed; UINT64_MAX: none is. */
uint64_t kw_history_window_first_row(const struct kw_history_window *window);

/* Gives a closed part back to the pool. */
void kw_history_window_drop(struct kw_history_window *window,
                            struct kw_history_part *part);

/* Bytes in use and the ceiling. */
size_t kw_history_window_bytes(const struct kw_history_window *window);
bool kw_history_window_tight(const struct kw_history_window *window);

/* The source with the longest open part, or NULL. */
struct kw_history_source *
kw_history_window_longest(const struct kw_history_window *window);

/* Appends all bytes of a part. Errors stay in the buffer. */
void kw_history_part_copy(const struct kw_history_part *part,
                          struct kw_buf *out);

/* The steps of the above, for who builds a window from stored pieces. */
KW_MUST_CHECK int kw_history_window_source(struct kw_history_window *window,
                                           uint32_t number,
                                           struct kw_history_source **source);
struct kw_history_part *kw_history_part_new(struct kw_history_window *window,
                                            uint32_t source, uint64_t segment);
/* All of the bytes or nothing. KW_EFULL, KW_ENOMEM. */
KW_MUST_CHECK int kw_history_part_append(struct kw_history_window *window,
                                         struct kw_history_part *part,
                                         const unsigned char *bytes,
                                         size_t length);
/* Notes the time of a frame, before its samples are counted. */
void kw_history_part_time(struct kw_history_part *part, int64_t time_ms);

/* Start of the unit of time that holds time_ms, before 1970 too; INT64_MIN when
 * that is out of range, as the hour of a damaged key may be. */
int64_t kw_history_floor(int64_t time_ms, int64_t unit_ms);
/* time_ms + span_ms (span_ms >= 0), INT64_MAX when that is out of range. */
int64_t kw_history_later(int64_t time_ms, int64_t span_ms);

#endif
