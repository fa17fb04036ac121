//! A socket that ends: when it is told to, or when its peer takes nothing for long.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::oneshot,
    time::Sleep,
};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::carrier::Carrier;

/// A write that gets nowhere for this long is given up.
const STALL: Duration = Duration::from_secs(10);

/// The same when the connection is to end.
const LAST_STALL: Duration = Duration::from_secs(2);

/// See the module.
pub(super) struct Wire {
    stream: TcpStream,
    /// What was read with the request's head, and how much of it has been given on.
    early: (Vec<u8>, usize),
    carrier: Arc<Carrier>,
    ending: Pin<Box<WaitForCancellationFutureOwned>>,
    stalled: Option<Pin<Box<Sleep>>>,
    /// Dropped with it.
    _gone: oneshot::Sender<()>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, early: Vec<u8>, carrier: Arc<Carrier>, gone: oneshot::Sender<()>) -> Self {
        let ending = Box::pin(carrier.ending.clone().cancelled_owned());
        Self { stream, early: (early, 0), carrier, ending, stalled: None, _gone: gone }
    }

    /// Waits no longer than it may for what is not ready.
    fn patiently<T>(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stalled = None;
            return poll;
        }
        let patience = if self.carrier.ending.is_cancelled() { LAST_STALL } else { STALL };
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (early, at) = &mut self.early;
        let rest = early.get(*at..).unwrap_or_default();
        if !rest.is_empty() {
            let part = rest.get(..buf.remaining()).unwrap_or(rest);
            buf.put_slice(part);
            *at += part.len();
            return Poll::Ready(Ok(()));
        }
        // As if the peer had closed: the library then writes what waits, and closes.
        if self.ending.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, buf);
        self.patiently(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.patiently(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
