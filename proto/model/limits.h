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

#endif
