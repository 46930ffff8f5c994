-- Single flight over the nodes. ARGV[5..6]: key, ms. Returns 1 for the one that asks.
local key = p .. 'ask:' .. ARGV[5]
local who = redis.call('GET', key)
if who and who ~= instance then
    return 0
end
redis.call('SET', key, instance, 'PX', ARGV[6])
return 1
