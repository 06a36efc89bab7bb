-- wrk --script wrk.lua <url> -- <file of tokens> <how many are familiar> <fresh per ten> <position> <header>
--
-- Sends the tokens of a file in the order of tokens/token-stream.ts, and prints what came of it.

local prepared = {}
local familiar, fresh, fresh_per_ten

function init(args)
  familiar, fresh_per_ten = tonumber(args[2]), tonumber(args[3])
  position = tonumber(args[4]) -- global, for thread:get()
  local header = args[5]
  local scheme = header == 'Authorization' and 'Bearer ' or ''
  for token in io.lines(args[1]) do
    wrk.headers[header] = scheme .. token
    prepared[#prepared + 1] = wrk.format()
  end
  fresh = #prepared - familiar
end

function request()
  local place = position % 10
  local index
  if place < fresh_per_ten then
    index = familiar + (math.floor(position / 10) * fresh_per_ten + place) % fresh
  else
    index = position % familiar
  end
  position = position + 1
  return prepared[index + 1]
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary)
  local errors = summary.errors
  print(string.format(
    '{"position":%d,"requests":%d,"microseconds":%d,"refused":%d,"broken":%d}',
    threads[1]:get('position'), summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
