return function(args)
  local answer = vulcan.models.llm("You write haikus of three lines.", "A haiku about " .. args.topic)
  if not answer.ok then
    return "No haiku today: " .. answer.error.message
  end
  return answer.assistant
end
