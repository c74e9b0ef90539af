/* A library with the JSON FFI's shape and nothing behind it; it counts the buffers it has handed out. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { const uint8_t *ptr; size_t len; } Borrowed;
typedef struct { uint8_t *ptr; size_t len; } Owned;
typedef int32_t (*Callback)(Borrowed request, void *user_data, Owned *response, Owned *error);

static int handed_out;
static Callback host_tool;

static Owned copy(const void *data, size_t len) {
  Owned made = {malloc(len ? len : 1), len};
  memcpy(made.ptr, data, len);
  __atomic_add_fetch(&handed_out, 1, __ATOMIC_SEQ_CST);
  return made;
}

static Owned text(const char *data) { return copy(data, strlen(data)); }

int buffers_handed_out(void) { return handed_out; }

void luaskills_ffi_buffer_free(Owned buffer) {
  if (!buffer.ptr) return;
  free(buffer.ptr);
  __atomic_sub_fetch(&handed_out, 1, __ATOMIC_SEQ_CST);
}

int32_t luaskills_ffi_buffer_clone(const uint8_t *ptr, size_t len, Owned *out, Owned *error) {
  if (!out) return 1;
  *out = copy(ptr, len);
  return 0;
}

static Owned envelope(const char *before, const uint8_t *ptr, size_t len, const char *after) {
  size_t size = strlen(before) + len + strlen(after);
  char *joined = malloc(size + 1);
  memcpy(joined, before, strlen(before));
  memcpy(joined + strlen(before), ptr, len);
  memcpy(joined + strlen(before) + len, after, strlen(after));
  Owned made = copy(joined, size);
  free(joined);
  return made;
}

Owned luaskills_ffi_version_json(void) {
  return text("{\"ok\":true,\"result\":{\"ffi_version\":\"tiny\",\"protocol\":\"json-cabi\"}}");
}
Owned luaskills_ffi_echo_json(Borrowed request) {
  return envelope("{\"ok\":true,\"result\":", request.ptr, request.len, "}");
}
Owned luaskills_ffi_silent_failure_json(Borrowed request) { return text("{\"ok\":false}"); }
Owned luaskills_ffi_empty_json(Borrowed request) { Owned none = {0, 0}; return none; }
Owned luaskills_ffi_garbage_json(Borrowed request) { return text("<html>"); }
Owned luaskills_ffi_list_json(Borrowed request) { return text("[]"); }

int32_t luaskills_ffi_set_host_tool_json_callback(Callback callback, void *user_data, Owned *error) {
  host_tool = callback;
  return 0;
}
int32_t luaskills_ffi_set_model_llm_json_callback(Callback callback, void *user_data, Owned *error) {
  *error = text("the slot is locked");
  return 1;
}
int32_t luaskills_ffi_set_model_embed_json_callback(Callback callback, void *user_data, Owned *error) { return 1; }

Owned luaskills_ffi_ask_json(Borrowed request) {
  Owned response = {0, 0}, error = {0, 0}, answer;
  if (!host_tool) return text("{\"ok\":false,\"error\":\"nobody listens\"}");
  if (host_tool(request, 0, &response, &error) == 0) {
    answer = envelope("{\"ok\":true,\"result\":", response.ptr, response.len, "}");
  } else {
    answer = envelope("{\"ok\":false,\"error\":\"", error.ptr ? error.ptr : (uint8_t *)"", error.len, "\"}");
  }
  luaskills_ffi_buffer_free(response);
  luaskills_ffi_buffer_free(error);
  return answer;
}
