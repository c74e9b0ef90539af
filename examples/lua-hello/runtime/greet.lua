return function(args)
  return "Hello, " .. args.name .. "!"
end
