# SPDX-License-Identifier: Apache-2.0
# An application log of `lines` JSON lines, the same at every run. Each service has a logger with
# level names of its own.
function roll(sides) { state = (state * 16807) % 2147483647; return state % sides }
BEGIN {
    state = 4711
    split("orders payments search", services)
    split("DEBUG INFO INFO INFO WARN ERROR FATAL", names_of_orders)
    split("debug information information notice warning err crit", names_of_payments)
    split("20 30 30 30 40 50 60", names_of_search)
    split("cache asked|request served|session opened|job done|slow answer from the store|store refused the write|no store left", texts, "|")
    for (i = 0; i < lines; i++) {
        service = services[1 + roll(3)]
        at = roll(100)
        kind = at < 20 ? 1 : at < 80 ? 2 + roll(3) : at < 94 ? 5 : 6
        if (roll(900) == 0) kind = 7
        level = service == "search" ? names_of_search[kind] : \
            "\"" (service == "orders" ? names_of_orders[kind] : names_of_payments[kind]) "\""
        printf "{\"time\":\"2026-11-23T%02d:%02d:%02d.%03dZ\",\"service\":\"%s\",\"level\":%s,\"text\":\"%s\",\"ms\":%d}\n",
            9 + int(i / 3600), int(i / 60) % 60, i % 60, roll(1000), service, level, texts[kind], roll(500)
    }
}
