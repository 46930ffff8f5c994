-- ARGV[5..7]: order id, result, ms. The first result stays.
local key = p .. 'order:' .. ARGV[5]
local value = redis.call('GET', key)
if value and string.sub(value, 1, 8) == 'settled ' then
    return 0
end
redis.call('SET', key, 'settled ' .. node .. ' ' .. ARGV[6], 'PX', ARGV[7])
return 1
