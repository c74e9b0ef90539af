-- vulcan.call inside one VM: open(name) switches to the callee and gives its function, close() switches back.
local open, close = ...
local pcall, error, type = pcall, error, type

local function back(ok, ...)
  close()
  if not ok then error((...), 0) end
  return ...
end

return function(name, args)
  local f, reason = open(name)
  if not f then error(reason, 0) end
  return back(pcall(f, type(args) == 'table' and args or {}))
end
