-- Sessions of nodes that are gone become this node's. ARGV[5]: at most so many.
-- Returns {id, "FORMER_OWNER JSON", ...}: these, and those given before that it has not acknowledged.
local room = tonumber(ARGV[5]) - redis.call('HLEN', p .. 'taken:' .. node)
if room > 0 then
    local all = redis.call('HKEYS', p .. 'nodes')
    for _, name in ipairs(all) do
        if room > 0 and name ~= node and not alive(name) then
            for _, id in ipairs(redis.call('SRANDMEMBER', p .. 'of:' .. name, room)) do
                local owner, home, json = session(id)
                if owner == name then
                    hand_over(id, name, node, home, json)
                    room = room - 1
                else
                    redis.call('SREM', p .. 'of:' .. name, id)
                end
            end
        end
    end
end
return redis.call('HGETALL', p .. 'taken:' .. node)
