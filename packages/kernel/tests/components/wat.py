"""Components written by hand: they compile in milliseconds and do exactly one thing."""

from __future__ import annotations

import wasmtime


def libc(pages: int = 2) -> str:
    """Memory that grows, and an allocator that never frees. Below 64 KiB the module may do what it likes."""
    return f"""
    (memory (export "memory") {pages})
    (global $free (mut i32) (i32.const 65536))
    (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $start i32)
      (local.set $start (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
      (global.set $free (i32.add (local.get $start) (local.get 3)))
      (block $enough (loop $more
        (br_if $enough (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $enough (i32.eq (memory.grow (i32.const 16)) (i32.const -1)))
        (br $more)))
      (local.get $start))
    """


LIFT = '(memory (core memory $i "memory")) (realloc (core func $i "realloc"))'
LOWER = '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))'

ECHO = """
      (i32.store8 (i32.const 0) (i32.const 0))
      (i32.store (i32.const 4) (local.get $address))
      (i32.store (i32.const 8) (local.get $length))
      (i32.const 0)
"""
"""Body of ``run``: answer ``ok`` with the input."""


def component(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


def handler(
    body: str,
    *,
    version: str = "0.3.11",
    imports: str = "",
    core_imports: str = "",
    core: str = "",
    describe: str = "unreachable",
) -> bytes:
    """A function skill of 0.1 or later; ``body`` answers the address of a ``result``, ``describe`` that of metadata.

    ``imports`` are component-level imports and lowered functions, named in ``core_imports`` as ``(import …)`` of the
    module and as the ``(with …)`` of its instantiation by ``HOST``.
    """
    metadata, lift_metadata, with_metadata = ("", "", "") if version < "0.3" else _WITH_METADATA
    host = '(with "host" (instance $host))' if core_imports else ""
    return component(f"""
    (component
      (core module $libc-module {libc()})
      (core instance $libc (instantiate $libc-module))
      {imports}
      (core module $m
        (import "libc" "memory" (memory 2))
        (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
        {core_imports}
        {core}
        (func (export "run") (param $address i32) (param $length i32) (result i32) {body})
        (func (export "metadata") (result i32) {describe}))
      (core instance $i (instantiate $m (with "libc" (instance $libc)) {host}))
      (type $error (variant (case "internal" string) (case "invalid-input" string)))
      (func $run (param "input" (list u8)) (result (result (list u8) (error $error)))
        (canon lift (core func $i "run") {LOWER}))
      {lift_metadata}
      (component $shim
        (type $t (variant (case "internal" string) (case "invalid-input" string)))
        (import "error-type" (type $e (eq $t)))
        (import "run-func" (func $run (param "input" (list u8)) (result (result (list u8) (error $e)))))
        (export $x "error" (type $t))
        (export "run" (func $run) (func (param "input" (list u8)) (result (result (list u8) (error $x)))))
        {metadata})
      (instance $handler (instantiate $shim
        (with "error-type" (type $error)) (with "run-func" (func $run)) {with_metadata}))
      (export "pharia:skill/skill-handler@{version}" (instance $handler)))
    """)


_RECORD = (
    '(record (field "description" (option string)) (field "input-schema" (list u8)) (field "output-schema" (list u8)))'
)
_LIFT_METADATA = f"""
      (type $manifest {_RECORD})
      (func $metadata (result $manifest) (canon lift (core func $i "metadata") {LOWER}))
"""
_METADATA = f"""
        (type $r {_RECORD})
        (import "manifest-type" (type $m (eq $r)))
        (import "metadata-func" (func $metadata (result $m)))
        (export $y "skill-metadata" (type $r))
        (export "metadata" (func $metadata) (func (result $y)))
"""
_WITH_METADATA = (
    _METADATA,
    _LIFT_METADATA,
    '(with "manifest-type" (type $manifest)) (with "metadata-func" (func $metadata))',
)


def text_skill(body: str, *, imports: str = "", hosts: str = "", pages: int = 2, locals: str = "") -> bytes:
    """A skill of the unversioned interface; ``body`` leaves its answer in ``$address`` and ``$length``.

    ``imports`` may import instances and lower their functions into the core instance ``$host``; ``hosts`` imports them
    into the module.
    """
    host = '(with "host" (instance $host))' if hosts else ""
    return component(f"""
    (component
      (core module $libc-module {libc(pages)})
      (core instance $libc (instantiate $libc-module))
      {imports}
      (core module $m
        (import "libc" "memory" (memory 1))
        (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
        {hosts}
        (data (i32.const 16) "model")
        (func (export "run") (param $address i32) (param $length i32) (result i32)
          {locals}
          {body}
          (i32.store (i32.const 0) (local.get $address))
          (i32.store (i32.const 4) (local.get $length))
          (i32.const 0)))
      (core instance $i (instantiate $m (with "libc" (instance $libc)) {host}))
      (func (export "run") (param "in" string) (result string) (canon lift (core func $i "run") {LOWER})))
    """)


ASK_IMPORT = f"""
      (import "pharia:skill/csi" (instance $csi
        (export "complete-text" (func (param "prompt" string) (param "model" string) (result string)))))
      (core func $ask (canon lower (func $csi "complete-text") {LOWER}))
      (core instance $host (export "ask" (func $ask)))
"""
ASK_HOST = '(import "host" "ask" (func $ask (param i32 i32 i32 i32 i32)))'
ASK = """
          (call $ask (local.get $address) (local.get $length) (i32.const 16) (i32.const 5) (i32.const 32))
          (local.set $address (i32.load (i32.const 32)))
          (local.set $length (i32.load (i32.const 36)))
"""
"""Complete the input with the model ``model`` and answer what it says."""

SLEEP_IMPORT = """
      (import "wasi:io/poll@0.2.0" (instance $poll
        (export "pollable" (type $p (sub resource)))
        (export "[method]pollable.block" (func (param "self" (borrow $p))))))
      (alias export $poll "pollable" (type $pollable))
      (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
        (alias outer 1 $pollable (type $outer))
        (export "pollable" (type $own (eq $outer)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $own))))))
      (core func $block (canon lower (func $poll "[method]pollable.block")))
      (core func $subscribe (canon lower (func $clock "subscribe-duration")))
      (core func $drop (canon resource.drop $pollable))
      (core instance $host
        (export "block" (func $block)) (export "subscribe" (func $subscribe)) (export "drop" (func $drop)))
"""
SLEEP_HOST = """
        (import "host" "block" (func $block (param i32)))
        (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
        (import "host" "drop" (func $drop (param i32)))
"""


def sleeper(nanoseconds: int) -> bytes:
    """Sleeps, then answers its input."""
    return text_skill(
        f"""
          (local $pollable i32)
          (local.set $pollable (call $subscribe (i64.const {nanoseconds})))
          (call $block (local.get $pollable))
          (call $drop (local.get $pollable))
        """,
        imports=SLEEP_IMPORT,
        hosts=SLEEP_HOST,
    )


EXIT = text_skill(
    "(call $exit (i32.const 1))",
    imports="""
      (import "wasi:cli/exit@0.2.0" (instance $cli (export "exit" (func (param "status" (result))))))
      (core func $exit (canon lower (func $cli "exit")))
      (core instance $host (export "exit" (func $exit)))
    """,
    hosts='(import "host" "exit" (func $exit (param i32)))',
)
ASKING = text_skill(ASK, imports=ASK_IMPORT, hosts=ASK_HOST)
ASKING_TWICE = text_skill(ASK + ASK, imports=ASK_IMPORT, hosts=ASK_HOST)
COMPUTES_BETWEEN = text_skill(
    ASK
    + """
          (local.set $count (i32.const 50000000))
          (loop $again
            (local.set $count (i32.sub (local.get $count) (i32.const 1)))
            (br_if $again (local.get $count)))
    """
    + ASK,
    imports=ASK_IMPORT,
    hosts=ASK_HOST,
    locals="(local $count i32)",
)
TEXT_ECHO = text_skill("")
ENDLESS = text_skill("(loop $again (br $again))")
TRAPPING = text_skill("unreachable")
EATS_MEMORY = text_skill("""
          (loop $again
            (if (i32.eq (memory.grow (i32.const 64)) (i32.const -1)) (then unreachable))
            (br $again))
""")
BIG_MEMORY = text_skill("", pages=700)
LARGE_OUTPUT = handler("""
      (i32.store8 (i32.const 0) (i32.const 0))
      (i32.store (i32.const 4) (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 3000000)))
      (i32.store (i32.const 8) (i32.const 3000000))
      (i32.const 0)
""")
EMPTY_OUTPUT = handler("""
      (i64.store (i32.const 0) (i64.const 0))
      (i32.store (i32.const 8) (i32.const 0))
      (i32.const 0)
""")
REJECTING = handler("""
      (i32.store8 (i32.const 0) (i32.const 1))
      (i32.store8 (i32.const 4) (i32.const 1))
      (i32.store (i32.const 8) (local.get $address))
      (i32.store (i32.const 12) (local.get $length))
      (i32.const 0)
""")
"""Answers ``err(invalid-input)`` with the input as text."""
NOT_JSON = handler("""
      (i32.store8 (i32.const 0) (i32.const 0))
      (i32.store (i32.const 4) (i32.const 32))
      (i32.store (i32.const 8) (i32.const 5))
      (i32.store (i32.const 32) (i32.const 0x6c6c6568))
      (i32.store8 (i32.const 36) (i32.const 0x6f))
      (i32.const 0)
""")
"""Answers the bytes ``hello``."""

_STREAM_OUTPUT = f"""
      (import "pharia:skill/streaming-output@0.4.0" (instance $output
        (type $role (record (field "role" (option string))))
        (export "begin-attributes" (type $attributes (eq $role)))
        (type $cases (variant
          (case "message-begin" $attributes) (case "reasoning" string)
          (case "message-append" string) (case "message-end" (option (list u8)))))
        (export "message-item" (type $item (eq $cases)))
        (export "stream-output" (type $o (sub resource)))
        (export "[method]stream-output.write" (func (param "self" (borrow $o)) (param "item" $item)))))
      (alias export $output "stream-output" (type $stream-output))
      (core func $write (canon lower (func $output "[method]stream-output.write") {LOWER}))
      (core func $drop (canon resource.drop $stream-output))
      (core instance $host (export "write" (func $write)) (export "drop" (func $drop)))
"""


def stream(body: str) -> bytes:
    """A message-stream skill; ``body`` writes by calling ``$begin``, ``$append`` with ``$address`` and ``$length`` of a
    text, and ``$end``, all with ``$output`` first, and then succeeds."""
    return component(f"""
    (component
      (core module $libc-module {libc()})
      (core instance $libc (instantiate $libc-module))
      {_STREAM_OUTPUT}
      (core module $m
        (import "libc" "memory" (memory 2))
        (import "host" "write" (func $write (param i32 i32 i32 i32 i32)))
        (import "host" "drop" (func $drop (param i32)))
        (func $begin (param $output i32)
          (call $write (local.get $output) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
        (func $append (param $output i32) (param $address i32) (param $length i32)
          (call $write (local.get $output) (i32.const 2) (local.get $address) (local.get $length) (i32.const 0)))
        (func $end (param $output i32)
          (call $write (local.get $output) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)))
        (func (export "run") (param $address i32) (param $length i32) (param $output i32) (result i32)
          {body}
          (call $drop (local.get $output))
          (i32.store8 (i32.const 0) (i32.const 0))
          (i32.const 0)))
      (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "host" (instance $host))))
      (type $error (variant (case "internal" string) (case "invalid-input" string)))
      (func $run (param "input" (list u8)) (param "output" (own $stream-output)) (result (result (error $error)))
        (canon lift (core func $i "run") {LOWER}))
      (component $shim
        (import "output-type" (type $o (sub resource)))
        (type $t (variant (case "internal" string) (case "invalid-input" string)))
        (import "error-type" (type $e (eq $t)))
        (import "run-func" (func $run
          (param "input" (list u8)) (param "output" (own $o)) (result (result (error $e)))))
        (export $oo "stream-output" (type $o))
        (export $x "error" (type $t))
        (export "run" (func $run) (func
          (param "input" (list u8)) (param "output" (own $oo)) (result (result (error $x))))))
      (instance $skill (instantiate $shim
        (with "output-type" (type $stream-output)) (with "error-type" (type $error)) (with "run-func" (func $run))))
      (export "pharia:skill/message-stream@0.4.0" (instance $skill)))
    """)


_BEGIN = "(call $begin (local.get $output))"
_APPEND = "(call $append (local.get $output) (local.get $address) (local.get $length))"
STREAM_ECHO = stream(f"{_BEGIN} {_APPEND} (call $end (local.get $output))")
"""A message of one part: its input as it came."""
ENDLESS_STREAM = stream(f"{_BEGIN} (loop $again {_APPEND} (br $again))")
"""Writes its input again and again."""
STUCK_STREAM = stream(f"{_BEGIN} {_APPEND} (loop $again (br $again))")
"""Writes its input once and then computes for ever."""
TRAPPING_STREAM = stream(f"{_BEGIN} {_APPEND} unreachable")
DISORDERLY_STREAM = stream(f"{_BEGIN} {_APPEND} {_BEGIN} {_APPEND}")
