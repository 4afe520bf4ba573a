#!lua
-- hit: count one query for the grain of its question and the fact that answered it.
-- KEYS[1] kb:{grains}:records  hash by grain id: JSON; fractions, the fact's id and the history are text in it
-- KEYS[2] kb:{grains}:recency  sorted set: grains that are not crystallised, by when they were last touched, in ms
-- KEYS[3] kb:{grains}:crystallised  set of grain ids
-- KEYS[4] kb:{grains}:clock  hash: version, cycle, born
-- ARGV[1] grain id   ARGV[2] form   ARGV[3] cartridge   ARGV[4] fact id   ARGV[5] fact hash
-- ARGV[6] measured, by a search as sure as ARGV[7], 0 to 1 | served, by the grain itself | entered, to count nothing
-- ARGV[8] most grains that are not crystallised: the longest untouched goes
-- Returns 1 counted
--   2 a record was begun, or begun anew: it was damaged or dead, or its fact had another wording
--   0 served by a grain that is not there: nothing is counted
local id, kind, now = ARGV[1], ARGV[6], redis.call('TIME')
local cycle = tonumber(redis.call('HGET', KEYS[4], 'cycle') or 0)
local counts = {'hits', 'measured', 'mean', 'spread', 'confirmed', 'refuted'}
local cycles = {'first_cycle', 'last_cycle', 'cycle', 'cycle_hits'}
-- The record in a text; nothing if it is damaged.
local function opened(text)
  local fine, held = pcall(cjson.decode, text)
  if not fine or type(held) ~= 'table' or type(held.history) ~= 'string' then return nil end
  local sound = true
  for _, names in ipairs({counts, cycles}) do
    for _, name in ipairs(names) do sound = sound and tonumber(held[name]) end
  end
  return sound and held or nil
end
local held = opened(redis.call('HGET', KEYS[1], id) or '')
local stands = held and held.fact_hash == ARGV[5] and held.state ~= 'dead'
if kind == 'served' and not (stands and held.state == 'crystallised') then return 0 end
local code = 1
if not stands then
  code = 2
  held = {form = ARGV[2], cartridge = ARGV[3], fact_id = ARGV[4], fact_hash = ARGV[5], state = 'candidate', history = ''}
  for _, name in ipairs(counts) do held[name] = 0 end
  for _, name in ipairs(cycles) do held[name] = cycle end
  held.cycle_hits, held.born = 0, redis.call('HINCRBY', KEYS[4], 'born', 1)
  if redis.call('SREM', KEYS[3], id) == 1 then redis.call('HINCRBY', KEYS[4], 'version', 1) end
end
if cycle > held.cycle then
  local past = {}
  for hits in held.history:gmatch('%d+') do past[#past + 1] = hits end
  past[#past + 1] = held.cycle_hits
  for _ = 1, math.min(cycle - held.cycle - 1, 50) do past[#past + 1] = 0 end
  held.history, held.cycle, held.cycle_hits = table.concat(past, ',', math.max(1, #past - 49)), cycle, 0
end
if kind ~= 'entered' then
  held.hits, held.cycle_hits, held.last_cycle = held.hits + 1, held.cycle_hits + 1, cycle
end
if kind == 'measured' then
  held.measured = held.measured + 1
  local off = ARGV[7] - held.mean
  local mean = held.mean + off / held.measured
  held.spread = string.format('%.17g', held.spread + off * (ARGV[7] - mean))
  held.mean = string.format('%.17g', mean)
end
redis.call('HSET', KEYS[1], id, cjson.encode(held))
if held.state ~= 'crystallised' then redis.call('ZADD', KEYS[2], now[1] * 1000 + math.floor(now[2] / 1000), id)
elseif kind == 'measured' then redis.call('HINCRBY', KEYS[4], 'version', 1) end
for _ = 1, redis.call('ZCARD', KEYS[2]) - ARGV[8] do redis.call('HDEL', KEYS[1], redis.call('ZPOPMIN', KEYS[2])[1]) end
return code
