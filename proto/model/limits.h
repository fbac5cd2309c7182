/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every bound that input from outside meets, in one place. Sizes are bytes unless the name says
 * otherwise. A bound is part of the protocol: nodes and aggregator share this file.
 */
#ifndef TH_MODEL_LIMITS_H
#define TH_MODEL_LIMITS_H

#define TH_LIMIT_INDICATORS_MAX       1024 /* numbers 1 to 1024 in one catalogue */
#define TH_LIMIT_INDICATOR_CODE_MAX   16
#define TH_LIMIT_RULE_TERMS_MAX       12 /* on both sides of one comparison */
#define TH_LIMIT_RULE_COEFFICIENT_MAX 1000000

#define TH_LIMIT_RATIO_TERMS_MAX   4  /* of a numerator or a denominator */
#define TH_LIMIT_RULE_ID_MAX       48 /* an id of a plan, or a word of TH_REASON_MAP */
#define TH_LIMIT_RULES_MAX         512
#define TH_LIMIT_CARRY_PAIRS_MAX   32
#define TH_LIMIT_PLAN_ID_MAX       64
#define TH_LIMIT_OBLIGATION_ID_MAX 32
#define TH_LIMIT_PERIOD_SIZE_MAX   16  /* "2025-H1" */
#define TH_LIMIT_OBLIGATIONS_MAX   256 /* in one plan */
#define TH_LIMIT_TASKS_MAX         256
#define TH_LIMIT_PARTIES_MAX       256 /* in one list of parties */
#define TH_LIMIT_REMINDERS_MAX     16
#define TH_LIMIT_REMINDER_DAYS_MAX 365
#define TH_LIMIT_RELATIONS_MAX     64
#define TH_LIMIT_SECTIONS_MAX      256
#define TH_LIMIT_VALUES_MAX        64   /* words of one enum */
#define TH_LIMIT_SELECTED_MAX      4096 /* unit codes in one selector */
#define TH_LIMIT_BASIS_MAX         16
#define TH_LIMIT_HOLIDAYS_MAX      128 /* days in one list of one year */
#define TH_LIMIT_TITLE_MAX         1000
#define TH_LIMIT_QUOTE_MAX         4000

#define TH_LIMIT_FRAME_SIZE_MAX      (288 * 1024) /* one message: a submission and a receipt */
#define TH_LIMIT_SUBMISSION_SIZE_MAX (256 * 1024 - 64)
#define TH_LIMIT_RECEIPT_SIZE_MAX    (32 * 1024)
#define TH_LIMIT_TO_NODE_SIZE_MAX    (TH_LIMIT_UNITS_ENCODED_MAX + 4096) /* units, plans, answers */
#define TH_LIMIT_HEADER_SIZE_MAX     3072 /* the signed header of a submission */
#define TH_LIMIT_REPORT_SIZE_MAX     (128 * 1024)
#define TH_LIMIT_DECODE_ARENA_BYTES  (8 * 1024 * 1024) /* for decoding one message */
#define TH_LIMIT_REPORTS_MAX         64                /* in one submission */
#define TH_LIMIT_NUMBER_MAX          9999              /* of an open-ended report */
#define TH_LIMIT_REVISION_MAX        9999
#define TH_LIMIT_SHOWCASES_MAX       200
#define TH_LIMIT_NARRATIVES_MAX      64
#define TH_LIMIT_ATTACHMENTS_MAX     32
#define TH_LIMIT_NARRATIVE_SIZE_MAX  (16 * 1024)
#define TH_LIMIT_NOTE_SIZE_MAX       2000
#define TH_LIMIT_NAME_SIZE_MAX       300
#define TH_LIMIT_REALM_SIZE_MAX      100
#define TH_LIMIT_PLAN_ENCODED_MAX    (1024 * 1024)
#define TH_LIMIT_UNITS_ENCODED_MAX   (4 * 1024 * 1024)
#define TH_LIMIT_VALUE_MAX           INT64_C(1000000000000000) /* scaled; a count or đồng */
#define TH_LIMIT_KEYS_PER_UNIT_MAX   16
#define TH_LIMIT_PLANS_MAX           64 /* in one store */
/* Digests in a hello: plans and unit lists, with room for those that arrive while the node runs. */
#define TH_LIMIT_KNOWN_MAX (2 * TH_LIMIT_PLANS_MAX)

#endif
