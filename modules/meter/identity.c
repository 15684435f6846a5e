/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/identity.h"

#include <stdio.h>
#include <string.h>

enum {
    OBJECTS_HEAD = 5,        /* read code to number of objects */
    REPORT_TEXT_LEAST = 4,   /* letters: shorter runs are chance */
    SOCOMEC_NAME_BYTES = 16, /* 8 registers */
};

static bool is_printable(unsigned char byte)
{
    return byte > 0x20 && byte < 0x7F;
}

/* Copies a text of the wire: NULs left out (Socomec pads with them), what is
 * not printable as '?', blanks at both ends cut. */
static void take_text(char text[KW_METER_IDENTITY_SIZE],
                      const unsigned char *bytes, size_t length)
{
    size_t used = 0;

    for (size_t i = 0; i < length && used + 1 < KW_METER_IDENTITY_SIZE; i++) {
        if (bytes[i] == 0 || (bytes[i] == ' ' && used == 0))
            continue;
        text[used++] =
            is_printable(bytes[i]) || bytes[i] == ' ' ? (char)bytes[i] : '?';
    }
    while (used > 0 && text[used - 1] == ' ')
        used--;
    text[used] = 0;
}

/* V1.1b3, 6.21: the objects that have a meaning. */
static void take_object(struct kw_meter_identity *identity, uint8_t id,
                        const unsigned char *bytes, size_t length)
{
    switch (id) {
    case 0:
        take_text(identity->make, bytes, length);
        break;
    case 1:
        take_text(identity->model, bytes, length);
        break;
    case 2:
        take_text(identity->revision, bytes, length);
        break;
    case 4: /* product name */
        take_text(identity->name, bytes, length);
        break;
    case 5: /* model name: says more than a product's family */
        if (length > 0)
            take_text(identity->name, bytes, length);
        break;
    case 6:
        take_text(identity->application, bytes, length);
        break;
    default: /* 3 is the maker's web address, others are the maker's own */
        break;
    }
}

bool kw_meter_identity_objects(struct kw_meter_identity *identity,
                               const unsigned char *data, size_t length,
                               struct kw_meter_objects *objects)
{
    size_t at = OBJECTS_HEAD;

    *objects = (struct kw_meter_objects){0};
    if (length < OBJECTS_HEAD)
        return false;
    for (unsigned left = data[4]; left > 0; left--) {
        if (length - at < 2 || length - at - 2 < data[at + 1])
            return false;
        take_object(identity, data[at], data + at + 2, data[at + 1]);
        at += 2U + data[at + 1];
    }
    identity->said |= KW_METER_SAID_43;
    objects->level = data[1] & 0x7F;
    objects->more = data[2] == 0xFF;
    objects->next = data[3];
    return at == length;
}

bool kw_meter_identity_report(struct kw_meter_identity *identity,
                              const unsigned char *data, size_t length)
{
    size_t best = 0, best_length = 0, run = 0;

    for (size_t i = 0; i < length; i++) {
        run =
            is_printable(data[i]) || (run > 0 && data[i] == ' ') ? run + 1 : 0;
        if (run > best_length) {
            best_length = run;
            best = i + 1 - run;
        }
    }
    if (best_length < REPORT_TEXT_LEAST)
        return false;
    take_text(identity->model, data + best, best_length);
    identity->said |= KW_METER_SAID_17;
    return true;
}

bool kw_meter_identity_is_socomec(const unsigned char *data)
{
    static const unsigned char letters[] = {0, 'S', 0, 'O', 0, 'C', 0, 'O'};

    return memcmp(data, letters, sizeof(letters)) == 0;
}

static unsigned register_at(const unsigned char *data, unsigned index)
{
    return (unsigned)data[2 * index] << 8 | data[2 * index + 1];
}

void kw_meter_identity_socomec_product(struct kw_meter_identity *identity,
                                       const unsigned char *data)
{
    unsigned version = register_at(data, 3);

    identity->said |= KW_METER_SAID_50000;
    snprintf(identity->revision, sizeof(identity->revision), "%u.%02u",
             version / 100, version % 100);
    /* Year and week are coded in hexadecimal, the number of the device is
     * not. */
    snprintf(identity->serial, sizeof(identity->serial), "%04X%04X-%u",
             register_at(data, 4), register_at(data, 5), register_at(data, 6));
}

void kw_meter_identity_socomec_names(struct kw_meter_identity *identity,
                                     const unsigned char *data)
{
    identity->said |= KW_METER_SAID_50000;
    take_text(identity->make, data, SOCOMEC_NAME_BYTES);
    take_text(identity->name, data + SOCOMEC_NAME_BYTES, SOCOMEC_NAME_BYTES);
    take_text(identity->model, data + 2 * (size_t)SOCOMEC_NAME_BYTES,
              SOCOMEC_NAME_BYTES);
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool counts(char letter)
{
    return letter != ' ' && letter != '-' && letter != '_';
}

bool kw_meter_text_begins(const char *text, const char *words, size_t length)
{
    size_t compared = 0;

    for (size_t i = 0; i < length; i++) {
        if (!counts(words[i]))
            continue;
        while (*text != 0 && !counts(*text))
            text++;
        if (lower(*text) != lower(words[i]))
            return false;
        text++;
        compared++;
    }
    return compared > 0;
}

bool kw_meter_identity_has(const struct kw_meter_identity *identity,
                           const char *words, size_t length)
{
    const char *const texts[] = {identity->make, identity->model,
                                 identity->name, identity->application};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (const char *at = texts[i]; *at != 0; at++) {
            if (kw_meter_text_begins(at, words, length))
                return true;
        }
    }
    return false;
}
