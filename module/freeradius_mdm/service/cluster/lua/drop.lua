-- The end of a session. ARGV[5]: id. Its owner and its home are told, if they are others.
local id = ARGV[5]
local owner, home = session(id)
if not owner then
    return 0
end
redis.call('HDEL', p .. 'sessions', id)
redis.call('SREM', p .. 'of:' .. owner, id)
redis.call('SREM', p .. 'away:' .. home, id)
redis.call('HDEL', p .. 'taken:' .. owner, id)
for _, name in ipairs({owner, home}) do
    if name ~= node then
        redis.call('HSET', p .. 'ended:' .. name, id, node)
        redis.call('PEXPIRE', p .. 'ended:' .. name, 172800000)
    end
end
return 1
