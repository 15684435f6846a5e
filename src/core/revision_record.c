/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A revision as a database row: version, time, hash of the file, author,
 * reason, and the canonical YAML to the end of the record. The key is its
 * number, big-endian, so that LMDB keeps them in order. A record of a newer
 * version is KW_EVERSION and left alone: a program that was put back must not
 * damage what the newer one wrote.
 */
#include "core/revision_record.h"

#include <string.h>

static void put_text(struct kw_buf *out, const char *text)
{
    size_t length = strlen(text);

    kw_buf_put_varint(out, length);
    kw_buf_put(out, text, length);
}

void kw_revision_encode(const struct kw_revision *revision,
                        struct kw_slice text, struct kw_buf *out)
{
    kw_buf_put_byte(out, KW_REVISION_VERSION);
    kw_buf_put_be64(out, (uint64_t)revision->time_ms);
    kw_buf_put_be64(out, revision->file_hash);
    put_text(out, revision->author);
    put_text(out, revision->reason);
    kw_buf_put(out, text.data, text.length);
}

static void read_text(struct kw_reader *reader, char *text, size_t size)
{
    uint64_t length = kw_read_varint(reader);
    const unsigned char *bytes = NULL;

    if (length < size)
        bytes = kw_read_bytes(reader, (size_t)length);
    if (bytes == NULL) {
        reader->err = KW_ECORRUPT;
        return;
    }
    memcpy(text, bytes, (size_t)length);
    text[length] = 0;
}

int kw_revision_decode(struct kw_slice key, struct kw_slice record,
                       struct kw_revision *revision, struct kw_slice *text)
{
    struct kw_reader reader;

    kw_reader_init(&reader, key.data, key.length);
    revision->number = kw_read_be64(&reader);
    if (reader.err != 0 || kw_reader_left(&reader) != 0)
        return KW_ECORRUPT;
    kw_reader_init(&reader, record.data, record.length);
    if (kw_read_byte(&reader) > KW_REVISION_VERSION)
        return KW_EVERSION;
    revision->time_ms = (int64_t)kw_read_be64(&reader);
    revision->file_hash = kw_read_be64(&reader);
    read_text(&reader, revision->author, sizeof(revision->author));
    read_text(&reader, revision->reason, sizeof(revision->reason));
    *text = (struct kw_slice){reader.at, kw_reader_left(&reader)};
    return reader.err;
}
