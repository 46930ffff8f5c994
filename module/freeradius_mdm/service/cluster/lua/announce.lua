-- ARGV[5..6]: topic, text.
notice('n', ARGV[5], ARGV[6])
return 1
