//! Frames over a WebSocket, one per text message.

use super::{Transport, Unsupported};

/// Begins to connect.
///
/// # Errors
/// [`Unsupported`] where there is no WebSocket.
#[cfg(not(feature = "browser"))]
pub fn open() -> Result<Box<dyn Transport>, Unsupported> {
    Err(Unsupported)
}

/// Begins to connect.
///
/// # Errors
/// [`Unsupported`] where there is no WebSocket.
#[cfg(feature = "browser")]
pub fn open() -> Result<Box<dyn Transport>, Unsupported> {
    use gloo_net::websocket::futures::WebSocket;

    if !crate::browser::has("WebSocket") {
        return Err(Unsupported);
    }
    let url = crate::browser::socket_url("/live/ws");
    // `trunk serve` does not pass the subprotocol on, and the browser then gives up. The server takes us without one.
    let socket = if cfg!(feature = "csr") {
        WebSocket::open(&url)
    } else {
        WebSocket::open_with_protocol(&url, parlor_protocol::SUBPROTOCOL)
    };
    let socket = socket.map_err(|_| Unsupported)?;
    Ok(Box::new(browser::Socket { socket, open: false }))
}

#[cfg(feature = "browser")]
mod browser {
    use std::{
        pin::Pin,
        task::{Context, Poll, ready},
    };

    use futures::{Sink, Stream};
    use gloo_net::websocket::{Message, State, WebSocketError, futures::WebSocket};

    use super::super::{Incoming, Transport};

    pub(super) struct Socket {
        pub(super) socket: WebSocket,
        pub(super) open: bool,
    }

    impl Transport for Socket {
        fn send(&mut self, text: String) {
            // An error means that it is closing, which the stream will tell.
            let _ = Pin::new(&mut self.socket).start_send(Message::Text(text));
        }

        fn poll(&mut self, context: &mut Context<'_>) -> Poll<Incoming> {
            if !self.open {
                let _ = ready!(Pin::new(&mut self.socket).poll_ready(context));
                self.open = true;
                if matches!(self.socket.state(), State::Open) {
                    return Poll::Ready(Incoming::Open);
                }
            }
            loop {
                return Poll::Ready(match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                    Some(Ok(Message::Text(text))) => Incoming::Frame(text),
                    // The server sends no binary messages; the code comes after the error.
                    Some(Ok(Message::Bytes(_)) | Err(WebSocketError::ConnectionError)) => continue,
                    Some(Err(WebSocketError::ConnectionClose(event))) => {
                        Incoming::Closed { code: event.code, reason: event.reason }
                    }
                    Some(Err(_)) | None => Incoming::Closed { code: 1006, reason: String::new() },
                });
            }
        }
    }
}
