;; Linked into every component and run before Python starts, so that it starts in the same way on every machine.
;;
;; It sets environment variables, and has all memory Python asks for filled with zeros: padding inside and behind
;; objects would otherwise keep what was there before, among it times and numbers of files. `pharia_restore_allocators` ends the second.
(module
  (@dylink.0 (mem-info (memory 256 4) (table 2 0)))
  (import "env" "memory" (memory 1))
  (import "env" "__indirect_function_table" (table 0 funcref))
  (import "env" "__memory_base" (global $data i32))
  (import "env" "__table_base" (global $table i32))
  (import "env" "setenv" (func $setenv (param i32 i32 i32) (result i32)))
  (import "env" "calloc" (func $calloc (param i32 i32) (result i32)))
  (import "env" "realloc" (func $realloc (param i32 i32) (result i32)))
  (import "env" "malloc_usable_size" (func $usable (param i32) (result i32)))
  (import "env" "PyMem_GetAllocator" (func $get_allocator (param i32 i32)))
  (import "env" "PyMem_SetAllocator" (func $set_allocator (param i32 i32)))

  ;; 0: three allocators of 20 bytes as they were; 60: one to set; 80: names and values.
  (data (global.get $data)
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00"
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00"
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00"
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00"
    "PYTHONHASHSEED\00" "0\00"          ;; 80, 95: sets and dictionaries in one order
    "PYTHONDONTWRITEBYTECODE\00" "1\00" ;; 97, 121
    "PYTHONNODEBUGRANGES\00" "1\00")    ;; 123, 143: tracebacks name lines, not columns; half a megabyte less
  (elem (global.get $table) func $zeroed_malloc $zeroed_realloc)

  (func $at (param $offset i32) (result i32)
    (i32.add (global.get $data) (local.get $offset)))

  (func $at_least_one (param $size i32) (result i32)
    (select (local.get $size) (i32.const 1) (local.get $size)))

  (func $zeroed_malloc (param $context i32) (param $size i32) (result i32)
    (local $block i32)
    (local.set $block (call $calloc (i32.const 1) (call $at_least_one (local.get $size))))
    (if (local.get $block)
      (then (memory.fill (local.get $block) (i32.const 0) (call $usable (local.get $block)))))
    (local.get $block))

  (func $zeroed_realloc (param $context i32) (param $old i32) (param $size i32) (result i32)
    (local $before i32)
    (local $block i32)
    (if (i32.eqz (local.get $old))
      (then (return (call $zeroed_malloc (local.get $context) (local.get $size)))))
    (local.set $before (call $usable (local.get $old)))
    (local.set $block (call $realloc (local.get $old) (call $at_least_one (local.get $size))))
    (if (local.get $block)
      (then
        (if (i32.gt_u (call $usable (local.get $block)) (local.get $before))
          (then
            (memory.fill
              (i32.add (local.get $block) (local.get $before))
              (i32.const 0)
              (i32.sub (call $usable (local.get $block)) (local.get $before)))))))
    (local.get $block))

  (func $hook (param $domain i32) (param $original i32)
    (call $get_allocator (local.get $domain) (local.get $original))
    (call $get_allocator (local.get $domain) (call $at (i32.const 60)))
    (i32.store offset=4 (call $at (i32.const 60)) (global.get $table))
    (i32.store offset=12 (call $at (i32.const 60)) (i32.add (global.get $table) (i32.const 1)))
    (call $set_allocator (local.get $domain) (call $at (i32.const 60))))

  (func $set (param $name i32) (param $value i32)
    (drop (call $setenv (call $at (local.get $name)) (call $at (local.get $value)) (i32.const 1))))

  (func (export "__wasm_call_ctors")
    (call $set (i32.const 80) (i32.const 95))
    (call $set (i32.const 97) (i32.const 121))
    (call $set (i32.const 123) (i32.const 143))
    (call $hook (i32.const 0) (call $at (i32.const 0)))
    (call $hook (i32.const 1) (call $at (i32.const 20)))
    (call $hook (i32.const 2) (call $at (i32.const 40))))

  (func (export "pharia_restore_allocators")
    (call $set_allocator (i32.const 0) (call $at (i32.const 0)))
    (call $set_allocator (i32.const 1) (call $at (i32.const 20)))
    (call $set_allocator (i32.const 2) (call $at (i32.const 40)))))
