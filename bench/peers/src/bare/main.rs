//! A minimal epoll broadcaster, the baseline that other servers are compared with.
//!
//! One thread, no async runtime, no JSON: payloads are sent to all members of the room unchanged. With `MODE=single` each
//! frame is one write to each receiver, at once. With `MODE=batch` (the default) each iteration of the loop first reads
//! everything readable, then writes all waiting frames to each receiver in one write.

#[cfg(target_os = "linux")]
mod connection;
#[cfg(target_os = "linux")]
mod frame;
#[cfg(target_os = "linux")]
mod handshake;
#[cfg(target_os = "linux")]
mod room;
#[cfg(target_os = "linux")]
mod server;

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    use connection::Mode;

    let settings = parlor_peers::Settings::from_env()?;
    let mode = match std::env::var("MODE").as_deref() {
        Ok("single") => Mode::Single,
        Ok("batch") | Err(_) => Mode::Batch,
        Ok(other) => anyhow::bail!("MODE must be single or batch, not {other:?}"),
    };
    let mut server = server::Server::bind(settings, mode)?;
    parlor_peers::announce(server.address()?)?;
    server.run()
}

#[cfg(not(target_os = "linux"))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("peer-bare needs Linux: it is written for epoll")
}
