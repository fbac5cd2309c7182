/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every bound that input from outside meets, in one place. Sizes are bytes unless the name says
 * otherwise. A bound is part of the protocol: nodes and aggregator share this file.
 */
#ifndef TH_MODEL_LIMITS_H
#define TH_MODEL_LIMITS_H

#define TH_LIMIT_INDICATORS_MAX       1024 /* numbers 1 to 1024 in one catalogue */
#define TH_LIMIT_RULE_TERMS_MAX       12   /* on both sides of one comparison */
#define TH_LIMIT_RULE_COEFFICIENT_MAX 1000000

#define TH_LIMIT_RATIO_TERMS_MAX   4 /* of a numerator or a denominator */
#define TH_LIMIT_RULES_MAX         512
#define TH_LIMIT_CARRY_PAIRS_MAX   32
#define TH_LIMIT_PLAN_ID_MAX       64
#define TH_LIMIT_OBLIGATION_ID_MAX 32
#define TH_LIMIT_OBLIGATIONS_MAX   256 /* in one plan */
#define TH_LIMIT_TASKS_MAX         256
#define TH_LIMIT_PARTIES_MAX       256 /* in one list of parties */
#define TH_LIMIT_REMINDERS_MAX     16
#define TH_LIMIT_TITLE_MAX         1000
#define TH_LIMIT_QUOTE_MAX         4000

#endif
