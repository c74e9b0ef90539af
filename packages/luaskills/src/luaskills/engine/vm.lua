-- One VM from the inside: runs calls and repairs what they leave behind. Everything is captured before a skill can replace it.
-- Arguments: emit(text) prints; over() says which limit ended the call.
local emit, over = ...
local type, select, tostring, pcall, xpcall = type, select, tostring, pcall, xpcall
local traceback, concat, real_load = debug.traceback, table.concat, load
local collect = collectgarbage
local compile_from_now = type(jit) == 'table' and jit.on or function() end

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
  local limit = over()
  if limit then return limit end
  local kind = type(problem)
  if kind ~= 'string' then
    local ok, text = pcall(tostring, problem)
    problem = ok and type(text) == 'string' and text or kind
  end
  return readable(problem)
end

local function with_traceback(problem)
  local limit = over()
  if limit then return limit end
  return traceback(problem_text(problem), 2)
end

-- What the host put into the global tables; a skill may add to it, but the next call finds it again.
local sealed, copies = {}, {}
local next, rawget, rawset, rawequal, globals = next, rawget, rawset, rawequal, _G
local getmeta, setmeta = debug.getmetatable, debug.setmetatable
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

-- Templates in front of package.path and package.cpath, and the seal; runs while the VM is fresh.
local function search(lua, native)
  package.path, package.cpath = lua .. package.path, native .. package.cpath
  seal()
  collect('restart', -1) -- for LuaJIT: the first cycle begins when the heap has doubled
end

-- Runs before limits hold: nothing here may ask a metamethod of a skill.
local function restore()
  for i = 1, #sealed do
    local t = sealed[i]
    if getmeta(t) ~= nil then setmeta(t, nil) end
    for key, value in next, copies[i] do
      if not rawequal(rawget(t, key), value) then rawset(t, key, value) end
    end
  end
  if not rawequal(getmeta(''), text_meta) then setmeta('', text_meta) end
  for key in next, text_meta do
    if key ~= '__index' then rawset(text_meta, key, nil) end
  end
  rawset(text_meta, '__index', text_methods)
  if getmeta(text_meta) ~= nil then setmeta(text_meta, nil) end
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
  search = search, restore = restore, start = function() compile_from_now() end, run = run, run_json = run_json, compile = compile,
  identity = function(...) return ... end, file = io.stdout,
}
