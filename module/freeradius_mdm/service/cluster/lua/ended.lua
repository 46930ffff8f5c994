-- What others saw end. ARGV[5..]: ids that have been dealt with. Returns {id, who saw it, ...} of the rest.
for i = 5, #ARGV do
    redis.call('HDEL', p .. 'ended:' .. node, ARGV[i])
end
return redis.call('HGETALL', p .. 'ended:' .. node)
