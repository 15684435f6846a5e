/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a register map recognises its meter: by what its `#fingerprint` lines
 * ask for, and by how its registers look when they are read as the map says.
 * Pure.
 *
 * A map may have several such lines; one that holds is enough:
 *   true                          not a meter: a block others refer to
 *   MAP QUANTITY TEXT|TEXT        a text of another map begins so
 *   says TEXT|TEXT                function 43/14 or 17 contains it
 *   text FUNCTION ADDRESS REGISTERS TEXT|TEXT   registers begin with a text
 *   number FUNCTION ADDRESS LOW-HIGH            one register is in a range
 * Letters are compared whatever their case; blanks, '-' and '_' don't count.
 */
#ifndef KW_METER_FINGERPRINT_H
#define KW_METER_FINGERPRINT_H

#include "meter/map.h"

enum kw_meter_print_kind {
    KW_METER_PRINT_BLOCK,  /* quantity of the map block */
    KW_METER_PRINT_SAYS,   /* what functions 43/14 and 17 give */
    KW_METER_PRINT_TEXT,   /* function, address, registers */
    KW_METER_PRINT_NUMBER, /* function, address; low to high */
};

/* One line, taken apart. texts is borrowed from it: "a|b". */
struct kw_meter_print {
    enum kw_meter_print_kind kind;
    char block[KW_MAP_NAME_SIZE], quantity[KW_MAP_NAME_SIZE];
    uint8_t function, registers;
    uint16_t address, low, high;
    const char *texts;
};

/* Takes a line apart; false when it is none of the forms above. "true" is
 * the map's own business. */
bool kw_meter_print_parse(const char *line, size_t length,
                          struct kw_meter_print *print);

/*
 * The next of the lines in a map's fingerprint (one below the other); *at
 * begins at its start and moves on. False at the end.
 */
bool kw_meter_print_next(const char **at, struct kw_meter_print *print);

/*
 * True when text begins with one of the texts of "a|b". room: letters that its
 * registers hold; a text that fills them may have been cut, so it is enough
 * that it is the beginning.
 */
bool kw_meter_print_begins(const struct kw_meter_print *print, const char *text,
                           size_t room);

/* --- evidence: do the registers look like that map? */

enum {
    KW_METER_EVIDENCE_MAX = 12,
    /* The weight of a frequency: one that can't be rules a map out. */
    KW_METER_EVIDENCE_SURE = 5,
};

/*
 * The points of a map that tell most, best first: their indexes. A frequency
 * can hardly be mistaken, then come voltages, power factors, currents and
 * powers. Returns how many, at most KW_METER_EVIDENCE_MAX.
 */
size_t kw_meter_evidence(const struct kw_map *map,
                         uint16_t points[KW_METER_EVIDENCE_MAX]);

enum kw_meter_evidence_verdict {
    KW_METER_EVIDENCE_AGAINST, /* no such value can be */
    KW_METER_EVIDENCE_NOTHING, /* a zero where one may well be */
    KW_METER_EVIDENCE_FOR,
};

/* Judges the registers of such a point. *weight: how much that counts. */
enum kw_meter_evidence_verdict
kw_meter_evidence_judge(const struct kw_map_point *point,
                        const unsigned char *data, unsigned *weight);

/*
 * The score of a map, 0 to 100: got and most are sums of weights, hits the
 * points that were FOR. One that names itself is never below 90; of two that
 * both fit the one that explains more registers is ahead.
 */
unsigned kw_meter_evidence_score(unsigned got, unsigned most, unsigned hits,
                                 bool named);

#endif
