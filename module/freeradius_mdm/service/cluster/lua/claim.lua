-- An order. ARGV[5..6]: id, ms. Returns 1 for the node that carries it out: the first, which may ask again.
local key = p .. 'order:' .. ARGV[5]
local value = redis.call('GET', key)
if value and value ~= 'claimed ' .. node then
    return 0
end
redis.call('SET', key, 'claimed ' .. node, 'PX', ARGV[6])
return 1
