//! Logging: structured, to standard error, at level `warn` by default. Logs never contain message bodies, tokens or names.

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Starts logging. An invalid filter, which the configuration already refuses, falls back to `warn`.
pub fn init(filter: &str, format: LogFormat) {
    // The client of NATS reports each attempt to connect as an error. What matters of them the cluster logs.
    let filter = EnvFilter::try_new(format!("async_nats=off,{filter}")).unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
