/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a meter of the simulated switchboard measures at one moment, and how
 * the names in the register maps refer to it.
 */
#ifndef KW_PLANT_VALUES_H
#define KW_PLANT_VALUES_H

#include "util.h"

/* Indexes into kw_plant_values.real. Three in a row are L1, L2, L3 or
 * L1-L2, L2-L3, L3-L1. */
enum kw_plant_value {
    KW_PLANT_V_LN,                     /* V */
    KW_PLANT_V_LL = KW_PLANT_V_LN + 3, /* V */
    KW_PLANT_V_N = KW_PLANT_V_LL + 3,  /* V, neutral to earth */
    KW_PLANT_V_LN_AVG,
    KW_PLANT_V_LL_AVG,
    KW_PLANT_I,                    /* A */
    KW_PLANT_I_N = KW_PLANT_I + 3, /* A, neutral */
    KW_PLANT_I_PE,                 /* A, earth */
    KW_PLANT_I_AVG,
    KW_PLANT_I_SUM,
    KW_PLANT_P, /* W, import is positive */
    KW_PLANT_P_SUM = KW_PLANT_P + 3,
    KW_PLANT_Q, /* var, inductive is positive */
    KW_PLANT_Q_SUM = KW_PLANT_Q + 3,
    KW_PLANT_S, /* VA */
    KW_PLANT_S_SUM = KW_PLANT_S + 3,
    KW_PLANT_PF, /* 1, P / S with the sign of P */
    KW_PLANT_PF_SUM = KW_PLANT_PF + 3,
    KW_PLANT_ANGLE, /* deg, of the total */
    KW_PLANT_F,     /* Hz */
    KW_PLANT_THD_V, /* 1 */
    KW_PLANT_THD_VLL = KW_PLANT_THD_V + 3,
    KW_PLANT_THD_V_AVG = KW_PLANT_THD_VLL + 3,
    KW_PLANT_THD_I,
    KW_PLANT_EP_IN = KW_PLANT_THD_I + 3, /* Wh, import */
    KW_PLANT_EP_IN_SUM = KW_PLANT_EP_IN + 3,
    KW_PLANT_EP_OUT, /* Wh, export */
    KW_PLANT_EP_OUT_SUM = KW_PLANT_EP_OUT + 3,
    KW_PLANT_EP_ALL, /* Wh, import and export */
    KW_PLANT_EP_ALL_SUM = KW_PLANT_EP_ALL + 3,
    KW_PLANT_EQ_IN, /* varh */
    KW_PLANT_EQ_IN_SUM = KW_PLANT_EQ_IN + 3,
    KW_PLANT_EQ_OUT,
    KW_PLANT_EQ_OUT_SUM = KW_PLANT_EQ_OUT + 3,
    KW_PLANT_EQ_ALL,
    KW_PLANT_EQ_ALL_SUM = KW_PLANT_EQ_ALL + 3,
    KW_PLANT_ES_IN_SUM, /* VAh */
    KW_PLANT_ES_OUT_SUM,
    KW_PLANT_ES_SUM,
    KW_PLANT_HOURS,       /* s in operation */
    KW_PLANT_SAMPLE_TIME, /* s since 2000-01-01 UTC */
    KW_PLANT_STATUS,      /* 1 while the load is connected */
    KW_PLANT_VALUES
};

struct kw_plant_values {
    double real[KW_PLANT_VALUES];
    bool leading; /* current before voltage: P and Q differ in sign */
};

/* What a quantity of a map is made of. */
enum kw_plant_part {
    KW_PLANT_PLAIN,
    KW_PLANT_RESIDUAL,  /* what a total in whole kWh leaves out */
    KW_PLANT_PARTIAL,   /* counted since the last reset */
    KW_PLANT_ATTRIBUTE, /* text or a number that never changes */
    KW_PLANT_FIXED      /* a setting of the meter that others depend on */
};

struct kw_plant_source {
    enum kw_plant_part part;
    enum kw_plant_value value; /* not for an attribute */
    double fixed;
};

/* Finds what the quantity called `name` is; false if it is unknown. */
bool kw_plant_source_find(const char *name, struct kw_plant_source *source);

/* The value of `source` in base units; not for an attribute. `start` are the
 * readings when the simulation began: partial counters were last set to zero
 * at nine tenths of them. */
double kw_plant_source_value(const struct kw_plant_source *source,
                             const struct kw_plant_values *values,
                             const struct kw_plant_values *start);

#endif
