/* Buffers, and the way from an exported function to Python. Nothing here knows Python. */
#include "inside.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_size_t unfreed;

static void *copy(const void *value, size_t len, size_t room) {
    void *bytes = room < len ? NULL : malloc(room);
    if (bytes == NULL)
        return NULL;
    memcpy(bytes, value, len);
    atomic_fetch_add_explicit(&unfreed, 1, memory_order_relaxed);
    return bytes;
}

static void release(void *value) {
    if (value == NULL)
        return;
    atomic_fetch_sub_explicit(&unfreed, 1, memory_order_relaxed);
    free(value);
}

size_t luaskills_native_unfreed(void) { return atomic_load_explicit(&unfreed, memory_order_relaxed); }

uint8_t *luaskills_ffi_bytes_clone(const uint8_t *value, size_t len) {
    return value == NULL || len == 0 ? NULL : copy(value, len, len);
}

void luaskills_ffi_bytes_free(uint8_t *value, size_t len) {
    (void)len;
    release(value);
}

char *luaskills_ffi_string_clone(const char *value) {
    size_t len = value == NULL ? 0 : strlen(value);
    char *text = copy(value == NULL ? "" : value, len, len + 1);
    if (text != NULL)
        text[len] = '\0';
    return text;
}

void luaskills_ffi_string_free(char *value) { release(value); }

void luaskills_ffi_buffer_free(FfiOwnedBuffer buffer) { release(buffer.ptr); }

int32_t luaskills_native_give(FfiOwnedBuffer *out, const uint8_t *value, size_t len) {
    out->ptr = luaskills_ffi_bytes_clone(value, len);
    out->len = out->ptr == NULL ? 0 : len;
    return out->ptr == NULL && len != 0;
}

void luaskills_native_take_back(FfiOwnedBuffer *buffer) {
    release(buffer->ptr);
    buffer->ptr = NULL;
    buffer->len = 0;
}

static int32_t refuse(FfiOwnedBuffer *error_out, const char *text) {
    if (error_out != NULL)
        luaskills_native_give(error_out, (const uint8_t *)text, strlen(text));
    return 1;
}

static void clear(FfiOwnedBuffer *out) {
    if (out != NULL) {
        out->ptr = NULL;
        out->len = 0;
    }
}

int32_t luaskills_ffi_buffer_clone(
    const uint8_t *value, size_t len, FfiOwnedBuffer *buffer_out, FfiOwnedBuffer *error_out) {
    clear(error_out);
    if (buffer_out == NULL)
        return refuse(error_out, "luaskills_ffi_buffer_clone requires a non-null buffer_out");
    clear(buffer_out);
    if (value == NULL && len != 0)
        return refuse(error_out, "luaskills_ffi_buffer_clone received null bytes with non-zero len");
    if (luaskills_native_give(buffer_out, value, len) != 0)
        return refuse(error_out, "luaskills_ffi_buffer_clone: out of memory");
    return 0;
}

/* {"ok":false,"error":text}, for when Python can not write it. */
static FfiOwnedBuffer failure(const char *text) {
    static const char head[] = "{\"ok\":false,\"error\":\"", tail[] = "\"}";
    FfiOwnedBuffer answer = {NULL, 0};
    char *json = malloc(sizeof head + sizeof tail + 6 * strlen(text)), *at = json;
    if (json == NULL)
        return answer;
    at = stpcpy(at, head);
    for (; *text != '\0'; text++) {
        unsigned char letter = (unsigned char)*text;
        if (letter < 0x20)
            at += sprintf(at, "\\u%04x", letter);
        else if (letter >= 0x80)
            *at++ = '?'; /* may be half of a letter */
        else {
            if (letter == '"' || letter == '\\')
                *at++ = '\\';
            *at++ = (char)letter;
        }
    }
    at = stpcpy(at, tail);
    luaskills_native_give(&answer, (const uint8_t *)json, (size_t)(at - json));
    free(json);
    return answer;
}

static FfiOwnedBuffer answer(const char *function, const uint8_t *request, size_t len) {
    FfiOwnedBuffer response = {NULL, 0};
    const char *reason = luaskills_native_start();
    if (reason != NULL)
        return failure(reason);
    if (!luaskills_native_call(function, request, len, &response))
        return failure("the Python part of the library does not answer; its reason is on the error output");
    return response.ptr != NULL ? response : failure("out of memory");
}

FfiOwnedBuffer luaskills_native_answer(const char *function, FfiBorrowedBuffer request) {
    char reason[160];
    if (request.ptr == NULL && request.len != 0) {
        snprintf(reason, sizeof reason, "%s received null JSON buffer with non-zero len", function);
        return failure(reason);
    }
    if (request.len > PTRDIFF_MAX) {
        snprintf(reason, sizeof reason, "%s received a length larger than any memory: %zu", function, request.len);
        return failure(reason);
    }
    return answer(function, request.ptr, request.len);
}

FfiOwnedBuffer luaskills_native_answer_nothing(const char *function) {
    return answer(function, NULL, 0);
}

int32_t luaskills_native_set_callback(
    const char *function, FfiJsonCallback callback, void *user_data, FfiOwnedBuffer *error_out) {
    FfiOwnedBuffer error = {NULL, 0};
    const char *reason = luaskills_native_start();
    clear(error_out);
    if (reason != NULL)
        return refuse(error_out, reason);
    if (!luaskills_native_register(function, callback, user_data, &error))
        return refuse(error_out, "the Python part of the library does not answer; its reason is on the error output");
    if (error.ptr == NULL)
        return 0;
    if (error_out != NULL)
        *error_out = error;
    else
        luaskills_native_take_back(&error);
    return 1;
}

int32_t luaskills_ffi_set_managed_session_wake_callback(
    uint64_t engine_id, void *callback, void *user_data, FfiOwnedBuffer *error_out) {
    (void)engine_id;
    (void)user_data;
    clear(error_out);
    return callback == NULL ? 0 : refuse(error_out, "managed sessions are not part of this engine");
}

int32_t luaskills_native_ask_host(
    FfiJsonCallback callback, const uint8_t *request, size_t len, void *user_data, FfiOwnedBuffer *response,
    FfiOwnedBuffer *error) {
    FfiBorrowedBuffer lent = {request, len};
    return callback(lent, user_data, response, error);
}
