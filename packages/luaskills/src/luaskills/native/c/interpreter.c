/* Starts Python in programs that have none, and finds the package in those that have one. */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "baked.h"
#include "inside.h"

#define VERSION Py_STRINGIFY(PY_MAJOR_VERSION) "." Py_STRINGIFY(PY_MINOR_VERSION)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char why_not[2048];
static volatile int forked;

static void remember(const char *text) {
    if (why_not[0] == '\0')
        snprintf(why_not, sizeof why_not, "%s", text);
}

static int same_version(void) {
    const char *running = Py_GetVersion();
    size_t length = strlen(VERSION);
    if (strncmp(running, VERSION, length) == 0 && (running[length] == '.' || running[length] == ' '))
        return 1;
    snprintf(
        why_not, sizeof why_not,
        "this library was built for Python " VERSION " and can not run inside Python %.*s; build it with the Python of "
        "the program: python -m luaskills.native build",
        (int)strcspn(running, " "), running);
    return 0;
}

/* Modules in C take Python's symbols from the process, also where the program loaded this library for itself only. */
static void publish_python(void) {
    Dl_info found;
    if (dladdr((void *)(uintptr_t)&Py_GetVersion, &found) != 0 && found.dli_fname != NULL)
        dlopen(found.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
}

static int failed(PyStatus status) {
    char text[512];
    if (!PyStatus_Exception(status))
        return 0;
    snprintf(
        text, sizeof text, "Python does not start: %s", status.err_msg != NULL ? status.err_msg : "it wants to exit");
    remember(text);
    return 1;
}

static int configured(PyConfig *config, const char *python) {
    if (failed(PyConfig_SetBytesString(config, &config->program_name, python)))
        return 0;
    if (failed(PyConfig_SetBytesString(config, &config->executable, python)))
        return 0;
    return !failed(Py_InitializeFromConfig(config));
}

/* The environment may choose what code runs only where that gives nobody the rights of another. */
static const char *chosen(const char *name) {
    const char *value = getuid() == geteuid() && getgid() == getegid() ? getenv(name) : NULL;
    return value != NULL && *value != '\0' ? value : NULL;
}

/* A Python of its own: nothing of the program's environment, signals, locale or arguments. */
static int start_python(void) {
    const char *named = chosen("LUASKILLS_PYTHON"), *python = named != NULL ? named : LUASKILLS_BAKED_PYTHON;
    PyPreConfig before;
    PyConfig config;
    int started;
    if (access(python, X_OK) != 0) {
        snprintf(
            why_not, sizeof why_not,
            "there is no Python at %s; set LUASKILLS_PYTHON to a Python " VERSION " that has luaskills-sdk[native], or "
            "build the library again", python);
        return 0;
    }
    publish_python();
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    if (failed(Py_PreInitialize(&before)))
        return 0;
    PyConfig_InitIsolatedConfig(&config);
    started = configured(&config, python);
    PyConfig_Clear(&config);
    return started;
}

/* The text the start code leaves as `failure`. */
static void remember_failure(PyObject *names) {
    PyObject *failure = names == NULL ? NULL : PyDict_GetItemString(names, "failure");
    const char *text = NULL;
    if (failure == Py_None)
        return;
    if (failure != NULL)
        text = PyUnicode_AsUTF8(failure);
    remember(text != NULL ? text : "the package luaskills can not be imported");
    PyErr_Clear();
}

static void run_start_code(void) {
    PyObject *names = PyDict_New(), *code = NULL, *done = NULL;
    if (names != NULL && PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) == 0)
        code = Py_CompileString(LUASKILLS_BAKED_START, "<libluaskills>", Py_file_input);
    if (code != NULL)
        done = PyEval_EvalCode(code, names, names);
    remember_failure(names);
    Py_XDECREF(done);
    Py_XDECREF(code);
    Py_XDECREF(names);
}

static void in_child(void) { forked = 1; }

static void start(void) {
    if (!same_version())
        return;
    if (Py_IsInitialized()) {
        PyGILState_STATE held = PyGILState_Ensure();
        run_start_code();
        PyGILState_Release(held);
    } else if (start_python()) {
        run_start_code();
        PyEval_SaveThread();
        pthread_atfork(NULL, NULL, in_child);
    }
}

const char *luaskills_native_start(void) {
    pthread_once(&once, start);
    if (forked)
        return "the program was forked after the library had started; use the library from the child after an exec";
    return why_not[0] == '\0' ? NULL : why_not;
}
