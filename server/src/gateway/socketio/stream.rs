//! A socket for the library that can be ended, and that fails when its peer takes nothing for too long.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::oneshot,
};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::transport_handle::TransportHandle;
use crate::socket::WriteDeadline;

/// A write without progress fails after this time.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The same while the connection is ending.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct SocketStream {
    stream: TcpStream,
    /// The bytes that were read with the request's head, and how many of them were passed on.
    early: (Vec<u8>, usize),
    handle: Arc<TransportHandle>,
    ending: Pin<Box<WaitForCancellationFutureOwned>>,
    deadline: WriteDeadline,
    /// Dropped with the stream.
    _gone: oneshot::Sender<()>,
}

impl SocketStream {
    pub(super) fn new(
        stream: TcpStream,
        early: Vec<u8>,
        handle: Arc<TransportHandle>,
        gone: oneshot::Sender<()>,
    ) -> Self {
        let ending = Box::pin(handle.ending.clone().cancelled_owned());
        Self { stream, early: (early, 0), handle, ending, deadline: WriteDeadline::default(), _gone: gone }
    }

    /// Fails when a write is pending for too long.
    fn with_timeout<T>(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let limit = if self.handle.ending.is_cancelled() { CLOSE_TIMEOUT } else { WRITE_TIMEOUT };
        self.deadline.check(context, limit, poll)
    }
}

impl AsyncRead for SocketStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (early, at) = &mut self.early;
        let rest = early.get(*at..).unwrap_or_default();
        if !rest.is_empty() {
            let part = rest.get(..buf.remaining()).unwrap_or(rest);
            buf.put_slice(part);
            *at += part.len();
            return Poll::Ready(Ok(()));
        }
        // An end of stream makes the library write its output and close.
        if self.ending.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buf)
    }
}

impl AsyncWrite for SocketStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, buf);
        self.with_timeout(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.with_timeout(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
