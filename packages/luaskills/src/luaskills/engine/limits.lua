-- Stops a call at its limits: a hook counts instructions and looks at the clock. Runs once per VM, before anything else.
-- Arguments: tick(kind) asks the host whether the deadline is over, or tells it that another limit is; step is the number of
-- instructions between two looks; hooked says whether limits can be asked for in this VM.
local tick, hooked, step = ...
local type, error, pcall, xpcall = type, error, pcall, xpcall
local sethook, clock = debug.sethook, os.clock
local find, concat = string.find, table.concat
local co_create, co_resume, co_status, co_close = coroutine.create, coroutine.resume, coroutine.status, coroutine.close
local is_jit = type(jit) == 'table'
local real_load = load

-- While the VM is made: compiling what runs once, or looking for what it left, costs more than it saves.
if is_jit then jit.off() end
collectgarbage('stop')

local LOOK_SECONDS = 0.005 -- processor time between two questions to the host: each takes Python's lock
local DEEPEST = 150 -- how often functions that need the C stack may be inside one another
local expired, used, allowed, looked, timed = nil, 0, nil, 0, false
local depth = 0

local function stop()
  error(expired, 0)
end

-- From here on nothing runs any more in this coroutine, whatever catches the error.
local function finish()
  sethook(stop, '', 1)
  error(expired, 0)
end

local function look()
  if not expired then
    used = used + step
    if allowed and used >= allowed then
      expired = 'instruction'
      tick(expired)
    elseif timed then
      local now = clock()
      if now - looked < LOOK_SECONDS then return end
      looked = now
      if not tick() then return end
      expired = 'time'
    else
      return
    end
  end
  finish()
end

local function arm(instructions, has_deadline)
  expired, used, allowed, looked, timed, depth = nil, 0, instructions, clock(), has_deadline, 0
  if instructions or has_deadline then sethook(look, '', step) else sethook() end
end

-- LuaJIT believes to be inside a hook, and calls none any more, when the error of a hook was caught by the host instead of
-- by pcall; an error that ends a coroutine makes it forget that.
local function leave_hook()
  if is_jit then co_resume(co_create(error)) end
end

-- The host ends the call while one of its functions runs.
local function expire(kind)
  expired = expired or kind
  leave_hook()
end

local function disarm()
  local kind = expired
  expired = nil
  if kind then leave_hook() end
  return kind
end

local function over() return expired end

-- Where the stack is full there is no room for the hook: what it would have found out is found out by what catches the
-- error. Where there is no room for that either, the error goes on to what has more.
local function caught(ok, problem, ...)
  if not ok and type(problem) == 'string' and (allowed or timed)
    and (find(problem, 'stack overflow', 1, true) or find(problem, 'error in error handling', 1, true)
      or find(problem, 'not enough memory', 1, true)) then
    if not expired then
      used = used + step
      if allowed and used >= allowed then
        expired = 'instruction'
        tick(expired)
      elseif timed and tick() then
        expired = 'time'
      end
    end
    if expired then finish() end
  end
  return ok, problem, ...
end

local function restored(before, ...)
  depth = before
  return ...
end

if hooked then
  local real_pcall, real_xpcall = pcall, xpcall
  function _G.pcall(...) return restored(depth, caught(real_pcall(...))) end
  -- An error handler runs where the error was raised. For the error of a limit that is inside the hook, where no hook
  -- is called: a handler of the skill could never be stopped there.
  function _G.xpcall(f, handler, ...)
    local first
    local function guarded(problem)
      if expired then return problem end
      first = problem
      return handler(problem)
    end
    local function outcome(ok, ...)
      if not ok then caught(false, first) end
      return caught(ok, ...)
    end
    return restored(depth, outcome(real_xpcall(f, guarded, ...)))
  end

  -- The parser catches errors of a function that gives it the chunk in pieces; LuaJIT's leaves hooks off then.
  local guarded_pcall = _G.pcall
  function _G.load(chunk, name, ...)
    if type(chunk) ~= 'function' then return real_load(chunk, name, ...) end
    local pieces = {}
    while true do
      local ok, piece = guarded_pcall(chunk)
      if not ok then return nil, piece end
      if piece == nil or piece == '' then break end
      if type(piece) ~= 'string' then return nil, 'reader function must return a string' end
      pieces[#pieces + 1] = piece
    end
    return real_load(concat(pieces), name or '=(load)', ...)
  end
elseif is_jit then
  local real_pcall, real_xpcall = pcall, xpcall
  function _G.pcall(...) return restored(depth, real_pcall(...)) end
  function _G.xpcall(...) return restored(depth, real_xpcall(...)) end
end

-- Coroutines. Lua 5.4 has one hook per coroutine, LuaJIT one for all. LuaJIT does not count how deep coroutines
-- resume one another: the C stack, and with it the process, would go.
local per_coroutine = hooked and not is_jit

local function ready(co)
  if not per_coroutine or type(co) ~= 'thread' or co_status(co) ~= 'suspended' then return end
  if expired then sethook(co, stop, '', 1)
  elseif allowed or timed then sethook(co, look, '', step) end
end

local function left(...)
  depth = depth - 1
  if per_coroutine and expired then sethook(stop, '', 1) end
  return caught(...)
end

local function resume(co, ...)
  if depth >= DEEPEST then return caught(false, 'C stack overflow') end
  ready(co)
  depth = depth + 1
  return left(co_resume(co, ...))
end

local function wrapped(co, ok, ...)
  if ok then return ... end
  if co_close and co_status(co) == 'dead' then co_close(co) end
  error((...), 0)
end

coroutine.resume = resume
function coroutine.wrap(f)
  local co = co_create(f)
  return function(...) return wrapped(co, resume(co, ...)) end
end

-- The same for functions of LuaJIT that call back: string.gsub keeps a large buffer on the C stack while it does, and an
-- error takes a time that grows with the square of how deep the others are.
if is_jit then
  local function bounded(library, name)
    local real = library[name]
    library[name] = function(...)
      if depth >= DEEPEST then error('C stack overflow', 2) end
      depth = depth + 1
      return restored(depth - 1, real(...))
    end
  end
  bounded(string, 'gsub')
  if hooked then
    bounded(string, 'format')
    bounded(table, 'sort')
  end
end

return { arm = arm, disarm = disarm, expire = expire, over = over, stop = stop, sethook = sethook }
