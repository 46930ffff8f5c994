-- An answer: the one that was given last stays. ARGV[5..8]: key, answered at (s), value, ms to keep it.
local old = redis.call('GET', p .. 'a:' .. ARGV[5])
if old and (tonumber(string.match(old, '^%S+')) or 0) >= tonumber(ARGV[6]) then
    redis.call('DEL', p .. 'ask:' .. ARGV[5])
    return 0
end
-- First what a full Redis refuses: a script that has written something is let through to its end.
redis.call('SET', p .. 'a:' .. ARGV[5], ARGV[7], 'PX', ARGV[8])
redis.call('DEL', p .. 'ask:' .. ARGV[5])
notice('a', ARGV[5], ARGV[7])
return 1
