-- The managed replacement of the global `io`, on top of `vulcan.io`.
-- Arguments: the functions of vulcan.io; log(text), where output goes that nobody chose a file for; handles, all host handles.
local vio, log, handles = ...
local type, error, tostring, select = type, error, tostring, select
local open, lines, popen, tmpfile = vio.open, vio.lines, vio.popen, vio.tmpfile
local concat = table.concat
local chosen_input, chosen_output

local function is_file(h)
  local index = handles[h]
  return index ~= nil and index.seek ~= nil
end

local managed = { open = open, popen = popen, tmpfile = tmpfile }

function managed.type(h)
  if h == nil or not is_file(h) then return 'nil' end
  return handles[h].closed(h) and 'closed file' or 'file'
end

local function choose(h, mode)
  if type(h) == 'string' then return open(h, mode) end
  if h == nil or not is_file(h) then error('expected a path or a file, got ' .. type(h), 0) end
  return h
end

function managed.input(h)
  if h ~= nil then chosen_input = choose(h, 'r') end
  return chosen_input
end

function managed.output(h)
  if h ~= nil then chosen_output = choose(h, 'w') end
  return chosen_output
end

local function input()
  if not chosen_input then error('io.read has no managed input; call io.input(path_or_file) first', 0) end
  return chosen_input
end

function managed.read(...) return input():read(...) end

function managed.lines(path, ...)
  if path == nil then return input():lines() end
  return lines(path, ...)
end

function managed.write(...)
  if chosen_output then return chosen_output:write(...) end
  local texts = {}
  for i = 1, select('#', ...) do texts[i] = tostring((select(i, ...))) end
  log(concat(texts))
  return true
end

function managed.flush()
  if chosen_output then return chosen_output:flush() end
  return true
end

function managed.close(h)
  if h == nil then
    h, chosen_output = chosen_output, nil
    if h == nil then return true end
  end
  if not is_file(h) then error('expected a file, got ' .. type(h), 0) end
  return h:close()
end

io = managed
package.loaded.io, package.loaded['vulcan.io'] = managed, vio
package.preload.io = function() return managed end
