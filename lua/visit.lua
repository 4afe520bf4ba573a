#!lua
-- visit: return what a user's questions of one type have dwelt on, decayed to now, and add one more.
-- KEYS[1] kb:{context:<user>}:state  hash by query type: byte 1, last visit in ms since 1970, visits, the 24 numbers of
--   the state, by window (1 hour, 1 day, 72 hours, 1 week) and in it by level, as little-endian doubles
-- ARGV[1] query type   ARGV[2] share of L0   ARGV[3] L1   ARGV[4] L2   ARGV[5] L3   ARGV[6] L4   ARGV[7] L5, 0 to 1
-- ARGV[8] ttl_s   ARGV[9] visit, or look to add nothing   ARGV[10] most query types: the longest unvisited goes
-- Returns {code, ms since the last visit, visits before, the 24 numbers before}, as text; other codes stand alone:
--   1 remembered | 0 nothing is remembered
--   -1 what was there is damaged: a visit puts a fresh state in its place
--   -2 the key is no hash: nothing is done
local key, kind = KEYS[1], ARGV[1]
local shares = {ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]}
local taus_ms = {3600000, 86400000, 259200000, 604800000}
local gain, form = 0.3, '<B' .. string.rep('d', 26)
local kept = redis.call('TYPE', key).ok
if kept ~= 'hash' and kept ~= 'none' then return {-2} end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + time[2] / 1000
local function within(number, least, most) return number >= least and number <= most end
-- The fields of a state: its byte, last visit, visits, numbers; nothing if it is damaged.
local function opened(packed)
  if #packed ~= struct.size(form) then return nil end
  local held = {struct.unpack(form, packed)}
  local sound = held[1] == 1 and within(held[2], 0, 1e15) and within(held[3], 1, 1e15) and held[3] % 1 == 0
  for at = 4, 27 do sound = sound and within(held[at], 0, 1) end
  return sound and held or nil
end
local packed = redis.call('HGET', key, kind)
local before = packed and opened(packed)
local code = before and 1 or packed and -1 or 0
local reply, state, visits = {code}, {}, before and before[3] or 0
if before then
  -- A clock that went backwards counts as no time.
  local elapsed_ms = math.max(0, now_ms - before[2])
  for at = 1, 24 do state[at] = before[at + 3] * math.exp(-elapsed_ms / taus_ms[math.ceil(at / 6)]) end
  -- Redis cuts numbers to integers; 17 digits are all a double has.
  for at, number in ipairs({elapsed_ms, visits, unpack(state)}) do reply[at + 1] = string.format('%.17g', number) end
end
if ARGV[9] == 'look' then return reply end
for at = 1, 24 do
  local h = state[at] or 0
  state[at] = h + (1 - h) * gain * shares[(at - 1) % 6 + 1]
end
while not packed and redis.call('HLEN', key) >= tonumber(ARGV[10]) do
  local oldest, at_ms = nil, math.huge
  local fields = redis.call('HGETALL', key)
  for at = 1, #fields, 2 do
    local held = opened(fields[at + 1])
    local last_ms = held and held[2] or -1
    if last_ms < at_ms then oldest, at_ms = fields[at], last_ms end
  end
  redis.call('HDEL', key, oldest)
end
redis.call('HSET', key, kind, struct.pack(form, 1, now_ms, visits + 1, unpack(state)))
redis.call('PEXPIRE', key, string.format('%.0f', ARGV[8] * 1000))
return reply
