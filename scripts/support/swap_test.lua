-- For wrk: asks /recommend for one user after another, and checks that every answer is a success that one model alone
-- has given: the version in its body is the version in its `Nectar-Model` field.
local users = tonumber(os.getenv("SWAP_TEST_USERS"))
local threads = {}

function setup(thread)
    thread:set("number", #threads)
    table.insert(threads, thread)
end

-- Globals, because that is what `thread:get` can read once the run is over.
function init(arguments)
    answers, failures, mixtures, first_fault = 0, 0, 0, ""
    user = number * 7919
end

function request()
    user = user + 1
    return wrk.format("GET", "/recommend?limit=10&user_id=" .. (user % users + 1))
end

function response(status, fields, body)
    answers = answers + 1
    if status < 200 or status > 299 then
        failures = failures + 1
        first_fault = status .. " " .. body
        return
    end
    -- wrk gives field names as they came; names are case-insensitive.
    local inField = fields["Nectar-Model"] or fields["nectar-model"]
    local inBody = body:match('"model":%s*"([^"]*)"')
    if inField == nil or inField ~= inBody then
        mixtures = mixtures + 1
        first_fault = "field " .. tostring(inField) .. ", body " .. body
    end
end

function done(summary, latency, requests)
    local total = {answers = 0, failures = 0, mixtures = 0}
    for _, thread in ipairs(threads) do
        for name in pairs(total) do total[name] = total[name] + thread:get(name) end
        if thread:get("first_fault") ~= "" then print("fault: " .. thread:get("first_fault")) end
    end
    local errors = summary.errors
    print(string.format(
        "swap-test: answers=%d failures=%d mixtures=%d socket_errors=%d p50_us=%d p99_us=%d",
        total.answers, total.failures, total.mixtures,
        errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)
    ))
end
