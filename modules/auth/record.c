/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed fields, big-endian, texts with a length byte; the version comes first.
 * A record is believed only if it is whole and sane: the cost it names is what
 * a log-in will spend.
 */
#include "auth/record.h"

#include "base/text.h"

#include <string.h>

enum { USER_VERSION = 1, TICKET_VERSION = 1 };

static void put_text(struct kw_buf *out, const char *text)
{
    size_t length = strlen(text);

    kw_buf_put_byte(out, (unsigned char)length);
    kw_buf_put(out, text, length);
}

/* Clean text of 1 to KW_AUTH_NAME_SIZE - 1 bytes. */
static void take_text(struct kw_reader *reader, const void *bytes,
                      size_t length, char out[KW_AUTH_NAME_SIZE])
{
    if (bytes == NULL || length == 0 || length >= KW_AUTH_NAME_SIZE ||
        !kw_text_is_clean(bytes, length)) {
        reader->err = KW_ECORRUPT;
        length = 0;
    }
    if (length > 0)
        memcpy(out, bytes, length);
    out[length] = 0;
}

static void read_text(struct kw_reader *reader, char out[KW_AUTH_NAME_SIZE])
{
    size_t length = kw_read_byte(reader);

    take_text(reader, kw_read_bytes(reader, length), length, out);
}

static void read_array(struct kw_reader *reader, uint8_t *out, size_t length)
{
    const unsigned char *bytes = kw_read_bytes(reader, length);

    if (bytes != NULL)
        memcpy(out, bytes, length);
}

/* 0 when the version is ours. */
static int read_version(struct kw_reader *reader, uint8_t ours)
{
    uint8_t version = kw_read_byte(reader);

    if (reader->err != 0 || version == 0)
        return KW_ECORRUPT;
    return version > ours ? KW_EVERSION : 0;
}

/* All was there and nothing is left. */
static int finish(const struct kw_reader *reader)
{
    return reader->err == 0 && kw_reader_left(reader) == 0 ? 0 : KW_ECORRUPT;
}

void kw_auth_user_encode(const struct kw_auth_user *user, struct kw_buf *out)
{
    kw_buf_put_byte(out, USER_VERSION);
    kw_buf_put_byte(out, (unsigned char)user->profile);
    kw_buf_put_byte(
        out, (unsigned char)(user->flags |
                             (user->was_reset ? KW_AUTH_WAS_RESET : 0U)));
    put_text(out, user->name);
    kw_buf_put_be64(out, (uint64_t)user->created_ms);
    kw_buf_put_be64(out, (uint64_t)user->password_changed_ms);
    kw_buf_put_byte(out, user->scrypt.log2_n);
    kw_buf_put_byte(out, user->scrypt.r);
    kw_buf_put_byte(out, user->scrypt.p);
    kw_buf_put(out, user->scrypt.salt, sizeof(user->scrypt.salt));
    kw_buf_put(out, user->scrypt.hash, sizeof(user->scrypt.hash));
}

/* A record must not be able to ask for any amount of memory or time. */
static bool is_cost_sane(const struct kw_auth_scrypt *scrypt)
{
    return scrypt->log2_n >= KW_AUTH_LOG2_N_MIN &&
           scrypt->log2_n <= KW_AUTH_LOG2_N_MAX && scrypt->r == KW_AUTH_R &&
           scrypt->p >= 1 && scrypt->p <= KW_AUTH_P_MAX;
}

int kw_auth_user_decode(const void *key, size_t key_length, const void *value,
                        size_t length, struct kw_auth_user *user)
{
    struct kw_reader reader;
    unsigned profile;
    int err;

    *user = (struct kw_auth_user){0};
    kw_reader_init(&reader, value, length);
    err = read_version(&reader, USER_VERSION);
    if (err != 0)
        return err;
    profile = kw_read_byte(&reader);
    user->flags = kw_read_byte(&reader);
    user->was_reset = (user->flags & KW_AUTH_WAS_RESET) != 0;
    user->flags &= ~(unsigned)KW_AUTH_WAS_RESET;
    read_text(&reader, user->name);
    user->created_ms = (int64_t)kw_read_be64(&reader);
    user->password_changed_ms = (int64_t)kw_read_be64(&reader);
    user->scrypt.log2_n = kw_read_byte(&reader);
    user->scrypt.r = kw_read_byte(&reader);
    user->scrypt.p = kw_read_byte(&reader);
    read_array(&reader, user->scrypt.salt, sizeof(user->scrypt.salt));
    read_array(&reader, user->scrypt.hash, sizeof(user->scrypt.hash));
    take_text(&reader, key, key_length, user->key);
    if (profile >= KW_PROFILE_SETUP ||
        (user->flags & ~(unsigned)KW_AUTH_USER_FLAGS) != 0 ||
        !is_cost_sane(&user->scrypt))
        return KW_ECORRUPT;
    user->profile = (enum kw_profile)profile;
    return finish(&reader);
}

void kw_auth_ticket_encode(const struct kw_auth_ticket *ticket,
                           struct kw_buf *out)
{
    kw_buf_put_byte(out, TICKET_VERSION);
    put_text(out, ticket->user);
    kw_buf_put(out, ticket->csrf, sizeof(ticket->csrf));
    kw_buf_put_be64(out, (uint64_t)ticket->created_ms);
    kw_buf_put_be64(out, (uint64_t)ticket->expires_ms);
}

int kw_auth_ticket_decode(const void *value, size_t length,
                          struct kw_auth_ticket *ticket)
{
    struct kw_reader reader;
    int err;

    *ticket = (struct kw_auth_ticket){0};
    kw_reader_init(&reader, value, length);
    err = read_version(&reader, TICKET_VERSION);
    if (err != 0)
        return err;
    read_text(&reader, ticket->user);
    read_array(&reader, ticket->csrf, sizeof(ticket->csrf));
    ticket->created_ms = (int64_t)kw_read_be64(&reader);
    ticket->expires_ms = (int64_t)kw_read_be64(&reader);
    return finish(&reader);
}
