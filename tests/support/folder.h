/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own, removed with everything in it. */
#ifndef TH_TESTS_FOLDER_H
#define TH_TESTS_FOLDER_H

#define TH_TEST_FOLDER_SIZE 256

void th_test_folder_make(char ret_path[TH_TEST_FOLDER_SIZE]);
void th_test_folder_remove(const char *path);

#endif
