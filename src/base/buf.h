/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer with a ceiling. The first failure (memory or ceiling)
 * sticks: later calls do nothing, and kw_buf_err tells, so a writer checks
 * once at the end.
 */
#ifndef KW_BASE_BUF_H
#define KW_BASE_BUF_H

#include "base/err.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kw_buf {
    unsigned char *data; /* owned; NUL is not part of it */
    size_t length, capacity, ceiling;
    int err;     /* 0 or the first failure */
    bool secret; /* set by the owner: what it held is wiped when it is emptied,
                    given back or moved to grow */
};

/* An empty buffer that never grows beyond ceiling bytes. */
void kw_buf_init(struct kw_buf *buf, size_t ceiling);
void kw_buf_fini(struct kw_buf *buf);

/* Empties it, keeps the memory, forgets the failure. */
void kw_buf_reset(struct kw_buf *buf);

/* 0, KW_ENOMEM or KW_EFULL: the first failure since init or reset. */
KW_MUST_CHECK int kw_buf_err(const struct kw_buf *buf);

/* Appends; copies. */
void kw_buf_put(struct kw_buf *buf, const void *bytes, size_t length);
void kw_buf_put_text(struct kw_buf *buf, const char *text);
void kw_buf_put_byte(struct kw_buf *buf, unsigned char byte);
void kw_buf_printf(struct kw_buf *buf, const char *format, ...) KW_PRINTF(2, 3);
void kw_buf_vprintf(struct kw_buf *buf, const char *format, va_list args)
    KW_PRINTF(2, 0);

/* Big-endian numbers and LEB128 varints, for keys and stored records. */
void kw_buf_put_be16(struct kw_buf *buf, uint16_t value);
void kw_buf_put_be32(struct kw_buf *buf, uint32_t value);
void kw_buf_put_be64(struct kw_buf *buf, uint64_t value);
void kw_buf_put_varint(struct kw_buf *buf, uint64_t value);

/* Room for length bytes at the end, to be filled by the caller, or NULL. */
unsigned char *kw_buf_grow(struct kw_buf *buf, size_t length);

/* Drops length bytes at the front (at most what is there). */
void kw_buf_drop_front(struct kw_buf *buf, size_t length);

/* Gives the content away (caller frees with kw_free); the buffer is empty. */
unsigned char *kw_buf_take(struct kw_buf *buf, size_t *length);

/* As text with a NUL behind (not counted); "" when it failed. */
const char *kw_buf_text(struct kw_buf *buf);

/*
 * A reader over borrowed bytes with the same rule: the first failure
 * (KW_ECORRUPT on reading past the end) sticks and reads give 0.
 */
struct kw_reader {
    const unsigned char *at, *end;
    int err;
};
void kw_reader_init(struct kw_reader *reader, const void *data, size_t length);
uint8_t kw_read_byte(struct kw_reader *reader);
uint16_t kw_read_be16(struct kw_reader *reader);
uint32_t kw_read_be32(struct kw_reader *reader);
uint64_t kw_read_be64(struct kw_reader *reader);
uint64_t kw_read_varint(struct kw_reader *reader);
/* Borrowed pointer to length bytes, or NULL when there are fewer. */
const unsigned char *kw_read_bytes(struct kw_reader *reader, size_t length);
/* Bytes that are left. */
size_t kw_reader_left(const struct kw_reader *reader);

#endif
