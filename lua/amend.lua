#!lua
-- amend: put another text in the place of one contradiction, if it still reads as it was seen.
-- KEYS[1] kb:{q:<id>}:deltas  list: contradictions, JSON
-- ARGV[1] index from 0   ARGV[2] the text as it was seen   ARGV[3] the new text
-- Returns 1 amended | 0 it reads otherwise by now, or is gone
if redis.call('LINDEX', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('LSET', KEYS[1], ARGV[1], ARGV[3])
return 1
