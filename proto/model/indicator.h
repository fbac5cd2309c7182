/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The indicator catalogue (bộ chỉ tiêu): what a figure means and how it combines.
 *
 * An indicator has a stable number (what travels and what is stored) and a code (what people
 * write). Derived indicators are never sent: they are computed from the sums of others.
 *
 * Pure; a built catalogue is constant and may be read by any number of threads. It lives in the
 * arena that it was built in.
 */
#ifndef TH_MODEL_INDICATOR_H
#define TH_MODEL_INDICATOR_H

#include "proto/model/limits.h"
#include "proto/model/rule.h"

enum th_indicator_type {
    TH_TYPE_COUNT,
    TH_TYPE_MONEY,   /* whole đồng */
    TH_TYPE_DECIMAL, /* scaled by 10^scale */
    TH_TYPE_BOOL,    /* 0 or 1 */
    TH_TYPE_DATE,    /* th_day number */
    TH_TYPE_ENUM,    /* position in values, from 0 */
    TH_TYPE_TEXT,    /* travels as a narrative section */
    TH_TYPE_PERCENT  /* derived, never sent */
};

/* How a parent combines the reports below it, for one period. */
enum th_up_rule {
    TH_UP_SUM,
    TH_UP_MAX,
    TH_UP_RATIO_OF_SUMS,
    TH_UP_AVERAGE_MIN_MAX,
    TH_UP_COUNT_BY_VALUE,
    TH_UP_CONCAT
};

/* How the annual figure of a unit relates to its half-year figure. */
enum th_over_rule {
    TH_OVER_CUMULATIVE, /* counted from the start of the year: the annual figure includes H1 */
    TH_OVER_LATEST,     /* a stock at the end of the period */
    TH_OVER_FIRST,      /* an opening balance of the year */
    TH_OVER_RATIO_OF_SUMS
};

/* Where the catalogue has an indicator from. */
enum th_indicator_source {
    TH_SOURCE_FORM,    /* F: a column of a form that is issued or in use */
    TH_SOURCE_LAW,     /* L */
    TH_SOURCE_PRESS,   /* P: public reports or guidance, no form yet */
    TH_SOURCE_DERIVED, /* D: computed, never sent */
    TH_SOURCE_PROPOSAL /* R: reasoned proposal */
};

struct th_ratio {
    uint16_t numerator[TH_LIMIT_RATIO_TERMS_MAX]; /* indicator numbers, summed */
    uint16_t denominator[TH_LIMIT_RATIO_TERMS_MAX];
    uint8_t numerator_count;
    uint8_t denominator_count;
};

struct th_indicator {
    uint16_t number; /* 1 and up; 0 in a slot that the catalogue does not use */
    uint16_t section;
    uint8_t scale; /* decimals of the scaled value; 0 unless the type is decimal */
    enum th_indicator_type type;
    enum th_up_rule up;
    enum th_over_rule over;
    enum th_indicator_source source;
    struct th_ratio ratio; /* when up is TH_UP_RATIO_OF_SUMS */
    const char *code;
    const char *name; /* Vietnamese */
    const char *name_en;
    const char *unit_of_measure; /* "" when there is none */
    const char *const *values;   /* words of an enum */
    uint16_t values_count;       /* 0: the enum is not asked */
    const char *note;            /* the exact grounding, "" when there is none */
};

struct th_section {
    uint16_t number;
    const char *name;
    const char *name_en;
};

struct th_catalogue {
    const char *id;
    const struct th_indicator *indicators; /* [0] to [number_max]; the index is the number */
    uint16_t number_max;
    const struct th_section *sections;
    uint16_t sections_count;
};

/* The indicator of a number, or NULL. Borrows. */
const struct th_indicator *th_catalogue_get(const struct th_catalogue *catalogue, uint32_t number);
/* The number of a code, 0 when there is none. A th_indicator_lookup; context is the catalogue. */
uint16_t th_catalogue_lookup(const void *catalogue, const char *code, size_t code_size);
/* True when a unit is asked for it: not derived, and no enum without values. */
bool th_indicator_is_asked(const struct th_indicator *indicator);
/* True when its value travels among the figures (asked and not text). */
bool th_indicator_is_figure(const struct th_indicator *indicator);

/* A figure as people read and write it: decimals by scale, dates ISO, enum words. Returns `text`.
 * Precondition: there is room for a NUL. */
char *th_indicator_format(const struct th_indicator *indicator, int64_t value, char *text,
                          size_t text_size);

#endif
