;; Waits for one answer of a model: the first interface of skills, text in and text out.
(component
  (core module $libc-module
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $free)
      (global.set $free (i32.add (global.get $free) (local.get 3)))))
  (core instance $libc (instantiate $libc-module))
  (import "pharia:skill/csi" (instance $csi
    (export "complete-text" (func (param "prompt" string) (param "model" string) (result string)))))
  (core func $ask (canon lower (func $csi "complete-text")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $m
    (import "libc" "memory" (memory 1))
    (import "host" "ask" (func $ask (param i32 i32 i32 i32 i32)))
    (data (i32.const 16) "model")
    (func (export "run") (param $address i32) (param $length i32) (result i32)
      (call $ask (local.get $address) (local.get $length) (i32.const 16) (i32.const 5) (i32.const 0))
      (i32.const 0)))
  (core instance $i (instantiate $m
    (with "libc" (instance $libc)) (with "host" (instance (export "ask" (func $ask))))))
  (func (export "run") (param "in" string) (result string)
    (canon lift (core func $i "run")
      (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")))))
