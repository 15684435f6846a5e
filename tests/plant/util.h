/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small helpers of the simulated switchboard: memory, text, numbers.
 *
 * The plant shares no code with the gateway that it tests, so it has its own.
 * Memory that is missing ends the program with a message: a simulator has
 * nothing better to do, and its callers need no failure path.
 */
#ifndef KW_PLANT_UTIL_H
#define KW_PLANT_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message for people; empty when nothing went wrong. */
struct kw_plant_diag {
    char text[512];
};

/* Text that grows; `data` is always ended by a zero byte once written to. */
struct kw_plant_out {
    char *data; /* owned; free with kw_plant_free() */
    size_t length, room;
};

/* Writes the message, cut at the end of the buffer. Always returns -1, so
 * that a failing function ends with `return kw_plant_say(...)`. */
int kw_plant_say(struct kw_plant_diag *diag, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Zeroed memory for `count` objects of `size` bytes; never NULL. */
void *kw_plant_alloc(size_t count, size_t size);

/* Takes `old` (may be NULL), gives room for `count` objects with the old
 * content kept and the rest undefined; never NULL. */
void *kw_plant_grow(void *old, size_t count, size_t size);

/* Frees what the two above gave; NULL is allowed. */
void kw_plant_free(void *memory);

/* Copies `text` into `to`, which has `room` bytes; false if it was cut. */
bool kw_plant_copy(char *to, size_t room, const char *text);

/* Adds formatted text. */
void kw_plant_out(struct kw_plant_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds `text` as a JSON string with its quotes. */
void kw_plant_out_string(struct kw_plant_out *out, const char *text);

/* Adds a number that reads back as the same double, or null if it is not
 * finite (JSON has no other word for that). */
void kw_plant_out_real(struct kw_plant_out *out, double value);

/* True if all of `text` is one finite decimal number. */
bool kw_plant_parse_real(const char *text, double *value);

/* True if all of `text` is one whole number in `base` (10 or 16, no sign, no
 * prefix) that is at most `limit`. */
bool kw_plant_parse_whole(const char *text, unsigned base, uint64_t limit,
                          uint64_t *value);

/* Mixes two numbers into one that looks random; the same everywhere. */
uint64_t kw_plant_mix(uint64_t a, uint64_t b);

/* Nanoseconds of the monotonic clock. */
int64_t kw_plant_now_ns(void);

#endif
