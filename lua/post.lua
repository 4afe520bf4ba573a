#!lua
-- post: fill one query's spotlights, all levels in one call; what stood in them before is replaced.
-- KEYS[1] kb:{q:<id>}:query  hash: state, kappa, coupled_ms    KEYS[2] kb:{q:<id>}:L0  KEYS[3] kb:{q:<id>}:L1  KEYS[4] kb:{q:<id>}:L2
-- KEYS[5] kb:{q:<id>}:L3  KEYS[6] kb:{q:<id>}:L4  KEYS[7] kb:{q:<id>}:L5  lists: items, JSON
-- ARGV[1] ttl_s   ARGV[2] the items: the digit of the level, then JSON, one after the other as a JSON list of strings
-- Returns 1 posted | -1 the query has ended | -2 no such query | -3 kappa is no number above 0 | -4 an item has no level
local state, kappa, coupled_ms = unpack(redis.call('HMGET', KEYS[1], 'state', 'kappa', 'coupled_ms'))
if not state then return -2 end
if state ~= 'open' then return -1 end
kappa = tonumber(kappa)
if not kappa or kappa ~= kappa or kappa <= 0 or kappa == math.huge then return -3 end
local levels = {{}, {}, {}, {}, {}, {}}
for _, item in ipairs(cjson.decode(ARGV[2])) do
  local list = levels[(tonumber(string.sub(item, 1, 1)) or -1) + 1]
  if not list then return -4 end
  table.insert(list, string.sub(item, 2))
end
local is_same = coupled_ms
for at, list in ipairs(levels) do
  local held = is_same and redis.pcall('LRANGE', KEYS[at + 1], 0, -1)
  is_same = held and not held.err and table.concat(held, '\n') == table.concat(list, '\n')
  redis.call('DEL', KEYS[at + 1])
  if #list > 0 then
    redis.call('RPUSH', KEYS[at + 1], unpack(list))
    redis.call('EXPIRE', KEYS[at + 1], ARGV[1])
  end
end
-- A stage that is delivered again posts the same again: what was told of it is not told twice.
if coupled_ms and not is_same then redis.call('HDEL', KEYS[1], 'coupled_ms') end
return 1
