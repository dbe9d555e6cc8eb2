//! What a measure of the flows needs of the machine.

use std::future::Future;
use std::time::Duration;

/// Processor time of this process so far.
pub(crate) fn burnt() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).expect("small"), u32::try_from(time.tv_nsec).expect("small"))
}

/// Resident memory in MiB: now, and the highest so far.
pub(crate) fn memory() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(f64::NAN) / 1024.0
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// Runs on one thread with virtual time.
pub(crate) fn alone<T>(run: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().expect("a runtime").block_on(run)
}
