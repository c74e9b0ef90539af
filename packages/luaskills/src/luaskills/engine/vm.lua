-- One VM from the inside: runs calls and stops them at their limits. Everything is captured before a skill can replace it.
-- Arguments: tick(text) asks the host whether the deadline is over; step is the number of instructions between two looks;
-- hooked says whether limits can be asked for in this VM.
local tick, emit, hooked, step = ...
local type, select, error, tostring, pcall, xpcall = type, select, error, tostring, pcall, xpcall
local sethook, traceback = debug.sethook, debug.traceback
local clock, concat = os.clock, table.concat
local co_create, co_resume, co_status, co_running = coroutine.create, coroutine.resume, coroutine.status, coroutine.running
local unpack = table.unpack or unpack
local is_jit = type(jit) == 'table'
local real_load, real_setfenv = load, setfenv

local LOOK_SECONDS = 0.005 -- processor time between two questions to the host: each takes Python's lock
local expired, used, allowed, looked, timed = nil, 0, nil, 0, false

local function stop()
  error(expired, 0)
end

local function look()
  if not expired then
    used = used + step
    if allowed and used >= allowed then
      expired = 'instruction'
    elseif timed then
      local now = clock()
      if now - looked < LOOK_SECONDS then return end
      looked = now
      if not tick() then return end
      expired = 'time'
    else
      return
    end
    sethook(stop, '', 1) -- from here on nothing runs any more, whatever catches the error
  end
  error(expired, 0)
end

local reset_depth

local function arm(instructions, has_deadline)
  expired, used, allowed, looked, timed = nil, 0, instructions, clock(), has_deadline
  reset_depth()
  if instructions or has_deadline then sethook(look, '', step) else sethook() end
end

local function disarm()
  local kind = expired
  expired = nil
  return kind
end

-- An error handler runs where the error was raised. For the error of a limit that is inside the hook, where no hook
-- is called: a handler of the skill could never be stopped there.
if hooked then
  local real_xpcall = xpcall
  function _G.xpcall(f, handler, ...)
    local function guarded(problem)
      if expired then return problem end
      return handler(problem)
    end
    return real_xpcall(f, guarded, ...)
  end
end

-- Coroutines. Lua 5.4 has one hook per coroutine, LuaJIT one for all. LuaJIT does not count how deep coroutines
-- resume one another: the C stack, and with it the process, would go.
do
  local DEEPEST = 150
  local depth = 0
  local co_close = coroutine.close
  local per_coroutine = hooked and not is_jit
  local function ready(co)
    if not per_coroutine or type(co) ~= 'thread' or co_status(co) ~= 'suspended' then return end
    if expired then sethook(co, stop, '', 1)
    elseif allowed or timed then sethook(co, look, '', step) end
  end
  local function left(...)
    depth = depth - 1
    if per_coroutine and expired then sethook(stop, '', 1) end
    return ...
  end
  local function resume(co, ...)
    if depth >= DEEPEST then return false, 'C stack overflow' end
    ready(co)
    depth = depth + 1
    return left(co_resume(co, ...))
  end
  local function finish(co, ok, ...)
    if ok then return ... end
    if co_close and co_status(co) == 'dead' then co_close(co) end
    error((...), 0)
  end
  coroutine.resume = resume
  function coroutine.wrap(f)
    local co = co_create(f)
    return function(...) return finish(co, resume(co, ...)) end
  end
  function reset_depth() depth = 0 end

  if is_jit then
    -- string.gsub keeps a large buffer on the C stack while it calls back; what catches errors restores the count
    local real_gsub, real_pcall, outer_xpcall = string.gsub, pcall, _G.xpcall
    local function restored(before, ...)
      depth = before
      return ...
    end
    function string.gsub(...)
      if depth >= DEEPEST then error('C stack overflow', 2) end
      depth = depth + 1
      return restored(depth - 1, real_gsub(...))
    end
    function _G.pcall(...) return restored(depth, real_pcall(...)) end
    function _G.xpcall(...) return restored(depth, outer_xpcall(...)) end
  end
end

-- What LuaJIT without the 5.2 switch, or Lua 5.4, lacks of the dialect skills are written for.
if not table.pack then
  function table.pack(...) return { n = select('#', ...), ... } end
end
if not table.unpack then table.unpack = unpack end
if is_jit then
  local real_pairs, real_ipairs, getmetatable = pairs, ipairs, getmetatable
  function _G.pairs(t)
    local meta = getmetatable(t)
    local custom = type(meta) == 'table' and meta.__pairs
    if custom then
      local f, s, v = custom(t)
      return f, s, v
    end
    return real_pairs(t)
  end
  function _G.ipairs(t)
    local meta = getmetatable(t)
    local custom = type(meta) == 'table' and meta.__ipairs
    if custom then
      local f, s, v = custom(t)
      return f, s, v
    end
    return real_ipairs(t)
  end
else
  _G.unpack = table.unpack
  _G.loadstring = load
  function table.getn(t) return #t end
  function math.pow(a, b) return a ^ b end
  function math.ldexp(m, e) return m * 2.0 ^ e end
  bit = real_load([[
    local function signed(n) n = n & 0xffffffff; if n >= 0x80000000 then n = n - 0x100000000 end return n end
    local function int(n) return math.tointeger(n) or math.tointeger(math.floor(n + 0.5)) end
    local function fold(f) return function(a, ...) a = int(a)
      for i = 1, select('#', ...) do a = f(a, int((select(i, ...)))) end return signed(a) end end
    local function low(n) return int(n) & 0xffffffff end
    return {
      tobit = function(n) return signed(int(n)) end, bnot = function(n) return signed(~int(n)) end,
      band = fold(function(a, b) return a & b end), bor = fold(function(a, b) return a | b end),
      bxor = fold(function(a, b) return a ~ b end),
      lshift = function(n, c) return signed(low(n) << (c & 31)) end,
      rshift = function(n, c) return signed(low(n) >> (c & 31)) end,
      arshift = function(n, c) n = signed(int(n)); return signed(n >> (c & 31) | ~(-1 >> (c & 31)) * (n < 0 and 1 or 0)) end,
      rol = function(n, c) n, c = low(n), c & 31; return signed(n << c | n >> (32 - c)) end,
      ror = function(n, c) n, c = low(n), c & 31; return signed(n >> c | n << (32 - c)) end,
      bswap = function(n) n = low(n)
        return signed((n & 0xff) << 24 | (n & 0xff00) << 8 | (n >> 8) & 0xff00 | n >> 24) end,
      tohex = function(n, digits) return string.format('%0' .. (digits or 8) .. 'x', low(n)):sub(-(digits or 8)) end,
    }
  ]])()
end

function _G.print(...)
  local texts = {}
  for i = 1, select('#', ...) do texts[i] = tostring((select(i, ...))) end
  emit(concat(texts, '\t'))
end

local gsub, find = string.gsub, string.find
local function readable(text)
  if not find(text, '[\128-\255]') then return text end
  local rest = gsub(text, '[\194-\223][\128-\191]', '')
  rest = gsub(rest, '[\224-\239][\128-\191][\128-\191]', '')
  rest = gsub(rest, '[\240-\244][\128-\191][\128-\191][\128-\191]', '')
  if not find(rest, '[\128-\255]') then return text end
  return (gsub(text, '[\128-\255]', '?'))
end

local function problem_text(problem)
  if expired then return expired end
  local kind = type(problem)
  if kind ~= 'string' then
    local ok, text = pcall(tostring, problem)
    problem = ok and type(text) == 'string' and text or kind
  end
  return readable(problem)
end

local function with_traceback(problem)
  if expired then return expired end
  return traceback(problem_text(problem), 2)
end

-- What the host put into the global tables; a skill may add to it, but the next call finds it again.
local sealed, copies = {}, {}
local next, rawget, rawset, rawequal, globals = next, rawget, rawset, rawequal, _G
local text_meta, text_methods = getmetatable(''), string
local function seal()
  sealed, copies = { globals }, {}
  for _, name in next, { 'string', 'table', 'math', 'os', 'io', 'coroutine', 'package', 'debug', 'bit', 'jit', 'utf8' } do
    if type(globals[name]) == 'table' then sealed[#sealed + 1] = globals[name] end
  end
  for i = 1, #sealed do
    local copy = {}
    for key, value in next, sealed[i] do
      if key ~= 'vulcan' then copy[key] = value end
    end
    copies[i] = copy
  end
end

local function restore()
  for i = 1, #sealed do
    local t = sealed[i]
    for key, value in next, copies[i] do
      if not rawequal(rawget(t, key), value) then rawset(t, key, value) end
    end
  end
  if text_meta.__index ~= text_methods then text_meta.__index = text_methods end
end

local function counted(ok, ...) return ok, select('#', ...), ... end

-- Runs f(...): true, number of results, results …; or false, 1, text.
local function run(f, ...) return counted(xpcall(f, with_traceback, ...)) end

-- xpcall of Lua 5.1 has no arguments for f; LuaJIT and 5.4 have.
local function compile(source, chunk_name)
  return real_load(source, '=' .. chunk_name, 't')
end

local function encoded(encode, ok, n, ...)
  if not ok then return ok, n, ... end
  local done, text = pcall(encode, (...))
  if done then return true, 1, text end
  if type(text) == 'table' then text = text[1] end
  return false, 1, problem_text(text)
end

-- As run, the first result as JSON text.
local function run_json(encode, f, ...) return encoded(encode, run(f, ...)) end

return {
  arm = arm, seal = seal, restore = restore, disarm = disarm, sethook = sethook, run = run, run_json = run_json, identity = function(...) return ... end, compile = compile, file = io.stdout,
}
