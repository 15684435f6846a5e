/* SPDX-License-Identifier: Apache-2.0 */
#include "arrivals.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

void kw_plant_arrivals_start(struct kw_plant_arrivals *arrivals)
{
    arrivals->count = 0;
    arrivals->taking = true;
}

void kw_plant_arrivals_add(struct kw_plant_arrivals *arrivals, unsigned port,
                           unsigned unit, int64_t at_ns)
{
    if (!arrivals->taking || arrivals->count == KW_PLANT_ARRIVALS_MAX)
        return;
    if (arrivals->count == arrivals->room) {
        arrivals->room = arrivals->room > 0 ? arrivals->room * 2 : FIRST_ROOM;
        arrivals->list = kw_plant_grow(arrivals->list, arrivals->room,
                                       sizeof *arrivals->list);
    }
    arrivals->list[arrivals->count++] =
        (struct kw_plant_arrival){at_ns, port, unit};
}

int kw_plant_arrivals_write(struct kw_plant_arrivals *arrivals,
                            const char *path, struct kw_plant_diag *diag)
{
    FILE *file = fopen(path, "w");

    arrivals->taking = false;
    if (file == NULL)
        return kw_plant_say(diag, "%s: %s", path, strerror(errno));
    for (size_t i = 0; i < arrivals->count; i++) {
        const struct kw_plant_arrival *at = &arrivals->list[i];

        fprintf(file, "%u,%u,%" PRId64 "\n", at->port, at->unit, at->at_ns);
    }
    arrivals->count = 0;
    return fclose(file) == 0
               ? 0
               : kw_plant_say(diag, "%s: %s", path, strerror(errno));
}

void kw_plant_arrivals_fini(struct kw_plant_arrivals *arrivals)
{
    kw_plant_free(arrivals->list);
    *arrivals = (struct kw_plant_arrivals){0};
}
