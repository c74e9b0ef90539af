-- The Lua half of the bridge: everything here captures the standard functions before a skill can replace them.
local type, next, rawget, rawset, rawequal, select = type, next, rawget, rawset, rawequal, select
local error, pcall, tostring, tonumber = error, pcall, tostring, tonumber
local setmetatable, getmetatable = setmetatable, getmetatable
local setmeta, getmeta = debug.setmetatable, debug.getmetatable
local format, gsub, find, byte = string.format, string.gsub, string.find, string.byte
local gmatch, match = string.gmatch, string.match
local sort, concat, floor = table.sort, table.concat, math.floor
local math_type = math.type
local rawlen = rawlen or function(t) return #t end
local newproxy = newproxy
local globals = _G
local MAX_DEPTH = 128
local NIL, BOOLEAN, INTEGER, NUMBER, STRING, TABLE, FUNCTION, THREAD, USERDATA, BAD = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9

-- Lua to JSON -----------------------------------------------------------------------------------------------------
local ESCAPES = { ['"'] = '\\"', ['\\'] = '\\\\', ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }
local function escape(c) return ESCAPES[c] or format('\\u%04x', byte(c)) end
local beyond_ascii = false -- whether `quoted` saw such bytes
local function quoted(s)
  if find(s, '[%c"\\\128-\255]') then
    beyond_ascii = beyond_ascii or find(s, '[\128-\255]') ~= nil
    s = gsub(s, '[%c"\\]', escape)
  end
  return '"' .. s .. '"'
end

local function number_text(v)
  if math_type and math_type(v) == 'integer' then return format('%d', v) end
  if v ~= v or v == 1 / 0 or v == -1 / 0 then return 'null' end
  if v == floor(v) and v >= -9223372036854775808 and v < 9223372036854775808 then return format('%d', v) end
  local text = format('%.15g', v)
  if tonumber(text) ~= v then text = format('%.16g', v) end
  if tonumber(text) ~= v then text = format('%.17g', v) end
  return text
end

local function refuse(message) error({ message }, 0) end

-- Keys repeat: their texts are kept, up to a bound.
local key_texts, known_keys, MOST_KEYS = {}, 0, 1000
local function key_text(key)
  local text = key_texts[key]
  if text then return text end
  text = quoted(key) .. ':'
  if known_keys >= MOST_KEYS then key_texts, known_keys = {}, 0 end
  if #text < 100 and not find(key, '[\128-\255]') then key_texts[key], known_keys = text, known_keys + 1 end
  return text
end

local write
local function write_object(v, out, n, path, depth)
  local texts, values, count = {}, nil, 0
  for key in next, v do
    local kind = type(key)
    if kind == 'number' then
      if not values then
        values = {}
        for k, value in next, v do values[type(k) == 'number' and number_text(k) or k] = value end
      end
      key = number_text(key)
    elseif kind ~= 'string' then refuse('Table key: ' .. kind .. ' is neither a string nor a number') end
    count = count + 1
    -- few keys: cheaper than a call of sort
    local place = count
    if count <= 8 then
      while place > 1 and key < texts[place - 1] do
        texts[place] = texts[place - 1]
        place = place - 1
      end
    end
    texts[place] = key
  end
  if count == 0 then
    out[n + 1] = '[]'
    return n + 1
  end
  if count > 8 then sort(texts) end
  local separator = '{'
  for i = 1, count do
    local key, value = texts[i], nil
    if values then value = values[key] else value = rawget(v, key) end
    out[n + 1], out[n + 2] = separator, key_text(key)
    n = write(value, out, n + 2, path, depth)
    separator = ','
  end
  out[n + 1] = '}'
  return n + 1
end

function write(v, out, n, path, depth)
  local kind = type(v)
  if kind == 'string' then out[n + 1] = quoted(v)
  elseif kind == 'number' then out[n + 1] = number_text(v)
  elseif kind == 'boolean' then out[n + 1] = v and 'true' or 'false'
  elseif kind == 'nil' then out[n + 1] = 'null'
  elseif kind == 'table' then
    if path[v] then refuse('table contains itself') end
    if depth >= MAX_DEPTH then refuse('table is nested deeper than ' .. MAX_DEPTH .. ' levels') end
    path[v] = true
    local length = rawlen(v)
    if length > 0 then
      local separator = '['
      for i = 1, length do
        out[n + 1] = separator
        n = write(rawget(v, i), out, n + 1, path, depth + 1)
        separator = ','
      end
      out[n + 1] = ']'
      n = n + 1
    else
      n = write_object(v, out, n, path, depth + 1)
    end
    path[v] = nil
    return n
  else refuse('Cannot convert Lua ' .. kind .. ' to JSON') end
  return n + 1
end

local function encode(v)
  local out = {}
  write(v, out, 0, {}, 0)
  return concat(out)
end

local function is_utf8(text)
  local rest = gsub(text, '[\194-\223][\128-\191]', '')
  rest = gsub(rest, '[\225-\236\238\239][\128-\191][\128-\191]', '')
  rest = gsub(rest, '\224[\160-\191][\128-\191]', '')
  rest = gsub(rest, '\237[\128-\159][\128-\191]', '')
  rest = gsub(rest, '[\241-\243][\128-\191][\128-\191][\128-\191]', '')
  rest = gsub(rest, '\240[\144-\191][\128-\191][\128-\191]', '')
  rest = gsub(rest, '\244[\128-\143][\128-\191][\128-\191]', '')
  return not find(rest, '[\128-\255]')
end

local function json_encode(v)
  beyond_ascii = false
  local ok, text = pcall(encode, v)
  if not ok then error('json.encode: ' .. (type(text) == 'table' and text[1] or tostring(text)), 0) end
  if beyond_ascii and not is_utf8(text) then error('json.encode: value must be a valid UTF-8 string', 0) end
  return text
end

-- Calls into the host ----------------------------------------------------------------------------------------------
local SIMPLE = { ['nil'] = NIL, boolean = BOOLEAN, string = STRING, ['function'] = FUNCTION, thread = THREAD }
local function tag(v)
  local kind = type(v)
  if kind == 'number' then
    if math_type then return math_type(v) == 'integer' and INTEGER or NUMBER, v end
    return v == floor(v) and v - v == 0 and INTEGER or NUMBER, v
  elseif kind == 'table' then
    local ok, text = pcall(encode, v)
    if ok then return TABLE, text end
    return BAD, type(text) == 'table' and text[1] or tostring(text)
  elseif kind == 'function' or kind == 'thread' then return SIMPLE[kind], nil
  end
  local code = SIMPLE[kind]
  if code then return code, v end
  return USERDATA, nil
end

-- Strings reach the host with one code point per byte: Lua strings need not be UTF-8.
local WIDE = {}
for i = 128, 255 do WIDE[string.char(i)] = string.char(0xC0 + floor(i / 64), 0x80 + i % 64) end
local function wide(text)
  if find(text, '[\128-\255]') then return (gsub(text, '[\128-\255]', WIDE)) end
  return text
end

local function tagged(n, v, ...)
  if n == 0 then return end
  local code, value = tag(v)
  if type(value) == 'string' then value = wide(value) end
  if n == 1 then return code, value end
  return code, value, tagged(n - 1, ...)
end

local function finish(ok, a, ...)
  if ok then return a, ... end
  error(a, 0)
end

local function bind(f)
  return function(...) return finish(f(tagged(select('#', ...), ...))) end
end

local function numbered(call, index)
  return function(...) return finish(call(index, tagged(select('#', ...), ...))) end
end

-- A host resource with methods: a userdata where the VM can make one, as skills test type(handle).
local handles = setmetatable({}, { __mode = 'k' })
local function handle(methods, names)
  local index = {}
  for i = 1, #names do
    local f = methods[names[i]]
    index[names[i]] = function(_, ...) return finish(f(tagged(select('#', ...), ...))) end
  end
  if newproxy then
    local proxy = newproxy(true)
    local meta = getmetatable(proxy)
    meta.__index, meta.__metatable = index, false
    handles[proxy] = index
    return proxy
  end
  local made = setmetatable({}, { __index = index, __newindex = function() error('handle is read-only', 0) end, __metatable = false })
  handles[made] = index
  return made
end

-- The tables of the API, their snapshot and repair --------------------------------------------------------------------
local core, fields, sizes, count, links = {}, {}, {}, 0, {}
local changing, databases = {}, {} -- positions of the tables that a call fills, and of those it only marks
local vulcan, context, deps, internal, sqlite, lancedb
local function seal(tables)
  count = #tables
  for i = 1, count do
    local copy, size = {}, 0
    for k, v in next, tables[i] do
      copy[k], size = v, size + 1
      if type(v) == 'table' then links[#links + 1] = { tables[i], k, v } end
    end
    core[i], fields[i], sizes[i] = tables[i], copy, size
  end
  vulcan = tables[1]
  context, deps, internal = vulcan.context, vulcan.deps, vulcan.runtime.internal
  sqlite, lancedb = vulcan.sqlite, vulcan.lancedb
  for i = 1, count do
    local t = core[i]
    changing[i] = t == context or t == deps or t == internal
    if t == sqlite or t == lancedb then databases[#databases + 1] = i end
  end
end

-- One table for each `path:function,function,…;` of the layout, parents first, the core table before all. The functions are
-- numbered in this order: one of them asks call(number, …).
local function build(layout, call, values)
  local tables, by_path, index = { {} }, {}, 0
  by_path[''] = tables[1]
  for path, names in gmatch(layout, '([^:]*):([^;]*);') do
    local t = {}
    local parent, last = match(path, '^(.*)%.([^.]*)$')
    by_path[parent or ''][last or path] = t
    by_path[path], tables[#tables + 1] = t, t
    for name in gmatch(names, '[^,]+') do
      index = index + 1
      t[name] = numbered(call, index)
    end
  end
  for path, fields_of in next, values do
    for name, value in next, fields_of do by_path[path][name] = value end
  end
  by_path.json.encode = json_encode
  seal(tables)
end

-- a function of the engine; shows from the next enter on
local function offer(name, f)
  if fields[1][name] == nil then sizes[1] = sizes[1] + 1 end
  fields[1][name] = f
end

local function restore(t, copy)
  for k in next, t do
    if copy[k] == nil then rawset(t, k, nil) end
  end
  for k, v in next, copy do rawset(t, k, v) end
end

local function check(t, copy, size)
  if getmeta(t) ~= nil then setmeta(t, nil) end
  local seen = 0
  for k, v in next, t do
    if not rawequal(copy[k], v) then return restore(t, copy) end
    seen = seen + 1
  end
  if seen ~= size then restore(t, copy) end
end

local function replace(t, values)
  for k in next, t do
    if values[k] == nil then rawset(t, k, nil) end
  end
  for k, v in next, values do rawset(t, k, v) end
end

-- Runs before limits hold: nothing here may ask a metamethod of a skill (`==` does).
-- static: what belongs to the skill (or to none); shown: tables of the request, nil when it is empty
local function enter_all(static, shown, active, caller, entry_file)
  rawset(globals, 'vulcan', vulcan)
  for i = 1, count do
    local t = core[i]
    if changing[i] then
      if getmeta(t) ~= nil then setmeta(t, nil) end
    else
      check(t, fields[i], sizes[i])
    end
  end
  for i = 1, #links do
    local link = links[i]
    if not rawequal(rawget(link[1], link[2]), link[3]) then rawset(link[1], link[2], link[3]) end
  end
  replace(context, static.context)
  if entry_file then rawset(context, 'entry_file', entry_file) end
  if shown then
    for k, v in next, shown do rawset(context, k, v) end
  else
    rawset(context, 'request', {})
    rawset(context, 'client_info', {})
    rawset(context, 'client_capabilities', {})
    rawset(context, 'client_budget', {})
    rawset(context, 'tool_config', {})
    rawset(context, 'host_result', { enabled = false, allowed_kinds = {} })
  end
  replace(deps, static.deps)
  replace(internal, static.internal)
  rawset(internal, 'luaexec_active', active)
  rawset(internal, 'luaexec_caller_tool_name', caller)
  rawset(sqlite, 'enabled', static.sqlite)
  rawset(lancedb, 'enabled', static.lancedb)
  for i = 1, #databases do
    local position = databases[i]
    fields[position].enabled = rawget(core[position], 'enabled')
  end
end

local function enter(...)
  return (pcall(enter_all, ...))
end

return {
  bind = bind, handle = handle, encode = encode, build = build, enter = enter, offer = offer,
  manage_io = function(manage, log) manage(vulcan.io, log, handles) end,
}
