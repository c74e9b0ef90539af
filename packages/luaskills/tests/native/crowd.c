/* Loads the library for itself only, starts it on a thread that ends, then calls it from four threads at once.
 *
 * crowd LIBRARY CALLS_OF_EACH: prints how many answers were right, and how many buffers are not freed; then what a
 * child made by fork is told.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "luaskills.h"

typedef FfiOwnedBuffer Function(FfiBorrowedBuffer request);

static Function *run_lua, *engine_new;
static void (*give_back)(FfiOwnedBuffer buffer);
static int each;

static int answers(Function *function, const char *request, const char *expected) {
    FfiBorrowedBuffer lent = {(const uint8_t *)request, strlen(request)};
    FfiOwnedBuffer answer = function(lent);
    int same = answer.len == strlen(expected) && memcmp(answer.ptr, expected, answer.len) == 0;
    if (!same)
        fprintf(stderr, "%s\n-> %.*s\n", request, (int)answer.len, (const char *)answer.ptr);
    give_back(answer);
    return same;
}

static void *first(void *unused) {
    const char *request = "{\"options\":{\"pool_config\":{\"min_size\":1,\"max_size\":4,\"idle_ttl_secs\":60},"
                          "\"host_options\":{}}}";
    (void)unused;
    return (void *)(size_t)answers(engine_new, request, "{\"ok\":true,\"result\":{\"engine_id\":1}}");
}

static void *caller(void *number) {
    size_t right = 0;
    int turn;
    for (turn = 0; turn < each; turn++) {
        char request[160], expected[80];
        int value = turn * 10 + (int)(size_t)number;
        snprintf(
            request, sizeof request, "{\"engine_id\":1,\"code\":\"return {v = args.v}\",\"args\":{\"v\":%d}}", value);
        snprintf(expected, sizeof expected, "{\"ok\":true,\"result\":{\"v\":%d}}", value);
        right += (size_t)answers(run_lua, request, expected);
    }
    return (void *)right;
}

int main(int count, char **words) {
    pthread_t threads[4];
    void *right, *library = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
    size_t sum = 0, number;
    if (library == NULL || count != 3) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    each = atoi(words[2]);
    *(void **)&run_lua = dlsym(library, "luaskills_ffi_run_lua_json");
    *(void **)&engine_new = dlsym(library, "luaskills_ffi_engine_new_json");
    *(void **)&give_back = dlsym(library, "luaskills_ffi_buffer_free");
    pthread_create(&threads[0], NULL, first, NULL);
    pthread_join(threads[0], &right);
    if (right == NULL)
        return 1;
    for (number = 0; number < 4; number++)
        pthread_create(&threads[number], NULL, caller, (void *)number);
    for (number = 0; number < 4; number++) {
        pthread_join(threads[number], &right);
        sum += (size_t)right;
    }
    printf("%zu right, %zu not freed\n", sum, ((size_t(*)(void))dlsym(library, "luaskills_native_unfreed"))());
    fflush(stdout);
    if (fork() == 0) {
        FfiOwnedBuffer answer = run_lua((FfiBorrowedBuffer){(const uint8_t *)"{}", 2});
        printf("child: %.*s\n", (int)answer.len, (const char *)answer.ptr);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    return 0;
}
