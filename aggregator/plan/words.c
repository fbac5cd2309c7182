/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/plan/words.h"

#include "base/assert.h"
#include "proto/model/plan.h"

#define WORDS(name, ...)                                                                           \
    static const struct th_yaml_word name##_items[] = {__VA_ARGS__};                               \
    const struct th_words th_words_##name = {name##_items,                                         \
                                             sizeof name##_items / sizeof name##_items[0]}

WORDS(policy, {"strict", TH_POLICY_STRICT}, {"civil_code_roll", TH_POLICY_CIVIL_CODE_ROLL});

WORDS(relation_kind, {"replaces", TH_RELATION_REPLACES}, {"implements", TH_RELATION_IMPLEMENTS},
      {"suspends", TH_RELATION_SUSPENDS});

WORDS(obligation_kind, {"periodic", TH_OBLIGATION_PERIODIC},
      {"registration", TH_OBLIGATION_REGISTRATION}, {"document", TH_OBLIGATION_DOCUMENT},
      {"ad_hoc", TH_OBLIGATION_AD_HOC}, {"on_request", TH_OBLIGATION_ON_REQUEST},
      {"scoring", TH_OBLIGATION_SCORING});

WORDS(boundary, {"before", TH_BOUNDARY_BEFORE}, {"by", TH_BOUNDARY_BY});

WORDS(level, {"province", TH_LEVEL_PROVINCE}, {"district", TH_LEVEL_DISTRICT},
      {"commune", TH_LEVEL_COMMUNE}, {"body", TH_LEVEL_BODY});

WORDS(type, {"count", TH_TYPE_COUNT}, {"money", TH_TYPE_MONEY}, {"decimal", TH_TYPE_DECIMAL},
      {"bool", TH_TYPE_BOOL}, {"date", TH_TYPE_DATE}, {"enum", TH_TYPE_ENUM},
      {"text", TH_TYPE_TEXT}, {"percent", TH_TYPE_PERCENT});

WORDS(up, {"sum", TH_UP_SUM}, {"max", TH_UP_MAX}, {"ratio_of_sums", TH_UP_RATIO_OF_SUMS},
      {"average_min_max", TH_UP_AVERAGE_MIN_MAX}, {"count_by_value", TH_UP_COUNT_BY_VALUE},
      {"concat", TH_UP_CONCAT});

WORDS(over, {"cumulative", TH_OVER_CUMULATIVE}, {"latest", TH_OVER_LATEST},
      {"first", TH_OVER_FIRST}, {"ratio_of_sums", TH_OVER_RATIO_OF_SUMS});

WORDS(source, {"F", TH_SOURCE_FORM}, {"L", TH_SOURCE_LAW}, {"P", TH_SOURCE_PRESS},
      {"D", TH_SOURCE_DERIVED}, {"R", TH_SOURCE_PROPOSAL});

WORDS(severity, {"warn", TH_SEVERITY_WARN}, {"error", TH_SEVERITY_ERROR});

/* A plain comparison has no kind in the file. */
WORDS(rule_kind, {"annual_commune", TH_RULE_ANNUAL_COMMUNE}, {"types", TH_RULE_TYPES},
      {"annual_includes_half", TH_RULE_ANNUAL_INCLUDES_HALF}, {"carry_over", TH_RULE_CARRY_OVER},
      {"year_on_year", TH_RULE_YEAR_ON_YEAR}, {"scoring_suspended", TH_RULE_SCORING_SUSPENDED});

const char *th_word_of(const struct th_words *words, int value)
{
    const char *word = NULL;
    for (size_t i = 0; i < words->count && word == NULL; i++)
        if (words->items[i].value == value)
            word = words->items[i].word;
    TH_ASSERT(word != NULL);
    return word;
}
