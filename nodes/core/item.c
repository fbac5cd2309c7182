/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/core/item.h"

const char *th_item_state_word(enum th_item_state state)
{
    switch (state) {
#define XX(name, number, word, text)                                                               \
    case TH_ITEM_##name:                                                                           \
        return word;
        TH_ITEM_STATE_MAP(XX)
#undef XX
    }
    return "";
}

const char *th_item_state_text(enum th_item_state state)
{
    switch (state) {
#define XX(name, number, word, text)                                                               \
    case TH_ITEM_##name:                                                                           \
        return text;
        TH_ITEM_STATE_MAP(XX)
#undef XX
    }
    return "";
}
