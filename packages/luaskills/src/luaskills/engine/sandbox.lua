-- Takes away what a profile does not allow. Runs once per VM, after everything of the host is in place.
-- Arguments: profile name; whether limits are enforced in this VM; read(path) → text | nil, reason; any host function;
-- any native file.
local profile, hooked, read, host_object, file = ...
local is_jit = type(jit) == 'table'
local type, error, select, rawget, rawset = type, error, select, rawget, rawset
local tostring, tonumber = tostring, tonumber
local getmetatable, setmetatable, real_load = getmetatable, setmetatable, load

os.exit = nil
getmetatable(host_object).__metatable = false -- an exception of the host caught by pcall is such an object too

if is_jit and hooked then
  -- compiled code does not look at limits
  jit.off()
  jit.flush()
  jit.on = function() end
  jit.off, jit.flush = jit.on, jit.on
  jit.status = function() return false end
  package.loaded['jit.opt'], package.preload['jit.opt'], jit.opt = nil, nil, nil
end
if not is_jit then
  jit = { os = 'Linux', arch = 'x64', version = _VERSION, version_num = 0 }
end
if profile == 'trusted' then return end

-- No way out of Lua's memory safety: no native code, no bytecode, no inner view of functions and stacks.
_G.debug = { traceback = debug.traceback }
package.loaded.debug = _G.debug
_G.newproxy = nil
string.dump = nil
os.setlocale = nil
do -- a collector that is switched off would be so for the next skill too
  local real, allowed = collectgarbage, { collect = true, count = true, step = true, isrunning = true }
  function _G.collectgarbage(what, ...)
    if what == nil or allowed[what] then return real(what, ...) end
    return 0
  end
end
if is_jit then
  local allowed = { ['table.new'] = package.preload['table.new'], ['table.clear'] = package.preload['table.clear'] }
  for name in pairs(package.preload) do package.preload[name] = allowed[name] end
  for _, name in ipairs { 'ffi', 'jit', 'jit.opt', 'jit.util', 'jit.profile', 'string.buffer' } do package.loaded[name] = nil end
  jit = {
    os = jit.os, arch = jit.arch, version = jit.version, version_num = jit.version_num,
    on = jit.on, off = jit.off, flush = jit.flush, status = jit.status,
  }
  package.loaded.jit = jit
end

function _G.load(chunk, name, _, ...)
  if select('#', ...) > 0 then return real_load(chunk, name, 't', (...)) end
  return real_load(chunk, name, 't')
end
_G.loadstring = function(chunk, name) return real_load(chunk, name, 't') end
function _G.loadfile(path, _, ...)
  local source, reason = read(path)
  if not source then return nil, reason end
  return _G.load(source, '@' .. path, 't', ...)
end
local loadfile = _G.loadfile
function _G.dofile(path)
  local chunk, reason = loadfile(path)
  if not chunk then error(reason, 0) end
  return chunk()
end

if setfenv then
  local real_setfenv = setfenv
  function _G.setfenv(target, environment)
    if target == 0 then error('setfenv: the environment of the VM can not be replaced', 2) end
    if type(target) == 'number' then target = target + 1 end
    return real_setfenv(target, environment)
  end
end

-- require: preload first, then Lua source along package.path; native modules never.
local searchers = package.loaders or package.searchers
local gsub, gmatch, concat = string.gsub, string.gmatch, table.concat
searchers[2] = function(name)
  local tried = {}
  local file = gsub(name, '%.', '/')
  for template in gmatch(package.path, '[^;]+') do
    local path = gsub(template, '%?', (gsub(file, '%%', '%%%%')))
    local source = read(path)
    if source then
      local chunk, reason = real_load(source, '@' .. path, 't')
      if not chunk then error(reason, 0) end
      return chunk, path
    end
    tried[#tried + 1] = "\n\tno file '" .. path .. "'"
  end
  return concat(tried)
end
searchers[3], searchers[4] = nil, nil
package.loadlib, package.cpath, package.searchpath = nil, '', nil

-- The metatable of files holds __gc, which runs where no hook is called.
local file_meta = getmetatable(file)
local methods = {}
for _, name in ipairs { 'close', 'flush', 'lines', 'read', 'seek', 'setvbuf', 'write' } do
  methods[name] = file[name]
end
rawset(file_meta, '__index', methods)
rawset(file_meta, '__metatable', false)

if hooked and not is_jit then
  local real_setmetatable = setmetatable
  function _G.setmetatable(t, meta)
    if type(meta) == 'table' and rawget(meta, '__gc') ~= nil then
      error('metatables with __gc are not available under limits', 2)
    end
    return real_setmetatable(t, meta)
  end
  local move, LARGEST = table.move, 2 ^ 26
  function table.move(a, first, last, ...)
    if last - first > LARGEST then error('table.move: more than 67108864 elements', 2) end
    return move(a, first, last, ...)
  end
  for _, name in ipairs { 'insert', 'remove', 'concat', 'sort', 'unpack' } do
    local real = table[name]
    table[name] = function(t, ...)
      local meta = type(t) == 'table' and getmetatable(t)
      if type(meta) == 'table' and rawget(meta, '__len') ~= nil and #t > LARGEST then
        error('table.' .. name .. ': more than 67108864 elements', 2)
      end
      return real(t, ...)
    end
  end
  _G.unpack = table.unpack
end
if hooked then
  local rep, limit = string.rep, 2 ^ 31
  function string.rep(text, n, separator)
    text, n = tostring(text), tonumber(n)
    if not n then error("bad argument #2 to 'rep' (number expected)", 2) end
    if #text == 0 and (separator == nil or #separator == 0) then return '' end -- Lua 5.4 would count to n
    if n >= limit then error('resulting string too large', 2) end
    if separator == nil then return rep(text, n) end
    return rep(text, n, separator)
  end
end

if profile == 'locked' then
  local now, date, difftime, processor = os.time, os.date, os.difftime, os.clock
  _G.os = { time = now, date = date, difftime = difftime, clock = processor }
  package.loaded.os = _G.os
end
