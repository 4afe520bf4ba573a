#!lua
-- health: count one query's unresolved contradictions, and say what follows from the worst.
-- KEYS[1] kb:{q:<id>}:deltas  list: contradictions, JSON
-- ARGV[1] how many critical and high ones are still coherent
-- Returns {code, critical, high, medium, low, settled, response: refuse, ask, lower or none}; the code is one of
--   1 coherent | 0 dissonant | -4 the deltas are no list | -5 one of them is not what coupling writes
local list = redis.pcall('LRANGE', KEYS[1], 0, -1)
if list.err then return {-4} end
local counts = {critical = 0, high = 0, medium = 0, low = 0}
local settled = 0
for _, raw in ipairs(list) do
  local ok, delta = pcall(cjson.decode, raw)
  if not ok or type(delta) ~= 'table' or not counts[delta.severity] then return {-5} end
  if delta.resolution == 'unresolved' then
    counts[delta.severity] = counts[delta.severity] + 1
  else
    settled = settled + 1
  end
end
local response = 'none'
if counts.medium + counts.low > 0 then response = 'lower' end
if counts.high > 0 then response = 'ask' end
if counts.critical > 0 then response = 'refuse' end
local code = 1
if counts.critical + counts.high > tonumber(ARGV[1]) then code = 0 end
return {code, counts.critical, counts.high, counts.medium, counts.low, settled, response}
