/* SPDX-License-Identifier: Apache-2.0 */
/* The way of one report through a node: its states as they are kept, and their names. Pure. */
#ifndef TH_NODES_ITEM_H
#define TH_NODES_ITEM_H

/*        state     kept word        for an officer (Vietnamese) */
#define TH_ITEM_STATE_MAP(XX)                                                                      \
    XX(QUEUED, 1, "queued", "chờ gửi")                                                             \
    XX(SENT, 2, "sent", "đã gửi, chưa có biên nhận")                                               \
    XX(RECEIVED, 3, "received", "đã nhận")                                                         \
    XX(REJECTED, 4, "rejected", "bị từ chối")                                                      \
    XX(CONFLICT, 5, "conflict", "trùng số lần, khác nội dung")                                     \
    XX(DAMAGED, 6, "damaged", "bản ghi bị hỏng")

enum th_item_state {
#define XX(name, number, word, text) TH_ITEM_##name = (number),
    TH_ITEM_STATE_MAP(XX)
#undef XX
};

/* "" for a number that is no state. */
const char *th_item_state_word(enum th_item_state state);
const char *th_item_state_text(enum th_item_state state);

#endif
