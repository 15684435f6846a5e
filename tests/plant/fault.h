/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Misbehaviour on request: how a meter spoils its replies. Pure.
 */
#ifndef KW_PLANT_FAULT_H
#define KW_PLANT_FAULT_H

#include "util.h"

enum kw_plant_fault_kind {
    KW_PLANT_NO_FAULT,
    KW_PLANT_LATE,         /* (ms) after the time it would have come */
    KW_PLANT_TRUNCATED,    /* the first half of the reply */
    KW_PLANT_WRONG_UNIT,   /* in the name of the next unit */
    KW_PLANT_BAD_CRC,      /* serial lines only */
    KW_PLANT_DRIP,         /* byte by byte, each after (ms) */
    KW_PLANT_EXCEPTION,    /* (code) instead of data */
    KW_PLANT_DEAD,         /* no reply */
    KW_PLANT_FOREIGN_TID,  /* TCP only: the next transaction's number */
    KW_PLANT_WRONG_LENGTH, /* one register less than asked */
    KW_PLANT_CLOSE,        /* TCP only: hangs up instead of a reply */
    KW_PLANT_BABBLE,       /* (n) stray bytes after the reply */
    KW_PLANT_BIG,          /* 64 KiB of reply */
    KW_PLANT_NAMELESS      /* right, but it does not say what it is */
};

enum { KW_PLANT_BIG_BYTES = 65536 };

struct kw_plant_fault {
    enum kw_plant_fault_kind kind;
    unsigned parameter;
    unsigned left; /* replies still to spoil; 0 = no end */
};

/* Parses `kind` or `kind(parameter)`. `tcp` tells the sort of line. -1 with a
 * message if there is no such fault there. */
int kw_plant_fault_parse(const char *text, bool tcp,
                         struct kw_plant_fault *fault,
                         struct kw_plant_diag *diag);

/* Takes one use of the fault: returns what to do to this reply. */
struct kw_plant_fault kw_plant_fault_take(struct kw_plant_fault *fault);

/* Spoils a whole reply frame of `length` bytes. Returns a new text of
 * *new_length bytes, owned by the caller. */
uint8_t *kw_plant_fault_spoil(const struct kw_plant_fault *fault, bool tcp,
                              const uint8_t *frame, size_t length,
                              size_t *new_length);

#endif
