-- ARGV[5]: a key whose value begins with its holder's instance, like lease:NAME; deleted if that is this one.
local value = redis.call('GET', p .. ARGV[5])
if value and string.match(value, '^%S+') == instance then
    return redis.call('DEL', p .. ARGV[5])
end
return 0
