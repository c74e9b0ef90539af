return function(args)
  local note = args.note
  return 'standard-ffi-demo:' .. (note ~= nil and note ~= '' and note or 'ok')
end
