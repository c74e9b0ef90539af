-- vulcan.call into a VM of the callee's own: arguments and results travel as JSON values.
local call, encode = ...
local pcall, error, type, unpack = pcall, error, type, table.unpack or unpack

return function(name, args)
  local ok, text = pcall(encode, type(args) == 'table' and args or {})
  if not ok then error(type(text) == 'table' and text[1] or text, 0) end
  local values, count = call(name, text)
  if not values then error(count, 0) end
  return unpack(values, 1, count)
end
