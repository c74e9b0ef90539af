/* A host in C: loads skills, offers them a tool and a model, calls one, and keeps a session.
 *
 *     python -m luaskills.native build --output native
 *     cc example.c -Inative -Lnative -lluaskills -Wl,-rpath,native -o example
 *     ./example RUNTIME_ROOT greeter-hello
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "luaskills.h"

typedef FfiOwnedBuffer Function(FfiBorrowedBuffer request);

/* The answer as a text of ours; the buffer of the library goes back to it at once. */
static char *text_of(FfiOwnedBuffer answer) {
    char *text = malloc(answer.len + 1);
    if (text == NULL)
        abort();
    if (answer.len != 0)
        memcpy(text, answer.ptr, answer.len);
    text[answer.len] = '\0';
    luaskills_ffi_buffer_free(answer);
    return text;
}

static char *answer(Function *function, const char *request) {
    FfiBorrowedBuffer lent = {(const uint8_t *)request, strlen(request)};
    return text_of(function(lent));
}

/* Ask, print the envelope under a title, and tell whether it is a success. */
static int ask(const char *title, Function *function, const char *request) {
    char *text = answer(function, request);
    int good = strncmp(text, "{\"ok\":true", 10) == 0;
    printf("%s: %s\n", title, text);
    free(text);
    return good;
}

/* A session keeps its globals between evaluations. A real host reads its id with a JSON library. */
static int session(void) {
    static const char key[] = "\"lease_id\":\"";
    char request[512], *created = answer(luaskills_ffi_runtime_session_create_json, "{\"engine_id\":1,\"sid\":\"me\"}");
    const char *id = strstr(created, key);
    int turn, good = id != NULL, length = id != NULL ? (int)strcspn(id + sizeof key - 1, "\"") : 0;
    for (turn = 0; good && turn < 2; turn++) {
        snprintf(
            request, sizeof request,
            "{\"engine_id\":1,\"lease_id\":\"%.*s\",\"code\":\"n = (n or 0) + 1; return n\"}", length,
            id + sizeof key - 1);
        good = ask("evaluated", luaskills_ffi_runtime_session_eval_json, request);
    }
    if (good)
        good = ask("closed", luaskills_ffi_runtime_session_close_json, request);
    free(created);
    return good;
}

static int32_t reply(const char *text, FfiOwnedBuffer *out) {
    return luaskills_ffi_buffer_clone((const uint8_t *)text, strlen(text), out, NULL);
}

/* vulcan.host.call(...): the request is {"action", "tool_name", "args"}. */
static int32_t tool(FfiBorrowedBuffer request, void *calls, FfiOwnedBuffer *response, FfiOwnedBuffer *error) {
    (void)request;
    (void)error;
    *(int *)calls += 1;
    return reply("{\"sum\":5}", response);
}

/* vulcan.models.llm(...): the request is {"system", "user", "caller"}. This model always refuses. */
static int32_t model(FfiBorrowedBuffer request, void *unused, FfiOwnedBuffer *response, FfiOwnedBuffer *error) {
    (void)request;
    (void)unused;
    (void)response;
    reply("{\"code\":\"budget_exceeded\",\"message\":\"enough for today\"}", error);
    return 1;
}

/* Engines are numbered from 1 in the order they are made; this program makes one. */
int main(int count, char **words) {
    char request[4096], *version;
    int tool_calls = 0, good = 1;
    if (count != 3) {
        fprintf(stderr, "usage: %s RUNTIME_ROOT TOOL\n", words[0]);
        return 2;
    }
    version = text_of(luaskills_ffi_version_json());
    printf("version: %s\n", version);
    free(version);
    luaskills_ffi_set_host_tool_json_callback(tool, &tool_calls, NULL);
    luaskills_ffi_set_model_llm_json_callback(model, NULL, NULL);
    snprintf(
        request, sizeof request,
        "{\"options\":{\"pool_config\":{\"min_size\":1,\"max_size\":4,\"idle_ttl_secs\":60},"
        "\"host_options\":{\"runtime_root\":\"%s\"}}}", words[1]);
    good &= ask("engine", luaskills_ffi_engine_new_json, request);
    snprintf(
        request, sizeof request,
        "{\"engine_id\":1,\"skill_roots\":[{\"name\":\"ROOT\",\"skills_dir\":\"%s/root_skills\"},"
        "{\"name\":\"PROJECT\",\"skills_dir\":\"%s/project_skills\"}]}", words[1], words[1]);
    good &= ask("load", luaskills_ffi_load_from_roots_json, request);
    good &= ask("list", luaskills_ffi_list_entries_json, "{\"engine_id\":1,\"authority\":\"delegated_tool\"}");
    snprintf(
        request, sizeof request, "{\"engine_id\":1,\"tool_name\":\"%s\",\"args\":{\"greeting\":\"good day\",\"who\":\"Ada\"}}",
        words[2]);
    good &= ask("call", luaskills_ffi_call_skill_json, request);
    good &= ask("run", luaskills_ffi_run_lua_json, "{\"engine_id\":1,\"code\":\"return args.a * 2\",\"args\":{\"a\":21}}");
    good &= ask(
        "set", luaskills_ffi_skill_config_set_json,
        "{\"engine_id\":1,\"skill_id\":\"greeter\",\"key\":\"tone\",\"value\":\"kind\"}");
    good &= ask(
        "get", luaskills_ffi_skill_config_get_json, "{\"engine_id\":1,\"skill_id\":\"greeter\",\"key\":\"tone\"}");
    good &= session();
    good &= !ask("unknown", luaskills_ffi_call_skill_json, "{\"engine_id\":1,\"tool_name\":\"nothing-here\"}");
    good &= !ask("garbage", luaskills_ffi_call_skill_json, "tea");
    good &= ask("free", luaskills_ffi_engine_free_json, "{\"engine_id\":1}");
    printf("tool calls: %d, buffers not freed: %zu\n", tool_calls, luaskills_native_unfreed());
    return good ? 0 : 1;
}
