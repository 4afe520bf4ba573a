#!lua
-- claim: let one delivery own one stage of one query until its lease ends.
-- KEYS[1] kb:{q:<id>}:query   hash: the query and its state
-- KEYS[2] kb:{q:<id>}:claims  hash: <stage>.token, .until_ms, .count, .done
-- KEYS[3] kb:{q:<id>}:work    hash: what earlier stages left for later ones
-- KEYS[4] kb:{q:<id>}:events  stream: its lifecycle
-- KEYS[5] kb:{feed}:events  stream: what happens to all queries; only where all keys are on one server
-- ARGV[1] stage   ARGV[2] token, fresh for each delivery   ARGV[3] lease_ms   ARGV[4] most deliveries   ARGV[5] ttl_s
-- ARGV[6] stage of life, or empty   ARGV[7] the stages before it, with a space before and after each
-- ARGV[8] query id   ARGV[9] length of the feed
-- Returns {code, remaining_ms, text, project, kappa, user, work as a flat list, now_ms,
--   1 if the stage of life is new, how engines vote if they do}; the code is one of
--   1 claimed | 2 recorded before | 3 claimed only to bury it: delivered too often
--   0 held by another delivery | -1 the query has ended | -2 no such query | -3 past its deadline
local query, claims, work, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local stage, token = ARGV[1], ARGV[2]
local state, deadline_ms, life = unpack(redis.call('HMGET', query, 'state', 'deadline_ms', 'lifecycle'))
if not state then return {-2} end
life = life or ''
if state ~= 'open' then return {-1} end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local remaining_ms = deadline_ms - now_ms
if remaining_ms <= 0 then return {-3} end
local noted = 0
local function reply(code)
  local text, project, kappa, user, votes = unpack(redis.call('HMGET', query, 'text', 'project', 'kappa', 'user', 'consensus'))
  return {code, remaining_ms, text, project, kappa, user, redis.call('HGETALL', work), string.format('%.0f', now_ms), noted, votes}
end
local owner, until_ms, count, done = unpack(
  redis.call('HMGET', claims, stage .. '.token', stage .. '.until_ms', stage .. '.count', stage .. '.done'))
if done then return reply(2) end
if owner and owner ~= token and now_ms < tonumber(until_ms) then return {0} end
if owner ~= token then count = redis.call('HINCRBY', claims, stage .. '.count', 1) end
local code = 1
if tonumber(count) > tonumber(ARGV[4]) then code = 3 end
redis.call('HSET', claims,
  stage .. '.token', token, stage .. '.until_ms', string.format('%.0f', now_ms + ARGV[3]))
redis.call('HSET', query, 'stage', stage, 'touched_ms', string.format('%.0f', now_ms))
redis.call('XADD', events, '*', 'kind', 'started', 'data', stage)
if ARGV[6] ~= '' and (life == '' or string.find(ARGV[7], ' ' .. life .. ' ', 1, true)) then
  noted = 1
  redis.call('HSET', query, 'lifecycle', ARGV[6])
  redis.call('XADD', events, '*', 'kind', 'lifecycle', 'data', ARGV[6])
  if KEYS[5] then
    redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[9], '*', 'query_id', ARGV[8], 'kind', 'lifecycle', 'data', ARGV[6])
  end
end
redis.call('EXPIRE', claims, ARGV[5])
return reply(code)
