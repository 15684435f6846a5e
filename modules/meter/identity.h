/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device says of itself: Read Device Identification (function 43/14)
 * and Report Server ID (17) of the MODBUS Application Protocol V1.1b3, 6.21
 * and 6.13, and Socomec's block of registers from 50000 on. The parsers take
 * whatever comes in from the wire. Pure.
 */
#ifndef KW_METER_IDENTITY_H
#define KW_METER_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kw_meter_identity_source {
    KW_METER_SAID_43 = 1 << 0,
    KW_METER_SAID_17 = 1 << 1,
    KW_METER_SAID_50000 = 1 << 2,
    KW_METER_SAID_REGISTERS = 1 << 3, /* recognised by its registers */
};

enum { KW_METER_IDENTITY_SIZE = 64 };

/* "" is: not said. Nothing but printable ASCII. */
struct kw_meter_identity {
    unsigned said; /* enum kw_meter_identity_source */
    char make[KW_METER_IDENTITY_SIZE];
    char model[KW_METER_IDENTITY_SIZE]; /* product code or name */
    char name[KW_METER_IDENTITY_SIZE];  /* a second name of the model */
    char application[KW_METER_IDENTITY_SIZE];
    char revision[KW_METER_IDENTITY_SIZE];
    char serial[KW_METER_IDENTITY_SIZE];
};

/* How an answer to 43/14 goes on. */
struct kw_meter_objects {
    uint8_t level; /* 1 basic, 2 regular, 3 extended are offered */
    bool more;     /* the rest begins with object next */
    uint8_t next;
};

/*
 * Takes the objects of an answer to function 43/14: data is what follows the
 * MEI type (read code, conformity, more follows, next object, count, then id,
 * length and text of each). False when it is not of that form; the objects
 * before the wrong place are kept.
 */
bool kw_meter_identity_objects(struct kw_meter_identity *identity,
                               const unsigned char *data, size_t length,
                               struct kw_meter_objects *objects);

/*
 * Takes an answer to function 17: data is what follows the byte count. What is
 * in it is the maker's own business; the longest text of four or more letters
 * is taken for the model. False when there is none.
 */
bool kw_meter_identity_report(struct kw_meter_identity *identity,
                              const unsigned char *data, size_t length);

/* Socomec's registers; the number of registers behind each address. */
enum {
    KW_METER_SOCOMEC_SIGNATURE = 50000, /* 4: "SOCO", a letter each */
    KW_METER_SOCOMEC_SIGNATURE_COUNT = 4,
    KW_METER_SOCOMEC_PRODUCT = 50004, /* 9: versions, serial number */
    KW_METER_SOCOMEC_PRODUCT_COUNT = 9,
    KW_METER_SOCOMEC_NAMES = 50042, /* 3 x 8: vendor, product, extended */
    KW_METER_SOCOMEC_NAMES_COUNT = 24,
};

/* True when the four registers say SOCO. */
bool kw_meter_identity_is_socomec(const unsigned char *data);
/* Software version and serial number from the 9 registers at 50004. */
void kw_meter_identity_socomec_product(struct kw_meter_identity *identity,
                                       const unsigned char *data);
/* Vendor, product and extended name from the 24 registers at 50042. */
void kw_meter_identity_socomec_names(struct kw_meter_identity *identity,
                                     const unsigned char *data);

/* True when text begins with the words, whatever their case; blanks, '-' and
 * '_' don't count. words is not terminated; nothing but these never fits. */
bool kw_meter_text_begins(const char *text, const char *words, size_t length);

/* True when one of the texts contains the words, compared in the same way. */
bool kw_meter_identity_has(const struct kw_meter_identity *identity,
                           const char *words, size_t length);

#endif
