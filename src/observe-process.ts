import type { Gauge } from "./admin/metrics.ts";

/** What every process tells of itself, by the names that Prometheus' client libraries have for it. */
export function processGauges(): readonly Gauge[] {
  const startSeconds = performance.timeOrigin / 1000;
  return [
    {
      name: "process_cpu_seconds_total",
      help: "CPU time of user and system together, in seconds.",
      type: "counter",
      read: () => alone(cpuSeconds()),
    },
    {
      name: "process_resident_memory_bytes",
      help: "Resident memory of the process.",
      type: "gauge",
      read: () => alone(process.memoryUsage().rss),
    },
    {
      name: "process_start_time_seconds",
      help: "When the process started, in seconds since 1970.",
      type: "gauge",
      read: () => alone(startSeconds),
    },
  ];
}

function alone(value: number) {
  return [{ labels: {}, value }];
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
