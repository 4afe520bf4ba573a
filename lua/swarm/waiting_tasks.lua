#!lua
-- waiting_tasks: find the work that nobody has, the most urgent first, and the work whose holder's lease has ended.
-- KEYS[1] kb:{swarm}:tasks:unassigned   sorted set: work nobody has, by priority and age
-- KEYS[2] kb:{swarm}:tasks:leased       sorted set: work somebody has, by the end of the lease in ms
-- ARGV[1] most of each   ARGV[2] how many of the unassigned to pass over
-- Returns {ids of unassigned work, ids of work whose lease has ended}; what can be no id is dropped and not returned
local function ids_of(queue, found)
  local ids = {}
  for _, id in ipairs(found) do
    if #id <= 64 and id:find('^[%w_-]+$') then
      ids[#ids + 1] = id
    else
      -- Who only reads may not drop it, and sees the rest.
      redis.pcall('ZREM', queue, id)
    end
  end
  return ids
end
local ids, length = {}, nil
-- A page of nothing but odd ones is not the end of the queue.
while #ids == 0 and length ~= redis.call('ZCARD', KEYS[1]) do
  length = redis.call('ZCARD', KEYS[1])
  ids = ids_of(KEYS[1], redis.call('ZRANGE', KEYS[1], ARGV[2], ARGV[2] + ARGV[1] - 1))
end
local time = redis.call('TIME')
local now_ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
return {
  ids,
  (ids_of(KEYS[2], redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now_ms, 'LIMIT', 0, ARGV[1]))),
}
