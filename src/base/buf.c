/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing doubles the block, so n bytes cost O(n) copies. The ceiling is exact:
 * the byte that would pass it is refused, not the block that would hold it.
 *
 * The first failure stays until reset: whoever formats an answer writes on and
 * looks once, and no half of a number or of an escape is ever taken for the
 * whole. The reader keeps the same rule the other way round.
 */
#include "base/buf.h"

#include "base/mem.h"
#include "base/secret.h"

#include <stdio.h>
#include <string.h>

void kw_buf_init(struct kw_buf *buf, size_t ceiling)
{
    *buf = (struct kw_buf){.ceiling = ceiling};
}

/* The whole block: a shorter content may have followed a longer one. */
static void wipe(struct kw_buf *buf)
{
    if (buf->secret && buf->data != NULL)
        kw_secret_wipe(buf->data, buf->capacity);
}

void kw_buf_fini(struct kw_buf *buf)
{
    wipe(buf);
    kw_free(buf->data);
    *buf = (struct kw_buf){.ceiling = buf->ceiling, .secret = buf->secret};
}

void kw_buf_reset(struct kw_buf *buf)
{
    if (buf->secret && buf->data != NULL)
        kw_secret_wipe(buf->data, buf->length);
    buf->length = 0;
    buf->err = 0;
}

int kw_buf_err(const struct kw_buf *buf)
{
    return buf->err;
}

/* realloc would leave the old block's content to whoever allocates next. */
static unsigned char *move(struct kw_buf *buf, size_t capacity)
{
    unsigned char *data;

    if (!buf->secret)
        return kw_realloc(buf->data, capacity);
    data = kw_alloc(capacity);
    if (data == NULL)
        return NULL;
    if (buf->data != NULL)
        memcpy(data, buf->data, buf->length);
    wipe(buf);
    kw_free(buf->data);
    return data;
}

/*
 * Makes room for length bytes and spare ones behind them, which don't count
 * against the ceiling (a NUL); false: the failure is noted.
 */
static bool reserve(struct kw_buf *buf, size_t length, size_t spare)
{
    size_t capacity = buf->capacity > 0 ? buf->capacity : 64, need;
    unsigned char *data;

    if (buf->err != 0)
        return false;
    if (length > buf->ceiling - buf->length) {
        buf->err = KW_EFULL;
        return false;
    }
    need = buf->length + length + spare;
    if (need <= buf->capacity && buf->data != NULL)
        return true;
    while (capacity < need)
        capacity *= 2;
    if (capacity > buf->ceiling + spare)
        capacity = buf->ceiling + spare;
    data = move(buf, capacity);
    if (data == NULL) {
        buf->err = KW_ENOMEM;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

unsigned char *kw_buf_grow(struct kw_buf *buf, size_t length)
{
    unsigned char *room;

    if (!reserve(buf, length, 0))
        return NULL;
    room = buf->data + buf->length;
    buf->length += length;
    return room;
}

void kw_buf_put(struct kw_buf *buf, const void *bytes, size_t length)
{
    unsigned char *room;

    if (length == 0)
        return;
    room = kw_buf_grow(buf, length);
    if (room != NULL)
        memcpy(room, bytes, length);
}

void kw_buf_put_text(struct kw_buf *buf, const char *text)
{
    kw_buf_put(buf, text, strlen(text));
}

void kw_buf_put_byte(struct kw_buf *buf, unsigned char byte)
{
    kw_buf_put(buf, &byte, 1);
}

void kw_buf_vprintf(struct kw_buf *buf, const char *format, va_list args)
{
    char small[256];
    va_list again;
    size_t length;
    int need;

    va_copy(again, args);
    need = vsnprintf(small, sizeof(small), format, args);
    length = need > 0 ? (size_t)need : 0;
    if (length < sizeof(small)) {
        kw_buf_put(buf, small, length);
    } else if (reserve(buf, length, 1)) {
        vsnprintf((char *)buf->data + buf->length, length + 1, format, again);
        buf->length += length;
    }
    va_end(again);
}

void kw_buf_printf(struct kw_buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    kw_buf_vprintf(buf, format, args);
    va_end(args);
}

static void put_be(struct kw_buf *buf, uint64_t value, size_t bytes)
{
    unsigned char *room = kw_buf_grow(buf, bytes);

    if (room == NULL)
        return;
    for (size_t i = bytes; i-- > 0; value >>= 8)
        room[i] = (unsigned char)value;
}

void kw_buf_put_be16(struct kw_buf *buf, uint16_t value)
{
    put_be(buf, value, 2);
}

void kw_buf_put_be32(struct kw_buf *buf, uint32_t value)
{
    put_be(buf, value, 4);
}

void kw_buf_put_be64(struct kw_buf *buf, uint64_t value)
{
    put_be(buf, value, 8);
}

void kw_buf_put_varint(struct kw_buf *buf, uint64_t value)
{
    unsigned char bytes[10];
    size_t length = 0;

    while (value >= 0x80) {
        bytes[length++] = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    bytes[length++] = (unsigned char)value;
    kw_buf_put(buf, bytes, length);
}

void kw_buf_drop_front(struct kw_buf *buf, size_t length)
{
    if (length > buf->length)
        length = buf->length;
    if (length == 0)
        return;
    memmove(buf->data, buf->data + length, buf->length - length);
    buf->length -= length;
    if (buf->secret)
        kw_secret_wipe(buf->data + buf->length, length);
}

unsigned char *kw_buf_take(struct kw_buf *buf, size_t *length)
{
    unsigned char *data = buf->data;

    *length = buf->length;
    *buf = (struct kw_buf){.ceiling = buf->ceiling};
    return data;
}

const char *kw_buf_text(struct kw_buf *buf)
{
    if (!reserve(buf, 0, 1))
        return "";
    buf->data[buf->length] = 0;
    return (const char *)buf->data;
}

void kw_reader_init(struct kw_reader *reader, const void *data, size_t length)
{
    reader->at = data;
    reader->end = length > 0 ? reader->at + length : reader->at;
    reader->err = 0;
}

size_t kw_reader_left(const struct kw_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

const unsigned char *kw_read_bytes(struct kw_reader *reader, size_t length)
{
    const unsigned char *at = reader->at;

    if (reader->err != 0 || kw_reader_left(reader) < length) {
        reader->err = KW_ECORRUPT;
        return NULL;
    }
    reader->at += length;
    return at;
}

static uint64_t read_be(struct kw_reader *reader, size_t bytes)
{
    const unsigned char *at = kw_read_bytes(reader, bytes);
    uint64_t value = 0;

    for (size_t i = 0; at != NULL && i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

uint8_t kw_read_byte(struct kw_reader *reader)
{
    return (uint8_t)read_be(reader, 1);
}

uint16_t kw_read_be16(struct kw_reader *reader)
{
    return (uint16_t)read_be(reader, 2);
}

uint32_t kw_read_be32(struct kw_reader *reader)
{
    return (uint32_t)read_be(reader, 4);
}

uint64_t kw_read_be64(struct kw_reader *reader)
{
    return read_be(reader, 8);
}

uint64_t kw_read_varint(struct kw_reader *reader)
{
    uint64_t value = 0;

    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = kw_read_byte(reader);

        if (reader->err != 0)
            return 0;
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    reader->err = KW_ECORRUPT;
    return 0;
}
