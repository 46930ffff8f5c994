-- Sessions of this node that it no longer knows are given to it once more. ARGV[5..]: ids.
for i = 5, #ARGV do
    local owner, _, json = session(ARGV[i])
    if owner == node then
        redis.call('HSETNX', p .. 'taken:' .. node, ARGV[i], node .. ' ' .. json)
    end
end
return #ARGV - 4
