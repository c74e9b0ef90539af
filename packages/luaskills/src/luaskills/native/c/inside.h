/* What the parts of the library know of each other. */
#ifndef LUASKILLS_INSIDE_H
#define LUASKILLS_INSIDE_H

#include "luaskills.h"

/* Start Python on the first call: null, or why it can not be used (a text that stays). */
const char *luaskills_native_start(void);

/* Implemented in Python. 1 when it ran, 0 when Python could not get that far. */
int32_t luaskills_native_call(const char *function, const uint8_t *request, size_t len, FfiOwnedBuffer *response);
int32_t luaskills_native_register(
    const char *function, FfiJsonCallback callback, void *user_data, FfiOwnedBuffer *error);

/* Used by Python. */
int32_t luaskills_native_give(FfiOwnedBuffer *out, const uint8_t *value, size_t len);
void luaskills_native_take_back(FfiOwnedBuffer *buffer);
int32_t luaskills_native_ask_host(
    FfiJsonCallback callback, const uint8_t *request, size_t len, void *user_data, FfiOwnedBuffer *response,
    FfiOwnedBuffer *error);

/* Used by the table of functions. */
FfiOwnedBuffer luaskills_native_answer(const char *function, FfiBorrowedBuffer request);
FfiOwnedBuffer luaskills_native_answer_nothing(const char *function);
int32_t luaskills_native_set_callback(
    const char *function, FfiJsonCallback callback, void *user_data, FfiOwnedBuffer *error_out);

#define LUASKILLS_FUNCTION(name) \
    FfiOwnedBuffer name(FfiBorrowedBuffer request) { return luaskills_native_answer(#name, request); }
#define LUASKILLS_FUNCTION_WITHOUT_INPUT(name) \
    FfiOwnedBuffer name(void) { return luaskills_native_answer_nothing(#name); }
#define LUASKILLS_SETTER(name) \
    int32_t name(FfiJsonCallback callback, void *user_data, FfiOwnedBuffer *error_out) { \
        return luaskills_native_set_callback(#name, callback, user_data, error_out); \
    }

#endif
