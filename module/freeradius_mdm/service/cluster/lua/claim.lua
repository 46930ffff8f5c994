-- An order. ARGV[5..6]: id, ms. Returns 1 for the node that carries it out: the first, which may ask again; -1 when
-- this Redis has just begun to serve us and may have forgotten: every node is given the time to tell it again.
local key = p .. 'order:' .. ARGV[5]
local value = redis.call('GET', key)
if value and value ~= 'claimed ' .. node then
    return 0
end
if not value and now - tonumber(redis.call('HGET', p .. 'server', 'since') or now) < tonumber(ARGV[4]) then
    return -1
end
redis.call('SET', key, 'claimed ' .. node, 'PX', ARGV[6])
return 1
