-- This node is back: the sessions that it authorized come back from those that took them. ARGV[5]: at most so many.
-- Returns how many are still away.
for _, id in ipairs(redis.call('SRANDMEMBER', p .. 'away:' .. node, ARGV[5])) do
    local owner, home, json = session(id)
    if owner and owner ~= node and home == node then
        hand_over(id, owner, node, home, json)
        notice('m', id, owner)
    else
        redis.call('SREM', p .. 'away:' .. node, id)
    end
end
return redis.call('SCARD', p .. 'away:' .. node)
