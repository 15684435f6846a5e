/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the options --serial and --tcp say. Pure.
 */
#ifndef KW_PLANT_SPEC_H
#define KW_PLANT_SPEC_H

#include "pace.h"

struct kw_plant_spec_meter {
    unsigned first, last; /* units, both included */
    unsigned load;        /* from 1 */
    char profile[64];
};

struct kw_plant_spec {
    bool tcp;
    char name[64];                      /* serial */
    struct kw_plant_pace pace;          /* serial */
    unsigned first_port, last_port;     /* TCP */
    struct kw_plant_spec_meter *meters; /* owned */
    size_t count;
};

/* Parses NAME:BAUD:FRAMING:METERS or PORT[-PORT]:METERS, where METERS is
 * UNIT[-UNIT]=PROFILE[@LOAD] with commas between. -1 with a message. */
int kw_plant_spec_parse(struct kw_plant_spec *spec, bool tcp, const char *text,
                        struct kw_plant_diag *diag);

void kw_plant_spec_fini(struct kw_plant_spec *spec);

#endif
