#!lua
-- post_finding: keep a finding with its packet, and note it under its task and its topic; twice keeps it once.
-- KEYS[1] kb:{swarm}:finding:<id>            hash: the finding
-- KEYS[2] kb:{swarm}:findings:of:<task id>   list: findings of a task, the oldest first
-- KEYS[3] kb:{swarm}:findings:on:<digest>    list: findings on a topic, the oldest first
-- KEYS[4] kb:{swarm}:events                  stream: what happens on the bus
-- ARGV[1] finding id   ARGV[2] ttl_s   ARGV[3] 1 if it has a task   ARGV[4] 1 if it has a topic   ARGV[5] agent
-- ARGV[6] length of the stream   ARGV[7]... fields of the finding, name and value in turn, the claim and the worker first
-- Returns {code, number of the key}: 1 kept | 2 kept before | 0 another finding has this id
--   -9 a key holds another type, nothing was written
for at, kind in ipairs({'hash', 'list', 'list', 'stream'}) do
  local found = redis.call('TYPE', KEYS[at]).ok
  if found ~= kind and found ~= 'none' then return {-9, at} end
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  local claim, worker = unpack(redis.call('HMGET', KEYS[1], ARGV[7], ARGV[9]))
  if claim == ARGV[8] and worker == ARGV[10] then return {2} end
  return {0}
end
redis.call('HSET', KEYS[1], unpack(ARGV, 7, #ARGV))
redis.call('EXPIRE', KEYS[1], ARGV[2])
for at = 2, 3 do
  if ARGV[at + 1] == '1' then
    -- An index lives as long as the longest of what it names.
    local is_new = redis.call('RPUSH', KEYS[at], ARGV[1]) == 1
    redis.call('EXPIRE', KEYS[at], ARGV[2], is_new and 'NX' or 'GT')
  end
end
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[6], '*', 'kind', 'finding_posted', 'id', ARGV[1], 'agent', ARGV[5])
return {1}
