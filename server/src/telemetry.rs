//! Logs: structured, to standard error, quiet by default. Never a body, a token or a name.

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Starts logging. `filter` was checked when the configuration was read; a bad one logs everything from `warn` on.
pub fn init(filter: &str, format: LogFormat) {
    let filter = filter.parse().unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
