/* SPDX-License-Identifier: Apache-2.0 */
/* The objects jvm, process and os, with honest substitutes for what a process without a JVM has not. */
#include <sys/utsname.h>
#include <unistd.h>
#include "pipelines/stats_part.h"

static json_t *pool(uint64_t used)
{
    json_t *object = json_object();
    put_number(object, "used_in_bytes", used);
    put_number(object, "max_in_bytes", used);
    put_number(object, "peak_used_in_bytes", used);
    put_number(object, "peak_max_in_bytes", used);
    put_number(object, "committed_in_bytes", used);
    return object;
}

static uint64_t memory_limit(const struct stats *stats)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < stats->supervisor->pipeline_count; i++)
        sum += stats->supervisor->pipelines[i]->budget.limit;
    return sum;
}

json_t *stats_jvm(const struct stats *stats)
{
    struct process_numbers process = process_numbers_read();
    uint64_t used = process.resident_bytes, most = memory_limit(stats) + used;
    json_t *jvm = json_object(), *threads = json_object(), *mem = json_object(), *pools = json_object();
    json_t *gc = json_object(), *collectors = json_object();
    uint64_t count = 1;
    for (uint32_t i = 0; i < stats->supervisor->pipeline_count; i++)
        count += stats->supervisor->pipelines[i]->worker_count + 1;
    put_number(threads, "count", count);
    put_number(threads, "peak_count", count);
    put(jvm, "threads", threads);
    put_number(jvm, "uptime_in_millis", (now_ns() - stats->started_ns) / 1000000);
    put_number(mem, "heap_used_percent", most ? used * 100 / most : 0);
    put_number(mem, "heap_committed_in_bytes", used);
    put_number(mem, "heap_max_in_bytes", most);
    put_number(mem, "heap_used_in_bytes", used);
    put_number(mem, "non_heap_used_in_bytes", 0);
    put_number(mem, "non_heap_committed_in_bytes", 0);
    put(pools, "young", pool(0));
    put(pools, "old", pool(used));
    put(pools, "survivor", pool(0));
    put(mem, "pools", pools);
    put(jvm, "mem", mem);
    static const char *const names[] = {"young", "old"};
    for (size_t i = 0; i < 2; i++) {
        json_t *collector = json_object();
        put_number(collector, "collection_count", 0);
        put_number(collector, "collection_time_in_millis", 0);
        put(collectors, names[i], collector);
    }
    put(gc, "collectors", collectors);
    put(jvm, "gc", gc);
    return jvm;
}

json_t *stats_process(const struct stats *stats)
{
    struct process_numbers numbers = process_numbers_read();
    json_t *process = json_object(), *mem = json_object(), *cpu = json_object(), *load = json_object();
    put_number(process, "open_file_descriptors", numbers.open_files);
    put_number(process, "peak_open_file_descriptors",
               numbers.open_files > stats->peak_files ? numbers.open_files : stats->peak_files);
    put_number(process, "max_file_descriptors", numbers.max_files);
    put_number(mem, "total_virtual_in_bytes", numbers.virtual_bytes);
    put(process, "mem", mem);
    put_number(cpu, "total_in_millis", numbers.cpu_ns / 1000000);
    put_number(cpu, "percent", stats->cpu_percent);
    put(load, "1m", json_real(numbers.load[0]));
    put(load, "5m", json_real(numbers.load[1]));
    put(load, "15m", json_real(numbers.load[2]));
    put(cpu, "load_average", load);
    put(process, "cpu", cpu);
    return process;
}

json_t *stats_os_info(void)
{
    struct utsname name;
    json_t *os = json_object();
    if (uname(&name)) return os;
    put_text(os, "name", name.sysname);
    put_text(os, "arch", name.machine);
    put_text(os, "version", name.release);
    put_number(os, "available_processors", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
    return os;
}

json_t *stats_jvm_info(const struct stats *stats)
{
    json_t *jvm = json_object(), *mem = json_object(), *collectors = json_array();
    put_number(jvm, "pid", (uint64_t)getpid());
    put_text(jvm, "version", "none");
    put_text(jvm, "vm_version", TAILRACE_VERSION);
    put_text(jvm, "vm_vendor", "Tailrace");
    put_text(jvm, "vm_name", "Tailrace (no JVM)");
    put_number(jvm, "start_time_in_millis",
               stats->supervisor->pipeline_count ? stats->supervisor->pipelines[0]->started_at_ms : 0);
    put_number(mem, "heap_init_in_bytes", 0);
    put_number(mem, "heap_max_in_bytes", memory_limit(stats));
    put_number(mem, "non_heap_init_in_bytes", 0);
    put_number(mem, "non_heap_max_in_bytes", 0);
    put(jvm, "mem", mem);
    put(jvm, "gc_collectors", collectors);
    return jvm;
}
