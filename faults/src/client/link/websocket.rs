//! Frames over WebSocket.

use futures::{SinkExt, StreamExt};
use parlor_protocol::{ClientFrame, SUBPROTOCOL};
use tokio::{net::TcpSocket, sync::mpsc, task::JoinSet};
use tokio_tungstenite::{
    client_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        http::{HeaderValue, header},
    },
};

use super::{EVENT_BUFFER, Link, LinkEvent, hello, read};
use crate::client::session::Session;

/// Small, so that a client that does not read exerts back-pressure soon.
const SOCKET_BUFFER: u32 = 16 * 1024;

pub(super) async fn open(session: &Session) -> anyhow::Result<Link> {
    let address = session.http.address();
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{address}/live/ws").into_client_request()?;
    let bearer = HeaderValue::from_str(&format!("Bearer {}", session.config.made.token))?;
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    let (mut socket, _) = client_async(request, stream).await?;
    socket.send(Message::text(hello(session).encode())).await?;
    let (mut sink, mut source) = socket.split();
    let (events_tx, events) = mpsc::channel(EVENT_BUFFER);
    let (outgoing, mut queue) = mpsc::unbounded_channel::<Vec<ClientFrame>>();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Some(Ok(message)) = source.next().await {
            let event = match message {
                Message::Text(text) => read(&text),
                Message::Close(_) => break,
                _ => LinkEvent::Activity,
            };
            if events_tx.send(event).await.is_err() {
                break;
            }
        }
    });
    tasks.spawn(async move {
        while let Some(frames) = queue.recv().await {
            for frame in frames {
                // The reader reports the end, after any remaining frames.
                if sink.send(Message::text(frame.encode())).await.is_err() {
                    return;
                }
            }
        }
    });
    Ok(Link { events, outgoing, _tasks: tasks })
}
